"""A proxy between the functions and IAM, for who wants to count, hold or refuse what they call."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from .http_server import Quiet, serving

WAIT_SECONDS = 60
THROTTLED = """<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>\
<Code>Throttling</Code><Message>Rate exceeded</Message></Error><RequestId>0</RequestId></ErrorResponse>"""


class Answer(NamedTuple):
    status: int
    body: bytes


@dataclass(frozen=True)
class Call:
    parameters: dict
    forward: Callable[[], Answer]
    """Makes the call, and returns what IAM answers."""

    @property
    def action(self):
        return self.parameters["Action"]

    @property
    def is_write(self):
        return not self.action.startswith(("Get", "List"))


def throttled():
    """What IAM answers when it is called too often."""
    return Answer(400, THROTTLED.encode())


@contextmanager
def proxy(endpoint, serve):
    """Its address. Each call is answered with what `serve` makes of it."""

    class Handler(Quiet):
        def do_POST(self):
            body = self.body()

            def forward():
                upstream = HTTPConnection(urlsplit(endpoint).netloc, timeout=WAIT_SECONDS)
                upstream.request("POST", self.path, body, dict(self.headers))
                response = upstream.getresponse()
                answer = Answer(response.status, response.read())
                upstream.close()
                return answer

            answer = serve(Call(dict(parse_qsl(body.decode())), forward))
            self.reply(answer.status, answer.body, {"Content-Type": "text/xml"})

    with serving(Handler) as origin:
        yield origin
