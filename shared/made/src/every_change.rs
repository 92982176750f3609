//! Changes of an object that take every call that can be about it.

use account_presets::plan::Change;
use account_presets::state::{Object, PolicyDocument, Resource};
use serde_json::json;

/// It is made, changed in all that can be changed, and deleted.
pub fn every_change(object: &Object) -> Vec<Change> {
    let mut other = object.clone();
    if let Some(tags) = other.resource.tags_mut() {
        tags.insert("team".into(), "one".to_owned());
    }
    let document = PolicyDocument::new(json!({}));
    match &mut other.resource {
        Resource::Role(role) => {
            role.trust = document;
            role.description.push('x');
            role.permissions_boundary = Some("arn:aws:iam::123456789012:policy/x".to_owned());
        }
        Resource::Policy(policy) => policy.document = document,
        Resource::RoleInline { document: it, .. } | Resource::GroupInline { document: it, .. } => {
            *it = document;
        }
        Resource::ServiceLinkedRole { .. }
        | Resource::User { .. }
        | Resource::Group { .. }
        | Resource::InstanceProfile { .. }
        | Resource::RoleAttachment { .. }
        | Resource::GroupAttachment { .. }
        | Resource::GroupMember { .. }
        | Resource::UserAttachment { .. }
        | Resource::ProfileRole { .. } => {}
    }
    let update = |before: &Object, after: &Object| Change::Update {
        before: before.clone(),
        after: after.clone(),
    };
    let there_and_back = [update(object, &other), update(&other, object)];
    let made_and_deleted = [Change::Create(object.clone()), Change::Delete(object.clone())];
    made_and_deleted.into_iter().chain(there_and_back).collect()
}
