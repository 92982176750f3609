"""What was given to the functions, asked of them and done by them in a run: one line of JSON for each, in the order
of time, from the emulator and from whoever else runs a function. The file holds secrets, and goes with the emulator."""

import json
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode


@dataclass(frozen=True)
class Records:
    """The notes about an `environment`, a process with credentials of its own, and some without:

    - `given`: its credentials
    - `invoked`: the event that it gets next
    - `printed`: a line of its output
    - `killed`: it was ended from outside
    - `wrote`, with `parameters` and the access `key`: a change of IAM, as CloudTrail has it
    - `throttled`, `dropped`: Lambda put a request back, or gave it up
    - `called`, with the access `key`, `account` and `region`: any call, in an organization

    All have the time in seconds, `at`.
    """

    path: Path

    def note(self, **what):
        # One write to the end of the file: two processes never mix their lines.
        with open(self.path, "ab", buffering=0) as file:
            file.write(json.dumps({"at": time.time(), **what}).encode() + b"\n")

    def size(self):
        """How far the notes go by now."""
        return self.path.stat().st_size if self.path.exists() else 0

    def read(self, since=0):
        if not self.path.exists():
            return []
        with open(self.path, "rb") as file:
            file.seek(since)
            return [json.loads(line) for line in file]


def presigned(url, issued=None):
    """The address as S3 would sign it now, or when it is said; each with a signature and a token of its own."""
    issued = time.gmtime(issued)
    day = time.strftime("%Y%m%d", issued)
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", issued),
        "X-Amz-SignedHeaders": "host",
        "X-Amz-Expires": "7200",
        "X-Amz-Credential": f"ASIA{secrets.token_hex(8).upper()}/{day}/us-east-1/s3/aws4_request",
        "X-Amz-Security-Token": secrets.token_hex(64),
        "X-Amz-Signature": secrets.token_hex(32),
    }
    return f"{url}?{urlencode(query)}"
