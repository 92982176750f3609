"""Ours beside its peers: the same changes under the same conditions."""

import statistics

import boto3

from e2e.account import account_snapshot, service_linked_roles, without_numbers
from e2e.emulator import REGION, running_emulator

from . import programs
from .programs import Conditions, measure, write_calls

ADMIN = {"AcknowledgeAdminEquivalent": "true"}

# A preset, and what an Update brings. The second makes the most changes of all.
PRESETS = {
    "slim, documented": ({"Preset": "slim", "Edition": "documented", **ADMIN}, {"Edition": "current"}),
    "lithops, current": ({"Preset": "lithops", "Edition": "current", **ADMIN}, {"Edition": "hardened"}),
}
FREE = Conditions("0 ms")
USUAL = Conditions("50 ms", delay=50)
CONDITIONS = (
    FREE,
    Conditions("20 ms", delay=20),
    USUAL,
    Conditions("a round trip of 50 ms", round_trip=50),
    Conditions("50 ms, 128 MB", delay=50, share=programs.SHARE_OF_128_MB),
    Conditions("50 ms, throttled", delay=50, rate=5, capacity=10),
)
OPERATIONS = ("Create", "Update of nothing", "Update", "Delete")
METRICS = (
    "init", "init_cpu", "handler", "handler_cpu", "memory", "calls", "reads", "refused", "connections", "most",
)  # fmt: skip


def measured(fake, rounds, say):
    """By preset, conditions, operation and program: of each metric the median, the least and the most."""
    calls = {name: recorded(fake, name) for name in PRESETS}
    samples = {}
    for number in range(rounds):
        for preset, conditions in cases():
            # Nobody is always the first.
            turn = number % len(programs.ALL)
            for program in (*programs.ALL[turn:], *programs.ALL[:turn]):
                for operation, one in life(fake, program, preset, conditions, calls[preset]):
                    if number > 0 or rounds == 1:
                        key = (preset, conditions.name, operation, program.name)
                        samples.setdefault(key, []).append(one)
        say(f"round {number + 1} of {rounds}" + (", not counted" if number == 0 and rounds > 1 else ""))
    return {key: summary(ones) for key, ones in samples.items()}


def cases():
    yield from (("slim, documented", conditions) for conditions in CONDITIONS)
    yield "lithops, current", USUAL


def life(fake, program, preset, conditions, calls):
    """Each request goes to a new process. Everything but a Create is measured at 50 ms alone."""
    for operation, one in requests(fake, program, preset, conditions, calls):
        yield operation, one
        if conditions != USUAL:
            return


def requests(fake, program, preset, conditions, calls, aws=None):
    first, changed = PRESETS[preset]
    more = {"calls": None if program is programs.ours else calls, "aws": aws}
    made = measure(fake, program, "Create", first, conditions, state="new", **more)
    yield "Create", made
    more["physical_id"] = made.answer["PhysicalResourceId"]
    second = {**first, **changed}
    yield "Update of nothing", measure(fake, program, "Update", first, conditions, old=first, **more)
    yield "Update", measure(fake, program, "Update", second, conditions, old=first, **more)
    yield "Delete", measure(fake, program, "Delete", second, conditions, **more)


def recorded(fake, preset):
    """The writes of ours, for the peers to make."""
    made = dict(requests(fake, programs.ours, preset, FREE, None))
    writes = {kind: must_succeed(made[kind]).writes for kind in ("Create", "Update", "Delete")}
    return write_calls(fake.directory / f"{preset}.json", **writes)


def must_succeed(one):
    if one.answer["Status"] != "SUCCESS":
        raise RuntimeError(one.answer.get("Reason"))
    return one


def summary(ones):
    numbers = {
        metric: [round(of([getattr(one, metric) for one in ones]), 2) for of in (statistics.median, min, max)]
        for metric in METRICS
    }
    failed = sum(one.answer["Status"] != "SUCCESS" for one in ones)
    return {**numbers, "runs": len(ones), "failed": failed, "by_action": ones[-1].by_action}


# --- the same objects, by another's judgement ---


def compared(fake, say):
    """After each request, what the program made in the fake's account and what it made in MiniStack's."""
    with running_emulator() as emulator:
        theirs, ours = emulator.client("iam"), account_of(fake)
        for preset in PRESETS:
            calls = recorded(fake, preset)
            ends = {}
            for program in programs.ALL:
                ends[program.name, "the fake"] = after_each(fake, program, preset, calls, ours)
                ends[program.name, "MiniStack"] = after_each(fake, program, preset, calls, theirs, emulator.endpoint)
                for role in service_linked_roles(theirs):
                    theirs.delete_role(RoleName=role)
            first = ends[programs.ours.name, "MiniStack"]
            different = [f"{name}, {where}" for (name, where), states in ends.items() if states != first]
            if different:
                raise RuntimeError(f"{preset}: not the same objects: {'; '.join(different)}")
            say(f"{preset}: the same objects after each request, of all programs, in the fake and in MiniStack")


def after_each(fake, program, preset, calls, iam, aws=None):
    states = []
    for operation, one in requests(fake, program, preset, FREE, calls, aws):
        must_succeed(one)
        states.append((operation, without_numbers(account_snapshot(iam)), service_linked_roles(iam)))
    return states


def account_of(fake):
    return boto3.client(
        "iam",
        endpoint_url=fake.origin("aws"),
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        verify=fake.roots,
    )
