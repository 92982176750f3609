"""The provider stack: template.yaml as `sam build` made it, deployed with the command that a user types."""

import subprocess
from pathlib import Path

from .emulator import REGION

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".aws-sam" / "build"
BOOTSTRAP = BUILD / "IamPresetFunction" / "bootstrap"
CONCURRENCY_BOOTSTRAP = BUILD / "LambdaConcurrencyFunction" / "bootstrap"
SAM = ROOT / ".tools" / "sam" / "bin" / "sam"
STACK = "account-presets"
LOG_GROUP = f"/aws/lambda/{STACK}-IamPreset"


def deploy(emulator, region=REGION, **parameters):
    """Tests allow what amounts to administrator; a parameter that is None has the template's default."""
    if not (BOOTSTRAP.exists() and CONCURRENCY_BOOTSTRAP.exists()):
        raise RuntimeError("there is no build of the functions: run `make build`")
    command = deploy_command(emulator, **parameters)
    done = subprocess.run(
        [SAM, *command[1:]],
        cwd=ROOT,
        env=emulator.environment(region),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout}")


def deploy_command(emulator, **parameters):
    own = {"AllowedResponseOrigins": emulator.endpoint, "AllowAdminEquivalent": "true"}
    parameters = {name: value for name, value in {**own, **parameters}.items() if value is not None}
    return [
        "sam",
        "deploy",
        *("--template-file", str((BUILD / "template.yaml").relative_to(ROOT))),
        *("--stack-name", STACK),
        *("--capabilities", "CAPABILITY_NAMED_IAM"),
        "--resolve-s3",
        "--no-progressbar",
        *("--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())),
    ]
