"""MiniStack with the rules of AWS that it leaves out and that the tests rely on.

Run as a program in place of MiniStack's own: `python -m e2e.aws_rules`. It stops when its standard
input is closed, so it never outlives the process that started it.

What is added, each as AWS documents it:
- IAM authorizes every action on the ARN of the object that it names, path and all, and knows the
  condition keys `iam:PolicyARN`, `iam:AWSServiceName`, `iam:PermissionsBoundary`, `iam:PassedToService` and, for
  roles, policies, instance profiles and users, `aws:ResourceTag`; putting a role into an instance profile needs `iam:PassRole`.
- A customer policy must exist to be attached, has its name alone in the account whatever its path, and is nobody's
  boundary when a stack deletes it; a group must be empty to be deleted.
- IAM takes an empty value as one: a description can be emptied.
- Service-linked roles have their real names, and a second one is `InvalidInput`.
- CloudFormation's conditions know the pseudo parameters, and functions in them.
- CloudFormation gives the stacks of two Regions names of their own, for IAM is the same in both.
- CloudFormation sends a Delete after a Create that failed: with the physical id of the failed answer, or one
  that it invents where none came.
- CloudFormation deletes what a rollback could not delete when the stack is deleted.
- CloudFormation gives a custom resource no other ServiceToken, and rolls back the stack that wanted one.
- CloudFormation makes no role, policy, function or state machine of a name that is taken.
- CloudFormation leaves alone what a resource depends on that could not be deleted.
- CloudFormation tells of each request to a custom resource in the stack's events before it sends it, and the events have
  its properties.
- CloudTrail knows the name of an action that stands in a request's body.
- Lambda: see `aws_lambda`.
- With `ORGANIZATION` in its environment an organization: see `aws_organization` and `aws_stack_sets`.
"""

import json
import os
import secrets
import signal
import sys
import threading
from contextvars import ContextVar
from functools import partial
from xml.sax.saxutils import escape

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, lambda_svc, stepfunctions
from ministack.services.cloudformation import (
    _stack_events,
    _stacks,
    changesets,
    custom_resource,
    engine,
    handlers,
    provisioners,
    stacks,
)

from . import aws_lambda
from .account import SERVICE_LINKED_ROLES


def main():
    if "ORGANIZATION" in os.environ:
        # Only there: it changes what one account alone does not need.
        from . import aws_organization, aws_stack_sets

        aws_organization.install()
        aws_stack_sets.install()
    resolve_conditions()
    authorize_iam_as_documented()
    refuse_what_iam_refuses()
    take_empty_values()
    name_service_linked_roles()
    name_resources_apart_in_each_region()
    tell_of_each_request()
    tell_of_properties()
    delete_after_a_failed_create()
    delete_what_a_rollback_left()
    refuse_another_service_token()
    refuse_names_that_are_taken()
    keep_what_an_undeleted_resource_needs()
    keep_a_boundary_in_use()
    name_events_after_their_action()
    aws_lambda.install()
    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    app.main()


def stop_at_end_of_input():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


# --- conditions ---


def resolve_conditions():
    evaluate = engine._evaluate_conditions

    def resolved(node, params, mappings):
        """The condition, with a value in the place of everything that is none itself."""
        if isinstance(node, dict) and node.keys() & {"Fn::And", "Fn::Or", "Fn::Not"}:
            return {key: [resolved(child, params, mappings) for child in children] for key, children in node.items()}
        if isinstance(node, dict) and "Fn::Equals" in node:
            values = [engine._resolve_refs(side, {}, params, {}, mappings, "", "") for side in node["Fn::Equals"]]
            return {"Fn::Equals": values}
        return node

    def evaluate_conditions(template, params):
        mappings = template.get("Mappings", {})
        conditions = {name: resolved(it, params, mappings) for name, it in template.get("Conditions", {}).items()}
        return evaluate({**template, "Conditions": conditions}, params)

    for module in (engine, handlers, stacks, changesets):
        module._evaluate_conditions = evaluate_conditions


# --- authorization ---

_request = ContextVar("iam_request")


def authorize_iam_as_documented():
    extract, enforce = iam_actions.extract_resource_arn, iam_evaluator.enforce

    def extract_resource_arn(service, method, path, headers, body, params, region, account_id):
        if service != "iam":
            return extract(service, method, path, headers, body, params, region, account_id)
        _request.set(params)
        action = iam_actions.extract_iam_action(service, method, path, headers, body, params)
        return resource_arn(action.removeprefix("iam:"), params)

    def enforce_iam(access_key, action, service, region, resource_arn="*", service_context=None):
        if service != "iam":
            return enforce(access_key, action, service, region, resource_arn, service_context)
        params = _request.get()
        context = {**(service_context or {}), **condition_keys(params), **resource_tags(resource_arn)}
        denied = enforce(access_key, action, service, region, resource_arn, context)
        if denied or action != "iam:AddRoleToInstanceProfile":
            return denied
        role = resource_arn_of(iam._roles, "role", params, "RoleName")
        return enforce(access_key, "iam:PassRole", "iam", region, role, {"iam:PassedToService": "ec2.amazonaws.com"})

    iam_actions.extract_resource_arn = extract_resource_arn
    iam_evaluator.enforce = enforce_iam


def resource_arn(action, params):
    """The ARN that IAM authorizes an action on."""
    if action == "CreateServiceLinkedRole":
        service = iam._p(params, "AWSServiceName")
        name = SERVICE_LINKED_ROLES.get(service, "*")
        return f"arn:aws:iam::{get_account_id()}:role/aws-service-role/{service}/{name}"
    if "InstanceProfile" in action and iam._p(params, "InstanceProfileName"):
        return resource_arn_of(iam._instance_profiles, "instance-profile", params, "InstanceProfileName")
    if "Group" in action and iam._p(params, "GroupName"):
        return resource_arn_of(iam._groups, "group", params, "GroupName")
    if iam._p(params, "RoleName"):
        return resource_arn_of(iam._roles, "role", params, "RoleName")
    if iam._p(params, "UserName"):
        return resource_arn_of(iam._users, "user", params, "UserName")
    if action == "CreatePolicy":
        return new_arn("policy", params, "PolicyName")
    return iam._p(params, "PolicyArn") or "*"


def resource_arn_of(objects, kind, params, name):
    """The ARN of an object: its own if it exists, path and all; else the one that it would get."""
    known = objects.get(iam._p(params, name))
    return known["Arn"] if known else new_arn(kind, params, name)


def new_arn(kind, params, name):
    return f"arn:aws:iam::{get_account_id()}:{kind}{iam._p(params, 'Path') or '/'}{iam._p(params, name)}"


def condition_keys(params):
    keys = {
        "iam:PolicyARN": iam._p(params, "PolicyArn"),
        "iam:AWSServiceName": iam._p(params, "AWSServiceName"),
        "iam:PermissionsBoundary": boundary(params),
    }
    return {key: value for key, value in keys.items() if value}


def resource_tags(arn):
    """The tags of the object that a request is about; groups have none."""
    kinds = (iam._roles, iam._policies, iam._instance_profiles, iam._users)
    tagged = (it for kind in kinds for it in kind.values() if it["Arn"] == arn)
    return {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for it in tagged for tag in it.get("Tags") or ()}


def boundary(params):
    """The boundary that a request sets, or else the one of the role that it is about."""
    role = iam._roles.get(iam._p(params, "RoleName")) or {}
    return iam._p(params, "PermissionsBoundary") or role.get("PermissionsBoundary")


# --- what IAM refuses ---


def refuse_what_iam_refuses():
    for action in ("AttachRolePolicy", "AttachGroupPolicy", "AttachUserPolicy"):
        guard(action, policy_is_missing)
    guard("DeleteGroup", group_is_in_use)
    guard("CreatePolicy", policy_name_is_taken)


def guard(action, refusal):
    """Asks `refusal` first; what it returns is the answer, unless that is None."""
    handler = iam._IAM_HANDLERS[action]
    iam._IAM_HANDLERS[action] = lambda params: refusal(params) or handler(params)


def policy_is_missing(params):
    arn = iam._p(params, "PolicyArn")
    if arn.startswith("arn:aws:iam::aws:") or arn in iam._policies:
        return None
    return iam._error(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.", ns="iam")


def policy_name_is_taken(params):
    name = iam._p(params, "PolicyName")
    if not any(policy["PolicyName"] == name for policy in iam._policies.values()):
        return None
    message = f"A policy called {name} already exists. Duplicate names are not allowed."
    return iam._error(409, "EntityAlreadyExists", message, ns="iam")


def group_is_in_use(params):
    group = iam._groups.get(iam._p(params, "GroupName")) or {}
    inline = iam._group_inline_policies.get(iam._p(params, "GroupName"))
    for what, held in (("users", group.get("Users")), ("policies", group.get("AttachedPolicies") or inline)):
        if held:
            message = f"Cannot delete entity, must remove {what} from group first."
            return iam._error(409, "DeleteConflict", message, ns="iam")
    return None


def take_empty_values():
    iam.parse_qs = partial(iam.parse_qs, keep_blank_values=True)


def name_service_linked_roles():
    create = iam._IAM_HANDLERS["CreateServiceLinkedRole"]

    def create_service_linked_role(params):
        service = iam._p(params, "AWSServiceName")
        name = SERVICE_LINKED_ROLES.get(service)
        if name is None:
            return iam._error(400, "InvalidInput", f"Service {service} has no service-linked role.", ns="iam")
        if name in iam._roles:
            message = f"Service role name {name} has been taken in this account, please try a different suffix."
            return iam._error(400, "InvalidInput", message, ns="iam")
        status, headers, body = create(params)
        made = f"AWSServiceRoleFor{service.split('.')[0].capitalize()}"
        role = iam._roles.pop(made)
        role["RoleName"], role["Arn"] = name, role["Arn"].removesuffix(made) + name
        iam._roles[name] = role
        return status, headers, body.replace(made.encode(), name.encode())

    iam._IAM_HANDLERS["CreateServiceLinkedRole"] = create_service_linked_role


# --- CloudFormation ---


def name_resources_apart_in_each_region():
    physical_name = provisioners._physical_name

    def named(stack_name, logical_id, **more):
        token = provisioners._NAME_SEED.set(provisioners._NAME_SEED.get() + get_region())
        try:
            return physical_name(stack_name, logical_id, **more)
        finally:
            provisioners._NAME_SEED.reset(token)

    provisioners._physical_name = named


def tell_of_each_request():
    """What deletes the old half of a replacement, and what follows a failed Create, has no event otherwise."""
    invoke = custom_resource.invoke_custom_resource

    def invoke_custom_resource(request_type, logical_id, props, stack_name, stack_id, resource_type, *args, **kwargs):
        status = f"{request_type.upper()}_IN_PROGRESS"
        own = (event for event in _stack_events[stack_id] if event["LogicalResourceId"] == logical_id)
        *_, newest = own
        if newest["ResourceStatus"] != status:
            stacks._add_event(
                stack_id, stack_name, logical_id, resource_type, status, physical_id=kwargs.get("physical_id") or ""
            )
        return invoke(request_type, logical_id, props, stack_name, stack_id, resource_type, *args, **kwargs)

    custom_resource.invoke_custom_resource = invoke_custom_resource


def tell_of_properties():
    """An event of a custom resource has the properties of the last request."""
    invoke, add, describe = custom_resource.invoke_custom_resource, stacks._add_event, handlers._describe_stack_events
    last = {}

    def invoke_custom_resource(request_type, logical_id, props, stack_name, stack_id, *args, **kwargs):
        if request_type != "Delete":
            last[stack_id, logical_id] = json.dumps(custom_resource._normalise_resource_properties(props))
        return invoke(request_type, logical_id, props, stack_name, stack_id, *args, **kwargs)

    def add_event(stack_id, stack_name, logical_id, *args, **kwargs):
        add(stack_id, stack_name, logical_id, *args, **kwargs)
        properties = last.get((stack_id, logical_id))
        if properties:
            _stack_events[stack_id][-1]["ResourceProperties"] = properties

    def describe_stack_events(params):
        status, headers, body = describe(params)
        text = body.decode() if isinstance(body, bytes) else body
        for events in list(_stack_events.values()):
            for event in (event for event in events if "ResourceProperties" in event):
                named = f"<EventId>{event['EventId']}</EventId>"
                properties = escape(event["ResourceProperties"])
                text = text.replace(named, f"{named}<ResourceProperties>{properties}</ResourceProperties>")
        return status, headers, text.encode()

    custom_resource.invoke_custom_resource = invoke_custom_resource
    for module in (stacks, handlers, changesets, provisioners):
        module._add_event = add_event
    handlers._ACTION_HANDLERS["DescribeStackEvents"] = describe_stack_events


def delete_after_a_failed_create():
    invoke, deliver = custom_resource.invoke_custom_resource, custom_resource.deliver_response
    answers = threading.local()
    last = {}

    def deliver_response(token, response):
        last[token] = response
        return deliver(token, response)

    def register_token(token, register=custom_resource.register_token):
        answers.token = token
        return register(token)

    def invoke_custom_resource(request_type, logical_id, props, *args, **kwargs):
        try:
            return invoke(request_type, logical_id, props, *args, **kwargs)
        except (RuntimeError, TimeoutError) as failure:
            if request_type == "Create":
                stack_name, invented = args[0], secrets.token_hex(6).upper()
                physical_id = last.get(answers.token, {}).get("PhysicalResourceId")
                physical_id = physical_id or f"{stack_name}-{logical_id}-{invented}"
                try:
                    invoke("Delete", logical_id, props, *args, physical_id=physical_id, **kwargs)
                except RuntimeError as second:
                    raise RuntimeError(f"{failure} (and the Delete that followed: {second})") from second
            raise
        finally:
            last.pop(answers.token, None)

    custom_resource.deliver_response = deliver_response
    custom_resource.register_token = register_token
    custom_resource.invoke_custom_resource = invoke_custom_resource


def delete_what_a_rollback_left():
    delete = handlers._ACTION_HANDLERS["DeleteStack"]

    def delete_stack(params):
        stack = handlers._resolve_stack(handlers._p(params, "StackName"))
        if stack and stack.get("StackStatus") == "ROLLBACK_FAILED":
            left = stack.pop("_rollback_failed", {})
            stack.setdefault("_resources", {}).update(left)
        return delete(params)

    handlers._ACTION_HANDLERS["DeleteStack"] = delete_stack


def refuse_another_service_token():
    update = provisioners._custom_resource_update

    kept = {}

    def custom_resource_update(physical_id, old_props, new_props, *args, **kwargs):
        # A rollback begins with what was refused; the resource has what it had before that.
        key = get_account_id(), get_region(), physical_id
        before = kept.pop(key, old_props)
        if before.get("ServiceToken") != new_props.get("ServiceToken"):
            kept[key] = before
            raise RuntimeError("Modifying service token is not allowed.")
        return update(physical_id, before, new_props, *args, **kwargs)

    provisioners._custom_resource_update = custom_resource_update


def refuse_names_that_are_taken():
    def ends_with(named, separator):
        return lambda name: any(arn.rsplit(separator, 1)[-1] == name for arn in named)

    taken = {
        ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"): ends_with(iam._policies, "/"),
        ("AWS::IAM::Role", "RoleName"): lambda name: name in iam._roles,
        ("AWS::Lambda::Function", "FunctionName"): lambda name: name in lambda_svc._functions,
        ("AWS::StepFunctions::StateMachine", "StateMachineName"): ends_with(stepfunctions._state_machines, ":"),
    }

    def held_to_its_name(resource_type, name_of, is_taken):
        handler = provisioners._RESOURCE_HANDLERS[resource_type]

        def create(logical_id, props, stack_name, create=handler["create"]):
            name = props.get(name_of)
            if name and is_taken(name):
                raise ValueError(f"Resource of type '{resource_type}' with identifier '{name}' already exists.")
            return create(logical_id, props, stack_name)

        handler["create"] = create

    for (resource_type, name_of), is_taken in taken.items():
        held_to_its_name(resource_type, name_of, is_taken)


def keep_what_an_undeleted_resource_needs():
    delete, delete_stack = stacks._delete_resource, stacks._delete_stack_async

    def delete_resource(resource_type, physical_id, props, stack_name=None, logical_id=None):
        try:
            return delete(resource_type, physical_id, props, stack_name, logical_id)
        except Exception:
            stack = _stacks.get(stack_name) or {}
            if stack.get("StackStatus") == "DELETE_IN_PROGRESS":
                left = stack["_resources"]
                needed = stacks._with_dependencies([logical_id], stack["_template"]["Resources"], set(left))
                kept = stack.setdefault("_kept", {})
                kept |= {name: left.pop(name) for name in needed - {logical_id}}
            raise

    async def delete_stack_async(stack_name, *args, **kwargs):
        await delete_stack(stack_name, *args, **kwargs)
        stack = _stacks.get(stack_name) or {}
        stack.get("_resources", {}).update(stack.pop("_kept", {}))

    stacks._delete_resource = delete_resource
    for module in (stacks, handlers):
        module._delete_stack_async = delete_stack_async


def keep_a_boundary_in_use():
    handler = provisioners._RESOURCE_HANDLERS["AWS::IAM::ManagedPolicy"]
    delete = handler["delete"]

    def delete_policy(physical_id, props):
        if iam._boundary_usage_counts().get(physical_id):
            raise RuntimeError("Cannot delete a policy attached to entities.")
        delete(physical_id, props)

    handler["delete"] = delete_policy


# --- CloudTrail ---


def name_events_after_their_action():
    extract, name = iam_actions.extract_iam_action, app._ct_event_name
    action = ContextVar("action", default=None)

    def extract_iam_action(*request):
        action.set(extract(*request))
        return action.get()

    def event_name(*request):
        return action.get().split(":")[-1] if action.get() else name(*request)

    iam_actions.extract_iam_action = extract_iam_action
    app._ct_event_name = event_name


if __name__ == "__main__":
    main()
