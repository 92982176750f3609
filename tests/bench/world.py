"""The benchmark's world: the fake of AWS as a process, and certificates for it."""

import datetime
import ipaddress
import itertools
import json
import queue
import subprocess
import tempfile
import threading
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from e2e.emulator import REGION
from e2e.records import presigned
from e2e.runtime import FUNCTION_ARN

HERE = Path(__file__).resolve().parent
WAIT_SECONDS = 60
INVOCATION_SECONDS = 240
STACK_ID = f"arn:aws:cloudformation:{REGION}:000000000000:stack/bench/5e722a10-0f3c-4e7f-9a1e-2f6d7e1b4c3d"


class Fake:
    """The process, its commands, and what it tells."""

    def __init__(self, process, directory):
        self.process, self.directory = process, directory
        self.numbers = itertools.count()
        self.replies, self.told = {}, {}
        self.changed = threading.Condition()
        self.on_invoke = None
        threading.Thread(target=self.listen, daemon=True).start()
        self.ports = self.wait("ready")["ports"]

    @property
    def roots(self):
        return str(self.directory / "root.pem")

    def origin(self, what, distant=False):
        name = f"distant{what.title()}" if distant else what
        return f"https://127.0.0.1:{self.ports[name]}"

    def ask(self, command, **more):
        number = next(self.numbers)
        line = json.dumps({"id": number, "command": command, **more})
        with self.changed:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            if not self.changed.wait_for(lambda: number in self.replies, WAIT_SECONDS):
                raise TimeoutError(f"the fake does not answer to {command}")
            reply = self.replies.pop(number)
        if "failed" in reply:
            raise RuntimeError(f"{command}: {reply['failed']}")
        return reply

    def listen(self):
        for text in self.process.stdout:
            line = json.loads(text)
            if line.get("note") == "invoke":
                threading.Thread(target=self.on_invoke, args=(line,), daemon=True).start()
                continue
            with self.changed:
                if "id" in line:
                    self.replies[line["id"]] = line
                else:
                    key = line.get("function") or line.get("answer", {}).get("RequestId")
                    self.told.setdefault((line["note"], key), queue.SimpleQueue()).put(line)
                self.changed.notify_all()

    def wait(self, note, key=None, seconds=WAIT_SECONDS):
        """The next note of this kind about this function or request."""
        with self.changed:
            known = self.told.setdefault((note, key), queue.SimpleQueue())
        try:
            return known.get(timeout=seconds)
        except queue.Empty:
            told = self.complaints("refused", "error", "tls")
            raise TimeoutError(f"no {note} of {key}; told: {told}") from None

    def complaints(self, *kinds):
        """What went wrong by itself. A handshake that broke off is nothing: processes are killed."""
        with self.changed:
            notes = {key: lines for key, lines in self.told.items() if key[0] in (kinds or ("refused", "error"))}
        return [lines.get() for lines in notes.values() for _ in range(lines.qsize())]


@contextmanager
def running_fake():
    with tempfile.TemporaryDirectory(prefix="account-presets-bench-") as path:
        directory = Path(path)
        make_certificates(directory)
        command = ["node", str(HERE / "fake.mjs"), str(directory / "key.pem"), str(directory / "chain.pem")]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            yield Fake(process, directory)
        finally:
            process.stdin.close()
            process.wait(timeout=10)


# --- requests of CloudFormation ---


def request(fake, kind, properties, *, physical_id=None, old=None, distant=False, stack_id=STACK_ID, name="Preset"):
    request_id = str(uuid.uuid4())
    origin = fake.origin("answers", distant)
    event = {
        "RequestType": kind,
        "ResponseURL": presigned(f"{origin}/{request_id}"),
        "StackId": stack_id,
        "RequestId": request_id,
        "ResourceType": "Custom::IamPreset",
        "LogicalResourceId": name,
        "ResourceProperties": {"ServiceToken": FUNCTION_ARN, "ServiceTimeout": "300", **properties},
    }
    if physical_id:
        event["PhysicalResourceId"] = physical_id
    if old is not None:
        event["OldResourceProperties"] = {"ServiceToken": FUNCTION_ARN, "ServiceTimeout": "300", **old}
    return event


def send(fake, name, event, seconds=INVOCATION_SECONDS):
    """Gives the event to a function that waits for one: when it went, in ms."""
    return fake.ask("send", function=name, event=event, arn=FUNCTION_ARN, seconds=seconds)["at"]


def answer_to(fake, event, seconds=INVOCATION_SECONDS):
    """When the answer came, in ms, and the answer; it has to fit the request, and to be a success."""
    told = fake.wait("answer", event["RequestId"], seconds)
    answer = told["answer"]
    wrong = list(told["wrong"])
    wrong += [key for key in ("StackId", "RequestId", "LogicalResourceId") if answer.get(key) != event[key]]
    if wrong:
        raise RuntimeError(f"the answer is wrong: {', '.join(wrong)}")
    return told["at"], answer


# --- certificates ---


def make_certificates(directory):
    """A chain of three with RSA-2048, as AWS's endpoints have."""
    root_key, between_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(3))
    root = certificate("root", root_key, "root", root_key, authority=True)
    between = certificate("between", between_key, "root", root_key, authority=True)
    leaf = certificate("127.0.0.1", key, "between", between_key, authority=False)
    pem = serialization.Encoding.PEM
    (directory / "root.pem").write_bytes(root.public_bytes(pem))
    (directory / "chain.pem").write_bytes(leaf.public_bytes(pem) + between.public_bytes(pem))
    text = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (directory / "key.pem").write_bytes(text)


def certificate(name, key, issuer, issuer_key, *, authority):
    named = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    today = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not authority:
        there = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(name)), x509.DNSName("localhost")])
        builder = builder.add_extension(there, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def milliseconds():
    """The clock of the fake."""
    return time.monotonic() * 1000
