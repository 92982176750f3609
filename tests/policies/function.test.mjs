// The functions' own roles: what they have to be able to do, for each preset, and what nobody must be able
// to make them do.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { BOUNDARIES, FORMER, LEFT, REFUSED, boundaryOf } from './attacks/function.mjs'
import * as lambdaConcurrency from './attacks/lambda-concurrency.mjs'
import { arn, calls, iam, shown, to } from './calls.mjs'
import { arnOf, functionRole } from './function-role.mjs'
import { PRESETS, render } from './presets.mjs'
import { allows } from './simulator.mjs'

/** The role where the operator allows administrators, and so all that any preset makes. */
const ROLE = functionRole('IamPresetRole', { AllowAdminEquivalent: 'true' })

/** The calls that observe what is of a kind. A role or group that a policy is attached to may be somebody else's. */
const LOOKS_AT = {
  'service-linked role': 'iam:GetRole',
  user: 'iam:ListAttachedUserPolicies ListUserTags',
  policy: 'iam:GetPolicy GetPolicyVersion ListEntitiesForPolicy',
  role: 'iam:GetRole GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies',
  group: 'iam:GetGroup GetGroupPolicy ListAttachedGroupPolicies ListGroupPolicies',
  'instance profile': 'iam:GetInstanceProfile',
}

/** What is asked whatever the preset is. */
const LOOKS = [
  ...calls('iam:GetAccountAuthorizationDetails GetAccountSummary ListInstanceProfiles ListPolicies ListRoles'),
  ...calls('iam:GetPolicy GetPolicyVersion', 'arn:aws:iam::aws:policy/AmazonS3FullAccess'),
  ...calls('cloudformation:DescribeStackEvents', arn('cloudformation', 'stack/slim/0a')),
]

/** All calls about an object or link: the code's own that write it, and those that observe what it hangs on. */
function work(object, objects) {
  const known = ({ kind, name }) =>
    objects.find((it) => it.kind === kind && it.name === name)?.arn ?? iam(`${kind}/${name}`)
  const written = object.calls.flatMap(({ actions, on, context }) =>
    actions.map((action) => [action, known(on), context]),
  )
  const holders = [object, ...object.calls.map(({ on }) => on)].filter(({ kind }) => LOOKS_AT[kind])
  const observed = holders.flatMap((it) => calls(LOOKS_AT[it.kind], known(it)))
  const { kind, part } = object
  const passed = calls('iam:PassRole', known({ kind: 'role', name: part }), to('ec2'))
  return [...written, ...observed, ...(kind === 'instance profile role' ? passed : [])]
}

suite('the function can do its work', () => {
  /** Elements of the lists; what hangs on switches is there anyway. */
  const elements = {
    lithops: { UserNames: ['alice'], AdministratorNames: ['bob'] },
    orchestra: {
      UserNames: ['alice'],
      GroupNames: ['builders'],
      RoleNames: ['builder'],
      OrchestraAccountId: '00000000-0000-0000-0000-000000000000',
      Secrets: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:x'],
    },
    skypilot: { UserNames: ['alice'] },
    slim: { UserNames: ['alice'] },
    zappa: { UserNames: ['serverless'], Deployments: ['tr-x-dev'] },
  }
  const choices = PRESETS.flatMap((preset) =>
    ['/', '/team/tools/'].map((path) => ({ preset, path, parameters: elements[preset], branches: 'any' })),
  )
  const accounts = render(choices)

  for (const [index, { preset, path }] of choices.entries()) {
    const { objects } = accounts[index]
    test(`${preset} at the path ${path}`, async () => {
      for (const object of objects) {
        for (const call of work(object, objects)) assert.ok(await allows(ROLE, call), `refused: ${shown(call)}`)
      }
    })
  }

  for (const parameters of BOUNDARIES) {
    const role = functionRole('IamPresetRole', parameters)
    const boundary = boundaryOf(parameters)
    /** A call about a role that has the boundary, or gets it. */
    const bounded = ([action, arn, context]) =>
      /:(AttachRolePolicy|CreateRole|PutRole.*|UpdateAssumeRolePolicy)$/.test(action)
        ? [action, arn, { ...context, 'iam:PermissionsBoundary': boundary }]
        : [action, arn, context]
    for (const [index, { preset, path }] of choices.entries()) {
      const { objects } = accounts[index]
      const made = objects.filter(({ name }) => !['builder', 'lithops-administrators'].includes(name))
      test(`${preset} at the path ${path}, PermissionsBoundary ${parameters.PermissionsBoundary}`, async () => {
        const calls = made.flatMap((object) => work(object, objects)).map(bounded)
        for (const call of calls.filter(([action]) => action !== 'iam:DeleteRolePermissionsBoundary')) {
          assert.ok(await allows(role, call), `refused: ${shown(call)}`)
        }
      })
    }
  }

  for (const [log, parameters] of [
    ['IamPresetLogGroup', {}],
    ['IamPresetKeptLogGroup', { KeepLogs: 'true' }],
  ]) {
    test(`its log, ${JSON.stringify(parameters)}`, async () => {
      const role = functionRole('IamPresetRole', parameters)
      const stream = arnOf(log, parameters).replace(/\*$/, 'log-stream:x')
      for (const call of calls('logs:CreateLogStream PutLogEvents', stream)) assert.ok(await allows(role, call))
    })
  }

  test('looking around', async () => {
    for (const call of LOOKS) assert.ok(await allows(ROLE, call), `refused: ${shown(call)}`)
  })

  // X6, Threat 1
  test('and has no permission that it does not need for that', () => {
    const made = accounts.flatMap(({ objects }) => objects.flatMap((object) => work(object, objects)))
    const needed = [...made, ...LOOKS].filter(([action]) => action.startsWith('iam:'))
    const statements = ROLE.policies.flatMap(({ Statement }) => Statement).filter(({ Effect }) => Effect === 'Allow')
    const granted = statements.flatMap(({ Action }) => Action).filter((action) => action.startsWith('iam:'))
    assert.deepEqual(distinct(granted), distinct(needed.map(([action]) => action)))
  })
})

const distinct = (values) => [...new Set(values)].sort()

// X17
suite('under names that are not allowed any more the function can', () => {
  for (const { what, calls, parameters } of FORMER) {
    test(what, async () => {
      const role = functionRole('IamPresetRole', parameters)
      for (const call of calls) assert.ok(await allows(role, call), `refused: ${shown(call)}`)
    })
  }
})

// X6, Threat 1, Threat 4, Threat 6, Threat 8
suite('nobody can make the function', () => {
  for (const { what, calls, parameters } of REFUSED) {
    test(what, async () => {
      const role = functionRole('IamPresetRole', parameters)
      for (const call of calls) assert.ok(!(await allows(role, call)), `allowed: ${shown(call)}`)
    })
  }
})

suite('known, and left to the operator:', () => {
  for (const { what, calls, parameters } of LEFT) {
    test(what, async () => {
      const role = functionRole('IamPresetRole', parameters)
      for (const call of calls) assert.ok(await allows(role, call), `refused by now: ${shown(call)}`)
    })
  }
})

suite('lambda-concurrency', () => {
  const role = functionRole('LambdaConcurrencyRole')
  test('can do its work', async () => {
    for (const call of lambdaConcurrency.WORK) assert.ok(await allows(role, call), `refused: ${shown(call)}`)
  })
  for (const { what, calls } of lambdaConcurrency.REFUSED) {
    test(`cannot be made to ${what}`, async () => {
      for (const call of calls) assert.ok(!(await allows(role, call)), `allowed: ${shown(call)}`)
    })
  }
})

// Q34
suite('lambda-concurrency in the management account of an organization', () => {
  const role = functionRole('LambdaConcurrencyRole', { QuotaTemplate: 'true' })
  test('can do its work', async () => {
    const work = [...lambdaConcurrency.WORK, ...lambdaConcurrency.WORK_ON_THE_TEMPLATE]
    for (const call of work) assert.ok(await allows(role, call), `refused: ${shown(call)}`)
  })
  test('and elsewhere cannot', async () => {
    const ordinary = functionRole('LambdaConcurrencyRole')
    for (const call of lambdaConcurrency.WORK_ON_THE_TEMPLATE) assert.ok(!(await allows(ordinary, call)), shown(call))
  })
  for (const { what, calls } of lambdaConcurrency.REFUSED_ON_THE_TEMPLATE) {
    test(`cannot be made to ${what}`, async () => {
      for (const call of calls) assert.ok(!(await allows(role, call)), `allowed: ${shown(call)}`)
    })
  }
})
