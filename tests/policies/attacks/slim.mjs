// AWSBatchServiceRole and AmazonEC2SpotFleetRole are not asked: AWS Batch and Spot Fleet act with them, and
// no code of a user does. Both look themselves whether their user may pass the roles of machines.

export const parameters = { UserNames: ['alice'] }

const JOBS = { says: 'The users and the functions can stop any job of AWS Batch.', open: ['stop any job'] }
const principals = [
  {
    who: 'user alice',
    says: 'It may get a network interface that is there already, whoever made it.',
    open: [...JOBS.open, 'give a machine any network interface'],
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
