import { arn, calls, s3 } from '../calls.mjs'

const theirs = {
  'register a revision of a task': calls('ecs:RegisterTaskDefinition', arn('ecs', 'task-definition/acme-b_python_3_12_PIP_0b:2')),
  'run a task': calls('ecs:RunTask', arn('ecs', 'task-definition/acme-b_python_3_12_PIP_0b:1'), {
    'ecs:cluster': arn('ecs', 'cluster/acme-b-orchestra-compute-cluster-0b'),
  }),
  'deregister a task': calls('ecs:DeregisterTaskDefinition'),
  'delete a cluster': calls('ecs:DeleteCluster', arn('ecs', 'cluster/acme-b-orchestra-compute-cluster-0b')),
  'read a bucket': calls('s3:GetObject', s3('acme-b-orchestra-artifacts-0b/x')),
  'write into a bucket': calls('s3:PutObject', s3('acme-b-orchestra-artifacts-0b/x')),
  'empty a bucket': calls('s3:DeleteObject', s3('acme-b-orchestra-artifacts-0b/x')),
  'read a log': calls('logs:GetLogEvents', arn('logs', 'log-group:/acme-b-orchestra/ecs-0b:log-stream:x')),
  'delete a log': calls('logs:DeleteLogGroup', arn('logs', 'log-group:/acme-b-orchestra/ecs-0b')),
}
const module = (prefix, Suffix) => ({
  ModuleRoles: true,
  ModuleNamePrefix: prefix,
  Suffix,
  OrchestraAccountId: '4a6a45ca-5549-4c53-bca4-43a76e1bab2c',
})
const a = { PolicyName: 'a', UserNames: ['ann'] }
const b = { PolicyName: 'b', UserNames: ['bob'], NamePrefix: 'acme-b', ...module('acme-b', '0b0b0b0b') }
const DEREGISTER = "Task definitions are registered with the module's names only, and any can be deregistered."

export const rows = [
  {
    what: 'another module',
    a: { ...a, NamePrefix: 'acme-a', ...module('acme-a', '0a0a0a0a') },
    b,
    principals: [
      'user ann',
      'role acme-a-orchestra-compute-0a0a0a0a',
      'role acme-a-orchestra-task-python-0a0a0a0a',
      'role acme-a-orchestra-ecs-execution-role-0a0a0a0a',
    ],
    theirs,
    world: {},
    open: { [DEREGISTER]: { 'user ann': ['deregister a task'] } },
  },
  {
    what: 'any module',
    a,
    b,
    principals: ['user ann'],
    theirs,
    world: {},
    open: {
      [DEREGISTER]: { 'user ann': ['deregister a task'] },
      '`*`, as on the page, is any: also foreign modules in the account.': {
        'user ann': [
          'delete a cluster',
          'empty a bucket',
          'pass role/acme-b-orchestra-ecs-execution-role-0b0b0b0b',
          'register a revision of a task',
        ],
      },
    },
  },
]
