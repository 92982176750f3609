"""Existing users who get a preset's policies."""

from .stacks import preset_template

S3_READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
BATCH = "arn:aws:iam::aws:policy/AWSBatchFullAccess"


def slim_for(*users):
    return preset_template("slim", Edition="current", Parameters={"UserNames": list(users)})


def test_a_user_gets_the_policies_and_keeps_what_was_there_before(account):
    account.make_user("ana", S3_READ_ONLY)
    before = account.snapshot()
    account.create(slim_for("ana"))
    attached = account.snapshot()["users"]["ana"]["attached"]
    assert {S3_READ_ONLY, BATCH, account.policy_arn("SLIM-PassRole")} <= set(attached)

    account.delete()
    assert account.snapshot() == before


def test_a_user_who_is_no_longer_named_loses_the_policies(account):
    account.make_user("ana")
    account.make_user("ben")
    before = account.snapshot()
    account.create(slim_for("ana", "ben"))
    account.update(slim_for("ben"))
    users = account.snapshot()["users"]
    assert users["ana"] == before["users"]["ana"]
    assert BATCH in users["ben"]["attached"]


def test_a_missing_user_is_named_before_anything_is_written(account):
    account.make_user("ana")
    written = account.writes()
    stack = account.create(slim_for("ana", "nobody"), ends="ROLLBACK_COMPLETE")
    assert "nobody" in stack.reason()
    assert not account.writes() - written


# I11, R20
def test_a_user_who_was_deleted_by_hand_does_not_stop_the_delete(account):
    account.make_user("ana")
    before = account.snapshot()
    account.make_user("ben")
    account.create(slim_for("ana", "ben"))
    account.unmake_user("ben")

    account.delete()
    assert account.snapshot() == before
