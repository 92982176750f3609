//! The grants that a release of the provider adds and removes, in words.
//!
//! Must not know: AWS's API.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::state::{PolicyDocument, Resource};

/// Sentences, each about actions that stand in the same statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Sentences of the second form alone.
    pub added: Vec<String>,
    /// Sentences of the first form alone.
    pub taken_away: Vec<String>,
}

/// How two forms of an object differ in grants and denials; for a role, in trusted principals.
///
/// Statement by statement and word by word: a pattern that covers another one is another one.
pub fn difference(before: &Resource, after: &Resource) -> Difference {
    let (before, after) = (grants(before), grants(after));
    Difference {
        added: sentences(after.difference(&before)),
        taken_away: sentences(before.difference(&after)),
    }
}

/// An action on a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Grant {
    effect: String,
    action: String,
    on: String,
    condition: String,
}

fn grants(resource: &Resource) -> BTreeSet<Grant> {
    let trust = if let Resource::Role(role) = resource { Some(&role.trust) } else { None };
    let document = trust.or(resource.document());
    let statements = document.map(PolicyDocument::as_value).and_then(|it| it.get("Statement"));
    list(statements).into_iter().flat_map(of_statement).collect()
}

fn of_statement(statement: &Value) -> Vec<Grant> {
    let text = |name: &str| statement.get(name).map(plain).unwrap_or_default();
    let each = |name: &str, not: &str| -> Vec<String> {
        let named = list(statement.get(name)).into_iter().map(plain);
        let others = list(statement.get(not)).into_iter().map(|it| format!("not {}", plain(it)));
        named.chain(others).collect()
    };
    let mut on = each("Resource", "NotResource");
    on.extend(each("Principal", "NotPrincipal"));
    let (effect, condition) = (text("Effect"), text("Condition"));
    let actions = each("Action", "NotAction");
    let grant = |action: &String, on: &String| Grant {
        effect: effect.clone(),
        action: action.clone(),
        on: on.clone(),
        condition: condition.clone(),
    };
    actions
        .iter()
        .flat_map(|action| on.iter().map(move |on| (action, on)))
        .map(|(action, on)| grant(action, on))
        .collect()
}

/// Actions that have the same resources are one sentence.
fn sentences<'a>(grants: impl Iterator<Item = &'a Grant>) -> Vec<String> {
    let mut by_action: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for Grant { effect, action, on, condition } in grants {
        by_action.entry((effect, condition, action)).or_default().insert(on);
    }
    let mut by_resources: BTreeMap<(&str, &str, BTreeSet<&str>), Vec<&str>> = BTreeMap::new();
    for ((effect, condition, action), on) in by_action {
        by_resources.entry((effect, condition, on)).or_default().push(action);
    }
    let sentence =
        |((effect, condition, on), actions): ((&str, &str, BTreeSet<&str>), Vec<&str>)| {
            let on: Vec<&str> = on.into_iter().collect();
            let sentence = format!("{effect} {} on {}", actions.join(", "), on.join(", "));
            if condition.is_empty() { sentence } else { format!("{sentence} if {condition}") }
        };
    by_resources.into_iter().map(sentence).collect()
}

fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Policy, Role, Tags};
    use serde_json::json;

    fn policy(statements: Value) -> Resource {
        Resource::Policy(Policy {
            name: "p".to_owned(),
            path: "/".to_owned(),
            description: String::new(),
            document: PolicyDocument::new(json!({"Statement": statements})),
            tags: Tags::new(),
        })
    }

    /// X19
    #[test]
    fn what_a_release_adds_and_takes_away_is_said_by_action_and_resource() {
        let before = policy(json!([
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "a/*"},
            {"Effect": "Allow", "Action": "ec2:StopInstances", "Resource": "*"},
        ]));
        let tagged = json!({"StringLike": {"aws:ResourceTag/x": "*"}});
        let after = policy(json!([
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["a/*", "b/*"]},
            {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "b/*"},
            {"Effect": "Allow", "Action": "ec2:StopInstances", "Resource": "*", "Condition": tagged},
            {"Effect": "Deny", "NotAction": "iam:Get*", "NotResource": "c"},
        ]));
        let Difference { added, taken_away } = difference(&before, &after);
        assert_eq!(
            added,
            [
                "Allow s3:GetObject, s3:ListBucket on b/*",
                r#"Allow ec2:StopInstances on * if {"StringLike":{"aws:ResourceTag/x":"*"}}"#,
                "Deny not iam:Get* on not c",
            ]
        );
        assert_eq!(taken_away, ["Allow ec2:StopInstances on *", "Allow s3:PutObject on a/*"]);
        assert_eq!(difference(&before, &before), Difference::default());
    }

    /// X19
    #[test]
    fn of_a_role_it_is_said_whom_it_trusts() {
        let role = |service: &str| {
            Resource::Role(Role {
                name: "r".to_owned(),
                path: "/".to_owned(),
                description: String::new(),
                trust: PolicyDocument::new(json!({"Statement": {
                    "Effect": "Allow",
                    "Principal": {"Service": service},
                    "Action": "sts:AssumeRole",
                }})),
                max_session_duration: 3600,
                permissions_boundary: None,
                tags: Tags::new(),
            })
        };
        let Difference { added, taken_away } = difference(&role("ec2"), &role("lambda"));
        assert_eq!(added, [r#"Allow sts:AssumeRole on {"Service":"lambda"}"#]);
        assert_eq!(taken_away, [r#"Allow sts:AssumeRole on {"Service":"ec2"}"#]);
    }
}
