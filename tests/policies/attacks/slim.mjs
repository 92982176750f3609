// AWSBatchServiceRole and AmazonEC2SpotFleetRole are not asked: AWS Batch and Spot Fleet act with them, and
// no code of a user does. Both look themselves whether their user may pass the roles of machines.

export const parameters = { UserNames: ['alice'] }
/** Whoever runs something chooses its name. */
export const names = { function: 'CreateQueues', stateMachine: 'LSRTM-SGD' }

const USER = [
  'run a function as any role',
  'change the code of any function',
  'invoke any function',
  'end any machine',
  'change any machine',
  'open any security group',
  'read any bucket',
  'delete any queue',
  'delete any function',
  'delete any image',
]
const FUNCTIONS = [
  'run a function as any role',
  'change the code of any function',
  'invoke any function',
  'read any bucket',
  'empty any bucket',
  'delete any queue',
  'delete any function',
]
const JOBS = ['read any bucket', 'empty any bucket', 'delete any queue']
const INVOKES = ['invoke any function']
const MACHINES = ['end any machine', 'open any security group']
const BUCKETS = ['read any bucket', 'empty any bucket']

const EVERY_BUCKET = 'Without any, the workflow reads and writes objects in every bucket.'

export const cases = [
  {
    principals: [
      {
        who: 'user alice',
        says: 'the users reach every machine',
        open: { documented: USER, current: USER, hardened: [...MACHINES, 'read any bucket'] },
      },
      {
        who: 'role SLIM-Extras_for_Lambda',
        says: EVERY_BUCKET,
        open: { documented: FUNCTIONS, current: FUNCTIONS, hardened: BUCKETS },
      },
      {
        who: 'role SLIM-Extras_ECS_for_EC2',
        says: EVERY_BUCKET,
        open: { documented: JOBS, current: JOBS, hardened: BUCKETS },
      },
      { who: 'role StepFunctionsLambdaRole', open: { documented: INVOKES, current: INVOKES, hardened: [] } },
    ],
  },
  {
    parameters: { BucketNames: ['seismic'] },
    principals: [
      {
        who: 'user alice',
        says: 'the users reach every machine',
        open: { documented: USER, current: USER, hardened: MACHINES },
      },
      { who: 'role SLIM-Extras_for_Lambda', open: { documented: FUNCTIONS, current: FUNCTIONS, hardened: [] } },
      { who: 'role SLIM-Extras_ECS_for_EC2', open: { documented: JOBS, current: JOBS, hardened: [] } },
    ],
  },
]
