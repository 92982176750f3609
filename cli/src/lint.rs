//! `lint`: a preset of one's own, held to the grammar and to the linter of the catalogue.

use std::fs;
use std::path::{Path, PathBuf};

use account_presets::preset::lint::{Finding, Judged, Problem, Reference, judged};
use account_presets::preset::schema::Accepted;
use serde_json::{Value, json};

use crate::Found;
use crate::output::Output;

/// Actions, resources and managed policies of AWS, as the repository's own test has them.
const REFERENCE: &str = include_str!("../../shared/data/aws-reference.json");

/// The same of the services that presets of one's own name, beside them.
const MORE: &str = "aws-reference.json";

/// A finding of the linter, and its acceptance in the preset's file.
struct Told {
    file: String,
    /// Where in the file its words stand: `line 7`.
    lines: Option<String>,
    finding: Finding,
    /// Why it stays, where the preset accepts it.
    accepted: Option<String>,
}

impl Told {
    fn is_mistake(&self) -> bool {
        self.finding.is_mistake() && self.accepted.is_none()
    }

    fn line(&self) -> String {
        let sign = if self.is_mistake() { "!" } else { "=" };
        let at = self.lines.as_ref().map(|lines| format!("\n    {}, {lines}", self.file));
        let why = self.accepted.as_ref().map(|why| format!("\n    accepted: {why}"));
        format!("{sign} {}{}{}\n", self.finding, at.unwrap_or_default(), why.unwrap_or_default())
    }

    fn json(&self) -> Value {
        let editions = self.finding.at.editions.iter().map(|edition| edition.as_str());
        json!({
            "mistake": self.is_mistake(),
            "problem": self.finding.problem.to_string(),
            "editions": editions.collect::<Vec<_>>(),
            "parameters": self.finding.at.parameters,
            "file": self.file,
            "lines": self.lines,
            "accepted": self.accepted,
        })
    }
}

/// Prints the linter's findings; 2 if there is a mistake among them that its preset does not accept.
///
/// # Errors
///
/// A file cannot be read, has a word that the grammar does not have, an undeclared name, or accepts
/// a finding that the linter does not make.
pub(crate) fn lint(files: &[PathBuf], output: &Output) -> Result<Found, String> {
    let all = findings(files)?;
    let json = || json!({"form": 1, "findings": all.iter().map(Told::json).collect::<Vec<_>>()});
    let text = || match all.is_empty() {
        true => "No mistakes.\n".to_owned(),
        false => all.iter().map(Told::line).collect(),
    };
    output.tell(json, text)?;
    Ok(if all.iter().any(Told::is_mistake) { Found::Differences } else { Found::Nothing })
}

/// The mistakes of the files that they do not accept, as `lint` prints them.
///
/// # Errors
///
/// As of [`lint`].
pub(crate) fn mistakes(files: &[PathBuf]) -> Result<String, String> {
    Ok(findings(files)?.iter().filter(|told| told.is_mistake()).map(Told::line).collect())
}

fn findings(files: &[PathBuf]) -> Result<Vec<Told>, String> {
    let mut all = Vec::new();
    for file in &of_folders(files)? {
        let preset = grammar::read::preset(file)?;
        let name = file.display().to_string();
        let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
        let reference = reference(file.parent().unwrap_or(Path::new("")))?;
        let Judged { findings, unused } = judged(&preset, &reference);
        if let [Accepted { finding, .. }, ..] = unused.as_slice() {
            return Err(format!(
                "{name}: `accepted` has `{finding}`, which is not found; leave it out, or correct it"
            ));
        }
        for (finding, accepted) in findings {
            let words = words(&finding.problem);
            let lines = words.into_iter().find_map(|word| {
                // Where it is declared, if it is a name.
                let declared = grammar::read::lines(&text, &["name:", word]);
                declared.or_else(|| grammar::read::lines(&text, &[word]))
            });
            let (file, accepted) = (name.clone(), accepted.map(|it| it.why.clone()));
            all.push(Told { file, lines, finding, accepted });
        }
    }
    Ok(all)
}

/// The files, and in place of a folder its presets.
fn of_folders(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let presets = grammar::read::files(path)?;
        if presets.is_empty() {
            return Err(no_preset(path));
        }
        files.extend(presets);
    }
    Ok(files)
}

/// The mistake of a folder without presets.
pub(crate) fn no_preset(folder: &Path) -> String {
    format!("{}: has no file that ends in .yaml", folder.display())
}

/// What the catalogue is held to, and what a file beside the presets adds to it.
pub(crate) fn reference(folder: &Path) -> Result<Reference, String> {
    let mut reference = Reference::from_json(REFERENCE).map_err(|error| error.to_string())?;
    let file = folder.join(MORE);
    if !file.exists() {
        return Ok(reference);
    }
    let name = file.display();
    let text = fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
    let more = Reference::from_json(&text).map_err(|error| format!("{name}: {error}"))?;
    reference.services.extend(more.services);
    reference.managed.extend(more.managed);
    reference.documents.extend(more.documents);
    Ok(reference)
}

/// Words of a problem that may stand in the preset's file, the narrowest first.
fn words(problem: &Problem) -> [&str; 2] {
    let words = match problem {
        Problem::UnknownAction { object, action }
        | Problem::DeadGrant { object, action, .. }
        | Problem::ReachesProvider { object, action, .. } => [action, object],
        Problem::AccountId { object, text }
        | Problem::Partition { object, text }
        | Problem::Placeholder { object, text } => [text, object],
        Problem::NoSuchManagedPolicy { object, policy, .. } => [policy, object],
        Problem::Dangling { object, needs } => [needs, object],
        Problem::NeverThere { output, of } => [of, output],
        Problem::PassRoleToAnyService { object } => [object, object],
        Problem::NotMarked { principal, path } | Problem::NotBounded { principal, path } => {
            [principal, path]
        }
        Problem::NoExample { parameter: word }
        | Problem::NoDocument { policy: word }
        | Problem::MarkedWithoutReason { reason: word }
        | Problem::Limit { said: word } => [word, word],
    };
    // An object is said as "role `x`".
    words.map(|word| word.split('`').nth(1).unwrap_or(word))
}
