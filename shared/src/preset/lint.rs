//! What is wrong with a preset that neither its grammar nor its build can show.
//!
//! The linter renders a preset in every way in which it can be asked for, looks at the states
//! that come out, and says each thing that is wrong once, with the fewest parameters that show
//! it. Tests run it over the catalogue; nothing that runs in an account does.
//!
//! Names that nothing declares are found when the catalogue is built (`check.rs`,
//! `lint/references.rs`), and are not looked for again here.
//!
//! Must not know: AWS's API, the clock, the environment, files.

mod account;
mod cases;
mod documents;
mod escalation;
mod finding;
pub(crate) mod glob;
mod objects;
mod principals;
mod reference;
#[cfg(test)]
mod references;
mod samples;
mod services;
mod statement;

use std::collections::{BTreeMap, BTreeSet};

#[cfg(test)]
use super::placeholders;
use super::render::{Branches, attributes, render};
use super::schema::{self, Preset};
use crate::state::limits;

pub use finding::{Example, Finding, Problem};
pub use reference::{Reference, Service};

use cases::Case;

/// Everything that is wrong with a preset, and, as notes, what a person should know of it.
///
/// Looked at are all editions, in each of them all combinations of the values of boolean and
/// enum parameters if there are at most 512, otherwise the defaults, all first and all last
/// values, and each two parameters at all their values while the others have their defaults.
/// Each combination is rendered with empty lists, with lists of two elements, and with the
/// longest strings, list elements and numbers that are allowed; the last is held to IAM's limits
/// only, because a longer name grants nothing else.
///
/// # Guarantees
///
/// The result is in a fixed order, and each problem is in it once: with all editions that have
/// it, and the parameters of the first example that was found, which has as few values other
/// than the defaults as any.
pub fn lint(preset: &Preset, reference: &Reference) -> Vec<Finding> {
    let reference = cases::in_our_partition(reference);
    let mut found: BTreeMap<Problem, Example> = BTreeMap::new();
    let mut add = |case: &Case, problem: Problem| {
        let problem = problem.map(|text| case.generic(text));
        let example = case.example(preset, &problem);
        let at = found.entry(problem).or_insert(example);
        at.editions.insert(case.wish.edition);
    };
    let (cases, without_example) = cases::cases(preset);
    let mut seen = documents::Seen::new();
    let mut known = principals::Known::new();
    let outputs = objects::one_output_per_reference(preset);
    let mut absent: BTreeSet<&String> = outputs.outputs.keys().collect();
    for case in &cases {
        let state = render(preset, &case.wish, Branches::Chosen);
        for said in limits::check(&state) {
            add(case, Problem::Limit { said });
        }
        if case.longest {
            continue;
        }
        for problem in objects::problems(&state, &case.wish.account, &reference) {
            add(case, problem);
        }
        for problem in documents::problems(&state, case, &reference, &mut seen) {
            add(case, problem);
        }
        for problem in principals::problems(preset, &state, case, &reference, &mut known) {
            add(case, problem);
        }
        let values = attributes(&outputs, &case.wish, &state);
        absent.retain(|name| values.get(*name).is_none_or(String::is_empty));
    }
    for case in cases.iter().filter(|case| case.is_default()) {
        for name in &without_example {
            add(case, Problem::NoExample { parameter: name.clone() });
        }
        for name in &absent {
            let output = name.split('#').next().unwrap_or(name).to_owned();
            let of = outputs.outputs.get(*name).map(objects::described).unwrap_or_default();
            add(case, Problem::NeverThere { output, of });
        }
    }
    let findings = found.into_iter().map(|(problem, at)| Finding { problem, at });
    findings.collect()
}
