"""The examples for other ways to vend accounts: as far as a file can be held to its tool without the tool, and each
parameter to the template."""

import json
import re
import subprocess

import pytest
import yaml

from . import provider, stacks
from .organization import PREFIX, Loader, package, running_organization, stack_set_template

FOLDER = provider.ROOT / "examples" / "organization"
# Keys that a tool takes, by its own schema: of CfCT's manifest 2021-03-15, of LZA's CloudFormationStackSetConfig, of
# org-formation's update-stacks.
CFCT = set("name description resource_file deployment_targets parameters parameter_file deploy_method regions".split())
LZA = set("name description template capabilities deploymentTargets regions parameters operationPreferences".split())
ORG_FORMATION = set(
    "Type DependsOn Template StackName StackDescription Parameters DefaultOrganizationBinding OrganizationBindings "
    "TerminationProtection CloudFormationRoleName TaskRoleName MaxConcurrentStacks FailedStackTolerance".split()
)


@pytest.fixture(scope="module")
def template():
    return stack_set_template(package())


def read(name):
    return yaml.load((FOLDER / name).read_text(), Loader)


def cfct():
    manifest = read("cfct-manifest.yaml")
    assert manifest.keys() == {"region", "version", "resources"}
    assert str(manifest["version"]) == "2021-03-15"
    (resource,) = manifest["resources"]
    assert resource.keys() <= CFCT
    assert resource["deploy_method"] == "stack_set"
    return {it["parameter_key"]: it["parameter_value"] for it in resource["parameters"]}, resource["regions"]


def lza():
    (stack_set,) = read("lza-customizations.yaml")["customizations"]["cloudFormationStackSets"]
    assert stack_set.keys() <= LZA
    assert stack_set["capabilities"] == ["CAPABILITY_NAMED_IAM"]
    return {it["name"]: it["value"] for it in stack_set["parameters"]}, stack_set["regions"]


def org_formation():
    (task,) = read("org-formation-tasks.yaml").values()
    assert task.keys() <= ORG_FORMATION
    assert task["Type"] == "update-stacks"
    return task["Parameters"], task["DefaultOrganizationBinding"]["Region"]


def aft():
    text = (FOLDER / "aft-customization.tf").read_text()
    assert text.count("{") == text.count("}")
    assert text.count('capabilities = ["CAPABILITY_NAMED_IAM"]') == text.count('resource "aws_cloudformation_stack"')
    (block,) = re.findall(r"parameters = \{(.*?)\}", text, re.DOTALL)
    given = dict(re.findall(r'(\w+)\s*= "?([\w.-]+)"?', block))
    return given, re.findall(r'region = "([\w-]+)"', text)


def stack_set():
    text = (FOLDER / "stack-set.sh").read_text()
    given = dict(re.findall(r'ParameterKey=(\w+),ParameterValue="?([\w$-]+)"?', text))
    return given, re.search(r"--regions (.+?) \\", text)[1].split()


@pytest.mark.parametrize("example", [cfct, lza, org_formation, aft, stack_set], ids=lambda it: it.__name__)
def test_an_example_gives_parameters_that_there_are_and_works_at_home(template, example):
    given, regions = example()
    declared = template["Parameters"]
    assert given.keys() <= declared.keys()
    assert {name for name, it in declared.items() if "Default" not in it} <= given.keys()
    for name, value in given.items():
        assert str(value) in declared[name].get("AllowedValues", [str(value)]), name
    assert given["HomeRegion"] in regions
    assert len(regions) == len(set(regions)) > 1


def test_every_example_says_what_it_does_not_do():
    names = {path.name for path in FOLDER.iterdir()}
    assert len(names) == 5
    page = (provider.ROOT / "docs" / "organization.md").read_text()
    for name in names:
        assert re.search(r"does not\s*(#\s*)?do", (FOLDER / name).read_text()), name
        assert f"examples/organization/{name}" in page, name


def test_the_stack_set_by_hand_works_as_it_stands(tmp_path):
    """With a stand-in for the AWS CLI, which is not here: it hands each command's words to the API."""
    with running_organization() as organization:
        unit = organization.unit("research")
        account = organization.account("genomics", "research")
        log = tmp_path / "commands"
        program = f'for word; do printf "%s\\n" "$word"; done >> {log}; echo -- >> {log}'
        (tmp_path / "aws").write_text(f"#!/bin/sh\n{program}\n")
        (tmp_path / "aws").chmod(0o755)
        command = [str(FOLDER / "stack-set.sh"), unit, PREFIX, organization.template_url]
        subprocess.run(command, check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
        first, second = [part.split("\n")[:-1] for part in log.read_text().split("--\n")[:-1]]
        made = options(first)
        parameters = [dict(pair.split("=", 1) for pair in it.split(",")) for it in made.pop("Parameters")]
        own = {"ParameterKey": "AllowedResponseOrigins", "ParameterValue": organization.emulator.endpoint}
        organization.cloudformation.create_stack_set(**single(made), Parameters=[*parameters, own])
        asked = options(second)
        organization.cloudformation.create_stack_instances(**single(asked))
        organization.wait_for_operations("account-presets")
        assert set(organization.states("account-presets").values()) == {"SUCCEEDED"}
        assert organization.presets(account) == ["SlimPreset"]
        own = organization.client("cloudformation", account)
        (stack,) = own.describe_stacks()["Stacks"]
        assert stacks.describe(own, stack["StackName"]).outputs["Version"]


def options(words):
    assert words[0] == "cloudformation"
    found, name = {}, None
    for word in words[2:]:
        if word.startswith("--"):
            name = "".join(part.title() for part in word.removeprefix("--").split("-")).replace("Url", "URL")
            found[name] = []
        else:
            found[name].append(word)
    return found


def single(given):
    """The words of each option as the API has them."""
    lists = {"Capabilities", "Regions"}
    values = {}
    for name, words in given.items():
        if name in lists:
            values[name] = words
        elif "=" in words[0] and not words[0].startswith("https"):
            pairs = (pair.split("=", 1) for pair in words[0].split(","))
            values[name] = {key: typed(key, value) for key, value in pairs}
        else:
            (values[name],) = words
    return values


def typed(key, value):
    if key.endswith("Ids"):
        return [value]
    return {"true": True, "false": False}.get(value, int(value) if value.isdigit() else value)


def test_the_service_control_policies_of_the_page_are_valid():
    page = (provider.ROOT / "docs" / "organization.md").read_text()
    policies = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    policies = [it for it in policies if "Statement" in it]
    assert len(policies) == 2
    for policy in policies:
        assert len(json.dumps(policy)) < 5120
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Deny"
            excepted = statement["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
            assert "arn:aws:iam::*:role/account-presets-org-*" in excepted
            assert "arn:aws:iam::*:role/stacksets-exec-*" in excepted
