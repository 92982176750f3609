//! When a request is made, and when an existing one is taken for this resource's.

use account_presets::lambda_concurrency::fake::Fake;

use super::world::*;

#[tokio::test(start_paused = true)]
async fn a_wish_for_more_becomes_one_request_and_the_stack_goes_on() {
    let quota = Fake::new(10);
    let created = sent(&quota, create(1000)).await;
    assert_eq!(created.outcome(), "Requested");
    assert_eq!((created.get("RequestId"), created.get("RequestStatus")), ("request-1", "PENDING"));
    assert_eq!(
        (created.get("AppliedConcurrency"), created.get("DesiredConcurrency")),
        ("10", "1000")
    );
    assert_eq!(quota.history()[0].desired, 1000);
}

/// Q1, Q3
#[tokio::test(start_paused = true)]
async fn a_wish_below_what_applies_requests_nothing_and_lowers_nothing() {
    let quota = Fake::new(3000);
    let created = sent(&quota, create(1000)).await;
    assert_eq!(created.outcome(), "AlreadySufficient");
    assert_eq!(
        (created.get("AppliedConcurrency"), created.get("DesiredConcurrency")),
        ("3000", "1000")
    );
    assert_eq!(quota.calls(), ["concurrency"]);
}

/// Q2
#[tokio::test(start_paused = true)]
async fn a_wish_for_just_what_applies_requests_nothing() {
    let quota = Fake::new(1000);
    assert_eq!(sent(&quota, create(1000)).await.outcome(), "AlreadySufficient");
    assert_eq!(quota.writes(), 0);
    assert_eq!(sent(&quota, create(1001)).await.outcome(), "Requested");
}

/// Q7
#[tokio::test(start_paused = true)]
async fn an_open_request_for_enough_is_adopted() {
    for (status, desired) in [("PENDING", 1000), ("PENDING", 5000), ("CASE_OPENED", 1000)] {
        let quota = Fake::new(10);
        quota.on_record(status, desired);
        let created = sent(&quota, create(1000)).await;
        assert_eq!((created.outcome(), created.get("RequestId")), ("Pending", "request-1"));
        assert_eq!(created.get("RequestStatus"), status);
        assert_eq!(quota.writes(), 0);
    }
}

/// Q9
#[tokio::test(start_paused = true)]
async fn a_request_that_was_made_since_we_looked_is_adopted() {
    for (desired, outcome) in [(1000, "Pending"), (500, "SmallerRequestPending")] {
        let quota = Fake::new(10);
        quota.on_record("PENDING", desired);
        quota.lags(1);
        let created = sent(&quota, create(1000)).await;
        assert_eq!((created.outcome(), created.get("RequestId")), (outcome, "request-1"));
        assert_eq!((quota.writes(), quota.history().len()), (1, 1));
    }
}

/// Q9
#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_on_record_yet_is_believed_and_found_later() {
    let quota = Fake::new(10);
    quota.on_record("PENDING", 1000);
    quota.lags(2);
    let created = sent(&quota, create(1000)).await;
    assert_eq!((created.outcome(), created.get("RequestId")), ("Pending", ""));
    quota.lags(2);
    let created = sent(&quota, create(1000).property("WaitSeconds", 10)).await;
    assert_eq!((created.outcome(), created.get("RequestId")), ("Pending", "request-1"));
}

/// Q24
#[tokio::test(start_paused = true)]
async fn two_stacks_at_once_make_one_request() {
    let quota = Fake::new(10);
    let other = create(1000).field("LogicalResourceId", "Other");
    let (one, other) = tokio::join!(sent(&quota, create(1000)), sent(&quota, other));
    assert_eq!((one.outcome(), other.outcome()), ("Requested", "Pending"));
    assert_eq!(one.get("RequestId"), other.get("RequestId"));
    // Both had looked before either asked.
    assert_eq!((quota.writes(), quota.history().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_create_that_is_delivered_again_finds_its_own_request() {
    let quota = Fake::new(10);
    let first = sent(&quota, create(1000)).await;
    let second = sent(&quota, create(1000)).await;
    assert_eq!((second.outcome(), second.get("RequestId")), ("Pending", first.get("RequestId")));
    assert_eq!(quota.writes(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_update_after_the_approval_finds_enough_and_a_raised_wish_requests_again() {
    let quota = Fake::new(10);
    sent(&quota, create(1000)).await;
    quota.becomes("APPROVED");
    quota.applies(1000);
    assert_eq!(sent(&quota, update(1000, 1000)).await.outcome(), "AlreadySufficient");
    assert_eq!(sent(&quota, update(1000, 2000)).await.outcome(), "Requested");
    assert_eq!(quota.history()[0].desired, 2000);
}

/// Q13
#[tokio::test(start_paused = true)]
async fn a_denied_request_is_made_again_only_when_that_is_asked_for() {
    for status in ["DENIED", "NOT_APPROVED", "INVALID_REQUEST"] {
        let quota = Fake::new(10);
        quota.on_record(status, 1000);
        for event in [create(1000), create(1000), update(1000, 1000)] {
            let denied = sent(&quota, event).await;
            assert_eq!((denied.outcome(), denied.get("RequestStatus")), ("Denied", status));
            assert!(denied.get("Message").contains("RerequestWhenDenied"), "{denied:?}");
        }
        assert_eq!(quota.writes(), 0);
        let again = create(1000).property("RerequestWhenDenied", true);
        assert_eq!(sent(&quota, again).await.outcome(), "Requested");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_refused_at_once_is_denied() {
    let quota = Fake::new(10);
    quota.answers("NOT_APPROVED");
    let event = create(1000).property("SupportCaseAllowed", false);
    let created = sent(&quota, event.clone()).await;
    assert_eq!((created.outcome(), created.get("RequestStatus")), ("Denied", "NOT_APPROVED"));
    assert!(send(&quota, event.property("OnDenied", "Fail")).await.is_err());
}

/// Q5
#[tokio::test(start_paused = true)]
async fn a_read_that_fails_is_no_reason_to_request() {
    for call in ["concurrency", "quota", "history"] {
        let quota = Fake::new(10);
        quota.refuses(call, "AccessDeniedException");
        let reason = send(&quota, create(1000)).await.unwrap_err();
        assert!(reason.contains("AccessDeniedException"), "{reason}");
        assert_eq!(quota.writes(), 0, "{call}");
    }
}

/// Q23
#[tokio::test(start_paused = true)]
async fn the_physical_id_is_the_quotas_arn_whatever_is_wished_for() {
    use account_presets::cfn::CustomResource;
    let quota = Fake::new(10);
    for event in [create(1000), create(2000), create("ten"), update(1000, 2000), delete()] {
        assert_eq!(function(&quota).physical_id(&request(event)), QUOTA_ARN);
    }
    assert_eq!(sent(&quota, create(1000)).await.0.physical_resource_id, None);
    assert_eq!(sent(&quota, update(1000, 2000)).await.0.physical_resource_id, None);
}

/// Q26
#[tokio::test(start_paused = true)]
async fn a_stack_of_another_region_or_account_is_refused_by_name() {
    for place in ["us-east-1:123456789012", "eu-west-1:210987654321"] {
        let quota = Fake::new(10);
        let stack = format!("arn:aws:cloudformation:{place}:stack/s/guid");
        let reason = send(&quota, create(1000).field("StackId", stack)).await.unwrap_err();
        assert!(reason.contains("not in eu-west-1 of account 123456789012"), "{reason}");
        assert!(quota.calls().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_mistake_is_named_and_nothing_is_asked() {
    let quota = Fake::new(10);
    for (event, said) in [
        (create("NaN"), "DesiredConcurrency: given `NaN`"),
        (create(1000).property("WaitSecond", 5), "did you mean `WaitSeconds`?"),
        (create(1000).field("ResourceProperties", "x"), "ResourceProperties: allowed is a map"),
    ] {
        let reason = send(&quota, event).await.unwrap_err();
        assert!(reason.contains(said), "{reason}");
    }
    assert!(quota.calls().is_empty());
}
