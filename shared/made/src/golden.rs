//! The grants of each preset and edition, and the order of its creation, as files: a change of
//! power is a diff that a person can read.

use account_presets::plan::{Scope, plan};
use account_presets::preset::schema::Parameter;
use account_presets::preset::{Branches, Edition, Preset, Wish, parameters, render};
use account_presets::state::{Object, Resource, State};
use serde_json::{Map, Value, json};

use super::choices;

/// With the defaults and one user, so that a user's grants are seen.
fn usual(preset: &Preset) -> Map<String, Value> {
    Map::from_iter([("UserNames".to_owned(), json!(["alice"]))])
        .into_iter()
        .filter(|(name, _)| preset.parameters.contains_key(name))
        .collect()
}

/// With every switch on and something in every list.
fn everything(preset: &Preset) -> Map<String, Value> {
    let switches = preset.parameters.iter().filter_map(|(name, parameter)| match parameter {
        Parameter::Boolean { .. } => Some((name.clone(), json!(true))),
        Parameter::String { .. }
        | Parameter::Integer { .. }
        | Parameter::Enum { .. }
        | Parameter::List { .. } => None,
    });
    switches.chain(choices::elements(preset)).chain(usual(preset)).collect()
}

/// The plan of a Create in an account that has only the users.
fn order(wish: &Wish, desired: &State) -> String {
    let there =
        desired.iter().filter(|(_, object)| matches!(object.resource, Resource::User { .. }));
    let there: State = there.map(|(_, object)| object.clone()).collect();
    let scope = Scope { ids: desired.ids().cloned().collect(), ..Scope::default() };
    match plan(&wish.owner, &scope, desired, &there) {
        Ok(plan) => plan.to_string(),
        Err(conflicts) => conflicts.iter().map(|conflict| format!("{conflict}\n")).collect(),
    }
}

/// The objects of an edition: with the usual parameters, and with everything on.
pub fn grants(preset: &Preset, edition: Edition) -> [State; 2] {
    [usual(preset), everything(preset)]
        .map(|given| render(preset, &wish(preset, edition, &given), Branches::Chosen))
}

fn wish(preset: &Preset, edition: Edition, given: &Map<String, Value>) -> Wish {
    super::wish(preset, edition, parameters::read(preset, given).0)
}

fn power(state: &State) -> String {
    state.iter().map(|(id, object)| format!("{id}{}\n", says(object))).collect()
}

/// The document of an object, or nothing.
pub fn says(object: &Object) -> String {
    let Some(document) = object.resource.policy_document() else { return String::new() };
    let shared = if object.shared { " (shared)" } else { "" };
    let pretty = serde_json::to_string_pretty(document.as_value()).unwrap_or_default();
    format!("{shared} {pretty}")
}

/// The files of a preset by name: for each edition the order in which it is made, what it grants with
/// the defaults, and what it grants with everything switched on.
pub fn files(name: &str, preset: &Preset) -> Vec<(String, String)> {
    let of_edition = |edition: &Edition| {
        let [state, all] = grants(preset, *edition);
        let usual = wish(preset, *edition, &usual(preset));
        let file = format!("{name}-{}", edition.as_str());
        [
            (format!("{file}-plan"), order(&usual, &state)),
            (format!("{file}-power"), power(&state)),
            (format!("{file}-power-all"), power(&all)),
        ]
    };
    preset.editions.iter().flat_map(of_edition).collect()
}
