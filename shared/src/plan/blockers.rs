//! What of ours cannot go because somebody else uses it.

use std::collections::BTreeSet;

use super::planner::{gives_ours, is_foreign_attachment};
use super::{OnForeignAttachment, Scope};
use crate::state::{Id, Kind, Object, Owner, State};

/// What has to stay, and why: the object and a sentence for each use by somebody else.
///
/// A policy that somebody attached elsewhere stays; so does a role that somebody put into their
/// instance profile, and a group that somebody put a user into, with all that hangs on it and
/// the policies that this needs: whoever uses it loses nothing. Whom this resource put into the
/// group leaves it: nobody may be able to tell any more when the group can go. With
/// [`OnForeignAttachment::Fail`], so does a role or group that somebody attached a policy to.
pub(super) fn find(
    me: &Owner,
    scope: &Scope,
    desired: &State,
    observed: &State,
) -> (BTreeSet<Id>, Vec<(Id, String)>) {
    let ours = |id: &Id| observed.get(id).is_some_and(|object| object.owners.contains(me));
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
            blockers.push((used.clone(), format!("{used} is still used: {id}")));
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
            blockers.push((policy.clone(), format!("{policy} is still used: {link}")));
        }
        if !mine || staying.contains(link) {
            staying.insert(policy);
        }
    }
    (staying, blockers)
}
