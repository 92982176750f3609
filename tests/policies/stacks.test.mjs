// Two stacks of a preset in an account, A in `hardened` and B of any edition: what the users and roles of A can
// do to what is B's, the page says, and nothing more. B's role may hold more than A's page says of A.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { succeeds } from './attacker.mjs'
import { calls, to } from './calls.mjs'
import { EDITIONS, HARDENED, page, principal, render } from './presets.mjs'

/** The services that a role of a preset may be for. */
const SERVICES = ['batch', 'ec2', 'ecs-tasks', 'events', 'lambda', 'spotfleet', 'states']

/** To act as a role of B's, or to write what B's stack made of IAM. */
function onIam({ objects }) {
  const of = (kind) => objects.filter((it) => it.kind === kind && it.arn).map(({ arn }) => arn)
  const each = (kind, what, steps) => of(kind).map((arn) => [`${what} ${arn.replace(/^.*?:.*?:.*?:.*?:.*?:/, '')}`, steps(arn)])
  return Object.fromEntries([
    ...each('role', 'pass', (arn) => ({ either: SERVICES.map((service) => calls('iam:PassRole', arn, to(service))) })),
    ...each('role', 'assume', (arn) => calls('sts:AssumeRole', arn)),
    ...each('role', 'write', (arn) => ({
      either: ['AttachRolePolicy', 'PutRolePolicy', 'UpdateAssumeRolePolicy', 'DeleteRole', 'TagRole'].map((name) =>
        calls(`iam:${name}`, arn),
      ),
    })),
    ...each('policy', 'write', (arn) => ({
      either: ['CreatePolicyVersion', 'DeletePolicy', 'TagPolicy'].map((name) => calls(`iam:${name}`, arn)),
    })),
    ...each('group', 'join', (arn) => calls('iam:AddUserToGroup', arn)),
    ...each('instance profile', 'fill', (arn) => calls('iam:AddRoleToInstanceProfile', arn)),
  ])
}

/** Of each preset, the rows of its table with what A and B put into the account. */
const tables = await Promise.all(
  HARDENED.map(async (preset) => {
    const { rows } = await import(`./stacks/${preset}.mjs`)
    const editions = EDITIONS[preset]
    const choices = rows.flatMap(({ a, b }) => [
      { preset, edition: 'hardened', parameters: a },
      ...editions.map((edition) => ({ preset, edition, parameters: b })),
    ])
    const rendered = render(choices)
    const stacks = (index) => rendered.slice(index * (1 + editions.length), (index + 1) * (1 + editions.length))
    return { preset, rows: rows.map((row, index) => ({ ...row, stacks: stacks(index) })) }
  }),
)

// Threat 19
suite('beside another stack of', () => {
  for (const { preset, rows } of tables) {
    for (const { what, principals, theirs, world, open, stacks } of rows) {
      const [a, ...editions] = stacks
      const attempts = { ...Object.assign({}, ...editions.map(onIam)), ...theirs }
      test(`${preset}, ${what}: nothing of it makes an administrator by itself`, () => {
        assert.deepEqual(a.admin_equivalent, [])
      })
      for (const who of principals) {
        test(`${preset}, ${what}: ${who}`, async () => {
          const found = []
          for (const [attempt, steps] of Object.entries(attempts)) {
            if (await succeeds(principal(a, who), steps, world)) found.push(attempt)
          }
          const said = Object.values(open).flatMap((of) => of[who] ?? [])
          assert.deepEqual(found.sort(), said.sort())
        })
      }
      for (const [says, of] of Object.entries(open)) {
        test(`the page of ${preset} says: ${says}`, () => {
          assert.ok(page(preset).includes(says), `docs/presets/${preset}.md does not say why ${JSON.stringify(of)}`)
        })
      }
    }
  }
})
