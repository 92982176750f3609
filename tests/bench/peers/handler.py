"""A custom resource on crhelper and boto3. Its changes are those that ours made, from a file, one after the other; an
Update that changes nothing calls nothing."""

import json
import os

import boto3
from botocore import xform_name
from crhelper import CfnResource

# By default a Delete sleeps two minutes before it answers, so that logs can be deleted.
helper = CfnResource(log_level="INFO", sleep_on_delete=0)
iam = boto3.client("iam")
with open(os.environ["CALLS"]) as file:
    calls = json.load(file)


def change(kind):
    for call in calls[kind]:
        getattr(iam, xform_name(call["action"]))(**call["parameters"])


@helper.create
def create(event, _):
    change("Create")
    return "peer"


@helper.update
def update(event, _):
    if event["OldResourceProperties"] != event["ResourceProperties"]:
        change("Update")
    return event["PhysicalResourceId"]


@helper.delete
def delete(event, _):
    change("Delete")


def handler(event, context):
    helper(event, context)
