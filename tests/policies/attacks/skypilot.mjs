export const parameters = { UserNames: ['alice'] }

/** Whoever has AmazonEC2FullAccess and AmazonS3FullAccess. */
const FULL = [
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
const both = (rest) => ['user alice', 'role skypilot-v1'].map((who) => ({ who, ...rest }))

export const cases = [
  { principals: both() },
  {
    parameters: { RoleFlavor: 'as-skypilot-creates' },
    principals: [{ who: 'role skypilot-v1', says: 'with full access to EC2 and S3', open: FULL }],
  },
  {
    parameters: { AutoRole: true, RoleFlavor: 'none' },
    principals: [{ who: 'user alice', open: ['write a policy into a role, and be it'] }],
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
      says: 'users can then delete every machine image of the account',
      open: ['delete any machine image'],
    }),
  },
]
