//! The whole handler as what serves the events of [`world::cloudformation`], with an account in
//! memory for its AWS.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use ::world::cloudformation::{CloudFormation, Delivery, Ended, Provider, Put, Served};
use account_presets::cfn::{Callback, Gate, Origins, Reply, ResponseUrl, Transport, serve};
use account_presets::cloud::fake::{Calls, Fake, Fault};
use account_presets::iam_preset::IamPreset;
use serde_json::value::RawValue;

use crate::world::{ByRef, account};

/// The function, as it is deployed in an account.
pub struct Function<'a> {
    account: &'a Fake,
    fault: Cell<Option<(usize, Fault)>>,
    failed: Cell<bool>,
    in_turns: bool,
}

impl<'a> Function<'a> {
    pub fn new(account: &'a Fake) -> Self {
        Function { account, fault: Cell::new(None), failed: Cell::new(false), in_turns: false }
    }

    /// Makes one call to AWS each time that it is polled.
    pub fn in_turns(account: &'a Fake) -> Self {
        Function { in_turns: true, ..Function::new(account) }
    }

    /// Lets a call of the next delivery fail: the one before which there were so many.
    pub fn fail_next(&self, calls: usize, fault: Fault) {
        self.fault.set(Some((calls, fault)));
        self.failed.set(false);
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
        let preset = IamPreset::new(ByRef(&calls), account());
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
        self.failed.set(self.failed.get() || calls.failed());
        Served { puts: inbox.0.take(), ended }
    }
}

/// Keeps what is sent, as S3 does.
#[derive(Default)]
pub struct Inbox(pub RefCell<Vec<Put>>);

impl Transport for &Inbox {
    async fn put(&self, url: &ResponseUrl, body: &str) -> Result<Reply, String> {
        let (url, body) = (url.expose().to_owned(), body.as_bytes().to_vec());
        self.0.borrow_mut().push(Put { url, body });
        Ok(Reply { status: 200, location: None })
    }
}

/// A runtime whose clock stands still but for those that wait: what hangs is at its deadline at
/// once.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// Serves everything until no operation is under way.
pub fn settle(cfn: &mut CloudFormation, function: &Function) {
    runtime().block_on(cfn.settle(function));
}
