//! `docs/presets/*` and tables of other pages are made from the presets, by `make bless`, and have to
//! be fresh.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

use account_presets::preset::lint::Reference;
use account_presets::preset::schema::{ALLOWED_VALUES, Mark, Parameter, Values};
use account_presets::preset::{self, Edition, Preset};

/// The example of a permission set, as a link from a page.
const PERMISSION_SET: &str = "[examples/permission-set.yaml](../../examples/permission-set.yaml)";

#[test]
fn the_pages_say_what_the_presets_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/presets");
    let mut pages: BTreeMap<String, String> = BTreeMap::new();
    let reference = Reference::from_json(include_str!("../data/aws-reference.json")).unwrap();
    for name in preset::names() {
        let from = format!("shared/presets/{name}.yaml");
        let preset = preset::find(name).unwrap();
        let page = made::page::page(name, preset, &from, PERMISSION_SET);
        pages.insert(format!("{name}.md"), page);
        pages.insert(format!("{name}.svg"), made::picture::picture(preset, &reference));
    }
    if env::var_os("BLESS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (file, page) in &pages {
            fs::write(folder.join(file), page).unwrap();
        }
    }
    let found = fs::read_dir(&folder).expect("docs/presets is missing");
    let found = found.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(found.collect::<BTreeSet<_>>(), pages.keys().cloned().collect());
    for (file, page) in pages {
        assert_eq!(
            fs::read_to_string(folder.join(&file)).unwrap(),
            page,
            "{file} is stale; run `make bless`"
        );
    }
}

/// A page with these lines in the place of those that begin and end so.
fn with_part(page: &str, begins: &str, ends: &str, part: &str) -> String {
    let (before, rest) = page.split_once(begins).expect("a page has lost a table");
    let end = rest.find(ends).expect("a table does not end");
    format!("{before}{}{}", part.trim_end(), rest.get(end..).unwrap())
}

/// A page that is written by hand, but for the part that is made.
fn holds(file: &str, made: impl FnOnce(&str) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    let page = fs::read_to_string(&path).unwrap();
    let fresh = made(&page);
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), fresh, "{file} is stale; run `make bless`");
}

const TABLE: &str = "| amounts to administrator's rights |";
const PRESETS: &str = "| `Preset` | for |";
/// The end of the row of the operator's parameters for names.
const NAMES: &str = " | names that a stack may choose";

#[test]
fn the_readme_says_which_presets_there_are() {
    holds("README.md", |page| with_part(page, PRESETS, "\n\n", &catalogue()));
}

/// Threat 2
#[test]
fn the_page_of_editions_says_which_presets_amount_to_administrator() {
    holds("docs/editions.md", |page| with_part(page, TABLE, "\n\n", &administrators()));
}

#[test]
fn the_operators_page_names_the_parameters_for_names() {
    holds("docs/operator.md", |page| {
        let (before, _) = page.split_once(NAMES).expect("the page has lost a row");
        let row = format!("\n{}", before.rsplit('\n').next().unwrap());
        with_part(page, &row, NAMES, &format!("\n{}", name_parameters()))
    });
}

/// One row for each preset.
fn catalogue() -> String {
    let mut table = format!("{PRESETS} makes | |\n| --- | --- | --- | --- |\n");
    for name in preset::names() {
        let Preset { title, description, source, .. } = preset::find(name).unwrap();
        let tool = format!("[{title}]({})", source.url);
        let page = format!("[`{name}`](docs/presets/{name}.md)");
        writeln!(table, "| {page} | {tool} | {description} | [example](examples/{name}.yaml) |")
            .unwrap();
    }
    table
}

/// The parameters of the template by which the operator allows names, each once.
fn name_parameters() -> String {
    let mut names: Vec<String> = Vec::new();
    for preset in preset::names().into_iter().map(|name| preset::find(name).unwrap()) {
        for setting in preset.parameters.values().filter_map(Parameter::setting) {
            let name = format!("`{}`", setting.parameter);
            if setting.parameter != ALLOWED_VALUES && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    format!("| {}", names.join(", "))
}

/// One row for each preset, with the choices by which each edition amounts to administrator.
fn administrators() -> String {
    let editions = [Edition::Hardened, Edition::Current, Edition::Documented];
    let names: Vec<String> =
        editions.iter().map(|edition| format!("`{}`", edition.as_str())).collect();
    let mut table = format!("{TABLE} {} |\n| --- | --- | --- | --- |\n", names.join(" | "));
    for name in preset::names() {
        let preset = preset::find(name).unwrap();
        let cells = editions.map(|edition| match preset.editions.contains(&edition) {
            true => when_administrator(&preset.admin_equivalent, edition),
            false => "no such edition".to_owned(),
        });
        writeln!(table, "| `{name}` | {} |", cells.join(" | ")).unwrap();
    }
    table
}

fn when_administrator(marks: &[Mark], edition: Edition) -> String {
    let conditions: BTreeSet<String> = marks
        .iter()
        .filter_map(|mark| {
            let mut when = mark.when.clone();
            let editions = when.0.remove("Edition").map(|values| values.texts());
            let here = editions.is_none_or(|them| them.contains(&edition.as_str().to_owned()));
            here.then(|| when.0.iter().map(in_words).collect::<Vec<_>>().join(" and "))
        })
        .collect();
    if conditions.is_empty() {
        "never".to_owned()
    } else if conditions.contains("") {
        "always".to_owned()
    } else {
        conditions.into_iter().collect::<Vec<_>>().join(", or ")
    }
}

/// A switch by its name, anything else with its values.
fn in_words((name, values): (&String, &Values)) -> String {
    match values.texts().as_slice() {
        [only] if only == "true" => format!("with `{name}`"),
        [only] if only == "false" => format!("without `{name}`"),
        several => format!("with `{name}` {}", several.join(" or ")),
    }
}
