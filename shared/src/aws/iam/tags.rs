//! Writing tags: what is new or other is set, what is gone is taken away, the rest stays.

use super::{Iam, sdk_tags};
use crate::aws::actions::Action;
use crate::cloud::CallError;
use crate::state::Tags;

/// What has tags, by the name under which IAM takes them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tagged<'a> {
    Role(&'a str),
    /// By its ARN.
    Policy(&'a str),
    InstanceProfile(&'a str),
    User(&'a str),
}

impl Iam {
    pub(super) async fn change_tags(
        &self,
        of: Tagged<'_>,
        old: &Tags,
        new: &Tags,
    ) -> Result<(), CallError> {
        let (set, unset) = difference(old, new);
        if !set.is_empty() {
            self.tag(of, &set).await?;
        }
        if !unset.is_empty() {
            self.untag(of, unset).await?;
        }
        Ok(())
    }

    async fn tag(&self, of: Tagged<'_>, tags: &Tags) -> Result<(), CallError> {
        let tags = Some(sdk_tags(tags));
        match of {
            Tagged::Role(name) => {
                let call = self.client.tag_role().role_name(name).set_tags(tags).send();
                self.call(Action::TagRole, name, call).await.map(drop)
            }
            Tagged::Policy(arn) => {
                let call = self.client.tag_policy().policy_arn(arn).set_tags(tags).send();
                self.call(Action::TagPolicy, arn, call).await.map(drop)
            }
            Tagged::InstanceProfile(name) => {
                let call = self.client.tag_instance_profile().instance_profile_name(name);
                self.call(Action::TagInstanceProfile, name, call.set_tags(tags).send())
                    .await
                    .map(drop)
            }
            Tagged::User(name) => {
                let call = self.client.tag_user().user_name(name).set_tags(tags).send();
                self.call(Action::TagUser, name, call).await.map(drop)
            }
        }
    }

    async fn untag(&self, of: Tagged<'_>, keys: Vec<String>) -> Result<(), CallError> {
        let keys = Some(keys);
        match of {
            Tagged::Role(name) => {
                let call = self.client.untag_role().role_name(name).set_tag_keys(keys).send();
                self.call(Action::UntagRole, name, call).await.map(drop)
            }
            Tagged::Policy(arn) => {
                let call = self.client.untag_policy().policy_arn(arn).set_tag_keys(keys).send();
                self.call(Action::UntagPolicy, arn, call).await.map(drop)
            }
            Tagged::InstanceProfile(name) => {
                let call = self.client.untag_instance_profile().instance_profile_name(name);
                self.call(Action::UntagInstanceProfile, name, call.set_tag_keys(keys).send())
                    .await
                    .map(drop)
            }
            Tagged::User(name) => {
                let call = self.client.untag_user().user_name(name).set_tag_keys(keys).send();
                self.call(Action::UntagUser, name, call).await.map(drop)
            }
        }
    }
}

/// The tags to set, and the keys of those to take away.
fn difference(old: &Tags, new: &Tags) -> (Tags, Vec<String>) {
    let set = new.iter().filter(|(key, value)| old.get(*key) != Some(*value));
    let unset = old.keys().filter(|key| !new.contains_key(*key));
    (
        set.map(|(key, value)| (key.clone(), value.clone())).collect(),
        unset.map(ToString::to_string).collect(),
    )
}
