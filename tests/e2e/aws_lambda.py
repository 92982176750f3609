"""Lambda as AWS documents it, where MiniStack differs and the tests rely on it; and notes of all that the functions do.

- Each execution environment has credentials of its own.
- An event that is sent asynchronously, as CloudFormation sends its requests, is put back while there is no
  concurrency for it, with pauses that grow from a second to five minutes, and is served twice more after an error,
  after one minute and after two. When it is too old it is dropped. A queue that is refused much is read more slowly.
  <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html> says no number for that: here
  it is half the events at once after a refusal, and one more after a success.
- A task of a state machine fails with Lambda.TooManyRequestsException where there is no concurrency for its function.
  <https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html>
- The address of an answer is presigned.
"""

import contextvars
import heapq
import itertools
import os
import secrets
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from ministack.core import lambda_runtime
from ministack.services import cloudtrail, lambda_svc, stepfunctions, sts
from ministack.services.cloudformation import custom_resource

from .records import Records, presigned

RECORDS = Records(Path("records.jsonl"))
# How long a second of Lambda's pauses lasts here.
SECOND = float(os.environ.get("LAMBDA_SECOND", "0.02"))
FIRST_PAUSE, LONGEST_PAUSE, AFTER_AN_ERROR = 1, 300, 60
FIRST_READERS = 10


def install():
    give_each_environment_its_own()
    note_lines()
    note_writes()
    invoke_asynchronously()
    name_throttles_in_tasks()
    presign_addresses()


# --- execution environments ---


def give_each_environment_its_own():
    """Credentials, and a name for the notes."""
    credentials_of, spawn = lambda_runtime.execution_credentials, lambda_runtime.ProvidedWorker._spawn
    numbers = itertools.count(1)
    current = threading.local()

    def execution_credentials(config):
        session = dict(sts._sessions[credentials_of(config)["AWS_ACCESS_KEY_ID"]])
        session |= {"SecretAccessKey": secrets.token_hex(20), "SessionToken": secrets.token_hex(64)}
        key = f"ASIA{secrets.token_hex(8).upper()}"
        sts.register_session(key, session)
        own = {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": session["SecretAccessKey"],
            "AWS_SESSION_TOKEN": session["SessionToken"],
        }
        RECORDS.note(environment=current.environment, given=own)
        return own

    def new_environment(worker, *args, **kwargs):
        worker.environment = current.environment = f"ministack {next(numbers)}"
        spawn(worker, *args, **kwargs)
        worker._pending = Noting(worker.environment, worker._pending)

    lambda_runtime.execution_credentials = lambda_svc.execution_credentials = execution_credentials
    lambda_runtime.ProvidedWorker._spawn = new_environment


class Noting:
    """The queue of events of an environment."""

    def __init__(self, environment, queue):
        self.environment, self.queue = environment, queue

    def put(self, item):
        RECORDS.note(environment=self.environment, invoked=item[1])
        self.queue.put(item)


def note_lines():
    pump = lambda_runtime.ProvidedWorker._pump_output

    def pump_output(worker, stream, queue):
        pump(worker, Tee(worker.environment, stream), queue)

    lambda_runtime.ProvidedWorker._pump_output = pump_output


class Tee:
    """The output of a process."""

    def __init__(self, environment, stream):
        self.environment, self.stream = environment, stream

    def readline(self):
        line = self.stream.readline()
        if line:
            RECORDS.note(environment=self.environment, printed=line.decode(errors="replace").rstrip("\n"))
        return line

    def close(self):
        self.stream.close()


def note_writes():
    record = cloudtrail.record_event

    def record_event(**event):
        action = event["event_name"]
        if event["service"] == "iam" and not action.startswith(("Get", "List")):
            RECORDS.note(key=event["access_key_id"], wrote=action, parameters=event["request_params"])
        record(**event)

    cloudtrail.record_event = record_event


# --- asynchronous invocations ---


def invoke_asynchronously():
    execute, request = lambda_svc._execute_function_with_config_scope, custom_resource.invoke_custom_resource
    thread = threading.local()
    queues = defaultdict(lambda: Queue(execute))

    def execute_function(function, event):
        return deliver(function, event) if getattr(thread, "is_cloudformation", False) else execute(function, event)

    def deliver(function, event):
        queues[function["config"]["FunctionArn"]].put(Delivery(function, event, contextvars.copy_context()))

    def invoke_custom_resource(*args, **kwargs):
        thread.is_cloudformation = True
        try:
            return request(*args, **kwargs)
        finally:
            thread.is_cloudformation = False

    lambda_svc._execute_function_with_config_scope = execute_function
    lambda_svc.invoke_async_with_retry = deliver
    custom_resource.invoke_custom_resource = invoke_custom_resource


class Queue:
    """The events of one function. So many are being served at once; one more after each that was served, and half as
    many after one that was not let in."""

    def __init__(self, execute):
        self.execute = execute
        self.at_once, self.running = FIRST_READERS, 0
        self.waiting, self.numbers = [], itertools.count()
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def put(self, delivery, pause=0):
        with self.changed:
            heapq.heappush(self.waiting, (time.monotonic() + pause * SECOND, next(self.numbers), delivery))
            self.changed.notify()

    def read(self):
        while True:
            with self.changed:
                while not (self.waiting and self.waiting[0][0] <= time.monotonic() and self.running < self.at_once):
                    due = self.waiting[0][0] - time.monotonic() if self.waiting else None
                    self.changed.wait(due if due is None or due > 0 else None)
                delivery = heapq.heappop(self.waiting)[-1]
                self.running += 1
            threading.Thread(target=self.serve, args=(delivery,), daemon=True).start()

    def serve(self, delivery):
        result = delivery.context.run(self.try_once, delivery)
        is_throttled = bool(result.get("throttle"))
        with self.changed:
            self.running -= 1
            self.at_once = max(self.at_once // 2, 1) if is_throttled else self.at_once + 1
            self.changed.notify()
        pause = delivery.pause_after(is_throttled, bool(result.get("error")))
        if pause is not None:
            self.put(delivery, pause)


    def try_once(self, delivery):
        # As the function is now: it may have got another concurrency since.
        record, config, _ = lambda_svc._get_func_record_for_ref(delivery.function["config"]["FunctionArn"])
        delivery.function = lambda_svc._execution_record_for_config(record, config)
        return self.execute(delivery.function, delivery.event)


@dataclass
class Delivery:
    function: dict
    event: dict
    context: contextvars.Context
    born: float = field(default_factory=time.monotonic)
    throttles: int = 0
    errors: int = 0

    def pause_after(self, is_throttled, is_error):
        """How long it waits until it is tried again; None if it never is."""
        if not is_error:
            return None
        request, (longest, tries) = self.event.get("RequestId"), self.limits()
        if is_throttled:
            RECORDS.note(throttled=request)
            pause = min(FIRST_PAUSE * 2**self.throttles, LONGEST_PAUSE)
            self.throttles += 1
        else:
            self.errors += 1
            pause = AFTER_AN_ERROR * self.errors
        age = (time.monotonic() - self.born) / SECOND
        if self.errors == tries or age + pause > longest:
            RECORDS.note(dropped=request)
            return None
        return pause

    def limits(self):
        """The greatest age in seconds, and the number of tries."""
        configs = self.function.get("event_invoke_configs") or {}
        config = self.function.get("event_invoke_config") or configs.get("$LATEST") or {}
        return int(config.get("MaximumEventAgeInSeconds", 21600)), int(config.get("MaximumRetryAttempts", 2)) + 1


# --- tasks of state machines ---


def name_throttles_in_tasks():
    call = stepfunctions._call_lambda

    def call_lambda(*asked):
        try:
            return call(*asked)
        except stepfunctions._ExecutionError as failed:
            if failed.error == "Lambda.Unknown" and '"TooManyRequestsException"' in failed.cause:
                failed.error = "Lambda.TooManyRequestsException"
            raise

    stepfunctions._call_lambda = call_lambda


# --- answers ---


def presign_addresses():
    address = custom_resource._response_url
    custom_resource._response_url = lambda token: presigned(address(token))
