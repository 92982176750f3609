//! The whole handler as the provider that serves the events of [`world::cloudformation`], with an
//! account in memory for its AWS.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use ::world::cloudformation::{self, CloudFormation, Delivery, Ended, Provider, Put, Served};
use account_presets::cfn::{
    Callback, Deliveries, Gate, Origins, Reply, ResponseUrl, StackEvent, StackEvents, StackPart,
    Transport, Verified, serve,
};
use account_presets::cloud::fake::{Calls, Fake, Fault};
use account_presets::cloud::{Call, CallError, Cloud, Found, StackStatus};
use account_presets::iam_preset::{IamPreset, Settings};
use account_presets::plan::Scope;
use account_presets::state::{Owner, PolicyDocument, State};
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep};

use super::world::{ByRef, account};

/// The function, as it is deployed in an account.
pub struct Function<'a> {
    account: &'a Fake,
    fault: Cell<Option<(usize, Fault)>>,
    failed: Cell<bool>,
    met: RefCell<String>,
    in_turns: bool,
    release: Cell<&'static str>,
    told: Told,
}

/// CloudFormation's replies about a stack's events.
#[derive(Default)]
struct Told {
    events: RefCell<Vec<cloudformation::StackEvent>>,
    /// `None` while it tells nothing.
    now: Cell<Option<SystemTime>>,
}

impl Told {
    fn newest(&self, stack_id: &str, of: StackPart<'_>) -> Result<Option<StackEvent>, String> {
        let Some(now) = self.now.get() else { return Err("CloudFormation is not asked".into()) };
        let is_it = |event: &&cloudformation::StackEvent| {
            let id = event.logical_id.as_deref();
            let part = match of {
                StackPart::Stack => id.is_none(),
                StackPart::Resource(logical_id) => id == Some(logical_id),
            };
            event.stack_id == stack_id && part && event.at <= now
        };
        let events = self.events.borrow();
        let newest = events.iter().rev().find(is_it);
        Ok(newest.map(|event| StackEvent {
            status: event.status.clone(),
            at: Some(event.at),
            physical_id: event.physical_id.clone(),
            resource_type: Some("Custom::IamPreset".to_owned()),
            properties: event.properties.clone(),
        }))
    }
}

impl StackEvents for &Told {
    async fn latest(
        &self,
        stack_id: &str,
        of: StackPart<'_>,
    ) -> Result<Option<StackEvent>, String> {
        self.newest(stack_id, of)
    }
}

impl<'a> Function<'a> {
    pub fn new(account: &'a Fake) -> Self {
        Function {
            account,
            fault: Cell::new(None),
            failed: Cell::new(false),
            met: RefCell::default(),
            in_turns: false,
            release: Cell::new("1.0.0"),
            told: Told::default(),
        }
    }

    /// Lets it see CloudFormation's events, as they are now.
    pub fn hear(&self, cfn: &CloudFormation) {
        let mut events = self.told.events.borrow_mut();
        let known = events.len();
        events.extend(cfn.happened().iter().skip(known).cloned());
        self.told.now.set(Some(cfn.now()));
    }

    /// Another release is deployed: it serves the deliveries that begin from now on.
    pub fn deploy(&self, release: &'static str) {
        self.release.set(release);
    }

    /// Makes one call to AWS each time that it is polled.
    pub fn in_turns(account: &'a Fake) -> Self {
        Function { in_turns: true, ..Function::new(account) }
    }

    /// Lets a call of the next delivery fail: the one after `calls` other ones.
    pub fn fail_next(&self, calls: usize, fault: Fault) {
        self.fault.set(Some((calls, fault)));
        self.failed.set(false);
    }

    /// The call that failed, as in ``iam:DeleteRole role `r` ``.
    pub fn met(&self) -> String {
        self.met.borrow().clone()
    }

    /// True if the call was made that was to fail.
    pub fn failed(&self) -> bool {
        self.failed.get()
    }
}

impl Provider for Function<'_> {
    async fn serve(&self, delivery: Delivery) -> Served {
        let mut calls = Calls::new(self.account);
        if let Some((number, fault)) = self.fault.take() {
            calls = calls.failing(number, fault);
        }
        if self.in_turns {
            calls = calls.in_turns();
        }
        let inbox = Inbox::default();
        let callback = Callback::new(&inbox, Origins::new("eu-west-1", ""));
        let cloud = Account { calls: &calls, told: &self.told };
        let preset = IamPreset::new(ByRef(&cloud), account(), Settings::open())
            .with_release(self.release.get());
        // A process of its own, which remembers nothing.
        let deliveries = Deliveries::default();
        let preset = Verified::new(preset, &self.told, false, &deliveries, delivery.at);
        let payload: &RawValue = serde_json::from_slice(&delivery.event).unwrap();
        let (deadline, gate) = (delivery.at + delivery.time_left, Gate::default());
        let mut serving = pin!(serve(&preset, &callback, &gate, payload, delivery.at, deadline));
        let ended = poll_fn(|context| {
            calls.turn();
            match serving.as_mut().poll(context) {
                Poll::Ready(Ok(())) => Poll::Ready(Ended::Returned),
                Poll::Ready(Err(_)) => Poll::Ready(Ended::Failed),
                Poll::Pending if calls.is_dead() => Poll::Ready(Ended::Failed),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        if calls.failed() {
            self.failed.set(true);
            self.met.replace(calls.met());
        }
        Served { puts: inbox.0.take(), ended }
    }
}

/// The account, with CloudFormation's replies about its stacks.
struct Account<'a> {
    calls: &'a Calls<'a>,
    told: &'a Told,
}

impl Cloud for Account<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.calls.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        self.calls.send(call).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.calls.find(me, scope).await
    }

    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        self.calls.role_arns().await
    }

    async fn documents(
        &self,
        policy_arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, PolicyDocument>, CallError> {
        self.calls.documents(policy_arns).await
    }

    async fn stack_status(
        &self,
        stack_id: &str,
        of: StackPart<'_>,
    ) -> Result<StackStatus, CallError> {
        Ok(match self.told.newest(stack_id, of) {
            Ok(newest) => newest.map_or(StackStatus::None, |event| {
                let StackEvent { status, physical_id, .. } = event;
                StackStatus::Is { status, physical_id }
            }),
            Err(_) => StackStatus::Unknown,
        })
    }

    fn now(&self) -> Instant {
        self.calls.now()
    }

    async fn wait(&self) {
        // A function that is told CloudFormation's events has a clock that goes on.
        if self.told.now.get().is_some() {
            sleep(Duration::from_secs(5)).await;
        }
    }
}

/// Keeps the sent answers, as S3 does.
#[derive(Default)]
pub struct Inbox(pub RefCell<Vec<Put>>);

impl Transport for &Inbox {
    async fn put(&self, url: &ResponseUrl, body: &str) -> Result<Reply, String> {
        let (url, body) = (url.expose().to_owned(), body.as_bytes().to_vec());
        self.0.borrow_mut().push(Put { url, body });
        Ok(Reply { status: 200, location: None })
    }
}

/// A runtime with a clock that only waiting tasks advance: a hanging call is at its deadline at
/// once.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// Serves everything until no operation is under way.
pub fn settle(cfn: &mut CloudFormation, function: &Function) {
    runtime().block_on(cfn.settle(function));
}
