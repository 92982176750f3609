//! The values of a preset's parameters, read strictly from what CloudFormation sends: it turns
//! every number and boolean of a template into a string.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value as Json};

use super::schema::{Parameter, Preset};
use super::unknown;

/// Without a pattern of its own, a text holds no wildcard and no control character.
const DEFAULT_PATTERN: &str = r"[^*?\x00-\x1f\x7f]*";

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, or a number or boolean as text.
    One(String),
    /// A list of texts.
    List(Vec<String>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::One(text) => f.write_str(text),
            Value::List(texts) => f.write_str(&texts.join(",")),
        }
    }
}

/// Each declared parameter's value.
pub type Values = BTreeMap<String, Value>;

/// Reads what was given. A parameter that is not given, or not well, has its default; what is
/// wrong is said in one sentence each, which names the parameter, what was given and what is
/// allowed.
pub fn read(preset: &Preset, given: &Map<String, Json>) -> (Values, Vec<String>) {
    let mut problems: Vec<String> = given
        .keys()
        .filter(|name| !preset.parameters.contains_key(*name))
        .map(|name| {
            let known: Vec<&str> = preset.parameters.keys().map(String::as_str).collect();
            format!("Parameters: {}", unknown("parameter", name, &known))
        })
        .collect();
    let mut values = Values::new();
    for (name, parameter) in &preset.parameters {
        let value = given.get(name).map_or(Ok(default(parameter)), |given| value(parameter, given));
        let value = value.unwrap_or_else(|problem| {
            problems.push(format!("Parameters.{name}: {problem}"));
            default(parameter)
        });
        values.insert(name.clone(), value);
    }
    for (name, parameter) in &preset.parameters {
        if let Parameter::String { required: Some(when), .. } = parameter
            && !given.contains_key(name)
            && when.holds(|other| values.get(other).map(Value::to_string).unwrap_or_default())
        {
            problems.push(format!("Parameters.{name}: not given, and required with {when}"));
        }
    }
    (values, problems)
}

fn default(parameter: &Parameter) -> Value {
    match parameter {
        Parameter::String { default, .. } | Parameter::Enum { default, .. } => {
            Value::One(default.clone())
        }
        Parameter::Boolean { default, .. } => Value::One(default.to_string()),
        Parameter::Integer { default, .. } => Value::One(default.to_string()),
        Parameter::List { default, .. } => Value::List(default.clone()),
    }
}

fn value(parameter: &Parameter, given: &Json) -> Result<Value, String> {
    match parameter {
        Parameter::String { pattern, .. } => text(given, pattern.as_deref()).map(Value::One),
        Parameter::Boolean { .. } => boolean(given).map(|value| Value::One(value.to_string())),
        Parameter::Integer { min, max, .. } => {
            integer(given, *min, *max).map(|value| Value::One(value.to_string()))
        }
        Parameter::Enum { values, .. } => {
            let text = scalar(given)?;
            let words: Vec<&str> = values.iter().map(String::as_str).collect();
            if values.contains(&text) {
                Ok(Value::One(text))
            } else {
                Err(unknown("value", &text, &words))
            }
        }
        Parameter::List { pattern, slug, .. } => {
            list(given, pattern.as_deref(), *slug).map(Value::List)
        }
    }
}

/// Reads `true` or `false`, and nothing else.
pub fn boolean(given: &Json) -> Result<bool, String> {
    match scalar(given)?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        other => Err(format!("given `{}`, allowed are `true` and `false`", brief(other))),
    }
}

/// Reads a whole number of plain decimal digits.
pub fn integer(given: &Json, min: i64, max: i64) -> Result<i64, String> {
    let text = scalar(given)?;
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if plain { text.parse::<i64>().ok() } else { None };
    number.filter(|number| (min..=max).contains(number)).ok_or_else(|| {
        format!("given `{}`, allowed are whole numbers from {min} to {max}", brief(&text))
    })
}

fn text(given: &Json, pattern: Option<&str>) -> Result<String, String> {
    let text = scalar(given)?;
    matches(&text, pattern)?;
    Ok(text)
}

/// A list of strings. CloudFormation makes `[""]` of an empty `CommaDelimitedList`, so empty
/// elements count for nothing.
fn list(given: &Json, pattern: Option<&str>, slug: bool) -> Result<Vec<String>, String> {
    let Json::Array(elements) = given else {
        return Err(format!("given {}, allowed is a list of strings", kind(given)));
    };
    let mut texts = Vec::new();
    for element in elements {
        let given = scalar(element)?;
        if given.is_empty() {
            continue;
        }
        let text = if slug { slugified(&given) } else { given };
        matches(&text, pattern)?;
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    Ok(texts)
}

/// The text as Python's slugify writes it, which tools make names with. What that would spell in
/// other letters or take out is left, for the pattern to refuse.
fn slugified(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " -._".contains(c);
    if !text.chars().all(plain) {
        return text.to_owned();
    }
    let text = text.to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

fn matches(text: &str, pattern: Option<&str>) -> Result<(), String> {
    let pattern = pattern.unwrap_or(DEFAULT_PATTERN);
    let matches = regex_lite::Regex::new(&format!(r"\A(?:{pattern})\z"))
        .is_ok_and(|pattern| pattern.is_match(text));
    if matches {
        Ok(())
    } else {
        Err(format!("given `{}`, allowed is what matches `{pattern}`", brief(text)))
    }
}

fn scalar(given: &Json) -> Result<String, String> {
    match given {
        Json::String(text) => Ok(text.clone()),
        Json::Bool(value) => Ok(value.to_string()),
        Json::Number(value) => Ok(value.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => {
            Err(format!("given {}, allowed is a single value", kind(given)))
        }
    }
}

/// What kind of JSON it is, for people.
pub fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "a map",
    }
}

/// The beginning of what was given: an answer has 4096 bytes for everything.
pub fn brief(text: &str) -> String {
    let mut brief: String = text.chars().take(80).collect();
    if brief.len() < text.len() {
        brief.push('…');
    }
    brief
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// V1
    #[test]
    fn a_boolean_is_true_or_false_as_cloudformation_writes_it() {
        assert_eq!(boolean(&json!("true")), Ok(true));
        assert_eq!(boolean(&json!("false")), Ok(false));
        assert_eq!(boolean(&json!(true)), Ok(true));
        for given in [json!("True"), json!(" true"), json!("1"), json!(0), json!("yes"), json!("")]
        {
            let problem = boolean(&given).unwrap_err();
            assert!(problem.contains("allowed are `true` and `false`"), "{problem}");
        }
    }

    /// V2
    #[test]
    fn an_integer_is_plain_decimal_digits_in_its_range() {
        assert_eq!(integer(&json!("1000"), 1, 1000), Ok(1000));
        assert_eq!(integer(&json!("-1"), -1, 1), Ok(-1));
        assert_eq!(integer(&json!(7), 1, 9), Ok(7));
        for given in [
            "1000.0",
            "1e3",
            " 10 ",
            "\u{ff10}",
            "NaN",
            "inf",
            "-1",
            "",
            "+1",
            "9223372036854775808",
            "1001",
        ] {
            let problem = integer(&json!(given), 1, 1000).unwrap_err();
            assert!(problem.contains("whole numbers from 1 to 1000"), "{given}: {problem}");
        }
    }

    /// V3
    #[test]
    fn a_list_is_a_json_list_of_strings() {
        assert_eq!(list(&json!([]), None, false), Ok(vec![]));
        assert_eq!(list(&json!([""]), None, false), Ok(vec![]));
        assert_eq!(list(&json!(["a", "b", "a"]), None, false).unwrap(), ["a", "b"]);
        for given in [json!("a,b"), json!({"a": 1}), json!([["a"]]), json!(null)] {
            assert!(list(&given, None, false).is_err(), "{given}");
        }
    }

    #[test]
    fn names_are_written_as_slugify_writes_them() {
        let names = json!(["My_Project.2-Dev", "--a  b--", "a-b"]);
        assert_eq!(list(&names, Some("[a-z0-9-]+"), true).unwrap(), ["my-project-2-dev", "a-b"]);
        // It would make `e` of the first, nothing of the comma and a word of the third.
        for given in ["é-dev", "1,000-dev", "a&amp;b-dev"] {
            let problem = list(&json!([given]), Some("[a-z0-9-]+"), true).unwrap_err();
            assert!(problem.contains(given), "{problem}");
        }
    }

    /// V18, X8, Threat 1
    #[test]
    fn a_wildcard_is_refused_unless_a_pattern_allows_it() {
        for given in ["*", "a?", "a\u{7}b"] {
            assert!(text(&json!(given), None).is_err(), "{given}");
            assert!(list(&json!([given]), None, false).is_err(), "{given}");
        }
        assert_eq!(text(&json!("a*"), Some(r"a\*|b")), Ok("a*".to_owned()));
        assert!(text(&json!("a*c"), Some(r"a\*|b")).is_err());
        assert!(text(&json!("b\n"), Some(r"a\*|b")).is_err());
    }
}
