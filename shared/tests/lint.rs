//! The linter over the catalogue, and a small preset for each thing that it finds.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use account_presets::preset::lint::{Problem, Reference, lint};
use account_presets::preset::{self, Preset};
use serde_json::{Value, json};

fn reference() -> Reference {
    Reference::from_json(include_str!("../data/aws-reference.json")).unwrap()
}

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

/// Threat 2, Threat 8
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
    let data: Value = serde_json::from_str(include_str!("../data/aws-reference.json")).unwrap();
    let readme = include_str!("../data/README.md");
    for (package, version) in data["sources"].as_object().unwrap() {
        let version = version.as_str().unwrap();
        assert!(readme.contains(package) && readme.contains(version), "{package} {version}");
    }
}

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
        - { when: { Loud: true }, Effect: Allow, Action: logs:*, Resource: '*' }
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

fn lines(text: &str) -> Vec<String> {
    let preset: Preset = serde_saphyr::from_str(text).unwrap();
    lint(&preset, &reference()).iter().map(ToString::to_string).collect()
}

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
            vec![("Action: logs:*", "Action: logs:Lost*")],
            format!(
                "{both}; Loud: true): policy `app-read` names `logs:Lost*`, and the reference has \
                 no such action; correct it, or run shared/data/refresh.py if it is new"
            ),
        ),
        (
            vec![("[s3:GetObject, s3:List*]", "[s3:GetObject, s3:ListAllMyBuckets]")],
            format!(
                "{both}): policy `app-read` grants `s3:ListAllMyBuckets` on resources that it is \
                 never about; grant it on what it takes, only `*`, or drop it"
            ),
        ),
        (
            // Objects, where the action is about buckets.
            vec![
                ("[s3:GetObject, s3:List*]", "s3:ListBucket"),
                ("'arn:${AWS::Partition}:s3:::${Name}', ", ""),
            ],
            format!(
                "{both}): policy `app-read` grants `s3:ListBucket` on resources that it is never \
                 about; grant it on what it takes, accesspoint, bucket, or drop it"
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
                "{both}): the reference does not say what `AmazonWorkSpacesAdmin` grants; run \
                 shared/data/refresh.py"
            ),
        ),
        (
            vec![(
                "Action: logs:*, Resource: '*' ",
                "Action: 'iam:Pass*', Resource: 'arn:${AWS::Partition}:iam::*:role/${Name}-*' ",
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
            vec![("Action: ec2:Describe*", "Action: lambda:UpdateFunctionCode")],
            format!(
                "{both}): group `app-group` reaches foreign functions: lambda:UpdateFunctionCode \
                 on any, also on the one that serves presets; name the functions if that is not \
                 meant"
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
        ("AmazonWorkSpacesAdmin", "does not say what `AmazonWorkSpacesAdmin` grants"),
    ] {
        let condition = format!(
            "Action: iam:DetachRolePolicy, Resource: '*', Condition: {{ ArnEquals: {{ \
             iam:PolicyARN: 'arn:${{AWS::Partition}}:iam::aws:policy/{name}' }} }} "
        );
        let lines = lines(&changed(&[("Action: logs:*, Resource: '*' ", &condition)]));
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
    let risky = ("Action: logs:*", "Action: iam:*");
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

/// How a group with this inline policy becomes administrator. Beside it the preset has the role
/// `app`, which EC2 may act as and which has the customer's policy `app`.
fn path(statements: Value) -> Option<String> {
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
            // What may be attached can be written.
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
    for statements in [
        // Nothing to run code with, or not for that service.
        vec![allow(json!("iam:PassRole"), "*", to("lambda.amazonaws.com")), run()],
        vec![
            allow(json!("iam:PassRole"), "*", to("batch.amazonaws.com")),
            allow(json!("batch:*"), "*", any()),
        ],
        // The role is as it is, and cannot be given more.
        vec![pass_app(), run()],
        // A role that EC2 may act as is nothing for Lambda.
        vec![
            allow(json!("iam:AttachRolePolicy"), "role/app", any()),
            allow(json!("iam:PassRole"), "role/app", any()),
            allow(json!("lambda:*"), "*", any()),
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
                json!({"ArnEquals": {"iam:PolicyARN": [managed("AmazonS3FullAccess"), own("app")]}}),
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
                "Condition": {"ArnNotEquals": {"iam:PolicyARN": managed("AmazonS3FullAccess")}},
            }),
        ],
        vec![
            allow(json!("*"), "*", any()),
            json!({"Effect": "Deny", "Action": ["iam:*", "sts:*"], "Resource": "*"}),
        ],
        vec![
            allow(json!("iam:PassRole"), "*", to("lambda.amazonaws.com")),
            allow(json!("lambda:*"), "*", any()),
            json!({
                "Effect": "Deny", "Resource": "*",
                "Action": ["lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"],
            }),
        ],
        // Its own keys only.
        vec![allow(json!("iam:CreateAccessKey"), "user/${aws:username}", any())],
        vec![json!({"Effect": "Allow", "NotAction": ["iam:*", "sts:*"], "Resource": "*"})],
    ] {
        assert_eq!(path(json!(statements)), None, "{statements:?}");
    }
}

/// Who can become administrator by this preset.
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
    document: {{ Statement: {{ Effect: Allow, Action: 'lambda:*', Resource: '*' }} }}
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
        // What Batch does with its role is not for others to say.
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
