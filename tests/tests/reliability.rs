//! `docs/reliability.md` and `docs/threat-model.md` say which test proves what, and have to be fresh.
//!
//! A row is in `tests/reliability.yaml` or `tests/threats.yaml`. A test names the rows that it proves
//! in a line of their own right above its attributes: `/// P1, T3` in Rust, `# P1` in Python and in
//! rules of cfn-guard, `// Threat 4` in JavaScript. After a change: `make bless`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;

/// Where tests are.
const FOLDERS: [&str; 3] = ["functions", "shared", "tests"];

/// The part of a page before this line is written by hand, and the rest is made here.
const MADE: &str = "<!-- Made by `make bless` from here on. -->\n";

/// Rows that belong together.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    group: String,
    rows: Vec<Row>,
}

/// A fault, its result, and why no test shows it where none does.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Row {
    code: String,
    what: String,
    /// The guard against a threat.
    guard: Option<String>,
    /// Why it cannot happen here.
    not_applicable: Option<String>,
    /// The part that only a real account can show, tests or not.
    only_on_aws: Option<String>,
    /// The operator's part, tests or not.
    operator: Option<String>,
    /// The open work.
    missing: Option<String>,
}

/// A test that names the rows that it proves.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Test {
    file: String,
    name: String,
}

/// The tests that prove each row, by the row's code.
type Proofs = BTreeMap<String, Vec<Test>>;

#[test]
fn the_page_of_reliability_says_which_test_proves_what() {
    let groups = rows(include_str!("../reliability.yaml"));
    let proofs = of_repository(|code| !code.starts_with("Threat "));
    assert_eq!(problems(&groups, &proofs), Vec::<String>::new());
    println!("{}", totals(&groups, &proofs));
    let tables = groups.iter().map(|group| table(group, &proofs, &["fault, and its result"]));
    keep_fresh("reliability.md", &(totals(&groups, &proofs) + &tables.collect::<String>()));
}

#[test]
fn the_page_of_threats_says_which_test_holds_which_guard() {
    let groups = rows(include_str!("../threats.yaml"));
    let proofs = of_repository(|code| code.starts_with("Threat "));
    assert_eq!(problems(&groups, &proofs), Vec::<String>::new());
    let tables = groups.iter().map(|group| table(group, &proofs, &["threat", "guard"]));
    keep_fresh("threat-model.md", &tables.collect::<String>());
}

fn rows(text: &str) -> Vec<Group> {
    serde_saphyr::from_str(text).unwrap()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Returns the rows that the repository's tests prove, of the codes that are asked for.
fn of_repository(asked: impl Fn(&str) -> bool) -> Proofs {
    let mut proofs = Proofs::new();
    for folder in FOLDERS {
        collect(&root().join(folder), &mut proofs);
    }
    proofs.retain(|code, _| asked(code));
    proofs
}

fn collect(folder: &Path, proofs: &mut Proofs) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !name.starts_with('.') && !["node_modules", "target"].contains(&name) {
                collect(&path, proofs);
            }
        } else if let Some(comment) = comment(name) {
            let file = path.strip_prefix(root()).unwrap().to_str().unwrap();
            scan(file, comment, &fs::read_to_string(&path).unwrap(), proofs);
        }
    }
    proofs.values_mut().for_each(|tests| tests.sort());
}

/// The beginning of a comment in a file that may hold tests.
fn comment(file: &str) -> Option<&'static str> {
    match file.rsplit_once('.')?.1 {
        "rs" => Some("/// "),
        "py" | "guard" => Some("# "),
        "mjs" => Some("// "),
        _ => None,
    }
}

/// Adds the rows that the tests of a file prove.
fn scan(file: &str, comment: &str, text: &str, proofs: &mut Proofs) {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for (place, line) in lines.iter().enumerate() {
        let Some(codes) = line.strip_prefix(comment).and_then(codes) else { continue };
        let is_attribute = |line: &&&str| line.starts_with("#[") || line.starts_with('@');
        let name = lines[place + 1..].iter().find(|line| !is_attribute(line));
        let name = name.and_then(|line| test_name(line)).unwrap_or_else(|| {
            panic!("{file}:{}: `{line}` does not stand right above a test", place + 1)
        });
        for code in codes {
            let test = Test { file: file.to_owned(), name: name.clone() };
            proofs.entry(code).or_default().push(test);
        }
    }
}

/// The codes of a line that holds nothing else.
fn codes(line: &str) -> Option<Vec<String>> {
    let is_code = |code: &str| {
        let number = code.strip_prefix("Threat ").or_else(|| code.get(1..)).unwrap_or_default();
        code.starts_with(|letter: char| letter.is_ascii_uppercase())
            && !number.is_empty()
            && number.bytes().all(|digit| digit.is_ascii_digit())
    };
    let codes: Vec<&str> = line.split(", ").collect();
    codes.iter().all(|code| is_code(code)).then(|| codes.iter().map(|it| (*it).into()).collect())
}

/// The sentence that is a test's name.
fn test_name(definition: &str) -> Option<String> {
    let definition = definition.trim_start_matches("async ");
    let words =
        [("fn ", '('), ("def test_", '('), ("test('", '\''), ("suite('", '\''), ("rule ", ' ')];
    let name = words.iter().find_map(|(word, end)| definition.strip_prefix(word)?.split_once(*end));
    Some(name?.0.replace('_', " "))
}

/// Returns the mismatches between rows and tests.
fn problems(groups: &[Group], proofs: &Proofs) -> Vec<String> {
    let mut problems = Vec::new();
    let mut known = BTreeSet::new();
    for row in groups.iter().flat_map(|group| &group.rows) {
        let Row { code, not_applicable, only_on_aws, operator, missing, .. } = row;
        let mut problem = |what: &str| problems.push(format!("{code} {what}"));
        if !known.insert(code) {
            problem("is there twice");
        }
        match proofs.contains_key(code) {
            true if not_applicable.is_some() => problem("is not applicable, and has a test"),
            true if missing.is_some() => problem("is missing, and has a test"),
            false
                if [not_applicable, only_on_aws, operator, missing]
                    .iter()
                    .all(|it| it.is_none()) =>
            {
                problem("has neither a test nor a reason");
            }
            true | false => {}
        }
    }
    let unknown = proofs.iter().filter(|(code, _)| !known.contains(code));
    problems.extend(unknown.map(|(code, tests)| format!("{code} is no row: {tests:?}")));
    problems
}

fn totals(groups: &[Group], proofs: &Proofs) -> String {
    let rows: Vec<&Row> = groups.iter().flat_map(|group| &group.rows).collect();
    let count = |of: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| of(row)).count();
    let tested = |row: &Row| proofs.contains_key(&row.code);
    let tests: BTreeSet<&Test> = proofs.values().flatten().collect();
    let mut text = format!("\n| rows | {} |\n| --- | --- |\n", rows.len());
    for (what, number) in [
        (format!("shown by {} tests", tests.len()), count(&tested)),
        (
            "of these, with a part that only AWS can show".to_owned(),
            count(&|row| tested(row) && row.only_on_aws.is_some()),
        ),
        ("only AWS can show".to_owned(), count(&|row| !tested(row) && row.only_on_aws.is_some())),
        ("cannot happen here".to_owned(), count(&|row| row.not_applicable.is_some())),
        ("open".to_owned(), count(&|row| row.missing.is_some())),
    ] {
        writeln!(text, "| {what} | {number} |").unwrap();
    }
    text
}

/// The table of a group; the second column, if there is one, is the guard.
fn table(group: &Group, proofs: &Proofs, columns: &[&str]) -> String {
    let rule = "| --- ".repeat(columns.len() + 2);
    let mut text =
        format!("\n## {}\n\n| | {} | shown by |\n{rule}|\n", group.group, columns.join(" | "));
    for row in &group.rows {
        let told = [&row.what, row.guard.as_deref().unwrap_or("none")][..columns.len()].join(" | ");
        let tests = proofs.get(&row.code).into_iter().flatten().map(link);
        let reasons = [
            ("Cannot happen here", &row.not_applicable),
            ("Only on AWS", &row.only_on_aws),
            ("Left to the operator", &row.operator),
            ("Open", &row.missing),
        ];
        let reasons = reasons
            .into_iter()
            .filter_map(|(word, why)| Some(format!("{word}: {}", why.as_ref()?)));
        let shown: Vec<String> = tests.chain(reasons).collect();
        writeln!(text, "| {} | {told} | {} |", row.code, shown.join("<br>")).unwrap();
    }
    text
}

fn link(test: &Test) -> String {
    format!("[{}](../{})", test.name, test.file)
}

/// Compares the made part of a page with its fresh form, or writes it.
fn keep_fresh(page: &str, made: &str) {
    let path = root().join("docs").join(page);
    let found = fs::read_to_string(&path).unwrap();
    let (by_hand, _) = found.split_once(MADE).expect("a page with a made part");
    let fresh = format!("{by_hand}{MADE}{made}");
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &fresh).unwrap();
    } else {
        assert!(found == fresh, "docs/{page} is stale; run `make bless`");
    }
}

fn scanned(file: &str, text: &str) -> Vec<(String, String)> {
    let mut proofs = Proofs::new();
    scan(file, comment(file).unwrap(), text, &mut proofs);
    let flat = proofs
        .into_iter()
        .flat_map(|(code, tests)| tests.into_iter().map(move |it| (code.clone(), it.name)));
    flat.collect()
}

#[test]
fn a_test_says_what_it_proves_in_each_language() {
    let proof = |code: &str, name: &str| (code.to_owned(), name.to_owned());
    let both = vec![proof("P1", "a b"), proof("Threat 12", "a b")];
    for rust in ["fn a_b() {", "async fn a_b() {"] {
        let text =
            format!("/// Words.\n    /// P1, Threat 12\n    #[test]\n    #[more]\n    {rust}\n");
        assert_eq!(scanned("x.rs", &text), both);
    }
    assert_eq!(scanned("x.py", "# P1, Threat 12\n@mark\ndef test_a_b(account):\n"), both);
    assert_eq!(scanned("x.mjs", "// P1, Threat 12\nsuite('a b', () => {\n"), both);
    assert_eq!(scanned("x.guard", "# P1, Threat 12\nrule a_b when x {\n"), both);
}

#[test]
fn a_line_with_other_words_is_no_tag() {
    for line in ["P1 and more", "P", "P1,P2", "p1", "Threat", "Threat x", "P1, more", ""] {
        assert_eq!(codes(line), None, "{line}");
    }
    assert_eq!(scanned("x.rs", "//! P1\n// P1\nlet a = 1;\n"), vec![]);
}

#[test]
#[should_panic(expected = "x.rs:1: `/// P1` does not stand right above a test")]
fn a_tag_above_something_else_is_a_mistake() {
    scanned("x.rs", "/// P1\n\n#[test]\nfn a() {}\n");
}

#[test]
fn rows_and_tests_that_do_not_fit_are_named() {
    let groups = rows(
        "- group: G\n  rows:\n  - {code: P1, what: w}\n  - {code: P2, what: w, not_applicable: y}\n  - {code: P3, what: w, missing: y}\n  - {code: P3, what: w, operator: y}\n  - {code: P4, what: w, only_on_aws: y}\n",
    );
    let test = |codes: &[&str]| -> Proofs {
        let tests = vec![Test { file: "f".into(), name: "n".into() }];
        codes.iter().map(|code| ((*code).to_owned(), tests.clone())).collect()
    };
    assert_eq!(
        problems(&groups, &test(&[])),
        ["P1 has neither a test nor a reason", "P3 is there twice"]
    );
    let found = problems(&groups, &test(&["P1", "P2", "P3", "P4", "P5"]));
    let start = ["P2 is not applicable", "P3 is missing", "P3 is there twice", "P5 is no row"];
    assert!(found.iter().zip(start).all(|(found, start)| found.starts_with(start)), "{found:?}");
    assert_eq!(found.len(), start.len());
    assert!(totals(&groups, &test(&["P1"])).contains("| open | 1 |"));
    let table = table(&groups[0], &test(&["P1"]), &["what", "guard"]);
    assert!(
        table.contains("| P1 | w | none | [n](../f) |\n| P2 | w | none | Cannot happen here: y |")
    );
}
