//! Which calls a change is made of, and in which order: the one place that knows.
//!
//! Must not know: how a call is sent, which request asked.

use super::Call;
use crate::plan::Change;
use crate::state::{MADE_BY_TAG, Object, Owner, Policy, Resource, Role, TagKey, Tags};

/// The value of the tag that every object of a preset carries.
const MADE_BY: &str = "account-presets";

/// The calls that make a change, in their order. A crash between two of them leaves a state that
/// the same change, made again, completes.
///
/// None for deleting a user or a service-linked role: these are never deleted.
pub fn calls(change: &Change) -> Vec<Call> {
    match change {
        Change::Create(object) => creating(object),
        Change::Update { before, after } => updating(before, after),
        Change::Delete(object) => deleting(object),
    }
}

fn creating(object: &Object) -> Vec<Call> {
    let tags = all_tags(object);
    match &object.resource {
        Resource::Role(role) => vec![Call::CreateRole(Role { tags, ..role.clone() })],
        Resource::Policy(policy) => vec![Call::CreatePolicy(Policy { tags, ..policy.clone() })],
        Resource::Group { name, path } => {
            vec![Call::CreateGroup { group: name.clone(), path: path.clone() }]
        }
        Resource::InstanceProfile { name, path, .. } => {
            let (profile, path) = (name.clone(), path.clone());
            vec![Call::CreateInstanceProfile { profile, path, tags }]
        }
        Resource::ServiceLinkedRole { name, service } => {
            let (role, service) = (name.clone(), service.clone());
            vec![Call::CreateServiceLinkedRole { role, service }]
        }
        Resource::ProfileRole { profile, role } => {
            let (profile, role) = (profile.clone(), role.clone());
            vec![Call::AddRoleToInstanceProfile { profile, role }]
        }
        Resource::UserAttachment { user, policy_arn, attached } => {
            let claim = tagging(Tagged::User(user, policy_arn), &Tags::new(), &tags);
            claim.into_iter().chain(attached.then(|| putting(&object.resource)).flatten()).collect()
        }
        Resource::User { .. }
        | Resource::RoleAttachment { .. }
        | Resource::RoleInline { .. }
        | Resource::GroupAttachment { .. }
        | Resource::GroupInline { .. }
        | Resource::GroupMember { .. } => putting(&object.resource).into_iter().collect(),
    }
}

fn updating(before: &Object, after: &Object) -> Vec<Call> {
    let (old_tags, new_tags) = (all_tags(before), all_tags(after));
    let tagging = |of| tagging(of, &old_tags, &new_tags);
    match (&before.resource, &after.resource) {
        (Resource::Role(old), Resource::Role(new)) => {
            let mut calls = updating_role(old, new);
            calls.extend(tagging(Tagged::Role(&new.name)));
            calls
        }
        (Resource::Policy(old), Resource::Policy(new)) => {
            let Policy { name, path, document, .. } = new;
            let version = (old.document != *document).then(|| Call::CreatePolicyVersion {
                path: path.clone(),
                policy: name.clone(),
                document: document.clone(),
            });
            version.into_iter().chain(tagging(Tagged::Policy(path, name))).collect()
        }
        (_, Resource::InstanceProfile { name, .. }) => tagging(Tagged::InstanceProfile(name)),
        (
            Resource::UserAttachment { attached: was, .. },
            Resource::UserAttachment { user, policy_arn, attached },
        ) => {
            let (detaches, tags) = (*was && !attached, tagging(Tagged::User(user, policy_arn)));
            let (user, policy_arn) = (user.clone(), policy_arn.clone());
            let detach = detaches.then_some(Call::DetachUserPolicy { user, policy_arn });
            // A joining owner attaches, though the policy was there: its former owner may be
            // leaving.
            let is_new = |owner: &&Owner| after.is_kept_by(owner) && !before.is_kept_by(owner);
            let joins = after.owners.iter().any(|owner| is_new(&owner));
            let attaches = *attached && (!was || joins);
            let attach = attaches.then(|| putting(&after.resource)).flatten();
            detach.into_iter().chain(tags).chain(attach).collect()
        }
        (_, link) => putting(link).into_iter().collect(),
    }
}

fn updating_role(old: &Role, new: &Role) -> Vec<Call> {
    let role = || new.name.clone();
    let boundary = new.permissions_boundary.clone();
    let mut calls = Vec::new();
    // First of all, for an operator may allow no change of a role without it.
    if let Some(policy_arn) = boundary.clone().filter(|_| old.permissions_boundary != boundary) {
        calls.push(Call::PutRolePermissionsBoundary { role: role(), policy_arn });
    }
    if old.trust != new.trust {
        calls.push(Call::UpdateAssumeRolePolicy { role: role(), trust: new.trust.clone() });
    }
    let settings = |role: &Role| (role.description.clone(), role.max_session_duration);
    if settings(old) != settings(new) {
        let (description, max_session_duration) = settings(new);
        calls.push(Call::UpdateRole { role: role(), description, max_session_duration });
    }
    if boundary.is_none() && old.permissions_boundary.is_some() {
        calls.push(Call::DeleteRolePermissionsBoundary { role: role() });
    }
    calls
}

/// Makes a link or writes it anew; IAM takes both for the same. `None` for an object, or a link
/// that cannot be written anew.
fn putting(link: &Resource) -> Option<Call> {
    Some(match link.clone() {
        Resource::RoleAttachment { role, policy_arn } => {
            Call::AttachRolePolicy { role, policy_arn }
        }
        Resource::RoleInline { role, name, document } => {
            Call::PutRolePolicy { role, policy: name, document }
        }
        Resource::GroupAttachment { group, policy_arn } => {
            Call::AttachGroupPolicy { group, policy_arn }
        }
        Resource::GroupInline { group, name, document } => {
            Call::PutGroupPolicy { group, policy: name, document }
        }
        Resource::GroupMember { group, user } => Call::AddUserToGroup { group, user },
        Resource::UserAttachment { user, policy_arn, .. } => {
            Call::AttachUserPolicy { user, policy_arn }
        }
        Resource::ServiceLinkedRole { .. }
        | Resource::User { .. }
        | Resource::Policy(_)
        | Resource::Role(_)
        | Resource::Group { .. }
        | Resource::InstanceProfile { .. }
        | Resource::ProfileRole { .. } => return None,
    })
}

fn deleting(object: &Object) -> Vec<Call> {
    let call = match object.resource.clone() {
        Resource::Role(Role { name: role, .. }) => Call::DeleteRole { role },
        Resource::Policy(Policy { name: policy, path, .. }) => Call::DeletePolicy { path, policy },
        Resource::Group { name: group, .. } => Call::DeleteGroup { group },
        Resource::InstanceProfile { name: profile, .. } => Call::DeleteInstanceProfile { profile },
        Resource::RoleAttachment { role, policy_arn } => {
            Call::DetachRolePolicy { role, policy_arn }
        }
        Resource::RoleInline { role, name: policy, .. } => Call::DeleteRolePolicy { role, policy },
        Resource::GroupAttachment { group, policy_arn } => {
            Call::DetachGroupPolicy { group, policy_arn }
        }
        Resource::GroupInline { group, name: policy, .. } => {
            Call::DeleteGroupPolicy { group, policy }
        }
        Resource::GroupMember { group, user } => Call::RemoveUserFromGroup { group, user },
        Resource::UserAttachment { user, policy_arn, attached } => {
            let claim = tagging(Tagged::User(&user, &policy_arn), &all_tags(object), &Tags::new());
            let (user, policy_arn) = (user.clone(), policy_arn.clone());
            let detach = attached.then_some(Call::DetachUserPolicy { user, policy_arn });
            return detach.into_iter().chain(claim).collect();
        }
        Resource::ProfileRole { profile, role } => {
            Call::RemoveRoleFromInstanceProfile { profile, role }
        }
        Resource::ServiceLinkedRole { .. } | Resource::User { .. } => return Vec::new(),
    };
    vec![call]
}

/// An object with tags.
#[derive(Clone, Copy, Debug)]
enum Tagged<'a> {
    Role(&'a str),
    /// By its path and name.
    Policy(&'a str, &'a str),
    InstanceProfile(&'a str),
    /// The user, and the ARN of the policy that the tags claim.
    User(&'a str, &'a str),
}

/// Sets new and changed tags, and removes those that are gone; the rest stays.
fn tagging(of: Tagged<'_>, old: &Tags, new: &Tags) -> Vec<Call> {
    let set = new.iter().filter(|(key, value)| old.get(*key) != Some(*value));
    let set: Tags = set.map(|(key, value)| (key.clone(), value.clone())).collect();
    let keys: Vec<TagKey> = old.keys().filter(|key| !new.contains_key(*key)).cloned().collect();
    let tag = |tags: Tags| match of {
        Tagged::Role(role) => Call::TagRole { role: role.to_owned(), tags },
        Tagged::Policy(path, policy) => {
            Call::TagPolicy { path: path.to_owned(), policy: policy.to_owned(), tags }
        }
        Tagged::InstanceProfile(profile) => {
            Call::TagInstanceProfile { profile: profile.to_owned(), tags }
        }
        Tagged::User(user, policy_arn) => Call::TagUser {
            user: user.to_owned(),
            policy_arns: [policy_arn.to_owned()].into(),
            tags,
        },
    };
    let untag = |keys: Vec<TagKey>| match of {
        Tagged::Role(role) => Call::UntagRole { role: role.to_owned(), keys },
        Tagged::Policy(path, policy) => {
            Call::UntagPolicy { path: path.to_owned(), policy: policy.to_owned(), keys }
        }
        Tagged::InstanceProfile(profile) => {
            Call::UntagInstanceProfile { profile: profile.to_owned(), keys }
        }
        Tagged::User(user, policy_arn) => Call::UntagUser {
            user: user.to_owned(),
            policy_arns: [policy_arn.to_owned()].into(),
            keys,
        },
    };
    let tag = (!set.is_empty()).then(|| tag(set));
    tag.into_iter().chain((!keys.is_empty()).then(|| untag(keys))).collect()
}

/// The object's tags with those that record its owners.
fn all_tags(object: &Object) -> Tags {
    let mut resource = object.resource.clone();
    let mut tags = resource.tags_mut().cloned().unwrap_or_default();
    if let Resource::UserAttachment { policy_arn, .. } = &object.resource {
        tags.extend(object.owners.iter().map(|owner| owner.attached_tag(policy_arn)));
    } else {
        tags.extend(object.owners.iter().map(Owner::tag));
        if !object.owners.is_empty() && resource.tags_mut().is_some() {
            tags.insert(MADE_BY_TAG.into(), MADE_BY.to_owned());
        }
    }
    tags
}
