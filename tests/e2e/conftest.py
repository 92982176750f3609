"""One emulated account and one deployed provider for all tests of a process; each test leaves the account as it found it."""

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from . import provider, stacks
from .account import account_snapshot, delete_role, delete_user, remove_what_is_new, without_numbers
from .emulator import running_emulator
from .log_check import complaints
from .runtime import mailbox

ALARM_TOPIC = "arn:aws:sns:us-east-1:000000000000:alarms"
ELSEWHERE = "eu-west-1"
STRICT = {
    "AllowAdminEquivalent": "false",
    "AllowedPresets": "orchestra,skypilot,slim",
    "AllowedEditions": "current,hardened",
    "PermissionsBoundary": "PresetBoundary",
    "VerifyStackEvents": "true",
}
TRUST_NOBODY = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}'
ALLOW_NOTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'


def trust_of(service):
    """A trust policy of this service and nobody else."""
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="session")
def emulator():
    with running_emulator() as emulator:
        provider.deploy(emulator, AlarmTopicArn=ALARM_TOPIC, Dashboard="true")
        yield emulator
        # Of the whole run, whatever was in it.
        assert complaints(emulator) == []


@pytest.fixture(scope="session")
def clients(emulator):
    return tuple(emulator.client(service) for service in ("iam", "cloudformation", "cloudtrail"))


@pytest.fixture
def account(clients, request):
    """The account, with the test's own stacks in it. After the test it has to be what it was before."""
    iam, cloudformation, cloudtrail = clients
    before = account_snapshot(iam)
    name = "".join(character if character.isalnum() else "-" for character in request.node.name)[:100]
    account = Account(iam, cloudformation, cloudtrail, name, [])
    yield account
    try:
        account.remove_stacks()
        account.remove_what_was_made_by_hand()
        assert account_snapshot(iam) == before
    finally:
        remove_what_is_new(iam, before)


@pytest.fixture(scope="session")
def answers():
    """Where answers go that a test asks for itself."""
    with mailbox() as answers:
        yield answers


@pytest.fixture(scope="session")
def strict(emulator, answers):
    """The provider in a second Region, where an operator allows less. IAM is the same in both."""
    origins = f"{emulator.endpoint},{answers.origin}"
    provider.deploy(emulator, region=ELSEWHERE, AllowedResponseOrigins=origins, **STRICT)
    return stacks.describe(emulator.client("cloudformation", ELSEWHERE), provider.STACK)


@pytest.fixture
def elsewhere(strict, emulator, account):
    """The account by way of the second Region."""
    elsewhere = replace(account, cloudformation=emulator.client("cloudformation", ELSEWHERE))
    yield elsewhere
    elsewhere.remove_stacks()


@pytest.fixture
def quotas(emulator):
    """Service Quotas of a new account. All that was said to it and by it has to be as AWS's model has it."""
    emulator.quotas.reset()
    yield emulator.quotas
    assert emulator.quotas.complaints == []


@dataclass(frozen=True)
class Account:
    """What a person does in an account: with stacks, and by hand."""

    iam: object
    cloudformation: object
    cloudtrail: object
    name: str
    by_hand: list

    def create(self, template, *, name="", ends="CREATE_COMPLETE", **parameters):
        stack = stacks.create(self.cloudformation, self.name + name, template, **parameters)
        assert stack.status == ends, stack.failures()
        return stack

    def update(self, template, *, ends="UPDATE_COMPLETE", **parameters):
        stack = stacks.update(self.cloudformation, self.name, template, **parameters)
        assert stack.status == ends, stack.failures()
        return stack

    def delete(self, *, name="", ends="DELETE_COMPLETE"):
        stack = stacks.delete(self.cloudformation, self.name + name)
        assert stack.status == ends, stack.failures()
        return stack

    def snapshot(self):
        return account_snapshot(self.iam)

    def contents(self):
        """Everything but the ids of objects and the versions of policies."""
        return without_numbers(self.snapshot())

    def roles(self):
        return set(self.snapshot()["roles"])

    def policy_arn(self, name):
        """The ARN of a customer policy, whatever its path."""
        return next(arn for arn in self.snapshot()["policies"] if arn.endswith(f"/{name}"))

    def writes(self):
        """The function's changes to IAM among the newest 50 changes to the account, by CloudTrail."""
        attributes = [{"AttributeKey": "ReadOnly", "AttributeValue": "false"}]
        events = self.cloudtrail.lookup_events(LookupAttributes=attributes)["Events"]
        by_function = (event for event in events if event["Username"] != "test")
        return {event["EventId"] for event in by_function if event["EventSource"] == "iam.amazonaws.com"}

    @contextmanager
    def denied_to_the_function(self, action):
        role = stacks.describe(self.cloudformation, provider.STACK).resources["IamPresetRole"]
        document = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": action, "Resource": "*"}}
        self.iam.put_role_policy(RoleName=role, PolicyName="Denied", PolicyDocument=json.dumps(document))
        try:
            yield
        finally:
            self.iam.delete_role_policy(RoleName=role, PolicyName="Denied")

    def make_user(self, name, *attached):
        self.iam.create_user(UserName=name)
        for arn in attached:
            self.iam.attach_user_policy(UserName=name, PolicyArn=arn)
        self.by_hand.append((self.unmake_user, name))

    def make_role(self, name, path="/", trust=TRUST_NOBODY):
        role = self.iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=trust)["Role"]
        self.owns_by_hand(name)
        return role["Arn"]

    def make_group(self, name):
        self.iam.create_group(GroupName=name)
        self.by_hand.append((lambda name: self.iam.delete_group(GroupName=name), name))

    def make_policy(self, name):
        arn = self.iam.create_policy(PolicyName=name, PolicyDocument=ALLOW_NOTHING)["Policy"]["Arn"]
        self.by_hand.append((lambda arn: self.iam.delete_policy(PolicyArn=arn), arn))
        return arn

    def owns_by_hand(self, role):
        """From now on the role is one that was made by hand."""
        self.by_hand.append((self.unmake_role, role))

    def unmake_role(self, name):
        role = self.snapshot()["roles"].get(name)
        if role:
            delete_role(self.iam, name, role)

    def unmake_user(self, name):
        user = self.snapshot()["users"].get(name)
        if user:
            delete_user(self.iam, name, user)

    def remove_what_was_made_by_hand(self):
        for unmake, name in reversed(self.by_hand):
            unmake(name)

    def remove_stacks(self):
        for stack in self.cloudformation.describe_stacks()["Stacks"]:
            if stack["StackName"].startswith(self.name) and stack["StackStatus"] != "DELETE_COMPLETE":
                stacks.delete(self.cloudformation, stack["StackName"])


@pytest.fixture(scope="session")
def examples():
    """The consumer stacks that are shipped, by the name of their preset."""
    return {path.stem: path.read_text() for path in (provider.ROOT / "examples").glob("*.yaml")}
