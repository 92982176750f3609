"""`make bench`: what a Create of the preset slim costs the release binary, and what the other one is before its first
event, against the limits that the project keeps.

The binary runs on a Runtime API of this file's own. Its calls to IAM go through a proxy that takes 50 ms for
each and counts them. Times are told and not judged, except for CPU time, which hardly depends on the machine's load.
"""

import io
import json
import queue
import statistics
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlsplit

from . import provider
from .demo import mark, say, table, title
from .emulator import REGION, running_emulator
from .http_server import Quiet, serving

ROUNDS = 5
DELAY_SECONDS = 0.05
WAIT_SECONDS = 60
MIB = 1024 * 1024

# What is measured, its unit, and the most that it may be.
LIMITS = {
    "peak memory": ("MiB", 12),
    "CPU before the first event": ("ms", 5),
    "zip": ("MiB", 4),
    "calls in flight at once": ("", 8),
    "CPU of the Create": ("ms", None),
    "calls to IAM": ("", None),
    "time of the Create": ("ms", None),
    "lambda-concurrency: CPU before the first event": ("ms", 5),
    "lambda-concurrency: zip": ("MiB", 3),
}


def main():
    title(f"slim, {ROUNDS} times, {DELAY_SECONDS * 1000:.0f} ms for each call to IAM")
    rounds = [measure_a_round() for _ in range(ROUNDS)]
    measured = {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
    measured["peak memory"] = max(each["peak memory"] for each in rounds)
    measured["calls in flight at once"] = max(each["calls in flight at once"] for each in rounds)
    measured["zip"] = zip_size(provider.BOOTSTRAP) / MIB
    measured["lambda-concurrency: zip"] = zip_size(provider.CONCURRENCY_BOOTSTRAP) / MIB
    starts = [measure_a_start(provider.CONCURRENCY_BOOTSTRAP) for _ in range(ROUNDS)]
    measured["lambda-concurrency: CPU before the first event"] = statistics.median(starts)
    held = {name: limit is None or measured[name] <= limit for name, (_, limit) in LIMITS.items()}
    table(
        (name, f"{measured[name]:.4g} {unit}", f"{mark(held[name])} at most {limit} {unit}" if limit else "")
        for name, (unit, limit) in LIMITS.items()
    )
    say(f"{mark(all(held.values()))} {provider.BOOTSTRAP.relative_to(provider.ROOT)}")
    return 0 if all(held.values()) else 1


def measure_a_round():
    """A Create by a new process in a new account, read when the process asks for its next event."""
    traffic = Traffic()
    with (
        running_emulator() as emulator,
        proxy(emulator.endpoint, traffic) as iam,
        runtime_api() as runtime,
        function(provider.BOOTSTRAP, runtime, iam) as process,
    ):
        runtime.wait_for_next()
        init = cpu_seconds(process.pid)
        started = time.monotonic()
        runtime.send(create(runtime))
        runtime.wait_for_answer()
        took = time.monotonic() - started
        runtime.wait_for_next()
        spent = cpu_seconds(process.pid) - init
        memory = peak_memory(process.pid)
    return {
        "peak memory": memory / MIB,
        "CPU before the first event": init * 1000,
        "CPU of the Create": spent * 1000,
        "time of the Create": took * 1000,
        "calls to IAM": traffic.calls,
        "calls in flight at once": traffic.most,
    }


def measure_a_start(program):
    """The CPU time, in ms, of a new process until it asks for its first event."""
    with runtime_api() as runtime, function(program, runtime, "http://127.0.0.1:1") as process:
        runtime.wait_for_next()
        return cpu_seconds(process.pid) * 1000


def create(runtime):
    return {
        "RequestType": "Create",
        "ResponseURL": f"{runtime.origin}/answer",
        "StackId": f"arn:aws:cloudformation:{REGION}:000000000000:stack/bench/5e722a10-0f3c-4e7f-9a1e-2f6d7e1b4c3d",
        "RequestId": "6f1c2a88-7f30-4b37-9d5c-6d0f1c1f6a11",
        "ResourceType": "Custom::IamPreset",
        "LogicalResourceId": "Slim",
        "ResourceProperties": {"ServiceToken": FUNCTION_ARN, "ServiceTimeout": "300", "Preset": "slim"},
    }


# --- the process ---

FUNCTION_ARN = f"arn:aws:lambda:{REGION}:000000000000:function:bench"


@contextmanager
def function(program, runtime, aws):
    environment = {
        "AWS_LAMBDA_RUNTIME_API": urlsplit(runtime.origin).netloc,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": aws,
        "ALLOWED_RESPONSE_ORIGINS": runtime.origin,
    }
    process = subprocess.Popen([program], env=environment, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def cpu_seconds(pid):
    """The CPU time of all threads of a process, from its own clock, as clock_getcpuclockid(3) numbers it."""
    return time.clock_gettime((~pid << 3) | 2)


def peak_memory(pid):
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def zip_size(program):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        zipped.write(program, "bootstrap")
    return archive.tell()


# --- the Runtime API, and where CloudFormation's answer goes ---


@dataclass
class Runtime:
    origin: str = ""
    asked: queue.Queue = field(default_factory=queue.Queue)
    events: queue.Queue = field(default_factory=queue.Queue)
    answers: queue.Queue = field(default_factory=queue.Queue)

    def wait_for_next(self):
        self.asked.get(timeout=WAIT_SECONDS)

    def send(self, sent):
        self.events.put(sent)

    def wait_for_answer(self):
        answer = self.answers.get(timeout=WAIT_SECONDS)
        if answer["Status"] != "SUCCESS":
            raise RuntimeError(answer["Reason"])
        return answer


@contextmanager
def runtime_api():
    runtime = Runtime()

    class Handler(Quiet):
        def do_GET(self):
            runtime.asked.put(None)
            sent = runtime.events.get()
            deadline = int((time.time() + 240) * 1000)
            headers = {
                "Lambda-Runtime-Aws-Request-Id": sent["RequestId"],
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
            }
            self.reply(200, json.dumps(sent).encode(), headers)

        def do_PUT(self):
            runtime.answers.put(json.loads(self.body()))
            self.reply(200, b"")

        def do_POST(self):
            self.body()
            self.reply(202, b"")

    with serving(Handler) as runtime.origin:
        yield runtime


# --- the proxy before IAM ---


@dataclass
class Traffic:
    calls: int = 0
    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def call(self):
        with self.lock:
            self.calls, self.now = self.calls + 1, self.now + 1
            self.most = max(self.most, self.now)
        try:
            yield
        finally:
            with self.lock:
                self.now -= 1


@contextmanager
def proxy(endpoint, traffic):
    class Handler(Quiet):
        def do_POST(self):
            with traffic.call():
                body = self.body()
                started = time.monotonic()
                upstream = HTTPConnection(urlsplit(endpoint).netloc, timeout=WAIT_SECONDS)
                upstream.request("POST", self.path, body, dict(self.headers))
                response = upstream.getresponse()
                answer = response.read()
                upstream.close()
                time.sleep(max(0, started + DELAY_SECONDS - time.monotonic()))
            self.reply(response.status, answer, {"Content-Type": response.getheader("Content-Type")})

    with serving(Handler) as origin:
        yield origin


if __name__ == "__main__":
    sys.exit(main())
