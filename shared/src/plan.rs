//! The difference between the desired and the observed state, as a value that prints itself.
//!
//! Must not know: AWS's API, the clock, the environment, which request asked.
//!
//! # Guarantees
//!
//! - No object is changed or deleted that `me` does not own, alone or with further owners.
//! - An object with several owners is released by one of them; the last one deletes it.
//! - A conflict is found before the first write, and names the other owner.

mod as_it_is;
mod blockers;
pub mod conflict;
mod likeness;
mod planner;
mod quota;

use std::collections::BTreeSet;
use std::fmt;

use crate::state::{Id, Kind, Object, Owner, Owners, Resource, State, TagKey};

pub use conflict::Conflict;
pub use planner::plan;
pub use quota::Attachable;

/// Handling of a foreign attachment: a policy on the preset's role or group that another principal
/// attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnForeignAttachment {
    /// It stays for as long as the role or group does.
    #[default]
    Keep,
    /// It is detached.
    Detach,
    /// Nothing is done until it is gone.
    Fail,
}

/// Every object that a preset may have made in this account for one consumer: where to look, and
/// which details of the existing objects the preset may have set.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The objects and links that the preset can name.
    pub ids: BTreeSet<Id>,
    /// Paths under which its customer managed policies may be.
    pub paths: BTreeSet<String>,
    /// Keys of tags that were or are asked for. Other tags belong to other people.
    pub tag_keys: BTreeSet<TagKey>,
    /// An existing object of a wanted name without an owner is used as it is instead of refused.
    pub adopt_existing: bool,
    /// Handling of foreign attachments to the preset's roles and groups.
    pub on_foreign_attachment: OnForeignAttachment,
    /// Permissions boundaries of this request and the last one. Another boundary was set outside of
    /// the stack and is kept.
    pub boundaries: BTreeSet<String>,
    /// The name of the boundary that the provider's template makes. Roles drop it when no property
    /// asks for it, since IAM deletes no policy that is a boundary.
    pub template_boundary: String,
    /// The links that the properties of this request or the last one give; further policies on the
    /// preset's roles and groups are foreign. `None` if the last properties are not known: then all
    /// of `ids`.
    pub given: Option<BTreeSet<Id>>,
    /// Roles and groups that the properties name and no preset makes.
    pub named: BTreeSet<Id>,
    /// Users, groups and roles that the last request named: a deleted one has no policy to detach,
    /// and need not exist.
    pub known: BTreeSet<Id>,
    /// Owners whose stack is deleted or retains its objects: their objects are refused to no other
    /// stack.
    pub gone: Owners,
    /// The retained among them: their use never ends.
    pub retained: Owners,
    /// The stack rolls back: a deleted user gets no policy, and a policy or role that was adopted
    /// and changed since is attached to no further principal.
    pub rolls_back: bool,
    /// Objects made under other names than those of this request and the last one. A foreign use of
    /// them does not block an Update.
    pub past: BTreeSet<Id>,
    /// Objects with the owner's mark that belong to another of its lives. The request treats them
    /// as foreign at every look.
    pub apart: BTreeSet<Id>,
    /// The whole account was searched for the owner's mark, so that no object remains that an
    /// earlier clean-up failed to delete.
    pub is_complete: bool,
    /// How many managed policies one user, group or role holds.
    pub attachable: Attachable,
    /// Owners that are about to release an object count, because one of them still uses objects
    /// that would be deleted: then that one deletes it.
    pub waits_for_leavers: bool,
}

impl Scope {
    /// Adds another scope to this one.
    pub fn include(&mut self, other: Scope) {
        let Scope {
            ids,
            paths,
            tag_keys,
            boundaries,
            given,
            named,
            known,
            gone,
            retained,
            adopt_existing: _,
            on_foreign_attachment: _,
            rolls_back: _,
            past: _,
            apart: _,
            is_complete: _,
            attachable: _,
            waits_for_leavers: _,
            template_boundary: _,
        } = other;
        self.ids.extend(ids);
        self.paths.extend(paths);
        self.tag_keys.extend(tag_keys);
        self.boundaries.extend(boundaries);
        self.named.extend(named);
        self.known.extend(known);
        self.gone.extend(gone);
        self.retained.extend(retained);
        self.given = self.given.take().zip(given).map(|(mine, theirs)| &mine | &theirs);
    }

    /// Takes `me` off the objects that belong to another life of the resource.
    pub fn set_apart(&self, me: &Owner, observed: &mut State) {
        for id in &self.apart {
            if let Some(mut object) = observed.remove(id) {
                object.owners.remove(me);
                observed.insert(object);
            }
        }
    }

    /// True for a link that this resource may have made.
    fn gives(&self, link: &Id) -> bool {
        self.given.as_ref().unwrap_or(&self.ids).contains(link)
    }

    /// True for a permissions boundary that this resource or its operator set.
    pub fn is_own_boundary(&self, arn: &str) -> bool {
        let name = arn.rsplit('/').next().unwrap_or_default();
        self.boundaries.contains(arn) || !name.is_empty() && name == self.template_boundary
    }

    /// True if `me` is the object's only owner, apart from owners that are about to release it.
    pub fn is_alone(&self, me: &Owner, object: &Object) -> bool {
        // Nothing uses a policy of a user: its releasing owner detaches it.
        let waits = self.waits_for_leavers && object.resource.id().kind != Kind::UserAttachment;
        let counts = |owner: &Owner| !owner.mark.leaves || waits;
        let is_retained = self.retained.iter().any(|owner| object.owners.contains(owner));
        object.owners.contains(me) && !is_retained && !self.others(me, object).iter().any(counts)
    }

    /// True if another owner keeps the object.
    pub(crate) fn is_used(&self, me: &Owner, owners: &Owners) -> bool {
        owners.iter().any(|owner| {
            let lasts = !self.gone.contains(owner) || self.retained.contains(owner);
            owner != me && !owner.mark.leaves && lasts
        })
    }

    /// The other owners of a user's claim that keep the policy on that user. A principal that may
    /// tag the user writes any claim, and owns no policy by that. A policy of AWS has no owners.
    pub(crate) fn claimants<'a>(
        &'a self,
        me: &'a Owner,
        claim: &'a Owners,
        policy: Option<&'a Owners>,
    ) -> impl Iterator<Item = &'a Owner> {
        claim.iter().filter(move |owner| {
            *owner != me
                && !owner.mark.leaves
                && !self.gone.contains(*owner)
                && owner.is_credible()
                && policy
                    .is_none_or(|owners| owners.get(*owner).is_some_and(|owner| !owner.mark.leaves))
        })
    }

    /// The owners whose marks go with `me`'s: of `me` itself, of those that have ended and left
    /// nothing to be kept, and those that no provider wrote.
    fn ending(&self, me: &Owner, object: &Object) -> Owners {
        let others = self.others(me, object);
        let ends = |owner: &&Owner| !others.contains(*owner) && !self.retained.contains(*owner);
        object.owners.iter().filter(ends).cloned().collect()
    }

    /// The owners without those that have ended, and left nothing to be kept.
    fn lasting(&self, owners: &Owners) -> Owners {
        let lasts = |owner: &&Owner| !self.gone.contains(*owner) || self.retained.contains(*owner);
        owners.iter().filter(lasts).cloned().collect()
    }

    /// The other owners, as far as they still are.
    fn others(&self, me: &Owner, object: &Object) -> Owners {
        let is_of_user = matches!(object.resource, Resource::UserAttachment { .. });
        let others = object.owners.iter().filter(|owner| *owner != me);
        others
            .filter(|owner| !self.gone.contains(*owner) && (!is_of_user || owner.is_credible()))
            .cloned()
            .collect()
    }
}

/// One change to the account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "a plan holds a few dozen of them")]
pub enum Change {
    /// Make a missing object.
    Create(Object),
    /// Change an existing object, or its owners.
    Update {
        /// The observed object.
        before: Object,
        /// The desired object.
        after: Object,
    },
    /// Delete an existing object.
    Delete(Object),
}

impl Change {
    /// The changed object.
    pub fn id(&self) -> Id {
        match self {
            Change::Create(object) | Change::Delete(object) => object.resource.id(),
            Change::Update { after, .. } => after.resource.id(),
        }
    }

    /// True if more changes than the owners and their marks.
    pub fn is_of_content(&self) -> bool {
        match self {
            Change::Create(_) | Change::Delete(_) => true,
            Change::Update { before, after } => before.resource != after.resource,
        }
    }

    /// The change that takes this one back.
    pub fn inverse(self) -> Change {
        match self {
            Change::Create(object) => Change::Delete(object),
            Change::Update { before, after } => Change::Update { before: after, after: before },
            Change::Delete(object) => Change::Create(object),
        }
    }

    /// True if an owner notes that it lets go of a user's policy.
    fn announces(&self) -> bool {
        let Change::Update { before, after } = self else { return false };
        let leaves = |owner: &&Owner| before.is_kept_by(owner) && !after.is_kept_by(owner);
        self.id().kind == Kind::UserAttachment
            && before.resource == after.resource
            && after.owners.iter().any(|owner| leaves(&owner))
    }

    /// True for a user's policy that is detached and still claimed.
    pub fn detaches(&self) -> bool {
        matches!(self, Change::Update { before, after } if after.is_claim() && !before.is_claim())
    }

    /// True if nothing is left of an object, or of the claim on a user.
    pub fn is_final(&self) -> bool {
        matches!(self, Change::Delete(object) if object.is_claim() || self.id().kind.is_node())
    }

    /// Changes of one wave do not depend on each other. An object is made before its links, and its
    /// links are deleted before it; a link is deleted before another takes its place,
    /// because an instance profile holds one role and a role ten policies. A user is claimed
    /// before a policy is attached, and until it is known that no other owner claimed it before it
    /// was detached; and an owner that is about to detach it says so in the claim, so that another
    /// owner that releases it meanwhile does not leave it to the one that has detached already.
    fn wave(&self) -> usize {
        let is_node = self.id().kind.is_node();
        match self {
            Change::Create(_) | Change::Update { .. } if is_node => 0,
            Change::Delete(_) if is_node => 6,
            Change::Delete(object) if object.is_claim() => 5,
            Change::Create(object) if object.is_claim() => 3,
            Change::Update { .. } if self.announces() => 1,
            Change::Update { after, .. } if after.is_claim() => 2,
            Change::Delete(_) => 2,
            Change::Create(_) | Change::Update { .. } => 4,
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self {
            Change::Create(_) => '+',
            Change::Update { .. } => '~',
            Change::Delete(_) => '-',
        };
        write!(f, "{sign} {}", self.id())
    }
}

/// The changes, in an order that works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    changes: Vec<Change>,
    /// The blockers: why owned objects cannot be deleted, a sentence each. They stay, with every
    /// object that they need.
    pub blockers: Vec<String>,
    /// The same for objects made under former names, which do not block an Update.
    pub left: Vec<String>,
    /// Existing objects without an owner that are used as they are.
    pub used_as_is: BTreeSet<Id>,
    /// Users, groups and roles that the properties name and that exist no more.
    pub missing: BTreeSet<Id>,
    /// Foreign attachments to the preset's roles and groups that stay.
    pub foreign: BTreeSet<Id>,
}

impl Plan {
    /// Puts changes into an order that works.
    pub fn of(changes: impl IntoIterator<Item = Change>) -> Self {
        let mut changes: Vec<Change> = changes.into_iter().collect();
        changes.sort_by_key(|change| (change.wave(), change.id()));
        Plan { changes, ..Plan::default() }
    }

    /// The changes in waves; those of one wave do not depend on each other.
    pub fn waves(&self) -> impl Iterator<Item = &[Change]> {
        self.changes.chunk_by(|a, b| a.wave() == b.wave())
    }

    /// True if `me` becomes a further owner of an object.
    pub fn joins(&self, me: &Owner) -> bool {
        self.changes.iter().any(|change| match change {
            Change::Update { before, after } => {
                !before.owners.is_empty() && !before.is_kept_by(me) && after.is_kept_by(me)
            }
            Change::Create(_) | Change::Delete(_) => false,
        })
    }

    /// True if no principal gets any power by it: it only takes away, or changes marks alone.
    pub fn gives_nothing(&self) -> bool {
        let takes = |change: &Change| match change {
            Change::Delete(_) => true,
            Change::Create(_) => false,
            Change::Update { before, after } => {
                (before.resource == after.resource || change.detaches())
                    && after.owners.is_subset(&before.owners)
            }
        };
        self.changes.iter().all(takes)
    }

    /// The changes, in an order that works.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    /// The other owners of the objects that `me` releases.
    pub fn co_owners(&self, me: &Owner) -> Owners {
        let released = self.changes.iter().filter_map(|change| match change {
            Change::Update { before, after }
                if before.owners.contains(me) && !after.is_kept_by(me) =>
            {
                Some(&before.owners)
            }
            Change::Create(_) | Change::Update { .. } | Change::Delete(_) => None,
        });
        released.flatten().filter(|owner| *owner != me).cloned().collect()
    }

    /// The objects that change because another release made them, and that release, if known.
    pub fn of_other_releases<'a>(
        &'a self,
        me: &'a Owner,
        release: &'a str,
    ) -> impl Iterator<Item = (Option<&'a str>, Id)> + 'a {
        self.changes.iter().filter_map(move |change| {
            let Change::Update { before, after } = change else { return None };
            let made_by = before.owners.get(me)?.mark.release.as_deref();
            let is_other = before.resource != after.resource && made_by != Some(release);
            (is_other && after.resource.id().kind.has_tags())
                .then(|| (made_by, after.resource.id()))
        })
    }

    /// True if `me` announces that it is about to release a co-owned object. Whether the object is
    /// deleted is decided when the announcement can be seen.
    pub fn announces(&self, me: &Owner) -> bool {
        let is_deleted = |change: &&Change| matches!(change, Change::Delete(_));
        let deleted: BTreeSet<Id> = self.changes().filter(is_deleted).map(Change::id).collect();
        self.changes.iter().any(|change| match change {
            Change::Update { before, after } => {
                let leaves =
                    before.is_kept_by(me) && after.owners.contains(me) && !after.is_kept_by(me);
                leaves && !deleted.contains(&after.resource.id())
            }
            Change::Create(_) | Change::Delete(_) => false,
        })
    }

    /// The co-owned objects of which `me` stops being an owner.
    pub fn released<'a>(&'a self, me: &'a Owner) -> impl Iterator<Item = Id> + 'a {
        self.changes.iter().filter_map(|change| match change {
            Change::Update { before, after } => {
                lets_go(me, before, after).then(|| after.resource.id())
            }
            Change::Create(_) | Change::Delete(_) => None,
        })
    }

    /// How many changes there are.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// True if there is nothing to do and nothing stands in the way.
    pub fn is_empty(&self) -> bool {
        let Plan { changes, blockers, left: _, used_as_is: _, missing: _, foreign: _ } = self;
        changes.is_empty() && blockers.is_empty()
    }
}

fn lets_go(me: &Owner, before: &Object, after: &Object) -> bool {
    before.owners.contains(me) && !after.owners.contains(me)
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        for id in &self.used_as_is {
            writeln!(f, "= {id} (used as it is)")?;
        }
        for id in &self.missing {
            writeln!(f, "? {id} (exists no more)")?;
        }
        for id in &self.foreign {
            writeln!(f, "= {id} (somebody else's)")?;
        }
        for blocker in self.blockers.iter().chain(&self.left) {
            writeln!(f, "! {blocker}")?;
        }
        Ok(())
    }
}
