"""`make package-org`: template.yaml and release/baseline.yaml as one template for a stack set, and the functions' code.

StackSets' own execution role runs no transforms, so the template is transformed here, by the translator that the
SAM CLI brings. In .aws-sam/organization afterwards:

- stackset.json: no transform, no parameter of this machine
- code/: a zip for each function, the same bytes for the same build
- execution-role.json: a role for StackSets that reaches the provider's names only, see docs/organization.md
- published.json: which file becomes which key in the buckets. A key has its file's digest: a new version is a new
  key, and none is ever written twice
- SHA256SUMS
"""

import hashlib
import io
import json
import re
import shutil
import struct
import sys
import zipfile
from pathlib import Path

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform

import execution_role

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".aws-sam" / "build"
OUT = ROOT / ".aws-sam" / "organization"
# Of a template behind a TemplateURL.
LARGEST_TEMPLATE = 1_000_000
FUNCTIONS = {"IamPresetFunction": "iam-preset", "LambdaConcurrencyFunction": "lambda-concurrency"}
SERVED_BY = {"Custom::IamPreset": "IamPresetFunction", "Custom::LambdaConcurrency": "LambdaConcurrencyFunction"}
MACHINES = {62: "x86_64", 183: "arm64"}
# The first bytes of a program.
ELF = b"\x7fELF"


def main(out=OUT, build=BUILD):
    files, keys = contents(build)
    write(out, files)
    (out / "published.json").write_bytes(pretty(keys))
    size = len(files["stackset.json"])
    print(f"{size:,} bytes of {LARGEST_TEMPLATE:,}: stackset.json", file=sys.stderr)
    print(sums(files), end="")


def contents(build=BUILD):
    """The files to publish, by their names, and the key of each in the buckets."""
    template, code = package(build)
    files = {f"code/{name}": content for name, content in code.items()}
    files["stackset.json"] = pretty(template)
    files["execution-role.json"] = pretty(execution_role.template(template))
    if len(files["stackset.json"]) > LARGEST_TEMPLATE:
        raise SystemExit(f"stackset.json has more than {LARGEST_TEMPLATE:,} bytes")
    return files, {name: key(release(template), name, content) for name, content in files.items()}


def write(out, files):
    """Makes a folder of these files anew, with their digests in SHA256SUMS."""
    shutil.rmtree(out, ignore_errors=True)
    for name, content in {**files, "SHA256SUMS": sums(files).encode()}.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
        (out / name).chmod(mode(content))


def sums(files):
    return "".join(f"{digest(content)}  {name}\n" for name, content in sorted(files.items()))


def mode(content):
    return 0o755 if content.startswith(ELF) else 0o644


def key(release, name, content):
    path = Path(name)
    if path.parent.name == "code":
        return f"account-presets/{release}/{path.name}"
    return f"account-presets/{release}/{path.stem}-{digest(content)}{path.suffix}"


def package(build=BUILD):
    """The template, and the contents of the zips by their names."""
    template, baseline = read(ROOT / "template.yaml"), read(ROOT / "release" / "baseline.yaml")
    template.pop("Metadata")
    code = with_code(template, {"Fn::Sub": "${CodeBucketPrefix}-${AWS::Region}"}, build)
    # One topic is in one Region. What fails in an account is told by the organization's own rules.
    leave_out(template, "AlarmTopicArn", "HasAlarmTopic")
    # Nobody looks at a thousand of them, and each costs 3 USD a month.
    leave_out(template, "Dashboard", "HasDashboard")
    # Only the management account has a quota request template, and no stack set reaches that.
    leave_out(template, "QuotaTemplate", "ServesQuotaTemplate")
    template["Description"] = "account-presets: the provider and an account's presets, for a stack set."
    template = transformed(template)
    keep_the_code_away_from_presets(template, "${CodeBucketPrefix}-*")
    add(template, baseline)
    return template, code


def with_code(template, bucket, build=BUILD):
    """Says that the functions' code is in this bucket, and returns the zips by their names."""
    zips = {id: zipped({"bootstrap": binary(build, id).read_bytes()}) for id in FUNCTIONS}
    built_for = architecture(build)
    names = {id: f"{name}-{built_for}-{digest(zips[id])}.zip" for id, name in FUNCTIONS.items()}
    for id, name in names.items():
        function = template["Resources"][id]
        function.pop("Metadata")
        key = f"account-presets/{release(template)}/{name}"
        function["Properties"]["CodeUri"] = {"Bucket": bucket, "Key": key}
    fix(template, "Architecture", built_for)
    return {names[id]: content for id, content in zips.items()}


def release(template):
    return template["Outputs"]["Version"]["Value"]


def read(path):
    return plain(yaml_parse(path.read_text()))


def plain(value):
    return json.loads(json.dumps(value))


def transformed(template):
    template = plain(transform(template, {}, NoManagedPolicies()))
    for resource in template["Resources"].values():
        metadata = resource.get("Metadata", {})
        metadata.pop("SamResourceId", None)
        if not metadata:
            resource.pop("Metadata", None)
        # The translator says which tool made a function.
        tags = resource["Properties"].get("Tags", [])
        if tags == [{"Key": "lambda:createdBy", "Value": "SAM"}]:
            del resource["Properties"]["Tags"]
    return template


class NoManagedPolicies:
    """The functions name their roles, so the translator looks up no policies of AWS's."""

    def load(self):
        return {}


def fix(template, parameter, value):
    """Puts the value in the place of the parameter."""
    del template["Parameters"][parameter]

    def fixed(node):
        if node == {"Ref": parameter}:
            return value
        if isinstance(node, dict):
            return {key: fixed(child) for key, child in node.items()}
        return [fixed(child) for child in node] if isinstance(node, list) else node

    template["Resources"] = fixed(template["Resources"])


def leave_out(template, parameter, condition):
    """The resources that there are only with the parameter, too."""
    conditions = template["Conditions"]
    asks = {name for name, it in conditions.items() if {"Condition": condition} in it.get("Fn::And", [])}
    for name in {condition, *asks}:
        del conditions[name]
    del template["Parameters"][parameter]
    resources = template["Resources"]
    template["Resources"] = {id: it for id, it in resources.items() if it.get("Condition") not in {condition, *asks}}


def keep_the_code_away_from_presets(template, buckets):
    """The boundary keeps roles of presets from the bucket of SAM's; the code is in others here."""
    statements = template["Resources"]["PresetBoundary"]["Properties"]["PolicyDocument"]["Statement"]
    (provider,) = (it for it in statements if it["Sid"] == "LeaveTheProviderAlone")
    provider["Resource"].append({"Fn::Sub": f"arn:${{AWS::Partition}}:s3:::{buckets}"})


# --- the two in one ---


def add(template, baseline):
    for name, parameter in baseline["Parameters"].items():
        template["Parameters"][name] = {**template["Parameters"].get(name, {}), **parameter}
    template["Conditions"] |= baseline["Conditions"]
    provider = template["Resources"]
    served_by = {type: around(provider, function) for type, function in SERVED_BY.items()}
    at_home, everywhere = served_by["Custom::IamPreset"], served_by["Custom::LambdaConcurrency"]
    if at_home & everywhere or at_home | everywhere != provider.keys():
        raise SystemExit("a resource of template.yaml belongs to both functions, or to none")
    for type, function in SERVED_BY.items():
        wait_for_conditional_policies(provider, function, served_by[type])
    sure = {id for id, resource in provider.items() if "Condition" not in resource}
    for id in sorted(at_home):
        only_at_home(template, provider[id])
    for output in template["Outputs"].values():
        if references(output) & at_home:
            only_at_home(template, output)
    for id, resource in baseline["Resources"].items():
        if resource["Type"] == "Custom::IamPreset":
            # A new release is an Update of each preset: what it changes is made at once, and audits go on. So is
            # another boundary: one of the template can only go when no role has it any more.
            token = [release(template), {"Ref": "PermissionsBoundary"}, {"Ref": "UpdateToken"}]
            resource["Properties"]["UpdateToken"] = {"Fn::Join": [" ", token]}
        if resource["Type"] in served_by:
            # Also what the function needs and does not refer to, such as its role's policies: a stack
            # deletes this resource first.
            resource["DependsOn"] = sorted(served_by[resource["Type"]] & sure - {SERVED_BY[resource["Type"]]})
        template["Resources"] = {**template["Resources"], id: resource}


def wait_for_conditional_policies(provider, function, around):
    """Nothing can depend on a resource that may not be there; it can refer to it under the same condition."""
    policies = {id: provider[id].get("Condition") for id in sorted(around) if provider[id]["Type"] == "AWS::IAM::Policy"}
    nothing = {"Ref": "AWS::NoValue"}
    names = [{"Fn::If": [condition, {"Ref": id}, nothing]} for id, condition in policies.items() if condition]
    # A function's tag is the place that takes any text and changes nothing.
    tag = {"Key": "account-presets:policies", "Value": {"Fn::Join": [" ", ["-", *names]]}}
    provider[function]["Properties"]["Tags"] = [tag]


def only_at_home(template, part):
    condition = part.get("Condition")
    if condition is None:
        part["Condition"] = "IsHome"
        return
    both = f"IsHomeAnd{condition}"
    template["Conditions"][both] = {"Fn::And": [{"Condition": "IsHome"}, {"Condition": condition}]}
    part["Condition"] = both


def around(resources, id):
    """The resources that refer to this one, or that it refers to, and so on."""
    links = {name: references(resource) & resources.keys() for name, resource in resources.items()}
    found, new = set(), {id}
    while new:
        found |= new
        new = {name for name in resources if links[name] & found or any(name in links[it] for it in found)} - found
    return found


def references(node):
    """Every name that a part of a template refers to."""
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(references, node.values()))
    if isinstance(node.get("Ref"), str):
        found.add(node["Ref"])
    if "Fn::GetAtt" in node:
        attribute = node["Fn::GetAtt"]
        found.add((attribute.split(".") if isinstance(attribute, str) else attribute)[0])
    if "Fn::Sub" in node:
        text = node["Fn::Sub"]
        found |= set(re.findall(r"\$\{(\w+)", text if isinstance(text, str) else text[0]))
    if "DependsOn" in node:
        found |= {node["DependsOn"]} if isinstance(node["DependsOn"], str) else set(node["DependsOn"])
    return found


# --- code ---


def binary(build, id):
    path = build / id / "bootstrap"
    if not path.exists():
        raise SystemExit(f"there is no {path}: run `make build`")
    return path


def architecture(build=BUILD):
    """The processor that the functions are built for, by their ELF headers."""
    numbers = {struct.unpack("<H", binary(build, id).read_bytes()[18:20])[0] for id in FUNCTIONS}
    first, *others = (MACHINES[number] for number in sorted(numbers))
    if others:
        raise SystemExit(f"the functions are built for {first} and {others[0]}")
    return first


def zipped(files):
    """An archive of these contents by their names. Nothing in it says when or where it was made."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        for name, content in sorted(files.items()):
            # ZIP has no earlier date.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.external_attr, entry.compress_type = (0o100000 | mode(content)) << 16, zipfile.ZIP_DEFLATED
            written.writestr(entry, content)
    return archive.getvalue()


def digest(content):
    return hashlib.sha256(content).hexdigest()


def pretty(value):
    return (json.dumps(value, indent=1) + "\n").encode()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
