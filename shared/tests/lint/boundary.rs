//! What a permissions boundary keeps a role from.

use account_presets::preset::Preset;
use account_presets::preset::lint::under_boundary;
use serde_json::{Value, json};

use crate::reference;

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
    // Without writing IAM, what others run is left.
    assert_eq!(
        found(json!([everything, deny("iam:*")])),
        said(
            "lambda:UpdateFunctionCode on any function: a function runs what it is given, with its role"
        )
    );
    assert_eq!(found(json!([everything, deny("iam:*"), deny("lambda:*")])), Vec::<String>::new());
    assert_eq!(
        found(json!([{"Effect": "Allow", "Action": ["s3:*", "ec2:*"], "Resource": "*"}])),
        Vec::<String>::new()
    );
}
