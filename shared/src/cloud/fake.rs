//! An account in memory that enforces IAM's rules about dependencies.
//!
//! It is for tests of all code above the seam. It has no latency and no eventual consistency;
//! [`Calls`] lets any of its calls fail, and lets several requests at once meet at each of them.

mod faults;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::{Call, CallError, Cloud, Found, calls};
use crate::plan::{Attachable, Change, Scope};
use crate::state::{
    Account, Id, Kind, Object, Owner, Owners, PolicyDocument, Resource, Role, State, TagKey, Tags,
    compare_names, is_ownership_tag, limits,
};

pub use faults::{Calls, Fault};

/// An account in memory.
#[derive(Debug, Default)]
pub struct Fake {
    state: RefCell<State>,
    writes: Cell<usize>,
    /// It stands still but where a test lets it go on.
    now: Cell<Option<Instant>>,
    attachable: Cell<Attachable>,
}

impl Fake {
    /// An account that holds just this.
    pub fn new(state: State) -> Self {
        Fake { state: RefCell::new(state), ..Fake::default() }
    }

    /// All that is there.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.now.set(Some(self.now() + time));
    }

    /// An account with a raised quota of managed policies on one user, group or role.
    pub fn with_attachable(self, most: usize) -> Self {
        let attachable = Attachable { user: most, group: most, role: most, is_known: true };
        Fake { attachable: Cell::new(attachable), ..self }
    }

    /// Returns the number of requested writes.
    pub fn writes(&self) -> usize {
        self.writes.get()
    }

    /// Makes a person's change in the console, by IAM's rules. A person may make and delete users,
    /// too.
    ///
    /// # Errors
    ///
    /// The error with which IAM's API would refuse it.
    pub fn person(&self, change: Change) -> Result<(), CallError> {
        let mut account = self.state.borrow_mut();
        match &change {
            Change::Create(user) if user.resource.id().kind == Kind::User => {
                account.insert(user.clone());
                Ok(())
            }
            Change::Delete(object) if calls(&change).is_empty() => {
                delete(&mut account, &object.resource.id())
            }
            Change::Create(_) | Change::Update { .. } | Change::Delete(_) => calls(&change)
                .iter()
                .try_for_each(|call| carry_out(&mut account, call, self.attachable.get().role)),
        }
    }

    /// Renames a user or a group, as a person may: all its links stay with it.
    pub fn rename(&self, kind: Kind, from: &str, to: &str) {
        let mut state = self.state.borrow_mut();
        let renamed = state.iter().map(|(_, object)| renamed(object, kind, from, to)).collect();
        *state = renamed;
    }

    fn look(&self, scope: &Scope) -> State {
        let state = self.state.borrow();
        // A policy is looked for by its ARN, in which the path is.
        let is_elsewhere = |id: &Id| {
            let policy = state.get(id).filter(|_| id.kind == Kind::Policy);
            let path = policy.and_then(|policy| policy.resource.path());
            path.is_some_and(|path| !scope.paths.contains(path))
        };
        let in_scope = |id: &Id| scope.ids.contains(id) && !is_elsewhere(id);
        // Links of an object in the scope, by either end.
        let hangs = |id: &Id| {
            let held = id.parent().is_some_and(|parent| in_scope(&parent));
            held || id.target().is_some_and(|target| in_scope(&target))
        };
        // The user's tags name the owners of a policy on the user: they are read of observed users,
        // for the policies that a preset may attach.
        let is_counted = |id: &Id| {
            let ours = in_scope(id) && id.parent().is_some_and(|user| in_scope(&user));
            id.kind == Kind::UserAttachment && !ours
        };
        state
            .iter()
            .filter(|(id, object)| {
                in_scope(id) || hangs(id) && !(is_counted(id) && object.is_claim())
            })
            // A service-linked role shows no owner.
            .map(|(id, object)| {
                let is_seen = id.kind != Kind::ServiceLinkedRole && !is_counted(id);
                let owners = is_seen.then(|| object.owners.clone());
                Object { owners: owners.unwrap_or_default(), ..object.clone() }
            })
            .collect()
    }

    fn write(&self, call: &Call) -> Result<(), CallError> {
        self.writes.set(self.writes.get() + 1);
        carry_out(&mut self.state.borrow_mut(), call, self.attachable.get().role)
    }
}

impl Fake {
    fn marked(&self, me: &Owner) -> Found {
        let state = self.state.borrow();
        let mine = state.iter().filter(|(_, object)| object.owners.contains(me));
        let mine = mine.filter(|(id, _)| id.kind != Kind::ServiceLinkedRole);
        let mut found = Found::default();
        for (id, object) in mine {
            found.ids.insert(id.clone());
            if let Resource::Policy(policy) = &object.resource {
                found.paths.insert(policy.path.clone());
            }
        }
        found
    }

    fn said(&self, policy_arns: &BTreeSet<String>) -> BTreeMap<String, PolicyDocument> {
        let state = self.state.borrow();
        let said = |arn: &String| {
            let link = Id::link(Kind::UserAttachment, "", arn.clone());
            let document = state.get(&link.target()?)?.resource.document()?;
            Some((arn.clone(), document.clone()))
        };
        policy_arns.iter().filter_map(said).collect()
    }
}

impl Cloud for Fake {
    fn now(&self) -> Instant {
        let now = self.now.get().unwrap_or_else(Instant::now);
        self.now.set(Some(now));
        now
    }

    async fn find(&self, me: &Owner, _: &Scope) -> Result<Found, CallError> {
        Ok(self.marked(me))
    }

    async fn owners(&self) -> Result<Owners, CallError> {
        let state = self.state();
        Ok(state.iter().flat_map(|(_, object)| object.owners.iter().cloned()).collect())
    }

    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        let account = Account {
            partition: "aws".to_owned(),
            id: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
        };
        let state = self.state.borrow();
        let roles = state.iter().filter(|(id, _)| id.kind == Kind::Role);
        Ok(roles.filter_map(|(_, role)| account.arn(&role.resource)).collect())
    }

    async fn attachable(&self) -> Result<Attachable, CallError> {
        Ok(Attachable { is_known: true, ..self.attachable.get() })
    }

    async fn documents(
        &self,
        policy_arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, PolicyDocument>, CallError> {
        Ok(self.said(policy_arns))
    }

    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        Ok(self.look(scope))
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        self.write(call)
    }
}

/// An object of an account in which a user or a group was renamed.
pub fn renamed(object: &Object, kind: Kind, from: &str, to: &str) -> Object {
    let mut object = object.clone();
    let (user, group) = match &mut object.resource {
        Resource::User { name } | Resource::UserAttachment { user: name, .. } => (Some(name), None),
        Resource::Group { name, .. }
        | Resource::GroupAttachment { group: name, .. }
        | Resource::GroupInline { group: name, .. } => (None, Some(name)),
        Resource::GroupMember { user, group } => (Some(user), Some(group)),
        Resource::ServiceLinkedRole { .. }
        | Resource::Policy(_)
        | Resource::Role(_)
        | Resource::InstanceProfile { .. }
        | Resource::RoleAttachment { .. }
        | Resource::RoleInline { .. }
        | Resource::ProfileRole { .. } => (None, None),
    };
    let name = if kind == Kind::User { user } else { group };
    if let Some(name) = name.filter(|name| compare_names(name, from).is_eq()) {
        to.clone_into(name);
    }
    object
}

/// Carries out one call by IAM's rules: NoSuchEntity, EntityAlreadyExists, DeleteConflict and
/// LimitExceeded.
fn carry_out(state: &mut State, call: &Call, attachable: usize) -> Result<(), CallError> {
    let id = call.id();
    let there = state.get(&id).cloned();
    match call.clone() {
        Call::CreateRole(role) => create(state, owned(Resource::Role(role))),
        Call::CreatePolicy(policy) => create(state, owned(Resource::Policy(policy))),
        Call::CreateInstanceProfile { profile: name, path, tags } => {
            create(state, owned(Resource::InstanceProfile { name, path, tags }))
        }
        Call::CreateGroup { group: name, path } => {
            let owners = Owner::from_group_path(&path).into_iter().collect();
            let resource = Resource::Group { name, path };
            create(state, Object { owners, ..Object::unowned(resource) })
        }
        Call::CreateServiceLinkedRole { role: name, service } => {
            create(state, Object::unowned(Resource::ServiceLinkedRole { name, service }))
        }
        Call::DeleteRole { .. }
        | Call::DeletePolicy { .. }
        | Call::DeleteGroup { .. }
        | Call::DeleteInstanceProfile { .. }
        | Call::DetachRolePolicy { .. }
        | Call::DetachGroupPolicy { .. }
        | Call::DeleteRolePolicy { .. }
        | Call::DeleteGroupPolicy { .. }
        | Call::RemoveRoleFromInstanceProfile { .. }
        | Call::RemoveUserFromGroup { .. } => delete(state, &id),
        Call::AttachRolePolicy { role, policy_arn } => {
            link(state, Resource::RoleAttachment { role, policy_arn })
        }
        Call::AttachGroupPolicy { group, policy_arn } => {
            link(state, Resource::GroupAttachment { group, policy_arn })
        }
        Call::PutRolePolicy { role, policy: name, document } => {
            link(state, Resource::RoleInline { role, name, document })
        }
        Call::PutGroupPolicy { group, policy: name, document } => {
            link(state, Resource::GroupInline { group, name, document })
        }
        Call::AddUserToGroup { group, user } => link(state, Resource::GroupMember { group, user }),
        Call::AddRoleToInstanceProfile { profile, role } => {
            link(state, Resource::ProfileRole { profile, role })
        }
        Call::AttachUserPolicy { user, policy_arn } => {
            let owners = state.get(&id).map(|claim| claim.owners.clone()).unwrap_or_default();
            link(state, Resource::UserAttachment { user, policy_arn, attached: true })?;
            claim(state, &id, |all| *all = owners)
        }
        // The claims of other owners stay.
        Call::DetachUserPolicy { .. } => {
            match state.get(&id).filter(|it| !it.is_claim()).cloned() {
                Some(Object { owners, .. }) if owners.is_empty() => delete(state, &id),
                Some(Object {
                    resource: Resource::UserAttachment { user, policy_arn, .. },
                    owners,
                    ..
                }) => {
                    let resource = Resource::UserAttachment { user, policy_arn, attached: false };
                    state.insert(Object { owners, ..Object::unowned(resource) });
                    Ok(())
                }
                _ => refuse(&id, "NoSuchEntity", "is not there"),
            }
        }
        Call::TagUser { user, policy_arns, tags } => {
            if !state.contains(&id) {
                return refuse(&id, "NoSuchEntity", "the user is not there");
            }
            for policy_arn in policy_arns {
                let owner = |(key, value): (&TagKey, &String)| {
                    Owner::from_attached_tag(&policy_arn, key, value)
                };
                let owners: Owners = tags.iter().filter_map(owner).collect();
                let claimed = Id::link(Kind::UserAttachment, &user, &policy_arn);
                if !state.contains(&claimed) {
                    let (user, attached) = (user.clone(), false);
                    let resource = Resource::UserAttachment { user, policy_arn, attached };
                    state.insert(Object::unowned(resource));
                }
                claim(state, &claimed, |all| {
                    owners.into_iter().for_each(|it| drop(all.replace(it)));
                })?;
            }
            Ok(())
        }
        Call::UntagUser { user, policy_arns, keys } => {
            for policy_arn in policy_arns {
                let claimed = Id::link(Kind::UserAttachment, &user, &policy_arn);
                let is_gone = |owner: &Owner| keys.contains(&owner.attached_tag(&policy_arn).0);
                if state.contains(&claimed) {
                    claim(state, &claimed, |all| all.retain(|owner| !is_gone(owner)))?;
                }
            }
            Ok(())
        }
        Call::PutRolePermissionsBoundary { policy_arn, .. } => {
            change_role(state, &id, |role| role.permissions_boundary = Some(policy_arn))
        }
        Call::DeleteRolePermissionsBoundary { .. } => {
            change_role(state, &id, |role| role.permissions_boundary = None)
        }
        Call::UpdateAssumeRolePolicy { trust, .. } => {
            change_role(state, &id, |role| role.trust = trust)
        }
        Call::UpdateRole { description, max_session_duration, .. } => {
            change_role(state, &id, |role| {
                role.description = description;
                role.max_session_duration = max_session_duration;
            })
        }
        Call::CreatePolicyVersion { document, .. } => change(state, &id, |object| {
            if let Resource::Policy(policy) = &mut object.resource {
                policy.document = document;
            }
        }),
        Call::TagRole { tags, .. }
        | Call::TagPolicy { tags, .. }
        | Call::TagInstanceProfile { tags, .. } => change(state, &id, |object| {
            let (tags, owners) = apart(tags);
            owners.into_iter().for_each(|owner| drop(object.owners.replace(owner)));
            if let Some(all) = object.resource.tags_mut() {
                all.extend(tags);
            }
        }),
        Call::UntagRole { keys, .. }
        | Call::UntagPolicy { keys, .. }
        | Call::UntagInstanceProfile { keys, .. } => change(state, &id, |object| {
            object.owners.retain(|owner| !keys.contains(&owner.tag().0));
            if let Some(all) = object.resource.tags_mut() {
                all.retain(|key, _| !keys.contains(key));
            }
        }),
    }?;
    let near = |(other, _): &(&Id, &Object)| {
        other.kind == id.kind && compare_names(&other.name, &id.name).is_eq()
    };
    let near = state.iter().filter(near).map(|(_, object)| object.clone()).collect();
    match limits::check_with(&near, attachable).first() {
        Some(limit) if !call.takes_away() => {
            state.remove(&id);
            state.extend(there);
            refuse(&id, "LimitExceeded", limit)
        }
        _ => Ok(()),
    }
}

fn refuse(id: &Id, code: &str, message: &str) -> Result<(), CallError> {
    let (target, code, message) = (id.to_string(), code.to_owned(), message.to_owned());
    Err(CallError { action: "fake:Write", target, code, message })
}

/// Splits tags as IAM holds them into those of the object and its owners, as [`State`] has them.
fn apart(tags: Tags) -> (Tags, Owners) {
    let owners = tags.iter().filter_map(|(key, value)| Owner::from_tag(key, value)).collect();
    (tags.into_iter().filter(|(key, _)| !is_ownership_tag(key)).collect(), owners)
}

fn owned(mut resource: Resource) -> Object {
    let mut owners = Owners::default();
    if let Some(all) = resource.tags_mut() {
        (*all, owners) = apart(std::mem::take(all));
    }
    Object { owners, ..Object::unowned(resource) }
}

fn create(state: &mut State, object: Object) -> Result<(), CallError> {
    let id = object.resource.id();
    if state.contains(&id) {
        return refuse(&id, "EntityAlreadyExists", "exists");
    }
    state.insert(object);
    Ok(())
}

/// To IAM a link that is there is made.
fn link(state: &mut State, resource: Resource) -> Result<(), CallError> {
    let id = resource.id();
    if id.parent().into_iter().chain(id.target()).any(|end| !state.contains(&end)) {
        return refuse(&id, "NoSuchEntity", "an end of the link is missing");
    }
    state.insert(Object::unowned(resource));
    Ok(())
}

fn delete(state: &mut State, id: &Id) -> Result<(), CallError> {
    // A claim on a user is a tag of the user, and keeps no policy.
    let names_it = |(link, object): (&Id, &Object)| {
        [link.parent(), link.target()].contains(&Some(id.clone())) && !object.is_claim()
    };
    if !state.contains(id) {
        return refuse(id, "NoSuchEntity", "is not there");
    }
    if state.iter().any(names_it) {
        return refuse(id, "DeleteConflict", "something still hangs on it");
    }
    state.remove(id);
    Ok(())
}

fn change(state: &mut State, id: &Id, change: impl FnOnce(&mut Object)) -> Result<(), CallError> {
    let Some(mut object) = state.remove(id) else {
        return refuse(id, "NoSuchEntity", "is not there");
    };
    change(&mut object);
    state.insert(object);
    Ok(())
}

fn change_role(state: &mut State, id: &Id, by: impl FnOnce(&mut Role)) -> Result<(), CallError> {
    change(state, id, |object| {
        if let Resource::Role(role) = &mut object.resource {
            by(role);
        }
    })
}

/// Changes the owners of a policy on a user. An entry without claim and attachment is removed.
fn claim(state: &mut State, id: &Id, by: impl FnOnce(&mut Owners)) -> Result<(), CallError> {
    change(state, id, |object| by(&mut object.owners))?;
    if state.get(id).is_some_and(|object| object.is_claim() && object.owners.is_empty()) {
        state.remove(id);
    }
    Ok(())
}
