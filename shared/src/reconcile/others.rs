//! Other resources that join shared objects and users' policies while this one lets go of them.

use std::collections::BTreeSet;

use super::Work;
use crate::cloud::Marks;
use crate::plan::{Change, Plan, Scope};
use crate::state::{Id, Kind, Object, Owner, Resource};

/// The objects and the users' policies that a resource is about to delete, and the ones of them
/// that another resource counts on.
pub(super) struct Others<'a> {
    me: &'a Owner,
    /// Where the marks are read.
    place: Scope,
    /// Shared objects that go.
    shared: BTreeSet<Id>,
    /// Policies that users lose.
    detached: BTreeSet<Id>,
    joined: BTreeSet<Id>,
    given_back: BTreeSet<Id>,
}

impl<'a> Others<'a> {
    /// Of these final changes, after those that are `done`.
    pub(super) fn of(going: &[&Change], done: &[Change], work: &Work<'a>) -> Self {
        let Work { me, scope, .. } = *work;
        let (claims, objects): (Vec<&Change>, Vec<&Change>) =
            going.iter().partition(|change| !change.id().kind.is_node());
        // The policy of a claim may have been detached by another delivery.
        let of_users = done.iter().filter(|change| takes_from_a_user(change)).chain(claims);
        let detached: BTreeSet<Id> = of_users.map(Change::id).collect();
        let shared = objects.into_iter().filter(|change| is_shared(change)).map(Change::id);
        let shared: BTreeSet<Id> = shared.collect();
        let ends = detached.iter().flat_map(|id| [id.parent(), id.target()]).flatten();
        let ids = ends.chain(detached.iter().cloned()).chain(shared.iter().cloned()).collect();
        let place = Scope { ids, ..scope.clone() };
        let (joined, given_back) = Default::default();
        Others { me, place, shared, detached, joined, given_back }
    }

    /// True if nothing that goes can have another owner.
    pub(super) fn cannot_be(&self) -> bool {
        self.shared.is_empty() && self.detached.is_empty()
    }

    /// Where to look.
    pub(super) fn place(&self) -> &Scope {
        &self.place
    }

    /// Returns the changes that these marks ask for: links of an object that another resource
    /// joined are made again, and so is a policy of a user that it claims. A resource that claimed
    /// the policy may have let go of it before it was given back: then it is detached again. Empty
    /// if a look finds nothing new.
    pub(super) fn seen(&mut self, marks: &Marks, done: &[Change]) -> Plan {
        let is_used =
            |id: &&Id| marks.get(id).is_some_and(|owners| self.place.is_used(self.me, owners));
        let used: BTreeSet<Id> = self.shared.iter().filter(is_used).cloned().collect();
        let new: BTreeSet<&Id> = used.difference(&self.joined).collect();
        let hung = done.iter().filter_map(|change| match change {
            Change::Delete(link) => {
                let parent = link.resource.id().parent()?;
                new.contains(&parent).then(|| Change::Create(link.clone()))
            }
            Change::Create(_) | Change::Update { .. } => None,
        });
        let is_claimed = |id: &&Id| self.is_claimed(id, marks);
        let claimed: BTreeSet<Id> = self.detached.iter().filter(is_claimed).cloned().collect();
        let given = claimed.difference(&self.given_back).filter_map(|id| attaching(id, marks));
        let taken = self.given_back.difference(&claimed).filter_map(|id| attaching(id, marks));
        let again = Plan::of(hung.chain(given).chain(taken.map(Change::inverse)));
        self.joined.extend(used);
        self.given_back = claimed;
        again
    }

    /// The objects that another resource joined.
    pub(super) fn joined(self) -> impl Iterator<Item = Id> {
        self.joined.into_iter()
    }

    /// The objects and policies about which others go on deciding.
    pub(super) fn undecided(self) -> impl Iterator<Item = Id> {
        self.joined.into_iter().chain(self.detached)
    }

    /// True if another owner claims this policy of a user, and keeps the policy.
    fn is_claimed(&self, link: &Id, marks: &Marks) -> bool {
        let Some(claim) = marks.get(link) else { return false };
        let policy = link.target();
        let owners = policy.as_ref().and_then(|policy| marks.get(policy));
        // A policy of ours that is gone is nobody's any more.
        (policy.is_none() || owners.is_some())
            && self.place.claimants(self.me, claim, owners).next().is_some()
    }
}

/// The change that attaches a policy to a user again, whoever claims it.
fn attaching(link: &Id, marks: &Marks) -> Option<Change> {
    let (user, policy_arn) = (link.name.clone(), link.part.clone()?);
    let resource = Resource::UserAttachment { user, policy_arn, attached: false };
    let owners = marks.get(link).cloned().unwrap_or_default();
    let before = Object { owners, ..Object::unowned(resource) };
    Some(Change::Update { after: before.attached(), before })
}

/// True if a user loses a policy by it.
fn takes_from_a_user(change: &Change) -> bool {
    let is_of_user = change.id().kind == Kind::UserAttachment;
    is_of_user && (change.detaches() || matches!(change, Change::Delete(_)))
}

/// True for an object that several resources may own: its mark says in which form.
fn is_shared(change: &Change) -> bool {
    matches!(change, Change::Delete(object)
        if object.owners.iter().any(|owner| owner.mark.form.is_some()))
}
