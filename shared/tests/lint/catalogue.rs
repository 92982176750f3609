//! What is found in the catalogue.

use account_presets::preset;
use account_presets::preset::lint::lint;
use serde_json::Value;

use super::reference;

/// What is left in the catalogue, and why: a preset's title, words of the finding, the reason.
const KNOWN: &[(&str, &str, &str)] = &[
    ("Lithops", "`LithopsPassRole` grants iam:PassRole", BATCH),
    ("Lithops", "`lithops-client-policy` grants iam:PassRole", BATCH),
    ("SLIM", "`SLIM-PassRole` grants iam:PassRole", BATCH),
    ("Orchestra", "`OrchestraEcsComputeDeployer` grants iam:PassRole", PAGE),
    ("Orchestra", "compute-00000000-policy` grants iam:PassRole", PAGE),
    ("Orchestra", "`ecs:DescribeTaskDefinition`", "`current` keeps the module's own grant"),
    ("SkyPilot", "`minimal-skypilot-policy` grants iam:PassRole", PAGE),
    ("SkyPilot", "`SkyPilotPassRolePolicy` grants iam:PassRole", PAGE),
    ("Zappa", "`ZappaLambdaDeploymentPolicy` grants iam:PassRole", PAGE),
];

const BATCH: &str = "AWS does not say as which service Batch is passed an instance role";
const PAGE: &str = "`current` keeps the page's grant, `hardened` has the condition";

/// Threat 1, Threat 2, Threat 8
#[test]
fn the_catalogue_has_no_mistakes_but_the_known_ones() {
    let reference = reference();
    let mut found: Vec<String> = Vec::new();
    let mut known: Vec<_> = KNOWN.iter().collect();
    for name in preset::names() {
        let findings = lint(preset::find(name).unwrap(), &reference);
        for finding in findings.iter().filter(|finding| finding.is_mistake()) {
            let line = finding.to_string();
            let place = known
                .iter()
                .position(|(title, words, _)| line.starts_with(title) && line.contains(words));
            match place {
                Some(place) => drop(known.remove(place)),
                None => found.push(format!("{name}.yaml: {line}")),
            }
        }
    }
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
    assert!(known.is_empty(), "no longer found, take it off the list: {known:?}");
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
