// Who has become a user or role of a preset can do what the tables say, and nothing more. Where that
// makes an administrator, the preset says so; where it does not, `hardened` closes every way.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { HARMS, toAdministrator } from './attacks/attempts.mjs'
import { EDITIONS, PRESETS, accounts, page, principal } from './presets.mjs'
import { works } from './simulator.mjs'

for (const preset of PRESETS) {
  const { parameters, cases, ...own } = await import(`./attacks/${preset}.mjs`)
  const escalations = toAdministrator(own)
  const account = accounts(preset, cases, parameters)

  suite(`${preset} under attack`, () => {
    for (const row of cases) {
      for (const edition of EDITIONS) {
        const { admin_equivalent: admits } = account(row, edition)
        const choice = Object.entries(row.parameters ?? {}).map(([name, value]) => `, ${name} ${value}`)
        for (const { who, open } of row.principals) {
          test(`${who}, ${edition}${choice.join('')}`, async () => {
            const found = principal(account(row, edition), who)
            const attempts = Object.entries({ ...escalations, ...HARMS })
            const worked = []
            for (const [what, calls] of attempts) if (await works(found, calls)) worked.push(what)
            assert.deepEqual(worked.sort(), [...open[edition]].sort())
          })
        }
        const ways = row.principals.flatMap(({ open }) => open[edition]).filter((what) => what in escalations)
        test(`admits that this is an administrator, ${edition}${choice.join('')}: ${ways.length > 0}`, () => {
          assert.equal(admits.length > 0, ways.length > 0, `says: ${admits}; the way: ${ways}`)
        })
      }
      for (const { open, says } of row.principals) {
        const left = open.hardened.filter((what) => what in HARMS)
        if (!left.length) continue
        test(`the page says of hardened: ${says}`, () => {
          assert.ok(says && page(preset).includes(says), `docs/presets/${preset}.md does not say why ${left}`)
        })
      }
    }
  })
}
