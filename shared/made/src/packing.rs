//! Statements in as few managed policies as they fit into, with any names that the operator allows.

use account_presets::state::limits::{ATTACHMENTS, MANAGED_POLICY};
use serde_json::{Value, json};

use super::Catalogue;
use super::names::{self, NameParameter};
use super::rights::{Statement, When, of_preset};
use super::template::{arns, policies_in_conditions};

/// The document around the statements.
const AROUND: usize = r#"{"Version":"2012-10-17","Statement":[]}"#.len();

/// A statement, and the preset that it is for.
pub type Of = (String, Statement);

/// The statements of all presets, by policy.
///
/// # Errors
///
/// They do not fit into the function's role.
pub fn policies(catalogue: &Catalogue) -> Result<Vec<Vec<Of>>, String> {
    let policies = packed(statements(catalogue), &names::parameters(catalogue)?)?;
    // One more is the policy that all presets have in common.
    if policies.len() < ATTACHMENTS {
        return Ok(policies);
    }
    Err(format!(
        "the rights of all presets take {} managed policies of the function's role, and IAM leaves \
         {}; give presets fewer objects, or deploy a second provider with some of them",
        policies.len(),
        ATTACHMENTS - 1
    ))
}

/// The statements of all presets.
pub fn statements(catalogue: &Catalogue) -> Vec<Of> {
    let of_preset = |(name, preset): (&String, _)| {
        let statements = of_preset(name, preset).into_iter();
        statements.map(|statement| (name.clone(), statement)).collect::<Vec<_>>()
    };
    catalogue.iter().flat_map(of_preset).collect()
}

/// The statements in their order: the next policy begins with the one that does not fit.
///
/// # Errors
///
/// One fits into no policy, or a policy is empty where its presets are not allowed.
pub fn packed(statements: Vec<Of>, parameters: &[NameParameter]) -> Result<Vec<Vec<Of>>, String> {
    let mut policies: Vec<Vec<Of>> = Vec::new();
    let mut room = 0;
    for of in statements {
        let size = size(&of.1, parameters)? + ",".len();
        if AROUND + size > MANAGED_POLICY {
            return Err(format!(
                "{}.yaml: the function's right {} is {size} characters long and fits into no \
                 managed policy; give the preset fewer objects of that kind, or shorter names",
                of.0, of.1.sid
            ));
        }
        if size > room {
            policies.push(Vec::new());
            room = MANAGED_POLICY - AROUND;
        }
        room -= size;
        policies.last_mut().unwrap().push(of);
    }
    let is_sure = |(_, statement): &Of| !statement.always.is_empty();
    if policies.iter().all(|those| those.iter().any(is_sure)) {
        return Ok(policies);
    }
    Err("a policy would be empty where its presets are not allowed".to_owned())
}

/// Characters that IAM counts, with the longest names that the operator may allow.
fn size(statement: &Statement, parameters: &[NameParameter]) -> Result<usize, String> {
    let mut text = in_full(statement).to_string();
    for parameter in parameters {
        let place = format!("${{{}}}", parameter.name);
        text = text.replace(&place, &"n".repeat(parameter.longest));
    }
    let text = text.replace("${AWS::Partition}", "aws-us-gov");
    let text = text.replace("${AWS::AccountId}", "123456789012");
    if text.contains("${") {
        return Err(format!("a name without a longest length: {text}"));
    }
    Ok(text.chars().filter(|character| !character.is_whitespace()).count())
}

/// The statement as IAM gets it where the preset is allowed.
fn in_full(statement: &Statement) -> Value {
    let actions: Vec<_> = statement.always.union(&statement.if_allowed).collect();
    let mut full = json!({
        "Sid": statement.sid, "Effect": "Allow", "Action": actions, "Resource": arns(&statement.on),
    });
    let condition = statement.when.as_ref().map(|when| match when {
        When::Policy(policies) => {
            json!({ "ArnLike": { "iam:PolicyARN": policies_in_conditions(policies) } })
        }
        When::PassedToEc2 => {
            json!({ "StringEquals": { "iam:PassedToService": "ec2.amazonaws.com" } })
        }
        When::Service(services) => json!({ "StringEquals": { "iam:AWSServiceName": services } }),
    });
    if let Some(condition) = condition {
        full["Condition"] = condition;
    }
    full
}
