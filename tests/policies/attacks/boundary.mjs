// What the template's boundary keeps from a role whose policies say that it may do everything, and what not.

import { arn, calls, to } from '../calls.mjs'
import { arnOf } from '../function-role.mjs'

const OTHERS = arn('lambda', 'function:payroll')
const PROVIDER = [arnOf('IamPresetFunction'), arnOf('LambdaConcurrencyFunction')]
const MAPPED = (name) => ({ 'lambda:FunctionArn': name })

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
  'change what a group of machines is started with': calls(
    'ec2:CreateLaunchTemplateVersion ModifyLaunchTemplate',
    arn('ec2', 'launch-template/lt-0f'),
  ),
  'read the password of a machine': calls('ec2:GetPasswordData', arn('ec2', 'instance/i-0f')),
  "put another task into somebody else's service": calls('ecs:UpdateService', arn('ecs', 'service/nightly/web')),
  "register somebody else's job anew": calls('batch:RegisterJobDefinition', arn('batch', 'job-definition/nightly')),
  "run a task on somebody else's cluster": calls('ecs:RunTask StartTask', arn('ecs', 'task-definition/lithops-x:1'), {
    'ecs:cluster': arn('ecs', 'cluster/nightly'),
  }),
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
  "submit a job into somebody else's queue": calls('batch:SubmitJob', arn('batch', 'job-queue/nightly')),
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
