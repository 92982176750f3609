"""What grows with the number of objects of a resource, and with the number of resources in an account; and what ten
functions get of a bucket of writes that they share."""

import queue
import threading
import uuid
from contextlib import ExitStack

from e2e.emulator import REGION

from . import programs
from .programs import Conditions, measure, started
from .world import answer_to, request, send

NEAR = Conditions("20 ms", delay=20)
FREE = Conditions("0 ms")
COUNTS = (1, 25, 50, 100, 200)
RESOURCES = (1, 25, 50, 100, 200)
FUNCTIONS = 10
NAMES = {"ALLOWED_NAMES": "skypilot.RoleName=many-* skypilot.PolicyName=many-* slim.NamePrefix=many-*"}


def named(word, count):
    return [f"{word}-{number:03}" for number in range(count)]


# What the presets let grow: properties by the number of objects, and what the account has to have for it.
SETS = {
    "slim: UserNames": (
        lambda count: {"Preset": "slim", "Parameters": {"UserNames": named("user", count)}},
        lambda count: [{"Action": "CreateUser", "UserName": name} for name in named("user", count)],
    ),
    "orchestra: GroupNames": (
        lambda count: {"Preset": "orchestra", "Parameters": {"GroupNames": named("group", count)}},
        lambda count: [{"Action": "CreateGroup", "GroupName": name} for name in named("group", count)],
    ),
    "zappa: Deployments": (
        lambda count: {"Preset": "zappa", "Parameters": {"Deployments": named("tr-relay", count)}},
        lambda count: [],
    ),
}


def of_objects(fake, say, counts=COUNTS):
    """By set and operation, a row for each number of objects."""
    rows = {}
    for name, (properties, account) in SETS.items():
        for count in counts:
            fake.ask("reset", state="new")
            fake.ask("iam", calls=account(count))
            given = properties(count)
            made = measure(fake, programs.ours, "Create", given, NEAR)
            if made.answer["Status"] != "SUCCESS":
                # Zappa's answer names each role, and CloudFormation reads no more than 4096 bytes.
                say(f"{name}, {count}: refused")
                break
            more = {"physical_id": made.answer["PhysicalResourceId"]}
            same = measure(fake, programs.ours, "Update", given, NEAR, old=given, **more)
            gone = measure(fake, programs.ours, "Delete", given, NEAR, **more)
            for operation, one in (("Create", made), ("Update of nothing", same), ("Delete", gone)):
                row = {"objects": count, "seconds": one.handler / 1000, "calls": one.calls, "memory": one.memory}
                rows.setdefault(name, {}).setdefault(operation, []).append(row | {"cpu": one.handler_cpu / 1000})
        say(name)
    return rows


# --- resources in one account ---


def skypilot(number):
    return {"Preset": "skypilot", "Parameters": {"RoleName": f"many-{number}", "PolicyName": f"many-{number}"}}


def stack_id(number):
    return f"arn:aws:cloudformation:{REGION}:000000000000:stack/many-{number}/{uuid.uuid4()}"


def one_after_the_other(fake, most=RESOURCES[-1]):
    """One process makes them all: of each the milliseconds and calls it took, and the memory by then."""
    fake.ask("reset", state="new", **FREE.as_asked())
    rows = []
    with started(fake, programs.ours, FREE, **NAMES) as process:
        calls, cpu = 0, process.cpu()
        for number in range(most):
            event = request(fake, "Create", skypilot(number), stack_id=stack_id(number))
            took = serve(fake, process, event)
            process.wait_until_idle()
            total, spent = sum(fake.ask("counts")["calls"].values()), process.cpu()
            row = {"there": number + 1, "ms": took, "calls": total - calls, "cpu": spent - cpu}
            rows.append(row | {"memory": process.memory()})
            calls, cpu = total, spent
    return rows


def all_at_once(fake, counts=RESOURCES):
    """All requests at once to as many functions as a new account runs: the seconds until the last answer."""
    rows = []
    for count in counts:
        fake.ask("reset", state="new", **NEAR.as_asked())
        events = queue.SimpleQueue()
        for number in range(count):
            events.put(request(fake, "Create", skypilot(number), stack_id=stack_id(number)))
        took = []

        def work(process, events=events, took=took):
            while True:
                try:
                    event = events.get_nowait()
                except queue.Empty:
                    return
                took.append(serve(fake, process, event))
                process.wait_until_idle()

        with ExitStack() as stack:
            functions = [
                stack.enter_context(started(fake, programs.ours, NEAR, **NAMES)) for _ in range(min(FUNCTIONS, count))
            ]
            began = fake.ask("now")["at"]
            together(work, functions)
            seconds = (fake.ask("now")["at"] - began) / 1000
            memory = max(process.memory() for process in functions)
        calls = sum(fake.ask("counts")["calls"].values())
        rows.append({"resources": count, "seconds": seconds, "calls": calls, "memory": memory, "slowest": max(took)})
    return rows


def serve(fake, process, event):
    """The milliseconds until the answer, which has to be a success."""
    sent = send(fake, process.name, event)
    came, answer = answer_to(fake, event)
    if answer["Status"] != "SUCCESS":
        raise RuntimeError(answer["Reason"])
    return came - sent


def together(work, each):
    problems = []

    def run(one):
        try:
            work(one)
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(one,)) for one in each]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


# --- a bucket that is shared ---


def of_one_bucket(fake, functions=FUNCTIONS, rate=5, capacity=10):
    """Functions that make a preset each at the same moment, where IAM takes few writes a second."""
    conditions = Conditions("shared", delay=50, rate=rate, capacity=capacity)
    fake.ask("reset", state="new", **conditions.as_asked())
    rows = []

    def work(numbered):
        number, process = numbered
        properties = {
            "Preset": "slim",
            "Edition": "documented",
            "AcknowledgeAdminEquivalent": "true",
            "Parameters": {"NamePrefix": f"many-{number}-"},
        }
        event = request(fake, "Create", properties, stack_id=stack_id(number))
        took = serve(fake, process, event)
        rows.append({"function": number, "seconds": took / 1000})

    with ExitStack() as stack:
        started_ones = [
            stack.enter_context(
                started(fake, programs.ours, conditions, **NAMES, AWS_ACCESS_KEY_ID=f"FUNCTION{number}")
            )
            for number in range(functions)
        ]
        fake.ask("reset", state="new", **conditions.as_asked())
        together(work, list(enumerate(started_ones)))
    counts = fake.ask("counts")
    for row in rows:
        row |= counts["of"][f"FUNCTION{row['function']}"]
    rows.sort(key=lambda row: row["seconds"])
    accepted = sum(row["accepted"] for row in rows)
    bound = max(0, accepted - capacity) / rate
    return {
        "rows": rows,
        "bound": bound,
        "rate": rate,
        "capacity": capacity,
        "accepted": accepted,
        "refused": counts["refused"],
    }


# --- memory that a function is given ---


def of_memory(fake, rounds=5):
    """A Create by settings of memory, which come with a share of a processor each: milliseconds."""
    properties = {"Preset": "slim", "Edition": "documented", "AcknowledgeAdminEquivalent": "true"}
    rows = {}
    for _ in range(rounds):
        for megabytes in (128, 256, 512, 1769):
            conditions = Conditions(f"{megabytes} MB", delay=50, share=min(1, megabytes / 1769))
            one = measure(fake, programs.ours, "Create", properties, conditions, state="new")
            rows.setdefault(megabytes, []).append(one.handler)
    # The first of each is not counted.
    return [{"megabytes": megabytes, "ms": sorted(took[1:] or took)} for megabytes, took in rows.items()]
