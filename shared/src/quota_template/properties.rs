//! The properties of `Custom::QuotaTemplate`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::plan::{Region, SIZE};
use crate::input::{boolean, brief, entry, integer, no_list, optional, unknown_names};

/// All that may stand there. `ServiceToken` and `ServiceTimeout` are CloudFormation's own.
const KNOWN: [&str; 5] =
    ["AdoptExisting", "ConcurrentExecutions", "Regions", "ServiceTimeout", "ServiceToken"];

/// The largest value that the template takes: API reference,
/// `PutServiceQuotaIncreaseRequestIntoTemplate`.
const LARGEST: i64 = 10_000_000_000;
/// Characters of a Region's name that the template takes: the same.
const LONGEST_REGION: usize = 64;

/// The consumer's properties. An empty string is the same as no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties {
    /// The Regions of the wanted entries: one to ten, by default the stack's own.
    pub regions: BTreeSet<Region>,
    /// Concurrent executions of each of them, 1 to 10^10.
    pub value: u64,
    /// An entry that is there and says something else is used as it is; not by default.
    pub adopt_existing: bool,
}

impl Properties {
    /// Reads properties of a stack in this Region, and returns a sentence for each mistake, which
    /// names the property, the given value and the allowed values. There are none at all without a
    /// number.
    pub fn read(given: &Map<String, Value>, region: &str) -> (Option<Self>, Vec<String>) {
        let mut problems = unknown_names("property", given.keys(), "", &KNOWN);
        let get = |name: &str| given.get(name).filter(|value| **value != "");
        let mut check = |name: &str, problem: String| problems.push(format!("{name}: {problem}"));
        let read = optional(get("Regions"), regions).unwrap_or_else(|problem| {
            check("Regions", problem);
            None
        });
        let own = || BTreeSet::from([region.to_owned()]);
        let regions = read.filter(|regions| !regions.is_empty()).unwrap_or_else(own);
        let adopt_existing = optional(get("AdoptExisting"), boolean).unwrap_or_else(|problem| {
            check("AdoptExisting", problem);
            None
        });
        let value = match get("ConcurrentExecutions") {
            Some(given) => integer(given, 1, LARGEST),
            None => Err(format!("is missing (allowed: whole numbers from 1 to {LARGEST})")),
        };
        let value = value.map_err(|problem| check("ConcurrentExecutions", problem));
        let properties = value.ok().and_then(|value| {
            let value = u64::try_from(value).ok()?;
            Some(Properties { regions, value, adopt_existing: adopt_existing.unwrap_or_default() })
        });
        (properties, problems)
    }
}

/// CloudFormation makes `[""]` of an empty `CommaDelimitedList`, so empty elements count for
/// nothing.
fn regions(given: &Value) -> Result<BTreeSet<Region>, String> {
    let Value::Array(elements) = given else {
        let wanted = format!("a list of at most {SIZE} Regions, such as `[eu-west-1, us-east-1]`");
        return Err(no_list(given, &wanted));
    };
    let mut regions = BTreeSet::new();
    for (number, element) in (1..).zip(elements) {
        let region = entry(number, element)?;
        if region.is_empty() {
            continue;
        }
        if !is_region(&region) {
            return Err(format!(
                "given `{}`, allowed are names of Regions such as `eu-west-1`",
                brief(&region)
            ));
        }
        regions.insert(region);
    }
    if regions.len() > SIZE {
        let given = regions.len();
        return Err(format!("given {given} Regions, allowed are at most {SIZE}"));
    }
    Ok(regions)
}

fn is_region(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends = text.rsplit('-').next().unwrap_or_default();
    text.len() <= LONGEST_REGION
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(plain)
        && text.split('-').count() >= 3
        && !ends.is_empty()
        && ends.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(given: Value) -> (Option<Properties>, Vec<String>) {
        Properties::read(given.as_object().unwrap(), "us-east-1")
    }

    #[test]
    fn a_number_alone_is_enough_and_is_about_the_stacks_region() {
        let given =
            json!({"ConcurrentExecutions": "2000", "ServiceToken": "t", "ServiceTimeout": "60"});
        let expected = Properties {
            regions: ["us-east-1".to_owned()].into(),
            value: 2000,
            adopt_existing: false,
        };
        assert_eq!(read(given), (Some(expected.clone()), vec![]));
        for regions in [json!(""), json!([""]), json!([])] {
            let given =
                json!({"ConcurrentExecutions": 2000, "Regions": regions, "AdoptExisting": ""});
            assert_eq!(read(given), (Some(expected.clone()), vec![]));
        }
    }

    #[test]
    fn each_mistake_names_the_property_what_was_given_and_what_is_allowed() {
        let many: Vec<String> = (1..12).map(|n| format!("eu-west-{n}")).collect();
        for (name, value, said) in [
            ("Region", json!("eu-west-1"), "did you mean `Regions`?"),
            (
                "Regions",
                json!("eu-west-1,eu-west-2"),
                "Regions: given the string `eu-west-1,eu-west-2`, allowed is a list of at most 10 \
                 Regions, such as `[eu-west-1, us-east-1]`; where a parameter of the template has \
                 the string, give that parameter the type CommaDelimitedList",
            ),
            ("Regions", json!({}), "Regions: given a map, allowed is a list"),
            ("Regions", json!(["eu_west_1"]), "Regions: given `eu_west_1`, allowed are names"),
            ("Regions", json!(["Ireland"]), "Regions: given `Ireland`"),
            ("Regions", json!(["eu-west-"]), "Regions: given `eu-west-`"),
            ("Regions", json!(["*"]), "Regions: given `*`"),
            ("Regions", json!([["a"]]), "Regions: entry 1 is a list itself"),
            ("Regions", json!(many), "Regions: given 11 Regions, allowed are at most 10"),
            ("AdoptExisting", json!("yes"), "AdoptExisting: given `yes`, allowed are"),
            ("ConcurrentExecutions", json!("0"), "ConcurrentExecutions: given `0`"),
            ("ConcurrentExecutions", json!("1e3"), "ConcurrentExecutions: given `1e3`"),
            ("ConcurrentExecutions", json!("10000000001"), "whole numbers from 1 to 10000000000"),
            ("ConcurrentExecutions", json!(""), "ConcurrentExecutions: is missing"),
        ] {
            let mut given = json!({"ConcurrentExecutions": "1"});
            given[name] = value;
            let (properties, problems) = read(given);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(said), "{said}: {problems:?}");
            assert_eq!(properties.is_none(), name == "ConcurrentExecutions");
        }
    }
}
