import { arn, calls, iam, s3 } from '../calls.mjs'

const ec2 = (name) => arn('ec2', name)
const MACHINE = ec2('instance/i-0b')
const DISK = ec2('volume/vol-0b')
const GROUP = ec2('security-group/sg-0b')
const CLUSTER = { Name: 'b', 'ray-cluster-name': 'b', 'skypilot-cluster-name': 'b' }
/** B's machine runs with B's role. */
const ITS = { 'ec2:InstanceProfile': iam('instance-profile/sky-b') }
const checked = (value) => ({ 'ssm:SessionDocumentAccessCheck': value })

/** What SkyPilot makes for B's users, as it tags it. */
const world = { [MACHINE]: CLUSTER, [DISK]: CLUSTER, [GROUP]: { skypilot: 'true' } }
const theirs = {
  'change the user data of a machine': calls('ec2:StopInstances ModifyInstanceAttribute StartInstances', MACHINE, ITS),
  'stop a machine': calls('ec2:StopInstances', MACHINE, ITS),
  'start a machine': calls('ec2:StartInstances', MACHINE, ITS),
  'put a machine into another security group': calls('ec2:ModifyInstanceAttribute', MACHINE, ITS),
  'end a machine': calls('ec2:TerminateInstances', MACHINE, ITS),
  'tag a machine': calls('ec2:CreateTags', MACHINE, { ...ITS, 'aws:TagKeys': ['Name'] }),
  'image a machine': calls('ec2:CreateImage', MACHINE, ITS),
  'open a shell on a machine': {
    either: [
      calls('ssm:StartSession', MACHINE, checked('false')),
      [
        ...calls('ssm:StartSession', MACHINE, checked('true')),
        ...calls('ssm:StartSession', arn('ssm', 'document/SSM-SessionManagerRunShell')),
      ],
    ],
  },
  'run a command on a machine': calls('ssm:SendCommand', MACHINE),
  'connect to a machine': [
    ...calls('ssm:StartSession', MACHINE, checked('true')),
    ...calls('ssm:StartSession', arn('ssm', 'document/AWS-StartSSHSession')),
  ],
  'open a security group': calls('ec2:AuthorizeSecurityGroupIngress', GROUP),
  'delete a security group': calls('ec2:DeleteSecurityGroup', GROUP),
  'put a machine into a security group of theirs': calls('ec2:RunInstances', GROUP),
  'tag a disk': calls('ec2:CreateTags', DISK, { 'aws:TagKeys': ['Name'] }),
  'read a bucket of SkyPilot': calls('s3:GetObject', s3('skypilot-workdir-b/x')),
  'read a bucket that they named': calls('s3:GetObject', s3('data-b/x')),
}

const principals = ['user ann', 'role sky-a']
const all = (attempts) => Object.fromEntries(principals.map((who) => [who, attempts]))
const a = { RoleName: 'sky-a', PolicyName: 'sky-a', UserNames: ['ann'] }
const b = { RoleName: 'sky-b', PolicyName: 'sky-b', UserNames: ['bob'] }
const SAID = "Security groups, disks, buckets and, with Ssm, connections are SkyPilot's, whichever stack's role the machines have."
const GROUPS = [
  'delete a security group',
  'open a security group',
  'put a machine into a security group of theirs',
  'tag a disk',
]

export const rows = [
  { what: 'the least', a, b, principals, theirs, world, open: { [SAID]: all(GROUPS) } },
  {
    what: 'with all that makes no administrator',
    a: {
      ...a,
      BucketNames: ['data-a'],
      CloneDisk: true,
      PlacementGroups: true,
      S3Access: true,
      S3BucketManagement: true,
      Ssm: true,
    },
    b: { ...b, BucketNames: ['data-b'], RoleFlavor: 'as-skypilot-creates', S3Access: true, Ssm: true },
    principals,
    theirs,
    world,
    open: { [SAID]: all([...GROUPS, 'connect to a machine', 'read a bucket of SkyPilot']) },
  },
]
