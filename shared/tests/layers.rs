//! Which module may use which: the table of `docs/architecture.md`, held against the source.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{read_dir, read_to_string};
use std::path::{Path, PathBuf};

type Uses = BTreeMap<String, BTreeSet<String>>;

/// The rows of the page's table of modules or crates, names in backticks.
fn of_the_page(of: &str) -> Uses {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/architecture.md");
    let page = read_to_string(page).unwrap();
    let (_, table) = page.split_once(&format!("| {of} | what it is | uses |")).unwrap();
    let names = |cell: &str| -> BTreeSet<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.flat_map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        let uses = names(cells[3]);
        names(cells[1]).into_iter().map(move |module| (module, uses.clone()))
    })
    .collect()
}

/// The modules of the crate that each module names in its code. Unit tests, which may use anything,
/// and comments do not count.
fn of_the_source() -> Uses {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut uses = Uses::new();
    for file in files(&root).into_iter().filter(|file| !file.ends_with("lib.rs")) {
        let inside = file.strip_prefix(&root).unwrap();
        let module = inside.components().next().unwrap().as_os_str().to_str().unwrap();
        let module = module.trim_end_matches(".rs").to_owned();
        let text = read_to_string(&file).unwrap();
        let (code, _) = text.split_once("\n#[cfg(test)]\nmod tests").unwrap_or((&text, ""));
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let named = code.flat_map(|line| line.split("crate::").skip(1).map(str::to_owned));
        let named = named.map(|after| {
            let end = after.find(|it: char| !it.is_ascii_lowercase() && it != '_');
            after[..end.unwrap_or(after.len())].to_owned()
        });
        uses.entry(module.clone()).or_default().extend(named.filter(|it| *it != module));
    }
    uses
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_test = |path: &Path| path.ends_with("tests") || path.ends_with("tests.rs");
    entries
        .filter(|path| !is_test(path))
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}

#[test]
fn each_module_uses_the_modules_that_the_architecture_says_and_no_circle_is_among_them() {
    let (page, source) = (of_the_page("module"), of_the_source());
    assert_eq!(source, page, "left: what the code uses, right: the table of docs/architecture.md");
    let mut left: BTreeSet<&String> = page.keys().collect();
    while !left.is_empty() {
        let lowest = left.iter().find(|module| page[**module].iter().all(|it| !left.contains(it)));
        let lowest = *lowest.unwrap_or_else(|| panic!("a circle is among {left:?}"));
        left.remove(lowest);
    }
}

/// What the manifest names as a dependency of the crate or of its build, of the project's own.
fn dependencies(folder: &str) -> BTreeSet<String> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let manifest = read_to_string(manifest.join("Cargo.toml")).unwrap();
    let sections =
        manifest.split("\n[").map(|section| section.split_once("]\n").unwrap_or_default());
    let of_it = sections.filter(|(name, _)| ["dependencies", "build-dependencies"].contains(name));
    let lines = of_it.flat_map(|(_, lines)| lines.lines());
    let names = lines.filter_map(|line| line.split(['.', ' ', '=']).next());
    let names = names.map(|name| if name == "account_presets" { "shared" } else { name });
    let own = ["account-presets", "grammar", "made", "shared", "tests"];
    names.filter(|name| own.contains(name)).map(str::to_owned).collect()
}

#[test]
fn each_crate_depends_on_those_that_the_architecture_says() {
    let page = of_the_page("crate");
    let mut found = Uses::new();
    for (name, folder) in [
        ("grammar", "shared/grammar"),
        ("shared", "shared"),
        ("functions/*", "functions/iam-preset"),
        ("functions/*", "functions/lambda-concurrency"),
        ("made", "shared/made"),
        ("cli", "cli"),
    ] {
        found.entry(name.to_owned()).or_default().extend(dependencies(folder));
    }
    assert_eq!(found, page, "left: the manifests, right: the table of docs/architecture.md");
}
