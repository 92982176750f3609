export const parameters = { UserNames: ['alice'] }

const START = [
  'give a machine any network interface',
  'put a machine into any security group',
  'start a machine from any image',
  'use any capacity reservation',
]
const SAYS =
  'An instance is made of any image, in any security group, and with any network interface that is free; also in any capacity reservation'
const PLACEMENT = ['delete any placement group', 'put a machine into any placement group']
/** Whoever has AmazonEC2FullAccess and AmazonS3FullAccess. */
const FULL = [
  ...START,
  'give a machine any key pair',
  'make a disk of any snapshot',
  'cancel any spot request',
  'change any launch template',
  'change any machine',
  'change any route',
  'change the code that the function that serves presets is deployed from',
  'change the user data of any machine',
  'copy any disk',
  'delete any bucket',
  'delete any disk',
  'delete any key pair',
  'delete any machine image',
  'delete any network',
  ...PLACEMENT,
  'put a VPC endpoint into any network',
  'delete an unused network interface',
  'delete any security group',
  'empty any bucket',
  'end any machine',
  'give any machine a role of the tool',
  'image the disks of any machine',
  'open any security group',
  'read any bucket',
  'read the user data of any machine',
  'stop any machine',
  'swap the root disk of any machine',
  'tag any machine',
  'write into any bucket',
]
const both = ({ open = [], says = SAYS } = {}) =>
  ['user alice', 'role skypilot-v1'].map((who) => ({ who, says, open: [...START, ...open] }))

export const cases = [
  { principals: both() },
  {
    parameters: { RoleFlavor: 'as-skypilot-creates' },
    principals: [{ who: 'role skypilot-v1', says: 'with full access to EC2 and S3', open: FULL }],
  },
  {
    parameters: { AutoRole: true, RoleFlavor: 'none' },
    principals: [{ who: 'user alice', says: SAYS, open: [...START, 'write a policy into a role, and be it'] }],
  },
  { parameters: { S3Access: true, S3BucketManagement: true, SpotServiceLinkedRole: false }, principals: both() },
  // What reaches more in `current` reaches it with OpenPorts off too.
  { parameters: { S3Access: true, OpenPorts: false }, principals: both() },
  {
    parameters: {
      S3Access: true,
      S3BucketManagement: true,
      BucketNames: ['data'],
      Ssm: true,
      CloneDisk: true,
      PlacementGroups: true,
    },
    principals: both({
      says: [
        SAYS,
        'users can then delete every machine image of the account',
        'With PlacementGroups, machines are put into any of the placement groups of the account, and any that is empty can be deleted.',
      ],
      open: ['delete any machine image', ...PLACEMENT],
    }).map((it) =>
      it.who === 'user alice'
        ? it
        : {
            ...it,
            says: [...it.says, 'With Ssm, the machines also read every parameter of Systems Manager.'],
            open: [...it.open, 'read any parameter of Systems Manager'],
          },
    ),
  },
]
