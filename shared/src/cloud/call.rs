//! The write actions of IAM as values.
//!
//! The adapter sends a [`Call`], the account in memory carries it out by IAM's rules, and a fault
//! strikes between two of them.
//!
//! Must not know: how a call is sent, which change it is a part of.

use std::collections::{BTreeMap, BTreeSet};

use crate::actions::Action;
use crate::state::{Id, Kind, Policy, PolicyDocument, Role, TagKey, Tags};

/// One call that writes to IAM. Each variant is the action of its name.
///
/// Tags are all tags of an object, with those that record ownership. A policy is named by path
/// and name, as its ARN needs the account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "variants and fields have the names that IAM gives them")]
pub enum Call {
    AddRoleToInstanceProfile {
        profile: String,
        role: String,
    },
    AddUserToGroup {
        group: String,
        user: String,
    },
    AttachGroupPolicy {
        group: String,
        policy_arn: String,
    },
    AttachRolePolicy {
        role: String,
        policy_arn: String,
    },
    AttachUserPolicy {
        user: String,
        policy_arn: String,
    },
    CreateGroup {
        group: String,
        path: String,
    },
    CreateInstanceProfile {
        profile: String,
        path: String,
        tags: Tags,
    },
    CreatePolicy(Policy),
    /// A compound call: IAM keeps five versions, so the oldest may have to go first.
    CreatePolicyVersion {
        path: String,
        policy: String,
        document: PolicyDocument,
    },
    CreateRole(Role),
    CreateServiceLinkedRole {
        role: String,
        service: String,
    },
    DeleteGroup {
        group: String,
    },
    DeleteGroupPolicy {
        group: String,
        policy: String,
    },
    DeleteInstanceProfile {
        profile: String,
    },
    /// A compound call: all versions but the default one have to go first.
    DeletePolicy {
        path: String,
        policy: String,
    },
    DeleteRole {
        role: String,
    },
    DeleteRolePermissionsBoundary {
        role: String,
    },
    DeleteRolePolicy {
        role: String,
        policy: String,
    },
    DetachGroupPolicy {
        group: String,
        policy_arn: String,
    },
    DetachRolePolicy {
        role: String,
        policy_arn: String,
    },
    DetachUserPolicy {
        user: String,
        policy_arn: String,
    },
    PutGroupPolicy {
        group: String,
        policy: String,
        document: PolicyDocument,
    },
    PutRolePermissionsBoundary {
        role: String,
        policy_arn: String,
    },
    PutRolePolicy {
        role: String,
        policy: String,
        document: PolicyDocument,
    },
    RemoveRoleFromInstanceProfile {
        profile: String,
        role: String,
    },
    RemoveUserFromGroup {
        group: String,
        user: String,
    },
    TagInstanceProfile {
        profile: String,
        tags: Tags,
    },
    TagPolicy {
        path: String,
        policy: String,
        tags: Tags,
    },
    TagRole {
        role: String,
        tags: Tags,
    },
    /// The tags claim these policies on the user.
    TagUser {
        user: String,
        policy_arns: BTreeSet<String>,
        tags: Tags,
    },
    UntagInstanceProfile {
        profile: String,
        keys: Vec<TagKey>,
    },
    UntagPolicy {
        path: String,
        policy: String,
        keys: Vec<TagKey>,
    },
    UntagRole {
        role: String,
        keys: Vec<TagKey>,
    },
    /// The keys are those of claims on these policies.
    UntagUser {
        user: String,
        policy_arns: BTreeSet<String>,
        keys: Vec<TagKey>,
    },
    UpdateAssumeRolePolicy {
        role: String,
        trust: PolicyDocument,
    },
    /// IAM takes a missing field for empty, so both are always given.
    UpdateRole {
        role: String,
        description: String,
        max_session_duration: i32,
    },
}

impl Call {
    /// The action that has to be granted for it first of all.
    pub fn action(&self) -> Action {
        match self {
            Call::AddRoleToInstanceProfile { .. } => Action::AddRoleToInstanceProfile,
            Call::AddUserToGroup { .. } => Action::AddUserToGroup,
            Call::AttachGroupPolicy { .. } => Action::AttachGroupPolicy,
            Call::AttachRolePolicy { .. } => Action::AttachRolePolicy,
            Call::AttachUserPolicy { .. } => Action::AttachUserPolicy,
            Call::CreateGroup { .. } => Action::CreateGroup,
            Call::CreateInstanceProfile { .. } => Action::CreateInstanceProfile,
            Call::CreatePolicy(_) => Action::CreatePolicy,
            Call::CreatePolicyVersion { .. } => Action::CreatePolicyVersion,
            Call::CreateRole(_) => Action::CreateRole,
            Call::CreateServiceLinkedRole { .. } => Action::CreateServiceLinkedRole,
            Call::DeleteGroup { .. } => Action::DeleteGroup,
            Call::DeleteGroupPolicy { .. } => Action::DeleteGroupPolicy,
            Call::DeleteInstanceProfile { .. } => Action::DeleteInstanceProfile,
            Call::DeletePolicy { .. } => Action::DeletePolicy,
            Call::DeleteRole { .. } => Action::DeleteRole,
            Call::DeleteRolePermissionsBoundary { .. } => Action::DeleteRolePermissionsBoundary,
            Call::DeleteRolePolicy { .. } => Action::DeleteRolePolicy,
            Call::DetachGroupPolicy { .. } => Action::DetachGroupPolicy,
            Call::DetachRolePolicy { .. } => Action::DetachRolePolicy,
            Call::DetachUserPolicy { .. } => Action::DetachUserPolicy,
            Call::PutGroupPolicy { .. } => Action::PutGroupPolicy,
            Call::PutRolePermissionsBoundary { .. } => Action::PutRolePermissionsBoundary,
            Call::PutRolePolicy { .. } => Action::PutRolePolicy,
            Call::RemoveRoleFromInstanceProfile { .. } => Action::RemoveRoleFromInstanceProfile,
            Call::RemoveUserFromGroup { .. } => Action::RemoveUserFromGroup,
            Call::TagInstanceProfile { .. } => Action::TagInstanceProfile,
            Call::TagPolicy { .. } => Action::TagPolicy,
            Call::TagRole { .. } => Action::TagRole,
            Call::TagUser { .. } => Action::TagUser,
            Call::UntagInstanceProfile { .. } => Action::UntagInstanceProfile,
            Call::UntagPolicy { .. } => Action::UntagPolicy,
            Call::UntagRole { .. } => Action::UntagRole,
            Call::UntagUser { .. } => Action::UntagUser,
            Call::UpdateAssumeRolePolicy { .. } => Action::UpdateAssumeRolePolicy,
            Call::UpdateRole { .. } => Action::UpdateRole,
        }
    }

    /// All actions that may have to be granted for it: of a compound call, those of its parts.
    /// A role that is put into an instance profile has to be passed besides
    /// ([`PASS_ROLE`](crate::actions::PASS_ROLE)).
    pub fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        if let Call::CreatePolicyVersion { .. } | Call::DeletePolicy { .. } = self {
            actions.extend([Action::ListPolicyVersions, Action::DeletePolicyVersion]);
        }
        if let Call::AddRoleToInstanceProfile { .. } = self {
            actions.push(Action::GetInstanceProfile);
        }
        actions.push(self.action());
        actions
    }

    /// Returns the call's condition keys, beside those of existing tags. Source: the Service
    /// Authorization Reference, "Actions defined by AWS Identity and Access Management".
    pub fn condition_keys(&self) -> BTreeMap<String, Vec<String>> {
        let mut keys = BTreeMap::new();
        let mut add = |key: &str, values: Vec<String>| drop(keys.insert(key.to_owned(), values));
        if let Call::AttachGroupPolicy { policy_arn, .. }
        | Call::AttachRolePolicy { policy_arn, .. }
        | Call::AttachUserPolicy { policy_arn, .. }
        | Call::DetachGroupPolicy { policy_arn, .. }
        | Call::DetachRolePolicy { policy_arn, .. }
        | Call::DetachUserPolicy { policy_arn, .. } = self
        {
            add("iam:PolicyARN", vec![policy_arn.clone()]);
        }
        if let Call::PutRolePermissionsBoundary { policy_arn, .. }
        | Call::CreateRole(Role { permissions_boundary: Some(policy_arn), .. }) = self
        {
            add("iam:PermissionsBoundary", vec![policy_arn.clone()]);
        }
        if let Call::CreateServiceLinkedRole { service, .. } = self {
            add("iam:AWSServiceName", vec![service.clone()]);
        }
        if let Call::CreateInstanceProfile { tags, .. }
        | Call::CreatePolicy(Policy { tags, .. })
        | Call::CreateRole(Role { tags, .. })
        | Call::TagInstanceProfile { tags, .. }
        | Call::TagPolicy { tags, .. }
        | Call::TagRole { tags, .. }
        | Call::TagUser { tags, .. } = self
        {
            add("aws:TagKeys", tags.keys().map(ToString::to_string).collect());
            for (key, value) in tags {
                add(&format!("aws:RequestTag/{key}"), vec![value.clone()]);
            }
        }
        if let Call::UntagInstanceProfile { keys, .. }
        | Call::UntagPolicy { keys, .. }
        | Call::UntagRole { keys, .. }
        | Call::UntagUser { keys, .. } = self
        {
            add("aws:TagKeys", keys.iter().map(ToString::to_string).collect());
        }
        keys
    }

    /// The object or link that it writes: IAM authorizes a call by the object, or by the link's
    /// parent.
    pub fn id(&self) -> Id {
        match self {
            Call::AddRoleToInstanceProfile { profile, role }
            | Call::RemoveRoleFromInstanceProfile { profile, role } => {
                Id::link(Kind::ProfileRole, profile, role)
            }
            Call::AddUserToGroup { group, user } | Call::RemoveUserFromGroup { group, user } => {
                Id::link(Kind::GroupMember, group, user)
            }
            Call::AttachGroupPolicy { group, policy_arn }
            | Call::DetachGroupPolicy { group, policy_arn } => {
                Id::link(Kind::GroupAttachment, group, policy_arn)
            }
            Call::AttachRolePolicy { role, policy_arn }
            | Call::DetachRolePolicy { role, policy_arn } => {
                Id::link(Kind::RoleAttachment, role, policy_arn)
            }
            Call::AttachUserPolicy { user, policy_arn }
            | Call::DetachUserPolicy { user, policy_arn } => {
                Id::link(Kind::UserAttachment, user, policy_arn)
            }
            Call::TagUser { user, .. } | Call::UntagUser { user, .. } => Id::node(Kind::User, user),
            Call::CreateGroup { group, .. } | Call::DeleteGroup { group } => {
                Id::node(Kind::Group, group)
            }
            Call::CreateInstanceProfile { profile, .. }
            | Call::DeleteInstanceProfile { profile }
            | Call::TagInstanceProfile { profile, .. }
            | Call::UntagInstanceProfile { profile, .. } => {
                Id::node(Kind::InstanceProfile, profile)
            }
            Call::CreatePolicy(Policy { name: policy, .. })
            | Call::CreatePolicyVersion { policy, .. }
            | Call::DeletePolicy { policy, .. }
            | Call::TagPolicy { policy, .. }
            | Call::UntagPolicy { policy, .. } => Id::node(Kind::Policy, policy),
            Call::CreateRole(Role { name: role, .. })
            | Call::DeleteRole { role }
            | Call::DeleteRolePermissionsBoundary { role }
            | Call::PutRolePermissionsBoundary { role, .. }
            | Call::TagRole { role, .. }
            | Call::UntagRole { role, .. }
            | Call::UpdateAssumeRolePolicy { role, .. }
            | Call::UpdateRole { role, .. } => Id::node(Kind::Role, role),
            Call::CreateServiceLinkedRole { role, .. } => Id::node(Kind::ServiceLinkedRole, role),
            Call::DeleteGroupPolicy { group, policy }
            | Call::PutGroupPolicy { group, policy, .. } => {
                Id::link(Kind::GroupInline, group, policy)
            }
            Call::DeleteRolePolicy { role, policy } | Call::PutRolePolicy { role, policy, .. } => {
                Id::link(Kind::RoleInline, role, policy)
            }
        }
    }

    /// This call and another one as one, where IAM takes both at once: claims on one user. IAM
    /// takes 50 tags in a call, more than a user can have.
    pub fn with(&self, other: &Call) -> Option<Call> {
        let mut both = self.clone();
        match (&mut both, other.clone()) {
            (
                Call::TagUser { user, policy_arns, tags },
                Call::TagUser { user: of, policy_arns: more, tags: others },
            ) if *user == of => {
                policy_arns.extend(more);
                tags.extend(others);
            }
            (
                Call::UntagUser { user, policy_arns, keys },
                Call::UntagUser { user: of, policy_arns: more, keys: others },
            ) if *user == of => {
                policy_arns.extend(more);
                keys.extend(others);
            }
            _ => return None,
        }
        Some(both)
    }

    /// True for a call that is done already if IAM does not know its object.
    pub fn takes_away(&self) -> bool {
        let (_, name) = self.action().as_str().split_once(':').unwrap_or_default();
        let verbs = ["Delete", "Detach", "Remove"];
        matches!(self, Call::UntagUser { .. }) || verbs.iter().any(|verb| name.starts_with(verb))
    }
}
