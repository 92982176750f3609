//! Parameters of a preset that show what it can bring.

use account_presets::preset::schema::Parameter;
use account_presets::preset::{Preset, parameters};
use serde_json::{Map, Value, json};

/// One element in each list that is empty by default, named after it where its pattern takes
/// that, so that what hangs on it is seen.
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
