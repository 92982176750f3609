"""A CycloneDX bill of materials for the binary of each function and for the command line, in .aws-sam/sbom.

It lists what Cargo links into that binary, with the checksums of Cargo.lock, and what only runs in
the build (scope `excluded`). The same sources and binary give the same bytes. cargo-cyclonedx is not
used: it also lists what only the tests link, and writes the folder of the checkout into the file.
"""

import hashlib
import os
import subprocess
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = Path(__file__).parent.parent
BUILD = ROOT / ".aws-sam" / "build"
TARGET = "x86_64-unknown-linux-gnu"
COMMAND_LINE = "account-presets"


def main():
    for binary in sorted([COMMAND_LINE, *(folder.name for folder in ROOT.glob("functions/*/"))]):
        text = JsonV1Dot6(bill(binary)).output_as_string(indent=2)
        if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
            raise SystemExit(f"{binary}: not valid CycloneDX: {problem}")
        path = BUILD.with_name("sbom") / f"{binary}.cdx.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")
        print(path.relative_to(ROOT))


def bill(binary):
    crates = {}
    linked = tree(binary, "normal,no-proc-macro", crates)
    built = tree(binary, "normal,build", crates)
    components = {crate: component(crate, licence, crate in linked) for crate, licence in crates.items()}
    root = next(crate for crate in linked if crate[0] == binary)
    components[root].type = ComponentType.APPLICATION
    components[root].hashes = [sha256(hashlib.sha256(built_as(binary).read_bytes()).hexdigest())]
    bom = Bom(
        components=[component for crate, component in components.items() if crate != root],
        serial_number=uuid5(NAMESPACE_URL, components[root].hashes[0].content),
    )
    bom.metadata.component = components[root]
    bom.metadata.timestamp = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
    for crate, needs in built.items():
        bom.register_dependency(components[crate], [components[need] for need in needs])
    return bom


def tree(binary, edges, crates):
    """What each crate below the binary needs, as `cargo build` selects and unites features."""
    command = ["cargo", "tree", "--locked", "--target", TARGET, "--edges", edges]
    form = ["--prefix", "depth", "--no-dedupe", "--format", " {p} | {l}"]
    # The functions are built together, and the command line by itself.
    alone = ["--package", binary] if binary == COMMAND_LINE else []
    out = subprocess.run([*command, *form, *alone], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    needs, path = {}, []
    for line in filter(None, out.stdout.splitlines()):
        depth, name, version, rest = line.split(maxsplit=3)
        crate = name, version.removeprefix("v")
        path[int(depth) :] = [crate]
        if path[0][0] != binary:
            continue
        # Older crates write MIT/Apache-2.0.
        crates[crate] = " OR ".join(part.strip() for part in rest.split("| ", 1)[1].split("/"))
        needs.setdefault(crate, set())
        if len(path) > 1:
            needs[path[-2]].add(crate)
    return needs


def component(crate, licence, linked):
    name, version = crate
    checksum = CHECKSUMS[crate]
    return Component(
        name=name,
        version=version,
        scope=ComponentScope.REQUIRED if linked else ComponentScope.EXCLUDED,
        # Crates of the workspace have no checksum in Cargo.lock, and no place in a registry.
        purl=PackageURL("cargo", None, name, version) if checksum else None,
        bom_ref=f"{name}@{version}",
        hashes=[sha256(checksum)] if checksum else [],
        licenses=[LicenseFactory().make_with_expression(licence)],
    )


def sha256(digest):
    return HashType.from_hashlib_alg("sha256", digest)


def built_as(binary):
    """Where the build puts it: a function under its name in template.yaml, IamPresetFunction for iam-preset."""
    if binary == COMMAND_LINE:
        return ROOT / "target" / "release" / binary
    return BUILD / (binary.title().replace("-", "") + "Function") / "bootstrap"


CHECKSUMS = {
    (crate["name"], crate["version"]): crate.get("checksum")
    for crate in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
}

if __name__ == "__main__":
    main()
