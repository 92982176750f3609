//! Parameters of a preset that show all its objects.

use account_presets::preset::schema::Parameter;
use account_presets::preset::{Preset, parameters};
use serde_json::{Map, Value, json};

/// One element in each list that is empty by default, named after it where its pattern takes
/// that, so that the objects that depend on it are seen.
pub fn elements(preset: &Preset) -> Map<String, Value> {
    let empty = |parameter: &Parameter| matches!(parameter, Parameter::List { default, .. } if default.is_empty());
    let lists = preset.parameters.iter().filter(|(_, parameter)| empty(parameter));
    let first = lists.filter_map(|(name, _)| {
        let word = name.to_lowercase();
        let candidates = [
            word.clone(),
            format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{word}"),
            format!("arn:aws:kms:eu-west-1:123456789012:key/{word}"),
        ];
        let fits = |text: &String| {
            let given = Map::from_iter([(name.clone(), json!([text]))]);
            parameters::read(preset, &given).1.is_empty()
        };
        Some((name.clone(), json!([candidates.into_iter().find(fits)?])))
    });
    first.collect()
}

/// Each switch at each of its values, with the default of every other parameter.
pub fn switches(preset: &Preset) -> Vec<Map<String, Value>> {
    let switches = preset.parameters.iter().flat_map(|(name, parameter)| {
        let values = match parameter {
            Parameter::Boolean { .. } => vec!["true".to_owned(), "false".to_owned()],
            Parameter::Enum { values, .. } => values.clone(),
            Parameter::String { .. } | Parameter::Integer { .. } | Parameter::List { .. } => vec![],
        };
        values.into_iter().map(|value| Map::from_iter([(name.clone(), json!(value))]))
    });
    let elements = elements(preset);
    switches.map(|given| elements.clone().into_iter().chain(given).collect()).collect()
}
