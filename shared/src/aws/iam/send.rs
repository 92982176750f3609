//! Sends a call. Nothing is decided here, but for IAM's own demands: a managed policy keeps five
//! versions and is deleted with its last one, and a full instance profile may hold that very role.

use aws_sdk_iam::types::{PolicyVersion, Tag};

use super::{Iam, found};
use crate::actions::Action;
use crate::aws::consistency::outlast_a_full_profile;
use crate::cloud::{Call, CallError};
use crate::state::{Policy, PolicyDocument, Role, TagKey, Tags};

/// The versions that IAM keeps of a managed policy.
const VERSIONS: usize = 5;

impl Iam {
    /// One arm for each action; those of compound calls are functions of their own.
    pub(super) async fn send_call(&self, call: &Call) -> Result<(), CallError> {
        let iam = &self.client;
        let (action, name) = (call.action(), call.id().name);
        let target = name.as_str();
        match call {
            Call::AddRoleToInstanceProfile { profile, role } => self.add_role(profile, role).await,
            Call::AddUserToGroup { group, user } => {
                let call = iam.add_user_to_group().group_name(group).user_name(user);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::AttachGroupPolicy { group, policy_arn } => {
                let call = iam.attach_group_policy().group_name(group).policy_arn(policy_arn);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::AttachRolePolicy { role, policy_arn } => {
                let call = iam.attach_role_policy().role_name(role).policy_arn(policy_arn);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::AttachUserPolicy { user, policy_arn } => {
                let call = iam.attach_user_policy().user_name(user).policy_arn(policy_arn);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::CreateGroup { group, path } => {
                let call = iam.create_group().group_name(group).path(path);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::CreateInstanceProfile { profile, path, tags } => {
                let call = iam.create_instance_profile().instance_profile_name(profile);
                let call = call.path(path).set_tags(Some(sdk_tags(tags)));
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::CreatePolicy(Policy { name, path, description, document, tags }) => {
                let call = iam.create_policy().policy_name(name).path(path);
                let call = call.description(description).policy_document(document.to_json());
                let call = call.set_tags(Some(sdk_tags(tags)));
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::CreatePolicyVersion { path, policy, document } => {
                let arn = self.account.policy_arn(path, policy);
                self.write_policy_version(&arn, document).await
            }
            Call::CreateRole(Role {
                name,
                path,
                description,
                trust,
                max_session_duration,
                permissions_boundary,
                tags,
            }) => {
                let call = iam.create_role().role_name(name).path(path).description(description);
                let call = call.assume_role_policy_document(trust.to_json());
                let call = call.max_session_duration(*max_session_duration);
                let call = call.set_permissions_boundary(permissions_boundary.clone());
                let call = call.set_tags(Some(sdk_tags(tags)));
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::CreateServiceLinkedRole { role: _, service } => {
                let call = iam.create_service_linked_role().aws_service_name(service);
                // IAM's way to say that it exists; other invalid input is a mistake.
                let is_taken = |error: &CallError| {
                    error.code == "InvalidInput"
                        && error.message.contains("has been taken in this account")
                };
                self.call(action, service, call.send()).await.map(drop).map_err(|error| {
                    let code = if is_taken(&error) { "EntityAlreadyExists" } else { &error.code };
                    CallError { code: code.to_owned(), ..error }
                })
            }
            Call::DeleteGroup { group } => {
                let call = iam.delete_group().group_name(group);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::DeleteGroupPolicy { group, policy } => {
                let call = iam.delete_group_policy().group_name(group).policy_name(policy);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::DeleteInstanceProfile { profile } => {
                let call = iam.delete_instance_profile().instance_profile_name(profile);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::DeletePolicy { path, policy } => {
                let arn = self.account.policy_arn(path, policy);
                self.delete_policy(&arn).await
            }
            Call::DeleteRole { role } => {
                let call = iam.delete_role().role_name(role);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::DeleteRolePermissionsBoundary { role } => {
                let call = iam.delete_role_permissions_boundary().role_name(role);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::DeleteRolePolicy { role, policy } => {
                let call = iam.delete_role_policy().role_name(role).policy_name(policy);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::DetachGroupPolicy { group, policy_arn } => {
                let call = iam.detach_group_policy().group_name(group).policy_arn(policy_arn);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::DetachRolePolicy { role, policy_arn } => {
                let call = iam.detach_role_policy().role_name(role).policy_arn(policy_arn);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::DetachUserPolicy { user, policy_arn } => {
                let call = iam.detach_user_policy().user_name(user).policy_arn(policy_arn);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::PutGroupPolicy { group, policy, document } => {
                let call = iam.put_group_policy().group_name(group).policy_name(policy);
                let call = call.policy_document(document.to_json());
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::PutRolePermissionsBoundary { role, policy_arn } => {
                let call = iam.put_role_permissions_boundary().role_name(role);
                let call = call.permissions_boundary(policy_arn);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::PutRolePolicy { role, policy, document } => {
                let call = iam.put_role_policy().role_name(role).policy_name(policy);
                let call = call.policy_document(document.to_json());
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::RemoveRoleFromInstanceProfile { profile, role } => {
                let call = iam.remove_role_from_instance_profile();
                let call = call.instance_profile_name(profile).role_name(role);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::RemoveUserFromGroup { group, user } => {
                let call = iam.remove_user_from_group().group_name(group).user_name(user);
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::TagInstanceProfile { profile, tags } => {
                let call = iam.tag_instance_profile().instance_profile_name(profile);
                let call = call.set_tags(Some(sdk_tags(tags)));
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::TagPolicy { path, policy, tags } => {
                let arn = self.account.policy_arn(path, policy);
                let call = iam.tag_policy().policy_arn(&arn).set_tags(Some(sdk_tags(tags)));
                self.call(action, &arn, call.send()).await.map(drop)
            }
            Call::TagRole { role, tags } => {
                let call = iam.tag_role().role_name(role).set_tags(Some(sdk_tags(tags)));
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::TagUser { user, policy_arns: _, tags } => {
                let call = iam.tag_user().user_name(user).set_tags(Some(sdk_tags(tags)));
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::UntagInstanceProfile { profile, keys } => {
                let call = iam.untag_instance_profile().instance_profile_name(profile);
                let call = call.set_tag_keys(Some(texts(keys)));
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::UntagPolicy { path, policy, keys } => {
                let arn = self.account.policy_arn(path, policy);
                let call = iam.untag_policy().policy_arn(&arn).set_tag_keys(Some(texts(keys)));
                self.call(action, &arn, call.send()).await.map(drop)
            }
            Call::UntagRole { role, keys } => {
                let call = iam.untag_role().role_name(role).set_tag_keys(Some(texts(keys)));
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::UntagUser { user, policy_arns: _, keys } => {
                let call = iam.untag_user().user_name(user).set_tag_keys(Some(texts(keys)));
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::UpdateAssumeRolePolicy { role, trust } => {
                let call = iam.update_assume_role_policy().role_name(role);
                let call = call.policy_document(trust.to_json());
                self.call(action, target, call.send()).await.map(drop)
            }
            Call::UpdateRole { role, description, max_session_duration } => {
                let call = iam.update_role().role_name(role).description(description);
                let call = call.max_session_duration(*max_session_duration);
                self.call(action, target, call.send()).await.map(drop)
            }
        }
    }

    async fn add_role(&self, profile: &str, role: &str) -> Result<(), CallError> {
        let call = self.client.add_role_to_instance_profile();
        let call = call.instance_profile_name(profile).role_name(role).send();
        match self.call(Action::AddRoleToInstanceProfile, profile, call).await {
            // A profile holds one role; it may be this one already.
            Err(error) if error.code == "LimitExceeded" => {
                if self.is_in_profile(profile, role).await? {
                    return Ok(());
                }
                let call = self.client.add_role_to_instance_profile();
                let call = call.instance_profile_name(profile).role_name(role);
                let call = call.customize().config_override(outlast_a_full_profile()).send();
                self.call(Action::AddRoleToInstanceProfile, profile, call).await.map(drop)
            }
            result => result.map(drop),
        }
    }

    pub(super) async fn is_in_profile(&self, profile: &str, role: &str) -> Result<bool, CallError> {
        let call = self.client.get_instance_profile().instance_profile_name(profile).send();
        let output = found(self.call(Action::GetInstanceProfile, profile, call).await)?;
        let profile = output.and_then(|output| output.instance_profile);
        let roles = profile.map(|profile| profile.roles).unwrap_or_default();
        Ok(roles.iter().any(|there| there.role_name == role))
    }

    /// Writes the document as the default version, in the place of the oldest one if need be; once
    /// more if another caller took the place meanwhile.
    async fn write_policy_version(
        &self,
        arn: &str,
        document: &PolicyDocument,
    ) -> Result<(), CallError> {
        match self.replace_oldest_version(arn, document).await {
            Err(error) if error.code == "LimitExceeded" => {
                self.replace_oldest_version(arn, document).await
            }
            result => result,
        }
    }

    async fn replace_oldest_version(
        &self,
        arn: &str,
        document: &PolicyDocument,
    ) -> Result<(), CallError> {
        let mut versions = self.policy_versions(arn).await?;
        versions.retain(|version| !version.is_default_version);
        versions.sort_by_key(|version| {
            version.create_date.map(|date| (date.secs(), date.subsec_nanos()))
        });
        let surplus = (versions.len() + 2).saturating_sub(VERSIONS);
        for version in versions.iter().take(surplus) {
            self.delete_policy_version(arn, version).await?;
        }
        let call = self.client.create_policy_version().policy_arn(arn);
        let call = call.policy_document(document.to_json()).set_as_default(true).send();
        self.call(Action::CreatePolicyVersion, arn, call).await.map(drop)
    }

    async fn delete_policy(&self, arn: &str) -> Result<(), CallError> {
        let versions = self.policy_versions(arn).await?;
        for version in versions.iter().filter(|version| !version.is_default_version) {
            self.delete_policy_version(arn, version).await?;
        }
        let call = self.client.delete_policy().policy_arn(arn).send();
        self.call(Action::DeletePolicy, arn, call).await.map(drop)
    }

    async fn policy_versions(&self, arn: &str) -> Result<Vec<PolicyVersion>, CallError> {
        let pages = self.client.list_policy_versions().policy_arn(arn).into_paginator();
        let call = pages.items().send().collect::<Result<Vec<_>, _>>();
        Ok(found(self.call(Action::ListPolicyVersions, arn, call).await)?.unwrap_or_default())
    }

    async fn delete_policy_version(
        &self,
        arn: &str,
        version: &PolicyVersion,
    ) -> Result<(), CallError> {
        let version = version.version_id().unwrap_or_default();
        let call = self.client.delete_policy_version().policy_arn(arn).version_id(version).send();
        found(self.call(Action::DeletePolicyVersion, arn, call).await).map(drop)
    }
}

#[allow(clippy::expect_used, reason = "key and value are both set")]
fn sdk_tags(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&TagKey, &String)| Tag::builder().key(&**key).value(value).build();
    tags.iter().map(tag).collect::<Result<_, _>>().expect("a tag with key and value")
}

fn texts(keys: &[TagKey]) -> Vec<String> {
    keys.iter().map(ToString::to_string).collect()
}
