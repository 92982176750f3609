//! A rollback undoes nothing, and succeeds.

use account_presets::lambda_concurrency::fake::Fake;

use super::world::*;

/// Q22, Threat 14
#[tokio::test(start_paused = true)]
async fn a_delete_calls_nothing_whatever_its_properties_are() {
    let quota = Fake::new(10);
    sent(&quota, create(1000)).await;
    let (calls, history) = (quota.calls(), quota.history());
    for call in ["concurrency", "quota", "history", "request"] {
        quota.refuses(call, "AccessDeniedException");
    }
    let elsewhere = "arn:aws:cloudformation:us-east-1:123456789012:stack/s/guid";
    for event in [
        delete(),
        delete().property("DesiredConcurrency", "NaN"),
        delete().property("Invented", "x"),
        delete().without("ResourceProperties"),
        delete().field("PhysicalResourceId", "stack-Concurrency-1ABC"),
        delete().field("StackId", elsewhere),
    ] {
        assert_eq!(send(&quota, event).await, Ok(Default::default()));
    }
    assert_eq!((quota.calls(), quota.history()), (calls, history));
}

/// Q22, Threat 14
#[tokio::test(start_paused = true)]
async fn a_lowered_wish_requests_nothing() {
    let quota = Fake::new(10);
    let lowered = sent(&quota, update(2000, 1000)).await;
    assert_eq!((lowered.outcome(), lowered.get("RequestId")), ("NotRequested", ""));
    assert_eq!(quota.writes(), 0);
    // Nor does one after a request for more that was refused.
    quota.on_record("DENIED", 2000);
    assert_eq!(sent(&quota, update(2000, 1000)).await.outcome(), "NotRequested");
    // An open request is seen all the same.
    quota.on_record("PENDING", 2000);
    assert_eq!(sent(&quota, update(2000, 1000)).await.outcome(), "Pending");
    assert_eq!(quota.writes(), 0);
}

/// Q22, Threat 14
#[tokio::test(start_paused = true)]
async fn the_rollback_of_a_raised_wish_requests_nothing_and_succeeds() {
    let quota = Fake::new(10);
    sent(&quota, create(1000).with("OnDenied", "Fail")).await;
    quota.becomes("DENIED");
    let raised = send(&quota, update(1000, 2000).with("OnDenied", "Fail")).await;
    assert!(raised.unwrap_err().contains("was refused"));
    let back = sent(&quota, update(2000, 1000).with("OnDenied", "Fail")).await;
    assert_eq!(back.outcome(), "Denied");
    assert_eq!(quota.writes(), 1);
}

/// A Fail that was there before may have become true since; only a new one is asked about.
#[tokio::test(start_paused = true)]
async fn an_update_fails_only_for_what_it_changes() {
    let quota = Fake::new(10);
    quota.on_record("DENIED", 1000);
    let same = update(1000, 1000).with("OnDenied", "Fail").property("WaitSeconds", 1);
    assert_eq!(sent(&quota, same).await.outcome(), "Denied");
    let new = update(1000, 1000).property("OnDenied", "Fail");
    assert!(send(&quota, new).await.is_err());
    let back = update(1000, 1000).old_property("OnDenied", "Fail");
    assert_eq!(sent(&quota, back).await.outcome(), "Denied");
}

#[tokio::test(start_paused = true)]
async fn an_update_from_properties_that_nobody_can_read_is_served() {
    let quota = Fake::new(10);
    for old in [serde_json::json!({"Quota": "x"}), serde_json::json!("x"), serde_json::json!(null)]
    {
        let event = update(1000, 1000).field("OldResourceProperties", old);
        assert!(["Requested", "Pending"].contains(&sent(&quota, event).await.outcome()));
    }
    assert_eq!(quota.writes(), 1);
}
