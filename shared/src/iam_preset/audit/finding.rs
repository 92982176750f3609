//! The differences between a preset's objects and the account, in the words of the plan that would repair them.
//!
//! Must not know: AWS's API.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::iam_preset::release::difference;
use crate::input::{brief, cut};
use crate::plan::conflict::{Conflict, explain};
use crate::plan::{Change, Plan};
use crate::state::{Id, Kind, Object, Owner, Resource, Role, State, Tags};

/// Characters of an expected or a found value, and of a reason.
pub(super) const LONGEST: usize = 1000;

/// How an object differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// The object's content differs from the preset's.
    Changed,
    /// The object is missing.
    Missing,
    /// The object exists and the preset did not make it.
    Added,
}

impl Class {
    /// # Errors
    ///
    /// The text names no class.
    pub(super) fn read(word: &str) -> Result<Self, String> {
        match word {
            "changed" => Ok(Class::Changed),
            "missing" => Ok(Class::Missing),
            "added" => Ok(Class::Added),
            other => Err(format!(
                "given `{}`, allowed are `changed`, `missing` and `added`",
                brief(other)
            )),
        }
    }

    /// The class of the difference that a change repairs.
    fn of(change: &Change) -> Self {
        match change {
            Change::Create(_) => Class::Missing,
            Change::Delete(_) => Class::Added,
            // A policy of a user is claimed and then attached.
            Change::Update { before, after } if is_claimed(before, after) => Class::Missing,
            Change::Update { .. } if change.detaches() => Class::Added,
            Change::Update { .. } => Class::Changed,
        }
    }
}

/// The classes of the differences that a plan repairs.
pub(super) fn classes(plan: &Plan) -> BTreeSet<Class> {
    plan.changes().filter(|change| change.is_of_content()).map(Class::of).collect()
}

/// The power that a difference gives to the preset's principals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grants {
    /// It grants more, or trusts another principal, regardless of grants that it removes.
    More,
    /// It grants less.
    Less,
    /// It may grant more or less.
    Different,
    /// It grants the same.
    Same,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// As in ``role `lithops-role` ``.
    pub object: String,
    /// The class of the difference.
    pub class: Class,
    /// The field: `object` for the whole, or for example `document`.
    pub field: &'static str,
    /// The preset's value; empty for an object that the preset does not have.
    pub expected: String,
    /// The account's value; empty for a missing object.
    pub found: String,
    /// The power that the difference gives.
    pub grants: Grants,
}

impl Finding {
    fn new(id: &Id, class: Class, field: &'static str, grants: Grants) -> Self {
        let (expected, found) = (String::new(), String::new());
        Finding { object: id.to_string(), class, field, expected, found, grants }
    }

    fn whole(id: &Id, class: Class) -> Self {
        let grants = if class == Class::Missing { Grants::Less } else { Grants::More };
        Finding::new(id, class, "object", grants)
    }

    fn saying(self, expected: &str, found: &str) -> Self {
        Finding { expected: cut(expected, LONGEST), found: cut(found, LONGEST), ..self }
    }
}

/// The differences that a plan repairs, and those that it leaves to other owners.
pub(in crate::iam_preset) fn of_plan(plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    for change in plan.changes() {
        let id = change.id();
        match change {
            // A policy of a user is claimed and then attached: one finding for both.
            Change::Update { before, after } if is_claimed(before, after) => {
                let is_created = |it: &Change| matches!(it, Change::Create(new) if new.is_claim());
                if !plan.changes().any(|it| it.id() == id && is_created(it)) {
                    findings.push(Finding::whole(&id, Class::Missing));
                }
            }
            Change::Create(_) => findings.push(Finding::whole(&id, Class::Missing)),
            Change::Delete(_) => findings.push(Finding::whole(&id, Class::Added)),
            // Its claim is deleted besides.
            Change::Update { .. } if change.detaches() => {}
            Change::Update { before, after } => {
                findings.extend(fields(&id, &after.resource, &before.resource));
                // Without its mark the next owner that goes deletes the object.
                let unmarked = after.owners.iter().find(|owner| !before.owners.contains(*owner));
                let lost = |owner: &Owner| {
                    let finding = Finding::new(&id, Class::Changed, "owner", Grants::Same);
                    finding.saying(&owner.in_words(), "")
                };
                findings.extend(unmarked.map(lost));
            }
        }
    }
    findings.extend(plan.missing.iter().map(|id| Finding::whole(id, Class::Missing)));
    findings.extend(plan.foreign.iter().map(|id| Finding::whole(id, Class::Added)));
    findings.sort();
    findings.dedup();
    findings
}

fn is_claimed(before: &Object, after: &Object) -> bool {
    before.is_claim() && !after.is_claim()
}

/// The objects that prevent any plan: those with a name of the preset that the resource no longer
/// owns, and those that have to be gone first by `OnForeignAttachment: Fail`.
pub(super) fn of_conflicts(me: &Owner, conflicts: &[Conflict]) -> Vec<Finding> {
    let finding = |conflict: &Conflict| {
        let said = explain(me, std::slice::from_ref(conflict)).join("; ");
        let changed = |id: &Id, field| Finding::new(id, Class::Changed, field, Grants::Different);
        match conflict {
            Conflict::Missing(id) | Conflict::Spelled { id, .. } => {
                Some(Finding::whole(id, Class::Missing))
            }
            Conflict::Attached(id) => Some(Finding::whole(id, Class::Added)),
            Conflict::Foreign { id, .. }
            | Conflict::OfAws(id)
            | Conflict::Taken { id, .. }
            | Conflict::OtherForm { id, .. }
            | Conflict::Managed { id, .. } => Some(changed(id, "owner").saying("", &said)),
            Conflict::Path { id, found, wanted, .. } => {
                Some(changed(id, "path").saying(wanted, found))
            }
            Conflict::Case { id, found } => Some(changed(id, "name").saying(&id.name, found)),
            Conflict::Differs { id, how } => Some(changed(id, "document").saying("", how)),
            Conflict::Unbounded { id, boundary } => {
                let finding = changed(id, "permissionsBoundary").saying(boundary, "");
                Some(Finding { grants: Grants::More, ..finding })
            }
            Conflict::Renamed { id, gone, holders } => {
                Some(changed(id, "members").saying(&gone.join(", "), &holders.join(", ")))
            }
            // Nothing of these is there yet.
            Conflict::Full { .. } | Conflict::Used(_) => None,
        }
    };
    let mut findings: Vec<Finding> = conflicts.iter().filter_map(finding).collect();
    findings.sort();
    findings
}

/// Users that another principal put into the resource's groups.
pub(in crate::iam_preset) fn members(
    me: &Owner,
    desired: &State,
    observed: &State,
) -> Vec<Finding> {
    let is_mine = |id: &Id| observed.is_owned(id, me);
    let added = observed.ids().filter(|id| {
        id.kind == Kind::GroupMember
            && !desired.contains(id)
            && id.parent().is_some_and(|group| is_mine(&group))
    });
    added.map(|id| Finding::whole(id, Class::Added)).collect()
}

/// The fields in which the account's object differs from the preset's.
pub(in crate::iam_preset) fn fields(id: &Id, wanted: &Resource, found: &Resource) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut differs = |field, grants, expected: &str, there: &str| {
        let finding = Finding::new(id, Class::Changed, field, grants);
        findings.push(finding.saying(expected, there));
    };
    let words = difference(found, wanted);
    let (missing, more) = (words.added, words.taken_away);
    let said = (missing.join("; "), more.join("; "));
    if let (Some(wanted), Some(found)) = (wanted.document(), found.document())
        && wanted != found
    {
        differs("document", grants(&missing, &more), &said.0, &said.1);
    }
    if let (Resource::Role(wanted), Resource::Role(found)) = (wanted, found) {
        if wanted.trust != found.trust {
            differs("trust", grants(&missing, &more), &said.0, &said.1);
        }
        of_role(wanted, found, &mut differs);
    }
    let tags = |resource: &Resource| resource.clone().tags_mut().cloned().unwrap_or_default();
    let (wanted_tags, found_tags) = (tags(wanted), tags(found));
    if wanted_tags != found_tags {
        let (expected, there) = (pairs(&wanted_tags), pairs(&found_tags));
        // A policy outside of the preset may depend on a tag.
        differs("tags", Grants::Different, &expected, &there);
    }
    findings
}

fn of_role(
    wanted: &Role,
    found: &Role,
    differs: &mut impl FnMut(&'static str, Grants, &str, &str),
) {
    if wanted.permissions_boundary != found.permissions_boundary {
        let text = |arn: &Option<String>| arn.clone().unwrap_or_default();
        let is_gone = found.permissions_boundary.is_none();
        let grants = if is_gone { Grants::More } else { Grants::Different };
        let (expected, there) = (&wanted.permissions_boundary, &found.permissions_boundary);
        differs("permissionsBoundary", grants, &text(expected), &text(there));
    }
    if wanted.max_session_duration != found.max_session_duration {
        let (expected, there) = (wanted.max_session_duration, found.max_session_duration);
        let grants = if there > expected { Grants::More } else { Grants::Less };
        differs("maxSessionDuration", grants, &expected.to_string(), &there.to_string());
    }
    if wanted.description != found.description {
        differs("description", Grants::Same, &wanted.description, &found.description);
    }
}

/// The power that sentences of [`difference`] amount to: the missing ones, and the added ones.
fn grants(missing: &[String], more: &[String]) -> Grants {
    let has = |sentences: &[String], effect| sentences.iter().any(|it| it.starts_with(effect));
    let gives = has(more, "Allow") || has(missing, "Deny");
    let takes = has(missing, "Allow") || has(more, "Deny");
    // A reader of findings looks for more power first, so a removed grant does not hide an added
    // one.
    match (gives, takes) {
        (true, _) => Grants::More,
        (false, true) => Grants::Less,
        (false, false) => Grants::Different,
    }
}

fn pairs(tags: &Tags) -> String {
    let pairs = tags.iter().map(|(key, value)| format!("{}={value}", &**key));
    pairs.collect::<Vec<_>>().join(",")
}
