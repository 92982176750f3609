//! Workloads with a role of their own, and the steps by which an attacker takes them over.

/// Something that has a role, and takes orders.
#[derive(Debug)]
pub struct Takeover {
    /// Its name, for people.
    pub what: &'static str,
    /// The effect of the takeover.
    pub so: &'static str,
    /// Its ARN: `P`, `R` and `A` stand for partition, Region and account, `NAME` for its name,
    /// `TAIL` for the part behind it.
    pub arn: &'static str,
    /// Keys of a request that is about it, and their values, which are written as its ARN.
    pub keys: &'static [(&'static str, &'static str)],
    /// Each of them tags it, so that a condition on its tags holds. `tag:TagResources` is none of
    /// them: it asks for the service's own action too.
    pub tags: &'static [Step],
    /// One of these names is enough where existing principals are judged.
    pub named: &'static [&'static str],
    /// Sets of steps. All steps of one set are enough.
    pub ways: &'static [&'static [Step]],
}

/// A grant that the takeover takes.
#[derive(Debug)]
pub enum Step {
    /// The action on the resource itself.
    It(&'static str),
    /// The same in a request that has this key.
    ItWith(&'static str, (&'static str, &'static str)),
    /// The action on a related resource, whose ARN is written like its own.
    On(&'static str, &'static str),
    /// The action on anything, for example on something of one's own.
    Any(&'static str),
}

impl Step {
    /// The action.
    pub fn action(&self) -> &'static str {
        match self {
            It(action) | ItWith(action, _) | On(action, _) | Any(action) => action,
        }
    }
}

use Step::{Any, It, ItWith, On};

const ANY: &[&str] = &["*"];

/// Where AWS's tools upload the code that they deploy. A bucket of another name may be one to which
/// a role that was made by hand writes its results.
const CODE: [&str; 4] =
    ["aws-sam-cli-managed-default-*", "cdk-*-assets-*", "cf-templates-*", "codepipeline-*"];

/// Sources: Rhino Security Labs' list, PMapper, pathfinding.cloud, and each service's own
/// description of its roles. Not complete: the linter does not see a takeover without an entry.
/// Left out are calls that need `iam:PassRole` again although the role does not change, because
/// these are paths of `services.rs`: `ecs:RunTask` and `ecs:RegisterTaskDefinition` with the roles
/// of a foreign task definition, `ec2:RunInstances` with a foreign launch template,
/// `cloudformation:UpdateStackSet`.
pub const TAKEOVERS: &[Takeover] = &[
    Takeover {
        what: "machine",
        so: "a machine runs any command, with its role",
        arn: "arn:P:ec2:R:A:instance/i-NAME",
        keys: &[("ec2:instanceprofile", "arn:P:iam::A:instance-profile/NAME")],
        tags: &[It("ec2:CreateTags")],
        named: ANY,
        ways: &[
            // User data that runs at each start.
            &[It("ec2:ModifyInstanceAttribute"), It("ec2:StopInstances"), It("ec2:StartInstances")],
            // Another root volume.
            &[It("ec2:CreateReplaceRootVolumeTask")],
            &[
                It("ec2:DetachVolume"),
                It("ec2:AttachVolume"),
                It("ec2:StopInstances"),
                It("ec2:StartInstances"),
            ],
            // Session Manager's own document needs no grant, unless this key asks for one.
            &[ItWith("ssm:StartSession", NO_DOCUMENT)],
            &[It("ssm:StartSession"), On("ssm:StartSession", SHELL)],
            &[
                It("ssm:StartSession"),
                On("ssm:StartSession", "arn:P:ssm:R::document/AWS-StartNonInteractiveCommand"),
            ],
            &[
                It("ssm:StartSession"),
                On("ssm:StartSession", "arn:P:ssm:R::document/AWS-StartInteractiveCommand"),
            ],
            &[It("ssm:SendCommand"), On("ssm:SendCommand", RUN_SHELL_SCRIPT)],
            &[It("ssm:SendCommand"), On("ssm:SendCommand", RUN_POWER_SHELL_SCRIPT)],
            &[It("ssm:SendCommand"), On("ssm:SendCommand", RUN_REMOTE_SCRIPT)],
            &[It("ssm:SendCommand"), On("ssm:SendCommand", RUN_ANSIBLE)],
            &[It("ssm:SendCommand"), On("ssm:SendCommand", RUN_SALT)],
            &[It("ssm:SendCommand"), On("ssm:SendCommand", RUN_DOCUMENT)],
            &[It("ssm:SendCommand"), On("ssm:SendCommand", RUN_DOCKER)],
            &[It("ssm:SendCommand"), On("ssm:SendCommand", INSTALL_PACKAGE)],
            &[
                It("ssm:SendCommand"),
                On("ssm:SendCommand", OWN_DOCUMENT),
                Any("ssm:CreateDocument"),
            ],
            &[It("ssm:CreateAssociation"), On("ssm:CreateAssociation", RUN_SHELL_SCRIPT)],
            &[It("ssm:CreateAssociation"), On("ssm:CreateAssociation", RUN_POWER_SHELL_SCRIPT)],
            &[It("ssm:CreateAssociation"), On("ssm:CreateAssociation", RUN_REMOTE_SCRIPT)],
            &[It("ssm:CreateAssociation"), On("ssm:CreateAssociation", RUN_ANSIBLE)],
            &[It("ssm:CreateAssociation"), On("ssm:CreateAssociation", RUN_SALT)],
            &[It("ssm:CreateAssociation"), On("ssm:CreateAssociation", RUN_DOCUMENT)],
            &[It("ec2-instance-connect:SendSSHPublicKey")],
            &[It("ec2-instance-connect:SendSerialConsoleSSHPublicKey")],
        ],
    },
    Takeover {
        what: "launch template",
        so: "machines that a foreign group starts from its latest version run its user data",
        arn: "arn:P:ec2:R:A:launch-template/lt-NAME",
        keys: &[],
        tags: &[It("ec2:CreateTags")],
        named: ANY,
        ways: &[&[It("ec2:CreateLaunchTemplateVersion")]],
    },
    Takeover {
        what: "association of Systems Manager",
        so: "its machines run another command, with their role",
        arn: "arn:P:ssm:R:A:association/NAME",
        keys: &[],
        tags: &[],
        named: ANY,
        ways: &[&[It("ssm:UpdateAssociation")]],
    },
    Takeover {
        what: "maintenance window of Systems Manager",
        so: "its machines run another command, with their role",
        arn: "arn:P:ssm:R:A:maintenancewindow/mw-NAME",
        keys: &[],
        tags: &[It("ssm:AddTagsToResource")],
        named: ANY,
        ways: &[
            &[It("ssm:RegisterTaskWithMaintenanceWindow")],
            &[It("ssm:UpdateMaintenanceWindowTask")],
        ],
    },
    Takeover {
        what: "document of Systems Manager",
        so: "associations and maintenance windows that name it run it",
        arn: "arn:P:ssm:R:A:document/NAME",
        keys: &[],
        tags: &[It("ssm:AddTagsToResource")],
        named: ANY,
        ways: &[&[It("ssm:UpdateDocument"), It("ssm:UpdateDocumentDefaultVersion")]],
    },
    Takeover {
        what: "function",
        so: "a function runs other code, with its role",
        arn: FUNCTION,
        keys: &[("lambda:functionarn", FUNCTION)],
        tags: &[It("lambda:TagResource")],
        named: ANY,
        ways: &[
            &[It("lambda:UpdateFunctionCode")],
            // A layer, or a variable that loads code.
            &[It("lambda:UpdateFunctionConfiguration")],
            // Its work is what the event asks for.
            &[It("lambda:InvokeFunction")],
            &[It("lambda:AddPermission")],
            &[On("lambda:CreateEventSourceMapping", OWN_MAPPING)],
            &[On("lambda:UpdateEventSourceMapping", OWN_MAPPING)],
        ],
    },
    Takeover {
        what: "image of Lambda's machines",
        so: "a token of one's own opens a shell in them, with their role",
        arn: "arn:P:lambda:R:A:microvm-image:NAME",
        keys: &[],
        tags: &[It("lambda:TagResource")],
        named: ANY,
        ways: &[
            &[It("lambda:CreateMicrovmShellAuthToken")],
            &[It("lambda:CreateMicrovmAuthToken")],
        ],
    },
    Takeover {
        what: "job definition of Batch",
        so: "a job with a command of one's own runs with its role",
        arn: "arn:P:batch:R:A:job-definition/NAME:TAIL",
        keys: &[],
        tags: &[It("batch:TagResource")],
        named: ANY,
        ways: &[&[It("batch:SubmitJob")]],
    },
    Takeover {
        what: "queue of Batch",
        so: "a job of one's own reaches the role of the queue's machines",
        arn: "arn:P:batch:R:A:job-queue/NAME",
        keys: &[],
        tags: &[It("batch:TagResource")],
        named: ANY,
        ways: &[&[It("batch:SubmitJob")]],
    },
    Takeover {
        what: "compute environment of Batch",
        so: "its machines run any command, with their role",
        arn: "arn:P:batch:R:A:compute-environment/NAME",
        keys: &[],
        tags: &[It("batch:TagResource")],
        named: ANY,
        ways: &[
            // A launch template with user data, or another image.
            &[It("batch:UpdateComputeEnvironment")],
            &[It("batch:CreateJobQueue"), Any("batch:SubmitJob")],
            &[It("batch:UpdateJobQueue"), Any("batch:SubmitJob")],
        ],
    },
    Takeover {
        what: "cluster of ECS",
        so: "a container of one's own reaches the role of the cluster's machines",
        arn: CLUSTER,
        keys: &[("ecs:cluster", CLUSTER)],
        tags: &[It("ecs:TagResource")],
        named: ANY,
        ways: &[
            &[Any("ecs:RunTask")],
            &[Any("ecs:StartTask")],
            &[On("ecs:CreateService", "arn:P:ecs:R:A:service/NAME/TAIL")],
        ],
    },
    Takeover {
        what: "machine of ECS",
        so: "as the agent of a machine it receives foreign tasks, with their roles",
        arn: "arn:P:ecs:R:A:container-instance/NAME/TAIL",
        keys: &[("ecs:cluster", CLUSTER)],
        tags: &[It("ecs:TagResource")],
        // On its own machine that it registered in the cluster, or in the place of one that is there.
        named: ANY,
        ways: &[&[It("ecs:Poll")]],
    },
    Takeover {
        what: "task of ECS",
        so: "a shell in a container has the task's role",
        arn: "arn:P:ecs:R:A:task/NAME/TAIL",
        keys: &[],
        tags: &[It("ecs:TagResource")],
        named: ANY,
        ways: &[&[It("ecs:ExecuteCommand"), On("ecs:ExecuteCommand", CLUSTER)]],
    },
    Takeover {
        what: "service of ECS",
        so: "a container of one's own reaches the role of the cluster's machines",
        arn: "arn:P:ecs:R:A:service/NAME/TAIL",
        keys: &[],
        tags: &[It("ecs:TagResource")],
        named: ANY,
        ways: &[&[It("ecs:UpdateService")], &[It("ecs:UpdateExpressGatewayService")]],
    },
    Takeover {
        what: "stack",
        so: "CloudFormation deploys another template, with the stack's role",
        arn: "arn:P:cloudformation:R:A:stack/NAME/TAIL",
        keys: &[],
        tags: &[],
        named: ANY,
        ways: &[
            &[It("cloudformation:UpdateStack")],
            &[It("cloudformation:CreateChangeSet"), It("cloudformation:ExecuteChangeSet")],
        ],
    },
    Takeover {
        what: "state machine",
        so: "the next execution calls AWS as the new definition says, with its role",
        arn: "arn:P:states:R:A:stateMachine:NAME",
        keys: &[],
        tags: &[It("states:TagResource")],
        named: ANY,
        ways: &[&[It("states:UpdateStateMachine")]],
    },
    Takeover {
        what: "project of CodeBuild",
        so: "a build runs other commands with the project's role",
        arn: "arn:P:codebuild:R:A:project/NAME",
        keys: &[],
        tags: &[],
        named: ANY,
        ways: &[
            &[It("codebuild:StartBuild")],
            &[It("codebuild:StartBuildBatch")],
            &[It("codebuild:UpdateProject")],
        ],
    },
    Takeover {
        what: "job of Glue",
        so: "the next run is of another script, with its role",
        arn: "arn:P:glue:R:A:job/NAME",
        keys: &[],
        tags: &[It("glue:TagResource")],
        named: ANY,
        ways: &[&[It("glue:UpdateJob")], &[It("glue:StartJobRun")]],
    },
    Takeover {
        what: "development endpoint of Glue",
        so: "a key of one's own opens a shell there, with its role",
        arn: "arn:P:glue:R:A:devEndpoint/NAME",
        keys: &[],
        tags: &[It("glue:TagResource")],
        named: ANY,
        ways: &[&[It("glue:UpdateDevEndpoint")]],
    },
    Takeover {
        what: "session of Glue",
        so: "it runs any code, with its role",
        arn: "arn:P:glue:R:A:session/NAME",
        keys: &[],
        tags: &[It("glue:TagResource")],
        named: ANY,
        ways: &[&[It("glue:RunStatement")]],
    },
    Takeover {
        what: "notebook of SageMaker",
        so: "its owner's shell has its role",
        arn: "arn:P:sagemaker:R:A:notebook-instance/NAME",
        keys: &[],
        tags: &[It("sagemaker:AddTags")],
        named: ANY,
        ways: &[
            &[It("sagemaker:CreatePresignedNotebookInstanceUrl")],
            &[
                Any("sagemaker:CreateNotebookInstanceLifecycleConfig"),
                It("sagemaker:UpdateNotebookInstance"),
                It("sagemaker:StopNotebookInstance"),
                It("sagemaker:StartNotebookInstance"),
            ],
            &[On(
                "sagemaker:UpdateNotebookInstanceLifecycleConfig",
                "arn:P:sagemaker:R:A:notebook-instance-lifecycle-config/NAME",
            )],
        ],
    },
    Takeover {
        what: "profile of SageMaker Studio",
        so: "its owner's shell has its role",
        arn: "arn:P:sagemaker:R:A:user-profile/NAME/TAIL",
        keys: &[],
        tags: &[It("sagemaker:AddTags")],
        named: ANY,
        ways: &[&[It("sagemaker:CreatePresignedDomainUrl")]],
    },
    Takeover {
        what: "pipeline of Data Pipeline",
        so: "it runs other commands with its roles",
        arn: "arn:P:datapipeline:R:A:pipeline/NAME",
        keys: &[],
        tags: &[It("datapipeline:AddTags")],
        named: ANY,
        ways: &[&[It("datapipeline:PutPipelineDefinition"), It("datapipeline:ActivatePipeline")]],
    },
    Takeover {
        what: "cluster of EMR",
        so: "a step runs on its machines, with their role",
        arn: "arn:P:elasticmapreduce:R:A:cluster/NAME",
        keys: &[],
        tags: &[It("elasticmapreduce:AddTags")],
        named: ANY,
        ways: &[&[It("elasticmapreduce:AddJobFlowSteps")]],
    },
    Takeover {
        what: "service of App Runner",
        so: "another image runs with its role",
        arn: "arn:P:apprunner:R:A:service/NAME/TAIL",
        keys: &[],
        tags: &[It("apprunner:TagResource")],
        named: ANY,
        ways: &[&[It("apprunner:UpdateService")]],
    },
    Takeover {
        what: "code interpreter of Bedrock",
        so: "it runs any code, with its role",
        arn: "arn:P:bedrock-agentcore:R:A:code-interpreter-custom/NAME",
        keys: &[],
        tags: &[It("bedrock-agentcore:TagResource")],
        named: ANY,
        ways: &[&[
            It("bedrock-agentcore:StartCodeInterpreterSession"),
            It("bedrock-agentcore:InvokeCodeInterpreter"),
        ]],
    },
    Takeover {
        what: "deployment group of CodeDeploy",
        so: "its machines run the deployed revision, with their role",
        arn: "arn:P:codedeploy:R:A:deploymentgroup:NAME/TAIL",
        keys: &[],
        tags: &[It("codedeploy:TagResource")],
        named: ANY,
        ways: &[&[It("codedeploy:CreateDeployment")]],
    },
    Takeover {
        what: "REST API",
        so: "an integration with a role calls other actions of AWS with it",
        arn: "arn:P:apigateway:R::/restapis/NAME/resources/x/methods/GET/integration",
        keys: &[],
        tags: &[On("apigateway:PUT", TAGS), On("apigateway:POST", TAGS)],
        named: ANY,
        ways: &[
            &[It("apigateway:PATCH"), On("apigateway:POST", DEPLOYMENTS)],
            &[
                On("apigateway:PUT", "arn:P:apigateway:R::/restapis/NAME"),
                On("apigateway:POST", DEPLOYMENTS),
            ],
        ],
    },
    Takeover {
        what: "environment of Elastic Beanstalk",
        so: "its machines run another version, with their role",
        arn: "arn:P:elasticbeanstalk:R:A:environment/NAME/TAIL",
        keys: &[],
        tags: &[It("elasticbeanstalk:AddTags")],
        named: ANY,
        ways: &[&[It("elasticbeanstalk:UpdateEnvironment")]],
    },
    Takeover {
        what: "cluster of EKS",
        so: "its administrator reaches the roles of its pods and machines",
        arn: "arn:P:eks:R:A:cluster/NAME",
        keys: &[],
        tags: &[It("eks:TagResource")],
        named: ANY,
        ways: &[&[
            It("eks:CreateAccessEntry"),
            On("eks:AssociateAccessPolicy", "arn:P:eks:R:A:access-entry/NAME/role/A/x/y"),
        ]],
    },
    Takeover {
        what: "permission set",
        so: "its users get its policies, in every account",
        arn: "arn:P:sso:::permissionSet/NAME/TAIL",
        keys: &[],
        tags: &[It("sso:TagResource")],
        named: ANY,
        ways: &[
            &[It("sso:PutInlinePolicyToPermissionSet")],
            &[It("sso:AttachManagedPolicyToPermissionSet")],
            &[It("sso:AttachCustomerManagedPolicyReferenceToPermissionSet")],
            &[It("sso:CreateAccountAssignment")],
        ],
    },
    Takeover {
        what: "SAML provider",
        so: "a holder of its signing key assumes the roles that trust it",
        arn: "arn:P:iam::A:saml-provider/NAME",
        keys: &[],
        tags: &[It("iam:TagSAMLProvider")],
        named: ANY,
        ways: &[&[It("iam:UpdateSAMLProvider")]],
    },
    Takeover {
        what: "OpenID Connect provider",
        so: "a holder of another client or certificate assumes the roles that trust it",
        arn: "arn:P:iam::A:oidc-provider/NAME",
        keys: &[],
        tags: &[It("iam:TagOpenIDConnectProvider")],
        named: ANY,
        ways: &[
            &[It("iam:AddClientIDToOpenIDConnectProvider")],
            &[It("iam:UpdateOpenIDConnectProviderThumbprint")],
        ],
    },
    // What others run is read from there, whenever they run or deploy it again: the bucket to which
    // CDK or SAM uploads, the script of a job, the image that a task names by a tag.
    Takeover {
        what: "bucket",
        so: "functions, stacks and jobs take their code from buckets",
        arn: "arn:P:s3:::NAME",
        keys: &[],
        tags: &[It("s3:PutBucketTagging"), It("s3:TagResource")],
        named: &CODE,
        ways: &[&[On("s3:PutObject", "arn:P:s3:::NAME/TAIL")], &[It("s3:PutBucketPolicy")]],
    },
    Takeover {
        what: "repository of images",
        so: "tasks, jobs and functions run images that they name by a tag",
        arn: "arn:P:ecr:R:A:repository/NAME",
        keys: &[],
        tags: &[It("ecr:TagResource")],
        named: ANY,
        ways: &[&[It("ecr:PutImage")], &[It("ecr:SetRepositoryPolicy")]],
    },
    Takeover {
        what: "repository of code",
        so: "pipelines build and deploy pushed code, with their roles",
        arn: "arn:P:codecommit:R:A:NAME",
        keys: &[],
        tags: &[It("codecommit:TagResource")],
        named: ANY,
        ways: &[&[It("codecommit:GitPush")], &[It("codecommit:CreateCommit")]],
    },
];

const NO_DOCUMENT: (&str, &str) = ("ssm:sessiondocumentaccesscheck", "false");
const SHELL: &str = "arn:P:ssm:R:A:document/SSM-SessionManagerRunShell";
const RUN_SHELL_SCRIPT: &str = "arn:P:ssm:R::document/AWS-RunShellScript";
const RUN_POWER_SHELL_SCRIPT: &str = "arn:P:ssm:R::document/AWS-RunPowerShellScript";
const RUN_REMOTE_SCRIPT: &str = "arn:P:ssm:R::document/AWS-RunRemoteScript";
const RUN_ANSIBLE: &str = "arn:P:ssm:R::document/AWS-ApplyAnsiblePlaybooks";
const RUN_SALT: &str = "arn:P:ssm:R::document/AWS-RunSaltState";
const RUN_DOCUMENT: &str = "arn:P:ssm:R::document/AWS-RunDocument";
const RUN_DOCKER: &str = "arn:P:ssm:R::document/AWS-RunDockerAction";
const INSTALL_PACKAGE: &str = "arn:P:ssm:R::document/AWS-ConfigureAWSPackage";
const OWN_DOCUMENT: &str = "arn:P:ssm:R:A:document/NAME";
const DEPLOYMENTS: &str = "arn:P:apigateway:R::/restapis/NAME/deployments";
const TAGS: &str = "arn:P:apigateway:R::/tags/x";
const FUNCTION: &str = "arn:P:lambda:R:A:function:NAME";
const OWN_MAPPING: &str = "arn:P:lambda:R:A:event-source-mapping:x";
const CLUSTER: &str = "arn:P:ecs:R:A:cluster/NAME";
