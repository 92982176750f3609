//! Principals that become administrator, and their paths.

use account_presets::preset::Preset;
use account_presets::preset::lint::{Problem, lint};
use serde_json::{Value, json};

use super::reference;

/// How a group with this inline policy becomes administrator. Beside it the preset has the role
/// `app`, which EC2 may act as and which has the customer's policy `app`.
pub fn path(statements: Value) -> Option<String> {
    let text = json!({
        "title": "Test", "description": "Power.", "editions": ["current"],
        "source": {"url": "https://example.com", "date": "2026-01-01"},
        "policies": [{"name": "app", "document": {"Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}}],
        "roles": [{"name": "app", "policies": ["app"], "trust": {"Statement": [{
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "ec2.amazonaws.com"}}]}}],
        "groups": [{"name": "g", "inline": [{"name": "i", "document": {"Statement": statements}}]}],
        "outputs": {},
    });
    let preset: Preset = serde_saphyr::from_str(&text.to_string()).unwrap();
    let paths: Vec<String> = lint(&preset, &reference())
        .into_iter()
        .filter_map(|finding| {
            if let Problem::NotMarked { path, .. } = finding.problem { Some(path) } else { None }
        })
        .collect();
    assert!(paths.len() < 2, "{paths:?}");
    paths.into_iter().next()
}

fn allow(action: Value, resource: &str, condition: Value) -> Value {
    let arn = format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:{resource}");
    let resource = if resource == "*" { resource } else { &arn };
    json!({"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition})
}

/// Threat 2
#[test]
fn paths_to_administrator_are_found() {
    let managed = |name: &str| format!("arn:${{AWS::Partition}}:iam::aws:policy/{name}");
    let own =
        |name: &str| format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{name}");
    let to = |service: &str| json!({"StringEquals": {"iam:PassedToService": service}});
    let attaching = |arn: String| json!({"ArnLike": {"iam:PolicyARN": arn}});
    let bounded = |arn: String| json!({"StringEquals": {"iam:PermissionsBoundary": arn}});
    let any = || json!({});
    let pass_app = || allow(json!("iam:PassRole"), "role/app", to("ec2.amazonaws.com"));
    let run = || allow(json!("ec2:RunInstances"), "*", any());
    for (statements, expected) in [
        (vec![allow(json!("*"), "*", any())], "it may do everything in IAM"),
        (vec![allow(json!("iam:*"), "*", any())], "it may do everything in IAM"),
        (
            vec![json!({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"})],
            "it may do everything in IAM",
        ),
        (
            vec![allow(json!("iam:AttachUserPolicy"), "user/${aws:username}", any())],
            "iam:AttachUserPolicy on `user/somebody`",
        ),
        (
            vec![allow(json!("iam:PutGroupPolicy"), "group/g", any())],
            "iam:PutGroupPolicy on `group/g`",
        ),
        (
            vec![allow(json!("iam:CreateAccessKey"), "user/*", any())],
            "iam:CreateAccessKey on any user",
        ),
        (vec![allow(json!("iam:AddUserToGroup"), "*", any())], "iam:AddUserToGroup on any group"),
        (
            vec![allow(json!("iam:CreatePolicyVersion"), "policy/*", any())],
            "iam:CreatePolicyVersion on `policy/zz-foreign-zz`",
        ),
        (
            vec![
                allow(json!("iam:PassRole"), "role/*", to("lambda.amazonaws.com")),
                allow(json!("lambda:*"), "*", any()),
            ],
            "iam:PassRole to lambda.amazonaws.com with lambda:CreateFunction and \
             lambda:InvokeFunction, for any role",
        ),
        (
            vec![
                allow(json!("iam:PassRole"), "role/*", any()),
                allow(json!("cloudformation:Create*"), "*", any()),
            ],
            "iam:PassRole to cloudformation.amazonaws.com with cloudformation:CreateStack, for any role",
        ),
        (vec![allow(json!("sts:*"), "*", any())], "sts:AssumeRole, for any role"),
        (
            // Everything but IAM is every takeover.
            vec![json!({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"})],
            "ec2:ModifyInstanceAttribute and ec2:StartInstances and ec2:StopInstances on any machine: \
             a machine runs any command, with its role",
        ),
        (
            vec![allow(json!("iam:UpdateAssumeRolePolicy"), "*", any())],
            "iam:UpdateAssumeRolePolicy, for any role",
        ),
        (
            vec![allow(json!("iam:AttachRolePolicy"), "role/app", any()), pass_app(), run()],
            "iam:AttachRolePolicy and iam:PassRole to ec2.amazonaws.com with ec2:RunInstances, for \
             `role/app`",
        ),
        (
            vec![allow(json!("iam:CreatePolicyVersion"), "policy/app", any()), pass_app(), run()],
            "iam:CreatePolicyVersion on `policy/app` and iam:PassRole to ec2.amazonaws.com with \
             ec2:RunInstances, for `role/app`",
        ),
        (
            vec![allow(json!(["iam:CreateRole", "iam:PutRolePolicy"]), "role/team-*", any())],
            "iam:PutRolePolicy and iam:CreateRole, for `role/team-*`",
        ),
        (
            vec![allow(
                json!(["iam:CreateRole", "iam:DeleteRole", "iam:PutRolePolicy"]),
                "role/app",
                any(),
            )],
            "iam:PutRolePolicy and iam:CreateRole, for `role/app`",
        ),
        (
            // Only together do the two patterns name a role.
            vec![
                allow(json!("iam:PutRolePolicy"), "role/team-*", any()),
                allow(json!("iam:PassRole"), "role/*-job", to("ecs-tasks.amazonaws.com")),
                allow(json!("ecs:RunTask"), "*", any()),
            ],
            "iam:PutRolePolicy and iam:PassRole to ecs-tasks.amazonaws.com with ecs:RunTask, for \
             `role/team-job`",
        ),
        (
            // The policy that may be attached passes any role itself.
            vec![
                allow(
                    json!("iam:AttachRolePolicy"),
                    "role/app",
                    attaching(managed("AWSLambda_FullAccess")),
                ),
                pass_app(),
                run(),
            ],
            "iam:AttachRolePolicy and iam:PassRole to ec2.amazonaws.com with ec2:RunInstances, for \
             `role/app`",
        ),
        (
            // An attachable policy can be written.
            vec![
                allow(json!("iam:AttachRolePolicy"), "role/app", attaching(own("team-*"))),
                allow(json!("iam:CreatePolicy"), "policy/team-a-*", any()),
                pass_app(),
                run(),
            ],
            "iam:AttachRolePolicy and iam:PassRole to ec2.amazonaws.com with ec2:RunInstances, for \
             `role/app`",
        ),
        (
            // The boundary can be taken off again.
            vec![
                allow(json!("iam:PutRolePolicy"), "role/app", bounded(own("bound"))),
                allow(json!("iam:DeleteRolePermissionsBoundary"), "role/*", any()),
                pass_app(),
                run(),
            ],
            "iam:PutRolePolicy and iam:PassRole to ec2.amazonaws.com with ec2:RunInstances, for \
             `role/app`",
        ),
    ] {
        assert_eq!(path(json!(statements)).as_deref(), Some(expected), "{statements:?}");
    }
}

#[test]
fn what_is_tamed_or_leads_nowhere_is_no_path() {
    let managed = |name: &str| format!("arn:${{AWS::Partition}}:iam::aws:policy/{name}");
    let own =
        |name: &str| format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:policy/{name}");
    let to = |service: &str| json!({"StringEquals": {"iam:PassedToService": service}});
    let any = || json!({});
    let pass_app = || allow(json!("iam:PassRole"), "role/app", to("ec2.amazonaws.com"));
    let run = || allow(json!("ec2:RunInstances"), "*", any());
    let bounded = || json!({"StringEquals": {"iam:PermissionsBoundary": own("bound")}});
    let own_functions = |action: &str| {
        json!({
            "Effect": "Allow", "Action": action,
            "Resource": "arn:${AWS::Partition}:lambda:*:${AWS::AccountId}:function:app-*",
        })
    };
    for statements in [
        // Nothing to run code with, or not for that service.
        vec![allow(json!("iam:PassRole"), "*", to("lambda.amazonaws.com")), run()],
        vec![
            allow(json!("iam:PassRole"), "*", to("batch.amazonaws.com")),
            allow(json!("batch:RegisterJobDefinition"), "*", any()),
        ],
        // The role is as it is, and cannot be given more.
        vec![pass_app(), run()],
        // A role that EC2 may act as is nothing for Lambda.
        vec![
            allow(json!("iam:AttachRolePolicy"), "role/app", any()),
            allow(json!("iam:PassRole"), "role/app", any()),
            own_functions("lambda:*"),
        ],
        // Made again only if it could be deleted; assumed only if it trusted the account.
        vec![allow(json!(["iam:CreateRole", "iam:PutRolePolicy"]), "role/app", any())],
        vec![allow(json!(["sts:AssumeRole", "iam:PutRolePolicy"]), "role/app", any())],
        // Given more, but never used.
        vec![allow(json!("iam:AttachRolePolicy"), "role/app", any()), run()],
        // Shaped and used are different roles.
        vec![allow(json!("iam:PutRolePolicy"), "role/team-*", any()), pass_app(), run()],
        // Roles of the tool's own names.
        vec![allow(json!("iam:PassRole"), "role/app-*", any()), run()],
        // Tamed by the policy, by the boundary, and by a denial.
        vec![
            allow(
                json!("iam:AttachRolePolicy"),
                "role/app",
                json!({"ArnEquals": {"iam:PolicyARN": [managed("AmazonSQSFullAccess"), own("app")]}}),
            ),
            pass_app(),
            run(),
        ],
        vec![
            allow(
                json!(["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"]),
                "role/team-*",
                bounded(),
            ),
            allow(json!("iam:PassRole"), "role/team-*", any()),
            run(),
        ],
        vec![
            allow(json!("iam:AttachRolePolicy"), "role/app", any()),
            pass_app(),
            run(),
            json!({
                "Effect": "Deny", "Action": "iam:AttachRolePolicy", "Resource": "*",
                "Condition": {"ArnNotEquals": {"iam:PolicyARN": managed("AmazonSQSFullAccess")}},
            }),
        ],
        vec![
            allow(json!("iam:PassRole"), "*", to("lambda.amazonaws.com")),
            own_functions("lambda:*"),
            json!({
                "Effect": "Deny", "Resource": "*",
                "Action": ["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"],
            }),
        ],
        // Its own keys only.
        vec![allow(json!("iam:CreateAccessKey"), "user/${aws:username}", any())],
    ] {
        assert_eq!(path(json!(statements)), None, "{statements:?}");
    }
}

/// The principals that can become administrator by this preset.
fn administrators(parts: &str) -> Vec<String> {
    let text = format!(
        "
title: Test
description: Power.
source: {{ url: https://example.com, date: 2026-01-01 }}
editions: [current]
parameters:
  Names: {{ type: list, description: Names., pattern: '[a-z-]+' }}
policies:
  - name: iam
    document: {{ Statement: {{ Effect: Allow, Action: iam:PutUserPolicy, Resource: '*' }} }}
  - name: lambda
    document:
      Statement:
        Effect: Allow
        Action: 'lambda:*'
        Resource: 'arn:${{AWS::Partition}}:lambda:*:${{AWS::AccountId}}:function:app-*'
  - name: pass
    document:
      Statement:
        Effect: Allow
        Action: iam:PassRole
        Resource: '*'
        Condition: {{ StringEquals: {{ iam:PassedToService: lambda.amazonaws.com }} }}
{parts}
outputs: {{}}
"
    );
    let preset: Preset = serde_saphyr::from_str(&text).unwrap();
    let findings = lint(&preset, &reference()).into_iter();
    let found = findings.filter_map(|finding| {
        let Problem::NotMarked { principal, .. } = finding.problem else { return None };
        Some(principal)
    });
    found.collect()
}

#[test]
fn whoever_gets_a_policy_counts_also_if_nobody_does_yet() {
    assert_eq!(administrators(""), ["who gets policy `iam`"]);
    for (kind, name) in [("existing_groups", "group"), ("existing_roles", "role")] {
        let parts = format!("{kind}: [{{ name: '${{Names}}', for_each: Names, policies: [iam] }}]");
        let expected = [format!("{name} `${{Names}}`"), "who gets policy `iam`".to_owned()];
        assert_eq!(administrators(&parts), expected);
    }
}

#[test]
fn a_user_has_also_what_its_groups_have() {
    let users = "users: [{ name: '${Names}', for_each: Names, policies: [lambda] }]";
    let group = |members: &str| format!("groups: [{{ name: g, policies: [pass]{members} }}]");
    let names = ", members: [{ name: '${Names}', for_each: Names }]";
    let together = format!("{users}\n{}", group(names));
    assert_eq!(administrators(&together), ["user `${Names}`", "who gets policy `iam`"]);
    let apart = format!("{users}\n{}", group(""));
    assert_eq!(administrators(&apart), ["who gets policy `iam`"]);
}

#[test]
fn a_role_counts_if_somebody_can_act_as_it() {
    let role = |statements: &str, policy: &str| {
        administrators(&format!(
            "roles: [{{ name: r, trust: {{ Statement: [{statements}] }}, {policy} }}]"
        ))
    };
    let trust = |effect: &str, principal: &str| {
        format!("{{ Effect: {effect}, Principal: {principal}, Action: sts:AssumeRole }}")
    };
    for (principal, counts) in [
        ("{ Service: ec2.amazonaws.com }", true),
        ("{ Service: [batch.amazonaws.com, states.amazonaws.com] }", true),
        ("{ AWS: 'arn:aws-cn:iam::1:root' }", true),
        ("{ Federated: cognito-identity.amazonaws.com }", true),
        ("'*'", true),
        // Only Batch decides on its work with its role.
        ("{ Service: batch.amazonaws.com }", false),
    ] {
        let found = role(&trust("Allow", principal), "policies: [iam]");
        let expected: &[&str] = if counts { &["role `r`"] } else { &[] };
        assert_eq!(found, expected, "{principal}");
    }
    let denied = [
        trust("Allow", "{ Service: batch.amazonaws.com }"),
        trust("Deny", "{ AWS: 'arn:aws-cn:iam::1:root' }"),
    ];
    assert_eq!(role(&denied.join(", "), "policies: [iam]"), Vec::<String>::new());

    // It writes its own policy.
    let own = "inline: [{ name: i, document: { Statement: { Effect: Allow, \
        Action: iam:PutRolePolicy, \
        Resource: 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role/r' } } }]";
    let found = role(&trust("Allow", "{ Service: ec2.amazonaws.com }"), own);
    assert_eq!(found, ["role `r`", "who gets policy `iam`"]);
}
