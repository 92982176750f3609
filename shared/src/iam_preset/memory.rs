//! The marks on an account's objects, compared with a request: whether its properties are those
//! under which the objects were made, and which of the resource's lives an object belongs to.
//!
//! CloudFormation resolves dynamic references anew for each request, people rename users and
//! groups, and releases rename parameters: then a request's properties do not name the existing
//! objects. The marks do.
//!
//! Must not know: AWS's API, which request asked.

use std::collections::BTreeSet;

use crate::cloud::Found;
use crate::plan::Scope;
use crate::state::{Id, Kind, Mark, Object, Owner, State};

/// A request's beliefs about the existing objects.
#[derive(Clone, Debug)]
pub(super) struct Belief<'a> {
    /// The end of the physical id, if this function made it.
    pub life: Option<&'a str>,
    /// What the last request's properties make; `None` if they are not known.
    pub left: Option<&'a State>,
    /// Digests of the choices in the last request's properties, and in this one's.
    pub names: &'a [String],
    /// The last request's properties give the physical id.
    pub gives_the_id: bool,
    /// The release that serves the request.
    pub release: &'a str,
}

/// Why the account may hold objects of the resource under other names than the request's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubt {
    /// The reason.
    pub why: &'static str,
    /// The properties are not those that were chosen, so they do not name the users, groups and
    /// roles that were given something.
    pub is_of_choices: bool,
}

/// Why objects of `me` may exist under other names than those of the scope; `None` in the ordinary
/// case.
pub(super) fn doubt(me: &Owner, belief: &Belief<'_>, observed: &State) -> Option<Doubt> {
    let of_choices = |why| Some(Doubt { why, is_of_choices: true });
    let of_names = |why| Some(Doubt { why, is_of_choices: false });
    let mine: Vec<(&Id, &Mark)> = marks(me, observed).collect();
    let Some(left) = belief.left else {
        return of_choices("the properties of before have mistakes");
    };
    if mine.is_empty() && left.has_any_of(me) {
        return of_choices("nothing of it is there under these names");
    }
    let missing = |id: &&Id| matches!(id.kind, Kind::User | Kind::Group) && !observed.contains(id);
    let is_missing = if left.ids().any(|id| missing(&id)) {
        Some("a user or group of before does not exist, and may have been renamed")
    } else if has_namesakes(me, left, observed) {
        Some("a user or group of before carries no mark, and may be another one of that name")
    } else {
        None
    };
    let is_other_release = mine
        .iter()
        .any(|(id, mark)| id.kind.has_tags() && mark.release.as_deref() != Some(belief.release));
    let notes: Vec<&Mark> =
        mine.iter().map(|(_, mark)| *mark).filter(|mark| mark.names.is_some()).collect();
    let is_believed = |mark: &&Mark| {
        let noted = mark.names.as_deref();
        noted.is_some_and(|it| parts(it).any(|it| belief.names.iter().any(|name| name == it)))
    };
    // Another release may have parameters with other defaults.
    if !is_other_release && !notes.is_empty() && !notes.iter().any(is_believed) {
        return of_choices("the properties choose something else than what was made");
    }
    // CloudFormation invented the id: the Create was not answered.
    let Some(life) = belief.life else { return is_missing.and_then(of_names) };
    if !mine.is_empty() && notes.is_empty() && !belief.gives_the_id {
        return of_choices("the properties name something else than what was made");
    }
    if !mine.is_empty() && notes.is_empty() {
        return of_names("the object that carries its notes is not there under its name");
    }
    // A group's path says nothing of it.
    if mine.iter().filter_map(|(_, mark)| mark.id.as_deref()).all(|id| id != life) {
        return of_names("what the properties name was made under another id");
    }
    if mine.iter().any(|(_, mark)| mark.request.is_some()) {
        return of_names("a request was overtaken, and may have ended without taking all back");
    }
    if mine.iter().any(|(_, mark)| !mark.replaces.is_empty()) {
        return of_names("an earlier clean-up may have failed");
    }
    if is_other_release {
        return of_names("another release made what is there");
    }
    is_missing.and_then(of_names)
}

/// True if a group, or a user that was given a policy, exists without a trace of it: IAM may have
/// renamed the former holder of the name, and another group or user may have it now.
fn has_namesakes(me: &Owner, left: &State, observed: &State) -> bool {
    let given = |kind: Kind| left.ids().filter(move |id| id.kind == kind && left.is_owned(id, me));
    let claims_on = |user: &Id| {
        let claims = given(Kind::UserAttachment).filter(|id| id.parent().as_ref() == Some(user));
        claims.filter(|id| observed.is_owned(id, me)).count()
    };
    let mut groups = given(Kind::Group);
    let mut users = given(Kind::UserAttachment).filter_map(Id::parent);
    groups.any(|group| observed.contains(group) && !observed.is_owned(group, me))
        || users.any(|user| observed.contains(&user) && claims_on(&user) == 0)
}

/// The digests of choices that `me` noted on these objects.
pub(super) fn choices<'a>(
    me: &'a Owner,
    observed: &'a State,
    on: impl Fn(&Id) -> bool,
) -> BTreeSet<&'a str> {
    let marks = marks(me, observed).filter(|(id, _)| on(id));
    marks.filter_map(|(_, mark)| mark.names.as_deref()).collect()
}

/// A choice beside those that are noted already.
pub(super) fn beside<'a>(noted: impl Iterator<Item = &'a str>, choice: &'a str) -> String {
    let all: BTreeSet<&str> = noted.flat_map(parts).chain([choice]).collect();
    all.into_iter().collect::<Vec<_>>().join("+")
}

fn parts(noted: &str) -> impl Iterator<Item = &str> {
    noted.split('+')
}

/// The one object that carries the resource's notes: its first own one that has tags. An object
/// that is used as it is carries no mark.
pub(super) fn anchor(me: &Owner, desired: &State, observed: &State) -> Option<Id> {
    let is_own = |id: &Id, wanted: &Object| {
        observed.get(id).is_none_or(|found| {
            found.owners.contains(me) || wanted.shared && !found.owners.is_empty()
        })
    };
    let tagged = |(id, object): &(&Id, &Object)| id.kind.has_tags() && is_own(id, object);
    let own = desired.iter().filter(tagged).find(|(_, object)| !object.shared);
    own.or_else(|| desired.iter().find(tagged)).map(|(id, _)| id.clone())
}

/// Adds the objects that were found by their marks to the scope.
pub(super) fn widen(me: &Owner, scope: &mut Scope, found: Found, observed: &State) {
    let group = |id: &&Id| id.kind == Kind::Group;
    let renamed: Vec<Id> =
        found.ids.iter().filter(group).filter(|id| !scope.ids.contains(*id)).cloned().collect();
    // Members and policies of a group that was renamed were given under its old name.
    let moved: BTreeSet<Id> = renamed
        .iter()
        .flat_map(|renamed| {
            let gone = |id: &&Id| {
                let holder = id.parent().filter(|parent| parent.kind == Kind::Group);
                // Another group may have the name now.
                holder.is_some_and(|holder| !observed.is_owned(&holder, me))
            };
            scope.ids.iter().filter(gone).map(|id| Id { name: renamed.name.clone(), ..id.clone() })
        })
        .collect();
    if let Some(given) = &mut scope.given {
        given.extend(moved.iter().cloned());
    }
    scope.ids.extend(moved);
    let users: Vec<Id> = found.ids.iter().filter_map(Id::parent).collect();
    for id in users.into_iter().chain(found.ids) {
        // In the spelling in which IAM finds it.
        scope.ids.replace(id);
    }
    scope.paths.extend(found.paths);
}

/// Users outside of the scope that hold a policy of `me`, and their links. A user that is named in
/// another case may have been looked for in vain.
pub(super) fn unnamed_users(me: &Owner, observed: &State) -> BTreeSet<Id> {
    let is_mine = |id: &Id| observed.is_owned(id, me);
    let held = observed.ids().filter(|id| {
        id.kind == Kind::UserAttachment
            && id.target().is_some_and(|policy| is_mine(&policy))
            && id.parent().is_some_and(|user| !observed.contains(&user))
    });
    held.flat_map(|link| link.parent().into_iter().chain([link.clone()])).collect()
}

/// True if `me` owns objects of another life than this one.
pub(super) fn has_other_lives(me: &Owner, life: &str, observed: &State) -> bool {
    marks(me, observed).any(|(_, mark)| is_of_another(life, mark))
}

fn is_of_another(life: &str, mark: &Mark) -> bool {
    mark.id.as_ref().is_some_and(|id| id != life)
}

/// Adds the members of the resource's groups and the holders of its policies to the scope: the
/// properties do not name them, so every holder counts as given.
///
/// Returns true if there are holders that were not observed yet.
pub(super) fn widen_to_holders(me: &Owner, scope: &mut Scope, observed: &State) -> bool {
    let is_mine = |id: &Id| observed.is_owned(id, me);
    let held = observed.ids().filter(|id| {
        let is_mine = |end: Option<Id>| end.is_some_and(|end| is_mine(&end));
        let is_member = id.kind == Kind::GroupMember;
        let (holder, of_holder) = (is_mine(id.parent()), id.kind.is_attachment());
        is_member && holder || of_holder && !holder && is_mine(id.target())
    });
    let held: Vec<Id> = held.cloned().collect();
    let holders: Vec<Id> = held.iter().filter_map(Id::parent).collect();
    let is_new = holders.iter().any(|holder| !scope.ids.contains(holder));
    scope.named.extend(holders.iter().filter(|holder| holder.kind != Kind::User).cloned());
    scope.ids.extend(held.into_iter().chain(holders));
    is_new
}

/// Adds the members of the resource's groups that the properties do not name, where all groups that
/// the properties make, `left`, exist: an unnamed group was made under other names and not renamed,
/// so every member counts as given.
pub(super) fn widen_to_members(
    me: &Owner,
    scope: &mut Scope,
    left: &State,
    named: &BTreeSet<Id>,
    observed: &State,
) {
    let mut groups = left.ids().filter(|id| id.kind == Kind::Group);
    if !groups.all(|group| observed.is_owned(group, me)) {
        return;
    }
    let members = observed.ids().filter(|id| id.kind == Kind::GroupMember);
    let is_given = |link: &&Id| {
        let group = link.parent().filter(|group| !named.contains(group));
        group.is_some_and(|group| observed.is_owned(&group, me))
    };
    let given: Vec<Id> = members.filter(is_given).cloned().collect();
    scope.ids.extend(given);
}

/// The objects of another life of the resource: the Delete of an id that was replaced may name
/// objects of the new id. `named` holds the ids that the Delete's own properties name.
pub(super) fn of_other_lives(
    me: &Owner,
    life: &str,
    named: &BTreeSet<Id>,
    observed: &State,
) -> BTreeSet<Id> {
    let of_another = marks(me, observed).filter(|(_, mark)| is_of_another(life, mark));
    let mut others: BTreeSet<Id> = of_another.map(|(id, _)| id.clone()).collect();
    if !others.is_empty() {
        // A group's path does not name its life, but the marks of the objects that are named beside
        // it do: CloudFormation may have resolved the properties to the names of the new half.
        let names_this_life = !named.iter().any(|id| others.contains(id));
        let groups = marks(me, observed).map(|(id, _)| id).filter(|id| id.kind == Kind::Group);
        others.extend(groups.filter(|id| named.contains(id) != names_this_life).cloned());
    }
    others
}

/// The mark of `me` on each object that it owns.
fn marks<'a>(me: &'a Owner, observed: &'a State) -> impl Iterator<Item = (&'a Id, &'a Mark)> {
    observed.iter().filter_map(move |(id, object)| {
        // A group has no tags, and a service-linked role no owner.
        let owner = object.owners.get(me)?;
        Some((id, &owner.mark))
    })
}
