//! The conflicts of a plan, found before the first write.

use std::collections::BTreeMap;
use std::fmt;

use crate::state::{GROUP_FOLDER, Id, Kind, Owner, Owners};

/// Why nothing can be planned. [`explain`] says it to a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are named for what they hold")]
pub enum Conflict {
    /// A user, group or role that the properties name does not exist.
    Missing(Id),
    /// The properties' name exists in IAM in another case.
    Spelled { id: Id, found: String },
    /// A role that the properties name, and that AWS alone changes.
    OfAws(Id),
    /// The name is taken by an object that no preset made; `is_like` if it could be adopted, as far
    /// as the plan can tell.
    Foreign { id: Id, is_like: bool },
    /// The name is taken by another stack or resource; `gone` if none of them is there any more,
    /// and `is_like` as above. `by` the entry of a list of the properties, if it is.
    Taken { id: Id, owners: Owners, gone: bool, is_like: bool, by: Option<String> },
    /// Other owners share the object, in another form than the one asked for; `by` these
    /// properties.
    OtherForm { id: Id, owners: Owners, by: &'static [&'static str] },
    /// IAM cannot change a path; `is_own` if this resource made the object.
    Path { id: Id, found: String, wanted: String, is_own: bool },
    /// The object has the name in another case, and policies are exact about it.
    Case { id: Id, found: String },
    /// The object to adopt differs from the preset's.
    Differs { id: Id, how: String },
    /// The role to adopt lacks the boundary that every role has to have.
    Unbounded { id: Id, boundary: String },
    /// A policy of this resource is wanted on a role or group that another resource made.
    Managed { id: Id, owners: Owners },
    /// Users of a group, or groups of a policy, that were named before do not exist, and the group
    /// or policy is held by some that no request named.
    Renamed { id: Id, gone: Vec<String>, holders: Vec<String> },
    /// A foreign attachment, and the properties want no change until it is gone.
    Attached(Id),
    /// More managed policies than IAM attaches to one user, group or role; `is_known` if the
    /// account was asked how many that are.
    Full { id: Id, has: usize, more: usize, most: usize, is_known: bool },
    /// An object to delete is in use outside of the stack.
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
            .replacen("{is}", &verb("is", "are"), 1)
            .replacen("{does}", &verb("does", "do"), 1)
            .replace("{it}", &verb("it", "them"))
            .replace("{as it is}", &verb("as it is", "as they are"))
            .replacen("{has}", &verb("has", "have"), 1);
        // A sentence has no predicate to share.
        if predicate.is_empty() { subjects.join("; ") } else { joined(&subjects) + &predicate }
    };
    facts.into_iter().map(sentence).collect()
}

/// As in `a`, `a and b`, `a, b and c`.
pub fn joined(texts: &[String]) -> String {
    joined_with(texts, "and")
}

/// The same with another word before the last.
fn joined_with<T: AsRef<str>>(texts: &[T], word: &str) -> String {
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    match texts.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [many @ .., last] => format!("{} {word} {last}", many.join(", ")),
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

    /// True for conflicts that a stack that rolls back cannot resolve: it asks for its former
    /// state.
    pub fn is_of_the_past(&self) -> bool {
        matches!(
            self,
            Conflict::Missing(_)
                | Conflict::Differs { .. }
                | Conflict::Attached(_)
                | Conflict::Renamed { .. }
        )
    }

    /// The object, and the words about it. `known` are owners with a known stack and logical id.
    fn sentence(&self, me: &Owner, known: &Owners) -> (String, String) {
        let (id, said) = match self {
            Conflict::Missing(id) => (id, " {does} not exist; create {it} first, or leave {it} out".to_owned()),
            Conflict::Spelled { id, found } => (
                id,
                format!(
                    " does not exist, and IAM has `{found}`; its names have no case, so write it as \
                     it is there"
                ),
            ),
            Conflict::OfAws(id) => (
                id,
                " {is} AWS's own, and IAM lets nobody else change {it}; leave {it} out".to_owned(),
            ),
            Conflict::Foreign { id, is_like } => (
                id,
                format!(
                    " {{exists}} and {{was}} not made by this resource; delete {{it}} first{}",
                    or_adopt(*is_like)
                ),
            ),
            Conflict::Taken { id, owners, gone: true, is_like, .. } => (
                id,
                format!(
                    " {{exists}} and {{belongs}} to {}, which is gone or retains {{it}}; delete {{it}} \
                     by hand first{}",
                    names(owners, known),
                    or_adopt(*is_like)
                ),
            ),
            Conflict::Taken { id, owners, gone: false, by, .. } => {
                let said = format!(
                    " {{exists}} and {{belongs}} to {}; {}",
                    in_words(owners, known),
                    way_out(me, owners, by.as_deref())
                );
                (id, said)
            }
            Conflict::OtherForm { id, owners, by } => (
                id,
                format!(
                    " {{exists}} in another form and {{belongs}} to {} too, with {} other than here; \
                     as long as several stacks share {{it}}, none of them changes {{it}}: set here \
                     what they have, or delete those stacks first",
                    in_words(owners, known),
                    joined_with(by, "or")
                ),
            ),
            Conflict::Path { id, found, wanted, is_own } => {
                // The rest of a group's path names its owner.
                let below = |path: &str| match path.split_once(&format!("/{GROUP_FOLDER}/")) {
                    Some((below, _)) if id.kind == Kind::Group => format!("{below}/"),
                    _ => path.to_owned(),
                };
                let (found, wanted) = (below(found), below(wanted));
                let way_out = if *is_own {
                    format!(
                        "set Path to `{found}` again, or delete the resource and make it anew with \
                         Path `{wanted}`"
                    )
                } else {
                    format!("set Path to `{found}`, or delete {{it}} first")
                };
                let said = format!(
                    " {{is}} at the path `{found}`, and given is Path `{wanted}`; IAM cannot change a \
                     path: {way_out}"
                );
                (id, said)
            }
            Conflict::Case { id, found } => (
                id,
                format!(
                    " exists and is spelled `{found}`; to IAM both are one name, but the policies of \
                     the preset name it exactly: spell it `{found}` in the properties, too"
                ),
            ),
            Conflict::Differs { id, how } => {
                (
                id,
                format!(
                    " {{exists}}, and no preset made {{it}}: somebody else's has this name. Delete {{it}} \
                     first, or make {{it}} say what the preset's says; the difference: {how}"
                ),
            )
            }
            Conflict::Managed { id, owners } => (
                id,
                format!(
                    " {{belongs}} to {}, whose preset decides which policies {{it}} {{has}}; name a \
                     group or role that no preset made",
                    in_words(owners, known)
                ),
            ),
            Conflict::Renamed { id, gone, holders } => {
                let quoted = |names: &[String]| {
                    joined(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>())
                };
                let (gone, holders) = (quoted(gone), quoted(holders));
                let said = if id.kind == Kind::Group {
                    format!(
                        ": user {gone} was named before and does not exist, and the group has members \
                         whom nobody named: {holders}; if one of them is {gone} under another name, \
                         take that user out of the group first (iam:RemoveUserFromGroup), and if not, \
                         go on naming {gone}"
                    )
                } else {
                    format!(
                        ": group {gone} was named before and does not exist, and the policy is attached \
                         to groups that nobody named: {holders}; if one of them is {gone} under another \
                         name, detach the policy from it first (iam:DetachGroupPolicy), and if not, go \
                         on naming {gone}"
                    )
                };
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
                " {was} put there by somebody else; take {it} away first, or set OnForeignAttachment to \
                 `Keep` or `Detach`"
                    .to_owned(),
            )
            }
            Conflict::Full { id, has, more, most, is_known } => {
                (id, full(id.kind, *has, *more, *most, *is_known))
            }
            Conflict::Used(sentence) => return (sentence.clone(), String::new()),
        };
        (id.in_words(), said)
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&explain(&Owner::new("", ""), std::slice::from_ref(self)).join(""))
    }
}

/// With the stacks' ARNs, which tell a stack from an earlier one of its name.
fn names(owners: &Owners, known: &Owners) -> String {
    let known = owners.iter().map(|owner| known.get(owner).unwrap_or(owner).to_string());
    joined(&known.collect::<Vec<_>>())
}

fn in_words(owners: &Owners, known: &Owners) -> String {
    let known = owners.iter().map(|owner| known.get(owner).unwrap_or(owner).in_words());
    joined(&known.collect::<Vec<_>>())
}

/// The present number, the added number, the quota that they exceed, and the remedy.
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

/// The remedy. If the owner is this very stack: CloudFormation takes a renamed logical id for
/// another resource, and creates it before it deletes the first.
fn way_out(me: &Owner, owners: &Owners, by: Option<&str>) -> String {
    let or_let_go = if owners.iter().any(|owner| owner.is_in_stack_of(me)) {
        "if the template has both resources, take one of the two out; if the resource's logical id was \
         renamed, deploy once without the resource, and then under the new logical id"
    } else {
        DELETE_THAT_STACK
    };
    let rename = by.map(|list| format!("another name in {list} is enough; or "));
    format!("{}{or_let_go}", rename.unwrap_or_default())
}

/// The remedy for objects of another stack.
pub const DELETE_THAT_STACK: &str =
    "delete that stack first; if that stack is gone, delete by hand what it retained";

fn or_adopt(is_like: bool) -> &'static str {
    if is_like { ", or set AdoptExisting to `true` to use {it} {as it is}" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(conflict: &Conflict) -> String {
        explain(&Owner::new("stack/mine", "Preset"), std::slice::from_ref(conflict)).join("; ")
    }

    #[test]
    fn to_use_it_as_it_is_is_no_way_out_where_that_would_be_refused() {
        let id = Id::node(Kind::Role, "r");
        let foreign = |is_like| said(&Conflict::Foreign { id: id.clone(), is_like });
        assert!(
            foreign(true).ends_with("first, or set AdoptExisting to `true` to use it as it is")
        );
        assert!(foreign(false).ends_with("was not made by this resource; delete it first"));
        let gone = |is_like| {
            let owners = Owners::from([Owner::new("stack/other", "Preset")]);
            said(&Conflict::Taken { id: id.clone(), owners, gone: true, is_like, by: None })
        };
        assert!(
            gone(true)
                .ends_with("by hand first, or set AdoptExisting to `true` to use it as it is")
        );
        assert!(gone(false).ends_with("; delete it by hand first"));
    }

    #[test]
    fn a_second_resource_of_one_template_is_told_apart_from_a_renamed_one() {
        let taken = |stack: &str, by: Option<&str>| {
            let (id, owners) = (Id::node(Kind::Role, "r"), [Owner::new(stack, "First")].into());
            let by = by.map(str::to_owned);
            said(&Conflict::Taken { id, owners, gone: false, is_like: true, by })
        };
        let own = taken("stack/mine", None);
        assert!(own.contains("; if the template has both resources, take one of the two out; "));
        let other = taken("stack/other", Some("Parameters.Deployments"));
        assert!(
            other.contains(
                "; another name in Parameters.Deployments is enough; or delete that stack"
            ),
            "{other}"
        );
    }
}
