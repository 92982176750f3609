// Two stacks of a preset in an account, A in `hardened` and B of any edition: what the users and roles of A can
// do to what is B's, the page says, and nothing more. B's role may hold more than A's page says of A.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { succeeds } from './attacker.mjs'
import { calls, to } from './calls.mjs'
import { EDITIONS, PRESETS, page, principal, render } from './presets.mjs'

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

for (const preset of PRESETS) {
  const { rows } = await import(`./stacks/${preset}.mjs`)
  const choices = rows.flatMap(({ a, b }) => [
    { preset, edition: 'hardened', parameters: a },
    ...EDITIONS.map((edition) => ({ preset, edition, parameters: b })),
  ])
  const rendered = render(choices)

  // Threat 19
  suite(`${preset}, beside another stack of it`, () => {
    for (const [index, { what, principals, theirs, world, open = {} }] of rows.entries()) {
      const [a, ...editions] = rendered.slice(index * (1 + EDITIONS.length))
      assert.deepEqual(a.admin_equivalent, [], `${what} is no administrator`)
      const iam = Object.assign({}, ...editions.slice(0, EDITIONS.length).map(onIam))
      for (const who of principals) {
        test(`${what}: ${who}`, async () => {
          const found = []
          for (const [attempt, steps] of Object.entries({ ...iam, ...theirs })) {
            if (await succeeds(principal(a, who), steps, world)) found.push(attempt)
          }
          const expected = Object.values(open).flatMap((of) => of[who] ?? [])
          assert.deepEqual(found.sort(), expected.sort())
        })
      }
      for (const [says, of] of Object.entries(open)) {
        test(`${what}: the page says: ${says}`, () => {
          const text = page(preset)
          assert.ok(text.includes(says), `docs/presets/${preset}.md does not say why ${JSON.stringify(of)}`)
        })
      }
    }
  })
}
