"""The files of schemas/: what the program prints, for editors and for the rule of cfn-lint. After a change of a preset,
`make cli` and `BLESS=1 .tools/emulator/bin/python -m pytest tests/e2e/test_schemas.py` write them anew."""

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
    assert path.read_text() == made, f"{name} is not what the program says: write it anew, with BLESS=1"


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
    fine = {name: value for name, value in fine.items() if name in read(kind)["required"]}
    assert places(fine) == []
    assert places({**fine, "Nothing": 1}) == [["Resources", "It", "Properties"]]
    assert places({**fine, "Nothing": 1}, kind="Custom::Other") == []


def read(kind):
    (name,) = [name for name, it in SCHEMAS.items() if it == kind]
    return json.loads((FOLDER / name).read_text())
