// Orchestra's module terraform-aws-ecs-compute 1.1.0 with Terraform's AWS provider 6: what the provider calls for
// the module's resources, on create, refresh, update and destroy; and what Orchestra and the tasks do.

import { arn, attaching, calls, iam, s3, to } from '../calls.mjs'

export const client = "Orchestra's module for Terraform"
export const parameters = { UserNames: ['alice'] }

/** `name_prefix` and `random_id` of the module. */
const PREFIX = 'acme-data'
const SUFFIX = '0a1b2c3d'
const named = (name) => `${PREFIX}-orchestra-${name}-${SUFFIX}`

const CLUSTER = arn('ecs', `cluster/${named('compute-cluster')}`)
const FAMILY = arn('ecs', `task-definition/${PREFIX}_python_3_12_PIP_${SUFFIX}`)
const TASK = arn('ecs', `task/${named('compute-cluster')}/0a`)
const EXECUTION = iam(`role/${named('ecs-execution-role')}`)
const TASK_ROLE = iam(`role/${named('task-python')}`)
const ASSUMED = iam(`role/${named('compute')}`)
const ROLES = [EXECUTION, TASK_ROLE, ASSUMED]
const POLICIES = [named('task-python'), named('compute')].map((name) => iam(`policy/${name}-policy`))
const SECRETS = iam(`policy/${named('ecs-get-secrets')}`)
const BUCKETS = ['secrets', 'artifacts'].map((name) => s3(named(name)))
const KEY = arn('kms', 'key/11111111-2222-3333-4444-555555555555')
/** The one that is being made: KMS asks about `key/*`, and the simulator knows no wildcard. */
const NEW_KEY = arn('kms', 'key/0')
const ALIAS = arn('kms', `alias/${PREFIX}_integration_PYTHON_${SUFFIX}`)
const LOG = arn('logs', `log-group:/${PREFIX}-orchestra/ecs-${SUFFIX}`)

const TAG = 'Orchestra Technologies'
const requested = { 'aws:RequestTag/Application': TAG }
const tagged = { 'aws:ResourceTag/Application': TAG }

const UPDATES = 'Trust policies can be updated, and versions of policies made and deleted.'
const READ_ONLY = 'Without ManageRoles, roles and policies can be read only.'
const NOT_TERRAFORM =
  'No running of tasks, no other objects, no reading, writing or deleting of logs, no looking at networks.'

/** What Terraform does whose roles they are. */
const apply = [
  { what: 'who it is', calls: calls('sts:GetCallerIdentity') },
  {
    what: 'a cluster',
    calls: calls(
      'ecs:CreateCluster TagResource DescribeClusters ListTagsForResource UpdateCluster UntagResource DeleteCluster',
      CLUSTER,
    ),
  },
  {
    what: 'task definitions',
    calls: [
      ...calls('ecs:RegisterTaskDefinition TagResource UntagResource', `${FAMILY}:1`),
      ...calls('ecs:DescribeTaskDefinition DeregisterTaskDefinition'),
      ...calls('iam:PassRole', EXECUTION, to('ecs-tasks')),
    ],
  },
  {
    what: 'buckets',
    calls: calls(
      `s3:CreateBucket ListBucket GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging
      GetBucketObjectLockConfiguration GetBucketPolicy GetBucketRequestPayment GetBucketTagging GetBucketVersioning
      GetBucketWebsite GetAccelerateConfiguration GetEncryptionConfiguration GetLifecycleConfiguration
      GetReplicationConfiguration PutBucketTagging PutLifecycleConfiguration DeleteBucket`,
      BUCKETS,
    ),
  },
  {
    what: 'empty the buckets: both have force_destroy',
    calls: [
      ...calls('s3:ListBucketVersions', BUCKETS),
      ...calls(
        's3:DeleteObject DeleteObjectVersion',
        BUCKETS.map((bucket) => `${bucket}/python/x`),
      ),
    ],
  },
  {
    what: 'tags of buckets since 6.23',
    calls: calls('s3:ListTagsForResource TagResource UntagResource', BUCKETS),
    refused: { documented: 'S3 tags can be read and written by their new actions.' },
  },
  {
    what: 'a key',
    calls: [
      ...calls('kms:CreateKey', '*', requested),
      ...calls('kms:TagResource', NEW_KEY, requested),
      ...calls(
        `kms:DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags EnableKeyRotation UpdateKeyDescription
        PutKeyPolicy TagResource UntagResource ScheduleKeyDeletion`,
        KEY,
        tagged,
      ),
    ],
  },
  {
    what: 'its aliases',
    calls: [
      ...calls('kms:CreateAlias UpdateAlias DeleteAlias', ALIAS),
      ...calls('kms:CreateAlias UpdateAlias DeleteAlias', KEY, tagged),
      ...calls('kms:ListAliases'),
    ],
  },
  {
    what: 'a log group',
    calls: [
      ...calls('logs:DescribeLogGroups', '*'),
      ...calls('logs:CreateLogGroup PutRetentionPolicy TagResource UntagResource ListTagsForResource', LOG),
    ],
  },
]

/** The same, for the module's own roles and policies. */
const readRoles = {
  what: 'look at roles',
  calls: [
    ...calls('iam:GetRole ListAttachedRolePolicies ListRolePolicies ListInstanceProfilesForRole', ROLES),
    ...calls('iam:GetPolicy GetPolicyVersion ListPolicyVersions', [...POLICIES, SECRETS]),
  ],
}
const applyRoles = [
  {
    what: 'make and destroy roles',
    calls: [
      ...calls('iam:CreateRole TagRole UpdateRoleDescription UpdateRole UntagRole DeleteRole', ROLES),
      ...calls('iam:CreatePolicy TagPolicy UntagPolicy DeletePolicy', [...POLICIES, SECRETS]),
    ],
  },
  {
    what: 'attach policies',
    calls: [
      ...calls(
        'iam:AttachRolePolicy DetachRolePolicy',
        EXECUTION,
        attaching.aws('service-role/AmazonECSTaskExecutionRolePolicy'),
      ),
      ...calls('iam:AttachRolePolicy DetachRolePolicy', EXECUTION, { 'iam:PolicyARN': SECRETS }),
      ...calls('iam:AttachRolePolicy DetachRolePolicy', TASK_ROLE, { 'iam:PolicyARN': POLICIES[0] }),
      ...calls('iam:AttachRolePolicy DetachRolePolicy', ASSUMED, { 'iam:PolicyARN': POLICIES[1] }),
    ],
  },
  {
    what: 'update trust and policies in place',
    calls: [
      ...calls('iam:UpdateAssumeRolePolicy', ROLES),
      ...calls('iam:CreatePolicyVersion DeletePolicyVersion', [...POLICIES, SECRETS]),
    ],
    refused: { documented: UPDATES },
  },
]

/** Rows whose names begin so: with any prefix, as on the page, and with the module's own. */
const withPrefix = (rows, NamePrefix) =>
  rows.map((row) => ({
    ...row,
    what: `${row.what}, NamePrefix ${NamePrefix}`,
    parameters: { NamePrefix, ...row.parameters },
  }))

const module = {
  ModuleRoles: true,
  ModuleNamePrefix: PREFIX,
  Suffix: SUFFIX,
  OrchestraAccountId: '4a6a45ca-5549-4c53-bca4-43a76e1bab2c',
  Secrets: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf'],
}

export const cases = [
  ...['*', PREFIX].flatMap((NamePrefix) => [
    ...withPrefix([...apply, readRoles], NamePrefix),
    ...withPrefix(
      applyRoles.map((row) => ({ ...row, parameters: { ManageRoles: true } })),
      NamePrefix,
    ),
    ...withPrefix(
      applyRoles.map(({ what, calls, refused }) => ({
        what: `${what}, without ManageRoles`,
        calls,
        refused: { ...refused, hardened: READ_ONLY },
      })),
      NamePrefix,
    ),
  ]),
  {
    what: 'a cluster with another prefix',
    parameters: { NamePrefix: 'other' },
    calls: calls('ecs:DeleteCluster', CLUSTER),
    refused: Object.fromEntries(
      ['documented', 'current', 'hardened'].map((edition) => [
        edition,
        "The prefix of the module's objects",
      ]),
    ),
  },
  {
    what: 'destroy the log group, which the module keeps',
    calls: calls('logs:DeleteLogGroup', LOG),
    refused: { hardened: NOT_TERRAFORM },
  },
  {
    what: 'run tasks, read buckets, look at networks',
    calls: [
      ...calls('ecs:RunTask', `${FAMILY}:1`),
      ...calls('s3:GetObject', `${BUCKETS[0]}/x`),
      ...calls('ec2:DescribeVpcs'),
    ],
    refused: { hardened: NOT_TERRAFORM },
  },
  ...apply.map((row) => ({ ...row, what: `${row.what}, ModuleRoles`, parameters: { NamePrefix: PREFIX, ...module } })),
  { ...readRoles, what: 'look at roles, ModuleRoles', parameters: module },
  {
    what: 'make roles, ModuleRoles',
    parameters: module,
    calls: [...calls('iam:CreateRole DeleteRole', ROLES), ...calls('iam:CreatePolicy', POLICIES)],
    refused: { hardened: READ_ONLY },
  },
  {
    what: 'Orchestra: run a task and watch it',
    as: `role ${named('compute')}`,
    parameters: module,
    calls: [
      ...calls('ecs:RunTask', `${FAMILY}:1`, { 'ecs:cluster': CLUSTER }),
      ...calls('ecs:DescribeTasks StopTask TagResource', TASK),
      ...calls('ecs:DescribeClusters', CLUSTER),
      ...calls('iam:PassRole', [EXECUTION, TASK_ROLE], to('ecs-tasks')),
      ...calls('iam:GetRole', [EXECUTION, TASK_ROLE]),
      ...calls('logs:GetLogEvents', `${LOG}:log-stream:x`),
      ...calls('ec2:DescribeSubnets DescribeSecurityGroups'),
    ],
  },
  {
    what: 'Orchestra: hand over secrets, fetch artifacts',
    as: `role ${named('compute')}`,
    parameters: module,
    calls: [
      ...calls(
        's3:PutObject',
        BUCKETS.map((bucket) => `${bucket}/python/x`),
      ),
      ...calls('s3:GetObject DeleteObject', `${BUCKETS[1]}/python/x`),
      ...calls('s3:ListBucket', BUCKETS[1]),
      ...calls('kms:GenerateDataKey DescribeKey', KEY, {
        'kms:ResourceAliases': [`alias/${PREFIX}_integration_PYTHON_${SUFFIX}`],
      }),
    ],
  },
  {
    what: 'a task: its secrets and artifacts',
    as: `role ${named('task-python')}`,
    parameters: module,
    calls: [
      ...calls('s3:GetObject DeleteObject', `${BUCKETS[0]}/python/x`),
      ...calls('s3:GetObject PutObject', `${BUCKETS[1]}/python/x`),
      ...calls('s3:ListBucket', BUCKETS[1]),
      ...calls('kms:Decrypt', KEY, { 'kms:ResourceAliases': [`alias/${PREFIX}_integration_PYTHON_${SUFFIX}`] }),
    ],
  },
  {
    what: 'a task with the key that was named',
    as: `role ${named('task-python')}`,
    parameters: { ...module, KmsKeyArns: [KEY] },
    calls: calls('kms:Decrypt', KEY),
  },
  {
    what: 'ECS: start a task with its image, log and secrets',
    as: `role ${named('ecs-execution-role')}`,
    parameters: module,
    calls: [
      ...calls('ecr:GetAuthorizationToken'),
      ...calls('ecr:BatchGetImage GetDownloadUrlForLayer', arn('ecr', 'repository/orchestra/python')),
      ...calls('logs:CreateLogStream PutLogEvents', `${LOG}:log-stream:x`),
      ...calls('secretsmanager:GetSecretValue', module.Secrets[0]),
    ],
  },
]
