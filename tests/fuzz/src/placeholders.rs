//! Any text in a preset, and any value in its place.

use std::collections::BTreeMap;

use account_presets::preset::parameters;
use account_presets::preset::{Branches, Edition, PROVIDER, Preset, Wish, render};
use account_presets::state::{Id, Kind, Owner, Resource};
use grammar::placeholders::{Piece, pieces};
use regex_lite::{Captures, Regex};
use serde_json::{Value, json};

use crate::function::account;

/// The placeholders that the crate fills in, in another form than the crate's own.
const OURS: &str = r"\$\{([A-Z][^${}]*)\}";

/// Splits any text, and fills the second of `[document, value]` into the first.
///
/// # Panics
///
/// If a piece is lost or is another than the grammar says, or if a value changes more of a
/// document than the text in which its placeholder stands.
pub fn placeholders(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let ours = Regex::new(OURS).unwrap();
    check_pieces(text, &ours);
    let Ok((document, value)) = serde_json::from_str::<(Value, String)>(text) else { return };
    if !has_conditions(&document) {
        let expected = filled(&document, &ours, &value);
        assert_eq!(rendered(&document, &value), expected, "{document}");
    }
}

fn check_pieces(text: &str, ours: &Regex) {
    let pieces = pieces(text);
    let written = |piece: &Piece<'_>| match piece {
        Piece::Text(text) => (*text).to_owned(),
        Piece::Placeholder(name) => format!("${{{name}}}"),
    };
    assert_eq!(pieces.iter().map(written).collect::<String>(), text, "{pieces:?}");
    let found = pieces.iter().filter_map(|piece| match piece {
        Piece::Text(text) => {
            assert!(!text.is_empty() && !ours.is_match(text), "{pieces:?}");
            None
        }
        Piece::Placeholder(name) => Some(*name),
    });
    let expected = ours.captures_iter(text).map(|found| found.get(1).unwrap().as_str());
    assert!(found.eq(expected), "{pieces:?}");
}

/// The document with a value for `${Value}`, as the crate makes it.
fn rendered(document: &Value, value: &str) -> Value {
    let preset: Preset = serde_json::from_value(json!({
        "title": "", "description": "", "source": {"url": "", "date": ""},
        "editions": ["hardened"], "outputs": {},
        "policies": [{"name": "p", "document": document}],
    }))
    .unwrap();
    let parameter = parameters::Value::One(value.to_owned());
    let wish = Wish {
        account: account(),
        owner: Owner::new("s", "l"),
        provider: PROVIDER.to_owned(),
        edition: Edition::Hardened,
        parameters: BTreeMap::from([("Value".to_owned(), parameter)]),
        path: "/path/".to_owned(),
        permissions_boundary: None,
        tags: Default::default(),
        max_session_duration: 3600,
    };
    let state = render(&preset, &wish, Branches::Chosen);
    match state.get(&Id::node(Kind::Policy, "p")).map(|object| &object.resource) {
        Some(Resource::Policy(policy)) => policy.document.as_value().clone(),
        other => panic!("no policy: {other:?}"),
    }
}

/// The same, said in another way.
fn filled(document: &Value, ours: &Regex, value: &str) -> Value {
    let fill = |found: &Captures<'_>| match found.get(1).unwrap().as_str() {
        "AWS::AccountId" => "123456789012".to_owned(),
        "AWS::Partition" => "aws".to_owned(),
        "AWS::Region" => "eu-west-1".to_owned(),
        "Edition" => "hardened".to_owned(),
        "Path" => "/path/".to_owned(),
        "Provider" => PROVIDER.to_owned(),
        "Value" => value.to_owned(),
        _ => String::new(),
    };
    match document {
        Value::String(text) => ours.replace_all(text, fill).into_owned().into(),
        Value::Array(values) => values.iter().map(|item| filled(item, ours, value)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members.map(|(key, member)| (key.clone(), filled(member, ours, value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => document.clone(),
    }
}

/// True if there is a word of the presets' own grammar in it.
fn has_conditions(document: &Value) -> bool {
    match document {
        Value::Array(values) => values.iter().any(has_conditions),
        Value::Object(members) => members.iter().any(|(key, member)| {
            matches!(key.as_str(), "when" | "for_each") || has_conditions(member)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
