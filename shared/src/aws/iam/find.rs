//! Finds the objects that carry an owner's mark, under any present name: a user or a group may have
//! been renamed, and a request may bring other names than those under which objects were made.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types::{EntityType, GroupDetail, PolicyScopeType, RoleDetail, UserDetail};
use futures_util::future::join_all;

use super::{Iam, found, owners_of};
use crate::actions::Action;
use crate::cloud::{CallError, Found};
use crate::plan::Scope;
use crate::state::{Id, Kind, Owner, PolicyDocument};

/// As many as IAM gives in one page.
pub(super) const PAGE: i32 = 1000;

impl Iam {
    pub(super) async fn marked(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        let mut marked = Found::default();
        let mut policies = Vec::new();
        use EntityType::{Group, LocalManagedPolicy, Role, User};
        for page in self.listing([User, Group, Role, LocalManagedPolicy].into()).await? {
            let users = page.user_detail_list().iter();
            marked.ids.extend(users.flat_map(|user| attachments(user, me, scope)));
            let groups = page.group_detail_list().iter();
            marked.ids.extend(groups.filter_map(|group| own_group(group, me)));
            let roles = page.role_detail_list().iter();
            marked.ids.extend(roles.filter_map(|role| own_role(role, me)));
            let local = page.policies.unwrap_or_default().into_iter();
            policies.extend(local.filter_map(|policy| {
                Some((policy.arn?, policy.policy_name?, policy.path.unwrap_or("/".to_owned())))
            }));
        }
        for (name, path) in self.own_policies(me, policies).await? {
            marked.ids.insert(Id::node(Kind::Policy, name));
            marked.paths.insert(path);
        }
        marked.ids.extend(self.own_instance_profiles(me).await?);
        Ok(marked)
    }

    /// The pages of a listing of the account, with these kinds of objects.
    pub(super) async fn listing(
        &self,
        kinds: Vec<EntityType>,
    ) -> Result<Vec<GetAccountAuthorizationDetailsOutput>, CallError> {
        let details = self.client.get_account_authorization_details();
        let pages = details.set_filter(Some(kinds)).max_items(PAGE).into_paginator();
        let call = pages.send().collect::<Result<Vec<_>, _>>();
        let call = self.call(Action::GetAccountAuthorizationDetails, "the account", call);
        Ok(found(call.await)?.unwrap_or_default())
    }

    /// The names and paths of those that carry the mark: only the policy itself shows its tags.
    async fn own_policies(
        &self,
        me: &Owner,
        policies: Vec<(String, String, String)>,
    ) -> Result<Vec<(String, String)>, CallError> {
        let reads = policies.into_iter().map(|(arn, name, path)| async move {
            let call = self.client.get_policy().policy_arn(&arn).send();
            let output = match self.call(Action::GetPolicy, &arn, call).await {
                // Where a policy denies the read explicitly, the object counts as that of another
                // owner.
                Err(error) if error.message.contains("explicit deny") => None,
                output => found(output)?,
            };
            let policy = output.and_then(|output| output.policy);
            let own = policy.is_some_and(|policy| owners_of(policy.tags()).contains(me));
            Ok(own.then_some((name, path)))
        });
        super::present(join_all(reads).await)
    }

    async fn own_instance_profiles(&self, me: &Owner) -> Result<Vec<Id>, CallError> {
        let pages = self.client.list_instance_profiles().max_items(PAGE).into_paginator();
        let call = pages.items().send().collect::<Result<Vec<_>, _>>();
        let profiles = found(self.call(Action::ListInstanceProfiles, "the account", call).await)?;
        let reads = profiles.unwrap_or_default().into_iter().map(|profile| async move {
            let name = profile.instance_profile_name;
            let call = self.client.get_instance_profile().instance_profile_name(&name).send();
            let output = found(self.call(Action::GetInstanceProfile, &name, call).await)?;
            let profile = output.and_then(|output| output.instance_profile);
            let own = profile.is_some_and(|profile| owners_of(profile.tags()).contains(me));
            Ok(own.then_some(Id::node(Kind::InstanceProfile, name)))
        });
        super::present(join_all(reads).await)
    }

    pub(super) async fn all_role_arns(&self) -> Result<Vec<String>, CallError> {
        let pages = self.client.list_roles().max_items(PAGE).into_paginator();
        let call = pages.items().send().collect::<Result<Vec<_>, _>>();
        let roles = found(self.call(Action::ListRoles, "the account", call).await)?;
        Ok(roles.unwrap_or_default().into_iter().map(|role| role.arn).collect())
    }

    pub(super) async fn all_policy_paths(&self) -> Result<BTreeMap<Id, String>, CallError> {
        let pages = self.client.list_policies().scope(PolicyScopeType::Local).max_items(PAGE);
        let call = pages.into_paginator().items().send().collect::<Result<Vec<_>, _>>();
        let policies = found(self.call(Action::ListPolicies, "the account", call).await)?;
        let named = |policy: aws_sdk_iam::types::Policy| {
            let path = policy.path.unwrap_or("/".to_owned());
            Some((Id::node(Kind::Policy, policy.policy_name?), path))
        };
        Ok(policies.unwrap_or_default().into_iter().filter_map(named).collect())
    }

    pub(super) async fn policy_documents(
        &self,
        policy_arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, PolicyDocument>, CallError> {
        let reads = policy_arns.iter().map(|arn| async move {
            let call = self.client.get_policy().policy_arn(arn).send();
            let output = found(self.call(Action::GetPolicy, arn, call).await)?;
            let Some(policy) = output.and_then(|output| output.policy) else { return Ok(None) };
            let version = policy.default_version_id().unwrap_or_default();
            Ok(Some((arn.clone(), self.policy_document(arn, version).await?)))
        });
        Ok(super::present(join_all(reads).await)?.into_iter().collect())
    }
}

/// The policies that `me` gave to this user: a mark names a policy by a digest, so those are
/// tried that the user has, and those that a preset gives.
fn attachments(user: &UserDetail, me: &Owner, scope: &Scope) -> Vec<Id> {
    let Some(name) = user.user_name() else { return Vec::new() };
    let attached = user.attached_managed_policies().iter();
    let attached = attached.filter_map(|policy| policy.policy_arn().map(str::to_owned));
    let given = scope.ids.iter().filter(|id| id.kind == Kind::UserAttachment);
    let arns: BTreeSet<String> = attached.chain(given.filter_map(|id| id.part.clone())).collect();
    let is_mine = |arn: &String| {
        user.tags()
            .iter()
            .any(|tag| Owner::from_attached_tag(arn, tag.key(), tag.value()).as_ref() == Some(me))
    };
    let mine = arns.into_iter().filter(is_mine);
    mine.map(|arn| Id::link(Kind::UserAttachment, name, arn)).collect()
}

fn own_group(group: &GroupDetail, me: &Owner) -> Option<Id> {
    let owner = Owner::from_group_path(group.path()?)?;
    (owner == *me).then(|| Some(Id::node(Kind::Group, group.group_name()?))).flatten()
}

fn own_role(role: &RoleDetail, me: &Owner) -> Option<Id> {
    owners_of(role.tags())
        .contains(me)
        .then(|| Some(Id::node(Kind::Role, role.role_name()?)))
        .flatten()
}
