"""`make bench`: what the release build costs, beside other ways to write a custom resource, and what grows with its
work.

Times are told and not judged: they are of this machine. What does not depend on it, `tests/e2e/test_budget.py` holds.
"""

import datetime
import hashlib
import os
import platform
import subprocess
import sys
import time

from e2e import provider
from e2e.demo import mark, say, title

from . import budget, growth, page, peers, programs
from .world import running_fake

ROUNDS = int(os.environ.get("ROUNDS", "4"))
WRITES = bool(os.environ.get("BENCH_WRITE"))
BEGAN = time.monotonic()


def main():
    with running_fake() as fake:
        title("Whether all programs make the same")
        peers.compared(fake, progress)
        title(f"Peers: {', '.join(program.name for program in programs.ALL)}")
        found = peers.measured(fake, ROUNDS, progress)
        figures = {"made": made(), "peers": {page.key(*names): one for names, one in found.items()}}
        title("Ten functions and one bucket")
        figures["bucket"] = growth.of_one_bucket(fake)
        title("Growth")
        figures["objects"] = growth.of_objects(fake, progress)
        figures["one after the other"] = growth.one_after_the_other(fake)
        figures["all at once"] = growth.all_at_once(fake)
        figures["memory"] = growth.of_memory(fake, ROUNDS)
        title("Size and instructions")
        figures["size"] = budget.sizes()
        figures["instructions"] = budget.instructions(fake, progress)
        complaints = fake.complaints()
    for name, lines in page.told(figures).items():
        title(name)
        for line in lines:
            say(line)
    if WRITES:
        page.write(figures)
        say(f"written: {page.PAGE.relative_to(provider.ROOT)} and {page.FOLDER.relative_to(provider.ROOT)}/")
    say(f"{time.monotonic() - BEGAN:.0f} s")
    for complaint in complaints:
        say(f"{mark(False)} {complaint}")
    return 1 if complaints else 0


def progress(text):
    say(f"{time.monotonic() - BEGAN:5.0f} s  {text}")


def made():
    rounds = "" if ROUNDS == 4 else f"ROUNDS={ROUNDS} "
    return {
        "command": f"BENCH_WRITE=1 {rounds}make bench",
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "binary": hashlib.sha256(programs.OURS.read_bytes()).hexdigest(),
        "rounds": ROUNDS,
        "quota": programs.Quota.how(),
        "machine": machine(),
    }


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    busy = os.getloadavg()[0]
    system = f"Linux {platform.release()}, Python {platform.python_version()}, Node {node}"
    return f"{os.cpu_count()} × {model}, {system}, a load of {busy:.1f} at the end"


if __name__ == "__main__":
    sys.exit(main())
