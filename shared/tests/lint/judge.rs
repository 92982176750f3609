//! What somebody who is there already amounts to.

use std::collections::BTreeMap;

use account_presets::preset::PROVIDER;
use account_presets::preset::lint::Judge;
use account_presets::state::{Account, Id, Kind, Object, PolicyDocument, Resource, Role, State};
use serde_json::{Value, json};

const AWS: &str = "arn:aws:iam::aws:policy/";

fn account() -> Account {
    Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap()
}

/// What some of AWS's own policies say; `PowerUserAccess` as AWS has it.
fn documents() -> BTreeMap<String, Value> {
    let allow = |action: Value| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": "*"}]})
    };
    let power_user = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
        {"Effect": "Allow", "Resource": "*", "Action": [
            "account:GetAccountInformation", "account:ListRegions", "iam:CreateServiceLinkedRole",
            "iam:DeleteServiceLinkedRole", "iam:ListRoles", "organizations:DescribeOrganization"]},
    ]});
    let of = [
        ("AdministratorAccess", allow(json!("*"))),
        ("PowerUserAccess", power_user),
        ("AmazonS3ReadOnlyAccess", allow(json!(["s3:Get*", "s3:List*", "s3:Describe*"]))),
        ("AmazonSQSFullAccess", allow(json!("sqs:*"))),
        ("Lambda", allow(json!("lambda:UpdateFunctionCode"))),
        ("NoLambda", allow(json!(["s3:*", "sqs:*"]))),
    ];
    of.into_iter().map(|(name, document)| (format!("{AWS}{name}"), document)).collect()
}

/// A role that EC2 and somebody in the account may act as, with these policies on and in it.
fn role(attached: &[&str], inline: Option<Value>, boundary: Option<&str>) -> State {
    let name = || "worker".to_owned();
    let mut state = State::default();
    state.insert(Object::unowned(Resource::Role(Role {
        name: name(),
        path: "/".to_owned(),
        description: String::new(),
        trust: PolicyDocument::new(json!({"Statement": [{
            "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]})),
        max_session_duration: 3600,
        permissions_boundary: boundary.map(|name| format!("{AWS}{name}")),
        tags: BTreeMap::new(),
    })));
    state.extend(attached.iter().map(|policy| {
        let policy_arn = format!("{AWS}{policy}");
        Object::unowned(Resource::RoleAttachment { role: name(), policy_arn })
    }));
    state.extend(inline.map(|statements| {
        let document = PolicyDocument::new(json!({ "Statement": statements }));
        Object::unowned(Resource::RoleInline { role: name(), name: "inline".to_owned(), document })
    }));
    state
}

fn path(state: &State) -> Option<String> {
    let account = account();
    let documents = documents();
    Judge::new(&account, PROVIDER, &documents)
        .path_to_administrator(state, &Id::node(Kind::Role, "worker"))
}

/// Threat 2, Threat 4
#[test]
fn a_role_that_is_an_administrator_is_found_by_its_policies() {
    let itself = |action: &str| json!([{"Effect": "Allow", "Action": action, "Resource": "arn:aws:iam::123456789012:role/worker"}]);
    let function = json!([{
        "Effect": "Allow", "Action": "lambda:*",
        "Resource": "arn:aws:lambda:*:123456789012:function:account-presets*",
    }]);
    for (attached, inline, expected) in [
        (vec!["AdministratorAccess"], None, "it may do everything in IAM"),
        (vec!["AmazonSQSFullAccess", "AdministratorAccess"], None, "it may do everything in IAM"),
        (
            vec![],
            Some(itself("iam:PutRolePolicy")),
            "iam:PutRolePolicy and being it, for `role/worker`",
        ),
        (
            vec![],
            Some(itself("iam:AttachRolePolicy")),
            "iam:AttachRolePolicy and being it, for `role/worker`",
        ),
        (vec!["PowerUserAccess"], None, "sts:AssumeRole, for any role"),
        (
            vec!["Lambda"],
            None,
            "lambda:UpdateFunctionCode on any function: a function runs what it is given, with its role",
        ),
        (
            vec![],
            Some(function),
            "lambda:UpdateFunctionCode on the provider's own function `account-presets-IamPreset`: a \
             function runs what it is given, with its role",
        ),
        // What cannot be read counts.
        (
            vec!["Unread"],
            None,
            "`arn:aws:iam::aws:policy/Unread` is attached, and what it allows is not known",
        ),
    ] {
        assert_eq!(path(&role(&attached, inline, None)).as_deref(), Some(expected), "{attached:?}");
    }
}

#[test]
fn a_harmless_role_is_none() {
    let own = json!([
        {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::app-*"]},
        {"Effect": "Allow", "Action": "lambda:*", "Resource": "arn:aws:lambda:*:123456789012:function:app-*"},
        {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"},
    ]);
    for (attached, inline) in
        [(vec![], None), (vec!["AmazonS3ReadOnlyAccess", "AmazonSQSFullAccess"], Some(own))]
    {
        assert_eq!(path(&role(&attached, inline, None)), None, "{attached:?}");
    }
}

/// Threat 3
#[test]
fn a_permissions_boundary_counts_as_far_as_it_is_known() {
    // What only one of the two allows is not allowed.
    assert_eq!(path(&role(&["Lambda"], None, Some("NoLambda"))), None);
    assert!(path(&role(&["Lambda"], None, Some("AdministratorAccess"))).is_some());
    assert!(path(&role(&["Lambda"], None, Some("Unread"))).is_some());
}
