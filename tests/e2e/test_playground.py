"""`make playground`: what it prints is pasted into a shell, and reaches the account; a signal ends all of it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from . import stacks
from .playground import LOOK, MORE, TRY
from .provider import ROOT
from .runtime import WAIT_SECONDS

STARTED = "Ctrl-C ends it"


@contextmanager
def playground():
    """Its process, which is killed if the test fails."""
    process = subprocess.Popen(
        [sys.executable, "-m", "e2e.playground"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def printed_until(process, text):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def pasted(printed, command, code=0):
    """What a command says in a shell with what was printed to be exported."""
    exports = [line for line in printed.splitlines() if line.startswith(("  export ", "  unset "))]
    # The log is JSON without jq, and the plans are in it.
    command = command if shutil.which("jq") else command.split(" | jq")[0]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join([*exports, command])],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": "/nowhere", "AWS_PROFILE": "a-profile-of-another-account"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def client(printed, service):
    """One of boto3 that knows nothing but what was printed."""
    exported = dict(re.findall(r"export (AWS_\w+)=(\S+)", printed))
    return boto3.client(
        service,
        endpoint_url=exported["AWS_ENDPOINT_URL"],
        region_name=exported["AWS_REGION"],
        aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
    )


def assert_it_ends(process, endpoint):
    port = int(endpoint.rpartition(":")[2])
    assert "nothing is left running" in process.communicate(timeout=WAIT_SECONDS)[0]
    assert process.returncode == 0
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
        pass
    assert not processes_that_know(endpoint)


def processes_that_know(endpoint):
    """As far as the system tells: the processes of the account, and its functions. All have its address."""
    found = set()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if endpoint.encode() in environment.read_bytes():
                found.add(environment.parent.name)
        except OSError:
            pass
    return found


def test_what_it_prints_reaches_the_account_until_ctrl_c():
    with playground() as process:
        printed = printed_until(process, STARTED)
        for command in (*TRY, *LOOK, MORE):
            assert f"  {command}\n" in printed
        deploy, outputs, plans, delete = TRY
        plan, plan_of_stack, verify, audit = LOOK
        assert "changes to make" in pasted(printed, plan, code=2)

        # `aws cloudformation deploy` looks every 30 seconds.
        cloudformation = client(printed, "cloudformation")
        name, file = re.search(r"--stack-name (\S+) --template-file (\S+)", deploy).groups()
        assert stacks.create(cloudformation, name, (ROOT / file).read_text()).status == "CREATE_COMPLETE"
        names = pasted(printed, "aws cloudformation describe-stacks --query Stacks[].StackName --output text").split()
        assert {"account-presets", name} <= set(names)
        assert "AdminEquivalent\tfalse" in pasted(printed, outputs)
        assert "Update: nothing to do." in pasted(printed, plan_of_stack)
        assert "0 taken away" in pasted(printed, verify)
        assert "1 are as they were made" in pasted(printed, audit)
        slim = stacks.describe(cloudformation, name)
        pasted(printed, delete)
        assert stacks.settled(cloudformation, slim.id).status == "DELETE_COMPLETE"
        # The log of a request is there once the next one was served.
        assert "+ role `SLIM-Extras_for_Lambda`" in pasted(printed, plans)
        pasted(printed, MORE)

        process.send_signal(signal.SIGINT)
        assert_it_ends(process, cloudformation.meta.endpoint_url)


def test_a_signal_while_it_starts_ends_it_as_well():
    with playground() as process:
        (endpoint,) = re.findall(r"http://[0-9.:]+", printed_until(process, "The provider in it"))
        process.send_signal(signal.SIGTERM)
        # A second one does not interrupt the cleaning up.
        process.send_signal(signal.SIGINT)
        assert_it_ends(process, endpoint)
