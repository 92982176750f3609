//! Lists the owners of objects in the account, by the objects' marks.

use std::collections::BTreeSet;

use aws_sdk_iam::types::EntityType;
use futures_util::future::join_all;

use super::find::PAGE;
use super::{Iam, found, owners_of};
use crate::actions::Action;
use crate::cloud::CallError;
use crate::state::{Id, Kind, Owner, Owners};

impl Iam {
    /// The owners of roles, groups, policies and instance profiles: a listing of the account, and
    /// a call for each policy and instance profile, which alone show their tags.
    pub(super) async fn all_owners(&self) -> Result<Owners, CallError> {
        use EntityType::{Group, LocalManagedPolicy, Role};
        let (mut owners, mut of_groups) = (Owners::new(), Owners::new());
        let mut policies = Vec::new();
        for page in self.listing([Group, Role, LocalManagedPolicy].into()).await? {
            let roles = page.role_detail_list().iter();
            roles.for_each(|role| add(&mut owners, owners_of(role.tags())));
            let paths = page.group_detail_list().iter().filter_map(|group| group.path());
            of_groups.extend(paths.filter_map(Owner::from_group_path));
            policies.extend(page.policies.unwrap_or_default().into_iter().filter_map(|it| it.arn));
        }
        for tagged in join_all(policies.iter().map(|arn| self.owners_of_policy(arn))).await {
            add(&mut owners, tagged?);
        }
        add(&mut owners, self.owners_of_profiles().await?);
        // A tag says more of an owner than a group's path.
        add(&mut owners, of_groups);
        Ok(owners)
    }

    /// Users, groups and roles, as IAM spells them.
    pub(super) async fn all_names(&self) -> Result<BTreeSet<Id>, CallError> {
        use EntityType::{Group, Role, User};
        let mut names = BTreeSet::new();
        for page in self.listing([User, Group, Role].into()).await? {
            let users = page.user_detail_list().iter().filter_map(|it| it.user_name());
            names.extend(users.map(|name| Id::node(Kind::User, name)));
            let groups = page.group_detail_list().iter().filter_map(|it| it.group_name());
            names.extend(groups.map(|name| Id::node(Kind::Group, name)));
            let roles = page.role_detail_list().iter().filter_map(|it| it.role_name());
            names.extend(roles.map(|name| Id::node(Kind::Role, name)));
        }
        Ok(names)
    }

    async fn owners_of_policy(&self, arn: &str) -> Result<Owners, CallError> {
        let call = self.client.get_policy().policy_arn(arn).send();
        let output = match self.call(Action::GetPolicy, arn, call).await {
            // Where a policy denies the read explicitly, the object counts as unowned.
            Err(error) if error.message.contains("explicit deny") => None,
            output => found(output)?,
        };
        let policy = output.and_then(|output| output.policy);
        Ok(policy.map(|policy| owners_of(policy.tags())).unwrap_or_default())
    }

    async fn owners_of_profiles(&self) -> Result<Owners, CallError> {
        let pages = self.client.list_instance_profiles().max_items(PAGE).into_paginator();
        let call = pages.items().send().collect::<Result<Vec<_>, _>>();
        let profiles = found(self.call(Action::ListInstanceProfiles, "the account", call).await)?;
        let reads = profiles.unwrap_or_default().into_iter().map(|profile| async move {
            let name = profile.instance_profile_name;
            let call = self.client.get_instance_profile().instance_profile_name(&name).send();
            let output = found(self.call(Action::GetInstanceProfile, &name, call).await)?;
            let profile = output.and_then(|output| output.instance_profile);
            Ok(profile.map(|profile| owners_of(profile.tags())).unwrap_or_default())
        });
        let owners =
            join_all(reads).await.into_iter().collect::<Result<Vec<Owners>, CallError>>()?;
        Ok(owners.into_iter().flatten().collect())
    }
}

/// Adds owners. A mark that names stack and logical id whole stands instead of one that was cut.
fn add(owners: &mut Owners, more: Owners) {
    for owner in more {
        if owner.stack_and_logical_id().is_some() {
            owners.replace(owner);
        } else {
            owners.insert(owner);
        }
    }
}
