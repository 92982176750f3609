export const parameters = { UserNames: ['alice'] }

export const cases = [
  { principals: [{ who: 'user alice' }, { who: 'role skypilot-v1' }] },
  {
    parameters: { RoleFlavor: 'as-skypilot-creates' },
    principals: [{ who: 'role skypilot-v1', says: 'with full access to EC2 and S3', open: [] }],
  },
  {
    parameters: { AutoRole: true, RoleFlavor: 'none' },
    principals: [{ who: 'user alice', open: ['write a policy into a role, and be it'] }],
  },
  {
    parameters: { S3Access: true, S3BucketManagement: true },
    principals: ['user alice', 'role skypilot-v1'].map((who) => ({ who, open: [] })),
  },
  {
    parameters: { S3Access: true, S3BucketManagement: true, BucketNames: ['data'], Ssm: true, CloneDisk: true },
    principals: ['user alice', 'role skypilot-v1'].map((who) => ({ who, open: [] })),
  },
]
