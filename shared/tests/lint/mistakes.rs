//! A preset without mistakes, and the finding for each mistake in it.

use account_presets::preset::Preset;
use account_presets::preset::lint::{Problem, lint};

use super::{lines, reference};

const PRESET: &str = "
title: Test
description: A preset with which nothing is wrong.
source: { url: https://example.com, date: 2026-01-01 }
editions: [current, documented]
parameters:
  Name: { type: string, description: A name., default: app, pattern: '[a-z]{1,40}' }
  Users: { type: list, description: Users., pattern: '[a-z-]{1,64}' }
  Loud: { type: boolean, description: A switch., default: false }
  Kind: { type: enum, description: A kind., default: one, values: [one, other] }
policies:
  - name: ${Name}-read
    when: { Kind: one }
    document:
      Statement:
        - Effect: Allow
          Action: [s3:GetObject, s3:List*]
          Resource: ['arn:${AWS::Partition}:s3:::${Name}', 'arn:${AWS::Partition}:s3:::${Name}/*']
        - { when: { Loud: true }, Effect: Allow, Action: sqs:*, Resource: '*' }
roles:
  - name: ${Name}-role
    description: A role.
    trust:
      Statement: { Effect: Allow, Principal: { Service: ec2.amazonaws.com }, Action: sts:AssumeRole }
    aws_managed: [AmazonSQSFullAccess]
    policies: [{ name: '${Name}-read', when: { Kind: one } }]
instance_profiles:
  - { name: '${Name}-role', role: '${Name}-role' }
groups:
  - name: ${Name}-group
    inline:
      - name: rest
        document: { Statement: { Effect: Allow, Action: ec2:Describe*, Resource: '*' } }
users:
  - { name: '${Users}', for_each: Users, policies: [{ name: '${Name}-read', when: { Kind: one } }] }
outputs:
  RoleArn: { description: The role., of: { role: '${Name}-role' } }
  PolicyArn: { description: The policy., of: [{ policy: '${Name}-read' }] }
";

/// The preset with each `from` replaced by the `to` beside it.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(PRESET.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

#[test]
fn a_preset_with_which_nothing_is_wrong_has_no_findings() {
    assert_eq!(lines(PRESET), Vec::<String>::new());
}

#[test]
fn each_mistake_is_found_once_with_the_parameters_that_show_it() {
    let both = "Test (documented, current";
    for (changes, expected) in [
        (
            vec![("[a-z]{1,40}", "[a-z]{1,60}")],
            format!(
                "{both}; Name: 60 characters; Users: two of the longest): role `${{Name}}-role`: \
                 characters of the name: 65, IAM allows 64; make it fit, or let the parameter's \
                 `pattern` allow less"
            ),
        ),
        (
            vec![(
                "policies: [{ name: '${Name}-read', when: { Kind: one } }]\ninst",
                "policies: ['${Name}-read']\ninst",
            )],
            format!(
                "{both}; Kind: other): role `app-role` needs policy `app-read`, which is not made \
                 here; declare it, or give both the same `when`"
            ),
        ),
        (
            vec![(
                "- { name: '${Name}-role', role: '${Name}-role' }",
                "- { name: '${Name}-role', role: '${Name}' }",
            )],
            format!(
                "{both}): instance profile `app-role` needs role `app`, which is not made here; \
                 declare it, or give both the same `when`"
            ),
        ),
        (
            vec![("[{ policy: '${Name}-read' }]", "[{ policy: '${Name}-read' }, { group: gone }]")],
            format!(
                "{both}): output `PolicyArn` is of group `gone`, which is never made; correct the \
                 name, or drop it"
            ),
        ),
        (
            vec![("pattern: '[a-z-]{1,64}'", "pattern: 'team [0-9]+'")],
            format!(
                "{both}): no value for parameter `Users` is known that its pattern allows; give \
                 it a default, or teach `lint/samples.rs` one"
            ),
        ),
        (
            vec![(
                "'arn:${AWS::Partition}:s3:::${Name}/*'",
                "'arn:${AWS::Partition}:s3:::111122223333/*'",
            )],
            format!(
                "{both}): policy `app-read` holds an account's id: \
                 `arn:aws-lint:s3:::111122223333/*`; write `${{AWS::AccountId}}`, or make it a \
                 parameter"
            ),
        ),
        (
            vec![("'arn:${AWS::Partition}:s3:::${Name}/*'", "'arn:aws:s3:::${Name}/*'")],
            format!(
                "{both}): policy `app-read` holds a partition: `arn:aws:s3:::app/*`; write \
                 `arn:${{AWS::Partition}}:`"
            ),
        ),
        (
            vec![(
                "'arn:${AWS::Partition}:s3:::${Name}/*'",
                "'arn:${AWS::Partition}:s3:::<bucket>/*'",
            )],
            format!(
                "{both}): policy `app-read` holds a placeholder that nothing fills in: \
                 `arn:aws-lint:s3:::<bucket>/*`; make it a parameter"
            ),
        ),
        (
            vec![("description: A role.", "description: 'The role of ${Name}.'")],
            format!(
                "{both}): role `app-role` holds a placeholder that nothing fills in: `The role of \
                 ${{Name}}.`; make it a parameter"
            ),
        ),
        (
            vec![("Action: sqs:*", "Action: sqs:Lost*")],
            format!(
                "{both}; Loud: true): policy `app-read` names `sqs:Lost*`, an action that the \
                 reference does not have; correct it, or run shared/data/refresh.py if it is new"
            ),
        ),
        (
            vec![("[s3:GetObject, s3:List*]", "[s3:GetObject, s3:ListAllMyBuckets]")],
            format!(
                "{both}): policy `app-read` grants `s3:ListAllMyBuckets` on resources of a type \
                 that it does not support; grant it on a supported one (only `*`), or drop it"
            ),
        ),
        (
            // Objects, where the action is about buckets.
            vec![
                ("[s3:GetObject, s3:List*]", "s3:ListBucket"),
                ("'arn:${AWS::Partition}:s3:::${Name}', ", ""),
            ],
            format!(
                "{both}): policy `app-read` grants `s3:ListBucket` on resources of a type that \
                 it does not support; grant it on a supported one (accesspoint, bucket), or drop it"
            ),
        ),
        (
            vec![("AmazonSQSFullAccess", "AWSLambdaFullAccess")],
            format!(
                "{both}): role `app-role` names `AWSLambdaFullAccess`, which AWS does not offer \
                 (any more); did you mean `AWSLambda_FullAccess`?"
            ),
        ),
        (
            vec![("AmazonSQSFullAccess", "AmazonWorkSpacesAdmin")],
            format!(
                "{both}): the reference does not have the document of `AmazonWorkSpacesAdmin`; run \
                 shared/data/refresh.py"
            ),
        ),
        (
            vec![(
                "Action: sqs:*, Resource: '*' ",
                "Action: 'iam:Pass*', Resource: 'arn:${AWS::Partition}:iam::*:role/tool-${Name}-*' ",
            )],
            format!(
                "{both}; Loud: true): policy `app-read` grants iam:PassRole to any service; add a \
                 condition on `iam:PassedToService`"
            ),
        ),
        (
            vec![("Action: ec2:Describe*", "Action: iam:PutGroupPolicy")],
            format!(
                "{both}): group `app-group` can become administrator: iam:PutGroupPolicy on \
                 `*`; close the path, or add an entry to `admin_equivalent` that holds here"
            ),
        ),
        (
            vec![(
                "editions: [current, documented]",
                "editions: [current, documented]\nadmin_equivalent: [{ when: { Loud: true, Edition: current }, reason: it can }]",
            )],
            "Test (current; Loud: true; Users: two elements): `admin_equivalent` says `it can`, \
             and no path to administrator was found; narrow its `when`, or drop it"
                .to_owned(),
        ),
        (
            vec![("Action: ec2:Describe*", "Action: states:UpdateStateMachine")],
            format!(
                "{both}): group `app-group` can become administrator: states:UpdateStateMachine on \
                 any state machine: the next execution calls AWS as the new definition says, with \
                 its role; close the path, or add an entry to `admin_equivalent` that holds here"
            ),
        ),
    ] {
        assert_eq!(lines(&changed(&changes)), [expected], "{changes:?}");
    }
}

#[test]
fn a_policy_that_a_condition_names_must_exist_and_be_known() {
    for (name, said) in [
        ("AmazonS3FullAcces", "did you mean `AmazonS3FullAccess`?"),
        ("AmazonWorkSpacesAdmin", "does not have the document of `AmazonWorkSpacesAdmin`"),
    ] {
        let condition = format!(
            "Action: iam:DetachRolePolicy, Resource: '*:role/tool', Condition: {{ ArnEquals: {{ \
             iam:PolicyARN: 'arn:${{AWS::Partition}}:iam::aws:policy/{name}' }} }} "
        );
        let lines = lines(&changed(&[("Action: sqs:*, Resource: '*' ", &condition)]));
        assert!(lines.len() == 1 && lines[0].contains(said), "{lines:?}");
    }
}

#[test]
fn more_than_ten_managed_policies_are_found() {
    let eleven = "AmazonEC2FullAccess, AWSBatchFullAccess, AmazonEC2ContainerRegistryFullAccess, \
        AWSLambda_FullAccess, AmazonSQSFullAccess, AWSStepFunctionsFullAccess, \
        AmazonS3ReadOnlyAccess, AmazonS3FullAccess, IAMReadOnlyAccess, AmazonVPCFullAccess";
    let lines = lines(&changed(&[("AmazonSQSFullAccess", eleven)]));
    assert!(
        lines.iter().any(|line| line.contains("managed policies: 11, IAM allows 10")),
        "{lines:?}"
    );
}

#[test]
fn a_path_for_some_parameters_is_marked_for_these_only() {
    let risky = ("Action: sqs:*", "Action: iam:*");
    let mark = |when: &str| {
        let entry = format!(
            "editions: [current, documented]\nadmin_equivalent: [{{ when: {{ {when} }}, reason: loud }}]"
        );
        let text = changed(&[risky, ("editions: [current, documented]", &entry)]);
        let preset: Preset = serde_saphyr::from_str(&text).unwrap();
        let findings = lint(&preset, &reference());
        let marks = findings.iter().filter_map(|finding| {
            let at = &finding.at;
            if let Problem::NotMarked { principal, .. } = &finding.problem {
                return Some(format!("{at} {principal}"));
            }
            let marked = matches!(finding.problem, Problem::MarkedWithoutReason { .. });
            marked.then(|| format!("{at} marked"))
        });
        marks.collect::<Vec<_>>()
    };
    assert_eq!(mark("Loud: true, Kind: one"), Vec::<String>::new());
    assert_eq!(
        mark("Loud: true, Kind: one, Edition: current"),
        [
            "Test (documented; Loud: true) role `app-role`",
            "Test (documented; Loud: true; Users: two elements) user `${Users}`",
        ]
    );
    assert_eq!(mark("Kind: one"), ["Test (documented, current; Users: two elements) marked"],);
}

#[test]
fn what_the_documented_edition_has_from_the_page_is_a_note_and_no_mistake() {
    for (edition, expected) in [("documented", false), ("current", true)] {
        let text = changed(&[
            ("[current, documented]", &format!("[{edition}]")),
            ("[s3:GetObject, s3:List*]", "[s3:GetObject, s3:ListAllMyBuckets]"),
        ]);
        let findings = lint(&serde_saphyr::from_str(&text).unwrap(), &reference());
        assert_eq!(findings.len(), 1);
        assert!(findings.iter().all(|finding| finding.is_mistake() == expected), "{edition}");
    }
}
