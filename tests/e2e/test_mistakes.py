"""A mistake in a property: the stack fails with a Reason to act on, and nothing was written."""

import pytest

from .stacks import preset_template

# The properties, and what the Reason has to say: the property, what was given, and what is allowed or meant.
MISTAKES = {
    "unknown preset": ({"Preset": "slimm"}, ["Preset", "`slimm`", "`slim`"]),
    "empty preset": ({"Preset": ""}, ["Preset", "`slim`", "`lithops`"]),
    "misspelt property": ({"Editoin": "current"}, ["`Editoin`", "`Edition`"]),
    "unknown edition": ({"Edition": "latest"}, ["Edition", "latest", "current"]),
    "misspelt parameter": ({"Parameters": {"InstanceProfil": True}}, ["`InstanceProfil`", "`InstanceProfile`"]),
    "bad boolean": ({"Parameters": {"InstanceProfile": "maybe"}}, ["InstanceProfile", "maybe", "true", "false"]),
    "bad list": ({"Parameters": {"UserNames": {"Name": "ana"}}}, ["UserNames", "a map", "a list"]),
    "bad user name": ({"Parameters": {"UserNames": ["a*"]}}, ["UserNames", "a*"]),
    "bad parameters": ({"Parameters": "none"}, ["Parameters", "the string `none`", "a map"]),
    "bad path": ({"Path": "team"}, ["Path", "team", "/"]),
    "bad boundary": ({"PermissionsBoundary": "boundary"}, ["PermissionsBoundary", "boundary", "arn:"]),
    "tags without a value": ({"Tags": [{"Key": "cost"}]}, ["Tags", "Value"]),
    "tags as text": ({"Tags": "cost=7"}, ["Tags", "the string `cost=7`", "a list"]),
    "tag of AWS": ({"Tags": [{"Key": "aws:cost", "Value": "7"}]}, ["Tags", "aws:cost"]),
    "tag twice": ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}, ["Tags", "a"]),
    "session too short": ({"MaxSessionDuration": 60}, ["MaxSessionDuration", "60", "3600", "43200"]),
    "session is no number": ({"MaxSessionDuration": "1h"}, ["MaxSessionDuration", "1h", "3600", "43200"]),
    "bad acknowledgement": ({"AcknowledgeAdminEquivalent": "yes"}, ["AcknowledgeAdminEquivalent", "yes", "true"]),
}


# V1, V4, V5, V13
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_fails_the_stack_with_what_to_do(account, mistake):
    properties, words = MISTAKES[mistake]
    written = account.writes()
    stack = account.create(preset_template("slim", **properties), ends="ROLLBACK_COMPLETE")
    assert [word for word in words if word not in stack.reason()] == [], stack.reason()
    assert not account.writes() - written
    account.delete()


def test_several_mistakes_are_told_at_once(account):
    stack = account.create(preset_template("slim", Edition="latest", Path="team"), ends="ROLLBACK_COMPLETE")
    assert "latest" in stack.reason()
    assert "team" in stack.reason()


def test_a_mistake_in_an_update_leaves_the_preset_as_it_was(account):
    created = account.create(preset_template("slim"))
    before = account.snapshot()
    updated = account.update(preset_template("slim", Edition="latest"), ends="UPDATE_ROLLBACK_COMPLETE")
    assert "latest" in updated.reason()
    assert updated.resources["Preset"] == created.resources["Preset"]
    assert account.snapshot() == before
