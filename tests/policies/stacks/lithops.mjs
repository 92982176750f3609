import { arn, calls, iam, s3 } from '../calls.mjs'

const MACHINE = arn('ec2', 'instance/i-0b')
const ITS = { 'ec2:InstanceProfile': iam('instance-profile/b-lithops-role-ec2') }
const lambda = (name) => arn('lambda', name)
const batch = (name) => arn('batch', name)

/** What Lithops makes for B's users, in the namespace of their configuration. */
const named = (namespace, runtime = 'runtime') => {
  const dash = namespace && `${namespace}-`
  const part = namespace && `_${namespace}`
  const its = `lithops_v380_0b0b${part}`
  return {
    'invoke a function': calls('lambda:InvokeFunction', lambda(`function:${dash}lithops-worker-0b0b-380-0123456789`)),
    'delete a function': calls('lambda:DeleteFunction', lambda(`function:${dash}lithops-worker-0b0b-380-0123456789`)),
    'invoke what builds a layer': calls('lambda:InvokeFunction', lambda(`function:${its}_layer_builder_512MB`)),
    'publish a layer': calls('lambda:PublishLayerVersion', lambda(`layer:${its}_default-runtime-v312_layer`)),
    'publish a layer of a runtime': calls('lambda:PublishLayerVersion', lambda(`layer:${its}_${runtime}_layer`)),
    'overwrite an image': calls('ecr:PutImage', arn('ecr', `repository/${its.replaceAll('-', '.')}/${runtime}`)),
    'run a job with a command of their own': calls('batch:SubmitJob', [
      batch(`job-definition/${its}--FARGATE_SPOT--${runtime}--latest--1024mb:1`),
      batch(`job-queue/${its}_FARGATE-SPOT_queue`),
    ]),
    'change a compute environment': {
      either: ['EC2', 'SPOT', 'FARGATE', 'FARGATE-SPOT'].map((type) =>
        calls('batch:UpdateComputeEnvironment', batch(`compute-environment/${its}_${type}_env`)),
      ),
    },
    'change a job queue': {
      either: ['EC2', 'SPOT', 'FARGATE', 'FARGATE-SPOT'].map((type) =>
        calls('batch:UpdateJobQueue', batch(`job-queue/${its}_${type}_queue`)),
      ),
    },
    "write into a function's log": {
      either: [`${dash}lithops-worker-0b0b-380-0123456789`, `${its}_layer_builder_512MB`].map((name) =>
        calls('logs:PutLogEvents', arn('logs', `log-group:/aws/lambda/${name}:log-stream:x`)),
      ),
    },
    "write into a job's output": calls(
      'logs:PutLogEvents',
      arn('logs', `log-group:/aws/batch/job:log-stream:${its}--FARGATE_SPOT--${runtime}--latest--1024mb/default/0b`),
    ),
  }
}
/** The clusters of ECS that AWS Batch makes of their compute environments. */
const cluster = (namespace) => {
  const its = `lithops_v380_0b0b${namespace && `_${namespace}`}_SPOT_env`
  const join = (name) => calls('ecs:RegisterContainerInstance', arn('ecs', `cluster/${name}`))
  return { 'join a machine to a cluster': { either: [join(`AWSBatch-${its}-0b-0b`), join(`${its}_Batch_0b-0b`)] } }
}
const other = {
  'change the code of a function': calls('lambda:UpdateFunctionCode', lambda('function:lithops-worker-0b0b-380-0123456789')),
  'stop a machine': calls('ec2:StopInstances', MACHINE, ITS),
  'end a machine': calls('ec2:TerminateInstances', MACHINE, ITS),
  'name a machine': calls('ec2:CreateTags', MACHINE, { ...ITS, 'aws:RequestTag/Name': 'lithops-a', 'aws:TagKeys': ['Name'] }),
  'image a machine': calls('ec2:CreateImage', MACHINE, ITS),
  'change the user data of a machine': calls('ec2:ModifyInstanceAttribute', MACHINE, ITS),
  'open a security group': calls('ec2:AuthorizeSecurityGroupIngress', arn('ec2', 'security-group/sg-0b')),
  'cancel a spot request': calls('ec2:CancelSpotInstanceRequests', arn('ec2', 'spot-instances-request/sir-0b')),
  'write into the bucket that Lithops makes': calls('s3:PutObject', s3('lithops-eu-west-1-0b0b/lithops.jobs/x')),
  'write into a bucket that they named': calls('s3:PutObject', s3('genomes-b/x')),
}
const theirs = { ...named(''), ...other }

const user = 'user ann'
const role = 'role a-lithops-role'
const machine = 'role a-lithops-role-ec2'
const principals = [user, role, machine]
/** The machines of AWS Batch. */
const jobs = 'role a-lithops-batch-instance-role'
const a = { NamePrefix: 'a-', UserNames: ['ann'], BucketNames: ['genomes-a'], BatchInstanceRole: true }
const b = { NamePrefix: 'b-', UserNames: ['bob'], BucketNames: ['genomes-b'], BatchInstanceRole: true }
const NETWORKS = { [user]: ['open a security group'] }
const SPOT = { [user]: ['cancel a spot request'], [machine]: ['cancel a spot request'] }
const always = {
  'there the users reach every network and security group': NETWORKS,
  'Spot requests are cancelled, of any requester.': SPOT,
}
const BUCKET = ['write into the bucket that Lithops makes']
const LOGS = ["write into a function's log", "write into a job's output"]

export const rows = [
  {
    what: 'without a namespace',
    a,
    b,
    principals,
    theirs,
    world: {},
    open: {
      ...always,
      'Without OwnNamespace, functions, layers, images, jobs, their logs and the buckets lithops-… are those of all stacks.': {
        [user]: [...Object.keys(named('')), ...BUCKET],
        [role]: [...BUCKET, ...LOGS],
        [machine]: [...BUCKET, ...LOGS],
      },
    },
  },
  {
    what: 'in a namespace, and B in none',
    a: { ...a, OwnNamespace: true, Namespace: 'a' },
    b,
    principals,
    theirs,
    world: {},
    open: always,
  },
  {
    what: 'in a namespace, and B in another',
    a: { ...a, OwnNamespace: true, Namespace: 'a' },
    b: { ...b, OwnNamespace: true, Namespace: 'b' },
    principals,
    theirs: { ...named('b'), ...other },
    world: {},
    open: always,
  },
  // A namespace that is a word of the names that Lithops gives, of a runtime of B's or of B's own namespace.
  ...[
    ['layer', ''],
    ['layer', 'prod'],
    ['layer', 'team'],
    ['default', ''],
    ['myruntime', ''],
    ['myruntime', 'prod'],
    ['prod', 'prod_team'],
    ['prod', 'team_prod'],
    ['prod', 'prodteam'],
    ['prod', '0b0b_prod'],
    ['builder', 'layer'],
  ].map(([Namespace, namespace]) => ({
    what: `in the namespace ${Namespace}, and B in ${namespace || 'none'}`,
    a: { ...a, OwnNamespace: true, Namespace },
    b: { ...b, BatchInstanceRole: false },
    principals: [...principals, jobs],
    theirs: { ...named(namespace, 'myruntime'), ...cluster(namespace), ...other },
    world: {},
    open: always,
  })),
]
