//! What a reason says before and around a conflict's own words: the properties of the resource
//! and the parameters of the provider's stack, which the plan and IAM do not know.
//!
//! Must not know: AWS's API.

use std::collections::BTreeSet;

use super::intent::Intent;
use super::properties::Properties;
use super::task::Task;
use crate::plan::Conflict;
use crate::plan::conflict::joined;
use crate::preset::schema::{ALLOWED_VALUES, Parameter};
use crate::preset::{Branches, Wish, parameters, render};
use crate::state::{Id, Kind, Object, Owner, Owners, Resource, State};

/// The sentences, and which parameters name those of whom they say that they are not there, or
/// hold too much.
pub(super) fn located(intent: &Intent, conflicts: &[Conflict], sentences: &[String]) -> String {
    let missing: BTreeSet<&str> = conflicts
        .iter()
        .filter_map(|conflict| {
            let (Conflict::Missing(id) | Conflict::Full { id, .. }) = conflict else { return None };
            Some(id.name.as_str())
        })
        .collect();
    let wanted = intent.wanted.as_ref();
    let parameters = wanted.map(|wanted| wanted.parameters_that_name(&missing)).unwrap_or_default();
    let parameters: Vec<String> =
        parameters.into_iter().map(|name| format!("Parameters.{name}")).collect();
    let text = sentences.join("; ");
    if parameters.is_empty() { text } else { format!("{}: {text}", joined(&parameters)) }
}

/// That another stack has the whole preset, where it has, and what a second one takes.
pub(super) fn already_there(
    me: &Owner,
    properties: &Properties,
    wish: &Wish,
    desired: &State,
    conflicts: &[Conflict],
) -> Option<String> {
    let mut taken: BTreeSet<&Id> = BTreeSet::new();
    let mut theirs = Owners::new();
    for conflict in conflicts {
        if let Conflict::Taken { id, owners, gone: false } = conflict {
            taken.insert(id);
            theirs.extend(owners.iter().cloned());
        }
    }
    let is_own = |(id, object): &(&Id, &Object)| {
        let is_made = !matches!(id.kind, Kind::User | Kind::ServiceLinkedRole);
        id.kind.is_node() && is_made && !object.shared
    };
    let is_whole = desired.iter().filter(is_own).all(|(id, _)| taken.contains(id));
    // A tag says more of an owner than a group's path.
    let known = theirs.iter().filter(|owner| owner.stack_and_logical_id().is_some());
    let by: BTreeSet<String> = known.map(Owner::in_words).collect();
    if taken.is_empty()
        || !is_whole
        || by.is_empty()
        || theirs.iter().any(|it| it.is_in_stack_of(me))
    {
        return None;
    }
    let by: Vec<String> = by.into_iter().collect();
    let second = match naming(properties, wish, &taken).as_slice() {
        [] => String::new(),
        naming => {
            let (names, settings): (Vec<String>, Vec<String>) = naming.iter().cloned().unzip();
            format!(
                "; a second one takes another {} below Parameters, which the operator of the \
                 provider allows with parameter {} of the provider's stack",
                joined(&names),
                joined(&settings)
            )
        }
    };
    Some(format!(
        "the account has preset `{}` already, by {}; use that stack, or delete that stack first{second}",
        properties.name,
        joined(&by)
    ))
}

/// The parameters that give some of these objects another name, and what allows them.
fn naming(properties: &Properties, wish: &Wish, taken: &BTreeSet<&Id>) -> Vec<(String, String)> {
    let preset = properties.preset;
    let declared = preset.parameters.iter().filter_map(|(name, parameter)| {
        let is_text = matches!(parameter, Parameter::String { .. });
        let setting = parameter.setting().filter(|it| is_text && it.parameter != ALLOWED_VALUES)?;
        Some((name, setting.parameter.clone()))
    });
    let renames = |name: &str| {
        let mut other = wish.clone();
        if let Some(parameters::Value::One(text)) = other.parameters.get_mut(name) {
            text.push('x');
        }
        let other = render(preset, &other, Branches::Chosen);
        taken.iter().any(|id| !other.contains(id))
    };
    declared.filter(|(name, _)| renames(name)).map(|(name, by)| (name.clone(), by)).collect()
}

/// Names the property where IAM refuses a role because its boundary does not exist.
pub(super) fn of_boundary(
    operators: Option<&String>,
    given: Option<&String>,
    reason: String,
) -> String {
    let is_of_boundary = reason.contains("NoSuchEntity") && reason.contains("Scope ARN");
    let said = match (operators, given) {
        (Some(boundary), _) => format!(
            "PermissionsBoundary: the policy `{boundary}`, which parameter PermissionsBoundary of the \
             provider's stack names, does not exist; the operator of the provider has to create it"
        ),
        (None, Some(boundary)) => format!(
            "PermissionsBoundary: the policy `{boundary}` does not exist; create it first, or leave \
             the property out"
        ),
        (None, None) => return reason,
    };
    if is_of_boundary { format!("{said}; {reason}") } else { reason }
}

/// Roles of the resource with a permissions boundary that somebody else set, where the last request
/// asked for none and this one would put its own in that one's place.
pub(super) fn of_foreign_boundaries(task: &Task, observed: &State) -> Vec<String> {
    let Some(left) = &task.left else { return Vec::new() };
    let boundary = |state: &State, id: &Id| match state.get(id).map(|object| &object.resource) {
        Some(Resource::Role(role)) => role.permissions_boundary.clone(),
        Some(_) | None => None,
    };
    let refusal = |id: &Id| {
        let (wanted, found) = (boundary(&task.desired, id)?, boundary(observed, id)?);
        let is_foreign = !task.scope.is_own_boundary(&found) && boundary(left, id).is_none();
        (left.contains(id) && is_foreign).then(|| {
            format!(
                "PermissionsBoundary: given `{wanted}`, and {id} has `{found}`, which somebody else set; \
                 leave the property out, or take that one off first \
                 (iam:DeleteRolePermissionsBoundary)"
            )
        })
    };
    task.desired.ids().filter_map(refusal).collect()
}

/// What of a wish IAM would refuse because it is named as what the provider's own is: the
/// provider's role may not touch that, whatever the operator's patterns allow. A sentence for each
/// property that makes it so.
pub(super) fn of_the_providers_own(properties: &Properties, wish: &Wish) -> Vec<String> {
    let provider = wish.provider.as_str();
    let is_own = |text: &str| !provider.is_empty() && text.starts_with(provider);
    let own = format!(
        "what begins with `{provider}` is the provider's own (parameter ProviderName of the provider's \
         stack)"
    );
    let mut refusals = Vec::new();
    if wish.path.split('/').any(is_own) {
        refusals.push(format!("Path: given `{}`; {own}; choose another path", wish.path));
    }
    let boundary = properties.permissions_boundary.as_ref();
    let boundary = boundary.and_then(|arn| Some((arn, arn.rsplit('/').next()?)));
    if let Some((arn, name)) = boundary
        && is_own(name)
        && !name.starts_with(&format!("{provider}-PresetBoundary-"))
    {
        refusals.push(format!("PermissionsBoundary: given `{arn}`; {own}; choose another policy"));
    }
    let state = render(properties.preset, wish, Branches::Chosen);
    let holders = state.ids().filter_map(Id::parent);
    let ids: BTreeSet<Id> = state.ids().cloned().chain(holders).collect();
    let named: Vec<&Id> = ids
        .iter()
        .filter(|id| matches!(id.kind, Kind::Role | Kind::Policy) && is_own(&id.name))
        .collect();
    let Some(first) = named.first() else { return refusals };
    let mut named_so = properties.parameters.iter().filter_map(|(name, value)| {
        let usual = properties.preset.parameters.get(name).map(parameters::default);
        let given = Some(value).filter(|given| usual.as_ref() != Some(*given))?;
        let text = given.texts().iter().find(|text| is_own(text))?;
        let shapes = named.iter().any(|id| id.name.starts_with(text.as_str()));
        shapes.then(|| format!("Parameters.{name}: given `{text}`; {own}; choose another name"))
    });
    match named_so.next() {
        Some(refusal) => refusals.extend([refusal].into_iter().chain(named_so)),
        None => refusals.push(format!(
            "Preset: `{}` makes {first}, and {own}; the operator of the provider has to call the \
             provider something else",
            properties.name
        )),
    }
    refusals
}
