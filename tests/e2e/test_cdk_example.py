"""The constructs for the CDK: what is made of schemas/. `make test-cdk` holds their types to a compiler."""

import os
import runpy

from .provider import ROOT

FOLDER = ROOT / "examples" / "cdk"


def test_the_constructs_are_as_made():
    made = runpy.run_path(str(FOLDER / "generate.py"))["made"]()
    path = FOLDER / "account-presets.ts"
    if os.environ.get("BLESS"):
        path.write_text(made)
    assert path.read_text() == made, "account-presets.ts is stale; run `make bless`"
