"""A wish for concurrency: requested once, never waited for unasked, never taken back."""

import threading

import pytest

from .stacks import WAIT_SECONDS, concurrency_template, failing_resource

OUTPUTS = (
    "AppliedConcurrency",
    "CaseId",
    "DesiredConcurrency",
    "Message",
    "Outcome",
    "ProviderVersion",
    "RequestId",
    "RequestStatus",
    "UnreservedConcurrency",
)


def wish(desired=1000, **more):
    return concurrency_template(outputs=OUTPUTS, DesiredConcurrency=desired, **more)


# Q27
@pytest.mark.parametrize("fails", [False, True])
def test_where_service_quotas_says_more_than_lambda_applies_the_consumer_judges(account, quotas, fails):
    quotas.is_new()
    if fails:
        stack = account.create(wish(OnPending="Fail"), ends="ROLLBACK_COMPLETE")
        assert "1000 apply already" in stack.reason("Concurrency")
    else:
        stack = account.create(wish())
        assert (stack.outputs["Outcome"], stack.outputs["AppliedConcurrency"]) == ("NotInForce", "10")
        assert account.update(wish(2000)).outputs["Outcome"] == "Requested"
    assert quotas.writes() == (0 if fails else 1)


def test_an_account_with_few_executions_requests_more_and_the_stack_goes_on(account, quotas):
    stack = account.create(wish())
    assert stack.outputs["Outcome"] == "Requested"
    assert (stack.outputs["AppliedConcurrency"], stack.outputs["DesiredConcurrency"]) == ("10", "1000")
    assert stack.outputs["RequestId"] == quotas.requests[0]["Id"]
    assert quotas.requests[0]["DesiredValue"] == 1000
    assert stack.resources["Concurrency"].endswith(":lambda/L-B99A9384")


def test_the_life_of_a_wish_is_one_request(account, quotas):
    first = account.create(wish())
    second = account.create(wish(), name="-second")
    assert (second.outputs["Outcome"], second.outputs["RequestStatus"]) == ("Pending", "PENDING")
    assert second.outputs["RequestId"] == first.outputs["RequestId"]

    quotas.becomes("CASE_OPENED")
    opened = account.update(wish(OnDenied="Succeed"))
    assert (opened.outputs["Outcome"], opened.outputs["CaseId"]) == ("Pending", "1234567890")

    quotas.approves()
    approved = account.update(wish())
    assert (approved.outputs["Outcome"], approved.outputs["AppliedConcurrency"]) == ("AlreadySufficient", "1000")
    assert approved.resources == first.resources

    account.delete()
    account.delete(name="-second")
    assert (quotas.applied, quotas.writes()) == (1000, 1)


def test_an_example_says_how_things_stand(account, quotas, examples):
    stack = account.create(examples["lambda-concurrency"])
    assert (stack.outputs["Outcome"], stack.outputs["AppliedConcurrency"]) == ("Requested", "10")
    quotas.approves()
    other = account.create(examples["lambda-concurrency"], name="-other", DesiredConcurrency="500")
    assert (other.outputs["Outcome"], other.outputs["AppliedConcurrency"]) == ("AlreadySufficient", "1000")


def test_a_delete_a_rollback_and_a_lowered_wish_request_nothing(account, quotas):
    account.create(wish())
    assert quotas.writes() == 1
    quotas.becomes("DENIED")
    raised = wish(2000, resources=failing_resource(after="Concurrency"))
    account.update(raised, ends="UPDATE_ROLLBACK_COMPLETE")
    lowered = account.update(wish(500))
    assert lowered.outputs["Outcome"] == "NotRequested"
    account.delete()
    assert quotas.writes() == 1


def test_a_denied_request_is_not_made_again_unless_that_is_asked_for(account, quotas):
    quotas.was_requested(1000, "DENIED")
    assert account.create(wish()).outputs["Outcome"] == "Denied"
    refused = account.update(wish(OnDenied="Fail"), ends="UPDATE_ROLLBACK_COMPLETE")
    assert "was refused" in refused.reason("Concurrency")
    assert quotas.writes() == 0
    assert account.update(wish(RerequestWhenDenied=True)).outputs["Outcome"] == "Requested"


def test_a_smaller_request_on_the_second_page_is_seen(account, quotas):
    quotas.page_size = 1
    quotas.was_requested(800, "DENIED")
    quotas.was_requested(200, "CASE_OPENED")
    stack = account.create(wish(700))
    assert (stack.outputs["Outcome"], stack.outputs["RequestStatus"]) == ("SmallerRequestPending", "CASE_OPENED")
    assert quotas.writes() == 0


def test_a_page_that_comes_again_fails_the_stack(account, quotas):
    quotas.repeats_page = True
    stack = account.create(wish(), ends="ROLLBACK_COMPLETE")
    assert "ListRequestedServiceQuotaChangeHistoryByQuota" in stack.reason("Concurrency")
    assert quotas.writes() == 0


def test_a_request_that_was_made_in_between_is_adopted(account, quotas):
    make = quotas.operation_RequestServiceQuotaIncrease

    def somebody_is_faster(asked):
        quotas.was_requested(5000)
        return make(asked)

    quotas.operation_RequestServiceQuotaIncrease = somebody_is_faster
    try:
        stack = account.create(wish())
    finally:
        quotas.operation_RequestServiceQuotaIncrease = make
    assert (stack.outputs["Outcome"], stack.outputs["RequestId"]) == ("Pending", quotas.requests[0]["Id"])
    assert len(quotas.requests) == 1


def test_throttling_and_a_service_error_pass(account, quotas):
    quotas.refuses("TooManyRequestsException", 2, "RequestServiceQuotaIncrease")
    quotas.refuses("ServiceException", 1, "ListRequestedServiceQuotaChangeHistoryByQuota")
    assert account.create(wish()).outputs["Outcome"] == "Requested"
    assert (quotas.writes(), len(quotas.requests)) == (3, 1)


@pytest.mark.parametrize("fails", [False, True])
def test_too_many_open_requests_are_for_the_consumer_to_judge(account, quotas, fails):
    quotas.open_elsewhere = 2
    if fails:
        stack = account.create(wish(OnPending="Fail"), ends="ROLLBACK_COMPLETE")
        assert "20 in an account" in stack.reason("Concurrency")
    else:
        assert account.create(wish()).outputs["Outcome"] == "TooManyOpenRequests"


@pytest.mark.parametrize("fails", [False, True])
def test_a_quota_that_is_not_adjustable_is_for_the_consumer_to_judge(account, quotas, fails):
    quotas.adjustable = False
    if fails:
        stack = account.create(wish(OnNotAdjustable="Fail"), ends="ROLLBACK_COMPLETE")
        assert "does not take requests" in stack.reason("Concurrency")
    else:
        assert account.create(wish()).outputs["Outcome"] == "NotAdjustable"
    assert quotas.writes() == 0


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        ("DependencyAccessDeniedException", "RequestServiceQuotaIncrease", "iam:CreateServiceLinkedRole"),
        ("AccessDeniedException", "GetServiceQuota", "servicequotas:GetServiceQuota"),
        ("IllegalArgumentException", "RequestServiceQuotaIncrease", "servicequotas:RequestServiceQuotaIncrease"),
    ],
)
def test_a_refusal_names_the_action_and_what_to_do(account, quotas, error, call, words):
    quotas.refuses(error, 1, call)
    stack = account.create(wish(), ends="ROLLBACK_COMPLETE")
    assert error in stack.reason("Concurrency")
    assert words in stack.reason("Concurrency")
    assert not quotas.requests


def test_a_region_without_the_quota_is_said(account, quotas):
    quotas.is_new()
    quotas.refuses("NoSuchResourceException", 1, "GetAWSDefaultServiceQuota")
    stack = account.create(wish(), ends="ROLLBACK_COMPLETE")
    assert "no such quota in this Region" in stack.reason("Concurrency")


def test_a_quota_that_service_quotas_cannot_read_is_an_error(account, quotas):
    quotas.error_reason = {"ErrorCode": "DEPENDENCY_SERVICE_ERROR", "ErrorMessage": "Lambda does not answer"}
    stack = account.create(wish(), ends="ROLLBACK_COMPLETE")
    assert "DEPENDENCY_SERVICE_ERROR: Lambda does not answer" in stack.reason("Concurrency")


def test_a_wait_ends_when_the_value_applies(account, quotas):
    def approve_when_asked():
        quotas.asked.wait(WAIT_SECONDS)
        quotas.becomes("PENDING")
        quotas.applies(1000)

    threading.Thread(target=approve_when_asked, daemon=True).start()
    stack = account.create(wish(WaitSeconds=60))
    assert (stack.outputs["Outcome"], stack.outputs["AppliedConcurrency"]) == ("Approved", "1000")


# The properties, and what the Reason has to say: the property, what was given, and what is allowed or meant.
MISTAKES = {
    "no number": ({"DesiredConcurrency": "1e3"}, ["DesiredConcurrency", "1e3", "whole numbers from 1"]),
    "no wish": ({}, ["DesiredConcurrency", "is missing"]),
    "misspelt property": ({"DesiredConcurrency": 1000, "WaitSecond": 5}, ["`WaitSecond`", "`WaitSeconds`"]),
    "too long a wait": ({"DesiredConcurrency": 1000, "WaitSeconds": 3600}, ["WaitSeconds", "3600", "840"]),
    "unknown word": ({"DesiredConcurrency": 1000, "OnPending": "Ignore"}, ["OnPending", "Ignore", "Succeed", "Fail"]),
    "reserved concurrency": ({"DesiredConcurrency": 1000, "FunctionName": "f"}, ["`FunctionName`"]),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_fails_the_stack_with_what_to_do(account, quotas, mistake):
    properties, words = MISTAKES[mistake]
    stack = account.create(concurrency_template(**properties), ends="ROLLBACK_COMPLETE")
    assert [word for word in words if word not in stack.reason("Concurrency")] == []
    assert quotas.calls == []
