//! An adopted object gets nothing of the preset, and may lack grants of the preset. A named user
//! that is no member is refused; lacking policies are listed in an attribute.
//!
//! Must not know: AWS's API.

use std::collections::{BTreeMap, BTreeSet};

use super::properties::Properties;
use crate::plan::Plan;
use crate::state::{Id, Kind, State};

/// The links that the preset would make of the adopted objects.
pub(super) fn lacking(desired: &State, observed: &State, plan: &Plan) -> BTreeSet<Id> {
    let is_used = |id: &&Id| id.parent().is_some_and(|parent| plan.used_as_is.contains(&parent));
    // IAM ignores the case of a user's name.
    let is_alike = |one: &Id, other: &Id| {
        let part = |id: &Id| id.part.as_deref().map(str::to_ascii_lowercase);
        one.kind == other.kind && one.name == other.name && part(one) == part(other)
    };
    let is_there = |id: &Id| observed.ids().any(|found| is_alike(id, found));
    desired.ids().filter(is_used).filter(|id| !is_there(id)).cloned().collect()
}

/// The links that grant permissions.
pub(super) fn policies(lacking: &BTreeSet<Id>) -> impl Iterator<Item = &Id> {
    lacking.iter().filter(|id| {
        matches!(
            id.kind,
            Kind::RoleAttachment | Kind::RoleInline | Kind::GroupAttachment | Kind::GroupInline
        )
    })
}

/// Which named users are in none of these groups, in a sentence for each group.
pub(super) fn members(wanted: &Properties, lacking: &BTreeSet<Id>) -> Vec<String> {
    let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for id in lacking.iter().filter(|id| id.kind == Kind::GroupMember) {
        users.entry(&id.name).or_default().extend(id.part.as_deref());
    }
    let sentence = |(group, users): (&str, BTreeSet<&str>)| {
        let lists = wanted.parameters_that_name(&users);
        let lists: Vec<String> = lists.iter().map(|name| format!("Parameters.{name}")).collect();
        let users: Vec<&str> = users.into_iter().collect();
        format!(
            "{}: `{}` not in the group `{group}`, which AdoptExisting uses as it is; put them into it by \
             hand, or leave them out of the list",
            lists.join(", "),
            users.join("`, `"),
        )
    };
    users.into_iter().map(sentence).collect()
}
