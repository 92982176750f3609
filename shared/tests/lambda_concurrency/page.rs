//! `docs/lambda-concurrency.md` names each outcome, attribute and property, and no other one.

use std::collections::BTreeSet;

use account_presets::lambda_concurrency::Outcome;
use account_presets::lambda_concurrency::fake::Fake;

use super::world::*;

/// The names in the first column of the table under a heading.
fn rows(heading: &str) -> BTreeSet<String> {
    let page = include_str!("../../../docs/lambda-concurrency.md");
    let (_, section) = page.split_once(&format!("## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" |").next());
    cells.flat_map(|cell| cell.split("`, `")).map(|name| name.replace('`', "")).collect()
}

#[test]
fn every_outcome_has_a_row() {
    assert_eq!(rows("Outcomes"), Outcome::ALL.map(|outcome| outcome.as_str().to_owned()).into());
}

#[tokio::test(start_paused = true)]
async fn every_attribute_has_a_row() {
    let attributes = sent(&Fake::new(10), create(1000)).await.0.data;
    assert_eq!(rows("Attributes"), attributes.into_keys().collect());
}

#[tokio::test(start_paused = true)]
async fn every_property_has_a_row() {
    let problem = send(&Fake::new(10), create(1000).property("X", 1)).await.unwrap_err();
    let (_, allowed) = problem.split_once("(allowed: ").unwrap();
    let allowed = allowed.trim_end_matches(')').split(", ").map(|name| name.replace('`', ""));
    assert_eq!(rows("Properties"), allowed.collect());
}
