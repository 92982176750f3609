import { attaching, calls, iam } from '../calls.mjs'
import { run } from './attempts.mjs'

const ROLE = iam('role/tr-x-ZappaLambdaExecutionRole')

export const parameters = { UserNames: ['serverless'], Deployments: ['tr-x-dev'] }

/** Whoever runs something chooses its name. */
export const names = { function: 'tr-x', stack: 'tr-x' }

export const escalations = {
  'make a role, give it AdministratorAccess and run a function as it': [
    ...calls('iam:CreateRole', ROLE),
    ...calls('iam:AttachRolePolicy', ROLE, attaching.aws('AdministratorAccess')),
    ...run(ROLE, names.function),
  ],
  'make a role, write a policy into it and run a function as it': [
    ...calls('iam:CreateRole PutRolePolicy', ROLE),
    ...run(ROLE, names.function),
  ],
}
const [ATTACH, WRITE] = Object.keys(escalations)

const USER = [
  ATTACH,
  WRITE,
  'change the code of any function',
  'invoke any function',
  'delete any function',
  'delete any log',
]
const ROLE_OF_FUNCTIONS = ['invoke any function', 'delete any log']

export const cases = [
  {
    principals: [
      { who: 'user serverless', open: { documented: USER, current: USER, hardened: [] } },
      {
        who: 'role tr-x-dev-ZappaLambdaExecutionRole',
        open: { documented: ROLE_OF_FUNCTIONS, current: ROLE_OF_FUNCTIONS, hardened: [] },
      },
    ],
  },
  {
    parameters: { ManageRoles: true },
    principals: [{ who: 'user serverless', open: { documented: USER, current: USER, hardened: [WRITE] } }],
  },
]
