//! AWS services that run caller-supplied work under a passed role (targets of `iam:PassRole`).

/// The services and, for each, sets of actions. A principal with all actions of one set that may
/// pass the service a role acts as that role: by code, by a template, or by calls that the service
/// makes. Source: each service's own description of its roles, and the published lists of ways to
/// escalate with `iam:PassRole`. Not complete: the linter does not see a service or action without
/// an entry.
pub const SERVICES: &[(&str, &[&[&str]])] = &[
    ("ec2.amazonaws.com", EC2),
    ("ec2.amazonaws.com.cn", EC2),
    (
        "lambda.amazonaws.com",
        &[
            &["lambda:CreateFunction", "lambda:InvokeFunction"],
            &["lambda:CreateFunction", "lambda:AddPermission"],
            &["lambda:CreateFunction", "lambda:CreateEventSourceMapping"],
            &["lambda:CreateFunction", "lambda:CreateFunctionUrlConfig"],
            // Another role for a function that is called anyway.
            &["lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionCode"],
            &["synthetics:CreateCanary", "synthetics:StartCanary"],
        ],
    ),
    (
        "ecs-tasks.amazonaws.com",
        &[
            // A task's role and its command can be given with the call.
            &["ecs:RunTask"],
            &["ecs:StartTask"],
            &["ecs:RegisterTaskDefinition", "ecs:CreateService"],
            &["ecs:RegisterTaskDefinition", "ecs:UpdateService"],
            &["batch:RegisterJobDefinition", "batch:SubmitJob"],
        ],
    ),
    ("cloudformation.amazonaws.com", CLOUDFORMATION),
    (
        "glue.amazonaws.com",
        &[
            &["glue:CreateJob", "glue:StartJobRun"],
            &["glue:CreateJob", "glue:CreateTrigger"],
            &["glue:UpdateJob", "glue:CreateTrigger"],
            &["glue:UpdateJob", "glue:StartJobRun"],
            &["glue:CreateSession", "glue:RunStatement"],
            &["glue:CreateDevEndpoint"],
            &["glue:UpdateDevEndpoint"],
        ],
    ),
    (
        "states.amazonaws.com",
        &[
            &["states:CreateStateMachine", "states:StartExecution"],
            &["states:UpdateStateMachine", "states:StartExecution"],
            &["states:CreateStateMachine", "states:StartSyncExecution"],
            &["states:UpdateStateMachine", "states:StartSyncExecution"],
            &["states:TestState"],
        ],
    ),
    // An integration may be any call of AWS's API.
    ("apigateway.amazonaws.com", &[&["apigateway:PUT", "apigateway:POST"]]),
    ("scheduler.amazonaws.com", &[&["scheduler:CreateSchedule"], &["scheduler:UpdateSchedule"]]),
    ("ssm.amazonaws.com", &[&["ssm:StartAutomationExecution"]]),
    (
        "codebuild.amazonaws.com",
        &[
            &["codebuild:CreateProject", "codebuild:StartBuild"],
            &["codebuild:CreateProject", "codebuild:StartBuildBatch"],
            &["codebuild:UpdateProject", "codebuild:StartBuild"],
            &["codebuild:UpdateProject", "codebuild:StartBuildBatch"],
        ],
    ),
    (
        "sagemaker.amazonaws.com",
        &[
            &["sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"],
            &["sagemaker:CreateTrainingJob"],
            &["sagemaker:CreateProcessingJob"],
            &[
                "sagemaker:CreateModel",
                "sagemaker:CreateEndpointConfig",
                "sagemaker:CreateEndpoint",
            ],
        ],
    ),
    ("elasticmapreduce.amazonaws.com", &[&["elasticmapreduce:RunJobFlow"]]),
    (
        "emr-serverless.amazonaws.com",
        &[&["emr-serverless:CreateApplication", "emr-serverless:StartJobRun"]],
    ),
    (
        "codepipeline.amazonaws.com",
        &[
            &["codepipeline:CreatePipeline"],
            &["codepipeline:UpdatePipeline", "codepipeline:StartPipelineExecution"],
        ],
    ),
    (
        "amplify.amazonaws.com",
        &[&["amplify:CreateApp", "amplify:CreateBranch", "amplify:StartJob"]],
    ),
    (
        "rolesanywhere.amazonaws.com",
        &[&["rolesanywhere:CreateTrustAnchor", "rolesanywhere:CreateProfile"]],
    ),
    (
        "cognito-identity.amazonaws.com",
        &[&["cognito-identity:CreateIdentityPool", "cognito-identity:SetIdentityPoolRoles"]],
    ),
    (
        "datapipeline.amazonaws.com",
        &[&["datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition"]],
    ),
    // A target may be a command on any machine, or a task with another command.
    ("events.amazonaws.com", &[&["events:PutTargets"]]),
    ("pipes.amazonaws.com", &[&["pipes:CreatePipe"], &["pipes:UpdatePipe"]]),
    (
        "bedrock-agentcore.amazonaws.com",
        &[&[
            "bedrock-agentcore:CreateCodeInterpreter",
            "bedrock-agentcore:StartCodeInterpreterSession",
        ]],
    ),
    ("build.apprunner.amazonaws.com", &[&["apprunner:CreateService"]]),
    ("tasks.apprunner.amazonaws.com", &[&["apprunner:CreateService"]]),
];

const EC2: &[&[&str]] = &[
    &["ec2:RunInstances"],
    &["ec2:AssociateIamInstanceProfile"],
    &["ec2:ReplaceIamInstanceProfileAssociation"],
    &["ec2:RequestSpotInstances"],
    &["ec2:RequestSpotFleet"],
    &["ec2:CreateLaunchTemplate", "ec2:CreateFleet"],
    &["autoscaling:CreateLaunchConfiguration", "autoscaling:CreateAutoScalingGroup"],
    &["ec2:CreateLaunchTemplate", "autoscaling:CreateAutoScalingGroup"],
    &["ec2:CreateLaunchTemplate", "autoscaling:UpdateAutoScalingGroup"],
    &["autoscaling:CreateLaunchConfiguration", "autoscaling:UpdateAutoScalingGroup"],
    &[
        "imagebuilder:CreateInfrastructureConfiguration",
        "imagebuilder:CreateComponent",
        "imagebuilder:CreateImageRecipe",
        "imagebuilder:CreateImage",
    ],
    &["elasticbeanstalk:CreateApplicationVersion", "elasticbeanstalk:CreateEnvironment"],
];

const CLOUDFORMATION: &[&[&str]] = &[
    &["cloudformation:CreateStack"],
    &["cloudformation:UpdateStack"],
    &["cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"],
    &["cloudformation:CreateStackSet", "cloudformation:CreateStackInstances"],
    &["cloudformation:UpdateStackSet"],
    &["cloudformation:CreateResource"],
    &["cloudformation:UpdateResource"],
];

/// True if a caller that gives the service work acts with its role. No caller can act as a role
/// that only AWS's own services use, for example the service role of AWS Batch.
pub fn acts_for_others(service: &str) -> bool {
    SERVICES.iter().any(|(name, _)| *name == service)
}
