//! What stands in the way of a plan, found before the first write.

use std::collections::BTreeMap;
use std::fmt;

use crate::state::{Id, Kind, Owner, Owners};

/// Why nothing can be planned. [`explain`] says it to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named for what they hold")]
pub enum Conflict {
    /// A user, group or role that the properties name does not exist.
    Missing(Id),
    /// The name is taken by what no preset made.
    Foreign(Id),
    /// The name is taken by another stack or resource; `gone` if none of them is there any more.
    Taken { id: Id, owners: Owners, gone: bool },
    /// Others share the object, in another form than the one asked for.
    OtherForm { id: Id, owners: Owners },
    /// IAM cannot change a path.
    Path { id: Id, found: String, wanted: String },
    /// The object has the name in another case, and policies are exact about it.
    Case { id: Id, found: String },
    /// What would be used as it is does not say what the preset says.
    Differs { id: Id, how: String },
    /// What would be used as it is lacks the boundary that every role has to have.
    Unbounded { id: Id, boundary: String },
    /// A policy of this resource is wanted on a role or group that another resource made.
    Managed { id: Id, owners: Owners },
    /// Users named before do not exist, and the group has members that no request named.
    Renamed { id: Id, gone: Vec<String>, members: Vec<String> },
    /// Somebody else attached this, and the properties want nothing done until it is gone.
    Attached(Id),
    /// More managed policies than IAM attaches to one user, group or role; `is_known` if the
    /// account was asked how many that are.
    Full { id: Id, has: usize, more: usize, most: usize, is_known: bool },
    /// What has to go is used by somebody else.
    Used(String),
}

/// A sentence for each fact. One that holds for several objects is said once.
pub fn explain(me: &Owner, conflicts: &[Conflict]) -> Vec<String> {
    let mut facts: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
    // A group's path says less of an owner than a tag.
    let owners = conflicts.iter().flat_map(Conflict::owners);
    let known = owners.filter(|owner| owner.stack_and_logical_id().is_some()).cloned().collect();
    for (place, conflict) in conflicts.iter().enumerate() {
        let (subject, predicate) = conflict.sentence(me, &known);
        let same = facts.keys().find(|(_, said)| *said == predicate).cloned();
        let subjects = facts.entry(same.unwrap_or((place, predicate))).or_default();
        if !subjects.contains(&subject) {
            subjects.push(subject);
        }
    }
    let sentence = |((_, predicate), subjects): ((usize, String), Vec<String>)| {
        let verb = |one: &str, many: &str| if subjects.len() == 1 { one } else { many }.to_owned();
        let predicate = predicate
            .replacen("{exists}", &verb("exists", "exist"), 1)
            .replacen("{belongs}", &verb("belongs", "belong"), 1)
            .replacen("{was}", &verb("was", "were"), 1)
            .replacen("{does}", &verb("does", "do"), 1)
            .replace("{it}", &verb("it", "them"))
            .replace("{as it is}", &verb("as it is", "as they are"))
            .replacen("{has}", &verb("has", "have"), 1);
        // What is a sentence already has no predicate.
        if predicate.is_empty() { subjects.join("; ") } else { joined(&subjects) + &predicate }
    };
    facts.into_iter().map(sentence).collect()
}

/// As in `a`, `a and b`, `a, b and c`.
pub fn joined(texts: &[String]) -> String {
    match texts {
        [] => String::new(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    }
}

impl Conflict {
    /// The owners that are in the way.
    pub fn owners(&self) -> impl Iterator<Item = &Owner> {
        let owners = if let Conflict::Taken { owners, .. }
        | Conflict::OtherForm { owners, .. }
        | Conflict::Managed { owners, .. } = self
        {
            Some(owners)
        } else {
            None
        };
        owners.into_iter().flatten()
    }

    /// True for what a stack that rolls back cannot do better: it asks for what it had.
    pub fn is_of_the_past(&self) -> bool {
        matches!(
            self,
            Conflict::Missing(_)
                | Conflict::Differs { .. }
                | Conflict::Attached(_)
                | Conflict::Renamed { .. }
        )
    }

    /// The object, and what is said of it. `known` are owners of whom all is known.
    fn sentence(&self, me: &Owner, known: &Owners) -> (String, String) {
        let (id, said) = match self {
            Conflict::Missing(id) => (id, " {does} not exist; create {it} first, or leave {it} out".to_owned()),
            Conflict::Foreign(id) => (
                id,
                " {exists} and {was} not made by this resource; delete or rename {it} first, or set \
                 AdoptExisting to use {it} {as it is}"
                    .to_owned(),
            ),
            Conflict::Taken { id, owners, gone } => {
                let said = format!(
                    " {{exists}} and {{belongs}} to {}{}",
                    names(owners, known),
                    way_out(me, owners, *gone)
                );
                (id, said)
            }
            Conflict::OtherForm { id, owners } => (
                id,
                format!(
                    " {{exists}} in another form and {{belongs}} to {} too, with other properties \
                     (Edition, Parameters, Path or PermissionsBoundary); as long as it is shared \
                     nobody changes it: ask for the same, or let the others go first",
                    names(owners, known)
                ),
            ),
            Conflict::Path { id, found, wanted } => (
                id,
                format!(
                    ": its path is `{found}`, asked for is `{wanted}`; IAM cannot change a path, \
                     so ask for Path `{found}`, or delete it first"
                ),
            ),
            Conflict::Case { id, found } => (
                id,
                format!(
                    ": exists as `{found}`; to IAM both are one name, but policies name it \
                     exactly: ask for it as it is spelled"
                ),
            ),
            Conflict::Differs { id, how } => {
                (
                id,
                format!(
                    " {{exists}} and cannot be used as it is: {how}; make it say the same, or \
                     delete it first"
                ),
            )
            }
            Conflict::Managed { id, owners } => (
                id,
                format!(
                    " {{belongs}} to {}, which decides what it holds; name one that no preset made",
                    names(owners, known)
                ),
            ),
            Conflict::Renamed { id, gone, members } => {
                let quoted = |names: &[String]| {
                    joined(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>())
                };
                let (gone, members) = (quoted(gone), quoted(members));
                let said = format!(
                    ": {gone} was named before and does not exist, and it has members whom no \
                     request named: {members}; if one of them is {gone} under another name, take \
                     that user out of the group first, and if not, go on naming {gone}"
                );
                (id, said)
            }
            Conflict::Unbounded { id, boundary } => (
                id,
                format!(
                    " {{exists}} without the permissions boundary `{boundary}`; give {{it}} that \
                     boundary, or delete {{it}} first"
                ),
            ),
            Conflict::Attached(id) => {
                (
                id,
                ": was not attached by this resource; detach it first, or set OnForeignAttachment to \
                 `Keep` or `Detach`"
                    .to_owned(),
            )
            }
            Conflict::Full { id, has, more, most, is_known } => {
                (id, full(id.kind, *has, *more, *most, *is_known))
            }
            Conflict::Used(sentence) => return (sentence.clone(), String::new()),
        };
        (id.to_string(), said)
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&explain(&Owner::new("", ""), std::slice::from_ref(self)).join(""))
    }
}

fn names(owners: &Owners, known: &Owners) -> String {
    let known = owners.iter().map(|owner| known.get(owner).unwrap_or(owner).to_string());
    joined(&known.collect::<Vec<_>>())
}

/// How many there are, how many would come, which quota that is against, and what to do.
fn full(kind: Kind, has: usize, more: usize, most: usize, is_known: bool) -> String {
    let known = if is_known {
        "in this account"
    } else {
        "by default, and the account's own number could not be asked for (iam:GetAccountSummary)"
    };
    let surplus = (has + more).saturating_sub(most);
    let or_raise = if kind == Kind::Group { "" } else { ", or have the quota raised" };
    format!(
        " {{has}} {has} managed policies and would get {more} more, and IAM attaches {most} to one \
         {kind} {known} (quota `Managed policies attached to an IAM {kind}`): detach {surplus} or \
         more first{or_raise}"
    )
}

/// What to do. If the owner is this very stack: CloudFormation takes a renamed logical id for
/// another resource, and creates it before it deletes the first.
fn way_out(me: &Owner, owners: &Owners, gone: bool) -> String {
    if gone {
        ", which is gone or retains {it}; delete {it} by hand first, or set AdoptExisting to use \
         {it} {as it is}"
            .to_owned()
    } else if owners.iter().any(|owner| owner.is_in_stack_of(me)) {
        "; if its logical id was renamed, deploy once without the resource, and then under the new \
         logical id"
            .to_owned()
    } else {
        "; delete that first; if its stack is gone, what it retained has to be deleted by hand"
            .to_owned()
    }
}
