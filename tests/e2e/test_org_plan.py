"""What `make org-plan` computes from what was counted."""

import json
import re

import pytest

from . import provider
from .org_plan import ASSUMED, ASSUMED_OF_ONE, COUNTS, MEASURED, of_one_account, plan
from .organization import package


@pytest.fixture(scope="module")
def counts():
    package()
    return json.loads(COUNTS.read_text())


def test_the_counts_are_of_so_many_accounts_and_of_every_kind_of_request(counts):
    assert {int(number): one["accounts"] for number, one in counts.items()} == {number: number for number in MEASURED}
    for one in counts.values():
        assert all(one[what]["iam"] > 0 for what in ("create", "update", "delete"))
        # An update that changes no concurrency asks nobody about it.
        assert one["create"]["quotas"] > one["update"]["quotas"] == 0
        assert one["resources"]["home"] > one["resources"]["elsewhere"] > 0


def test_it_grows_with_the_accounts_and_says_what_it_assumes(counts):
    few, many = ("\n".join(plan(accounts, 3, counts)) for accounts in (1, 1000))
    assert "1,000 accounts × 3 Regions: 3,000 stack instances" in many
    calls = counts[str(MEASURED[-1])]["create"]["iam"]
    assert f"in all {calls * 1000:,.0f} of IAM" in many
    assert total(many) > total(few) > 0
    for name, (number, _) in ASSUMED.items():
        assert f"{number:,} {name}" in many


def test_it_says_when_there_are_too_many_for_a_stack_set(counts):
    most = ASSUMED["instances of a stack set"][0]
    assert "TOO MANY" not in "\n".join(plan(most, 1, counts))
    assert "TOO MANY" in "\n".join(plan(most + 1, 1, counts))


def test_the_page_for_operators_has_what_an_organization_and_one_account_cost(counts):
    page = (provider.ROOT / "docs" / "operate.md").read_text()
    whole = total("\n".join(plan(1000, 3, counts)))
    assert f"An organization of 1,000 accounts in 3 Regions costs {whole:.2f} in all" in page
    template = (provider.ROOT / "template.yaml").read_text()
    alarms = [
        len(re.findall(rf"Type: AWS::CloudWatch::Alarm\n    Condition: {condition}\n", template))
        for condition in ("HasAlarmTopic", "HasAuditAlarm")
    ]
    few, many = (list(of_one_account(stacks, *alarms)) for stacks in (1, 1000))
    rows = [f"| {what} | {one:.2f} | {thousand:.2f} |" for (what, one), (_, thousand) in zip(few, many, strict=True)]
    table = "\n".join(["| | 1 stack | 1,000 stacks |", "| --- | --: | --: |", *rows])
    assert table in page, table
    shown = ("updates a month", "seconds of an execution", "KB of log for a request", "alarm, $ a month")
    assumed = {name: ASSUMED[name] for name in shown} | ASSUMED_OF_ONE
    table = "\n".join(f"| {name} | {number:g} |" for name, (number, _) in assumed.items())
    assert table in page, table


def total(text):
    return float(re.search(r"([\d.]+) \$  in all", text)[1])
