//! The parts of `template.yaml` that `make bless` writes: they follow from the presets and from the
//! calls of the code. The parts stand between two comments, and the text around them is written by
//! hand. And the example of a preset that has none by hand.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at what it did not expect"
)]

mod examples;
mod names;
mod packing;
mod rights;
mod yaml;

pub use yaml::condition;

use std::path::Path;
use std::{env, fs};

/// The comment above a made part, up to the part's name, and the one below it.
const FROM: &str = "# Made by make bless: ";
const TO: &str = "# Made up to here.";

/// A made part: its name, and the function that makes it.
type Part = (&'static str, fn() -> String);

/// All made parts.
const PARTS: [Part; 8] = [
    ("parameters of names", yaml::parameter_group),
    ("presets", yaml::allowed_presets),
    ("names", yaml::name_parameters),
    ("conditions of presets", yaml::conditions),
    ("what the function is told of names", yaml::allowed_names),
    ("policies of presets", yaml::policy_arns),
    ("groups of administrators", yaml::administrators_groups),
    ("rights of presets", yaml::policies),
];

/// X6, X8, Threat 1, Threat 4, Threat 8
#[test]
fn the_template_is_as_make_bless_writes_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let found = fs::read_to_string(&path).unwrap();
    let fresh = fresh(&found, &PARTS);
    if env::var_os("BLESS").is_some() {
        fs::write(&path, fresh).unwrap();
        return;
    }
    for (line, (is, has_to_be)) in (1..).zip(found.lines().zip(fresh.lines())) {
        assert_eq!(is, has_to_be, "line {line} of template.yaml; run `make bless`");
    }
    assert_eq!(found.len(), fresh.len(), "template.yaml; run `make bless`");
}

/// X14
#[test]
fn the_examples_that_nobody_wrote_are_as_make_bless_writes_them() {
    for (file, fresh) in examples::examples() {
        if env::var_os("BLESS").is_some() {
            fs::write(&file, &fresh).unwrap();
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(found == fresh, "{}: run `make bless`", file.display());
    }
}

/// The text with each of the parts made anew.
fn fresh(text: &str, parts: &[Part]) -> String {
    let mut fresh = String::new();
    let mut is_made = false;
    let mut left: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    for line in text.lines() {
        let comment = line.trim_start();
        if comment == TO {
            assert!(is_made, "`{TO}` without `{FROM}…`");
            is_made = false;
        }
        if is_made {
            continue;
        }
        fresh.push_str(line);
        fresh.push('\n');
        if let Some(name) = comment.strip_prefix(FROM) {
            let (_, part) = parts
                .iter()
                .find(|(known, _)| *known == name)
                .unwrap_or_else(|| panic!("no part is called `{name}`; there are {left:?}"));
            left.retain(|known| *known != name);
            fresh.push_str(&part());
            is_made = true;
        }
    }
    assert!(!is_made, "`{FROM}…` without `{TO}`");
    assert_eq!(left, Vec::<&str>::new(), "the template has no place for these");
    fresh
}

#[test]
fn a_part_is_made_between_its_comments_and_what_is_around_it_stays() {
    let part: (&str, fn() -> String) = ("x", || "  - new\n".to_owned());
    let text = |inside: &str| format!("by hand\n  {FROM}x\n{inside}  {TO}\nby hand\n");
    assert_eq!(fresh(&text("  - old\n  - older\n"), &[part]), text("  - new\n"));
}

#[test]
#[should_panic(expected = "the template has no place for these")]
fn a_part_without_a_place_is_told() {
    fresh("by hand\n", &[("x", String::new)]);
}

#[test]
#[should_panic(expected = "no part is called `y`")]
fn a_place_without_a_part_is_told() {
    fresh(&format!("{FROM}y\n{TO}\n"), &[("x", String::new)]);
}

#[test]
#[should_panic(expected = "without `# Made up to here.`")]
fn a_place_without_an_end_is_told() {
    fresh(&format!("{FROM}x\n"), &[("x", String::new)]);
}
