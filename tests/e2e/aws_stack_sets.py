"""CloudFormation StackSets with service-managed permissions, which MiniStack does not have.

From AWS's pages (StackSets concepts; CreateStackInstances; Enable or disable automatic deployments; Operation
preferences; Stack set status codes):
- A set targets organizational units, with all accounts below them and never the management account.
- A transform in its template is refused, and so is a template of more than 51,200 bytes, or 1 MB behind a URL.
- With automatic deployment an account that comes into a target gets its stacks, with the set's own parameters and not
  with what was overridden for others; from one that leaves they are deleted; where it moves from one target to
  another the delete comes first. Nothing of that is tried again, and no preferences hold for it.
- With managed execution operations wait for each other. Without, a second one is refused.
- Preferences: so many accounts at once in a Region (1), so many that may fail in a Region (0), Regions one after
  another or at once; beyond the tolerance the rest of the operation is cancelled. With STRICT_FAILURE_TOLERANCE there
  are never more at once than may still fail.
- A suspended account is skipped and counts as no failure.
- An instance whose stack could not be deleted is INOPERABLE: updates leave it out, until it is deleted.
- A stack in UPDATE_ROLLBACK_FAILED, as any other in a state that CloudFormation does not update, is not updated.
- Status changes of instances and operations are events on the administrator's default bus.
- The resource AWS::CloudFormation::StackSet deletes the instances of the units and Regions that are taken out, then
  changes the set, then makes the instances that are new: so does AWS's own handler, whose source is public.

Assumed, because no page says it:
- A stack whose creation failed is deleted before the instance is made again. No other stack is: an instance whose stack
  is in UPDATE_ROLLBACK_FAILED fails, with CloudFormation's refusal of the update, until somebody continues the rollback.
- An instance of a suspended account is OUTDATED, and goes on being so when the account is reinstated.
- CreateStackInstances makes an instance again that is there, current or not but INOPERABLE, and takes back no override
  that it does not name. It refuses a unit that does not exist. Filters are INTERSECTION, DIFFERENCE and NONE.
- What StackSets says of a stack that failed is the first failure of its last operation.
- The order in which StackSets takes the accounts of an operation is that of their numbers.
- An account that leaves the organization has its stacks deleted while StackSets still reaches it.
- The actions of the role with which StackSets deploys are held to service control policies in the creation of roles
  alone.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import uuid4
from xml.sax.saxutils import escape, unescape

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import eventbridge, s3, stepfunctions
from ministack.services.cloudformation import _stack_events, _stacks, engine, handlers, helpers, provisioners, stacks

from . import aws_organization as organization

POLL_SECONDS = 0.02
LARGEST_BODY, LARGEST_OBJECT, MOST_UNITS = 51_200, 1_000_000, 50
NEVER_MADE = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")

_sets = {}
_loop = None


class Refused(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


@dataclass
class Instance:
    account: str
    region: str
    unit: str
    overrides: dict = field(default_factory=dict)
    stack_id: str = ""
    status: str = "OUTDATED"
    detailed: str = "PENDING"
    reason: str = ""
    operation: str = ""


@dataclass
class Operation:
    action: str
    instances: list
    preferences: dict
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "QUEUED"
    results: list = field(default_factory=list)


@dataclass
class StackSet:
    name: str
    administrator: str
    region: str
    template: str
    parameters: dict
    capabilities: list
    automatic: bool
    retain: bool
    managed: bool
    id: str = field(default_factory=lambda: str(uuid4()))
    instances: dict = field(default_factory=dict)
    targets: dict = field(default_factory=dict)
    """The Regions of each organizational unit."""
    operations: dict = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def arn(self):
        return f"arn:aws:cloudformation:{self.region}:{self.administrator}:stackset/{self.name}:{self.id}"


def install():
    for name, action in ACTIONS.items():
        handlers._ACTION_HANDLERS[name] = served(action)
    run_on_a_thread, sdk = stacks._runs_on_worker_thread, stepfunctions._invoke_aws_sdk_integration

    def runs_on_worker_thread(resource_type):
        on_the_loop()
        return resource_type == "AWS::CloudFormation::StackSet" or run_on_a_thread(resource_type)

    def invoke_aws_sdk_integration(resource, input_data):
        *_, service, action = resource.split(":")
        if service != "cloudformation":
            return sdk(resource, input_data)
        try:
            return on_loop(ACTIONS[action[0].upper() + action[1:]], input_data)
        except Refused as refused:
            raise stepfunctions._ExecutionError(f"CloudFormation.{refused.code}", str(refused)) from refused

    stacks._runs_on_worker_thread = runs_on_worker_thread
    stepfunctions._invoke_aws_sdk_integration = invoke_aws_sdk_integration
    provisioners._RESOURCE_HANDLERS["AWS::CloudFormation::StackSet"] = {
        "create": create_resource,
        "update": update_resource,
        "delete": delete_resource,
    }
    organization.on_membership_change(deploy_automatically)


def on_the_loop():
    global _loop
    _loop = asyncio.get_running_loop()


def on_loop(function, *arguments):
    """What the function returns, called on the thread of the emulator's loop."""

    async def call():
        return function(*arguments)

    return asyncio.run_coroutine_threadsafe(call(), _loop).result()


# --- the API ---


def served(action):
    """The action for CloudFormation's query protocol."""

    def handle(params):
        on_the_loop()
        name = helpers._p(params, "Action")
        try:
            result = action(nested(params))
        except Refused as refused:
            return helpers._error(refused.code, str(refused))
        return helpers._xml(200, f"{name}Response", f"<{name}Result>{xml(result)}</{name}Result>")

    return handle


def nested(params):
    """`{"A.member.1.B": ["x"]}` as `{"A": [{"B": "x"}]}`."""
    tree = {}
    for key, value in params.items():
        *parents, last = [part for part in key.split(".") if part != "member"]
        node = tree
        for part in parents:
            node = node.setdefault(part, {})
        node[last] = value[0] if isinstance(value, list) else value
    return listed(tree)


def listed(node):
    if not isinstance(node, dict):
        return {"true": True, "false": False}.get(node, node)
    if node and all(key.isdigit() for key in node):
        return [listed(node[key]) for key in sorted(node, key=int)]
    return {key: listed(value) for key, value in node.items()}


def xml(value):
    if isinstance(value, dict):
        return "".join(f"<{key}>{xml(child)}</{key}>" for key, child in value.items() if child is not None)
    if isinstance(value, list):
        return "".join(f"<member>{xml(child)}</member>" for child in value)
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def create_stack_set(asked):
    name = asked["StackSetName"]
    if asked.get("PermissionModel") != "SERVICE_MANAGED":
        raise Refused("ValidationError", "only SERVICE_MANAGED is here")
    if (get_account_id(), name) in _sets:
        raise Refused("NameAlreadyExistsException", f"Stackset {name} already exists")
    template = template_of(asked)
    automatic = asked.get("AutoDeployment", {})
    new = StackSet(
        name=name,
        administrator=get_account_id(),
        region=get_region(),
        template=template,
        parameters=parameters_of(template, asked),
        capabilities=as_list(asked.get("Capabilities")),
        automatic=bool(automatic.get("Enabled")),
        retain=bool(automatic.get("RetainStacksOnAccountRemoval")),
        managed=bool(asked.get("ManagedExecution", {}).get("Active")),
    )
    _sets[new.administrator, name] = new
    return {"StackSetId": f"{name}:{new.id}"}


def template_of(asked):
    text = asked.get("TemplateBody") or object_at(asked["TemplateURL"])
    limit = LARGEST_BODY if asked.get("TemplateBody") else LARGEST_OBJECT
    if len(text.encode()) > limit:
        raise Refused("ValidationError", f"the template has more than {limit} bytes")
    template = engine._parse_template(text)
    if "Transform" in template or "Fn::Transform" in text:
        raise Refused("ValidationError", "Transform is not supported in SERVICE_MANAGED permission model")
    needed = handlers._required_iam_capabilities(template)
    missing = handlers._missing_capabilities(as_list(asked.get("Capabilities")), needed)
    if missing:
        raise Refused("InsufficientCapabilitiesException", handlers._insufficient_capabilities_message(missing))
    return text


def object_at(url):
    """An object of the administrator's, by its address."""
    parts = urlsplit(url)
    bucket, separator, _ = parts.netloc.partition(".s3.")
    key = parts.path.lstrip("/")
    content = s3._get_object_data(bucket, key) if separator else None
    if content is None:
        raise Refused("ValidationError", f"S3 error: Access Denied, or nothing is at {url}")
    return content.decode()


def parameters_of(template, asked, previous=()):
    declared = engine._parse_template(template).get("Parameters", {})
    given = {}
    for it in as_list(asked.get("Parameters")):
        key = it["ParameterKey"]
        given[key] = dict(previous)[key] if it.get("UsePreviousValue") else text(it["ParameterValue"])
    if unknown := given.keys() - declared.keys():
        raise Refused("ValidationError", f"Parameters: {sorted(unknown)} do not exist in the template")
    needed = {name for name, parameter in declared.items() if "Default" not in parameter}
    if missing := needed - given.keys():
        raise Refused("ValidationError", f"Parameters: {sorted(missing)} must have values")
    return given


def update_stack_set(asked):
    it = the_set(asked)
    check_turn(it)
    if asked.get("UsePreviousTemplate"):
        template = it.template
    else:
        template = template_of(asked)
    it.parameters = parameters_of(template, asked, it.parameters)
    it.template = template
    it.capabilities = as_list(asked.get("Capabilities")) or it.capabilities
    if "AutoDeployment" in asked:
        it.automatic = bool(asked["AutoDeployment"].get("Enabled"))
        it.retain = bool(asked["AutoDeployment"].get("RetainStacksOnAccountRemoval"))
    if "ManagedExecution" in asked:
        it.managed = bool(asked["ManagedExecution"].get("Active"))
    return begin(it, "UPDATE", operable(it.instances.values()), asked)


def delete_stack_set(asked):
    it = the_set(asked)
    if it.instances:
        raise Refused("StackSetNotEmptyException", f"StackSet {it.name} is not empty")
    del _sets[it.administrator, it.name]
    return {}


def describe_stack_set(asked):
    it = the_set(asked)
    return {
        "StackSet": {
            "StackSetName": it.name,
            "StackSetId": f"{it.name}:{it.id}",
            "StackSetARN": it.arn,
            "Status": "ACTIVE",
            "PermissionModel": "SERVICE_MANAGED",
            "TemplateBody": it.template,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in it.parameters.items()],
            "Capabilities": it.capabilities,
            "AutoDeployment": {"Enabled": it.automatic, "RetainStacksOnAccountRemoval": it.retain},
            "ManagedExecution": {"Active": it.managed},
            "OrganizationalUnitIds": sorted(it.targets),
        }
    }


def create_stack_instances(asked):
    it = the_set(asked)
    check_turn(it)
    overrides = {o["ParameterKey"]: text(o["ParameterValue"]) for o in as_list(asked.get("ParameterOverrides"))}
    targets = asked["DeploymentTargets"]
    units = as_list(targets.get("OrganizationalUnitIds"))
    if len(units) > MOST_UNITS:
        raise Refused("ValidationError", f"more than {MOST_UNITS} organizational units")
    if unknown := sorted({*units} - organization.units()):
        raise Refused("ValidationError", f"organizational units {unknown} do not exist")
    wanted = []
    for account, unit in targeted(targets):
        for region in as_list(asked["Regions"]):
            instance = it.instances.setdefault((account, region), Instance(account, region, unit))
            instance.overrides |= overrides
            wanted.append(instance)
    for unit in units:
        it.targets[unit] = sorted({*it.targets.get(unit, ()), *as_list(asked["Regions"])})
    return begin(it, "CREATE", operable(wanted), asked)


def update_stack_instances(asked):
    it = the_set(asked)
    check_turn(it)
    wanted = operable(chosen(it, asked))
    for instance in wanted:
        if "ParameterOverrides" in asked:
            given = as_list(asked["ParameterOverrides"])
            instance.overrides = {o["ParameterKey"]: text(o["ParameterValue"]) for o in given}
    return begin(it, "UPDATE", wanted, asked)


def delete_stack_instances(asked):
    it = the_set(asked)
    check_turn(it)
    targets = asked["DeploymentTargets"]
    if not targets.get("Accounts"):
        for unit in as_list(targets["OrganizationalUnitIds"]):
            left = sorted({*it.targets.get(unit, ())} - {*as_list(asked["Regions"])})
            it.targets.pop(unit, None)
            it.targets |= {unit: left} if left else {}
    action = "FORGET" if asked.get("RetainStacks") else "DELETE"
    return begin(it, action, chosen(it, asked), asked)


def list_stack_instances(asked):
    it, status = the_set(asked), [f["Values"] for f in as_list(asked.get("Filters"))]
    found = [
        {
            "StackSetId": f"{it.name}:{it.id}",
            "Account": i.account,
            "Region": i.region,
            "StackId": i.stack_id or None,
            "Status": i.status,
            "StatusReason": i.reason or None,
            "StackInstanceStatus": {"DetailedStatus": i.detailed},
            "OrganizationalUnitId": i.unit,
            "LastOperationId": i.operation or None,
        }
        for _, i in sorted(it.instances.items())
        if asked.get("StackInstanceAccount") in (None, i.account)
        and asked.get("StackInstanceRegion") in (None, i.region)
        and (not status or i.detailed in status)
    ]
    size, start = int(asked.get("MaxResults", 100)), int(asked.get("NextToken", 0))
    token = str(start + size) if start + size < len(found) else None
    return {"Summaries": found[start : start + size], **({"NextToken": token} if token else {})}


def describe_stack_set_operation(asked):
    operation = the_set(asked).operations[asked["OperationId"]]
    return {
        "StackSetOperation": {
            "OperationId": operation.id,
            "Action": operation.action,
            "Status": operation.status,
            "StatusDetails": {"FailedStackInstancesCount": sum(r["Status"] == "FAILED" for r in operation.results)},
        }
    }


def list_stack_set_operations(asked):
    operations = reversed(the_set(asked).operations.values())
    return {"Summaries": [{"OperationId": o.id, "Action": o.action, "Status": o.status} for o in operations]}


def list_stack_set_operation_results(asked):
    return {"Summaries": the_set(asked).operations[asked["OperationId"]].results}


def list_stack_sets(asked):
    own = [it for (administrator, _), it in _sets.items() if administrator == get_account_id()]
    return {"Summaries": [{"StackSetName": it.name, "StackSetId": f"{it.name}:{it.id}"} for it in own]}


ACTIONS = {
    "CreateStackSet": create_stack_set,
    "UpdateStackSet": update_stack_set,
    "DeleteStackSet": delete_stack_set,
    "DescribeStackSet": describe_stack_set,
    "ListStackSets": list_stack_sets,
    "CreateStackInstances": create_stack_instances,
    "UpdateStackInstances": update_stack_instances,
    "DeleteStackInstances": delete_stack_instances,
    "ListStackInstances": list_stack_instances,
    "DescribeStackSetOperation": describe_stack_set_operation,
    "ListStackSetOperations": list_stack_set_operations,
    "ListStackSetOperationResults": list_stack_set_operation_results,
}


def the_set(asked):
    name = asked["StackSetName"].split(":")[0]
    if (get_account_id(), name) not in _sets:
        raise Refused("StackSetNotFoundException", f"StackSet {name} not found")
    return _sets[get_account_id(), name]


def check_turn(it):
    if it.turn.locked() and not it.managed:
        raise Refused("OperationInProgressException", f"Another Operation on StackSet {it.arn} is in progress")


def chosen(it, asked):
    """The instances that are there among those that are asked for."""
    accounts = {account for account, _ in targeted(asked["DeploymentTargets"], everybody=True)}
    regions = as_list(asked["Regions"])
    return [i for i in it.instances.values() if i.account in accounts and i.region in regions]


def operable(instances):
    return [it for it in instances if it.status != "INOPERABLE"]


def targeted(targets, everybody=False):
    """The accounts and their units."""
    named, kind = set(as_list(targets.get("Accounts"))), targets.get("AccountFilterType", "NONE")
    for account, parents in sorted(organization.accounts().items()):
        units = [unit for unit in as_list(targets["OrganizationalUnitIds"]) if unit in parents]
        fits = {"NONE": True, "INTERSECTION": account in named, "DIFFERENCE": account not in named}[kind]
        if units and fits:
            yield account, units[0]
    if everybody and kind in ("NONE", "INTERSECTION"):
        yield from ((account, "") for account in named)


def as_list(value):
    return value if isinstance(value, list) else [] if value in (None, "", {}) else [value]


def text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- operations ---


def begin(it, action, instances, asked):
    operation = Operation(action, instances, asked.get("OperationPreferences") or {})
    it.operations[operation.id] = operation
    # A request's scope goes along with the task.
    asyncio.get_running_loop().create_task(operate(it, operation))
    return {"OperationId": operation.id}


async def operate(it, operation):
    async with it.turn:
        set_status(it, operation, "RUNNING")
        regions = {i.region: [] for i in operation.instances}
        for instance in operation.instances:
            regions[instance.region].append(instance)
        order = as_list(operation.preferences.get("RegionOrder"))
        names = sorted(regions, key=lambda name: (order.index(name) if name in order else len(order), name))
        at_once = operation.preferences.get("RegionConcurrencyType") == "PARALLEL"
        stopped = False
        if at_once:
            stopped = any(await asyncio.gather(*(operate_in(it, operation, regions[name]) for name in names)))
        else:
            for name in names:
                if stopped:
                    for instance in regions[name]:
                        settle(it, operation, instance, "CANCELLED", "Cancelled since failure tolerance was exceeded")
                else:
                    stopped = await operate_in(it, operation, regions[name])
        set_status(it, operation, "FAILED" if stopped else "SUCCEEDED")


async def operate_in(it, operation, instances):
    """One Region's. Returns whether more failed than may."""
    preferences = operation.preferences
    tolerated = number(preferences, "FailureTolerance", len(instances), 0)
    at_once = max(number(preferences, "MaxConcurrent", len(instances), 1), 1)
    strict = preferences.get("ConcurrencyMode", "STRICT_FAILURE_TOLERANCE") == "STRICT_FAILURE_TOLERANCE"
    failed = 0
    places = asyncio.Semaphore(min(at_once, tolerated + 1) if strict else at_once)

    async def one(instance):
        nonlocal failed
        async with places:
            if failed > tolerated:
                settle(it, operation, instance, "CANCELLED", "Cancelled since failure tolerance was exceeded")
                return
            instance.detailed = "RUNNING"
            ended = await work(it, operation, instance)
            failed += ended == "FAILED"

    await asyncio.gather(*map(one, sorted(instances, key=lambda i: i.account)))
    return failed > tolerated


def number(preferences, what, of, default):
    if f"{what}Count" in preferences:
        return int(preferences[f"{what}Count"])
    return of * int(preferences[f"{what}Percentage"]) // 100 if f"{what}Percentage" in preferences else default


async def work(it, operation, instance):
    if operation.action == "FORGET":
        it.instances.pop((instance.account, instance.region), None)
        return settle(it, operation, instance, "SUCCEEDED")
    if organization.is_suspended(instance.account):
        return settle(it, operation, instance, "SKIPPED_SUSPENDED_ACCOUNT", "the account is suspended")
    with request_scope(instance.account, instance.region):
        problem = await (remove(instance) if operation.action == "DELETE" else make(it, instance))
    if operation.action == "DELETE" and not problem:
        it.instances.pop((instance.account, instance.region), None)
    if operation.action == "DELETE" and problem:
        instance.status = "INOPERABLE"
        settle(it, operation, instance, "INOPERABLE", problem)
        return "FAILED"
    return settle(it, operation, instance, "FAILED" if problem else "SUCCEEDED", problem)


async def make(it, instance):
    """Why there is no such stack, or nothing."""
    stack = _stacks.get(instance.stack_id.split("/")[1]) if instance.stack_id else None
    values = {**it.parameters, **instance.overrides}
    asked = {"TemplateBody": [it.template]}
    for place, (key, value) in enumerate(values.items(), 1):
        asked[f"Parameters.member.{place}.ParameterKey"] = [key]
        asked[f"Parameters.member.{place}.ParameterValue"] = [value]
    for place, capability in enumerate(it.capabilities, 1):
        asked[f"Capabilities.member.{place}"] = [capability]
    status = stack["StackStatus"] if stack else "DELETE_COMPLETE"
    kind = "Create" if status in ("DELETE_COMPLETE", *NEVER_MADE) else "Update"
    if status in NEVER_MADE:
        if problem := await remove(instance):
            return problem
    name = stack["StackName"] if kind == "Update" else f"StackSet-{it.name}-{uuid4()}"
    # Its size was held to the limit of a template behind a URL.
    limit, helpers.TEMPLATE_BODY_MAX_BYTES = helpers.TEMPLATE_BODY_MAX_BYTES, LARGEST_OBJECT
    try:
        status, _, body = handlers._ACTION_HANDLERS[f"{kind}Stack"]({"StackName": [name], **asked})
    finally:
        helpers.TEMPLATE_BODY_MAX_BYTES = limit
    if status >= 400:
        said = refusal(body)
        return "" if "No updates are to be performed" in said else said
    instance.stack_id = _stacks.get(name)["StackId"]
    done = await settled(name)
    return "" if done["StackStatus"] == f"{kind.upper()}_COMPLETE" else first_failure(done)


async def remove(instance):
    name = instance.stack_id.split("/")[1] if instance.stack_id else ""
    if not _stacks.get(name) or _stacks[name]["StackStatus"] == "DELETE_COMPLETE":
        return ""
    status, _, body = handlers._ACTION_HANDLERS["DeleteStack"]({"StackName": [name]})
    if status >= 400:
        return refusal(body)
    # It would say so itself only in its own task, and may have failed before.
    _stacks[name]["StackStatus"] = "DELETE_IN_PROGRESS"
    while _stacks[name]["StackStatus"] not in ("DELETE_COMPLETE", "DELETE_FAILED"):
        await asyncio.sleep(POLL_SECONDS)
    return "" if _stacks[name]["StackStatus"] == "DELETE_COMPLETE" else first_failure(_stacks[name])


def refusal(body):
    """What CloudFormation says of a request that it refuses."""
    return unescape(body.decode().partition("<Message>")[2].partition("</Message>")[0])


async def settled(name):
    while _stacks[name]["StackStatus"].endswith("_IN_PROGRESS"):
        await asyncio.sleep(POLL_SECONDS)
    return _stacks[name]


def first_failure(stack):
    events, begins = _stack_events[stack["StackId"]], ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")
    of_the_stack = [n for n, event in enumerate(events) if event["LogicalResourceId"] == stack["StackName"]]
    *_, begun = (n for n in of_the_stack if events[n]["ResourceStatus"] in begins)
    for n, event in enumerate(events):
        if n > begun and n not in of_the_stack and event["ResourceStatus"].endswith("_FAILED"):
            what = f"ResourceLogicalId:{event['LogicalResourceId']}, ResourceType:{event['ResourceType']}"
            return f"{what}, ResourceStatusReason:{event['ResourceStatusReason']}."
    return stack["StackStatus"]


def settle(it, operation, instance, detailed, reason=""):
    instance.detailed, instance.operation, instance.reason = detailed, operation.id, reason
    if detailed == "SUCCEEDED":
        instance.status = "CURRENT"
    elif instance.status != "INOPERABLE":
        instance.status = "OUTDATED"
    status = "FAILED" if detailed == "INOPERABLE" else detailed
    result = {"Account": instance.account, "Region": instance.region, "Status": status, "StatusReason": reason}
    operation.results.append(result)
    detail = {
        "stack-set-arn": it.arn,
        "stack-id": instance.stack_id,
        "action": operation.action,
        "status-details": {"status": instance.status, "status-reason": reason, "detailed-status": detailed},
    }
    tell(it, "CloudFormation StackSet StackInstance Status Change", detail)
    return detailed


def set_status(it, operation, status):
    operation.status = status
    detail = {"stack-set-arn": it.arn, "stack-set-operation-id": operation.id, "status-details": {"status": status}}
    tell(it, "CloudFormation StackSet Operation Status Change", detail)


def tell(it, detail_type, detail):
    with request_scope(it.administrator, it.region):
        entry = {"Source": "aws.cloudformation", "DetailType": detail_type, "Detail": json.dumps(detail)}
        eventbridge._put_events({"Entries": [{**entry, "Resources": [it.arn]}]}, allow_aws_source=True)


# --- automatic deployment ---


def deploy_automatically(account, parents):
    """The account is below these now."""
    on_the_loop()
    sets = [it for it in _sets.values() if it.automatic]
    asyncio.get_running_loop().create_task(move(sets, account, parents))


async def move(sets, account, parents):
    """All deletes come before the first create."""
    for it in sets:
        gone = [i for i in it.instances.values() if i.account == account and i.unit not in parents]
        if gone:
            await automatic(it, "FORGET" if it.retain else "DELETE", gone)
    if organization.is_suspended(account):
        return
    for it in sets:
        for unit, regions in it.targets.items():
            if unit in parents:
                new = [Instance(account, region, unit) for region in regions if (account, region) not in it.instances]
                it.instances |= {(account, i.region): i for i in new}
                if new:
                    await automatic(it, "CREATE", new)


async def automatic(it, action, instances):
    with request_scope(it.administrator, it.region):
        operation = Operation(action, instances, {})
        it.operations[operation.id] = operation
        await operate(it, operation)


# --- AWS::CloudFormation::StackSet ---


def create_resource(logical_id, props, stack_name):
    set_id = on_loop(create_stack_set, props)["StackSetId"]
    for group in as_list(props.get("StackInstancesGroup")):
        on_loop_to_the_end(create_stack_instances, {**group, **of(props)})
    return set_id, {"StackSetId": set_id}


def update_resource(physical_id, old, new, stack_name):
    before, after = places(old), places(new)
    for targets in together(before - after):
        on_loop_to_the_end(delete_stack_instances, {**targets, **of(new)})
    changed = {key: new.get(key) for key in new if key != "StackInstancesGroup"}
    if {key: old.get(key) for key in changed} != changed:
        on_loop_to_the_end(update_stack_set, new)
    for targets in together(after - before):
        on_loop_to_the_end(create_stack_instances, {**targets, **of(new)})
    return physical_id, {"StackSetId": physical_id}


def places(props):
    """Each unit with each of its Regions."""
    return {
        (unit, region)
        for group in as_list(props.get("StackInstancesGroup"))
        for unit in as_list(group["DeploymentTargets"]["OrganizationalUnitIds"])
        for region in as_list(group["Regions"])
    }


def together(places):
    """Groups of instances: units of the same Regions are one."""
    regions, units = {}, {}
    for unit, region in sorted(places):
        regions.setdefault(unit, []).append(region)
    for unit, its_regions in regions.items():
        units.setdefault(tuple(its_regions), []).append(unit)
    return [
        {"DeploymentTargets": {"OrganizationalUnitIds": those}, "Regions": list(its_regions)}
        for its_regions, those in units.items()
    ]


def delete_resource(physical_id, props):
    for group in as_list(props.get("StackInstancesGroup")):
        on_loop_to_the_end(delete_stack_instances, {**group, **of(props)})
    on_loop(delete_stack_set, {"StackSetName": props["StackSetName"]})


def of(props):
    return {"StackSetName": props["StackSetName"], "OperationPreferences": props.get("OperationPreferences")}


def on_loop_to_the_end(action, asked):
    """The resource fails where its operation does."""
    operation_id = on_loop(action, asked)["OperationId"]
    it = on_loop(the_set, asked)
    while (operation := it.operations[operation_id]).status in ("QUEUED", "RUNNING"):
        time.sleep(POLL_SECONDS)
    if operation.status != "SUCCEEDED":
        raise RuntimeError(f"the operation {operation_id} of {it.name} {operation.status}")
