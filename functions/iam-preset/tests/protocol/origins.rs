//! Where an answer may go.

use serde_json::Value;
use world::{Behaviour, ResponseUrls};

use crate::stage::{ANSWERED, ENOUGH, create_slim, error_of, stage_with, stage_with_origins};

/// P31, Threat 5
#[tokio::test]
async fn nothing_is_sent_to_a_foreign_origin() {
    let foreign = ResponseUrls::start().await;
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let (event, url) = foreign.issue(create_slim());
    error_of(stage.function.invoke(&event, ENOUGH).await);
    assert!(url.received().is_empty());
    assert_eq!(foreign.connections(), 0);
    // Nor is anything done for it.
    assert_eq!(stage.aws.calls(), [""; 0]);
    stage.end().await;
}

/// P31, Threat 5
#[tokio::test]
async fn nothing_is_sent_to_an_origin_that_only_looks_allowed() {
    let foreign = ResponseUrls::start().await;
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let (event, _) = stage.urls.issue(create_slim());
    let url = event["ResponseURL"].as_str().expect("a URL").to_owned();
    let (allowed, other) = (stage.urls.origin(), foreign.origin());
    let (allowed_host, other_host) = (&allowed["http://".len()..], &other["http://".len()..]);
    let port = allowed.rsplit(':').next().expect("a port");
    for origin in [
        format!("http://{allowed_host}@{other_host}"),
        format!("http://user@{allowed_host}"),
        format!("http://user:word@{other_host}"),
        format!("https://{allowed_host}"),
        format!("https://{other_host}"),
        format!("http://localhost:{port}"),
        format!("http://127.1:{port}"),
        format!("http://{allowed_host}0"),
        format!("{other}\\@{allowed_host}"),
        format!("{other}#{allowed}"),
        format!("{other}?{allowed}"),
    ] {
        let mut event = event.clone();
        event["ResponseURL"] = Value::String(url.replace(&allowed, &origin));
        error_of(stage.function.invoke(&event, ENOUGH).await);
        assert_eq!(foreign.connections() + stage.urls.connections(), 0, "{origin}");
    }
    stage.end().await;
}

/// P31, Threat 5
#[tokio::test]
async fn without_a_list_only_cloudformation_itself_is_answered() {
    for origins in ["", " ", ","] {
        let urls = ResponseUrls::start().await;
        let mut stage = stage_with_origins(Behaviour::ACCESS_DENIED, urls, origins).await;
        let (event, _) = stage.urls.issue(create_slim());
        error_of(stage.function.invoke(&event, ENOUGH).await);
        assert_eq!(stage.urls.connections(), 0, "{origins:?}");
        stage.end().await;
    }
}

#[tokio::test]
async fn every_origin_of_the_list_is_answered() {
    let urls = ResponseUrls::start().await;
    let origins = format!("https://localhost:4566,{}", urls.origin());
    let mut stage = stage_with_origins(Behaviour::ACCESS_DENIED, urls, &origins).await;
    let (event, url) = stage.urls.issue(create_slim());
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    assert_eq!(url.only_answer()["Status"], "FAILED");
    stage.end().await;
}
