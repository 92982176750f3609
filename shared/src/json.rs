//! JSON from outside, read no deeper than a stack can bear.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Number, Value};

/// Reads a value of at most 128 levels.
///
/// # Errors
///
/// Where the text is no JSON, or is deeper.
pub fn read(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str::<Json>(text).map(Value::from)
}

/// JSON as it is written. `Value` reads more: where its feature `raw_value` is on, a map whose
/// first name is `$serde_json::private::RawValue` is for it the JSON in that member's text, read
/// with 128 levels of its own, so that an event of less than a megabyte can be 30,000 deep.
#[derive(Deserialize)]
#[serde(untagged)]
enum Json {
    Null,
    Boolean(bool),
    Number(Number),
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::Boolean(value) => value.into(),
            Json::Number(number) => number.into(),
            Json::Text(text) => text.into(),
            Json::List(values) => values.into_iter().map(Value::from).collect(),
            Json::Map(members) => members.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_is_read_as_it_is_written() {
        let value = json!({
            "null": null, "true": true, "integers": [0, -1, u64::MAX, i64::MIN], "float": 1.5e300,
            "text": "\u{0}\"\\\u{1f600}", "list": [], "map": {"": {}},
        });
        assert_eq!(read(&value.to_string()).unwrap(), value);
        assert_eq!(read(r#"{"a":1,"a":2}"#).unwrap(), json!({"a": 2}));
        for text in ["", "{", "[1,]", "nul", "1e999", "{}{}"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    /// V17
    #[test]
    fn json_in_a_text_is_a_text() {
        let depth = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&depth(127)).is_ok());
        assert!(read(&depth(128)).unwrap_err().to_string().contains("recursion limit"));
        let value = json!({"$serde_json::private::RawValue": depth(127)});
        assert_eq!(read(&value.to_string()).unwrap(), value);
    }
}
