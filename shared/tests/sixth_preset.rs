//! A preset is one file, and a mistake in it fails the build: the build script's own function,
//! over folders of this test.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;
use std::path::{Path, PathBuf};

use grammar::read::catalogue;

const SIXTH: &str = "title: Sixth
description: One more tool.
source: { url: https://example.com, date: 2026-01-01 }
editions: [current]
parameters:
  Loud: { type: boolean, description: More logs., default: false }
policies:
  - name: sixth
    when: { Loud: true }
    document: { Statement: { Effect: Allow, Action: s3:GetObject, Resource: '*' } }
groups:
  - { name: sixth, policies: [{ name: sixth, when: { Loud: true } }] }
outputs:
  PolicyArn: { description: The policy., of: { policy: sixth } }
";

/// A copy of the catalogue's folder with one more file.
fn folder(name: &str, sixth: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("presets")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    }
    fs::write(folder.join("sixth.yaml"), sixth).unwrap();
    folder
}

#[test]
fn one_more_file_is_one_more_preset() {
    let catalogue = catalogue(&[&folder("one-more", SIXTH)]).unwrap();
    let mut names = account_presets::preset::names();
    names.push("sixth");
    names.sort();
    assert_eq!(catalogue.keys().cloned().collect::<Vec<_>>(), names);
    assert_eq!(catalogue["sixth"].title, "Sixth");
}

/// A folder with these files and no other.
fn own(folder: &str, files: &[&str]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for file in files {
        fs::write(folder.join(file), SIXTH).unwrap();
    }
    folder
}

#[test]
fn a_folder_beside_the_projects_has_more_presets_and_none_of_the_same_name() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
    let both = catalogue(&[&project, &own("beside", &["sixth.yaml"])]).unwrap();
    assert_eq!(both.len(), catalogue(&[&project]).unwrap().len() + 1);
    let problem = catalogue(&[&project, &own("twice", &["slim.yaml"])]).unwrap_err();
    assert!(problem.contains("twice/slim.yaml: the catalogue has a preset `slim`"), "{problem}");
    let problem = catalogue(&[&own("named", &["Sixth.yaml"])]).unwrap_err();
    assert!(problem.contains("Sixth.yaml: `Sixth` is no name of a preset"), "{problem}");
    let problem = catalogue(&[Path::new("no-such-folder")]).unwrap_err();
    assert!(problem.starts_with("no-such-folder: "), "{problem}");
}

#[test]
fn a_file_that_is_no_yaml_is_no_preset() {
    let folder = folder("notes", SIXTH);
    fs::write(folder.join("notes.md"), "not: [a preset").unwrap();
    assert!(catalogue(&[&folder]).is_ok());
}

/// Threat 1
#[test]
fn each_misuse_of_the_grammar_fails_the_build_with_file_place_and_what_is_allowed() {
    for (index, (from, to, said)) in [
        ("title: Sixth", "titel: Sixth", vec!["line 1", "titel", "title", "description"]),
        ("    when: {", "    wehn: {", vec!["line 9", "wehn", "when", "for_each"]),
        ("type: boolean", "type: bool", vec!["line 6", "bool", "boolean", "enum"]),
        (
            "editions: [current]",
            "editions: [curent]",
            vec!["line 4", "curent", "current", "hardened"],
        ),
        (
            "default: false }",
            "default: false }\n  Quiet: { type: boolean, description: Fewer., default: false }",
            vec!["line 7: parameter `Quiet` is used nowhere"],
        ),
        (
            "default: false }\npolicies:\n  - name: sixth",
            "default: false }\n  Free: { type: string, description: Text., default: '' }\n\
             policies:\n  - name: ${Free}sixth",
            vec!["line 7: parameter `Free`", "needs a `setting` by which the operator limits it"],
        ),
        (
            "name: sixth\n",
            "name: sixth-${Nmae}\n",
            vec!["line 8: unknown parameter `Nmae` (declared: `Loud`)"],
        ),
        (
            "    when: { Loud: true }",
            "    when: { Loud: loud }",
            vec!["line 9: `when`: `loud` is not a value of `Loud` (allowed: `true`, `false`)"],
        ),
        (
            "    when: { Loud: true }",
            "    when: { Loud: true, Edition: hardened }",
            vec!["line 9: `when`: `hardened` is not a value of `Edition` (allowed: `current`)"],
        ),
        (
            "policies: [{ name: sixth,",
            "policies: [{ name: gone,",
            vec!["line 12: group `sixth` names policy `gone`, which is not declared; there are `sixth`"],
        ),
        (
            "of: { policy: sixth }",
            "of: { role: sixth }",
            vec!["line 14: output `PolicyArn` names role `sixth`, which is not declared; there are none"],
        ),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(SIXTH.contains(from), "{from}");
        let folder = folder(&format!("misuse-{index}"), &SIXTH.replacen(from, to, 1));
        let error = catalogue(&[&folder]).map(|_| ()).unwrap_err();
        assert!(error.contains("sixth.yaml"), "{to}: {error}");
        for word in said {
            assert!(error.contains(word), "{to}: {word}: {error}");
        }
    }
}
