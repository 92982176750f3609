// What somebody tries who has become a user or role of any preset: to become an administrator, and to reach
// what is not the tool's. Each attempt is steps, which `attacker.mjs` takes. A new preset is asked all of it.

import { succeeds } from '../attacker.mjs'
import { arn, attaching, calls, iam, s3, to } from '../calls.mjs'

const image = (name) => `arn:aws:ec2:eu-west-1::${name}`
const ec2 = (name) => arn('ec2', name)

/** What other people have in the account: each runs as an administrator, or holds what is theirs. */
const ADMIN = iam('role/administrator')
const MACHINE = ec2('instance/i-0f')
const VOLUME = ec2('volume/vol-0f')
const GROUP = ec2('security-group/sg-0f')
const FUNCTION = arn('lambda', 'function:payroll')
const DEFINITION = arn('batch', 'job-definition/nightly')
const QUEUE = arn('batch', 'job-queue/nightly')
const MACHINES = arn('batch', 'compute-environment/nightly')
const TASK = arn('ecs', 'task-definition/nightly:1')
const NIGHTLY = { 'ecs:cluster': arn('ecs', 'cluster/nightly') }
/** What AWS Batch makes of somebody else's compute environment, with its service-linked role and with another. */
const OF_BATCH = ['AWSBatch-nightly-0f-0f', 'nightly_Batch_0f-0f']
/** Joins a machine of one's own to a cluster, where ECS places other people's tasks on it, with their roles. */
const join = (cluster) => [
  ...calls('ecs:RegisterContainerInstance', arn('ecs', `cluster/${cluster}`)),
  ...take(cluster),
]
/** Is told, as the agent of a machine, which tasks to start and the keys of their roles. */
const take = (cluster) =>
  calls('ecs:Poll', arn('ecs', `container-instance/${cluster}/0f`), { 'ecs:cluster': arn('ecs', `cluster/${cluster}`) })
const STACK = arn('cloudformation', 'stack/payroll/0f')
const WORKFLOW = arn('states', 'stateMachine:payroll')
const API = '/restapis/0f'
const KEY = arn('kms', 'key/0f')
const FILES = arn('elasticfilesystem', 'file-system/fs-0f')
const SECRET = arn('secretsmanager', 'secret:payroll-AbCdEf')
const BUCKET = 'payroll'
/** All jobs of AWS Batch write into one log, each into a stream with the name of its job definition. */
const JOBS = 'log-group:/aws/batch/job'
const OUTPUT = arn('logs', `${JOBS}:log-stream:nightly/default/0f`)
const ENVIRONMENT = arn('batch', 'compute-environment/<environment>')

/** What the operator has under the name of a stack: the function that serves presets and may write IAM, and all around it. */
const provider = (stack) => ({
  function: arn('lambda', `function:${stack}-IamPresetFunction-1A2B3C4D5E6F`),
  role: iam(`role/${stack}-IamPresetRole-1A2B3C4D5E6F`),
  policy: iam(`policy/${stack}-CommonPolicy-1A2B3C4D5E6F`),
  log: arn('logs', `log-group:/aws/lambda/${stack}-IamPreset`),
  stack: arn('cloudformation', `stack/${stack}/0f`),
})
const CODE = s3('aws-sam-cli-managed-default-samclisourcebucket-0f/0f')

/** The two ways in which things of other people's are found: with tags of theirs, and without any. */
const WORLDS = [
  Object.fromEntries(
    [MACHINE, VOLUME, GROUP, FUNCTION, DEFINITION, QUEUE, MACHINES, TASK, WORKFLOW, KEY, FILES, SECRET, ADMIN].map((it) => [
      it,
      { Name: 'payroll', Application: 'payroll' },
    ]),
  ),
  {},
]

/** Starts a machine with a role. */
export const launch = (role) => [
  ...calls('iam:PassRole', role, to('ec2')),
  ...calls('ec2:RunInstances', ec2('instance/i-0a')),
  ...calls('ec2:RunInstances', [image('image/ami-0a'), ec2('subnet/subnet-0a')]),
]
/** Runs code of its own in a function with a role. */
export const run = (role) => [
  ...calls('iam:PassRole', role, to('lambda')),
  ...calls('lambda:CreateFunction InvokeFunction', arn('lambda', 'function:<function>')),
]
/** Runs a task with a role. */
const task = (role) => [
  ...calls('iam:PassRole', role, to('ecs-tasks')),
  ...calls('ecs:RegisterTaskDefinition RunTask', arn('ecs', 'task-definition/<task>:1')),
]
/** Runs a job with a role. */
const job = (role) => [
  ...calls('iam:PassRole', role, to('ecs-tasks')),
  ...calls('batch:RegisterJobDefinition', arn('batch', 'job-definition/<definition>')),
  ...calls('batch:SubmitJob', [arn('batch', 'job-definition/<definition>:1'), arn('batch', 'job-queue/<queue>')]),
]

const ROLE = iam('role/<role>')
const POLICY = iam('policy/<policy>')
/** The ways to be a role that is there, or that one makes. One that names its user is assumed without a permission. */
const USES = [run(ROLE), launch(ROLE), task(ROLE), job(ROLE), calls('iam:CreateRole', ROLE)]
const andUse = (gives) => ({ either: USES.map((uses) => [...gives, ...uses]) })

/** To become an administrator. */
const TO_ADMINISTRATOR = {
  // A role of an administrator's, given to something new.
  'run a function as any role': run(ADMIN),
  'run a machine as any role': launch(ADMIN),
  'run a task as any role': task(ADMIN),
  'run a job as any role': job(ADMIN),
  'run a Glue job as any role': [
    ...calls('iam:PassRole', ADMIN, to('glue')),
    ...calls('glue:CreateJob StartJobRun', arn('glue', 'job/x')),
  ],
  'run a stack as any role': [
    ...calls('iam:PassRole', ADMIN, to('cloudformation')),
    ...calls('cloudformation:CreateStack', arn('cloudformation', 'stack/<stack>/0a')),
  ],
  'run a state machine as any role': [
    ...calls('iam:PassRole', ADMIN, to('states')),
    ...calls('states:CreateStateMachine StartExecution', arn('states', 'stateMachine:<stateMachine>')),
  ],
  'run a notebook as any role': [
    ...calls('iam:PassRole', ADMIN, to('sagemaker')),
    ...calls('sagemaker:CreateNotebookInstance', arn('sagemaker', 'notebook-instance/x')),
  ],
  'run a build as any role': [
    ...calls('iam:PassRole', ADMIN, to('codebuild')),
    ...calls('codebuild:CreateProject StartBuild', arn('codebuild', 'project/x')),
  ],
  'run a document of Systems Manager as any role': [
    ...calls('iam:PassRole', ADMIN, to('ssm')),
    ...calls('ssm:StartAutomationExecution', arn('ssm', 'automation-definition/AWS-StopEC2Instance:1')),
  ],
  'give another role to a machine': [
    ...calls('iam:PassRole', ADMIN, to('ec2')),
    ...calls('ec2:AssociateIamInstanceProfile', ec2('instance/i-0a')),
  ],
  'assume any role': calls('sts:AssumeRole', ADMIN),

  // What runs as an administrator already.
  'change the code of any function': calls('lambda:UpdateFunctionCode', FUNCTION),
  'change the configuration of any function': calls('lambda:UpdateFunctionConfiguration', FUNCTION),
  'change the user data of any machine': [
    ...calls('ec2:StopInstances ModifyInstanceAttribute StartInstances', MACHINE),
  ],
  'open a session on any machine': [
    ...calls('ssm:StartSession', MACHINE),
    ...calls('ssm:StartSession', arn('ssm', 'document/SSM-SessionManagerRunShell')),
  ],
  'run a command on any machine': [
    ...calls('ssm:SendCommand', MACHINE),
    ...calls('ssm:SendCommand', arn('ssm', 'document/AWS-RunShellScript')),
  ],
  'send a key to any machine': calls('ec2-instance-connect:SendSSHPublicKey', MACHINE),
  'swap the root disk of any machine': calls('ec2:CreateReplaceRootVolumeTask', [MACHINE, VOLUME]),
  'change any launch template': calls('ec2:CreateLaunchTemplateVersion', ec2('launch-template/lt-0f')),
  // Any of the two is enough: the role of the job, or that of the machines it runs on.
  'submit any job with a command of their own': calls('batch:SubmitJob', [
    `${DEFINITION}:1`,
    arn('batch', 'job-queue/<queue>'),
  ]),
  'submit a job of their own into any queue': calls('batch:SubmitJob', [
    arn('batch', 'job-definition/<definition>:1'),
    QUEUE,
  ]),
  'make a queue onto any machines of AWS Batch': [
    ...calls('batch:CreateJobQueue', [arn('batch', 'job-queue/<queue>'), MACHINES]),
    ...calls('batch:SubmitJob', [arn('batch', 'job-definition/<definition>:1'), arn('batch', 'job-queue/<queue>')]),
  ],
  'change any machines of AWS Batch': calls('batch:UpdateComputeEnvironment', MACHINES),
  'run any task with a command of their own': calls('ecs:RunTask', TASK, NIGHTLY),
  'run a task of their own on any cluster': calls('ecs:RunTask', arn('ecs', 'task-definition/<task>:1'), NIGHTLY),
  'change any service': calls('ecs:UpdateService', arn('ecs', 'service/nightly/web'), NIGHTLY),
  'open a shell in any task': calls('ecs:ExecuteCommand', [
    arn('ecs', 'cluster/nightly'),
    arn('ecs', 'task/nightly/0f'),
  ]),
  'join a machine to any cluster': join('nightly'),
  'join a machine to any cluster of AWS Batch': { either: OF_BATCH.map(join) },
  'take the tasks of any machine of ECS': take('nightly'),
  'update any stack': calls('cloudformation:UpdateStack', STACK),
  'change any stack by a change set': calls('cloudformation:CreateChangeSet ExecuteChangeSet', STACK),
  'change any state machine': calls('states:UpdateStateMachine StartExecution', WORKFLOW),
  'change any Glue job': calls('glue:UpdateJob StartJobRun', arn('glue', 'job/payroll')),
  'open any notebook': calls('sagemaker:CreatePresignedNotebookInstanceUrl', arn('sagemaker', 'notebook-instance/x')),
  'overwrite any image': calls('ecr:PutImage', arn('ecr', 'repository/payroll')),
  'run any build with commands of their own': calls('codebuild:StartBuild', arn('codebuild', 'project/payroll')),
  'change any data pipeline': calls(
    'datapipeline:PutPipelineDefinition ActivatePipeline',
    arn('datapipeline', 'pipeline/df-0f'),
  ),

  'change the code that the function that serves presets is deployed from': calls('s3:PutObject', CODE),

  // Identities.
  'give a role AdministratorAccess, and be it': andUse(
    calls('iam:AttachRolePolicy', ROLE, attaching.aws('AdministratorAccess')),
  ),
  'write a policy into a role, and be it': andUse(calls('iam:PutRolePolicy', ROLE)),
  'give a role a policy of their own, and be it': andUse([
    ...calls('iam:CreatePolicy', POLICY),
    ...calls('iam:AttachRolePolicy', ROLE, { 'iam:PolicyARN': POLICY }),
  ]),
  'give any role a policy': [
    ...calls('iam:AttachRolePolicy', ADMIN, attaching.aws('AdministratorAccess')),
    ...calls('iam:PutRolePolicy', ADMIN),
  ],
  'change the trust of any role': calls('iam:UpdateAssumeRolePolicy', ADMIN),
  'change any policy': calls('iam:CreatePolicyVersion', iam('policy/any')),
  'give a user AdministratorAccess': calls(
    'iam:AttachUserPolicy',
    iam('user/alice'),
    attaching.aws('AdministratorAccess'),
  ),
  'write a policy into a user': calls('iam:PutUserPolicy', iam('user/alice')),
  'put a user into any group': calls('iam:AddUserToGroup', iam('group/administrators')),
  'make keys of another user': calls('iam:CreateAccessKey', iam('user/administrator')),
  'set the password of another user': calls('iam:UpdateLoginProfile', iam('user/administrator')),
}

/** To reach what is not the tool's. */
const HARMS = {
  'invoke any function': calls('lambda:InvokeFunction', FUNCTION),
  'delete any function': calls('lambda:DeleteFunction', FUNCTION),
  'stop any machine': calls('ec2:StopInstances', MACHINE),
  'end any machine': calls('ec2:TerminateInstances', MACHINE),
  'change any machine': calls('ec2:ModifyInstanceAttribute', MACHINE),
  'give any machine a role of the tool': [
    ...calls('iam:PassRole', ROLE, to('ec2')),
    ...calls('ec2:AssociateIamInstanceProfile', MACHINE),
  ],
  'log in to any machine': calls('ssm:StartSession', MACHINE),
  'image the disks of any machine': calls('ec2:CreateImage', [MACHINE, image('image/ami-0a'), image('snapshot/snap-0a')]),
  'copy any disk': calls('ec2:CreateSnapshot', VOLUME),
  'delete any disk': calls('ec2:DeleteVolume', VOLUME),
  'delete any machine image': calls('ec2:DeregisterImage', image('image/ami-0f')),
  'tag any machine': calls('ec2:CreateTags', MACHINE, { 'aws:RequestTag/CostCenter': 'x', 'aws:TagKeys': ['CostCenter'] }),
  'read the user data of any machine': calls('ec2:DescribeInstanceAttribute', MACHINE),
  'delete an unused network interface': calls('ec2:DeleteNetworkInterface', ec2('network-interface/eni-0f')),
  'start a machine from any image': calls('ec2:RunInstances', image('image/ami-0f'), { 'ec2:Owner': '123456789012' }),
  'make a disk of any snapshot': calls('ec2:RunInstances', image('snapshot/snap-0f')),
  'put a machine into any security group': calls('ec2:RunInstances', GROUP),
  'give a machine any network interface': calls('ec2:RunInstances', ec2('network-interface/eni-0f')),
  'give a machine any key pair': calls('ec2:RunInstances', ec2('key-pair/payroll')),
  'read any parameter of Systems Manager': calls('ssm:GetParameter', arn('ssm', 'parameter/payroll')),
  'open any security group': calls('ec2:AuthorizeSecurityGroupIngress', GROUP),
  'delete any security group': calls('ec2:DeleteSecurityGroup', GROUP),
  'change any route': calls('ec2:CreateRoute', ec2('route-table/rtb-0f')),
  'delete any network': calls('ec2:DeleteVpc', ec2('vpc/vpc-0f')),
  'delete any key pair': calls('ec2:DeleteKeyPair', ec2('key-pair/payroll')),
  'cancel any spot request': calls('ec2:CancelSpotInstanceRequests', ec2('spot-instances-request/sir-0f')),
  // With its own role AWS Batch starts whatever a compute environment names, and no condition says what that may be.
  'have AWS Batch start a machine from any image, in any security group': {
    either: [calls('batch:CreateComputeEnvironment', ENVIRONMENT), calls('batch:UpdateComputeEnvironment', ENVIRONMENT)],
  },
  'put a machine into any placement group': calls('ec2:RunInstances', ec2('placement-group/payroll')),
  'delete any placement group': calls('ec2:DeletePlacementGroup', ec2('placement-group/payroll')),
  'use any capacity reservation': calls('ec2:RunInstances', ec2('capacity-reservation/cr-0f')),
  'put a VPC endpoint into any network': calls('ec2:CreateVpcEndpoint', [ec2('vpc/vpc-0f'), ec2('route-table/rtb-0f'), GROUP]),
  'read the environment variables of any function': {
    either: [calls('lambda:ListFunctions'), calls('lambda:GetFunctionConfiguration', FUNCTION), calls('lambda:GetFunction', FUNCTION)],
  },
  'read the commands and environment variables of any job': {
    either: [calls('batch:DescribeJobs'), calls('batch:DescribeJobDefinitions')],
  },
  'read the environment variables of any task': calls('ecs:DescribeTaskDefinition'),
  'read the output of any job': {
    either: [calls('logs:GetLogEvents', OUTPUT), calls('logs:FilterLogEvents', arn('logs', JOBS))],
  },
  'write into the output of any job': calls('logs:PutLogEvents', OUTPUT),
  'be sent every event of the account': calls('events:PutRule PutTargets', arn('events', 'rule/<rule>')),
  'stop any job': calls('batch:TerminateJob', arn('batch', 'job/0f')),
  'answer for a task of any cluster': calls('ecs:SubmitTaskStateChange', arn('ecs', 'cluster/nightly')),
  'drain any machine of ECS': calls('ecs:UpdateContainerInstancesState', arn('ecs', 'container-instance/nightly/0f'), NIGHTLY),
  'take any machine out of its cluster': calls('ecs:DeregisterContainerInstance', arn('ecs', 'cluster/nightly')),
  'tag any machine of ECS': calls('ecs:TagResource', arn('ecs', 'container-instance/nightly/0f'), {
    'aws:RequestTag/CostCenter': 'x',
    'aws:TagKeys': ['CostCenter'],
  }),
  'delete any job queue': calls('batch:DeleteJobQueue', QUEUE),
  'register a new version of any job': calls('batch:RegisterJobDefinition', DEFINITION),
  'read any bucket': calls('s3:GetObject', s3(`${BUCKET}/x`)),
  'write into any bucket': calls('s3:PutObject', s3(`${BUCKET}/x`)),
  'empty any bucket': calls('s3:DeleteObject', s3(`${BUCKET}/x`)),
  'delete any bucket': calls('s3:DeleteBucket', s3(BUCKET)),
  'read any secret': calls('secretsmanager:GetSecretValue', SECRET),
  'delete any key': calls('kms:ScheduleKeyDeletion', KEY),
  'change the policy of any key': calls('kms:PutKeyPolicy', KEY),
  'decrypt with any key': calls('kms:Decrypt', KEY),
  'delete any queue': calls('sqs:DeleteQueue', arn('sqs', 'payroll')),
  'read any queue': calls('sqs:ReceiveMessage', arn('sqs', 'payroll')),
  'delete any image': calls('ecr:DeleteRepository', arn('ecr', 'repository/payroll')),
  'mount any file system': calls('elasticfilesystem:ClientMount ClientWrite', FILES),
  'read any log': calls('logs:GetLogEvents', arn('logs', 'log-group:/payroll:log-stream:x')),
  'write into any log': calls('logs:PutLogEvents', arn('logs', 'log-group:/payroll:log-stream:x')),
  'delete any log': calls('logs:DeleteLogGroup', arn('logs', 'log-group:/payroll')),
  'delete any stack': calls('cloudformation:DeleteStack', STACK),
  'change any REST API': calls('apigateway:PATCH', `arn:aws:apigateway:eu-west-1::${API}`),
  'delete any REST API': calls('apigateway:DELETE', `arn:aws:apigateway:eu-west-1::${API}`),
}

/** To reach what serves presets, and to become an administrator by that. */
export const onProvider = (stack) => {
  const its = provider(stack)
  return {
    toAdministrator: {
      'change the code of the function that serves presets': calls('lambda:UpdateFunctionCode', its.function),
      'change the configuration of the function that serves presets': calls(
        'lambda:UpdateFunctionConfiguration',
        its.function,
      ),
      'invoke the function that serves presets': calls('lambda:InvokeFunction', its.function),
      'let a queue invoke the function that serves presets': calls('lambda:CreateEventSourceMapping', '*', {
        'lambda:FunctionArn': its.function,
      }),
      'let somebody invoke the function that serves presets': calls('lambda:AddPermission', its.function),
      'pass the role of the function that serves presets': run(its.role),
      'change the role of the function that serves presets': calls('iam:PutRolePolicy', its.role),
      'change a policy of the function that serves presets': calls('iam:CreatePolicyVersion', its.policy),
      'update the stack of the function that serves presets': calls('cloudformation:UpdateStack', its.stack),
    },
    harms: {
      'read the log of the function that serves presets': calls('logs:GetLogEvents', `${its.log}:log-stream:x`),
      'write into the log of the function that serves presets': calls('logs:PutLogEvents', `${its.log}:log-stream:x`),
      'delete the log of the function that serves presets': calls('logs:DeleteLogGroup', its.log),
      'delete the function that serves presets': calls('lambda:DeleteFunction', its.function),
      'delete the stack of the function that serves presets': calls('cloudformation:DeleteStack', its.stack),
    },
  }
}
const PROVIDER = onProvider('account-presets')

/** The shared attempts, and those that a preset's table adds. */
export const attempts = ({ escalations = {}, harms = {} } = {}) => ({
  toAdministrator: { ...TO_ADMINISTRATOR, ...PROVIDER.toAdministrator, ...escalations },
  harms: { ...HARMS, ...PROVIDER.harms, ...harms },
})

/** The names of the attempts that work for a principal, whether what is not theirs has tags or not. */
export async function worked(principal, attempts) {
  const found = []
  for (const [what, steps] of Object.entries(attempts)) {
    if (await succeedsInAnyWorld(principal, steps)) found.push(what)
  }
  return found.sort()
}

/** Whether an attempt works, be the things of other people's tagged or not. */
export async function succeedsInAnyWorld(principal, steps) {
  for (const world of WORLDS) if (await succeeds(principal, steps, world)) return true
  return false
}
