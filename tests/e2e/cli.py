"""The program `account-presets`, as a person runs it in an emulated account."""

import json
import subprocess
from dataclasses import dataclass

from . import provider

PROGRAM = provider.ROOT / "target" / "debug" / "account-presets"


@dataclass(frozen=True)
class Done:
    code: int
    printed: str
    said: str

    @property
    def json(self):
        return json.loads(self.printed)


def run(environment, *arguments):
    """With nothing of the caller's own account. It ends by itself: nothing here waits for a person."""
    if not PROGRAM.exists():
        raise RuntimeError("there is no program: run `make cli`")
    done = subprocess.run(
        [PROGRAM, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)
