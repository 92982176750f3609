"""`make demo`: a preset and a quota from the first deployment to the last delete, in an emulated account on this
machine."""

import json
import os
import signal
import sys
import textwrap
import time

from . import provider, stacks
from .account import account_snapshot, service_linked_roles
from .emulator import running_emulator
from .log_check import complaints

STACK = "slim"
QUOTA_STACK = "concurrency"
LOG_SECONDS = 10
# Nobody may have what amounts to administrator, as long as the operator does not say so.
DEFAULTS = {"AllowAdminEquivalent": None}
WIDTH = 100
COLOURS = {"+": "32", "-": "31", "~": "33", "$": "36", "ok": "32", "NOT OK": "31", "title": "1"}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        title("An AWS account on this machine, with IAM enforced: some seconds")
        with running_emulator() as emulator:
            held = Demo(emulator).run()
    except KeyboardInterrupt:
        print("\nStopped. The emulator is gone too.")
        return 130
    except (RuntimeError, TimeoutError) as problem:
        print(f"\n{problem}")
        return 1
    title("The emulator is stopped, and the account with it")
    say(mark(held) + (" all of it held" if held else " see above"))
    return 0 if held else 1


class Demo:
    def __init__(self, emulator):
        self.emulator = emulator
        self.iam = emulator.client("iam")
        self.cloudformation = emulator.client("cloudformation")
        self.logs = emulator.client("logs")
        self.template = example("slim")
        self.quotas = emulator.quotas
        self.plans = 0
        self.held = True

    def run(self):
        say(f"MiniStack at {self.emulator.endpoint}; nothing is sent to AWS")
        self.deploy_provider()
        before = account_snapshot(self.iam)
        created = self.create()
        self.update(created)
        self.reject("A mistake: a preset that does not exist", "preset-typo", Preset="slimm")
        self.reject("A mistake: a misspelt property", "property-typo", Preset="slim", Editoin="current")
        self.reject("More power than the operator allows", "more-power", Preset="slim", Edition="current")
        self.delete(before)
        self.raise_the_quota()
        self.search_the_log()
        return self.held

    def deploy_provider(self):
        title("The provider: template.yaml, with the compiled function: about 15 seconds")
        command(" ".join(provider.deploy_command(self.emulator, **DEFAULTS)))
        provider.deploy(self.emulator, **DEFAULTS)
        for token in self.cloudformation.list_exports()["Exports"]:
            say(f"{token['Name']} is {token['Value']}")

    def create(self):
        title("A stack that asks for a preset, by its defaults: examples/slim.yaml")
        command(f"aws cloudformation deploy --stack-name {STACK} --template-file examples/slim.yaml")
        before = account_snapshot(self.iam)
        stack = stacks.create(self.cloudformation, STACK, self.template)
        self.show_plan()
        show_events(stack)
        self.check("the stack is CREATE_COMPLETE", stack.status == "CREATE_COMPLETE")
        self.check("nobody can become administrator by it", stack.outputs.get("AdminEquivalent") == "false")
        say("What is in the account now:")
        table(rows(new_in(before, account_snapshot(self.iam))))
        say("Service-linked roles: " + ", ".join(service_linked_roles(self.iam)))
        say("What the stack gives to others:")
        table(outputs(stack))
        return stack

    def update(self, created):
        title("The same stack without the instance profile")
        command(
            f"aws cloudformation deploy --stack-name {STACK} --template-file examples/slim.yaml"
            " --parameter-overrides InstanceProfile=false"
        )
        before = account_snapshot(self.iam)
        stack = stacks.update(self.cloudformation, STACK, self.template, InstanceProfile="false")
        after = account_snapshot(self.iam)
        self.show_plan()
        show_events(stack, since=created)
        say("What changed in the account:")
        for line in difference(before, after):
            coloured(line)
        self.check("the instance profile is gone", before["profiles"] and not after["profiles"])
        self.check("everything else is as it was", {**before, "profiles": {}} == after)
        self.check("the physical id is the same", stack.resources == created.resources)

    def reject(self, what, name, **properties):
        title(what)
        before = account_snapshot(self.iam)
        template = stacks.custom_template("IamPreset", "Preset", (), None, properties)
        for key, value in template["Resources"]["Preset"]["Properties"].items():
            if not key.startswith("Service"):
                say(f"  {key}: {value}")
        stack = stacks.create(self.cloudformation, name, template)
        show_events(stack)
        self.check("the stack was rolled back, with a reason", stack.status == "ROLLBACK_COMPLETE" and stack.reason())
        self.check("the account is as it was", account_snapshot(self.iam) == before)
        stacks.delete(self.cloudformation, name)

    def delete(self, before):
        title("The stack is deleted")
        command(f"aws cloudformation delete-stack --stack-name {STACK}")
        self.skip_plans()
        stack = stacks.delete(self.cloudformation, STACK)
        self.show_plan()
        self.check("the stack is DELETE_COMPLETE", stack.status == "DELETE_COMPLETE")
        after = account_snapshot(self.iam)
        for line in difference(before, after):
            coloured(line)
        self.check("the account is as it was before", after == before)
        say("Service-linked roles stay: " + ", ".join(service_linked_roles(self.iam)))

    def raise_the_quota(self):
        template = example("lambda-concurrency")
        deploy = "aws cloudformation deploy --template-file examples/lambda-concurrency.yaml --stack-name"
        title("A stack that wishes for concurrency: examples/lambda-concurrency.yaml")
        say(f"A new account: {self.quotas.applied} concurrent executions, and Service Quotas without a request")
        command(f"{deploy} {QUOTA_STACK}")
        first = stacks.create(self.cloudformation, QUOTA_STACK, template)
        self.show_quota(first, "Requested")

        title("A second stack finds the request open")
        command(f"{deploy} {QUOTA_STACK}-too")
        self.show_quota(stacks.create(self.cloudformation, f"{QUOTA_STACK}-too", template), "Pending")
        self.check("there is one request", len(self.quotas.requests) == 1)

        title("AWS opens a case, approves it, and the value applies; an update finds it sufficient")
        self.quotas.becomes("CASE_OPENED")
        self.quotas.approves()
        command(f"{deploy} {QUOTA_STACK} --parameter-overrides OnPending=Fail")
        updated = stacks.update(self.cloudformation, QUOTA_STACK, template, OnPending="Fail")
        self.show_quota(updated, "AlreadySufficient")
        self.check("the physical id is the same", updated.resources == first.resources)

        title("The stacks are deleted, and the quota stays")
        for name in (QUOTA_STACK, f"{QUOTA_STACK}-too"):
            command(f"aws cloudformation delete-stack --stack-name {name}")
            stack = stacks.delete(self.cloudformation, name)
            self.check("the stack is DELETE_COMPLETE", stack.status == "DELETE_COMPLETE")
        self.check("what applies stays", self.quotas.applied == 1000)
        self.check("in all this one request was made", self.quotas.writes() == 1)

    def search_the_log(self):
        title("The log of all this")
        found = complaints(self.emulator)
        for complaint in found:
            say(complaint)
        self.check("it has no secret, and says of each change who asked for it", not found)

    def show_quota(self, stack, outcome):
        table(outputs(stack))
        self.check(f"the outcome is {outcome}", stack.outputs.get("Outcome") == outcome)

    def show_plan(self):
        """What the function wrote to its log before its first change."""
        deadline = time.monotonic() + LOG_SECONDS
        while len(plans := self.logged_plans()) <= self.plans and time.monotonic() < deadline:
            time.sleep(0.05)
        new, self.plans = plans[self.plans :], len(plans)
        self.check("the function logged its plan", bool(new))
        for line in "\n".join(new).splitlines():
            coloured(line)

    def skip_plans(self):
        self.plans = len(self.logged_plans())

    def logged_plans(self):
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=provider.LOG_GROUP)
        events = [event for page in pages for event in page["events"]]
        lines = [as_json(event["message"]) for event in sorted(events, key=lambda event: event["timestamp"])]
        return [line["plan"] for line in lines if line.get("message") == "plan"]

    def check(self, what, held):
        self.held = bool(held) and self.held
        say(f"{mark(held)} {what}")


def example(name):
    return (provider.ROOT / "examples" / f"{name}.yaml").read_text()


# --- the account as text ---


def rows(snapshot):
    """One row for each object: kind, name, and what matters about it."""
    for name, role in sorted(snapshot["roles"].items()):
        policies = ", ".join(short(role["attached"] + list(role["inline"])))
        yield "role", name, f"for {principals(role['trust'])}: {policies}"
    for arn, policy in sorted(snapshot["policies"].items()):
        yield "policy", short([arn])[0], f"{len(policy['document']['Statement'])} statement(s)"
    for name, profile in sorted(snapshot["profiles"].items()):
        yield "instance profile", name, "with " + ", ".join(profile["roles"])
    for name, group in sorted(snapshot["groups"].items()):
        yield "group", name, ", ".join(short(group["attached"] + list(group["inline"])))
    for name, user in sorted(snapshot["users"].items()):
        yield "user", name, ", ".join(short(user["attached"]))


def outputs(stack):
    """One row for each line: the configuration of a tool has several."""
    for name, value in sorted(stack.outputs.items()):
        for number, line in enumerate(value.strip().splitlines()):
            yield "" if number else name, line, ""


def new_in(before, after):
    return {kind: {name: after[kind][name] for name in after[kind].keys() - before[kind].keys()} for kind in after}


def difference(before, after):
    """One line for each object that came, went or changed."""
    for kind in after:
        singular = {"policies": "policy", "profiles": "instance profile"}.get(kind, kind.removesuffix("s"))
        for name in sorted(before[kind].keys() | after[kind].keys()):
            old, new = before[kind].get(name), after[kind].get(name)
            if old is None or new is None:
                yield f"{'+' if old is None else '-'} {singular} {name}"
            elif old != new:
                changed = [field for field in new if old[field] != new[field]]
                yield f"~ {singular} {name}: {', '.join(changed)}"


def principals(trust):
    statements = trust["Statement"] if isinstance(trust["Statement"], list) else [trust["Statement"]]
    services = [statement["Principal"]["Service"] for statement in statements]
    flat = [name for service in services for name in ([service] if isinstance(service, str) else service)]
    return ", ".join(name.removesuffix(".amazonaws.com") for name in flat)


def short(arns):
    return [arn.rsplit("/", 1)[-1] for arn in arns]


def as_json(text):
    try:
        line = json.loads(text)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}


# --- the terminal ---


def title(text):
    print(f"\n{paint('title', text)}", flush=True)


def say(text):
    print(f"  {text}", flush=True)


def command(text):
    say(paint("$", f"$ {text}"))


def coloured(line):
    say("  " + paint(line.strip()[:1], line))


def mark(held):
    word = "ok" if held else "NOT OK"
    return paint(word, word)


def show_events(stack, since=None):
    """The stack's events, or those that are new since an earlier look at it."""
    seen = len(since.events) if since else 0
    for event in stack.events[seen:]:
        reason = event.get("ResourceStatusReason", "") if event["ResourceStatus"].endswith("_FAILED") else ""
        at = event["Timestamp"].strftime("%H:%M:%S")
        say(f"  {at}  {event['ResourceStatus']:<28} {event['LogicalResourceId']}")
        for line in textwrap.wrap(reason, width=WIDTH, break_long_words=False, break_on_hyphens=False):
            say(f"            {line}")


def table(lines):
    """Three columns; a long text in the last one goes on below itself."""
    lines = list(lines)
    first, second = (max((len(line[column]) for line in lines), default=0) for column in (0, 1))
    for line in lines:
        rest = textwrap.wrap(line[2], width=max(WIDTH - first - second, 40), break_on_hyphens=False) or [""]
        say(f"  {line[0]:<{first}}  {line[1]:<{second}}  {rest[0]}".rstrip())
        for more in rest[1:]:
            say(" " * (first + second + 6) + more)


def paint(colour, text):
    if colour not in COLOURS or "NO_COLOR" in os.environ or not sys.stdout.isatty():
        return text
    return f"\033[{COLOURS[colour]}m{text}\033[0m"


if __name__ == "__main__":
    sys.exit(main())
