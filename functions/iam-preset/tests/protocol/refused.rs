//! The log line of a refused event, and the alarm that counts it.

use serde_json::Value;
use world::{Behaviour, ResponseUrls};

use crate::stage::{ENOUGH, create_slim, error_of, stage_with};

/// X1, Threat 5
#[tokio::test]
async fn a_refused_event_is_one_line_with_the_reason_and_who_asked() {
    let foreign = ResponseUrls::start().await;
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let (event, _) = foreign.issue(create_slim());
    error_of(stage.function.invoke(&event, ENOUGH).await);
    let [line] = &refusals(&stage.end().await)[..] else { panic!("not one line") };
    assert_eq!(line["level"], "ERROR");
    assert!(line["reason"].as_str().is_some_and(|why| why.contains(&foreign.origin())), "{line}");
    assert_eq!(line["span"]["stack_id"], event["StackId"]);
    assert_eq!(line["span"]["logical_resource_id"], event["LogicalResourceId"]);
    assert_eq!(line["span"]["request_id"], event["RequestId"]);
}

#[tokio::test]
async fn so_is_an_event_without_an_address() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    error_of(stage.function.invoke(&Value::Null, ENOUGH).await);
    error_of(stage.function.invoke(&create_slim().without("ResponseURL").into(), ENOUGH).await);
    assert_eq!(refusals(&stage.end().await).len(), 2);
}

#[tokio::test]
async fn an_event_that_fails_is_not_refused() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    assert_eq!(stage.answer(create_slim()).await["Status"], "FAILED");
    assert_eq!(refusals(&stage.end().await), [Value::Null; 0]);
}

/// The lines that every metric filter of template.yaml counts.
fn refusals(printed: &str) -> Vec<Value> {
    let template = include_str!("../../../../template.yaml");
    let (start, end) = ("FilterPattern: '{ $.message = \"", "\" }'");
    let counted: Vec<&str> =
        template.split(start).skip(1).filter_map(|rest| rest.split(end).next()).collect();
    assert!(!counted.is_empty());
    let lines = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| counted.iter().all(|message| line["message"] == *message)).collect()
}
