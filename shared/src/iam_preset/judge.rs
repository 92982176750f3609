//! What roles and groups that no preset made would add to what a stack's users may do: a role
//! that is used as it is or that a policy passes acts for them, with all that it was given.
//!
//! A policy amounts to administrator's rights if it lets its holder, without a condition, write
//! what others may do or act as them, on a name that has nothing to do with the preset. What a
//! policy gives by way of two steps is not looked for here; the linter does that for presets.
//!
//! Must not know: AWS's API.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::preset::lint::glob;
use crate::state::{Account, Id, Kind, PolicyDocument, Resource, State};

/// Managed policies that are an administrator's by design, whatever they say today.
const ADMINISTRATORS: [&str; 3] = ["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"];

/// What makes whoever may do it to anything an administrator, and to what it is done.
const ACTIONS: [(&str, &str); 22] = [
    ("iam:AddUserToGroup", ":iam::0:group/zz"),
    ("iam:AttachGroupPolicy", ":iam::0:group/zz"),
    ("iam:AttachRolePolicy", ":iam::0:role/zz"),
    ("iam:AttachUserPolicy", ":iam::0:user/zz"),
    ("iam:CreateAccessKey", ":iam::0:user/zz"),
    ("iam:CreateLoginProfile", ":iam::0:user/zz"),
    ("iam:CreatePolicyVersion", ":iam::0:policy/zz"),
    ("iam:PassRole", ":iam::0:role/zz"),
    ("iam:PutGroupPolicy", ":iam::0:group/zz"),
    ("iam:PutRolePolicy", ":iam::0:role/zz"),
    ("iam:PutUserPolicy", ":iam::0:user/zz"),
    ("iam:SetDefaultPolicyVersion", ":iam::0:policy/zz"),
    ("iam:UpdateAssumeRolePolicy", ":iam::0:role/zz"),
    ("iam:UpdateLoginProfile", ":iam::0:user/zz"),
    ("sts:AssumeRole", ":iam::0:role/zz"),
    ("lambda:UpdateFunctionCode", ":lambda:r:0:function:zz"),
    ("lambda:UpdateFunctionConfiguration", ":lambda:r:0:function:zz"),
    ("cloudformation:UpdateStack", ":cloudformation:r:0:stack/zz/1"),
    ("cloudformation:CreateChangeSet", ":cloudformation:r:0:stack/zz/1"),
    ("ssm:SendCommand", ":ec2:r:0:instance/zz"),
    ("ssm:StartSession", ":ec2:r:0:instance/zz"),
    ("ec2:ModifyInstanceAttribute", ":ec2:r:0:instance/zz"),
];

/// The roles that the policies of a desired state pass, by patterns of their ARNs.
pub(super) fn passed(desired: &State) -> BTreeSet<String> {
    let documents = desired.iter().filter_map(|(_, object)| match &object.resource {
        Resource::Policy(policy) => Some(&policy.document),
        Resource::RoleInline { document, .. } | Resource::GroupInline { document, .. } => {
            Some(document)
        }
        _ => None,
    });
    let passing = documents.flat_map(statements).filter(|statement| {
        allows(statement) && texts(statement, "Action").iter().any(|it| fits(it, "iam:PassRole"))
    });
    passing.flat_map(|statement| texts(statement, "Resource")).collect()
}

/// Those of these roles that the patterns pass and that the state does not make.
pub(super) fn passed_roles(
    patterns: &BTreeSet<String>,
    names: &[String],
    account: &Account,
    desired: &State,
) -> BTreeSet<Id> {
    // Of a path, nothing is known before the role is looked at: a pattern names it or any.
    let is_passed = |name: &String| {
        patterns.iter().any(|pattern| {
            let (_, resource) = pattern.rsplit_once(":role").unwrap_or_default();
            let last = resource.rsplit('/').next().unwrap_or_default();
            pattern.contains(&account.id) && !last.is_empty() && glob::matches(last, name)
                || pattern == "*"
        })
    };
    let ids = names.iter().filter(|name| is_passed(name)).map(|name| Id::node(Kind::Role, name));
    ids.filter(|id| !desired.contains(id)).collect()
}

/// The links by which a role or group of this state got policies that `given` does not have.
pub(super) fn further(holder: &Id, observed: &State, given: &State) -> Vec<Id> {
    let attaches = |id: &&Id| {
        matches!(
            id.kind,
            Kind::RoleAttachment | Kind::RoleInline | Kind::GroupAttachment | Kind::GroupInline
        )
    };
    let links = observed.ids().filter(attaches).filter(|id| id.parent().as_ref() == Some(holder));
    let further = links.filter(|id| {
        // An inline policy of the same name may say something else.
        let document = |state: &State| match state.get(id).map(|object| &object.resource) {
            Some(
                Resource::RoleInline { document, .. } | Resource::GroupInline { document, .. },
            ) => Some(document.clone()),
            _ => None,
        };
        !given.contains(id) || document(given) != document(observed)
    });
    further.cloned().collect()
}

/// The managed policies among these links.
pub(super) fn managed(links: &[Id]) -> BTreeSet<String> {
    let attachments =
        links.iter().filter(|id| matches!(id.kind, Kind::RoleAttachment | Kind::GroupAttachment));
    attachments.filter_map(|id| id.part.clone()).collect()
}

/// Those of these links that give administrator's rights.
pub(super) fn administrators<'a>(
    links: &'a [Id],
    observed: &State,
    managed: &BTreeMap<String, PolicyDocument>,
) -> Vec<&'a Id> {
    let is_administrators = |link: &&Id| {
        let arn = link.part.as_deref().unwrap_or_default();
        let name = arn.rsplit('/').next().unwrap_or_default();
        let document = match observed.get(link).map(|object| &object.resource) {
            Some(
                Resource::RoleInline { document, .. } | Resource::GroupInline { document, .. },
            ) => Some(document),
            _ => managed.get(arn),
        };
        arn.contains(":iam::aws:") && ADMINISTRATORS.contains(&name)
            || document.is_some_and(is_an_administrators)
    };
    links.iter().filter(is_administrators).collect()
}

/// True if a statement without conditions allows one of the actions on anything.
fn is_an_administrators(document: &PolicyDocument) -> bool {
    statements(document).filter(|statement| allows(statement)).any(|statement| {
        let (actions, not_actions) = (texts(statement, "Action"), texts(statement, "NotAction"));
        let (resources, not) = (texts(statement, "Resource"), texts(statement, "NotResource"));
        statement.get("Condition").is_none()
            && ACTIONS.iter().any(|(action, target)| {
                let allowed = actions.iter().any(|it| fits(it, action))
                    || !not_actions.is_empty() && !not_actions.iter().any(|it| fits(it, action));
                let reached = |it: &String| it == "*" || reaches(it, target);
                let on = resources.iter().any(reached) || !not.is_empty() && !not.iter().any(reached);
                allowed && on
            })
    })
}

/// Whether a pattern of an ARN reaches a thing of any name, whatever partition, account and
/// Region the pattern names.
fn reaches(pattern: &str, target: &str) -> bool {
    let parts = |arn: &str| -> Vec<String> { arn.splitn(6, ':').map(str::to_owned).collect() };
    let (pattern, target) = (parts(pattern), parts(&format!("arn:aws{target}")));
    let part = |parts: &[String], place: usize| parts.get(place).cloned().unwrap_or_default();
    glob::matches(&part(&pattern, 2), &part(&target, 2))
        && glob::matches(&part(&pattern, 5), &part(&target, 5))
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
    use serde_json::json;

    fn is(statement: Value) -> bool {
        is_an_administrators(&PolicyDocument::new(json!({"Statement": statement})))
    }

    /// Threat 17
    #[test]
    fn what_lets_its_holder_act_as_anybody_is_an_administrators() {
        let on = |action: &str, resource: &str| {
            is(json!([{"Effect": "Allow", "Action": action, "Resource": resource}]))
        };
        for (action, resource) in [
            ("*", "*"),
            ("iam:*", "*"),
            ("iam:Put*", "arn:aws:iam::123456789012:*"),
            ("iam:PassRole", "arn:aws:iam::123456789012:role/*"),
            ("lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:function:*"),
            ("ec2:Modify*", "*"),
        ] {
            assert!(on(action, resource), "{action} {resource}");
        }
        assert!(is(json!({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})));
        for (action, resource) in [
            ("s3:*", "*"),
            ("iam:GetRole", "*"),
            ("iam:PassRole", "arn:aws:iam::123456789012:role/app-*"),
            ("lambda:UpdateFunctionCode", "arn:aws:lambda:*:*:function:app-*"),
        ] {
            assert!(!on(action, resource), "{action} {resource}");
        }
        let tamed = json!({
            "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*",
            "Condition": {"StringEquals": {"iam:PassedToService": "batch.amazonaws.com"}},
        });
        assert!(!is(tamed));
        assert!(!is(json!({"Effect": "Deny", "Action": "*", "Resource": "*"})));
    }

    /// Threat 17
    #[test]
    fn the_roles_that_a_policy_passes_are_found_by_its_patterns() {
        let account = Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap();
        let patterns = ["arn:aws:iam::123456789012:role/skypilot-v1", "arn:aws:iam::123456789012:role/app-*"];
        let patterns = patterns.map(str::to_owned).into();
        let names = ["skypilot-v1", "app-a", "other"].map(str::to_owned);
        let ids = passed_roles(&patterns, &names, &account, &State::default());
        let names: Vec<&str> = ids.iter().map(|id| id.name.as_str()).collect();
        assert_eq!(names, ["app-a", "skypilot-v1"]);
    }
}
