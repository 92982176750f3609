// SkyPilot 0.14.1: sky/provision/aws/config.py and instance.py, sky/clouds/aws.py, sky/data/storage.py.

import { arn, attaching, calls, iam, s3, to } from '../calls.mjs'

export const client = 'SkyPilot 0.14.1'
export const parameters = { UserNames: ['alice'] }

const ec2 = (name) => arn('ec2', name)
const INSTANCE = ec2('instance/i-0a')
const VOLUME = ec2('volume/vol-0a')
const GROUP = ec2('security-group/sg-0a')
const ROLE = iam('role/skypilot-v1')
const PROFILE = iam('instance-profile/skypilot-v1')

/** The tags that a machine gets when it is made, and has from then on. */
const TAGS = { Name: 'c-0a', 'ray-cluster-name': 'c-0a', 'skypilot-cluster-name': 'c-0a' }
const keys = (prefix, tags) =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`${prefix}/${key}`, value]))
const requested = { ...keys('aws:RequestTag', TAGS), 'aws:TagKeys': Object.keys(TAGS) }
const made = keys('aws:ResourceTag', TAGS)
/** Each has the profile that SkyPilot found or was told of. */
const machine = { ...made, 'ec2:InstanceProfile': PROFILE }
const madeGroup = { 'aws:ResourceTag/skypilot': 'true' }

const TAGGED = 'Security groups and volumes can be tagged.'
const PORTS = 'OpenPorts, on by default.'

export const cases = [
  {
    what: 'look at the account',
    calls: [
      ...calls('sts:GetCallerIdentity'),
      ...calls(`ec2:DescribeAvailabilityZones DescribeCapacityReservations DescribeImages DescribeInstances
        DescribeInstanceTypes DescribeRegions DescribeRouteTables DescribeSecurityGroups DescribeSubnets DescribeVolumes
        DescribeVpcs`),
    ],
  },
  {
    what: 'read a quota',
    calls: calls('servicequotas:GetServiceQuota', arn('servicequotas', 'ec2/L-1216C47A')),
    refused: { documented: 'Quotas can be read, and capacity reservations used.' },
  },
  { what: 'find the role', calls: [...calls('iam:GetInstanceProfile', PROFILE), ...calls('iam:GetRole', ROLE)] },
  {
    what: 'make a security group',
    calls: [
      ...calls('ec2:CreateSecurityGroup', ec2('vpc/vpc-0a')),
      ...calls('ec2:CreateSecurityGroup', GROUP, { 'aws:RequestTag/skypilot': 'true', 'aws:TagKeys': ['skypilot'] }),
      ...calls('ec2:AuthorizeSecurityGroupIngress', GROUP, madeGroup),
    ],
  },
  {
    what: 'tag it on the way',
    calls: calls('ec2:CreateTags', GROUP, {
      'ec2:CreateAction': 'CreateSecurityGroup',
      'aws:RequestTag/skypilot': 'true',
      'aws:TagKeys': ['skypilot'],
    }),
    refused: { documented: TAGGED },
  },
  {
    what: 'launch',
    calls: [
      ...calls('ec2:RunInstances', 'arn:aws:ec2:eu-west-1::image/ami-0a'),
      ...calls('ec2:RunInstances', INSTANCE, { ...requested, 'ec2:InstanceProfile': PROFILE }),
      ...calls('ec2:RunInstances', [ec2('network-interface/eni-0a'), ec2('subnet/subnet-0a'), GROUP]),
      ...calls('ec2:RunInstances', VOLUME, requested),
      ...calls('ec2:CreateTags', INSTANCE, { 'ec2:CreateAction': 'RunInstances', ...requested }),
      ...calls('iam:PassRole', ROLE, to('ec2')),
    ],
  },
  {
    what: 'tag the volumes at launch',
    calls: calls('ec2:CreateTags', VOLUME, { 'ec2:CreateAction': 'RunInstances', ...requested }),
    refused: { documented: TAGGED },
  },
  {
    what: 'launch in a capacity reservation',
    calls: calls('ec2:RunInstances', ec2('capacity-reservation/cr-0a')),
    refused: { documented: 'Quotas can be read, and capacity reservations used.' },
  },
  {
    what: 'name the head, tag what was resumed',
    calls: calls('ec2:CreateTags', INSTANCE, {
      ...machine,
      'aws:RequestTag/Name': 'sky-c-0a-head',
      'aws:RequestTag/ray-node-type': 'head',
      'aws:TagKeys': ['Name', 'ray-cluster-name', 'ray-node-type', 'skypilot-cluster-name', 'skypilot-head-node'],
    }),
  },
  {
    what: 'tag the volumes of what was resumed',
    calls: calls('ec2:CreateTags', VOLUME, { ...made, 'aws:TagKeys': ['Name'] }),
    refused: { documented: TAGGED },
  },
  {
    what: 'stop, resume, terminate',
    calls: calls('ec2:StopInstances StartInstances TerminateInstances', INSTANCE, machine),
  },
  {
    what: 'open ports',
    calls: [
      ...calls('ec2:ModifyInstanceAttribute', INSTANCE, machine),
      ...calls('ec2:ModifyInstanceAttribute DeleteSecurityGroup', GROUP, madeGroup),
    ],
    refused: { documented: PORTS },
  },
  {
    what: 'the first spot instance of the account',
    parameters: { SpotServiceLinkedRole: false },
    calls: calls(
      'iam:CreateServiceLinkedRole',
      iam('role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot'),
      { 'iam:AWSServiceName': 'spot.amazonaws.com' },
    ),
    refused: { documented: 'The service-linked role of EC2 Spot is made' },
  },
  {
    what: 'make the role',
    parameters: { AutoRole: true, RoleFlavor: 'none' },
    calls: [
      ...calls('iam:CreateInstanceProfile GetInstanceProfile AddRoleToInstanceProfile', PROFILE),
      ...calls('iam:CreateRole GetRole', ROLE),
      ...['AmazonEC2FullAccess', 'AmazonS3FullAccess'].flatMap((name) =>
        calls('iam:AttachRolePolicy', ROLE, attaching.aws(name)),
      ),
      ...calls('iam:PassRole', ROLE, to('ec2')),
    ],
  },
  {
    what: 'let the role that it made pass itself',
    parameters: { AutoRole: true, RoleFlavor: 'none' },
    calls: calls('iam:PutRolePolicy', ROLE),
    refused: { documented: 'AutoRole includes iam:PutRolePolicy.' },
  },
  {
    what: 'copy a disk',
    parameters: { CloneDisk: true },
    calls: [
      ...calls('ec2:CreateImage', INSTANCE, machine),
      ...calls('ec2:CreateImage', ['arn:aws:ec2:eu-west-1::image/ami-0a', 'arn:aws:ec2:eu-west-1::snapshot/snap-0a']),
      ...calls('ec2:CopyImage', 'arn:aws:ec2:eu-west-1::image/ami-0a'),
      ...calls('ec2:DeregisterImage', 'arn:aws:ec2:eu-west-1::image/ami-0a'),
    ],
  },
  {
    what: 'machines next to each other',
    parameters: { PlacementGroups: true },
    calls: [
      ...calls('ec2:CreatePlacementGroup DeletePlacementGroup RunInstances', ec2('placement-group/c-0a')),
      ...calls('ec2:AuthorizeSecurityGroupEgress', GROUP, madeGroup),
    ],
    refused: { documented: 'Not in `documented`.' },
  },
  {
    what: 'mounted storage',
    parameters: { S3Access: true },
    calls: [
      ...calls('s3:ListAllMyBuckets'),
      ...calls('s3:ListBucket GetBucketLocation', s3('skypilot-workdir')),
      ...calls('s3:GetObject PutObject DeleteObject', s3('skypilot-workdir/x')),
    ],
  },
  // An upload in parts is one of s3:PutObject; its parts are looked for and removed by these.
  ...['user alice', 'role skypilot-v1'].map((as) => ({
    what: `what an interrupted upload left, ${as}`,
    as,
    parameters: { S3Access: true },
    calls: [
      ...calls('s3:ListBucketMultipartUploads', s3('skypilot-workdir')),
      ...calls('s3:AbortMultipartUpload ListMultipartUploadParts', s3('skypilot-workdir/x')),
    ],
  })),
  {
    what: 'storage in a bucket that was not named',
    parameters: { S3Access: true },
    calls: calls('s3:GetObject PutObject', s3('data/x')),
    refused: { hardened: 'S3Access is to the buckets named skypilot-… and in BucketNames.' },
  },
  {
    what: 'mounted storage, of the machines',
    as: 'role skypilot-v1',
    parameters: { S3Access: true },
    calls: [
      ...calls('s3:ListBucket', s3('skypilot-workdir')),
      ...calls('s3:GetObject PutObject DeleteObject', s3('skypilot-workdir/x')),
    ],
  },
  {
    what: 'storage in a bucket that was named',
    parameters: { S3Access: true, S3BucketManagement: true, BucketNames: ['data'] },
    calls: [...calls('s3:ListBucket', s3('data')), ...calls('s3:GetObject PutObject DeleteObject', s3('data/x'))],
  },
  {
    what: 'make and delete a bucket',
    parameters: { S3Access: true, S3BucketManagement: true },
    calls: calls('s3:CreateBucket DeleteBucket PutBucketTagging', s3('skypilot-filemounts')),
  },
  {
    what: 'SSH through Session Manager',
    parameters: { Ssm: true },
    calls: [
      ...calls('ssm:StartSession', INSTANCE, { ...made, 'ssm:SessionDocumentAccessCheck': 'true' }),
      ...calls('ssm:StartSession', arn('ssm', 'document/AWS-StartSSHSession')),
    ],
    refused: { documented: 'SSH through Session Manager, `aws.use_ssm`.' },
  },
  {
    what: 'the agent of Session Manager, of the machines',
    as: 'role skypilot-v1',
    parameters: { Ssm: true },
    calls: calls('ssmmessages:OpenControlChannel OpenDataChannel CreateControlChannel CreateDataChannel'),
    refused: { documented: 'SSH through Session Manager, `aws.use_ssm`.' },
  },
  // A controller runs with `remote_identity: SERVICE_ACCOUNT` and starts machines as itself.
  ...['minimal', 'as-skypilot-creates'].map((RoleFlavor) => ({
    what: `a controller that launches, with a role ${RoleFlavor}`,
    as: 'role skypilot-v1',
    parameters: { RoleFlavor },
    calls: [
      ...calls('iam:GetInstanceProfile', PROFILE),
      ...calls('iam:GetRole', ROLE),
      ...calls('iam:PassRole', ROLE, to('ec2')),
      ...calls('ec2:RunInstances', INSTANCE, requested),
      ...calls('ec2:CreateTags', INSTANCE, { 'ec2:CreateAction': 'RunInstances', ...requested }),
      ...calls('ec2:TerminateInstances', INSTANCE, machine),
    ],
  })),
]
