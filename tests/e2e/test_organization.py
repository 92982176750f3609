"""An organization from its first account to its last, with the release build: 4 accounts in 2 Regions, or 20 in 3 with
NIGHTLY=1. Each test has units and accounts of its own."""

import json
import os
import re
import shutil
import time

import jmespath
import jsonschema
import pytest
from botocore.exceptions import ClientError

from . import provider, stacks
from .account import delete_role, without_numbers
from .conftest import trust_of
from .emulator import REGION
from .log_check import complaints
from .organization import PREFIX, REGIONS, package, run, running_organization
from .test_snippets import commands_of

NIGHTLY = os.environ.get("NIGHTLY") == "1"
PAGE = provider.ROOT / "docs" / "organization.md"
ACCOUNTS, WHERE = (20, REGIONS) if NIGHTLY else (4, REGIONS[:2])
EMPTY = {"roles": {}, "policies": {}, "groups": {}, "users": {}, "profiles": {}}


@pytest.fixture(scope="module")
def organization():
    with running_organization(WHERE) as organization:
        yield organization
        # Of all accounts.
        assert complaints(organization.emulator) == []


@pytest.fixture
def name(organization, request):
    """Of a stack of organization.yaml, which goes with the test."""
    name = "".join(character if character.isalnum() else "-" for character in request.node.name)[5:60].strip("-")
    yield name
    for stack in organization.cloudformation.describe_stacks()["Stacks"]:
        if stack["StackName"].startswith(name) and stack["StackStatus"] != "DELETE_COMPLETE":
            organization.delete(stack["StackName"])


@pytest.fixture
def new_provider(tmp_path):
    """The package of a build with other bytes: a program reads nothing behind its end."""
    build = tmp_path / "build"
    shutil.copytree(provider.BUILD, build)
    for binary in build.glob("*/bootstrap"):
        with open(binary, "ab") as file:
            file.write(b"\0")
    return package(tmp_path / "package", build)


def test_an_organization_from_its_first_account_to_its_last(organization, name, new_provider, capsys):
    began, report = time.monotonic(), []

    def tell(what, since):
        report.append(f"  {time.monotonic() - since:6.1f} s  {what}")
        return time.monotonic()

    research, training = f"{name}-research", f"{name}-training"
    organization.unit(research)
    organization.unit(f"{research}-genomics", research)
    organization.unit(training)
    units = (research, f"{research}-genomics")
    accounts = [organization.account(f"{name}-{number}", units[number % 2]) for number in range(ACCOUNTS)]
    first, leaving, moving, closing = accounts[0], accounts[1], accounts[2], accounts[3]
    # What is there before is there afterwards.
    iam = organization.client("iam", first)
    iam.create_user(UserName="alice")
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": []}))
    before = {account: organization.snapshot(account) for account in accounts}

    since = organization.emulator.records.size()
    now = time.monotonic()
    organization.deploy(research, [research], Slim="hardened", Concurrency="1000")
    organization.deploy(training, [training], SkyPilot="hardened")
    now = tell(f"{ACCOUNTS} accounts × {len(WHERE)} Regions have their baseline", now)
    calls = organization.calls(since, accounts)
    for account in accounts:
        assert organization.states(research, account) == dict.fromkeys([(account, it) for it in WHERE], "SUCCEEDED")
        assert organization.presets(account) == ["SlimPreset"]

    newcomer = organization.account(f"{name}-new", research)
    organization.wait(research, newcomer, "SUCCEEDED")
    assert organization.presets(newcomer) == ["SlimPreset"]
    now = tell("a new account has its own", now)

    organization.move(moving, training)
    organization.wait(research, moving)
    organization.wait(training, moving, "SUCCEEDED")
    assert organization.presets(moving) == ["SkyPilotPreset"]
    now = tell("one moved to a unit with other presets", now)

    organization.move(leaving, None)
    organization.wait(research, leaving)
    assert organization.snapshot(leaving) == before[leaving]
    now = tell("one left the units, and is as before", now)

    organization.close(closing)
    failing = organization.account(f"{name}-failing")
    refusal = organization.deny(failing, "iam:CreateRole")
    organization.move(failing, research)
    organization.wait(research, failing, "FAILED", "CANCELLED")
    assert "FAILED" in organization.states(research, failing).values()
    assert organization.snapshot(failing) == EMPTY
    organization.allow_again(failing, refusal)
    untouched = operations_by_instance(organization, research, set(accounts) - {moving, leaving})
    organization.sweep(research)
    assert set(organization.states(research, failing).values()) == {"SUCCEEDED"}
    assert organization.presets(failing) == ["SlimPreset"]
    assert operations_by_instance(organization, research, set(accounts) - {moving, leaving}) == untouched
    now = tell("one failed, and was swept", now)

    working = [account for account in [*accounts, newcomer, failing] if account not in (moving, leaving, closing)]
    old = {account: organization.snapshot(account) for account in working}
    code = {account: digests(organization, account) for account in working}
    published = organization.template_url
    try:
        organization.published(new_provider)
        organization.update(research, [research], Slim="hardened", Concurrency="1000", SlimInstanceProfile="false")
    finally:
        organization.template_url = published
    for account in working:
        assert digests(organization, account).keys() == code[account].keys()
        assert not set(digests(organization, account).values()) & set(code[account].values())
        assert list(old[account]["profiles"]) == ["SLIM-Extras_ECS_for_EC2"]
        # The provider's own guards and the preset's other objects are the same ones, by their ids.
        assert organization.snapshot(account) == {**old[account], "profiles": {}}
    assert set(organization.states(research, closing).values()) == {"SKIPPED_SUSPENDED_ACCOUNT"}
    now = tell("a new version of the provider with another parameter of a preset is everywhere", now)

    # StackSets reaches a suspended account no more, and deletes no stack set that has one.
    assert organization.delete(research).status == "DELETE_FAILED"
    assert {it["Account"] for it in organization.instances(research)} == {closing}
    organization.forget(research, research, closing)
    for stack in (research, training):
        ended = organization.delete(stack)
        assert ended.status == "DELETE_COMPLETE", ended.failures()
    for account in working + [moving]:
        assert organization.snapshot(account) == before.get(account, EMPTY)
        assert no_stacks(organization, account)
        assert leftovers(organization, account) == []
    tell("all away: each account is as before", now)
    with capsys.disabled():
        print(f"\n{ACCOUNTS} accounts × {len(WHERE)} Regions, {time.monotonic() - began:.1f} s", *report, sep="\n")
        print("  calls for each account:", ", ".join(f"{count:g} × {what}" for what, count in calls.items()))
        assert calls["iam"] > 0


def operations_by_instance(organization, name, accounts):
    found = organization.instances(name)
    return {(it["Account"], it["Region"]): it["LastOperationId"] for it in found if it["Account"] in accounts}


def digests(organization, account):
    found = {}
    for region in WHERE:
        functions = organization.client("lambda", account, region).list_functions()["Functions"]
        found |= {(region, it["FunctionName"]): it["CodeSha256"] for it in functions}
    return found


def no_stacks(organization, account):
    def standing(region):
        described = organization.client("cloudformation", account, region).describe_stacks()["Stacks"]
        return [it["StackName"] for it in described if it["StackStatus"] != "DELETE_COMPLETE"]

    return not any(standing(region) for region in WHERE)


def leftovers(organization, account):
    """Functions and their logs, by Region."""
    left = []
    for region in WHERE:
        functions = organization.client("lambda", account, region).list_functions()["Functions"]
        groups = organization.client("logs", account, region).describe_log_groups()["logGroups"]
        left += [it["FunctionName"] for it in functions] + [it["logGroupName"] for it in groups]
    return left


def test_the_command_of_the_page_works_as_it_stands(organization, name):
    """With this organization's own numbers and addresses in the place of the page's."""
    commands = commands_of(PAGE.name, PAGE.read_text())
    (command,) = (it for it in commands if "--template-file organization.yaml" in it.text)
    words = command.text.split()
    given = dict(word.split("=", 1) for word in words[words.index("--parameter-overrides") + 1 :])
    organization.unit(name)
    own = {"OrganizationId", "Units", "Regions", "CodeBucketPrefix", "TemplateUrl"}
    assert own <= given.keys()
    assert words[words.index("--capabilities") + 1] == "CAPABILITY_IAM"
    asked = {key: value for key, value in given.items() if key not in own}
    assert asked["Slim"] == asked["Lithops"] == "hardened"
    account = organization.account(name, name)
    organization.deploy(name, [name], **asked)
    assert set(organization.states(name).values()) == {"SUCCEEDED"}
    assert organization.presets(account) == ["LithopsPreset", "SlimPreset"]


# --- what may go wrong ---


def test_failures_and_findings_are_told(organization, name):
    organization.unit(name)
    organization.deploy(name, [name], Zappa="hardened")
    mailbox = organization.mailbox(name)
    account = organization.account(f"{name}-failing")
    refusal = organization.deny(account, "iam:CreateRole")
    organization.move(account, name)
    organization.wait(name, account, "FAILED", "CANCELLED")
    organization.wait_for_operations(name)
    told = [(it["detail-type"], it["detail"]["status-details"]) for it in mailbox.events()]
    instances = [details for kind, details in told if kind == "CloudFormation StackSet StackInstance Status Change"]
    assert [details["detailed-status"] for details in instances] == ["FAILED"]
    assert "iam:CreateRole" in instances[0]["status-reason"]
    # Nobody is told of what has ended well.
    assert {details["status"] for kind, details in told if "Operation" in kind} == {"FAILED"}
    organization.allow_again(account, refusal)
    organization.sweep(name)

    for kind in ("Preset Drift", "Preset Audit Failed"):
        finding = {"Source": "account-presets", "DetailType": kind, "Detail": json.dumps({"role": "r"})}
        organization.client("events", account).put_events(Entries=[finding])
        organization.client("events", account).put_events(Entries=[{**finding, "Source": "somebody"}])
        found = [it for it in mailbox.events() if it["detail-type"] == kind]
        told = [(it["source"], it["account"], it["detail"]) for it in found]
        assert told == [("account-presets", account, {"role": "r"})], kind


def test_the_page_s_test_event_comes_as_far_as_the_topic_or_nowhere(organization, name):
    """Of an organization whose id is wrong the bus takes nothing, and nobody says so."""
    organization.unit(name)
    account = organization.account(name, name)
    (command,) = re.findall(r"aws events put-events --region (\S+) \\\n\s+--entries '(.+)'", PAGE.read_text())
    region, entries = command
    assert region == REGION
    organization.deploy(name, [name])
    mailbox, events = organization.mailbox(name), organization.client("events", account, region)
    events.put_events(Entries=json.loads(entries))
    (told,) = mailbox.events()
    assert (told["account"], told["detail-type"]) == (account, "Test")
    organization.update(name, [name], OrganizationId="o-a1b2c3d4e5")
    events.put_events(Entries=json.loads(entries))
    assert mailbox.events() == [told]


# --- audits ---


# A1, A4, A10
def test_a_role_changed_by_hand_is_told_and_put_right_once_the_operator_wants_that(organization, name):
    organization.unit(name)
    changed, untouched = (organization.account(f"{name}-{it}", name) for it in ("changed", "untouched"))
    organization.deploy(name, [name], Slim="hardened", Audit="report")
    mailbox = organization.mailbox(name)
    as_made, iam = organization.snapshot(changed), organization.client("iam", changed)

    # Roles of the preset. The account has the provider's own as well, which no audit compares.
    stranger = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::999999999999:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [stranger]})
    iam.update_assume_role_policy(RoleName="SLIM-Extras_for_Lambda", PolicyDocument=trust)
    policy = f"arn:aws:iam::{changed}:policy/SLIM-ECS-Instances"
    iam.detach_role_policy(RoleName="SLIM-Extras_ECS_for_EC2", PolicyArn=policy)
    by_hand = organization.snapshot(changed)
    assert organization.report(untouched)["same"] == 1
    assert mailbox.told("Preset Drift") == []
    organization.report(changed)
    (reported,) = mailbox.told("Preset Drift")
    assert (reported["source"], reported["account"], reported["region"]) == ("account-presets", changed, REGION)
    jsonschema.validate(reported["detail"], schema("preset-drift"))
    detail = reported["detail"]
    assert (detail["preset"], detail["logicalResourceId"], "repair" in detail) == ("slim", "SlimPreset", False)
    assert [(it["object"], it["class"], it["field"], it["grants"]) for it in detail["findings"]] == [
        ("role `SLIM-Extras_for_Lambda`", "changed", "trust", "more"),
        ("role attachment `SLIM-Extras_ECS_for_EC2` <- `SLIM-ECS-Instances`", "missing", "object", "less"),
    ]
    assert organization.snapshot(changed) == by_hand

    organization.update(name, [name], Slim="hardened", Audit="repair")
    # It is the audit that puts it right.
    assert organization.snapshot(changed) == by_hand
    assert organization.report(changed)["repaired"] == 1
    (_, repaired) = mailbox.told("Preset Drift")
    jsonschema.validate(repaired["detail"], schema("preset-drift"))
    assert (repaired["account"], repaired["detail"]) == (changed, {**detail, "repair": {"done": True}})
    assert organization.snapshot(changed) == as_made

    last = organization.report(changed)
    assert (last["same"], last["drifted"], last["unknown"], last["repaired"]) == (1, [], [], 0)
    assert len(mailbox.told("Preset Drift")) == 2


def test_a_description_of_a_role_that_has_none_is_emptied_again(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened", Audit="repair")
    before, iam = organization.snapshot(account), organization.client("iam", account)
    iam.update_role(RoleName="AmazonEC2SpotFleetRole", Description="by hand")
    assert organization.report(account)["repaired"] == 1
    assert not iam.get_role(RoleName="AmazonEC2SpotFleetRole")["Role"].get("Description")
    assert organization.report(account)["drifted"] == []
    assert organization.snapshot(account) == before


def schema(name):
    return json.loads((provider.ROOT / "events" / f"{name}.schema.json").read_text())


# A11
def test_an_audit_that_may_not_look_is_told(organization, name):
    """Here by a service control policy that somebody attached in the meantime."""
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name])
    mailbox = organization.mailbox(name)
    refusal = organization.deny(account, "iam:GetAccountAuthorizationDetails")
    ended = organization.audit(account)
    organization.allow_again(account, refusal)
    assert ended["status"] == "FAILED", ended
    (told,) = mailbox.told("Preset Audit Failed")
    assert (told["source"], told["account"], told["region"]) == ("account-presets", account, REGION)
    detail = told["detail"]
    jsonschema.validate(detail, schema("preset-audit-failed"))
    assert (detail["account"], detail["region"], detail["execution"]) == (account, REGION, ended["executionArn"])
    assert "not authorized to perform: iam:GetAccountAuthorizationDetails" in detail["cause"]
    # Once: the rules for audits that say nothing any more leave it out.
    assert mailbox.events() == [told]


# A12
@pytest.mark.parametrize("action", ["iam:GetRole", "cloudformation:*"])
def test_what_an_audit_can_see_nothing_of_is_told(organization, name, action):
    """The audit itself ends well: what it may read is as it was made."""
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened", Lithops="hardened")
    mailbox = organization.mailbox(name)
    refusal = organization.deny(account, action)
    report = organization.report(account)
    organization.allow_again(account, refusal)
    assert (report["same"], report["drifted"], len(report["unknown"])) == (0, [], 2)
    # Once, whatever the number of resources.
    (told,) = mailbox.events()
    assert (told["source"], told["detail-type"]) == ("account-presets", "Preset Audit Unknown")
    assert (told["account"], told["region"]) == (account, REGION)
    detail = told["detail"]
    jsonschema.validate(detail, schema("preset-audit-unknown"))
    assert detail["unknown"] == report["unknown"]
    assert all("explicit deny in a service control policy" in it["why"] for it in detail["unknown"]), detail
    assert detail["furtherUnknown"] == 0

    assert organization.report(account)["same"] == 2
    assert mailbox.events() == [told]


# A11
def test_an_audit_that_somebody_stops_is_told(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name])
    mailbox, states = organization.mailbox(name), organization.client("stepfunctions", account)
    organization.report(account)
    # Nobody is told of what has ended well.
    assert mailbox.events() == []

    # This one waits for its function until somebody stops it.
    functions = organization.client("lambda", account)
    functions.put_function_concurrency(FunctionName="account-presets-org-IamPreset", ReservedConcurrentExecutions=0)
    execution = organization.begin_audit(account)

    def history():
        return [it["type"] for it in states.get_execution_history(executionArn=execution)["events"]]

    organization.wait_until(lambda: "TaskFailed" in history(), history)
    states.stop_execution(executionArn=execution)
    (told,) = mailbox.events()
    assert (told["source"], told["account"]) == ("aws.states", account)
    assert (told["detail"]["executionArn"], told["detail"]["status"]) == (execution, "ABORTED")

    # The account's rule and that of the organization's bus, asked about other events.
    statuses = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")
    another = f"{told['detail']['stateMachineArn']}s"
    of_the_account = (organization.client("events", account), "default")
    of_the_organization = (organization.emulator.client("events"), name)
    for client, bus in (of_the_account, of_the_organization):
        rules = client.list_rules(EventBusName=bus)["Rules"]
        (pattern,) = [it["EventPattern"] for it in rules if "aws.states" in it["EventPattern"]]

        def passes(**detail):
            event = {**told, "detail": {**told["detail"], **detail}}
            return client.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]

        assert [it for it in statuses if passes(status=it)] == ["TIMED_OUT", "ABORTED"]
        assert not passes(stateMachineArn=another)


# --- who is let in ---


def test_nobody_outside_the_organization_reaches_its_bus_or_its_code(organization, name):
    organization.unit(name)
    bus = organization.deploy(name, [name]).outputs["BusArn"]
    mailbox = organization.mailbox(name)
    stranger = "999999999999"
    events, iam = organization.client("events", stranger), organization.client("iam", stranger)
    role = iam.create_role(RoleName="sends-anything", AssumeRolePolicyDocument=trust_of("events.amazonaws.com"))["Role"]
    statement = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="sends-anything", PolicyName="Send", PolicyDocument=document)
    before = organization.snapshot(stranger)
    events.put_rule(Name="out", EventPattern=json.dumps({"source": ["account-presets"]}))
    events.put_targets(Rule="out", Targets=[{"Id": "bus", "Arn": bus, "RoleArn": role["Arn"]}])
    events.put_events(Entries=[{"Source": "account-presets", "DetailType": "Preset Drift", "Detail": "{}"}])
    assert [it for it in mailbox.events() if it["source"] == "account-presets"] == []
    stack = plain(organization, organization.client("cloudformation", stranger), name)
    assert stack.status == "ROLLBACK_COMPLETE"
    assert "AccessDenied" in stack.reason("LambdaConcurrencyFunction") + stack.reason("IamPresetFunction")
    assert organization.snapshot(stranger) == before


def plain(organization, cloudformation, name, **parameters):
    """stackset.json by a plain deploy."""
    own = {"HomeRegion": REGION, "CodeBucketPrefix": PREFIX, "AllowedResponseOrigins": organization.emulator.endpoint}
    values = [{"ParameterKey": key, "ParameterValue": value} for key, value in {**own, **parameters}.items()]
    bucket, _, key = organization.template_url.removeprefix("https://").partition("/")
    body = organization.emulator.client("s3").get_object(Bucket=bucket.split(".s3.")[0], Key=key)["Body"].read()
    # The emulator takes a template behind a URL from the caller's own buckets alone.
    caller = organization.client("sts", access_key(cloudformation)).get_caller_identity()["Account"]
    s3, bucket = organization.client("s3", access_key(cloudformation)), f"templates-{caller}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="stackset.json", Body=body)
    url = f"{organization.emulator.endpoint}/{bucket}/stackset.json"
    made = cloudformation.create_stack(
        StackName=name, TemplateURL=url, Parameters=values, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    return stacks.settled(cloudformation, made["StackId"])


def access_key(client):
    return client._request_signer._credentials.access_key


def test_code_of_another_region_makes_no_function(organization, name):
    """A bucket of the right name in the wrong Region."""
    s3 = organization.emulator.client("s3")
    s3.create_bucket(Bucket=f"{PREFIX}-ap-south-1")
    account = organization.account(name)
    cloudformation = organization.client("cloudformation", account, "ap-south-1")
    stack = plain(organization, cloudformation, name)
    assert stack.status == "ROLLBACK_COMPLETE"
    assert "PermanentRedirect" in stack.reason("LambdaConcurrencyFunction")
    assert organization.snapshot(account) == EMPTY


def test_the_management_account_has_it_by_a_plain_deploy_whatever_the_stack_is_called(organization, name):
    """No stack set reaches that account. The longest name that a stack can have cuts no name of the provider's."""
    long = (name + "x" * 128)[:128]
    iam, cloudformation = organization.emulator.client("iam"), organization.cloudformation
    organization.unit(name)
    bus = organization.deploy(f"{name}-org", [name]).outputs["BusArn"]
    asked = {"PermissionsBoundary": "PresetBoundary", "Slim": "hardened", "FindingsBusArn": bus}
    stack = plain(organization, cloudformation, long, **asked)
    try:
        assert stack.status == "CREATE_COMPLETE", stack.failures()
        mailbox = organization.mailbox(f"{name}-org")
        event = {"Source": "account-presets", "DetailType": "Test", "Detail": "{}"}
        organization.emulator.client("events").put_events(Entries=[event])
        assert [it["account"] for it in mailbox.events()] == ["000000000000"]
        roles = {role["RoleName"]: role for role in iam.list_roles()["Roles"]}
        made = iam.get_role(RoleName="SLIM-Extras_for_Lambda")["Role"]
        boundary = made["PermissionsBoundary"]["PermissionsBoundaryArn"]
        version = iam.get_policy(PolicyArn=boundary)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=boundary, VersionId=version)["PolicyVersion"]["Document"]
        (denied,) = (it["Resource"] for it in document["Statement"] if it["Sid"] == "LeaveTheProviderAlone")
        functions = {stack.resources[it] for it in ("IamPresetFunction", "LambdaConcurrencyFunction")}
        assert functions == {"account-presets-org-IamPreset", "account-presets-org-LambdaConcurrency"}
        assert any(arn.endswith(":function:account-presets-org*") for arn in denied)
        assert any(arn.endswith(":role/account-presets-org*") for arn in denied)
        assert {it for it in roles if it.startswith("account-presets-org-")} >= {stack.resources["IamPresetRole"]}
    finally:
        assert stacks.delete(cloudformation, long).status == "DELETE_COMPLETE"
    assert "SLIM-Extras_for_Lambda" not in {role["RoleName"] for role in iam.list_roles()["Roles"]}


def test_an_account_that_runs_a_provider_of_its_own_does_not_collide(organization, name):
    organization.unit(name)
    account = organization.account(name)
    mine = organization.client("cloudformation", account)
    deploy_as(organization, account)
    exports = {it["Name"] for it in mine.list_exports()["Exports"]}
    assert exports == {"account-presets-IamPreset", "account-presets-LambdaConcurrency"}
    organization.deploy(name, [name], Slim="hardened")
    organization.move(account, name)
    organization.wait(name, account, "SUCCEEDED")
    # Its own provider serves its own stacks as before.
    own = stacks.create(mine, "zappa", stacks.preset_template("zappa"))
    assert own.status == "CREATE_COMPLETE", own.failures()
    assert organization.presets(account) == ["Preset", "SlimPreset"]
    organization.move(account, None)
    organization.wait(name, account)
    assert organization.presets(account) == ["Preset"]
    assert {it["Name"] for it in mine.list_exports()["Exports"]} == exports
    assert stacks.delete(mine, "zappa").status == "DELETE_COMPLETE"


def deploy_as(organization, account):
    class Member(type(organization.emulator)):
        def environment(self, region=REGION):
            return {**super().environment(region), "AWS_ACCESS_KEY_ID": account}

    provider.deploy(Member(**vars(organization.emulator)))


def test_a_quarantine_excepts_the_roles_that_make_the_baseline(organization, name):
    """A policy that lets nobody work in a new account before it is ready has to let the baseline be made."""
    organization.unit(name)
    organization.deploy(name, [name], Slim="hardened")
    stack_sets, own = "arn:aws:iam::*:role/stacksets-exec-*", "arn:aws:iam::*:role/account-presets-org-*"
    for excepted, ends in (((stack_sets, own), "SUCCEEDED"), ((stack_sets,), "FAILED"), ((own,), "FAILED")):
        account = organization.account(f"{name}-{len(excepted)}-{ends}-{excepted[0][-8]}")
        organization.deny(account, "iam:*", excepted=excepted)
        organization.move(account, name)
        organization.wait(name, account, "SUCCEEDED", *(("FAILED", "CANCELLED") if ends == "FAILED" else ()))
        assert ends in organization.states(name, account).values()
        assert organization.presets(account) == (["SlimPreset"] if ends == "SUCCEEDED" else [])


def test_the_sweep_leaves_alone_what_is_current_or_suspended(organization, name):
    organization.unit(name)
    suspended = organization.account(f"{name}-suspended", name)
    organization.close(suspended)
    organization.account(f"{name}-well", name)
    organization.deploy(name, [name], Slim="hardened")
    assert set(organization.states(name, suspended).values()) == {"SKIPPED_SUSPENDED_ACCOUNT"}
    before = organization.cloudformation.list_stack_set_operations(StackSetName=name)["Summaries"]
    organization.sweep(name)
    assert organization.cloudformation.list_stack_set_operations(StackSetName=name)["Summaries"] == before


def of_the_page(start):
    """The options of the one command of the page that begins so."""
    (text,) = re.findall(rf"^    ({re.escape(start)}\s(?:[^\n\\]|\\\n)*)", PAGE.read_text(), re.MULTILINE)
    options = re.split(r" --(?=[a-z])", " ".join(text.replace("\\\n", " ").split()))[1:]
    return dict(option.partition(" ")[::2] for option in options)


def make_instances(organization, name, account):
    """As the page's command does."""
    options = of_the_page("aws cloudformation create-stack-instances")
    targets, preferences = (
        dict(word.split("=") for word in options[it].split(",")) for it in ("deployment-targets", "operation-preferences")
    )
    assert targets["AccountFilterType"] == "INTERSECTION"
    percentages = {key: int(value) for key, value in preferences.items() if value.isdigit()}
    organization.cloudformation.create_stack_instances(
        StackSetName=name,
        DeploymentTargets={
            **targets,
            "OrganizationalUnitIds": [organization.units[name]],
            "Accounts": [account],
        },
        Regions=list(WHERE),
        OperationPreferences={**preferences, **percentages},
    )
    organization.wait_for_operations(name)


def test_an_account_that_is_reinstated_has_what_it_had_until_somebody_says_so(organization, name):
    organization.unit(name)
    at_once, later, well = (organization.account(f"{name}-{it}", name) for it in ("at-once", "later", "well"))
    organization.deploy(name, [name], Slim="hardened")
    for account in (at_once, later):
        organization.close(account)
    organization.update(name, [name], Lithops="hardened")
    untouched = operations_by_instance(organization, name, {well})
    for account in (at_once, later):
        organization.reinstate(account)
    organization.sweep(name)
    for account in (at_once, later):
        for it in organization.instances(name, account):
            assert (it["Status"], it["StackInstanceStatus"]["DetailedStatus"]) == ("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT")
        assert organization.presets(account) == ["SlimPreset"]
    make_instances(organization, name, at_once)
    assert set(organization.states(name, at_once).values()) == {"SUCCEEDED"}
    assert organization.presets(at_once) == ["LithopsPreset"]
    assert operations_by_instance(organization, name, {well}) == untouched
    organization.update(name, [name], Lithops="hardened", UpdateToken="2")
    assert organization.presets(later) == ["LithopsPreset"]


def test_an_account_that_was_moved_while_it_was_suspended_is_moved_again(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened")
    organization.close(account)
    organization.move(account, None)
    organization.wait(name, account, "SKIPPED_SUSPENDED_ACCOUNT")
    organization.reinstate(account)
    organization.sweep(name)
    assert organization.presets(account) == ["SlimPreset"]
    organization.move(account, name)
    organization.move(account, None)
    organization.wait(name, account)
    assert organization.snapshot(account) == EMPTY


@pytest.mark.parametrize("by", ["export", "arn"])
def test_stacks_of_an_account_s_own_go_before_it_leaves(organization, name, by):
    """As the page says what comes of it otherwise, and the way out."""
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], ExportPrefix="account-presets")
    mine, template = organization.client("cloudformation", account), stacks.preset_template("zappa", Edition="hardened")
    if by == "arn":
        arn = f"arn:aws:lambda:{REGION}:{account}:function:account-presets-org-IamPreset"
        template["Resources"]["Preset"]["Properties"]["ServiceToken"] = arn
    assert stacks.create(mine, "mine", template).status == "CREATE_COMPLETE"
    organization.move(account, None)
    if by == "export":
        organization.wait_until(lambda: "INOPERABLE" in organization.states(name).values(), lambda: organization.states(name))
        assert "is imported by stack" in home_of(organization, name, account)["StatusReason"]
        organization.forget(name, name, account)
        assert stacks.delete(mine, "mine").status == "DELETE_COMPLETE"
        (stack,) = (it for it in mine.describe_stacks()["Stacks"] if it["StackStatus"] != "DELETE_COMPLETE")
        assert stacks.delete(mine, stack["StackName"]).status == "DELETE_COMPLETE"
    else:
        organization.wait(name, account)
        assert organization.presets(account) == ["Preset"]
        assert stacks.delete(mine, "mine").status == "DELETE_FAILED"
        organization.move(account, name)
        organization.wait(name, account, "SUCCEEDED")
        assert stacks.delete(mine, "mine").status == "DELETE_COMPLETE"
        organization.move(account, None)
        organization.wait(name, account)
    assert organization.snapshot(account) == EMPTY


def test_the_page_finds_the_roles_that_presets_made(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened")
    options = of_the_page("aws iam get-account-authorization-details")
    iam = organization.client("iam", account)
    details = iam.get_account_authorization_details(Filter=[options["filter"]])
    found = jmespath.search(options["query"].strip('"'), details)
    roles = organization.snapshot(account)["roles"]
    made = {it for it, role in roles.items() if "account-presets:made-from" in role["tags"]}
    assert made and {it.split("/")[-1] for it in found} == made


@pytest.mark.parametrize("order", [WHERE, WHERE[::-1]], ids=["home-first", "home-last"])
def test_no_order_of_deletion_strands_anything(organization, name, order):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened", Lithops="hardened", Concurrency="1000", KeepLogs="false")
    assert organization.presets(account) == ["LithopsPreset", "SlimPreset"]
    targets = {"OrganizationalUnitIds": [organization.units[name]]}
    operation = organization.cloudformation.delete_stack_instances(
        StackSetName=name,
        DeploymentTargets=targets,
        Regions=list(order),
        RetainStacks=False,
        OperationPreferences={"RegionOrder": list(order), "RegionConcurrencyType": "SEQUENTIAL"},
    )["OperationId"]
    organization.wait_for_operations(name)
    results = organization.cloudformation.list_stack_set_operation_results(StackSetName=name, OperationId=operation)
    results = results["Summaries"]
    assert [it["Region"] for it in results] == list(order)
    assert {it["Status"] for it in results} == {"SUCCEEDED"}
    assert organization.snapshot(account) == EMPTY
    assert no_stacks(organization, account)
    assert leftovers(organization, account) == []


def test_an_account_that_leaves_the_organization_is_left_as_it_was(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened")
    organization.remove(account)
    organization.wait(name, account)
    assert organization.snapshot(account) == EMPTY


# --- what an operator changes, and mistakes ---


def test_a_mistake_is_refused_before_anything_starts(organization, name):
    organization.unit(name)
    for parameter, mistake in (
        ("AlertEmail", "platform"),
        ("AllowedValues", "genomes-*"),
        ("AllowedValues", "lithops.BucketNames=genomes-*,"),
        ("CodeBucketPrefix", "Acme"),
        ("Concurrency", "1e3"),
        ("Concurrency", "00"),
        ("ExportPrefix", "a b"),
        ("HomeRegion", "us-east"),
        ("LogRetentionDays", "91"),
        ("OnForeignAttachment", "detach"),
        ("OrganizationId", "o-12345"),
        ("PermissionsBoundary", "Boundary"),
        ("PermissionsBoundary", "arn:aws:iam::111122223333:policy/Boundary"),
        ("ProviderBoundary", "Boundary"),
        ("ProviderBoundary", "PresetBoundary"),
        ("ProviderBoundary", "arn:aws:iam::111122223333:policy/Boundary"),
        ("ProviderName", "Account_Presets"),
        ("ProviderPath", "platform"),
        ("Regions", "us-east-1,eu-west"),
        ("SweepSchedule", "hourly"),
        ("TemplateUrl", "s3://acme/stackset.json"),
        ("Units", "research"),
    ):
        with pytest.raises(ClientError, match=parameter):
            organization.deploy(name, [name], **{parameter: mistake})
    assert name not in {it["StackName"] for it in organization.cloudformation.describe_stacks()["Stacks"]}


def test_what_is_no_mistake_is_taken(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
    values = "lithops.BucketNames=genomes-*, lithops.BucketNames=acme-*,Path=/,Tags="
    asked = {"AllowedValues": values, "PermissionsBoundary": boundary, "LogRetentionDays": "3288"}
    organization.deploy(name, [name], Slim="hardened", **asked)
    assert set(organization.states(name).values()) == {"SUCCEEDED"}, organization.instances(name)
    assert boundary_of(organization, account) == boundary
    groups = organization.client("logs", account).describe_log_groups()["logGroups"]
    assert {it["retentionInDays"] for it in groups} == {3288}
    # Of AWS's policy nobody says whose boundary it is: it stays, as the page says.
    organization.update(name, [name], Slim="hardened", **{**asked, "PermissionsBoundary": ""})
    assert boundary_of(organization, account) == boundary


def boundary_of(organization, account, role="SLIM-Extras_for_Lambda"):
    role = organization.client("iam", account).get_role(RoleName=role)["Role"]
    return role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", "")


def test_a_boundary_comes_to_the_presets_that_are_there_and_goes_again(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened")
    before = without_numbers(organization.snapshot(account))
    organization.update(name, [name], Slim="hardened", PermissionsBoundary="PresetBoundary")
    assert boundary_of(organization, account).endswith(f":policy/account-presets-org-PresetBoundary-{REGION}")
    organization.update(name, [name], Slim="hardened")
    # The policy itself, too.
    assert without_numbers(organization.snapshot(account)) == before
    assert set(organization.states(name).values()) == {"SUCCEEDED"}


@pytest.mark.parametrize("boundary", ["PresetBoundary", "arn:aws:iam::aws:policy/PowerUserAccess", ""])
def test_a_boundary_that_a_hand_attached_to_a_role_is_in_no_update_s_way(organization, name, boundary):
    """The function may not change it, and reads what is attached."""
    organization.unit(name)
    account = organization.account(name, name)
    asked = {"Slim": "hardened", "PermissionsBoundary": boundary}
    organization.deploy(name, [name], **asked)
    iam, role = organization.client("iam", account), "SLIM-Extras_for_Lambda"
    if boundary:
        attached = boundary_of(organization, account)
    else:
        document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
        policy = iam.create_policy(PolicyName="account-presets-org-NoBoundary", PolicyDocument=document)
        attached = policy["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role, PolicyArn=attached)
    organization.update(name, [name], **asked, UpdateToken="once more")
    assert set(organization.states(name).values()) == {"SUCCEEDED"}, organization.instances(name)
    organization.update(name, [name], **asked, OnForeignAttachment="Detach")
    assert set(organization.states(name).values()) == {"SUCCEEDED"}, organization.instances(name)
    left = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert attached not in {it["PolicyArn"] for it in left}


def test_another_update_token_puts_right_what_a_hand_changed(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened")
    before = organization.snapshot(account)
    policy = f"arn:aws:iam::{account}:policy/SLIM-ECS-Instances"
    organization.client("iam", account).detach_role_policy(RoleName="SLIM-Extras_ECS_for_EC2", PolicyArn=policy)
    organization.update(name, [name], Slim="hardened", UpdateToken="2026-11")
    assert organization.snapshot(account) == before


def test_the_providers_names_and_paths_change_as_the_page_says_and_not_otherwise(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    presets, others = {"Slim": "hardened", "Concurrency": "1000"}, {"ProviderName": "other", "ProviderPath": "/p/"}
    organization.deploy(name, [name], **presets)
    for change in ({"ProviderPath": "/p/"}, {"ProviderName": "other"}):
        organization.update(name, [name], **presets, **change)
        assert "FAILED" in organization.states(name).values(), change
    organization.update(name, [name])
    assert set(organization.states(name).values()) == {"SUCCEEDED"}, organization.instances(name)
    organization.update(name, [name], **others)
    organization.update(name, [name], **presets, **others)
    assert set(organization.states(name).values()) == {"SUCCEEDED"}, organization.instances(name)
    roles = organization.snapshot(account)["roles"]
    assert {role for role, it in roles.items() if it["path"] == "/p/"} == {it for it in roles if it.startswith("other-")}
    assert not any(it.startswith("account-presets-org") for it in roles)


def take_marks_off(organization, account, kinds=("roles", "policies", "profiles")):
    iam, snapshot = organization.client("iam", account), organization.snapshot(account)
    untag = {
        "roles": lambda name, keys: iam.untag_role(RoleName=name, TagKeys=keys),
        "policies": lambda arn, keys: iam.untag_policy(PolicyArn=arn, TagKeys=keys),
        "profiles": lambda name, keys: iam.untag_instance_profile(InstanceProfileName=name, TagKeys=keys),
    }
    for kind in kinds:
        for name, it in snapshot[kind].items():
            keys = [key for key in it["tags"] if key.startswith("account-presets:owner:")]
            if keys:
                untag[kind](name, keys)


def test_what_somebody_took_the_marks_off_stays_and_is_told_before_an_account_leaves(organization, name):
    """As far as an audit finds a mark; where there is none left, the next Update is refused and tells it."""
    organization.unit(name)
    some, all_of_them = (organization.account(f"{name}-{it}", name) for it in ("some", "all"))
    organization.deploy(name, [name], Slim="hardened")
    mailbox = organization.mailbox(name)
    take_marks_off(organization, some, ["roles"])
    organization.report(some)
    (told,) = mailbox.events()
    assert {it["field"] for it in told["detail"]["findings"]} >= {"owner"}

    take_marks_off(organization, all_of_them)
    report = organization.report(all_of_them)
    assert (report["same"], report["drifted"], report["unknown"]) == (0, [], [])
    assert mailbox.events() == [told]
    organization.update(name, [name], Slim="hardened", UpdateToken="before they leave")
    failed = mailbox.told("CloudFormation StackSet StackInstance Status Change")
    assert {it["detail"]["status-details"]["detailed-status"] for it in failed} == {"FAILED"}
    said = [it["detail"]["status-details"]["status-reason"] for it in failed]
    assert len(said) == 2, said
    assert all("role `SLIM-Extras_for_Lambda`" in it for it in said), said

    organization.move(all_of_them, None)
    organization.wait(name, all_of_them)
    assert "SLIM-Extras_for_Lambda" in organization.snapshot(all_of_them)["roles"]

    # Deleted by hand and made again, they go with the account.
    for role, it in organization.snapshot(some)["roles"].items():
        if "account-presets:made-from" in it["tags"]:
            delete_role(organization.client("iam", some), role, it)
    organization.update(name, [name], Slim="hardened", UpdateToken="once more")
    organization.move(some, None)
    organization.wait(name, some)
    assert organization.snapshot(some) == EMPTY


def test_an_instance_that_is_inoperable_keeps_its_provider_until_somebody_deletes_its_stack(organization, name):
    """As the page says: taken out of the stack set, it goes on."""
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened")
    # What failed before is no reason of what fails now.
    organization.update(name, [name], Slim="current")
    assert "AcknowledgeAdminEquivalent" in home_of(organization, name, account)["StatusReason"]
    organization.update(name, [name], Slim="hardened")
    mailbox = organization.mailbox(name)
    refusal = organization.deny(account, "iam:DeleteRole")
    organization.move(account, None)
    organization.wait_until(lambda: "INOPERABLE" in organization.states(name).values(), lambda: organization.states(name))
    organization.wait_for_operations(name)
    (told,) = mailbox.told("CloudFormation StackSet StackInstance Status Change")
    status = told["detail"]["status-details"]
    assert status["detailed-status"] == "INOPERABLE"
    assert "ResourceLogicalId:SlimPreset" in status["status-reason"]
    assert "explicit deny in a service control policy" in status["status-reason"]
    organization.allow_again(account, refusal)

    # Nothing reaches it any more, and all that serves the presets is there.
    organization.update(name, [name], Slim="none")
    organization.sweep(name)
    assert home_of(organization, name, account)["StackInstanceStatus"]["DetailedStatus"] == "INOPERABLE"
    organization.forget(name, name, account)
    assert organization.instances(name, account) == []
    assert organization.presets(account) == ["SlimPreset"]
    functions = organization.client("lambda", account).list_functions()["Functions"]
    assert "account-presets-org-IamPreset" in {it["FunctionName"] for it in functions}

    own = organization.client("cloudformation", account)
    (stack,) = own.describe_stacks()["Stacks"]
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert stacks.delete(own, stack["StackName"]).status == "DELETE_COMPLETE"
    assert organization.snapshot(account) == EMPTY
    assert leftovers(organization, account) == []


def test_a_rollback_that_failed_is_continued_in_the_account_and_then_swept(organization, name):
    """As the page says: until then the instance fails, as often as it is tried."""
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened")
    as_made, mailbox = organization.snapshot(account), organization.mailbox(name)
    refusal = organization.deny(account, "iam:GetRole")
    organization.update(name, [name], Slim="hardened", SlimInstanceProfile="false")
    own = organization.client("cloudformation", account)

    def status():
        (stack,) = own.describe_stacks()["Stacks"]
        return stack["StackStatus"]

    assert status() == "UPDATE_ROLLBACK_FAILED"
    assert "explicit deny in a service control policy" in home_of(organization, name, account)["StatusReason"]
    organization.allow_again(account, refusal)
    for _ in range(2):
        organization.sweep(name)
        home = home_of(organization, name, account)
        assert (home["Status"], home["StackInstanceStatus"]["DetailedStatus"]) == ("OUTDATED", "FAILED")
        assert "is in UPDATE_ROLLBACK_FAILED state" in home["StatusReason"]
    assert len(mailbox.told("CloudFormation StackSet StackInstance Status Change")) == 3
    assert without_numbers(organization.snapshot(account)) == without_numbers(as_made)

    (command,) = re.findall(r"aws cloudformation (continue-update-rollback) --region \S+ --stack-name StackSet-", PAGE.read_text())
    getattr(own, command.replace("-", "_"))(StackName=home["StackId"])
    assert stacks.settled(own, home["StackId"]).status == "UPDATE_ROLLBACK_COMPLETE"
    organization.sweep(name)
    assert set(organization.states(name).values()) == {"SUCCEEDED"}
    assert organization.snapshot(account)["profiles"] == {}


def test_a_stack_that_may_not_be_deleted_ends_the_operation(organization, name):
    """Here by its termination protection: the instance is INOPERABLE, and nobody waits for it."""
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name])
    own, home = organization.client("cloudformation", account), home_of(organization, name, account)
    own.update_termination_protection(StackName=home["StackId"], EnableTerminationProtection=True)
    organization.move(account, None)
    organization.wait_until(lambda: "INOPERABLE" in organization.states(name).values(), lambda: organization.states(name))
    assert "TerminationProtection" in home_of(organization, name, account)["StatusReason"]
    own.update_termination_protection(StackName=home["StackId"], EnableTerminationProtection=False)
    organization.forget(name, name, account)
    assert stacks.delete(own, home["StackId"]).status == "DELETE_COMPLETE"


def home_of(organization, name, account):
    (home,) = (it for it in organization.instances(name, account) if it["Region"] == REGION)
    return home


def test_one_stack_has_the_request_template_and_another_is_refused_before_any_account_has_anything(organization, name):
    emulator, quotas = organization.emulator, organization.emulator.quotas
    quotas.reset()
    provider.deploy(emulator, QuotaTemplate="true")
    token = stacks.describe(organization.cloudformation, provider.STACK).outputs["LambdaConcurrencyServiceToken"]
    one, other = f"{name}-one", f"{name}-other"
    for unit in (one, other):
        organization.unit(unit)
        organization.account(unit, unit)
    asked = {"QuotaTemplateServiceToken": token, "Concurrency": "1000"}
    organization.deploy(one, [one], **asked)
    assert quotas.concurrency() == dict.fromkeys(WHERE, 1000)
    refused = organization.change(stacks.create, other, [other], {**asked, "Concurrency": "500"})
    assert refused.status == "ROLLBACK_COMPLETE"
    assert "AdoptExisting" in refused.reason("QuotaTemplate")
    assert "StackSet" not in {event["LogicalResourceId"] for event in refused.events}
    organization.delete(other)
    adopting = organization.deploy(other, [other], **asked, AdoptExisting="true")
    organization.delete(adopting.name)
    assert quotas.concurrency() == dict.fromkeys(WHERE, 1000)
    organization.delete(one)
    assert quotas.concurrency() == {}
    assert stacks.delete(organization.cloudformation, provider.STACK).status == "DELETE_COMPLETE"


def test_a_region_that_is_taken_out_loses_its_stacks(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened")
    organization.update(name, [name], Slim="hardened", Regions=REGION)
    assert organization.states(name) == {(account, REGION): "SUCCEEDED"}
    for region in WHERE[1:]:
        assert organization.client("lambda", account, region).list_functions()["Functions"] == []
    organization.update(name, [name], Slim="hardened")
    assert organization.states(name) == dict.fromkeys([(account, it) for it in WHERE], "SUCCEEDED")


def test_a_unit_that_does_not_exist_is_refused_and_costs_nothing_if_it_is_added_first(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened")
    there, nowhere = organization.units[name], "ou-ab12-research"
    everywhere = dict.fromkeys([(account, it) for it in WHERE], "SUCCEEDED")
    for units, left in ((f"{there},{nowhere}", everywhere), (nowhere, {})):
        refused = organization.change(stacks.update, name, [], {"Slim": "hardened", "Units": units})
        assert refused.status == "UPDATE_ROLLBACK_COMPLETE", refused.failures()
        assert nowhere in refused.reason("StackSet")
        assert organization.states(name) == left
    assert organization.snapshot(account) == EMPTY


def test_home_has_to_be_one_of_the_regions(organization, name):
    organization.unit(name)
    with pytest.raises(ClientError, match="HomeRegion has to be one of Regions"):
        organization.deploy(name, [name], Slim="hardened", HomeRegion="ap-south-1")


# --- what the laboratory knows, and what it says no to, as AWS does ---


def test_the_events_of_a_stack_have_the_properties_of_what_was_asked_for(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="current", SlimAcknowledge="true", AllowAdminEquivalent="true")
    (home,) = (it for it in organization.instances(name, account) if it["Region"] == REGION)
    cloudformation = organization.client("cloudformation", account)
    events = cloudformation.describe_stack_events(StackName=home["StackId"])["StackEvents"]
    newest = next(it for it in events if it["LogicalResourceId"] == "SlimPreset" and "ResourceProperties" in it)
    properties = json.loads(newest["ResourceProperties"])
    assert (properties["Preset"], properties["Edition"], properties["ServiceTimeout"]) == ("slim", "current", "300")


def test_changes_of_membership_are_events_of_the_management_account(organization, name):
    events, sqs = organization.emulator.client("events"), organization.emulator.client("sqs")
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    events.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.organizations"]}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    organization.unit(name)
    account = organization.account(name, name)
    organization.close(account)
    organization.remove(account)
    events.remove_targets(Rule=name, Ids=["queue"])
    events.delete_rule(Name=name)
    told = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        told += [json.loads(it["Body"])["detail"]["eventName"] for it in messages]
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(told) == ["AccountDepartedOrganization", "CloseAccount", "CreateAccountResult", "MoveAccount"]



def test_a_transform_is_refused(organization):
    template = (provider.BUILD / "template.yaml").read_text()
    s3 = organization.emulator.client("s3")
    s3.put_object(Bucket=f"{PREFIX}-{REGION}", Key="account-presets/sam.yaml", Body=template.encode())
    url = f"https://{PREFIX}-{REGION}.s3.{REGION}.amazonaws.com/account-presets/sam.yaml"
    with pytest.raises(ClientError, match="Transform is not supported in SERVICE_MANAGED permission model"):
        organization.cloudformation.create_stack_set(
            StackSetName="sam",
            TemplateURL=url,
            PermissionModel="SERVICE_MANAGED",
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )


def test_what_one_unit_was_given_instead_is_not_given_to_who_comes_later(organization, name):
    """So units whose accounts get something else have a stack of organization.yaml of their own."""
    organization.unit(name)
    here = organization.account(f"{name}-here", name)
    organization.deploy(name, [name], Slim="none")
    asked = {"StackSetName": name, "DeploymentTargets": {"OrganizationalUnitIds": [organization.units[name]]}}
    overrides = [{"ParameterKey": "Slim", "ParameterValue": "hardened"}]
    organization.cloudformation.update_stack_instances(**asked, Regions=list(WHERE), ParameterOverrides=overrides)
    organization.wait_for_operations(name)
    later = organization.account(f"{name}-later", name)
    organization.wait(name, later, "SUCCEEDED")
    assert (organization.presets(here), organization.presets(later)) == (["SlimPreset"], [])


def test_by_default_one_failure_cancels_the_rest(organization, name):
    """Why organization.yaml says otherwise."""
    organization.unit(name)
    accounts = sorted(organization.account(f"{name}-{n}", name) for n in range(3))
    organization.deny(accounts[0], "iam:CreateRole")
    # The stack of organization.yaml does not fail either.
    organization.deploy(name, [name], Slim="hardened")
    with_tolerance = organization.states(name)
    assert {with_tolerance[account, region] for account in accounts[1:] for region in WHERE} == {"SUCCEEDED"}
    asked = {"StackSetName": name, "DeploymentTargets": {"OrganizationalUnitIds": [organization.units[name]]}}
    organization.cloudformation.create_stack_instances(**asked, Regions=list(WHERE))
    organization.wait_for_operations(name)
    without = organization.states(name)
    assert sorted(without.values()) == ["CANCELLED"] * (3 * len(WHERE) - 1) + ["FAILED"]


def test_a_name_that_is_taken_is_refused_and_what_has_it_stays(organization, name):
    organization.unit(name)
    account = organization.account(name)
    taken = f"account-presets-org-IamPreset-{REGION}"
    iam = organization.client("iam", account)
    iam.create_role(RoleName=taken, AssumeRolePolicyDocument=trust_of("ec2.amazonaws.com"))
    before = organization.snapshot(account)
    organization.deploy(name, [name], Slim="hardened")
    organization.move(account, name)
    organization.wait(name, account, "FAILED", "SUCCEEDED", "CANCELLED")
    said = home_of(organization, name, account)["StatusReason"]
    assert f"Resource of type 'AWS::IAM::Role' with identifier '{taken}' already exists." in said
    assert organization.snapshot(account)["roles"][taken] == before["roles"][taken]
    iam.delete_role(RoleName=taken)


def test_a_stack_that_somebody_deleted_is_no_obstacle_to_its_instance(organization, name):
    organization.unit(name)
    account = organization.account(name, name)
    organization.deploy(name, [name], Slim="hardened")
    for region in WHERE:
        own = organization.client("cloudformation", account, region)
        (stack,) = own.describe_stacks()["Stacks"]
        assert stacks.delete(own, stack["StackName"]).status == "DELETE_COMPLETE"
    organization.move(account, None)
    organization.wait(name, account)


# --- make publish ---


def test_publish_again_uploads_nothing_and_takes_no_other_bucket(organization):
    s3 = organization.emulator.client("s3")
    bucket = f"{PREFIX}-{REGION}"

    def versions():
        return [(it["Key"], it["VersionId"]) for it in s3.list_object_versions(Bucket=bucket).get("Versions", [])]

    before = versions()
    assert len(before) >= 4
    run(organization.emulator, "release/publish_org.py", PREFIX, organization.id, REGION)
    assert versions() == before
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert (statement["Action"], statement["Condition"]) == (
        "s3:GetObject",
        {"StringEquals": {"aws:PrincipalOrgID": organization.id}},
    )
    s3.create_bucket(Bucket="elsewhere-eu-west-1")
    with pytest.raises(RuntimeError, match="is in us-east-1, and Lambda in eu-west-1"):
        run(organization.emulator, "release/publish_org.py", "elsewhere", organization.id, "eu-west-1")


def test_publish_is_for_the_organization_of_this_account(organization):
    with pytest.raises(RuntimeError, match=f"ORG: given 'o-a1b2c3d4e5', and this account is in {organization.id}"):
        run(organization.emulator, "release/publish_org.py", "elsewhere", "o-a1b2c3d4e5", REGION)
    assert "elsewhere-us-east-1" not in {it["Name"] for it in organization.emulator.client("s3").list_buckets()["Buckets"]}
