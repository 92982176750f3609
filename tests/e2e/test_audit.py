"""Drift: what somebody changed by hand is reported by the state machine of the template, and nothing is changed unless
the operator wants it put right."""

import json
import time
from dataclasses import replace

import jsonschema
import pytest

from . import provider, stacks
from .runtime import WAIT_SECONDS
from .stacks import preset_template

AUDITED = "ap-southeast-2"
REPAIRED = "ap-southeast-1"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture(scope="session")
def audited_provider(emulator):
    provider.deploy(emulator, region=AUDITED, Audit="report")
    return stacks.describe(emulator.client("cloudformation", AUDITED), provider.STACK)


@pytest.fixture
def audited(audited_provider, emulator, account):
    """The account by way of a Region whose provider audits."""
    audited = replace(account, cloudformation=emulator.client("cloudformation", AUDITED))
    yield audited
    audited.remove_stacks()


def audit_of(emulator, region):
    """Runs the state machine as the schedule does. Its output has the last report."""
    found = execution_of(emulator, region, {"audit": {}})
    assert found["status"] == "SUCCEEDED", found
    return json.loads(found["output"])


def execution_of(emulator, region, asked):
    states = emulator.client("stepfunctions", region)
    machine = f"arn:aws:states:{region}:000000000000:stateMachine:{provider.STACK}-Audit"
    execution = states.start_execution(stateMachineArn=machine, input=json.dumps(asked))["executionArn"]
    deadline = time.monotonic() + WAIT_SECONDS
    while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


@pytest.fixture
def audit(audited_provider, emulator):
    return lambda: audit_of(emulator, AUDITED)


@pytest.fixture
def mailbox(emulator):
    """What the provider puts on the bus from now on."""
    events, sqs = emulator.client("events", AUDITED), emulator.client("sqs", AUDITED)
    queue = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="mailbox", EventPattern=json.dumps({"source": ["account-presets"]}))
    events.put_targets(Rule="mailbox", Targets=[{"Id": "mailbox", "Arn": arn}])

    def told():
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    yield told
    events.remove_targets(Rule="mailbox", Ids=["mailbox"])
    events.delete_rule(Name="mailbox")
    sqs.delete_queue(QueueUrl=queue)


@pytest.fixture(scope="session")
def repairing_provider(emulator):
    provider.deploy(emulator, region=REPAIRED, Audit="repair")


@pytest.fixture
def repaired(repairing_provider, emulator, account):
    """The account by way of a Region whose provider puts right what was changed or is missing."""
    repaired = replace(account, cloudformation=emulator.client("cloudformation", REPAIRED))
    yield repaired
    repaired.remove_stacks()


def findings(report):
    (drift,) = report["drifted"]
    return [(finding["class"], finding["object"], finding["grants"]) for finding in drift["findings"]]


# A1, A4
def test_what_a_hand_changed_is_reported_and_an_update_puts_it_right(audited, audit):
    audited.create(preset_template("lithops", Edition="hardened"))
    before = audit()
    assert (before["drifted"], before["unknown"], before["same"], before["next"]) == ([], [], 1, None)

    policy = audited.policy_arn("lithops-policy")
    audited.iam.detach_role_policy(RoleName="lithops-role", PolicyArn=policy)
    audited.iam.attach_role_policy(RoleName="lithops-role", PolicyArn=ADMINISTRATOR)
    changed, written = audited.snapshot(), audited.writes()
    report = audit()
    assert findings(report) == [
        ("missing", "role attachment `lithops-role` <- `lithops-policy`", "less"),
        ("added", "role attachment `lithops-role` <- aws `AdministratorAccess`", "more"),
    ]
    assert (audited.snapshot(), audited.writes() - written) == (changed, set())
    assert report["reported"] == [{"FailedEntryCount": 0}]

    audited.update(preset_template("lithops", Edition="hardened", OnForeignAttachment="Detach"))
    assert audit()["same"] == 1
    audited.delete()


# A10
def test_what_a_hand_changed_is_put_right_where_the_operator_wants_that(repaired, emulator):
    repaired.create(preset_template("lithops", Edition="hardened"))
    as_made = repaired.snapshot()
    policy = repaired.policy_arn("lithops-policy")
    repaired.iam.detach_role_policy(RoleName="lithops-role", PolicyArn=policy)
    report = audit_of(emulator, REPAIRED)
    assert findings(report) == [("missing", "role attachment `lithops-role` <- `lithops-policy`", "less")]
    assert (report["drifted"][0]["repair"], report["repaired"]) == ({"done": True}, 1)
    assert repaired.snapshot() == as_made

    # What somebody added is theirs to take away.
    repaired.iam.attach_role_policy(RoleName="lithops-role", PolicyArn=ADMINISTRATOR)
    changed = repaired.snapshot()
    report = audit_of(emulator, REPAIRED)
    assert (report["repaired"], "repair" in report["drifted"][0]) == (0, False)
    assert repaired.snapshot() == changed
    repaired.delete()


# A9
def test_a_stack_of_a_region_without_audits_is_not_reported(account, audit):
    account.create(preset_template("slim", Edition="hardened"))
    report = audit()
    assert (report["same"], report["drifted"], report["unknown"]) == (0, [], [])
    account.delete()


# A11
def test_an_audit_that_fails_is_told_on_the_bus_and_has_failed(audited_provider, emulator, mailbox):
    """This one for its input, which the function refuses."""
    found = execution_of(emulator, AUDITED, {"audit": 7})
    assert found["status"] == "FAILED", found
    (told,) = mailbox()
    assert (told["source"], told["detail-type"]) == ("account-presets", "Preset Audit Failed")
    schema = json.loads((provider.ROOT / "events" / "preset-audit-failed.schema.json").read_text())
    jsonschema.validate(told["detail"], schema)
    said = {name: told["detail"][name] for name in ("account", "region", "execution", "error", "cause")}
    assert said == {
        "account": "000000000000",
        "region": AUDITED,
        "execution": found["executionArn"],
        "error": found["error"],
        "cause": found["cause"][:1000],
    }
    assert "audit: given a number" in said["cause"]


# A6
def test_where_the_operator_has_audits_off_one_is_refused(emulator):
    answer = emulator.client("lambda").invoke(
        FunctionName=f"{provider.STACK}-IamPreset", Payload=json.dumps({"audit": {}}).encode()
    )
    assert "template parameter Audit" in answer["Payload"].read().decode()
