//! The example of a repository with presets of one's own, outside of this one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use account_presets::preset;
use serde_json::Value;

/// A copy of the example's presets in a temporary folder, and what `bless` made of them.
struct Repository(PathBuf);

impl Repository {
    fn new(name: &str) -> Self {
        let name = format!("account-presets-own-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(folder.join("presets")).unwrap();
        let file = "../examples/own-presets/presets/nightowl.yaml";
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        fs::copy(file, folder.join("presets/nightowl.yaml")).unwrap();
        Repository(folder)
    }

    /// Replaces a text of the preset.
    fn change(&self, from: &str, to: &str) {
        let file = self.0.join("presets/nightowl.yaml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(file, text.replacen(from, to, 1)).unwrap();
    }

    fn bless(&self) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_account-presets"));
        let command = command.current_dir(&self.0).env_clear();
        command.args(["bless", "--presets", "presets", "--into", "made"]).output().unwrap()
    }

    fn made(&self, file: &str) -> String {
        fs::read_to_string(self.0.join("made").join(file))
            .unwrap_or_else(|it| panic!("{file}: {it}"))
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_follows_from_a_preset_is_written_outside_of_this_repository() {
    let repository = Repository::new("made");
    let done = repository.bless();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let printed = String::from_utf8(done.stdout).unwrap();
    for file in printed.lines() {
        assert_ne!(repository.made(file), "", "{file}");
    }
    let template = repository.made("template.yaml");
    let mut presets = preset::names();
    presets.push("nightowl");
    presets.sort_unstable();
    for line in [
        &*format!("    Default: {}\n", presets.join(",")),
        "  NightowlNamePrefix:\n    Type: String\n    Default: nightowl\n    MaxLength: 16\n",
        "            nightowl.NamePrefix=${NightowlNamePrefix}\n",
        "          - Sid: NightowlRoles\n",
        ":role/${NightowlNamePrefix}-copy\n",
    ] {
        assert!(template.contains(line), "{line}");
    }
    // `sam deploy` would look for the project's licence beside it.
    assert!(!template.contains("LicenseUrl") && template.contains("\nMetadata:\n  "), "{template}");
    let schema: Value =
        serde_json::from_str(&repository.made("schemas/iam-preset.schema.json")).unwrap();
    assert!(schema["properties"]["Preset"]["enum"].to_string().contains("\"nightowl\""));
    let attributes: Value =
        serde_json::from_str(&repository.made("schemas/attributes.json")).unwrap();
    assert!(attributes["Custom::IamPreset"]["nightowl"].to_string().contains("RoleArn"));
    assert!(repository.made("docs/presets/nightowl.md").contains("# Nightowl\n"));
    assert!(repository.made("examples/nightowl.yaml").contains("      Preset: nightowl\n"));
    let power = repository.made("golden/nightowl-hardened-power-all.txt");
    assert!(power.contains("s3:DeleteObject"), "{power}");
    assert!(!repository.made("golden/nightowl-hardened-power.txt").contains("s3:DeleteObject"));
}

#[test]
fn a_mistake_is_told_with_its_file_and_line_and_nothing_is_written() {
    for (index, (from, to, code, said)) in [
        ("roles:\n", "rolls:\n", 1, vec!["presets/nightowl.yaml", "line 56", "rolls", ", roles, "]),
        (
            "when: { Purge: true }",
            "when: { Purge: yes please }",
            1,
            vec!["presets/nightowl.yaml: line 79", "`yes please`", "(allowed: `true`, `false`)"],
        ),
        (
            "logs:FilterLogEvents",
            "logs:FilterLogEvent",
            2,
            vec!["`logs:FilterLogEvent`, an action that", "presets/nightowl.yaml, line 53"],
        ),
        (
            "Action: s3:DeleteObject\n              Resource: arn:${AWS::Partition}:s3:::${Target}/*",
            "Action: iam:AttachRolePolicy\n              Resource: '*'",
            2,
            vec!["can become administrator: ", "presets/nightowl.yaml, line", "`admin_equivalent`"],
        ),
        (
            "parameter: NightowlNamePrefix",
            "parameter: AllowedPresets",
            1,
            vec!["setting `AllowedPresets`: the template has something else of that name"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let repository = Repository::new(&format!("mistake-{index}"));
        repository.change(from, to);
        let done = repository.bless();
        let told = [done.stdout, done.stderr].concat();
        let told = String::from_utf8(told).unwrap();
        assert_eq!(done.status.code(), Some(code), "{told}");
        for word in said {
            assert!(told.contains(word), "{to}: {word}: {told}");
        }
        assert!(!repository.0.join("made").exists());
    }
}

#[test]
fn a_preset_of_the_projects_name_is_refused() {
    let repository = Repository::new("collision");
    let folder = repository.0.join("presets");
    fs::rename(folder.join("nightowl.yaml"), folder.join("slim.yaml")).unwrap();
    let done = repository.bless();
    let told = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1));
    assert!(
        told.contains("presets/slim.yaml: the catalogue has a preset `slim` already"),
        "{told}"
    );
}

#[test]
fn a_preset_that_admits_a_path_to_administrator_is_taken() {
    let repository = Repository::new("admits");
    // Of `hardened` even an administrator does not reach the provider.
    repository.change("editions: [hardened]", "editions: [current]");
    repository.change(
        "Action: s3:DeleteObject\n              Resource: arn:${AWS::Partition}:s3:::${Target}/*",
        "Action: iam:AttachRolePolicy\n              Resource: '*'",
    );
    repository.change(
        "outputs:\n",
        "admin_equivalent:\n  - { when: { Purge: true }, reason: it attaches any policy to itself }\noutputs:\n",
    );
    let done = repository.bless();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let page = repository.made("docs/presets/nightowl.md");
    assert!(page.contains("**May amount to administrator's rights.**"), "{page}");
}

#[test]
fn the_examples_of_the_page_are_a_preset_without_mistakes() {
    let page = include_str!("../../docs/own-presets.md");
    let blocks = page.split("```yaml preset\n").skip(1);
    let preset: String = blocks.map(|block| block.split_once("```").unwrap().0).collect();
    let repository = Repository::new("page");
    let file = repository.0.join("presets/tidewatch.yaml");
    fs::write(&file, preset).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_account-presets"));
    let done = command.env_clear().arg("lint").arg(file).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert!(String::from_utf8(done.stdout).unwrap().contains("accepted: The installer's roles"));
}

/// What `lint` holds a preset to can be extended beside it.
#[test]
fn a_service_that_no_preset_of_the_project_names_is_known_from_the_file_beside() {
    let repository = Repository::new("service");
    repository.change("logs:FilterLogEvents", "polly:SynthesizeSpeech");
    let done = repository.bless();
    assert_eq!(done.status.code(), Some(2), "{done:?}");
    let reference = r#"{"services": {"polly": {"actions": {"SynthesizeSpeech": []}, "types": {}}}, "managed": [], "documents": {}}"#;
    fs::write(repository.0.join("presets/aws-reference.json"), reference).unwrap();
    let done = repository.bless();
    let told = String::from_utf8(done.stdout).unwrap();
    assert!(!told.contains("an action that the reference does not have"), "{told}");
}
