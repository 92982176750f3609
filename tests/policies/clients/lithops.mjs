// Lithops 3.8.0: serverless/backends/aws_lambda and aws_batch, standalone/backends/aws_ec2,
// storage/backends/aws_s3.

import { agent, arn, calls, iam, s3, to } from '../calls.mjs'

export const client = 'Lithops 3.8.0'
export const parameters = { UserNames: ['alice'] }

const ec2 = (name) => arn('ec2', name)
const lambda = (name) => arn('lambda', name)
const batch = (name) => arn('batch', name)
const image = (name) => `arn:aws:ec2:eu-west-1::${name}`
const slr = (service, name) => iam(`role/aws-service-role/${service}.amazonaws.com/${name}`)

/** lithops_v<version>_<user>, with which most names begin. */
const PACKAGE = 'lithops_v380_0a1b'
/** The same of 3.10.0, in which a part of the version has two digits. */
const LATER = 'lithops_v3100_0a1b'
/** Where AWS Batch writes what a job puts out: a stream has the name of the job definition. */
const output = (name) =>
  arn('logs', `log-group:/aws/batch/job:log-stream:${name}--FARGATE_SPOT--runtime--latest--1024mb/default/0a`)
const BUCKET = s3('lithops-eu-west-1-0a1b')
const OBJECT = s3('lithops-eu-west-1-0a1b/lithops.jobs/x')
const WORKER = lambda('function:lithops-worker-0a1b-380-0123456789')
const BUILDER = lambda(`function:${PACKAGE}_layer_builder_512MB`)
const LAYER = lambda(`layer:${PACKAGE}_default-runtime-v312_layer`)
const REPOSITORY = arn('ecr', `repository/${PACKAGE}/runtime`)
const ENVIRONMENT = batch(`compute-environment/${PACKAGE}_FARGATE-SPOT_env`)
const QUEUE = batch(`job-queue/${PACKAGE}_FARGATE-SPOT_queue`)
const DEFINITION = batch(`job-definition/${PACKAGE}--FARGATE_SPOT--runtime--latest--1024mb`)
const ROLE = iam('role/lithops-role')
const MACHINE = iam('role/lithops-role-ec2')
const INSTANCE = ec2('instance/i-0a')
const VPC = ec2('vpc/vpc-0a')
const ROUTES = ec2('route-table/rtb-0a')
const ACCESS_POINT = arn('elasticfilesystem', 'access-point/fsap-0a1b2c3d')
const FILES = arn('elasticfilesystem', 'file-system/fs-0a')

/** A machine of Lithops', by which it is known. */
const OWN = { 'ec2:InstanceProfile': iam('instance-profile/lithops-role-ec2') }

const named = (Name) => ({ 'aws:RequestTag/Name': Name, 'aws:TagKeys': ['Name'] })
const isNamed = (Name) => ({ 'aws:ResourceTag/Name': Name })

/** What aws_s3 does in a bucket. */
const storage = (bucket) => [
  ...calls('s3:ListBucket', bucket),
  ...calls('s3:GetObject PutObject DeleteObject AbortMultipartUpload ListMultipartUploadParts', `${bucket}/x`),
]

/** What is started and stopped: a machine by itself or by request, with its name. */
const START = [
  ...calls('ec2:DescribeImages DescribeInstances DescribeInstanceTypes DescribeSpotPriceHistory'),
  ...calls('ec2:RunInstances', [
    image('image/ami-0a'),
    ...[
      'key-pair/lithops-key-0a',
      'network-interface/eni-0a',
      'security-group/sg-0a',
      'subnet/subnet-0a',
      'volume/v-0a',
    ].map(ec2),
  ]),
  ...calls('ec2:RunInstances', INSTANCE, named('lithops-worker-0a')),
  ...calls('ec2:CreateTags', INSTANCE, { 'ec2:CreateAction': 'RunInstances', ...named('lithops-worker-0a') }),
]
const SPOT = [
  ...calls('ec2:RequestSpotInstances', [
    image('image/ami-0a'),
    ...[
      'key-pair/k',
      'network-interface/eni-0a',
      'security-group/sg-0a',
      'spot-instances-request/sir-0a',
      'subnet/subnet-0a',
    ].map(ec2),
  ]),
  ...calls('ec2:DescribeSpotInstanceRequests'),
  ...calls('ec2:CancelSpotInstanceRequests', ec2('spot-instances-request/sir-0a')),
  ...calls('ec2:CreateTags', INSTANCE, { ...OWN, ...named('lithops-worker-0a') }),
]
const STOP = calls('ec2:StartInstances StopInstances TerminateInstances', INSTANCE, {
  ...OWN,
  ...isNamed('lithops-worker-0a'),
})

/** What Lambda does with the role of a function in a network. */
const NETWORK_INTERFACE = [
  ...calls('ec2:DescribeNetworkInterfaces DescribeSubnets'),
  ...calls(
    'ec2:CreateNetworkInterface',
    ['network-interface/eni-0a', 'subnet/subnet-0a', 'security-group/sg-0a'].map(ec2),
  ),
  ...calls(
    'ec2:DeleteNetworkInterface AssignPrivateIpAddresses UnassignPrivateIpAddresses',
    ec2('network-interface/eni-0a'),
  ),
]

const GROUP = 'LithopsUserGroup also has LithopsPassRole and AWSBatchFullAccess.'

/** What users do, whichever group they are in. `gap`: what the page's group of this kind lacks. */
const users = (AccountKind, gap) =>
  [
    { what: 'storage', calls: [...calls('s3:CreateBucket', BUCKET), ...storage(BUCKET)] },
    { what: 'a bucket that was named', parameters: { BucketNames: ['data'] }, calls: storage(s3('data')) },
    {
      what: 'build the layer of a runtime',
      calls: [
        ...calls('sts:GetCallerIdentity'),
        ...calls('lambda:ListLayers'),
        ...calls('lambda:CreateFunction GetFunction InvokeFunction DeleteFunction', BUILDER),
        ...calls('iam:PassRole', ROLE, to('lambda')),
        ...calls('lambda:PublishLayerVersion', LAYER),
        ...calls('s3:GetObject DeleteObject', OBJECT),
      ],
    },
    {
      what: 'deploy a runtime, and invoke it',
      calls: [
        ...calls('lambda:CreateFunction TagResource GetFunction InvokeFunction', WORKER),
        ...calls('lambda:GetLayerVersion', `${LAYER}:1`),
        ...calls('iam:PassRole', ROLE, to('lambda')),
      ],
    },
    {
      what: 'a runtime in a namespace',
      calls: calls(
        'lambda:CreateFunction TagResource GetFunction InvokeFunction DeleteFunction',
        lambda('function:team-lithops-worker-0a1b-380-0123456789'),
      ),
    },
    {
      what: "in a namespace of the stack's own: layers, functions, images, jobs, storage",
      parameters: { OwnNamespace: true, Namespace: 'team', BucketNames: ['data'] },
      calls: [
        ...storage(s3('data')),
        ...calls('lambda:CreateFunction GetFunction InvokeFunction DeleteFunction', [
          lambda('function:team-lithops-worker-0a1b-380-0123456789'),
          lambda('function:team-lithops-worker-0a1b-3100-0123456789'),
          ...[PACKAGE, LATER].map((name) => lambda(`function:${name}_team_layer_builder_512MB`)),
        ]),
        ...[PACKAGE, LATER].flatMap((name) => [
          ...calls('lambda:PublishLayerVersion', lambda(`layer:${name}_team_default-runtime-v312_layer`)),
          ...calls('lambda:GetLayerVersion DeleteLayerVersion', lambda(`layer:${name}_team_default-runtime-v312_layer:1`)),
          ...calls('ecr:CreateRepository PutImage BatchGetImage', arn('ecr', `repository/${name}_team/runtime`)),
        ]),
      ],
    },
    {
      what: 'a development version of Lithops in a namespace of the stack',
      parameters: { OwnNamespace: true, Namespace: 'team', BucketNames: ['data'] },
      calls: [
        ...calls('lambda:CreateFunction', lambda('function:lithops_v381dev0_0a1b_team_layer_builder_512MB')),
        ...calls('ecr:CreateRepository', arn('ecr', 'repository/lithops_v381dev0_0a1b_team/runtime')),
      ],
      refused: { hardened: 'development versions of Lithops are refused' },
    },
    {
      what: "AWS Batch in a namespace of the stack's own",
      parameters: { OwnNamespace: true, Namespace: 'team', BucketNames: ['data'] },
      calls: [
        ...[PACKAGE, LATER].flatMap((name) =>
          ['EC2', 'SPOT', 'FARGATE', 'FARGATE-SPOT'].flatMap((type) => [
            ...calls(
              'batch:CreateComputeEnvironment DeleteComputeEnvironment',
              batch(`compute-environment/${name}_team_${type}_env`),
            ),
            ...calls('batch:CreateJobQueue DeleteJobQueue', batch(`job-queue/${name}_team_${type}_queue`)),
          ]),
        ),
        ...calls('batch:RegisterJobDefinition', batch(`job-definition/${PACKAGE}_team--FARGATE_SPOT--runtime--1024mb`)),
        ...calls('batch:SubmitJob', [
          batch(`job-queue/${PACKAGE}_team_FARGATE-SPOT_queue`),
          batch(`job-definition/${PACKAGE}_team--FARGATE_SPOT--runtime--1024mb:1`),
        ]),
      ],
      ...gap,
    },
    {
      what: 'build and deploy a runtime of a container',
      calls: [
        ...calls('ecr:GetAuthorizationToken'),
        ...calls(
          `ecr:CreateRepository DescribeImages BatchCheckLayerAvailability InitiateLayerUpload UploadLayerPart
        CompleteLayerUpload PutImage BatchGetImage GetDownloadUrlForLayer GetRepositoryPolicy SetRepositoryPolicy`,
          REPOSITORY,
        ),
      ],
    },
    {
      what: 'list and clean runtimes',
      calls: [
        ...calls('lambda:ListFunctions ListLayers ListLayerVersions'),
        ...calls('lambda:ListTags DeleteFunction', WORKER),
        ...calls('lambda:DeleteLayerVersion', `${LAYER}:1`),
      ],
    },
    {
      what: 'make a network',
      calls: [
        ...calls(`ec2:DescribeVpcs DescribeSubnets DescribeInternetGateways DescribeNatGateways DescribeRouteTables
        DescribeSecurityGroups`),
        ...calls('ec2:CreateVpc', VPC),
        ...calls('ec2:CreateTags', VPC, named('lithops-vpc-0a1b-0a')),
        ...calls('ec2:CreateSubnet', VPC, isNamed('lithops-vpc-0a1b-0a')),
        ...calls('ec2:CreateSubnet DeleteSubnet', ec2('subnet/subnet-0a')),
        ...calls('ec2:CreateInternetGateway DeleteInternetGateway', ec2('internet-gateway/igw-0a')),
        ...calls('ec2:AttachInternetGateway DetachInternetGateway', ec2('internet-gateway/igw-0a')),
        ...calls('ec2:AttachInternetGateway DetachInternetGateway', VPC, isNamed('lithops-vpc-0a1b-0a')),
        ...calls('ec2:CreateTags', ROUTES, named('lithops-vpc-0a1b-0a-publ')),
        ...calls('ec2:AssociateRouteTable CreateRoute', ROUTES, isNamed('lithops-vpc-0a1b-0a-publ')),
        ...calls('ec2:AssociateRouteTable', ec2('subnet/subnet-0a')),
        ...calls('ec2:CreateSecurityGroup', VPC, isNamed('lithops-vpc-0a1b-0a')),
        ...calls('ec2:CreateSecurityGroup', ec2('security-group/sg-0a')),
        ...calls('ec2:DeleteVpc', VPC, isNamed('lithops-vpc-0a1b-0a')),
        ...calls('ec2:AuthorizeSecurityGroupIngress DeleteSecurityGroup', ec2('security-group/sg-0a')),
      ],
    },
    {
      what: 'make a network that the configuration names',
      calls: calls('ec2:CreateTags', VPC, named('team-network')),
      refused: { hardened: 'A network that Lithops makes is named lithops-…, by `vpc_name` too.' },
    },
    {
      what: 'make the rest of a network that the configuration names by `vpc_id`',
      calls: calls('ec2:CreateSubnet', VPC, isNamed('team-network')),
      refused: { hardened: 'Of a network in `vpc_id`, all parts have to be given.' },
    },
    {
      what: 'start and stop a machine that somebody else made, `exec_mode: consume`',
      calls: calls('ec2:StartInstances StopInstances', INSTANCE, isNamed('workstation')),
      refused: { hardened: 'A machine of `exec_mode: consume` needs that profile too.' },
    },
    {
      what: 'make and delete a key',
      calls: [
        ...calls('ec2:DescribeKeyPairs'),
        ...calls('ec2:ImportKeyPair DeleteKeyPair', ec2('key-pair/lithops-key-0a')),
      ],
    },
    { what: 'start and stop machines', calls: [...START, ...SPOT, ...STOP] },
    { what: 'give them their role', calls: calls('iam:PassRole', MACHINE, to('ec2')), ...gap },
    {
      what: 'build an image',
      calls: [
        ...calls('ec2:CreateTags', INSTANCE, { 'ec2:CreateAction': 'RunInstances', ...named('building-image-x') }),
        ...calls('ec2:StopInstances TerminateInstances', INSTANCE, { ...OWN, ...isNamed('building-image-x') }),
        ...calls('ec2:CreateImage', INSTANCE, OWN),
        ...calls('ec2:CreateImage', [image('image/ami-0a'), image('snapshot/snap-0a')]),
      ],
    },
    {
      what: 'delete an image',
      parameters: { DeleteImages: true },
      calls: calls('ec2:DeregisterImage', image('image/ami-0a')),
    },
    {
      what: 'delete an image, without DeleteImages',
      calls: calls('ec2:DeregisterImage', image('image/ami-0a')),
      refused: { hardened: 'A machine image is deleted with DeleteImages only.' },
    },
    {
      what: 'deploy a runtime in a network',
      parameters: { LambdaVpc: true },
      calls: calls('ec2:DescribeSecurityGroups DescribeSubnets DescribeVpcs'),
    },
    {
      what: 'AWS Batch: make an environment and a queue, run a job',
      calls: [
        ...calls('batch:DescribeComputeEnvironments DescribeJobDefinitions DescribeJobQueues DescribeJobs'),
        ...calls('batch:CreateComputeEnvironment UpdateComputeEnvironment DeleteComputeEnvironment', ENVIRONMENT),
        ...calls('batch:CreateJobQueue UpdateJobQueue DeleteJobQueue', QUEUE),
        ...calls('batch:CreateJobQueue UpdateJobQueue', ENVIRONMENT),
        ...calls('batch:RegisterJobDefinition', DEFINITION),
        ...calls('batch:DeregisterJobDefinition', `${DEFINITION}:1`),
        ...calls('batch:SubmitJob', [QUEUE, `${DEFINITION}:1`]),
      ],
      ...gap,
    },
    { what: 'AWS Batch: give jobs their role', calls: calls('iam:PassRole', ROLE, to('ecs-tasks')), ...gap },
    {
      what: 'AWS Batch: give machines their role',
      parameters: { BatchInstanceRole: true },
      calls: calls('iam:PassRole', iam('role/lithops-batch-instance-role'), to('ec2')),
      ...gap,
    },
    {
      what: 'AWS Batch: name lithops-role as service role',
      parameters: { BatchTrust: true },
      calls: calls('iam:PassRole', ROLE, to('batch')),
      ...gap,
    },
    {
      what: 'AWS Batch: the first environment of the account',
      parameters: { ServiceLinkedRoles: false },
      calls: calls('iam:CreateServiceLinkedRole', slr('batch', 'AWSServiceRoleForBatch'), {
        'iam:AWSServiceName': 'batch.amazonaws.com',
      }),
      refused: { documented: 'lithops-policy may make the service-linked role of AWS Batch.' },
    },
  ].map((row) => ({
    ...row,
    what: `${AccountKind}: ${row.what}`,
    parameters: { AccountKind, ...row.parameters },
  }))

export const cases = [
  ...users('regular', { refused: { documented: GROUP } }),
  ...users('sso'),
  {
    what: 'a function: storage, its log',
    as: 'role lithops-role',
    calls: [
      ...storage(BUCKET),
      ...calls('logs:CreateLogGroup', arn('logs', 'log-group:/aws/lambda/lithops-worker-0a1b-380-0123456789')),
      ...calls(
        'logs:CreateLogStream PutLogEvents',
        arn('logs', 'log-group:/aws/lambda/lithops-worker-0a1b-380-0123456789:log-stream:x'),
      ),
    ],
  },
  {
    what: 'Lambda, for a function in a network',
    as: 'role lithops-role',
    parameters: { LambdaVpc: true },
    calls: NETWORK_INTERFACE,
  },
  {
    what: 'Lambda, for a function in a network without LambdaVpc',
    as: 'role lithops-role',
    calls: NETWORK_INTERFACE,
    refused: { hardened: 'Network interfaces with LambdaVpc only, and file systems with AccessPoints only.' },
  },
  {
    what: 'a function: a file system',
    as: 'role lithops-role',
    parameters: { LambdaVpc: true, AccessPoints: [ACCESS_POINT] },
    calls: calls('elasticfilesystem:ClientMount ClientWrite', FILES, {
      'elasticfilesystem:AccessPointArn': ACCESS_POINT,
    }),
    refused: {
      documented: 'File systems are not in the other editions.',
      current: 'File systems are not in the other editions.',
    },
  },
  {
    what: 'a function: the bucket that was named',
    as: 'role lithops-role',
    parameters: { BucketNames: ['data'] },
    calls: storage(s3('data')),
  },
  {
    what: 'a job: its image, its log, storage',
    as: 'role lithops-role',
    calls: [
      ...calls('ecr:GetAuthorizationToken'),
      ...calls('ecr:BatchCheckLayerAvailability BatchGetImage GetDownloadUrlForLayer', REPOSITORY),
      ...calls('logs:CreateLogGroup', arn('logs', 'log-group:/aws/batch/job')),
      ...calls('logs:CreateLogStream PutLogEvents', output(PACKAGE)),
      ...storage(BUCKET),
    ],
  },
  {
    what: 'a machine: storage, other machines, its own end',
    as: 'role lithops-role-ec2',
    calls: [...storage(BUCKET), ...START, ...SPOT, ...STOP, ...calls('iam:PassRole', MACHINE, to('ec2'))],
  },
  {
    what: "a machine of AWS Batch: ECS's agent",
    as: 'role lithops-batch-instance-role',
    parameters: { BatchInstanceRole: true },
    calls: [
      ...agent(`${PACKAGE}_EC2_env`),
      ...agent(`${PACKAGE}_team_SPOT_env`),
      ...calls('logs:CreateLogStream PutLogEvents', output(PACKAGE)),
    ],
  },
  {
    what: "a machine of AWS Batch in a namespace of the stack's own: ECS's agent",
    as: 'role lithops-batch-instance-role',
    parameters: { BatchInstanceRole: true, OwnNamespace: true, Namespace: 'team', BucketNames: ['team'] },
    calls: [
      ...[`${PACKAGE}_team_SPOT_env`, `${LATER}_team_EC2_env`].flatMap(agent),
      ...calls('logs:CreateLogStream PutLogEvents', output(`${PACKAGE}_team`)),
    ],
  },
  {
    what: "a job and a function in a namespace of the stack's own: their logs",
    as: 'role lithops-role',
    parameters: { OwnNamespace: true, Namespace: 'team', BucketNames: ['team'] },
    calls: [
      ...calls('logs:CreateLogGroup', arn('logs', 'log-group:/aws/lambda/team-lithops-worker-0a1b-380-0123456789')),
      ...calls('logs:CreateLogStream PutLogEvents', [
        arn('logs', 'log-group:/aws/lambda/team-lithops-worker-0a1b-380-0123456789:log-stream:x'),
        arn('logs', `log-group:/aws/lambda/${PACKAGE}_team_layer_builder_512MB:log-stream:x`),
        arn('logs', `log-group:/aws/lambda/${LATER}_team_layer_builder_512MB:log-stream:x`),
        output(`${PACKAGE}_team`),
        output(`${LATER}_team`),
      ]),
    ],
  },
  {
    what: 'a machine of AWS Batch: a cluster that is not of Lithops',
    as: 'role lithops-batch-instance-role',
    parameters: { BatchInstanceRole: true },
    bounded: true,
    calls: calls('ecs:RegisterContainerInstance', ['default', 'AWSBatch-nightly-0f'].map((name) => arn('ecs', `cluster/${name}`))),
    refused: { hardened: 'join clusters of ECS that AWS Batch makes of compute environments named lithops…' },
  },
  {
    what: 'a machine of AWS Batch: a cluster of another namespace',
    as: 'role lithops-batch-instance-role',
    parameters: { BatchInstanceRole: true, OwnNamespace: true, Namespace: 'team', BucketNames: ['team'] },
    calls: calls('ecs:RegisterContainerInstance', arn('ecs', `cluster/AWSBatch-${PACKAGE}_other_SPOT_env-0f`)),
    refused: { hardened: 'with OwnNamespace of Namespace only' },
  },
  {
    what: 'AWS Batch itself, with lithops-role as service role',
    as: 'role lithops-role',
    parameters: { BatchTrust: true },
    calls: [
      ...calls('ecs:CreateCluster DeleteCluster', arn('ecs', 'cluster/lithops_Batch_0a')),
      ...calls('autoscaling:CreateAutoScalingGroup', arn('autoscaling', 'autoScalingGroup:0a:autoScalingGroupName/x')),
      ...calls('ec2:RunInstances', INSTANCE),
      ...calls('iam:PassRole', iam('role/lithops-batch-instance-role'), to('ec2')),
    ],
  },
]
