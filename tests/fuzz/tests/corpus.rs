//! The inputs of libFuzzer that are worth keeping, once more: each target with its folder in
//! `corpus/`.
//! For the programs themselves: `make fuzz`.
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use fuzz::TARGETS;

#[test]
fn every_target_has_a_program_and_inputs_and_nothing_else_has() {
    let names = |folder: &str| -> BTreeSet<String> {
        let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        inside(&home().join(folder)).iter().map(stem).collect()
    };
    let targets: BTreeSet<String> = TARGETS.map(|(name, _)| name.to_owned()).into();
    assert_eq!(names("targets"), targets);
    assert_eq!(names("corpus"), targets);
}

/// P7, P17, V8, X2, X3
#[test]
fn whatever_the_event_one_answer_fits_and_no_address_is_told() {
    replay("event");
}

/// I1, V6, V11, V13
#[test]
fn whatever_the_properties_a_stack_comes_and_goes_and_leaves_nothing() {
    replay("properties");
}

#[test]
fn whatever_the_text_its_placeholders_are_found_and_a_value_stays_in_its_place() {
    replay("placeholders");
}

/// R12, R13
#[test]
fn whatever_the_documents_they_are_equal_if_they_mean_the_same_and_only_then() {
    replay("policy_documents");
}

/// Gives a target its inputs and the samples, and names those that break a promise.
fn replay(name: &str) {
    let (_, target) = TARGETS.into_iter().find(|(target, _)| *target == name).unwrap();
    let own = inside(&home().join("corpus").join(name));
    assert!(!own.is_empty(), "no inputs");
    let samples = inside(&home().join("../../events"));
    let breaks = |file: &PathBuf| {
        let bytes = fs::read(file).unwrap();
        catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err()
    };
    let broken: Vec<PathBuf> = own.into_iter().chain(samples).filter(breaks).collect();
    assert!(broken.is_empty(), "a promise is broken, as said above, by {broken:#?}");
}

fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn inside(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
