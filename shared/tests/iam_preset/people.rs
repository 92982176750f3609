//! Other people in the account, and their objects.

use account_presets::cloud::fake::{Fake, renamed};
use account_presets::plan::Change;
use account_presets::state::{Id, Kind, Object, PolicyDocument, Resource, State};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::wanted::wanted;
use super::world::*;

/// A person's action. An impossible one is left out.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// Makes an object of a name that a preset would take.
    MakeSameName,
    /// Deletes one of these objects again.
    DeleteSameName,
    /// Gives a user a policy that a preset would attach.
    AttachBefore,
    /// Gives a role of a stack one more policy.
    AttachToOurs,
    /// Gives a role of their own a policy of a stack, or puts a user into a group of a stack.
    UseOurs,
    /// Ends one of these uses.
    EndUse,
    /// Removes a link from an object of a stack.
    Detach,
    /// Deletes an object of a stack with all that hangs on it.
    Delete,
    /// Edits a role of a stack.
    Edit,
    /// Renames a user, or a group of a stack.
    Rename,
}

impl Deed {
    pub fn any() -> impl Strategy<Value = Deed> {
        prop::sample::select(vec![
            Deed::MakeSameName,
            Deed::DeleteSameName,
            Deed::AttachBefore,
            Deed::AttachToOurs,
            Deed::UseOurs,
            Deed::EndUse,
            Deed::Detach,
            Deed::Delete,
            Deed::Edit,
            Deed::Rename,
        ])
    }
}

/// Other people of the account, with objects that only they may change.
pub struct People<'a> {
    account: &'a Fake,
    theirs: State,
}

impl<'a> People<'a> {
    /// All existing objects are the people's; a role, a user and their later objects come in
    /// addition.
    pub fn of(account: &'a Fake) -> Self {
        let mut people = People { account, theirs: account.state() };
        for object in [role("theirs"), Object::unowned(Resource::User { name: "carol".into() })] {
            people.make(object);
        }
        people
    }

    /// All objects of the people.
    pub fn theirs(&self) -> &State {
        &self.theirs
    }

    /// Demands that all objects of the people are as they made them.
    pub fn assert_untouched(&self) {
        let state = self.account.state();
        for (id, object) in self.theirs.iter() {
            assert_eq!(state.get(id), Some(object), "{id} was theirs");
        }
    }

    /// Ends all uses of a stack's objects. A renamed user is taken out of the groups: a Delete
    /// names her, and cannot tell that the stack put her there.
    pub fn leave(&mut self) {
        let state = self.account.state();
        let is_renamed = |id: &&Id| {
            id.kind == Kind::GroupMember
                && !self.theirs.contains(id)
                && id.part.as_ref().is_some_and(|user| user.ends_with(RENAMED))
        };
        for id in state.ids().filter(is_renamed) {
            self.strike(id);
        }
        for id in self.uses() {
            self.take_away(&id);
        }
    }

    pub fn act(&mut self, deed: Deed, n: usize, properties: &[Value]) {
        let state = self.account.state();
        let choose = |ids: Vec<Id>| ids.get(n.checked_rem(ids.len())?).cloned();
        let ours = |kind: Kind| -> Vec<Id> {
            let is_it =
                |(id, object): &(&Id, &Object)| id.kind == kind && !object.owners.is_empty();
            state.iter().filter(is_it).map(|(id, _)| id.clone()).collect()
        };
        match deed {
            Deed::MakeSameName => {
                let wanted = any_of(properties, n);
                let names = |id: &&Id| OBJECTS.contains(&id.kind) && !state.contains(id);
                if let Some(id) = choose(wanted.ids().filter(names).cloned().collect()) {
                    self.make(empty(wanted.get(&id).unwrap()));
                }
            }
            Deed::DeleteSameName => {
                let kept = |id: &Id| KEPT.contains(&id.name.trim_end_matches(RENAMED));
                let made = |id: &&Id| id.kind.is_node() && !kept(id);
                if let Some(id) = choose(self.theirs.ids().filter(made).cloned().collect()) {
                    self.take_away(&id);
                }
            }
            Deed::AttachBefore => {
                let wanted = any_of(properties, n);
                let is_it = |id: &&Id| id.kind == Kind::UserAttachment && id.target().is_none();
                if let Some(id) = choose(wanted.ids().filter(is_it).cloned().collect()) {
                    self.make(user_attachment(&id.name, id.part.as_deref().unwrap()));
                }
            }
            Deed::AttachToOurs => {
                if let Some(role) = choose(ours(Kind::Role)) {
                    let link = attachment(&role.name, "arn:aws:iam::aws:policy/Job");
                    let _ = self.account.person(Change::Create(link));
                }
            }
            Deed::UseOurs => {
                if let Some(policy) = choose(ours(Kind::Policy)) {
                    let Some(Object { resource: Resource::Policy(policy), .. }) =
                        state.get(&policy)
                    else {
                        return;
                    };
                    self.make(attachment(
                        "theirs",
                        &account().policy_arn(&policy.path, &policy.name),
                    ));
                }
                if let Some(group) = choose(ours(Kind::Group)) {
                    let (group, user) = (group.name, self.carol());
                    self.make(Object::unowned(Resource::GroupMember { group, user }));
                }
            }
            Deed::EndUse => {
                if let Some(id) = choose(self.uses()) {
                    self.take_away(&id);
                }
            }
            Deed::Detach => {
                let is_link = |id: &&Id| !id.kind.is_node() && !self.theirs.contains(id);
                if let Some(id) = choose(state.ids().filter(is_link).cloned().collect()) {
                    self.strike(&id);
                }
            }
            Deed::Delete => {
                if let Some(id) = choose(OBJECTS.into_iter().flat_map(ours).collect()) {
                    let hangs = |link: &&Id| {
                        link.parent().as_ref() == Some(&id) || link.target().as_ref() == Some(&id)
                    };
                    let links: Vec<Id> = state.ids().filter(hangs).cloned().collect();
                    if !links.iter().any(|link| self.theirs.contains(link)) {
                        links.iter().chain([&id]).for_each(|id| self.strike(id));
                    }
                }
            }
            Deed::Edit => {
                if let Some(id) = choose(ours(Kind::Role)) {
                    self.edit(&id, n);
                }
            }
            Deed::Rename => {
                let users = state.ids().filter(|id| id.kind == Kind::User).cloned();
                if let Some(id) = choose(users.chain(ours(Kind::Group)).collect()) {
                    self.rename(&id);
                }
            }
        }
    }

    /// To another name, or back.
    fn rename(&mut self, id: &Id) {
        let other = format!("{}{RENAMED}", id.name);
        let to = id.name.strip_suffix(RENAMED).unwrap_or(&other);
        if self.account.state().contains(&Id::node(id.kind, to)) {
            return;
        }
        self.account.rename(id.kind, &id.name, to);
        let theirs = self.theirs.iter();
        self.theirs = theirs.map(|(_, it)| renamed(it, id.kind, &id.name, to)).collect();
    }

    /// Their user, under her present name.
    fn carol(&self) -> String {
        let is_she = |id: &&Id| id.kind == Kind::User && id.name.starts_with("carol");
        self.theirs.ids().find(is_she).unwrap().name.clone()
    }

    fn edit(&self, id: &Id, n: usize) {
        let before = self.account.state().get(id).unwrap().clone();
        let mut after = before.clone();
        let Resource::Role(role) = &mut after.resource else { return };
        match n % 3 {
            0 => role.trust = PolicyDocument::new(json!({"Statement": [{"Effect": "Deny"}]})),
            1 => role.description = "edited".to_owned(),
            _ => drop(role.tags.insert("cost".into(), n.to_string())),
        }
        self.account.person(Change::Update { before, after }).unwrap();
    }

    fn make(&mut self, object: Object) {
        // To IAM an existing object is made: it cannot be told then that a person wanted it, too.
        let is_there =
            self.account.state().get(&object.resource.id()).is_some_and(|it| !it.is_claim());
        if !is_there && self.account.person(Change::Create(object.clone())).is_ok() {
            self.theirs.insert(object);
        }
    }

    /// Deletes one of their objects, if it has no links.
    fn take_away(&mut self, id: &Id) {
        let object = self.theirs.get(id).unwrap().clone();
        if self.account.person(Change::Delete(object)).is_ok() {
            self.theirs.remove(id);
        }
    }

    /// Deletes an object of a stack. A person knows nothing of its tags.
    fn strike(&self, id: &Id) {
        if let Some(object) = self.account.state().get(id) {
            let unowned = Object { owners: Default::default(), ..object.clone() };
            let _ = self.account.person(Change::Delete(unowned));
        }
    }

    /// The people's attachments, members and profiles on a stack's objects.
    fn uses(&self) -> Vec<Id> {
        let of_role = |id: &Id| id.kind == Kind::RoleAttachment && id.target().is_some();
        let is_use = |id: &&Id| id.kind == Kind::GroupMember || of_role(id);
        self.theirs.ids().filter(is_use).cloned().collect()
    }
}

/// The objects of presets.
const OBJECTS: [Kind; 4] = [Kind::Role, Kind::Policy, Kind::Group, Kind::InstanceProfile];

/// The end of a new name.
const RENAMED: &str = "-renamed";

/// Names that deeds and presets need.
const KEPT: [&str; 5] = ["alice", "bob", "carol", "foreign", "theirs"];

fn any_of(properties: &[Value], n: usize) -> State {
    wanted("stack", &properties[n % properties.len()])
}

/// An object of that name with nothing in it.
fn empty(like: &Object) -> Object {
    let mut resource = like.resource.clone();
    let nothing = PolicyDocument::new(json!({"Statement": []}));
    if let Resource::Role(role) = &mut resource {
        role.trust = nothing;
    } else if let Resource::Policy(policy) = &mut resource {
        policy.document = nothing;
    } else if let Resource::Group { path, .. } = &mut resource {
        "/".clone_into(path);
    }
    Object::unowned(resource)
}
