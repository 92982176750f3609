"""What `make package-org` makes, and what organization.yaml passes on: without any account."""

import fnmatch
import hashlib
import io
import json
import re
import subprocess
import zipfile

import pytest

from . import provider
from .organization import PACKAGE, TEMPLATE, organization_template, package, run_program, stack_set_template

HOME, ELSEWHERE = "us-east-1", "eu-west-1"
# What a Region has that is not home.
QUOTA = {
    "LambdaConcurrency",
    "LambdaConcurrencyFunction",
    "LambdaConcurrencyFunctionEventInvokeConfig",
    "LambdaConcurrencyLogGroup",
    "LambdaConcurrencyRole",
}
ALL_ON = {
    "AllowAdminEquivalent": "false",
    "Concurrency": "1000",
    "FindingsBusArn": "arn:aws:events:us-east-1:000000000000:event-bus/b",
    "FormerPolicyNames": "old",
    "HomeRegion": HOME,
    "PermissionsBoundary": "PresetBoundary",
    "VerifyStackEvents": "true",
    **dict.fromkeys(("Lithops", "Orchestra", "SkyPilot", "Slim", "Zappa"), "hardened"),
}


@pytest.fixture(scope="module")
def template():
    return stack_set_template(package())


def names(node):
    """Every resource or parameter that a part of a template refers to, in whatever form."""
    if isinstance(node, list):
        return set().union(*map(names, node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(names, node.values()))
    found |= {node["Ref"]} if isinstance(node.get("Ref"), str) else set()
    if attribute := node.get("Fn::GetAtt"):
        found.add((attribute if isinstance(attribute, list) else attribute.split("."))[0])
    if text := node.get("Fn::Sub"):
        found |= set(re.findall(r"\$\{([A-Za-z]+)[}.]", text if isinstance(text, str) else text[0]))
    found |= set(node["DependsOn"] if isinstance(node.get("DependsOn"), list) else [node.get("DependsOn")])
    return found - {None}


def is_true(template, condition, values):
    def of(node):
        if "Condition" in node:
            return of(template["Conditions"][node["Condition"]])
        (name, arguments), = node.items()
        if name == "Fn::Equals":
            return text(arguments[0]) == text(arguments[1])
        return {"Fn::And": all, "Fn::Or": any, "Fn::Not": lambda it: not any(it)}[name](map(of, arguments))

    def text(node):
        if isinstance(node, dict) and "Fn::Join" in node:
            return text(node["Fn::Join"][1])
        return str(values[node["Ref"]]) if isinstance(node, dict) else node

    return of({"Condition": condition})


def there_is(template, region, **parameters):
    """The resources that there are in a Region."""
    defaults = {name: it.get("Default") for name, it in template["Parameters"].items()}
    values = {**defaults, "HomeRegion": HOME, **parameters, "AWS::Region": region}
    resources = template["Resources"].items()
    return {id for id, it in resources if "Condition" not in it or is_true(template, it["Condition"], values)}


def test_the_package_has_no_transform_and_fits_behind_a_url(template):
    text = (PACKAGE / "stackset.json").read_text()
    assert "Transform" not in text
    assert "AWS::Serverless" not in text
    assert len(text) <= 1_000_000
    assert all(":" in it["Type"] and "Properties" in it for it in template["Resources"].values())


def test_cfn_lint_has_nothing_to_say(template):
    lint = provider.SAM.with_name("cfn-lint")
    files = [PACKAGE / "stackset.json", PACKAGE / "execution-role.json", TEMPLATE]
    done = subprocess.run([lint, *files], cwd=provider.ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_same_build_gives_the_same_bytes_under_keys_that_have_their_digests(template, tmp_path):
    package(tmp_path)
    assert (tmp_path / "SHA256SUMS").read_text() == (PACKAGE / "SHA256SUMS").read_text()
    keys = json.loads((PACKAGE / "published.json").read_text())
    for line in (PACKAGE / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((PACKAGE / name).read_bytes()).hexdigest() == digest
        assert digest in keys.pop(name)
    assert not keys


def test_a_new_release_another_boundary_and_the_operators_word_are_updates_of_each_preset(template):
    release = template["Outputs"]["Version"]["Value"]
    token = {"Fn::Join": [" ", [release, {"Ref": "PermissionsBoundary"}, {"Ref": "UpdateToken"}]]}
    presets = of_type(template, "Custom::IamPreset").values()
    assert [it["Properties"]["UpdateToken"] for it in presets] == [token] * 5


def test_what_a_reason_names_as_a_way_out_an_operator_can_say(template):
    for preset in of_type(template, "Custom::IamPreset").values():
        for name in ("AdoptExisting", "OnForeignAttachment"):
            assert preset["Properties"][name] == {"Ref": name}
    (quota,) = of_type(organization_template(), "Custom::QuotaTemplate").values()
    assert quota["Properties"]["AdoptExisting"] == {"Ref": "AdoptExisting"}


def test_the_zips_are_the_binaries_and_what_the_template_asks_for(template):
    keys = {path: key for path, key in json.loads((PACKAGE / "published.json").read_text()).items() if "code/" in path}
    asked = {it["Properties"]["Code"]["S3Key"] for it in of_type(template, "AWS::Lambda::Function").values()}
    assert asked == set(keys.values())
    buckets = [it["Properties"]["Code"]["S3Bucket"] for it in of_type(template, "AWS::Lambda::Function").values()]
    # Lambda reads no other Region's.
    assert buckets == [{"Fn::Sub": "${CodeBucketPrefix}-${AWS::Region}"}] * 2
    for path in keys:
        archive = zipfile.ZipFile(io.BytesIO((PACKAGE / path).read_bytes()))
        binary = provider.BOOTSTRAP if "iam-preset" in path else provider.CONCURRENCY_BOOTSTRAP
        assert archive.namelist() == ["bootstrap"]
        assert archive.read("bootstrap") == binary.read_bytes()
        assert archive.getinfo("bootstrap").external_attr >> 16 == 0o100755


@pytest.mark.parametrize("parameters", [{"Concurrency": "1000"}, {**ALL_ON}, {**ALL_ON, "KeepLogs": "true"}])
def test_the_providers_iam_and_the_presets_are_made_in_the_home_region_alone(template, parameters):
    elsewhere = there_is(template, ELSEWHERE, **parameters)
    kept = {id.replace("Kept", "") for id in elsewhere}
    verified = {"StackEventsPolicy"} if parameters.get("VerifyStackEvents") == "true" else set()
    assert kept == QUOTA | verified
    home = there_is(template, HOME, **ALL_ON)
    assert len(home) > 25
    assert len(of_type(template, "Custom::IamPreset").keys() & home) == 5


def test_whatever_a_resource_needs_is_there_under_the_same_parameters(template):
    """A reference to what is not there fails a stack, in whichever Region."""
    for region in (HOME, ELSEWHERE):
        there = there_is(template, region, **ALL_ON)
        for id in there:
            resource = template["Resources"][id]
            needed = names({**resource, "Properties": sure(resource["Properties"])})
            assert needed & template["Resources"].keys() <= there, (region, id)


def sure(node):
    """Without what depends on a condition."""
    if isinstance(node, list):
        return [sure(child) for child in node if not (isinstance(child, dict) and "Fn::If" in child)]
    if isinstance(node, dict):
        return {key: sure(child) for key, child in node.items() if not (isinstance(child, dict) and "Fn::If" in child)}
    return node


def test_a_preset_goes_before_anything_that_serves_it(template):
    """CloudFormation deletes first what depends on something, so no order of deletion leaves a preset without."""
    resources = template["Resources"]
    there = there_is(template, HOME, **ALL_ON)
    for type, role in (("Custom::IamPreset", "IamPresetRole"), ("Custom::LambdaConcurrency", "LambdaConcurrencyRole")):
        functions_own = [id for id in there if not resources[id]["Type"].startswith("Custom::")]
        serving = {id for id in functions_own if role in names(resources[id]) | {id}}
        serving |= {id for id in functions_own if id.startswith(role.removesuffix("Role") + "Function")}
        assert len(serving) >= 4
        for id in of_type(template, type):
            before, new = set(), {id}
            while new:
                before |= new
                new = {name for it in new for name in names(resources[it]) if name in resources} - before
            assert serving <= before, (id, serving - before)


def parameters_for_names():
    """Those by which an operator allows the names of presets, as `make bless` writes them."""
    text = (provider.ROOT / "template.yaml").read_text()
    (part,) = re.findall(r"# Made by make bless: parameters of names\n(.*?)# Made up to here", text, re.DOTALL)
    return re.findall(r"- (\w+)", part)


def test_every_parameter_is_passed_on_or_fixed(template):
    top = organization_template()
    given = top["Resources"]["StackSet"]["Properties"]["Parameters"]
    passed = [it["ParameterKey"] for it in given]
    fixed = [*top["Metadata"]["Fixed"], *parameters_for_names()]
    assert sorted(passed + fixed) == sorted(template["Parameters"]), (
        "a new parameter of template.yaml is passed on by organization.yaml, or stands in its Metadata.Fixed"
    )
    assert all("Default" in template["Parameters"][name] for name in fixed)
    values = {it["ParameterKey"]: it["ParameterValue"] for it in given}
    own = {"FindingsBusArn"}
    # What holds in each account: no ARN of one of them. And a text here is a list there.
    narrower = {"AllowedValues", "PermissionsBoundary", "ProviderBoundary"}
    assert all(value == {"Ref": name} for name, value in values.items() if name not in own)
    for name in set(passed) - own:
        # A mistake is refused before anything starts, and not by each account.
        for limit in ("AllowedPattern", "AllowedValues", "MaxLength", "MaxValue", "MinLength", "MinValue"):
            if name in narrower and limit == "AllowedPattern":
                continue
            assert top["Parameters"][name].get(limit) == template["Parameters"][name].get(limit), (name, limit)
        # In an organization these two are on.
        if "Default" in template["Parameters"][name] and name not in {"VerifyStackEvents", "Audit"}:
            assert str(top["Parameters"][name]["Default"]) == str(template["Parameters"][name]["Default"]), name


def test_no_arn_is_of_one_partition():
    """Step Functions ends an execution whose task has an ARN of another one, and IAM refuses a policy."""
    for path in (TEMPLATE, PACKAGE / "stackset.json"):
        assert not re.findall(r"arn:aws[\w-]*:\w*", path.read_text())


def test_the_organizations_template_is_deployed_without_a_bucket():
    """Of more, `aws cloudformation deploy` asks for one."""
    assert len(TEMPLATE.read_bytes()) <= 51_200


def test_every_parameter_of_the_organization_is_used():
    top = organization_template()
    used = names([top["Resources"], top["Conditions"], top["Outputs"]])
    assert set(top["Parameters"]) <= used


@pytest.mark.parametrize(
    ("argument", "given"),
    [
        ("PREFIX", ("Acme", "o-a1b2c3d4e5", "us-east-1")),
        ("ORG", ("acme", "a1b2c3d4e5", "us-east-1")),
        ("ORG", ("acme", "us-east-1,eu-west-1")),
        ("REGIONS", ("acme", "o-a1b2c3d4e5", "us-east-1,")),
        ("REGIONS", ("acme", "o-a1b2c3d4e5", "us-east1")),
        ("REGIONS", ("acme", "o-a1b2c3d4e5", "us-east-1,us-east-1")),
        ("REGIONS", ("acme", "o-a1b2c3d4e5")),
    ],
)
def test_publish_names_the_argument_that_is_wrong(argument, given):
    with pytest.raises(RuntimeError) as refused:
        run_program({}, "release/publish_org.py", *given)
    *_, last = str(refused.value).splitlines()
    assert re.search(rf"error: (argument {argument}: given '|the following arguments are required: .*{argument})", last)
    assert "Traceback" not in str(refused.value)


def test_an_instance_has_nothing_before_the_request_template_is_had():
    top = organization_template()
    assert "QuotaTemplate" in names(top["Resources"]["StackSet"]["Properties"])


def test_one_account_never_stops_the_rest():
    stack_set = organization_template()["Resources"]["StackSet"]["Properties"]
    preferences = stack_set["OperationPreferences"]
    assert preferences["FailureTolerancePercentage"] == 100
    # The other mode lets no more accounts be worked on at once than may fail after those that failed.
    assert preferences["ConcurrencyMode"] == "SOFT_FAILURE_TOLERANCE"
    assert stack_set["ManagedExecution"] == {"Active": True}
    assert stack_set["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": False}
    assert stack_set["Capabilities"] == ["CAPABILITY_NAMED_IAM"]


def test_exports_are_off_and_the_names_are_others_than_a_providers_own(template):
    assert template["Parameters"]["ExportPrefix"]["Default"] == ""
    assert template["Parameters"]["ProviderName"]["Default"] != "account-presets"
    values = {"HomeRegion": HOME, "AWS::Region": HOME, "ExportPrefix": ""}
    exports = [it for it in template["Outputs"].values() if "Export" in it]
    assert len(exports) == 2
    assert not any(is_true(template, it["Condition"], values) for it in exports)


def test_the_boundary_keeps_roles_of_presets_from_the_functions_and_their_code(template):
    statements = template["Resources"]["PresetBoundary"]["Properties"]["PolicyDocument"]["Statement"]
    (denied,) = (it["Resource"] for it in statements if it["Sid"] == "LeaveTheProviderAlone")
    patterns = [filled(it["Fn::Sub"]) for it in denied]
    functions = of_type(template, "AWS::Lambda::Function").values()
    functions = [filled(it["Properties"]["FunctionName"]["Fn::Sub"]) for it in functions]
    assert len(functions) == 2
    for arn in (
        *(f"arn:aws:lambda:eu-west-1:123456789012:function:{name}" for name in functions),
        "arn:aws:s3:::code-eu-west-1/account-presets/x.zip",
    ):
        assert any(fnmatch.fnmatchcase(arn, pattern) for pattern in patterns), arn


def filled(text):
    values = {
        "AWS::Partition": "aws",
        "AWS::AccountId": "123456789012",
        "AWS::Region": "eu-west-1",
        "ProviderName": "account-presets-org",
        "CodeBucketPrefix": "code",
    }
    return re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], text)


def test_no_condition_keeps_eventbridge_from_the_topic():
    """AWS's page on resource-based policies of EventBridge: topics' policies for it take no conditions."""
    (policy,) = of_type(organization_template(), "AWS::SNS::TopicPolicy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    (events,) = (it for it in statements if it["Principal"] == {"Service": "events.amazonaws.com"})
    assert events["Action"] == "sns:Publish"
    assert "Condition" not in events
    assert all("Condition" in it for it in statements if it is not events)


def test_an_account_has_no_alarms_and_tells_of_audits_that_fail(template):
    """Its rule sends on what the state machine says, whatever that is about."""
    assert not of_type(template, "AWS::CloudWatch::Alarm")
    (machine,) = of_type(template, "AWS::StepFunctions::StateMachine").values()
    (entry,) = machine["Properties"]["Definition"]["States"]["Tell"]["Arguments"]["Entries"]
    assert (entry["Source"], entry["DetailType"]) == ("account-presets", "Preset Audit Failed")
    for resources in (template["Resources"], organization_template()["Resources"]):
        findings, unfinished = (resources[it]["Properties"] for it in ("FindingsRule", "UnfinishedAuditsRule"))
        assert findings["EventPattern"] == {"source": ["account-presets"]}
        assert unfinished["EventPattern"]["source"] == ["aws.states"]
        assert unfinished["EventPattern"]["detail"]["status"] == ["TIMED_OUT", "ABORTED"]
        assert ":stateMachine:${ProviderName}-Audit" in json.dumps(unfinished["EventPattern"]["detail"])
        assert [it["Arn"] for it in unfinished["Targets"]] == [it["Arn"] for it in findings["Targets"]]


def test_the_execution_role_amounts_to_administrator_and_the_page_says_so():
    """Who makes a role, writes its policies and passes it is one, whatever the role is called."""
    role = json.loads((PACKAGE / "execution-role.json").read_text())["Resources"]["ExecutionRole"]["Properties"]
    (policy,) = role["Policies"]
    (iam,) = (it for it in policy["PolicyDocument"]["Statement"] if it["Sid"] == "OwnIam")
    if {"iam:CreateRole", "iam:PutRolePolicy", "iam:PassRole"} <= set(iam["Action"]) and "Condition" not in iam:
        page = (provider.ROOT / "docs" / "organization.md").read_text()
        (said,) = (part for part in page.split("\n\n") if "execution-role.json" in part)
        assert "amounts to administrator" in said
        assert "StackSets alone assumes it" in said
    (trusted,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trusted["Principal"]["AWS"]["Fn::Sub"].endswith("AWSServiceRoleForCloudFormationStackSetsOrgAdmin")


def test_the_execution_role_reaches_the_providers_names_and_no_presets_role(template):
    role = json.loads((PACKAGE / "execution-role.json").read_text())["Resources"]["ExecutionRole"]["Properties"]
    assert role["RoleName"].startswith("stacksets-exec-custom-")
    (policy,) = role["Policies"]
    for statement in policy["PolicyDocument"]["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        if statement["Resource"] == "*":
            assert all(re.match(r"\w+:(List|Describe|Get)", action) for action in statement["Action"]), statement
    (iam,) = (it for it in policy["PolicyDocument"]["Statement"] if it["Sid"] == "OwnIam")
    assert {"iam:CreateRole", "iam:PassRole", "iam:DeleteRole", "iam:CreatePolicy"} <= set(iam["Action"])
    assert all("${ProviderName}-" in arn["Fn::Sub"] for arn in iam["Resource"])


def of_type(template, type):
    return {id: it for id, it in template["Resources"].items() if it["Type"] == type}
