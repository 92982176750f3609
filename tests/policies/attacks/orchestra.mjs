import { arn, calls, iam, s3, to } from '../calls.mjs'

export const parameters = { UserNames: ['alice'] }

const MODULE = {
  ModuleRoles: true,
  ModuleNamePrefix: 'acme-data',
  Suffix: '0a1b2c3d',
  OrchestraAccountId: '4a6a45ca-5549-4c53-bca4-43a76e1bab2c',
  Secrets: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf'],
}
const KEY = arn('kms', 'key/11111111-2222-3333-4444-555555555555')
const ALIAS = arn('kms', 'alias/acme-data_integration_PYTHON_0a1b2c3d')
const TAG = { 'aws:RequestTag/Application': 'Orchestra Technologies' }
/** Somebody else's module: its names, and the machines of their cluster. */
const THEIRS = 'other-orchestra-artifacts-0f0f0f0f'
const FAMILY = arn('ecs', 'task-definition/acme-data_python_3_12_PIP_0a1b2c3d:1')
/** The stack of what serves presets may be called as the module calls its roles. */
const PROVIDER = iam('role/account-presets-orchestra-ecs-execution-role-IamPresetRole-1A2B3C4D5E6F')

export const escalations = {
  'pass the role of what serves presets, called as one of the module': calls('iam:PassRole', PROVIDER, to('ecs-tasks')),
  "change the trust of what serves presets' role, called as one of the module": calls(
    'iam:UpdateAssumeRolePolicy',
    PROVIDER,
  ),
  "run a task on the machines of somebody's cluster": calls('ecs:RunTask', FAMILY, {
    'ecs:cluster': arn('ecs', 'cluster/payroll'),
  }),
}
export const harms = {
  'tag any key as the module does': calls('kms:TagResource', KEY, TAG),
  'tag any key as the module does, and change its policy': [
    ...calls('kms:TagResource', KEY, TAG),
    ...calls('kms:PutKeyPolicy', KEY),
  ],
  'untag any key': calls('kms:UntagResource', KEY, { 'aws:TagKeys': ['Application'] }),
  "give any key one of the module's aliases": calls('kms:CreateAlias', [KEY, ALIAS]),
  'register another revision of any task': calls('ecs:RegisterTaskDefinition', arn('ecs', 'task-definition/nightly:2')),
  'deregister any task definition': calls('ecs:DeregisterTaskDefinition'),
  'delete any cluster': calls('ecs:DeleteCluster', arn('ecs', 'cluster/payroll')),
  "empty the bucket of somebody else's module": calls('s3:DeleteObject', s3(`${THEIRS}/x`)),
  "read the bucket of somebody else's module": calls('s3:GetObject', s3(`${THEIRS}/x`)),
}

const DEREGISTER = {
  open: ['deregister any task definition', 'read the environment variables of any task'],
  says: [
    "Task definitions are registered with the module's names only, and any can be deregistered.",
    'Every task definition of the account can be read, with its commands and environment variables',
  ],
}
const ANY_PREFIX = {
  open: ["empty the bucket of somebody else's module", ...DEREGISTER.open],
  says: [...DEREGISTER.says, '`*`, as on the page, is any: also foreign modules in the account.'],
}

export const cases = [
  { principals: [{ who: 'user alice', ...ANY_PREFIX }] },
  { parameters: { NamePrefix: 'acme-data' }, principals: [{ who: 'user alice', ...DEREGISTER }] },
  {
    parameters: { ManageRoles: true },
    principals: [
      {
        who: 'user alice',
        ...ANY_PREFIX,
        open: [...ANY_PREFIX.open, 'give a role a policy of their own, and be it'],
      },
    ],
  },
  {
    parameters: { ...MODULE, NamePrefix: 'acme-data' },
    principals: [
      { who: 'user alice', ...DEREGISTER },
      { who: 'role acme-data-orchestra-compute-0a1b2c3d' },
      { who: 'role acme-data-orchestra-task-python-0a1b2c3d' },
      { who: 'role acme-data-orchestra-ecs-execution-role-0a1b2c3d' },
    ],
  },
]
