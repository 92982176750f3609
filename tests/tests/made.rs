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

mod packing;

use std::path::{Path, PathBuf};
use std::{env, fs};

use made::example::{MADE, example};
use made::template::{template, with};

/// X6, X8, Threat 1, Threat 4, Threat 8
#[test]
fn the_template_is_as_make_bless_writes_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    let found = fs::read_to_string(&path).unwrap();
    let fresh = template(&found, &made::catalogue()).unwrap();
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
    for (file, fresh) in examples() {
        if env::var_os("BLESS").is_some() {
            fs::write(&file, &fresh).unwrap();
        }
        let found = fs::read_to_string(&file).unwrap_or_default();
        assert!(found == fresh, "{}: run `make bless`", file.display());
    }
}

/// The examples that are not written by hand, by their files.
fn examples() -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let file = |name: &str| folder.join(name).with_extension("yaml");
    let presets = made::catalogue().into_iter().map(|(name, it)| (file(&name), name, it));
    let is_made = |file: &Path| fs::read_to_string(file).map_or(true, |it| it.starts_with(MADE));
    let presets = presets.filter(|(file, ..)| is_made(file));
    presets.map(|(file, name, preset)| (file, example(&name, &preset))).collect()
}

#[test]
fn a_part_is_made_between_its_comments_and_what_is_around_it_stays() {
    let text = |inside: &str| {
        format!("by hand\n  # Made by make bless: x\n{inside}  # Made up to here.\nby hand\n")
    };
    let parts = vec![("x", "  - new\n".to_owned())];
    assert_eq!(with(&text("  - old\n  - older\n"), &parts), Ok(text("  - new\n")));
}

#[test]
fn a_part_without_a_place_and_a_place_without_a_part_or_an_end_are_told() {
    let part = || vec![("x", String::new())];
    for (text, parts, says) in [
        ("by hand\n", part(), "the template has no place for [\"x\"]"),
        ("# Made by make bless: y\n# Made up to here.\n", part(), "no part is called `y`"),
        ("# Made by make bless: x\n", part(), "without `# Made up to here.`"),
        ("# Made up to here.\n", Vec::new(), "`# Made up to here.` without"),
    ] {
        let problem = with(text, &parts).unwrap_err();
        assert!(problem.contains(says), "{says}: {problem}");
    }
}
