"""A function's program as a process of our own, on a Runtime API of this file's own; and where its answers go."""

import json
import queue
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .emulator import REGION
from .http_server import Quiet, serving
from .records import presigned

WAIT_SECONDS = 60
LAMBDA_SECONDS = 240
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:000000000000:function:own"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


# --- where answers go ---


@dataclass
class Mailbox:
    """What CloudFormation hears, by the id of the request."""

    origin: str = ""
    answers: dict = field(default_factory=dict)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def address(self, request_id, issued=None):
        return presigned(f"{self.origin}/{request_id}", issued)

    def wait_for(self, request_id, seconds=WAIT_SECONDS):
        """The first answer to this request."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: request_id in self.answers, seconds):
                raise TimeoutError(f"no answer to request {request_id}")
            return self.answers[request_id]


@contextmanager
def mailbox():
    mailbox = Mailbox()

    class Handler(Quiet):
        def do_PUT(self):
            answer = json.loads(self.body())
            with mailbox.arrived:
                mailbox.answers.setdefault(urlsplit(self.path).path.strip("/"), answer)
                mailbox.arrived.notify_all()
            self.reply(200, b"")

    with serving(Handler) as mailbox.origin:
        yield mailbox


# --- the Runtime API ---


@dataclass
class Runtime:
    origin: str = ""
    asked: queue.Queue = field(default_factory=queue.Queue)
    events: queue.Queue = field(default_factory=queue.Queue)

    def wait_for_next(self):
        self.asked.get(timeout=WAIT_SECONDS)

    def send(self, sent):
        self.events.put(sent)


@contextmanager
def runtime_api():
    runtime = Runtime()

    class Handler(Quiet):
        def do_GET(self):
            runtime.asked.put(None)
            sent = runtime.events.get()
            deadline = int((time.time() + LAMBDA_SECONDS) * 1000)
            headers = {
                "Lambda-Runtime-Aws-Request-Id": sent["RequestId"],
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
            }
            self.reply(200, json.dumps(sent).encode(), headers)

        def do_POST(self):
            self.body()
            self.reply(202, b"")

    with serving(Handler) as runtime.origin:
        yield runtime


@contextmanager
def function(program, runtime, aws, *, credentials=CREDENTIALS, printed=None, **settings):
    """The process. `printed` gets each line of its output."""
    environment = {
        "AWS_LAMBDA_RUNTIME_API": urlsplit(runtime.origin).netloc,
        "AWS_LAMBDA_FUNCTION_NAME": "own",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": aws,
        "ALLOW_ADMIN_EQUIVALENT": "true",
        **credentials,
        **settings,
    }
    output = subprocess.PIPE if printed else subprocess.DEVNULL
    process = subprocess.Popen([program], env=environment, stdout=output, stderr=subprocess.STDOUT, text=True)
    reader = threading.Thread(target=lambda: [printed(line.rstrip("\n")) for line in process.stdout], daemon=True)
    if printed:
        reader.start()
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if printed:
            reader.join()
