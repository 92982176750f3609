"""`make demo-org`: an organization of five accounts from the first deployment to the last delete, on this machine."""

import signal
import sys
import time

from . import stacks
from .account import account_snapshot
from .demo import command, mark, paint, say, title
from .organization import running_organization

RESEARCH, TRAINING = "research", "training"
UNITS = {
    RESEARCH: {"Slim": "hardened", "Concurrency": "1000"},
    TRAINING: {"SkyPilot": "hardened"},
}
SIGNS = {
    "SUCCEEDED": ("ok", "●"),
    "FAILED": ("NOT OK", "✗"),
    "CANCELLED": ("NOT OK", "✗"),
    "SKIPPED_SUSPENDED_ACCOUNT": ("$", "◌"),
}
DEPLOY = "aws cloudformation deploy --template-file organization.yaml --capabilities CAPABILITY_IAM"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    try:
        title("An organization on this machine, and the code in a bucket of each of its Regions")
        command("make publish PREFIX=acme-account-presets ORG=o-… REGIONS=us-east-1,eu-west-1")
        with running_organization() as organization:
            held = Demo(organization).run()
    except KeyboardInterrupt:
        print("\nStopped. The emulator is gone too.")
        return 130
    except (RuntimeError, TimeoutError, AssertionError) as problem:
        print(f"\n{problem}")
        return 1
    say(mark(held) + (f" all of it held, in {time.monotonic() - began:.0f} seconds" if held else " see above"))
    return 0 if held else 1


class Demo:
    def __init__(self, organization):
        self.organization = organization
        self.names = {}
        self.held = True

    def run(self):
        for unit in UNITS:
            self.organization.unit(unit)
        self.names = {self.organization.account(name, unit): name for name, unit in (
            ("genomics", RESEARCH), ("seismics", RESEARCH), ("autumn-school", TRAINING),
        )}
        before = self.everything()

        title("Who gets what is said once for each organizational unit")
        for unit, gets in UNITS.items():
            said = " ".join(f"{key}={value}" for key, value in gets.items())
            command(f"{DEPLOY} --stack-name {unit} --parameter-overrides Units=ou-… {said}")
            self.organization.deploy(unit, [unit], **gets)
        self.picture()
        self.check("every account has its baseline", self.are_all("SUCCEEDED"))

        title("A new account comes into research. Nobody does anything")
        self.add("climate", RESEARCH)
        self.wait("climate", RESEARCH, "SUCCEEDED")
        self.picture()

        title("An account moves from research to training")
        self.organization.move(self.number("seismics"), TRAINING)
        self.wait("seismics", RESEARCH)
        self.wait("seismics", TRAINING, "SUCCEEDED")
        self.picture()
        self.check("it has training's preset and not research's", self.presets("seismics") == ["SkyPilotPreset"])

        title("A policy of the organization refuses the fifth account its roles")
        self.add("biology", None)
        refusal = self.organization.deny(self.number("biology"), "iam:CreateRole")
        mailbox = self.organization.mailbox(RESEARCH)
        self.organization.move(self.number("biology"), RESEARCH)
        self.wait("biology", RESEARCH, "FAILED", "CANCELLED")
        self.organization.wait_for_operations(RESEARCH)
        self.picture()
        told = [it["detail"]["status-details"].get("status-reason") for it in mailbox.events()]
        reason = next((it for it in told if it), "")
        say(f"The topic was told: {reason}")
        self.check("the account is as it was, and the others did not notice", not self.presets("biology") and reason)

        title("The policy is mended, and the next sweep finds the account")
        self.organization.allow_again(self.number("biology"), refusal)
        self.organization.sweep(RESEARCH)
        self.picture()
        self.check("every account has its baseline", self.are_all("SUCCEEDED"))

        title("Another parameter for all of research")
        command(f"{DEPLOY} --stack-name {RESEARCH} --parameter-overrides SlimInstanceProfile=false")
        old = self.everything()
        self.organization.update(RESEARCH, [RESEARCH], **UNITS[RESEARCH], SlimInstanceProfile="false")
        self.picture()
        now = self.everything()
        lost = [name for it, name in self.names.items() if old[it]["profiles"] and not now[it]["profiles"]]
        say("Without their instance profile: " + ", ".join(lost))
        same = all({**now[it], "profiles": 0} == {**old[it], "profiles": 0} for it in now)
        self.check("nothing else has changed in any account", same and len(lost) == 3)

        title("All away")
        for unit in UNITS:
            command(f"aws cloudformation delete-stack --stack-name {unit}")
            stack = self.organization.delete(unit)
            self.check(f"{unit} is {stack.status}", stack.status == "DELETE_COMPLETE")
        after = self.everything()
        self.check("every account is as it was before", all(after[it] == before.get(it, after[it]) for it in after))
        self.check("nothing of it is left anywhere", not any(any(kind.values()) for kind in after.values()))
        return self.held

    def add(self, name, unit):
        self.names[self.organization.account(name, unit)] = name

    def number(self, name):
        return next(account for account, its in self.names.items() if its == name)

    def wait(self, name, unit, *expected):
        self.organization.wait(unit, self.number(name), *expected)

    def presets(self, name):
        return self.organization.presets(self.number(name))

    def everything(self):
        return {account: account_snapshot(self.organization.client("iam", account)) for account in self.names}

    def are_all(self, state):
        states = [state for unit in UNITS for state in self.organization.states(unit).values()]
        return len(states) == len(self.names) * len(self.organization.regions) and set(states) == {state}

    def picture(self):
        """The units, their accounts, and what is in each Region of them."""
        regions = self.organization.regions
        print("\n  " + "organization".ljust(34) + "".join(region.ljust(30) for region in regions))
        print("  ├─ management".ljust(36) + "no target of stack sets")
        for unit, gets in UNITS.items():
            last = unit == list(UNITS)[-1]
            states = self.organization.states(unit)
            said = ", ".join(f"{key} {value}" for key, value in gets.items())
            print(f"  {'└' if last else '├'}─ {unit}: {said}")
            accounts = sorted({account for account, _ in states}, key=self.names.get)
            for place, account in enumerate(accounts):
                branch = "└" if place == len(accounts) - 1 else "├"
                line = f"  {' ' if last else '│'}   {branch}─ {self.names[account]}".ljust(36)
                print(line + "".join(self.cell(unit, account, region, states) for region in regions))
        print(f"  {paint('ok', '●')} current   {paint('NOT OK', '✗')} failed or cancelled\n")

    def cell(self, unit, account, region, states):
        colour, sign = SIGNS.get(states.get((account, region)), ("$", "…"))
        parts = []
        if sign == "●":
            cloudformation = self.organization.client("cloudformation", account, region)
            (instance,) = (it for it in self.organization.instances(unit, account) if it["Region"] == region)
            resources = stacks.describe(cloudformation, instance["StackId"]).resources
            parts = [it.removesuffix("Preset").lower() for it in resources if it.endswith("Preset")]
            parts += ["quota"] if "LambdaConcurrency" in resources else []
        text = f"{sign} {', '.join(parts)}" if parts else sign
        return paint(colour, text) + " " * (30 - len(text))

    def check(self, what, holds):
        say(f"{mark(holds)} {what}")
        self.held = self.held and bool(holds)


if __name__ == "__main__":
    sys.exit(main())
