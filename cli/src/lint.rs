//! `lint`: a preset of one's own, held to the grammar and to the linter of the catalogue.

use std::path::Path;

use account_presets::preset::Preset;
use account_presets::preset::lint::{Reference, lint as all_findings, mistakes};
use serde_json::json;

use crate::Found;
use crate::output::Output;

/// Actions, resources and managed policies of AWS, as the repository's own test has them.
const REFERENCE: &str = include_str!("../../shared/data/aws-reference.json");

/// Prints the linter's findings; 2 if there is a mistake among them.
///
/// # Errors
///
/// The file cannot be read, has a word that the grammar does not have, or an undeclared name.
pub(crate) fn lint(file: &Path, output: &Output) -> Result<Found, String> {
    let name = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    let preset: Preset =
        serde_saphyr::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let mistakes = mistakes(&preset);
    if !mistakes.is_empty() {
        return Err(format!("{name}: {}", mistakes.join("; ")));
    }
    let reference = Reference::from_json(REFERENCE).map_err(|error| error.to_string())?;
    let findings = all_findings(&preset, &reference);
    let has_mistakes = findings.iter().any(account_presets::preset::lint::Finding::is_mistake);
    let json = || {
        let finding = |it: &account_presets::preset::lint::Finding| {
            let editions = it.at.editions.iter().map(|edition| edition.as_str());
            json!({
                "mistake": it.is_mistake(),
                "problem": it.problem.to_string(),
                "editions": editions.collect::<Vec<_>>(),
                "parameters": it.at.parameters,
            })
        };
        json!({"form": 1, "findings": findings.iter().map(finding).collect::<Vec<_>>()})
    };
    let text = || {
        if findings.is_empty() {
            return "No mistakes.\n".to_owned();
        }
        let sign = |is_mistake| if is_mistake { "!" } else { "=" };
        findings.iter().map(|it| format!("{} {it}\n", sign(it.is_mistake()))).collect()
    };
    output.tell(json, text)?;
    Ok(if has_mistakes { Found::Differences } else { Found::Nothing })
}
