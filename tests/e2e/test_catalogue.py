"""Every preset in every edition and with its switches turned, by updates of one stack, and back to nothing."""

import json
from fnmatch import fnmatch

import pytest
import yaml

from .provider import ROOT
from .stacks import preset_template

FILES = sorted((ROOT / "shared" / "presets").glob("*.yaml"))
PRESETS = {path.stem: {"parameters": {}} | yaml.safe_load(path.read_text()) for path in FILES}
FORMS = {form["pattern"]: form for form in json.loads((ROOT / "shared" / "data" / "forms.json").read_text())}
USER = "somebody"


def turned(name, nth):
    """Parameters with every other switch turned (nth 0 or 1), or all of them (nth 2), and the user in every list of users."""
    parameters = {}
    preset = PRESETS[name]
    switches = [switch for switch, it in preset["parameters"].items() if it["type"] in ("boolean", "enum")]
    for place, switch in enumerate(switches):
        it = preset["parameters"][switch]
        if nth == 2 or place % 2 == nth:
            others = [value for value in it.get("values", [True, False]) if value != it["default"]]
            parameters[switch] = others[0]
    # Parameters that a switch makes necessary.
    needed = {key: it for key, it in preset["parameters"].items() if "required" in it}
    return parameters | {key: example(it) for key, it in needed.items()} | named(preset)


def example(parameter):
    """A text that fits, and that the operator allows by default."""
    text = FORMS[parameter["pattern"]]["example"]
    allows = parameter.get("setting", {}).get("allows", [])
    # A text with a wildcard begins a name, to which the example is added.
    return text if not allows or any(fnmatch(text, it) for it in allows) else allows[0].replace("*", text)


def named(preset):
    """The user in the preset's list of users, if it has one."""
    return {"UserNames": [USER]} if "UserNames" in preset["parameters"] else {}


# P22, X15
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_goes_through_all_its_editions_and_switches_and_leaves_nothing(account, name):
    preset = PRESETS[name]
    for user in {USER, *preset["parameters"].get("UserNames", {}).get("default", [])}:
        account.make_user(user)
    before = account.snapshot()
    asked = [{"Edition": edition} for edition in preset["editions"]]
    asked += [{"Edition": edition, "Parameters": turned(name, nth)} for edition in preset["editions"] for nth in range(3)]

    def template(properties):
        outputs = [*preset["outputs"], "AdminEquivalent"]
        return preset_template(name, outputs=outputs, **properties)

    created = account.create(template(asked[0]))
    for properties in asked[1:]:
        updated = account.update(template(properties))
        assert updated.resources["Preset"] == created.resources["Preset"], properties
        assert updated.outputs.keys() == created.outputs.keys()
    again = account.update(template(asked[0]))
    assert again.outputs == created.outputs

    account.delete()
    assert account.snapshot() == before
