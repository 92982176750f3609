"""What the functions may cost, in figures that do not depend on the machine: calls, calls at once, memory, sizes and
instructions. `tests/budget.json` has them, `tests/e2e/test_budget.py` holds them, `make bench-budget` renews them."""

import io
import json
import shutil
import sys
import zipfile
from dataclasses import replace

from e2e import provider
from e2e.demo import say

from . import peers, programs
from .programs import Conditions, measure, started
from .world import answer_to, request, running_fake, send

FILE = provider.ROOT / "tests" / "budget.json"
MARGIN = 0.05
"""Of sizes, memory and instructions, which differ a little from one build or run to the next. Calls do not."""
CONDITIONS = Conditions("20 ms", delay=20)
SLOW = Conditions("500 ms", delay=500)
BINARIES = {"iam-preset": programs.OURS, "lambda-concurrency": provider.CONCURRENCY_BOOTSTRAP}
TAGS = {"Tags": [{"Key": "team", "Value": "seismics"}]}
USERS = {"Parameters": {"UserNames": ["alice", "bob"]}}

# Properties, and what an Update brings.
CASES = {
    "lithops": ({"Preset": "lithops", **USERS}, TAGS),
    "orchestra": ({"Preset": "orchestra", **USERS}, TAGS),
    "skypilot": ({"Preset": "skypilot", **USERS}, TAGS),
    "slim": ({"Preset": "slim", **USERS}, TAGS),
    "zappa": ({"Preset": "zappa", "Parameters": {"UserNames": ["alice", "bob"], "Deployments": ["tr-relay"]}}, TAGS),
    **peers.PRESETS,
}


def of_case(fake, name):
    """What each operation calls, and the most that one of them takes."""
    first, changed = CASES[name]
    second = {**first, **changed}
    fake.ask("reset", state="new")
    fake.ask("iam", calls=[{"Action": "CreateUser", "UserName": user} for user in ("alice", "bob")])
    made = measure(fake, programs.ours, "Create", first, CONDITIONS)
    more = {"physical_id": peers.must_succeed(made).answer["PhysicalResourceId"]}
    found = {
        "Create": made,
        "Update of nothing": measure(fake, programs.ours, "Update", first, CONDITIONS, old=first, **more),
        "Update": measure(fake, programs.ours, "Update", second, CONDITIONS, old=first, **more),
        "Delete": measure(fake, programs.ours, "Delete", second, CONDITIONS, **more),
    }
    return {
        "calls": {operation: peers.must_succeed(one).by_action for operation, one in found.items()},
        "most": {
            "calls at once": max(one.most for one in found.values()),
            "MiB": round(max(one.memory for one in found.values()), 1),
        },
    }


def sizes():
    """In bytes: of each function's binary, and of the zip that Lambda is given."""
    kinds = {"binary": lambda path: path.stat().st_size, "zip": zipped}
    return {f"{name}, {kind}": size(path) for name, path in BINARIES.items() for kind, size in kinds.items()}


def zipped(path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        file.write(path, "bootstrap")
    return archive.tell()


def instructions(fake, say):
    """Of the function until its first event, and with a Create; None where there is no valgrind.

    Calls take long, so that eight connections are open before the first of them ends: else there may be more.
    """
    if not shutil.which("valgrind"):
        say("there is no valgrind: instructions are not counted")
        return None
    counted = ("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(programs.OURS))
    program = replace(programs.ours, command=counted)
    found = {}
    for name in ("start", "Create of slim"):
        fake.ask("reset", state="new", **SLOW.as_asked())
        with started(fake, program, SLOW) as process:
            if name != "start":
                event = request(fake, "Create", {"Preset": "slim"})
                send(fake, process.name, event)
                answer_to(fake, event)
                process.wait_until_idle()
            process.process.terminate()
            process.process.wait(timeout=60)
            found[name] = int(process.printed().split("Collected : ")[1].split()[0])
    return found


def other_calls(case, found):
    """Where the calls are not those of the budget: how many there are, and how many there should be."""
    other = {}
    for operation, calls in found["calls"].items():
        allowed = read()["calls"].get(case, {}).get(operation, {})
        for action in sorted(calls.keys() | allowed.keys()):
            numbers = calls.get(action, 0), allowed.get(action, 0)
            if numbers[0] != numbers[1]:
                other[f"{operation}: {action}"] = numbers
    return other


def exceeded(budget, found):
    """What is more than in the budget, with its margin; of calls at once there is none."""
    margins = {"calls at once": 0}
    return {
        name: (number, budget.get(name, 0))
        for name, number in found.items()
        if number > budget.get(name, 0) * (1 + margins.get(name, MARGIN))
    }


def read():
    return json.loads(FILE.read_text())


def main():
    with running_fake() as fake:
        found = {name: of_case(fake, name) for name in CASES}
        kinds = found["slim"]["most"]
        budget = {
            "calls": {name: one["calls"] for name, one in found.items()},
            "most": {kind: max(one["most"][kind] for one in found.values()) for kind in kinds},
            "sizes": sizes(),
            # Those of another machine stay where they cannot be counted.
            "instructions": instructions(fake, say) or read()["instructions"],
        }
    FILE.write_text(json.dumps(budget, indent=1, sort_keys=True) + "\n")
    say(f"written: {FILE.relative_to(provider.ROOT)}; `git diff` says what changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
