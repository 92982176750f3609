// AWSBatchServiceRole and AmazonEC2SpotFleetRole are not asked: AWS Batch and Spot Fleet act with them, and
// no code of a user does. Both look themselves whether their user may pass the roles of machines.

export const parameters = { UserNames: ['alice'] }

export const cases = [
  {
    principals: [
      { who: 'user alice', open: [] },
      { who: 'role SLIM-Extras_for_Lambda', open: [] },
      { who: 'role SLIM-Extras_ECS_for_EC2', open: [] },
      { who: 'role StepFunctionsLambdaRole' },
    ],
  },
  {
    parameters: { BucketNames: ['seismic'] },
    principals: [
      { who: 'user alice', open: [] },
      { who: 'role SLIM-Extras_for_Lambda', open: [] },
      { who: 'role SLIM-Extras_ECS_for_EC2', open: [] },
    ],
  },
]
