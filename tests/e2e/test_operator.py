"""What an operator sets holds for every stack: in a second Region, where the provider's parameters allow less."""

import json
import uuid
from contextlib import contextmanager

import boto3
import pytest
from botocore.exceptions import ClientError

from . import provider, stacks
from .conftest import ALLOW_NOTHING, ELSEWHERE, TRUST_NOBODY, trust_of
from .emulator import REGION
from .environments import role_credentials
from .stacks import failing_resource, preset_template

ROLE = "skypilot-v1"


@pytest.fixture
def boundary(strict):
    return strict.resources["PresetBoundary"]


def refusal(account, preset, **properties):
    """Why a stack is refused. Nothing is written for it."""
    written = account.writes()
    stack = account.create(preset_template(preset, **properties), ends="ROLLBACK_COMPLETE")
    assert not account.writes() - written
    account.delete()
    return stack.reason()


# Threat 3
def test_every_role_has_the_operators_boundary_through_an_update_and_a_rollback(elsewhere, boundary):
    before = elsewhere.roles()
    slim = {"Edition": "hardened", "MaxSessionDuration": 7200}

    def boundaries():
        roles = elsewhere.snapshot()["roles"]
        return [roles[name]["boundary"] for name in roles.keys() - before]

    elsewhere.create(preset_template("slim", Edition="hardened"))
    assert boundaries() == [boundary] * 5
    elsewhere.update(preset_template("slim", **slim))
    assert boundaries() == [boundary] * 5
    other = preset_template("slim", **slim, Parameters={"InstanceProfile": False}, resources=failing_resource())
    elsewhere.update(other, ends="UPDATE_ROLLBACK_COMPLETE")
    assert boundaries() == [boundary] * 5
    elsewhere.delete()
    assert elsewhere.roles() == before


# Threat 3
def test_a_boundary_of_a_stacks_own_is_refused(elsewhere, boundary):
    other = elsewhere.make_policy("other")
    assert f"allowed in this account is only `{boundary}`" in refusal(elsewhere, "skypilot", PermissionsBoundary=other)
    elsewhere.create(preset_template("skypilot", PermissionsBoundary=boundary))


# Threat 3, Threat 4
def test_a_role_without_the_boundary_is_not_adopted(elsewhere, boundary):
    elsewhere.make_role(ROLE, trust=trust_of("ec2.amazonaws.com"))
    elsewhere.make_role("AWSBatchServiceRole", path="/service-role/", trust=trust_of("batch.amazonaws.com"))
    without = f"exists without the permissions boundary `{boundary}`"
    assert f"`{ROLE}` {without}" in refusal(elsewhere, "skypilot", AdoptExisting=True)
    assert f"`AWSBatchServiceRole` {without}" in refusal(elsewhere, "slim", Edition="hardened")

    elsewhere.iam.put_role_permissions_boundary(RoleName=ROLE, PermissionsBoundary=boundary)
    before = elsewhere.snapshot()
    elsewhere.create(preset_template("skypilot", AdoptExisting=True))
    elsewhere.delete()
    assert elsewhere.snapshot() == before


# Threat 3
def test_a_preset_whose_users_make_roles_is_refused_where_there_is_a_boundary(elsewhere):
    reason = refusal(elsewhere, "orchestra", Edition="current")
    assert "cannot live under the boundary of this account: the module makes roles" in reason
    reason = refusal(elsewhere, "skypilot", Parameters={"AutoRole": True})
    assert "cannot live under the boundary of this account: with AutoRole SkyPilot makes the machines' role" in reason


# Threat 1, Threat 9
def test_a_preset_or_edition_that_is_not_allowed_is_refused_by_its_name(elsewhere):
    reason = refusal(elsewhere, "lithops")
    assert "Preset: `lithops` is not allowed in this account (allowed: `orchestra`, `skypilot`, `slim`)" in reason
    reason = refusal(elsewhere, "skypilot", Edition="documented")
    assert "Edition: `documented` is not allowed in this account (allowed: `current`, `hardened`)" in reason


# V20, Threat 1
def test_a_name_that_is_not_allowed_is_refused_by_its_property_and_its_stack_can_be_deleted(account):
    for preset, property, given, by in (
        ("skypilot", "RoleName", "team-a", "SkyPilotRoleName"),
        ("lithops", "NamePrefix", "team-", "LithopsNamePrefix"),
        ("slim", "BucketNames", ["payroll"], "AllowedValues"),
        ("zappa", "NamePrefix", "acme-", "ZappaNamePrefix"),
        ("orchestra", "PolicyName", "TeamDeployer", "OrchestraPolicyName"),
    ):
        reason = refusal(account, preset, Edition="hardened", Parameters={property: given})
        assert f"Parameters.{property}: given `{given if isinstance(given, str) else given[0]}`" in reason
        assert f"parameter {by} of the provider's stack" in reason


# Threat 9
def test_another_type_with_the_same_service_token_is_refused(account):
    template = preset_template("skypilot", Edition="hardened")
    for kind in ("Custom::SkyPilot", "AWS::CloudFormation::CustomResource"):
        template["Resources"]["Preset"]["Type"] = kind
        before = account.writes()
        stack = account.create(template, ends="ROLLBACK_COMPLETE")
        assert f"Type: given `{kind}`, allowed with this ServiceToken is only `Custom::IamPreset`" in stack.reason()
        assert not account.writes() - before
        account.delete()


# X17
def test_under_a_name_that_is_not_allowed_any_more_the_function_deletes_what_a_preset_made_and_nothing_else(
    account, emulator
):
    function = as_function(emulator, REGION)
    account.make_role("team-sky")
    account.make_role("team-other")
    account.iam.tag_role(RoleName="team-sky", Tags=[{"Key": "account-presets:made-from", "Value": "0.1.0 skypilot"}])
    for name in ("team-sky", "team-other", "team-none"):
        try:
            function.get_role(RoleName=name)
        except function.exceptions.NoSuchEntityException:
            assert name == "team-none"
    with pytest.raises(ClientError, match="AccessDenied"):
        function.delete_role(RoleName="team-other")
    with pytest.raises(ClientError, match="AccessDenied"):
        function.put_role_policy(RoleName="team-sky", PolicyName="any", PolicyDocument=ALLOW_NOTHING)
    function.delete_role(RoleName="team-sky")


# X19
def test_the_release_is_an_output_and_an_attribute(account, emulator):
    release = stacks.describe(emulator.client("cloudformation"), provider.STACK).outputs["Version"]
    stack = account.create(preset_template("skypilot", Edition="hardened", outputs=("ProviderVersion",)))
    assert stack.outputs["ProviderVersion"] == release


# Threat 2
def test_administrators_rights_take_the_operators_word_and_the_stacks(account, elsewhere):
    path = "AWSLambda_FullAccess changes the code of any function and passes any role to a function"
    for acknowledged in (False, True):
        reason = refusal(elsewhere, "slim", Edition="current", AcknowledgeAdminEquivalent=acknowledged)
        assert "AllowAdminEquivalent" in reason and path in reason
    reason = refusal(account, "slim", Edition="current", AcknowledgeAdminEquivalent=False)
    assert "AcknowledgeAdminEquivalent: set it to true" in reason and path in reason
    account.create(preset_template("slim", Edition="current", AcknowledgeAdminEquivalent=True))


# Threat 9
def test_what_an_operator_forbids_later_can_be_deleted_and_not_updated(elsewhere, strict, emulator):
    before = elsewhere.snapshot()
    elsewhere.create(preset_template("skypilot"))
    with forbidden(emulator, strict.resources["IamPresetFunction"]):
        tagged = preset_template("skypilot", Tags=[{"Key": "cost", "Value": "7"}])
        updated = elsewhere.update(tagged, ends="UPDATE_ROLLBACK_COMPLETE")
        assert "`skypilot` is not allowed in this account (allowed: `zappa`)" in updated.reason()
        elsewhere.delete()
    assert elsewhere.snapshot() == before


@contextmanager
def forbidden(emulator, function):
    """Nothing but Zappa is allowed any more."""
    client = emulator.client("lambda", ELSEWHERE)
    was = client.get_function_configuration(FunctionName=function)["Environment"]
    changed = {"Variables": was["Variables"] | {"ALLOWED_PRESETS": "zappa"}}
    client.update_function_configuration(FunctionName=function, Environment=changed)
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=function, Environment=was)


# Threat 3
def test_the_functions_own_role_cannot_give_power_outside_the_boundary(account, emulator, strict, boundary):
    bounded, free = (as_function(emulator, region) for region in (ELSEWHERE, REGION))
    account.make_role(ROLE)
    other = account.make_policy("other")
    role, trust = {"RoleName": ROLE}, {"AssumeRolePolicyDocument": TRUST_NOBODY}
    attempts = {
        "create_role": {"RoleName": "SLIM-Extras_for_Lambda", **trust},
        "attach_role_policy": {**role, "PolicyArn": "arn:aws:iam::aws:policy/AmazonEC2FullAccess"},
        "put_role_policy": {**role, "PolicyName": "any", "PolicyDocument": ALLOW_NOTHING},
        "update_assume_role_policy": {**role, "PolicyDocument": TRUST_NOBODY},
        "put_role_permissions_boundary": {**role, "PermissionsBoundary": other},
        "delete_role_permissions_boundary": role,
    }
    for call, asked in attempts.items():
        with pytest.raises(ClientError, match="AccessDenied.*with an explicit deny"):
            getattr(bounded, call)(**asked)
    with pytest.raises(ClientError, match="AccessDenied.*with an explicit deny"):
        bounded.delete_policy(PolicyArn=boundary)

    # It is the boundary that decides: the function of the other Region has none, and this one may go on within its own.
    for call, asked in attempts.items():
        getattr(free, call)(**asked)
    account.owns_by_hand("SLIM-Extras_for_Lambda")
    bounded.put_role_permissions_boundary(**role, PermissionsBoundary=boundary)
    for call in ("attach_role_policy", "put_role_policy", "update_assume_role_policy"):
        getattr(bounded, call)(**attempts[call])
    bounded.create_role(RoleName="SLIM-Extras_ECS_for_EC2", **trust, PermissionsBoundary=boundary)
    account.owns_by_hand("SLIM-Extras_ECS_for_EC2")


# X6, Threat 9
def test_the_functions_own_role_makes_nothing_of_a_preset_that_is_not_allowed(account, emulator, strict):
    before = account.snapshot()
    strictly, freely = (as_function(emulator, region) for region in (ELSEWHERE, REGION))
    policy = {"PolicyName": "ZappaLambdaDeploymentPolicy", "PolicyDocument": ALLOW_NOTHING}
    with pytest.raises(ClientError, match="AccessDenied"):
        strictly.create_policy(**policy)
    of_slim = strictly.create_policy(**policy | {"PolicyName": "SLIM-User"})["Policy"]["Arn"]
    strictly.delete_policy(PolicyArn=of_slim)
    arn = freely.create_policy(**policy)["Policy"]["Arn"]
    with pytest.raises(ClientError, match="AccessDenied"):
        strictly.create_policy_version(PolicyArn=arn, PolicyDocument=ALLOW_NOTHING)
    strictly.tag_policy(PolicyArn=arn, Tags=[{"Key": "account-presets:x", "Value": "x"}])
    strictly.delete_policy(PolicyArn=arn)
    assert account.snapshot() == before


def as_function(emulator, region):
    """IAM as the function of this Region calls it."""
    given = role_credentials(emulator, region)
    return boto3.client(
        "iam",
        endpoint_url=emulator.endpoint,
        region_name=region,
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=given["AWS_SESSION_TOKEN"],
    )


# Threat 5
def test_only_what_cloudformation_is_doing_is_done(elsewhere, answers, strict, emulator):
    stack = elsewhere.create(preset_template("skypilot"))
    before = elsewhere.snapshot()
    forged = forged_delete(stack, answers)
    functions = emulator.client("lambda", ELSEWHERE)
    functions.invoke(FunctionName=strict.resources["IamPresetFunction"], Payload=json.dumps(forged))
    answer = answers.wait_for(forged["RequestId"])
    assert answer["Status"] == "FAILED"
    assert "`DELETE_IN_PROGRESS`" in answer["Reason"] and "`CREATE_COMPLETE`" in answer["Reason"]
    assert elsewhere.snapshot() == before

    # A replacement deletes its old half when the new one is there, and a rollback goes back.
    broken = preset_template("slim", Edition="hardened", resources=failing_resource())
    elsewhere.update(broken, ends="UPDATE_ROLLBACK_COMPLETE")
    assert elsewhere.snapshot() == before
    elsewhere.update(preset_template("slim", Edition="hardened"))
    assert ROLE not in elsewhere.roles()
    elsewhere.delete()


def forged_delete(stack, answers):
    """What CloudFormation would send to delete the preset of a stack, from somebody else."""
    request_id = str(uuid.uuid4())
    return {
        "RequestType": "Delete",
        "RequestId": request_id,
        "ResponseURL": answers.address(request_id),
        "StackId": stack.id,
        "LogicalResourceId": "Preset",
        "PhysicalResourceId": stack.resources["Preset"],
        "ResourceType": "Custom::IamPreset",
        "ResourceProperties": {"Preset": "skypilot"},
    }
