// SLIM's ServerlessImagingAWS: what docs/batch.md, docker.md, lambda.md, sqs.md and step.md have users do,
// what the functions under lambda/ call, and what the images under docker/ do.

import { agent, arn, calls, iam, s3, to } from '../calls.mjs'

export const client = "SLIM's workflow"
export const parameters = { UserNames: ['alice'] }

const ec2 = (name) => arn('ec2', name)
const batch = (name) => arn('batch', name)
const role = (name) => iam(`role/${name}`)

/** The names in the files under batch/. */
const ENVIRONMENTS = [
  'C5N_ON_DEMAND_MAXCPU_18',
  'M4_SPOT_MAXCPU_8',
  'R5_ON_DEMAND_MAXCPU_24',
  'R5_SPOT_MAXCPU_24',
  'R5_SPOT_MAXCPU_48',
].map((name) => batch(`compute-environment/${name}`))
const QUEUES = [
  'MultiNodeQueue_C5N_MAX_18',
  'MultiNodeQueue_R5_MAX_24',
  'SpotQueue_M4',
  'SpotQueue_R5_MAX_24',
  'SpotQueue_R5_MAX_48',
].map((name) => batch(`job-queue/${name}`))
/** The names that ComputeGradients and ComputeGradients_MultiNode give. */
const DEFINITIONS = ['isotropic-single-instance-batch', 'isotropic-multi-node-job-1'].map((name) =>
  batch(`job-definition/${name}`),
)
const REVISIONS = DEFINITIONS.map((definition) => `${definition}:1`)
/** Where AWS Batch writes what a job puts out: a stream has the name of the job definition. */
const OUTPUT = DEFINITIONS.map((definition) =>
  arn('logs', `log-group:/aws/batch/job:log-stream:${definition.replace(/.*[/]/, '')}/default/0a`),
)
const FUNCTIONS = [
  'CreateQueues',
  'Iterator',
  'ComputeGradients',
  'ComputeGradients_MultiNode',
  'CheckS3ForVariable',
  'CheckS3ForVariable_MultiNode',
  'ReduceGradients',
  'CleanUp',
].map((name) => arn('lambda', `function:${name}`))
const REDUCE = { 'lambda:FunctionArn': arn('lambda', 'function:ReduceGradients') }
const MAPPING = arn('lambda', 'event-source-mapping:0a1b')
const SQS = arn('sqs', 'GradientQueue_1')
const MACHINES = ['LSRTM-SGD', 'LSRTM-SGD-MultiNode'].map((name) => arn('states', `stateMachine:${name}`))
const BUCKET = s3('slim-bucket-common')
const OBJECT = s3('slim-bucket-common/gradients/x')
const slim = (prefix) => ({ [`aws:${prefix}Tag/Name`]: 'SLIM image' })
const NEW = { ...slim('Request'), 'aws:TagKeys': ['Name'] }
const IMAGE = 'arn:aws:ec2:us-east-1::image/ami-0a'

const PASS = { documented: 'The users get SLIM-PassRole.' }

/** What functions and jobs do with arrays. */
const arrays = (bucket) => [
  ...calls('s3:ListBucket', s3(bucket)),
  ...calls(
    's3:GetObject GetObjectTagging PutObject PutObjectTagging DeleteObject AbortMultipartUpload',
    s3(`${bucket}/gradients/x`),
  ),
]
const ARRAYS = arrays('slim-bucket-common')

const NAMED = 'get a tag Name that begins with SLIM, when they are made'
const NETWORK = calls('ec2:CreateNetworkInterface DeleteNetworkInterface', ec2('network-interface/eni-0a'))

export const cases = [
  {
    what: 'make images of machines',
    calls: [
      ...calls('ec2:DescribeImages DescribeInstances DescribeSubnets DescribeSecurityGroups DescribeVpcs'),
      ...calls('ec2:CreateKeyPair', ec2('key-pair/SLIM')),
      ...calls('ec2:RunInstances', ec2('instance/i-0a'), NEW),
      ...calls('ec2:RunInstances', ['volume/vol-0a', 'subnet/subnet-0a', 'key-pair/SLIM', 'network-interface/eni-0a'].map(ec2)),
      ...calls('ec2:RunInstances', IMAGE, { 'ec2:Owner': 'amazon' }),
      ...calls('ec2:RunInstances', [IMAGE, ec2('security-group/sg-0a')], slim('Resource')),
      ...calls('ec2:CreateTags', ec2('instance/i-0a'), { ...NEW, 'ec2:CreateAction': 'RunInstances' }),
      ...calls('ec2:CreateImage', ec2('instance/i-0a'), slim('Resource')),
      ...calls('ec2:CreateImage', IMAGE, NEW),
      ...calls('ec2:CreateTags', IMAGE, { ...NEW, 'ec2:CreateAction': 'CreateImage' }),
      ...calls('ec2:StopInstances TerminateInstances', ec2('instance/i-0a'), slim('Resource')),
    ],
  },
  {
    what: 'make a security group for SSH',
    calls: [
      ...calls('ec2:CreateSecurityGroup', ec2('vpc/vpc-0a')),
      ...calls('ec2:CreateSecurityGroup', ec2('security-group/sg-0a'), NEW),
      ...calls('ec2:CreateTags', ec2('security-group/sg-0a'), { ...NEW, 'ec2:CreateAction': 'CreateSecurityGroup' }),
      ...calls('ec2:AuthorizeSecurityGroupIngress', ec2('security-group/sg-0a'), slim('Resource')),
    ],
  },
  {
    what: 'make a machine without a name',
    calls: calls('ec2:RunInstances', ec2('instance/i-0a')),
    refused: { hardened: NAMED },
  },
  {
    what: "start a machine from somebody else's image, in somebody else's security group",
    calls: [
      ...calls('ec2:RunInstances', IMAGE, { 'ec2:Owner': '123456789012', 'aws:ResourceTag/Name': 'payroll' }),
      ...calls('ec2:RunInstances', ec2('security-group/sg-0f'), { 'aws:ResourceTag/Name': 'payroll' }),
      ...calls('ec2:RunInstances', [ec2('key-pair/payroll'), 'arn:aws:ec2:us-east-1::snapshot/snap-0f']),
    ],
    refused: { hardened: "A machine that they make by hand starts from an image with that name or one of Amazon's, in security groups with that name" },
  },
  {
    what: 'make an image of a machine without a name',
    calls: calls('ec2:CreateImage', ec2('instance/i-0a')),
    refused: { hardened: NAMED },
  },
  {
    what: 'make a placement group and endpoints for several nodes',
    calls: [
      ...calls('ec2:CreatePlacementGroup', ec2('placement-group/MPIgroup')),
      ...calls('ec2:CreateVpcEndpoint', ec2('vpc-endpoint/vpce-0a'), NEW),
      ...calls(
        'ec2:CreateVpcEndpoint',
        ['vpc/vpc-0a', 'route-table/rtb-0a', 'security-group/sg-0a', 'subnet/subnet-0a'].map(ec2),
      ),
    ],
  },
  {
    what: 'make a file system for several nodes',
    calls: calls('elasticfilesystem:CreateFileSystem'),
    refused: Object.fromEntries(
      ['documented', 'current', 'hardened'].map((edition) => [edition, 'The elastic file system of multi-node jobs']),
    ),
  },
  {
    what: 'make compute environments of both kinds, and queues',
    calls: [
      ...calls('batch:CreateComputeEnvironment UpdateComputeEnvironment DeleteComputeEnvironment', ENVIRONMENTS),
      ...calls('batch:CreateJobQueue UpdateJobQueue DeleteJobQueue', QUEUES),
      ...calls('batch:CreateJobQueue UpdateJobQueue', ENVIRONMENTS),
      ...calls('batch:DescribeComputeEnvironments DescribeJobQueues'),
      ...calls('iam:PassRole', role('AWSBatchServiceRole'), to('batch')),
    ],
  },
  {
    what: 'give machines and spot fleets their roles',
    calls: [
      ...calls('iam:PassRole', role('SLIM-Extras_ECS_for_EC2'), to('ec2')),
      ...calls('iam:PassRole', role('AmazonEC2SpotFleetRole'), to('spotfleet')),
    ],
    refused: PASS,
  },
  {
    what: 'register and submit a job',
    calls: [
      ...calls('batch:RegisterJobDefinition', DEFINITIONS),
      ...calls('batch:SubmitJob', [...QUEUES, ...REVISIONS]),
      ...calls('batch:DescribeJobs ListJobs'),
    ],
  },
  {
    what: 'read what a job and a function put out',
    calls: [
      ...calls('logs:DescribeLogStreams', arn('logs', 'log-group:/aws/batch/job')),
      ...calls('logs:GetLogEvents', OUTPUT),
      ...calls('logs:DescribeLogStreams FilterLogEvents', arn('logs', 'log-group:/aws/lambda/CreateQueues')),
      ...calls('logs:GetLogEvents', arn('logs', 'log-group:/aws/lambda/CreateQueues:log-stream:x')),
    ],
  },
  {
    what: 'search through what jobs put out',
    calls: calls('logs:FilterLogEvents', arn('logs', 'log-group:/aws/batch/job')),
    refused: { hardened: "A search through the group would be one through all jobs' output." },
  },
  {
    what: 'submit a job to a queue of another name',
    calls: calls('batch:SubmitJob', batch('job-queue/nightly')),
    refused: { hardened: 'SpotQueue… and MultiNodeQueue…' },
  },
  {
    what: 'push an image',
    calls: [
      ...calls('ecr:GetAuthorizationToken'),
      ...calls(
        `ecr:CreateRepository BatchCheckLayerAvailability InitiateLayerUpload UploadLayerPart CompleteLayerUpload
        PutImage DescribeRepositories`,
        ['aws_seismic_imaging', 'aws_seismic_imaging_mpi'].map((name) => arn('ecr', `repository/${name}`)),
      ),
    ],
  },
  {
    what: 'make and change the functions',
    calls: [
      ...calls('lambda:CreateFunction UpdateFunctionCode GetFunction InvokeFunction', FUNCTIONS),
      ...calls('iam:PassRole', role('SLIM-Extras_for_Lambda'), to('lambda')),
    ],
  },
  {
    what: 'make a function without UserPassRole',
    parameters: { UserPassRole: false },
    calls: calls('iam:PassRole', role('SLIM-Extras_for_Lambda'), to('lambda')),
    refused: { hardened: 'another principal makes the compute environments and state machines, and in `hardened` the functions too' },
  },
  {
    what: 'make a queue that invokes one',
    calls: [
      ...calls('sqs:CreateQueue GetQueueAttributes PurgeQueue DeleteQueue', SQS),
      ...calls('lambda:CreateEventSourceMapping', '*', REDUCE),
      ...calls('lambda:ListEventSourceMappings'),
    ],
  },
  {
    what: 'make and run the state machines',
    calls: [
      ...calls(
        'states:CreateStateMachine UpdateStateMachine DescribeStateMachine StartExecution ListExecutions',
        MACHINES,
      ),
      ...calls('states:DescribeExecution StopExecution', arn('states', 'execution:LSRTM-SGD:x')),
    ],
  },
  {
    what: 'give them their role',
    calls: calls('iam:PassRole', role('StepFunctionsLambdaRole'), to('states')),
    refused: PASS,
  },
  { what: 'read results', calls: [...calls('s3:ListBucket', BUCKET), ...calls('s3:GetObject', OBJECT)] },
  {
    what: 'the state machines: invoke the functions',
    as: 'role StepFunctionsLambdaRole',
    calls: calls('lambda:InvokeFunction', FUNCTIONS),
  },
  {
    what: 'CreateQueues and CleanUp: queues that invoke a function',
    as: 'role SLIM-Extras_for_Lambda',
    calls: [
      ...calls('sqs:CreateQueue GetQueueUrl DeleteQueue', SQS),
      ...calls('lambda:CreateEventSourceMapping', '*', REDUCE),
      ...calls('lambda:DeleteEventSourceMapping', MAPPING, REDUCE),
      ...calls('lambda:ListEventSourceMappings'),
    ],
  },
  {
    what: 'ComputeGradients: a job for each iteration',
    as: 'role SLIM-Extras_for_Lambda',
    calls: [
      ...calls('sqs:ListQueues'),
      ...calls('sqs:PurgeQueue', SQS),
      ...calls('batch:RegisterJobDefinition', DEFINITIONS),
      ...calls('batch:SubmitJob', [...QUEUES, ...REVISIONS]),
    ],
  },
  {
    what: 'CheckS3ForVariable_MultiNode: jobs that are slow',
    as: 'role SLIM-Extras_for_Lambda',
    calls: [...calls('batch:DescribeJobs'), ...calls('batch:TerminateJob', batch('job/0a'))],
  },
  {
    what: 'ReduceGradients: messages and arrays',
    as: 'role SLIM-Extras_for_Lambda',
    calls: [...calls('sqs:ReceiveMessage DeleteMessage GetQueueAttributes SendMessage', SQS), ...ARRAYS],
  },
  {
    what: 'the functions: their logs',
    as: 'role SLIM-Extras_for_Lambda',
    calls: [
      ...calls('logs:CreateLogGroup', arn('logs', 'log-group:/aws/lambda/CreateQueues')),
      ...calls('logs:CreateLogStream PutLogEvents', arn('logs', 'log-group:/aws/lambda/CreateQueues:log-stream:x')),
    ],
  },
  {
    what: 'Lambda, for a function in a network',
    as: 'role SLIM-Extras_for_Lambda',
    parameters: { LambdaVpc: true },
    calls: [...NETWORK, ...calls('ec2:DescribeNetworkInterfaces')],
  },
  {
    what: 'Lambda, for a function in a network without LambdaVpc',
    as: 'role SLIM-Extras_for_Lambda',
    calls: NETWORK,
    refused: { hardened: 'Functions in a network with LambdaVpc only.' },
  },
  {
    what: 'the jobs: messages and arrays',
    as: 'role SLIM-Extras_ECS_for_EC2',
    calls: [...calls('sqs:SendMessage GetQueueUrl', SQS), ...ARRAYS],
  },
  {
    what: 'the jobs: arrays in buckets that were named',
    as: 'role SLIM-Extras_ECS_for_EC2',
    parameters: { BucketNames: ['seismic'] },
    calls: arrays('seismic'),
  },
  {
    what: 'the jobs: arrays in a bucket that was not named',
    as: 'role SLIM-Extras_ECS_for_EC2',
    calls: arrays('seismic'),
    refused: { hardened: 'besides those named slim-… as in its examples' },
  },
  {
    what: "the machines: ECS's agent, images",
    as: 'role SLIM-Extras_ECS_for_EC2',
    calls: [
      ...ENVIRONMENTS.flatMap((environment) => agent(environment.replace(/.*[/]/, ''))),
      ...calls('ecr:BatchGetImage GetDownloadUrlForLayer', arn('ecr', 'repository/aws_seismic_imaging')),
      ...calls('logs:CreateLogStream PutLogEvents', OUTPUT),
    ],
  },
  {
    what: 'the machines: a cluster that is not of the workflow',
    as: 'role SLIM-Extras_ECS_for_EC2',
    bounded: true,
    calls: calls('ecs:RegisterContainerInstance', ['default', 'AWSBatch-nightly-0f'].map((name) => arn('ecs', `cluster/${name}`))),
    refused: { hardened: 'The machines join clusters of ECS that AWS Batch makes of compute environments of these names' },
  },
  {
    what: 'the machines: an image of another repository',
    as: 'role SLIM-Extras_ECS_for_EC2',
    calls: calls('ecr:BatchGetImage', arn('ecr', 'repository/payroll')),
    refused: { hardened: 'pull images of the repositories aws_seismic_imaging…' },
  },
  {
    what: 'AWS Batch itself',
    as: 'role AWSBatchServiceRole',
    calls: [
      ...calls('ecs:CreateCluster DeleteCluster', arn('ecs', 'cluster/M4_SPOT_Batch_0a')),
      ...calls('ec2:RequestSpotFleet', ec2('spot-fleet-request/sfr-0a')),
      ...calls('ec2:DescribeInstances'),
      ...calls('iam:PassRole', role('SLIM-Extras_ECS_for_EC2'), to('ec2')),
    ],
  },
  {
    what: 'spot fleets: machines with tags',
    as: 'role AmazonEC2SpotFleetRole',
    calls: [
      ...calls('ec2:RunInstances CreateTags', ec2('instance/i-0a')),
      ...calls('ec2:TerminateInstances', ec2('instance/i-0a')),
      ...calls('iam:PassRole', role('SLIM-Extras_ECS_for_EC2'), to('ec2')),
    ],
    refused: { documented: 'AmazonEC2SpotFleetRole has AmazonEC2SpotFleetTaggingRole.' },
  },
]
