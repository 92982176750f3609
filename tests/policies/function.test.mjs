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

/** With an element in each list; what hangs on switches is there anyway. */
const choices = PRESETS.flatMap((preset) =>
  ['/', '/team/tools/'].map((path) => ({ preset, path, elements: true, branches: 'any' })),
)
const accounts = render(choices)

suite('the function can do its work', () => {
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
      // Roles that are there have no boundary of ours, and without AllowAdminEquivalent nobody is an administrator.
      const roles = objects.filter(({ kind }) => kind === 'role').map(({ name }) => name)
      const admins = objects.filter(({ part }) => part?.endsWith(':aws:policy/AdministratorAccess')).map(({ name }) => name)
      const isTheirs = ({ kind, name }) => kind.startsWith('role ') && !roles.includes(name)
      const made = objects.filter((it) => !isTheirs(it) && !admins.includes(it.name))
      test(`${preset} at the path ${path}, PermissionsBoundary ${parameters.PermissionsBoundary}`, async () => {
        const calls = made.flatMap((object) => work(object, objects)).map(bounded)
        for (const call of calls.filter(([action]) => action !== 'iam:DeleteRolePermissionsBoundary')) {
          assert.ok(await allows(role, call), `refused: ${shown(call)}`)
        }
      })
    }
    test(`looking at the boundary itself, which a hand may attach, PermissionsBoundary ${parameters.PermissionsBoundary}`, async () => {
      for (const call of calls(LOOKS_AT.policy, boundary)) assert.ok(await allows(role, call), `refused: ${shown(call)}`)
    })
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

/** Whether a call makes something of a preset, or gives more power. */
const makes = ([action]) =>
  /:(Add|Attach|Create|Pass|Put|Update)/.test(action) || action.endsWith(':DeleteRolePermissionsBoundary')

// X6, Threat 1, Threat 9
suite('of a preset that AllowedPresets leaves out the function', () => {
  const all = Object.fromEntries(
    PRESETS.map((preset) => {
      const { objects } = accounts[choices.findIndex((it) => it.preset === preset)]
      return [preset, objects.flatMap((object) => work(object, objects))]
    }),
  )
  for (const preset of PRESETS) {
    const others = PRESETS.filter((it) => it !== preset)
    const role = functionRole('IamPresetRole', { AllowAdminEquivalent: 'true', AllowedPresets: others.join(',') })
    // A policy of AWS's, or a service-linked role, may be another preset's, too.
    const shared = new Set(others.flatMap((it) => all[it]).map(shown))
    const own = all[preset].filter((call) => makes(call) && !shared.has(shown(call)))

    test(`${preset} makes nothing`, async () => {
      assert.ok(own.length > 10)
      for (const call of own) assert.ok(!(await allows(role, call)), `allowed: ${shown(call)}`)
    })
    test(`${preset} looks at all, marks, detaches and deletes it`, async () => {
      for (const call of all[preset].filter((call) => !makes(call))) {
        assert.ok(await allows(role, call), `refused: ${shown(call)}`)
      }
    })
    test(`${preset} does its work again where it is the only one that is allowed`, async () => {
      const only = functionRole('IamPresetRole', { AllowAdminEquivalent: 'true', AllowedPresets: preset })
      for (const call of all[preset]) assert.ok(await allows(only, call), `refused: ${shown(call)}`)
      const foreign = others.flatMap((it) => all[it]).filter(makes)
      const known = new Set(all[preset].map(shown))
      for (const call of foreign.filter((call) => !known.has(shown(call)))) {
        assert.ok(!(await allows(only, call)), `allowed: ${shown(call)}`)
      }
    })
  }
})

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
