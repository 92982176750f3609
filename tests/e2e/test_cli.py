"""The command line against an account: it says beforehand what the function then does, and it changes nothing."""

import json

import jsonschema
import pytest

from . import provider, stacks
from .cli import run
from .conftest import ALLOW_NOTHING, TRUST_NOBODY
from .stacks import preset_template

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def cli(emulator):
    """The program with the account's root, or whoever's keys are given."""

    def of(*arguments, **variables):
        return run({**emulator.environment(), **variables}, *arguments)

    return of


@pytest.fixture
def reader(account, cli):
    """The program as a user who may only look, and not at everything if a test says so."""

    def of(*arguments, denied=()):
        account.make_user("reader")
        statements = [{"Effect": "Allow", "Resource": "*", "Action": READS}]
        if denied:
            statements.append({"Effect": "Deny", "Resource": "*", "Action": list(denied)})
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        account.iam.put_user_policy(UserName="reader", PolicyName="Reads", PolicyDocument=document)
        key = account.iam.create_access_key(UserName="reader")["AccessKey"]
        try:
            keys = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
            return cli(*arguments, **keys)
        finally:
            account.iam.delete_access_key(UserName="reader", AccessKeyId=key["AccessKeyId"])

    return of


# As docs/command-line.md has them.
READS = json.loads(
    (provider.ROOT / "docs" / "command-line.md").read_text().split("```json\n")[1].split("```")[0]
)["Statement"][0]["Action"]


def made(snapshot, before):
    """Names of what is new, by kind."""
    return {kind: snapshot[kind].keys() - before[kind].keys() for kind in snapshot}


def test_what_a_stack_has_needs_nothing_and_what_a_hand_changed_is_named(account, cli):
    account.create(preset_template("slim", Edition="hardened"))
    before, written = account.snapshot(), account.writes()
    same = cli("plan", "--stack", account.name)
    assert (same.code, same.printed) == (0, "Update: nothing to do.\n"), same
    assert cli("audit", "--stack", account.name).code == 0

    account.iam.put_role_policy(RoleName="AWSBatchServiceRole", PolicyName="Mine", PolicyDocument=ALLOW_NOTHING)
    account.iam.attach_role_policy(RoleName="StepFunctionsLambdaRole", PolicyArn=ADMINISTRATOR)
    account.iam.update_assume_role_policy(RoleName="StepFunctionsLambdaRole", PolicyDocument=TRUST_NOBODY)
    account.iam.update_role(RoleName="StepFunctionsLambdaRole", MaxSessionDuration=7200)
    changed = cli("plan", "--stack", account.name)
    assert changed.code == 2, changed
    lines = changed.printed.splitlines()
    assert "~ role `StepFunctionsLambdaRole`" in lines
    assert "    ~ maxSessionDuration: `7200` to `3600`" in lines
    assert "= role attachment `StepFunctionsLambdaRole` <- aws `AdministratorAccess` (somebody else's)" in lines
    assert any(line.startswith("    + Allow sts:AssumeRole on ") for line in lines), lines
    asked = cli("plan", "--stack", account.name, "--output", "json").json
    (update,) = [it for it in asked["changes"] if it["object"] == "role `StepFunctionsLambdaRole`"]
    assert update["action"] == "update" and not update["onlyMarks"]
    assert asked["foreign"] == [
        "role attachment `StepFunctionsLambdaRole` <- aws `AdministratorAccess`",
        "role inline policy `AWSBatchServiceRole` <- `Mine`",
    ]

    report = cli("audit", "--output", "json")
    (drift,) = report.json["drifted"]
    assert report.code == 2
    schema = json.loads((provider.ROOT / "events" / "preset-drift.schema.json").read_text())
    jsonschema.validate(drift, schema)
    fields = {(it["object"], it["field"]) for it in drift["findings"]}
    assert ("role `StepFunctionsLambdaRole`", "trust") in fields
    # Looking changed nothing.
    assert not account.writes() - written
    for name, role in before["roles"].items():
        assert account.snapshot()["roles"][name]["id"] == role["id"]
    account.iam.detach_role_policy(RoleName="StepFunctionsLambdaRole", PolicyArn=ADMINISTRATOR)
    account.iam.delete_role_policy(RoleName="AWSBatchServiceRole", PolicyName="Mine")
    account.delete()


@pytest.mark.parametrize(
    ("preset", "edition", "parameters"),
    [("slim", "hardened", {}), ("lithops", "hardened", {}), ("zappa", "hardened", {"Deployments": ["tr-relay-dev"]})],
)
def test_a_plan_is_what_a_create_then_does_and_a_delete_takes_all_of_it_back(account, cli, preset, edition, parameters):
    account.make_user("ana")
    before, named = account.snapshot(), {**parameters, "UserNames": ["ana"]}
    given = [f"--param={name}={','.join(value)}" for name, value in named.items()]
    planned = cli("plan", preset, "--edition", edition, *given, "--output", "json")
    assert planned.code == 2, planned
    assert account.snapshot() == before
    plan = planned.json
    assert plan["refused"] is None
    assert {change["action"] for change in plan["changes"]} <= {"create", "update"}
    outputs = tuple(plan["attributes"])
    stack = account.create(preset_template(preset, Edition=edition, Parameters=named, outputs=outputs))
    after = account.snapshot()
    new = made(after, before)
    for kind, key in (("role", "roles"), ("group", "groups"), ("instance profile", "profiles")):
        names = {change["name"] for change in plan["changes"] if change["kind"] == kind}
        assert names == new[key], kind
    policies = {change["name"] for change in plan["changes"] if change["kind"] == "policy"}
    assert policies == {arn.rsplit("/", 1)[1] for arn in new["policies"]}
    attached = {(change["name"], change["part"]) for change in plan["changes"] if change["kind"] == "role attachment"}
    assert attached == {(name, arn) for name in new["roles"] for arn in after["roles"][name]["attached"]}
    # A group's ARN names its stack's id, which nobody knows beforehand.
    for name, value in plan["attributes"].items():
        assert stack.outputs.get(name, "") == value or ":group/" in value, name

    deleted = cli("plan", "--stack", account.name, "--delete", "--output", "json")
    assert deleted.code == 2, deleted
    gone = {(it["kind"], it["name"]) for it in deleted.json["changes"] if it["action"] == "delete"}
    for kind, key in (("role", "roles"), ("group", "groups"), ("instance profile", "profiles")):
        assert {name for of, name in gone if of == kind} == new[key], kind
    assert account.snapshot() == after
    account.delete()


def test_what_stands_in_the_way_is_said_in_the_functions_own_words(account, cli):
    account.make_role("AWSBatchServiceRole")
    planned = cli("plan", "slim", "--param", "UserNames=nobody")
    assert planned.code == 2, planned
    stack = account.create(
        preset_template("slim", Edition="hardened", Parameters={"UserNames": ["nobody"]}), ends="ROLLBACK_COMPLETE"
    )
    assert planned.printed.startswith("! The Create would be refused: Parameters.UserNames: ")
    refused = planned.printed.removeprefix("! The Create would be refused: ").strip()
    assert refused in stack.reason(), stack.reason()


def test_the_operators_settings_hold_for_a_plan_too(strict, account, cli):
    at = ("--region", strict.id.split(":")[3])
    refused = cli("plan", "zappa", *at)
    assert refused.code == 2
    assert "Preset: `zappa` is not allowed in this account" in refused.printed, refused
    planned = cli("plan", "slim", *at)
    assert planned.code == 2 and "+ role `AWSBatchServiceRole`" in planned.printed, planned
    nobodys = cli("plan", "slim", "--provider-name", "nobody")
    assert "there is no function" in nobodys.said, nobodys


@pytest.mark.parametrize(
    ("preset", "parameters"), [("slim", {}), ("zappa", {"Deployments": ["tr-relay-dev"], "SharedRole": "true"})]
)
def test_a_plain_template_makes_the_account_that_the_function_makes(account, cli, preset, parameters):
    account.make_user("ana")
    named = {**parameters, "UserNames": ["ana"]}
    account.create(preset_template(preset, Edition="hardened", Parameters=named))
    by_function = plain(account.contents())
    account.delete()
    given = [f"--param={n}={v if isinstance(v, str) else ','.join(v)}" for n, v in named.items()]
    rendered = cli("render", preset, "--format", "cloudformation", *given)
    assert rendered.code == 0, rendered
    # The emulated account has the service-linked roles from the first stack on.
    template = rendered.json
    parameters = {"MakeServiceLinkedRoles": "false"} if "Parameters" in template else {}
    account.create(template, **parameters)
    found = plain(account.contents())
    for kind, objects in by_function.items():
        assert found[kind].keys() == objects.keys(), kind
        for name, one in objects.items():
            assert found[kind][name] == one, name
    account.delete()


OF_STACKS = ("account-presets:", "aws:cloudformation:")


def plain(contents):
    """The account without the marks of presets and of CloudFormation, and without what the provider has."""

    def unmarked(one):
        tags = {key: value for key, value in one.get("tags", {}).items() if not key.startswith(OF_STACKS)}
        return {**one, "tags": tags}

    stacks_own = ("account-presets-", "aws-sam-cli")
    return {
        kind: {name: unmarked(one) for name, one in objects.items() if not name.split("/")[-1].startswith(stacks_own)}
        for kind, objects in contents.items()
    }


def test_a_mistake_about_the_account_is_an_error_that_names_what_is_missing(account, cli, reader):
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    told = cli("plan", "slim", **nobody)
    assert told.code == 1 and told.said.startswith("error: no credentials: log in with"), told
    told = cli("plan", "slim", AWS_REGION="", AWS_DEFAULT_REGION="")
    assert told.code == 1 and told.said.startswith("error: no Region"), told
    told = cli("plan", "--stack", "no-such-stack")
    assert told.code == 1 and "there is no stack `no-such-stack` in us-east-1" in told.said, told
    told = cli("plan", "--stack", provider.STACK)
    assert told.code == 1 and "has no resource Custom::IamPreset" in told.said, told
    wrong = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
    told = cli("plan", "slim", **wrong)
    assert told.code == 1 and told.printed == "", told
    told = reader("plan", "slim", denied=["iam:GetRole"])
    assert told.code == 1 and "iam:GetRole" in told.said and "AccessDenied" in told.said, told


def test_who_may_only_look_may_plan_and_audit(account, reader):
    account.create(preset_template("slim", Edition="hardened"))
    told = reader("plan", "--stack", account.name)
    assert (told.code, told.printed) == (0, "Update: nothing to do.\n"), told
    assert told.said == ""
    account.delete()


def test_what_somebody_denies_by_hand_is_told_by_action_and_policy(account, cli):
    account.create(preset_template("slim", Edition="hardened"))
    fine = cli("verify", "--stack", account.name)
    assert fine.code == 0 and fine.printed.endswith(" grants asked about, 0 taken away.\n"), fine
    document = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"batch:SubmitJob","Resource":"*"}]}'
    account.iam.put_role_policy(RoleName="SLIM-Extras_for_Lambda", PolicyName="No", PolicyDocument=document)
    told = cli("verify", "--stack", account.name)
    assert told.code == 2, told
    assert all(": batch:SubmitJob on " in it for it in told.printed.splitlines() if it.startswith("- ")), told
    assert "taken away by a Deny of" in told.printed, told
    account.iam.delete_role_policy(RoleName="SLIM-Extras_for_Lambda", PolicyName="No")
    account.delete()


def test_an_endpoint_that_does_not_answer_is_told_and_ends(cli):
    told = cli("plan", "slim", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert told.code == 1 and "sts:GetCallerIdentity" in told.said, told


# --- the schemas, held to what the function takes ---

TOKEN = {"ServiceToken": {"Fn::ImportValue": "account-presets-IamPreset"}}


@pytest.fixture(scope="module")
def schema(emulator):
    found = run(emulator.environment(), "schema").json
    jsonschema.Draft7Validator.check_schema(found)
    return jsonschema.Draft7Validator(found)


@pytest.mark.parametrize(
    "properties",
    [
        {"Preset": "slim"},
        {"Preset": "slim", "Edition": "current", "AcknowledgeAdminEquivalent": True},
        {"Preset": "slim", "Edition": {"Ref": "Edition"}},
        {"Preset": "zappa", "Parameters": {"Deployments": ["tr-a", {"Ref": "Other"}], "Vpc": "true"}},
        {"Preset": "zappa", "Parameters": {"ManageRoles": True}, "AcknowledgeAdminEquivalent": "true"},
        {"Preset": "zappa", "Parameters": {"UserNames": {"Ref": "UserNames"}}, "Path": "/team/"},
        {"Preset": "lithops", "Parameters": "", "Tags": [{"Key": "a", "Value": {"Ref": "b"}}]},
    ],
)
def test_what_the_function_takes_is_no_mistake(schema, properties):
    schema.validate({**TOKEN, **properties})


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        ({}, "Preset"),
        ({"Preset": "silm"}, "silm"),
        ({"Preset": "slim", "Editoin": "current"}, "Editoin"),
        ({"Preset": "slim", "Edition": "latest"}, "latest"),
        ({"Preset": "slim", "Parameters": {"UserName": ["ana"]}}, "UserName"),
        ({"Preset": "slim", "Parameters": {"Deployments": ["tr-a"]}}, "Deployments"),
        ({"Preset": "slim", "Parameters": {"InstanceProfile": "yes"}}, "yes"),
        ({"Preset": "slim", "Parameters": {"UserNames": "ana,bob"}}, "ana,bob"),
        ({"Preset": "slim", "Edition": "current"}, "AcknowledgeAdminEquivalent"),
        ({"Preset": "slim", "Edition": "current", "AcknowledgeAdminEquivalent": False}, "False"),
        ({"Preset": "zappa", "Parameters": {"ManageRoles": "true"}}, "AcknowledgeAdminEquivalent"),
        ({"Preset": "orchestra", "Parameters": {"ModuleRoles": True}}, "OrchestraAccountId"),
        ({"Preset": "slim", "Path": "team"}, "team"),
    ],
)
def test_what_the_function_refuses_is_a_mistake_by_the_schema(schema, properties, said):
    errors = list(schema.iter_errors({**TOKEN, **properties}))
    assert errors
    assert any(said in str(error) for error in errors), errors


def test_each_example_fits_its_schema(schema, examples):
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    def function(loader, suffix, node):
        name = suffix if suffix == "Ref" else f"Fn::{suffix}"
        if isinstance(node, yaml.ScalarNode):
            return {name: loader.construct_scalar(node)}
        return {name: loader.construct_sequence(node, deep=True)}

    Loader.add_multi_constructor("!", function)
    found = 0
    for text in examples.values():
        for resource in yaml.load(text, Loader)["Resources"].values():
            if resource["Type"] == "Custom::IamPreset":
                schema.validate(resource["Properties"])
                found += 1
    assert found >= 5


# --- whoever deploys ---


def test_a_consumer_deploys_with_the_policy_that_is_printed(account, emulator, cli):
    document = cli("deployer-policy", "consumer", "--account", "000000000000", "--stack-name", f"{account.name}*")
    account.make_user("deployer")
    account.iam.put_user_policy(UserName="deployer", PolicyName="Deploys", PolicyDocument=document.printed)
    key = account.iam.create_access_key(UserName="deployer")["AccessKey"]
    try:
        import boto3

        deployer = boto3.client(
            "cloudformation",
            endpoint_url=emulator.endpoint,
            region_name="us-east-1",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )
        stack = stacks.create(deployer, account.name, preset_template("zappa", Edition="hardened"))
        assert stack.status == "CREATE_COMPLETE", stack.failures()
        assert stacks.delete(deployer, account.name).status == "DELETE_COMPLETE"
        with pytest.raises(deployer.exceptions.ClientError, match="AccessDenied"):
            stacks.create(deployer, "somebody-elses", preset_template("zappa", Edition="hardened"))
    finally:
        account.iam.delete_access_key(UserName="deployer", AccessKeyId=key["AccessKeyId"])
