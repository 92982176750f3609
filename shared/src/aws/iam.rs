//! IAM behind the seam.

mod find;
mod inventory;
mod marks;
mod observe;
mod send;
mod settle;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::types::Tag;
use futures_util::future::join_all;
use tokio::sync::Semaphore;

use super::call::{Written, call};
use super::stack_events::StackEvents;
use crate::actions::{Action, only_looks};
use crate::cfn::{self, Gate, StackPart};
use crate::cloud::{Call, CallError, Cloud, Found, Marks, StackStatus};
use crate::plan::{Attachable, Change, Scope};
use crate::state::{
    Account, Id, Object, Owner, Owners, PolicyDocument, State, Tags, is_ownership_tag,
};

/// Reads in flight at most, in one request. They have places of their own beside the writes, of
/// which [`reconcile`](crate::reconcile) begins eight at most.
const READS: usize = 8;

/// The time that another delivery may take from one write to the next.
const MOMENT: Duration = Duration::from_secs(5);

/// The time by which IAM's copies lag behind its writes at most, in the ordinary case. IAM promises
/// none (<https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html>).
const LAG: Duration = Duration::from_millis(2500);

/// IAM of one account, by the SDK.
#[derive(Debug)]
pub struct Iam {
    client: Client,
    account: Account,
    gate: Gate,
    reads: Semaphore,
    unfinished: Mutex<Vec<(Id, Written)>>,
    stacks: Option<StackEvents>,
}

impl Iam {
    /// Calls with this client, which goes through this gate. Nothing is called yet.
    pub fn new(client: Client, account: Account, gate: Gate) -> Self {
        let (reads, unfinished) = (Semaphore::new(READS), Mutex::default());
        Iam { client, account, gate, reads, unfinished, stacks: None }
    }

    /// Reads the events of owners' stacks from these.
    pub fn with_stacks(self, stacks: StackEvents) -> Self {
        Iam { stacks: Some(stacks), ..self }
    }

    /// Waits for its turn, calls, and names action and target in an error.
    fn call<T, E, R>(
        &self,
        action: Action,
        target: &str,
        sent: impl Future<Output = Result<T, SdkError<E, R>>>,
    ) -> impl Future<Output = Result<T, CallError>>
    where
        E: ProvideErrorMetadata,
    {
        // On the heap: it is kilobytes large, and each future around it would have room for it twice.
        let sent = Box::pin(sent);
        async move {
            let _place = match only_looks(action.as_str()) {
                // The semaphore is never closed, and a call without its place would be no harm.
                true => self.reads.acquire().await.ok(),
                false => None,
            };
            call(&self.gate, action.as_str(), target, sent).await
        }
    }
}

impl Cloud for Iam {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        let reads = scope.ids.iter().map(|id| self.read(id, scope));
        let mut objects: Vec<Object> = all(join_all(reads).await)?;
        // An attachment is seen from both of its ends, and the user's end knows the owner.
        objects.sort_by_key(|object| object.owners.len());
        Ok(objects.into_iter().collect())
    }

    async fn marks(&self, scope: &Scope) -> Result<Marks, CallError> {
        let reads = scope.ids.iter().map(|id| self.marks_of(id, scope));
        all(join_all(reads).await)
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        let (id, written) = (call.id(), Written::default());
        let unfinished = || self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        if !id.kind.is_node() {
            unfinished().push((id.clone(), written.clone()));
        }
        // If this is dropped, the attempt goes on.
        let result = written.count(self.send_call(call)).await;
        if result.is_ok() {
            unfinished().retain(|(link, _)| *link != id);
        }
        result
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.marked(me, scope).await
    }

    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        self.all_role_arns().await
    }

    async fn documents(
        &self,
        policy_arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, PolicyDocument>, CallError> {
        self.policy_documents(policy_arns).await
    }

    async fn policy_paths(&self) -> Result<BTreeMap<Id, String>, CallError> {
        self.all_policy_paths().await
    }

    async fn names(&self) -> Result<BTreeSet<Id>, CallError> {
        self.all_names().await
    }

    async fn attachable(&self) -> Result<Attachable, CallError> {
        self.policies_per_holder().await
    }

    async fn stack_status(
        &self,
        stack_id: &str,
        of: StackPart<'_>,
    ) -> Result<StackStatus, CallError> {
        let Some(stacks) = &self.stacks else { return Ok(StackStatus::Unknown) };
        let latest = stacks.latest_event(stack_id, of).await?;
        Ok(latest.map_or(StackStatus::None, |event| {
            let cfn::StackEvent { status, physical_id, .. } = event;
            StackStatus::Is { status, physical_id }
        }))
    }

    async fn owners(&self) -> Result<Owners, CallError> {
        self.all_owners().await
    }

    async fn past(&self, stack_id: &str, logical_id: &str) -> Result<cfn::Past, CallError> {
        match &self.stacks {
            Some(stacks) => stacks.past(stack_id, logical_id).await,
            None => Ok(cfn::Past::Unknown("the stack's events cannot be read here".to_owned())),
        }
    }

    async fn until_seen(&self, made: &Change, longest: Duration) {
        self.until_it_is_seen(made, longest).await;
    }

    fn take_unfinished(&self) -> BTreeSet<Id> {
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        let may_be_done = unfinished.drain(..).filter(|(_, written)| written.may_be_done());
        may_be_done.map(|(link, _)| link).collect()
    }

    async fn wait(&self) {
        tokio::time::sleep(MOMENT).await;
    }

    async fn wait_for_copies(&self) {
        tokio::time::sleep(LAG).await;
    }
}

/// Puts the results of several reads together.
///
/// # Errors
///
/// The call that failed. One that was not even begun says nothing of why.
fn all<T, A>(mut reads: Vec<Result<A, CallError>>) -> Result<T, CallError>
where
    A: IntoIterator,
    T: Default + Extend<A::Item>,
{
    let rank = |read: &Result<A, CallError>| match read {
        Err(error) if error.code != CallError::NOT_BEGUN => 0,
        Err(_) => 1,
        Ok(_) => 2,
    };
    reads.sort_by_key(rank);
    let mut all = T::default();
    for read in reads {
        all.extend(read?);
    }
    Ok(all)
}

/// Returns the existing ones, without those that were deleted between two calls.
fn present<T>(reads: Vec<Result<Option<T>, CallError>>) -> Result<Vec<T>, CallError> {
    reads.into_iter().filter_map(Result::transpose).collect()
}

/// Returns the object, or `None` if it does not exist.
fn found<T>(result: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code == "NoSuchEntity" => Ok(None),
        Err(error) => Err(error),
    }
}

fn owners_of(tags: &[Tag]) -> Owners {
    tags.iter().filter_map(|tag| Owner::from_tag(tag.key(), tag.value())).collect()
}

fn tags_of(tags: &[Tag]) -> Tags {
    let theirs = tags.iter().filter(|tag| !is_ownership_tag(tag.key()));
    theirs.map(|tag| (tag.key().into(), tag.value().to_owned())).collect()
}

#[cfg(test)]
mod tests;
