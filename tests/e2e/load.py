"""`make load`: many resources at once in a new account, where Lambda runs ten functions at a time and IAM takes five
writes a second. Everything has to end well, and the account has to be as it was.

CloudFormation makes 30 stacks with a preset each. For one stack with 200 it is played here, because the emulator makes
one resource after the other: all requests are sent to the function at once. Lambda is the emulator with the queue of
asynchronous events that AWS documents (`aws_lambda`), in real time; the limit of IAM is a proxy before the emulator.
"""

import json
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from . import provider, stacks
from .account import account_snapshot
from .demo import mark, say, title
from .emulator import REGION, running_emulator
from .log_check import as_json, complaints
from .proxy import Answer, proxy, throttled
from .runtime import LAMBDA_SECONDS, mailbox

# How many of each preset the one stack has.
LARGE = {"skypilot": 120, "orchestra": 60, "slim": 10, "lithops": 10}
MANY = 30
CONCURRENCY = 10
WRITES_PER_SECOND = 5
SERVICE_TIMEOUT = 300
USERS = 10
COLUMNS = ("seconds", "slowest", "calls", "writes", "refused", "put back", "again", "dropped", "failed")


def main():
    settings = {"LAMBDA_ACCOUNT_CONCURRENCY": str(CONCURRENCY), "LAMBDA_SECOND": "1"}
    limit = Limit(WRITES_PER_SECOND)
    played = Played()
    with (
        running_emulator(**settings) as emulator,
        proxy(emulator.endpoint, limit) as iam,
        proxy(emulator.endpoint, played) as cloudformation,
        mailbox() as answers,
    ):
        return 0 if Load(emulator, limit, played, answers).run(iam, cloudformation) else 1


class Load:
    def __init__(self, emulator, limit, played, answers):
        self.emulator, self.limit, self.played, self.answers = emulator, limit, played, answers
        self.iam, self.cloudformation = emulator.client("iam"), emulator.client("cloudformation")
        self.functions = emulator.client("lambda")
        self.phases = []
        self.held = True

    def run(self, iam, cloudformation):
        title(f"{CONCURRENCY} functions at a time, {WRITES_PER_SECOND} writes to IAM a second")
        self.deploy(AWS_ENDPOINT_URL_IAM=iam, AWS_ENDPOINT_URL_CLOUDFORMATION=cloudformation)
        for number in range(USERS):
            self.iam.create_user(UserName=f"user-{number}")
        before = account_snapshot(self.iam)
        self.one_large_stack()
        self.check("the account is as it was", account_snapshot(self.iam) == before)
        self.many_stacks()
        self.check("the account is as it was", account_snapshot(self.iam) == before)
        found = complaints(self.emulator)
        self.check("the log has no secret, and says of each change who asked for it", not found)
        for complaint in found:
            say(complaint)
        title("What it took")
        self.report()
        slowest = max(phase.slowest for phase in self.phases)
        self.check(f"the slowest request took {slowest:.0f} of its {LAMBDA_SECONDS} s", slowest < LAMBDA_SECONDS)
        return self.held

    def deploy(self, **endpoints):
        names = ("SkyPilotRoleName", "SkyPilotPolicyName", "OrchestraPolicyName", "SlimNamePrefix", "LithopsNamePrefix")
        origins = f"{self.emulator.endpoint},{self.answers.origin}"
        provider.deploy(self.emulator, AllowedResponseOrigins=origins, **dict.fromkeys(names, "load-*"))
        self.function = stacks.describe(self.cloudformation, provider.STACK).resources["IamPresetFunction"]
        given = self.functions.get_function_configuration(FunctionName=self.function)["Environment"]["Variables"]
        variables = {"Variables": given | endpoints}
        self.functions.update_function_configuration(FunctionName=self.function, Environment=variables)

    # --- one stack, CloudFormation being played ---

    def one_large_stack(self):
        named = [(preset, number) for preset, count in LARGE.items() for number in range(count)]
        resources = {f"{preset.title()}{number}": properties(preset, number) for preset, number in named}
        stack_id = f"arn:aws:cloudformation:{REGION}:000000000000:stack/large/{uuid.uuid4()}"
        with self.phase(f"{len(named)} resources of one stack are made") as phase:
            made = self.request("Create", stack_id, resources, phase)
        ids = {name: answer["PhysicalResourceId"] for name, answer in made.items() if answer}
        with self.phase(f"{len(named)} resources of one stack are deleted") as phase:
            self.request("Delete", stack_id, resources, phase, ids)

    def request(self, kind, stack_id, resources, phase, ids=None):
        """The answers to requests that are all sent at once; None where CloudFormation would wait no longer."""
        requests = {name: str(uuid.uuid4()) for name in resources}
        self.played.asks(kind, stack_id, requests)
        for name, request_id in requests.items():
            event = {
                "RequestType": kind,
                "RequestId": request_id,
                "ResponseURL": self.answers.address(request_id),
                "StackId": stack_id,
                "LogicalResourceId": name,
                "ResourceType": "Custom::IamPreset",
                "ResourceProperties": resources[name],
            }
            if ids is not None:
                event["PhysicalResourceId"] = ids.get(name, f"large-{name}-{uuid.uuid4().hex[:12].upper()}")
            self.functions.invoke(FunctionName=self.function, InvocationType="Event", Payload=json.dumps(event))
        deadline = time.monotonic() + SERVICE_TIMEOUT
        answers = {}
        for name, request_id in requests.items():
            try:
                answers[name] = self.answers.wait_for(request_id, deadline - time.monotonic())
            except TimeoutError:
                answers[name] = None
        phase.fails(
            f"{name}: {answer['Reason'] if answer else 'no answer in time'}"
            for name, answer in answers.items()
            if answer is None or answer["Status"] != "SUCCESS"
        )
        return answers

    # --- many stacks, by the emulator's CloudFormation ---

    def many_stacks(self):
        names = [f"stack-{number}" for number in range(MANY)]
        templates = {name: stacks.preset_template("skypilot", **skypilot(name)) for name in names}
        with self.phase(f"{MANY} stacks are made") as phase, ThreadPoolExecutor(MANY) as pool:
            made = pool.map(lambda name: stacks.create(self.cloudformation, name, templates[name]), names)
            phase.fails(f"{one.name}: {one.failures()}" for one in made if one.status != "CREATE_COMPLETE")
        with self.phase(f"{MANY} stacks are deleted") as phase, ThreadPoolExecutor(MANY) as pool:
            deleted = pool.map(lambda name: stacks.delete(self.cloudformation, name), names)
            phase.fails(f"{one.name}: {one.failures()}" for one in deleted if one.status != "DELETE_COMPLETE")

    # --- what is measured ---

    @contextmanager
    def phase(self, name):
        phase = Phase(name)
        started, counted, noted = time.monotonic(), Counter(self.limit.counts), self.emulator.records.size()
        yield phase
        phase.counts = self.limit.counts - counted
        phase.seconds = time.monotonic() - started
        phase.read(self.emulator.records.read(noted))
        self.phases.append(phase)
        self.check(f"{name}: all ended well, after {phase.seconds:.0f} s", not phase.failures)
        for failure in phase.failures:
            say(f"  {failure}")

    def report(self):
        width = max(len(phase.name) for phase in self.phases)
        say(" " * width + "".join(f"{column:>10}" for column in COLUMNS))
        for phase in self.phases:
            say(f"{phase.name:<{width}}" + "".join(f"{value:>10}" for value in phase.row()))

    def check(self, what, held):
        self.held = bool(held) and self.held
        say(f"{mark(held)} {what}")


@dataclass
class Phase:
    """What a part of the load took, in the order of the columns:

    seconds in all, seconds of the slowest request, calls of IAM, writes that IAM took, calls that it refused as too
    many, how often Lambda put a request back for want of concurrency, how often it brought one again after an error,
    requests that it gave up, and requests or stacks that did not end well.
    """

    name: str
    seconds: float = 0
    slowest: float = 0
    counts: Counter = field(default_factory=Counter)
    put_back: int = 0
    again: int = 0
    dropped: int = 0
    failures: list = field(default_factory=list)

    def fails(self, failures):
        self.failures = list(failures)

    def read(self, records):
        self.put_back = sum("throttled" in record for record in records)
        self.dropped = sum("dropped" in record for record in records)
        begun = {}
        for record in records:
            if "invoked" in record:
                request_id = record["invoked"]["RequestId"]
                self.again += any(known == request_id for _, known in begun)
                begun[record["environment"], request_id] = record["at"]
            elif "printed" in record:
                line = as_json(record["printed"]) or {}
                at = begun.get((record["environment"], line.get("span", {}).get("request_id")))
                self.slowest = max(self.slowest, record["at"] - at if at else 0)

    def row(self):
        counts = [self.counts[kind] for kind in ("calls", "writes", "refused")]
        seconds = [f"{self.seconds:.0f}", f"{self.slowest:.1f}"]
        return [*seconds, *counts, self.put_back, self.again, self.dropped, len(self.failures)]


class Limit:
    """Lets so many writes through in a second, or a second's worth at once; IAM refuses the others as throttled."""

    def __init__(self, rate):
        self.rate, self.tokens, self.filled = rate, rate, time.monotonic()
        self.lock = threading.Lock()
        self.counts = Counter()

    def __call__(self, call):
        with self.lock:
            passes = not call.is_write or self.takes_one()
            self.counts["calls"] += 1
            self.counts["writes"] += passes and call.is_write
            self.counts["refused"] += not passes
        return call.forward() if passes else throttled()

    def takes_one(self):
        now = time.monotonic()
        self.tokens = min(self.rate, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


EVENTS = """<DescribeStackEventsResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">\
<DescribeStackEventsResult><StackEvents>{}</StackEvents></DescribeStackEventsResult>\
</DescribeStackEventsResponse>"""
EVENT = """<member><EventId>{name}</EventId><StackId>{stack_id}</StackId><StackName>large</StackName>\
<LogicalResourceId>{name}</LogicalResourceId><ResourceStatus>{kind}_IN_PROGRESS</ResourceStatus>\
<Timestamp>{at}</Timestamp></member>"""


class Played:
    """CloudFormation's events, with those of the stack that is played."""

    def __init__(self):
        self.events = {}

    def asks(self, kind, stack_id, names):
        """The request of this kind that the resources of these names were sent last."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        events = (EVENT.format(name=name, stack_id=stack_id, kind=kind.upper(), at=at) for name in names)
        self.events[stack_id] = EVENTS.format("".join(events))

    def __call__(self, call):
        events = self.events.get(call.parameters.get("StackName"))
        return Answer(200, events.encode()) if events else call.forward()


def properties(preset, number):
    """The properties of one of many, with names of its own."""
    name = f"load-{number}"
    own = {
        "skypilot": {"Parameters": {"PolicyName": name, "RoleName": name}},
        "orchestra": {"Parameters": {"PolicyName": f"{name}-o", "UserNames": [f"user-{number % USERS}"]}},
        "slim": {"Parameters": {"NamePrefix": f"{name}-"}},
        "lithops": {"Parameters": {"NamePrefix": f"{name}-"}},
    }
    common = {"ServiceTimeout": str(SERVICE_TIMEOUT), "AcknowledgeAdminEquivalent": "true"}
    return {"ServiceToken": "by-hand", "Preset": preset, **common, **own[preset]}


def skypilot(name):
    return {"Parameters": {"PolicyName": f"load-{name}", "RoleName": f"load-{name}"}}


if __name__ == "__main__":
    sys.exit(main())
