//! How `template.yaml` sets the functions up, what `examples/` ask of them, and how they are built.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::{env, fs};

use account_presets::preset;
use serde_json::Value;

fn template() -> Value {
    serde_saphyr::from_str(include_str!("../../template.yaml")).unwrap()
}

/// The resources of a template whose type begins so, by their logical ids.
fn resources(template: &Value, kind: &str) -> BTreeMap<String, Value> {
    let resources = template["Resources"].as_object().unwrap().clone();
    let is_wanted = |(_, it): &(String, Value)| it["Type"].as_str().unwrap().starts_with(kind);
    let found: BTreeMap<String, Value> = resources
        .into_iter()
        .filter(is_wanted)
        .map(|(id, it)| (id, it["Properties"].clone()))
        .collect();
    found
}

fn functions() -> BTreeMap<String, Value> {
    let functions = resources(&template(), "AWS::Serverless::Function");
    assert!(!functions.is_empty());
    functions
}

/// Every example: its file's name, its text, and what it says.
fn examples() -> Vec<(String, String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let examples: Vec<_> = files
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let parsed = serde_saphyr::from_str(&text).unwrap();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), text, parsed)
        })
        .collect();
    assert!(examples.len() >= preset::names().len());
    examples
}

/// T3, X9
#[test]
fn a_function_has_time_for_its_work_and_ends_before_the_stack_gives_up() {
    let slowest = functions().values().map(|it| it["Timeout"].as_u64().unwrap()).max();
    assert!(functions().values().all(|it| it["Timeout"].as_u64() >= Some(30)));
    for (name, _, example) in examples() {
        let asked = resources(&example, "Custom::");
        assert!(!asked.is_empty(), "{name}");
        for properties in asked.values() {
            assert!(properties["ServiceTimeout"].as_u64() >= slowest, "{name}: {properties}");
        }
    }
}

/// X12
#[test]
fn an_event_is_delivered_again_but_not_after_the_stack_gave_up() {
    for (id, function) in functions() {
        let config = &function["EventInvokeConfig"];
        assert_eq!(config["MaximumRetryAttempts"], 2, "{id}");
        let oldest = config["MaximumEventAgeInSeconds"].as_u64().unwrap();
        assert!(oldest >= function["Timeout"].as_u64().unwrap(), "{id}");
        for (name, _, example) in examples() {
            for properties in resources(&example, "Custom::").values() {
                assert!(properties["ServiceTimeout"].as_u64() >= Some(oldest), "{id}, {name}");
            }
        }
    }
}

/// I28, X10
#[test]
fn no_function_needs_a_concurrency_or_a_network_of_its_own() {
    for (id, function) in functions() {
        for absent in ["ReservedConcurrentExecutions", "ProvisionedConcurrencyConfig", "VpcConfig"]
        {
            assert!(function[absent].is_null(), "{id}: {absent}");
        }
    }
}

/// X11
#[test]
fn whoever_uses_a_function_keeps_its_stack_from_being_deleted() {
    let template = template();
    assert!(resources(&template, "Custom::").is_empty());
    let outputs = template["Outputs"].as_object().unwrap();
    let exports: Vec<String> =
        outputs.values().map(|it| it["Export"]["Name"].to_string()).collect();
    for (name, _, example) in examples() {
        for properties in resources(&example, "Custom::").values() {
            let import = properties["ServiceToken"]["Fn::ImportValue"].as_str().unwrap();
            let end = import.strip_prefix("${ProviderStack}").unwrap();
            assert!(
                exports.iter().any(|it| it.contains(&format!("StackName}}{end}"))),
                "{name}: {end}"
            );
        }
    }
}

/// X14, P22
#[test]
fn every_attribute_that_an_example_asks_for_is_there() {
    for name in preset::names() {
        let preset = preset::find(name).unwrap();
        let (_, text, _) = examples().into_iter().find(|(file, _, _)| file == name).unwrap();
        let asked: Vec<&str> = text
            .lines()
            .filter_map(|line| line.split_once("!GetAtt ")?.1.split_once('.'))
            .map(|(_, it)| it)
            .collect();
        assert!(!asked.is_empty(), "{name}");
        for attribute in asked {
            let known = preset.outputs.contains_key(attribute) || attribute == "AdminEquivalent";
            assert!(known, "{name}: {attribute}");
        }
    }
}

/// P2
#[test]
fn a_panic_of_the_release_build_unwinds_to_where_it_is_answered() {
    let manifest = include_str!("../../Cargo.toml");
    let (_, release) = manifest.split_once("[profile.release]").unwrap();
    // Without the line cargo-lambda would set `abort`.
    assert!(release.lines().any(|line| line == "panic = \"unwind\""));
}
