"""The files of schemas/: what the program prints, for editors and for the rule of cfn-lint. `make bless` writes them
anew."""

import json
import os

import jsonschema
import pytest
from referencing import Registry, Resource

from .cli import run
from .provider import ROOT

FOLDER = ROOT / "schemas"
SCHEMAS = {
    "iam-preset.schema.json": "Custom::IamPreset",
    "lambda-concurrency.schema.json": "Custom::LambdaConcurrency",
    "quota-template.schema.json": "Custom::QuotaTemplate",
}


def is_as_made(name, made):
    path = FOLDER / name
    if os.environ.get("BLESS"):
        path.write_text(made)
    assert path.read_text() == made, f"{name} is not what the program says; run `make bless`"


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_what_the_program_prints(name):
    is_as_made(name, run({}, "schema", SCHEMAS[name]).printed)


def test_the_attributes_are_what_the_program_prints():
    is_as_made("attributes.json", run({}, "schema", "--attributes").printed)


# --- a whole template, for editors ---


@pytest.fixture(scope="module")
def template():
    """The schema of a template, which refers to the others by their files."""
    files = {name: json.loads((FOLDER / name).read_text()) for name in [*SCHEMAS, "template.schema.json"]}
    resources = [(name, Resource.from_contents(file)) for name, file in files.items()]
    return jsonschema.Draft7Validator(files["template.schema.json"], registry=Registry().with_resources(resources))


@pytest.mark.parametrize("kind", SCHEMAS.values())
def test_a_template_has_the_properties_of_its_resources_types(template, kind):
    def places(properties, kind=kind):
        resource = {"Type": kind, "Properties": {"ServiceToken": "arn", **properties}}
        return [list(error.absolute_path) for error in template.iter_errors({"Resources": {"It": resource}})]

    fine = {"Preset": "slim", "DesiredConcurrency": 1, "ConcurrentExecutions": 1}
    fine = {name: value for name, value in fine.items() if name in read(kind)["then"]["required"]}
    assert places(fine) == []
    assert places({**fine, "Nothing": 1}) == [["Resources", "It", "Properties"]]
    assert places({**fine, "Nothing": 1}, kind="Custom::Other") == []


def read(kind):
    (name,) = [name for name, it in SCHEMAS.items() if it == kind]
    return json.loads((FOLDER / name).read_text())


TOKEN = {"ServiceToken": "arn"}
INCLUDE = {"Name": "AWS::Include", "Parameters": {"Location": "s3://a/b"}}
LOOP = ["Name", {"Ref": "Names"}, {"${Name}": "/a/"}]


@pytest.mark.parametrize(
    "properties",
    [
        {"Fn::Transform": INCLUDE},
        {"Fn::Transform": INCLUDE, "Preset": "slim", "Edition": "current"},
        {"Fn::ForEach::It": LOOP, "Preset": "slim", "Edition": "current"},
        {"Preset": "orchestra", "Parameters": {"Fn::Transform": INCLUDE, "ModuleRoles": True}},
        {"Preset": "orchestra", "Parameters": {"Fn::ForEach::It": LOOP, "ModuleRoles": True}},
        # Of these parameters, one that is not there has a default with which the edition needs an acknowledgement.
        {"Preset": "skypilot", "Edition": "current", "Parameters": {"Fn::ForEach::It": LOOP}},
        {"Preset": "skypilot", "Edition": "current", "Parameters": {"Fn::Transform": INCLUDE}},
        {"Preset": "skypilot", "Edition": "current", "Parameters": {"Fn::If": ["A", {"OpenPorts": False}, ""]}},
        {"Preset": "slim", "Tags": [{"Key": "a", "Fn::Transform": INCLUDE}]},
    ],
)
def test_what_a_macro_or_a_loop_brings_is_no_mistake(template, properties):
    template.validate({"Resources": {"It": {"Type": "Custom::IamPreset", "Properties": {**TOKEN, **properties}}}})


def test_a_macro_may_bring_all_of_a_resource_and_a_loop_resources(template):
    template.validate({"Resources": {"It": {"Type": "Custom::IamPreset", "Fn::Transform": INCLUDE}}})
    template.validate({"Resources": {"Fn::ForEach::It": LOOP, "Fn::Transform": INCLUDE}})
    assert not template.is_valid({"Resources": {"It": {"Type": "Custom::IamPreset"}}})


# --- the properties, held to what the function takes ---

LONG = "k" * 128


def is_fine(properties, kind="Custom::IamPreset"):
    preset = {"Preset": "slim"} if kind == "Custom::IamPreset" else {}
    return jsonschema.Draft7Validator(read(kind)).is_valid({**TOKEN, **preset, **properties})


@pytest.mark.parametrize("given", [3600, "3600", "03600", "43200", ""])
def test_a_number_of_the_range_is_no_mistake(given):
    assert is_fine({"MaxSessionDuration": given})


@pytest.mark.parametrize("given", [3599, "3599", "-5", "43201", "99999999", "3600.0", "1e4", " 3600"])
def test_a_number_that_is_not_of_the_range_is_a_mistake_as_a_text_too(given):
    assert not is_fine({"MaxSessionDuration": given})


def test_a_number_as_a_text_is_held_to_its_range_whatever_the_property():
    assert is_fine({"ServiceTimeout": "3600", "WaitForPropagation": "300"})
    assert not is_fine({"ServiceTimeout": "3601"})
    assert not is_fine({"WaitForPropagation": "0"})
    concurrency = "Custom::LambdaConcurrency"
    assert is_fine({"DesiredConcurrency": "10000000000", "WaitSeconds": "0"}, concurrency)
    assert not is_fine({"DesiredConcurrency": "10000000001"}, concurrency)
    assert not is_fine({"DesiredConcurrency": "0"}, concurrency)


@pytest.mark.parametrize(
    "tag",
    [
        {"Key": "team", "Value": 1},
        {"Key": 1, "Value": True},
        {"Key": "a b_.:/=+-@Z9", "Value": ""},
        {"Key": "Größe", "Value": "日本 _.:/=+-@"},
        {"Key": LONG, "Value": LONG * 2},
        {"Key": "awsome", "Value": "aws:"},
        {"Key": {"Ref": "Key"}, "Value": {"Ref": "AWS::Region"}},
    ],
)
def test_a_tag_that_the_function_takes(tag):
    assert is_fine({"Tags": [tag]})


@pytest.mark.parametrize(
    "tag",
    [
        {"Key": "aws:cloudformation:stack-name", "Value": "a"},
        {"Key": "AWS:team", "Value": "a"},
        {"Key": "Account-Presets:owner", "Value": "a"},
        {"Key": "", "Value": "a"},
        {"Key": "a*", "Value": "a"},
        {"Key": "a", "Value": "a\tb"},
        {"Key": "a", "Value": "a,b"},
        {"Key": LONG + "k", "Value": "a"},
        {"Key": "a", "Value": LONG * 2 + "k"},
        {"Key": "a"},
        {"Key": "a", "Value": ["b"]},
    ],
)
def test_a_tag_that_the_function_refuses(tag):
    assert not is_fine({"Tags": [tag]})


def test_a_preset_has_48_tags_at_most():
    tags = [{"Key": str(number), "Value": ""} for number in range(49)]
    assert is_fine({"Tags": tags[:48]})
    assert not is_fine({"Tags": tags})


@pytest.mark.parametrize(
    "path", ["//", "/a b/", "team/", "/a$/", "/aws-reserved/", "/aws-reserved/sso/", "/aws-service-role/a/"]
)
def test_a_path_that_the_function_refuses(path):
    assert all(is_fine({"Path": fine}) for fine in ("/", "/team/", "/a/b/", "/aws/", ""))
    assert not is_fine({"Path": path})


def test_a_required_acknowledgement_says_why():
    said = 0
    for rule in read("Custom::IamPreset")["allOf"]:
        page = ROOT / "docs" / "presets" / f"{rule['if']['properties']['Preset']['const']}.md"
        if acknowledged := rule["then"]["properties"].get("AcknowledgeAdminEquivalent"):
            amounts, reason = acknowledged["description"].split(": ", 1)
            assert amounts == "This input amounts to administrator's rights" and reason in page.read_text()
            said += 1
    assert said > 5
