//! Comparing two objects, and merging a wanted object with the tags, boundary and description that
//! other people gave to the one that exists.

use super::Scope;
use crate::state::{Object, Policy, Resource, Role, Tags};

/// True if nothing has to be written: the owners' marks count, too.
pub(super) fn same(after: &Object, found: &Object) -> bool {
    let marks = |object: &Object| -> Vec<_> {
        object.owners.iter().map(|owner| owner.mark.clone()).collect()
    };
    after == found && marks(after) == marks(found)
}

/// True for links that grant the same; their ends may be spelled in another case.
pub(super) fn same_link(wanted: &Resource, found: &Resource) -> bool {
    match (wanted, found) {
        (
            Resource::RoleInline { document: a, .. } | Resource::GroupInline { document: a, .. },
            Resource::RoleInline { document: b, .. } | Resource::GroupInline { document: b, .. },
        ) => a == b,
        _ => wanted.id() == found.id(),
    }
}

/// The target of an update: the wanted object, but with foreign tags, a foreign boundary and
/// the fields that IAM cannot change.
pub(super) fn settled(scope: &Scope, wanted: &Resource, found: &Resource) -> Resource {
    let mut settled = wanted.clone();
    match (&mut settled, found) {
        (Resource::Role(role), Resource::Role(found)) => {
            keep_foreign_tags(scope, &mut role.tags, &found.tags);
            let foreign = |boundary: &String| !scope.is_own_boundary(boundary);
            if role.permissions_boundary.is_none() {
                role.permissions_boundary = found.permissions_boundary.clone().filter(foreign);
            }
        }
        (Resource::Policy(policy), Resource::Policy(found)) => {
            keep_foreign_tags(scope, &mut policy.tags, &found.tags);
            policy.description.clone_from(&found.description);
        }
        (Resource::InstanceProfile { tags, .. }, Resource::InstanceProfile { tags: found, .. }) => {
            keep_foreign_tags(scope, tags, found)
        }
        _ => {}
    }
    settled
}

fn keep_foreign_tags(scope: &Scope, wanted: &mut Tags, found: &Tags) {
    for (key, value) in found {
        if !scope.tag_keys.contains(key) {
            wanted.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

/// True if both give the same power. Tags and descriptions give none.
pub(super) fn same_power(wanted: &Resource, found: &Resource) -> bool {
    match (wanted, found) {
        (Resource::Role(wanted), Resource::Role(found)) => {
            let Role { trust, path, permissions_boundary, .. } = wanted;
            *trust == found.trust
                && *path == found.path
                && *permissions_boundary == found.permissions_boundary
        }
        (Resource::Policy(wanted), Resource::Policy(found)) => {
            let Policy { document, path, .. } = wanted;
            *document == found.document && *path == found.path
        }
        (wanted, found) => wanted.path() == found.path(),
    }
}
