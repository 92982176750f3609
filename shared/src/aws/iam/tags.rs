//! Writing tags: what is new or other is set, what is gone is taken away, the rest stays.

use super::{Iam, sdk_tags};
use crate::aws::actions::Action;
use crate::cloud::CallError;
use crate::state::Tags;

impl Iam {
    pub(super) async fn change_role_tags(
        &self,
        name: &str,
        old: &Tags,
        new: &Tags,
    ) -> Result<(), CallError> {
        let (set, unset) = difference(old, new);
        if !set.is_empty() {
            let call = self.client.tag_role().role_name(name).set_tags(Some(sdk_tags(&set))).send();
            self.call(Action::TagRole, name, call).await?;
        }
        if !unset.is_empty() {
            let call = self.client.untag_role().role_name(name).set_tag_keys(Some(unset)).send();
            self.call(Action::UntagRole, name, call).await?;
        }
        Ok(())
    }

    pub(super) async fn change_policy_tags(
        &self,
        arn: &str,
        old: &Tags,
        new: &Tags,
    ) -> Result<(), CallError> {
        let (set, unset) = difference(old, new);
        if !set.is_empty() {
            let call =
                self.client.tag_policy().policy_arn(arn).set_tags(Some(sdk_tags(&set))).send();
            self.call(Action::TagPolicy, arn, call).await?;
        }
        if !unset.is_empty() {
            let call = self.client.untag_policy().policy_arn(arn).set_tag_keys(Some(unset)).send();
            self.call(Action::UntagPolicy, arn, call).await?;
        }
        Ok(())
    }

    pub(super) async fn change_instance_profile_tags(
        &self,
        name: &str,
        old: &Tags,
        new: &Tags,
    ) -> Result<(), CallError> {
        let (set, unset) = difference(old, new);
        if !set.is_empty() {
            let call = self.client.tag_instance_profile().instance_profile_name(name);
            let call = call.set_tags(Some(sdk_tags(&set))).send();
            self.call(Action::TagInstanceProfile, name, call).await?;
        }
        if !unset.is_empty() {
            let call = self.client.untag_instance_profile().instance_profile_name(name);
            let call = call.set_tag_keys(Some(unset)).send();
            self.call(Action::UntagInstanceProfile, name, call).await?;
        }
        Ok(())
    }

    pub(super) async fn change_user_tags(
        &self,
        name: &str,
        old: &Tags,
        new: &Tags,
    ) -> Result<(), CallError> {
        let (set, unset) = difference(old, new);
        if !set.is_empty() {
            let call = self.client.tag_user().user_name(name).set_tags(Some(sdk_tags(&set))).send();
            self.call(Action::TagUser, name, call).await?;
        }
        if !unset.is_empty() {
            let call = self.client.untag_user().user_name(name).set_tag_keys(Some(unset)).send();
            self.call(Action::UntagUser, name, call).await?;
        }
        Ok(())
    }
}

/// The tags to set, and the keys of those to take away.
fn difference(old: &Tags, new: &Tags) -> (Tags, Vec<String>) {
    let set = new.iter().filter(|(key, value)| old.get(*key) != Some(*value));
    let unset = old.keys().filter(|key| !new.contains_key(*key));
    (set.map(|(key, value)| (key.clone(), value.clone())).collect(), unset.cloned().collect())
}
