//! Finds mistakes of a preset that neither its grammar nor its build can show.
//!
//! The linter renders a preset for every sort of input, checks the rendered states, and reports
//! each problem once, with the fewest parameters that show it. Tests run it over the catalogue.
//! Only the [`Judge`] runs in an account: it applies the same rules to existing roles, groups and
//! users.
//!
//! Names that nothing declares are found by the grammar, when the catalogue is built, and are not
//! looked for again here.
//!
//! Must not know: AWS's API, the clock, the environment, files.

mod account;
mod cases;
mod documents;
mod escalation;
mod finding;
mod judge;
mod objects;
mod own;
mod principals;
mod reference;
mod samples;
mod services;
mod statement;
mod takeovers;

use std::collections::{BTreeMap, BTreeSet};

use super::render::{Branches, attributes, render};
use crate::state::limits;
use grammar::schema::{self, Edition, Preset};

pub use finding::{Example, Finding, Problem};
pub use judge::Judge;
pub use reference::{Reference, Service};
pub use services::acts_for_others;

use cases::Case;

/// Findings, and what the preset's file says of them.
#[derive(Debug)]
pub struct Judged<'a> {
    /// Each finding, with the entry of `accepted` by which it stays.
    pub findings: Vec<(Finding, Option<&'a schema::Accepted>)>,
    /// The entries that no finding fits.
    pub unused: Vec<&'a schema::Accepted>,
}

/// [`lint`], held against what the preset accepts. An entry stands for one mistake, so that a
/// second one is found.
pub fn judged<'a>(preset: &'a Preset, reference: &Reference) -> Judged<'a> {
    let mut unused: Vec<&schema::Accepted> = preset.accepted.iter().collect();
    let findings = lint(preset, reference).into_iter().map(|finding| {
        let line = finding.to_string();
        let fits = |it: &&schema::Accepted| finding.is_mistake() && line.contains(&it.finding);
        let accepted = unused.iter().position(fits).map(|at| unused.remove(at));
        (finding, accepted)
    });
    let findings = findings.collect();
    Judged { findings, unused }
}

/// Returns all problems of a preset and, as notes, facts that its author should know.
///
/// Looked at are all editions, in each of them all combinations of the values of boolean and
/// enum parameters if there are at most 512, otherwise the defaults, all first and all last
/// values, and each two parameters at all their values while the others have their defaults.
/// Each combination is rendered with empty lists, with lists of two elements, and with the
/// longest strings, list elements and numbers that are allowed; the last is held to IAM's limits
/// only, because a longer name grants nothing else. Then each string and list parameter is tried at
/// its shortest value and at those that might make a pattern reach what is the provider's own.
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
    let mut said = own::Said::default();
    let values = |name: &str, provider: &str| match own::is_in_a_document(preset, name) {
        true => own::values(preset, name, provider),
        false => Vec::new(),
    };
    for (case, tried) in cases::trials(preset, &own::PROVIDERS, values) {
        let state = render(preset, &case.wish, Branches::Chosen);
        // A text that is everything or nothing leaves a pattern without a name.
        if tried.as_deref().is_some_and(|text| text.chars().all(|c| "*?".contains(c))) {
            for problem in principals::problems(preset, &state, &case, &reference, &mut known) {
                add(&case, problem);
            }
        }
        // An administrator reaches everything; the hardened edition keeps even those off.
        let is_administrators = !case.wish.admin_equivalent(preset).is_empty();
        if is_administrators && case.wish.edition != Edition::Hardened {
            continue;
        }
        for problem in own::problems(&state, &case, tried.as_deref(), &reference, &mut said) {
            add(&case, problem);
        }
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

/// The roles of a preset that can become administrator under a permissions boundary, asked for in
/// each of the ways that [`lint`] looks at.
pub fn under_boundary(
    preset: &Preset,
    boundary: &serde_json::Value,
    reference: &Reference,
) -> Vec<Finding> {
    let reference = cases::in_our_partition(reference);
    let boundary = statement::statements(&cases::text_in_our_partition(boundary));
    let mut found: BTreeMap<Problem, Example> = BTreeMap::new();
    let (cases, _) = cases::cases(preset);
    for case in cases.iter().filter(|case| !case.longest) {
        let state = render(preset, &case.wish, Branches::Chosen);
        for problem in principals::under(&boundary, &state, case, &reference) {
            let problem = problem.map(|text| case.generic(text));
            let example = case.example(preset, &problem);
            let at = found.entry(problem).or_insert(example);
            at.editions.insert(case.wish.edition);
        }
    }
    found.into_iter().map(|(problem, at)| Finding { problem, at }).collect()
}
