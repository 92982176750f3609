"""What the functions log. When a run ends, all that was logged is searched (`conftest`); here is what is found."""

import json

import pytest

from .log_check import complaints, secrets_in, unaccounted
from .records import presigned
from .stacks import concurrency_template, preset_template

KEY, SECRET, TOKEN = "ASIA0000000000000001", "s" * 40, "t" * 80
GIVEN = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN}
ADDRESS = presigned("http://127.0.0.1/answer")
EVENT = {"ResponseURL": ADDRESS, "StackId": "a stack", "LogicalResourceId": "Preset", "RequestId": "1"}
SPAN = {"stack_id": "a stack", "logical_resource_id": "Preset", "request_id": "1"}


def log_of(change="+ role `builder`", message="changed", **span):
    return json.dumps({"message": message, "change": change, "span": SPAN | span})


def run(*lines, wrote="CreateRole"):
    """The records of a run that made a role and printed these lines."""
    return [
        {"environment": "e", "given": GIVEN},
        {"environment": "e", "invoked": EVENT},
        {"key": KEY, "wrote": wrote, "parameters": {"RoleName": "builder"}},
        *({"environment": "e", "printed": line} for line in lines),
    ]


# X1, X5, Threat 10
def test_the_log_of_a_run_has_no_secret_and_says_of_each_change_who_asked(account, emulator, quotas):
    account.make_user("ana")
    account.create(preset_template("slim", Parameters={"UserNames": ["ana"]}))
    account.create(concurrency_template(DesiredConcurrency=1000), name="-quota")
    account.create(preset_template("slimm"), name="-mistake", ends="ROLLBACK_COMPLETE")
    with account.denied_to_the_function("iam:CreateRole"):
        account.create(preset_template("skypilot"), name="-denied", ends="ROLLBACK_COMPLETE")
    account.delete()
    records = emulator.records.read()
    seen = {kind for record in records for kind in record}
    assert {"given", "invoked", "printed", "wrote"} <= seen
    assert any(record.get("wrote") == "TagUser" for record in records)
    assert complaints(emulator) == []


SECRETS = (KEY, SECRET, TOKEN, ADDRESS, *ADDRESS.split("?")[1].split("&")[-3:])
# Each process that shares the tests has an address of its own, and has to call them the same.
NAMES = ("key", "secret", "token", "address", "credential", "token of the address", "signature")


# X1
@pytest.mark.parametrize("secret", SECRETS, ids=NAMES)
def test_a_secret_in_the_log_is_found(secret):
    assert secrets_in("the log", [f'{{"message": "calling {secret}"}}'], run())


WORDS = ("X-Amz-Signature", "x-amz-security-token", "Signature=a", "AWSAccessKeyId", "Expires=1", "authorization: AWS4")


@pytest.mark.parametrize("word", WORDS)
def test_the_name_of_a_secret_is_found_too(word):
    assert secrets_in("the log", [word], [])
    for action in ("CreateRole", "GetAccountAuthorizationDetails"):
        assert not secrets_in("the log", [f"iam:{action} `x`: AccessDenied: is not authorized to perform"], run())


def test_a_change_that_its_log_tells_of_is_accounted_for():
    assert unaccounted(run(log_of())) == []
    assert unaccounted(run(log_of(message="failed"))) == []
    assert unaccounted([*run(), {"environment": "e", "killed": True}]) == []


@pytest.mark.parametrize(
    "records",
    [
        run(),
        run(log_of("+ role `other`")),
        run(log_of(message="plan")),
        run(log_of(stack_id="another stack")),
        run(log_of(logical_resource_id="")),
        run(log_of(), log_of("+ policy `never made`")),
        [*run(log_of()), *run(log_of())[2:3]],
    ],
)
def test_a_change_that_nobody_answers_for_is_found(records):
    assert unaccounted(records)
