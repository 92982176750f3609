//! Values without an effect beside the other properties: a consumer who gives one expects an
//! effect.
//!
//! Must not know: the account's objects, which request asked.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::ops::Deref;

use super::properties::Properties;
use crate::input::brief;
use crate::preset::parameters::{Value, Values, default};
use crate::preset::schema::Parameter;
use crate::preset::{Branches, Edition, Preset, Wish, attributes, render};
use crate::state::{State, Tags};

/// A value that is not the default and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Idle {
    /// As in `Parameters.DeleteImages`.
    pub property: String,
    /// The given value.
    pub given: String,
    /// The parameter, if it names existing people: they would get nothing.
    pub people: Option<String>,
    /// A change that gives it an effect, as in "set Parameters.AdministratorsGroup to `true`".
    takes: Option<String>,
}

impl Idle {
    /// The correction, in a sentence.
    pub fn refusal(&self) -> String {
        let Idle { property, given, people: _, takes } = self;
        let takes = takes.as_ref().map_or_else(String::new, |takes| format!("{takes}, or "));
        format!(
            "{property}: given `{}`, which has no effect beside the other properties; {takes}leave \
             {property} out",
            brief(given)
        )
    }
}

/// All of them.
pub(super) fn find(properties: &Properties, wish: &Wish) -> Vec<Idle> {
    let preset = properties.preset;
    let as_given = LazyCell::new(|| result(preset, wish));
    let mut idle: Vec<Idle> = preset
        .parameters
        .iter()
        .filter_map(|(name, parameter)| of_parameter(preset, wish, &as_given, name, parameter))
        .collect();
    let mut plain = |property: &str, given: String, without: Wish| {
        if *as_given == result(preset, &without) {
            let property = property.to_owned();
            idle.push(Idle { property, given, people: None, takes: None });
        }
    };
    if let (Some(given), Some(had)) = (&properties.permissions_boundary, &wish.permissions_boundary)
        && given == had
    {
        let without = Wish { permissions_boundary: None, ..wish.clone() };
        plain("PermissionsBoundary", given.clone(), without);
    }
    if !wish.tags.is_empty() {
        let keys = wish.tags.keys().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        plain("Tags", keys, Wish { tags: Tags::new(), ..wish.clone() });
    }
    let session = wish.max_session_duration;
    let without = Wish { max_session_duration: session.saturating_add(1), ..wish.clone() };
    if session != *crate::state::limits::SESSION.start() {
        plain("MaxSessionDuration", session.to_string(), without);
    }
    idle
}

/// The parameters that name people who get nothing by it.
pub(super) fn people(preset: &Preset, wish: &Wish) -> Vec<String> {
    let as_given = LazyCell::new(|| result(preset, wish));
    let lists = preset.parameters.iter().filter(|(_, of)| names_people(of));
    let idle = lists.filter_map(|(name, of)| of_parameter(preset, wish, &as_given, name, of));
    idle.filter_map(|idle| idle.people).collect()
}

fn of_parameter(
    preset: &Preset,
    wish: &Wish,
    // Most stacks give no value that could be idle, and a preset takes a million instructions.
    as_given: &impl Deref<Target = Outcome>,
    name: &str,
    parameter: &Parameter,
) -> Option<Idle> {
    let (value, usual) = (wish.parameters.get(name)?, default(parameter));
    if *value == usual || **as_given != result(preset, &with(wish, name, usual.clone())) {
        return None;
    }
    let is_people = names_people(parameter);
    let has_effect =
        |other: &Wish| result(preset, other) != result(preset, &with(other, name, usual.clone()));
    let turned = turned(preset, wish).into_iter().find(|(_, other)| has_effect(other));
    Some(Idle {
        property: format!("Parameters.{name}"),
        given: value.to_string(),
        people: is_people.then(|| name.to_owned()),
        takes: turned.map(|(step, _)| step),
    })
}

fn names_people(parameter: &Parameter) -> bool {
    matches!(parameter, Parameter::List { setting: None, begins_with: None, .. })
}

/// The objects and attributes of a wish.
type Outcome = (State, BTreeMap<String, String>);

fn result(preset: &Preset, wish: &Wish) -> Outcome {
    let state = render(preset, wish, Branches::Chosen);
    let attributes = attributes(preset, wish, &state);
    (state, attributes)
}

fn with(wish: &Wish, name: &str, value: Value) -> Wish {
    let mut parameters: Values = wish.parameters.clone();
    parameters.insert(name.to_owned(), value);
    Wish { parameters, ..wish.clone() }
}

/// The wish with each switch at each of its other values, and then with each other edition.
fn turned(preset: &Preset, wish: &Wish) -> Vec<(String, Wish)> {
    let switches = preset.parameters.iter().flat_map(|(name, parameter)| {
        let values = match parameter {
            Parameter::Boolean { .. } => vec!["true".to_owned(), "false".to_owned()],
            Parameter::Enum { values, .. } => values.clone(),
            Parameter::String { .. } | Parameter::Integer { .. } | Parameter::List { .. } => {
                Vec::new()
            }
        };
        values.into_iter().map(move |value| {
            let step = format!("set Parameters.{name} to `{value}`");
            (step, with(wish, name, Value::One(value)))
        })
    });
    let editions = preset.editions.iter().map(|edition: &Edition| {
        let step = format!("choose Edition `{}`", edition.as_str());
        (step, Wish { edition: *edition, ..wish.clone() })
    });
    switches.chain(editions).collect()
}
