// SLIM's ServerlessImagingAWS: what docs/batch.md, docker.md, lambda.md, sqs.md and step.md have users do,
// what the functions under lambda/ call, and what the images under docker/ do.

import { arn, calls, iam, s3, to } from '../calls.mjs'

export const client = "SLIM's workflow"
export const parameters = { UserNames: ['alice'] }

const ec2 = (name) => arn('ec2', name)
const batch = (name) => arn('batch', name)
const role = (name) => iam(`role/${name}`)

const ENVIRONMENTS = ['M4_SPOT_MAXCPU_8', 'R5_MULTINODE_24'].map((name) => batch(`compute-environment/${name}`))
const QUEUES = ['M4_SPOT_QUEUE', 'R5_MULTINODE_QUEUE'].map((name) => batch(`job-queue/${name}`))
const DEFINITION = batch('job-definition/isotropic-single-instance-batch')
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
const OBJECT = s3('seismic/gradients/x')

const PASS = { documented: 'The users get SLIM-PassRole.' }

/** What functions and jobs do with arrays. */
const ARRAYS = [
  ...calls('s3:ListBucket', s3('seismic')),
  ...calls('s3:GetObject GetObjectTagging PutObject PutObjectTagging DeleteObject AbortMultipartUpload', OBJECT),
]

export const cases = [
  {
    what: 'make images of machines',
    calls: [
      ...calls('ec2:DescribeImages DescribeInstances DescribeSubnets DescribeSecurityGroups DescribeVpcs'),
      ...calls('ec2:CreateKeyPair', ec2('key-pair/slim')),
      ...calls('ec2:RunInstances', ['arn:aws:ec2:us-east-1::image/ami-0a', ec2('instance/i-0a'), ec2('volume/vol-0a')]),
      ...calls('ec2:CreateImage', [ec2('instance/i-0a'), 'arn:aws:ec2:us-east-1::image/ami-0a']),
      ...calls('ec2:StopInstances TerminateInstances', ec2('instance/i-0a')),
    ],
  },
  {
    what: 'make a placement group and endpoints for several nodes',
    calls: [
      ...calls('ec2:CreatePlacementGroup', ec2('placement-group/MPIgroup')),
      ...calls(
        'ec2:CreateVpcEndpoint',
        ['vpc/vpc-0a', 'vpc-endpoint/vpce-0a', 'route-table/rtb-0a', 'subnet/subnet-0a'].map(ec2),
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
      ...calls('batch:RegisterJobDefinition', DEFINITION),
      ...calls('batch:SubmitJob', [...QUEUES, `${DEFINITION}:1`]),
      ...calls('batch:DescribeJobs ListJobs'),
    ],
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
  { what: 'read results', calls: [...calls('s3:ListBucket', s3('seismic')), ...calls('s3:GetObject', OBJECT)] },
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
      ...calls('batch:RegisterJobDefinition', DEFINITION),
      ...calls('batch:SubmitJob', [...QUEUES, `${DEFINITION}:1`]),
    ],
  },
  {
    what: 'ReduceGradients: messages and arrays',
    as: 'role SLIM-Extras_for_Lambda',
    calls: [...calls('sqs:ReceiveMessage DeleteMessage GetQueueAttributes SendMessage', SQS), ...ARRAYS],
  },
  {
    what: 'the functions: their logs, their network interfaces',
    as: 'role SLIM-Extras_for_Lambda',
    calls: [
      ...calls('logs:CreateLogGroup', arn('logs', 'log-group:/aws/lambda/CreateQueues')),
      ...calls('logs:CreateLogStream PutLogEvents', arn('logs', 'log-group:/aws/lambda/CreateQueues:log-stream:x')),
      ...calls('ec2:CreateNetworkInterface DeleteNetworkInterface', ec2('network-interface/eni-0a')),
      ...calls('ec2:DescribeNetworkInterfaces'),
    ],
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
    calls: ARRAYS,
  },
  {
    what: "the machines: ECS's agent, images",
    as: 'role SLIM-Extras_ECS_for_EC2',
    calls: [
      ...calls('ecs:DiscoverPollEndpoint'),
      ...calls('ecs:RegisterContainerInstance SubmitContainerStateChange', arn('ecs', 'cluster/x')),
      ...calls('ecs:Poll', arn('ecs', 'container-instance/x/y')),
      ...calls('ecr:GetAuthorizationToken'),
      ...calls('ecr:BatchGetImage GetDownloadUrlForLayer', arn('ecr', 'repository/aws_seismic_imaging')),
      ...calls('logs:CreateLogStream PutLogEvents', arn('logs', 'log-group:/aws/batch/job:log-stream:x')),
    ],
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
