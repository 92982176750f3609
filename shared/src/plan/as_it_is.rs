//! An existing object, made by no preset, may be adopted only if it grants the same as the preset:
//! its author would otherwise decide on the permissions of the stack's users.

#![allow(clippy::wildcard_enum_match_arm, reason = "JSON will have no other kinds of values")]

use std::collections::BTreeSet;

use serde_json::Value;

use super::Conflict;
use crate::state::{Id, Kind, Object, PolicyDocument, Resource, State};

/// Characters of a document that a reason quotes.
const QUOTED: usize = 300;

/// Why `found` cannot be used in the place of `wanted`.
///
/// A policy has to have the preset's document. A role has to have the preset's trust policy, the
/// path that documents name, and a boundary if one is wanted; an instance profile has to hold the
/// preset's role. Further policies of a role or group are judged apart, because the stack may
/// accept them.
pub(super) fn difference(
    wanted: &Object,
    found: &Object,
    desired: &State,
    observed: &State,
) -> Option<Conflict> {
    let id = wanted.resource.id();
    if let (Some(wanted), Some(there)) = (path(&wanted.resource), path(&found.resource))
        && wanted != there
        && is_named_only_at(desired, &id, wanted, there)
    {
        let (found, wanted) = (there.to_owned(), wanted.to_owned());
        return Some(Conflict::Path { id, found, wanted, is_own: false });
    }
    let how = match (&wanted.resource, &found.resource) {
        (Resource::Policy(wanted), Resource::Policy(found)) => {
            (!says_the_same(&wanted.document, &found.document))
                .then(|| format!("that policy {}", differs(&wanted.document, &found.document)))
        }
        (Resource::Role(wanted), Resource::Role(found)) => {
            if let Some(boundary) = &wanted.permissions_boundary
                && found.permissions_boundary.as_ref() != Some(boundary)
            {
                return Some(Conflict::Unbounded { id, boundary: boundary.clone() });
            }
            (!trusts_the_same(&wanted.trust, &found.trust)).then(|| {
                format!("that role's trust policy {}", differs(&wanted.trust, &found.trust))
            })
        }
        (Resource::InstanceProfile { .. }, _) => other_role(&id, desired, observed),
        _ => None,
    };
    how.map(|how| Conflict::Differs { id, how })
}

/// A group's path carries its owner, and no document names it.
fn path(resource: &Resource) -> Option<&str> {
    resource.path().filter(|_| !matches!(resource, Resource::Group { .. }))
}

/// True if a document names the object by the wanted path and not by the other one.
fn is_named_only_at(desired: &State, id: &Id, wanted: &str, there: &str) -> bool {
    let ends = |path: &str| format!("{path}{}", id.name);
    let documents = desired.iter().filter_map(|(_, object)| object.resource.document());
    let names = |texts: &[String], path: &str| {
        texts.iter().any(|text| text.starts_with("arn:") && text.ends_with(&ends(path)))
    };
    // The part after the kind of the resource: `role/` and `role/service-role/`.
    let wanted = format!("{}{wanted}", kind(id));
    let there = format!("{}{there}", kind(id));
    let mut resources = documents.flat_map(statements).map(|statement| resources(&statement));
    resources.any(|texts| names(&texts, &wanted) && !names(&texts, &there))
}

fn kind(id: &Id) -> &'static str {
    match id.kind {
        Kind::Role => ":role",
        Kind::InstanceProfile => ":instance-profile",
        _ => ":policy",
    }
}

fn resources(statement: &Value) -> Vec<String> {
    match statement.get("Resource") {
        Some(Value::Array(texts)) => {
            texts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some(Value::String(text)) => vec![text.clone()],
        _ => Vec::new(),
    }
}

fn other_role(profile: &Id, desired: &State, observed: &State) -> Option<String> {
    let roles = |state: &State| -> Vec<Id> {
        let of_it =
            |id: &&Id| id.kind == Kind::ProfileRole && id.parent().as_ref() == Some(profile);
        state.ids().filter(of_it).filter_map(Id::target).collect()
    };
    let (wanted, found) = (roles(desired), roles(observed));
    let named = |ids: &[Id]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (!found.is_empty() && wanted != found).then(|| {
        let (found, wanted) = (named(&found), named(&wanted));
        format!("that instance profile holds {found}, and the preset's holds {wanted}")
    })
}

/// True if both say the same. The version of the grammar only matters to variables.
fn says_the_same(wanted: &PolicyDocument, found: &PolicyDocument) -> bool {
    let has_variables = |document: &PolicyDocument| document.to_json().contains("${");
    wanted == found
        || !has_variables(wanted)
            && !has_variables(found)
            && beyond(wanted, found).is_empty()
            && beyond(found, wanted).is_empty()
}

/// True if both trust the same services and no other principal. A condition on the service's
/// source resources gives the stack's users nothing.
fn trusts_the_same(wanted: &PolicyDocument, found: &PolicyDocument) -> bool {
    let services = |document| {
        let services = statements(document).into_iter().map(|statement| services(&statement));
        services.collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect())
    };
    let (wanted_services, found_services): (Option<BTreeSet<String>>, _) =
        (services(wanted), services(found));
    says_the_same(wanted, found) || wanted_services.is_some() && wanted_services == found_services
}

/// The services that a statement lets assume a role; `None` if it lets anybody else, or do
/// anything else.
fn services(statement: &Value) -> Option<Vec<String>> {
    let texts = |value: &Value| -> Option<Vec<String>> {
        match value {
            Value::String(text) => Some(vec![text.clone()]),
            Value::Array(texts) => {
                texts.iter().map(|text| text.as_str().map(str::to_owned)).collect()
            }
            _ => None,
        }
    };
    let principal = statement.get("Principal")?.as_object()?;
    let allows = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    let assumes = texts(statement.get("Action")?)? == ["sts:AssumeRole"];
    (principal.len() == 1 && allows && assumes).then(|| texts(principal.get("Service")?)).flatten()
}

/// Says which statements one document has and the other lacks.
fn differs(wanted: &PolicyDocument, found: &PolicyDocument) -> String {
    let (more, less) = (beyond(found, wanted), beyond(wanted, found));
    let mut said = Vec::new();
    if !more.is_empty() {
        said.push(format!("says {}, which the preset's does not", quoted(&more)));
    }
    if !less.is_empty() {
        said.push(format!("does not say {}, which the preset's does", quoted(&less)));
    }
    if said.is_empty() {
        "says something else than the preset's".to_owned()
    } else {
        said.join(" and ")
    }
}

/// The statements of `a` that `b` does not have.
fn beyond(a: &PolicyDocument, b: &PolicyDocument) -> Vec<Value> {
    let alone =
        |statement: &Value| PolicyDocument::new(serde_json::json!({"Statement": statement}));
    let theirs: Vec<PolicyDocument> = statements(b).iter().map(alone).collect();
    let new = |statement: &Value| !theirs.contains(&alone(statement));
    statements(a).into_iter().filter(new).collect()
}

fn statements(document: &PolicyDocument) -> Vec<Value> {
    match document.as_value().get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement) => vec![statement.clone()],
        None => Vec::new(),
    }
}

fn quoted(statements: &[Value]) -> String {
    let text = Value::Array(statements.to_vec()).to_string();
    let mut short: String = text.chars().take(QUOTED).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("`{short}`")
}
