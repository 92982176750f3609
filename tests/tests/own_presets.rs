//! The template for presets of one's own: the function may make what theirs are, and nothing else.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at what it did not expect"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use account_presets::cloud::{Call, calls};
use account_presets::preset::{Branches, PROVIDER, Preset, Wish, parameters, render};
use account_presets::state::{Account, Kind, Owner};
use grammar::glob::matches;
use made::every_change;
use made::template::template;
use serde_json::{Map, Value, json};

fn nightowl() -> Preset {
    let file =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/own-presets/presets/nightowl.yaml");
    grammar::read::preset(Path::new(file)).unwrap()
}

/// The template of the project and `nightowl`.
fn with_nightowl() -> Value {
    let mut catalogue = made::catalogue();
    catalogue.insert("nightowl".to_owned(), nightowl());
    let text = template(include_str!("../../template.yaml"), &catalogue).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// Each `!If` of the preset, which is a list without its tag here, where the preset is allowed or not.
fn where_it(is_allowed: bool, value: Value) -> Value {
    match value {
        Value::Array(mut values) if values.len() == 3 && values[0] == "AllowsNightowl" => {
            where_it(is_allowed, values.swap_remove(if is_allowed { 1 } else { 2 }))
        }
        Value::Array(values) => {
            values.into_iter().map(|value| where_it(is_allowed, value)).collect()
        }
        Value::Object(members) => {
            let members = members.into_iter();
            members.map(|(key, value)| (key, where_it(is_allowed, value))).collect()
        }
        other => other,
    }
}

/// The statements of the function's role.
fn statements(is_allowed: bool) -> Vec<Value> {
    let template = with_nightowl();
    let policies = list(&template["Resources"]["IamPresetRole"]["Properties"]["ManagedPolicyArns"]);
    let documents = policies.iter().map(|id| {
        let policy = &template["Resources"][id.as_str().unwrap()];
        list(&policy["Properties"]["PolicyDocument"]["Statement"])
    });
    documents.flatten().map(|statement| where_it(is_allowed, statement)).collect()
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

/// With the defaults of the template's parameters.
fn texts(value: &Value) -> Vec<String> {
    let text = |value: &Value| {
        let text = value.as_str().unwrap_or_default();
        text.replace("${NightowlNamePrefix}", "nightowl")
            .replace("${AWS::Partition}", "aws")
            .replace("${AWS::AccountId}", "123456789012")
    };
    list(value).iter().map(text).collect()
}

/// The actions of the call that no statement allows.
fn refused(call: &Call, statements: &[Value]) -> BTreeSet<&'static str> {
    let id = call.id();
    let on = id.parent().unwrap_or(id);
    let word = match on.kind {
        Kind::User => "user",
        Kind::Policy => "policy",
        Kind::Role => "role",
        Kind::Group => "group",
        other => panic!("{other}"),
    };
    let arn = format!("arn:aws:iam::123456789012:{word}/{}", on.name);
    let keys = call.condition_keys();
    let allows = |statement: &&Value, action: &str| {
        let any = |patterns: &Value, text: &str| {
            texts(patterns).iter().any(|pattern| matches(pattern, text))
        };
        let policies = &statement["Condition"]["ArnLike"]["iam:PolicyARN"];
        let holds = match keys.get("iam:PolicyARN") {
            Some(arns) => arns.iter().all(|arn| policies.is_null() || any(policies, arn)),
            None => policies.is_null(),
        };
        holds && any(&statement["Action"], action) && any(&statement["Resource"], &arn)
    };
    let actions = call.actions().into_iter().map(|action| action.as_str());
    actions.filter(|action| !statements.iter().any(|it| allows(&it, action))).collect()
}

/// What is refused of all calls about the objects of a stack with these parameters.
fn refused_of_all(given: Value, statements: &[Value]) -> BTreeMap<String, BTreeSet<&'static str>> {
    let preset = nightowl();
    let given: Map<String, Value> = given.as_object().unwrap().clone();
    let (parameters, problems) = parameters::read(&preset, &given);
    assert!(problems.is_empty(), "{problems:?}");
    let wish = Wish {
        account: Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap(),
        owner: Owner::new("stack", "Preset"),
        provider: PROVIDER.to_owned(),
        edition: preset.editions[0],
        parameters,
        path: "/".to_owned(),
        permissions_boundary: None,
        tags: BTreeMap::new(),
        max_session_duration: 3600,
    };
    let state = render(&preset, &wish, Branches::Chosen);
    assert!(state.iter().count() >= 5);
    let mut all = BTreeMap::new();
    for (id, object) in state.iter() {
        for call in every_change(object).iter().flat_map(calls) {
            let refused = refused(&call, statements);
            if !refused.is_empty() {
                all.entry(id.to_string()).or_insert_with(BTreeSet::new).extend(refused);
            }
        }
    }
    all
}

#[test]
fn the_made_rights_are_enough_for_the_calls_of_a_preset_of_ones_own() {
    let given = json!({"UserNames": ["alice"], "Purge": "true"});
    assert_eq!(refused_of_all(given, &statements(true)), BTreeMap::new());
}

#[test]
fn the_made_rights_are_for_the_allowed_names_and_presets_only() {
    let other = refused_of_all(json!({"NamePrefix": "payroll"}), &statements(true));
    assert!(other["role `payroll-copy`"].contains("iam:CreateRole"), "{other:?}");
    assert!(other["policy `payroll-operator`"].contains("iam:CreatePolicy"), "{other:?}");
    let left_out = refused_of_all(json!({}), &statements(false));
    let role = &left_out["role `nightowl-copy`"];
    assert!(role.contains("iam:CreateRole") && !role.contains("iam:DeleteRole"), "{role:?}");
}

#[test]
fn a_setting_that_has_no_place_in_the_template_is_told_with_the_file() {
    let text = include_str!("../../template.yaml");
    for (name, allows, pattern, said) in [
        ("ProviderName", "nightowl", "[a-z]{1,9}", "the template has something else of that name"),
        ("Night Owl", "nightowl", "[a-z]{1,9}", "allowed in a name of the template are letters"),
        ("SlimNamePrefix", "nightowl", "[a-z]{1,9}", "begins in several ways"),
        ("NightowlName", "nightowl", "night.*", "no pattern that counts characters"),
        ("NightowlName", "a', 'b", "[a-z]{1,9}", "`allows` has to be one text"),
    ] {
        let preset = format!(
            "{{ title: T, description: D, source: {{ url: u, date: 2026-01-31 }}, editions: [current], \
             parameters: {{ Name: {{ type: string, description: D, default: nightowl, pattern: '{pattern}', \
             setting: {{ parameter: {name}, allows: ['{allows}'] }} }} }}, \
             policies: [{{ name: '${{Name}}', document: {{ Statement: [] }} }}], outputs: {{}} }}"
        );
        let mut catalogue = made::catalogue();
        catalogue.insert("nightowl".to_owned(), grammar::read::text(&preset).unwrap());
        let problem = template(text, &catalogue).unwrap_err();
        assert!(problem.contains(said), "{said}: {problem}");
    }
}
