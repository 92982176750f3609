//! Writing one change. Each write may be repeated: what is there already, by the same owner, or
//! gone already, is done.

use aws_sdk_iam::types::PolicyVersion;

use super::tags::Tagged;
use super::{Iam, all_tags, found, gone, sdk_tags};
use crate::aws::actions::Action;
use crate::aws::consistency::outlast_a_full_profile;
use crate::cloud::{Applied, CallError, Cloud};
use crate::plan::Scope;
use crate::state::{Object, Owner, Policy, Resource, Role, Tags};

/// IAM keeps so many versions of a managed policy.
const VERSIONS: usize = 5;

impl Iam {
    pub(super) async fn create(&self, object: &Object) -> Result<Applied, CallError> {
        let created = match &object.resource {
            Resource::Role(role) => self.create_role(object, role).await,
            Resource::Policy(policy) => self.create_policy(object, policy).await,
            Resource::Group { name, path } => {
                let call = self.client.create_group().group_name(name).path(path).send();
                self.call(Action::CreateGroup, name, call).await.map(drop)
            }
            Resource::InstanceProfile { name, path, .. } => {
                let tags = sdk_tags(&all_tags(object));
                let call = self.client.create_instance_profile();
                let call = call.instance_profile_name(name).path(path).set_tags(Some(tags)).send();
                self.call(Action::CreateInstanceProfile, name, call).await.map(drop)
            }
            Resource::ServiceLinkedRole { service, .. } => {
                return self.create_service_linked_role(service).await;
            }
            Resource::ProfileRole { profile, role } => self.add_role(profile, role).await,
            Resource::UserAttachment { user, attached, .. } => {
                self.change_tags(Tagged::User(user), &Tags::new(), &all_tags(object)).await?;
                if *attached { self.put_link(&object.resource).await } else { Ok(()) }
            }
            Resource::User { .. }
            | Resource::RoleAttachment { .. }
            | Resource::RoleInline { .. }
            | Resource::GroupAttachment { .. }
            | Resource::GroupInline { .. }
            | Resource::GroupMember { .. } => self.put_link(&object.resource).await,
        };
        match created {
            Ok(()) => Ok(Applied::Now),
            Err(error) if error.code == "EntityAlreadyExists" => {
                self.was_made_before(object, error).await
            }
            Err(error) => Err(error),
        }
    }

    /// The name is taken: by an earlier delivery of the same request, whose answer was lost, or
    /// by somebody else since we looked.
    async fn was_made_before(
        &self,
        object: &Object,
        error: CallError,
    ) -> Result<Applied, CallError> {
        let id = object.resource.id();
        let mut resource = object.resource.clone();
        let tag_keys = resource.tags_mut().map(|tags| tags.keys().cloned().collect());
        let scope = Scope {
            ids: [id.clone()].into(),
            paths: object.resource.path().map(str::to_owned).into_iter().collect(),
            tag_keys: tag_keys.unwrap_or_default(),
            ..Scope::default()
        };
        match self.observe(&scope).await?.get(&id) {
            Some(there) if there.owners.is_superset(&object.owners) => {
                let after = Object { owners: there.owners.clone(), ..object.clone() };
                self.update(there, &after).await?;
                Ok(Applied::Before)
            }
            there => {
                let owners = there.into_iter().flat_map(|there| &there.owners);
                let owners: Vec<&str> = owners.map(Owner::label).collect();
                let whose = if there.is_none() {
                    "is there at another path, or was deleted again".to_owned()
                } else if owners.is_empty() {
                    "was not made by a preset".to_owned()
                } else {
                    format!("belongs to {}", owners.join(" and "))
                };
                Err(CallError { message: format!("{} ({id} {whose})", error.message), ..error })
            }
        }
    }

    async fn create_role(&self, object: &Object, role: &Role) -> Result<(), CallError> {
        let call = self
            .client
            .create_role()
            .role_name(&role.name)
            .path(&role.path)
            .description(&role.description)
            .assume_role_policy_document(role.trust.to_json())
            .max_session_duration(role.max_session_duration)
            .set_permissions_boundary(role.permissions_boundary.clone())
            .set_tags(Some(sdk_tags(&all_tags(object))))
            .send();
        self.call(Action::CreateRole, &role.name, call).await.map(drop)
    }

    async fn create_policy(&self, object: &Object, policy: &Policy) -> Result<(), CallError> {
        let call = self
            .client
            .create_policy()
            .policy_name(&policy.name)
            .path(&policy.path)
            .description(&policy.description)
            .policy_document(policy.document.to_json())
            .set_tags(Some(sdk_tags(&all_tags(object))))
            .send();
        self.call(Action::CreatePolicy, &policy.name, call).await.map(drop)
    }

    async fn create_service_linked_role(&self, service: &str) -> Result<Applied, CallError> {
        let call = self.client.create_service_linked_role().aws_service_name(service).send();
        match self.call(Action::CreateServiceLinkedRole, service, call).await {
            Ok(_) => Ok(Applied::Now),
            Err(error) if error.code == "EntityAlreadyExists" => Ok(Applied::Before),
            // IAM's way to say that it exists; other invalid input is a mistake.
            Err(error)
                if error.code == "InvalidInput"
                    && error.message.contains("has been taken in this account") =>
            {
                Ok(Applied::Before)
            }
            Err(error) => Err(error),
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

    /// Makes a link or writes it anew; IAM takes both for the same.
    async fn put_link(&self, link: &Resource) -> Result<(), CallError> {
        match link {
            Resource::RoleAttachment { role, policy_arn } => {
                let call =
                    self.client.attach_role_policy().role_name(role).policy_arn(policy_arn).send();
                self.call(Action::AttachRolePolicy, role, call).await.map(drop)
            }
            Resource::RoleInline { role, name, document } => {
                let call = self.client.put_role_policy().role_name(role).policy_name(name);
                let call = call.policy_document(document.to_json()).send();
                self.call(Action::PutRolePolicy, role, call).await.map(drop)
            }
            Resource::GroupAttachment { group, policy_arn } => {
                let call = self
                    .client
                    .attach_group_policy()
                    .group_name(group)
                    .policy_arn(policy_arn)
                    .send();
                self.call(Action::AttachGroupPolicy, group, call).await.map(drop)
            }
            Resource::GroupInline { group, name, document } => {
                let call = self.client.put_group_policy().group_name(group).policy_name(name);
                let call = call.policy_document(document.to_json()).send();
                self.call(Action::PutGroupPolicy, group, call).await.map(drop)
            }
            Resource::GroupMember { group, user } => {
                let call = self.client.add_user_to_group().group_name(group).user_name(user).send();
                self.call(Action::AddUserToGroup, group, call).await.map(drop)
            }
            Resource::UserAttachment { user, policy_arn, .. } => {
                let call =
                    self.client.attach_user_policy().user_name(user).policy_arn(policy_arn).send();
                self.call(Action::AttachUserPolicy, user, call).await.map(drop)
            }
            // Not links, or none that can be written anew.
            Resource::ServiceLinkedRole { .. }
            | Resource::User { .. }
            | Resource::Policy(_)
            | Resource::Role(_)
            | Resource::Group { .. }
            | Resource::InstanceProfile { .. }
            | Resource::ProfileRole { .. } => Ok(()),
        }
    }

    pub(super) async fn update(&self, before: &Object, after: &Object) -> Result<(), CallError> {
        let (old_tags, new_tags) = (all_tags(before), all_tags(after));
        match (&before.resource, &after.resource) {
            (Resource::Role(old), Resource::Role(new)) => {
                self.update_role(old, new).await?;
                self.change_tags(Tagged::Role(&new.name), &old_tags, &new_tags).await
            }
            (Resource::Policy(old), Resource::Policy(new)) => {
                let arn = self.account.policy_arn(&old.path, &old.name);
                if old.document != new.document {
                    self.write_policy_version(&arn, new).await?;
                }
                self.change_tags(Tagged::Policy(&arn), &old_tags, &new_tags).await
            }
            (_, Resource::InstanceProfile { name, .. }) => {
                self.change_tags(Tagged::InstanceProfile(name), &old_tags, &new_tags).await
            }
            (
                Resource::UserAttachment { attached: was, .. },
                Resource::UserAttachment { user, attached, .. },
            ) => {
                if *was && !attached {
                    found(self.detach_user_policy(&after.resource).await)?;
                }
                self.change_tags(Tagged::User(user), &old_tags, &new_tags).await?;
                // Who joins attaches, though the policy was there: who had it may be letting go.
                let joins = after.owners.difference(&before.owners).next().is_some();
                if *attached && (!was || joins) {
                    self.put_link(&after.resource).await
                } else {
                    Ok(())
                }
            }
            (_, link) => self.put_link(link).await,
        }
    }

    async fn update_role(&self, old: &Role, new: &Role) -> Result<(), CallError> {
        let name = &new.name;
        // First of all, for an operator may allow no change of a role without it.
        if let Some(arn) = &new.permissions_boundary
            && old.permissions_boundary != new.permissions_boundary
        {
            let call = self.client.put_role_permissions_boundary().role_name(name);
            let call = call.permissions_boundary(arn).send();
            self.call(Action::PutRolePermissionsBoundary, name, call).await?;
        }
        if old.trust != new.trust {
            let call = self.client.update_assume_role_policy().role_name(name);
            let call = call.policy_document(new.trust.to_json()).send();
            self.call(Action::UpdateAssumeRolePolicy, name, call).await?;
        }
        if (&old.description, old.max_session_duration)
            != (&new.description, new.max_session_duration)
        {
            // What is left out stays as it is, so both are always given.
            let call = self.client.update_role().role_name(name).description(&new.description);
            let call = call.max_session_duration(new.max_session_duration).send();
            self.call(Action::UpdateRole, name, call).await?;
        }
        if new.permissions_boundary.is_none() && old.permissions_boundary.is_some() {
            let call = self.client.delete_role_permissions_boundary().role_name(name).send();
            found(self.call(Action::DeleteRolePermissionsBoundary, name, call).await)?;
        }
        Ok(())
    }

    /// Writes the document as the default version, in the place of the oldest one if need be;
    /// once more if somebody else took the place meanwhile.
    async fn write_policy_version(&self, arn: &str, policy: &Policy) -> Result<(), CallError> {
        match self.replace_oldest_version(arn, policy).await {
            Err(error) if error.code == "LimitExceeded" => {
                self.replace_oldest_version(arn, policy).await
            }
            result => result,
        }
    }

    async fn replace_oldest_version(&self, arn: &str, policy: &Policy) -> Result<(), CallError> {
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
        let call = call.policy_document(policy.document.to_json()).set_as_default(true).send();
        self.call(Action::CreatePolicyVersion, arn, call).await.map(drop)
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

    async fn detach_user_policy(&self, link: &Resource) -> Result<(), CallError> {
        let Resource::UserAttachment { user, policy_arn, .. } = link else { return Ok(()) };
        let call = self.client.detach_user_policy().user_name(user).policy_arn(policy_arn).send();
        self.call(Action::DetachUserPolicy, user, call).await.map(drop)
    }

    pub(super) async fn delete(&self, object: &Object) -> Result<Applied, CallError> {
        match &object.resource {
            Resource::Role(Role { name, .. }) => {
                let call = self.client.delete_role().role_name(name).send();
                gone(self.call(Action::DeleteRole, name, call).await)
            }
            Resource::Policy(policy) => {
                let arn = self.account.policy_arn(&policy.path, &policy.name);
                let versions = self.policy_versions(&arn).await?;
                for version in versions.iter().filter(|version| !version.is_default_version) {
                    self.delete_policy_version(&arn, version).await?;
                }
                let call = self.client.delete_policy().policy_arn(&arn).send();
                gone(self.call(Action::DeletePolicy, &arn, call).await)
            }
            Resource::Group { name, .. } => {
                let call = self.client.delete_group().group_name(name).send();
                gone(self.call(Action::DeleteGroup, name, call).await)
            }
            Resource::InstanceProfile { name, .. } => {
                let call = self.client.delete_instance_profile().instance_profile_name(name).send();
                gone(self.call(Action::DeleteInstanceProfile, name, call).await)
            }
            Resource::RoleAttachment { role, policy_arn } => {
                let call =
                    self.client.detach_role_policy().role_name(role).policy_arn(policy_arn).send();
                gone(self.call(Action::DetachRolePolicy, role, call).await)
            }
            Resource::RoleInline { role, name, .. } => {
                let call =
                    self.client.delete_role_policy().role_name(role).policy_name(name).send();
                gone(self.call(Action::DeleteRolePolicy, role, call).await)
            }
            Resource::GroupAttachment { group, policy_arn } => {
                let call = self
                    .client
                    .detach_group_policy()
                    .group_name(group)
                    .policy_arn(policy_arn)
                    .send();
                gone(self.call(Action::DetachGroupPolicy, group, call).await)
            }
            Resource::GroupInline { group, name, .. } => {
                let call =
                    self.client.delete_group_policy().group_name(group).policy_name(name).send();
                gone(self.call(Action::DeleteGroupPolicy, group, call).await)
            }
            Resource::GroupMember { group, user } => {
                let call =
                    self.client.remove_user_from_group().group_name(group).user_name(user).send();
                gone(self.call(Action::RemoveUserFromGroup, group, call).await)
            }
            Resource::UserAttachment { user, attached, .. } => {
                let detached = if *attached {
                    gone(self.detach_user_policy(&object.resource).await)?
                } else {
                    Applied::Now
                };
                found(self.change_tags(Tagged::User(user), &all_tags(object), &Tags::new()).await)?;
                Ok(detached)
            }
            Resource::ProfileRole { profile, role } => {
                let call = self.client.remove_role_from_instance_profile();
                let call = call.instance_profile_name(profile).role_name(role).send();
                gone(self.call(Action::RemoveRoleFromInstanceProfile, profile, call).await)
            }
            // Everybody's: ensured, never deleted.
            Resource::ServiceLinkedRole { .. } | Resource::User { .. } => Ok(Applied::Before),
        }
    }
}
