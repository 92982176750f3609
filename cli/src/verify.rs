//! `verify`: whether a preset's grants are effective for its roles and users, in IAM's own
//! judgement. A boundary, a policy of the organization or a foreign Deny may take them away, and no
//! plan would see that.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use account_presets::state::{Id, Kind, PolicyDocument, State};
use aws_sdk_iam::Client;
use aws_sdk_iam::types::{EvaluationResult, PolicyEvaluationDecisionType as Decision};
use serde_json::{Value, json};

use crate::Found;
use crate::account::{Looked, config, failed, look_with, resource_of_stack, told};
use crate::arguments::{Aws, Verify};
use crate::output::Output;

/// A user or role, and the grants of the preset's own policies: actions by resource.
struct Principal {
    id: Id,
    grants: BTreeMap<String, BTreeSet<String>>,
    /// Statements that IAM is not asked about, and why.
    not_asked: Vec<String>,
}

/// A grant that is taken away.
struct Refused {
    principal: String,
    action: String,
    resource: String,
    by: String,
}

/// Prints the grants that are taken away; 2 if there are any.
///
/// # Errors
///
/// A mistake in the arguments, or the call that failed.
pub(crate) async fn verify(asked: &Verify, aws: &Aws, output: &Output) -> Result<Found, String> {
    let config = config(aws).await?;
    let (stack_id, logical_id) =
        resource_of_stack(&config, &asked.stack, asked.logical_id.as_deref()).await?;
    let looked = look_with(config, &asked.provider, None).await?;
    let engine = looked.engine();
    let made = engine.made(&stack_id, &logical_id).await;
    let wanted = made.map_err(|error| told(&logical_id, &stack_id, error))?;
    let client = Client::new(&looked.config.sdk);
    let (mut refused, mut number) = (Vec::new(), 0);
    let principals = principals(&wanted.state);
    for principal in &principals {
        let arn = arn(&client, &looked, &wanted.state, &principal.id).await?;
        for (resource, actions) in &principal.grants {
            number += actions.len();
            refused.extend(ask(&client, principal, &arn, resource, actions).await?);
        }
    }
    let not_asked: Vec<String> = principals.iter().flat_map(|it| it.not_asked.clone()).collect();
    output
        .tell(|| as_json(number, &refused, &not_asked), || as_text(number, &refused, &not_asked))?;
    Ok(if refused.is_empty() { Found::Nothing } else { Found::Differences })
}

/// Returns the users and roles with policies of the preset.
fn principals(state: &State) -> Vec<Principal> {
    let mut documents: BTreeMap<Id, Vec<(String, PolicyDocument)>> = BTreeMap::new();
    for (id, object) in state.iter() {
        let own = id.target().and_then(|policy| Some((policy.name.clone(), state.get(&policy)?)));
        let own = own.and_then(|(name, it)| Some((name, it.resource.document()?.clone())));
        let inline = object.resource.document().filter(|_| !id.kind.is_node());
        let inline = inline.map(|it| (id.part.clone().unwrap_or_default(), it.clone()));
        let is_given = id.kind.is_attachment();
        let Some(given) = own.filter(|_| is_given).or(inline) else { continue };
        for holder in holders(state, id) {
            documents.entry(holder).or_default().push(given.clone());
        }
    }
    documents.into_iter().map(|(id, documents)| principal(id, &documents)).collect()
}

/// The user or role that a policy is on, or the users of the group.
fn holders(state: &State, link: &Id) -> Vec<Id> {
    let Some(parent) = link.parent() else { return Vec::new() };
    if parent.kind != Kind::Group {
        return vec![parent];
    }
    let members = state
        .ids()
        .filter(|id| id.kind == Kind::GroupMember && id.parent().as_ref() == Some(&parent));
    members.filter_map(Id::target).collect()
}

fn principal(id: Id, documents: &[(String, PolicyDocument)]) -> Principal {
    let (mut grants, mut not_asked) = (BTreeMap::<_, BTreeSet<_>>::new(), Vec::new());
    for (policy, document) in documents {
        for (number, statement) in (1..).zip(list(document.as_value().get("Statement"))) {
            if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
                continue;
            }
            let sid = statement.get("Sid").and_then(Value::as_str);
            let sid = sid.map_or_else(|| number.to_string(), str::to_owned);
            let (actions, resources) = (texts(statement, "Action"), texts(statement, "Resource"));
            let why = if statement.get("Condition").is_some() {
                Some("it has a condition")
            } else if actions.is_empty() || resources.is_empty() {
                Some("it has NotAction or NotResource")
            } else if resources.iter().any(|it| it.contains("${")) {
                Some("its resources depend on the caller")
            } else if actions.iter().any(|it| it.contains(['*', '?'])) {
                Some("its actions are a pattern")
            } else {
                None
            };
            match why {
                Some(why) => not_asked.push(format!("{id}: statement {sid} of {policy}: {why}")),
                None => {
                    for resource in resources {
                        grants.entry(resource).or_default().extend(actions.iter().cloned());
                    }
                }
            }
        }
    }
    Principal { id, grants, not_asked }
}

fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
        None => Vec::new(),
    }
}

fn texts(statement: &Value, name: &str) -> Vec<String> {
    list(statement.get(name)).into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A user's path is known to IAM alone, and so is that of a role that no preset made.
async fn arn(client: &Client, looked: &Looked, state: &State, id: &Id) -> Result<String, String> {
    let own = state.get(id).and_then(|object| looked.account.arn(&object.resource));
    if let Some(arn) = own {
        return Ok(arn);
    }
    let name = &id.name;
    if id.kind == Kind::User {
        let user = client.get_user().user_name(name).send().await;
        let user = user.map_err(|error| failed("iam:GetUser", name, &error))?;
        Ok(user.user().map(|user| user.arn().to_owned()).unwrap_or_default())
    } else {
        let role = client.get_role().role_name(name).send().await;
        let role = role.map_err(|error| failed("iam:GetRole", name, &error))?;
        Ok(role.role().map(|role| role.arn().to_owned()).unwrap_or_default())
    }
}

/// Returns those of these actions that are not allowed. The resource's own pattern stands for its
/// resources.
async fn ask(
    client: &Client,
    principal: &Principal,
    arn: &str,
    resource: &str,
    actions: &BTreeSet<String>,
) -> Result<Vec<Refused>, String> {
    let asked = client.simulate_principal_policy().policy_source_arn(arn).resource_arns(resource);
    let asked = asked.set_action_names(Some(actions.iter().cloned().collect()));
    let mut pages = asked.into_paginator().send();
    let mut refused = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| failed("iam:SimulatePrincipalPolicy", arn, &error))?;
        let results = page.evaluation_results().iter();
        refused.extend(results.filter(|it| *it.eval_decision() != Decision::Allowed).map(
            |result| Refused {
                principal: principal.id.to_string(),
                action: result.eval_action_name().to_owned(),
                resource: resource.to_owned(),
                by: by(result),
            },
        ));
    }
    Ok(refused)
}

/// Returns the policy that takes it away, as far as AWS tells.
fn by(result: &EvaluationResult) -> String {
    let of_organization = result.organizations_decision_detail();
    let of_boundary = result.permissions_boundary_decision_detail();
    let sources = result.matched_statements().iter().filter_map(|it| it.source_policy_id());
    let sources: BTreeSet<&str> = sources.collect();
    let sources = sources.into_iter().collect::<Vec<_>>().join(", ");
    if of_organization.is_some_and(|it| !it.allowed_by_organizations()) {
        "a policy of the organization".to_owned()
    } else if *result.eval_decision() == Decision::ExplicitDeny {
        let at = if sources.is_empty() { "a policy that AWS does not name" } else { &sources };
        format!("a Deny of {at}")
    } else if of_boundary.is_some_and(|it| !it.allowed_by_permissions_boundary()) {
        "its permissions boundary".to_owned()
    } else {
        "a missing grant: none of its policies allows it any more".to_owned()
    }
}

fn as_json(number: usize, refused: &[Refused], not_asked: &[String]) -> Value {
    let refused = refused.iter().map(|it| {
        json!({"principal": it.principal, "action": it.action, "resource": it.resource, "by": it.by})
    });
    json!({"form": 1, "asked": number, "refused": refused.collect::<Vec<_>>(), "notAsked": not_asked})
}

fn as_text(number: usize, refused: &[Refused], not_asked: &[String]) -> String {
    let mut text = String::new();
    for Refused { principal, action, resource, by } in refused {
        let _ = writeln!(text, "- {principal}: {action} on {resource}: taken away by {by}");
    }
    for said in not_asked {
        let _ = writeln!(text, "? {said}");
    }
    let _ = writeln!(text, "{number} grants asked about, {} taken away.", refused.len());
    text
}
