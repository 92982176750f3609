// Who has become a user or role of a preset can do what the tables say, and nothing more. Where that
// makes an administrator, the preset says so; where it does not, `hardened` closes every way.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { attempts, onProvider, succeedsInAnyWorld, worked } from './attacks/attempts.mjs'
import { iam } from './calls.mjs'
import { EDITIONS, HARDENED, accounts, page, principal, render } from './presets.mjs'

for (const preset of HARDENED) {
  const { parameters, cases, ...own } = await import(`./attacks/${preset}.mjs`)
  const { toAdministrator, harms } = attempts(own)
  const all = { ...toAdministrator, ...harms }
  const account = accounts(preset, cases, parameters)

  suite(`${preset} under attack`, () => {
    for (const row of cases) {
      const choice = Object.entries(row.parameters ?? {}).map(([name, value]) => `, ${name} ${value}`)
      for (const { who, open = [], says } of row.principals) {
        test(`${who}, hardened${choice.join('')}`, async () => {
          assert.deepEqual(await worked(principal(account(row, 'hardened'), who), all), [...open].sort())
        })
        const left = open.filter((what) => what in harms)
        if (!left.length) continue
        for (const words of [says].flat()) {
          test(`the page says of hardened: ${words}`, () => {
            assert.ok(words && page(preset).includes(words), `docs/presets/${preset}.md does not say why ${left}`)
          })
        }
      }
      for (const edition of EDITIONS[preset]) {
        test(`says whether this is an administrator, ${edition}${choice.join('')}`, async () => {
          const { admin_equivalent: admits } = account(row, edition)
          const found = row.principals.map(({ who }) => principal(account(row, edition), who))
          const ways = (await Promise.all(found.map((it) => worked(it, toAdministrator)))).flat()
          assert.equal(admits.length > 0, ways.length > 0, `says: ${admits}; the ways: ${ways}`)
        })
      }
    }
  })
}

// The operator chooses the name of the provider's stack, and may choose one that a pattern of a preset is about.
// Threat 18
suite('the provider, whatever its name, is out of reach of', () => {
  for (const preset of HARDENED) {
    test(preset, async () => {
      const { parameters, cases } = await import(`./attacks/${preset}.mjs`)
      const harmless = (row, account) => account(row, 'hardened').admin_equivalent.length === 0
      const usual = accounts(preset, cases, parameters)
      const rows = cases.filter((row) => harmless(row, usual))
      const stacks = new Set(rows.flatMap((row) => usual(row, 'hardened').objects).flatMap(namesIn))
      const accountsOf = render(
        [...stacks].flatMap((provider) =>
          rows.map((row) => ({ preset, edition: 'hardened', provider, parameters: { ...parameters, ...row.parameters } })),
        ),
      )
      for (const [index, stack] of [...stacks].entries()) {
        const { toAdministrator, harms } = onProvider(stack)
        for (const [at, row] of rows.entries()) {
          const account = accountsOf[index * rows.length + at]
          for (const { who } of row.principals) {
            const found = await worked(principal(account, who), { ...toAdministrator, ...harms })
            assert.deepEqual(found, [], `${who}, where the stack is called ${stack}`)
          }
        }
      }
    })
  }
})

/** Names of a stack whose functions, roles, logs or stack a document's patterns would be about. */
function namesIn({ document }) {
  const arns = [document?.Statement ?? []].flat().flatMap(({ Effect, Resource }) => (Effect === 'Allow' ? Resource : []))
  const ours = /(?::function:|:role\/|:policy\/|:log-group:\/aws\/lambda\/|:stack\/)([\w*?-]+)\*/
  return arns.flatMap((arn) => arn?.match(ours)?.[1] ?? []).map((name) => `${name}x`.replaceAll(/[*?]/g, 'x'))
}

suite('the attempts', () => {
  const policy = { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }
  const administrator = { arn: iam('user/administrator'), policies: [policy] }
  const { toAdministrator, harms } = attempts()
  for (const [what, steps] of Object.entries({ ...toAdministrator, ...harms })) {
    test(`an administrator can ${what}`, async () => assert.ok(await succeedsInAnyWorld(administrator, steps)))
  }
})
