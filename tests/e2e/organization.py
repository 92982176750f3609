"""An organization on this machine: its units and accounts, the code in its buckets, and organization.yaml deployed in
the account that manages it, with the commands that a person types."""

import json
import subprocess
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import boto3
import yaml
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session

from . import provider, stacks
from .account import account_snapshot
from .emulator import REGION, Emulator, running_emulator

PACKAGE = provider.ROOT / ".aws-sam" / "organization"
PYTHON = provider.ROOT / ".tools" / "sam" / "bin" / "python"
TEMPLATE = provider.ROOT / "organization.yaml"
PREFIX = "acme-account-presets"
REGIONS = (REGION, "eu-west-1", "eu-central-1")
WAIT_SECONDS, POLL_SECONDS = 60, 0.05
BUSY = ("PENDING", "RUNNING")


@contextmanager
def running_organization(regions=REGIONS[:2], **settings):
    """With the code published, and nothing deployed."""
    with running_emulator(ORGANIZATION="1", **settings) as emulator:
        yield Organization(emulator, tuple(regions)).published()


@dataclass
class Organization:
    emulator: Emulator
    regions: tuple
    units: dict = field(default_factory=dict)
    template_url: str = ""

    def __post_init__(self):
        self.organizations = self.emulator.client("organizations")
        self.cloudformation = self.emulator.client("cloudformation")
        self.id = self.organizations.describe_organization()["Organization"]["Id"]
        self.root = self.organizations.list_roots()["Roots"][0]["Id"]

    # --- code ---

    def published(self, folder=None):
        named = (PREFIX, self.id, ",".join(self.regions))
        printed = run(self.emulator, "release/publish_org.py", *named, "--folder", folder or package())
        self.template_url = dict(line.split("=", 1) for line in printed.splitlines())["TemplateUrl"]
        return self

    # --- units and accounts ---

    def unit(self, name, parent=None):
        made = self.organizations.create_organizational_unit(ParentId=self.units.get(parent, self.root), Name=name)
        self.units[name] = made["OrganizationalUnit"]["Id"]
        return self.units[name]

    def account(self, name, unit=None):
        """A new one, in a unit."""
        asked = {"Email": f"{name}@example.com", "AccountName": name}
        account = self.organizations.create_account(**asked)["CreateAccountStatus"]["AccountId"]
        if unit:
            self.move(account, unit)
        return account

    def move(self, account, unit):
        """To a unit, or to the root if that is None."""
        (parent,) = self.organizations.list_parents(ChildId=account)["Parents"]
        destination = self.units[unit] if unit else self.root
        self.organizations.move_account(
            AccountId=account, SourceParentId=parent["Id"], DestinationParentId=destination
        )

    def close(self, account):
        self.organizations.close_account(AccountId=account)

    def reinstate(self, account):
        """Makes a closed account an active one, as AWS's support does it: there is no action for that."""
        asked = AWSRequest("POST", self.emulator.endpoint, data=json.dumps({"AccountId": account}))
        asked.headers["X-Amz-Target"] = "AWSOrganizationsV20161128.ReinstateAccount"
        asked.headers["Content-Type"] = "application/x-amz-json-1.1"
        SigV4Auth(Credentials("test", "test"), "organizations", REGION).add_auth(asked)
        assert URLLib3Session().send(asked.prepare()).status_code == 200

    def remove(self, account):
        self.organizations.remove_account_from_organization(AccountId=account)

    def deny(self, target, *actions, excepted=()):
        """Attaches a service control policy, and returns its id."""
        condition = {"Condition": {"ArnNotLike": {"aws:PrincipalArn": list(excepted)}}} if excepted else {}
        statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*", **condition}
        made = self.organizations.create_policy(
            Name=f"deny-{time.monotonic_ns()}",
            Description="",
            Type="SERVICE_CONTROL_POLICY",
            Content=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        policy = made["Policy"]["PolicySummary"]["Id"]
        self.organizations.attach_policy(PolicyId=policy, TargetId=target)
        return policy

    def allow_again(self, target, policy):
        self.organizations.detach_policy(PolicyId=policy, TargetId=target)
        self.organizations.delete_policy(PolicyId=policy)

    def client(self, service, account, region=REGION):
        return boto3.client(
            service,
            endpoint_url=self.emulator.endpoint,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def snapshot(self, account):
        return account_snapshot(self.client("iam", account))

    def presets(self, account):
        """The resources of stacks that own roles or policies in the account, by those objects' marks."""
        snapshot = self.snapshot(account)
        tagged = [*snapshot["roles"].values(), *snapshot["policies"].values()]
        tags = (tag for it in tagged for tag in it["tags"].items())
        return sorted({value.split(" ")[1] for key, value in tags if key.startswith("account-presets:owner:")})

    def calls(self, since, accounts):
        """How many calls the functions made since then, by service, for each of the accounts."""
        called = (it for it in self.emulator.records.read(since) if "called" in it and it["key"].startswith("ASIA"))
        calls = Counter(it["called"].split(":")[0] for it in called if it["account"] in accounts)
        return {service: round(count / len(accounts), 1) for service, count in sorted(calls.items())}

    # --- organization.yaml ---

    def deploy(self, name, units, **parameters):
        stack = self.change(stacks.create, name, units, parameters)
        assert stack.status == "CREATE_COMPLETE", stack.failures()
        return stack

    def update(self, name, units, **parameters):
        stack = self.change(stacks.update, name, units, parameters)
        assert stack.status == "UPDATE_COMPLETE", stack.failures()
        return stack

    def change(self, change, name, units, parameters):
        own = {
            "OrganizationId": self.id,
            "Units": ",".join(self.units[unit] for unit in units),
            "Regions": ",".join(self.regions),
            "TemplateUrl": self.template_url,
            "CodeBucketPrefix": PREFIX,
            "MaxConcurrentPercentage": "100",
            "AllowedResponseOrigins": self.emulator.endpoint,
        }
        return change(self.cloudformation, name, TEMPLATE.read_text(), **{**own, **parameters})

    def delete(self, name):
        return stacks.delete(self.cloudformation, name)

    def instances(self, name, account=None):
        named = {"StackInstanceAccount": account} if account else {}
        pages = self.cloudformation.get_paginator("list_stack_instances").paginate(StackSetName=name, **named)
        return [instance for page in pages for instance in page["Summaries"]]

    def states(self, name, account=None):
        """The detailed status of each instance by account and Region."""
        found = self.instances(name, account)
        return {(it["Account"], it["Region"]): it["StackInstanceStatus"]["DetailedStatus"] for it in found}

    def wait(self, name, account, *expected):
        """Until each of the account's instances ended in one of these ways, or there is none at all."""

        def is_so():
            states = self.states(name, account)
            return len(states) == (len(self.regions) if expected else 0) and set(states.values()) <= set(expected)

        self.wait_until(is_so, lambda: f"{account} in {name}: {self.instances(name, account)}")

    def wait_until(self, is_so, otherwise):
        deadline = time.monotonic() + WAIT_SECONDS
        while not is_so():
            if time.monotonic() > deadline:
                raise TimeoutError(otherwise())
            time.sleep(POLL_SECONDS)

    def sweep(self, name):
        """One run of the state machine, and what became of it."""
        states = self.emulator.client("stepfunctions")
        machine = stacks.describe(self.cloudformation, name).outputs["SweepArn"]
        execution = states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]

        def status():
            return states.describe_execution(executionArn=execution)["status"]

        self.wait_until(lambda: status() != "RUNNING", lambda: execution)
        assert status() == "SUCCEEDED", states.describe_execution(executionArn=execution)
        self.wait_for_operations(name)

    def audit(self, account):
        """One run of the account's audit to its end: the execution as Step Functions describes it."""
        states, execution = self.client("stepfunctions", account), self.begin_audit(account)

        def described():
            return states.describe_execution(executionArn=execution)

        self.wait_until(lambda: described()["status"] != "RUNNING", lambda: execution)
        return described()

    def begin_audit(self, account):
        states = self.client("stepfunctions", account)
        (machine,) = states.list_state_machines()["stateMachines"]
        asked = {"stateMachineArn": machine["stateMachineArn"], "input": '{"audit": {}}'}
        return states.start_execution(**asked)["executionArn"]

    def report(self, account):
        """What the account's audit found."""
        ended = self.audit(account)
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])

    def wait_for_operations(self, name):
        def are_done():
            operations = self.cloudformation.list_stack_set_operations(StackSetName=name)["Summaries"]
            return all(it["Status"] not in ("QUEUED", "RUNNING") for it in operations)

        self.wait_until(are_done, lambda: f"the operations of {name} go on")

    def forget(self, name, unit, account):
        """Takes an account's instances out of the stack set, and leaves its stacks alone."""
        targets = {"OrganizationalUnitIds": [self.units[unit]], "Accounts": [account]}
        self.cloudformation.delete_stack_instances(
            StackSetName=name,
            DeploymentTargets={**targets, "AccountFilterType": "INTERSECTION"},
            Regions=list(self.regions),
            RetainStacks=True,
        )
        self.wait_for_operations(name)

    def mailbox(self, name):
        """A queue that gets what the topic is told."""
        sqs = self.emulator.client("sqs")
        queue = sqs.create_queue(QueueName=f"{name}-mailbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = stacks.describe(self.cloudformation, name).outputs["TopicArn"]
        statement = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        sqs.set_queue_attributes(
            QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
        )
        self.emulator.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return Mailbox(sqs, queue)


@dataclass
class Mailbox:
    sqs: object
    queue: str
    read: list = field(default_factory=list)

    def events(self):
        """All that came until now."""
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.read.append(json.loads(json.loads(message["Body"])["Message"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return self.read

    def told(self, kind):
        """The events of a detail-type among them."""
        return [event for event in self.events() if event["detail-type"] == kind]


@cache
def package(folder=PACKAGE, build=provider.BUILD):
    """What `make package-org` makes; once for a build, as nothing changes it while tests run."""
    provider_is_built()
    run_program({"PATH": "/usr/bin:/bin", "AWS_DEFAULT_REGION": REGION}, "release/package_org.py", folder, build)
    return folder


def provider_is_built():
    if not provider.BOOTSTRAP.exists():
        raise RuntimeError("there is no build of the functions: run `make build`")


def run(emulator, program, *arguments):
    return run_program(emulator.environment(), program, *arguments)


def run_program(environment, program, *arguments):
    command = [PYTHON, program, *map(str, arguments)]
    done = subprocess.run(command, cwd=provider.ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{program}: {done.stderr}")
    return done.stdout


def stack_set_template(folder=PACKAGE):
    return json.loads((Path(folder) / "stackset.json").read_text())


class Loader(yaml.SafeLoader):
    """organization.yaml with CloudFormation's short forms."""


def short_form(loader, tag, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {tag if tag in ("Ref", "Condition") else f"Fn::{tag}": value}


Loader.add_multi_constructor("!", short_form)


def organization_template():
    return yaml.load(TEMPLATE.read_text(), Loader)
