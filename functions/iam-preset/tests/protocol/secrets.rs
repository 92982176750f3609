//! Secrets must not be printed, even at the finest log level. That none is printed otherwise is
//! asserted at the end of every test.

use serde_json::{Value, json};
use world::events::create;
use world::{Behaviour, Fault, Function};

use crate::stage::{
    ANSWERED, ENOUGH, Stage, create_slim, delete_slim, error_of, only_answer, stage_with,
};

/// X1, Threat 10
#[tokio::test]
async fn the_most_talkative_log_has_no_secret() {
    let mut stage = talkative(stage_with(Behaviour::ACCESS_DENIED).await);
    let (event, url) = stage.urls.issue(create_slim());
    url.fail([Fault::Status(500), Fault::Reset]);
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    only_answer(&url);
    let printed = stage.end().await;
    assert!(!printed.is_empty());
}

/// P8, X1, Threat 10
#[tokio::test]
async fn the_most_talkative_log_of_an_event_without_an_answer_has_no_secret() {
    let mut stage = talkative(stage_with(Behaviour::ACCESS_DENIED).await);
    let (mut event, url) = stage.urls.issue(create_slim());
    url.fail_for_good(Fault::Status(403));
    error_of(stage.function.invoke(&event, ENOUGH).await);
    // The same secret in a place where no URL can be made of it.
    event["ResponseURL"] = format!("no url {}", url.text()).into();
    error_of(stage.function.invoke(&event, ENOUGH).await);
    stage.end().await;
}

/// X5
#[tokio::test]
async fn nothing_of_an_event_makes_a_line_of_the_log_of_its_own() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let forged = "x\n{\"level\":\"INFO\",\"forged\":\"one\"}\n";
    stage.answer(create().property("Preset", forged)).await;
    stage.answer(create_slim().property(forged, "x").numbered(2)).await;
    let mut lines = Vec::new();
    for line in stage.end().await.lines() {
        lines.push(serde_json::from_str::<Value>(line).expect("a line that is JSON"));
    }
    assert!(lines.iter().any(|line| line.to_string().contains("forged")), "{lines:?}");
    assert!(lines.iter().all(|line| line["forged"].is_null()), "{lines:?}");
}

/// X20
#[tokio::test]
async fn no_line_of_the_log_is_without_end_whatever_the_event_holds() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let long = "x".repeat(300_000);
    // The address is as short as it was: one that names these ids would be none.
    for (n, (kind, field)) in (11..).zip([
        (create_slim(), "StackId"),
        (create_slim(), "LogicalResourceId"),
        (create_slim(), "RequestId"),
        (create_slim(), "RequestType"),
        (delete_slim(), "PhysicalResourceId"),
    ]) {
        let (mut event, _) = stage.urls.issue(kind.numbered(n));
        event[field] = long.as_str().into();
        assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED, "{field}");
    }
    for event in [
        delete_slim().property("Parameters", json!({"UserNames": [long]})).numbered(4),
        create_slim().property(&long, "x").numbered(5),
        create_slim().property("Parameters", json!({(long.as_str()): "x"})).numbered(6),
    ] {
        stage.answer(event).await;
    }
    let (mut event, _) = stage.urls.issue(create_slim().numbered(7));
    event["ResponseURL"] = format!("https://{long}/").into();
    error_of(stage.function.invoke(&event, ENOUGH).await);
    for line in stage.end().await.lines() {
        let beginning: String = line.chars().take(300).collect();
        assert!(line.len() < 32_768, "{} bytes: {beginning}", line.len());
    }
}

/// Sets every variable that makes the SDK, the runtime or the log say more.
fn talkative(stage: Stage) -> Stage {
    let more = |function: Function, name| function.env(name, "TRACE");
    let function =
        ["RUST_LOG", "LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL"].into_iter().fold(stage.function, more);
    Stage { function, ..stage }
}
