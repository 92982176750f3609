"""Stacks: made, changed and deleted through CloudFormation's API, each waited for and described as plain data."""

import json
import time
from dataclasses import dataclass

WAIT_SECONDS = 120
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Stack:
    name: str
    id: str
    status: str
    outputs: dict
    resources: dict
    """The physical id of each resource that is there."""
    events: tuple
    """All events, oldest first."""

    def reason(self, logical_id="Preset"):
        """Why the resource failed, in the words of its newest failure."""
        for event in reversed(self.events):
            if event["LogicalResourceId"] == logical_id and event["ResourceStatus"].endswith("_FAILED"):
                return event.get("ResourceStatusReason", "")
        return ""

    def failures(self):
        """What went wrong, for the message of an assertion."""
        failed = [event for event in self.events if event["ResourceStatus"].endswith("_FAILED")]
        lines = (f"{e['LogicalResourceId']} {e['ResourceStatus']}: {e.get('ResourceStatusReason', '')}" for e in failed)
        return "\n".join(lines)


def preset_template(preset, *, outputs=(), resources=None, **properties):
    """A template with one Custom::IamPreset called Preset, and what else a test wants beside it."""
    asked = {"Preset": preset, "AcknowledgeAdminEquivalent": True, **properties}
    return custom_template("IamPreset", "Preset", outputs, resources, asked)


def concurrency_template(*, outputs=(), resources=None, **properties):
    """A template with one Custom::LambdaConcurrency called Concurrency, and what else a test wants beside it."""
    return custom_template("LambdaConcurrency", "Concurrency", outputs, resources, properties)


def quota_template(outputs=(), resources=None, **properties):
    """A template with one Custom::QuotaTemplate called NewAccounts, and what else a test wants beside it."""
    return custom_template("QuotaTemplate", "NewAccounts", outputs, resources, properties, function="LambdaConcurrency")


def custom_template(kind, logical_id, outputs, resources, properties, function=None):
    token = {"Fn::ImportValue": f"account-presets-{function or kind}"}
    custom = {"ServiceToken": token, "ServiceTimeout": 300, **properties}
    return {
        "Resources": {logical_id: {"Type": f"Custom::{kind}", "Properties": custom}, **(resources or {})},
        "Outputs": {name: {"Value": {"Fn::GetAtt": [logical_id, name]}} for name in outputs},
    }


def failing_resource(after="Preset"):
    """A resource that cannot be made, by its logical id. It is tried only once the other one is there."""
    nowhere = {"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:nowhere", "ServiceTimeout": 1}
    return {"Broken": {"Type": "Custom::Nothing", "DependsOn": after, "Properties": nowhere}}


def create(cloudformation, name, template, **parameters):
    stack_id = cloudformation.create_stack(StackName=name, **request(template, parameters))["StackId"]
    return settled(cloudformation, stack_id)


def update(cloudformation, name, template, **parameters):
    stack_id = cloudformation.update_stack(StackName=name, **request(template, parameters))["StackId"]
    return settled(cloudformation, stack_id)


def delete(cloudformation, name):
    stack_id = describe(cloudformation, name).id
    cloudformation.delete_stack(StackName=stack_id)
    return settled(cloudformation, stack_id)


def describe(cloudformation, name):
    described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    stack_id = described["StackId"]
    resources = cloudformation.describe_stack_resources(StackName=stack_id)["StackResources"]
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    events = [event for page in pages for event in page["StackEvents"]]
    return Stack(
        name=described["StackName"],
        id=stack_id,
        status=described["StackStatus"],
        outputs={output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])},
        resources={resource["LogicalResourceId"]: resource.get("PhysicalResourceId") for resource in resources},
        events=tuple(reversed(events)),
    )


def settled(cloudformation, stack_id):
    """The stack once CloudFormation is done with it."""
    deadline = time.monotonic() + WAIT_SECONDS
    while status(cloudformation, stack_id).endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{stack_id} is still {status(cloudformation, stack_id)} after {WAIT_SECONDS} s")
        time.sleep(POLL_SECONDS)
    return describe(cloudformation, stack_id)


def status(cloudformation, name):
    return cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]


def request(template, parameters):
    return {
        "TemplateBody": template if isinstance(template, str) else json.dumps(template),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
