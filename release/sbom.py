"""A CycloneDX bill of materials for the binary of each function, beside the release build.

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


def main():
    for binary in sorted(folder.name for folder in ROOT.glob("functions/*/")):
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
    bootstrap = (BUILD / logical_id(binary) / "bootstrap").read_bytes()
    components[root].type = ComponentType.APPLICATION
    components[root].hashes = [sha256(hashlib.sha256(bootstrap).hexdigest())]
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
    out = subprocess.run([*command, *form], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
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


def logical_id(binary):
    """The function's name in template.yaml: IamPresetFunction for iam-preset."""
    return binary.title().replace("-", "") + "Function"


CHECKSUMS = {
    (crate["name"], crate["version"]): crate.get("checksum")
    for crate in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
}

if __name__ == "__main__":
    main()
