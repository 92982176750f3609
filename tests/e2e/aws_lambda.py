"""Lambda as AWS documents it, where MiniStack differs and the tests rely on it; and notes of all that the functions do.

- Each execution environment has credentials of its own.
- An event that is sent asynchronously, as CloudFormation sends its requests, is put back while there is no
  concurrency for it, with pauses that grow from a second to five minutes, and is served twice more after an error,
  after one minute and after two. When it is too old it is dropped.
  <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
- The address of an answer is presigned.
"""

import contextvars
import itertools
import os
import secrets
import threading
import time
from pathlib import Path

from ministack.core import lambda_runtime
from ministack.services import cloudtrail, lambda_svc, sts
from ministack.services.cloudformation import custom_resource

from .records import Records, presigned

RECORDS = Records(Path("records.jsonl"))
# How long a second of Lambda's pauses lasts here.
SECOND = float(os.environ.get("LAMBDA_SECOND", "0.02"))
FIRST_PAUSE, LONGEST_PAUSE, AFTER_AN_ERROR = 1, 300, 60


def install():
    give_each_environment_its_own()
    note_lines()
    note_writes()
    invoke_asynchronously()
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

    def execute_function(function, event):
        return deliver(function, event) if getattr(thread, "is_cloudformation", False) else execute(function, event)

    def deliver(function, event):
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(until_served, execute, function, event), daemon=True).start()

    def invoke_custom_resource(*args, **kwargs):
        thread.is_cloudformation = True
        try:
            return request(*args, **kwargs)
        finally:
            thread.is_cloudformation = False

    lambda_svc._execute_function_with_config_scope = execute_function
    lambda_svc.invoke_async_with_retry = deliver
    custom_resource.invoke_custom_resource = invoke_custom_resource


def until_served(execute, function, event):
    config = function.get("event_invoke_config") or function.get("event_invoke_configs", {}).get("$LATEST") or {}
    longest = int(config.get("MaximumEventAgeInSeconds", 21600)) * SECOND
    tries = int(config.get("MaximumRetryAttempts", 2)) + 1
    born, throttles, errors = time.monotonic(), 0, 0
    while True:
        result = execute(function, event)
        if result.get("throttle"):
            pause = min(FIRST_PAUSE * 2**throttles, LONGEST_PAUSE)
            throttles += 1
            RECORDS.note(throttled=event.get("RequestId"))
        elif result.get("error"):
            errors += 1
            pause = AFTER_AN_ERROR * errors
        else:
            return
        if errors == tries or time.monotonic() + pause * SECOND > born + longest:
            RECORDS.note(dropped=event.get("RequestId"))
            return
        time.sleep(pause * SECOND)


# --- answers ---


def presign_addresses():
    address = custom_resource._response_url
    custom_resource._response_url = lambda token: presigned(address(token))
