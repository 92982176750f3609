//! The parameters and objects of each release, kept as data: a later catalogue is held to it.
//!
//! `make bless` writes the record of this release. Those of earlier ones never change.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use account_presets::preset;
use account_presets::preset::schema::{Parameter, Preset};
use serde::{Deserialize, Serialize};

/// The parameters and objects of a preset in a release.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    /// Kind and pattern, or words, of each parameter.
    parameters: BTreeMap<String, String>,
    /// Kind and name of each object, with placeholders.
    objects: BTreeSet<String>,
}

type Release = BTreeMap<String, Record>;

fn record(preset: &Preset) -> Record {
    let kind = |parameter: &Parameter| match parameter {
        Parameter::String { pattern, .. } => format!("string {}", pattern.as_deref().unwrap_or("")),
        Parameter::List { pattern, .. } => format!("list {}", pattern.as_deref().unwrap_or("")),
        Parameter::Boolean { .. } => "boolean".to_owned(),
        Parameter::Integer { min, max, .. } => format!("integer {min} to {max}"),
        Parameter::Enum { values, .. } => format!("enum {}", values.join(" ")),
    };
    let parameters = preset.parameters.iter();
    let named = |kind: &str, names: Vec<&String>| -> Vec<String> {
        names.into_iter().map(|name| format!("{kind} {name}")).collect()
    };
    let objects = [
        named("policy", preset.policies.iter().map(|it| &it.name).collect()),
        named("role", preset.roles.iter().map(|it| &it.name).collect()),
        named("instance-profile", preset.instance_profiles.iter().map(|it| &it.name).collect()),
        named(
            "service-linked-role",
            preset.service_linked_roles.iter().map(|it| &it.name).collect(),
        ),
        named("group", preset.groups.iter().map(|it| &it.name).collect()),
    ];
    Record {
        parameters: parameters
            .map(|(name, it)| (name.clone(), kind(it).trim().to_owned()))
            .collect(),
        objects: objects.concat().into_iter().collect(),
    }
}

fn this_release() -> Release {
    let presets = preset::names().into_iter().map(|name| (name, preset::find(name).unwrap()));
    presets.map(|(name, preset)| (name.to_owned(), record(preset))).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("releases")
}

fn read(path: &Path) -> Release {
    let text = fs::read_to_string(path).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Parameters and objects of an earlier catalogue that a later one lacks, a line each.
fn lacking(now: &Release, then: &Release) -> BTreeSet<String> {
    let mut lacking = BTreeSet::new();
    for (name, then) in then {
        let Some(now) = now.get(name) else {
            lacking.insert(name.clone());
            continue;
        };
        for (parameter, kind) in &then.parameters {
            if now.parameters.get(parameter) != Some(kind) {
                lacking.insert(format!("{name} {parameter} {kind}"));
            }
        }
        for object in then.objects.difference(&now.objects) {
            lacking.insert(format!("{name} {object}"));
        }
    }
    lacking
}

/// I32
#[test]
fn this_release_is_on_record() {
    let path = folder().join(concat!(env!("CARGO_PKG_VERSION"), ".json"));
    let now = this_release();
    if env::var_os("BLESS").is_some() {
        fs::create_dir_all(folder()).unwrap();
        fs::write(&path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
    }
    assert_eq!(read(&path), now, "the record is stale; run `make bless`");
}

/// I32
#[test]
fn what_an_earlier_release_had_is_there_or_was_retired_on_purpose() {
    let retired: BTreeSet<String> = fs::read_to_string(folder().join("retired.txt"))
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(str::to_owned)
        .collect();
    let now = this_release();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let lacking = lacking(&now, &read(&path));
            let forgotten: Vec<&String> = lacking.difference(&retired).collect();
            assert!(forgotten.is_empty(), "{}: {forgotten:#?}; see retired.txt", path.display());
        }
    }
}

/// I32
#[test]
fn a_renamed_parameter_a_tightened_pattern_and_a_dropped_object_are_noticed() {
    let then = this_release();
    let mut now = this_release();
    let slim = now.get_mut("slim").unwrap();
    let kind = slim.parameters.remove("UserNames").unwrap();
    slim.parameters.insert("Users".to_owned(), kind);
    slim.parameters.insert("NamePrefix".to_owned(), "string [a-z]".to_owned());
    let dropped = slim.objects.pop_first().unwrap();
    let expected =
        [format!("slim {dropped}"), "slim NamePrefix".to_owned(), "slim UserNames".to_owned()];
    let found = lacking(&now, &then);
    assert_eq!(found.len(), 3);
    assert!(expected.iter().all(|it| found.iter().any(|line| line.starts_with(it))), "{found:?}");
    assert_eq!(lacking(&then, &then), BTreeSet::new());
}
