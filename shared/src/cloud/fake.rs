//! An account in memory that enforces IAM's rules about what depends on what.
//!
//! It is for tests of everything above the seam. It has no latency and no eventual consistency;
//! [`FailAt`] adds failures.

use std::cell::{Cell, RefCell};

use super::{Applied, CallError, Cloud};
use crate::plan::{Change, Scope};
use crate::state::{Id, Kind, Object, Resource, State, limits};

/// An account in memory.
#[derive(Debug, Default)]
pub struct Fake {
    state: RefCell<State>,
    writes: Cell<usize>,
}

impl Fake {
    /// An account that holds just this.
    pub fn new(state: State) -> Self {
        Fake { state: RefCell::new(state), writes: Cell::new(0) }
    }

    /// All that is there.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// How many writes were asked for.
    pub fn writes(&self) -> usize {
        self.writes.get()
    }

    /// What a person does in the console, with IAM's rules.
    ///
    /// # Errors
    ///
    /// As IAM's API would refuse it.
    pub fn person(&self, change: Change) -> Result<(), CallError> {
        change_state(&mut self.state.borrow_mut(), &change)
    }
}

impl Cloud for Fake {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        let state = self.state.borrow();
        let in_scope = |id: &Id| scope.ids.contains(id);
        // What hangs on something in the scope, by either end.
        let hangs = |id: &Id| {
            let held = id.kind != Kind::UserAttachment
                && id.parent().is_some_and(|parent| in_scope(&parent));
            held || id.target().is_some_and(|target| in_scope(&target))
        };
        Ok(state
            .iter()
            .filter(|(id, _)| in_scope(id) || hangs(id))
            .map(|(_, object)| object.clone())
            .collect())
    }

    async fn apply(&self, change: &Change) -> Result<Applied, CallError> {
        self.writes.set(self.writes.get() + 1);
        let mut state = self.state.borrow_mut();
        let there = state.get(&change.id());
        let before = match change {
            Change::Create(wanted) => there == Some(&observed(wanted)),
            Change::Delete(_) => there.is_none(),
            Change::Update { .. } => false,
        };
        if before {
            return Ok(Applied::Before);
        }
        change_state(&mut state, change)?;
        Ok(Applied::Now)
    }
}

fn observed(wanted: &Object) -> Object {
    Object { shared: false, ..wanted.clone() }
}

fn change_state(state: &mut State, change: &Change) -> Result<(), CallError> {
    let id = change.id();
    let refuse = |code: &str, message: &str| {
        Err(CallError {
            action: "fake:Write",
            target: id.to_string(),
            code: code.to_owned(),
            message: message.to_owned(),
        })
    };
    let names_it =
        |link: &Id| link.parent().as_ref() == Some(&id) || link.target().as_ref() == Some(&id);
    match change {
        Change::Create(object) => {
            // IAM's names differ by more than case.
            let taken = |other: &Id| {
                other.kind == id.kind
                    && other.part == id.part
                    && other.name.eq_ignore_ascii_case(&id.name)
            };
            if state.ids().any(taken) {
                return refuse("EntityAlreadyExists", "exists");
            }
            let missing =
                id.parent().into_iter().chain(id.target()).any(|end| !state.contains(&end));
            if missing {
                return refuse("NoSuchEntity", "an end of the link is missing");
            }
            state.insert(observed(object));
        }
        Change::Update { after, .. } => {
            if !state.contains(&id) {
                return refuse("NoSuchEntity", "is not there");
            }
            state.insert(observed(after));
        }
        Change::Delete(_) => {
            if state.ids().any(names_it) {
                return refuse("DeleteConflict", "something still hangs on it");
            }
            if state.remove(&id).is_none() {
                return refuse("NoSuchEntity", "is not there");
            }
        }
    }
    match limits::check(state).first() {
        Some(limit) => {
            let limit = limit.clone();
            if let Change::Create(_) = change {
                state.remove(&id);
            }
            refuse("LimitExceeded", &limit)
        }
        None => Ok(()),
    }
}

/// The resource as an object that this project does not own.
pub fn foreign(resource: Resource) -> Object {
    Object::unowned(resource)
}

/// Fails at one write, or at none.
pub struct FailAt<'a, C> {
    cloud: &'a C,
    left: Cell<Option<usize>>,
    fault: Fault,
}

/// How a write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is refused.
    Refused,
    /// It happens, but the answer is lost.
    AnswerLost,
    /// The process dies before it; nothing after it happens either.
    Killed,
    /// The process dies right after it.
    KilledAfter,
}

impl<'a, C> FailAt<'a, C> {
    /// Lets `writes` writes pass and fails the next one.
    pub fn new(cloud: &'a C, writes: usize, fault: Fault) -> Self {
        FailAt { cloud, left: Cell::new(Some(writes)), fault }
    }

    /// True if the fault came to pass.
    pub fn failed(&self) -> bool {
        self.left.get().is_none()
    }
}

impl<C: Cloud> Cloud for FailAt<'_, C> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.cloud.observe(scope).await
    }

    async fn apply(&self, change: &Change) -> Result<Applied, CallError> {
        let dead = matches!(self.fault, Fault::Killed | Fault::KilledAfter);
        match self.left.get() {
            Some(0) => {
                self.left.set(None);
                if matches!(self.fault, Fault::AnswerLost | Fault::KilledAfter) {
                    self.cloud.apply(change).await?;
                }
                if dead {
                    std::future::pending::<()>().await;
                }
            }
            Some(left) => {
                self.left.set(Some(left - 1));
                return self.cloud.apply(change).await;
            }
            None if dead => std::future::pending::<()>().await,
            None => return self.cloud.apply(change).await,
        }
        Err(CallError {
            action: "fake:Write",
            target: change.id().to_string(),
            code: "ServiceFailure".to_owned(),
            message: "injected".to_owned(),
        })
    }
}
