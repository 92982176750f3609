//! docs/own-presets.md: its examples are one preset, in which every word of the grammar is.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::BTreeMap;

use grammar::read::text;
use grammar::{BUILT_IN, schema::Preset};
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/own-presets.md");

/// All blocks of the page's reference, one below the other.
fn preset() -> String {
    let blocks = PAGE.split("```yaml preset\n").skip(1);
    blocks.map(|block| block.split_once("```").unwrap().0).collect()
}

/// Each word of the grammar, by the part that has it, and whether it is written.
type Words = BTreeMap<(String, String), bool>;

/// What `read` has, which is every word of a part, against what is written.
fn words(part: &str, read: &Value, written: &Value, words_of: &mut Words) {
    match (read, written) {
        (Value::Object(read), Value::Object(written)) => {
            for (word, value) in read {
                let is_written = words_of.entry((part.to_owned(), word.clone())).or_default();
                *is_written |= written.contains_key(word);
                if let Some(written) = written.get(word) {
                    words(&inside(part, word, value), value, written, words_of);
                }
            }
        }
        (Value::Array(read), Value::Array(written)) => {
            read.iter().zip(written).for_each(|(read, written)| {
                words(part, read, written, words_of);
            });
        }
        _ => {}
    }
}

/// The part that a word begins. What has the same words wherever it stands is one part.
fn inside(part: &str, word: &str, value: &Value) -> String {
    match (part, word) {
        ("preset", "admin_equivalent" | "unbounded") => "mark".to_owned(),
        ("preset", "existing_groups" | "existing_roles") => "existing".to_owned(),
        ("parameters", _) => format!("parameter of type {}", value["type"]),
        ("outputs", _) => "output".to_owned(),
        ("preset", _) => word.to_owned(),
        (_, "policies" | "aws_managed" | "members") => "item".to_owned(),
        _ => word.to_owned(),
    }
}

#[test]
fn the_examples_are_a_preset_in_which_every_word_of_the_grammar_is() {
    let preset = preset();
    let read: Preset = text(&preset).unwrap_or_else(|mistake| panic!("{mistake}"));
    let written: Value = serde_saphyr::from_str(&preset).unwrap();
    let mut found = Words::new();
    words("preset", &serde_json::to_value(read).unwrap(), &written, &mut found);
    let missing: Vec<_> = found.iter().filter(|(_, is_written)| !**is_written).collect();
    assert!(missing.is_empty(), "docs/own-presets.md has no example for {missing:?}");
    assert!(found.len() > 80, "{}", found.len());
    for name in BUILT_IN {
        assert!(preset.contains(&format!("${{{name}}}")), "no example has ${{{name}}}");
    }
    for word in ["- when: {", "- for_each: "] {
        assert!(preset.contains(&format!("        {word}")), "no statement has `{word}`");
    }
}

/// The words that the grammar allows in the place of one that it does not have.
fn allowed(from: &str, to: &str) -> Vec<String> {
    let preset = preset();
    assert!(preset.contains(from), "{from}");
    let mistake = text(&preset.replacen(from, to, 1)).unwrap_err();
    let (_, allowed) = mistake.split_once("expected").unwrap_or_else(|| panic!("{mistake}"));
    let words = allowed.lines().next().unwrap().split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !["", "one", "of", "or"].contains(word));
    words.map(str::to_owned).collect()
}

#[test]
fn every_value_of_a_word_has_an_example() {
    let preset = preset();
    for (from, to, least) in [
        ("type: boolean", "type: bool", 5),
        ("editions: [hardened, current]", "editions: [hard]", 3),
        ("attribute: Name", "attribute: Names", 2),
    ] {
        let words = allowed(from, to);
        assert!(words.len() >= least, "{words:?}");
        for word in words {
            assert!(preset.contains(&word) || PAGE.contains(&format!("`{word}`")), "{word}");
        }
    }
}
