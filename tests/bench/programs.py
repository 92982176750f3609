"""Programs that serve a request: ours and its peers, each as Lambda would start it; and what is measured of them."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from e2e import provider
from e2e.emulator import REGION
from e2e.runtime import CREDENTIALS

from .world import HERE, INVOCATION_SECONDS, answer_to, request, send

MIB = 1024 * 1024
OURS = Path(os.environ.get("BENCH_BINARY", provider.BOOTSTRAP))
PYTHON = provider.ROOT / os.environ.get("PEERS", ".tools/bench") / "bin" / "python"
PEERS = HERE / "peers"
FRAMEWORK = "aws-cdk-lib/custom-resources/lib/provider-framework/runtime/framework.js"

# 1769 MB are one processor, as AWS documents; init has a whole one.
SHARE_OF_128_MB = 128 / 1769
PERIOD_MICROSECONDS = 20_000


@dataclass(frozen=True)
class Program:
    name: str
    command: tuple
    directory: Path | None = None
    environment: dict = field(default_factory=dict)
    invokes: "Program | None" = None
    """The function behind it, which it calls by Lambda."""


def node(handler):
    return "node", str(PEERS / "bootstrap.mjs"), handler


ours = Program("ours", (str(OURS),))
python = Program("Python: crhelper, boto3", (str(PYTHON), "-m", "awslambdaric", "handler.handler"), PEERS)
javascript = Program("Node: SDK v3", node("./custom-resource.mjs"), PEERS)
framework = Program(
    "CDK: provider framework, Node",
    node(f"./node_modules/{FRAMEWORK}#onEvent"),
    PEERS,
    {"NODE_OPTIONS": f"--require {PEERS / 'answer-port.cjs'}"},
    Program("behind", node("./on-event.mjs"), PEERS),
)
ALL = (ours, python, javascript, framework)


@dataclass(frozen=True)
class Conditions:
    """What a call takes, where AWS is, and how much of a processor there is."""

    name: str
    delay: float = 0
    """Milliseconds of each call at AWS."""
    round_trip: float = 0
    """Milliseconds over the wire, for connections too."""
    share: float = 1
    """Of a processor, after the first /next."""
    rate: float = 0
    """Writes that IAM takes in a second; 0: all."""
    capacity: float = 0

    def as_asked(self):
        return {"delay": self.delay, "roundTrip": self.round_trip, "rate": self.rate, "capacity": self.capacity}


@dataclass(frozen=True)
class Measured:
    """Of one request to a new process: milliseconds, MiB, numbers. Of two processes their sum."""

    init: float
    init_cpu: float
    handler: float
    handler_cpu: float
    memory: float
    calls: int
    reads: int
    refused: int
    connections: int
    most: int
    by_action: dict
    answer: dict
    writes: list


class Process:
    """A function that has asked for its first event."""

    def __init__(self, fake, program, name, conditions, aws=None, **environment):
        self.fake, self.program, self.name = fake, program, name
        port = fake.ask("runtime", function=name)["port"]
        endpoint = aws or fake.origin("aws", bool(conditions.round_trip))
        settings = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": "own",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ENDPOINT_URL_LAMBDA": fake.origin("aws", bool(conditions.round_trip)),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CA_BUNDLE": fake.roots,
            "SSL_CERT_FILE": fake.roots,
            "NODE_EXTRA_CA_CERTS": fake.roots,
            "ALLOW_ADMIN_EQUIVALENT": "true",
            "ALLOWED_RESPONSE_ORIGINS": fake.origin("answers", bool(conditions.round_trip)),
            "ANSWER_PORT": str(urlsplit(fake.origin("answers", bool(conditions.round_trip))).port),
            **CREDENTIALS,
            **program.environment,
            **environment,
        }
        self.quota = Quota(conditions.share) if conditions.share < 1 else None
        self.log = open(fake.directory / f"{name}.log", "ab")
        started = time.monotonic() * 1000
        self.process = subprocess.Popen(
            program.command, env=settings, cwd=program.directory, stdout=self.log, stderr=subprocess.STDOUT
        )
        try:
            ready = fake.wait("next", name)["at"]
        except TimeoutError as problem:
            self.stop()
            raise RuntimeError(f"{program.name} does not start: {self.printed()}") from problem
        self.init, self.init_cpu = ready - started, self.cpu()
        if self.quota:
            self.quota.hold(self.process)

    def cpu(self):
        """Milliseconds of all threads, from the process's own clock, as clock_getcpuclockid(3) numbers it."""
        return time.clock_gettime((~self.process.pid << 3) | 2) * 1000

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024 / MIB

    def printed(self):
        return Path(self.log.name).read_text(errors="replace")[-3000:]

    def wait_until_idle(self):
        self.fake.wait("next", self.name, INVOCATION_SECONDS)

    def stop(self):
        if self.quota:
            self.quota.release()
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.fake.ask("close", function=self.name)


processes = itertools.count()


@contextmanager
def started(fake, program, conditions, aws=None, **environment):
    """The process, and those behind it; none has the name of an earlier one."""
    number = next(processes)
    if program.invokes:
        environment["USER_ON_EVENT_FUNCTION_ARN"] = f"behind-{number}"
    process = Process(fake, program, f"function-{number}", conditions, aws, **environment)
    behind = []

    def invoke(line):
        second = Process(fake, program.invokes, line["function"], conditions, aws, **environment)
        behind.append(second)
        send(fake, second.name, {"RequestId": line["event"]["RequestId"], **line["event"]})

    fake.on_invoke = invoke
    process.behind = behind
    try:
        yield process
    finally:
        process.stop()
        for second in behind:
            second.stop()


def measure(fake, program, kind, properties, conditions, *, calls=None, aws=None, state="keep", **more):
    """One request to a new process. `calls` is the file with what the peers have to call."""
    fake.ask("reset", state=state, **conditions.as_asked())
    environment = {"CALLS": str(calls)} if calls else {}
    with started(fake, program, conditions, aws=aws, **environment) as process:
        event = request(fake, kind, properties, distant=bool(conditions.round_trip), **more)
        sent = send(fake, process.name, event)
        try:
            came, answer = answer_to(fake, event)
        except (TimeoutError, RuntimeError) as problem:
            raise RuntimeError(
                f"{program.name}, {kind}, {conditions.name}: {problem}\n{process.printed()}"
            ) from problem
        process.wait_until_idle()
        processes = [process, *process.behind]
        counts = fake.ask("counts")
        return Measured(
            init=process.init,
            init_cpu=sum(it.init_cpu for it in processes),
            handler=came - sent,
            handler_cpu=sum(it.cpu() - it.init_cpu for it in processes),
            memory=sum(it.memory() for it in processes),
            calls=sum(counts["calls"].values()),
            reads=sum(
                number for name, number in counts["calls"].items() if name.startswith(("Get", "List", "Describe"))
            ),
            refused=counts["refused"],
            connections=counts["connections"],
            most=counts["most"],
            by_action=dict(sorted(counts["calls"].items())),
            answer=answer,
            writes=counts["writes"],
        )


# --- a share of a processor ---


class Quota:
    """Holds a process to a share of a processor: by a control group where one can be made, else by stopping it
    whenever its own clock is ahead."""

    numbers = itertools.count()

    def __init__(self, share):
        self.share, self.process = share, None
        self.group = None

    @staticmethod
    def how():
        for kind, root, file, has in GROUPS:
            if (root / file).exists() and has in (root / file).read_text() and os.access(root, os.W_OK):
                return kind
        return "SIGSTOP and SIGCONT by the process's clock"

    def hold(self, process):
        self.process = process
        quota = int(self.share * PERIOD_MICROSECONDS)
        for kind, root, *_ in GROUPS:
            if kind == self.how():
                self.group = root / f"account-presets-bench-{os.getpid()}-{next(self.numbers)}"
                self.group.mkdir()
                if kind.startswith("cgroup v2"):
                    (self.group / "cpu.max").write_text(f"{quota} {PERIOD_MICROSECONDS}")
                else:
                    (self.group / "cpu.cfs_period_us").write_text(str(PERIOD_MICROSECONDS))
                    (self.group / "cpu.cfs_quota_us").write_text(str(quota))
                (self.group / "cgroup.procs").write_text(str(process.pid))
                return
        threading.Thread(target=self.stop_and_go, daemon=True).start()

    def stop_and_go(self):
        clock = (~self.process.pid << 3) | 2
        period = PERIOD_MICROSECONDS / 1e6
        try:
            began, spent = time.monotonic(), time.clock_gettime(clock)
            while self.process:
                time.sleep(period / 20)
                ahead = (time.clock_gettime(clock) - spent) - self.share * (time.monotonic() - began + period)
                if ahead > 0:
                    self.process.send_signal(signal.SIGSTOP)
                    time.sleep(ahead / self.share)
                    self.process.send_signal(signal.SIGCONT)
                elif ahead < -self.share * period:
                    # What was not used does not add up.
                    began, spent = time.monotonic(), time.clock_gettime(clock)
        except (OSError, AttributeError):
            return

    def release(self):
        process, self.process = self.process, None
        if self.group and process:
            process.kill()
            process.wait()
            self.group.rmdir()


GROUPS = (
    ("cgroup v2, cpu.max", Path("/sys/fs/cgroup"), "cgroup.subtree_control", "cpu"),
    ("cgroup v1, cpu.cfs_quota_us", Path("/sys/fs/cgroup/cpu"), "cpu.cfs_quota_us", ""),
)


def write_calls(path, **by_kind):
    """What a peer calls for each kind of request, from the parameters of the writes that ours made."""
    path.write_text(json.dumps({kind: [as_named(one) for one in writes] for kind, writes in by_kind.items()}))
    return path


def as_named(parameters):
    """The query's parameters as the SDKs take them."""
    named, lists = {}, {}
    for key, value in parameters.items():
        if key in ("Action", "Version"):
            continue
        if ".member." not in key:
            named[key] = (
                int(value) if key == "MaxSessionDuration" else value == "true" if key == "SetAsDefault" else value
            )
            continue
        name, _, rest = key.partition(".member.")
        number, _, part = rest.partition(".")
        items = lists.setdefault(name, {})
        if part:
            items.setdefault(int(number), {})[part] = value
        else:
            items[int(number)] = value
    named |= {name: [items[number] for number in sorted(items)] for name, items in lists.items()}
    return {"action": parameters["Action"], "parameters": named}


if sys.platform != "linux":
    raise RuntimeError("the benchmark reads /proc and clocks of Linux")
