"""Requests that come late, twice, at the wrong moment or to a process that dies: the account ends as it was.

The release binary runs as processes of our own against the emulated account, with the function's own role, so that its
calls can be held and itself be killed; where CloudFormation or Lambda are what matters, it runs in the emulator.
"""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from . import provider, stacks
from .environments import environment
from .proxy import proxy, throttled
from .runtime import FUNCTION_ARN
from .stacks import preset_template

SERVICE_TIMEOUT = 300
# Enough for a Delete that looks again, twice after five seconds, whether a Create is still at work.
SHORT_SERVICE_TIMEOUT = 14
WAIT_SECONDS = 60


@pytest.fixture
def start(emulator, answers):
    """Starts an environment, whose calls go to `serve` if that is given."""
    with ExitStack() as running:

        def start(serve=None):
            iam = running.enter_context(proxy(emulator.endpoint, serve)) if serve else emulator.endpoint
            return running.enter_context(environment(emulator, answers, iam))

        yield start


class Resource:
    """A resource of a stack, and what CloudFormation asks for it."""

    def __init__(self, answers, preset, **parameters):
        self.answers = answers
        self.stack_id = f"arn:aws:cloudformation:us-east-1:000000000000:stack/own/{uuid.uuid4()}"
        # In this edition slim has the most links, and so the most moments to die at.
        edition = {"Edition": "current", "AcknowledgeAdminEquivalent": "true"}
        properties = {"Preset": preset, **edition, "Parameters": parameters}
        self.properties = {"ServiceToken": FUNCTION_ARN, "ServiceTimeout": str(SERVICE_TIMEOUT), **properties}

    # Signed a minute from now, unless its age matters: a busy machine does not make it an old one.
    def request(self, kind, age=-60, physical_id=None):
        request_id = str(uuid.uuid4())
        event = {
            "RequestType": kind,
            "RequestId": request_id,
            "ResponseURL": self.answers.address(request_id, time.time() - age),
            "StackId": self.stack_id,
            "LogicalResourceId": "Preset",
            "ResourceType": "Custom::IamPreset",
            "ResourceProperties": self.properties,
        }
        return event | ({"PhysicalResourceId": physical_id} if physical_id else {})

    def invented_id(self):
        """What CloudFormation takes where no Create has given an id."""
        return f"own-Preset-{uuid.uuid4().hex[:12].upper()}"


class Death:
    """Serves calls one by one, kills the process after so many changes were made, and makes none after that.

    Service-linked roles do not count: whoever comes first makes them, and they stay.
    """

    def __init__(self, after):
        self.after, self.writes, self.lock, self.victim = after, 0, threading.Lock(), None

    def __call__(self, call):
        with self.lock:
            if self.writes == self.after:
                return throttled()
            answer = call.forward()
            self.writes += call.is_write and call.action != "CreateServiceLinkedRole"
            if self.writes == self.after:
                self.victim.kill()
            return answer


class Gate:
    """Holds the changes until it is opened."""

    def __init__(self):
        self.holds, self.opened = threading.Event(), threading.Event()

    def __call__(self, call):
        if call.is_write:
            self.holds.set()
            self.opened.wait(WAIT_SECONDS)
        return call.forward()


def until(condition):
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def ids(snapshot):
    return {(kind, name, one["id"]) for kind, objects in snapshot.items() for name, one in objects.items()}


# I3, Threat 11
@pytest.mark.parametrize("changes", [1, 8, 15, 21])
def test_a_create_whose_process_is_killed_is_completed_by_the_next_delivery(account, answers, start, changes):
    before = account.snapshot()
    slim = Resource(answers, "slim")
    create = slim.request("Create")
    death = Death(changes)
    death.victim = start(death)
    death.victim.send(create)
    death.victim.wait_until_dead()
    assert create["RequestId"] not in answers.answers
    halfway = account.snapshot()
    assert halfway != before

    again = start()
    created = again.serve(create)
    assert created["Status"] == "SUCCESS", created
    whole = account.snapshot()
    assert ids(halfway) <= ids(whole)
    deleted = again.serve(slim.request("Delete", physical_id=created["PhysicalResourceId"]))
    assert deleted["Status"] == "SUCCESS", deleted
    assert account.snapshot() == before


# I6
def test_a_delete_under_an_invented_id_takes_what_its_owner_made_and_nothing_else(account, answers, start):
    account.make_user("ana")
    account.create(preset_template("skypilot", Parameters={"UserNames": ["ana"]}))
    before = account.snapshot()
    slim = Resource(answers, "slim", UserNames=["ana"])
    death = Death(after=12)
    death.victim = start(death)
    death.victim.send(slim.request("Create"))
    death.victim.wait_until_dead()
    assert account.snapshot() != before

    deleted = start().serve(slim.request("Delete", physical_id=slim.invented_id()))
    assert deleted["Status"] == "SUCCESS", deleted
    assert account.snapshot() == before


# I6
def test_a_create_that_lambda_never_ran_is_rolled_back_under_an_invented_id(account, emulator):
    before, noted = account.snapshot(), emulator.records.size()
    functions, stack_of = emulator.client("lambda"), stacks.describe(account.cloudformation, provider.STACK)
    function = stack_of.resources["IamPresetFunction"]

    def requests(kind):
        """What Lambda put back or dropped since the beginning."""
        return {record[kind] for record in emulator.records.read(noted) if kind in record}

    functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    try:
        template = preset_template("slim", ServiceTimeout=SHORT_SERVICE_TIMEOUT)
        with ThreadPoolExecutor() as pool:
            creating = pool.submit(account.create, template, ends="ROLLBACK_COMPLETE")
            until(lambda: len(requests("throttled")) == 2)
            functions.delete_function_concurrency(FunctionName=function)
            assert "timed out" in creating.result().reason()
    finally:
        functions.delete_function_concurrency(FunctionName=function)
    served = [record["invoked"] for record in emulator.records.read(noted) if "invoked" in record]
    assert [event["RequestType"] for event in served] == ["Delete"]
    assert served[0]["PhysicalResourceId"].startswith(f"{account.name}-Preset-")
    assert requests("dropped").isdisjoint({served[0]["RequestId"]})
    assert account.snapshot() == before


# I8, Threat 11
def test_a_delete_that_comes_while_the_create_is_at_work_leaves_nothing(account, answers, start):
    before = account.snapshot()
    slim = Resource(answers, "slim")
    gate = Gate()
    creates, deletes = start(gate), start()
    create, delete = slim.request("Create"), slim.request("Delete", physical_id=slim.invented_id())
    creates.send(create)
    assert gate.holds.wait(WAIT_SECONDS)

    deletes.send(delete)
    until(lambda: deletes.logged("plan"))
    assert not deletes.logged("changed")
    gate.opened.set()
    assert answers.wait_for(delete["RequestId"])["Status"] == "SUCCESS"
    assert answers.wait_for(create["RequestId"])
    assert creates.logged("changed") and deletes.logged("changed")
    assert account.snapshot() == before


# I9, T7, Threat 11
def test_a_create_that_comes_after_cloudformation_gave_it_up_makes_nothing(account, answers, start):
    before = account.snapshot()
    slim, function = Resource(answers, "slim"), start()
    created = function.serve(slim.request("Create"))
    function.serve(slim.request("Delete", physical_id=created["PhysicalResourceId"]))
    changes = function.logged("changed")

    late = function.serve(slim.request("Create", age=SERVICE_TIMEOUT + 1))
    assert (late["Status"], late["PhysicalResourceId"]) == ("FAILED", created["PhysicalResourceId"])
    assert "given this request up" in late["Reason"]
    assert function.logged("changed") == changes
    assert account.snapshot() == before


# I21, Threat 4
def test_the_same_stack_in_a_second_region_is_refused_and_its_delete_touches_nothing(account, elsewhere):
    template = preset_template("skypilot")
    first = account.create(template)
    before = account.snapshot()
    second = elsewhere.create(template, ends="ROLLBACK_COMPLETE")
    assert f"by stack `{first.name}` in us-east-1 (resource `Preset`)" in second.reason()
    assert ":us-east-1:" in first.id and ":eu-west-1:" in second.id
    assert account.snapshot() == before

    elsewhere.delete()
    assert account.snapshot() == before
    account.delete()
    elsewhere.create(template)
