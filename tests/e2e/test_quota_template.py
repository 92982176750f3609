"""The organization's quota request template: what a stack put there goes with it, and nothing else does."""

import pytest

from .stacks import failing_resource, quota_template

OUTPUTS = ("ConcurrentExecutions", "Message", "OtherEntries", "OwnEntries", "ProviderVersion")


def wish(value=1000, regions=("eu-west-1", "us-east-1"), resources=None, **more):
    return quota_template(OUTPUTS, resources, ConcurrentExecutions=value, Regions=list(regions), **more)


# Q28
def test_a_life_leaves_the_template_as_it_was(account, quotas):
    stack = account.create(wish())
    assert stack.outputs["OwnEntries"] == "eu-west-1=1000,us-east-1=1000"
    assert (quotas.concurrency(), quotas.associated) == ({"eu-west-1": 1000, "us-east-1": 1000}, True)

    raised = account.update(wish(2000, regions=["eu-west-1"]))
    assert raised.resources == stack.resources
    assert quotas.concurrency() == {"eu-west-1": 2000}

    account.update(wish(3000, resources=failing_resource(after="NewAccounts")), ends="UPDATE_ROLLBACK_COMPLETE")
    assert quotas.concurrency() == {"eu-west-1": 2000}

    account.delete()
    assert (quotas.concurrency(), quotas.associated) == ({}, False)
    assert not any(quotas.tags.values())


# Q29
def test_somebody_elses_entry_is_refused_or_left(account, quotas):
    quotas.was_put("eu-west-1", 500)
    refused = account.create(wish(), ends="ROLLBACK_COMPLETE")
    assert "has 500 for eu-west-1 already" in refused.reason("NewAccounts")
    account.delete()
    assert (quotas.concurrency(), quotas.associated) == ({"eu-west-1": 500}, False)

    stack = account.create(wish(AdoptExisting=True))
    assert (stack.outputs["OwnEntries"], stack.outputs["OtherEntries"]) == ("us-east-1=1000", "eu-west-1=500")
    account.delete()
    assert quotas.concurrency() == {"eu-west-1": 500}


# Q29
def test_what_somebody_changed_is_theirs(account, quotas):
    account.create(wish())
    quotas.was_put("eu-west-1", 7)
    assert "eu-west-1 has 7" in account.update(wish(2000)).outputs["Message"]
    account.delete()
    assert quotas.concurrency() == {"eu-west-1": 7}


# Q29
@pytest.mark.parametrize("then", ["delete", "update"])
def test_what_somebody_changed_stays_theirs_when_it_says_the_stacks_value_again(account, quotas, then):
    account.create(wish(regions=["eu-west-1"]))
    quotas.was_put("eu-west-1", 7)
    account.update(wish(2000, regions=["eu-west-1"]))
    quotas.was_put("eu-west-1", 1000)
    if then == "update":
        updated = account.update(wish(3000, regions=["eu-west-1"]))
        assert (updated.outputs["OwnEntries"], updated.outputs["OtherEntries"]) == ("", "eu-west-1=1000")
    account.delete()
    assert quotas.concurrency() == {"eu-west-1": 1000}


# Q29
def test_another_stacks_entry_is_refused_by_its_name(account, quotas):
    account.create(wish())
    refused = account.create(wish(), name="-second", ends="ROLLBACK_COMPLETE")
    assert "resource `NewAccounts` of stack" in refused.reason("NewAccounts")
    account.delete(name="-second")
    assert quotas.concurrency() == {"eu-west-1": 1000, "us-east-1": 1000}


# Q30
@pytest.mark.parametrize("before", ["associated", "other quota"])
def test_an_association_that_others_need_stays(account, quotas, before):
    if before == "associated":
        quotas.associated = True
    account.create(wish())
    if before == "other quota":
        quotas.was_put("us-east-1", 80, quota="L-2ACBD22F")
    account.delete()
    assert (quotas.concurrency(), quotas.associated) == ({}, True)


# Q30
def test_the_association_ends_with_its_stack_though_the_entry_was_somebody_elses(account, quotas):
    quotas.was_put("eu-west-1", 1000)
    account.create(wish(regions=["eu-west-1"]))
    assert quotas.associated
    quotas.template.clear()
    account.delete()
    assert not quotas.associated
    assert not any(quotas.tags.values())


# Q33
def test_a_full_template_on_two_pages_is_refused_before_anything_is_written(account, quotas):
    quotas.page_size = 5
    for number in range(9):
        quotas.was_put(f"eu-west-{number}", 80, quota="L-2ACBD22F")
    refused = account.create(wish(), ends="ROLLBACK_COMPLETE")
    assert "AWS takes 10" in refused.reason("NewAccounts")
    assert (quotas.concurrency(), quotas.associated) == ({}, False)


# Q32
def test_a_refused_right_fails_the_create_and_not_its_delete(account, quotas):
    quotas.refuses("AccessDeniedException", 1, "ListServiceQuotaIncreaseRequestsInTemplate")
    refused = account.create(wish(), ends="ROLLBACK_COMPLETE")
    assert "template parameter QuotaTemplate" in refused.reason("NewAccounts")
    account.delete()


def test_an_organization_without_trusted_access_is_told_what_to_turn_on(account, quotas):
    quotas.trusted = False
    refused = account.create(wish(), ends="ROLLBACK_COMPLETE")
    assert "trusted access for Service Quotas" in refused.reason("NewAccounts")
    assert not any(quotas.tags.values())


def test_the_example_is_about_the_stacks_region(account, quotas, examples):
    stack = account.create(examples["quota-template"])
    assert stack.outputs["OwnEntries"] == "us-east-1=1000"
