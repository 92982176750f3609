//! Reads existing objects. Lists are read to their last page.

use std::collections::BTreeSet;

use aws_sdk_iam::types::{AttachedPolicy, InstanceProfile, SummaryKeyType};
use futures_util::future::{join_all, try_join, try_join3};

use super::{Iam, found, owners_of, present, tags_of};
use crate::actions::Action;
use crate::cloud::CallError;
use crate::plan::{Attachable, Scope};
use crate::state::{
    Id, Kind, Object, Owner, Owners, Policy, PolicyDocument, Resource, Role, compare_names,
};

type Objects = Result<Vec<Object>, CallError>;

impl Iam {
    /// Reads one object and its links. Links are read with their parent.
    pub(super) async fn read(&self, id: &Id, scope: &Scope) -> Objects {
        match id.kind {
            Kind::ServiceLinkedRole => self.service_linked_role(&id.name).await,
            Kind::User => self.user(&id.name, scope).await,
            Kind::Policy => self.policy(&id.name, scope).await,
            Kind::Role => self.role(&id.name).await,
            Kind::Group => self.group(&id.name).await,
            Kind::InstanceProfile => self.instance_profile(&id.name).await,
            Kind::RoleAttachment
            | Kind::RoleInline
            | Kind::GroupAttachment
            | Kind::GroupInline
            | Kind::GroupMember
            | Kind::UserAttachment
            | Kind::ProfileRole => Ok(Vec::new()),
        }
    }

    pub(super) async fn get_role(
        &self,
        name: &str,
    ) -> Result<Option<aws_sdk_iam::types::Role>, CallError> {
        let call = self.client.get_role().role_name(name).send();
        let output = found(self.call(Action::GetRole, name, call).await)?;
        Ok(output.and_then(|output| output.role))
    }

    async fn service_linked_role(&self, name: &str) -> Objects {
        let Some(role) = self.get_role(name).await? else { return Ok(Vec::new()) };
        let service =
            role.path().trim_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
        let name = name.to_owned();
        Ok(vec![Object::unowned(Resource::ServiceLinkedRole { name, service })])
    }

    async fn role(&self, name: &str) -> Objects {
        let Some(role) = self.get_role(name).await? else { return Ok(Vec::new()) };
        let (attached, inline, profiles) = try_join3(
            self.attached_role_policies(name),
            self.role_inline_policies(name),
            self.instance_profiles_of_role(name),
        )
        .await?;
        let boundary = role.permissions_boundary().and_then(|it| it.permissions_boundary_arn());
        let node = Resource::Role(Role {
            name: role.role_name().to_owned(),
            path: role.path().to_owned(),
            description: role.description().unwrap_or_default().to_owned(),
            trust: PolicyDocument::from_api(role.assume_role_policy_document().unwrap_or_default()),
            max_session_duration: role.max_session_duration().unwrap_or(3600),
            permissions_boundary: boundary.map(str::to_owned),
            tags: tags_of(role.tags()),
        });
        let mut objects = vec![owned(node, owners_of(role.tags()))];
        objects.extend(arns(attached).map(|policy_arn| {
            Object::unowned(Resource::RoleAttachment { role: name.to_owned(), policy_arn })
        }));
        objects.extend(inline.into_iter().map(|(policy, document)| {
            let role = name.to_owned();
            Object::unowned(Resource::RoleInline { role, name: policy, document })
        }));
        objects.extend(profiles.into_iter().map(|profile| {
            let profile = profile.instance_profile_name;
            Object::unowned(Resource::ProfileRole { profile, role: name.to_owned() })
        }));
        Ok(objects)
    }

    async fn attached_role_policies(&self, role: &str) -> Result<Vec<AttachedPolicy>, CallError> {
        let pages = self.client.list_attached_role_policies().role_name(role).into_paginator();
        let call = pages.items().send().collect::<Result<Vec<_>, _>>();
        Ok(found(self.call(Action::ListAttachedRolePolicies, role, call).await)?
            .unwrap_or_default())
    }

    async fn role_inline_policies(
        &self,
        role: &str,
    ) -> Result<Vec<(String, PolicyDocument)>, CallError> {
        let pages = self.client.list_role_policies().role_name(role).into_paginator();
        let call = pages.items().send().collect::<Result<Vec<_>, _>>();
        let names =
            found(self.call(Action::ListRolePolicies, role, call).await)?.unwrap_or_default();
        let reads = names.into_iter().map(|name| async move {
            let call = self.client.get_role_policy().role_name(role).policy_name(&name).send();
            let output = found(self.call(Action::GetRolePolicy, role, call).await)?;
            Ok(output.map(|output| (name, PolicyDocument::from_api(output.policy_document()))))
        });
        present(join_all(reads).await)
    }

    async fn instance_profiles_of_role(
        &self,
        role: &str,
    ) -> Result<Vec<InstanceProfile>, CallError> {
        let pages = self.client.list_instance_profiles_for_role().role_name(role).into_paginator();
        let call = pages.items().send().collect::<Result<Vec<_>, _>>();
        Ok(found(self.call(Action::ListInstanceProfilesForRole, role, call).await)?
            .unwrap_or_default())
    }

    async fn policy(&self, name: &str, scope: &Scope) -> Objects {
        let reads = scope.paths.iter().map(|path| self.policy_at(path, name));
        Ok(present(join_all(reads).await)?.into_iter().flatten().collect())
    }

    async fn policy_at(&self, path: &str, name: &str) -> Result<Option<Vec<Object>>, CallError> {
        let arn = self.account.policy_arn(path, name);
        let call = self.client.get_policy().policy_arn(&arn).send();
        let output = found(self.call(Action::GetPolicy, &arn, call).await)?;
        let Some(policy) = output.and_then(|output| output.policy) else { return Ok(None) };
        let version = policy.default_version_id().unwrap_or_default();
        let (document, uses) =
            try_join(self.policy_document(&arn, version), self.policy_uses(&arn)).await?;
        let node = Resource::Policy(Policy {
            name: policy.policy_name().unwrap_or(name).to_owned(),
            path: path.to_owned(),
            description: policy.description().unwrap_or_default().to_owned(),
            document,
            tags: tags_of(policy.tags()),
        });
        let mut objects = vec![owned(node, owners_of(policy.tags()))];
        objects.extend(uses.into_iter().map(Object::unowned));
        Ok(Some(objects))
    }

    pub(super) async fn policy_document(
        &self,
        arn: &str,
        version: &str,
    ) -> Result<PolicyDocument, CallError> {
        let call = self.client.get_policy_version().policy_arn(arn).version_id(version).send();
        let output = found(self.call(Action::GetPolicyVersion, arn, call).await)?;
        let version = output.and_then(|output| output.policy_version);
        let text = version.and_then(|version| version.document);
        Ok(PolicyDocument::from_api(&text.unwrap_or_default()))
    }

    /// Reads every user, group and role to which the policy is attached.
    async fn policy_uses(&self, arn: &str) -> Result<Vec<Resource>, CallError> {
        let pages = self.client.list_entities_for_policy().policy_arn(arn).into_paginator();
        let call = pages.send().collect::<Result<Vec<_>, _>>();
        let pages = found(self.call(Action::ListEntitiesForPolicy, arn, call).await)?;
        let mut uses = Vec::new();
        for page in pages.unwrap_or_default() {
            let policy_arn = || arn.to_owned();
            let roles = page.policy_roles().iter().filter_map(|role| role.role_name());
            uses.extend(roles.map(|role| Resource::RoleAttachment {
                role: role.to_owned(),
                policy_arn: policy_arn(),
            }));
            let groups = page.policy_groups().iter().filter_map(|group| group.group_name());
            uses.extend(groups.map(|group| Resource::GroupAttachment {
                group: group.to_owned(),
                policy_arn: policy_arn(),
            }));
            let users = page.policy_users().iter().filter_map(|user| user.user_name());
            uses.extend(users.map(|user| Resource::UserAttachment {
                user: user.to_owned(),
                policy_arn: policy_arn(),
                attached: true,
            }));
        }
        Ok(uses)
    }

    async fn group(&self, name: &str) -> Objects {
        let pages = self.client.get_group().group_name(name).into_paginator();
        let call = pages.send().collect::<Result<Vec<_>, _>>();
        let pages = found(self.call(Action::GetGroup, name, call).await)?.unwrap_or_default();
        let Some(group) = pages.first().and_then(|page| page.group()) else {
            return Ok(Vec::new());
        };
        let (attached, inline) =
            try_join(self.attached_group_policies(name), self.group_inline_policies(name)).await?;
        let (spelled, path) = (group.group_name().to_owned(), group.path().to_owned());
        let node = Resource::Group { name: spelled, path };
        let owner = Owner::from_group_path(group.path());
        let mut objects = vec![owned(node, owner.into_iter().collect())];
        let users = pages.iter().flat_map(|page| page.users());
        objects.extend(users.map(|user| {
            let user = user.user_name().to_owned();
            Object::unowned(Resource::GroupMember { group: name.to_owned(), user })
        }));
        objects.extend(arns(attached).map(|policy_arn| {
            Object::unowned(Resource::GroupAttachment { group: name.to_owned(), policy_arn })
        }));
        objects.extend(inline.into_iter().map(|(policy, document)| {
            let group = name.to_owned();
            Object::unowned(Resource::GroupInline { group, name: policy, document })
        }));
        Ok(objects)
    }

    async fn attached_group_policies(&self, group: &str) -> Result<Vec<AttachedPolicy>, CallError> {
        let pages = self.client.list_attached_group_policies().group_name(group).into_paginator();
        let call = pages.items().send().collect::<Result<Vec<_>, _>>();
        Ok(found(self.call(Action::ListAttachedGroupPolicies, group, call).await)?
            .unwrap_or_default())
    }

    async fn group_inline_policies(
        &self,
        group: &str,
    ) -> Result<Vec<(String, PolicyDocument)>, CallError> {
        let pages = self.client.list_group_policies().group_name(group).into_paginator();
        let call = pages.items().send().collect::<Result<Vec<_>, _>>();
        let names =
            found(self.call(Action::ListGroupPolicies, group, call).await)?.unwrap_or_default();
        let reads = names.into_iter().map(|name| async move {
            let call = self.client.get_group_policy().group_name(group).policy_name(&name).send();
            let output = found(self.call(Action::GetGroupPolicy, group, call).await)?;
            Ok(output.map(|output| (name, PolicyDocument::from_api(output.policy_document()))))
        });
        present(join_all(reads).await)
    }

    async fn instance_profile(&self, name: &str) -> Objects {
        let call = self.client.get_instance_profile().instance_profile_name(name).send();
        let output = found(self.call(Action::GetInstanceProfile, name, call).await)?;
        let Some(profile) = output.and_then(|output| output.instance_profile) else {
            return Ok(Vec::new());
        };
        let node = Resource::InstanceProfile {
            name: profile.instance_profile_name().to_owned(),
            path: profile.path().to_owned(),
            tags: tags_of(profile.tags()),
        };
        let mut objects = vec![owned(node, owners_of(profile.tags()))];
        objects.extend(profile.roles().iter().map(|role| {
            let role = role.role_name().to_owned();
            Object::unowned(Resource::ProfileRole { profile: name.to_owned(), role })
        }));
        Ok(objects)
    }

    /// Reads a user's managed policies, because IAM counts them; the owners only of those that a
    /// preset can attach.
    async fn user(&self, name: &str, scope: &Scope) -> Objects {
        let attached = self.client.list_attached_user_policies().user_name(name).into_paginator();
        let attached = attached.items().send().collect::<Result<Vec<_>, _>>();
        let tags = self.client.list_user_tags().user_name(name).into_paginator();
        let tags = tags.items().send().collect::<Result<Vec<_>, _>>();
        let both = try_join(
            self.call(Action::ListAttachedUserPolicies, name, attached),
            self.call(Action::ListUserTags, name, tags),
        );
        let Some((attached, tags)) = found(both.await)? else { return Ok(Vec::new()) };
        let attached: BTreeSet<String> = arns(attached).collect();
        let mut objects = vec![Object::unowned(Resource::User { name: name.to_owned() })];
        let of_user =
            |id: &&Id| id.kind == Kind::UserAttachment && compare_names(&id.name, name).is_eq();
        let ours = scope.ids.iter().filter(of_user).filter_map(|id| id.part.clone());
        let ours: BTreeSet<String> = ours.collect();
        objects.extend(attached.difference(&ours).map(|policy_arn| {
            let (user, policy_arn) = (name.to_owned(), policy_arn.clone());
            Object::unowned(Resource::UserAttachment { user, policy_arn, attached: true })
        }));
        for policy_arn in ours {
            let owner = |tag: &aws_sdk_iam::types::Tag| {
                Owner::from_attached_tag(&policy_arn, tag.key(), tag.value())
            };
            let owners: Owners = tags.iter().filter_map(owner).collect();
            let attached = attached.contains(&policy_arn);
            if attached || !owners.is_empty() {
                let user = name.to_owned();
                objects
                    .push(owned(Resource::UserAttachment { user, policy_arn, attached }, owners));
            }
        }
        Ok(objects)
    }

    /// Reads the account's quotas of managed policies on one user, group or role.
    pub(super) async fn policies_per_holder(&self) -> Result<Attachable, CallError> {
        let call = self.client.get_account_summary().send();
        let output = self.call(Action::GetAccountSummary, "the account", call).await?;
        let summary = output.summary_map.unwrap_or_default();
        let default = Attachable::default();
        let most = |key: SummaryKeyType, otherwise: usize| {
            let said = summary.get(&key).and_then(|most| usize::try_from(*most).ok());
            said.unwrap_or(otherwise)
        };
        Ok(Attachable {
            user: most(SummaryKeyType::AttachedPoliciesPerUserQuota, default.user),
            group: most(SummaryKeyType::AttachedPoliciesPerGroupQuota, default.group),
            role: most(SummaryKeyType::AttachedPoliciesPerRoleQuota, default.role),
            is_known: true,
        })
    }
}

fn owned(resource: Resource, owners: Owners) -> Object {
    Object { resource, owners, shared: false }
}

fn arns(policies: Vec<AttachedPolicy>) -> impl Iterator<Item = String> {
    policies.into_iter().filter_map(|policy| policy.policy_arn)
}
