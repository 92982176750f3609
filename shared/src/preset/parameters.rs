//! The values of a preset's parameters, read strictly: CloudFormation sends every number and
//! boolean of a template as a string.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value as Json};

use super::forms;
use crate::input::{boolean, brief, entry, integer, no_list, scalar, unknown_names, word};
use grammar::schema::{Edition, Item, Parameter, Preset};

/// Elements of a list: as many as an account has roles, unless its quota was raised. The objects of
/// each take memory, and more could not be made within the time limit.
const LONGEST_LIST: usize = 1000;

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text, or a number or boolean as text.
    One(String),
    /// A list of texts.
    List(Vec<String>),
}

impl Value {
    /// The text, or each of the list.
    pub fn texts(&self) -> &[String] {
        match self {
            Value::One(text) => std::slice::from_ref(text),
            Value::List(texts) => texts,
        }
    }
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

/// Reads the given values. A parameter without a valid value has its default; each mistake is one
/// sentence, which names the parameter, the given value and the allowed values.
pub fn read(preset: &Preset, given: &Map<String, Json>) -> (Values, Vec<String>) {
    read_of("", preset, given)
}

/// The same of a preset that is called so.
fn read_of(of: &str, preset: &Preset, given: &Map<String, Json>) -> (Values, Vec<String>) {
    // An empty string is no value: so a template passes on a parameter that is optional.
    let given: &BTreeMap<&String, &Json> = &given.iter().filter(|(_, it)| **it != "").collect();
    let known: Vec<&str> = preset.parameters.keys().map(String::as_str).collect();
    let of = if of.is_empty() { String::new() } else { format!(" of preset `{of}`") };
    let unknown = unknown_names("parameter", given.keys().copied(), &of, &known);
    let mut problems: Vec<String> =
        unknown.into_iter().map(|problem| format!("Parameters: {problem}")).collect();
    let mut values = Values::new();
    for (name, parameter) in &preset.parameters {
        let value = given.get(name).map_or(Ok(default(parameter)), |given| value(parameter, given));
        let value = value.unwrap_or_else(|problem| {
            problems.push(format!("Parameters.{name}: {problem}"));
            default(parameter)
        });
        if let Value::List(texts) = &value
            && let Some((one, other)) = one_to_iam(texts).filter(|_| names_of_iam(preset, name))
        {
            problems.push(format!(
                "Parameters.{name}: given twice, as `{}` and as `{}`; IAM has one of that name, in \
                 whatever case it is written",
                brief(one),
                brief(other)
            ));
        }
        values.insert(name.clone(), value);
    }
    for (name, parameter) in &preset.parameters {
        if let Parameter::String { required: Some(when), pattern, .. } = parameter
            && !given.contains_key(name)
            && when.holds(|other| values.get(other).map(Value::to_string).unwrap_or_default())
        {
            problems.push(format!(
                "Parameters.{name}: not given, and required with {when}: {}",
                forms::in_words(pattern.as_deref())
            ));
        }
    }
    (values, problems)
}

/// Whether the elements of this list are names of IAM's: of objects, or of users, groups and roles that
/// are there.
fn names_of_iam(preset: &Preset, list: &str) -> bool {
    let members = preset.groups.iter().flat_map(|group| &group.members);
    let members = members.map(|it| match it {
        Item::Name(name) => name,
        Item::Conditional(it) => &it.name,
    });
    let is_named_so = format!("${{{list}}}");
    (preset.policies.iter().map(|it| &it.name))
        .chain(preset.roles.iter().map(|it| &it.name))
        .chain(preset.instance_profiles.iter().map(|it| &it.name))
        .chain(preset.groups.iter().map(|it| &it.name))
        .chain(preset.users.iter().map(|it| &it.name))
        .chain(preset.existing_groups.iter().map(|it| &it.name))
        .chain(preset.existing_roles.iter().map(|it| &it.name))
        .chain(members)
        .any(|name| name.contains(&is_named_so))
}

/// The first two texts that differ in nothing but their case.
fn one_to_iam(texts: &[String]) -> Option<(&str, &str)> {
    let others = |at: usize| texts.iter().skip(at + 1);
    texts.iter().enumerate().find_map(|(at, one)| {
        let other = others(at).find(|other| other.eq_ignore_ascii_case(one))?;
        Some((one.as_str(), other.as_str()))
    })
}

/// The same for former properties, perhaps of another release: a text that no pattern allows any
/// more is still the name under which objects were made.
pub fn read_as_given(
    (of, preset): (&str, &Preset),
    given: &Map<String, Json>,
) -> (Values, Vec<String>) {
    let (mut values, problems) = read_of(of, preset, given);
    for (name, parameter) in &preset.parameters {
        let Some(given) = given.get(name).filter(|given| value(parameter, given).is_err()) else {
            continue;
        };
        match (parameter, given) {
            (Parameter::String { .. }, given) => {
                if let Ok(text) = scalar(given) {
                    values.insert(name.clone(), Value::One(text));
                }
            }
            (Parameter::List { slug, .. }, Json::Array(elements)) => {
                let texts = elements.iter().take(LONGEST_LIST).filter_map(|text| scalar(text).ok());
                let texts = texts.filter(|text| !text.is_empty());
                let texts = texts.map(|text| if *slug { slugified(&text) } else { text });
                values.insert(name.clone(), Value::List(texts.collect()));
            }
            _ => {}
        }
    }
    (values, problems)
}

/// Returns a sentence for each text without the prefix that another parameter prescribes in this
/// edition, with both parameters. An object of that name would be made in vain: the documents match
/// the prefix and do not reach it.
pub fn beginnings(preset: &Preset, edition: Edition, values: &Values) -> Vec<String> {
    let value = |name: &str| match name {
        "Edition" => edition.as_str().to_owned(),
        name => values.get(name).map(Value::to_string).unwrap_or_default(),
    };
    let mut problems = Vec::new();
    for (name, parameter) in &preset.parameters {
        let Some(begins) = parameter.beginning().filter(|begins| begins.when.holds(value)) else {
            continue;
        };
        let texts = values.get(name).map(Value::texts).unwrap_or_default();
        let (other, start) = (&begins.parameter, value(&begins.parameter));
        for text in texts.iter().filter(|text| !text.starts_with(&start)) {
            problems.push(format!(
                "Parameters.{name}: given `{}`, allowed with {} is only what begins with \
                 Parameters.{other}, `{}`; change one of the two",
                brief(text),
                begins.when,
                brief(&start)
            ));
        }
    }
    problems
}

/// The value of a parameter that is not given.
pub fn default(parameter: &Parameter) -> Value {
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
            let words: Vec<&str> = values.iter().map(String::as_str).collect();
            word(given, &words).map(|word| Value::One(word.to_owned()))
        }
        Parameter::List { pattern, slug, .. } => {
            list(given, pattern.as_deref(), *slug).map(Value::List)
        }
    }
}

fn text(given: &Json, pattern: Option<&str>) -> Result<String, String> {
    let text = scalar(given)?;
    forms::check(&text, pattern)?;
    Ok(text)
}

/// A list of strings. CloudFormation makes `[""]` of an empty `CommaDelimitedList`, so empty
/// elements count for nothing.
fn list(given: &Json, pattern: Option<&str>, slug: bool) -> Result<Vec<String>, String> {
    let Json::Array(elements) = given else {
        return Err(no_list(given, "a list of strings, such as `[a, b]`"));
    };
    if elements.len() > LONGEST_LIST {
        let given = elements.len();
        return Err(format!("given {given} elements, allowed are at most {LONGEST_LIST}"));
    }
    let mut texts: Vec<String> = Vec::new();
    let mut given_as: BTreeMap<String, String> = BTreeMap::new();
    for (number, element) in (1..).zip(elements) {
        let given = entry(number, element)?;
        if given.is_empty() {
            continue;
        }
        let text = if slug { slugified(&given) } else { given.clone() };
        forms::check(&text, pattern)?;
        match given_as.get(&text) {
            Some(other) if *other != given => {
                return Err(format!(
                    "given `{}` and `{}`, which are both written `{text}`; leave one of them out",
                    brief(other),
                    brief(&given)
                ));
            }
            Some(_) => {}
            None => {
                given_as.insert(text.clone(), given);
                texts.push(text);
            }
        }
    }
    Ok(texts)
}

/// The text as Python's slugify writes it, which tools make names with. Characters that slugify
/// would transliterate or remove are left, for the pattern to refuse.
fn slugified(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " -._".contains(c);
    if !text.chars().all(plain) {
        return text.to_owned();
    }
    let text = text.to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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

    /// V21
    #[test]
    fn a_text_where_a_list_is_wanted_is_shown_with_what_makes_a_list_of_it() {
        let problem = list(&json!("a,b"), None, false).unwrap_err();
        assert!(problem.starts_with("given the string `a,b`, allowed is a list"), "{problem}");
        assert!(problem.contains("CommaDelimitedList"), "{problem}");
        // A list in brackets, as in `UserNames: [!Ref UserNames]`.
        let problem = list(&json!(["a", ["b"]]), None, false).unwrap_err();
        assert!(problem.starts_with("entry 2 is a list itself; leave the brackets"), "{problem}");
    }

    /// V22
    #[test]
    fn an_empty_string_is_no_value_whatever_the_parameter_is() {
        for name in crate::preset::names() {
            let preset = crate::preset::find(name).unwrap();
            let empty = preset.parameters.keys().map(|name| (name.clone(), json!("")));
            assert_eq!(read(preset, &empty.collect()), read(preset, &Map::new()), "{name}");
        }
    }

    /// V17
    #[test]
    fn users_and_roles_are_not_given_twice_in_whatever_case() {
        for (preset, list) in [
            ("lithops", "UserNames"),
            ("lithops", "AdministratorNames"),
            ("orchestra", "UserNames"),
            ("orchestra", "RoleNames"),
            ("skypilot", "UserNames"),
            ("slim", "UserNames"),
            ("zappa", "UserNames"),
        ] {
            let preset = crate::preset::find(preset).unwrap();
            let given = |names: Json| {
                let given = Map::from_iter([(list.to_owned(), names)]);
                read(preset, &given).1
            };
            assert_eq!(given(json!(["alice", "bob", "alice"])), Vec::<String>::new(), "{list}");
            let problem = given(json!(["alice", "bob", "ALICE"])).concat();
            let said = format!("Parameters.{list}: given twice, as `alice` and as `ALICE`");
            assert!(problem.starts_with(&said), "{problem}");
        }
        // What is no name of IAM's has its case.
        let orchestra = crate::preset::find("orchestra").unwrap();
        let secrets = ["A", "a"]
            .map(|name| format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}"));
        let given = Map::from_iter([("Secrets".to_owned(), json!(secrets))]);
        assert_eq!(read(orchestra, &given).1, Vec::<String>::new());
    }

    /// V17
    #[test]
    fn a_list_has_an_end() {
        let elements =
            |number: usize| json!((0..number).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(list(&elements(1000), None, false).map(|texts| texts.len()), Ok(1000));
        let problem = list(&elements(1001), None, false).unwrap_err();
        assert_eq!(problem, "given 1001 elements, allowed are at most 1000");
    }

    #[test]
    fn names_are_written_as_slugify_writes_them() {
        let names = json!(["My_Project.2-Dev", "--a  b--", "--a  b--"]);
        assert_eq!(list(&names, Some("[a-z0-9-]+"), true).unwrap(), ["my-project-2-dev", "a-b"]);
        let problem = list(&json!(["c", "a_b", "a-b"]), Some("[a-z0-9-]+"), true).unwrap_err();
        assert_eq!(
            problem,
            "given `a_b` and `a-b`, which are both written `a-b`; leave one of them out"
        );
        // It would make `e` of the first, nothing of the comma and a word of the third.
        for given in ["é-dev", "1,000-dev", "a&amp;b-dev"] {
            let problem = list(&json!([given]), Some("[a-z0-9-]+"), true).unwrap_err();
            assert!(problem.contains(given), "{problem}");
        }
    }

    /// V19
    #[test]
    fn a_text_begins_as_the_other_parameter_says_where_it_has_to() {
        let preset: Preset = serde_saphyr::from_str(
            "
title: Test
description: Names that begin alike.
source: { url: https://example.com, date: 2026-01-01 }
editions: [current, hardened]
parameters:
  Prefix: { type: string, description: A beginning., default: tr- }
  Role:
    type: string
    description: A name.
    default: tr-role
    begins_with: { parameter: Prefix, when: { Edition: hardened, Shared: true } }
  Shared: { type: boolean, description: One for all., default: false }
  Projects:
    type: list
    description: Names.
    begins_with: { parameter: Prefix, when: { Edition: hardened } }
outputs: {}
",
        )
        .unwrap();
        let problems = |edition, given: Json| {
            let (values, problems) = read(&preset, given.as_object().unwrap());
            assert_eq!(problems, Vec::<String>::new());
            beginnings(&preset, edition, &values)
        };
        let asked = json!({"Projects": ["tr-a", "x-a", "tr"]});
        assert_eq!(
            problems(Edition::Hardened, asked.clone()),
            [
                "Parameters.Projects: given `x-a`, allowed with Edition hardened is only what \
                 begins with Parameters.Prefix, `tr-`; change one of the two",
                "Parameters.Projects: given `tr`, allowed with Edition hardened is only what \
                 begins with Parameters.Prefix, `tr-`; change one of the two",
            ]
        );
        assert!(problems(Edition::Current, asked).is_empty());
        assert!(problems(Edition::Hardened, json!({"Prefix": "x-", "Projects": []})).is_empty());
        assert!(
            problems(Edition::Hardened, json!({"Prefix": "x-", "Projects": ["x-a"]})).is_empty()
        );
        // The default counts as well, where the other conditions hold.
        let shared = json!({"Prefix": "x-", "Shared": "true"});
        let problems = problems(Edition::Hardened, shared);
        assert!(problems.concat().starts_with("Parameters.Role: given `tr-role`"), "{problems:?}");
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
