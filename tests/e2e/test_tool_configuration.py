"""docs/tool-configuration.md: its commands, run by a shell with the AWS CLI in an account with stacks of the examples,
and each file as its tool reads it. The tools are in an environment of their own: tests/requirements-clients.txt."""

import json
import os
import re
import subprocess
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from .organization import Loader
from .provider import ROOT

PAGE = (ROOT / "docs" / "tool-configuration.md").read_text()
CLIENTS = ROOT / ".tools" / "clients"
TITLES = {"lithops": "Lithops", "skypilot": "SkyPilot", "zappa": "Zappa", "slim": "SLIM", "orchestra": "Orchestra"}
SECTIONS = dict(part.split("\n", 1) for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:])
BLOCK = re.compile(r"(?:^    .*\n(?:\n(?=    ))?)+", re.MULTILINE)

READ_BY_LITHOPS = """
import json
from lithops.config import default_config

def read(backend):
    # Networks are the user's own.
    given = {"lithops": {"backend": backend}, "backend": {"security_groups": ["sg-1"]}}
    try:
        return default_config(config_overwrite=given)[backend]
    except Exception as refusal:
        return str(refusal)

print(json.dumps({backend: read(backend) for backend in ("aws_lambda", "aws_batch", "aws_ec2")}))
"""

READ_BY_ZAPPA = """
import json
from botocore.exceptions import ClientError
from zappa.cli import ZappaCLI

cli = ZappaCLI()
cli.api_stage = "dev"
cli.load_settings()
try:
    role = cli.zappa.get_credentials_arn()[1]
except ClientError as refusal:
    role = refusal.response["Error"]["Code"]
print(json.dumps({"manage_roles": cli.manage_roles, "role": role}))
"""

# Without what `import sky` brings: its schema needs nothing of it for the section `aws`.
READ_BY_SKYPILOT = """
import importlib.metadata, importlib.util, json, pathlib, sys, types, unittest.mock
import yaml

sky = types.ModuleType("sky")
sky.__path__ = importlib.util.find_spec("sky").submodule_search_locations
sky.__version__, sky.__commit__ = importlib.metadata.version("skypilot"), ""
daemons = unittest.mock.Mock(INTERNAL_REQUEST_DAEMONS=[])
sys.modules |= {"sky": sky, "sky.skylet.autostop_lib": unittest.mock.Mock(), "sky.server.daemons": daemons}
from sky.utils import schemas, validator

file = yaml.safe_load((pathlib.Path.home() / ".sky" / "config.yaml").read_text())
checked = validator.get_schema_validator()(schemas.get_config_schema())
print(json.dumps({"file": file, "complaints": [it.message for it in checked.iter_errors(file)]}))
"""

# A stage as `zappa init` writes it.
ZAPPA_PROJECT = {"app_function": "app.app", "project_name": "tr-abuseipdb-relay", "s3_bucket": "zappa-tr-relays"}

# What SLIM's files under batch/ have in common, with what is not the stack's filled in.
SPOT = {
    "computeEnvironmentName": "M4_SPOT_MAXCPU_8",
    "type": "MANAGED",
    "state": "ENABLED",
    "computeResources": {
        "type": "SPOT",
        "spotIamFleetRole": "",
        "minvCpus": 0,
        "maxvCpus": 2048,
        "instanceTypes": ["m4.4xlarge"],
        "subnets": ["subnet-1"],
        "securityGroupIds": ["sg-1"],
        "instanceRole": "",
    },
    "serviceRole": "",
}

# The variables of Orchestra's module, and below those that a copy of it without its roles has besides.
TEXT, TEXTS = str, list
MODULE = {
    "name_prefix": (TEXT, r"[a-z0-9-]{5,25}"),
    "region": (TEXT, r"[a-z]{2}(-[a-z]+)+-\d"),
    "orchestra_account_id": (TEXT, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "integrations": (TEXTS, r"dbt_core|python"),
}
COPY = {
    "execution_role_arn": (TEXT, r"arn:aws:iam::\d{12}:role/.+"),
    "suffix": (TEXT, r"[0-9a-f]{8}"),
}
ORCHESTRA_ACCOUNT = "4a6a45ca-5549-4c53-bca4-43a76e1bab2c"


def blocks_of(text):
    return [textwrap.dedent(block) for block in BLOCK.findall(text)]


@dataclass(frozen=True)
class Desk:
    """Where a person works: an empty home, and the tools."""

    home: Path
    environment: dict

    def shell(self, commands, code=0):
        """What they print. The function of the page is known."""
        done = self.run(["bash", "-euo", "pipefail", "-c", blocks_of(PAGE)[0] + commands])
        assert done.returncode == code, done.stderr
        return done.stdout

    def follow(self, preset):
        """The page's commands for this tool; what is left to the reader has an ellipsis."""
        whole = [block for block in blocks_of(SECTIONS[TITLES[preset]]) if "…" not in block]
        return self.shell("".join(whole))

    def read(self, script):
        done = self.run([CLIENTS / "bin" / "python", "-c", script])
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def run(self, command):
        return subprocess.run(
            command,
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def desk(emulator, tmp_path):
    path = f"{CLIENTS / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return Desk(tmp_path, emulator.environment() | {"HOME": str(tmp_path), "PATH": path})


@pytest.fixture
def deploy(account, examples):
    """Makes the stack that the page speaks of: its name is the preset's."""
    owners = []

    def deploy(preset, **parameters):
        owners.append(replace(account, name=preset))
        return owners[-1].create(examples[preset], **parameters).outputs

    yield deploy
    for owner in owners:
        owner.remove_stacks()


def test_each_preset_has_a_section_and_each_version_is_the_one_that_read_the_file():
    presets = {path.stem for path in (ROOT / "shared" / "presets").glob("*.yaml")}
    assert TITLES.keys() == presets
    assert SECTIONS.keys() == {*TITLES.values(), "How it is checked"}
    requirements = (ROOT / "tests" / "requirements-clients.txt").read_text()
    pinned = dict(re.findall(r"^(\S+)==(\S+)$", requirements, re.MULTILINE))
    for tool in ("Lithops", "SkyPilot", "Zappa"):
        assert f"| {tool} {pinned[tool.lower()]} |" in SECTIONS["How it is checked"]


@pytest.mark.parametrize("preset", TITLES)
def test_the_outputs_that_the_page_names_are_those_of_the_example(examples, preset):
    named = re.findall(rf"\boutput {preset} (\w+)", SECTIONS[TITLES[preset]])
    assert named
    assert set(named) <= yaml.load(examples[preset], Loader)["Outputs"].keys()


# --- Lithops ---


@pytest.mark.parametrize(
    "switches",
    [{}, {"BatchInstanceRole": "true", "BatchTrust": "true", "AcknowledgeAdminEquivalent": "true"}],
    ids=["by default", "with Batch on EC2"],
)
def test_lithops_reads_the_roles_of_each_back_end(desk, deploy, switches):
    outputs = deploy("lithops", **switches)
    desk.follow("lithops")
    read = desk.read(READ_BY_LITHOPS)
    role = outputs["ExecutionRoleArn"]
    assert read["aws_lambda"]["execution_role"] == role
    assert read["aws_lambda"]["region"] == "us-east-1"
    assert read["aws_batch"]["execution_role"] == read["aws_batch"]["job_role"] == role
    assert read["aws_batch"].get("instance_role") == outputs.get("BatchInstanceProfileArn")
    assert read["aws_batch"].get("service_role") == (role if "BatchTrust" in switches else None)
    assert read["aws_ec2"]["instance_role"] == outputs["InstanceProfileName"]


def test_lithops_without_an_instance_profile_misses_it_for_ec2_alone(desk, deploy):
    outputs = deploy("lithops", InstanceProfile="false")
    desk.follow("lithops")
    read = desk.read(READ_BY_LITHOPS)
    assert read["aws_lambda"]["execution_role"] == read["aws_batch"]["job_role"] == outputs["ExecutionRoleArn"]
    assert read["aws_ec2"] == "'instance_role' is mandatory in the 'aws_ec2' section of the configuration"


# --- SkyPilot ---


@pytest.mark.parametrize(
    ("switches", "aws"),
    [
        ({}, {"use_ssm": False, "remote_identity": "skypilot-v1"}),
        ({"Ssm": "true"}, {"use_ssm": True, "remote_identity": "skypilot-v1"}),
        ({"RoleFlavor": "none"}, {"use_ssm": False}),
    ],
    ids=["by default", "with Session Manager", "without a role"],
)
def test_skypilot_finds_nothing_wrong(desk, deploy, switches, aws):
    deploy("skypilot", **switches)
    desk.follow("skypilot")
    assert desk.read(READ_BY_SKYPILOT) == {"file": {"aws": aws}, "complaints": []}


def test_skypilot_would_find_a_misspelt_name_and_an_empty_value(desk):
    for wrong, word in [("remote_identit: skypilot-v1", "remote_identit"), ('remote_identity: ""', "not valid")]:
        desk.shell(f"mkdir -p ~/.sky; echo 'aws: {{{wrong}}}' > ~/.sky/config.yaml")
        assert word in str(desk.read(READ_BY_SKYPILOT)["complaints"])


# --- Zappa ---


@pytest.mark.parametrize(
    ("switches", "role"),
    [
        ({"Deployments": "tr-abuseipdb-relay-dev"}, "tr-abuseipdb-relay-dev-ZappaLambdaExecutionRole"),
        ({"SharedRole": "true"}, "tr-serverless-relay-ZappaLambdaExecutionRole"),
    ],
    ids=["of its own", "shared"],
)
def test_zappa_finds_its_role_in_the_account(desk, deploy, switches, role):
    deploy("zappa", **switches)
    settings = desk.home / "zappa_settings.json"
    settings.write_text(json.dumps({"dev": ZAPPA_PROJECT, "prod": ZAPPA_PROJECT}))
    desk.follow("zappa")
    arn = f"arn:aws:iam::000000000000:role/{role}"
    assert desk.read(READ_BY_ZAPPA) == {"manage_roles": False, "role": arn}
    written = json.loads(settings.read_text())
    assert ZAPPA_PROJECT.items() <= written["dev"].items()
    assert written["prod"] == ZAPPA_PROJECT


def test_zappa_without_a_role_makes_none(desk, deploy):
    deploy("zappa")
    (desk.home / "zappa_settings.json").write_text(json.dumps({"dev": ZAPPA_PROJECT}))
    desk.follow("zappa")
    assert desk.read(READ_BY_ZAPPA) == {"manage_roles": False, "role": "NoSuchEntity"}


def test_settings_without_the_stage_and_a_stack_that_is_not_there_leave_the_file_alone(desk, deploy):
    (block,) = blocks_of(SECTIONS["Zappa"])
    settings = desk.home / "zappa_settings.json"
    settings.write_text('{"prod": {}}')
    desk.shell(block.replace("output zappa", "output nothing"), code=1)
    deploy("zappa")
    desk.shell(block, code=1)
    assert settings.read_text() == '{"prod": {}}'


# --- SLIM ---


@pytest.mark.parametrize("profile", ["true", "false"])
def test_aws_batch_takes_the_files_of_slim(desk, deploy, emulator, profile):
    outputs = deploy("slim", InstanceProfile=profile)
    folder = desk.home / "batch"
    folder.mkdir()
    on_demand = {"computeEnvironmentName": "R5_ON_DEMAND_MAXCPU_24", "computeResources": {"instanceRole": "mine"}}
    own = SPOT | {"computeEnvironmentName": f"M4_SPOT_MAXCPU_8_{profile}"}
    before = {"spot": own, "multinode": on_demand}
    for name, content in before.items():
        (folder / f"create_environment_{name}.json").write_text(json.dumps(content, indent=2))
    desk.follow("slim")

    spot, multinode = (json.loads((folder / f"create_environment_{name}.json").read_text()) for name in before)
    instance_role = outputs.get("InstanceProfileArn", "")
    roles = {"spotIamFleetRole": outputs["SpotFleetRoleArn"], "instanceRole": instance_role}
    service_role = outputs["BatchServiceRoleArn"]
    assert spot == own | {"serviceRole": service_role, "computeResources": own["computeResources"] | roles}
    assert multinode == on_demand | {"computeResources": {"instanceRole": instance_role or "mine"}}
    assert json.loads((folder / "create_environment_spot.json.before").read_text()) == own

    desk.shell("aws batch create-compute-environment --cli-input-json file://batch/create_environment_spot.json")
    names = [own["computeEnvironmentName"]]
    described = emulator.client("batch").describe_compute_environments(computeEnvironments=names)
    (made,) = described["computeEnvironments"]
    assert made["serviceRole"] == service_role
    assert roles.items() <= made["computeResources"].items()


# --- Orchestra ---


def given_to_terraform(desk):
    return json.loads((desk.home / "orchestra.auto.tfvars.json").read_text())


def assert_declared(given, declared):
    assert given.keys() <= declared.keys()
    for name, value in given.items():
        kind, pattern = declared[name]
        assert isinstance(value, kind), name
        for text in value if kind is TEXTS else [value]:
            assert re.fullmatch(pattern, text), name


@pytest.mark.parametrize(
    ("switches", "integrations"), [({}, ["python", "dbt_core"]), ({"Integrations": ""}, [])], ids=["by default", "none"]
)
def test_the_module_gets_what_the_stack_knows(desk, deploy, switches, integrations):
    deploy("orchestra", **switches)
    desk.follow("orchestra")
    given = given_to_terraform(desk)
    assert_declared(given, MODULE)
    assert given == {"region": "us-east-1", "integrations": integrations}


def test_the_module_gets_the_names_that_the_policy_is_for(desk, deploy):
    deploy("orchestra", NamePrefix="acme-data", Integrations="python", OrchestraAccountId=ORCHESTRA_ACCOUNT)
    desk.follow("orchestra")
    given = given_to_terraform(desk)
    assert_declared(given, MODULE)
    assert given.keys() == MODULE.keys()
    assert (given["name_prefix"], given["integrations"]) == ("acme-data", ["python"])


def test_a_copy_of_the_module_gets_the_roles_too(desk, deploy):
    outputs = deploy("orchestra", ModuleRoles="true", OrchestraAccountId=ORCHESTRA_ACCOUNT)
    printed = desk.follow("orchestra")
    given = given_to_terraform(desk)
    assert_declared(given, MODULE | COPY)
    assert given.keys() == MODULE.keys() | COPY.keys()
    assert given["execution_role_arn"] == outputs["ExecutionRoleArn"]
    name = f"{given['name_prefix']}-orchestra-ecs-execution-role-{given['suffix']}"
    assert given["execution_role_arn"].endswith(f"/{name}")
    assert printed.strip() == outputs["AssumedRoleArn"]
