//! `deployer-policy`: the least privilege for deploying, as a policy of IAM. The resources of the
//! provider's stack, with their names, are read from template.yaml.

use std::collections::{BTreeMap, BTreeSet};

use account_presets::state::Account;
use serde_json::{Value, json};

use crate::Found;
use crate::arguments::{Aws, Deployer, Deploys};
use crate::output::{Output, say};
use crate::properties::{EXAMPLE, account};

/// The provider's template.
pub(crate) const TEMPLATE: &str = include_str!("../../template.yaml");

/// The actions that any stack takes.
const OF_STACKS: &[&str] = &[
    "cloudformation:CancelUpdateStack",
    "cloudformation:ContinueUpdateRollback",
    "cloudformation:CreateChangeSet",
    "cloudformation:CreateStack",
    "cloudformation:DeleteChangeSet",
    "cloudformation:DeleteStack",
    "cloudformation:DescribeChangeSet",
    "cloudformation:DescribeStackEvents",
    "cloudformation:DescribeStackResources",
    "cloudformation:DescribeStacks",
    "cloudformation:ExecuteChangeSet",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
    "cloudformation:UpdateStack",
];

/// Reads that cannot be limited to a stack.
const OF_TEMPLATES: &[&str] = &[
    "cloudformation:GetTemplateSummary",
    "cloudformation:ListExports",
    "cloudformation:ListImports",
    "cloudformation:ValidateTemplate",
];

/// A type of the template: its property for the name, its ARN behind the account, and the actions
/// for making, changing and deleting it.
struct Kind {
    of_type: &'static str,
    /// `None` where CloudFormation makes the name: of the stack's, the logical id and an end.
    name: Option<&'static str>,
    arn: &'static str,
    actions: &'static [&'static str],
}

/// Every type of resource that template.yaml has, but for those of which another one's rights are enough.
const KINDS: &[Kind] = &[
    Kind {
        of_type: "AWS::Serverless::Function",
        name: Some("FunctionName"),
        arn: "lambda:{region}:{account}:function:",
        actions: &[
            "lambda:CreateFunction",
            "lambda:DeleteFunction",
            "lambda:DeleteFunctionEventInvokeConfig",
            "lambda:GetFunction",
            "lambda:GetFunctionConfiguration",
            "lambda:GetFunctionEventInvokeConfig",
            "lambda:ListTags",
            "lambda:PutFunctionEventInvokeConfig",
            "lambda:TagResource",
            "lambda:UntagResource",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "lambda:UpdateFunctionEventInvokeConfig",
        ],
    },
    Kind {
        of_type: "AWS::IAM::Role",
        name: Some("RoleName"),
        arn: "iam::{account}:role/",
        actions: &[
            "iam:AttachRolePolicy",
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePermissionsBoundary",
            "iam:DeleteRolePolicy",
            "iam:DetachRolePolicy",
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListRolePolicies",
            "iam:PassRole",
            "iam:PutRolePermissionsBoundary",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
            "iam:UpdateRoleDescription",
        ],
    },
    Kind {
        of_type: "AWS::IAM::ManagedPolicy",
        name: Some("ManagedPolicyName"),
        arn: "iam::{account}:policy/",
        actions: &[
            "iam:CreatePolicy",
            "iam:CreatePolicyVersion",
            "iam:DeletePolicy",
            "iam:DeletePolicyVersion",
            "iam:GetPolicy",
            "iam:GetPolicyVersion",
            "iam:ListPolicyVersions",
            "iam:SetDefaultPolicyVersion",
            "iam:TagPolicy",
            "iam:UntagPolicy",
        ],
    },
    Kind {
        of_type: "AWS::Logs::LogGroup",
        name: Some("LogGroupName"),
        arn: "logs:{region}:{account}:log-group:",
        actions: &[
            "logs:CreateLogGroup",
            "logs:DeleteLogGroup",
            "logs:DeleteMetricFilter",
            "logs:DeleteRetentionPolicy",
            "logs:DescribeMetricFilters",
            "logs:ListTagsForResource",
            "logs:PutMetricFilter",
            "logs:PutRetentionPolicy",
            "logs:TagResource",
            "logs:UntagResource",
        ],
    },
    Kind {
        of_type: "AWS::CloudWatch::Alarm",
        name: None,
        arn: "cloudwatch:{region}:{account}:alarm:",
        actions: &[
            "cloudwatch:DeleteAlarms",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:ListTagsForResource",
            "cloudwatch:PutMetricAlarm",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
        ],
    },
    Kind {
        of_type: "AWS::CloudWatch::Dashboard",
        name: Some("DashboardName"),
        arn: "cloudwatch::{account}:dashboard/",
        actions: &[
            "cloudwatch:DeleteDashboards",
            "cloudwatch:GetDashboard",
            "cloudwatch:ListTagsForResource",
            "cloudwatch:PutDashboard",
            "cloudwatch:TagResource",
            "cloudwatch:UntagResource",
        ],
    },
    Kind {
        of_type: "AWS::StepFunctions::StateMachine",
        name: Some("StateMachineName"),
        arn: "states:{region}:{account}:stateMachine:",
        actions: &[
            "states:CreateStateMachine",
            "states:DeleteStateMachine",
            "states:DescribeStateMachine",
            "states:ListTagsForResource",
            "states:TagResource",
            "states:UntagResource",
            "states:UpdateStateMachine",
        ],
    },
    Kind {
        of_type: "AWS::Scheduler::Schedule",
        name: Some("Name"),
        arn: "scheduler:{region}:{account}:schedule/default/",
        actions: &[
            "scheduler:CreateSchedule",
            "scheduler:DeleteSchedule",
            "scheduler:GetSchedule",
            "scheduler:UpdateSchedule",
        ],
    },
];

/// Types that are made with the rights on another one: inline policies with those on the role, metric
/// filters with those on the log.
const WITHIN: [&str; 2] = ["AWS::IAM::Policy", "AWS::Logs::MetricFilter"];

/// Prints the policy.
///
/// # Errors
///
/// A mistake in the arguments.
pub(crate) fn policy(asked: &Deployer, aws: &Aws, output: &Output) -> Result<Found, String> {
    let mut account = account(&asked.place, aws.region.as_deref())?;
    if asked.place.account.is_none() {
        say(&format!("note: {EXAMPLE} stands for the account; --account names another"));
    }
    if aws.region.is_none() {
        account.region = "*".to_owned();
    }
    let provider = &asked.place.provider_name;
    let policy = match asked.who {
        Deploys::Consumer => {
            consumers(&account, provider, asked.stack_name.as_deref().unwrap_or("*"))
        }
        Deploys::Provider => {
            providers(&account, provider, asked.stack_name.as_deref().unwrap_or(provider))?
        }
    };
    output.json(&policy)
}

fn arn(account: &Account, rest: &str) -> String {
    let Account { partition, region, id } = account;
    format!("arn:{partition}:{rest}").replace("{region}", region).replace("{account}", id)
}

fn statement(sid: &str, actions: &[&str], resources: impl IntoIterator<Item = String>) -> Value {
    let resources: BTreeSet<String> = resources.into_iter().collect();
    json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources})
}

fn stack(account: &Account, name: &str) -> String {
    arn(account, &format!("cloudformation:{{region}}:{{account}}:stack/{name}/*"))
}

fn document(statements: Vec<Value>) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// The policy of a principal that deploys stacks with resources of the provider. CloudFormation
/// invokes the function as the deploying principal, or as the stack's service role.
fn consumers(account: &Account, provider: &str, stacks: &str) -> Value {
    let functions = ["IamPreset", "LambdaConcurrency"].map(|function| {
        arn(account, &format!("lambda:{{region}}:{{account}}:function:{provider}-{function}"))
    });
    document(vec![
        statement("Stacks", OF_STACKS, [stack(account, stacks)]),
        statement("Templates", OF_TEMPLATES, ["*".to_owned()]),
        statement("Provider", &["lambda:InvokeFunction"], functions),
    ])
}

/// The policy of a principal that deploys the provider with the SAM CLI, its bucket included.
fn providers(account: &Account, provider: &str, name: &str) -> Result<Value, String> {
    let template: Value = serde_saphyr::from_str(TEMPLATE).map_err(|error| error.to_string())?;
    let resources = template.get("Resources").and_then(Value::as_object).ok_or("no resources")?;
    let mut named: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (logical_id, resource) in resources {
        let of_type = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let Some(kind) = KINDS.iter().find(|kind| kind.of_type == of_type) else {
            if WITHIN.contains(&of_type) {
                continue;
            }
            return Err(format!(
                "template.yaml has a resource of type {of_type}, which deployer-policy does not know"
            ));
        };
        let given =
            kind.name.and_then(|property| resource.pointer(&format!("/Properties/{property}")));
        // With two arguments, Fn::Sub has the text first.
        let given = given.and_then(|it| it.as_str().or_else(|| it.get(0)?.as_str()));
        let text = match (kind.name, given) {
            (Some(_), Some(text)) => text.replace("${ProviderName}", provider),
            (Some(property), None) => return Err(format!("{logical_id} has no {property}")),
            (None, _) => format!("{name}-{logical_id}-*"),
        };
        let text = text.replace("${AWS::Region}", &account.region).replace("${Id}", "*");
        let of_type = named.entry(kind.of_type).or_default();
        of_type.insert(arn(account, &format!("{}{text}", kind.arn)));
        if kind.of_type == "AWS::Logs::LogGroup" {
            of_type.insert(arn(account, &format!("{}{text}:*", kind.arn)));
        }
    }
    let bucket = arn(account, "s3:::aws-sam-cli-managed-default-*");
    let transform = format!(
        "arn:{}:cloudformation:{}:aws:transform/Serverless-2016-10-31",
        account.partition, account.region
    );
    let mut statements = vec![
        statement(
            "Stack",
            OF_STACKS,
            [stack(account, name), stack(account, "aws-sam-cli-managed-default")],
        ),
        statement("Transform", &["cloudformation:CreateChangeSet"], [transform]),
        statement("Templates", OF_TEMPLATES, ["*".to_owned()]),
        statement("Logs", &["logs:DescribeLogGroups"], ["*".to_owned()]),
        statement(
            "CodeBucket",
            &[
                "s3:CreateBucket",
                "s3:GetBucketLocation",
                "s3:GetBucketPolicy",
                "s3:ListBucket",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketTagging",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:GetObject",
                "s3:PutObject",
            ],
            [bucket.clone(), format!("{bucket}/*")],
        ),
    ];
    for kind in KINDS {
        if let Some(resources) = named.remove(kind.of_type) {
            let sid: String = kind.of_type.split("::").skip(1).collect();
            statements.push(statement(&sid, kind.actions, resources));
        }
    }
    Ok(document(statements))
}
