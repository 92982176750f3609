//! `bless`: what follows from presets of one's own, as `make bless` writes it of the catalogue.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use account_presets::preset;
use account_presets::preset::lint::Reference;
use made::Catalogue;
use serde_json::Value;

use crate::arguments::{Bless, Custom};
use crate::deployer::TEMPLATE;
use crate::output::Output;
use crate::{Found, lint, schema};

/// The project's example of a permission set, for pages that are elsewhere.
const PERMISSION_SET: &str = "`examples/permission-set.yaml` of account-presets";

/// Writes the template with the function's rights, and of each preset of the folder its page, golden
/// files and example, and the schemas; 2, and no file, if the linter finds a mistake.
///
/// # Errors
///
/// A file cannot be read or written, has a mistake, or its preset has no place in the template.
pub(crate) fn bless(asked: &Bless, output: &Output) -> Result<Found, String> {
    let own = grammar::read::catalogue(&[&asked.presets])?;
    if own.is_empty() {
        return Err(lint::no_preset(&asked.presets));
    }
    let file = |name: &str| asked.presets.join(format!("{name}.yaml"));
    let mut all = made::catalogue();
    // A program that was built with presets of one's own has them, perhaps as they were.
    all.retain(|name, _| !preset::own().contains(&name.as_str()));
    for (name, preset) in &own {
        if all.contains_key(name) {
            return Err(grammar::read::taken(&file(name), name));
        }
        all.insert(name.clone(), preset.clone());
    }
    let linted: Vec<PathBuf> = own.keys().map(|name| file(name)).collect();
    let mistakes = lint::mistakes(&linted)?;
    if !mistakes.is_empty() {
        output.print(&mistakes)?;
        return Ok(Found::Differences);
    }
    let files = files(&own, &all, &lint::reference(&asked.presets)?)?;
    for (name, text) in &files {
        write(&asked.into.join(name), text)?;
    }
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    output.tell(|| serde_json::json!({"form": 1, "files": names}), || names.join("\n"))
}

/// All files that are made, by their paths.
fn files(
    own: &Catalogue,
    all: &Catalogue,
    reference: &Reference,
) -> Result<BTreeMap<String, String>, String> {
    let mut files = BTreeMap::new();
    let mut add = |name: String, text: String| files.insert(name, text);
    let template = made::template::template(TEMPLATE, all)?;
    add("template.yaml".to_owned(), unpublished(&template));
    for (name, preset) in own {
        let from = format!("presets/{name}.yaml");
        let page = made::page::page(name, preset, &from, PERMISSION_SET);
        add(format!("docs/presets/{name}.md"), page);
        add(format!("docs/presets/{name}.svg"), made::picture::picture(preset, reference));
        add(format!("examples/{name}.yaml"), made::example::example(name, preset));
        for (file, text) in made::golden::files(name, preset) {
            add(format!("golden/{file}.txt"), text);
        }
    }
    let json = |value: &Value| {
        let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string());
        text.map(|text| text + "\n")
    };
    for (name, resource) in [
        ("iam-preset", Custom::IamPreset),
        ("lambda-concurrency", Custom::LambdaConcurrency),
        ("quota-template", Custom::QuotaTemplate),
    ] {
        add(format!("schemas/{name}.schema.json"), json(&schema::of(resource, all))?);
    }
    add("schemas/attributes.json".to_owned(), json(&schema::attributes(all))?);
    for (name, text) in [
        ("template.schema.json", include_str!("../../schemas/template.schema.json")),
        ("cfn_lint_rule.py", include_str!("../../schemas/cfn_lint_rule.py")),
    ] {
        add(format!("schemas/{name}"), text.to_owned());
    }
    Ok(files)
}

/// Without the entry for the AWS Serverless Application Repository, whose files are the project's.
fn unpublished(template: &str) -> String {
    let (before, entry) = match template.split_once("  AWS::ServerlessRepo::Application:\n") {
        Some(parts) => parts,
        None => return template.to_owned(),
    };
    let behind = entry.lines().skip_while(|line| line.starts_with("    "));
    behind.fold(before.to_owned(), |text, line| text + line + "\n")
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("{}: {error}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(problem)?;
    }
    fs::write(path, text).map_err(problem)
}
