"""What is wrong with all that was logged in a run: secrets, lines that are no JSON, changes that nobody answers for."""

import json
import re
from collections import defaultdict
from urllib.parse import parse_qs, urlsplit

from .account import SERVICE_LINKED_ROLES
from .emulator import REGIONS

# What names a secret, whatever its value. iam:GetAccountAuthorizationDetails is an action, and no header.
WORDS = re.compile(
    r"X-Amz-\w|Signature=|AWSAccessKeyId|Expires=|(?<!GetAccount)Authorization|SecretAccessKey|SessionToken", re.I
)
# Parts of a presigned address that hold no secret, or not alone.
PLAIN = ("X-Amz-Algorithm", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires")
# The lines about one change of IAM.
OF_A_CHANGE = ("changed", "was done before", "failed")
NAMES = ("RoleName", "UserName", "GroupName", "InstanceProfileName", "PolicyName")


def complaints(emulator):
    """Sentences; none of them holds a secret."""
    records = emulator.records.read()
    printed = [record["printed"] for record in records if "printed" in record]
    found = secrets_in("the output", printed, records)
    found += secrets_in("CloudWatch Logs", logged(emulator), records)
    found += secrets_in("the emulator's output", emulator.log().splitlines(), records, words=False)
    found += [f"a line is no JSON object: {line}" for line in printed if not isinstance(as_json(line), dict)]
    return found + unaccounted(records)


def logged(emulator):
    """Every event of every log group of the functions, in each Region that has one."""
    for region in REGIONS:
        logs = emulator.client("logs", region)
        for group in logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
            yield from (event["message"] for page in pages for event in page["events"])


# --- secrets ---


def secrets_in(where, lines, records, words=True):
    """Which secrets of these records, and which of their names, the lines hold."""
    text = "\n".join(lines)
    found = [f"{where} has {what}" for what, secret in secrets_of(records) if secret in text]
    if words:
        found += [f"{where} has the word {word}" for word in sorted(set(WORDS.findall(text)))]
    return found


def secrets_of(records):
    """What the functions were given and nobody may read: what it is, and the secret itself."""
    for record in records:
        for name, value in record.get("given", {}).items():
            yield f"{name} of {record['environment']}", value
        event = record.get("invoked")
        address = event.get("ResponseURL") if isinstance(event, dict) else None
        if address:
            query = parse_qs(urlsplit(address).query)
            for name, [value] in query.items():
                if name not in PLAIN:
                    yield f"the {name} of request {event.get('RequestId')}", value.split("/")[0]


# --- who asked for a change ---


def unaccounted(records):
    """The changes of IAM without a line that says who asked, and the lines that no change belongs to."""
    given = (record for record in records if "given" in record)
    environment_of = {record["given"]["AWS_ACCESS_KEY_ID"]: record["environment"] for record in given}
    serving, lost, found = {}, set(), []
    # The changes of each request in each environment, and its lines, by their place.
    writes, lines = defaultdict(list), defaultdict(list)
    for place, record in enumerate(records):
        environment = record.get("environment") or environment_of.get(record.get("key"))
        if "invoked" in record:
            serving[environment] = record["invoked"]
        elif "killed" in record:
            lost.add((environment, id_of(serving[environment])))
        elif "wrote" in record and environment:
            writes[environment, id_of(serving[environment])].append((place, names_in(record), record["wrote"]))
        elif "printed" in record:
            line = as_json(record["printed"])
            if isinstance(line, dict) and "change" in line and line.get("message") in OF_A_CHANGE:
                found += stranger(line, serving[environment])
                lines[environment, id_of(serving[environment])].append((place, line["change"], line["message"]))
    for request, written in writes.items():
        for place, names, action in written:
            told = any(later > place and is_about(change, names) for later, change, _ in lines[request])
            if not told and request not in lost:
                found.append(f"no line of request {request[1]} tells of {action} {' and '.join(map(str, names))}")
    for request, told in lines.items():
        for place, change, message in told:
            made = any(earlier < place and is_about(change, names) for earlier, names, _ in writes[request])
            if message == "changed" and not made:
                found.append(f"request {request[1]} changed nothing where its log says `{change}`")
    return found


def id_of(event):
    """The request's id. An audit that puts something right is none, and has its name for an id."""
    return "audit" if "audit" in event else event["RequestId"]


def stranger(line, event):
    """What is wrong with whom a line names."""
    span = line.get("span", {})
    if "audit" in event:
        named = span.get("request_id") == "audit" and span.get("stack_id") and span.get("logical_resource_id")
        return [] if named else [f"the line of `{line['change']}` does not say for which resource the audit made it"]
    asked = {
        "stack_id": event["StackId"],
        "logical_resource_id": event["LogicalResourceId"],
        "request_id": event["RequestId"],
    }
    wrong = [name for name, value in asked.items() if span.get(name) != value]
    return [f"the line of `{line['change']}` has another {name} than its event, or none" for name in wrong]


def names_in(write):
    """What a change is about: a set of names for each object, which all mean it."""
    parameters = write["parameters"]
    names = [{parameters[name]} for name in NAMES if name in parameters]
    if "PolicyArn" in parameters:
        path_and_name = parameters["PolicyArn"].split(":policy/", 1)[-1]
        names.append({path_and_name, path_and_name.rsplit("/", 1)[-1]})
    if "AWSServiceName" in parameters:
        names.append({SERVICE_LINKED_ROLES[parameters["AWSServiceName"]]})
    return names


def is_about(change, names):
    return all(any(f"`{name}`" in change for name in same) for same in names)


def as_json(text):
    """None if it is none, or an object of it has a name twice: CloudWatch would show one of the two."""
    try:
        return json.loads(text, object_pairs_hook=once)
    except ValueError:
        return None


def once(pairs):
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name is there twice")
    return dict(pairs)
