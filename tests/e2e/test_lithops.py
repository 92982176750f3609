"""What is particular to Lithops: two kinds of account, a group with members, parts that are off by default."""

import pytest

from .stacks import preset_template

GROUPS = {"regular": "LithopsUserGroup", "sso": "lithops-group"}


def lithops(**parameters):
    outputs = ["GroupName", "GroupArn"]
    return preset_template("lithops", outputs=outputs, Parameters=parameters)


# G2
@pytest.mark.parametrize("kind", GROUPS)
def test_each_kind_of_account_has_its_group_with_the_users_in_it(account, kind):
    account.make_user("ana")
    before = account.snapshot()
    stack = account.create(lithops(AccountKind=kind, UserNames=["ana"]))
    assert stack.outputs["GroupName"] == GROUPS[kind]
    groups = account.snapshot()["groups"]
    assert set(groups) == {GROUPS[kind]}
    assert groups[GROUPS[kind]]["members"] == ["ana"]
    assert groups[GROUPS[kind]]["attached"]

    account.delete()
    assert account.snapshot() == before


def test_the_kind_of_account_is_switched_by_an_update(account):
    account.make_user("ana")
    created = account.create(lithops(AccountKind="regular", UserNames=["ana"]))
    roles = account.snapshot()["roles"]
    updated = account.update(lithops(AccountKind="sso", UserNames=["ana"]))
    assert updated.resources["Preset"] == created.resources["Preset"]
    assert updated.outputs["GroupArn"].endswith("/lithops-group")
    after = account.snapshot()
    assert set(after["groups"]) == {"lithops-group"}
    assert after["users"]["ana"]["groups"] == ["lithops-group"]
    assert after["roles"] == roles


# G1, Threat 13
def test_a_member_who_was_added_by_hand_is_named_when_the_group_cannot_go(account):
    account.make_user("ana")
    account.create(lithops())
    account.iam.add_user_to_group(GroupName="LithopsUserGroup", UserName="ana")

    deleted = account.delete(ends="DELETE_FAILED")
    assert "LithopsUserGroup" in deleted.reason()
    assert "ana" in deleted.reason()

    account.iam.remove_user_from_group(GroupName="LithopsUserGroup", UserName="ana")
    account.delete()


def test_the_parts_that_are_off_by_default_can_be_switched_on(account):
    parts = {"BatchTrust": True, "CustomerEcrPolicy": True, "BatchInstanceRole": True}
    created = account.create(lithops())
    less = account.contents()
    account.update(lithops(**parts))
    more = account.contents()
    assert more["profiles"].keys() - less["profiles"].keys() == {"lithops-batch-instance-role"}
    assert len(more["policies"]) == len(less["policies"]) + 1
    assert "batch.amazonaws.com" in str(more["roles"]["lithops-role"]["trust"])

    updated = account.update(lithops())
    assert updated.resources["Preset"] == created.resources["Preset"]
    assert account.contents() == less
