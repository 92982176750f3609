"""`make org-plan ACCOUNTS=1000 REGIONS=3`: calls, time and cost of so many accounts, computed from what was counted at
20 and at 40 accounts in 3 Regions (`make org-measure`, which writes org_counts.json)."""

import argparse
import json
import time
from pathlib import Path

from . import stacks
from .organization import PACKAGE, REGIONS, running_organization

COUNTS = Path(__file__).with_name("org_counts.json")
MEASURED = (20, 40)
BASELINE = {"Slim": "hardened", "Concurrency": "1000"}
# The same for one account, where an audit is made each day.
ASSUMED_OF_ONE = {
    "dashboard, $ a month": (3.00, "one that is beyond an account's first three"),
    "metric of its own, $ a month": (0.30, "by the hours that it has a value in"),
    "metrics of an audit": (4, "as the function writes them"),
    "seconds for a resource in an audit": (1, "of IAM's answers, mostly; 0.25 GB"),
    "transitions of an audit": (6, "of one that finds nothing, and needs the function once"),
}
PERCENT = 15

# What nobody measured here. Prices are those of us-east-1 without a free tier.
ASSUMED = {
    "seconds of a home stack": (180, "two waves of IAM and a function; StackSets' own time is published nowhere"),
    "seconds of another stack": (90, "a role, a function and a request"),
    "instances at work at once": (3_500, "CloudFormation's quotas, in each Region, all stack sets together"),
    "calls of Service Quotas in a second": (3, "published: 3 requests or 5 reads, of an account in a Region"),
    "instances of a stack set": (100_000, "CloudFormation's quotas; older accounts have 2,000"),
    "Lambda, $ for a GB-second": (0.0000166667, "x86_64"),
    "Lambda, $ for a million requests": (0.20, ""),
    "seconds of an execution": (3, "of IAM's answers, mostly; 0.25 GB"),
    "CloudWatch Logs, $ for a GB taken in": (0.50, ""),
    "KB of log for a request": (6, ""),
    "Step Functions, $ for 1,000 transitions": (0.025, "standard workflow"),
    "alarm, $ a month": (0.10, "each of two"),
    "S3, $ for a GB-month": (0.023, ""),
    "updates a month": (4, "new versions or other parameters, for every account"),
    "sweeps a month": (730, "rate(1 hour)"),
}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("accounts", type=int, nargs="?")
    arguments.add_argument("regions", type=int, nargs="?")
    arguments.add_argument("--measure", action="store_true")
    asked = arguments.parse_args()
    if asked.measure:
        COUNTS.write_text(json.dumps({str(accounts): measure(accounts) for accounts in MEASURED}, indent=1) + "\n")
        print(COUNTS.read_text())
        return
    for line in plan(asked.accounts, asked.regions, json.loads(COUNTS.read_text())):
        print(line)


# --- measuring ---


def measure(accounts):
    with running_organization(REGIONS) as organization:
        organization.unit("all")
        numbers = [organization.account(f"account-{n}", "all") for n in range(accounts)]
        counts = {"accounts": accounts, "regions": len(REGIONS)}

        def counted(what, change):
            since, began = organization.emulator.records.size(), time.monotonic()
            asked = len(organization.emulator.quotas.calls)
            change()
            counts[what] = organization.calls(since, numbers)
            counts[what]["quotas"] = round((len(organization.emulator.quotas.calls) - asked) / accounts, 1)
            counts[f"{what}, seconds here"] = round(time.monotonic() - began, 1)

        all_of_it = {**BASELINE, "MaxConcurrentPercentage": str(PERCENT)}
        counted("create", lambda: organization.deploy("plan", ["all"], **all_of_it))
        states = organization.states("plan")
        assert set(states.values()) == {"SUCCEEDED"} and len(states) == accounts * len(REGIONS), states
        ids = {it["Region"]: it["StackId"] for it in organization.instances("plan", numbers[0])}

        def resources(region):
            own = organization.client("cloudformation", numbers[0], region)
            return len(stacks.describe(own, ids[region]).resources)

        counts["resources"] = {"home": resources(REGIONS[0]), "elsewhere": resources(REGIONS[1])}
        counted("update", lambda: organization.update("plan", ["all"], **all_of_it, SlimInstanceProfile="false"))
        counted("delete", lambda: organization.delete("plan"))
        return counts


# --- computing ---


def plan(accounts, regions, counts):
    few, many = (counts[str(number)] for number in MEASURED)
    value = {name: number for name, (number, _) in ASSUMED.items()}
    instances = accounts * regions
    yield f"{accounts:,} accounts × {regions} Regions: {instances:,} stack instances"
    yield ""
    yield "Calls of the functions, counted here"
    for what in ("create", "update", "delete"):
        a, b = few[what]["iam"], many[what]["iam"]
        apart = abs(a - b) / max(a, b)
        busier = "where the machine is busier: what takes longer looks again"
        verdict = "the same" if apart <= 0.02 else f"{apart:.0%} more {busier}"
        yield (
            f"  {what}: {b:g} of IAM, {many[what].get('cloudformation', 0):g} of CloudFormation and "
            f"{many[what]['quotas']:g} about the quota for each account "
            f"({a:g} at {MEASURED[0]} accounts, {b:g} at {MEASURED[1]}: {verdict}); in all {b * accounts:,.0f} of IAM"
        )
    yield "  IAM throttles each account by itself, so accounts do not slow each other"
    resources = many["resources"]
    total = accounts * resources["home"] + (instances - accounts) * resources["elsewhere"]
    yield f"  {resources['home']} resources in a home stack and {resources['elsewhere']} in each other one: {total:,}"
    yield ""
    yield "Time, computed"
    at_once = min(max(accounts * PERCENT // 100, 1), int(value["instances at work at once"]))
    waves = -(-accounts // at_once)
    seconds = waves * max(value["seconds of a home stack"], value["seconds of another stack"])
    yield f"  {at_once} accounts at once ({PERCENT} %), Regions in parallel: {waves} waves, {seconds / 60:.0f} minutes"
    alone = value["seconds of a home stack"] + (regions - 1) * value["seconds of another stack"]
    yield f"  a new account, one Region after another: {alone / 60:.0f} minutes once StackSets has begun"
    quota = many["create"]["quotas"] / many["regions"] / value["calls of Service Quotas in a second"]
    yield f"  Service Quotas holds a stack up for {quota:.1f} seconds, each account by itself"
    limit = int(value["instances of a stack set"])
    fits = "" if instances <= limit else ": TOO MANY, use more stacks of organization.yaml"
    yield f"  {instances:,} of {limit:,} instances that a stack set can have{fits}"
    yield ""
    yield "Cost for a month, computed"
    costs = dict(monthly(accounts, regions, value))
    for what, dollars in costs.items():
        yield f"  {dollars:10.2f} $  {what}"
    yield f"  {sum(costs.values()):10.2f} $  in all, {sum(costs.values()) / accounts:.4f} $ for each account"
    yield ""
    yield "Assumed"
    for name, (number, why) in ASSUMED.items():
        yield f"  {number:>12,} {name}" + (f" ({why})" if why else "")


def monthly(accounts, regions, value):
    requests = accounts * (1 + regions) * value["updates a month"]
    yield "Lambda in the accounts", requests * (
        value["seconds of an execution"] * 0.25 * value["Lambda, $ for a GB-second"]
        + value["Lambda, $ for a million requests"] / 1e6
    )
    logged = requests * value["KB of log for a request"] / 1e6
    yield "logs in the accounts", logged * value["CloudWatch Logs, $ for a GB taken in"]
    pages = -(-accounts * regions // 100)
    transitions = (3 * pages + 2) * value["sweeps a month"]
    yield f"sweeps: {pages} pages each", transitions / 1000 * value["Step Functions, $ for 1,000 transitions"]
    yield "alarms", 2 * value["alarm, $ a month"]
    size = sum((PACKAGE / name).stat().st_size for name in json.loads((PACKAGE / "published.json").read_text()))
    stored = regions * size / 1e9 * value["S3, $ for a GB-month"]
    yield f"code of one version: {size / 1e6:.1f} MB in each Region", stored


def of_one_account(stacks, alarms, audit_alarms):
    """Dollars a month for a provider of so many stacks, by their purpose: docs/operate.md."""
    value = {name: number for name, (number, _) in (ASSUMED | ASSUMED_OF_ONE).items()}
    second = 0.25 * value["Lambda, $ for a GB-second"]
    requests = stacks * value["updates a month"]
    audits, hours = 30, 730
    yield "the functions", requests * (
        value["seconds of an execution"] * second + value["Lambda, $ for a million requests"] / 1e6
    )
    logged = requests * value["KB of log for a request"] / 1e6
    yield "their logs", logged * value["CloudWatch Logs, $ for a GB taken in"]
    yield "`AlarmTopicArn`", alarms * value["alarm, $ a month"]
    yield "`Dashboard=true`", value["dashboard, $ a month"]
    yield "`Audit=report`", audits * (
        stacks * value["seconds for a resource in an audit"] * second
        + value["transitions of an audit"] / 1000 * value["Step Functions, $ for 1,000 transitions"]
        + value["metrics of an audit"] * value["metric of its own, $ a month"] / hours
    )
    yield "`Audit=report` with `AlarmTopicArn`, besides", audit_alarms * value["alarm, $ a month"]


if __name__ == "__main__":
    main()
