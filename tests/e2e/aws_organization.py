"""What holds between the accounts of an organization, which MiniStack leaves out. It is the emulator's own account that
manages the organization; who calls with another account's number as access key is that account.

As AWS documents it:
- Accounts leave the organization, and a suspended one stays in it. Each change is an event of Organizations on the
  management account's default bus in us-east-1.
- A function's code comes from a bucket of the function's Region, of another account only where the bucket's policy lets
  that account read it; nothing else makes a function.
- A rule sends events to the bus of another account only where that bus's policy lets it, and as its target's role:
  that has to allow it, too.
- A service control policy denies, to everybody in an account but the management account, what it denies, in AWS's
  words; here the actions of roles, and of the role with which StackSets deploys the making of roles alone.
- Two accounts may have functions of the same name.
- A function's last lines make no log group again that its stack has deleted: its role may not make one.
- The events of a stack have the properties of its custom resources.
"""

import asyncio
import fnmatch
import json
from contextlib import suppress
from pathlib import Path
from uuid import uuid4
from xml.sax.saxutils import escape

from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import cloudtrail, cloudwatch_logs, eventbridge, iam, lambda_svc, organizations, s3, sts
from ministack.services.cloudformation import (
    _stack_events,
    custom_resource,
    handlers,
    provisioners,
)

from .records import Records

MANAGEMENT = "000000000000"
EVENTS_REGION = "us-east-1"
# Whom StackSets deploys as.
EXECUTION_ROLE = "stacksets-exec-0123456789abcdef0123456789abcdef"

_listeners = []


def install():
    keep_functions_apart()
    make_no_log_groups()
    read_code_by_policy()
    send_events_by_policy()
    change_membership()
    deny_by_service_control_policies()
    show_properties_in_events()
    note_calls()


# --- CloudFormation, Lambda ---


def keep_functions_apart():
    invalidate = lambda_runtime.invalidate_worker

    def invalidate_worker(name, qualifier=None, account=None, region=None):
        invalidate(name, qualifier, account or get_account_id(), region or get_region())

    lambda_runtime.invalidate_worker = lambda_svc.invalidate_worker = invalidate_worker


def make_no_log_groups():
    emit = lambda_svc._emit_lambda_logs

    def emit_lambda_logs(function, *args, **kwargs):
        config = function.get("config") or function
        if (config.get("LoggingConfig") or {}).get("LogGroup") in cloudwatch_logs._log_groups:
            emit(function, *args, **kwargs)

    lambda_svc._emit_lambda_logs = emit_lambda_logs


def read_code_by_policy():
    def fetch(bucket, key, version_id=None):
        owner = next((account for account, name in list(s3._buckets._data) if name == bucket), None)
        if owner is None:
            raise ValueError(s3_error("NoSuchBucket", "The specified bucket does not exist"))
        with request_scope(owner, get_region()):
            region, policy = s3.bucket_region(bucket), s3._bucket_policies.get(bucket)
            content = s3._get_object_data(bucket, key, version_id=version_id)
        if region != get_region():
            raise ValueError(s3_error("PermanentRedirect", f"The bucket {bucket} is in {region}"))
        if owner != get_account_id() and not allows(policy, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"):
            raise ValueError(s3_error("AccessDenied", "Access Denied"))
        if content is None:
            raise ValueError(s3_error("NoSuchKey", "The specified key does not exist."))
        return content

    lambda_svc._fetch_code_from_s3 = fetch


def s3_error(code, message):
    return f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"


def show_properties_in_events():
    invoke, describe = custom_resource.invoke_custom_resource, handlers._ACTION_HANDLERS["DescribeStackEvents"]

    def invoke_custom_resource(request_type, logical_id, props, stack_name, stack_id, *args, **kwargs):
        for event in reversed(_stack_events[stack_id]):
            if event["LogicalResourceId"] == logical_id:
                event["ResourceProperties"] = json.dumps(custom_resource._normalise_resource_properties(props))
                break
        return invoke(request_type, logical_id, props, stack_name, stack_id, *args, **kwargs)

    def describe_stack_events(params):
        status, headers, body = describe(params)
        stack = handlers._resolve_stack(handlers._p(params, "StackName")) if status == 200 else None
        for event in _stack_events.get(stack["StackId"], ()) if stack else ():
            if properties := event.get("ResourceProperties"):
                place = f"<EventId>{event['EventId']}</EventId>".encode()
                more = f"<ResourceProperties>{escape(properties)}</ResourceProperties>".encode()
                body = body.replace(place, place + more)
        return status, headers, body

    custom_resource.invoke_custom_resource = invoke_custom_resource
    handlers._ACTION_HANDLERS["DescribeStackEvents"] = describe_stack_events


def note_calls():
    """How many calls of which action each account had, for those who count them."""
    records, record = Records(Path("records.jsonl")), cloudtrail.record_event

    def record_event(**event):
        called = f"{event['service']}:{event['event_name']}"
        records.note(account=get_account_id(), region=get_region(), key=event["access_key_id"], called=called)
        record(**event)

    cloudtrail.record_event = record_event


# --- policies of buckets and buses ---


def allows(policy, action, resource):
    """Whether a policy lets the account of this request do this. No condition but that of the organization is known."""
    statements = json.loads(policy)["Statement"] if isinstance(policy, str) else (policy or {}).get("Statement", [])
    return any(
        it["Effect"] == "Allow"
        and it.get("Principal") in ("*", {"AWS": "*"})
        and action in as_list(it["Action"])
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in as_list(it["Resource"]))
        and is_ours(it.get("Condition"))
        for it in statements
    )


def is_ours(condition):
    if not condition:
        return True
    own = organization_id() if get_account_id() in members() else None
    return own is not None and condition == {"StringEquals": {"aws:PrincipalOrgID": own}}


def send_events_by_policy():
    dispatch, handler = eventbridge._dispatch_to_event_bus, provisioners._RESOURCE_HANDLERS["AWS::Events::EventBus"]

    def dispatch_to_event_bus(spec, event, rule, event_path, target_input_payload=None):
        if (spec.account_id, spec.region) == (get_account_id(), get_region()):
            return dispatch(spec, event, rule, event_path, target_input_payload)
        name = spec.resource.removeprefix("event-bus/")
        with request_scope(spec.account_id, spec.region):
            policy = eventbridge._event_bus_policies.get(name)
        arn = f"arn:aws:events:{spec.region}:{spec.account_id}:event-bus/{name}"
        if allows(policy, "events:PutEvents", arn) and has_a_role_that_allows(rule, "events:PutEvents", arn):
            with request_scope(spec.account_id, spec.region):
                eventbridge._dispatch_event({**event, "EventBusName": name})

    def create_bus(logical_id, props, stack_name, create=handler["create"]):
        return with_its_policy(create(logical_id, props, stack_name), props)

    def update_bus(physical_id, old, new, *more, update=handler["update"], **named):
        return with_its_policy(update(physical_id, old, new, *more, **named), new)

    def with_its_policy(made, props):
        if props.get("Policy"):
            eventbridge._event_bus_policies[made[0]] = props["Policy"]
        return made

    eventbridge._dispatch_to_event_bus = dispatch_to_event_bus
    handler["create"], handler["update"] = create_bus, update_bus


def has_a_role_that_allows(rule, action, target):
    """Whether the rule sends to this target as a role that may do this."""
    own = eventbridge._targets.get(eventbridge._rule_key(rule["Name"], rule.get("EventBusName", "default")), ())
    (role,) = (it.get("RoleArn", "") for it in own if it["Arn"] == target)
    account, name = get_account_id(), role.split("/")[-1]
    asked = iam_evaluator.EvalContext(role, "AssumedRole", account, action, target, get_region())
    policies = iam_evaluator._gather_role_policies(name, account)
    limits = iam_evaluator._permissions_boundary(iam._roles, name, account)
    return iam_evaluator.evaluate(asked, policies, *limits).decision == "Allow"


# --- members ---


def management():
    return request_scope(MANAGEMENT, EVENTS_REGION)


def organization_id():
    with management():
        organizations._ensure_org()
        return organizations._orgs["self"]["Id"]


def members():
    with management():
        return set(organizations._accounts)


def parents_of(account):
    """The units above an account and the root, from below."""
    with management():
        found, child = [], organizations._accounts.get(account)
        while child:
            found.append(child["_ParentId"])
            child = organizations._ous.get(found[-1])
        return found


def units():
    """The root, too."""
    with management():
        return {*organizations._ous, *organizations._roots}


def accounts():
    """Each account but the management account, with all that is above it."""
    return {account: parents_of(account) for account in members() - {MANAGEMENT}}


def is_suspended(account):
    with management():
        return (organizations._accounts.get(account) or {}).get("Status") == "SUSPENDED"


def on_membership_change(listener):
    """It is called with an account and all that is above it from now on."""
    _listeners.append(listener)


def change_membership():
    dispatch = organizations._DISPATCH

    def remove_account(payload):
        account = payload["AccountId"]
        if account not in organizations._accounts:
            return organizations.error_response_json("AccountNotFoundException", f"no account {account}", 400)
        tell(account, [])
        departed = {"accountId": account, "departureMethod": "REMOVED"}
        asyncio.get_running_loop().create_task(forget_once_empty(account))
        event("AWS Service Event via CloudTrail", "AccountDepartedOrganization", {"serviceEventDetails": departed})
        return organizations._json(200, {})

    def reinstate_account(payload):
        """What AWS's support does: no action of the API."""
        organizations._accounts[payload["AccountId"]]["Status"] = "ACTIVE"
        return organizations._json(200, {})

    def create_account(payload, handler=dispatch["CreateAccount"]):
        answer = handler(payload)
        if answer[0] == 200:
            status = json.loads(answer[2])["CreateAccountStatus"]
            details = {"state": "SUCCEEDED", "accountName": status["AccountName"], "accountId": status["AccountId"]}
            details = {"serviceEventDetails": {"createAccountStatus": details}}
            event("AWS Service Event via CloudTrail", "CreateAccountResult", details)
        return answer

    def told(name, then):
        handler = dispatch[name]

        def handle(payload):
            answer = handler(payload)
            if answer[0] == 200:
                named = {key[0].lower() + key[1:]: value for key, value in payload.items()}
                event("AWS API Call via CloudTrail", name, {"requestParameters": named})
                then(payload)
            return answer

        return handle

    dispatch["RemoveAccountFromOrganization"] = remove_account
    dispatch["ReinstateAccount"] = reinstate_account
    dispatch["CreateAccount"] = create_account
    dispatch["MoveAccount"] = told("MoveAccount", lambda it: tell(it["AccountId"], parents_of(it["AccountId"])))
    dispatch["CloseAccount"] = told("CloseAccount", lambda it: None)


def tell(account, parents):
    for listener in _listeners:
        listener(account, parents)


async def forget_once_empty(account):
    """It is a member until StackSets has had its turn."""
    await asyncio.sleep(0)
    with management(), suppress(KeyError):
        del organizations._accounts[account]


def event(detail_type, name, detail):
    detail = {"eventSource": "organizations.amazonaws.com", "eventName": name, **detail}
    with management():
        entry = {"Source": "aws.organizations", "DetailType": detail_type, "Detail": json.dumps(detail)}
        eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


# --- service control policies ---


class HeldByServiceControlPolicy(str):
    """The ARN of what somebody may not reach for a service control policy."""


def deny_by_service_control_policies():
    enforce, role = iam_evaluator.enforce, provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"]
    words = iam_actions._resource_policy_denial

    def enforce_also(access_key, action, service, region, resource_arn="*", service_context=None):
        who = str((sts._sessions.get(access_key) or {}).get("Arn", ""))
        if ":assumed-role/" in who and denied(role_of(who), action):
            return iam_evaluator.EvalResult("Deny", who, resource_policy_arn=HeldByServiceControlPolicy(resource_arn))
        return enforce(access_key, action, service, region, resource_arn, service_context)

    def in_words(service, action, who, arn):
        is_held = isinstance(arn, HeldByServiceControlPolicy)
        return refusal(action, who, arn) if is_held else words(service, action, who, arn)

    def create_role(logical_id, props, stack_name, create=role["create"]):
        account = get_account_id()
        if account in members() and denied(f"arn:aws:iam::{account}:role/{EXECUTION_ROLE}", "iam:CreateRole"):
            who = f"arn:aws:sts::{account}:assumed-role/{EXECUTION_ROLE}/{uuid4()}"
            arn = f"arn:aws:iam::{account}:role{props.get('Path', '/')}{props.get('RoleName', logical_id)}"
            said = f"{refusal('iam:CreateRole', who, arn)} (Service: Iam, Status Code: 403, Request ID: {uuid4()})"
            token = f"(RequestToken: {uuid4()}, HandlerErrorCode: AccessDenied)"
            raise RuntimeError(f'Resource handler returned message: "{said}" {token}')
        return create(logical_id, props, stack_name)

    iam_evaluator.enforce = enforce_also
    iam_actions._resource_policy_denial = in_words
    role["create"] = create_role


def refusal(action, who, arn):
    """As IAM's page on access denied messages has it."""
    reason = "with an explicit deny in a service control policy"
    return f"User: {who} is not authorized to perform: {action} on resource: {arn} {reason}"


def role_of(session):
    """The ARN of a role by that of its session. Its path is not in there."""
    name = session.split("/")[1]
    return (iam._roles.get(name) or {}).get("Arn", session)


def denied(principal, action):
    account = get_account_id()
    if account == MANAGEMENT:
        return False
    targets = {account, *parents_of(account)}
    with management():
        policies = [it for it in organizations._policies.values() if it["Type"] == "SERVICE_CONTROL_POLICY"]
        attached = [it for it in policies if targets & set(organizations._attachments.get(it["Id"]) or ())]
        statements = [one for it in attached for one in json.loads(it["_Content"])["Statement"]]
    return any(
        it["Effect"] == "Deny"
        and any(fnmatch.fnmatchcase(action.lower(), pattern.lower()) for pattern in as_list(it["Action"]))
        and not is_excepted(it.get("Condition"), principal)
        for it in statements
    )


def is_excepted(condition, principal):
    """By the one condition that is known here."""
    patterns = ((condition or {}).get("ArnNotLike") or {}).get("aws:PrincipalArn")
    return any(fnmatch.fnmatchcase(principal, pattern) for pattern in as_list(patterns))


def as_list(value):
    return value if isinstance(value, list) else [] if value is None else [value]
