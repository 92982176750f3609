//! Events that differ from CloudFormation's documentation.

use serde_json::{Map, Value, json};
use world::Behaviour;
use world::events::create;

use crate::stage::{
    ANSWERED, ENOUGH, assert_is_for_people, create_slim, delete_slim, error_of, only_answer,
    reason, stage_with, update_slim,
};

/// P4
#[tokio::test]
async fn a_create_without_properties_is_answered() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let answer = stage.answer(create().without("ResourceProperties")).await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(reason(&answer).contains("Preset"), "{answer}");
    assert_eq!(stage.aws.calls(), [""; 0]);
    stage.end().await;
}

/// P5
#[tokio::test]
async fn a_delete_without_a_physical_id_succeeds() {
    let mut stage = stage_with(Behaviour::NO_SUCH_ENTITY).await;
    let answer = stage.answer(delete_slim().without("PhysicalResourceId")).await;
    assert_eq!(answer["Status"], "SUCCESS", "{answer}");
    stage.end().await;
}

/// P5
#[tokio::test]
async fn an_update_without_a_physical_id_fails() {
    let mut stage = stage_with(Behaviour::NO_SUCH_ENTITY).await;
    let answer = stage.answer(update_slim().without("PhysicalResourceId")).await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(reason(&answer).contains("PhysicalResourceId"), "{answer}");
    stage.end().await;
}

/// P6
#[tokio::test]
async fn an_unknown_request_type_is_named() {
    let mut stage = stage_with(Behaviour::Hang).await;
    for (n, (kind, named)) in (1..).zip([
        (json!("create"), "create"),
        (json!("Read"), "Read"),
        (json!(""), "RequestType"),
        (Value::Null, "RequestType"),
        (json!(7), "RequestType"),
    ]) {
        let answer = stage.answer(create_slim().field("RequestType", kind).numbered(n)).await;
        assert_eq!(answer["Status"], "FAILED");
        assert!(reason(&answer).contains(named), "{answer}");
    }
    let answer = stage.answer(create_slim().without("RequestType").numbered(9)).await;
    assert!(reason(&answer).contains("RequestType"), "{answer}");
    assert_eq!(stage.aws.calls(), [""; 0]);
    stage.end().await;
}

/// P7, V8
#[tokio::test]
async fn fields_of_the_wrong_type_are_answered() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let events = [
        create().field("ResourceProperties", json!([])),
        create().field("ResourceProperties", "slim"),
        create().field("ResourceProperties", Value::Null),
        create().property("Preset", json!({"Name": "slim"})),
        create_slim().property("Parameters", json!(["InstanceProfile"])),
        create_slim().field("ResourceType", 7),
        create_slim().field("OldResourceProperties", 7),
        update_slim().field("OldResourceProperties", json!([])),
        update_slim().without("OldResourceProperties"),
        update_slim().field("PhysicalResourceId", 42),
        update_slim().field("PhysicalResourceId", ""),
        update_slim().field("PhysicalResourceId", Value::Null),
    ];
    for (n, event) in (1..).zip(events) {
        let answer = stage.answer(event.clone().numbered(n)).await;
        assert_eq!(answer["Status"], "FAILED", "{event:?}");
        assert!(!reason(&answer).contains("internal error"), "{event:?}: {answer}");
    }
    stage.end().await;
}

/// V17
#[tokio::test]
async fn a_megabyte_of_properties_is_answered() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let many: Map<_, _> = (0..2000).map(|n| (format!("Bucket{n:040}"), json!("x"))).collect();
    for (n, event) in (1..).zip([
        create().property("Preset", "x".repeat(1 << 20)),
        create_slim().property("Parameters", many),
    ]) {
        let answer = stage.answer(event.numbered(n)).await;
        assert_eq!(answer["Status"], "FAILED");
        assert!(reason(&answer).contains("unknown"), "{answer}");
    }
    stage.end().await;
}

/// P7
#[tokio::test]
async fn ids_of_the_wrong_type_never_pass_in_silence() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    for (n, name) in (1..).zip(["StackId", "RequestId", "LogicalResourceId"]) {
        let (mut event, url) = stage.urls.issue(create_slim().numbered(n));
        event[name] = json!(7);
        let outcome = stage.function.invoke(&event, ENOUGH).await;
        if outcome == ANSWERED {
            assert_eq!(url.received()[0].json()["Status"], "FAILED");
        } else {
            error_of(outcome);
        }
    }
    stage.end().await;
}

/// P8
#[tokio::test]
async fn an_event_that_cannot_be_answered_is_an_error_and_the_process_goes_on() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let without = Value::from(create_slim());
    let with = |url: Value| {
        let mut event = without.clone();
        event["ResponseURL"] = url;
        event
    };
    let events = [
        json!([]),
        json!("Create"),
        json!(7),
        Value::Null,
        json!({}),
        without.clone(),
        with(Value::Null),
        with(json!(7)),
        with(json!("")),
        with(json!("/path/only")),
        with(json!("ftp://127.0.0.1/x")),
        with(json!("http://")),
        with(json!("no url")),
    ];
    for event in events {
        error_of(stage.function.invoke(&event, ENOUGH).await);
    }
    assert_eq!(stage.aws.calls(), [""; 0]);
    let answer = stage.answer(create().property("Preset", "slimm")).await;
    assert_eq!(answer["Status"], "FAILED");
    stage.end().await;
}

#[tokio::test]
async fn an_error_for_lambda_is_for_people_too() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let error = error_of(stage.function.invoke(&json!({}), ENOUGH).await);
    assert!(error.contains("ResponseURL"), "{error}");
    assert_is_for_people(&error);
    stage.end().await;
}

/// P9
#[tokio::test]
async fn an_event_through_sns_is_taken_out_of_its_envelope() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let (event, url) = stage.urls.issue(create().property("Preset", "slimm"));
    assert_eq!(stage.function.invoke(&through_sns(&[event]), ENOUGH).await, ANSWERED);
    assert!(reason(&only_answer(&url)).contains("`slimm`"));
    stage.end().await;
}

/// P9
#[tokio::test]
async fn an_envelope_with_another_number_of_events_is_an_error() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let (first, first_url) = stage.urls.issue(create_slim().numbered(1));
    let (second, second_url) = stage.urls.issue(create_slim().numbered(2));
    for events in [vec![first, second], vec![]] {
        error_of(stage.function.invoke(&through_sns(&events), ENOUGH).await);
    }
    assert!(first_url.received().is_empty() && second_url.received().is_empty());
    assert_eq!(stage.aws.calls(), [""; 0]);
    stage.end().await;
}

/// The event of a Lambda function that is subscribed to an SNS topic ("Using Lambda with Amazon
/// SNS", AWS Lambda Developer Guide), without unused fields.
fn through_sns(events: &[Value]) -> Value {
    let record = |event: &Value| {
        json!({
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "Sns": {"Type": "Notification", "Message": event.to_string()},
        })
    };
    json!({"Records": events.iter().map(record).collect::<Vec<_>>()})
}
