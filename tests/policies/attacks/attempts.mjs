// What somebody tries who has become a user or role of a preset: to become an administrator, and to reach
// what is not the tool's. Each works if all of its calls are allowed.

import { arn, attaching, calls, iam, s3, to } from '../calls.mjs'

const ADMIN = iam('role/administrator')
const FOREIGN = { 'aws:ResourceTag/Name': 'database' }
const MACHINE = arn('ec2', 'instance/i-0f')
/** Tags that a preset may ask of a new machine: whoever starts one chooses them. */
const TAGGED = { 'aws:RequestTag/Name': 'lithops-x', 'aws:RequestTag/skypilot-cluster-name': 'x' }

/** Starts a machine with a role. */
export const launch = (role) => [
  ...calls('iam:PassRole', role, to('ec2')),
  ...calls('ec2:RunInstances', MACHINE, TAGGED),
  ...calls('ec2:RunInstances', ['arn:aws:ec2:eu-west-1::image/ami-0a', arn('ec2', 'subnet/subnet-0a')]),
]
/** Runs code of its own in a function with a role. */
export const run = (role, name) => [
  ...calls('iam:PassRole', role, to('lambda')),
  ...calls('lambda:CreateFunction InvokeFunction', arn('lambda', `function:${name}`)),
]

/** To become an administrator: what is tried on any preset, by the names that this one allows, and its own. */
export const toAdministrator = ({ names, escalations }) => ({
  ...byNames({ function: 'x', job: 'x', task: 'x', stack: 'x', stateMachine: 'x', ...names }),
  ...escalations,
})

const byNames = (names) => ({
  'run a function as any role': run(ADMIN, names.function),
  'run a machine as any role': launch(ADMIN),
  'run a task as any role': [
    ...calls('iam:PassRole', ADMIN, to('ecs-tasks')),
    ...calls('ecs:RegisterTaskDefinition RunTask', arn('ecs', `task-definition/${names.task}:1`)),
  ],
  'run a job as any role': [
    ...calls('iam:PassRole', ADMIN, to('ecs-tasks')),
    ...calls('batch:RegisterJobDefinition', arn('batch', `job-definition/${names.job}`)),
    ...calls('batch:SubmitJob', [
      arn('batch', `job-definition/${names.job}:1`),
      arn('batch', `job-queue/${names.job}`),
    ]),
  ],
  'run a Glue job as any role': [
    ...calls('iam:PassRole', ADMIN, to('glue')),
    ...calls('glue:CreateJob StartJobRun', arn('glue', 'job/x')),
  ],
  'run a stack as any role': [
    ...calls('iam:PassRole', ADMIN, to('cloudformation')),
    ...calls('cloudformation:CreateStack', arn('cloudformation', `stack/${names.stack}/0a`)),
  ],
  'run a state machine as any role': [
    ...calls('iam:PassRole', ADMIN, to('states')),
    ...calls('states:CreateStateMachine StartExecution', arn('states', `stateMachine:${names.stateMachine}`)),
  ],
  'assume any role': calls('sts:AssumeRole', ADMIN),
  // The function that serves presets is one.
  'change the code of any function': calls('lambda:UpdateFunctionCode', arn('lambda', 'function:account-presets-x')),
  'invoke any function': calls('lambda:InvokeFunction', arn('lambda', 'function:account-presets-x')),
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
})

/** To reach what is not the tool's. */
export const HARMS = {
  'end any machine': calls('ec2:TerminateInstances', MACHINE, FOREIGN),
  'change any machine': calls('ec2:ModifyInstanceAttribute', MACHINE, FOREIGN),
  'log in to any machine': calls('ssm:StartSession', MACHINE, FOREIGN),
  'open any security group': calls('ec2:AuthorizeSecurityGroupIngress', arn('ec2', 'security-group/sg-0f'), FOREIGN),
  'read any bucket': calls('s3:GetObject', s3('payroll/x')),
  'empty any bucket': calls('s3:DeleteObject', s3('payroll/x')),
  'read any secret': calls('secretsmanager:GetSecretValue', arn('secretsmanager', 'secret:x-AbCdEf')),
  'delete any key': calls('kms:ScheduleKeyDeletion', arn('kms', 'key/0f'), {
    'aws:ResourceTag/Application': 'payroll',
  }),
  'delete any queue': calls('sqs:DeleteQueue', arn('sqs', 'payroll')),
  'delete any function': calls('lambda:DeleteFunction', arn('lambda', 'function:payroll')),
  'delete any image': calls('ecr:DeleteRepository', arn('ecr', 'repository/payroll')),
  'delete any log': calls('logs:DeleteLogGroup', arn('logs', 'log-group:/payroll')),
}
