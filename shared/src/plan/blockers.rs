//! The objects of a resource that cannot be deleted, because another principal or stack uses them.

use std::collections::{BTreeMap, BTreeSet};

use super::conflict::joined;
use super::planner::{gives_ours, is_foreign_attachment};
use super::{OnForeignAttachment, Scope};
use crate::state::{Id, Kind, Object, Owner, State};

/// The blockers: each object that has to stay, with the link by which it is in use.
///
/// A policy that is attached outside of the stack stays; so does a role in a foreign instance
/// profile, and a group with a foreign member, with all their links and the policies that these
/// need: their foreign users lose nothing. Members that this resource added leave the group: later
/// it may not be known any more when the group can go. With [`OnForeignAttachment::Fail`], so does
/// a role or group with a foreign attachment.
pub(super) fn find(
    me: &Owner,
    scope: &Scope,
    desired: &State,
    observed: &State,
) -> (BTreeSet<Id>, Vec<(Id, Id)>) {
    let ours = |id: &Id| observed.is_owned(id, me);
    let going = |id: &Id| {
        let alone = observed.get(id).is_some_and(|object| scope.is_alone(me, object));
        alone && !desired.contains(id)
    };
    let mut staying = BTreeSet::new();
    let mut blockers = Vec::new();

    for id in observed.ids() {
        let foreign_use = if id.kind == Kind::GroupMember && !scope.ids.contains(id) {
            id.parent()
        } else if id.kind == Kind::ProfileRole && !id.parent().is_some_and(|profile| ours(&profile))
        {
            id.target()
        } else if is_foreign_attachment(scope, id, OnForeignAttachment::Fail) {
            id.parent()
        } else {
            None
        };
        if let Some(used) = foreign_use.filter(going) {
            blockers.push((used.clone(), id.clone()));
            staying.insert(used);
        }
    }
    let is_given = |id: &Id| id.kind == Kind::GroupMember && scope.ids.contains(id);
    let hanging = observed
        .ids()
        .filter(|id| id.parent().is_some_and(|parent| staying.contains(&parent)) && !is_given(id));
    let hanging: Vec<Id> = hanging.cloned().collect();
    staying.extend(hanging);

    for link in observed.ids().filter(|id| id.kind.is_attachment()) {
        let Some(policy) = link.target().filter(going) else { continue };
        // A claim without the attachment keeps no policy.
        let mine = observed.get(link).is_some_and(Object::is_claim)
            || ours(link)
            || link.parent().is_some_and(|parent| ours(&parent))
            || gives_ours(me, scope, desired, observed, link);
        if !mine {
            blockers.push((policy.clone(), link.clone()));
        }
        if !mine || staying.contains(link) {
            staying.insert(policy);
        }
    }
    (staying, blockers)
}

/// A sentence for each object and way of use: its users, and the action that ends the use.
pub(super) fn sentences(blockers: &[(Id, Id)]) -> Vec<String> {
    let mut uses: BTreeMap<(&Id, Kind), BTreeSet<&Id>> = BTreeMap::new();
    for (used, link) in blockers {
        uses.entry((used, link.kind)).or_default().insert(link);
    }
    let sentence = |((used, kind), links): ((&Id, Kind), BTreeSet<&Id>)| {
        let is_held = links.iter().any(|link| link.parent().as_ref() == Some(used));
        if kind != Kind::GroupMember && is_held {
            let held: Vec<String> = links.iter().map(|link| link.in_words()).collect();
            let action = action(kind);
            return format!(
                "{used} is still used: somebody else put there {}; take that away ({action}), or set \
                 OnForeignAttachment to `Keep` or `Detach`",
                joined(&held)
            );
        }
        let users: Vec<String> = links.iter().filter_map(|link| user(link)).collect();
        let by = joined(&users);
        let action = action(kind);
        let end = if kind == Kind::GroupMember {
            format!("take {by} out of {used}")
        } else if kind == Kind::ProfileRole {
            format!("take {used} out of {by}")
        } else {
            format!("detach {used} from {by}")
        };
        format!("{used} is still used by {by}: {end} ({action})")
    };
    uses.into_iter().map(sentence).collect()
}

/// The user of an object by this link.
fn user(link: &Id) -> Option<String> {
    let user = if link.kind == Kind::GroupMember { link.target() } else { link.parent() };
    user.map(|user| user.to_string())
}

/// IAM's action that ends a use.
fn action(kind: Kind) -> &'static str {
    match kind {
        Kind::GroupMember => "iam:RemoveUserFromGroup",
        Kind::ProfileRole => "iam:RemoveRoleFromInstanceProfile",
        Kind::GroupInline => "iam:DeleteGroupPolicy",
        Kind::RoleInline => "iam:DeleteRolePolicy",
        Kind::UserAttachment => "iam:DetachUserPolicy",
        Kind::GroupAttachment => "iam:DetachGroupPolicy",
        Kind::RoleAttachment
        | Kind::ServiceLinkedRole
        | Kind::User
        | Kind::Policy
        | Kind::Role
        | Kind::Group
        | Kind::InstanceProfile => "iam:DetachRolePolicy",
    }
}
