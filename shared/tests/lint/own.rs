//! Presets with documents that reach the provider's own objects.

use super::lines;

/// A preset with this pattern of a parameter, and this statement.
fn found(parameter: &str, statement: &str) -> Vec<String> {
    let text = format!(
        "
title: Test
description: A name that a consumer chooses.
source: {{ url: https://example.com, date: 2026-01-01 }}
editions: [hardened]
parameters:
  Name: {{ description: A name., {parameter} }}
policies:
  - name: app
    document:
      Statement:
        - {statement}
outputs:
  Arn: {{ description: The policy., of: {{ policy: app }} }}
"
    );
    let what = |line: String| {
        let words = line.split("reaches the provider's own ").nth(1)?.split(';').next()?.to_owned();
        let parameters =
            line.split("): ").next()?.trim_start_matches("Test (hardened; ").to_owned();
        Some(format!("{parameters} {words}"))
    };
    lines(&text).into_iter().map(|line| what(line.clone()).unwrap_or(line)).collect()
}

const PREFIX: &str = "type: string, default: app-, pattern: '[a-z][a-z-]{0,20}'";

fn allow(action: &str, resource: &str) -> String {
    format!(
        "{{ Effect: Allow, Action: '{action}', Resource: 'arn:${{AWS::Partition}}:{resource}' }}"
    )
}

/// Threat 1
#[test]
fn a_text_in_front_of_a_wildcard_is_tried_with_the_providers_own_names() {
    let account = "${AWS::AccountId}";
    for (action, resource, expected) in [
        (
            "lambda:UpdateFunctionCode",
            "lambda:*:A:function:${Name}*",
            "function: lambda:UpdateFunctionCode",
        ),
        ("lambda:*", "lambda:*:A:function:${Name}*", "function: lambda:AddPermission"),
        ("iam:PutRolePolicy", "iam::A:role/${Name}*", "role: iam:PutRolePolicy"),
        ("iam:PassRole", "iam::A:role/${Name}*", "role: iam:PassRole"),
        ("sts:AssumeRole", "iam::A:role/${Name}*", "role: sts:AssumeRole"),
        ("iam:CreatePolicyVersion", "iam::A:policy/${Name}*", "policy: iam:CreatePolicyVersion"),
        (
            "logs:DeleteLogGroup",
            "logs:*:A:log-group:/aws/lambda/${Name}*",
            "log group: logs:DeleteLogGroup",
        ),
        (
            "logs:GetLogEvents",
            "logs:*:A:log-group:/aws/lambda/${Name}*",
            "log group: logs:GetLogEvents",
        ),
        (
            "cloudformation:UpdateStack",
            "cloudformation:*:A:stack/${Name}*",
            "stack: cloudformation:UpdateStack",
        ),
        ("s3:PutObject", "s3:::${Name}*", "bucket of code: s3:PutObject"),
        ("s3:PutBucketPolicy", "s3:::${Name}*", "bucket of code: s3:PutBucketPolicy"),
    ] {
        let resource = resource.replace(":A:", &format!(":{account}:"));
        let found = found(PREFIX, &allow(action, &resource));
        let hit = found.iter().any(|line| line == &format!("Name: `a` {expected}"));
        assert!(hit, "{action} {found:?}");
    }
}

/// Threat 1
#[test]
fn the_shortest_text_that_a_pattern_allows_is_tried_and_the_longest_that_is_needed() {
    let function = |pattern: &str| format!("lambda:*:${{AWS::AccountId}}:function:{pattern}");
    let invoke = |pattern: &str| allow("lambda:DeleteFunction", &function(pattern));
    let string = |default: &str, pattern: &str| {
        format!("type: string, default: '{default}', pattern: '{pattern}'")
    };
    for (parameter, resource, expected) in [
        (string("app-", "[a-z-]{4,9}"), "${Name}*", Some("Name: `acco`")),
        (string("app-", "[a-z-]{4,}-"), "${Name}*", Some("Name: `account-`")),
        (string("app", "[a-zA-Z-]{1,40}"), "*${Name}", Some("Name: `t`")),
        // The whole name, in a list too.
        (string("app", "[a-zA-Z-]{1,40}"), "${Name}", Some("Name: `account-presets-IamPreset`")),
        (
            "type: list, pattern: '[a-zA-Z-]{1,40}'".to_owned(),
            "${Name}",
            Some("Name: `account-presets-IamPreset`"),
        ),
        (string("app", r"\*|[a-z]{3}"), "${Name}-*", Some("Name: `*`")),
        // Not beside another text, nor with names of a tool's own.
        (string("app", "[a-z-]{1,40}"), "tool-${Name}*", None),
        (string("tool-a", "tool-[a-z-]{1,40}"), "${Name}*", None),
    ] {
        let statement = if parameter.contains("list") {
            invoke(resource).replace("{ Effect", "{ for_each: Name, Effect")
        } else {
            invoke(resource)
        };
        let found = found(&parameter, &statement);
        let hits: Vec<&String> = found.iter().filter(|line| line.contains("function: ")).collect();
        match expected {
            Some(words) => {
                assert!(hits.iter().any(|line| line.starts_with(words)), "{words} {found:?}");
            }
            None => assert!(hits.is_empty(), "{resource} {found:?}"),
        }
    }
}

/// Threat 1
#[test]
fn a_deny_of_what_begins_with_the_providers_name_is_enough() {
    let resource = "lambda:*:${AWS::AccountId}:function:${Name}*";
    let deny = |provider: &str| {
        format!(
            "{{ Effect: Deny, Action: 'lambda:*', Resource: \
             'arn:${{AWS::Partition}}:lambda:*:${{AWS::AccountId}}:function:{provider}*' }}"
        )
    };
    let with = |provider: &str| {
        found(PREFIX, &format!("{}\n        - {}", allow("lambda:*", resource), deny(provider)))
    };
    assert_eq!(with("${Provider}"), Vec::<String>::new());
    // A name that is written out is not that of every provider.
    assert!(!with("account-presets").is_empty());
}

#[test]
fn what_only_looks_reaches_nothing() {
    for (action, resource) in [
        ("lambda:GetFunction", "lambda:*:${AWS::AccountId}:function:${Name}*"),
        ("iam:ListRolePolicies", "iam::${AWS::AccountId}:role/${Name}*"),
        ("logs:DescribeLogStreams", "logs:*:${AWS::AccountId}:log-group:/aws/lambda/${Name}*"),
        ("cloudformation:DescribeStacks", "cloudformation:*:${AWS::AccountId}:stack/${Name}*"),
    ] {
        assert_eq!(found(PREFIX, &allow(action, resource)), Vec::<String>::new(), "{action}");
    }
}

/// Threat 1
#[test]
fn a_role_below_another_path_is_the_providers_too() {
    let by_path = allow("iam:PassRole", "iam::${AWS::AccountId}:role${Path}${Name}*")
        .replace(" }", ", Condition: { StringEquals: { iam:PassedToService: x } } }");
    let deny = |resource: &str| {
        format!("{by_path}\n        - {}", allow("iam:*", resource).replace("Allow", "Deny"))
    };
    let at_the_root = deny("iam::${AWS::AccountId}:role/${Provider}*");
    assert_eq!(found(PREFIX, &at_the_root), ["Name: `a` role: iam:PassRole"]);
    let anywhere = "iam::${AWS::AccountId}:role/*${Provider}*";
    assert_eq!(found(PREFIX, &deny(anywhere)), Vec::<String>::new());
}
