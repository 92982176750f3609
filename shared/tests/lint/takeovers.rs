//! Resources of other principals that are made to work for an attacker: a made-up preset for each
//! kind.

use serde_json::{Value, json};

use super::escalation::path;

/// The words about a kind, the actions that are enough together, and for each the resources of a
/// tool that keeps to its own.
const KINDS: &[(&str, &[(&str, &str)])] = &[
    (
        "any machine",
        &[
            ("ec2:ModifyInstanceAttribute", "ec2:*:A:instance/i-app"),
            ("ec2:StartInstances", "ec2:*:A:instance/i-app"),
            ("ec2:StopInstances", "ec2:*:A:instance/i-app"),
        ],
    ),
    (
        "any machine",
        &[
            ("ec2:AttachVolume", "ec2:*:A:instance/i-app"),
            ("ec2:DetachVolume", "ec2:*:A:instance/i-app"),
            ("ec2:StartInstances", "ec2:*:A:instance/i-app"),
            ("ec2:StopInstances", "ec2:*:A:instance/i-app"),
        ],
    ),
    ("any machine", &[("ec2:CreateReplaceRootVolumeTask", "ec2:*:A:instance/i-app")]),
    ("any machine", &[("ssm:StartSession", "ec2:*:A:instance/i-app")]),
    ("any machine", &[("ssm:SendCommand", "ec2:*:A:instance/i-app")]),
    ("any machine", &[("ssm:CreateAssociation", "ec2:*:A:instance/i-app")]),
    ("any machine", &[("ec2-instance-connect:SendSSHPublicKey", "ec2:*:A:instance/i-app")]),
    (
        "any machine",
        &[("ec2-instance-connect:SendSerialConsoleSSHPublicKey", "ec2:*:A:instance/i-app")],
    ),
    (
        "any launch template",
        &[("ec2:CreateLaunchTemplateVersion", "ec2:*:A:launch-template/lt-app")],
    ),
    (
        "any document of Systems Manager",
        &[
            ("ssm:UpdateDocument", "ssm:*:A:document/app-*"),
            ("ssm:UpdateDocumentDefaultVersion", "ssm:*:A:document/app-*"),
        ],
    ),
    ("any function", &[("lambda:UpdateFunctionCode", "lambda:*:A:function:app-*")]),
    ("any function", &[("lambda:UpdateFunctionConfiguration", "lambda:*:A:function:app-*")]),
    ("any function", &[("lambda:InvokeFunction", "lambda:*:A:function:app-*")]),
    ("any function", &[("lambda:AddPermission", "lambda:*:A:function:app-*")]),
    ("any job definition of Batch", &[("batch:SubmitJob", "batch:*:A:job-definition/app-*")]),
    (
        "any compute environment of Batch",
        &[("batch:UpdateComputeEnvironment", "batch:*:A:compute-environment/app-*")],
    ),
    ("any task of ECS", &[("ecs:ExecuteCommand", "ecs:*:A:*/app-*")]),
    ("any machine of ECS", &[("ecs:Poll", "ecs:*:A:container-instance/app/*")]),
    ("any service of ECS", &[("ecs:UpdateService", "ecs:*:A:service/app/*")]),
    ("any cluster of ECS", &[("ecs:CreateService", "ecs:*:A:service/app/*")]),
    ("any stack", &[("cloudformation:UpdateStack", "cloudformation:*:A:stack/app-*")]),
    (
        "any stack",
        &[
            ("cloudformation:CreateChangeSet", "cloudformation:*:A:stack/app-*"),
            ("cloudformation:ExecuteChangeSet", "cloudformation:*:A:stack/app-*"),
        ],
    ),
    ("any state machine", &[("states:UpdateStateMachine", "states:*:A:stateMachine:app-*")]),
    ("any project of CodeBuild", &[("codebuild:StartBuild", "codebuild:*:A:project/app-*")]),
    ("any project of CodeBuild", &[("codebuild:StartBuildBatch", "codebuild:*:A:project/app-*")]),
    ("any project of CodeBuild", &[("codebuild:UpdateProject", "codebuild:*:A:project/app-*")]),
    ("any job of Glue", &[("glue:UpdateJob", "glue:*:A:job/app-*")]),
    ("any job of Glue", &[("glue:StartJobRun", "glue:*:A:job/app-*")]),
    (
        "any development endpoint of Glue",
        &[("glue:UpdateDevEndpoint", "glue:*:A:devEndpoint/app-*")],
    ),
    ("any session of Glue", &[("glue:RunStatement", "glue:*:A:session/app-*")]),
    (
        "any notebook of SageMaker",
        &[(
            "sagemaker:CreatePresignedNotebookInstanceUrl",
            "sagemaker:*:A:notebook-instance/app-*",
        )],
    ),
    (
        "any notebook of SageMaker",
        &[
            ("sagemaker:CreateNotebookInstanceLifecycleConfig", "sagemaker:*:A:*/app-*"),
            ("sagemaker:StartNotebookInstance", "sagemaker:*:A:notebook-instance/app-*"),
            ("sagemaker:StopNotebookInstance", "sagemaker:*:A:notebook-instance/app-*"),
            ("sagemaker:UpdateNotebookInstance", "sagemaker:*:A:notebook-instance/app-*"),
        ],
    ),
    (
        "any notebook of SageMaker",
        &[("sagemaker:UpdateNotebookInstanceLifecycleConfig", "sagemaker:*:A:*/app-*")],
    ),
    (
        "any profile of SageMaker Studio",
        &[("sagemaker:CreatePresignedDomainUrl", "sagemaker:*:A:user-profile/app/*")],
    ),
    (
        "any pipeline of Data Pipeline",
        &[
            ("datapipeline:ActivatePipeline", "datapipeline:*:A:pipeline/df-app"),
            ("datapipeline:PutPipelineDefinition", "datapipeline:*:A:pipeline/df-app"),
        ],
    ),
    (
        "any cluster of EMR",
        &[("elasticmapreduce:AddJobFlowSteps", "elasticmapreduce:*:A:cluster/j-app")],
    ),
    ("any service of App Runner", &[("apprunner:UpdateService", "apprunner:*:A:service/app/*")]),
    (
        "any code interpreter of Bedrock",
        &[
            (
                "bedrock-agentcore:InvokeCodeInterpreter",
                "bedrock-agentcore:*:A:code-interpreter-custom/app-*",
            ),
            (
                "bedrock-agentcore:StartCodeInterpreterSession",
                "bedrock-agentcore:*:A:code-interpreter-custom/app-*",
            ),
        ],
    ),
    (
        "any deployment group of CodeDeploy",
        &[("codedeploy:CreateDeployment", "codedeploy:*:A:deploymentgroup:app/*")],
    ),
    (
        "any REST API",
        &[
            ("apigateway:PATCH", "apigateway:*::/restapis/app/*"),
            ("apigateway:POST", "apigateway:*::/restapis/app/*"),
        ],
    ),
    (
        "any REST API",
        &[
            ("apigateway:POST", "apigateway:*::/restapis/app/*"),
            ("apigateway:PUT", "apigateway:*::/restapis/app"),
        ],
    ),
    ("any bucket", &[("s3:PutObject", "s3:::app-*/*")]),
    ("any bucket", &[("s3:PutBucketPolicy", "s3:::app-*")]),
    ("any repository of images", &[("ecr:PutImage", "ecr:*:A:repository/app*")]),
    ("any repository of images", &[("ecr:SetRepositoryPolicy", "ecr:*:A:repository/app*")]),
    ("any repository of code", &[("codecommit:GitPush", "codecommit:*:A:app-*")]),
    ("any repository of code", &[("codecommit:CreateCommit", "codecommit:*:A:app-*")]),
    ("any association of Systems Manager", &[("ssm:UpdateAssociation", "ssm:*:A:association/app")]),
    (
        "any maintenance window of Systems Manager",
        &[("ssm:RegisterTaskWithMaintenanceWindow", "ssm:*:A:maintenancewindow/mw-app")],
    ),
    (
        "any maintenance window of Systems Manager",
        &[("ssm:UpdateMaintenanceWindowTask", "ssm:*:A:maintenancewindow/mw-app")],
    ),
    (
        "any image of Lambda's machines",
        &[("lambda:CreateMicrovmShellAuthToken", "lambda:*:A:microvm-image:app-*")],
    ),
    (
        "any image of Lambda's machines",
        &[("lambda:CreateMicrovmAuthToken", "lambda:*:A:microvm-image:app-*")],
    ),
    ("any service of ECS", &[("ecs:UpdateExpressGatewayService", "ecs:*:A:service/app/*")]),
    (
        "any environment of Elastic Beanstalk",
        &[("elasticbeanstalk:UpdateEnvironment", "elasticbeanstalk:*:A:environment/app/*")],
    ),
    (
        "any cluster of EKS",
        &[
            ("eks:AssociateAccessPolicy", "eks:*:A:access-entry/app/*"),
            ("eks:CreateAccessEntry", "eks:*:A:cluster/app"),
        ],
    ),
    ("any permission set", &[("sso:PutInlinePolicyToPermissionSet", "sso:::permissionSet/app/*")]),
    (
        "any permission set",
        &[("sso:AttachManagedPolicyToPermissionSet", "sso:::permissionSet/app/*")],
    ),
    (
        "any permission set",
        &[("sso:AttachCustomerManagedPolicyReferenceToPermissionSet", "sso:::permissionSet/app/*")],
    ),
    ("any permission set", &[("sso:CreateAccountAssignment", "sso:::permissionSet/app/*")]),
    ("any SAML provider", &[("iam:UpdateSAMLProvider", "iam::A:saml-provider/app")]),
    (
        "any OpenID Connect provider",
        &[("iam:AddClientIDToOpenIDConnectProvider", "iam::A:oidc-provider/app")],
    ),
    (
        "any OpenID Connect provider",
        &[("iam:UpdateOpenIDConnectProviderThumbprint", "iam::A:oidc-provider/app")],
    ),
];

fn arn(resource: &str) -> String {
    let resource = resource.replace(":A:", ":${AWS::AccountId}:");
    format!("arn:${{AWS::Partition}}:{resource}")
}

fn allow(action: &str, resource: &str, condition: Value) -> Value {
    let resource = if resource == "*" { resource.to_owned() } else { arn(resource) };
    json!({"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition})
}

/// Threat 2, Threat 23
#[test]
fn what_others_run_is_a_path_for_each_kind_of_it() {
    let mut missed = Vec::new();
    for (what, steps) in KINDS {
        let all: Vec<Value> =
            steps.iter().map(|(action, _)| allow(action, "*", json!({}))).collect();
        let actions: Vec<&str> = steps.iter().map(|(action, _)| *action).collect();
        let expected = format!("{} on {what}: ", actions.join(" and "));
        let found = path(json!(all));
        if !found.as_ref().is_some_and(|path| path.starts_with(&expected)) {
            missed.push(format!("{expected}{found:?}"));
        }
        // Each step of several is needed.
        for missing in 0..steps.len().saturating_sub(1) {
            let mut rest = all.clone();
            rest.remove(missing);
            if let Some(path) = path(json!(rest)) {
                missed.push(format!("without {}: {path}", steps[missing].0));
            }
        }
    }
    assert!(missed.is_empty(), "\n{}", missed.join("\n"));
}

#[test]
fn what_keeps_to_the_tools_own_is_no_path() {
    for (what, steps) in KINDS {
        let own: Vec<Value> =
            steps.iter().map(|(action, resource)| allow(action, resource, json!({}))).collect();
        assert_eq!(path(json!(own)), None, "{what} {steps:?}");
        // A Deny for the rest does as well.
        let denied = steps.iter().flat_map(|(action, resource)| {
            let rest = json!({
                "Effect": "Deny", "Action": action, "NotResource": arn(resource),
            });
            [allow(action, "*", json!({})), rest]
        });
        assert_eq!(path(denied.collect()), None, "{what} {steps:?}");
    }
}

/// Threat 2
#[test]
fn one_of_its_own_is_used_where_others_have_theirs() {
    let both = |action: &str, resources: [&str; 2]| {
        let resources = resources.map(arn);
        json!({"Effect": "Allow", "Action": action, "Resource": resources})
    };
    let any = || json!({});
    let at = |key: &str, operator: &str, value: &str| json!({ operator: { key: arn(value) } });
    let own_job =
        || both("batch:SubmitJob", ["batch:*:A:job-definition/app-*", "batch:*:A:job-queue/app"]);
    for (statements, expected) in [
        // A job of its own in any queue, or in its own queue of any machines.
        (
            vec![both(
                "batch:SubmitJob",
                ["batch:*:A:job-definition/app-*", "batch:*:A:job-queue/*"],
            )],
            Some("batch:SubmitJob on any queue of Batch: "),
        ),
        (
            vec![own_job(), allow("batch:CreateJobQueue", "*", any())],
            Some("batch:CreateJobQueue and batch:SubmitJob on any compute environment of Batch: "),
        ),
        (
            vec![own_job(), allow("batch:UpdateJobQueue", "*", any())],
            Some("batch:SubmitJob and batch:UpdateJobQueue on any compute environment of Batch: "),
        ),
        (
            vec![
                own_job(),
                both(
                    "batch:*JobQueue",
                    ["batch:*:A:job-queue/app", "batch:*:A:compute-environment/app"],
                ),
            ],
            None,
        ),
        // A task of its own on any cluster.
        (
            vec![allow("ecs:RunTask", "ecs:*:A:task-definition/app:*", any())],
            Some("ecs:RunTask on any cluster of ECS: "),
        ),
        (
            vec![allow("ecs:StartTask", "ecs:*:A:task-definition/app:*", any())],
            Some("ecs:StartTask on any cluster of ECS: "),
        ),
        (
            vec![allow(
                "ecs:RunTask",
                "ecs:*:A:task-definition/app:*",
                at("ecs:cluster", "ArnEquals", "ecs:eu-west-1:A:cluster/app"),
            )],
            None,
        ),
        // The tasks of any cluster on a machine of its own.
        (
            vec![
                allow("ecs:RegisterContainerInstance", "ecs:*:A:cluster/*", any()),
                allow("ecs:Poll", "ecs:*:A:container-instance/*", any()),
            ],
            Some("ecs:Poll on any machine of ECS: "),
        ),
        (
            vec![
                allow("ecs:RegisterContainerInstance", "ecs:*:A:cluster/*", any()),
                allow(
                    "ecs:Poll",
                    "ecs:*:A:container-instance/*",
                    at("ecs:cluster", "ArnLike", "ecs:*:A:cluster/AWSBatch-app*"),
                ),
            ],
            None,
        ),
        // A queue of its own that any function listens to.
        (
            vec![allow("lambda:CreateEventSourceMapping", "*", any())],
            Some("lambda:CreateEventSourceMapping on any function: "),
        ),
        (
            vec![allow("lambda:UpdateEventSourceMapping", "*", any())],
            Some("lambda:UpdateEventSourceMapping on any function: "),
        ),
        (
            vec![allow(
                "lambda:CreateEventSourceMapping",
                "*",
                at("lambda:FunctionArn", "ArnLike", "lambda:*:A:function:app-*"),
            )],
            None,
        ),
        // A command by a document of its own, or by AWS's; a session needs none unless asked.
        (
            vec![
                allow("ssm:CreateDocument", "ssm:*:A:document/*", any()),
                both("ssm:SendCommand", ["ec2:*:A:instance/*", "ssm:*:A:document/*"]),
            ],
            Some("ssm:CreateDocument and ssm:SendCommand on any machine: "),
        ),
        (vec![both("ssm:SendCommand", ["ec2:*:A:instance/*", "ssm:*:A:document/app"])], None),
        (
            vec![both(
                "ssm:StartSession",
                ["ec2:*:A:instance/*", "ssm:*::document/AWS-StartSSHSession"],
            )],
            Some("ssm:StartSession on any machine: "),
        ),
        (
            vec![
                allow(
                    "ssm:StartSession",
                    "ec2:*:A:instance/*",
                    json!({"BoolIfExists": {"ssm:SessionDocumentAccessCheck": true}}),
                ),
                allow("ssm:StartSession", "ssm:*::document/AWS-StartSSHSession", any()),
            ],
            None,
        ),
    ] {
        let found = path(json!(statements));
        let as_expected = match expected {
            Some(words) => found.as_ref().is_some_and(|path| path.starts_with(words)),
            None => found.is_none(),
        };
        assert!(as_expected, "{expected:?} {found:?} {statements:?}");
    }
}

/// Threat 2
#[test]
fn a_condition_on_tags_holds_nobody_who_may_set_them() {
    let instances = "ec2:*:A:instance/*";
    let session = |key: &str, value: &str| {
        allow("ssm:StartSession", instances, json!({"StringLike": { key: value }}))
    };
    let tag = |condition: Value| allow("ec2:CreateTags", instances, condition);
    let tagged = |with: &str| format!("{with}, then ssm:StartSession on any machine: ");
    let tool = || session("aws:ResourceTag/Name", "app-*");
    for (statements, expected) in [
        (vec![tool()], None),
        (vec![tool(), tag(json!({}))], Some("ec2:CreateTags")),
        // Called by the service's own name, or asked for in the request.
        (vec![session("ec2:ResourceTag/Name", "app-*"), tag(json!({}))], Some("ec2:CreateTags")),
        (vec![session("ssm:resourceTag/Name", "app-*"), tag(json!({}))], Some("ec2:CreateTags")),
        (
            vec![
                tool(),
                tag(json!({
                    "StringLike": {"aws:RequestTag/Name": ["app-*", "other-*"]},
                    "ForAllValues:StringEquals": {"aws:TagKeys": "Name"},
                })),
            ],
            Some("ec2:CreateTags"),
        ),
        // Other values, other keys, other resources, or only new ones.
        (vec![tool(), tag(json!({"StringLike": {"aws:RequestTag/Name": "web-*"}}))], None),
        (vec![tool(), tag(json!({"ForAllValues:StringEquals": {"aws:TagKeys": "Team"}}))], None),
        (vec![tool(), tag(json!({"StringEquals": {"ec2:CreateAction": "RunInstances"}}))], None),
        (vec![tool(), allow("ec2:CreateTags", "ec2:*:A:volume/*", json!({}))], None),
        (vec![tool(), tag(json!({"StringLike": {"aws:ResourceTag/Name": "app-*"}}))], None),
        // One tag allows the next.
        (
            vec![
                tool(),
                tag(json!({"StringEquals": {"aws:ResourceTag/Team": "a"}})),
                tag(json!({"StringEquals": {"aws:RequestTag/Team": "a"}})),
            ],
            Some("ec2:CreateTags"),
        ),
        // Two at once, and both are needed.
        (
            vec![
                allow(
                    "ssm:StartSession",
                    instances,
                    json!({"StringEquals": {"aws:ResourceTag/A": "1", "aws:ResourceTag/B": "2"}}),
                ),
                tag(json!({"StringEquals": {"aws:RequestTag/A": "1", "aws:RequestTag/B": "2"}})),
            ],
            Some("ec2:CreateTags"),
        ),
        // No principal sets AWS's own.
        (
            vec![session("aws:ResourceTag/aws:cloudformation:stack-name", "app-*"), tag(json!({}))],
            None,
        ),
        // A resource without tags.
        (
            vec![allow(
                "ssm:StartSession",
                instances,
                json!({"Null": {"aws:ResourceTag/Name": "true"}}),
            )],
            Some(""),
        ),
        (
            vec![allow(
                "ssm:StartSession",
                instances,
                json!({"StringEqualsIfExists": {"aws:ResourceTag/Name": "app"}}),
            )],
            Some(""),
        ),
        // The wrong tag is denied, so the right one is set.
        (
            vec![
                allow("ssm:StartSession", instances, json!({})),
                tag(json!({})),
                json!({
                    "Effect": "Deny", "Action": "ssm:StartSession", "Resource": "*",
                    "Condition": {"StringNotEquals": {"aws:ResourceTag/Team": "a"}},
                }),
            ],
            Some("ec2:CreateTags"),
        ),
    ] {
        let found = path(json!(statements));
        let expected = expected.map(|with| match with {
            "" => "ssm:StartSession on any machine: ".to_owned(),
            with => tagged(with),
        });
        let as_expected = match &expected {
            Some(words) => found.as_ref().is_some_and(|path| path.starts_with(words)),
            None => found.is_none(),
        };
        assert!(as_expected, "{expected:?} {found:?} {statements:?}");
    }
}
