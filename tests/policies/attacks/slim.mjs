// AWSBatchServiceRole and AmazonEC2SpotFleetRole are not asked: AWS Batch and Spot Fleet act with them, and
// no code of a user does. Both look themselves whether their user may pass the roles of machines.

export const parameters = { UserNames: ['alice'] }

const JOBS = {
  says: [
    'The users and the functions can stop any job of AWS Batch.',
    'The users and the functions see the commands and environment variables of all jobs',
  ],
  open: ['read the commands and environment variables of any job', 'stop any job'],
}
const principals = [
  {
    who: 'user alice',
    says: [
      ...JOBS.says,
      'It may get an existing network interface, of any owner.',
      'AWS Batch starts machines from any image, in any security group, with any launch template and key pair that a compute environment names.',
      'The users put VPC endpoints into any network, route table and security group',
    ],
    open: [
      ...JOBS.open,
      'give a machine any network interface',
      'have AWS Batch start a machine from any image, in any security group',
      'put a VPC endpoint into any network',
    ],
  },
  { who: 'role SLIM-Extras_for_Lambda', ...JOBS },
  { who: 'role SLIM-Extras_ECS_for_EC2' },
  { who: 'role StepFunctionsLambdaRole' },
]

export const cases = [
  { principals },
  { parameters: { BucketNames: ['seismic'] }, principals },
  { parameters: { UserPassRole: false, LambdaVpc: true }, principals: principals.filter(({ who }) => who !== 'role SLIM-Extras_for_Lambda') },
]
