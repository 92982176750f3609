//! The effect of a permissions boundary on a role.

use account_presets::preset::lint::under_boundary;
use account_presets::preset::{self, Preset};
use serde_json::{Value, json};

use super::reference;

const PRESET: &str = "
title: Test
description: A role that reaches what others run.
source: { url: https://example.com, date: 2026-01-01 }
editions: [hardened]
admin_equivalent: [{ reason: it does }]
policies:
  - name: app
    document:
      Statement: { Effect: Allow, Action: ['lambda:*', 'iam:PutRolePolicy', 's3:Get*'], Resource: '*' }
roles:
  - name: app
    policies: [app]
    trust:
      Statement: { Effect: Allow, Principal: { Service: ec2.amazonaws.com }, Action: sts:AssumeRole }
outputs: {}
";

fn found(boundary: Value) -> Vec<String> {
    let preset: Preset = serde_saphyr::from_str(PRESET).unwrap();
    let findings = under_boundary(&preset, &json!({ "Statement": boundary }), &reference());
    findings.iter().map(ToString::to_string).collect()
}

/// Threat 3
#[test]
fn a_role_is_asked_for_its_paths_under_its_boundary() {
    let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let deny = |action: &str| json!({"Effect": "Deny", "Action": action, "Resource": "*"});
    let said = |path: &str| {
        vec![format!(
            "Test (hardened): role `app` can become administrator under the permissions boundary: \
             {path}; let the boundary allow less"
        )]
    };
    assert_eq!(found(json!([everything])), said("iam:PutRolePolicy and being it, for `role/app`"));
    // Without writing IAM, takeovers are left.
    assert_eq!(
        found(json!([everything, deny("iam:*")])),
        said(
            "lambda:UpdateFunctionCode on any function: a function runs other code, with its role"
        )
    );
    assert_eq!(found(json!([everything, deny("iam:*"), deny("lambda:*")])), Vec::<String>::new());
    assert_eq!(
        found(json!([{"Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": "*"}])),
        Vec::<String>::new()
    );
}

/// The template's own, by its defaults, in the account that the linter has.
fn of_the_template() -> Value {
    let text = include_str!("../../../template.yaml");
    let template: Value = serde_saphyr::from_str(text).unwrap();
    let document = template.pointer("/Resources/PresetBoundary/Properties/PolicyDocument").unwrap();
    let mut filled = document
        .to_string()
        .replace("${AWS::Partition}", "aws")
        .replace("${AWS::AccountId}", "246813579024");
    for (name, parameter) in template.get("Parameters").unwrap().as_object().unwrap() {
        if let Some(default) = parameter.get("Default").and_then(Value::as_str) {
            filled = filled.replace(&format!("${{{name}}}"), default);
        }
    }
    assert!(!filled.contains("${"), "{filled}");
    serde_json::from_str(&filled).unwrap()
}

/// Threat 3
#[test]
fn no_role_of_any_preset_has_another_path_under_the_templates_boundary_than_the_page_says() {
    let boundary = of_the_template();
    // It keeps no data, so not the code in buckets that foreign functions and jobs run.
    let page = include_str!("../../../docs/operator.md");
    assert!(page.contains("also where foreign functions and jobs have their code in a bucket"));
    for name in preset::names() {
        let findings = under_boundary(preset::find(name).unwrap(), &boundary, &reference());
        for found in findings.iter().map(ToString::to_string) {
            assert!(found.contains(": s3:PutObject on any bucket: "), "{found}");
        }
    }
    // Without its denials, there are some.
    let mut open = boundary;
    let statements = open.pointer_mut("/Statement").unwrap().as_array_mut().unwrap();
    statements.retain(|it| it.get("Effect").unwrap() != "Deny");
    let lithops = preset::find("lithops").unwrap();
    assert_ne!(under_boundary(lithops, &open, &reference()).len(), 0);
}
