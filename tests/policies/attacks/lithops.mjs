import { HARMS, toAdministrator } from './attempts.mjs'

export const parameters = { UserNames: ['alice'] }
/** Whoever runs something chooses its name. */
export const names = { function: 'lithops-worker-x', job: 'lithops_x', task: 'lithops_x' }

/** The managed policies of LithopsUserGroup, and STSFullAccess. */
const REGULAR = [
  'run a function as any role',
  'assume any role',
  'change the code of any function',
  'invoke any function',
  'end any machine',
  'change any machine',
  'open any security group',
  'read any bucket',
  'empty any bucket',
  'delete any function',
  'delete any image',
]
/** lithops-policy. */
const POLICY = [
  ...REGULAR,
  'run a machine as any role',
  'run a task as any role',
  'run a job as any role',
  'delete any log',
]
const ALL = [...Object.keys(toAdministrator({ names })), ...Object.keys(HARMS)]

/** Lithops makes a network of its own, most of it without a name. */
const NETWORK = ['open any security group']
const says = 'the users reach every network and security group'

const role = { documented: POLICY, current: POLICY, hardened: [] }

export const cases = [
  {
    principals: [
      { who: 'user alice', says, open: { documented: REGULAR, current: REGULAR, hardened: NETWORK } },
      { who: 'role lithops-role', open: role },
      { who: 'role lithops-role-ec2', open: role },
    ],
  },
  {
    parameters: { AccountKind: 'sso' },
    principals: [{ who: 'user alice', says, open: { documented: POLICY, current: POLICY, hardened: NETWORK } }],
  },
  {
    parameters: { BatchTrust: true },
    principals: [
      {
        who: 'role lithops-role',
        says: 'as the service role of Batch',
        open: {
          ...role,
          hardened: ['run a machine as any role', 'run a task as any role', 'end any machine'],
        },
      },
    ],
  },
  {
    parameters: { AdministratorsGroup: true, AdministratorNames: ['bob'] },
    principals: [
      {
        who: 'user bob',
        says: 'lithops-administrators has AdministratorAccess',
        open: { documented: ALL, current: ALL, hardened: ALL },
      },
    ],
  },
]
