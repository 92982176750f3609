"""The quota of Lambda's concurrent executions, and the requests to raise it, on loopback.

It speaks Service Quotas' JSON protocol and Lambda's account settings, and enforces Service Quotas' rules about
requests; the emulator has no increase requests. What AWS decides is a method here. Every request and every reply
is held to botocore's model of the service, so that none can drift from what AWS speaks: `complaints` has to be
empty when a test ends.
"""

import base64
import json
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from .http_server import Quiet, serving

SERVICE, QUOTA = "lambda", "L-B99A9384"
DEFAULT = 1000
OPEN = ("PENDING", "CASE_OPENED")
OPEN_IN_REGION = 2
STATUS = {"ServiceException": 500}
ACCOUNT_SETTINGS = "/2016-08-19/account-settings"
TAGS = "/2017-03-31/tags/"
TEMPLATE_REGION = "us-east-1"
TEMPLATE_SIZE = 10
FIRST_REQUEST = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)


class Refused(Exception):
    """An error of the service, by its name in the service's model, and its words."""


class ServiceQuotas:
    def __init__(self):
        self.lock = threading.RLock()
        self.models = {name: Model(name) for name in ("service-quotas", "lambda")}
        self.reset()

    def reset(self, applied=10):
        """An account with this value in force, as Service Quotas knows, and no requests."""
        with self.lock:
            self.applied = applied
            self.known = True
            self.adjustable = True
            self.error_reason = None
            self.requests = []
            self.asked = threading.Event()
            self.open_elsewhere = 0
            self.page_size = 100
            self.template = {}
            self.associated = False
            self.trusted = True
            self.tags = {}
            self.repeats_page = False
            self.refusals = []
            self.calls = []
            self.complaints = []

    # --- what AWS does by itself ---

    def is_new(self):
        """Service Quotas does not know what Lambda applies, and says the default."""
        self.known = False

    def applies(self, value):
        """The value is in force."""
        self.applied, self.known = value, True

    def becomes(self, status):
        """The newest request stands so from now on."""
        newest = self.requests[-1]
        newest["Status"] = status
        if status == "CASE_OPENED":
            newest["CaseId"] = "1234567890"

    def approves(self):
        """The newest request is approved, and its value is in force."""
        self.becomes("APPROVED")
        self.applies(self.requests[-1]["DesiredValue"])

    def was_requested(self, desired, status="PENDING"):
        """Somebody made this request, and it stands so."""
        self.requests.append(self.request(desired))
        self.becomes(status)

    def refuses(self, error, times, call):
        """The next calls of this name fail with this error."""
        self.refusals += [(call, error)] * times

    def was_put(self, region, value, quota=QUOTA):
        """Somebody put this into the organization's template."""
        self.template[(SERVICE, quota, region)] = float(value)

    def concurrency(self):
        """What the template says of Lambda's concurrent executions, by Region."""
        return {region: value for (_, quota, region), value in self.template.items() if quota == QUOTA}

    def writes(self):
        return self.calls.count("RequestServiceQuotaIncrease")

    def request(self, desired):
        number = len(self.requests) + 1
        made = FIRST_REQUEST + timedelta(minutes=number)
        return {
            **self.names(),
            "Id": f"{number:032x}",
            "DesiredValue": float(desired),
            "Status": "PENDING",
            "Created": made,
            "LastUpdated": made,
        }

    # --- the organization's template ---

    def operation_ListServiceQuotaIncreaseRequestsInTemplate(self, asked):
        start = int(base64.b64decode(asked["NextToken"])) if "NextToken" in asked else 0
        end = start + self.page_size
        names = sorted(self.template)
        page = {"ServiceQuotaIncreaseRequestInTemplateList": [self.entry(name) for name in names[start:end]]}
        return page | ({"NextToken": base64.b64encode(str(end).encode()).decode()} if end < len(names) else {})

    def operation_PutServiceQuotaIncreaseRequestIntoTemplate(self, asked):
        self.is_ours(asked)
        if not self.trusted:
            raise Refused("AWSServiceAccessNotEnabledException")
        name = (SERVICE, QUOTA, asked["AwsRegion"])
        if name not in self.template and len(self.template) >= TEMPLATE_SIZE:
            raise Refused("QuotaExceededException")
        self.template[name] = float(asked["DesiredValue"])
        return {"ServiceQuotaIncreaseRequestInTemplate": self.entry(name)}

    def operation_DeleteServiceQuotaIncreaseRequestFromTemplate(self, asked):
        self.is_ours(asked)
        if self.template.pop((SERVICE, QUOTA, asked["AwsRegion"]), None) is None:
            raise Refused("NoSuchResourceException")
        return {}

    def operation_GetAssociationForServiceQuotaTemplate(self, _):
        return {"ServiceQuotaTemplateAssociationStatus": "ASSOCIATED" if self.associated else "DISASSOCIATED"}

    def operation_AssociateServiceQuotaTemplate(self, _):
        self.associated = True
        return {}

    def operation_DisassociateServiceQuotaTemplate(self, _):
        if not self.associated:
            raise Refused("ServiceQuotaTemplateNotInUseException")
        self.associated = False
        return {}

    def entry(self, name):
        service, quota, region = name
        named = {"ServiceCode": service, "QuotaCode": quota, "QuotaName": "Concurrent executions", "AwsRegion": region}
        return {**named, "DesiredValue": self.template[name], "Unit": "None", "GlobalQuota": False}

    # --- tags of functions ---

    def operation_ListTags(self, asked):
        return {"Tags": dict(self.tags.get(asked["Resource"], {}))}

    def operation_TagResource(self, asked):
        self.tags.setdefault(asked["Resource"], {}).update(asked["Tags"])
        return {}

    def operation_UntagResource(self, asked):
        for key in asked["TagKeys"]:
            self.tags.get(asked["Resource"], {}).pop(key, None)
        return {}

    # --- the operations, by their names ---

    def operation_GetServiceQuota(self, asked):
        self.is_ours(asked)
        if not self.known and not self.error_reason:
            raise Refused("NoSuchResourceException")
        return {"Quota": self.quota(self.value())}

    def operation_GetAWSDefaultServiceQuota(self, asked):
        self.is_ours(asked)
        return {"Quota": self.quota(DEFAULT)}

    def operation_ListRequestedServiceQuotaChangeHistoryByQuota(self, asked):
        self.is_ours(asked)
        start = int(base64.b64decode(asked["NextToken"])) if "NextToken" in asked else 0
        end = start + self.page_size
        page = {"RequestedQuotas": self.requests[start:end]}
        if self.repeats_page or end < len(self.requests):
            next_page = 0 if self.repeats_page else end
            page["NextToken"] = base64.b64encode(str(next_page).encode()).decode()
        return page

    def operation_RequestServiceQuotaIncrease(self, asked):
        self.is_ours(asked)
        if not self.adjustable:
            raise Refused("IllegalArgumentException")
        if asked["DesiredValue"] <= self.value():
            words = "You must provide a quota value greater than the current quota value."
            raise Refused("IllegalArgumentException", words)
        if any(request["Status"] in OPEN for request in self.requests):
            raise Refused("ResourceAlreadyExistsException")
        if self.open_elsewhere >= OPEN_IN_REGION:
            raise Refused("QuotaExceededException")
        self.requests.append(self.request(asked["DesiredValue"]))
        self.asked.set()
        return {"RequestedQuota": self.requests[-1]}

    def operation_GetAccountSettings(self, _):
        limit = {"ConcurrentExecutions": int(self.applied), "UnreservedConcurrentExecutions": int(self.applied)}
        return {"AccountLimit": limit, "AccountUsage": {"FunctionCount": 2, "TotalCodeSize": 0}}

    def value(self):
        """What Service Quotas holds for applied."""
        return self.applied if self.known else DEFAULT

    def quota(self, value):
        quota = {**self.names(), "Adjustable": self.adjustable, "GlobalQuota": False, "Unit": "None"}
        return quota | ({"ErrorReason": self.error_reason} if self.error_reason else {"Value": float(value)})

    def names(self):
        return {"ServiceCode": SERVICE, "QuotaCode": QUOTA, "QuotaName": "Concurrent executions"}

    def is_ours(self, asked):
        if (asked.get("ServiceCode"), asked.get("QuotaCode")) != (SERVICE, QUOTA):
            raise Refused("NoSuchResourceException")

    # --- the wire ---

    def answer(self, service, operation, asked, region=TEMPLATE_REGION):
        """Status and body of the reply to one call, which is signed for this Region."""
        model = self.models[service]
        with self.lock:
            self.calls.append(operation)
            self.complaints += model.complaints_about_request(operation, asked)
            try:
                for refusal in self.refusals:
                    if refusal[0] == operation:
                        self.refusals.remove(refusal)
                        raise Refused(refusal[1])
                if "Template" in operation and region != TEMPLATE_REGION:
                    raise Refused("TemplatesNotAvailableInRegionException")
                reply = getattr(self, f"operation_{operation}")(asked)
            except Refused as refused:
                error, *words = refused.args
                self.complaints += model.complaints_about_error(operation, error)
                return STATUS.get(error, 400), {"__type": error, "Message": words[0] if words else f"{error}, says the fake"}
            shape = model.model.operation_model(operation).output_shape
            self.complaints += model.complaints_about_reply(operation, reply) if shape else []
            return 200, reply


class Model:
    """Botocore's model of a service."""

    def __init__(self, service):
        self.model = ServiceModel(Loader().load_service_model(service, "service-2"), service)

    def complaints_about_request(self, operation, asked):
        return self.complaints(operation, "request", self.model.operation_model(operation).input_shape, asked)

    def complaints_about_reply(self, operation, reply):
        return self.complaints(operation, "reply", self.model.operation_model(operation).output_shape, reply)

    def complaints_about_error(self, operation, error):
        known = [shape.error_code for shape in self.model.operation_model(operation).error_shapes]
        return [] if error in known else [f"{operation} knows no {error}"]

    def complaints(self, operation, what, shape, value):
        report = ParamValidator().validate(value, shape)
        found = [report.generate_report()] if report.has_errors() else []
        found += strangers(shape, value, what)
        return [f"{operation}: {complaint}" for complaint in found]


def strangers(shape, value, where):
    """The members and words that the model does not have; botocore's validator lets them pass."""
    if shape.type_name == "structure":
        for name, member in value.items():
            if name not in shape.members:
                yield f"{where} has a {name}"
            else:
                yield from strangers(shape.members[name], member, f"{where}.{name}")
    elif shape.type_name == "list":
        for member in value:
            yield from strangers(shape.member, member, f"{where}[]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{where} is {value}"


@contextmanager
def running_service_quotas():
    """The fake and its endpoint, for AWS_ENDPOINT_URL_SERVICE_QUOTAS and AWS_ENDPOINT_URL_LAMBDA."""
    quotas = ServiceQuotas()

    class Handler(Quiet):
        def do_POST(self):
            operation = self.headers.get("X-Amz-Target", "").removeprefix("ServiceQuotasV20190624.")
            if self.path.startswith(TAGS):
                asked = {"Resource": self.resource(), **json.loads(self.body())}
                return self.say("application/json", quotas.answer("lambda", "TagResource", asked))
            # As in Credential=AKIA/20260131/us-east-1/servicequotas/aws4_request.
            signed = self.headers.get("Authorization", "").split("/")
            region = signed[2] if len(signed) > 2 else ""
            answer = quotas.answer("service-quotas", operation, json.loads(self.body()), region)
            return self.say("application/x-amz-json-1.1", answer)

        def do_DELETE(self):
            keys = parse_qs(urlsplit(self.path).query).get("tagKeys", [])
            asked = {"Resource": self.resource(), "TagKeys": keys}
            self.say("application/json", quotas.answer("lambda", "UntagResource", asked))

        def resource(self):
            return unquote(urlsplit(self.path).path.removeprefix(TAGS))

        def do_GET(self):
            if self.path.startswith(TAGS):
                asked = {"Resource": self.resource()}
                return self.say("application/json", quotas.answer("lambda", "ListTags", asked))
            if self.path.rstrip("/") != ACCOUNT_SETTINGS:
                quotas.complaints.append(f"GET {self.path}")
            return self.say("application/json", quotas.answer("lambda", "GetAccountSettings", {}))

        def say(self, content_type, answer):
            status, body = answer
            text = json.dumps(body, default=datetime.timestamp)
            self.reply(status, text.encode(), {"Content-Type": content_type})

    with serving(Handler) as endpoint:
        quotas.endpoint = endpoint
        yield quotas
