//! What the marks on an account's objects say about a request: whether its properties are those
//! under which things were made, and which of the resource's lives an object belongs to.
//!
//! CloudFormation resolves dynamic references anew for each request, people rename users and
//! groups, and releases rename parameters: then a request's properties do not name what was
//! made. The marks do.
//!
//! Must not know: AWS's API, which request asked.

use std::collections::BTreeSet;

use super::intent::RELEASE;
use crate::cloud::Found;
use crate::plan::Scope;
use crate::state::{Id, Kind, Mark, Object, Owner, State};

/// What a request believes of what is there.
#[derive(Clone, Debug)]
pub(super) struct Belief<'a> {
    /// The end of the physical id, if it is one of ours.
    pub life: Option<&'a str>,
    /// What the last request's properties make; `None` if they are not known.
    pub left: Option<&'a State>,
    /// Digests of the names in the last request's properties, and in this one's.
    pub names: &'a [String],
    /// The last request's properties give the physical id.
    pub gives_the_id: bool,
}

/// The properties of before are not those under which things were made.
pub(super) const OTHER_NAMES: &str = "the properties name something else than what was made";

/// Why things of `me` may be there under other names than the scope has; `None` in the ordinary
/// case.
pub(super) fn doubt(me: &Owner, belief: &Belief<'_>, observed: &State) -> Option<&'static str> {
    let life = belief.life?;
    let Some(left) = belief.left else { return Some("the properties of before have mistakes") };
    let mine: Vec<&Mark> = marks(me, observed).map(|(_, mark)| mark).collect();
    let of_another =
        |(id, mark): &(&Id, &Mark)| id.kind.has_tags() && mark.release.as_deref() != Some(RELEASE);
    if marks(me, observed).any(|mark| of_another(&mark)) {
        return Some("another release made what is there");
    }
    let missing = |id: &&Id| matches!(id.kind, Kind::User | Kind::Group) && !observed.contains(id);
    if let Some(missing) = left.ids().find(missing)
        && (missing.kind == Kind::User || !mine.is_empty())
    {
        return Some("a user or group of before does not exist, and may have been renamed");
    }
    let noted = anchor(left).and_then(|anchor| observed.get(&anchor));
    let noted = noted.and_then(|object| object.owners.get(me)).map(|owner| &owner.mark);
    match noted {
        None if mine.is_empty() && belief.gives_the_id => None,
        None => Some(OTHER_NAMES),
        Some(mark) if mark.id.as_deref().is_some_and(|id| id != life) => {
            Some("what the properties name was made under another id")
        }
        Some(mark) if mark.names.as_ref().is_some_and(|names| !belief.names.contains(names)) => {
            Some(OTHER_NAMES)
        }
        Some(mark) if !mark.replaces.is_empty() => Some("an earlier clean-up may have failed"),
        Some(_) => None,
    }
}

/// The one object on which the resource's notes stand: the first of its own that has tags.
pub(super) fn anchor(desired: &State) -> Option<Id> {
    let tagged = |(id, _): &(&Id, &Object)| id.kind.has_tags();
    let own = desired.iter().filter(tagged).find(|(_, object)| !object.shared);
    own.or_else(|| desired.iter().find(tagged)).map(|(id, _)| id.clone())
}

/// Adds what was found by its mark to what is looked at.
pub(super) fn widen(scope: &mut Scope, found: Found, observed: &State) {
    let group = |id: &&Id| id.kind == Kind::Group;
    let renamed: Vec<Id> =
        found.ids.iter().filter(group).filter(|id| !scope.ids.contains(*id)).cloned().collect();
    // Who and what was in a group that has another name now was put there under the old one.
    let moved: BTreeSet<Id> = renamed
        .iter()
        .flat_map(|renamed| {
            let gone = |id: &&Id| {
                let holder = id.parent().filter(|parent| parent.kind == Kind::Group);
                holder.is_some_and(|holder| !observed.contains(&holder))
            };
            scope.ids.iter().filter(gone).map(|id| Id { name: renamed.name.clone(), ..id.clone() })
        })
        .collect();
    if let Some(given) = &mut scope.given {
        given.extend(moved.iter().cloned());
    }
    scope.ids.extend(moved);
    let users: Vec<Id> = found.ids.iter().filter_map(Id::parent).collect();
    scope.ids.extend(users);
    scope.ids.extend(found.ids);
    scope.paths.extend(found.paths);
}

/// The ids that the objects of this life replaced, and whose clean-up may have failed.
pub(super) fn replaced(me: &Owner, life: &str, observed: &State) -> BTreeSet<String> {
    let of_life = marks(me, observed).filter(|(_, mark)| mark.id.as_deref() == Some(life));
    let mut replaced: BTreeSet<String> =
        of_life.flat_map(|(_, mark)| mark.replaces.iter().cloned()).collect();
    // A rollback goes back to the id that was replaced.
    for (_, mark) in marks(me, observed) {
        if mark.replaces.iter().any(|id| id == life) {
            mark.id.as_ref().map(|id| replaced.remove(id));
        }
    }
    replaced
}

/// Adds who is in a group of ours and what has a policy of ours: where the properties do not say
/// any more who was given them, whoever has them counts as given.
pub(super) fn widen_to_holders(me: &Owner, scope: &mut Scope, observed: &State) {
    let is_mine = |id: &Id| observed.get(id).is_some_and(|object| object.owners.contains(me));
    let held = observed.ids().filter(|id| match id.kind {
        Kind::GroupMember => id.parent().is_some_and(|group| is_mine(&group)),
        Kind::UserAttachment | Kind::GroupAttachment | Kind::RoleAttachment => {
            id.target().is_some_and(|policy| is_mine(&policy))
                && !id.parent().is_some_and(|holder| is_mine(&holder))
        }
        Kind::ServiceLinkedRole
        | Kind::User
        | Kind::Policy
        | Kind::Role
        | Kind::Group
        | Kind::InstanceProfile
        | Kind::RoleInline
        | Kind::GroupInline
        | Kind::ProfileRole => false,
    });
    scope.ids.extend(held.cloned());
}

/// Leaves to another life of the resource what is its own: a Delete of an id that was replaced
/// may name what the new id has. `named` is what the Delete's own properties name, `replaced`
/// the ids that go with this one.
pub(super) fn set_apart(
    me: &Owner,
    life: &str,
    replaced: &BTreeSet<String>,
    named: &BTreeSet<Id>,
    observed: &mut State,
) {
    let mine: Vec<(Id, Mark)> =
        marks(me, observed).map(|(id, mark)| (id.clone(), mark.clone())).collect();
    let is_other =
        |mark: &Mark| mark.id.as_ref().is_some_and(|id| id != life && !replaced.contains(id));
    let others: Vec<Id> =
        mine.iter().filter(|(_, mark)| is_other(mark)).map(|(id, _)| id.clone()).collect();
    let groups: Vec<Id> = mine
        .iter()
        .filter(|(id, _)| !others.is_empty() && id.kind == Kind::Group && !named.contains(id))
        .map(|(id, _)| id.clone())
        .collect();
    for id in others.into_iter().chain(groups) {
        if let Some(mut object) = observed.remove(&id) {
            object.owners.remove(me);
            observed.insert(object);
        }
    }
}

/// What `me` noted, on each object that it owns.
fn marks<'a>(me: &'a Owner, observed: &'a State) -> impl Iterator<Item = (&'a Id, &'a Mark)> {
    observed.iter().filter_map(move |(id, object)| {
        // A group has no tags, and a service-linked role no owner.
        let owner = object.owners.get(me)?;
        Some((id, &owner.mark))
    })
}
