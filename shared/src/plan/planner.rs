//! The desired state against the observed one, object by object and link by link.

use std::collections::{BTreeMap, BTreeSet};

use super::as_it_is;
use super::likeness::{same, same_link, same_power, settled};
use super::{Change, Conflict, OnForeignAttachment, Plan, Scope, blockers, quota};
use crate::state::{Id, Kind, Object, Owner, Owners, Resource, State, limits};

/// Plans the changes from the observed state to the desired one.
///
/// # Assumptions
///
/// `observed` holds all that is there of `scope.ids`, and all that hangs on it.
///
/// # Errors
///
/// Everything that is in the way: a name that is taken, a user that does not exist or holds too
/// much already, a detail that IAM cannot change.
pub fn plan(
    me: &Owner,
    scope: &Scope,
    desired: &State,
    observed: &State,
) -> Result<Plan, Vec<Conflict>> {
    let (staying, blockers) = blockers::find(me, scope, desired, observed);
    // An owner that leaves at the same time and still uses it is the last one.
    let is_others_too = |(used, _): &(Id, Id)| {
        observed.get(used).is_some_and(|object| !scope.others(me, object).is_empty())
    };
    if !scope.waits_for_leavers && blockers.iter().any(is_others_too) {
        let scope = Scope { waits_for_leavers: true, ..scope.clone() };
        return plan(me, &scope, desired, observed);
    }
    let is_past = |(id, _): &(Id, Id)| !desired.is_empty() && scope.past.contains(id);
    let (left, blockers): (Vec<_>, Vec<_>) = blockers.into_iter().partition(is_past);
    let mut planner = Planner {
        me,
        scope,
        desired,
        observed,
        has_left: !left.is_empty(),
        changes: Vec::new(),
        used_as_is: BTreeSet::new(),
        unusable: BTreeSet::new(),
        missing: BTreeSet::new(),
        foreign: BTreeSet::new(),
        conflicts: Vec::new(),
    };
    for (id, wanted) in desired.iter().filter(|(id, _)| id.kind.is_node()) {
        planner.want_node(id, wanted);
    }
    for (id, wanted) in desired.iter().filter(|(id, _)| !id.kind.is_node()) {
        planner.want_link(id, wanted);
    }
    for id in observed.ids() {
        planner.find_foreign_attachment(id);
    }
    planner.find_renamed();
    if !planner.conflicts.is_empty() {
        return Err(planner.conflicts);
    }
    for (id, found) in
        observed.iter().filter(|(id, _)| !desired.contains(id) && !staying.contains(id))
    {
        planner.drop_unwanted(id, found);
    }
    planner.conflicts.extend(quota::exceeded(scope, observed, &planner.changes));
    if !planner.conflicts.is_empty() {
        return Err(planner.conflicts);
    }
    let sentences = |uses: &[(Id, Id)]| {
        let sentences = blockers::sentences(uses);
        let way_out = (!sentences.is_empty()).then(|| LET_GO.to_owned());
        sentences.into_iter().chain(way_out).collect::<Vec<String>>()
    };
    let (blockers, left) = (sentences(&blockers), sentences(&left));
    if !desired.is_empty() && !blockers.is_empty() {
        return Err(blockers.into_iter().map(Conflict::Used).collect());
    }
    let Planner { changes, used_as_is, missing, foreign, .. } = planner;
    Ok(Plan { blockers, left, used_as_is, missing, foreign, ..Plan::of(changes) })
}

/// The remedy when all foreign uses have ended.
const LET_GO: &str = "then try again";

struct Planner<'a> {
    me: &'a Owner,
    scope: &'a Scope,
    desired: &'a State,
    observed: &'a State,
    /// Something of former names cannot go yet.
    has_left: bool,
    changes: Vec<Change>,
    used_as_is: BTreeSet<Id>,
    /// Existing objects that differ from the state to which a rollback goes back.
    unusable: BTreeSet<Id>,
    missing: BTreeSet<Id>,
    foreign: BTreeSet<Id>,
    conflicts: Vec<Conflict>,
}

impl Planner<'_> {
    fn want_node(&mut self, id: &Id, wanted: &Object) {
        let Some(found) = self.observed.get(id) else {
            if id.kind == Kind::User {
                self.miss(id);
            } else {
                self.changes.push(Change::Create(wanted.clone()));
            }
            return;
        };
        if matches!(id.kind, Kind::User | Kind::ServiceLinkedRole) {
            return;
        }
        let others = self.scope.others(self.me, found);
        let spelled = found.resource.id().name;
        if spelled != id.name {
            self.conflicts.push(Conflict::Case { id: id.clone(), found: spelled });
        } else if found.owners.contains(self.me) {
            self.change(id, wanted, found, &others);
        } else if found.owners.is_empty() && wanted.shared
            || self.is_nobodys(found) && self.scope.adopt_existing
        {
            self.use_as_it_is(id, wanted, found);
        } else if found.owners.is_empty() {
            let is_like = self.is_like(wanted, found);
            self.conflicts.push(Conflict::Foreign { id: id.clone(), is_like });
        } else if !wanted.shared {
            let owners = found.owners.clone();
            let gone = self.is_nobodys(found);
            let (id, is_like) = (id.clone(), self.is_like(wanted, found));
            self.conflicts.push(Conflict::Taken { id, owners, gone, is_like, by: None });
        } else if same_power(&wanted.resource, &found.resource)
            || self.is_of_another_release(wanted, found, &others)
        {
            let mut after = found.clone();
            if !same_power(&wanted.resource, &found.resource) {
                after.resource = settled(self.scope, &wanted.resource, &found.resource);
            }
            after.owners.extend(wanted.owners.iter().cloned());
            self.changes.push(Change::Update { before: found.clone(), after });
        } else {
            let owners = found.owners.clone();
            let by = other_choices(&wanted.resource, &found.resource);
            self.conflicts.push(Conflict::OtherForm { id: id.clone(), owners, by });
        }
    }

    /// A named object that does not exist: only a newly named one has to.
    fn miss(&mut self, id: &Id) {
        if self.scope.known.contains(id) || self.scope.rolls_back {
            self.missing.insert(id.clone());
        } else {
            self.conflicts.push(Conflict::Missing(id.clone()));
        }
    }

    /// The object of an owner that has ended is free, but is used only with `AdoptExisting`.
    fn is_nobodys(&self, found: &Object) -> bool {
        self.scope.others(self.me, found).is_empty()
    }

    /// True if it could be used as it is, perhaps with another Path.
    fn is_like(&self, wanted: &Object, found: &Object) -> bool {
        let difference = as_it_is::difference(wanted, found, self.desired, self.observed);
        !matches!(difference, Some(Conflict::Differs { .. } | Conflict::Unbounded { .. }))
    }

    fn use_as_it_is(&mut self, id: &Id, wanted: &Object, found: &Object) {
        match as_it_is::difference(wanted, found, self.desired, self.observed) {
            None => drop(self.used_as_is.insert(id.clone())),
            Some(Conflict::Differs { .. }) if self.scope.rolls_back => {
                self.unusable.insert(id.clone());
            }
            Some(conflict) => self.conflicts.push(conflict),
        }
    }

    /// True if all owners want the object in one form, and an older or newer release wrote the
    /// observed one.
    fn is_of_another_release(&self, wanted: &Object, found: &Object, others: &Owners) -> bool {
        let mine = wanted.owners.get(self.me).map(|owner| &owner.mark);
        let release = mine.and_then(|mark| mark.release.as_ref());
        self.agree(wanted, others)
            && found
                .owners
                .iter()
                .any(|owner| owner.mark.release.is_some() && owner.mark.release.as_ref() != release)
    }

    /// True if the other owners want the object in the same form.
    fn agree(&self, wanted: &Object, others: &Owners) -> bool {
        let form = |owner: &Owner| owner.mark.form.clone();
        let mine = wanted.owners.get(self.me).and_then(form);
        others.iter().all(|other| mine.is_some() && form(other) == mine)
    }

    fn change(&mut self, id: &Id, wanted: &Object, found: &Object, others: &Owners) {
        if let (Some(wanted), Some(found)) = (wanted.resource.path(), found.resource.path())
            && wanted != found
        {
            let (found, wanted) = (found.to_owned(), wanted.to_owned());
            self.conflicts.push(Conflict::Path { id: id.clone(), found, wanted, is_own: true });
            return;
        }
        let resource = if others.is_empty() {
            settled(self.scope, &wanted.resource, &found.resource)
        } else if same_power(&wanted.resource, &found.resource) {
            // Its tags stay as its maker wants them.
            found.resource.clone()
        } else if self.agree(wanted, others) {
            let mut resource = settled(self.scope, &wanted.resource, &found.resource);
            let mut found = found.resource.clone();
            if let (Some(tags), Some(found)) = (resource.tags_mut(), found.tags_mut()) {
                *tags = std::mem::take(found);
            }
            resource
        } else {
            let owners = others.clone();
            let by = other_choices(&wanted.resource, &found.resource);
            self.conflicts.push(Conflict::OtherForm { id: id.clone(), owners, by });
            return;
        };
        let mut owners = self.scope.lasting(&found.owners);
        // A group has no tags to note anything on.
        if let Some(mine) = wanted.owners.get(self.me).filter(|_| id.kind.has_tags()) {
            // A note on one object alone stays there if another request has none.
            let was = found.owners.get(self.me).map(|owner| owner.mark.clone()).unwrap_or_default();
            let mut mark = mine.mark.clone();
            mark.names = mark.names.or(was.names);
            let knows_all = self.scope.is_complete && !self.has_left;
            if mark.replaces.is_empty() && !knows_all {
                mark.replaces = was.replaces;
            }
            mark.request = mark.request.or(was.request.filter(|_| !knows_all));
            owners.replace(mine.marked(mark));
        }
        let after = Object { resource, owners, shared: found.shared };
        if !same(&after, found) {
            self.changes.push(Change::Update { before: found.clone(), after });
        }
    }

    fn want_link(&mut self, id: &Id, wanted: &Object) {
        let Some(parent) = id.parent() else { return };
        if self.used_as_is.contains(&parent) || self.missing.contains(&parent) {
            return;
        }
        // An unusable object grants nothing more, and gets nothing.
        let is_unusable = |end: &Id| self.unusable.contains(end);
        if is_unusable(&parent) || id.target().is_some_and(|target| is_unusable(&target)) {
            return;
        }
        if self.ends_missing(id) {
            return;
        }
        if !self.desired.contains(&parent) && !self.observed.contains(&parent) {
            self.miss(&parent);
            return;
        }
        match self.observed.get(id) {
            None if id.kind == Kind::UserAttachment => self.claim(wanted),
            None if self.is_locked(&parent) => self.refuse_change_of(&parent),
            None if self.is_of_aws(&parent) => self.refuse(Conflict::OfAws(parent)),
            None if self.is_anothers(&parent) => self.refuse_use_of(&parent),
            None => self.changes.push(Change::Create(wanted.clone())),
            Some(found) if id.kind == Kind::UserAttachment => {
                let mut after = found.attached();
                // Without an owner: it existed before, and stays when this owner leaves.
                if !found.owners.is_empty() {
                    // The resource's present life is noted anew.
                    let is_noted = |owner: &&Owner| {
                        let was = found.owners.get(*owner).map(|owner| &owner.mark);
                        was.is_some_and(|was| was.id == owner.mark.id && !was.leaves)
                    };
                    for owner in wanted.owners.iter().filter(|owner| !is_noted(owner)) {
                        after.owners.replace(owner.clone());
                    }
                }
                if !same(&after, found) {
                    self.changes.push(Change::Update { before: found.clone(), after });
                }
            }
            Some(found) if !same_link(&wanted.resource, &found.resource) => {
                if self.is_locked(&parent) {
                    self.refuse_change_of(&parent);
                } else {
                    let after = Object { resource: wanted.resource.clone(), ..found.clone() };
                    self.changes.push(Change::Update { before: found.clone(), after });
                }
            }
            Some(_) => {}
        }
    }

    /// A user is claimed first: a crash between the two leaves no attachment without an owner.
    fn claim(&mut self, wanted: &Object) {
        let Resource::UserAttachment { user, policy_arn, .. } = &wanted.resource else { return };
        let (user, policy_arn) = (user.clone(), policy_arn.clone());
        let resource = Resource::UserAttachment { user, policy_arn, attached: false };
        let claimed = Object { resource, ..wanted.clone() };
        self.changes.push(Change::Create(claimed.clone()));
        self.changes.push(Change::Update { before: claimed, after: wanted.clone() });
    }

    /// True for the membership of a deleted user.
    fn ends_missing(&self, link: &Id) -> bool {
        let user = link.target().filter(|target| target.kind == Kind::User);
        user.is_some_and(|user| self.missing.contains(&user))
    }

    /// True for a co-owned object that its other owners want in another form, or in an unknown one.
    fn is_locked(&self, holder: &Id) -> bool {
        let Some(found) = self.observed.get(holder) else { return false };
        let others = self.scope.others(self.me, found);
        match self.desired.get(holder) {
            Some(wanted) => !others.is_empty() && !self.agree(wanted, &others),
            None => false,
        }
    }

    /// True for a holder that is named in the properties, and that another resource made.
    fn is_anothers(&self, holder: &Id) -> bool {
        let found = self.observed.get(holder).filter(|_| !self.desired.contains(holder));
        found.is_some_and(|found| !self.scope.others(self.me, found).is_empty())
    }

    fn refuse_use_of(&mut self, holder: &Id) {
        let found = self.observed.get(holder);
        let owners = found.map(|found| self.scope.others(self.me, found)).unwrap_or_default();
        self.refuse(Conflict::Managed { id: holder.clone(), owners });
    }

    /// One word about a holder is enough.
    fn refuse(&mut self, conflict: Conflict) {
        if !self.conflicts.contains(&conflict) {
            self.conflicts.push(conflict);
        }
    }

    /// True for a service-linked role, and for one of IAM Identity Center.
    fn is_of_aws(&self, holder: &Id) -> bool {
        let found = self.observed.get(holder).filter(|_| holder.kind == Kind::Role);
        found.and_then(|role| role.resource.path()).is_some_and(limits::is_path_of_aws)
    }

    /// A user of a group, or a group of a policy, that was named before, is not now, and does not
    /// exist may have been renamed: then it is one of those that no request named. A user with a
    /// policy carries a mark of it.
    fn find_renamed(&mut self) {
        let mut unknown: BTreeMap<(Id, Kind), Vec<String>> = BTreeMap::new();
        for id in self.observed.ids() {
            let Some((container, holder)) = membership(id) else { continue };
            let is_known = self.scope.ids.contains(id) || self.desired.contains(id);
            if !is_known && self.is_mine_still(&container) && !self.is_mine_still(&holder) {
                unknown.entry((container, holder.kind)).or_default().push(holder.name);
            }
        }
        for ((container, kind), holders) in unknown {
            let was_there = |it: &Id| {
                let link = |link: &&Id| membership(link) == Some((container.clone(), it.clone()));
                let known = self.scope.ids.iter().filter(link);
                known.filter(|link| !self.desired.contains(link)).count() > 0
            };
            let known = self.scope.known.iter().filter(|id| id.kind == kind);
            let gone = known.filter(|id| !self.observed.contains(id) && was_there(id));
            let gone: Vec<String> = gone.map(|id| id.name.clone()).collect();
            if !gone.is_empty() && !self.scope.rolls_back {
                self.conflicts.push(Conflict::Renamed { id: container, gone, holders });
            }
        }
    }

    fn is_mine_still(&self, id: &Id) -> bool {
        let found = self.observed.get(id).filter(|_| self.desired.contains(id));
        found.is_some_and(|found| found.owners.contains(self.me))
    }

    fn refuse_change_of(&mut self, holder: &Id) {
        let found = self.observed.get(holder);
        let owners = found.map(|found| self.scope.others(self.me, found)).unwrap_or_default();
        // One word about a holder is enough.
        let is_said = |conflict: &Conflict| matches!(conflict, Conflict::Taken { id, .. } | Conflict::OtherForm { id, .. } if id == holder);
        if !self.conflicts.iter().any(is_said) {
            let by = match (self.desired.get(holder), found) {
                (Some(wanted), Some(found)) => other_choices(&wanted.resource, &found.resource),
                _ => CHOICES,
            };
            self.conflicts.push(Conflict::OtherForm { id: holder.clone(), owners, by });
        }
    }

    /// Reports a foreign attachment to the preset's role or group, or refuses the request for it.
    fn find_foreign_attachment(&mut self, id: &Id) {
        let holder = id.parent().filter(|parent| self.desired.contains(parent));
        let holder = holder.and_then(|parent| self.observed.get(&parent));
        if !holder.is_some_and(|holder| holder.owners.contains(self.me)) {
            return;
        }
        if is_foreign_attachment(self.scope, id, OnForeignAttachment::Fail)
            && !self.scope.rolls_back
        {
            self.conflicts.push(Conflict::Attached(id.clone()));
        } else if is_foreign_attachment(self.scope, id, OnForeignAttachment::Keep)
            && !self.desired.contains(id)
        {
            self.foreign.insert(id.clone());
        }
    }

    fn drop_unwanted(&mut self, id: &Id, found: &Object) {
        match id.parent().filter(|_| id.kind != Kind::UserAttachment) {
            Some(parent) => self.drop_link(id, &parent, found),
            None if self.loses_its_policy(id) => self.delete(found),
            None if !found.owners.contains(self.me) || !self.scope.ids.contains(id) => {}
            None if self.scope.is_alone(self.me, found) => self.delete(found),
            None => {
                // An earlier delivery may have died between detaching it and giving it back.
                let is_given_back = id.kind == Kind::UserAttachment && self.is_wanted(id, found);
                let mut after = if is_given_back { found.attached() } else { found.clone() };
                if found.is_kept_by(self.me) {
                    after.owners = found.owners.iter().map(|it| self.leaving(it)).collect();
                } else {
                    after.owners.remove(self.me);
                }
                after.owners = self.scope.lasting(&after.owners);
                self.changes.push(Change::Update { before: found.clone(), after });
            }
        }
    }

    /// A user's claim outlives the attachment until it is known that no other owner claimed it. It
    /// says before that its owner is leaving. Other owners remove their own claims.
    fn delete(&mut self, found: &Object) {
        let is_claimed = found.resource.id().kind == Kind::UserAttachment;
        if !is_claimed || found.owners.is_empty() {
            return self.changes.push(Change::Delete(found.clone()));
        }
        // A claim alone counts as attached: another leaving owner may have detached it, and be
        // attaching it again for this one; and a copy of IAM that lags may not show it yet.
        let found = found.attached();
        let mut before = found.clone();
        if found.is_kept_by(self.me) {
            before.owners = found.owners.iter().map(|it| self.leaving(it)).collect();
            self.changes.push(Change::Update { before: found.clone(), after: before.clone() });
        }
        let after = before.claimed();
        if after != before {
            self.changes.push(Change::Update { before, after: after.clone() });
        }
        let owners = self.scope.ending(self.me, &found);
        if !owners.is_empty() {
            self.changes.push(Change::Delete(Object { owners, ..after }));
        }
    }

    /// True for a policy of a user that another owner of the policy claims.
    fn is_wanted(&self, link: &Id, found: &Object) -> bool {
        let policy = link.target().map(|policy| self.observed.get(&policy));
        let is_gone = policy.is_some_and(|policy| policy.is_none());
        let owners = policy.flatten().map(|policy| &policy.owners);
        !is_gone && self.scope.claimants(self.me, &found.owners, owners).next().is_some()
    }

    fn leaving(&self, owner: &Owner) -> Owner {
        if owner == self.me { owner.leaving() } else { owner.clone() }
    }

    /// True for a user's attachment of a policy that `me` alone owns. The policy could not be
    /// attached before `me` made it, so `me` owns the attachment, whether the user's tags say so or
    /// not.
    fn loses_its_policy(&self, link: &Id) -> bool {
        let policy = link.target().and_then(|policy| self.observed.get(&policy));
        link.kind == Kind::UserAttachment
            && policy.is_some_and(|policy| self.scope.is_alone(self.me, policy))
            && (self.scope.ids.contains(link)
                || self.observed.get(link).is_some_and(|link| link.owners.contains(self.me)))
    }

    /// Deletes the links of an object that is deleted. An object that stays loses only links that
    /// this resource may have made, and the role that another role replaces in a profile.
    fn drop_link(&mut self, id: &Id, parent: &Id, found: &Object) {
        let Some(holder) = self.observed.get(parent) else { return };
        let goes = if !holder.owners.contains(self.me) {
            gives_ours(self.me, self.scope, self.desired, self.observed, id)
        } else if self.desired.contains(parent) {
            self.scope.gives(id)
                || id.kind == Kind::ProfileRole
                || id.kind == Kind::GroupMember && self.scope.ids.contains(id)
                || is_foreign_attachment(self.scope, id, OnForeignAttachment::Detach)
        } else {
            self.scope.is_alone(self.me, holder)
        };
        if goes && self.is_locked(parent) {
            self.refuse_change_of(parent);
        } else if goes {
            self.changes.push(Change::Delete(found.clone()));
        }
    }
}

/// A group and its user, or a policy and its group: links that leave no mark on the second.
fn membership(link: &Id) -> Option<(Id, Id)> {
    match link.kind {
        Kind::GroupMember => Some((link.parent()?, link.target()?)),
        Kind::GroupAttachment => Some((link.target()?, link.parent()?)),
        Kind::ServiceLinkedRole
        | Kind::User
        | Kind::Policy
        | Kind::Role
        | Kind::Group
        | Kind::InstanceProfile
        | Kind::RoleAttachment
        | Kind::RoleInline
        | Kind::GroupInline
        | Kind::UserAttachment
        | Kind::ProfileRole => None,
    }
}

/// The properties that decide the form of a shared object, where no difference shows which one.
const CHOICES: &[&str] = &["Edition", "Parameters"];

/// The properties by which two stacks want a shared object in two forms: a mark has a digest of
/// all of them, and the path and the boundary of an object can be seen.
fn other_choices(wanted: &Resource, found: &Resource) -> &'static [&'static str] {
    let boundary = |resource: &Resource| {
        let Resource::Role(role) = resource else { return None };
        role.permissions_boundary.clone()
    };
    match (wanted.path() != found.path(), boundary(wanted) != boundary(found)) {
        (true, true) => &["Path", "PermissionsBoundary"],
        (true, false) => &["Path"],
        (false, true) => &["PermissionsBoundary"],
        (false, false) => CHOICES,
    }
}

/// True for a link by which a foreign holder got a policy of `me`: the properties name the holder,
/// and the policy could not be attached before `me` made it.
///
/// A role or group of a preset's name without `me`'s mark was refused, and has the policy from
/// another principal. Where the policy is deleted, the role may be `me`'s and have lost its mark.
pub(super) fn gives_ours(
    me: &Owner,
    scope: &Scope,
    desired: &State,
    observed: &State,
    link: &Id,
) -> bool {
    let policy = link.target().filter(|target| target.kind == Kind::Policy);
    let policy = policy.and_then(|policy| observed.get(&policy));
    let Some(holder) = link.parent() else { return false };
    let may_be_ours = || {
        let others = observed.get(&holder).map(|found| scope.others(me, found));
        desired.is_empty() && others.is_none_or(|others| others.is_empty())
    };
    scope.ids.contains(link)
        && policy.is_some_and(|policy| policy.owners.contains(me))
        && (holder.kind == Kind::User || scope.named.contains(&holder) || may_be_ours())
}

/// True for a foreign attachment to a role or group, if `then` is its handling.
pub(super) fn is_foreign_attachment(scope: &Scope, link: &Id, then: OnForeignAttachment) -> bool {
    let attaches = matches!(
        link.kind,
        Kind::RoleAttachment | Kind::RoleInline | Kind::GroupAttachment | Kind::GroupInline
    );
    attaches && scope.on_foreign_attachment == then && !scope.gives(link)
}
