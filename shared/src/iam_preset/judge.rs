//! Power that roles and groups outside of the presets would add to a stack's users: an adopted
//! role, or one that a policy passes, acts for them with all its permissions.
//!
//! The preset's own grants are not judged again: its marks disclose administrator's rights.
//!
//! Must not know: AWS's API.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::preset::lint::Judge;
use crate::state::{Id, Kind, Object, PolicyDocument, State};
use grammar::glob;

/// The roles that the policies of a desired state pass, by patterns of their ARNs.
pub(super) fn passed(desired: &State) -> BTreeSet<String> {
    let documents = desired.iter().filter_map(|(_, object)| object.resource.document());
    let passing = documents.flat_map(statements).filter(|statement| {
        allows(statement) && texts(statement, "Action").iter().any(|it| fits(it, "iam:PassRole"))
    });
    passing.flat_map(|statement| texts(statement, "Resource")).collect()
}

/// Those of these roles that the patterns pass and that the state does not make.
pub(super) fn passed_roles(
    patterns: &BTreeSet<String>,
    arns: &[String],
    desired: &State,
) -> BTreeSet<Id> {
    let passed = arns.iter().filter(|arn| is_passed(patterns, arn));
    let names = passed.filter_map(|arn| name(arn));
    let ids = names.map(|name| Id::node(Kind::Role, name));
    ids.filter(|id| !desired.contains(id)).collect()
}

/// Whether one of the patterns is about this role, wherever its path leads: to IAM a `/` is a
/// character as any other.
pub(super) fn is_passed(patterns: &BTreeSet<String>, arn: &str) -> bool {
    patterns.iter().any(|pattern| glob::matches(pattern, arn))
}

fn name(arn: &str) -> Option<&str> {
    arn.rsplit('/').next().filter(|name| !name.is_empty())
}

/// The links by which a role or group of this state has policies.
pub(super) fn links(holder: &Id, state: &State) -> Vec<Id> {
    let attaches = |id: &&Id| {
        matches!(
            id.kind,
            Kind::RoleAttachment | Kind::RoleInline | Kind::GroupAttachment | Kind::GroupInline
        )
    };
    let links = state.ids().filter(attaches).filter(|id| id.parent().as_ref() == Some(holder));
    links.cloned().collect()
}

/// The links by which a role or group of this state got policies that `given` does not have.
pub(super) fn further(holder: &Id, observed: &State, given: &State) -> Vec<Id> {
    let further = links(holder, observed).into_iter().filter(|id| {
        // An inline policy of the same name may say something else.
        let document =
            |state: &State| state.get(id).and_then(|object| object.resource.document()).cloned();
        !given.contains(id) || document(given) != document(observed)
    });
    further.collect()
}

/// The managed policies among these links.
pub(super) fn managed(links: &[Id]) -> BTreeSet<String> {
    let attachments =
        links.iter().filter(|id| matches!(id.kind, Kind::RoleAttachment | Kind::GroupAttachment));
    attachments.filter_map(|id| id.part.clone()).collect()
}

/// How these links of a holder make an administrator of a principal that acts as it, alone or
/// together with the preset's present and future grants; `None` if no way is known. The preset
/// discloses the power of its own grants.
pub(super) fn path(
    judge: &Judge<'_>,
    holder: &Id,
    links: &[Id],
    observed: &State,
    desired: &State,
) -> Option<String> {
    let ids = links.iter().chain([holder]);
    let alone: State = ids.filter_map(|id| observed.get(id)).cloned().collect();
    let of_preset = self::links(holder, desired).into_iter().filter(|id| !links.contains(id));
    let mut by_itself: State =
        alone.get(holder).cloned().into_iter().chain(policies(desired)).collect();
    by_itself.extend(of_preset.filter_map(|id| desired.get(&id)).cloned());
    if judge.path_to_administrator(&by_itself, holder).is_some() {
        return judge.path_to_administrator(&alone, holder);
    }
    let mut together = by_itself;
    together.extend(alone.iter().map(|(_, object)| object.clone()));
    judge.path_to_administrator(&together, holder)
}

fn policies(state: &State) -> impl Iterator<Item = Object> {
    state.iter().filter(|(id, _)| id.kind == Kind::Policy).map(|(_, object)| object.clone())
}

fn fits(pattern: &str, action: &str) -> bool {
    glob::matches_action(pattern, action)
}

fn statements(document: &PolicyDocument) -> impl Iterator<Item = &Value> {
    let statement = document.as_value().get("Statement");
    let many = statement.and_then(Value::as_array).into_iter().flatten();
    many.chain(statement.filter(|it| it.is_object()))
}

fn allows(statement: &Value) -> bool {
    statement.get("Effect").and_then(Value::as_str) == Some("Allow")
}

fn texts(statement: &Value, name: &str) -> Vec<String> {
    let value = statement.get(name);
    let many = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    many.chain(value.and_then(Value::as_str)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Threat 4
    #[test]
    fn the_roles_that_a_policy_passes_are_found_by_its_patterns() {
        let role = |rest: &str| format!("arn:aws:iam::123456789012:role/{rest}");
        let patterns = ["skypilot-v1", "app-*-role", "team/a"].map(role).into();
        let names = |arns: &[String]| -> Vec<String> {
            let ids = passed_roles(&patterns, arns, &State::default());
            ids.into_iter().map(|id| id.name).collect()
        };
        assert_eq!(
            names(&["skypilot-v1", "app-a-role", "team/a"].map(role)),
            ["a", "app-a-role", "skypilot-v1"]
        );
        // A path is part of the text that a pattern is about.
        assert_eq!(names(&["app-x/b-role", "app-x-role/y"].map(role)), ["b-role"]);
        assert_eq!(names(&["b-role/app-c-role"].map(role)), Vec::<String>::new());
        assert_eq!(names(&["other", "x/skypilot-v1", "a"].map(role)), Vec::<String>::new());
        let elsewhere = "arn:aws:iam::999999999999:role/skypilot-v1".to_owned();
        assert_eq!(names(&[elsewhere]), Vec::<String>::new());
    }
}
