//! The schemas know the properties that the functions know. Their refusals are tested with a
//! validator, in tests/e2e/test_cli.py.

use account_presets::iam_preset::{IamPreset, Settings};
use account_presets::preset;
use account_presets::state::Account;
use account_presets_cli::arguments::Custom;
use account_presets_cli::schema;
use serde_json::{Map, Value, json};

/// The function's own complaints of properties by these names.
fn complaints(given: &Map<String, Value>) -> String {
    let (partition, region) = ("aws".to_owned(), "eu-west-1".to_owned());
    let account = Account { partition, id: "123456789012".to_owned(), region };
    let wanted = IamPreset::new((), account, Settings::open()).wanted("stack", "Preset", given);
    wanted.err().unwrap_or_default().join("; ")
}

#[test]
fn the_schema_names_each_property_of_a_preset_and_no_other() {
    let schema = schema::of(Custom::IamPreset, &made::catalogue());
    let mut given: Map<String, Value> = schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(|it| (it.clone(), json!("")))
        .collect();
    given.insert("Preset".to_owned(), json!("slim"));
    assert_eq!(complaints(&given), "");
    // The function says which names it allows.
    given.insert("Xyz".to_owned(), json!(""));
    let said = complaints(&given);
    let (_, allowed) = said.split_once("(allowed: `").unwrap();
    let allowed = allowed.trim_end_matches("`)").split("`, `").count();
    assert_eq!(allowed, given.len() - 1, "{said}");
}

#[test]
fn each_preset_has_a_branch_with_its_own_parameters_and_defaults_that_fit() {
    let schema = schema::of(Custom::IamPreset, &made::catalogue());
    for name in preset::names() {
        let preset = preset::find(name).unwrap();
        let rules = schema["allOf"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["if"]["properties"]["Preset"]["const"] == name);
        let then = &rule.unwrap()["then"]["properties"];
        let parameters = &then["Parameters"]["anyOf"][0];
        let named: Vec<&String> = parameters["properties"].as_object().unwrap().keys().collect();
        assert_eq!(named, preset.parameters.keys().collect::<Vec<_>>());
        assert_eq!(parameters["additionalProperties"], false);
        let defaults = parameters["properties"].as_object().unwrap();
        let defaults = defaults.iter().filter(|(_, of)| of["default"] != "");
        let defaults = defaults.map(|(name, of)| (name.clone(), of["default"].clone()));
        let given = json!({"Preset": name, "Parameters": defaults.collect::<Map<_, _>>()});
        assert_eq!(complaints(given.as_object().unwrap()), "", "{name}");
    }
}

#[test]
fn the_other_schemas_have_what_their_pages_have() {
    for (custom, page) in [
        (Custom::LambdaConcurrency, include_str!("../../docs/lambda-concurrency.md")),
        (Custom::QuotaTemplate, include_str!("../../docs/quota-template.md")),
    ] {
        let schema = schema::of(custom, &made::catalogue());
        for name in schema["properties"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
        let (_, table) = page.split_once("## Properties").unwrap();
        let rows = table.lines().skip_while(|line| !line.starts_with("| `"));
        for row in rows.take_while(|line| line.starts_with('|')) {
            let names = row.split('|').nth(1).unwrap().replace('`', "");
            for name in names.split(',').map(str::trim) {
                assert!(schema["properties"].get(name).is_some(), "{name}");
            }
        }
    }
}
