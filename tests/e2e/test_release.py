"""A release, as `make package` makes it: its contents, its version, and its deployment."""

import hashlib
import json
import re
import subprocess
import tomllib
import zipfile

import pytest

from . import provider, stacks
from .cli import PROGRAM
from .organization import PYTHON, run_program, stack_set_template
from .stacks import preset_template

ROOT = provider.ROOT
VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
NAME = f"account-presets-{VERSION}-x86_64"
BUCKET = "acme-releases"
# Another provider beside that of the tests.
OWN = {"ProviderName": "released", "ExportPrefix": "released"}
SBOM, PAGE = "iam-preset.cdx.json", "index.html"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """Makes a release into a folder, with stand-ins for the files of other commands."""
    made = tmp_path_factory.mktemp("made")
    (made / SBOM).write_text("{}")
    (made / PAGE).write_text("<p>")

    def package(folder):
        asked = ["--out", folder, "--program", PROGRAM, "--sbom", made, "--site", made]
        run_program({"PATH": "/usr/bin:/bin", "AWS_DEFAULT_REGION": "us-east-1"}, "release/package.py", *asked)
        return folder

    return package


@pytest.fixture(scope="module")
def made(package, tmp_path_factory):
    return package(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def release(made, tmp_path_factory):
    """The folder in the archive, unpacked as its reader does it."""
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run([PYTHON, "-m", "zipfile", "--extract", made / f"{NAME}.zip", folder], check=True)
    return folder / NAME


def test_the_checksums_are_those_of_all_files_and_of_the_archive(made, release):
    for folder in (made / NAME, release):
        files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        summed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
        assert summed == files - {"SHA256SUMS"}
        assert {f"sbom/{SBOM}", f"site/{PAGE}", "schemas/cfn_lint_rule.py", "LICENSE"} <= files
        check_the_sums(folder)
    check_the_sums(made)


def check_the_sums(folder):
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


def test_the_same_build_gives_the_same_archive_in_which_only_programs_run(package, made, tmp_path):
    again = package(tmp_path)
    assert (again / "SHA256SUMS").read_text() == (made / "SHA256SUMS").read_text()
    entries = zipfile.ZipFile(made / f"{NAME}.zip").infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert [entry.filename for entry in entries if entry.external_attr >> 16 & 0o111] == [f"{NAME}/account-presets"]


def test_an_organization_is_published_from_it(release):
    for name, key in json.loads((release / "published.json").read_text()).items():
        assert hashlib.sha256((release / name).read_bytes()).hexdigest() in key
    command = [PYTHON, "publish_org.py", "--help"]
    shown = subprocess.run(command, cwd=release, capture_output=True, text=True, check=True)
    assert "--folder" in shown.stdout


def test_it_is_deployed_from_a_bucket_and_serves_a_preset(release, emulator, account):
    s3 = emulator.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    for path in [release / "template.json", *(release / "code").iterdir()]:
        s3.put_object(Bucket=BUCKET, Key=f"account-presets/{VERSION}/{path.name}", Body=path.read_bytes())
    own = {**OWN, "CodeBucket": BUCKET, "AllowedResponseOrigins": emulator.endpoint}
    name = f"{account.name}-provider"
    account.cloudformation.create_stack(
        StackName=name,
        TemplateURL=f"{emulator.endpoint}/{BUCKET}/account-presets/{VERSION}/template.json",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in own.items()],
        # Nothing is left to transform.
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    deployed = stacks.settled(account.cloudformation, name)
    assert deployed.status == "CREATE_COMPLETE", deployed.failures()
    assert deployed.outputs["Version"] == VERSION

    before = account.snapshot()
    template = preset_template("slim", outputs=["ProviderVersion"])
    template["Resources"]["Preset"]["Properties"]["ServiceToken"] = {"Fn::ImportValue": "released-IamPreset"}
    assert account.create(template).outputs["ProviderVersion"] == VERSION
    account.delete()
    assert account.snapshot() == before


def test_the_boundary_keeps_roles_of_presets_from_the_code(release):
    template = json.loads((release / "template.json").read_text())
    statements = template["Resources"]["PresetBoundary"]["Properties"]["PolicyDocument"]["Statement"]
    (denied,) = (it["Resource"] for it in statements if it["Sid"] == "LeaveTheProviderAlone")
    assert {"Fn::Sub": "arn:${AWS::Partition}:s3:::${CodeBucket}*"} in denied


def test_cfn_lint_has_nothing_to_say_of_its_template(release):
    lint = provider.SAM.with_name("cfn-lint")
    done = subprocess.run([lint, release / "template.json"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


# --- the version ---


def texts(pattern, *paths):
    """The texts of the pattern's group in these files, in their order."""
    found = [text for path in paths for text in re.findall(pattern, path.read_text(), re.MULTILINE)]
    assert found, pattern
    return found


def newest_record():
    records = (path.stem for path in (ROOT / "shared" / "releases").glob("*.json"))
    return max(records, key=lambda version: [int(part) for part in version.split(".")])


def stated(release):
    template = json.loads((release / "template.json").read_text())
    examples = sorted((ROOT / "examples").rglob("*.*"))
    shown = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    return {
        "the newest heading of CHANGELOG.md": texts(r"^## \[(.+)\]", ROOT / "CHANGELOG.md")[:1],
        "template.yaml": texts(r"^    (?:SemanticVersion|Value): (\d.*)$", ROOT / "template.yaml"),
        "the release's template": [template["Outputs"]["Version"]["Value"]],
        "the organization's template": [stack_set_template(release)["Outputs"]["Version"]["Value"]],
        "the keys of the code": texts(
            r"account-presets/(\d[^/]+)/", release / "published.json", release / "template.json"
        ),
        "the addresses in examples/": texts(r"account-presets/(\d[^/]+)/", *examples),
        "the newest record of shared/releases": [newest_record()],
        "the command line": [shown.stdout.split()[-1]],
    }


def test_every_part_of_a_release_is_of_one_version(release):
    versions = stated(release)
    assert versions == {where: [VERSION] * len(found) for where, found in versions.items()}
