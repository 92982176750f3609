//! Objects that need each other.

use std::collections::BTreeMap;

use super::finding::Problem;
use super::reference::Reference;
use crate::input::nearest;
use crate::state::{Account, Id, Kind, Resource, State};
use grammar::schema::{Output, Preset, References};

/// Returns the missing dependencies of this state's objects.
pub fn problems(state: &State, account: &Account, reference: &Reference) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, object) in state.iter() {
        let owner = || id.parent().unwrap_or_else(|| id.clone()).to_string();
        let arn = match &object.resource {
            Resource::RoleAttachment { policy_arn, .. }
            | Resource::GroupAttachment { policy_arn, .. }
            | Resource::UserAttachment { policy_arn, .. } => policy_arn,
            Resource::ProfileRole { role, .. } => {
                let role = Id::node(Kind::Role, role);
                if !state.contains(&role) {
                    problems.push(Problem::Dangling { object: owner(), needs: role.to_string() });
                }
                continue;
            }
            Resource::ServiceLinkedRole { .. }
            | Resource::User { .. }
            | Resource::Policy(_)
            | Resource::Role(_)
            | Resource::Group { .. }
            | Resource::InstanceProfile { .. }
            | Resource::RoleInline { .. }
            | Resource::GroupInline { .. }
            | Resource::GroupMember { .. } => continue,
        };
        if arn.starts_with(&account.aws_managed_policy_arn("")) {
            problems.extend(managed(&owner(), arn, account, reference));
        } else if let Some(policy) = id.target().filter(|policy| !state.contains(policy)) {
            problems.push(Problem::Dangling { object: owner(), needs: policy.to_string() });
        }
    }
    problems
}

/// Returns the problem of an AWS managed policy's name.
pub fn managed(
    object: &str,
    arn: &str,
    account: &Account,
    reference: &Reference,
) -> Option<Problem> {
    let name = arn.strip_prefix(&account.aws_managed_policy_arn(""))?;
    let policy = name.to_owned();
    if !reference.managed.contains(name) {
        let meant = nearest(name, reference.managed.iter().map(String::as_str));
        let (object, meant) = (object.to_owned(), meant.map(str::to_owned));
        return Some(Problem::NoSuchManagedPolicy { object, policy, meant });
    }
    (!reference.documents.contains_key(name)).then_some(Problem::NoDocument { policy })
}

/// The preset with an output for each object that one of its outputs may be of, so that the
/// value of each shows whether the object is there. The name of the output stands before a `#`.
pub fn one_output_per_reference(preset: &Preset) -> Preset {
    let mut outputs = BTreeMap::new();
    for (name, output) in &preset.outputs {
        let references = match &output.of {
            References::Several(references) => references.as_slice(),
            References::One(reference) => std::slice::from_ref(reference),
        };
        for (index, reference) in references.iter().enumerate() {
            let of = References::One(reference.clone());
            outputs.insert(format!("{name}#{index}"), Output { of, ..output.clone() });
        }
    }
    Preset { outputs, ..preset.clone() }
}

/// Returns the object of an output, as the preset names it: ``role `x` ``.
pub fn described(output: &Output) -> String {
    let json = serde_json::to_value(&output.of).unwrap_or_default();
    let words = json.as_object().into_iter().flatten();
    words.map(|(kind, name)| format!("{kind} `{}`", name.as_str().unwrap_or_default())).collect()
}
