//! How the linter judges roles, groups and users that exist already.

use std::collections::BTreeMap;

use account_presets::preset::PROVIDER;
use account_presets::preset::lint::Judge;
use account_presets::state::{Account, Id, Kind, Object, PolicyDocument, Resource, Role, State};
use serde_json::{Value, json};

const AWS: &str = "arn:aws:iam::aws:policy/";

fn account() -> Account {
    Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap()
}

/// The documents of some of AWS's own policies; `PowerUserAccess` as AWS has it.
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

/// A role that EC2 and a principal of the account may assume, with these policies on and in it.
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

/// The same beside a preset that makes this role, another one and the policy of a client.
fn path_beside(state: &State) -> Option<String> {
    let (account, documents) = (account(), documents());
    let mut desired = role(&[], None, None);
    let mut other = role(&[], None, None).get(&Id::node(Kind::Role, "worker")).unwrap().clone();
    if let Resource::Role(role) = &mut other.resource {
        "machine".clone_into(&mut role.name);
    }
    desired.insert(other);
    let function = "arn:aws:lambda:*:123456789012:function:app-*";
    let client = json!({"Statement": [
        {"Effect": "Allow", "Action": "lambda:UpdateFunctionCode", "Resource": function},
        {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "*", "Condition": {
            "StringEquals": {"aws:ResourceTag/app": "x"}}}]});
    let document = PolicyDocument::new(client);
    let client = Resource::RoleInline { role: "machine".into(), name: "client".into(), document };
    desired.insert(Object::unowned(client));
    Judge::new(&account, PROVIDER, &documents)
        .beside(&desired)
        .path_to_administrator(state, &Id::node(Kind::Role, "worker"))
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
            "lambda:UpdateFunctionCode on any function: a function runs other code, with its role",
        ),
        (
            vec![],
            Some(function),
            "lambda:UpdateFunctionCode on the provider's own function `account-presets-IamPreset`: a \
             function runs other code, with its role",
        ),
        // An unreadable policy counts.
        (
            vec!["Unread"],
            None,
            "`arn:aws:iam::aws:policy/Unread` is attached, and its document is not known",
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

/// A policy that was made by hand names existing objects: one object counts as any.
///
/// Threat 2, Threat 4
#[test]
fn of_what_is_there_a_grant_on_one_thing_that_is_named_counts() {
    let iam = |name: &str| format!("arn:aws:iam::123456789012:{name}");
    let on = |action: &str, resource: &str| json!([{"Effect": "Allow", "Action": action, "Resource": resource}]);
    let at = |action: &str, key: &str, value: &str| {
        json!([{"Effect": "Allow", "Action": action, "Resource": "*",
            "Condition": {"StringEquals": { key: value }}}])
    };
    let passes = |role: &str| {
        json!([{"Effect": "Allow", "Action": "iam:PassRole", "Resource": iam(role)},
            {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"}])
    };
    for (inline, expected) in [
        (on("sts:AssumeRole", &iam("role/Boss")), "sts:AssumeRole, for `role/Boss`"),
        (on("sts:*", &iam("role/team/B*")), "sts:AssumeRole, for `role/team/B*`"),
        (
            on("iam:UpdateAssumeRolePolicy", &iam("role/Boss")),
            "iam:UpdateAssumeRolePolicy, for `role/Boss`",
        ),
        (
            passes("role/Boss"),
            "iam:PassRole to ec2.amazonaws.com with ec2:RunInstances, for `role/Boss`",
        ),
        (on("iam:PutRolePolicy", &iam("role/Boss")), "iam:PutRolePolicy, for `role/Boss`"),
        // The preset's own, too: its users have it.
        (on("iam:PutRolePolicy", &iam("role/machine")), "iam:PutRolePolicy, for `role/machine`"),
        (on("iam:AttachRolePolicy", &iam("role/Boss")), "iam:AttachRolePolicy, for `role/Boss`"),
        (on("iam:AddUserToGroup", &iam("group/admins")), "iam:AddUserToGroup on `group/admins`"),
        (on("iam:CreateAccessKey", &iam("user/bob")), "iam:CreateAccessKey on `user/bob`"),
        (on("iam:UpdateLoginProfile", &iam("user/bob")), "iam:UpdateLoginProfile on `user/bob`"),
        (on("iam:CreatePolicyVersion", &iam("policy/x")), "iam:CreatePolicyVersion on `policy/x`"),
        (
            on("lambda:UpdateFunctionCode", "arn:aws:lambda:us-east-1:123456789012:function:prod"),
            "lambda:UpdateFunctionCode on the function `prod`",
        ),
        (
            on("lambda:UpdateFunctionCode", "arn:aws:lambda:eu-*:123456789012:function:prod*"),
            "lambda:UpdateFunctionCode on the function `prod`",
        ),
        (
            at(
                "lambda:CreateEventSourceMapping",
                "lambda:FunctionArn",
                "arn:aws:lambda:us-east-1:123456789012:function:prod",
            ),
            "lambda:CreateEventSourceMapping on the function `prod`",
        ),
        (
            on("ecs:ExecuteCommand", "arn:aws:ecs:*:123456789012:*/web*"),
            "ecs:ExecuteCommand on the task of ECS `web`",
        ),
        (
            on("batch:SubmitJob", "arn:aws:batch:*:123456789012:job-definition/nightly:7"),
            "batch:SubmitJob on the job definition of Batch `nightly`",
        ),
        (
            at("ecs:Poll", "ecs:cluster", "arn:aws:ecs:eu-west-1:123456789012:cluster/web"),
            "ecs:Poll on the machine of ECS `web`",
        ),
        (
            on("cloudformation:UpdateStack", "arn:aws:cloudformation:*:123456789012:stack/prod/*"),
            "cloudformation:UpdateStack on the stack `prod`",
        ),
        // A tag is a name too.
        (at("ssm:SendCommand", "ssm:resourceTag/Name", "prod"), "ssm:SendCommand on any machine"),
        (
            on("s3:PutObject", "arn:aws:s3:::aws-sam-cli-managed-default-*"),
            "s3:PutObject on the bucket `aws-sam-cli-managed-default-`",
        ),
    ] {
        let state = role(&[], Some(inline), None);
        let found = path_beside(&state);
        assert!(found.as_ref().is_some_and(|it| it.starts_with(expected)), "{expected}: {found:?}");
        assert_eq!(path(&state), None, "{expected}");
    }
}

/// Threat 2, Threat 4
#[test]
fn each_document_that_runs_what_it_is_told_is_a_path() {
    let machines = "arn:aws:ec2:*:*:instance/*";
    let documents = [
        ("ssm:SendCommand", "AWS-RunShellScript"),
        ("ssm:SendCommand", "AWS-RunPowerShellScript"),
        ("ssm:SendCommand", "AWS-RunRemoteScript"),
        ("ssm:SendCommand", "AWS-ApplyAnsiblePlaybooks"),
        ("ssm:SendCommand", "AWS-RunSaltState"),
        ("ssm:SendCommand", "AWS-RunDocument"),
        ("ssm:SendCommand", "AWS-RunDockerAction"),
        ("ssm:SendCommand", "AWS-ConfigureAWSPackage"),
        ("ssm:CreateAssociation", "AWS-RunShellScript"),
        ("ssm:CreateAssociation", "AWS-RunPowerShellScript"),
        ("ssm:CreateAssociation", "AWS-RunRemoteScript"),
        ("ssm:CreateAssociation", "AWS-ApplyAnsiblePlaybooks"),
        ("ssm:CreateAssociation", "AWS-RunSaltState"),
        ("ssm:CreateAssociation", "AWS-RunDocument"),
        ("ssm:StartSession", "AWS-StartNonInteractiveCommand"),
        ("ssm:StartSession", "AWS-StartInteractiveCommand"),
    ];
    for (action, document) in documents {
        let document = format!("arn:aws:ssm:*::document/{document}");
        let session = json!({"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}});
        let inline = json!([{"Effect": "Allow", "Action": action,
            "Resource": [machines, document], "Condition": session}]);
        let found = path(&role(&[], Some(inline), None));
        assert!(found.is_some_and(|it| it.contains("on any machine")), "{action} {document}");
    }
    let harmless = json!([{"Effect": "Allow", "Action": "ssm:SendCommand",
        "Resource": [machines, "arn:aws:ssm:*::document/AWS-GatherSoftwareInventory"]}]);
    assert_eq!(path(&role(&[], Some(harmless), None)), None);
}

/// Threat 4
#[test]
fn a_role_that_may_be_passed_to_any_service_counts_whichever_the_service() {
    let passing = |condition: Value| json!([{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*", "Condition": condition}]);
    let found = path_beside(&role(&[], Some(passing(json!({}))), None)).unwrap();
    assert!(found.starts_with("iam:PassRole to any service"), "{found}");
    let named = json!({"StringEquals": {"iam:PassedToService": "batch.amazonaws.com"}});
    assert_eq!(path_beside(&role(&[], Some(passing(named)), None)), None);
}

/// Threat 4
#[test]
fn what_is_the_presets_own_or_given_by_it_anyway_is_no_further_power() {
    let itself = "arn:aws:iam::123456789012:role/worker";
    let other = "arn:aws:iam::123456789012:role/machine";
    let own = json!([
        {"Effect": "Allow", "Action": ["iam:PassRole", "sts:AssumeRole"], "Resource": [itself, other]},
        {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"},
        {"Effect": "Allow", "Action": "lambda:UpdateFunctionCode",
            "Resource": "arn:aws:lambda:*:123456789012:function:app-x"},
        {"Effect": "Allow", "Action": "ssm:SendCommand", "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/app": "x"}}},
        // Results, and keys of one's own.
        {"Effect": "Allow", "Action": "s3:*", "Resource": ["arn:aws:s3:::results", "arn:aws:s3:::results/*"]},
        {"Effect": "Allow", "Action": "iam:*AccessKey", "Resource": "arn:aws:iam::*:user/${aws:username}"},
        {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"},
    ]);
    assert_eq!(path_beside(&role(&["AmazonSQSFullAccess"], Some(own), None)), None);
}

/// Threat 3
#[test]
fn a_permissions_boundary_counts_as_far_as_it_is_known() {
    // A grant of only one of the two is not allowed.
    assert_eq!(path(&role(&["Lambda"], None, Some("NoLambda"))), None);
    assert!(path(&role(&["Lambda"], None, Some("AdministratorAccess"))).is_some());
    assert!(path(&role(&["Lambda"], None, Some("Unread"))).is_some());
}
