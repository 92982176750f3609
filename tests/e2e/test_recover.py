"""docs/recover.md, walked: each case shows the words that the page shows, and ends well by the page's commands.

A case is a heading of the third level. What it quotes has to be in a reason of the stack, where `…` stands for anything;
its commands are run as they stand, with `<stack>` and other words in angle brackets filled in.
"""

import re
from dataclasses import dataclass, replace

import pytest

from . import provider, stacks
from .conftest import ALLOW_NOTHING
from .stacks import failing_resource, preset_template

PAGE = (provider.ROOT / "docs" / "recover.md").read_text()
CASE = re.compile(r"^### (?P<name>.+)$(?P<text>(?:\n(?!#{2,3} ).*)*)", re.MULTILINE)
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OWN_REGION = "eu-north-1"
POLICY = "LambdaBatchExecutionPolicy"


@dataclass(frozen=True)
class Case:
    name: str
    says: tuple
    commands: tuple
    """The first block of them."""

    def is_said_by(self, stack):
        reasons = "\n".join(event.get("ResourceStatusReason", "") for event in stack.events)
        unsaid = [words for words in self.says if not re.search(re.escape(words).replace("…", ".*"), reasons)]
        assert unsaid == [], reasons

    def run(self, account, **words):
        """Each command, and after one about a stack what became of that."""
        words = {"stack": account.name, **words}
        stack = None
        for command in self.commands:
            stack = run(account, re.sub(r"<(\w+)>", lambda found: words[found[1]], command)) or stack
        return stack


def cases(page):
    for found in CASE.finditer(page):
        quoted = tuple(re.findall(r"^> (.+)$", found["text"], re.MULTILINE))
        blocks = COMMANDS.findall(found["text"])
        yield Case(found["name"], quoted, tuple(blocks[0].strip().split("\n")) if blocks else ())


CASES = {case.name: case for case in cases(PAGE)}
WALKED = set()


def walks(name):
    """Marks a test as the one that walks this case, and gives it that."""
    WALKED.add(name)
    return pytest.mark.parametrize("case", [CASES[name]], ids=[""])


def run(account, command):
    """Runs a command of the AWS CLI by the SDK."""
    aws, service, operation, *options = command.split()
    assert aws == "aws", command
    flags = dict(zip(options[::2], options[1::2], strict=True))
    client = {"iam": account.iam, "cloudformation": account.cloudformation}[service]
    parameters = {parameter(flag): value for flag, value in flags.items()}
    for name in ("RetainResources", "ResourcesToSkip", "TagKeys"):
        if name in parameters:
            parameters[name] = [parameters[name]]
    stack_id = service == "cloudformation" and stacks.describe(client, parameters["StackName"]).id
    getattr(client, operation.replace("-", "_"))(**parameters)
    return stacks.settled(client, stack_id) if stack_id else None


def parameter(flag):
    """As in `UserName` of `--user-name`."""
    return "".join(word.capitalize() for word in flag.removeprefix("--").split("-"))


def is_gone(account, name=""):
    listed = account.cloudformation.describe_stacks()["Stacks"]
    names = [stack["StackName"] for stack in listed if stack["StackStatus"] != "DELETE_COMPLETE"]
    return account.name + name not in names


class Operator:
    """Has a provider in a Region that no other test uses, and the account by way of it."""

    def __init__(self, emulator, account):
        self.emulator = emulator
        self.account = replace(account, cloudformation=emulator.client("cloudformation", OWN_REGION))

    def deploy(self, **parameters):
        provider.deploy(self.emulator, region=OWN_REGION, **parameters)

    def provider(self):
        return stacks.describe(self.account.cloudformation, provider.STACK)

    def set(self, **parameters):
        """Changes these parameters of the provider and keeps the others."""
        cloudformation = self.account.cloudformation
        described = cloudformation.describe_stacks(StackName=provider.STACK)["Stacks"][0]["Parameters"]
        names = {parameter["ParameterKey"] for parameter in described}
        kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(names - parameters.keys())]
        changed = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        cloudformation.update_stack(
            StackName=provider.STACK,
            UsePreviousTemplate=True,
            Parameters=kept + changed,
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        stack = stacks.settled(cloudformation, provider.STACK)
        assert stack.status == "UPDATE_COMPLETE", stack.failures()

    def leave(self):
        return stacks.delete(self.account.cloudformation, provider.STACK)


@pytest.fixture
def operator(emulator, account):
    operator = Operator(emulator, account)
    operator.deploy()
    yield operator
    operator.account.remove_stacks()
    operator.leave()


def test_each_case_of_the_page_is_walked():
    assert CASES.keys() == WALKED


def test_the_readme_leads_to_the_page():
    assert "(docs/recover.md)" in (provider.ROOT / "README.md").read_text()


@walks("A mistake in an Update")
def test_a_refused_update_is_corrected_and_deployed_again(account, case):
    account.create(preset_template("slim"))
    before = account.snapshot()
    case.is_said_by(account.update(preset_template("slim", Edition="latest"), ends="UPDATE_ROLLBACK_COMPLETE"))
    assert account.snapshot() == before
    account.update(preset_template("slim", Parameters={"InstanceProfile": False}))


# U1
@walks("A Create is refused")
def test_a_refused_create_is_deleted_corrected_and_deployed_again(account, case):
    before = account.snapshot()
    stack = account.create(preset_template("slim", Parameters={"UserNames": ["nobody"]}), ends="ROLLBACK_COMPLETE")
    case.is_said_by(stack)
    assert account.snapshot() == before
    case.run(account)
    assert is_gone(account)
    account.make_user("nobody")
    account.create(preset_template("slim", Parameters={"UserNames": ["nobody"]}))


# U1, V12
@walks("A user has too many policies")
def test_a_user_with_too_many_policies_is_refused_and_served_once_there_is_room(account, case):
    held = ("AmazonSNSFullAccess", "AmazonRDSFullAccess", "AmazonVPCFullAccess", "AWSGlueConsoleFullAccess")
    account.make_user("ana", *(f"arn:aws:iam::aws:policy/{name}" for name in (*held, "AmazonKinesisFullAccess")))
    before, written = account.snapshot(), account.writes()
    slim = preset_template("slim", Edition="current", Parameters={"UserNames": ["ana"]})
    case.is_said_by(account.create(slim, ends="ROLLBACK_COMPLETE"))
    assert account.snapshot() == before and not account.writes() - written
    case.run(account)
    account.create(slim)
    assert len(account.snapshot()["users"]["ana"]["attached"]) == 10


# U1, M9
@walks("A policy has the name at another path")
def test_a_policy_at_another_path_is_told_and_nothing_stays(account, case):
    made = account.iam.create_policy(PolicyName=POLICY, Path="/team/", PolicyDocument=ALLOW_NOTHING)["Policy"]
    before = account.snapshot()
    case.is_said_by(account.create(preset_template("slim"), ends="ROLLBACK_COMPLETE"))
    assert account.snapshot() == before
    case.run(account, policy=made["Arn"])
    account.create(preset_template("slim"))


def skypilot(**properties):
    return preset_template("skypilot", Edition="hardened", Parameters={"UserNames": ["ana"]}, **properties)


def retained(template):
    template["Resources"]["Preset"]["DeletionPolicy"] = "Retain"
    return template


def delete_by_hand(account):
    """Runs what the page says under Leaving."""
    tags = account.iam.list_user_tags(UserName="ana")["Tags"]
    mark = next((tag["Key"] for tag in tags if tag["Key"].startswith("account-presets:attached:")), None)
    case = CASES["Everything is deleted by hand"]
    policy = account.policy_arn("minimal-skypilot-policy")
    case.run(account, policy=policy, mark=mark)


# U1, I34
@walks("A stack that is gone has left its objects")
def test_what_a_stack_retained_is_used_as_it_is_or_deleted_by_hand(account, case):
    account.make_user("ana")
    account.create(retained(skypilot()), name="-first")
    account.delete(name="-first")
    left = account.snapshot()
    case.is_said_by(account.create(skypilot(), ends="ROLLBACK_COMPLETE"))
    case.run(account)
    assert account.snapshot() == left

    account.create(skypilot(AdoptExisting=True))
    account.delete()
    assert account.snapshot() == left
    delete_by_hand(account)


# U1, I25
@walks("Everything is deleted by hand")
def test_what_was_kept_is_deleted_by_hand_without_a_rest(account, case):
    account.make_user("ana")
    before = account.snapshot()
    account.create(retained(skypilot()))
    account.delete()
    assert account.snapshot() != before
    delete_by_hand(account)
    assert account.snapshot() == before
    account.create(skypilot())


# U1, I5
@walks("A Create's objects cannot be deleted")
def test_a_rollback_that_is_refused_is_ended_by_a_delete(account, case):
    before = account.snapshot()
    with account.denied_to_the_function("iam:DeleteRole"):
        template = preset_template("slim", resources=failing_resource())
        case.is_said_by(account.create(template, ends="ROLLBACK_FAILED"))
    case.run(account)
    assert is_gone(account) and account.snapshot() == before


def stuck_on_the_way_back(account, case):
    """Lets an Update take the instance profile away that it cannot give back."""
    less = preset_template("slim", Parameters={"InstanceProfile": False}, resources=failing_resource())
    case.is_said_by(account.update(less, ends="UPDATE_ROLLBACK_FAILED"))


# U1, I18
@walks("The way back was refused")
def test_a_refused_way_back_is_gone_once_it_is_allowed(account, case):
    account.create(preset_template("slim"))
    with account.denied_to_the_function("iam:CreateInstanceProfile"):
        stuck_on_the_way_back(account, case)
    assert case.run(account).status == "UPDATE_ROLLBACK_COMPLETE"
    assert "SLIM-Extras_ECS_for_EC2" in account.snapshot()["profiles"]


# U1, I18
@walks("The way back stays refused")
def test_a_way_back_that_stays_refused_is_skipped_and_the_next_update_makes_the_rest(account, case):
    account.create(preset_template("slim"))
    with account.denied_to_the_function("iam:CreateInstanceProfile"):
        stuck_on_the_way_back(account, case)
        assert case.run(account).status == "UPDATE_ROLLBACK_COMPLETE"
    account.update(preset_template("slim", ServiceTimeout=301))
    assert "SLIM-Extras_ECS_for_EC2" in account.snapshot()["profiles"]


# U1, M7
@walks("A replaced object is still in use")
def test_a_rest_of_what_was_replaced_goes_with_the_stack(account, case):
    account.make_user("ana")
    before = account.snapshot()
    account.create(preset_template("slim"))
    policy = account.policy_arn(POLICY)
    account.iam.attach_user_policy(UserName="ana", PolicyArn=policy)
    case.is_said_by(account.update(preset_template("lithops")))
    assert policy in account.snapshot()["policies"]
    case.run(account, policy=policy)
    assert is_gone(account) and account.snapshot() == before


def held_by_ana(account, case):
    """A stack that cannot be deleted, and the policy that a user has of it."""
    account.make_user("ana")
    account.create(preset_template("slim"))
    policy = account.policy_arn(POLICY)
    account.iam.attach_user_policy(UserName="ana", PolicyArn=policy)
    case.is_said_by(account.delete(ends="DELETE_FAILED"))
    return policy


# U1, M7
@walks("An object is still in use")
def test_a_stack_whose_policy_somebody_uses_goes_once_they_have_let_go(account, case):
    policy = held_by_ana(account, case)
    case.run(account, policy=policy)
    assert is_gone(account) and policy not in account.snapshot()["policies"]


# U1, M7
@walks("An object stays in use")
def test_a_stack_goes_without_what_somebody_goes_on_using(account, case):
    policy = held_by_ana(account, case)
    case.run(account)
    assert is_gone(account)
    assert account.snapshot()["users"]["ana"]["attached"] == [policy]
    account.iam.detach_user_policy(UserName="ana", PolicyArn=policy)
    account.iam.delete_policy(PolicyArn=policy)


# U1, X11
@walks("The provider went before its stacks")
def test_a_provider_that_went_first_is_deployed_again(operator, case):
    account = operator.account
    template = preset_template("skypilot", Edition="hardened")
    # Where a stack imports the ARN, CloudFormation keeps the provider.
    arn = operator.provider().outputs["IamPresetServiceToken"]
    template["Resources"]["Preset"]["Properties"]["ServiceToken"] = arn
    account.create(template)
    operator.leave()
    assert account.delete(ends="DELETE_FAILED").reason()
    operator.deploy()
    case.run(account)
    assert is_gone(account) and "skypilot-v1" not in account.roles()


# U1, X17
@walks("The operator allows less than before")
def test_what_is_not_allowed_any_more_is_not_changed_and_can_be_deleted(operator, case):
    account = operator.account
    before = account.snapshot()
    account.create(preset_template("skypilot", Edition="hardened"))
    operator.set(AllowedPresets="slim")
    more = preset_template("skypilot", Edition="hardened", Tags=[{"Key": "cost", "Value": "7"}])
    case.is_said_by(account.update(more, ends="UPDATE_ROLLBACK_COMPLETE"))
    case.run(account)
    assert is_gone(account)
    assert account.snapshot()["policies"].keys() == before["policies"].keys()


# U1, X17
@walks("A policy has a name that was allowed once")
def test_a_policy_of_a_former_name_goes_once_the_operator_names_it(operator, case):
    account = operator.account
    account.make_user("ana")
    operator.set(SkyPilotPolicyName="sky-*")
    before = account.snapshot()
    parameters = {"PolicyName": "sky-p", "UserNames": ["ana"]}
    account.create(preset_template("skypilot", Edition="hardened", Parameters=parameters))
    operator.set(SkyPilotPolicyName="minimal-skypilot-policy")
    case.is_said_by(account.delete(ends="DELETE_FAILED"))
    operator.set(FormerPolicyNames="sky-p")
    case.run(account)
    assert is_gone(account) and account.snapshot()["users"] == before["users"]
    assert account.snapshot()["policies"].keys() == before["policies"].keys()


# U1, R23
@walks("Its boundary cannot be deleted")
def test_a_boundary_that_the_operator_took_away_is_let_go_of_and_can_be_deleted(operator, case):
    account = operator.account
    operator.set(PermissionsBoundary="PresetBoundary")
    boundary = operator.provider().resources["PresetBoundary"]
    account.create(preset_template("slim", Edition="hardened"))
    operator.set(PermissionsBoundary="")
    assert boundary in account.snapshot()["policies"]
    with pytest.raises(account.iam.exceptions.DeleteConflictException):
        account.iam.delete_policy(PolicyArn=boundary)
    account.update(preset_template("slim", Edition="hardened", ServiceTimeout=301))
    case.run(account, boundary=boundary)
    assert boundary not in account.snapshot()["policies"]


# U1, T7
@walks("No answer came")
def test_a_delete_that_nobody_answered_is_asked_for_again(account, emulator, case):
    before = account.snapshot()
    account.create(preset_template("skypilot", Edition="hardened", ServiceTimeout=4))
    functions, stack_of = emulator.client("lambda"), stacks.describe(account.cloudformation, provider.STACK)
    function = stack_of.resources["IamPresetFunction"]
    functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    try:
        assert account.delete(ends="DELETE_FAILED").reason()
    finally:
        functions.delete_function_concurrency(FunctionName=function)
    case.run(account)
    assert is_gone(account) and account.snapshot() == before


# The rule itself, on a page of our own.


def test_a_case_is_a_heading_with_what_it_quotes_and_its_first_commands():
    page = "## A\n\n### One\n\n> said `…`\n\ntext\n\n```sh\naws iam a --b c\naws iam d --e f\n```\n\n```sh\naws iam g\n```\n"
    one, two = cases(page + "\n### Two\n\nnothing\n")
    assert one == Case("One", ("said `…`",), ("aws iam a --b c", "aws iam d --e f"))
    assert two == Case("Two", (), ())
