"""What a stack does in its life: create, update, replace, roll back, delete."""

import pytest

from .account import service_linked_roles
from .stacks import failing_resource, preset_template

SLIM_ROLES = {
    "AWSBatchServiceRole",
    "AmazonEC2SpotFleetRole",
    "SLIM-Extras_ECS_for_EC2",
    "SLIM-Extras_for_Lambda",
    "StepFunctionsLambdaRole",
}
LITHOPS_ROLES = {"lithops-role", "lithops-role-ec2"}


def lithops(**properties):
    return preset_template("lithops", **properties)


@pytest.mark.parametrize(("preset", "made"), [("slim", SLIM_ROLES), ("lithops", LITHOPS_ROLES)])
def test_an_example_makes_what_its_outputs_name(account, examples, preset, made):
    before = account.snapshot()
    stack = account.create(examples[preset])
    assert account.roles() - before["roles"].keys() == made
    # Those are a judgement and whole files: test_tool_configuration.py.
    others = {"AdminEquivalent", "BatchRoles", "LithopsConfig"}
    named = {value for name, value in stack.outputs.items() if name not in others}
    assert named <= arns_and_names(account)
    assert stack.outputs["AdminEquivalent"] == "false"

    account.delete()
    assert account.snapshot() == before


# S7
def test_service_linked_roles_stay_when_the_stack_goes(account):
    account.create(preset_template("slim"))
    account.delete()
    assert {"AWSServiceRoleForEC2Spot", "AWSServiceRoleForEC2SpotFleet"} <= set(service_linked_roles(account.iam))


def test_path_tags_boundary_and_session_reach_every_role(account):
    boundary = account.make_policy("boundary")
    asked = {"Path": "/team/", "Tags": [{"Key": "cost", "Value": "7"}], "MaxSessionDuration": 7200}
    account.create(preset_template("slim", PermissionsBoundary=boundary, **asked))
    roles = account.snapshot()["roles"]
    for role in (roles[name] for name in SLIM_ROLES):
        assert (role["path"], role["boundary"], role["max_session"]) == ("/team/", boundary, 7200)
        assert role["tags"]["cost"] == "7"
        assert role["arn"].split(":role")[1].startswith("/team/")


# I20
def test_an_option_is_switched_in_place(account):
    created = account.create(preset_template("slim", Parameters={"InstanceProfile": True}))
    first = account.snapshot()
    assert set(first["profiles"]) == {"SLIM-Extras_ECS_for_EC2"}

    off = preset_template("slim", Parameters={"InstanceProfile": False}, outputs=["InstanceProfileArn"])
    without = account.update(off)
    assert without.resources["Preset"] == created.resources["Preset"]
    assert without.outputs["InstanceProfileArn"] == ""
    assert account.snapshot() == {**first, "profiles": {}}

    again = account.update(preset_template("slim", Parameters={"InstanceProfile": True}))
    assert again.resources["Preset"] == created.resources["Preset"]
    assert account.snapshot()["profiles"]["SLIM-Extras_ECS_for_EC2"]["roles"] == ["SLIM-Extras_ECS_for_EC2"]


def test_another_preset_replaces_the_first(account):
    before = account.roles()
    created = account.create(preset_template("slim"))
    updated = account.update(lithops())
    assert updated.resources["Preset"] != created.resources["Preset"]
    assert account.roles() - before == LITHOPS_ROLES


# I18, R14, R15
def test_a_failed_update_puts_every_field_back(account):
    boundary = account.make_policy("boundary")
    created = account.create(preset_template("slim", Tags=[{"Key": "cost", "Value": "7"}]))
    before, written = account.contents(), account.writes()
    changed = {
        "PermissionsBoundary": boundary,
        "Tags": [{"Key": "cost", "Value": "8"}],
        "MaxSessionDuration": 7200,
        "Parameters": {"InstanceProfile": False, "SpotFleetTagging": False, "UserPassRole": False},
    }
    broken = preset_template("slim", resources=failing_resource(), **changed)
    updated = account.update(broken, ends="UPDATE_ROLLBACK_COMPLETE")
    assert account.writes() - written
    assert updated.resources["Preset"] == created.resources["Preset"]
    assert account.contents() == before


# I15
def test_a_failed_replacement_keeps_the_first(account):
    created = account.create(preset_template("slim"))
    before, written = account.snapshot(), account.writes()
    updated = account.update(lithops(resources=failing_resource()), ends="UPDATE_ROLLBACK_COMPLETE")
    assert account.writes() - written
    assert updated.resources["Preset"] == created.resources["Preset"]
    assert account.snapshot() == before


# I5
def test_a_failed_create_leaves_nothing(account):
    before, written = account.snapshot(), account.writes()
    account.create(preset_template("slim", resources=failing_resource()), ends="ROLLBACK_COMPLETE")
    assert account.writes() - written
    assert account.snapshot() == before


# I4, I5, R9, Threat 12
def test_a_create_that_fails_halfway_leaves_nothing(account):
    before, written = account.snapshot(), account.writes()
    with account.denied_to_the_function("iam:AddRoleToInstanceProfile"):
        created = account.create(preset_template("slim"), ends="ROLLBACK_COMPLETE")
    assert "iam:AddRoleToInstanceProfile" in created.reason()
    assert account.writes() - written
    assert account.snapshot() == before


def arns_and_names(account):
    """What an output may name: an object's ARN or, of a group or instance profile, its name."""
    listed = [account.iam.list_roles()["Roles"], account.iam.list_policies(Scope="Local")["Policies"]]
    listed += [account.iam.list_groups()["Groups"], account.iam.list_instance_profiles()["InstanceProfiles"]]
    names = account.snapshot()["groups"].keys() | account.snapshot()["profiles"].keys()
    return {item["Arn"] for items in listed for item in items} | names
