//! Waits until new objects are visible: IAM answers from copies that lag behind its writes, and a
//! stack's next resource may hand a role or an instance profile to a service at once.
//!
//! It serves the stack's next resource and never fails the request: it has a share of the time of
//! its own, and asks an account that is throttled less and less.

use std::time::Duration;

use aws_sdk_iam::config::Builder;
use aws_sdk_iam::config::retry::RetryConfig;
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::{Iam, found};
use crate::actions::Action;
use crate::cloud::CallError;
use crate::plan::Change;
use crate::state::{Resource, Role};

/// Sightings in a row that count as seen: one copy that has it does not speak for all.
const SIGHTINGS: u32 = 2;
/// The shortest and the longest pause between two looks; while it is not seen each is twice the
/// one before.
const PAUSE: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(2));
/// The least pause after a look that AWS refused, for example because there were too many.
const REFUSED: Duration = Duration::from_secs(1);

impl Iam {
    /// Returns when it is seen, or after `longest`, which is logged: the consumer's own retries
    /// have to do then.
    pub(super) async fn until_it_is_seen(&self, made: &Change, longest: Duration) {
        if timeout(longest, self.until_seen_twice(made)).await.is_err() {
            warn!(change = %made, "is not shown by IAM yet");
        }
    }

    /// Links are not waited for but for a role in an instance profile: a service that gets one
    /// needs both.
    async fn until_seen_twice(&self, change: &Change) {
        let Change::Create(object) = change else { return };
        let (mut sightings, mut pause) = (0, PAUSE.0);
        loop {
            pause = match self.sees(&object.resource).await {
                Ok(None) => return,
                Ok(Some(true)) => {
                    sightings += 1;
                    PAUSE.0
                }
                Ok(Some(false)) => {
                    sightings = 0;
                    (pause * 2).min(PAUSE.1)
                }
                Err(error) => {
                    warn!(change = %change, %error, "whether it is seen cannot be told now");
                    (pause * 2).max(REFUSED)
                }
            };
            if sightings == SIGHTINGS {
                return;
            }
            sleep(pause).await;
        }
    }

    /// Whether IAM shows it; `None` for a kind without a wait.
    async fn sees(&self, resource: &Resource) -> Result<Option<bool>, CallError> {
        Ok(match resource {
            Resource::Role(Role { name, .. }) | Resource::ServiceLinkedRole { name, .. } => {
                let call = self.client.get_role().role_name(name).customize();
                let call = call.config_override(one_look()).send();
                let output = found(self.call(Action::GetRole, name, call).await)?;
                // For a moment the ARN of a new role may be its unique id.
                let role = output.and_then(|output| output.role);
                Some(role.is_some_and(|role| role.arn().starts_with("arn:")))
            }
            Resource::ProfileRole { profile, role } => {
                let call = self.client.get_instance_profile().instance_profile_name(profile);
                let call = call.customize().config_override(one_look()).send();
                let output = found(self.call(Action::GetInstanceProfile, profile, call).await)?;
                let there = output.and_then(|output| output.instance_profile);
                let roles = there.map(|profile| profile.roles).unwrap_or_default();
                Some(roles.iter().any(|there| there.role_name == *role))
            }
            Resource::User { .. }
            | Resource::Policy(_)
            | Resource::Group { .. }
            | Resource::InstanceProfile { .. }
            | Resource::RoleAttachment { .. }
            | Resource::RoleInline { .. }
            | Resource::GroupAttachment { .. }
            | Resource::GroupInline { .. }
            | Resource::GroupMember { .. }
            | Resource::UserAttachment { .. } => None,
        })
    }
}

/// The looks themselves are the tries: the SDK adds none.
fn one_look() -> Builder {
    Builder::new().retry_config(RetryConfig::disabled())
}
