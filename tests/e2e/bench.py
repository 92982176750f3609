"""`make bench`: what a Create of the preset slim costs the release binary, and what the other one is before its first
event, against the limits that the project keeps.

The binary runs on a Runtime API of our own. Its calls to IAM go through a proxy that takes 50 ms for each and counts
them. Times are told and not judged, except for CPU time, which hardly depends on the machine's load.
"""

import io
import statistics
import sys
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field

from . import provider
from .demo import mark, say, table, title
from .emulator import REGION, running_emulator
from .proxy import proxy
from .runtime import FUNCTION_ARN, function, mailbox, runtime_api

ROUNDS = 5
DELAY_SECONDS = 0.05
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
        proxy(emulator.endpoint, slowly(traffic)) as iam,
        mailbox() as answers,
        runtime_api() as runtime,
        function(provider.BOOTSTRAP, runtime, iam, ALLOWED_RESPONSE_ORIGINS=answers.origin) as process,
    ):
        runtime.wait_for_next()
        init = cpu_seconds(process.pid)
        started = time.monotonic()
        event = create(answers)
        runtime.send(event)
        answer = answers.wait_for(event["RequestId"])
        took = time.monotonic() - started
        runtime.wait_for_next()
        spent = cpu_seconds(process.pid) - init
        memory = peak_memory(process.pid)
    if answer["Status"] != "SUCCESS":
        raise RuntimeError(answer["Reason"])
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


def create(answers):
    request_id = "6f1c2a88-7f30-4b37-9d5c-6d0f1c1f6a11"
    return {
        "RequestType": "Create",
        "ResponseURL": answers.address(request_id),
        "StackId": f"arn:aws:cloudformation:{REGION}:000000000000:stack/bench/5e722a10-0f3c-4e7f-9a1e-2f6d7e1b4c3d",
        "RequestId": request_id,
        "ResourceType": "Custom::IamPreset",
        "LogicalResourceId": "Slim",
        "ResourceProperties": {"ServiceToken": FUNCTION_ARN, "ServiceTimeout": "300", "Preset": "slim"},
    }


# --- what is measured of a process ---


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


def slowly(traffic):
    """Serves each call after the delay, and counts it."""

    def serve(call):
        with traffic.call():
            started = time.monotonic()
            answer = call.forward()
            time.sleep(max(0, started + DELAY_SECONDS - time.monotonic()))
        return answer

    return serve


if __name__ == "__main__":
    sys.exit(main())
