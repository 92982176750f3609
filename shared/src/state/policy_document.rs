//! IAM policy documents, compared by meaning.

#![allow(clippy::wildcard_enum_match_arm, reason = "JSON will have no other kinds of values")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::json;

/// A policy in IAM's own grammar.
///
/// Two documents are equal if IAM would decide the same with both, as far as that can be seen
/// without knowing the actions: order and repetition do not matter, a string is a list of one,
/// an account's id is its root's ARN, numbers and booleans are their text. The rules are those
/// of <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>.
///
/// A deleted principal, which IAM shows by its unique id (`AROA…`, `AIDA…`), is never equal to
/// the ARN that stood there before: such a trust policy has to be written again.
#[derive(Clone, Debug)]
// Shared, because a document is copied with each state, plan and call that it is part of.
pub struct PolicyDocument(Arc<Value>);

/// The [size](PolicyDocument::size) of a document by its JSON.
pub(super) fn size(json: &str) -> usize {
    json.chars().filter(|character| !character.is_whitespace()).count()
}

impl PolicyDocument {
    /// Takes a document as it is.
    pub fn new(document: Value) -> Self {
        PolicyDocument(Arc::new(document))
    }

    /// Reads a document as IAM's API returns it: JSON, percent-encoded.
    ///
    /// A text that is no JSON is kept as a string, so that it differs from any document.
    pub fn from_api(text: &str) -> Self {
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
        PolicyDocument::new(
            json::read(&decoded).unwrap_or_else(|_| Value::String(decoded.into_owned())),
        )
    }

    /// The document itself.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// JSON without white space, as it is sent to IAM.
    pub fn to_json(&self) -> String {
        self.0.to_string()
    }

    /// The size that IAM counts against its quotas: characters without white space.
    pub fn size(&self) -> usize {
        size(&self.to_json())
    }
}

impl PartialEq for PolicyDocument {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || canonical(&self.0) == canonical(&other.0)
    }
}

impl Eq for PolicyDocument {}

fn canonical(document: &Value) -> Value {
    let Value::Object(document) = document else { return document.clone() };
    let mut result = Map::new();
    // Without a version IAM reads the document as one of 2008-10-17.
    result.insert("Version".to_owned(), Value::from("2008-10-17"));
    for (key, value) in document {
        let value = match key.as_str() {
            "Statement" => set(list(value).iter().map(statement)),
            "Id" if value == "" => continue,
            _ => value.clone(),
        };
        result.insert(key.clone(), value);
    }
    Value::Object(result)
}

fn statement(statement: &Value) -> Value {
    let Value::Object(statement) = statement else { return statement.clone() };
    let canonical = statement.iter().filter_map(|(key, value)| {
        let value = match key.as_str() {
            // An empty statement id says nothing.
            "Sid" => Some(value.clone()).filter(|sid| sid != ""),
            "Effect" => Some(effect(value)),
            "Action" | "NotAction" | "Resource" | "NotResource" => {
                Some(set(list(value).iter().map(text)))
            }
            "Principal" | "NotPrincipal" => Some(principal(value)),
            "Condition" => condition(value),
            _ => Some(value.clone()),
        };
        value.map(|value| (key.clone(), value))
    });
    Value::Object(canonical.collect())
}

fn effect(value: &Value) -> Value {
    match value {
        Value::String(effect) if effect.eq_ignore_ascii_case("allow") => "Allow".into(),
        Value::String(effect) if effect.eq_ignore_ascii_case("deny") => "Deny".into(),
        other => other.clone(),
    }
}

fn principal(value: &Value) -> Value {
    match value {
        // All principals can be written in two ways.
        Value::String(everybody) if everybody == "*" => {
            Value::Object(Map::from_iter([("AWS".to_owned(), set(["*".into()]))]))
        }
        Value::Object(kinds) => Value::Object(
            kinds
                .iter()
                .map(|(kind, names)| {
                    let names = list(names).iter().map(|name| account(&text(name)));
                    (kind.clone(), set(names.collect::<Vec<_>>()))
                })
                .collect(),
        ),
        other => other.clone(),
    }
}

/// An account's root ARN as the account's id.
fn account(name: &Value) -> Value {
    let id = name
        .as_str()
        .and_then(|arn| arn.strip_suffix(":root"))
        .and_then(|arn| arn.rsplit_once(":iam::"))
        .filter(|(partition, _)| partition.starts_with("arn:"))
        .map(|(_, id)| id)
        .filter(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()));
    id.map_or_else(|| name.clone(), Value::from)
}

fn condition(value: &Value) -> Option<Value> {
    let Value::Object(operators) = value else { return Some(value.clone()) };
    let canonical: Map<String, Value> = operators
        .iter()
        .map(|(operator, keys)| {
            let keys = match keys {
                Value::Object(keys) => Value::Object(
                    keys.iter()
                        .map(|(key, values)| (key.clone(), set(list(values).iter().map(text))))
                        .collect(),
                ),
                other => other.clone(),
            };
            (operator.clone(), keys)
        })
        .collect();
    // No condition is always true, and so is an empty one.
    (!canonical.is_empty()).then_some(Value::Object(canonical))
}

fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        one => std::slice::from_ref(one),
    }
}

/// A number or a boolean as the text that IAM compares.
fn text(value: &Value) -> Value {
    match value {
        Value::Number(number) => number.to_string().into(),
        Value::Bool(flag) => flag.to_string().into(),
        other => other.clone(),
    }
}

fn set(values: impl IntoIterator<Item = Value>) -> Value {
    let in_order = values.into_iter().map(|value| by_name(&value));
    let mut values: Vec<(String, Value)> =
        in_order.map(|value| (value.to_string(), value)).collect();
    values.sort_by(|(a, _), (b, _)| a.cmp(b));
    values.dedup_by(|(a, _), (b, _)| a == b);
    values.into_iter().map(|(_, value)| value).collect()
}

/// The members of each object in the order of their names, so that equal values have equal
/// texts: with a feature of `serde_json` that any crate can switch on, they keep their order.
fn by_name(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(by_name).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name, by_name(value)));
            let sorted: BTreeMap<&String, Value> = members.collect();
            sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn document(statement: Value) -> PolicyDocument {
        PolicyDocument::new(json!({"Version": "2012-10-17", "Statement": statement}))
    }

    fn allow(key: &str, value: Value) -> Value {
        let mut statement = json!({"Effect": "Allow", "Action": "a:B", "Resource": "*"});
        statement[key] = value;
        statement
    }

    /// R12
    #[test]
    fn documents_that_mean_the_same_are_equal() {
        let role = "arn:aws:iam::123456789012:role/r";
        let root = "arn:aws:iam::123456789012:root";
        for (a, b) in [
            (allow("Action", json!(["a:B", "a:C"])), allow("Action", json!(["a:C", "a:B", "a:C"]))),
            (allow("Action", json!("a:B")), allow("Action", json!(["a:B"]))),
            (allow("Effect", json!("Allow")), allow("Effect", json!("allow"))),
            (allow("Sid", json!("")), allow("Action", json!("a:B"))),
            (allow("Condition", json!({})), allow("Action", json!("a:B"))),
            (
                allow("Principal", json!({"AWS": ["123456789012", role]})),
                allow("Principal", json!({"AWS": [role, root]})),
            ),
            (allow("Principal", json!("*")), allow("Principal", json!({"AWS": "*"}))),
            (
                allow("Condition", json!({"Bool": {"k": true}, "NumericEquals": {"n": [2, 1]}})),
                allow(
                    "Condition",
                    json!({"Bool": {"k": "true"}, "NumericEquals": {"n": ["1", "2"]}}),
                ),
            ),
        ] {
            assert_eq!(document(a.clone()), document(json!([b])), "{a} and {b}");
            assert_eq!(document(json!([a, b])), document(json!([b, a])));
            assert_eq!(document(json!([a, a])), document(json!([a])));
        }
    }

    /// R13
    #[test]
    fn documents_that_may_mean_something_else_differ() {
        let base = allow("Sid", json!("S"));
        for (key, value) in [
            ("Action", json!("a:b")),
            ("Sid", json!("T")),
            ("Effect", json!("Deny")),
            ("Resource", json!(["*", "x"])),
            ("NotAction", json!("a:B")),
            ("Condition", json!({"StringLike": {"k": "v"}})),
            ("Principal", json!({"AWS": "AROAEXAMPLEEXAMPLE12"})),
        ] {
            let mut other = base.clone();
            other[key] = value;
            assert_ne!(document(base.clone()), document(other.clone()), "{other}");
        }
    }

    #[test]
    fn the_order_of_members_never_matters() {
        let one = r#"{"Statement":[{"Effect":"Allow","Action":"a:B"},{"Effect":"Allow","Action":"a:C"}]}"#;
        let other = r#"{"Statement":[{"Action":"a:C","Effect":"Allow"},{"Effect":"Allow","Action":"a:B"}]}"#;
        assert_eq!(PolicyDocument::from_api(one), PolicyDocument::from_api(other));
    }

    /// R11
    #[test]
    fn a_deleted_principal_is_not_the_role_that_stood_there() {
        let written = allow("Principal", json!({"AWS": "arn:aws:iam::123456789012:role/gone"}));
        let shown = allow("Principal", json!({"AWS": "AROAEXAMPLEEXAMPLE12"}));
        assert_ne!(document(written), document(shown));
    }

    /// R13
    #[test]
    fn only_the_root_of_an_account_is_that_account() {
        let principal = |name: &str| document(allow("Principal", json!({"AWS": name})));
        assert_eq!(principal("arn:aws-cn:iam::123456789012:root"), principal("123456789012"));
        for (arn, id) in [("arn:aws:iam::*:root", "*"), ("arn:aws:iam::12:root", "12")] {
            assert_ne!(principal(arn), principal(id));
        }
    }

    #[test]
    fn a_document_without_version_is_one_of_2008() {
        let statement = allow("Sid", json!("S"));
        let old = PolicyDocument::new(json!({"Version": "2008-10-17", "Statement": statement}));
        assert_eq!(PolicyDocument::new(json!({"Statement": [statement]})), old);
        assert_ne!(document(statement), old);
    }

    /// R12
    #[test]
    fn the_api_returns_documents_percent_encoded() {
        let encoded = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";
        assert_eq!(PolicyDocument::from_api(encoded), document(json!([])));
        assert_ne!(PolicyDocument::from_api("%7Bnonsense"), document(json!([])));
    }

    proptest! {
        /// R12
        #[test]
        fn order_repetition_and_lists_of_one_never_matter(
            actions in prop::collection::vec("[a-z]{1,3}:[A-Z][a-z]{1,3}", 1..5),
            resources in prop::collection::vec("[a-z*]{1,4}", 1..5),
            turn in 0..5_usize,
        ) {
            let mut turned = actions.clone();
            turned.rotate_left(turn % actions.len());
            turned.push(actions[0].clone());
            let one = |list: &[String]| if let [one] = list { json!(one) } else { json!(list) };
            let a = json!({"Effect": "Allow", "Action": actions, "Resource": one(&resources)});
            let b = json!({"Effect": "Allow", "Action": turned, "Resource": resources});
            prop_assert_eq!(document(json!([a, b])), document(b.clone()));
            prop_assert_eq!(document(a), document(b));
        }
    }

    #[test]
    fn white_space_does_not_count() {
        let document = PolicyDocument::new(json!({"Sid": "a b\tc"}));
        assert_eq!(document.size(), r#"{"Sid":"ab\tc"}"#.len());
    }
}
