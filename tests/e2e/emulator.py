"""An AWS account on this machine: MiniStack on a free loopback port, with IAM enforced, and Service Quotas beside it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

from .records import Records
from .service_quotas import ServiceQuotas, running_service_quotas

REGION = "us-east-1"
REGIONS = (REGION, "eu-west-1", "eu-central-1")
TESTS = Path(__file__).resolve().parents[1]
START_SECONDS = 60


@dataclass(frozen=True)
class Emulator:
    endpoint: str
    directory: Path
    quotas: ServiceQuotas

    def client(self, service, region=REGION):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def environment(self, region=REGION):
        """What a command on this machine needs to find this account, and nothing of the caller's own account."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "TMPDIR": str(self.directory),
            "LANG": "C.UTF-8",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": region,
            "AWS_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }

    @property
    def records(self):
        return Records(self.directory / "records.jsonl")

    def log(self):
        return (self.directory / "emulator.log").read_text(errors="replace")


@contextmanager
def running_emulator(**settings):
    """`settings` are variables of the emulator's environment."""
    directory = tempfile.TemporaryDirectory(prefix="account-presets-")
    with directory as path, running_service_quotas() as quotas:
        port = free_port()
        emulator = Emulator(f"http://127.0.0.1:{port}", Path(path), quotas)
        process = start(emulator, port, settings)
        try:
            wait_until_ready(emulator, process)
            yield emulator
        finally:
            stop(process)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(emulator, port, settings):
    # These go to the functions too: without them they would call AWS itself.
    environment = emulator.environment() | {
        "AWS_ENDPOINT_URL_SERVICE_QUOTAS": emulator.quotas.endpoint,
        "AWS_ENDPOINT_URL_LAMBDA": emulator.quotas.endpoint,
        "PYTHONPATH": str(TESTS),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        "CLOUDTRAIL_RECORDING": "1",  # the tests ask what the function wrote
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": "unix:///nowhere",  # functions run as processes
        **settings,
    }
    with open(emulator.directory / "emulator.log", "wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "e2e.aws_rules"],
            env=environment,
            cwd=emulator.directory,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def wait_until_ready(emulator, process):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{emulator.endpoint}/_ministack/health", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"the emulator did not start:\n{emulator.log()[-4000:]}")


def stop(process):
    """Stops the emulator and the functions that it runs: they are all in its process group."""
    process.stdin.close()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()
