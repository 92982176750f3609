//! What is there already, made by no preset, may be used as it is only if it gives what the
//! preset gives: whoever wrote it would otherwise decide what the stack's users may do.

use serde_json::Value;

use super::Conflict;
use crate::state::{Id, Kind, Object, PolicyDocument, Resource, State};

/// Characters of a document that a reason quotes.
const QUOTED: usize = 300;

/// Why `found` cannot be used in the place of `wanted`.
///
/// A policy has to say what the preset's says. A role has to have the preset's trust policy, the
/// path that documents name, and a boundary if one is wanted; an instance profile has to hold the
/// preset's role. What further policies a role or group has is judged apart, because that may be
/// acknowledged.
pub(super) fn difference(
    wanted: &Object,
    found: &Object,
    desired: &State,
    observed: &State,
) -> Option<Conflict> {
    let id = wanted.resource.id();
    if let (Some(wanted), Some(there)) = (path(&wanted.resource), path(&found.resource))
        && wanted != there
    {
        let (found, wanted) = (there.to_owned(), wanted.to_owned());
        return Some(Conflict::Path { id, found, wanted });
    }
    let how = match (&wanted.resource, &found.resource) {
        (Resource::Policy(wanted), Resource::Policy(found)) => {
            (wanted.document != found.document)
                .then(|| format!("it {}", differs(&wanted.document, &found.document)))
        }
        (Resource::Role(wanted), Resource::Role(found)) => {
            if let Some(boundary) = &wanted.permissions_boundary
                && found.permissions_boundary.as_ref() != Some(boundary)
            {
                return Some(Conflict::Unbounded { id, boundary: boundary.clone() });
            }
            (wanted.trust != found.trust)
                .then(|| format!("its trust policy {}", differs(&wanted.trust, &found.trust)))
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

fn other_role(profile: &Id, desired: &State, observed: &State) -> Option<String> {
    let roles = |state: &State| -> Vec<Id> {
        let of_it = |id: &&Id| id.kind == Kind::ProfileRole && id.parent().as_ref() == Some(profile);
        state.ids().filter(of_it).filter_map(Id::target).collect()
    };
    let (wanted, found) = (roles(desired), roles(observed));
    let named = |ids: &[Id]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    (!found.is_empty() && wanted != found)
        .then(|| format!("it holds {}, and the preset's holds {}", named(&found), named(&wanted)))
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
    if said.is_empty() { "says something else than the preset's".to_owned() } else { said.join("; it ") }
}

/// The statements of `a` that `b` does not have.
fn beyond(a: &PolicyDocument, b: &PolicyDocument) -> Vec<Value> {
    let alone = |statement: &Value| PolicyDocument::new(serde_json::json!({"Statement": statement}));
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
