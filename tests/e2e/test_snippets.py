"""What a newcomer pastes: every YAML block of README.md and of the pages, every example, and each command that README.md
gives for one, in an account where the provider was deployed with the defaults of its template.

A block is what its first line says:

- `AWSTemplateFormatVersion` or `Resources:`: a template
- a logical id, with a `Type` in the line below: resources, which go below `Resources:`
- anything else has to be listed, with the reason why it is not deployed

An account has no users but those that the paragraph before a block or command calls existing.
"""

import re
import textwrap
from dataclasses import dataclass, replace

import pytest

from . import provider
from .cli import run

NEWCOMER = "eu-central-1"
ROOT = provider.ROOT
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Examples of what the emulator does not know.
ONLY_LINTED = {"permission-set": "IAM Identity Center"}
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.yaml") if path.stem not in ONLY_LINTED)

# Blocks that are no part of a template, by their page and first line.
NOT_DEPLOYED = {
    ("docs/presets/lithops.md", "aws_lambda:"): "the configuration of Lithops",
    ("docs/presets/skypilot.md", "aws:"): "the configuration of SkyPilot",
    ("docs/supply-chain.md", "Metadata:"): "how template.yaml switches a rule off, for those who change it",
}

FENCE = re.compile(r"^(?P<indent> *)```ya?ml\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"aws cloudformation deploy\s(?:[^\n\\]|\\\n)*")
USERS = re.compile(r"existing users? ((?:`[^`]+`(?:, | and )?)+)")


@dataclass(frozen=True)
class Snippet:
    page: str
    text: str
    before: str
    """The paragraph before it."""

    @property
    def first_line(self):
        return self.text.split("\n", 1)[0]

    @property
    def template(self):
        if re.match(r"AWSTemplateFormatVersion:|Resources:$", self.text, re.MULTILINE):
            return self.text
        if re.match(r"\w+:\n  Type: ", self.text):
            return "Resources:\n" + textwrap.indent(self.text, "  ")
        return None

    @property
    def users(self):
        """Those that the paragraph before it calls existing."""
        return [name for named in USERS.findall(self.before) for name in re.findall(r"`([^`]+)`", named)]


def snippets_of(page, text):
    for found in FENCE.finditer(text):
        yield Snippet(page, textwrap.dedent(found["text"]), paragraph_before(text, found.start()))


def commands_of(page, text):
    for found in COMMAND.finditer(text):
        command = " ".join(found[0].replace("\\\n", " ").split())
        yield Snippet(page, command, paragraph_before(text, found.start()))


def paragraph_before(text, place):
    """The last paragraph that ends before this place: what is indented is a command."""
    paragraphs = [part for part in re.split(r"\n\s*\n", text[:place]) if part.strip()]
    prose = [part for part in paragraphs if not part.startswith((" ", "```"))]
    return " ".join(prose[-1].split()) if prose else ""


def everywhere(found_in):
    return [found for path in PAGES for found in found_in(str(path.relative_to(ROOT)), path.read_text())]


def named(snippet):
    return f"{snippet.page}: {snippet.first_line}"


SNIPPETS = everywhere(snippets_of)
DEPLOYED = [snippet for snippet in SNIPPETS if snippet.template]
# What a whole organization is given has an organization of its own: test_organization.py.
ORGANIZATION = ("docs/organization.md", "--template-file organization.yaml")
COMMANDS = [it for it in everywhere(commands_of) if not (it.page == ORGANIZATION[0] and ORGANIZATION[1] in it.text)]


@pytest.fixture(scope="session")
def default_provider(emulator):
    """The provider as README.md deploys it. All that it is told is where this account's answers go."""
    provider.deploy(emulator, region=NEWCOMER, AllowAdminEquivalent=None)


@pytest.fixture
def newcomer(default_provider, emulator, account, quotas):
    newcomer = replace(account, cloudformation=emulator.client("cloudformation", NEWCOMER))
    yield newcomer
    newcomer.remove_stacks()


def comes_and_goes(newcomer, template, users, **parameters):
    for user in users:
        newcomer.make_user(user)
    before = newcomer.snapshot()
    stack = newcomer.create(template, **parameters)
    assert stack.resources
    newcomer.delete()
    assert newcomer.snapshot() == before


def test_every_block_is_deployed_or_listed_with_a_reason():
    assert {(snippet.page, snippet.first_line) for snippet in SNIPPETS if not snippet.template} == NOT_DEPLOYED.keys()
    pages = {snippet.page for snippet in DEPLOYED}
    assert {"README.md", "docs/lambda-concurrency.md"} <= pages
    assert {f"docs/presets/{path.stem}.md" for path in (ROOT / "shared" / "presets").glob("*.yaml")} <= pages
    assert COMMANDS


# Threat 2
@pytest.mark.parametrize("snippet", DEPLOYED, ids=named)
def test_a_block_works_as_pasted(newcomer, snippet):
    assert "AcknowledgeAdminEquivalent" not in snippet.text
    comes_and_goes(newcomer, snippet.template, snippet.users)


# Threat 2
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_works_with_its_defaults(newcomer, path):
    comes_and_goes(newcomer, path.read_text(), users=[])


@pytest.mark.parametrize("command", COMMANDS, ids=named)
def test_a_command_deploys_its_example(newcomer, command):
    words = command.text.split()
    example = ROOT / words[words.index("--template-file") + 1]
    overrides = words[words.index("--parameter-overrides") + 1 :] if "--parameter-overrides" in words else []
    parameters = dict(override.split("=", 1) for override in overrides)
    comes_and_goes(newcomer, example.read_text(), command.users, **parameters)


def test_the_readme_shows_what_the_command_line_renders():
    """All but the lines that say what is left out."""
    readme = (ROOT / "README.md").read_text()
    rendered = [line.strip() for line in run({}, "render", "slim", "--format", "cloudformation").printed.splitlines()]
    assert f" {len(rendered):,} lines of `AWS::IAM::…`" in readme
    shown = readme.split("```json\n")[1].split("```")[0].splitlines()
    lines = iter(rendered)
    assert [line for line in shown if "…" not in line and line.strip() not in lines] == []
    assert sum("…" in line for line in shown) == 2


# The rule itself, on pages of our own.


def test_a_block_is_what_its_first_line_says():
    page = textwrap.dedent(
        """\
        It takes the existing users `ana` and `ben`:

        ```yaml
        Slim:
          Type: Custom::IamPreset
        ```

        No users here.

        ```yaml
        Resources:
          Slim: {Type: Custom::IamPreset}
        ```

            a command that is no paragraph

        ```yaml
        Type: Custom::IamPreset
        ```
        """
    )
    resource, template, neither = snippets_of("page", page)
    assert resource.template == "Resources:\n  Slim:\n    Type: Custom::IamPreset\n"
    assert resource.users == ["ana", "ben"]
    assert template.template == template.text
    assert template.users == []
    assert neither.template is None
