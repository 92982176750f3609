//! What is found in the catalogue.

use account_presets::preset;
use account_presets::preset::lint::lint;
use serde_json::Value;

use super::reference;

/// Threat 1, Threat 2, Threat 8
#[test]
fn the_catalogue_has_no_mistakes_but_the_accepted_ones() {
    let reference = reference();
    let mut found: Vec<String> = Vec::new();
    for name in preset::names() {
        let preset = preset::find(name).unwrap();
        let mut accepted: Vec<&str> =
            preset.accepted.iter().map(|it| it.finding.as_str()).collect();
        let findings = lint(preset, &reference);
        for finding in findings.iter().filter(|finding| finding.is_mistake()) {
            let line = finding.to_string();
            match accepted.iter().position(|words| line.contains(words)) {
                Some(place) => drop(accepted.remove(place)),
                None => found.push(format!("{name}.yaml: {line}")),
            }
        }
        assert!(accepted.is_empty(), "{name}.yaml: `accepted` has what is not found: {accepted:?}");
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn the_readme_of_the_data_names_the_versions_that_it_was_made_from() {
    let data: Value = serde_json::from_str(include_str!("../../data/aws-reference.json")).unwrap();
    let readme = include_str!("../../data/README.md");
    for (package, version) in data["sources"].as_object().unwrap() {
        let version = version.as_str().unwrap();
        assert!(readme.contains(package) && readme.contains(version), "{package} {version}");
    }
}
