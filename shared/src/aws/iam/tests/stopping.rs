//! Calls when the work has to stop: those that are not begun any more, and those that end first.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::time::advance;

use super::*;
use crate::aws::client::patient;
use crate::aws::http_client::Gated;
use crate::aws::pace::Pace;

const THROTTLED: (u16, &str) = (400, "<Code>Throttling</Code><Message>Rate exceeded</Message>");
const DONE: (u16, &str) = (200, "");

/// An IAM that replies to each attempt with the next of these, and with the last one for ever;
/// the first attempts get their reply only when they are let go.
#[derive(Clone, Debug)]
struct Slow {
    replies: Vec<(u16, &'static str)>,
    held: usize,
    go: Arc<Notify>,
    asked: Arc<Mutex<usize>>,
}

impl HttpConnector for Slow {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let mut asked = self.asked.lock().unwrap();
        let (status, error) = self.replies[(*asked).min(self.replies.len() - 1)];
        let is_held = *asked < self.held;
        *asked += 1;
        let go = Arc::clone(&self.go);
        HttpConnectorFuture::new(async move {
            if is_held {
                go.notified().await;
            }
            let body = format!("<R><Error>{error}</Error><RequestId>r</RequestId></R>");
            Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body)))
        })
    }
}

struct World {
    iam: Iam,
    gate: Gate,
    slow: Slow,
}

impl World {
    fn new(held: usize, replies: &[(u16, &'static str)]) -> Self {
        let (go, asked) = Default::default();
        let slow = Slow { replies: replies.to_vec(), held, go, asked };
        let gate = Gate::default();
        let inner = SharedHttpConnector::new(slow.clone());
        let gated = Gated { inner, gate: gate.clone(), pace: Pace::new() };
        let gated = SharedHttpConnector::new(gated);
        let retries = aws_sdk_iam::config::retry::RetryConfig::standard().with_max_attempts(48);
        let config = outlast(aws_sdk_iam::Config::builder())
            .with_test_defaults_v2()
            .http_client(http_client_fn(move |_, _| gated.clone()))
            .retry_partition(patient("stopping"))
            .retry_config(retries)
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .build();
        let account = Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f");
        let iam = Iam::new(Client::from_conf(config), account.unwrap(), gate.clone());
        World { iam, gate, slow }
    }

    fn asked(&self) -> usize {
        *self.slow.asked.lock().unwrap()
    }
}

/// Lets all that can go on now go on.
async fn others() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// T15
#[tokio::test(start_paused = true)]
async fn a_call_that_is_refused_again_and_again_ends_with_awss_last_words() {
    let world = World::new(0, &[THROTTLED]);
    let change = Change::Delete(role());
    let (result, ()) = tokio::join!(apply(&world.iam, &change), async {
        while world.asked() < 5 {
            advance(Duration::from_millis(50)).await;
        }
        world.gate.close("the time is over");
    });
    let error = result.unwrap_err().to_string();
    let said = "iam:DeleteRole `r`: Throttling: Rate exceeded (5 tries; the time is over)";
    assert_eq!(error, said);
    assert_eq!(world.asked(), 5);
}

/// T4
#[tokio::test]
async fn when_the_gate_is_closed_nothing_is_begun() {
    let world = World::new(0, &[DONE]);
    world.gate.close("the time is over");
    let error = apply(&world.iam, &Change::Delete(role())).await.unwrap_err();
    assert_eq!((error.code.as_str(), world.asked()), (CallError::NOT_BEGUN, 0));
    world.gate.open();
    assert_eq!(apply(&world.iam, &Change::Delete(role())).await, Ok(Applied::Now));
}

/// T16
#[tokio::test]
async fn a_write_that_is_on_its_way_ends_before_its_call_does() {
    for (reply, expected) in [(DONE, Ok(Applied::Now)), (THROTTLED, Err("Throttling"))] {
        let world = World::new(1, &[reply]);
        let change = Change::Delete(role());
        let mut call = std::pin::pin!(apply(&world.iam, &change));
        assert!(call.as_mut().now_or_never().is_none());
        world.gate.close("the time is over");
        others().await;
        assert!(call.as_mut().now_or_never().is_none(), "it is on its way");
        assert_eq!(world.gate.on_their_way(), ["iam:DeleteRole `r`"]);
        world.slow.go.notify_one();
        let result = call.await;
        assert_eq!(
            result.as_ref().map_err(|error| error.code.as_str()),
            expected.as_ref().map_err(|code| *code)
        );
        assert_eq!((world.asked(), world.gate.on_their_way()), (1, vec![]));
    }
}

/// T16
#[tokio::test(start_paused = true)]
async fn a_write_that_was_given_up_and_made_again_is_on_its_way_until_it_ends() {
    let world = World::new(1, &[DONE]);
    assert_eq!(apply(&world.iam, &Change::Delete(role())).await, Ok(Applied::Now));
    assert_eq!(world.asked(), 2);
    assert_eq!(world.gate.on_their_way(), ["iam:DeleteRole `r`"]);
    world.slow.go.notify_one();
    world.gate.until_empty().await;
}

/// T16
#[tokio::test(start_paused = true)]
async fn a_write_whose_reply_decides_nothing_is_on_its_way_for_five_seconds_more() {
    const BROKEN: (u16, &str) = (500, "<Code>ServiceFailure</Code><Message>sorry</Message>");
    for (reply, stays) in [(BROKEN, true), (THROTTLED, false)] {
        let world = World::new(0, &[reply, DONE]);
        assert_eq!(apply(&world.iam, &Change::Delete(role())).await, Ok(Applied::Now));
        assert_eq!((world.asked(), world.gate.on_their_way().len()), (2, usize::from(stays)));
        let settled = tokio::time::timeout(Duration::from_secs(6), world.gate.until_empty());
        settled.await.unwrap();
    }
}

/// T15
#[tokio::test]
async fn a_look_that_hangs_ends_when_the_gate_is_closed() {
    let world = World::new(1, &[DONE]);
    let scope = scope(Id::node(Kind::Role, "r"));
    let mut look = std::pin::pin!(world.iam.observe(&scope));
    assert!(look.as_mut().now_or_never().is_none());
    world.gate.close("the time is over");
    let error = look.await.unwrap_err().to_string();
    assert_eq!(error, "iam:GetRole `r`: NoAnswer: no reply yet; the time is over");
}

/// T15
#[tokio::test(start_paused = true)]
async fn of_many_looks_the_one_that_was_refused_is_named() {
    let world = World::new(0, &[THROTTLED]);
    let ids = (0..40).map(|n| Id::node(Kind::Role, format!("r{n}")));
    let scope = Scope { ids: ids.collect(), ..scope(Id::node(Kind::Role, "a")) };
    let (result, ()) = tokio::join!(world.iam.observe(&scope), async {
        advance(Duration::from_secs(2)).await;
        world.gate.close("the time is over");
    });
    let error = result.unwrap_err().to_string();
    assert!(error.contains("Throttling: Rate exceeded"), "{error}");
}
