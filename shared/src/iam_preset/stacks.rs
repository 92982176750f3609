//! Questions to CloudFormation about a stack, asked only where the marks leave a doubt: whether an
//! owner still exists, whether a stack is deleted or rolls back, whether a request still counts.
//!
//! Without an answer from CloudFormation no owner counts as gone, and no leniency of a rollback
//! applies.

use tracing::warn;

use super::IamPreset;
use super::intent::short;
use super::task::Task;
use super::transition::Transition;
use crate::cfn::StackPart;
use crate::cloud::{Cloud, StackStatus};
use crate::state::{Account, Owner, Owners, State};

/// How an owner ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its stack deleted it, or is gone.
    Gone,
    /// Its stack lets all that was made stay (`DeletionPolicy: Retain`).
    Retained,
}

/// Owners whose stacks are asked for, at most.
const ASKED: usize = 5;

impl<C: Cloud> IamPreset<C> {
    async fn status(&self, stack: &str, of: StackPart<'_>) -> StackStatus {
        self.cloud.stack_status(stack, of).await.unwrap_or_else(|error| {
            warn!(stack, %error, "CloudFormation does not tell");
            StackStatus::Unknown
        })
    }

    async fn status_of_stack(&self, me: &Owner) -> Option<String> {
        let (stack, _) = me.stack_and_logical_id()?;
        match self.status(stack, StackPart::Stack).await {
            StackStatus::Is { status, .. } => Some(status),
            StackStatus::None => Some("DELETE_COMPLETE".to_owned()),
            StackStatus::Unknown => None,
        }
    }

    /// True if the whole stack is being deleted, or is gone.
    pub(super) async fn stack_goes(&self, me: &Owner) -> bool {
        let status = self.status_of_stack(me).await;
        status.is_some_and(|status| status.starts_with("DELETE_"))
    }

    /// True if CloudFormation does not know the stack.
    pub(super) async fn is_unknown(&self, me: &Owner) -> bool {
        let Some((stack, _)) = me.stack_and_logical_id() else { return true };
        self.status(stack, StackPart::Stack).await == StackStatus::None
    }

    /// True while CloudFormation rolls an Update of the stack back: the properties that it sends
    /// cannot be corrected.
    pub(super) async fn rolls_back(&self, me: &Owner) -> bool {
        self.status_of_stack(me).await.as_deref() == Some("UPDATE_ROLLBACK_IN_PROGRESS")
    }

    /// True if CloudFormation says that it updates the stack, and does not take an Update back.
    pub(super) async fn goes_forward(&self, me: &Owner) -> bool {
        self.status_of_stack(me).await.as_deref() == Some("UPDATE_IN_PROGRESS")
    }

    /// The owners that exist no more: their stack is gone, or has deleted or retained the resource.
    /// And those of them whose stack retains it.
    pub(super) async fn gone(&self, owners: &Owners) -> (Owners, Owners) {
        let (mut gone, mut retained) = (Owners::new(), Owners::new());
        for owner in owners.iter().take(ASKED) {
            let Some(end) = self.end_of(owner).await else { continue };
            warn!(%owner, ?end, "owns nothing any more: its stack is gone, or retains what it had");
            gone.insert(owner.clone());
            if end == End::Retained {
                retained.insert(owner.clone());
            }
        }
        (gone, retained)
    }

    /// How an owner has ended; `None` if it lives, or if that is not known.
    async fn end_of(&self, owner: &Owner) -> Option<End> {
        let (stack, logical_id) = owner.stack_and_logical_id()?;
        if Account::from_arn(stack).is_none_or(|account| account != self.account) {
            return None;
        }
        match self.status(stack, StackPart::Resource(logical_id)).await {
            StackStatus::None => Some(End::Gone),
            StackStatus::Unknown => None,
            StackStatus::Is { status, physical_id } => {
                let end = match status.as_str() {
                    "DELETE_COMPLETE" => End::Gone,
                    "DELETE_SKIPPED" => End::Retained,
                    _ => return None,
                };
                // After a replacement, the resource that was deleted last is the old half of the
                // living one.
                let of_it = physical_id.as_deref().map(short) == owner.mark.id;
                (of_it || self.stack_goes(owner).await).then_some(end)
            }
        }
    }

    /// Refuses an Update that finds none of its resource's objects where CloudFormation has gone
    /// on: the resource was deleted meanwhile, and no Delete would follow for new objects.
    pub(super) async fn check_that_it_lives(
        &self,
        task: &Task,
        observed: &State,
    ) -> Result<(), String> {
        let has_own = |state: &State| state.has_any_of(&task.me);
        let had = task.left.as_ref().is_none_or(has_own);
        let is_changed = matches!(task.transition, Transition::InPlace | Transition::GoBack);
        if !is_changed || !had || has_own(observed) {
            return Ok(());
        }
        let Some((stack, logical_id)) = task.me.stack_and_logical_id() else { return Ok(()) };
        match self.status(stack, StackPart::Resource(logical_id)).await {
            StackStatus::Is { status, .. } if status != "UPDATE_IN_PROGRESS" => Err(format!(
                "CloudFormation has gone on from this request: the resource is in `{status}` now; \
                 nothing was done"
            )),
            StackStatus::Is { .. } | StackStatus::None | StackStatus::Unknown => Ok(()),
        }
    }
}
