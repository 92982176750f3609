//! The way of an answer to its ResponseURL when that is no help either.

use serde_json::Value;
use tokio::task::JoinSet;
use world::response_url::ClosedPort;
use world::{Behaviour, Fault, ResponseUrl, ResponseUrls};

use crate::stage::{
    ANSWERED, ENOUGH, LITTLE, create_slim, delete_slim, error_of, only_answer, stage_with,
    stage_with_origins,
};

/// P24, P28
#[tokio::test]
async fn a_server_error_is_tried_again_until_it_is_gone() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let (event, url) = stage.urls.issue(create_slim());
    url.fail([500, 502, 503].map(Fault::Status));
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    only_answer(&url);
    assert_same_bodies(&url, 4);
    stage.end().await;
}

/// P26
#[tokio::test]
async fn a_broken_connection_is_tried_again() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let (event, url) = stage.urls.issue(create_slim());
    url.fail([Fault::Close, Fault::Reset]);
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    only_answer(&url);
    assert_same_bodies(&url, 3);
    stage.end().await;
}

/// P27
#[tokio::test]
async fn a_connection_that_hangs_is_given_up_in_time_for_another() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let (event, url) = stage.urls.issue(create_slim());
    url.fail([Fault::Hang]);
    assert_eq!(stage.function.invoke(&event, LITTLE).await, ANSWERED);
    only_answer(&url);
    assert_same_bodies(&url, 2);
    stage.end().await;
}

/// P25
#[tokio::test]
async fn what_s3_refuses_is_not_sent_again_and_again() {
    for status in [400, 403, 404] {
        let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
        let (event, url) = stage.urls.issue(create_slim());
        url.fail_for_good(Fault::Status(status));
        let error = error_of(stage.function.invoke(&event, ENOUGH).await);
        assert!(error.contains(&status.to_string()), "{error}");
        assert!((1..=2).contains(&url.received().len()), "{status}: {:?}", url.received());
        stage.end().await;
    }
}

/// P24, P26, P27
#[tokio::test]
async fn an_answer_that_nobody_takes_is_an_error_before_the_deadline() {
    let mut stages = JoinSet::new();
    for fault in [Fault::Status(503), Fault::Close, Fault::Reset, Fault::Hang] {
        stages.spawn(async {
            let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
            let (event, url) = stage.urls.issue(create_slim());
            url.fail_for_good(fault);
            error_of(stage.function.invoke(&event, LITTLE).await);
            assert!(!url.received().is_empty());
            stage.end().await;
        });
    }
    stages.join_all().await;
}

/// P26
#[tokio::test]
async fn a_port_that_nobody_listens_at_is_an_error_before_the_deadline() {
    let closed = ClosedPort::take();
    let urls = ResponseUrls::start().await;
    let mut stage = stage_with_origins(Behaviour::ACCESS_DENIED, urls, &closed.origin()).await;
    let (event, _) = stage.urls.issue(create_slim());
    let url = event["ResponseURL"].as_str().expect("a URL");
    let unreachable = url.replace(&stage.urls.origin(), &closed.origin());
    let mut event = event.clone();
    event["ResponseURL"] = Value::String(unreachable);
    error_of(stage.function.invoke(&event, LITTLE).await);
    stage.end().await;
}

/// P26
#[tokio::test]
async fn an_address_that_cannot_be_reached_is_an_error_before_the_deadline() {
    let mut stages = JoinSet::new();
    let plain = ResponseUrls::start().await.origin();
    // The first speaks no TLS, and no host has the second's name (RFC 6761).
    for origin in [plain.replace("http:", "https:"), "http://answers.invalid".to_owned()] {
        stages.spawn(async move {
            let urls = ResponseUrls::start().await;
            let mut stage = stage_with_origins(Behaviour::ACCESS_DENIED, urls, &origin).await;
            let (mut event, url) = stage.urls.issue(create_slim());
            event["ResponseURL"] = url.text().replace(&stage.urls.origin(), &origin).into();
            let error = error_of(stage.function.invoke(&event, LITTLE).await);
            assert!(error.contains("did not get through"), "{origin}: {error}");
            stage.end().await;
        });
    }
    stages.join_all().await;
}

/// P32
#[tokio::test]
async fn a_proxy_of_the_environment_is_not_used() {
    let proxy = ResponseUrls::start().await;
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"] {
        stage.function = stage.function.env(name, proxy.origin());
    }
    let answer = stage.answer(create_slim()).await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(!stage.aws.calls().is_empty());
    assert_eq!(proxy.connections(), 0);
    stage.end().await;
}

/// P30
#[tokio::test]
async fn a_success_that_nobody_takes_never_becomes_a_failure() {
    let mut stage = stage_with(Behaviour::NO_SUCH_ENTITY).await;
    // An id that the function made: under another one it would wait for a Create to end.
    let delete = delete_slim().field("PhysicalResourceId", "slim:accounts:Preset:0123456789abcdef");
    let (event, url) = stage.urls.issue(delete);
    url.fail_for_good(Fault::Status(500));
    error_of(stage.function.invoke(&event, LITTLE).await);
    let received = url.received();
    assert!(!received.is_empty());
    for one in received {
        assert_eq!(one.json()["Status"], "SUCCESS", "{one}");
    }
    stage.end().await;
}

/// P30, Threat 11
#[tokio::test]
async fn what_could_not_be_answered_is_answered_when_it_is_delivered_again() {
    let mut stage = stage_with(Behaviour::NO_SUCH_ENTITY).await;
    let (event, url) = stage.urls.issue(delete_slim());
    url.fail_for_good(Fault::Status(403));
    error_of(stage.function.invoke(&event, ENOUGH).await);
    url.recover();
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    assert_eq!(only_answer(&url)["Status"], "SUCCESS");
    stage.end().await;
}

/// P29, Threat 5
#[tokio::test]
async fn a_redirect_to_another_origin_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = ResponseUrls::start().await;
        let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
        let (event, url) = stage.urls.issue(create_slim());
        let (_, there) = elsewhere.issue(create_slim());
        url.fail_for_good(Fault::Redirect(status, there.text().to_owned()));
        error_of(stage.function.invoke(&event, LITTLE).await);
        assert_eq!(elsewhere.connections(), 0, "{status}");
        stage.end().await;
    }
}

/// P29
#[tokio::test]
async fn a_redirect_that_passes_costs_no_answer() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let (event, url) = stage.urls.issue(create_slim());
    url.fail([Fault::Redirect(307, url.text().to_owned())]);
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED);
    only_answer(&url);
    assert_same_bodies(&url, 2);
    stage.end().await;
}

/// Asserts that the answer was the same at every attempt.
fn assert_same_bodies(url: &ResponseUrl, requests: usize) {
    let received = url.received();
    assert_eq!(received.len(), requests, "{received:?}");
    assert!(received.iter().all(|one| one.body == received[0].body), "{received:?}");
}
