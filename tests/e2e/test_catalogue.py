"""Every preset in every edition and with its switches turned, by updates of one stack, and back to nothing."""

import pytest
import yaml

from .provider import ROOT
from .stacks import preset_template

PRESETS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "shared" / "presets").glob("*.yaml"))}
USER = "somebody"
# Parameters that a switch makes necessary.
REQUIRED = {"orchestra": {"OrchestraAccountId": "4a6a45ca-5549-4c53-bca4-43a76e1bab2c"}}


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
    parameters["UserNames"] = [USER]
    parameters |= REQUIRED.get(name, {})
    return parameters


# P22, X15
@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_goes_through_all_its_editions_and_switches_and_leaves_nothing(account, name):
    preset = PRESETS[name]
    for user in {USER, *preset["parameters"]["UserNames"].get("default", [])}:
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
