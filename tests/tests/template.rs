//! `template.yaml` against the code and the catalogue: the function may do the calls that they
//! need, and no other ones.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at what it did not expect"
)]

mod arns;
mod audit;
mod iam_preset;
mod lambda_concurrency;
mod operator;

use std::collections::{BTreeMap, BTreeSet};

use account_presets::actions::StackAction;
use account_presets::preset;
use serde_json::Value;

use made::template::condition as condition_of;

/// The template, as it is where all presets are allowed.
fn template() -> Value {
    where_allowed(serde_saphyr::from_str(include_str!("../../template.yaml")).unwrap())
}

/// The first half of each `!If` of a preset, which is a list without its tag here.
fn where_allowed(value: Value) -> Value {
    match value {
        Value::Array(mut values) if values.len() == 3 && is_of_a_preset(&values[0]) => {
            where_allowed(values.swap_remove(1))
        }
        Value::Array(values) => values.into_iter().map(where_allowed).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(key, value)| (key, where_allowed(value))).collect()
        }
        other => other,
    }
}

fn is_of_a_preset(condition: &Value) -> bool {
    preset::names().into_iter().any(|name| *condition == condition_of(name))
}

/// The statements of documents, by their ids.
fn statements(documents: impl IntoIterator<Item = Value>) -> BTreeMap<String, Value> {
    let statements = documents.into_iter().flat_map(|policy| list(&policy["Statement"]));
    let mut by_id = BTreeMap::new();
    for statement in statements {
        let sid = text(&statement["Sid"]);
        assert!(by_id.insert(sid.clone(), statement).is_none(), "{sid} is there twice");
    }
    by_id
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn texts(value: &Value) -> BTreeSet<String> {
    list(value).iter().map(text).collect()
}

/// X6, X7
#[test]
fn the_quotas_function_reads_the_events_of_stacks_only_where_it_is_to_verify_them() {
    let policy = &template()["Resources"]["StackEventsPolicy"];
    assert_eq!(policy["Condition"], "VerifiesStackEvents");
    let roles = BTreeSet::from(["LambdaConcurrencyRole".to_owned()]);
    assert_eq!(texts(&policy["Properties"]["Roles"]), roles);
    let document = policy["Properties"]["PolicyDocument"].clone();
    let statements = statements([document]);
    let read = &statements["ReadStackEvents"];
    assert_eq!(statements.len(), 1);
    let called = StackAction::ALL.iter().map(|action| action.as_str().to_owned());
    assert_eq!(texts(&read["Action"]), called.collect());
    let stacks =
        "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/*".to_owned();
    assert_eq!(texts(&read["Resource"]), BTreeSet::from([stacks]));
}
