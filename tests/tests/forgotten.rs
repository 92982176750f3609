//! A file of tests that no other file names would never run, and nothing else would say so.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

use std::fs;
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 7] = [
    "cli/tests",
    "functions/iam-preset/tests",
    "functions/lambda-concurrency/tests",
    "shared/grammar/tests",
    "shared/tests",
    "tests/fuzz/tests",
    "tests/tests",
];

#[test]
fn every_file_of_tests_belongs_to_a_program_that_cargo_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = 0;
    for folder in FOLDERS.map(|folder| root.join(folder)) {
        let files = files(&folder);
        let forgotten: Vec<_> = files.iter().filter(|file| !runs(file, &folder)).collect();
        assert!(forgotten.is_empty(), "no `mod` names {forgotten:?}");
        found += files.len();
    }
    assert!(found > 50, "{found}");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// True if Cargo takes the file for a program, or a file that runs has it as a module. The only
/// program of a folder with an `all.rs` is that one.
fn runs(file: &Path, tests: &Path) -> bool {
    let folder = file.parent().unwrap();
    let all = tests.join("all.rs");
    let outer = match folder.join("main.rs") {
        _ if folder == tests && all.exists() => all,
        _ if folder == tests => return true,
        main if main.exists() && !all.exists() => main,
        _ => folder.with_extension("rs"),
    };
    let name = file.file_stem().unwrap().to_str().unwrap();
    let names_it = |outer: String| outer.lines().any(|line| line == format!("mod {name};"));
    file == outer || fs::read_to_string(&outer).is_ok_and(names_it) && runs(&outer, tests)
}
