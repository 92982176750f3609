//! Properties for every preset of the catalogue, made from the values that its parameters allow.

use account_presets::cloud::fake::Fake;
use account_presets::preset::schema::Parameter;
use account_presets::preset::{self, Preset};
use account_presets::state::Kind;
use serde_json::{Map, Value, json};

use super::world::{Stack, but_service_linked, edition, many_properties};

/// Those that were chosen by hand, and for every edition of every preset its defaults and the
/// opposite of them.
pub fn properties() -> Vec<Value> {
    let mut all = many_properties();
    for name in preset::names() {
        let preset = preset::find(name).unwrap();
        for edition in &preset.editions {
            for parameters in [Map::new(), opposite(preset)] {
                let given = json!({
                    "AcknowledgeAdminEquivalent": "true", "Preset": name, "Edition": edition.as_str(), "Parameters": parameters,
                });
                all.push(given);
            }
        }
    }
    all
}

/// A text that fits the pattern.
fn example(pattern: &str) -> Value {
    let forms: Value = serde_json::from_str(include_str!("../../data/forms.json")).unwrap();
    let form = forms.as_array().unwrap().iter().find(|form| form["pattern"] == pattern);
    form.unwrap_or_else(|| panic!("forms.json has no {pattern}"))["example"].clone()
}

/// Every switch in the other position, every other word, and a user.
fn opposite(preset: &Preset) -> Map<String, Value> {
    let other = |(name, parameter): (&String, &Parameter)| {
        let value = match parameter {
            // The users need it.
            Parameter::Boolean { .. } if name == "UserGroup" => return None,
            Parameter::Boolean { default, .. } => json!((!default).to_string()),
            Parameter::Enum { default, values, .. } => {
                json!(values.iter().find(|value| *value != default)?)
            }
            Parameter::List { .. } if name == "UserNames" => json!(["alice", "bob"]),
            // A parameter that a switch requires.
            Parameter::String { required: Some(_), pattern, .. } => example(pattern.as_deref()?),
            Parameter::String { .. } | Parameter::Integer { .. } | Parameter::List { .. } => {
                return None;
            }
        };
        Some((name.clone(), value))
    };
    preset.parameters.iter().filter_map(other).collect()
}

/// For people of IAM Identity Center: their permission set names the policies.
/// I35
#[test]
fn without_users_named_a_preset_makes_its_policies_and_neither_users_nor_groups() {
    for name in preset::names() {
        let preset = preset::find(name).unwrap();
        for words in preset.editions.iter().map(|edition| edition.as_str()) {
            let account = Fake::default();
            let parameters = match preset.parameters.contains_key("UserGroup") {
                true => json!({"UserGroup": "false"}),
                false => json!({}),
            };
            let properties = edition(words, name, parameters);
            let mut stack = Stack::named("one");
            stack.deploy(&account, properties).unwrap();
            let state = account.state();
            let kinds = |kind| state.ids().filter(|id| id.kind == kind).count();
            assert_eq!(
                (kinds(Kind::User), kinds(Kind::Group)),
                (0, 0),
                "{name} {words}: a preset with a group has a boolean `UserGroup` that leaves it out"
            );
            assert!(kinds(Kind::Policy) > 0, "{name} {words}");
            stack.delete(&account).unwrap();
            assert!(but_service_linked(&account).is_empty(), "{name} {words}");
        }
    }
}
