import { arn, calls, s3 } from '../calls.mjs'

const lambda = (name) => arn('lambda', `function:${name}`)
const batch = (name) => arn('batch', name)

const MACHINE = arn('ec2', 'instance/i-0b')
const GROUP = arn('ec2', 'security-group/sg-0b')

/** The names that the workflow gives, for whichever stack. */
const theirs = {
  'change the code of a function': calls('lambda:UpdateFunctionCode', lambda('ReduceGradients')),
  'invoke a function': calls('lambda:InvokeFunction', lambda('ReduceGradients')),
  'run a job with a command of their own': calls('batch:SubmitJob', [
    batch('job-definition/isotropic-b:1'),
    batch('job-queue/SpotQueue-b'),
  ]),
  'change a state machine': calls('states:UpdateStateMachine', arn('states', 'stateMachine:LSRTM-SGD-b')),
  'overwrite an image': calls('ecr:PutImage', arn('ecr', 'repository/aws_seismic_imaging')),
  'read a log': calls('logs:FilterLogEvents', arn('logs', 'log-group:/aws/lambda/ReduceGradients')),
  'write into a queue': calls('sqs:SendMessage', arn('sqs', 'GradientQueue_b')),
  'read a bucket of the workflow': calls('s3:GetObject', s3('slim-b/x')),
  'write into a bucket of the workflow': calls('s3:PutObject', s3('slim-b/x')),
  'read a bucket that they named': calls('s3:GetObject', s3('seismic-b/x')),
  'stop a machine': calls('ec2:StopInstances', MACHINE),
  'change the user data of a machine': calls('ec2:ModifyInstanceAttribute', MACHINE),
  'open a security group': calls('ec2:AuthorizeSecurityGroupIngress', GROUP),
}
const world = { [MACHINE]: { Name: 'SLIM-b' }, [GROUP]: { Name: 'SLIM-b' } }
const user = 'user ann'
const functions = 'role a-SLIM-Extras_for_Lambda'
const jobs = 'role a-SLIM-Extras_ECS_for_EC2'
const states = 'role a-StepFunctionsLambdaRole'

export const rows = [
  {
    what: 'another prefix',
    a: { NamePrefix: 'a-', UserNames: ['ann'], BucketNames: ['seismic-a'] },
    b: { NamePrefix: 'b-', UserNames: ['bob'], BucketNames: ['seismic-b'] },
    principals: [user, functions, jobs, states],
    theirs,
    world,
    open: {
      'Machines, images, security groups and VPC endpoints that the users make by hand get a tag Name': {
        [user]: ['open a security group', 'stop a machine'],
      },
      'Functions, jobs, queues, state machines, images, logs and the buckets slim-… are those of all stacks.': {
        [user]: [
          'change a state machine',
          'change the code of a function',
          'invoke a function',
          'overwrite an image',
          'read a bucket of the workflow',
          'read a log',
          'run a job with a command of their own',
          'write into a queue',
        ],
        [functions]: [
          'read a bucket of the workflow',
          'run a job with a command of their own',
          'write into a bucket of the workflow',
          'write into a queue',
        ],
        [jobs]: ['read a bucket of the workflow', 'write into a bucket of the workflow', 'write into a queue'],
        [states]: ['invoke a function'],
      },
    },
  },
]
