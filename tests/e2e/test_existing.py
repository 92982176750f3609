"""Existing roles and groups: they get a preset's policy, and lose it again."""

from .stacks import preset_template

POLICY = "OrchestraEcsComputeDeployer"


def orchestra(**parameters):
    return preset_template("orchestra", Parameters=parameters)


def test_an_existing_role_and_group_get_the_policy_and_are_then_as_they_were(account):
    account.make_role("deployer")
    account.make_group("deployers")
    before = account.snapshot()
    account.create(orchestra(RoleNames=["deployer"], GroupNames=["deployers"]))
    policy = account.policy_arn(POLICY)
    with_policy = account.snapshot()
    assert with_policy["roles"]["deployer"]["attached"] == [policy]
    assert with_policy["groups"]["deployers"]["attached"] == [policy]

    account.update(orchestra(RoleNames=["deployer"]))
    assert account.snapshot()["groups"]["deployers"] == before["groups"]["deployers"]
    assert account.snapshot()["roles"]["deployer"]["attached"] == [policy]

    account.delete()
    assert account.snapshot() == before


def test_a_missing_role_or_group_is_named_before_anything_is_written(account):
    written = account.writes()
    for parameters in ({"RoleNames": ["nobody"]}, {"GroupNames": ["nobody"]}):
        stack = account.create(orchestra(**parameters), ends="ROLLBACK_COMPLETE")
        assert "`nobody` does not exist" in stack.reason()
        account.delete()
    assert not account.writes() - written


def test_a_role_that_got_the_policy_by_hand_keeps_it_alive_and_is_named(account):
    account.make_role("deployer")
    account.make_role("other")
    account.create(orchestra(RoleNames=["deployer"]))
    account.iam.attach_role_policy(RoleName="other", PolicyArn=account.policy_arn(POLICY))
    deleted = account.delete(ends="DELETE_FAILED")
    assert "`other`" in deleted.reason() and "`deployer`" not in deleted.reason()
    account.iam.detach_role_policy(RoleName="other", PolicyArn=account.policy_arn(POLICY))
    account.delete()
