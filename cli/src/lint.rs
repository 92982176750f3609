//! `lint`: a preset of one's own, held to the grammar and to the linter of the catalogue.

use std::path::{Path, PathBuf};

use account_presets::preset::Preset;
use account_presets::preset::lint::{Finding, Judged, Reference, judged, mistakes};
use account_presets::preset::schema::Accepted;
use serde_json::{Value, json};

use crate::Found;
use crate::output::Output;

/// Actions, resources and managed policies of AWS, as the repository's own test has them.
const REFERENCE: &str = include_str!("../../shared/data/aws-reference.json");

/// A finding of the linter, and its acceptance in the preset's file.
struct Told {
    file: String,
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
        let why = self.accepted.as_ref().map(|why| format!("\n    accepted: {why}"));
        format!("{sign} {}{}\n", self.finding, why.unwrap_or_default())
    }

    fn json(&self) -> Value {
        let editions = self.finding.at.editions.iter().map(|edition| edition.as_str());
        json!({
            "mistake": self.is_mistake(),
            "problem": self.finding.problem.to_string(),
            "editions": editions.collect::<Vec<_>>(),
            "parameters": self.finding.at.parameters,
            "file": self.file,
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
    let reference = Reference::from_json(REFERENCE).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for file in files {
        let preset = read(file)?;
        let name = file.display().to_string();
        let Judged { findings, unused } = judged(&preset, &reference);
        if let [Accepted { finding, .. }, ..] = unused.as_slice() {
            return Err(format!(
                "{name}: `accepted` has `{finding}`, which is not found; leave it out, or correct it"
            ));
        }
        all.extend(findings.into_iter().map(|(finding, accepted)| {
            let (file, accepted) = (name.clone(), accepted.map(|it| it.why.clone()));
            Told { file, finding, accepted }
        }));
    }
    let json = || json!({"form": 1, "findings": all.iter().map(Told::json).collect::<Vec<_>>()});
    let text = || match all.is_empty() {
        true => "No mistakes.\n".to_owned(),
        false => all.iter().map(Told::line).collect(),
    };
    output.tell(json, text)?;
    Ok(if all.iter().any(Told::is_mistake) { Found::Differences } else { Found::Nothing })
}

fn read(file: &Path) -> Result<Preset, String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let preset: Preset =
        serde_saphyr::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let mistakes = mistakes(&preset);
    if mistakes.is_empty() { Ok(preset) } else { Err(format!("{name}: {}", mistakes.join("; "))) }
}
