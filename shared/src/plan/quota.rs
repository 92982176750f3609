//! The number of managed policies that IAM attaches to one user, group or role, and a plan's
//! number.

use std::collections::BTreeSet;

use super::{Change, Conflict, Scope};
use crate::state::{Id, Kind, Object, State, limits};

/// The account's quotas of managed policies on one holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attachable {
    /// On a user.
    pub user: usize,
    /// On a group.
    pub group: usize,
    /// On a role.
    pub role: usize,
    /// The account was asked; else these are IAM's defaults.
    pub is_known: bool,
}

impl Default for Attachable {
    fn default() -> Self {
        let most = limits::ATTACHMENTS;
        Attachable { user: most, group: most, role: most, is_known: false }
    }
}

impl Attachable {
    /// The most that one of this kind holds; `None` for a kind without policies.
    pub fn most(&self, holder: Kind) -> Option<usize> {
        match holder {
            Kind::User => Some(self.user),
            Kind::Group => Some(self.group),
            Kind::Role => Some(self.role),
            Kind::ServiceLinkedRole
            | Kind::Policy
            | Kind::InstanceProfile
            | Kind::RoleAttachment
            | Kind::RoleInline
            | Kind::GroupAttachment
            | Kind::GroupInline
            | Kind::GroupMember
            | Kind::UserAttachment
            | Kind::ProfileRole => None,
        }
    }
}

/// Users, groups and roles that would hold more than IAM attaches. An existing attachment, foreign
/// or not, is not counted again, and one that the same plan detaches makes room: it goes first.
pub(super) fn exceeded(scope: &Scope, observed: &State, changes: &[Change]) -> Vec<Conflict> {
    let given: BTreeSet<Id> = changes.iter().filter_map(given).collect();
    let taken: BTreeSet<Id> = changes.iter().filter_map(taken).collect();
    let held = observed.iter().filter(|(_, object)| attaches(object)).map(|(id, _)| id);
    let held: BTreeSet<&Id> = held.filter(|id| !taken.contains(*id)).collect();
    let holders: BTreeSet<Id> = given.iter().filter_map(Id::parent).collect();
    let of = |ids: &mut dyn Iterator<Item = &Id>, holder: &Id| {
        ids.filter(|id| id.parent().as_ref() == Some(holder)).count()
    };
    let conflicts = holders.into_iter().filter_map(|holder| {
        let most = scope.attachable.most(holder.kind)?;
        let has = of(&mut held.iter().copied(), &holder);
        let more = of(&mut given.iter(), &holder);
        let is_known = scope.attachable.is_known;
        (has + more > most).then_some(Conflict::Full { id: holder, has, more, most, is_known })
    });
    conflicts.collect()
}

/// The managed policy that a change attaches.
fn given(change: &Change) -> Option<Id> {
    match change {
        Change::Create(object) => attaches(object).then(|| change.id()),
        Change::Update { before, after } => {
            (attaches(after) && !attaches(before)).then(|| change.id())
        }
        Change::Delete(_) => None,
    }
}

/// The managed policy that a change detaches.
fn taken(change: &Change) -> Option<Id> {
    match change {
        Change::Delete(object) => attaches(object).then(|| change.id()),
        Change::Update { .. } => change.detaches().then(|| change.id()),
        Change::Create(_) => None,
    }
}

/// True for a managed policy that is attached. A claim on a user is a tag and no attachment.
fn attaches(object: &Object) -> bool {
    object.resource.id().kind.is_attachment() && !object.is_claim()
}
