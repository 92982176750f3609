"""Whose an object is: a stack changes and deletes its own, and leaves the rest of the account alone."""

from .conftest import ALLOW_NOTHING, trust_of
from .stacks import preset_template

SHARED_ROLE = "AWSBatchServiceRole"


# R16
def test_a_role_goes_with_a_foreign_policy_on_it_and_the_policy_stays(account):
    foreign = account.make_policy("foreign")
    before = account.snapshot()
    account.create(preset_template("slim"))
    account.iam.attach_role_policy(RoleName="SLIM-Extras_for_Lambda", PolicyArn=foreign)
    account.iam.put_role_policy(RoleName="SLIM-Extras_for_Lambda", PolicyName="extra", PolicyDocument=ALLOW_NOTHING)

    account.delete()
    assert account.snapshot() == before


# M7, Threat 13
def test_a_policy_that_a_foreign_user_holds_is_named_and_the_delete_works_once_it_is_free(account):
    account.make_user("foreign")
    account.create(preset_template("slim"))
    policy = account.policy_arn("LambdaBatchExecutionPolicy")
    account.iam.attach_user_policy(UserName="foreign", PolicyArn=policy)

    deleted = account.delete(ends="DELETE_FAILED")
    assert "LambdaBatchExecutionPolicy" in deleted.reason()
    assert "foreign" in deleted.reason()
    assert account.snapshot()["users"]["foreign"]["attached"] == [policy]

    account.iam.detach_user_policy(UserName="foreign", PolicyArn=policy)
    account.delete()


# I22, Threat 4
def test_a_preset_that_is_there_already_names_its_owner_and_is_not_touched(account):
    account.create(preset_template("slim"), name="-first")
    before = account.snapshot()
    second = account.create(preset_template("slim"), name="-second", ends="ROLLBACK_COMPLETE")
    assert f"{account.name}-first" in second.reason()
    assert account.snapshot() == before

    account.delete(name="-second")
    assert account.snapshot() == before


# I24
def test_a_shared_role_stays_as_long_as_another_stack_has_it(account):
    other = {"Key": f"account-presets:owner:{'f' * 32}", "Value": "another stack"}
    account.create(preset_template("slim"))
    account.iam.tag_role(RoleName=SHARED_ROLE, Tags=[other])
    role = account.snapshot()["roles"][SHARED_ROLE]

    account.owns_by_hand(SHARED_ROLE)
    account.delete()
    left = account.snapshot()["roles"][SHARED_ROLE]
    assert (left["id"], left["attached"], left["trust"]) == (role["id"], role["attached"], role["trust"])
    assert left["tags"] == {other["Key"]: other["Value"], "account-presets:made-from": "account-presets"}


def test_a_shared_role_made_by_hand_is_used_as_it_is(account):
    arn = account.make_role(SHARED_ROLE, path="/service-role/", trust=trust_of("batch.amazonaws.com"))
    before = account.snapshot()
    stack = account.create(preset_template("slim", outputs=["BatchServiceRoleArn"]))
    assert stack.outputs["BatchServiceRoleArn"] == arn
    assert account.snapshot()["roles"][SHARED_ROLE] == before["roles"][SHARED_ROLE]

    account.delete()
    assert account.snapshot() == before


# I23, Threat 4
def test_another_role_made_by_hand_is_in_the_way(account):
    account.make_role("SLIM-Extras_for_Lambda")
    before = account.snapshot()
    stack = account.create(preset_template("slim"), ends="ROLLBACK_COMPLETE")
    assert "SLIM-Extras_for_Lambda" in stack.reason()
    assert account.snapshot() == before
