"""`make playground`: an emulated account on this machine with the provider in it, until Ctrl-C."""

import os
import signal
import sys

from . import provider
from .demo import DEFAULTS, say, title
from .emulator import running_emulator

ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# What commands need to find the account. The rest of an emulator's environment keeps tests apart from a person's own.
FOUND_BY = ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")
# The emulator gives every line of the log, whatever the pattern.
PLANS = (
    f"aws logs filter-log-events --log-group-name {provider.LOG_GROUP} --query 'events[].message' --output json"
    " | jq -r '.[] | fromjson? | .plan // empty'"
)
TRY = (
    "aws cloudformation deploy --stack-name slim --template-file examples/slim.yaml",
    "aws cloudformation describe-stacks --stack-name slim --output text"
    " --query 'Stacks[0].Outputs[].[OutputKey, OutputValue]'",
    PLANS,
    "aws cloudformation delete-stack --stack-name slim",
)
MORE = (
    "sam deploy --template-file .aws-sam/build/template.yaml --stack-name account-presets --resolve-s3"
    " --capabilities CAPABILITY_NAMED_IAM --parameter-overrides AllowAdminEquivalent=true"
)
# Before the stack is deployed, of the stack, and of all that is there.
LOOK = (
    "account-presets plan slim",
    "account-presets plan --stack slim",
    "account-presets verify --stack slim",
    "account-presets audit",
)


def main():
    for each in ENDS:
        signal.signal(each, end)
    try:
        title("An AWS account on this machine, with IAM enforced: some seconds")
        with running_emulator() as emulator:
            say(f"MiniStack at {emulator.endpoint}; nothing is sent to AWS")
            title("The provider in it, with the defaults of template.yaml: about 15 seconds")
            provider.deploy(emulator, **DEFAULTS)
            explain(emulator)
            # The emulator is the only child that is left.
            signal.signal(signal.SIGCHLD, lambda *_: None)
            signal.pause()
            print(f"\nThe emulator has ended by itself. The end of its log:\n{emulator.log()[-4000:]}")
            return 1
    except KeyboardInterrupt:
        wait_for_children()
        print("\nThe account is gone, and nothing is left running.", flush=True)
        return 0
    except (RuntimeError, TimeoutError) as problem:
        print(f"\n{problem}")
        return 1


def end(*_):
    # Another one would interrupt the cleaning up.
    for each in ENDS:
        signal.signal(each, lambda *_: None)
    raise KeyboardInterrupt


def wait_for_children():
    """Python kills a deployment that it does not wait for any more, and returns before that is gone."""
    try:
        while True:
            os.wait()
    except ChildProcessError:
        pass


def explain(emulator):
    environment = emulator.environment()
    title("In a terminal of its own, in this folder, these reach the account, and no account of yours:")
    say("unset AWS_PROFILE AWS_SESSION_TOKEN")
    for name in FOUND_BY:
        say(f"export {name}={environment[name]}")
    # Only where the person has no aws and no sam: those of .tools.
    folders = (".tools/clients/bin", ".tools/sam/bin", "target/debug")
    programs = ":".join(str(provider.ROOT / folder) for folder in folders)
    say(f'export PATH="$PATH:{programs}"')
    title("Try there: a stack, for which the AWS CLI takes half a minute, its outputs, the plans in the log, and away")
    for command in TRY:
        say(command)
    title("The account as the command line sees it, once `make cli` has built that")
    for command in LOOK:
        say(command)
    title("More power for stacks: the editions that amount to administrator")
    say(MORE)
    title("Ctrl-C ends it, and forgets all of it")


if __name__ == "__main__":
    sys.exit(main())
