//! The parameters and objects of each release, kept as data: a later catalogue is held to it.
//!
//! `make bless` writes the record of this release until CHANGELOG.md has its date. Records of earlier
//! releases never change, and CHANGELOG.md names each preset and edition that grants more or less
//! than in the newest of them.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

use account_presets::digest::digest;
use account_presets::preset::schema::{Parameter, Preset};
use account_presets::preset::{self, Edition};
use serde::{Deserialize, Serialize};

use made::golden;

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The line of CHANGELOG.md where no edition grants anything else.
const NO_CHANGE: &str = "No preset grants more or less.";

/// The parameters, objects and grants of a preset in a release.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    /// Kind and pattern, or words, of each parameter.
    parameters: BTreeMap<String, String>,
    /// Kind and name of each object, with placeholders.
    objects: BTreeSet<String>,
    /// By edition, each object of the golden files, and a digest of its grants.
    power: BTreeMap<String, BTreeMap<String, String>>,
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
        power: preset
            .editions
            .iter()
            .map(|it| (it.as_str().to_owned(), power(preset, *it)))
            .collect(),
    }
}

fn power(preset: &Preset, edition: Edition) -> BTreeMap<String, String> {
    let mut says: BTreeMap<String, String> = BTreeMap::new();
    for (which, state) in ["usually", "with everything"].iter().zip(golden::grants(preset, edition))
    {
        for (id, object) in state.iter() {
            says.entry(id.to_string())
                .or_default()
                .push_str(&format!("{which}{}", golden::says(object)));
        }
    }
    says.into_iter().map(|(id, says)| (id, digest(&says, 16))).collect()
}

fn this_release() -> Release {
    let presets = preset::names().into_iter().map(|name| (name, preset::find(name).unwrap()));
    presets.map(|(name, preset)| (name.to_owned(), record(preset))).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("releases")
}

fn changelog() -> String {
    fs::read_to_string(folder().join("../../CHANGELOG.md")).unwrap()
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

/// The records, by the numbers of their versions.
fn records() -> BTreeMap<Vec<u32>, Release> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let records =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    records
        .map(|path| (numbers(path.file_stem().unwrap().to_str().unwrap()), read(&path)))
        .collect()
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|number| number.parse().unwrap()).collect()
}

/// The text below a heading of Markdown, down to the next heading of its level.
fn below<'a>(text: &'a str, heading: &str) -> &'a str {
    let Some((_, rest)) = text.split_once(&format!("\n{heading}")) else { return "" };
    let (marks, _) = heading.split_once(' ').unwrap();
    rest.split(&format!("\n{marks} ")).next().unwrap_or_default()
}

/// True if CHANGELOG.md has a date for this version.
fn is_released(changelog: &str) -> bool {
    let line = below(changelog, &format!("## [{VERSION}]")).lines().next().unwrap_or_default();
    match line.strip_prefix(" - ") {
        Some("unreleased") => false,
        Some(date) if date.len() == 10 && date.starts_with("20") => true,
        _ => panic!(
            "CHANGELOG.md: `## [{VERSION}]{line}`, wanted is `## [{VERSION}] - unreleased` or a date"
        ),
    }
}

/// Every preset and edition that grants more or less, and the objects that do.
fn changed(now: &Release, then: &Release) -> BTreeMap<(String, String), BTreeSet<String>> {
    let flat = |release: &Release| -> BTreeSet<(String, String, String, String)> {
        let mut all = BTreeSet::new();
        for (preset, record) in release {
            for (edition, objects) in &record.power {
                let own = |(id, says): (&String, &String)| {
                    (preset.clone(), edition.clone(), id.clone(), says.clone())
                };
                all.extend(objects.iter().map(own));
            }
        }
        all
    };
    let mut changed: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for (preset, edition, object, _) in flat(now).symmetric_difference(&flat(then)) {
        changed.entry((preset.clone(), edition.clone())).or_default().insert(object.clone());
    }
    changed
}

/// The lines about power that CHANGELOG.md lacks.
fn unsaid(now: &Release, then: &Release, changelog: &str) -> Vec<String> {
    let notes = below(below(changelog, &format!("## [{VERSION}]")), "### Power");
    let changed = changed(now, then);
    if changed.is_empty() && !notes.contains(NO_CHANGE) {
        return vec![NO_CHANGE.to_owned()];
    }
    let is_said = |preset: &str, edition: &str| {
        notes.lines().any(|line| {
            let names = |word: &str| line.contains(&format!("`{word}`"));
            let says = line.contains("adds ") || line.contains("takes away ");
            line.starts_with("- ") && names(preset) && names(edition) && says
        })
    };
    let unsaid = changed.into_iter().filter(|((preset, edition), _)| !is_said(preset, edition));
    unsaid
        .map(|((preset, edition), objects)| {
            let objects: Vec<String> = objects.into_iter().collect();
            format!("- `{preset}`, `{edition}`: adds … and takes away …, in {}", objects.join(", "))
        })
        .collect()
}

/// I32
#[test]
fn this_release_is_on_record() {
    let path = folder().join(format!("{VERSION}.json"));
    let now = this_release();
    let released = is_released(&changelog());
    if env::var_os("BLESS").is_some() && !released {
        fs::create_dir_all(folder()).unwrap();
        fs::write(&path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
    }
    let remedy = match released {
        true => {
            "is released: raise the version in Cargo.toml, and give CHANGELOG.md a heading for it"
        }
        false => "has a stale record; run `make bless`",
    };
    assert!(read(&path) == now, "{VERSION} {remedy}");
}

#[test]
fn the_changelog_says_which_presets_grant_something_else_than_in_the_last_release() {
    let mut earlier = records();
    earlier.retain(|version, _| *version < numbers(VERSION));
    let Some((then, last)) = earlier.pop_last() else { return };
    let unsaid = unsaid(&this_release(), &last, &changelog());
    let then: Vec<String> = then.iter().map(u32::to_string).collect();
    let then = then.join(".");
    assert!(
        unsaid.is_empty(),
        "CHANGELOG.md, below `### Power` of {VERSION}, lacks these changes since {then}; \
         `git diff v{then} -- shared/tests/golden` shows them:\n{}",
        unsaid.join("\n")
    );
}

/// The first release has no earlier one, so the rule is tried on a changelog of its own.
#[test]
fn a_change_of_power_has_to_be_said_and_no_change_too() {
    let (now, mut then) = (this_release(), this_release());
    let changelog = |power: &str| {
        let of_another = "\n## [0.0.1] - 2020-01-01\n### Power\n- `zappa`, `current`: adds all";
        format!(
            "# Changelog\n\n## [{VERSION}] - unreleased\n### Added\n- `zappa`, `current`: adds\n{power}{of_another}"
        )
    };
    let unsaid = |then: &Release, power: &str| unsaid(&now, then, &changelog(power));
    assert_eq!(unsaid(&then, ""), [NO_CHANGE]);
    assert_eq!(unsaid(&then, &format!("### Power\n{NO_CHANGE}")), Vec::<String>::new());

    let zappa = then.get_mut("zappa").unwrap();
    let (role, digest) = zappa.power.get_mut("current").unwrap().iter_mut().next_back().unwrap();
    *digest = "another".to_owned();
    let role = role.clone();
    zappa.power.remove("hardened").unwrap();
    let slim = then.get_mut("slim").unwrap().power.get_mut("documented").unwrap();
    slim.insert("policy `gone`".to_owned(), "text".to_owned());
    let missing = unsaid(&then, "### Power\n");
    assert_eq!(missing.len(), 3, "{missing:#?}");
    assert_eq!(missing[0], "- `slim`, `documented`: adds … and takes away …, in policy `gone`");
    assert_eq!(missing[1], format!("- `zappa`, `current`: adds … and takes away …, in {role}"));
    // The first names no edition, the second no change.
    assert_eq!(unsaid(&then, "### Power\n- `zappa` and `slim`: adds a right\n").len(), 3);
    assert_eq!(
        unsaid(&then, "### Power\n- `zappa`, `current` and `hardened`: other words\n").len(),
        3
    );
    let said = "### Power\n- `zappa`, `current` and `hardened`: adds `s3:GetObject` on the bucket\n\
                - `slim`, `documented`: takes away `sqs:*`\n### Fixed\n";
    assert_eq!(unsaid(&then, said), Vec::<String>::new());
}

#[test]
fn a_release_is_closed_by_its_date() {
    let heading =
        |end: &str| format!("# Changelog\n\n## [{VERSION}]{end}\n\n## [0.0.1] - 2020-01-01\n");
    assert!(!is_released(&heading(" - unreleased")));
    assert!(is_released(&heading(" - 2026-12-01")));
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
    for (version, record) in records() {
        let lacking = lacking(&now, &record);
        let forgotten: Vec<&String> = lacking.difference(&retired).collect();
        assert!(forgotten.is_empty(), "{version:?}: {forgotten:#?}; see retired.txt");
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
