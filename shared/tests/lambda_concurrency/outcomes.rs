//! A consumer's choice for an outcome decides whether the stack fails, and nothing else.

use account_presets::lambda_concurrency::fake::Fake;

use super::world::*;

/// Holds an outcome to its property: by default the stack goes on, with `Fail` it fails with the
/// attribute's message for a reason; no other `On…` changes anything.
async fn assert_chosen_by(property: &str, outcome: &str, quota: impl Fn() -> Fake) -> String {
    let created = sent(&quota(), create(1000)).await;
    assert_eq!(created.outcome(), outcome);
    assert_eq!(
        (created.get("AppliedConcurrency"), created.get("DesiredConcurrency")),
        ("10", "1000")
    );
    let message = created.get("Message").to_owned();
    for other in ["OnPending", "OnDenied", "OnSmallerRequest", "OnNotAdjustable"] {
        let result = send(&quota(), create(1000).property(other, "Fail")).await;
        if other == property {
            let reason = result.unwrap_err();
            let why =
                format!("{property}: given `Fail`, and the outcome is `{outcome}`: {message}; ");
            assert!(reason.starts_with(&why), "{reason}");
            assert!(reason.contains(&format!("set {property} to `Succeed`")), "{reason}");
        } else {
            assert_eq!(result.unwrap().data["Outcome"], outcome, "{other}");
        }
    }
    message
}

#[tokio::test(start_paused = true)]
async fn on_pending_chooses_for_a_request_that_is_open() {
    assert_chosen_by("OnPending", "Requested", || Fake::new(10)).await;
    let open = || {
        let quota = Fake::new(10);
        quota.on_record("PENDING", 1000);
        quota.becomes("CASE_OPENED");
        quota
    };
    let message = assert_chosen_by("OnPending", "Pending", open).await;
    assert!(message.contains("request-1 for 1000 (CASE_OPENED, case case-1)"), "{message}");
}

/// Q8
#[tokio::test(start_paused = true)]
async fn on_smaller_request_chooses_beside_an_open_request_for_less() {
    let message = assert_chosen_by("OnSmallerRequest", "SmallerRequestPending", || {
        let quota = Fake::new(10);
        quota.on_record("PENDING", 500);
        quota
    })
    .await;
    assert!(message.contains("request-1 for 500 (PENDING) is open"), "{message}");
}

/// Q11
#[tokio::test(start_paused = true)]
async fn on_pending_chooses_when_too_many_requests_are_open() {
    let message = assert_chosen_by("OnPending", "TooManyOpenRequests", || {
        let quota = Fake::new(10);
        quota.open_elsewhere(2);
        quota
    })
    .await;
    assert!(message.contains("update the stack when one of them is closed"), "{message}");
}

/// Q13
#[tokio::test(start_paused = true)]
async fn on_denied_chooses_for_a_request_that_was_refused() {
    let message = assert_chosen_by("OnDenied", "Denied", || {
        let quota = Fake::new(10);
        quota.on_record("DENIED", 1000);
        quota
    })
    .await;
    assert!(message.contains("request-1 for 1000 (DENIED) was refused"), "{message}");
}

/// Q20
#[tokio::test(start_paused = true)]
async fn on_not_adjustable_chooses_for_a_quota_that_cannot_be_raised() {
    let not_adjustable = || {
        let quota = Fake::new(10);
        quota.is_not_adjustable();
        quota
    };
    let message = assert_chosen_by("OnNotAdjustable", "NotAdjustable", not_adjustable).await;
    assert!(message.contains("does not take requests for L-B99A9384"), "{message}");
    let quota = not_adjustable();
    sent(&quota, create(1000)).await;
    assert_eq!(quota.writes(), 0);
}

/// Q27
#[tokio::test(start_paused = true)]
async fn on_pending_chooses_where_service_quotas_says_more_than_lambda_applies() {
    for said in [1000, 3000] {
        let new_account = || {
            let quota = Fake::new(10);
            quota.is_said_to_be(said);
            quota
        };
        let message = assert_chosen_by("OnPending", "NotInForce", new_account).await;
        let expected = format!("Service Quotas says that {said} apply already");
        assert!(message.contains(&expected) && message.contains("AWS Support"), "{message}");
        let quota = new_account();
        sent(&quota, create(1000)).await;
        assert_eq!(quota.writes(), 0);
        // A wish for more than that can be requested.
        assert_eq!(sent(&quota, create(said + 1)).await.outcome(), "Requested");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_sufficient_never_fails() {
    let mut event = create(1000);
    for property in ["OnPending", "OnDenied", "OnSmallerRequest", "OnNotAdjustable"] {
        event = event.property(property, "Fail");
    }
    assert_eq!(sent(&Fake::new(1000), event).await.outcome(), "AlreadySufficient");
}
