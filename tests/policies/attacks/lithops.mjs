import { attempts } from './attempts.mjs'

export const parameters = { UserNames: ['alice'] }

const SPOT = ['cancel any spot request']
const NETWORK = [
  'change any route',
  'delete any network',
  'delete any security group',
  'open any security group',
]
const START = [
  'give a machine any key pair',
  'give a machine any network interface',
  'make a disk of any snapshot',
  'put a machine into any security group',
  'start a machine from any image',
]
/** AWS Batch starts what a compute environment names. */
const BATCH = 'have AWS Batch start a machine from any image, in any security group'
const STARTS =
  'A machine is started from any image and with disks of any snapshot, in any security group, with any key pair, and with any network interface that is free; also by AWS Batch, from the settings of a compute environment.'
const SEES = 'The users see the settings and environment variables of every function of the account, and the commands and environment variables of all jobs'
const alice = {
  who: 'user alice',
  says: [
    STARTS,
    SEES,
    'Spot requests are cancelled, of any requester.',
    'there the users reach every network and security group',
  ],
  open: [
    ...SPOT,
    ...NETWORK,
    ...START,
    BATCH,
    'read the commands and environment variables of any job',
    'read the environment variables of any function',
  ],
}
const machine = {
  who: 'role lithops-role-ec2',
  says: [STARTS, 'Spot requests are cancelled, of any requester.'],
  open: [...SPOT, ...START],
}
const EVERYTHING = Object.values(attempts()).flatMap(Object.keys)

export const cases = [
  { principals: [alice, { who: 'role lithops-role' }, machine] },
  { parameters: { AccountKind: 'sso' }, principals: [alice] },
  {
    parameters: {
      DeleteImages: true,
      LambdaVpc: true,
      AccessPoints: ['arn:aws:elasticfilesystem:eu-west-1:123456789012:access-point/fsap-0a1b2c3d'],
      BucketNames: ['data'],
      BatchInstanceRole: true,
      CustomerEcrPolicy: true,
      ServiceLinkedRoles: false,
    },
    principals: [
      {
        ...alice,
        says: [...alice.says, 'The users can then delete every machine image of the account.'],
        open: [...alice.open, 'delete any machine image'],
      },
      {
        who: 'role lithops-role',
        says: 'though a job of AWS Batch can, which has the same role',
        open: ['delete an unused network interface'],
      },
      machine,
      { who: 'role lithops-batch-instance-role' },
    ],
  },
  {
    parameters: { BatchTrust: true },
    principals: [
      {
        who: 'role lithops-role',
        says: 'as the service role of Batch',
        open: [
          ...START,
          'end any machine',
          'read the environment variables of any task',
          'read the user data of any machine',
          'run a machine as any role',
          'run a task as any role',
          'run a task of their own on any cluster',
          'put a machine into any placement group',
          'run any task with a command of their own',
          'take any machine out of its cluster',
          'use any capacity reservation',
          'write into any log',
          'write into the output of any job',
        ],
      },
    ],
  },
  {
    parameters: { AdministratorsGroup: true, AdministratorNames: ['bob'] },
    principals: [{ who: 'user bob', says: 'lithops-administrators has AdministratorAccess', open: EVERYTHING }],
  },
]
