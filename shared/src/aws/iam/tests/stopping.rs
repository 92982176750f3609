//! Calls when the work has to stop: those that are not begun any more, and those that end first.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::time::{Instant, advance};

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

fn attachment() -> Object {
    let policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess".to_owned();
    Object::unowned(Resource::RoleAttachment { role: "r".to_owned(), policy_arn })
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

/// T16, I37
#[tokio::test(start_paused = true)]
async fn a_write_is_made_again_only_when_the_first_attempt_is_over() {
    const BROKEN: (u16, &str) = (500, "<Code>ServiceFailure</Code><Message>sorry</Message>");
    // A minute for its reply, or none, and then five seconds in which AWS may carry it out.
    for (held, reply, least, most) in
        [(1, DONE, 65, 70), (0, BROKEN, 5, 8), (0, THROTTLED, 0, 2), (0, DONE, 0, 1)]
    {
        let (world, started) = (World::new(held, &[reply, DONE]), Instant::now());
        let change = Change::Create(attachment());
        assert_eq!(apply(&world.iam, &change).await, Ok(Applied::Now));
        let asked = if (held, reply) == (0, DONE) { 1 } else { 2 };
        assert_eq!((world.asked(), world.gate.on_their_way()), (asked, vec![]));
        let took = started.elapsed().as_secs();
        assert!((least..most).contains(&took), "{took} s for {reply:?}");
    }
}

/// T16
#[tokio::test(start_paused = true)]
async fn a_slow_write_is_made_once() {
    let world = World::new(1, &[DONE]);
    let change = Change::Create(attachment());
    let (result, ()) = tokio::join!(apply(&world.iam, &change), async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        world.slow.go.notify_one();
    });
    assert_eq!((result, world.asked()), (Ok(Applied::Now), 1));
}

/// I37
#[tokio::test(start_paused = true)]
async fn an_object_whose_deletion_is_undecided_is_not_deleted_again_without_a_look() {
    const BROKEN: (u16, &str) = (500, "<Code>ServiceFailure</Code><Message>sorry</Message>");
    for (held, reply) in [(1, DONE), (0, BROKEN)] {
        let world = World::new(held, &[reply, DONE]);
        let error = apply(&world.iam, &Change::Delete(role())).await.unwrap_err();
        assert!(error.is_undecided(), "{error}");
        assert!(error.message.starts_with("no reply that tells"), "{error}");
        assert_eq!((world.asked(), world.gate.on_their_way()), (1, vec![]));
    }
    let world = World::new(0, &[THROTTLED, DONE]);
    assert_eq!(apply(&world.iam, &Change::Delete(role())).await, Ok(Applied::Now));
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

/// T16
#[tokio::test(start_paused = true)]
async fn a_link_is_unfinished_where_aws_may_have_made_it_and_not_where_it_refused_it() {
    const BUSY: (u16, &str) = (500, "<Code>ServiceFailure</Code><Message>Busy</Message>");
    const WRONG: (u16, &str) = (400, "<Code>MalformedInput</Code><Message>no</Message>");
    let change = Change::Create(attachment());
    // The answer waits no longer for the call, and its reply comes then.
    for (reply, may_be_made) in [(DONE, true), (THROTTLED, false), (WRONG, false), (BUSY, true)] {
        let world = World::new(1, &[reply]);
        assert!(apply(&world.iam, &change).now_or_never().is_none());
        world.slow.go.notify_one();
        world.gate.until_empty().await;
        assert_eq!(world.iam.take_unfinished().contains(&change.id()), may_be_made, "{reply:?}");
    }
    // The call has ended.
    for (replies, may_be_made) in [
        (&[DONE][..], false),
        (&[BUSY, DONE], false),
        (&[THROTTLED, WRONG], false),
        (&[BUSY, WRONG], true),
    ] {
        let world = World::new(0, replies);
        let _ = apply(&world.iam, &change).await;
        assert_eq!(world.iam.take_unfinished().contains(&change.id()), may_be_made, "{replies:?}");
    }
}
