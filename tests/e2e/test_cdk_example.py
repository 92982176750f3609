"""The constructs for the CDK: what is made of schemas/. `make test-cdk` holds their types to a compiler."""

import os
import runpy

from .provider import ROOT

CONSTRUCTS = ROOT / "examples" / "cdk" / "account-presets.ts"


def test_the_constructs_are_as_made():
    made = runpy.run_path(str(ROOT / "tests" / "cdk" / "generate.py"))["made"]()
    if os.environ.get("BLESS"):
        CONSTRUCTS.write_text(made)
    assert CONSTRUCTS.read_text() == made, "account-presets.ts is stale; run `make bless`"
