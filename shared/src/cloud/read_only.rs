//! An account that is looked at and never changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::{Call, CallError, Cloud, Found, Marks, StackStatus};
use crate::cfn::{Past, StackPart};
use crate::plan::{Attachable, Scope};
use crate::state::{Id, Owner, Owners, PolicyDocument, State};

/// An account that passes on each read and refuses each change. It keeps the reads that failed: the
/// engine goes on without some of them, and the command line reports them.
#[derive(Debug)]
pub struct ReadOnly<C> {
    inner: C,
    failed: Mutex<Vec<CallError>>,
}

impl<C> ReadOnly<C> {
    /// Looks at this account.
    pub fn new(inner: C) -> Self {
        ReadOnly { inner, failed: Mutex::default() }
    }

    /// The calls that failed, each once, in the order in which they did.
    pub fn failed(&self) -> Vec<CallError> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note<T>(&self, looked: Result<T, CallError>) -> Result<T, CallError> {
        if let Err(error) = &looked {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            if !failed.contains(error) {
                failed.push(error.clone());
            }
        }
        looked
    }
}

impl<C: Cloud> Cloud for &ReadOnly<C> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.note(self.inner.observe(scope).await)
    }

    async fn marks(&self, scope: &Scope) -> Result<Marks, CallError> {
        self.note(self.inner.marks(scope).await)
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        Err(CallError {
            action: call.action().as_str(),
            target: call.id().to_string(),
            code: CallError::NOT_BEGUN.to_owned(),
            message: "the command line never writes to an account".to_owned(),
        })
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.note(self.inner.find(me, scope).await)
    }

    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        self.note(self.inner.role_arns().await)
    }

    async fn documents(
        &self,
        policy_arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, PolicyDocument>, CallError> {
        self.note(self.inner.documents(policy_arns).await)
    }

    async fn policy_paths(&self) -> Result<BTreeMap<Id, String>, CallError> {
        self.note(self.inner.policy_paths().await)
    }

    async fn attachable(&self) -> Result<Attachable, CallError> {
        self.note(self.inner.attachable().await)
    }

    async fn stack_status(
        &self,
        stack_id: &str,
        of: StackPart<'_>,
    ) -> Result<StackStatus, CallError> {
        self.note(self.inner.stack_status(stack_id, of).await)
    }

    async fn owners(&self) -> Result<Owners, CallError> {
        self.note(self.inner.owners().await)
    }

    async fn past(&self, stack_id: &str, logical_id: &str) -> Result<Past, CallError> {
        self.note(self.inner.past(stack_id, logical_id).await)
    }

    fn now(&self) -> Instant {
        self.inner.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::fake::Fake;
    use crate::state::Kind;

    #[tokio::test]
    async fn nothing_is_changed_and_what_failed_is_kept_once() {
        let account = ReadOnly::new(Fake::default());
        let create = Call::CreateGroup { group: "g".to_owned(), path: "/".to_owned() };
        let refused = (&account).send(&create).await;
        assert_eq!(refused.unwrap_err().code, CallError::NOT_BEGUN);
        assert_eq!((account.inner.writes(), account.failed()), (0, vec![]));
        // The account in memory knows no stacks.
        for _ in 0..2 {
            (&account).past("stack", "Preset").await.unwrap_err();
        }
        assert_eq!(account.failed().len(), 1);
        let ids = BTreeSet::from([Id::node(Kind::Group, "g")]);
        let seen = (&account).observe(&Scope { ids, ..Scope::default() }).await;
        assert_eq!(seen, Ok(State::default()));
    }
}
