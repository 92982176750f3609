//! Any two policy documents, compared.
#![allow(clippy::wildcard_enum_match_arm, reason = "JSON will have no other kinds of values")]

use account_presets::state::PolicyDocument;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::function::assert_is_shallow;

/// Stands at the end of a changed text. No input has it.
const CHANGED: &str = "\u{2260}";

/// Places of a document that are changed at most, one after the other.
const PLACES: usize = 64;

/// Compares `[document, document]`, or a document with itself, with the forms that IAM may make of
/// it, and with documents that differ from it in one place.
///
/// # Panics
///
/// If documents that mean the same differ, if documents that differ in any text, number or name
/// are equal, or if the order of a comparison matters.
pub fn policy_documents(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let list = serde_json::from_str::<Vec<Box<RawValue>>>(text);
    let texts = list.map(|list| list.iter().map(|one| one.get().to_owned()).collect());
    let texts: Vec<String> = texts.unwrap_or_else(|_| vec![text.to_owned()]);
    let documents: Vec<PolicyDocument> = texts.iter().map(|text| from_iam(text)).collect();
    for one in &documents {
        for other in &documents {
            let (there, back) = (one == other, other == one);
            assert_eq!(there, back, "{one:?} {other:?}");
        }
        assert!(one.size() <= one.to_json().len());
        assert_eq!(*one, one.clone());
        assert_is_shallow(one.as_value());
        // No document has fractions, and the reader does not keep their last digit.
        if !text.contains(CHANGED) && !has_fractions(one.as_value()) {
            alike(one);
            unlike(one);
        }
    }
}

/// A document as IAM's API returns it.
fn from_iam(text: &str) -> PolicyDocument {
    PolicyDocument::from_api(&utf8_percent_encode(text, NON_ALPHANUMERIC).to_string())
}

/// Demands that a document equals the forms that IAM may make of it.
fn alike(document: &PolicyDocument) {
    let value = document.as_value();
    assert_eq!(from_iam(&document.to_json()), *document);
    let rewritten = PolicyDocument::new(rewritten(value));
    assert_eq!(rewritten, *document);
    assert_eq!(from_iam(&rewritten.to_json()), *document);
}

/// Demands that a document differs from those that are not the same in one place.
fn unlike(document: &PolicyDocument) {
    let places = places(document.as_value());
    for place in (0..places).step_by(1 + places / PLACES) {
        let mut other = document.as_value().clone();
        change(&mut other, &mut { place });
        let other = PolicyDocument::new(other);
        assert_ne!(other, *document, "place {place} of {places}");
    }
}

/// The same in other words: a set is reversed and has its first element twice, one is a list of
/// one, a number is its text, an account is its root, an absent element has its default.
fn rewritten(document: &Value) -> Value {
    let Value::Object(members) = document else { return document.clone() };
    let mut rewritten: Map<String, Value> = members.clone();
    rewritten.entry("Version").or_insert_with(|| "2008-10-17".into());
    rewritten.entry("Id").or_insert_with(|| "".into());
    if let Some(statements) = rewritten.get_mut("Statement") {
        *statements = turned(statements, statement);
    }
    Value::Object(rewritten)
}

fn statement(statement: &Value) -> Value {
    let Value::Object(members) = statement else { return statement.clone() };
    let rewrite = |(key, value): (&String, &Value)| {
        let value = match key.as_str() {
            "Action" | "NotAction" | "Resource" | "NotResource" => turned(value, text),
            "Effect" if value == "Allow" => "allow".into(),
            "Principal" | "NotPrincipal" => principal(value),
            "Condition" => condition(value),
            _ => value.clone(),
        };
        (key.clone(), value)
    };
    let mut rewritten: Map<String, Value> = members.iter().map(rewrite).collect();
    rewritten.entry("Sid").or_insert_with(|| "".into());
    rewritten.entry("Condition").or_insert_with(|| json!({}));
    Value::Object(rewritten)
}

fn principal(value: &Value) -> Value {
    match value {
        Value::String(everybody) if everybody == "*" => json!({"AWS": ["*"]}),
        Value::Object(kinds) => {
            kinds.iter().map(|(kind, names)| (kind.clone(), turned(names, root))).collect()
        }
        other => other.clone(),
    }
}

fn root(name: &Value) -> Value {
    let is_account = |id: &&str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    match name.as_str().filter(is_account) {
        Some(id) => format!("arn:aws:iam::{id}:root").into(),
        None => text(name),
    }
}

fn condition(value: &Value) -> Value {
    let Value::Object(operators) = value else { return value.clone() };
    let keys = |keys: &Value| match keys {
        Value::Object(keys) => {
            keys.iter().map(|(key, values)| (key.clone(), turned(values, text))).collect()
        }
        other => other.clone(),
    };
    operators.iter().map(|(operator, value)| (operator.clone(), keys(value))).collect()
}

/// A set in other words.
fn turned(value: &Value, element: fn(&Value) -> Value) -> Value {
    match value {
        Value::Array(values) => {
            values.first().into_iter().chain(values.iter().rev()).map(element).collect()
        }
        one => json!([element(one)]),
    }
}

fn text(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.to_string().into(),
        Value::Bool(flag) => flag.to_string().into(),
        other => other.clone(),
    }
}

/// How many texts, numbers and names there are.
fn places(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(places).sum(),
        Value::Object(members) => members.values().map(|member| 1 + places(member)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// Changes one of them.
fn change(value: &mut Value, place: &mut usize) {
    let mut is_here = || {
        let here = *place == 0;
        *place = place.wrapping_sub(1);
        here
    };
    match value {
        Value::String(text) if is_here() => text.push_str(CHANGED),
        Value::Null | Value::Bool(_) | Value::Number(_) if is_here() => *value = CHANGED.into(),
        Value::Array(values) => values.iter_mut().for_each(|value| change(value, place)),
        Value::Object(members) => {
            let names: Vec<String> = members.keys().cloned().collect();
            for name in names {
                if is_here() {
                    let member = members.remove(&name).unwrap();
                    members.insert(name + CHANGED, member);
                    return;
                }
            }
            members.values_mut().for_each(|member| change(member, place));
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn has_fractions(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_fractions),
        Value::Object(members) => members.values().any(has_fractions),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}
