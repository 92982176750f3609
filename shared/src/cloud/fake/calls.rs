//! An account behind calls that fail, and that have to wait for their turn.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::future::{pending, poll_fn};
use std::task::Poll;

use tokio::time::Instant;

use super::Fake;
use crate::cloud::{Applied, CallError, Cloud, Found};
use crate::plan::{Attachable, Change, Scope};
use crate::state::{Object, Owner, PolicyDocument, Resource, Role, State};

/// How a call fails.
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

/// The account as one process sees it: looking is one call, and a change is the calls that
/// `aws::iam` makes of it, in that order.
#[derive(Debug)]
pub struct Calls<'a> {
    account: &'a Fake,
    made: Cell<usize>,
    fault: Option<(usize, Fault)>,
    dead: Cell<bool>,
    /// How many calls may be made now; none if they need not wait.
    turns: Option<Cell<usize>>,
}

impl<'a> Calls<'a> {
    /// Calls that succeed as far as the account lets them.
    pub fn new(account: &'a Fake) -> Self {
        let (made, dead) = (Cell::new(0), Cell::new(false));
        Calls { account, made, fault: None, dead, turns: None }
    }

    /// Lets the call fail before which there were so many.
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
                // Whether it was refused, nobody lives to hear.
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

    async fn apply(&self, change: &Change) -> Result<Applied, CallError> {
        let mut applied = Applied::Before;
        for call in calls(change) {
            let result = self.call(&change.id().to_string(), |account| account.write(&call)).await;
            if result? == Applied::Now {
                applied = Applied::Now;
            }
        }
        Ok(applied)
    }
}

/// The calls of which a change is made, as changes of one thing each.
fn calls(change: &Change) -> Vec<Change> {
    let updates = |steps: Vec<Object>| -> Vec<Change> {
        let pairs = steps.iter().zip(steps.iter().skip(1));
        pairs.map(|(a, b)| Change::Update { before: a.clone(), after: b.clone() }).collect()
    };
    match change {
        Change::Create(_) => vec![change.clone()],
        Change::Update { before, after } => updates(steps(before, after)),
        Change::Delete(object) => match attached(object, false) {
            Some(claimed) if !object.owners.is_empty() && !object.is_claim() => {
                let mut calls = updates(vec![object.clone(), claimed.clone()]);
                calls.push(Change::Delete(claimed));
                calls
            }
            _ => vec![change.clone()],
        },
    }
}

/// The same claim on a user, with or without the attachment; `None` for anything else.
fn attached(object: &Object, attached: bool) -> Option<Object> {
    let Resource::UserAttachment { user, policy_arn, .. } = &object.resource else { return None };
    let (user, policy_arn) = (user.clone(), policy_arn.clone());
    let resource = Resource::UserAttachment { user, policy_arn, attached };
    Some(Object { resource, ..object.clone() })
}

/// The conditions through which an object goes, with one call between each two.
fn steps(before: &Object, after: &Object) -> Vec<Object> {
    type Step = fn(&mut Role, &Role);
    let of_role: [Step; 3] = [
        |role, new| role.trust = new.trust.clone(),
        |role, new| {
            role.description.clone_from(&new.description);
            role.max_session_duration = new.max_session_duration;
        },
        |role, new| role.permissions_boundary.clone_from(&new.permissions_boundary),
    ];
    let mut now = before.clone();
    let mut steps = vec![now.clone()];
    for step in of_role {
        if let (Resource::Role(role), Resource::Role(new)) = (&mut now.resource, &after.resource) {
            step(role, new);
            steps.push(now.clone());
        }
    }
    if let (Resource::Policy(policy), Resource::Policy(new)) = (&mut now.resource, &after.resource)
    {
        policy.document = new.document.clone();
        steps.push(now.clone());
    }
    // Tags that are new, tags that go, and on a user at last what they claim.
    let mut new = after.clone();
    if let (Some(tags), Some(new)) = (now.resource.tags_mut(), new.resource.tags_mut()) {
        tags.extend(new.clone());
    }
    now.owners.extend(after.owners.iter().cloned());
    steps.push(now.clone());
    if let Resource::UserAttachment { .. } = &after.resource {
        steps.push(Object { resource: now.resource, ..after.clone() });
    }
    steps.push(after.clone());
    // What owners noted is written, too, though it does not make them others.
    let marks = |object: &Object| -> Vec<_> {
        object.owners.iter().map(|owner| owner.mark.clone()).collect()
    };
    steps.dedup_by(|a, b| a == b && marks(a) == marks(b));
    steps
}
