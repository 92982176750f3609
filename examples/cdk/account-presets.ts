// Made by tests/cdk/generate.py of schemas/; `make bless` writes it anew. Copy it from the release of the provider.

import { CustomResource, Duration, Fn, IResolvable } from "aws-cdk-lib";
import { Construct } from "constructs";

/** What every resource of the provider takes besides its properties. */
export interface Served {
  /** The ARN of the provider's function. By default the one that the provider exports. */
  readonly serviceToken?: string;
  /** Seconds until CloudFormation gives up: 300 by default. */
  readonly serviceTimeout?: number;
}

type Properties = Record<string, unknown>;

class ProvidedResource extends CustomResource {
  constructor(scope: Construct, id: string, type: string, by: string, properties: Properties, served: Served) {
    super(scope, id, {
      resourceType: type,
      serviceToken: served.serviceToken ?? Fn.importValue(`account-presets-${by}`),
      serviceTimeout: Duration.seconds(served.serviceTimeout ?? 300),
      properties,
    });
  }
}

/** What every preset takes. */
export interface PresetProperties extends Served {
  /** Of all roles, policies, groups and instance profiles; fixed once made. Default: "/". */
  readonly Path?: string;
  /** The boundary of all roles. */
  readonly PermissionsBoundary?: string;
  /** Tags of every object that can have tags. */
  readonly Tags?: ({ readonly Key: string; readonly Value: string } | IResolvable)[] | IResolvable;
  /** Of all roles, in seconds. Default: 3600. */
  readonly MaxSessionDuration?: number;
  /** The stack acknowledges that its preset amounts to administrator's rights. Default: false. */
  readonly AcknowledgeAdminEquivalent?: boolean | IResolvable;
  /** An existing object that no preset made is used as it is. Default: false. */
  readonly AdoptExisting?: boolean | IResolvable;
  /** For policies that were attached outside of the stack to the preset's roles and groups. Default: "Keep". */
  readonly OnForeignAttachment?: "Keep" | "Detach" | "Fail" | IResolvable;
  /** Any text. CloudFormation sends an Update of the resource where it changes, which repairs drift and brings the changes of a new release. */
  readonly UpdateToken?: string;
  /** How long the answer waits at most until IAM shows new roles and instance profiles: 12 seconds, not at all, or this number of seconds. Default: "auto". */
  readonly WaitForPropagation?: "auto" | "none" | number | IResolvable;
}

/** Parameters of Lithops on AWS. */
export interface LithopsParameters {
  /** For `hardened`: ARNs of the access points of `aws_lambda.efs`, through which functions read and write file systems. With LambdaVpc, because these functions are in a network. */
  readonly AccessPoints?: string[];
  /** `regular` makes LithopsUserGroup of managed policies; `sso` makes lithops-group with lithops-policy. Default: "regular". */
  readonly AccountKind?: "regular" | "sso" | IResolvable;
  /** Existing users to put into the group of administrators. */
  readonly AdministratorNames?: string[];
  /** A group of administrators, lithops-administrators. The page takes one for given and says what it has. Default: false. */
  readonly AdministratorsGroup?: boolean | IResolvable;
  /** Role and instance profile for the instances of Batch on EC2. lithops-role-ec2 cannot be one: it lacks what the ECS agent needs. Default: false. */
  readonly BatchInstanceRole?: boolean | IResolvable;
  /** Lets AWS Batch assume lithops-role too, as the service role of compute environments. Default: false. */
  readonly BatchTrust?: boolean | IResolvable;
  /** For `hardened`: buckets besides those named lithops-…, from which functions read and to which they write. */
  readonly BucketNames?: string[];
  /** The page's second policy named AmazonEC2ContainerRegistryFullAccess. It grants nothing that the AWS managed one does not. `documented` has it in any case, `hardened` never. Default: false. */
  readonly CustomerEcrPolicy?: boolean | IResolvable;
  /** For `hardened`: `lithops image delete`, and `lithops image build` over an image that is there. The users can then delete every machine image of the account. Default: false. */
  readonly DeleteImages?: boolean | IResolvable;
  /** An instance profile for lithops-role-ec2, which Lithops asks for. The page does not speak of one, for the console makes it along with the role. `hardened` knows machines by it, so without it somebody else has to make one of this name and path. Default: true. */
  readonly InstanceProfile?: boolean | IResolvable;
  /** For `hardened`: functions in a network, `aws_lambda.vpc`. Default: false. */
  readonly LambdaVpc?: boolean | IResolvable;
  /** The prefix of all roles, policies, groups and instance profiles, for a second stack in the account. */
  readonly NamePrefix?: string;
  /** For OwnNamespace, the `namespace` of `aws_lambda` and of `aws_batch`; another one for each stack. Default: "lithops". */
  readonly Namespace?: string;
  /** For `hardened`: the users reach functions, layers, images and jobs of Namespace only, and no buckets but BucketNames: the configuration names one of these as `aws_s3.storage_bucket`. Off: those of all namespaces, and of none. Default: false. */
  readonly OwnNamespace?: boolean | IResolvable;
  /** The service-linked roles that lithops-policy would let its users make. Not in `documented`. Default: true. */
  readonly ServiceLinkedRoles?: boolean | IResolvable;
  /** The users' group. Off: there is none, and UserNames counts for nothing; the policies are there for people of IAM Identity Center. Default: true. */
  readonly UserGroup?: boolean | IResolvable;
  /** Existing users to put into the group. IAM has a user in ten groups at most. */
  readonly UserNames?: string[];
}

/** Properties of Lithops on AWS. */
export interface LithopsProperties extends PresetProperties {
  /** How far it departs from the vendor's page. Default: "hardened". */
  readonly Edition?: "hardened" | "current" | "documented" | IResolvable;
  /** The preset's own parameters. */
  readonly Parameters?: LithopsParameters;
}

/** Lithops on AWS. */
export class Lithops extends ProvidedResource {
  constructor(scope: Construct, id: string, props: LithopsProperties = {}) {
    const { serviceToken, serviceTimeout, ...given } = props;
    super(scope, id, "Custom::IamPreset", "IamPreset", { Preset: "lithops", ...given }, { serviceToken, serviceTimeout });
  }

  get AdminEquivalent(): string {
    return this.getAttString("AdminEquivalent");
  }

  get AdministratorsGroupArn(): string {
    return this.getAttString("AdministratorsGroupArn");
  }

  get BatchInstanceProfileArn(): string {
    return this.getAttString("BatchInstanceProfileArn");
  }

  get ChangedByRelease(): string {
    return this.getAttString("ChangedByRelease");
  }

  get ExecutionRoleArn(): string {
    return this.getAttString("ExecutionRoleArn");
  }

  get ForeignPolicies(): string {
    return this.getAttString("ForeignPolicies");
  }

  get GroupArn(): string {
    return this.getAttString("GroupArn");
  }

  get GroupName(): string {
    return this.getAttString("GroupName");
  }

  get InstanceProfileArn(): string {
    return this.getAttString("InstanceProfileArn");
  }

  get InstanceProfileName(): string {
    return this.getAttString("InstanceProfileName");
  }

  get InstanceRoleArn(): string {
    return this.getAttString("InstanceRoleArn");
  }

  get LackingPolicies(): string {
    return this.getAttString("LackingPolicies");
  }

  get PolicyArn(): string {
    return this.getAttString("PolicyArn");
  }

  get ProviderVersion(): string {
    return this.getAttString("ProviderVersion");
  }
}

/** Parameters of Orchestra's ECS compute module for Terraform. */
export interface OrchestraParameters {
  /** The service-linked role of ECS, without which the first cluster of an account fails. Not in `documented`. Default: true. */
  readonly EcsServiceLinkedRole?: boolean | IResolvable;
  /** Existing groups whose members apply the module. They get the policy. */
  readonly GroupNames?: string[];
  /** For ModuleRoles, the module's `integrations`, with a role for the tasks of each. Default: ["python", "dbt_core"]. */
  readonly Integrations?: string[];
  /** For ModuleRoles, the ARN of the module's key. Without it the roles use the key that has the module's alias. */
  readonly KmsKeyArns?: string[];
  /** For `hardened` without ModuleRoles: the principal that applies the module makes its roles and policies, as in the other editions, and may become administrator. Default: false. */
  readonly ManageRoles?: boolean | IResolvable;
  /** For ModuleRoles, the module's `name_prefix`. Default: "orchestra". */
  readonly ModuleNamePrefix?: string;
  /** Makes the roles and policies that the module would make, for a copy of the module without them. Default: false. */
  readonly ModuleRoles?: boolean | IResolvable;
  /** The prefix of the module's objects, its `name_prefix`. `*`, as on the page, is any: also foreign modules in the account. Default: "*". */
  readonly NamePrefix?: string;
  /** For ModuleRoles, the module's `orchestra_account_id`, the UUID of your account at Orchestra: a principal that has that account acts as AssumedRoleArn. */
  readonly OrchestraAccountId?: string;
  /** For ModuleRoles, the module's `orchestra_aws_account_id`, which may assume AssumedRoleArn: one of Orchestra's own. Default: "355563318157". */
  readonly OrchestraAwsAccountId?: string;
  /** Name of the deployer's policy. Default: "OrchestraEcsComputeDeployer". */
  readonly PolicyName?: string;
  /** Existing roles with which the module is applied. They get the policy. */
  readonly RoleNames?: string[];
  /** For ModuleRoles, the ARNs in `valueFrom` of the module's `task_secrets`. */
  readonly Secrets?: string[];
  /** For ModuleRoles, the module's `random_id`, eight hexadecimal digits. Default: "00000000". */
  readonly Suffix?: string;
  /** Existing users who apply the module. They get the policy. */
  readonly UserNames?: string[];
}

/** Properties of Orchestra's ECS compute module for Terraform. */
export interface OrchestraProperties extends PresetProperties {
  /** How far it departs from the vendor's page. Default: "hardened". */
  readonly Edition?: "hardened" | "current" | "documented" | IResolvable;
  /** The preset's own parameters. */
  readonly Parameters?: OrchestraParameters;
}

/** Orchestra's ECS compute module for Terraform. */
export class Orchestra extends ProvidedResource {
  constructor(scope: Construct, id: string, props: OrchestraProperties = {}) {
    const { serviceToken, serviceTimeout, ...given } = props;
    super(scope, id, "Custom::IamPreset", "IamPreset", { Preset: "orchestra", ...given }, { serviceToken, serviceTimeout });
  }

  get AdminEquivalent(): string {
    return this.getAttString("AdminEquivalent");
  }

  get AssumedRoleArn(): string {
    return this.getAttString("AssumedRoleArn");
  }

  get AssumedRoleName(): string {
    return this.getAttString("AssumedRoleName");
  }

  get ChangedByRelease(): string {
    return this.getAttString("ChangedByRelease");
  }

  get DeployerPolicyArn(): string {
    return this.getAttString("DeployerPolicyArn");
  }

  get EcsServiceLinkedRoleArn(): string {
    return this.getAttString("EcsServiceLinkedRoleArn");
  }

  get ExecutionRoleArn(): string {
    return this.getAttString("ExecutionRoleArn");
  }

  get ForeignPolicies(): string {
    return this.getAttString("ForeignPolicies");
  }

  get LackingPolicies(): string {
    return this.getAttString("LackingPolicies");
  }

  get ProviderVersion(): string {
    return this.getAttString("ProviderVersion");
  }

  get TaskRoleArns(): string {
    return this.getAttString("TaskRoleArns");
  }

  get TaskRoleNames(): string {
    return this.getAttString("TaskRoleNames");
  }
}

/** Parameters of SkyPilot on AWS. */
export interface SkypilotParameters {
  /** Lets the users have SkyPilot make the role and instance profile itself, at the path `/`. Off: the preset makes them, and a user who may write a role's policies is an administrator. Default: false. */
  readonly AutoRole?: boolean | IResolvable;
  /** For `hardened`: the buckets of S3Access and S3BucketManagement besides those named skypilot-…. */
  readonly BucketNames?: string[];
  /** Permissions for `sky launch --clone-disk-from`. Off, as not part of launching, and as the users can then delete every machine image of the account. Default: false. */
  readonly CloneDisk?: boolean | IResolvable;
  /** Permissions to put machines into a security group of their own and to delete it. On: `sky down` of a cluster with ports fails without them. Not in `documented`. Default: true. */
  readonly OpenPorts?: boolean | IResolvable;
  /** Permissions for `network_tier: best`, which puts machines with EFA into a placement group. Not in `documented`. Default: false. */
  readonly PlacementGroups?: boolean | IResolvable;
  /** Name of the policy. The page's is `minimal-skypilot-policy`, 'or similar'. Default: "minimal-skypilot-policy". */
  readonly PolicyName?: string;
  /** `minimal` is the page's role, with the users' own policy; `as-skypilot-creates` is the one that SkyPilot would make itself, with full access to EC2 and S3; `none` makes no role. Default: "minimal". */
  readonly RoleFlavor?: "minimal" | "as-skypilot-creates" | "none" | IResolvable;
  /** Name of the machines' role and of its instance profile. SkyPilot looks for `skypilot-v1` unless `aws.remote_identity` names another. Default: "skypilot-v1". */
  readonly RoleName?: string;
  /** Access to the objects of S3 buckets, for users and machines. Off, as on the page: launching needs none, mounted storage and managed jobs do. Default: false. */
  readonly S3Access?: boolean | IResolvable;
  /** Permissions to make and delete buckets, which SkyPilot does for storage that it uploads. Not in `documented`. Default: false. */
  readonly S3BucketManagement?: boolean | IResolvable;
  /** The service-linked role of EC2 Spot. On: the first spot instance of an account needs it. Not in `documented`. Default: true. */
  readonly SpotServiceLinkedRole?: boolean | IResolvable;
  /** SSH through Session Manager, `aws.use_ssm`. Off: the default is SSH to a public address. Not in `documented`. Default: false. */
  readonly Ssm?: boolean | IResolvable;
  /** Existing users who work with SkyPilot. They get the policy. */
  readonly UserNames?: string[];
}

/** Properties of SkyPilot on AWS. */
export interface SkypilotProperties extends PresetProperties {
  /** How far it departs from the vendor's page. Default: "hardened". */
  readonly Edition?: "hardened" | "current" | "documented" | IResolvable;
  /** The preset's own parameters. */
  readonly Parameters?: SkypilotParameters;
}

/** SkyPilot on AWS. */
export class Skypilot extends ProvidedResource {
  constructor(scope: Construct, id: string, props: SkypilotProperties = {}) {
    const { serviceToken, serviceTimeout, ...given } = props;
    super(scope, id, "Custom::IamPreset", "IamPreset", { Preset: "skypilot", ...given }, { serviceToken, serviceTimeout });
  }

  get AdminEquivalent(): string {
    return this.getAttString("AdminEquivalent");
  }

  get ChangedByRelease(): string {
    return this.getAttString("ChangedByRelease");
  }

  get ForeignPolicies(): string {
    return this.getAttString("ForeignPolicies");
  }

  get InstanceProfileArn(): string {
    return this.getAttString("InstanceProfileArn");
  }

  get InstanceProfileName(): string {
    return this.getAttString("InstanceProfileName");
  }

  get LackingPolicies(): string {
    return this.getAttString("LackingPolicies");
  }

  get PolicyArn(): string {
    return this.getAttString("PolicyArn");
  }

  get ProviderVersion(): string {
    return this.getAttString("ProviderVersion");
  }

  get RoleArn(): string {
    return this.getAttString("RoleArn");
  }

  get SpotServiceLinkedRoleArn(): string {
    return this.getAttString("SpotServiceLinkedRoleArn");
  }
}

/** Parameters of SLIM serverless seismic imaging (ServerlessImagingAWS). */
export interface SlimParameters {
  /** For `hardened`: the workflow's buckets, besides those named slim-… as in its examples. */
  readonly BucketNames?: string[];
  /** An instance profile for the Batch instances. The console makes one in silence, the page's commands do not. Not in `documented`. Default: true. */
  readonly InstanceProfile?: boolean | IResolvable;
  /** For `hardened`: functions in a network. The other editions always have it. Default: false. */
  readonly LambdaVpc?: boolean | IResolvable;
  /** The prefix of all roles, policies and instance profiles, for a second stack in the account. */
  readonly NamePrefix?: string;
  /** Gives the spot fleet role the policy that AWS Batch asks for. The page gives it none, and so does `documented`. Default: true. */
  readonly SpotFleetTagging?: boolean | IResolvable;
  /** The service-linked roles of EC2 Spot and Spot Fleet. Default: true. */
  readonly SpotServiceLinkedRoles?: boolean | IResolvable;
  /** Existing users who run the workflow. They get the workflow's managed policies. */
  readonly UserNames?: string[];
  /** Lets these users hand the workflow's roles to Batch, Step Functions and, in `hardened`, Lambda. The page had this from a managed policy that AWS retired in 2021. Off: another principal makes the compute environments and state machines, and in `hardened` the functions too. Not in `documented`. Default: true. */
  readonly UserPassRole?: boolean | IResolvable;
}

/** Properties of SLIM serverless seismic imaging (ServerlessImagingAWS). */
export interface SlimProperties extends PresetProperties {
  /** How far it departs from the vendor's page. Default: "hardened". */
  readonly Edition?: "hardened" | "current" | "documented" | IResolvable;
  /** The preset's own parameters. */
  readonly Parameters?: SlimParameters;
}

/** SLIM serverless seismic imaging (ServerlessImagingAWS). */
export class Slim extends ProvidedResource {
  constructor(scope: Construct, id: string, props: SlimProperties = {}) {
    const { serviceToken, serviceTimeout, ...given } = props;
    super(scope, id, "Custom::IamPreset", "IamPreset", { Preset: "slim", ...given }, { serviceToken, serviceTimeout });
  }

  get AdminEquivalent(): string {
    return this.getAttString("AdminEquivalent");
  }

  get BatchServiceRoleArn(): string {
    return this.getAttString("BatchServiceRoleArn");
  }

  get ChangedByRelease(): string {
    return this.getAttString("ChangedByRelease");
  }

  get EcsInstanceRoleArn(): string {
    return this.getAttString("EcsInstanceRoleArn");
  }

  get ForeignPolicies(): string {
    return this.getAttString("ForeignPolicies");
  }

  get InstanceProfileArn(): string {
    return this.getAttString("InstanceProfileArn");
  }

  get InstanceProfileName(): string {
    return this.getAttString("InstanceProfileName");
  }

  get LackingPolicies(): string {
    return this.getAttString("LackingPolicies");
  }

  get LambdaBatchExecutionPolicyArn(): string {
    return this.getAttString("LambdaBatchExecutionPolicyArn");
  }

  get LambdaRoleArn(): string {
    return this.getAttString("LambdaRoleArn");
  }

  get ProviderVersion(): string {
    return this.getAttString("ProviderVersion");
  }

  get SpotFleetRoleArn(): string {
    return this.getAttString("SpotFleetRoleArn");
  }

  get SpotFleetServiceLinkedRoleArn(): string {
    return this.getAttString("SpotFleetServiceLinkedRoleArn");
  }

  get SpotServiceLinkedRoleArn(): string {
    return this.getAttString("SpotServiceLinkedRoleArn");
  }

  get StepFunctionsRoleArn(): string {
    return this.getAttString("StepFunctionsRoleArn");
  }
}

/** Parameters of Zappa deployments of Cisco's serverless relays. */
export interface ZappaParameters {
  /** A role is made for each: `project_name` and `stage` with a hyphen between them. Written as Zappa does, in small letters, digits and single hyphens; other letters than those of English, and two texts that become one name, are refused. At most about 25 fit into one resource, 20 with the longest names. */
  readonly Deployments?: string[];
  /** For `manage_roles: true`, where Zappa makes roles itself. The page's policy allows that, though the page sets it to `false`. Default: false. */
  readonly ManageRoles?: boolean | IResolvable;
  /** For `hardened`: the prefix of all deployments' names, and of no other names of the account. At least two characters and a hyphen. The relays' projects are named tr-…. Default: "tr-". */
  readonly NamePrefix?: string;
  /** One role for all deployments, as the relays have it today in `role_name`. Default: false. */
  readonly SharedRole?: boolean | IResolvable;
  /** Name of that role. Default: "tr-serverless-relay-ZappaLambdaExecutionRole". */
  readonly SharedRoleName?: string;
  /** Lets EventBridge assume the roles, as Zappa writes it into roles that it makes. Scheduled functions run without. Default: false. */
  readonly TrustEvents?: boolean | IResolvable;
  /** Existing users who deploy. They get ZappaLambdaDeploymentPolicy. The page's is called `serverless`. */
  readonly UserNames?: string[];
  /** For `vpc_config`: functions get network interfaces. Not in `documented`. Default: false. */
  readonly Vpc?: boolean | IResolvable;
  /** For `xray_tracing`. Not in `documented`. Default: false. */
  readonly XRay?: boolean | IResolvable;
}

/** Properties of Zappa deployments of Cisco's serverless relays. */
export interface ZappaProperties extends PresetProperties {
  /** How far it departs from the vendor's page. Default: "hardened". */
  readonly Edition?: "hardened" | "current" | "documented" | IResolvable;
  /** The preset's own parameters. */
  readonly Parameters?: ZappaParameters;
}

/** Zappa deployments of Cisco's serverless relays. */
export class Zappa extends ProvidedResource {
  constructor(scope: Construct, id: string, props: ZappaProperties = {}) {
    const { serviceToken, serviceTimeout, ...given } = props;
    super(scope, id, "Custom::IamPreset", "IamPreset", { Preset: "zappa", ...given }, { serviceToken, serviceTimeout });
  }

  get AdminEquivalent(): string {
    return this.getAttString("AdminEquivalent");
  }

  get ChangedByRelease(): string {
    return this.getAttString("ChangedByRelease");
  }

  get DeploymentPolicyArn(): string {
    return this.getAttString("DeploymentPolicyArn");
  }

  get ExecutionPolicyArn(): string {
    return this.getAttString("ExecutionPolicyArn");
  }

  get ExecutionRoleArns(): string {
    return this.getAttString("ExecutionRoleArns");
  }

  get ExecutionRoleNames(): string {
    return this.getAttString("ExecutionRoleNames");
  }

  get ForeignPolicies(): string {
    return this.getAttString("ForeignPolicies");
  }

  get LackingPolicies(): string {
    return this.getAttString("LackingPolicies");
  }

  get ProviderVersion(): string {
    return this.getAttString("ProviderVersion");
  }

  get SharedExecutionRoleArn(): string {
    return this.getAttString("SharedExecutionRoleArn");
  }

  get SharedExecutionRoleName(): string {
    return this.getAttString("SharedExecutionRoleName");
  }
}

/** Properties of Custom::LambdaConcurrency. */
export interface LambdaConcurrencyProperties extends Served {
  /** Concurrent executions of the Region. */
  readonly DesiredConcurrency: number;
  /** How long to wait for the value to apply. Default: 0. */
  readonly WaitSeconds?: number;
  /** If the value does not apply at the end of the wait. Default: "Succeed". */
  readonly OnPending?: "Succeed" | "Fail" | IResolvable;
  /** If AWS refused the request. Default: "Succeed". */
  readonly OnDenied?: "Succeed" | "Fail" | IResolvable;
  /** If a request for less is open. Default: "Succeed". */
  readonly OnSmallerRequest?: "Succeed" | "Fail" | IResolvable;
  /** If Service Quotas takes no requests for the quota. Default: "Succeed". */
  readonly OnNotAdjustable?: "Succeed" | "Fail" | IResolvable;
  /** Request a refused value again. Default: false. */
  readonly RerequestWhenDenied?: boolean | IResolvable;
  /** Whether AWS may open a support case. Default: true. */
  readonly SupportCaseAllowed?: boolean | IResolvable;
}

/** Custom::LambdaConcurrency. */
export class LambdaConcurrency extends ProvidedResource {
  constructor(scope: Construct, id: string, props: LambdaConcurrencyProperties) {
    const { serviceToken, serviceTimeout, ...given } = props;
    super(scope, id, "Custom::LambdaConcurrency", "LambdaConcurrency", given, { serviceToken, serviceTimeout });
  }

  get AppliedConcurrency(): string {
    return this.getAttString("AppliedConcurrency");
  }

  get CaseId(): string {
    return this.getAttString("CaseId");
  }

  get DesiredConcurrency(): string {
    return this.getAttString("DesiredConcurrency");
  }

  get Message(): string {
    return this.getAttString("Message");
  }

  get Outcome(): string {
    return this.getAttString("Outcome");
  }

  get ProviderVersion(): string {
    return this.getAttString("ProviderVersion");
  }

  get RequestId(): string {
    return this.getAttString("RequestId");
  }

  get RequestStatus(): string {
    return this.getAttString("RequestStatus");
  }

  get UnreservedConcurrency(): string {
    return this.getAttString("UnreservedConcurrency");
  }
}

/** Properties of Custom::QuotaTemplate. */
export interface QuotaTemplateProperties extends Served {
  /** Of each Region. */
  readonly ConcurrentExecutions: number;
  /** By default the stack's own. */
  readonly Regions?: string[];
  /** An existing entry with another value is left as it is. Default: false. */
  readonly AdoptExisting?: boolean | IResolvable;
}

/** Custom::QuotaTemplate. */
export class QuotaTemplate extends ProvidedResource {
  constructor(scope: Construct, id: string, props: QuotaTemplateProperties) {
    const { serviceToken, serviceTimeout, ...given } = props;
    super(scope, id, "Custom::QuotaTemplate", "LambdaConcurrency", given, { serviceToken, serviceTimeout });
  }

  get ConcurrentExecutions(): string {
    return this.getAttString("ConcurrentExecutions");
  }

  get Message(): string {
    return this.getAttString("Message");
  }

  get OtherEntries(): string {
    return this.getAttString("OtherEntries");
  }

  get OwnEntries(): string {
    return this.getAttString("OwnEntries");
  }

  get ProviderVersion(): string {
    return this.getAttString("ProviderVersion");
  }
}
