//! An account in memory that enforces IAM's rules about what depends on what.
//!
//! It is for tests of everything above the seam. It has no latency and no eventual consistency;
//! [`Calls`] makes of each change the calls that the adapter makes, lets any of them fail, and
//! lets several requests at once meet at each of them.

mod calls;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::{Applied, CallError, Cloud, Found};
use crate::plan::{Attachable, Change, Scope};
use crate::state::{
    Account, Id, Kind, Object, Owner, Owners, PolicyDocument, Resource, State, Tags, compare_names,
    limits,
};

pub use calls::{Calls, Fault};

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

    /// An account whose quota of managed policies on one user, group or role was raised.
    pub fn with_attachable(self, most: usize) -> Self {
        let attachable = Attachable { user: most, group: most, role: most, is_known: true };
        Fake { attachable: Cell::new(attachable), ..self }
    }

    /// How many writes were asked for.
    pub fn writes(&self) -> usize {
        self.writes.get()
    }

    /// What a person does in the console, with IAM's rules.
    ///
    /// # Errors
    ///
    /// As IAM's API would refuse it.
    pub fn person(&self, change: Change) -> Result<(), CallError> {
        change_state(&mut self.state.borrow_mut(), &change, self.attachable.get().role)
    }

    /// What a person does who renames a user or a group: everything stays with it.
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
        // What hangs on something in the scope, by either end.
        let hangs = |id: &Id| {
            let held = id.parent().is_some_and(|parent| in_scope(&parent));
            held || id.target().is_some_and(|target| in_scope(&target))
        };
        // Whose a policy on a user is, the user's tags say: they are read of those who are looked
        // at, for the policies that a preset may attach.
        let is_counted = |id: &Id| {
            let ours = in_scope(id) && id.parent().is_some_and(|user| in_scope(&user));
            id.kind == Kind::UserAttachment && !ours
        };
        state
            .iter()
            .filter(|(id, object)| {
                in_scope(id) || hangs(id) && !(is_counted(id) && object.is_claim())
            })
            // What is everybody's has no owner on it to be seen.
            .map(|(id, object)| {
                let is_seen = id.kind != Kind::ServiceLinkedRole && !is_counted(id);
                let owners = is_seen.then(|| object.owners.clone());
                Object { owners: owners.unwrap_or_default(), ..object.clone() }
            })
            .collect()
    }

    fn write(&self, change: &Change) -> Result<Applied, CallError> {
        self.writes.set(self.writes.get() + 1);
        let mut state = self.state.borrow_mut();
        let there = state.get(&change.id());
        match (change, there) {
            (Change::Create(wanted), Some(there)) if may_be_made_twice(wanted, there) => {
                let owners = there.owners.union(&wanted.owners).cloned().collect();
                let mut resource = wanted.resource.clone();
                if let (
                    Resource::UserAttachment { attached, .. },
                    Resource::UserAttachment { attached: was, .. },
                ) = (&mut resource, &there.resource)
                {
                    *attached |= was;
                }
                state.insert(Object { owners, shared: false, resource });
                Ok(Applied::Before)
            }
            (Change::Delete(_), None) => Ok(Applied::Before),
            // Everybody's, and never deleted by `aws::iam`.
            (Change::Delete(object), _)
                if matches!(object.resource.id().kind, Kind::ServiceLinkedRole | Kind::User) =>
            {
                Ok(Applied::Before)
            }
            (Change::Create(_) | Change::Update { .. } | Change::Delete(_), _) => {
                change_state(&mut state, change, self.attachable.get().role).map(|()| Applied::Now)
            }
        }
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

    async fn apply(&self, change: &Change) -> Result<Applied, CallError> {
        self.write(change)
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

/// True for an object that an earlier delivery of the same request made, and for every link: to
/// IAM one that is there is made.
fn may_be_made_twice(wanted: &Object, there: &Object) -> bool {
    let kind = wanted.resource.id().kind;
    !kind.is_node()
        || kind == Kind::ServiceLinkedRole
        || (!wanted.owners.is_empty() && there.owners.is_superset(&wanted.owners))
}

fn change_state(state: &mut State, change: &Change, attachable: usize) -> Result<(), CallError> {
    let id = change.id();
    let refuse = |code: &str, message: &str| {
        Err(CallError {
            action: "fake:Write",
            target: id.to_string(),
            code: code.to_owned(),
            message: message.to_owned(),
        })
    };
    // A claim on a user is a tag of the user, and keeps no policy.
    let is_claim = |object: &Object| {
        matches!(object.resource, Resource::UserAttachment { attached: false, .. })
    };
    let names_it = |(link, object): (&Id, &Object)| {
        let ends = [link.parent(), link.target()];
        ends.contains(&Some(id.clone())) && !is_claim(object)
    };
    let there = state.get(&id).cloned();
    match (change, &there) {
        (Change::Create(object), _) => {
            if state.contains(&id) {
                return refuse("EntityAlreadyExists", "exists");
            }
            let missing =
                id.parent().into_iter().chain(id.target()).any(|end| !state.contains(&end));
            if missing {
                return refuse("NoSuchEntity", "an end of the link is missing");
            }
            state.insert(Object { shared: false, ..object.clone() });
        }
        (Change::Update { .. } | Change::Delete(_), None) => {
            return refuse("NoSuchEntity", "is not there");
        }
        (Change::Update { before, after }, Some(there)) => {
            state.insert(merged(there, before, after));
        }
        (Change::Delete(_), Some(_)) if state.iter().any(names_it) => {
            return refuse("DeleteConflict", "something still hangs on it");
        }
        (Change::Delete(object), Some(there)) => {
            state.remove(&id);
            state.extend(claims_of_others(object, there));
        }
    }
    let near = |(other, _): &(&Id, &Object)| {
        other.kind == id.kind && compare_names(&other.name, &id.name).is_eq()
    };
    let near = state.iter().filter(near).map(|(_, object)| object.clone()).collect();
    match limits::check_with(&near, attachable).first() {
        Some(limit) => {
            state.remove(&id);
            state.extend(there);
            refuse("LimitExceeded", limit)
        }
        None => Ok(()),
    }
}

/// An attachment to a user and the tags that claim it are two things: whoever detaches the
/// policy leaves the claims of others.
fn claims_of_others(gone: &Object, there: &Object) -> Option<Object> {
    let Resource::UserAttachment { user, policy_arn, .. } = &there.resource else { return None };
    let (user, policy_arn) = (user.clone(), policy_arn.clone());
    let owners: Owners = there.owners.difference(&gone.owners).cloned().collect();
    let resource = Resource::UserAttachment { user, policy_arn, attached: false };
    (!owners.is_empty()).then_some(Object { resource, owners, shared: false })
}

/// What is there with the difference between two objects: what they agree on is not written, so
/// that it stays as somebody else may have made it since.
fn merged(there: &Object, before: &Object, after: &Object) -> Object {
    let gone = |owner: &_| before.owners.contains(owner) && !after.owners.contains(owner);
    let mut owners = there.owners.clone();
    owners.retain(|owner| !gone(owner));
    for owner in &after.owners {
        let was = before.owners.get(owner);
        // A tag that is as it was is not written.
        if was.is_none_or(|was| was.mark != owner.mark) {
            owners.replace(owner.clone());
        }
    }
    let resource = match (&there.resource, &before.resource, &after.resource) {
        (Resource::Role(there), Resource::Role(old), Resource::Role(new)) => {
            let mut role = there.clone();
            if old.trust != new.trust {
                role.trust = new.trust.clone();
            }
            if (&old.description, old.max_session_duration)
                != (&new.description, new.max_session_duration)
            {
                role.description.clone_from(&new.description);
                role.max_session_duration = new.max_session_duration;
            }
            if old.permissions_boundary != new.permissions_boundary {
                role.permissions_boundary.clone_from(&new.permissions_boundary);
            }
            role.tags = merged_tags(&there.tags, &old.tags, &new.tags);
            Resource::Role(role)
        }
        (Resource::Policy(there), Resource::Policy(old), Resource::Policy(new)) => {
            let mut policy = there.clone();
            if old.document != new.document {
                policy.document = new.document.clone();
            }
            policy.tags = merged_tags(&there.tags, &old.tags, &new.tags);
            Resource::Policy(policy)
        }
        (
            Resource::InstanceProfile { name, path, tags: there },
            Resource::InstanceProfile { tags: old, .. },
            Resource::InstanceProfile { tags: new, .. },
        ) => Resource::InstanceProfile {
            name: name.clone(),
            path: path.clone(),
            tags: merged_tags(there, old, new),
        },
        (_, _, new) => new.clone(),
    };
    Object { resource, owners, shared: false }
}

fn merged_tags(there: &Tags, old: &Tags, new: &Tags) -> Tags {
    let mut tags = there.clone();
    tags.retain(|key, _| !old.contains_key(key) || new.contains_key(key));
    let set = new.iter().filter(|(key, value)| old.get(*key) != Some(*value));
    tags.extend(set.map(|(key, value)| (key.clone(), value.clone())));
    tags
}
