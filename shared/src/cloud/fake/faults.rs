//! An account behind calls that fail, and that have to wait for their turn.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::{pending, poll_fn};
use std::task::Poll;

use tokio::time::Instant;

use super::Fake;
use crate::cloud::{Call, CallError, Cloud, Found};
use crate::plan::{Attachable, Scope};
use crate::state::{Owner, PolicyDocument, State};

/// The way in which a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused.
    Refused,
    /// It is refused because there were too many, also after all that the SDK tried.
    Throttled,
    /// It happens, but the answer is lost.
    AnswerLost,
    /// It never has an answer, and does not happen.
    Hangs,
    /// It happens, and the process dies right after it.
    Dies,
}

impl Fault {
    /// All faults.
    pub const ALL: [Fault; 5] =
        [Fault::Refused, Fault::Throttled, Fault::AnswerLost, Fault::Hangs, Fault::Dies];
}

/// The account as one process sees it. Looking is one call.
#[derive(Debug)]
pub struct Calls<'a> {
    account: &'a Fake,
    made: Cell<usize>,
    fault: Option<(usize, Fault)>,
    /// What the call was about that the fault met, as in ``iam:DeleteRole role `r` ``.
    met: RefCell<String>,
    dead: Cell<bool>,
    /// The number of calls that may be made now; `None` if they need not wait.
    turns: Option<Cell<usize>>,
}

impl<'a> Calls<'a> {
    /// Calls that succeed as far as the account lets them.
    pub fn new(account: &'a Fake) -> Self {
        let (made, dead, met) = Default::default();
        Calls { account, made, fault: None, met, dead, turns: None }
    }

    /// Lets the call after this number of calls fail.
    pub fn failing(self, calls: usize, fault: Fault) -> Self {
        Calls { fault: Some((calls, fault)), ..self }
    }

    /// Lets every call wait for [`Calls::turn`].
    pub fn in_turns(self) -> Self {
        Calls { turns: Some(Cell::new(0)), ..self }
    }

    /// Lets one call be made, if it is asked for before the next turn.
    pub fn turn(&self) {
        if let Some(turns) = &self.turns {
            turns.set(1);
        }
    }

    /// True if the fault came to pass.
    pub fn failed(&self) -> bool {
        self.fault.is_some_and(|(calls, _)| self.made.get() > calls)
    }

    /// The call that the fault met, as in ``iam:DeleteRole role `r` ``; empty if it met none yet.
    pub fn met(&self) -> String {
        self.met.borrow().clone()
    }

    /// True if the process has died of it.
    pub fn is_dead(&self) -> bool {
        self.dead.get()
    }

    async fn call<T>(
        &self,
        what: &str,
        make: impl FnOnce(&Fake) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.wait().await;
        let number = self.made.replace(self.made.get() + 1);
        let fault = self.fault.filter(|(calls, _)| *calls == number).map(|(_, fault)| fault);
        if fault.is_some() {
            self.met.replace(what.to_owned());
        }
        let refused = |code: &str| {
            let (target, code) = (what.to_owned(), code.to_owned());
            Err(CallError { action: "fake:Call", target, code, message: "injected".to_owned() })
        };
        match fault {
            None => make(self.account),
            Some(Fault::Refused) => refused("ServiceFailure"),
            Some(Fault::Throttled) => refused("Throttling"),
            Some(Fault::AnswerLost) => {
                make(self.account)?;
                refused("NoAnswer")
            }
            Some(Fault::Hangs) => pending().await,
            Some(Fault::Dies) => {
                self.dead.set(true);
                // The process dies before it hears of a refusal.
                let _ = make(self.account);
                pending().await
            }
        }
    }

    /// A call of the dead never has its turn.
    async fn wait(&self) {
        poll_fn(|context| match &self.turns {
            _ if self.dead.get() => Poll::Pending,
            Some(turns) if turns.get() == 0 => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(turns) => {
                turns.set(turns.get() - 1);
                Poll::Ready(())
            }
            None => Poll::Ready(()),
        })
        .await;
    }
}

impl Cloud for Calls<'_> {
    fn now(&self) -> Instant {
        self.account.now()
    }

    async fn find(&self, me: &Owner, _: &Scope) -> Result<Found, CallError> {
        self.call("the account", |account| Ok(account.marked(me))).await
    }

    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        self.account.role_arns().await
    }

    async fn attachable(&self) -> Result<Attachable, CallError> {
        self.account.attachable().await
    }

    async fn documents(
        &self,
        policy_arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, PolicyDocument>, CallError> {
        self.call("the policies", |account| Ok(account.said(policy_arns))).await
    }

    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.call("the account", |account| Ok(account.look(scope))).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        let what = format!("{} {}", call.action().as_str(), call.id());
        self.call(&what, |account| account.write(call)).await
    }
}
