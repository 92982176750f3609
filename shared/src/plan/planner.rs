//! What is wanted against what is there, object by object and link by link.

use std::collections::BTreeSet;

use super::{Change, OnForeignAttachment, Plan, Scope, blockers};
use crate::state::{Id, Kind, Object, Owner, Policy, Resource, Role, State, Tags};

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
pub(super) fn gives_ours(me: &Owner, scope: &Scope, observed: &State, link: &Id) -> bool {
    let policy = link.target().filter(|target| target.kind == Kind::Policy);
    let policy = policy.and_then(|policy| observed.get(&policy));
    scope.ids.contains(link) && policy.is_some_and(|policy| policy.owners.contains(me))
}

/// True for a policy on a role or group that no switch of the preset can have attached, if this
/// is what is to become of such.
pub(super) fn is_foreign_attachment(scope: &Scope, link: &Id, then: OnForeignAttachment) -> bool {
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
