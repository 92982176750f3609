//! Reads the owners of existing objects, and no other field.

use futures_util::future::join_all;

use super::{Iam, found, owners_of, present};
use crate::actions::Action;
use crate::cloud::{CallError, Marks};
use crate::plan::Scope;
use crate::state::{Id, Kind, Owner, Owners, compare_names};

impl Iam {
    /// Reads the owners of one object, or of the claims on a user.
    pub(super) async fn marks_of(&self, id: &Id, scope: &Scope) -> Result<Marks, CallError> {
        let name = id.name.as_str();
        let owners = match id.kind {
            Kind::User => return self.claims_on(name, scope).await,
            Kind::Policy => {
                let reads = scope.paths.iter().map(|path| self.policy_owners(path, name));
                present(join_all(reads).await)?.pop()
            }
            Kind::Role => self.get_role(name).await?.map(|role| owners_of(role.tags())),
            Kind::InstanceProfile => {
                let call = self.client.get_instance_profile().instance_profile_name(name).send();
                let output = found(self.call(Action::GetInstanceProfile, name, call).await)?;
                let profile = output.and_then(|output| output.instance_profile);
                profile.map(|profile| owners_of(profile.tags()))
            }
            Kind::Group => {
                let call = self.client.get_group().group_name(name).send();
                let output = found(self.call(Action::GetGroup, name, call).await)?;
                let group = output.and_then(|output| output.group);
                group.map(|group| Owner::from_group_path(group.path()).into_iter().collect())
            }
            Kind::ServiceLinkedRole
            | Kind::RoleAttachment
            | Kind::RoleInline
            | Kind::GroupAttachment
            | Kind::GroupInline
            | Kind::GroupMember
            | Kind::UserAttachment
            | Kind::ProfileRole => None,
        };
        Ok(owners.map(|owners| (id.clone(), owners)).into_iter().collect())
    }

    async fn policy_owners(&self, path: &str, name: &str) -> Result<Option<Owners>, CallError> {
        let arn = self.account.policy_arn(path, name);
        let call = self.client.get_policy().policy_arn(&arn).send();
        let output = found(self.call(Action::GetPolicy, &arn, call).await)?;
        let policy = output.and_then(|output| output.policy);
        Ok(policy.map(|policy| owners_of(policy.tags())))
    }

    async fn claims_on(&self, name: &str, scope: &Scope) -> Result<Marks, CallError> {
        let tags = self.client.list_user_tags().user_name(name).into_paginator();
        let tags = tags.items().send().collect::<Result<Vec<_>, _>>();
        let tags = found(self.call(Action::ListUserTags, name, tags).await)?.unwrap_or_default();
        let of_user =
            |id: &&Id| id.kind == Kind::UserAttachment && compare_names(&id.name, name).is_eq();
        let claims = scope.ids.iter().filter(of_user).filter_map(|id| {
            let policy_arn = id.part.as_deref()?;
            let owner = |tag: &aws_sdk_iam::types::Tag| {
                Owner::from_attached_tag(policy_arn, tag.key(), tag.value())
            };
            let owners: Owners = tags.iter().filter_map(owner).collect();
            (!owners.is_empty()).then(|| (id.clone(), owners))
        });
        Ok(claims.collect())
    }
}
