"""The rule of schemas/ in cfn-lint, as somebody runs it who writes a template: nothing to say about what the provider
takes, one line about each mistake, in the place where it is."""

import json
import re
import subprocess
from textwrap import dedent, indent

import pytest

from .provider import ROOT

CFN_LINT = ROOT / ".tools" / "sam" / "bin" / "cfn-lint"
HERE = "# here"


def lint(*templates, cwd=ROOT):
    """What is said about each template: rule, line, words."""
    command = [CFN_LINT, "--format", "json", "--append-rules", ROOT / "schemas", "--", *templates]
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    said = {str(path): [] for path in templates}
    for match in json.loads(done.stdout):
        line = match["Location"]["Start"]["LineNumber"]
        said[match["Filename"]].append((match["Rule"]["Id"], line, match["Message"]))
    return said


def conditions_of(properties):
    """IsSmall is there where IsLarge is not; the others are free."""
    names = sorted({*re.findall(r"\bIs\w+", properties), *(["IsLarge"] if "IsSmall" in properties else [])})
    made = {name: f"!Equals [!Join ['', [{name}, !Ref AWS::StackName]], a]" for name in names}
    if "IsSmall" in made:
        made["IsSmall"] = "!Not [!Condition IsLarge]"
    return "Conditions:\n" + "".join(f"  {name}: {it}\n" for name, it in made.items()) if made else ""


def preset(properties, outputs="", kind="Custom::IamPreset", token="IamPreset"):
    template = f"""\
    Resources:
      It:
        Type: {kind}
        Properties:
          ServiceToken: !ImportValue account-presets-{token}
    """
    outputs = f"Outputs:\n{indent(outputs, '  ')}" if outputs else ""
    return conditions_of(properties) + dedent(template) + indent(dedent(properties), " " * 6) + outputs


def concurrency(properties, outputs="", kind="Custom::LambdaConcurrency"):
    return preset(properties, outputs, kind, "LambdaConcurrency")


EXTENDED = "Transform: AWS::LanguageExtensions\nParameters: {Names: {Type: CommaDelimitedList}}\n"
# What only the deployment knows. cfn-lint makes something up for it.
LOOP = "Fn::ForEach::Them:\n- Name\n- !Ref Names\n- ${Name}: a\n"
SECRET = "Parameters: {Names: {Type: AWS::SSM::Parameter::Value<List<String>>, Default: /names}}"

# More conditions than have all their combinations looked at.
MANY = "".join(
    f"{name}: !If [Is{name}, '', !Ref AWS::NoValue]\n"
    for name in ("AdoptExisting", "MaxSessionDuration", "Path", "PermissionsBoundary", "UpdateToken", "WaitForPropagation")
)

# By a name: the template with a mark in the line that is meant, and what is said there.
MISTAKES = {
    "a mistake beside a date": (
        preset("Preset: slim\nUpdateToken: 2026-11-27\nEditoin: hardened # here\n"),
        "unknown property `Editoin`; did you mean `Edition`?",
    ),
    "a parameter that is a number": (
        preset("Preset: slim\nParameters: # here\n  1: 2\n"),
        "unknown parameter `1`",
    ),
    "an acknowledgement of nothing that is no boolean": (
        preset("Preset: slim\nAcknowledgeAdminEquivalent: 'yes' # here\n"),
        "AcknowledgeAdminEquivalent: given `yes`, allowed are ",
    ),
    "a misspelt property": (
        preset("Preset: slim\nEditoin: hardened # here\n"),
        "unknown property `Editoin`; did you mean `Edition`? Allowed of Custom::IamPreset are `AcknowledgeAdmin",
    ),
    "a parameter in the wrong place": (
        preset("Preset: slim\nUserNames: [ana] # here\n"),
        "unknown property `UserNames`: it is a parameter of preset `slim`, write it below Parameters",
    ),
    "a misspelt parameter": (
        preset("Preset: slim\nParameters:\n  InstanceProfile: true\n  UserName: [ana] # here\n"),
        "unknown parameter `UserName`; did you mean `UserNames`? Allowed of preset `slim` are `BucketNames`",
    ),
    "a parameter of another preset": (
        preset("Preset: slim\nParameters: {Deployments: [tr-a]} # here\n"),
        "unknown parameter `Deployments`. Allowed of preset `slim` are",
    ),
    "a misspelt preset": (
        preset("Preset: silm # here\n"),
        "Preset: given `silm`, allowed are `lithops`, `orchestra`, `skypilot`, `slim`, `zappa`; did you mean `slim`?",
    ),
    "no preset": (
        preset("Edition: hardened\n").replace("Properties:", "Properties: # here"),
        "Preset: missing",
    ),
    "no properties at all": (
        "Resources:\n  It: # here\n    Type: Custom::LambdaConcurrency\n",
        "DesiredConcurrency: missing",
    ),
    "no value for what is needed": (
        preset("Preset: orchestra\nParameters:\n  ModuleRoles: true # here\n  OrchestraAccountId: ''\n"),
        "Parameters.OrchestraAccountId: missing, and `ModuleRoles: true` needs it",
    ),
    "an edition that the preset does not have": (
        preset("Preset: skypilot\nEdition: latest # here\n"),
        "Edition: given `latest`, allowed are `hardened`, `current`",
    ),
    "a word that is not allowed": (
        preset("Preset: lithops\nParameters:\n  AccountKind: SSO # here\n"),
        "Parameters.AccountKind: given `SSO`, allowed are `regular`, `sso`; did you mean `sso`?",
    ),
    "no boolean": (
        preset("Preset: slim\nParameters:\n  InstanceProfile: 'yes' # here\n"),
        "Parameters.InstanceProfile: given `yes`, allowed are `true`, `false`",
    ),
    "a word on one side of a condition": (
        preset("Preset: slim\nEdition:\n  Fn::If:\n    - IsLarge\n    - hardened\n    - curent # here\n"),
        "Edition.Fn::If.2: given `curent`, allowed are `hardened`, `current`, `documented`; did you mean `current`?",
    ),
    "a parameter on one side of a condition": (
        preset("Preset: slim\nParameters: !If\n- IsLarge\n- {}\n- UserName: [ana] # here\n"),
        "unknown parameter `UserName`; did you mean `UserNames`?",
    ),
    "a text in place of a list": (
        preset("Preset: slim\nParameters:\n  UserNames: ana,bob # here\n"),
        "Parameters.UserNames: given `ana,bob`, allowed is a list",
    ),
    "an entry of another form": (
        preset("Preset: slim\nParameters:\n  UserNames:\n    - ana\n    - a/b # here\n"),
        "Parameters.UserNames.1: given `a/b`, allowed is a text of the form `[\\w+=,.@-]{1,64}`",
    ),
    "a number that is too large": (
        preset("Preset: slim\nMaxSessionDuration: 50000 # here\n"),
        "MaxSessionDuration: given `50000`, allowed is a whole number from 3600 to 43200",
    ),
    "a misspelt entry of a tag": (
        preset("Preset: slim\nTags:\n  - Key: team\n    Value: a\n    Valeu: b # here\n"),
        "unknown key `Valeu`; did you mean `Value`? Allowed of Tags are `Key`, `Value`",
    ),
    "an edition that is not acknowledged": (
        preset("Preset: slim\nEdition: current # here\n"),
        "AcknowledgeAdminEquivalent: missing, and `Edition: current` amounts to administrator's rights: "
        "AWSLambda_FullAccess changes the code of any function",
    ),
    "a parameter that is not acknowledged": (
        preset("Preset: zappa\nParameters:\n  ManageRoles: true # here\n"),
        "AcknowledgeAdminEquivalent: missing, and `ManageRoles: true` amounts to administrator's rights",
    ),
    "an edition and a parameter that are not acknowledged": (
        preset("Preset: lithops\nEdition: current # here\nParameters:\n  AdministratorsGroup: true\n"),
        "AcknowledgeAdminEquivalent: missing, and `Edition: current` amounts to",
    ),
    "an acknowledgement that is none": (
        preset("Preset: slim\nEdition: current\nAcknowledgeAdminEquivalent: false # here\n"),
        "AcknowledgeAdminEquivalent: given `false`, and `Edition: current` amounts to administrator's rights",
    ),
    "an edition that is not acknowledged, on one side of a condition": (
        preset("Preset: slim\nEdition: !If\n- IsLarge\n- current # here\n- hardened\n"),
        "AcknowledgeAdminEquivalent: missing, and `Edition: current` amounts to administrator's rights",
    ),
    "an acknowledgement on one side of a condition": (
        preset(
            "Preset: slim\nEdition: current # here\n"
            "AcknowledgeAdminEquivalent: !If [IsLarge, true, !Ref AWS::NoValue]\n"
        ),
        "AcknowledgeAdminEquivalent: missing, and `Edition: current` amounts to administrator's rights",
    ),
    "an acknowledgement on the other side": (
        preset(
            "Preset: slim\nEdition: !If [IsLarge, current, hardened]\nAcknowledgeAdminEquivalent: !If\n- IsLarge\n"
            "- 'false' # here\n- 'true'\n"
        ),
        "AcknowledgeAdminEquivalent: given `false`, and `Edition: current` amounts to administrator's rights",
    ),
    "an acknowledgement under the opposite condition": (
        preset(
            "Preset: slim\nEdition: !If\n- IsLarge\n- current # here\n- hardened\n"
            "AcknowledgeAdminEquivalent: !If [IsSmall, true, !Ref AWS::NoValue]\n"
        ),
        "AcknowledgeAdminEquivalent: missing, and `Edition: current` amounts to administrator's rights",
    ),
    "an acknowledgement under another condition": (
        preset(
            "Preset: slim\nEdition: !If\n- IsLarge\n- current # here\n- hardened\n"
            "AcknowledgeAdminEquivalent: !If [IsOther, true, !Ref AWS::NoValue]\n"
        ),
        "AcknowledgeAdminEquivalent: missing, and `Edition: current` amounts to administrator's rights",
    ),
    "an acknowledgement that is no value": (
        preset("Preset: slim\nEdition: current # here\nAcknowledgeAdminEquivalent: !Ref AWS::NoValue\n"),
        "AcknowledgeAdminEquivalent: missing, and `Edition: current` amounts to administrator's rights",
    ),
    "a parameter that is not acknowledged, deep in conditions": (
        preset(
            "Preset: zappa\nParameters: !If\n- IsLarge\n- {}\n- ManageRoles: !If # here\n  - IsOther\n  - false\n"
            "  - !If\n    - IsThird\n    - true\n    - false\n"
        ),
        "AcknowledgeAdminEquivalent: missing, and `ManageRoles: true` amounts to administrator's rights",
    ),
    "a preset that is chosen by a condition, with the other one's edition": (
        preset(
            "Preset: !If [IsLarge, slim, zappa]\nAcknowledgeAdminEquivalent: !If [IsSmall, true, false]\n"
            "Parameters:\n  ManageRoles: !If # here\n  - IsLarge\n  - true\n  - !Ref AWS::NoValue\n"
        ),
        "unknown parameter `ManageRoles`. Allowed of preset `slim` are",
    ),
    "a parameter that another one needs, on one side of a condition": (
        preset(
            "Preset: orchestra\nParameters:\n  ModuleRoles: true # here\n"
            "  OrchestraAccountId: !If [IsLarge, !Ref AWS::StackName, !Ref AWS::NoValue]\n"
        ),
        "Parameters.OrchestraAccountId: missing, and `ModuleRoles: true` needs it",
    ),
    "a word on one side of the last of many conditions": (
        preset(f"Preset: slim\n{MANY}OnForeignAttachment: !If\n- IsLarge\n- Keep\n- keep # here\n"),
        "OnForeignAttachment.Fn::If.2: given `keep`, allowed are `Keep`, `Detach`, `Fail`; did you mean `Keep`?",
    ),
    "an acknowledgement on one side of the last of many conditions": (
        preset(
            f"Preset: slim\n{MANY}Edition: !If\n- IsLarge\n- current # here\n- hardened\n"
            "AcknowledgeAdminEquivalent: !If [IsOther, true, !Ref AWS::NoValue]\n"
        ),
        "AcknowledgeAdminEquivalent: missing, and `Edition: current` amounts to administrator's rights",
    ),
    "a key of a tag that is AWS's": (
        preset("Preset: slim\nTags:\n- Key: AWS:team # here\n  Value: a\n"),
        "Tags.0.Key: given `AWS:team`, allowed is a text of 1 to 128 letters, digits, spaces and `_.:/=+-@`; those "
        "that begin with `aws:` and `account-presets:` are reserved",
    ),
    "a key of a tag that is the provider's": (
        preset("Preset: slim\nTags:\n- Key: a\n  Value: a\n- Key: account-presets:owner # here\n  Value: a\n"),
        "Tags.1.Key: given `account-presets:owner`, allowed is a text of 1 to 128 ",
    ),
    "a value of a tag that is too long": (
        preset(f"Preset: slim\nTags:\n- Key: a\n  Value: {'a' * 257} # here\n"),
        f"Tags.0.Value: given `{'a' * 80}…`, allowed is a text of at most 256 letters, digits, spaces and `_.:/=+-@`",
    ),
    "a key of a tag twice": (
        preset("Preset: slim\nTags:\n- Key: team\n  Value: a\n- Value: a\n  Key: team # here\n"),
        "Tags.1.Key: given `team`, and an earlier tag has the key `team`",
    ),
    "a key of a tag twice, in another case": (
        preset("Preset: slim\nTags:\n- Key: Team\n  Value: a\n- Value: a\n  Key: team # here\n"),
        "Tags.1.Key: given `team`, and an earlier tag has the key `Team`: to IAM small and capital letters are the ",
    ),
    "a key of a tag twice, on one side of a condition": (
        preset(
            "Preset: slim\nTags:\n- !If [IsLarge, {Key: b, Value: a}, !Ref AWS::NoValue]\n- Key: a\n  Value: a\n"
            "- !If\n  - IsLarge\n  - Value: a\n    Key: B # here\n  - {Key: b, Value: a}\n"
        ),
        "Tags.2.Fn::If.1.Key: given `B`, and an earlier tag has the key `b`",
    ),
    "too many tags": (
        preset("Preset: slim\nTags: # here\n" + "".join(f"- {{Key: k{n}, Value: a}}\n" for n in range(49))),
        "Tags: given `49 entries`, allowed is a list of at most 48 entries",
    ),
    "a path that IAM keeps for AWS": (
        preset("Preset: slim\nPath: /aws-reserved/a/ # here\n"),
        "Path: given `/aws-reserved/a/`, allowed is `/`, or a text that begins and ends with `/`, such as `/team/`",
    ),
    "a number that is too small, as a text": (
        preset("Preset: slim\nServiceTimeout: '-5' # here\n"),
        "ServiceTimeout: given `-5`, allowed is a whole number from 1 to 3600",
    ),
    "a property beside a loop": (
        EXTENDED + preset(f"Preset: slim\n{LOOP}Editoin: hardened # here\n"),
        "unknown property `Editoin`; did you mean `Edition`?",
    ),
    "a parameter that another one needs": (
        preset("Preset: orchestra\nParameters:\n  Suffix: '12345678'\n  ModuleRoles: true # here\n"),
        "Parameters.OrchestraAccountId: missing, and `ModuleRoles: true` needs it",
    ),
    "a value that the quota does not take": (
        concurrency("DesiredConcurrency: 1000\nOnPending: fail # here\n"),
        "OnPending: given `fail`, allowed are `Succeed`, `Fail`; did you mean `Fail`?",
    ),
    "a misspelt property of the template of quotas": (
        concurrency("ConcurrentExecution: 1 # here\nConcurrentExecutions: 1\n", kind="Custom::QuotaTemplate"),
        "unknown property `ConcurrentExecution`; did you mean `ConcurrentExecutions`?",
    ),
    "a misspelt type": (
        preset("Preset: slim\n", kind="Custom::IamPresets # here"),
        "Type: given `Custom::IamPresets`, allowed with this ServiceToken is only `Custom::IamPreset`",
    ),
    "CloudFormation's own type": (
        concurrency("DesiredConcurrency: 1\n", kind="AWS::CloudFormation::CustomResource # here"),
        "Type: given `AWS::CloudFormation::CustomResource`, allowed with this ServiceToken is only "
        "`Custom::LambdaConcurrency` or `Custom::QuotaTemplate`",
    ),
    "a word in a loop of a template for SAM": (
        dedent("""\
            Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
            Resources:
              Fn::ForEach::Presets:
                - Name
                - [slim, zappa]
                - It${Name}:
                    Type: Custom::IamPreset
                    Properties:
                      ServiceToken: !ImportValue account-presets-IamPreset
                      Preset: !Ref Name
                      Edition: curent # here
            """),
        "Edition: given `curent`, allowed are `hardened`, `current`, `documented`; did you mean `current`?",
    ),
    "an attribute of another preset": (
        preset("Preset: slim\n", "A:\n  Value: !GetAtt It.GroupArn # here\n"),
        "It.GroupArn: unknown attribute `GroupArn`. Allowed of preset `slim` are `AdminEquivalent`, `Batch",
    ),
    "an attribute, in the long form": (
        preset("Preset: slim\n", "A:\n  Value:\n    Fn::GetAtt: [It, LambdaRoleARN] # here\n"),
        "It.LambdaRoleARN: unknown attribute `LambdaRoleARN`; did you mean `LambdaRoleArn`?",
    ),
    "an attribute in a text": (
        preset("Preset: slim\n", "A:\n  Value: !Sub 'a ${AWS::Region} ${It.LambdaRoleArn} ${It.LambdaRole}' # here\n"),
        "It.LambdaRole: unknown attribute `LambdaRole`; did you mean `LambdaRoleArn`?",
    ),
    "an attribute in a text with variables": (
        preset("Preset: slim\n", "A:\n  Value: !Sub ['${b} ${It.RoleArn}', {b: !GetAtt It.LambdaRoleArn}] # here\n"),
        "It.RoleArn: unknown attribute `RoleArn`",
    ),
    "an attribute of another resource": (
        concurrency("DesiredConcurrency: 1\n", "A:\n  Value: !GetAtt It.Applied # here\n"),
        "It.Applied: unknown attribute `Applied`. Allowed of Custom::LambdaConcurrency are `AppliedConcurrency`",
    ),
}

# What cfn-lint itself says: a side of a condition that never comes, a condition that there is not, no type.
CFN_LINTS_OWN = {"W1028", "E1028", "E3001"}
ANOTHER_FILE = "Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://a/b}}"
FINE = {
    "functions": preset(
        """\
        Preset: zappa
        Edition: !If [IsLarge, hardened, !Ref AWS::NoValue]
        AcknowledgeAdminEquivalent: !FindInMap [A, B, C]
        Tags: !If [IsLarge, [{Key: a, Value: !Sub '${AWS::Region}'}], !Ref AWS::NoValue]
        Parameters:
          Deployments: [tr-a, !Sub 'tr-${AWS::Region}']
          ManageRoles: !If [IsLarge, 'true', 'false']
          UserNames: !Split [',', 'a,b']
        """,
        "A:\n  Value: !Sub '${It.ExecutionPolicyArn} ${!It.Nothing} ${It}'\nB:\n  Value: !GetAtt It.ForeignPolicies\n",
    )
    + "Mappings: {A: {B: {C: 'true'}}}\n",
    "a preset that a parameter names": "Parameters: {Preset: {Type: String}}\n"
    + preset("Preset: !Ref Preset\nParameters: {UserNames: [ana]}\n", "A:\n  Value: !GetAtt It.Whatever\n"),
    "a part of another file": preset(f"{ANOTHER_FILE}\nEdition: current\n"),
    "parameters of another file": preset(f"Preset: orchestra\nParameters:\n  ModuleRoles: true\n  {ANOTHER_FILE}\n"),
    "somebody else's resource": "Resources:\n  It: {Type: Custom::Thing, Properties: {ServiceToken: a, Preset: b}}\n"
    "Outputs:\n  A: {Value: !GetAtt It.Whatever}\n",
    "an acknowledgement under the same condition": preset(
        """\
        Preset: slim
        Edition: !If [IsLarge, current, hardened]
        AcknowledgeAdminEquivalent: !If [IsLarge, true, !Ref AWS::NoValue]
        """
    ),
    "an acknowledgement under the opposite of the opposite condition": preset(
        """\
        Preset: slim
        Edition: !If [IsLarge, current, hardened]
        AcknowledgeAdminEquivalent: !If [IsSmall, false, true]
        """
    ),
    "an acknowledgement under the resource's own condition": preset(
        """\
        Preset: slim
        Edition: current
        AcknowledgeAdminEquivalent: !If [IsLarge, true, false]
        """,
    ).replace("    Properties:", "    Condition: IsLarge\n    Properties:"),
    "a parameter that decides": preset(
        """\
        Preset: skypilot
        Edition: current
        Parameters: !If [IsLarge, {OpenPorts: false}, {OpenPorts: !Ref AWS::Region}]
        """
    ),
    "presets under conditions": preset(
        """\
        Preset: !If [IsLarge, slim, zappa]
        Parameters: !If [IsLarge, {InstanceProfile: true}, {Deployments: [tr-a, 1]}]
        """
    ),
    "a key of a tag on each side of a condition": preset(
        """\
        Preset: slim
        Tags:
        - !If [IsLarge, {Key: a, Value: 1}, !Ref AWS::NoValue]
        - !If [IsLarge, !Ref AWS::NoValue, {Key: A, Value: true}]
        - {Key: 1, Value: 2026-11-27}
        """
    ),
    "a condition that there is not": preset("Preset: slim\nPath: /\n").replace("Path: /", "Path: !If [Isnt, /, '']"),
    "a loop over properties": EXTENDED
    + preset("Preset: slim\nFn::ForEach::Them:\n- Name\n- [Path, UpdateToken]\n- ${Name}: /a/\n"),
    "a loop over unknown properties": EXTENDED + preset(f"Preset: slim\nEdition: current\n{LOOP}"),
    "a loop over unknown parameters": EXTENDED
    + preset("Preset: orchestra\nParameters:\n  ModuleRoles: true\n" + indent(LOOP, "  ")),
    "a loop over unknown resources": EXTENDED
    + dedent(
        """\
        Resources:
          Fn::ForEach::Presets:
            - Name
            - !Ref Names
            - It${Name}:
                Type: Custom::IamPreset
                Properties:
                  ServiceToken: !ImportValue account-presets-IamPreset
                  Preset: !Sub ${Name}
                  Edition: !Ref Name
                  Path: !Sub ${Name}
                  Parameters:
                    Fn::ForEach::Them: [Of, [User, Bucket], {'${Of}Names': [ana]}]
        """
    ),
    "a loop over resources that are drawn by lot": f"Transform: AWS::LanguageExtensions\n{SECRET}\n"
    + dedent(
        """\
        Resources:
          Fn::ForEach::Presets:
            - Name
            - !Ref Names
            - It${Name}:
                Type: Custom::IamPreset
                Properties:
                  ServiceToken: !ImportValue account-presets-IamPreset
                  Preset: slim
                  Edition: !Ref Name
        """
    ),
    "a loop over attributes": EXTENDED
    + preset("Preset: slim\n")
    + dedent(
        """\
        Outputs:
          Fn::ForEach::Them:
            - Name
            - !Ref Names
            - Of${Name}: {Value: !GetAtt [It, !Sub 'Of${Name}']}
              Of${Name}Text: {Value: !Sub '${It.AdminEquivalent} ${Name}'}
        """
    ),
    "a macro that brings the type": preset("Preset: slim\n").replace("Type: Custom::IamPreset", ANOTHER_FILE),
    "tags of another file": preset(f"Preset: slim\nTags:\n- Key: a\n  {ANOTHER_FILE}\n"),
    "no value": preset("Preset: slim\nEdition: ''\nPath: ''\nParameters: ''\n"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """About all templates here, at once: cfn-lint takes seconds to start."""
    folder = tmp_path_factory.mktemp("templates")
    texts = {**{name: text for name, (text, _) in MISTAKES.items()}, **FINE}
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    found = lint(*(f"{name}.yaml" for name in texts), cwd=folder)
    return {name: found[f"{name}.yaml"] for name in texts}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_reported_once_in_its_line(said, name):
    text, words = MISTAKES[name]
    (line,) = [number for number, it in enumerate(text.splitlines(), start=1) if HERE in it]
    # cfn-lint itself says that a ServiceToken is missing.
    ((rule, at, message),) = [it for it in said[name] if it[0] != "E3003"]
    assert (rule, at) == ("E9710", line), said[name]
    assert message.startswith(words)


@pytest.mark.parametrize("name", FINE)
def test_what_the_provider_takes_is_no_mistake(said, name):
    assert [it for it in said[name] if it[0] not in CFN_LINTS_OWN] == []


@pytest.fixture
def workspace(tmp_path):
    """As docs/editors.md has it, with a template that has a mistake."""
    (tmp_path / "account-presets").symlink_to(ROOT)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "it.yaml").write_text(MISTAKES["a misspelt parameter"][0])
    return tmp_path


PAGE = (ROOT / "docs" / "editors.md").read_text()


def finds_the_mistake(workspace, command):
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=workspace,
        env={"PATH": f"{CFN_LINT.parent}:/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode != 0 and "E9710 unknown parameter `UserName`" in done.stdout


def test_the_line_of_the_page_switches_it_on(workspace):
    (line,) = re.findall(r"^    (cfn-lint .*)$", PAGE, re.MULTILINE)
    assert finds_the_mistake(workspace, line)


def test_the_file_of_the_page_switches_it_on(workspace):
    (file,) = re.findall(r"^    append_rules:\n(?:      .*\n)+", PAGE, re.MULTILINE)
    assert not finds_the_mistake(workspace, "cfn-lint templates/it.yaml")
    (workspace / ".cfnlintrc").write_text(dedent(file))
    assert finds_the_mistake(workspace, "cfn-lint templates/it.yaml")


def test_the_settings_of_the_page_name_files_that_there_are(workspace):
    (settings,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (schema,) = json.loads(settings)["yaml.schemas"]
    assert (workspace / schema).is_file()


def test_the_examples_have_no_mistakes():
    examples = [str(path) for path in (ROOT / "examples").glob("*.yaml")]
    assert len(examples) > 5
    assert lint(*examples) == {path: [] for path in examples}
