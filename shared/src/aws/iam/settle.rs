//! Waiting until what was made is seen: IAM answers from copies that lag behind its writes, and a
//! stack's next resource may hand a role or an instance profile to a service at once.

use std::time::Duration;

use tracing::warn;

use super::Iam;
use crate::aws::actions::Action;
use crate::cloud::CallError;
use crate::plan::Change;
use crate::state::{Resource, Role};

/// Sightings in a row that count as seen: one copy that has it does not speak for the others.
const SIGHTINGS: u32 = 3;
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);
/// Looks at most; after that the consumer's own retries have to do.
const LOOKS: u32 = 60;

impl Iam {
    /// Returns when the change is seen, or will not be soon, which is logged. Links are not
    /// waited for but for a role in an instance profile: a service that gets one needs both.
    pub(super) async fn until_seen(&self, change: &Change) {
        let Change::Create(object) = change else { return };
        let mut sightings = 0;
        for _ in 0..LOOKS {
            sightings = match self.sees(&object.resource).await {
                Ok(None) => return,
                Ok(Some(true)) => sightings + 1,
                Ok(Some(false)) => 0,
                Err(error) => {
                    warn!(change = %change, %error, "whether it is seen cannot be told");
                    return;
                }
            };
            if sightings == SIGHTINGS {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        warn!(change = %change, "was made, and IAM does not show it yet");
    }

    /// Whether IAM shows it, for what is worth waiting for.
    async fn sees(&self, resource: &Resource) -> Result<Option<bool>, CallError> {
        Ok(match resource {
            Resource::Role(Role { name, .. }) | Resource::ServiceLinkedRole { name, .. } => {
                // For a moment the ARN of a new role may be its unique id.
                let role = self.get_role(name).await?;
                Some(role.is_some_and(|role| role.arn().starts_with("arn:")))
            }
            Resource::ProfileRole { profile, role } => {
                let call = self.client.get_instance_profile().instance_profile_name(profile).send();
                let output = self.call(Action::GetInstanceProfile, profile, call).await;
                let there = super::found(output)?.and_then(|output| output.instance_profile);
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
