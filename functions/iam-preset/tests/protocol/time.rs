//! Requests with little time, or none.

use std::fs;
use std::time::{Duration, SystemTime};

use tokio::task::JoinSet;
use world::events::PHYSICAL_ID;
use world::{Behaviour, Fault};

use crate::stage::{
    ANSWERED, ENOUGH, LITTLE, create_slim, delete_slim, only_answer, reason, stage_with,
    update_slim,
};

/// T6
#[tokio::test]
async fn an_aws_that_hangs_is_answered_for_before_the_deadline() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let (event, url) = stage.urls.issue(create_slim());
    assert_eq!(stage.function.invoke(&event, LITTLE).await, ANSWERED);
    let answer = only_answer(&url);
    assert_eq!(answer["Status"], "FAILED");
    assert!(!reason(&answer).is_empty());
    assert!(!stage.aws.calls().is_empty());
    stage.end().await;
}

/// T15
#[tokio::test]
async fn the_answer_at_the_deadline_names_the_action_and_what_aws_said_last() {
    for (aws, said) in [
        (Behaviour::Hang, "NoAnswer: no reply yet"),
        (Behaviour::THROTTLING, "Throttling: "),
        (Behaviour::Reset, "NoAnswer: no connection, or it broke off"),
    ] {
        let mut stage = stage_with(aws).await;
        let (event, url) = stage.urls.issue(create_slim());
        assert_eq!(stage.function.invoke(&event, LITTLE).await, ANSWERED);
        let answer = only_answer(&url);
        let reason = reason(&answer);
        assert!(reason.contains("timed out after 2 s while looking"), "{reason}");
        assert!(reason.contains("iam:Get") && reason.contains(said), "{reason}");
        assert!(stage.end().await.contains(said), "the log says so too");
    }
}

/// T1
#[tokio::test]
async fn the_answer_at_the_deadline_has_the_id_of_any_other() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let created = stage.answer(create_slim()).await["PhysicalResourceId"].clone();
    stage.end().await;
    let mut stages = JoinSet::new();
    for (event, id) in [
        (create_slim(), created),
        (update_slim(), PHYSICAL_ID.into()),
        (delete_slim(), PHYSICAL_ID.into()),
    ] {
        stages.spawn(async move {
            let mut stage = stage_with(Behaviour::Hang).await;
            let (event, url) = stage.urls.issue(event);
            assert_eq!(stage.function.invoke(&event, LITTLE).await, ANSWERED);
            let answer = only_answer(&url);
            assert_eq!(answer["Status"], "FAILED");
            assert_eq!(answer["PhysicalResourceId"], id);
            stage.end().await;
        });
    }
    stages.join_all().await;
}

/// T4
#[tokio::test]
async fn after_the_answer_at_the_deadline_aws_is_asked_nothing_more() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let (event, url) = stage.urls.issue(create_slim());
    assert_eq!(stage.function.invoke(&event, LITTLE).await, ANSWERED);
    only_answer(&url);
    let asked = stage.aws.calls();
    // The same process gets to work again, with an event that needs no AWS.
    let answer = stage.answer(create_slim().property("Preset", "slimm").numbered(2)).await;
    assert!(reason(&answer).contains("`slimm`"), "{answer}");
    assert_eq!(stage.aws.calls(), asked);
    stage.end().await;
}

/// T3
#[tokio::test]
async fn a_deadline_in_the_past_is_answered_and_aws_is_not_asked() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let (event, url) = stage.urls.issue(create_slim());
    assert_eq!(stage.function.invoke(&event, Duration::ZERO).await, ANSWERED);
    assert_eq!(only_answer(&url)["Status"], "FAILED");
    assert_eq!(stage.aws.calls(), [""; 0]);
    stage.end().await;
}

/// I9, T7
#[tokio::test]
async fn an_event_older_than_its_service_timeout_makes_nothing() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    for (n, event) in (1..).zip([create_slim(), update_slim()]) {
        let event = event.property("ServiceTimeout", 300).numbered(n);
        let (event, url) = stage.urls.issue_at(event, ago(400));
        assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
        assert_eq!(stage.aws.calls(), [""; 0]);
        assert!(url.received().len() <= 1, "{:?}", url.received());
        assert!(url.answer().is_none_or(|answer| answer["Status"] == "FAILED"));
    }
    let printed = stage.end().await;
    assert!(!printed.is_empty(), "a late event leaves a line in the log");
}

/// T7
#[tokio::test]
async fn an_event_younger_than_its_service_timeout_is_served() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let event = create_slim().property("ServiceTimeout", 3600);
    let (event, url) = stage.urls.issue_at(event, ago(400));
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    assert!(reason(&only_answer(&url)).contains("AccessDenied"));
    stage.end().await;
}

/// T7
#[tokio::test]
async fn a_late_delete_still_cleans_up() {
    let mut stage = stage_with(Behaviour::NO_SUCH_ENTITY).await;
    let (event, url) = stage.urls.issue_at(delete_slim(), ago(400));
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    assert!(!stage.aws.calls().is_empty());
    assert!(url.answer().is_none_or(|answer| answer["Status"] == "SUCCESS"));
    stage.end().await;
}

/// T8
#[tokio::test]
async fn a_url_that_has_expired_is_not_tried_again_and_again() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let event = create_slim().property("ServiceTimeout", 3600);
    let (event, url) = stage.urls.issue_at(event, ago(7300));
    url.fail_for_good(Fault::Status(403));
    // The address takes no answer any more: another delivery would change nothing.
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    assert_eq!(stage.aws.calls(), [""; 0]);
    assert!(url.received().len() <= 1, "{:?}", url.received());
    stage.end().await;
}

/// T12
#[tokio::test]
async fn a_start_that_goes_wrong_is_answered_for_all_the_same() {
    let folder = env!("CARGO_TARGET_TMPDIR");
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let not_base64 = "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n";
    for (name, text) in [("empty", ""), ("no-certificate", no_certificate), ("bad", not_base64)] {
        fs::write(format!("{folder}/{name}.pem"), text).expect("a file can be written");
    }
    for (variable, value, part) in [
        ("AWS_CA_BUNDLE", format!("{folder}/nothing.pem"), "AccessDenied"),
        ("AWS_CA_BUNDLE", format!("{folder}/empty.pem"), "AccessDenied"),
        ("AWS_CA_BUNDLE", format!("{folder}/no-certificate.pem"), "AccessDenied"),
        ("SSL_CERT_FILE", format!("{folder}/bad.pem"), "AccessDenied"),
        ("ALLOWED_PRESETS", "slimm".to_owned(), "is not set up well"),
    ] {
        let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
        stage.function = stage.function.env(variable, value);
        let answer = stage.answer(create_slim()).await;
        assert!(reason(&answer).contains(part), "{answer}");
        stage.end().await;
    }
}

fn ago(seconds: u64) -> SystemTime {
    SystemTime::now() - Duration::from_secs(seconds)
}
