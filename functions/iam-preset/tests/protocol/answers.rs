//! The contents of an answer, and that there is one.

use serde_json::{Value, json};
use tokio::task::JoinSet;
use world::Behaviour;
use world::events::{PHYSICAL_ID, create, delete};

use crate::stage::{
    ANSWERED, ENOUGH, LITTLE, assert_is_for_people, create_slim, delete_slim, only_answer, reason,
    stage_with, update_slim,
};

/// P1, P11, X3
#[tokio::test]
async fn a_denial_becomes_one_failed_answer_that_names_the_action() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let answer = stage.answer(create_slim()).await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(reason(&answer).contains("iam:"), "{answer}");
    assert!(reason(&answer).contains("AccessDenied"), "{answer}");
    assert_is_for_people(reason(&answer));
    assert!(!stage.aws.calls().is_empty());
    stage.end().await;
}

/// T5, X3
#[tokio::test]
async fn whatever_aws_answers_there_is_one_failed_answer() {
    let mut stages = JoinSet::new();
    for behaviour in [
        Behaviour::Reset,
        Behaviour::Garbage,
        Behaviour::WebPage,
        Behaviour::THROTTLING,
        Behaviour::Error { status: 500, code: "ServiceFailure" },
        Behaviour::Error { status: 403, code: "ExpiredToken" },
    ] {
        stages.spawn(async move {
            let mut stage = stage_with(behaviour).await;
            let (event, url) = stage.urls.issue(create_slim());
            // A passing failure is tried again until there is no more time.
            assert_eq!(stage.function.invoke(&event, LITTLE).await, ANSWERED, "{behaviour:?}");
            let answer = only_answer(&url);
            assert_eq!(answer["Status"], "FAILED", "{behaviour:?}");
            assert_is_for_people(reason(&answer));
            assert!(!stage.aws.calls().is_empty(), "{behaviour:?}");
            stage.end().await;
        });
    }
    stages.join_all().await;
}

/// T12, V5
#[tokio::test]
async fn an_unknown_preset_is_named_with_the_nearest_one() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let answer = stage.answer(create().property("Preset", "slimm")).await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(reason(&answer).contains("`slimm`"), "{answer}");
    assert!(reason(&answer).contains("`slim`"), "{answer}");
    assert_eq!(stage.aws.calls(), [""; 0]);
    stage.end().await;
}

/// V4
#[tokio::test]
async fn an_unknown_property_is_named_with_the_nearest_one() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let answer = stage.answer(create_slim().property("Editon", "current")).await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(reason(&answer).contains("`Editon`"), "{answer}");
    assert!(reason(&answer).contains("`Edition`"), "{answer}");
    assert_eq!(stage.aws.calls(), [""; 0]);
    stage.end().await;
}

#[tokio::test]
async fn an_unknown_parameter_is_named_with_the_nearest_one() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let parameters = json!({"InstanceProfil": true});
    let answer = stage.answer(create_slim().property("Parameters", parameters)).await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(reason(&answer).contains("`InstanceProfil`"), "{answer}");
    assert!(reason(&answer).contains("`InstanceProfile`"), "{answer}");
    assert_eq!(stage.aws.calls(), [""; 0]);
    stage.end().await;
}

/// P12, P13, P14
#[tokio::test]
async fn a_reason_of_any_text_and_length_still_fits() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let long = ["x", "é", "🦀", "\"", "\\", "\n", "\u{1}", "\u{2028}"];
    for (n, text) in (1..).zip(long) {
        let name = text.repeat(20_000);
        let answer = stage.answer(create().property("Preset", name).numbered(n)).await;
        assert_eq!(answer["Status"], "FAILED", "{text:?}");
        assert!(!reason(&answer).is_empty(), "{text:?}");
    }
    for (n, text) in (101..).zip(long) {
        let name = text.repeat(20_000);
        let answer = stage.answer(create_slim().property(&name, "x").numbered(n)).await;
        assert_eq!(answer["Status"], "FAILED", "{text:?}");
        assert!(reason(&answer).starts_with("unknown property `"), "{answer}");
        // The name loses its end, and the allowed ones stand behind it.
        assert!(reason(&answer).contains("…` (allowed: `AcknowledgeAdminEquivalent`"), "{answer}");
    }
    stage.end().await;
}

/// P16
#[tokio::test]
async fn long_ids_leave_room_for_a_reason() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let event = create()
        .property("Preset", "x".repeat(20_000))
        .field("LogicalResourceId", "L".repeat(255))
        .field(
            "StackId",
            format!(
                "arn:aws:cloudformation:eu-west-1:123456789012:stack/{}/{}",
                "s".repeat(128),
                "6a1f2b00-5c3e-11f0-9d1a-0a1b2c3d4e5f"
            ),
        );
    let answer = stage.answer(event).await;
    assert!(!reason(&answer).is_empty());
    stage.end().await;
}

/// P10
#[tokio::test]
async fn fields_that_cloudformation_may_add_change_nothing() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let plain = create().property("Preset", "slimm");
    let more = plain.clone().numbered(2).field("Invented", json!({"Deep": [null, 1]}));
    let mut expected = stage.answer(plain).await;
    let answer = stage.answer(more).await;
    expected["RequestId"] = answer["RequestId"].clone();
    assert_eq!(answer, expected);
    stage.end().await;
}

/// T9
#[tokio::test]
async fn a_service_timeout_that_is_no_number_is_no_reason_to_fail() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let answer = stage.answer(create_slim().property("ServiceTimeout", "soon")).await;
    assert!(reason(&answer).contains("AccessDenied"), "{answer}");
    stage.end().await;
}

/// I4, Threat 12
#[tokio::test]
async fn a_failed_create_has_the_same_id_at_every_delivery() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let (event, url) = stage.urls.issue(create_slim());
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    // The third delivery finds another process.
    stage.function.printed().await;
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    let received = url.received();
    assert!(received.iter().all(|one| one.is_accepted()), "{received:?}");
    let ids: Vec<Value> =
        received.iter().map(|one| one.json()["PhysicalResourceId"].clone()).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    stage.end().await;
}

/// I18
#[tokio::test]
async fn a_failed_update_keeps_its_id() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let answer = stage.answer(update_slim()).await;
    assert_eq!(answer["Status"], "FAILED");
    assert_eq!(answer["PhysicalResourceId"], PHYSICAL_ID);
    let answer = stage.answer(update_slim().numbered(2).property("Preset", "slimm")).await;
    assert_eq!(answer["PhysicalResourceId"], PHYSICAL_ID);
    stage.end().await;
}

/// P23
#[tokio::test]
async fn a_delete_of_what_is_not_there_succeeds() {
    let mut stage = stage_with(Behaviour::NO_SUCH_ENTITY).await;
    let answer = stage.answer(delete_slim()).await;
    assert_eq!(answer["Status"], "SUCCESS", "{answer}");
    assert_eq!(answer["PhysicalResourceId"], PHYSICAL_ID);
    stage.end().await;
}

/// V6
#[tokio::test]
async fn a_delete_succeeds_whatever_its_id_and_properties_are() {
    let broken = [
        delete().property("Preset", "slimm"),
        delete().property("Preset", json!(["slim"])),
        delete_slim().property("Edition", "never"),
        delete_slim().property("Editon", "current"),
        delete_slim().property("Parameters", "none"),
        delete_slim().property("Parameters", json!({"UserNames": {"a": "b"}, "New": "x"})),
        delete().field("ResourceProperties", json!([])),
        delete().field("ResourceProperties", "slim"),
        delete().without("ResourceProperties"),
    ];
    // All at once: each waits for a Create under its strange id to end.
    let mut stages = JoinSet::new();
    for event in broken {
        for id in ["accounts-Preset-1K3X9Q7ZP2M4V", "2026/01/31/[$LATEST]0123"] {
            let event = event.clone().field("PhysicalResourceId", id);
            stages.spawn(async move {
                let mut stage = stage_with(Behaviour::NO_SUCH_ENTITY).await;
                let answer = stage.answer(event.clone()).await;
                assert_eq!(answer["Status"], "SUCCESS", "{event:?}: {answer}");
                assert_eq!(answer["PhysicalResourceId"], id, "{event:?}");
                stage.end().await;
            });
        }
    }
    stages.join_all().await;
}

#[tokio::test]
async fn a_delete_that_aws_denies_fails_and_says_so() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let answer = stage.answer(delete_slim()).await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(reason(&answer).contains("AccessDenied"), "{answer}");
    assert_eq!(answer["PhysicalResourceId"], PHYSICAL_ID);
    stage.end().await;
}

/// I27
#[tokio::test]
async fn one_process_serves_the_next_event_and_mixes_nothing() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let (first, first_url) = stage.urls.issue(create_slim().field("LogicalResourceId", "First"));
    let second = create().property("Preset", "slimm").field("LogicalResourceId", "Second");
    let (second, second_url) = stage.urls.issue(second);
    for event in [&first, &second] {
        assert_eq!(stage.function.invoke(event, ENOUGH).await, ANSWERED);
    }
    let (first, second) = (only_answer(&first_url), only_answer(&second_url));
    assert!(reason(&first).contains("AccessDenied"), "{first}");
    assert!(!reason(&second).contains("AccessDenied"), "{second}");
    assert_ne!(first["PhysicalResourceId"], second["PhysicalResourceId"]);
    stage.end().await;
}
