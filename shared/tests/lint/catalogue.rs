//! Findings in the catalogue.

use account_presets::preset;
use account_presets::preset::lint::{Judged, judged};
use serde_json::Value;

use super::reference;

/// Threat 1, Threat 2, Threat 8
#[test]
fn the_catalogue_has_no_mistakes_but_the_accepted_ones() {
    let reference = reference();
    let mut found: Vec<String> = Vec::new();
    for name in preset::names() {
        let Judged { findings, unused } = judged(preset::find(name).unwrap(), &reference);
        let open = findings.iter().filter(|(it, accepted)| it.is_mistake() && accepted.is_none());
        found.extend(open.map(|(finding, _)| format!("{name}.yaml: {finding}")));
        assert!(unused.is_empty(), "{name}.yaml: `accepted` has what is not found: {unused:?}");
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
