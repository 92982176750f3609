//! The pages lead to each other: on a forge, and on the site that `make site` builds of them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use regex_lite::Regex;

const SUMMARY: &str = "docs/SUMMARY.md";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The files below a folder of the repository, by their paths from its root.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(files(&path)),
            false => found.push(PathBuf::from(path)),
        }
    }
    found.sort();
    found
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "md")
}

/// The pages of the site besides those of `docs/`, and the list of all.
fn pages() -> Vec<PathBuf> {
    let beside = [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        ".github/SECURITY.md",
        "examples/README.md",
    ];
    let of_docs = files("docs").into_iter().filter(|path| is_page(path));
    beside.iter().map(PathBuf::from).chain(of_docs).collect()
}

/// The text without what is code.
fn prose(text: &str) -> String {
    let mut is_code = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn links(text: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let code = Regex::new("`[^`\n]*`").unwrap();
    let prose = prose(text);
    let bare = code.replace_all(&prose, "");
    link.captures_iter(&bare).map(|found| found[1].to_owned()).collect()
}

/// The anchors of a page, made of its headings as forges and mdBook make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let link = Regex::new(r"\[([^\]]*)\]\([^)]*\)").unwrap();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let anchors = headings.map(|heading| {
        let heading = link.replace_all(heading.trim_start_matches('#').trim(), "$1");
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " _-".contains(*c));
        let anchor: String = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let before = times.entry(anchor.clone()).or_default();
        *before += 1;
        if *before == 1 { anchor } else { format!("{anchor}-{}", *before - 1) }
    });
    anchors.collect()
}

/// The path to which a link of this page leads, from the root of the repository.
fn target(page: &Path, link: &str) -> PathBuf {
    let mut target = PathBuf::new();
    for part in page.parent().unwrap().join(link).components() {
        match part {
            Component::ParentDir => assert!(target.pop(), "{page:?}: {link} leaves the repository"),
            Component::Normal(name) => target.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    target
}

/// What is wrong with the links of a page, if the site has these pages.
fn dead(page: &Path, content: &str, site: &BTreeSet<PathBuf>) -> Vec<String> {
    let mut dead = Vec::new();
    let relative = |link: &String| !link.contains("://") && !link.starts_with("mailto:");
    for link in links(content).into_iter().filter(relative) {
        let (path, anchor) = link
            .split_once('#')
            .map_or((link.as_str(), None), |(path, anchor)| (path, Some(anchor)));
        let to = if path.is_empty() { page.to_owned() } else { target(page, path) };
        let mut say = |what: &str| dead.push(format!("{}: {link}: {what}", page.display()));
        if root().join(&to).is_dir() {
            say("is a folder, which a site does not show");
        } else if !root().join(&to).is_file() {
            say("is not there");
        } else if is_page(&to) && !site.contains(&to) {
            say("is no page of the site");
        } else if anchor.is_some_and(|it| !is_page(&to) || !anchors(&text(&to)).contains(it)) {
            say("has no such heading");
        }
    }
    dead
}

/// The pages in the order of the site.
fn listed() -> Vec<PathBuf> {
    let summary = Path::new(SUMMARY);
    links(&text(summary)).iter().map(|link| target(summary, link)).collect()
}

#[test]
fn each_page_is_on_the_site_once() {
    let listed = listed();
    let site: BTreeSet<&PathBuf> = listed.iter().collect();
    assert_eq!(site.len(), listed.len(), "{SUMMARY} has a page twice");
    let all = pages();
    let forgotten: Vec<_> =
        all.iter().filter(|it| *it != Path::new(SUMMARY) && !site.contains(it)).collect();
    assert!(forgotten.is_empty(), "{SUMMARY} lacks {forgotten:?}");
}

#[test]
fn each_link_of_a_page_leads_somewhere() {
    let site = listed().into_iter().collect();
    let dead: Vec<String> =
        pages().iter().flat_map(|page| dead(page, &text(page), &site)).collect();
    assert!(dead.is_empty(), "\n{}\n", dead.join("\n"));
}

/// In comments, as a path from the root of the repository.
#[test]
fn each_page_that_an_example_or_a_template_names_is_there() {
    let named = Regex::new(r"docs/[\w/-]+\.md(#[\w-]+)?").unwrap();
    let templates = ["template.yaml", "organization.yaml", "Makefile"].map(PathBuf::from);
    let mut count = 0;
    for file in files("examples").into_iter().chain(templates) {
        for found in named.find_iter(&text(&file)) {
            let (path, anchor) = found.as_str().split_once('#').unwrap_or((found.as_str(), ""));
            assert!(root().join(path).is_file(), "{file:?}: {path} is not there");
            let has_it = anchor.is_empty() || anchors(&text(Path::new(path))).contains(anchor);
            assert!(has_it, "{file:?}: {path} has no heading {anchor}");
            count += 1;
        }
    }
    assert_ne!(count, 0);
}

#[test]
fn a_dead_link_is_found() {
    let site = BTreeSet::from(["docs/audit.md", "docs/recover.md"].map(PathBuf::from));
    let content = "[a](audit.md) [b](recover.md#the-log) [c](#here) [d](../Makefile)\n\
                   # Here\n`[e](gone.md)`\n```\n[f](gone.md)\n```\n\
                   [g](gone.md) [h](recover.md#gone) [i](leave.md) [j](../examples) [k](../Makefile#x)";
    let page = Path::new("docs/audit.md");
    let found = dead(page, content, &site);
    let said: Vec<&str> = found.iter().map(|it| it.split_once(": ").unwrap().1).collect();
    assert_eq!(
        said,
        [
            "#here: has no such heading",
            "gone.md: is not there",
            "recover.md#gone: has no such heading",
            "leave.md: is no page of the site",
            "../examples: is a folder, which a site does not show",
            "../Makefile#x: has no such heading",
        ]
    );
}

#[test]
fn an_anchor_is_made_as_forges_make_it() {
    let text = "# `render`: a way to [leave](leave.md)\n## DELETE_FAILED\n## Here\n## Here\n```\n# no\n```";
    let made = anchors(text);
    let made: Vec<&str> = made.iter().map(String::as_str).collect();
    assert_eq!(made, ["delete_failed", "here", "here-1", "render-a-way-to-leave"]);
}
