// What the template's boundary keeps from a role whose policies say that it may do everything, and what not.

import { arn, calls, iam, to } from '../calls.mjs'
import { arnOf } from '../function-role.mjs'

const OTHERS = arn('lambda', 'function:payroll')
const PROVIDER = [arnOf('IamPresetFunction'), arnOf('LambdaConcurrencyFunction')]
const MAPPED = (name) => ({ 'lambda:FunctionArn': name })
const OWN_TASK = arn('ecs', 'task-definition/lithops-x:1')
const onCluster = (name) => ({ 'ecs:cluster': arn('ecs', `cluster/${name}`) })
const GROUP = arn('autoscaling', 'autoScalingGroup:0f:autoScalingGroupName/payroll')
const MICROVM = arn('lambda', 'microvm-image:payroll')

/** Besides what is tried on every preset: more ways to the power of a role that somebody else's things have. */
export const REFUSED = {
  "invoke somebody else's function": calls('lambda:InvokeFunction InvokeAsync', OTHERS),
  "send events to somebody else's function": calls('lambda:CreateEventSourceMapping', '*', MAPPED(OTHERS)),
  'send events to a function of the provider': PROVIDER.map(
    (name) => calls('lambda:CreateEventSourceMapping', '*', MAPPED(name))[0],
  ),
  "let others invoke somebody else's function": calls('lambda:AddPermission PutFunctionEventInvokeConfig', OTHERS),
  'change the disk of a machine elsewhere': [
    ...calls('ec2:DetachVolume AttachVolume', [arn('ec2', 'instance/i-0f'), arn('ec2', 'volume/vol-0f')]),
  ],
  'change what a group of machines is started with, or make it anew under its name': [
    ...calls(
      'ec2:CreateLaunchTemplateVersion ModifyLaunchTemplate DeleteLaunchTemplate DeleteLaunchTemplateVersions',
      arn('ec2', 'launch-template/lt-0f'),
    ),
    ...calls('ec2:DeleteKeyPair', arn('ec2', 'key-pair/payroll')),
    ...calls('ec2:ModifyFleet', arn('ec2', 'fleet/fleet-0f')),
    ...calls('ec2:ModifySpotFleetRequest', arn('ec2', 'spot-fleet-request/sfr-0f')),
    ...calls('autoscaling:UpdateAutoScalingGroup', GROUP, { 'autoscaling:LaunchTemplateVersionSpecified': 'true' }),
    ...calls('autoscaling:UpdateAutoScalingGroup', GROUP, { 'autoscaling:LaunchConfigurationName': 'x' }),
    ...calls('autoscaling:StartInstanceRefresh AttachInstances', GROUP),
  ],
  'read the password of a machine': calls('ec2:GetPasswordData', arn('ec2', 'instance/i-0f')),
  "put another task into somebody else's service": [
    ...calls('ecs:UpdateService UpdateExpressGatewayService', arn('ecs', 'service/nightly/web')),
    ...calls('ecs:CreateTaskSet UpdateTaskSet', arn('ecs', 'task-set/nightly/web/0f')),
  ],
  "run a daemon on the machines of somebody else's cluster": [
    ...calls('ecs:RegisterDaemonTaskDefinition', arn('ecs', 'daemon-task-definition/x:1')),
    ...calls('ecs:CreateDaemon UpdateDaemon', arn('ecs', 'daemon/nightly/x')),
  ],
  "register somebody else's job or task anew": [
    ...calls('batch:RegisterJobDefinition', arn('batch', 'job-definition/nightly')),
    ...calls('ecs:RegisterTaskDefinition', arn('ecs', 'task-definition/nightly:2')),
  ],
  "run a task on somebody else's cluster, or on one that AWS Batch made for somebody else": [
    'nightly',
    'AWSBatch-nightly-0f-0f',
    'nightly_Batch_0f-0f',
    'orchestra-nightly',
  ].flatMap((name) => calls('ecs:RunTask StartTask', OWN_TASK, onCluster(name))),
  "run a task of Orchestra's on another cluster": calls(
    'ecs:RunTask',
    arn('ecs', 'task-definition/orchestra_python_3_12_PIP_0a1b2c3d:1'),
    onCluster('AWSBatch-lithops_EC2_env-0f'),
  ),
  "be let into somebody else's MicroVM": calls(
    'lambda:CreateMicrovmShellAuthToken CreateMicrovmAuthToken RunMicrovm UpdateMicrovmImage',
    MICROVM,
  ),
  "answer for somebody else's durable function": calls(
    'lambda:SendDurableExecutionCallbackSuccess CheckpointDurableExecution',
    arn('lambda', 'function:payroll:1/durable-execution/x/0f'),
  ),
  "lead an alias of somebody else's function elsewhere, or make it anew under its name": calls(
    'lambda:CreateAlias UpdateAlias CreateFunction',
    OTHERS,
  ),
  'pass a role that has only the beginning of a name': calls(
    'iam:PassRole',
    [
      'lithops-ci-deployer',
      'team/lithops-role-x',
      'x-lithops-role',
      'SLIM-Extras_admin',
      'orchestra-orchestra-deployer',
      'orchestra-orchestra-compute-0a1b2c3d',
      'AWSBatchServiceRole',
    ].map((name) => iam(`role/${name}`)),
    to('lambda'),
  ),
  'have all logs sent elsewhere': [
    ...calls('logs:PutAccountPolicy PutResourcePolicy'),
    ...calls('logs:PutSubscriptionFilter', arn('logs', 'log-group:/payroll')),
    ...calls('logs:PutDestinationPolicy', arn('logs', 'destination:payroll')),
  ],
  'change what machines and others read of Systems Manager': [
    ...calls('ssm:PutParameter DeleteParameter', arn('ssm', 'parameter/golden/ami')),
    ...calls('ssm:PutResourcePolicy', arn('ssm', 'parameter/golden/ami')),
  ],
  'switch off the alarms of the provider': [
    ...calls(
      'cloudwatch:DeleteAlarms DisableAlarmActions PutMetricAlarm SetAlarmState',
      arn('cloudwatch', 'alarm:account-presets-RefusedEventsAlarm-1A'),
    ),
  ],
  'open what others keep in files and queues': [
    ...calls('elasticfilesystem:DeleteFileSystemPolicy PutFileSystemPolicy', arn('elasticfilesystem', 'file-system/fs-0f')),
    ...calls('sqs:AddPermission SetQueueAttributes', arn('sqs', 'payroll')),
  ],
  'take the keys that CloudWatch has of a role': [
    ...calls('cloudwatch:AssumeAccessProfile GetSpaceCredentials'),
  ],
  "join a machine to somebody else's cluster, or to one that AWS Batch made for somebody else": [
    ...calls(
      'ecs:RegisterContainerInstance',
      ['nightly', 'AWSBatch-nightly-0f', 'nightly_Batch_0f'].map((name) => arn('ecs', `cluster/${name}`)),
    ),
  ],
  "take the tasks of somebody else's machine": ['nightly', 'AWSBatch-nightly-0f'].flatMap((name) =>
    calls('ecs:Poll StartTelemetrySession UpdateContainerInstancesState', arn('ecs', `container-instance/${name}/0f`), {
      'ecs:cluster': arn('ecs', `cluster/${name}`),
    }),
  ),
  "change somebody else's machines of AWS Batch": [
    ...calls('batch:CreateJobQueue UpdateComputeEnvironment', arn('batch', 'compute-environment/nightly')),
    ...calls('batch:UpdateJobQueue', arn('batch', 'job-queue/nightly')),
  ],
  "submit a job into somebody else's queue": calls(
    'batch:SubmitJob',
    ['nightly', 'PROD_QUEUE'].map((name) => arn('batch', `job-queue/${name}`)),
  ),
  "overwrite somebody else's image": calls('ecr:PutImage', arn('ecr', 'repository/payroll')),
  'give a key to others': calls('kms:PutKeyPolicy CreateGrant ScheduleKeyDeletion', arn('kms', 'key/0f')),
  'read and write the logs of the provider': calls(
    'logs:GetLogEvents PutLogEvents DeleteLogStream',
    arnOf('IamPresetLogGroup').replace(/\*$/, 'log-stream:x'),
  ),
  'pass a role of the provider': calls(
    'iam:PassRole',
    [arnOf('IamPresetRole'), arnOf('LambdaConcurrencyRole')],
    to('lambda'),
  ),
}

/** What AWS Batch does with a service role of a preset, and no code of a user. */
export const OF_BATCH = [
  ...calls('ec2:CreateLaunchTemplate DeleteLaunchTemplate', arn('ec2', 'launch-template/lt-0f')),
  ...calls('ec2:ModifySpotFleetRequest', arn('ec2', 'spot-fleet-request/sfr-0f')),
]
/** What it does with the role of a Lithops function, too, which BatchTrust makes its service role. */
export const OF_ANY_SERVICE_ROLE = [
  ...calls('autoscaling:UpdateAutoScalingGroup SetDesiredCapacity SuspendProcesses DeleteAutoScalingGroup', GROUP),
  ...calls('autoscaling:CreateLaunchConfiguration', arn('autoscaling', 'launchConfiguration:0f:launchConfigurationName/x')),
  ...['AWSBatch-lithops_EC2_env-0f-0f', 'lithops_EC2_env_Batch_0f-0f', 'R5_SPOT_MAXCPU_24_Batch_0f-0f'].flatMap((name) => [
    ...calls('ecs:RegisterTaskDefinition', OWN_TASK),
    ...calls('ecs:RunTask StartTask', OWN_TASK, onCluster(name)),
    ...calls('ecs:UpdateContainerAgent', arn('ecs', `container-instance/${name}/0f`), onCluster(name)),
    ...calls('ecs:UpdateCluster DeregisterContainerInstance', arn('ecs', `cluster/${name}`)),
  ]),
]

/** What changes something and may be done to anything, of the services that have names, and why. */
export const ON_ANYTHING = {
  // Something new, which runs with a role only if that is passed.
  new: {
    autoscaling: 'CreateAutoScalingGroup CreateLaunchConfiguration',
    ecs: 'CreateCluster',
    iam: 'CreateServiceLinkedRole',
    logs: 'CreateLogGroup CreateLogStream',
    sqs: 'CreateQueue',
  },
  // It goes on no more, or with less.
  stopped: {
    autoscaling: `DeleteAutoScalingGroup DeleteLaunchConfiguration DeleteLifecycleHook DeleteNotificationConfiguration
      DeletePolicy DeleteScheduledAction DeleteTags DeleteWarmPool DetachInstances DetachLoadBalancerTargetGroups
      DetachLoadBalancers DetachTrafficSources SetDesiredCapacity SuspendProcesses TerminateInstanceInAutoScalingGroup`,
    batch: `CancelJob DeleteComputeEnvironment DeleteConsumableResource DeleteJobQueue DeleteQuotaShare
      DeleteSchedulingPolicy DeleteServiceEnvironment DeregisterJobDefinition TerminateJob`,
    ecs: `DeleteAccountSetting DeleteAttributes DeleteCapacityProvider DeleteCluster DeleteDaemon DeleteDaemonTaskDefinition
      DeleteExpressGatewayService DeleteService DeleteTaskDefinitions DeleteTaskSet DeregisterContainerInstance
      DeregisterTaskDefinition StopTask`,
    lambda: 'DeleteEventSourceMapping',
    logs: 'StopLiveTail StopQuery',
    sqs: 'DeleteQueue',
  },
  // What is said of it, and who is told.
  said: {
    autoscaling: 'CreateOrUpdateTags PutNotificationConfiguration',
    batch: 'TagResource',
    cloudwatch: 'PutMetricData',
    ecs: 'DiscoverPollEndpoint TagResource',
    logs: 'PutRetentionPolicy',
    sqs: 'TagQueue UntagQueue',
    ssm: `PutComplianceItems PutConfigurePackageResult PutInventory UpdateAssociationStatus UpdateInstanceAssociationStatus
      UpdateInstanceInformation`,
    xray: 'PutTelemetryRecords PutTraceSegments',
  },
  data: {
    elasticfilesystem: 'ClientMount ClientRootAccess ClientWrite',
    kms: `Decrypt Encrypt GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext
      GenerateDataKeyWithoutPlaintext GenerateMac GenerateRandom ReEncryptFrom ReEncryptTo`,
    logs: 'FilterLogEvents PutLogEvents StartLiveTail StartQuery',
    sqs: 'DeleteMessage PurgeQueue ReceiveMessage SendMessage',
  },
}

/** Of EC2, whose things have no names: words of what puts code, disks, keys, templates and policies into what is there. */
export const OF_CODE =
  /LaunchTemplate|Fleet|Task$|tachVolume|InstanceAttribute|Password|KeyPair|SerialConsole|ResourcePolicy|UserData|Command|Shell/
/** What has such a word and is something new, less of it, or a machine's setting that brings it no code. */
export const NO_CODE = `CancelBundleTask CancelCapacityReservationFleets CancelConversionTask CancelExportTask CancelImportTask
  CancelSpotFleetRequests CreateCapacityReservationFleet CreateFleet CreateKeyPair CreateLaunchTemplate DeleteFleets
  DeleteResourcePolicy DisableSerialConsoleAccess ImportKeyPair ModifyCapacityReservationFleet RequestSpotFleet
  ResetInstanceAttribute`
