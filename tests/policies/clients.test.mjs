// Each edition lets today's client make its calls; what it refuses, its page says.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { shown } from './calls.mjs'
import { EDITIONS, HARDENED, accounts, page, principal } from './presets.mjs'
import { allows } from './simulator.mjs'

for (const preset of HARDENED) {
  const { client, parameters, cases } = await import(`./clients/${preset}.mjs`)
  const account = accounts(preset, cases, parameters)

  suite(client, () => {
    for (const row of cases) {
      for (const edition of EDITIONS[preset]) {
        const why = row.refused?.[edition]
        test(`${row.what}, ${edition}: ${why ? 'refused' : 'allowed'}`, async () => {
          const who = principal(account(row, edition), row.as ?? 'user alice')
          for (const call of row.calls) {
            assert.equal(await allows(who, call), !why, `${who.arn}, ${shown(call)}`)
          }
          if (why) assert.ok(page(preset).includes(why), `docs/presets/${preset}.md does not say: ${why}`)
        })
      }
    }
  })
}
