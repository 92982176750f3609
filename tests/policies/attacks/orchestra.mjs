import { arn, attaching, calls, iam, to } from '../calls.mjs'

const ROLE = iam('role/x-orchestra-ecs-execution-role-0a1b2c3d')
const TRUSTING = iam('role/x-orchestra-compute-0a1b2c3d')
const POLICY = iam('policy/x-orchestra-compute-0a1b2c3d-policy')

export const parameters = { UserNames: ['alice'] }

/** Whoever runs something chooses its name. */
export const names = { task: 'x_python_x' }

export const escalations = {
  'make a role, give it AdministratorAccess and run a task as it': [
    ...calls('iam:CreateRole', ROLE),
    ...calls('iam:AttachRolePolicy', ROLE, attaching.aws('AdministratorAccess')),
    ...calls('iam:PassRole', ROLE, to('ecs-tasks')),
    ...calls('ecs:RegisterTaskDefinition RunTask', arn('ecs', `task-definition/${names.task}:1`)),
  ],
  // A role of the own account that names its user needs no permission to be assumed.
  'make a role that trusts the user, and write a policy into it': calls('iam:CreateRole PutRolePolicy', TRUSTING),
  'make a role that trusts the user, and give it a policy of their own': [
    ...calls('iam:CreateRole', TRUSTING),
    ...calls('iam:CreatePolicy', POLICY),
    ...calls('iam:AttachRolePolicy', TRUSTING, { 'iam:PolicyARN': POLICY }),
  ],
}
const [ATTACH, WRITE, MAKE] = Object.keys(escalations)

const DEPLOYER = [ATTACH, WRITE, MAKE, 'delete any key']
const MODULE = {
  ModuleRoles: true,
  ModuleNamePrefix: 'acme-data',
  Suffix: '0a1b2c3d',
  OrchestraAccountId: '4a6a45ca-5549-4c53-bca4-43a76e1bab2c',
  Secrets: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf'],
}
const NOTHING = { documented: [], current: [], hardened: [] }

export const cases = [
  { principals: [{ who: 'user alice', open: { documented: DEPLOYER, current: DEPLOYER, hardened: [MAKE] } }] },
  {
    parameters: MODULE,
    principals: [
      { who: 'user alice', open: { documented: DEPLOYER, current: DEPLOYER, hardened: [] } },
      ...['compute', 'task-python', 'ecs-execution-role'].map((name) => ({
        who: `role acme-data-orchestra-${name}-0a1b2c3d`,
        open: NOTHING,
      })),
    ],
  },
]
