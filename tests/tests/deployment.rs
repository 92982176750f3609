//! The examples' requests to the functions, and the build of these.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

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

#[test]
fn every_example_offers_the_editions_that_there_are_and_takes_the_default_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    for name in preset::names() {
        let editions = &preset::find(name).unwrap().editions;
        let words: Vec<&str> = editions.iter().map(|edition| edition.as_str()).collect();
        let example = fs::read_to_string(folder.join(name).with_extension("yaml")).unwrap();
        let offered = format!(
            "  Edition:\n    Type: String\n    Default: {}\n    AllowedValues: [{}]\n",
            words[0],
            words.join(", ")
        );
        assert!(example.contains(&offered), "{name}: {offered}");
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

/// People of IAM Identity Center get the policies of the users' group, by the same names.
#[test]
fn the_permission_set_of_the_example_names_what_lithops_gives_its_users() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let example = fs::read_to_string(folder.join("examples/permission-set.yaml")).unwrap();
    let named = example.lines().filter_map(|line| line.trim().strip_prefix("- {Name: "));
    let named: Vec<&str> = named.filter_map(|rest| rest.split(',').next()).collect();
    let page = fs::read_to_string(folder.join("docs/presets/lithops.md")).unwrap();
    let (_, people) = page.split_once("## People without IAM users").unwrap();
    let row = people.lines().find_map(|line| line.strip_prefix("| `hardened` | ")).unwrap();
    let listed = row.split(" |").next().unwrap().replace('`', "");
    assert_eq!(listed.split(", ").collect::<Vec<_>>(), named);
}
