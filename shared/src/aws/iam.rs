//! IAM behind the seam.

mod apply;
mod find;
mod inventory;
mod observe;
mod settle;
mod tags;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

use aws_sdk_iam::Client;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::types::Tag;
use tokio::sync::Semaphore;

use super::actions::{Action, only_looks};
use super::call::call;
use super::stack_events::StackEvents;
use crate::cfn::{self, Gate, StackPart};
use crate::cloud::{Applied, CallError, Cloud, Found, StackStatus};
use crate::plan::{Attachable, Change, Scope};
use crate::state::{
    Account, Id, MADE_BY_TAG, Object, Owner, Owners, PolicyDocument, Resource, State, TagKey, Tags,
    is_ownership_tag,
};

/// Reads in flight at most, in one request. They have places of their own beside the writes, of
/// which [`reconcile`](crate::reconcile) begins eight at most.
const READS: usize = 8;

/// The value of the tag that every object of a preset carries.
const MADE_BY: &str = "account-presets";

/// How long another delivery may take from one write to the next.
const MOMENT: Duration = Duration::from_secs(5);

/// IAM of one account, by the SDK.
#[derive(Debug)]
pub struct Iam {
    client: Client,
    account: Account,
    gate: Gate,
    reads: Semaphore,
    stacks: Option<StackEvents>,
}

impl Iam {
    /// Calls with this client, which goes through this gate. Nothing is called yet.
    pub fn new(client: Client, account: Account, gate: Gate) -> Self {
        Iam { client, account, gate, reads: Semaphore::new(READS), stacks: None }
    }

    /// Asks these stacks what CloudFormation is doing with owners of objects.
    pub fn with_stacks(self, stacks: StackEvents) -> Self {
        Iam { stacks: Some(stacks), ..self }
    }

    /// Waits for its turn, calls, and says of an error which action on what it was.
    async fn call<T, E, R>(
        &self,
        action: Action,
        target: &str,
        sent: impl Future<Output = Result<T, SdkError<E, R>>>,
    ) -> Result<T, CallError>
    where
        E: ProvideErrorMetadata,
    {
        let _place = match only_looks(action.as_str()) {
            // The semaphore is never closed, and a call without its place would be no harm.
            true => self.reads.acquire().await.ok(),
            false => None,
        };
        call(&self.gate, action.as_str(), target, sent).await
    }
}

impl Cloud for Iam {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        let reads = scope.ids.iter().map(|id| self.read(id, scope));
        let reads = futures_util::future::join_all(reads).await;
        let (read, mut failed): (Vec<_>, Vec<_>) = reads.into_iter().partition(Result::is_ok);
        // What was not even begun says nothing of why.
        failed.sort_by_key(|read| read.as_ref().is_err_and(|it| it.code == CallError::NOT_BEGUN));
        let mut objects = Vec::new();
        for read in failed.into_iter().chain(read) {
            objects.extend(read?);
        }
        // An attachment is seen from both of its ends, and the user's end knows the owner.
        objects.sort_by_key(|object| object.owners.len());
        Ok(objects.into_iter().collect())
    }

    async fn apply(&self, change: &Change) -> Result<Applied, CallError> {
        match change {
            Change::Create(object) => self.create(object).await,
            Change::Update { before, after } => {
                self.update(before, after).await.map(|()| Applied::Now)
            }
            Change::Delete(object) => self.delete(object).await,
        }
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
            None => Ok(cfn::Past::Unknown("nobody asks CloudFormation here".to_owned())),
        }
    }

    async fn until_seen(&self, made: &Change, longest: Duration) {
        self.until_it_is_seen(made, longest).await;
    }

    async fn wait(&self) {
        tokio::time::sleep(MOMENT).await;
    }
}

/// Those that are there; what went away between two calls is not.
fn present<T>(reads: Vec<Result<Option<T>, CallError>>) -> Result<Vec<T>, CallError> {
    reads.into_iter().filter_map(Result::transpose).collect()
}

/// What was asked for, or `None` if it is not there.
fn found<T>(result: Result<T, CallError>) -> Result<Option<T>, CallError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.code == "NoSuchEntity" => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is done already if the thing is not there any more.
fn gone<T>(result: Result<T, CallError>) -> Result<Applied, CallError> {
    Ok(match found(result)? {
        Some(_) => Applied::Now,
        None => Applied::Before,
    })
}

fn owners_of(tags: &[Tag]) -> Owners {
    tags.iter().filter_map(|tag| Owner::from_tag(tag.key(), tag.value())).collect()
}

fn tags_of(tags: &[Tag]) -> Tags {
    let theirs = tags.iter().filter(|tag| !is_ownership_tag(tag.key()));
    theirs.map(|tag| (tag.key().into(), tag.value().to_owned())).collect()
}

/// The object's tags with those that record its owners.
fn all_tags(object: &Object) -> Tags {
    let mut resource = object.resource.clone();
    let mut tags = resource.tags_mut().cloned().unwrap_or_default();
    if let Resource::UserAttachment { policy_arn, .. } = &object.resource {
        tags.extend(object.owners.iter().map(|owner| owner.attached_tag(policy_arn)));
    } else {
        tags.extend(object.owners.iter().map(Owner::tag));
        if !object.owners.is_empty() && resource.tags_mut().is_some() {
            tags.insert(MADE_BY_TAG.into(), MADE_BY.to_owned());
        }
    }
    tags
}

#[allow(clippy::expect_used, reason = "key and value are both set")]
fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&TagKey, &String)| Tag::builder().key(&**key).value(value).build();
    tags.iter().map(tag).collect::<Result<_, _>>().expect("a tag with key and value")
}

#[cfg(test)]
mod tests;
