import { attaching, calls, iam } from '../calls.mjs'
import { launch } from './attempts.mjs'

const ROLE = iam('role/skypilot-v1')

export const parameters = { UserNames: ['alice'] }

export const escalations = {
  'give skypilot-v1 AdministratorAccess and run a machine as it': [
    ...calls('iam:AttachRolePolicy', ROLE, attaching.aws('AdministratorAccess')),
    ...launch(ROLE),
  ],
  'write a policy into skypilot-v1 and run a machine as it': [...calls('iam:PutRolePolicy', ROLE), ...launch(ROLE)],
}
const [ATTACH, WRITE] = Object.keys(escalations)

const MACHINES = ['end any machine', 'open any security group']
const BUCKETS = ['read any bucket', 'empty any bucket']
const open = {
  documented: MACHINES,
  current: [...MACHINES, 'change any machine'],
  hardened: [],
}
const EVERY_BUCKET = 'Without any, S3Access is to every bucket.'

export const cases = [
  {
    principals: [
      { who: 'user alice', open },
      { who: 'role skypilot-v1', open },
    ],
  },
  {
    parameters: { RoleFlavor: 'as-skypilot-creates' },
    principals: [
      {
        who: 'role skypilot-v1',
        says: 'with full access to EC2 and S3',
        open: Object.fromEntries(
          ['documented', 'current', 'hardened'].map((edition) => [
            edition,
            [...MACHINES, 'change any machine', ...BUCKETS],
          ]),
        ),
      },
    ],
  },
  {
    parameters: { AutoRole: true, RoleFlavor: 'none' },
    principals: [
      {
        who: 'user alice',
        open: {
          documented: [...open.documented, ATTACH],
          current: [...open.current, ATTACH, WRITE],
          hardened: [WRITE],
        },
      },
    ],
  },
  {
    parameters: { S3Access: true, S3BucketManagement: true },
    principals: ['user alice', 'role skypilot-v1'].map((who) => ({
      who,
      says: EVERY_BUCKET,
      open: {
        documented: [...open.documented, ...BUCKETS],
        current: [...open.current, ...BUCKETS],
        hardened: BUCKETS,
      },
    })),
  },
  {
    parameters: { S3Access: true, S3BucketManagement: true, BucketNames: ['data'], Ssm: true, CloneDisk: true },
    principals: ['user alice', 'role skypilot-v1'].map((who) => ({
      who,
      open: {
        documented: [...open.documented, ...BUCKETS],
        current: [...open.current, ...BUCKETS],
        hardened: [],
      },
    })),
  },
]
