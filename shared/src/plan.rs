//! The difference between what is wanted and what is there, as a value that prints itself.
//!
//! Must not know: AWS's API, the clock, the environment, which request asked.
//!
//! # Guarantees
//!
//! - Nothing is changed or deleted that `me` does not own, alone or with others.
//! - What several own is only released by one of them; the last one deletes it.
//! - A conflict is found before the first write, and names the other owner.

mod blockers;

use std::collections::BTreeSet;
use std::fmt;

use crate::state::{Id, Kind, Object, Owner, Policy, Resource, Role, State, Tags};

/// What becomes of a policy that somebody else attached to a role or group of ours.
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

/// Everything that a preset may have made in this account for one consumer: where to look, and
/// which details of what is there may be its doing.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// What a preset can name.
    pub ids: BTreeSet<Id>,
    /// Paths under which its customer managed policies may be.
    pub paths: BTreeSet<String>,
    /// Keys of tags that were or are asked for. Other tags belong to other people.
    pub tag_keys: BTreeSet<String>,
    /// What has a wanted name and nobody's tag is used as it is, instead of being refused.
    pub adopt_existing: bool,
    /// What becomes of what other people attached to our roles and groups.
    pub on_foreign_attachment: OnForeignAttachment,
    /// Permissions boundaries that were or are asked for. Another one belongs to other people,
    /// who had their reasons.
    pub boundaries: BTreeSet<String>,
}

impl Scope {
    /// Adds another scope to this one.
    pub fn include(&mut self, other: Scope) {
        let Scope { ids, paths, tag_keys, boundaries, .. } = other;
        self.ids.extend(ids);
        self.paths.extend(paths);
        self.tag_keys.extend(tag_keys);
        self.boundaries.extend(boundaries);
    }
}

/// One change to the account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "a plan holds a few dozen of them")]
pub enum Change {
    /// Make what is not there.
    Create(Object),
    /// Change what is there, or who owns it.
    Update {
        /// What was observed.
        before: Object,
        /// What is to be.
        after: Object,
    },
    /// Delete what is there.
    Delete(Object),
}

impl Change {
    /// What is changed.
    pub fn id(&self) -> Id {
        match self {
            Change::Create(object) | Change::Delete(object) => object.resource.id(),
            Change::Update { after, .. } => after.resource.id(),
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

    /// Changes of one wave do not depend on each other. Objects come before what hangs on them,
    /// and what hangs on them goes before they do; a link goes before another takes its place,
    /// because an instance profile holds one role and a role ten policies.
    fn wave(&self) -> usize {
        let is_node = self.id().kind.is_node();
        match self {
            Change::Create(_) | Change::Update { .. } if is_node => 0,
            Change::Delete(_) if is_node => 3,
            Change::Delete(_) => 1,
            Change::Create(_) | Change::Update { .. } => 2,
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

/// What to do, in an order that works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    changes: Vec<Change>,
    /// Why some of what is ours cannot go, a sentence each. It stays, with all that it needs.
    pub blockers: Vec<String>,
    /// What is there already, nobody's by its tags, and used as it is.
    pub used_as_is: BTreeSet<Id>,
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

    /// What others own too, and `me` no longer will.
    pub fn released<'a>(&'a self, me: &'a Owner) -> impl Iterator<Item = Id> + 'a {
        self.changes.iter().filter_map(|change| match change {
            Change::Update { before, after } => {
                let lets_go = before.owners.contains(me) && !after.owners.contains(me);
                lets_go.then(|| after.resource.id())
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
        let Plan { changes, blockers, used_as_is: _ } = self;
        changes.is_empty() && blockers.is_empty()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for change in &self.changes {
            writeln!(f, "{change}")?;
        }
        for id in &self.used_as_is {
            writeln!(f, "= {id} (used as it is)")?;
        }
        for blocker in &self.blockers {
            writeln!(f, "! {blocker}")?;
        }
        Ok(())
    }
}

/// Plans how to get from what was observed to what is wanted.
///
/// # Assumptions
///
/// `observed` holds all that is there of `scope.ids`, and all that hangs on it.
///
/// # Errors
///
/// One sentence for each thing that is in the way: a name that is taken, a user that does not
/// exist, a detail that IAM cannot change.
pub fn plan(
    me: &Owner,
    scope: &Scope,
    desired: &State,
    observed: &State,
) -> Result<Plan, Vec<String>> {
    let mut planner = Planner {
        me,
        scope,
        desired,
        observed,
        changes: Vec::new(),
        used_as_is: BTreeSet::new(),
        conflicts: Vec::new(),
    };
    for (id, wanted) in desired.iter().filter(|(id, _)| id.kind.is_node()) {
        planner.want_node(id, wanted);
    }
    for (id, wanted) in desired.iter().filter(|(id, _)| !id.kind.is_node()) {
        planner.want_link(id, wanted);
    }
    for id in observed.ids() {
        planner.refuse_foreign_attachment(id);
    }
    if !planner.conflicts.is_empty() {
        return Err(planner.conflicts);
    }
    let (staying, mut blockers) = blockers::find(me, scope, desired, observed);
    for (id, found) in
        observed.iter().filter(|(id, _)| !desired.contains(id) && !staying.contains(id))
    {
        planner.drop_unwanted(id, found);
    }
    if !desired.is_empty() && !blockers.is_empty() {
        return Err(blockers);
    }
    blockers.sort();
    let Planner { changes, used_as_is, .. } = planner;
    Ok(Plan { blockers, used_as_is, ..Plan::of(changes) })
}

struct Planner<'a> {
    me: &'a Owner,
    scope: &'a Scope,
    desired: &'a State,
    observed: &'a State,
    changes: Vec<Change>,
    used_as_is: BTreeSet<Id>,
    conflicts: Vec<String>,
}

impl Planner<'_> {
    fn want_node(&mut self, id: &Id, wanted: &Object) {
        let Some(found) = self.observed.get(id) else {
            if id.kind == Kind::User {
                self.conflicts.push(format!("{id} does not exist"));
            } else {
                self.changes.push(Change::Create(wanted.clone()));
            }
            return;
        };
        if matches!(id.kind, Kind::User | Kind::ServiceLinkedRole) {
            return;
        }
        if found.owners.contains(self.me) {
            self.change(id, wanted, found);
        } else if found.owners.is_empty() && (wanted.shared || self.scope.adopt_existing) {
            match missing_boundary(&wanted.resource, &found.resource) {
                None => drop(self.used_as_is.insert(id.clone())),
                Some(boundary) => self
                    .conflicts
                    .push(format!("{id} exists without the permissions boundary `{boundary}`")),
            }
        } else if found.owners.is_empty() {
            self.conflicts.push(format!(
                "{id} exists and was not made by this resource; delete or rename it first, or set \
                 AdoptExisting to use it as it is"
            ));
        } else if wanted.shared && same_power(&wanted.resource, &found.resource) {
            let mut after = found.clone();
            after.owners.insert(self.me.clone());
            self.changes.push(Change::Update { before: found.clone(), after });
        } else {
            let owners: Vec<&str> = found.owners.iter().map(Owner::label).collect();
            let but = if wanted.shared { " in another form" } else { "" };
            self.conflicts
                .push(format!("{id} exists{but} and belongs to {}", owners.join(" and ")));
        }
    }

    fn change(&mut self, id: &Id, wanted: &Object, found: &Object) {
        let after = Object {
            resource: settled(self.scope, &wanted.resource, &found.resource),
            owners: found.owners.clone(),
            shared: found.shared,
        };
        match (after.resource.path(), found.resource.path()) {
            (Some(wanted), Some(found)) if wanted != found => self.conflicts.push(format!(
                "{id}: its path is `{found}`, asked for is `{wanted}`; IAM cannot change a path, \
                 so delete this resource and create it anew"
            )),
            _ if after != *found => {
                self.changes.push(Change::Update { before: found.clone(), after });
            }
            _ => {}
        }
    }

    fn want_link(&mut self, id: &Id, wanted: &Object) {
        let Some(parent) = id.parent() else { return };
        if self.used_as_is.contains(&parent) {
            return;
        }
        if !self.desired.contains(&parent) && !self.observed.contains(&parent) {
            self.conflicts.push(format!("{parent} does not exist"));
            return;
        }
        match self.observed.get(id) {
            None => self.changes.push(Change::Create(wanted.clone())),
            Some(found) if id.kind == Kind::UserAttachment => {
                let mut after = Object { resource: wanted.resource.clone(), ..found.clone() };
                // Nobody's: it was there before, and stays when we go.
                if !found.owners.is_empty() {
                    after.owners.insert(self.me.clone());
                }
                if after != *found {
                    self.changes.push(Change::Update { before: found.clone(), after });
                }
            }
            Some(found) if found.resource != wanted.resource => {
                let after = Object { resource: wanted.resource.clone(), ..found.clone() };
                self.changes.push(Change::Update { before: found.clone(), after });
            }
            Some(_) => {}
        }
    }

    fn refuse_foreign_attachment(&mut self, id: &Id) {
        let holder = id.parent().filter(|parent| self.desired.contains(parent));
        let holder = holder.and_then(|parent| self.observed.get(&parent));
        if holder.is_some_and(|holder| holder.owners.contains(self.me))
            && is_foreign_attachment(self.scope, id, OnForeignAttachment::Fail)
        {
            self.conflicts.push(format!("{id} was not made by this resource; take it away first"));
        }
    }

    fn drop_unwanted(&mut self, id: &Id, found: &Object) {
        match id.parent().filter(|_| id.kind != Kind::UserAttachment) {
            Some(parent) => self.drop_link(id, &parent, found),
            None if !found.owners.contains(self.me) || !self.scope.ids.contains(id) => {}
            None if found.owners.len() == 1 => self.changes.push(Change::Delete(found.clone())),
            None => {
                let mut after = found.clone();
                after.owners.remove(self.me);
                self.changes.push(Change::Update { before: found.clone(), after });
            }
        }
    }

    /// What hangs on something of ours goes with it. From what stays only that is taken which a
    /// preset may have put there, and the role whose place in a profile another one takes.
    fn drop_link(&mut self, id: &Id, parent: &Id, found: &Object) {
        let Some(holder) = self.observed.get(parent) else { return };
        let goes = if !holder.owners.contains(self.me) {
            gives_ours(self.me, self.scope, self.observed, id)
        } else if self.desired.contains(parent) {
            self.scope.ids.contains(id)
                || id.kind == Kind::ProfileRole
                || is_foreign_attachment(self.scope, id, OnForeignAttachment::Detach)
        } else {
            holder.owners.len() == 1
        };
        if goes {
            self.changes.push(Change::Delete(found.clone()));
        }
    }
}

/// True for a link by which something that is not ours got a policy that is: somebody named it
/// in the properties, and before we made the policy nobody could have attached it.
fn gives_ours(me: &Owner, scope: &Scope, observed: &State, link: &Id) -> bool {
    let policy = link.target().filter(|target| target.kind == Kind::Policy);
    let policy = policy.and_then(|policy| observed.get(&policy));
    scope.ids.contains(link) && policy.is_some_and(|policy| policy.owners.contains(me))
}

/// True for a policy on a role or group that no switch of the preset can have attached, if this
/// is what is to become of such.
fn is_foreign_attachment(scope: &Scope, link: &Id, then: OnForeignAttachment) -> bool {
    let attaches = matches!(
        link.kind,
        Kind::RoleAttachment | Kind::RoleInline | Kind::GroupAttachment | Kind::GroupInline
    );
    attaches && scope.on_foreign_attachment == then && !scope.ids.contains(link)
}

/// What an object of ours is to become: as wanted, but with what other people added and what
/// IAM cannot change.
fn settled(scope: &Scope, wanted: &Resource, found: &Resource) -> Resource {
    let mut settled = wanted.clone();
    match (&mut settled, found) {
        (Resource::Role(role), Resource::Role(found)) => {
            keep_foreign_tags(scope, &mut role.tags, &found.tags);
            let foreign = |boundary: &String| !scope.boundaries.contains(boundary);
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

/// The boundary that is wanted and not there.
fn missing_boundary<'a>(wanted: &'a Resource, found: &Resource) -> Option<&'a String> {
    let (Resource::Role(wanted), Resource::Role(found)) = (wanted, found) else { return None };
    let boundary = wanted.permissions_boundary.as_ref();
    boundary.filter(|_| wanted.permissions_boundary != found.permissions_boundary)
}

/// True if both give the same power. Tags and descriptions give none.
fn same_power(wanted: &Resource, found: &Resource) -> bool {
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
