//! Finds problems inside policy documents and other texts.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cases::Case;
use super::finding::Problem;
use super::objects::managed;
use super::reference::Reference;
use super::statement::{Statement, Words, statements};
use crate::state::{Policy, Resource, Role, State};
use grammar::schema::Edition;

/// The texts that were checked before, so that the first case with a problem is the example.
pub type Seen = BTreeSet<(Edition, String, String)>;

/// Returns the problems of those texts of a state that were not seen yet.
pub fn problems(
    state: &State,
    case: &Case,
    reference: &Reference,
    seen: &mut Seen,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, object) in state.iter() {
        let Some(document) = object.resource.policy_document() else { continue };
        let description = if let Resource::Role(Role { description, .. })
        | Resource::Policy(Policy { description, .. }) = &object.resource
        {
            description.as_str()
        } else {
            ""
        };
        let object = id.to_string();
        if !seen.insert((case.wish.edition, object.clone(), document.to_json())) {
            continue;
        }
        if let Some(problem) = placeholder(&object, description) {
            problems.push(problem);
        }
        texts(document.as_value(), &mut |text| problems.extend(of_text(&object, text, case)));
        for statement in statements(document.as_value()) {
            of_statement(&object, &statement, case, reference, &mut problems);
        }
    }
    problems
}

fn texts(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(values) => values.iter().for_each(|value| texts(value, each)),
        Value::Object(members) => members.values().for_each(|value| texts(value, each)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn of_text(object: &str, text: &str, case: &Case) -> Vec<Problem> {
    let account = &case.wish.account;
    let object = || object.to_owned();
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 12);
    let account_id = numbers
        .any(|id| id != account.id && !case.is_given(id))
        .then(|| Problem::AccountId { object: object(), text: text.to_owned() });
    let ours = format!("arn:{}:", account.partition);
    let partition = text.replace(&ours, "").contains("arn:aws") && !case.is_given("arn:aws");
    let partition =
        partition.then(|| Problem::Partition { object: object(), text: text.to_owned() });
    let placeholder = placeholder(&object(), text);
    [account_id, partition, placeholder].into_iter().flatten().collect()
}

/// `<…>`, `XXXX` and `${Capital…`: IAM's own variables begin with a small letter.
fn placeholder(object: &str, text: &str) -> Option<Problem> {
    let ours = text.split("${").skip(1).any(|name| name.starts_with(char::is_uppercase));
    let angles = text.split_once('<').is_some_and(|(_, rest)| rest.contains('>'));
    (ours || angles || text.contains("XXXX"))
        .then(|| Problem::Placeholder { object: object.to_owned(), text: text.to_owned() })
}

fn of_statement(
    object: &str,
    statement: &Statement,
    case: &Case,
    reference: &Reference,
    problems: &mut Vec<Problem>,
) {
    for pattern in statement.actions.patterns() {
        if pattern == "*" {
            continue;
        }
        let (service, name) = pattern.split_once(':').unwrap_or((pattern, ""));
        let service = reference.services.get(&service.to_ascii_lowercase());
        let actions = service.map(|service| service.expand(name)).unwrap_or_default();
        let Some(service) = service.filter(|_| !actions.is_empty()) else {
            let action = pattern.clone();
            problems.push(Problem::UnknownAction { object: object.to_owned(), action });
            continue;
        };
        let (Words::Any(_), Words::Any(resources)) = (&statement.actions, &statement.resources)
        else {
            continue;
        };
        let lives = |action: &str| {
            resources.iter().any(|on| service.takes(action, on) || case.is_made_up(on))
        };
        // A trust policy names no resource. Of a pattern that grants anything, the actions that
        // it grants for nothing are noise.
        if statement.allow && !resources.is_empty() && !actions.iter().any(|action| lives(action)) {
            let types: BTreeSet<&str> = actions
                .iter()
                .filter_map(|action| service.actions.get(*action))
                .flatten()
                .map(String::as_str)
                .collect();
            let takes = types.into_iter().collect::<Vec<_>>().join(", ");
            let takes = if takes.is_empty() { "only `*`".to_owned() } else { takes };
            let (object, action) = (object.to_owned(), pattern.clone());
            problems.push(Problem::DeadGrant { object, action, takes });
        }
    }
    let policies = ["iam:policyarn", "iam:permissionsboundary"];
    let named = statement.conditions.iter().filter(|one| policies.contains(&one.key.as_str()));
    for arn in named.flat_map(|one| &one.values).filter(|arn| !arn.contains(['*', '?'])) {
        problems.extend(managed(object, arn, &case.wish.account, reference));
    }
    let to = |operator: &str| operator == "stringequals" || operator == "stringlike";
    let tamed = statement.conditions.iter().any(|condition| {
        condition.key == "iam:passedtoservice"
            && to(&condition.operator)
            && !condition.values.iter().any(|value| value == "*")
    });
    if statement.allow && statement.has_action("iam:PassRole") && !tamed {
        problems.push(Problem::PassRoleToAnyService { object: object.to_owned() });
    }
}
