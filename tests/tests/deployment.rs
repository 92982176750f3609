//! What the examples ask of the functions, and how those are built.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;
use std::path::Path;

use account_presets::preset;

/// X14, P22
#[test]
fn every_attribute_that_an_example_asks_for_is_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for name in preset::names() {
        let preset = preset::find(name).unwrap();
        let example = fs::read_to_string(folder.join(name).with_extension("yaml")).unwrap();
        let asked =
            example.lines().filter_map(|line| line.split_once("!GetAtt ")?.1.split_once('.'));
        let asked: Vec<&str> = asked.map(|(_, attribute)| attribute).collect();
        assert!(!asked.is_empty(), "{name}");
        for attribute in asked {
            let known = preset.outputs.contains_key(attribute) || attribute == "AdminEquivalent";
            assert!(known, "{name}: {attribute}");
        }
    }
}

/// P2
#[test]
fn a_panic_of_the_release_build_unwinds_to_where_it_is_answered() {
    let manifest = include_str!("../../Cargo.toml");
    let (_, release) = manifest.split_once("[profile.release]").unwrap();
    // Without the line cargo-lambda would set `abort`.
    assert!(release.lines().any(|line| line == "panic = \"unwind\""));
}
