"""The example for Terraform: as far as a file can be held to its tool without the tool, and each name to the template."""

import re

import pytest
import yaml

from .organization import Loader
from .provider import ROOT

EXAMPLES = sorted((ROOT / "examples" / "terraform").glob("*.tf"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda it: it.name)
def test_a_stack_gives_parameters_and_reads_outputs_that_its_template_has(example):
    text = example.read_text()
    assert text.count("{") == text.count("}")
    (file,) = re.findall(r'template_body = file\("\$\{path\.module\}/(.+)"\)', text)
    template = yaml.load((example.parent / file).read_text(), Loader)
    (block,) = re.findall(r"parameters = \{(.*?)\}", text, re.DOTALL)
    given = dict(re.findall(r"(\w+)\s+= (.+)", block))
    assert given and given.keys() <= template["Parameters"].keys()
    for name, value in given.items():
        allowed = template["Parameters"][name].get("AllowedValues")
        assert allowed is None or value.strip('"') in allowed, name
    (stack,) = re.findall(r'resource "aws_cloudformation_stack" "(\w+)"', text)
    outputs = re.findall(rf'aws_cloudformation_stack\.{stack}\.outputs\["(\w+)"\]', text)
    assert outputs and set(outputs) <= template["Outputs"].keys()
    # What a condition leaves out is no attribute.
    assert not any("Condition" in template["Outputs"][name] for name in outputs)
    variables = set(re.findall(r"var\.(\w+)", text))
    assert variables == set(re.findall(r'variable "(\w+)"', text))
