"""`make package`: a release, as a folder and as one archive of it, in .aws-sam/release.

- template.json and code/: the provider for one account, to be deployed from a bucket, see docs/operate.md
- organization.yaml, stackset.json, execution-role.json, published.json, publish_org.py: for an organization
- account-presets: the command line, for the processor and the system that it was built on
- schemas/: for editors and cfn-lint
- sbom/: a bill of materials of each binary
- site/: the pages, if `make site` made them
- SHA256SUMS

The same commit and the same tools give the same bytes.
"""

import argparse
from pathlib import Path

import package_org

ROOT = package_org.ROOT
OUT = ROOT / ".aws-sam" / "release"
TARGET = ROOT / "target"
BESIDE = ("LICENSE", "CHANGELOG.md", "organization.yaml")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--out", type=Path, default=OUT)
    arguments.add_argument("--program", type=Path, default=TARGET / "release" / "account-presets")
    arguments.add_argument("--sbom", type=Path, default=ROOT / ".aws-sam" / "sbom")
    arguments.add_argument("--site", type=Path, default=TARGET / "site")
    asked = arguments.parse_args()
    template, files = contents(asked.program, asked.sbom, asked.site)
    name = f"account-presets-{package_org.release(template)}-{package_org.architecture()}"
    package_org.write(asked.out, {f"{name}.zip": package_org.zipped(in_a_folder(name, files))})
    package_org.write(asked.out / name, files)
    print(asked.out / f"{name}.zip")


def contents(program, sbom, site):
    template = provider()
    files, keys = package_org.contents()
    files["template.json"] = package_org.pretty(template)
    files["published.json"] = package_org.pretty(keys)
    files["publish_org.py"] = (ROOT / "release" / "publish_org.py").read_bytes()
    files["account-presets"] = program.read_bytes()
    files |= {name: (ROOT / name).read_bytes() for name in BESIDE}
    files |= {f"schemas/{path.name}": path.read_bytes() for path in (ROOT / "schemas").glob("*.*")}
    files |= {f"sbom/{path.name}": path.read_bytes() for path in sbom.glob("*.cdx.json")}
    pages = (path for path in site.rglob("*") if path.is_file())
    files |= {f"site/{path.relative_to(site).as_posix()}": path.read_bytes() for path in pages}
    return template, files


def in_a_folder(name, files):
    sums = package_org.sums(files).encode()
    return {f"{name}/{path}": content for path, content in {**files, "SHA256SUMS": sums}.items()}


def provider():
    """template.yaml without a transform, whose functions' code is in a bucket of the account."""
    template = package_org.read(ROOT / "template.yaml")
    interface = "AWS::CloudFormation::Interface"
    template["Metadata"] = {interface: template["Metadata"][interface]}
    package_org.with_code(template, {"Ref": "CodeBucket"})
    for group in template["Metadata"][interface]["ParameterGroups"]:
        group["Parameters"] = ["CodeBucket" if it == "Architecture" else it for it in group["Parameters"]]
    template["Parameters"]["CodeBucket"] = {
        "Type": "String",
        "AllowedPattern": "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "Description": "The bucket with the functions' code, in the stack's Region.",
    }
    template = package_org.transformed(template)
    package_org.keep_the_code_away_from_presets(template, "${CodeBucket}*")
    return template


if __name__ == "__main__":
    main()
