//! The ways in which a preset can be asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::finding::{Example, Problem};
use super::reference::Reference;
use super::samples::{self, Samples};
use crate::preset::parameters::{self, Value};
use crate::preset::{PROVIDER, Wish};
use crate::state::{Account, Owner};
use grammar::schema::{Edition, Parameter, Preset};

/// More combinations than these are not all looked at.
const ALL: usize = 512;

/// A partition and an account that do not exist, so that a literal one in a preset stands out.
const PARTITION: &str = "aws-lint";
const ACCOUNT: &str = "246813579024";

/// A rendered input of a preset, and what distinguishes it.
pub struct Case {
    /// The input.
    pub wish: Wish,
    /// Lists have elements, or there are no lists.
    pub filled: bool,
    /// The values are the longest, for the limits.
    pub longest: bool,
    /// The parameters that are not at their defaults, for people.
    parameters: BTreeMap<String, String>,
    /// Made-up values, and the parameters that they stand for.
    made_up: Vec<(String, String)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    Empty,
    Filled,
    Longest,
}

/// All cases, those with few values other than the defaults first, and the lists for which no
/// elements are known.
pub fn cases(preset: &Preset) -> (Vec<Case>, Vec<String>) {
    let samples = samples_of(preset);
    let mut cases = Vec::new();
    let combinations = combinations(&choices(preset));
    let is_list =
        |name: &String| matches!(preset.parameters.get(name), Some(Parameter::List { .. }));
    let has_lists = preset.parameters.keys().any(is_list);
    for edition in &preset.editions {
        for combination in &combinations {
            for lists in [Lists::Empty, Lists::Filled, Lists::Longest] {
                if has_lists || lists != Lists::Filled {
                    let filled = !has_lists || lists != Lists::Empty;
                    let case = case(preset, *edition, combination, lists, &samples);
                    cases.push(Case { filled, ..case });
                }
            }
        }
    }
    let without_example = samples.iter().filter(|(name, of)| is_list(name) && of.two.is_none());
    (cases, without_example.map(|(name, _)| name.clone()).collect())
}

/// A case with a text of a consumer's that is tried, and the text, if any is.
pub type Trial = (Case, Option<String>);

/// Returns the cases in which a consumer's text might make a pattern reach the provider's own
/// resources: each string and list parameter at each of its `values`, while of the others at most
/// one has another value than its default, or all have; and for each other `provider` and path
/// while all have their defaults.
pub fn trials(
    preset: &Preset,
    providers: &[(&str, &str)],
    values: impl Fn(&str, &str) -> Vec<String>,
) -> Vec<Trial> {
    let samples = samples_of(preset);
    let all = combinations(&choices(preset));
    let most = all.last().cloned();
    let few: Vec<_> =
        all.into_iter().filter(|combination| combination.len() < 2).chain(most).collect();
    let mut trials = Vec::new();
    for (index, (provider, path)) in providers.iter().enumerate() {
        let few = if index == 0 { few.as_slice() } else { few.get(..1).unwrap_or_default() };
        let mut texts = vec![None];
        for name in samples.keys() {
            texts.extend(values(name, provider).into_iter().map(|value| Some((name, value))));
        }
        for edition in &preset.editions {
            for combination in few {
                let case = || {
                    let mut case = case(preset, *edition, combination, Lists::Filled, &samples);
                    (*provider).clone_into(&mut case.wish.provider);
                    (*path).clone_into(&mut case.wish.path);
                    case
                };
                trials.extend(texts.iter().map(|text| match text {
                    Some((name, value)) => (case().with(name, value), Some(value.clone())),
                    None => (case(), None),
                }));
            }
        }
    }
    trials
}

/// Made-up values of string and list parameters.
fn samples_of(preset: &Preset) -> BTreeMap<String, Samples> {
    let mut samples = BTreeMap::new();
    for (index, (name, parameter)) in (0_u8..=u8::MAX).zip(&preset.parameters) {
        let allowed = |value: Json| {
            value != ""
                && parameters::read(preset, &Map::from_iter([(name.clone(), value)])).1.is_empty()
        };
        let found = match parameter {
            Parameter::String { default, .. } => {
                let allowed = |text: &str| text.len() > default.len() && allowed(json!(text));
                samples::samples(allowed, std::slice::from_ref(default), index)
            }
            Parameter::List { default, .. } => {
                samples::samples(|text| allowed(json!([text])), default, index)
            }
            Parameter::Boolean { .. } | Parameter::Integer { .. } | Parameter::Enum { .. } => {
                continue;
            }
        };
        samples.insert(name.clone(), found);
    }
    samples
}

/// The reference, with the linter's own partition in place of that of AWS's documents.
pub fn in_our_partition(reference: &Reference) -> Reference {
    let documents = reference.documents.iter();
    let documents =
        documents.map(|(name, document)| (name.clone(), text_in_our_partition(document))).collect();
    Reference { documents, ..reference.clone() }
}

/// A document with the partition that we render with.
pub fn text_in_our_partition(document: &Json) -> Json {
    let text = document.to_string().replace("arn:aws:", &format!("arn:{PARTITION}:"));
    serde_json::from_str(&text).unwrap_or(Json::Null)
}

impl Case {
    /// The text with the names of parameters where it has values that we made up.
    pub fn generic(&self, text: &str) -> String {
        let made_up = self.made_up.iter();
        made_up.fold(text.to_owned(), |text, (value, name)| {
            text.replace(value, &format!("${{{name}}}"))
        })
    }

    /// This case with a text as the value of a string, or as the one element of a list.
    fn with(mut self, name: &str, text: &str) -> Self {
        let is_list = matches!(self.wish.parameters.get(name), Some(Value::List(_)));
        let one = || text.to_owned();
        let value = if is_list { Value::List(vec![one()]) } else { Value::One(one()) };
        self.wish.parameters.insert(name.to_owned(), value);
        self.made_up.retain(|(_, of)| of != name);
        self.parameters.insert(name.to_owned(), format!("`{text}`"));
        self
    }

    /// True if every parameter has its default, or, for a list, no elements.
    pub fn is_default(&self) -> bool {
        self.parameters.is_empty()
    }

    /// True if the text begins with a value that we made up, so that another may be meant.
    pub fn is_made_up(&self, text: &str) -> bool {
        self.made_up.iter().any(|(value, _)| text.starts_with(value))
    }

    /// True if the text comes from a parameter.
    pub fn is_given(&self, text: &str) -> bool {
        self.wish.parameters.values().any(|value| match value {
            Value::One(given) => given.contains(text),
            Value::List(given) => given.iter().any(|given| given.contains(text)),
        })
    }

    /// Describes this case for the reader of a problem. Of the made-up values it has those that are
    /// in the problem, if any is.
    pub fn example(&self, preset: &Preset, problem: &Problem) -> Example {
        let said = problem.to_string();
        let is_said = |name: &String| said.contains(&format!("${{{name}}}"));
        let made_up = |name: &String| self.made_up.iter().any(|(_, of)| of == name);
        let all = self.longest || !self.made_up.iter().any(|(_, name)| is_said(name));
        let mut parameters = self.parameters.clone();
        parameters.retain(|name, _| all || !made_up(name) || is_said(name));
        Example {
            preset: preset.title.clone(),
            editions: BTreeSet::from([self.wish.edition]),
            parameters,
        }
    }
}

/// The values of boolean and enum parameters, the default first.
fn choices(preset: &Preset) -> Vec<(&str, Vec<String>)> {
    let choices = preset.parameters.iter().filter_map(|(name, parameter)| {
        let values = match parameter {
            Parameter::Boolean { default, .. } => vec![default.to_string(), (!default).to_string()],
            Parameter::Enum { default, values, .. } => {
                let others = values.iter().filter(|value| *value != default);
                std::iter::once(default).chain(others).cloned().collect()
            }
            Parameter::String { .. } | Parameter::Integer { .. } | Parameter::List { .. } => {
                return None;
            }
        };
        Some((name.as_str(), values))
    });
    choices.collect()
}

/// Only values that differ from the defaults, the fewest differences first.
fn combinations(choices: &[(&str, Vec<String>)]) -> Vec<BTreeMap<String, String>> {
    let count = choices.iter().try_fold(1_usize, |n, (_, values)| n.checked_mul(values.len()));
    let mut all =
        if count.is_some_and(|count| count <= ALL) { product(choices) } else { pairs(choices) };
    all.sort_by_key(BTreeMap::len);
    all.dedup();
    all
}

fn product(choices: &[(&str, Vec<String>)]) -> Vec<BTreeMap<String, String>> {
    choices.iter().fold(vec![BTreeMap::new()], |all, (name, values)| {
        let with = |combination: &BTreeMap<String, String>| {
            let others = values.iter().skip(1).map(|value| (name, value));
            let others = others.map(|(name, value)| {
                let mut other = combination.clone();
                other.insert((*name).to_owned(), value.clone());
                other
            });
            std::iter::once(combination.clone()).chain(others).collect::<Vec<_>>()
        };
        all.iter().flat_map(with).collect()
    })
}

fn pairs(choices: &[(&str, Vec<String>)]) -> Vec<BTreeMap<String, String>> {
    let mut all: BTreeSet<BTreeMap<String, String>> = BTreeSet::new();
    for (index, one) in choices.iter().enumerate() {
        for other in choices.iter().skip(index) {
            let two =
                if other.0 == one.0 { vec![one.clone()] } else { vec![one.clone(), other.clone()] };
            all.extend(product(&two));
        }
    }
    let last = choices.iter().filter_map(|(name, values)| {
        values.get(1..).and_then(<[String]>::last).map(|value| ((*name).to_owned(), value.clone()))
    });
    all.insert(last.collect());
    // All on, all off: booleans whatever their defaults are.
    for wanted in ["true", "false"] {
        let off =
            choices.iter().filter(|(_, values)| values.get(1).is_some_and(|other| other == wanted));
        all.insert(off.map(|(name, _)| ((*name).to_owned(), wanted.to_owned())).collect());
    }
    all.into_iter().collect()
}

fn case(
    preset: &Preset,
    edition: Edition,
    combination: &BTreeMap<String, String>,
    lists: Lists,
    samples: &BTreeMap<String, Samples>,
) -> Case {
    let longest = lists == Lists::Longest;
    let choices = combination.iter().map(|(name, value)| (name.clone(), json!(value)));
    let mut given: Map<String, Json> = choices.collect();
    let mut parameters = combination.clone();
    let mut made_up = Vec::new();
    for (name, parameter) in &preset.parameters {
        let samples = samples.get(name).cloned().unwrap_or_default();
        let two = if longest { samples.longest } else { samples.two };
        let (value, for_people) = match (parameter, two) {
            (Parameter::String { .. }, Some([text, _])) if longest => {
                made_up.push((text.clone(), name.clone()));
                (json!(text), format!("{} characters", text.len()))
            }
            (Parameter::Integer { max, .. }, _) if longest => (json!(max), max.to_string()),
            (Parameter::List { .. }, Some(two)) if lists != Lists::Empty => {
                made_up.extend(two.iter().map(|text| (text.clone(), name.clone())));
                (json!(two), if longest { "two of the longest" } else { "two elements" }.to_owned())
            }
            (Parameter::List { .. }, _) => {
                given.insert(name.clone(), json!([]));
                continue;
            }
            (
                Parameter::String { .. }
                | Parameter::Integer { .. }
                | Parameter::Boolean { .. }
                | Parameter::Enum { .. },
                _,
            ) => continue,
        };
        given.insert(name.clone(), value);
        parameters.insert(name.clone(), for_people);
    }
    let (values, _) = parameters::read(preset, &given);
    Case { wish: wish(edition, values), filled: true, longest, parameters, made_up }
}

fn wish(edition: Edition, parameters: parameters::Values) -> Wish {
    let account = Account {
        partition: PARTITION.to_owned(),
        id: ACCOUNT.to_owned(),
        region: "eu-west-1".to_owned(),
    };
    let stack = format!("arn:{PARTITION}:cloudformation:eu-west-1:{ACCOUNT}:stack/lint/id");
    Wish {
        account,
        owner: Owner::new(&stack, "Preset"),
        provider: PROVIDER.to_owned(),
        edition,
        parameters,
        path: "/".to_owned(),
        permissions_boundary: None,
        tags: BTreeMap::new(),
        max_session_duration: 3600,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn booleans(names: &[&'static str]) -> Vec<(&'static str, Vec<String>)> {
        names.iter().map(|name| (*name, vec!["false".to_owned(), "true".to_owned()])).collect()
    }

    #[test]
    fn few_choices_are_combined_in_all_ways_the_defaults_first() {
        let combinations = combinations(&booleans(&["A", "B", "C"]));
        assert_eq!(combinations.len(), 8);
        assert_eq!(combinations.first().map(BTreeMap::len), Some(0));
        assert_eq!(combinations.last().map(BTreeMap::len), Some(3));
    }

    #[test]
    fn of_many_choices_each_two_are_combined_and_all_are_on_once() {
        let names = ["A", "B", "C", "D", "E", "F", "G", "H", "I", "J"];
        let combinations = combinations(&booleans(&names));
        // None, one, two, and all of ten.
        assert_eq!(combinations.len(), 1 + 10 + 45 + 1);
    }
}
