//! Downloads for building and testing the functions have one version each, and the lock files have
//! their digests. Workflows name actions by commit.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it did not expect"
)]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// Threat 15
#[test]
fn every_crate_is_locked_with_its_checksum() {
    let lock = include_str!("../../Cargo.lock");
    let ours = [
        "account-presets",
        "fuzz",
        "grammar",
        "iam-preset",
        "lambda-concurrency",
        "made",
        "shared",
        "tests",
    ];
    let mut fetched = 0;
    for package in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let lines = package.lines();
            lines.filter_map(|line| line.split_once(" = ")).find(|(name, _)| *name == key)
        };
        let (_, name) = value("name").expect("a name");
        if ours.contains(&name.trim_matches('"')) {
            assert_eq!(value("source"), None, "{name}");
            continue;
        }
        let (_, source) = value("source").expect("a source");
        assert!(source.starts_with("\"registry+"), "{name} comes from {source}");
        assert!(value("checksum").is_some(), "{name}");
        fetched += 1;
    }
    assert!(fetched > 100, "{fetched}");
}

/// Threat 15
#[test]
fn every_package_of_npm_is_locked_with_its_checksum() {
    for lock in [
        include_str!("../policies/package-lock.json"),
        include_str!("../cdk/package-lock.json"),
        include_str!("../bench/peers/package-lock.json"),
    ] {
        let lock: Value = serde_json::from_str(lock).expect("a lock file");
        let packages = lock["packages"].as_object().expect("packages");
        let fetched: Vec<_> = packages.iter().filter(|(path, _)| !path.is_empty()).collect();
        assert!(!fetched.is_empty());
        for (path, package) in fetched {
            // A bundled package is in the archive of the package that bundles it.
            let is_bundled = package["inBundle"] == Value::Bool(true);
            let sum = package["integrity"].as_str();
            assert!(is_bundled || sum.is_some_and(|sum| sum.starts_with("sha512-")), "{path}");
            assert_eq!(package["hasInstallScript"], Value::Null, "{path}");
        }
    }
}

/// Threat 15
#[test]
fn every_package_of_pypi_is_of_one_version() {
    for list in [
        include_str!("../requirements.txt"),
        include_str!("../requirements-bench.txt"),
        include_str!("../requirements-clients.txt"),
        include_str!("../requirements-sam.txt"),
        include_str!("../requirements-checks.txt"),
    ] {
        let lines = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let lines: Vec<&str> = lines.collect();
        assert!(!lines.is_empty());
        for line in lines {
            let (_, version) = line.split_once("==").expect(line);
            assert!(!version.contains(['*', '>', '<', ',']), "{line}");
        }
    }
}

/// The owner of an action can move its tags to other code, which then has the rights of the job.
#[test]
fn every_workflow_only_reads_and_takes_actions_by_their_commits() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.github/workflows");
    let (mut jobs, mut actions) = (0, 0);
    for entry in fs::read_dir(folder).expect("workflows") {
        let path = entry.expect("a workflow").path();
        let text = fs::read_to_string(&path).expect("a text");
        let workflow: Value = serde_saphyr::from_str(&text).expect("YAML");
        assert_eq!(workflow["permissions"], json!({}), "{}", path.display());
        for (name, job) in workflow["jobs"].as_object().expect("jobs") {
            assert_eq!(job["permissions"], json!({"contents": "read"}), "{name}");
            jobs += 1;
        }
        for used in text.lines().filter_map(|line| line.split_once("uses: ")) {
            let (_, version) = used.1.split_once('@').expect("a version");
            let (commit, tag) = version.split_once(" # v").expect("a commit, and its tag");
            let is_commit = commit.len() == 40 && commit.chars().all(|it| it.is_ascii_hexdigit());
            assert!(is_commit && tag.split('.').count() == 3, "{}", used.1);
            actions += 1;
        }
    }
    assert!(jobs >= 3 && actions >= 5, "{jobs} jobs, {actions} actions");
}
