// Presets add up: who has two, and is all their users and roles at once, reaches in `hardened` what one of
// them alone lets a user or role reach, and nothing more.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { attempts, worked } from './attacks/attempts.mjs'
import { iam } from './calls.mjs'
import { HARDENED, accounts, principal } from './presets.mjs'

/** Of each preset, all that makes no administrator: the policies, and the attempts that work for somebody alone. */
const everything = await Promise.all(
  HARDENED.map(async (preset) => {
    const { parameters, cases, ...own } = await import(`./attacks/${preset}.mjs`)
    const account = accounts(preset, cases, parameters)
    const rows = cases.filter((row) => account(row, 'hardened').admin_equivalent.length === 0)
    const of = (row) => row.principals.map(({ who }) => principal(account(row, 'hardened'), who).policies)
    const open = rows.flatMap((row) => row.principals.flatMap(({ open = [] }) => open))
    return { preset, own, policies: rows.flatMap(of).flat(), open }
  }),
)

const together = (...several) => ({
  arn: iam('user/alice'),
  policies: [...new Set(several.flatMap(({ policies }) => policies).map((it) => JSON.stringify(it)))].map(JSON.parse),
})

// Threat 17
suite('somebody who has', () => {
  for (const [index, one] of everything.entries()) {
    // The first is the preset itself: its users and roles together.
    for (const other of everything.slice(index)) {
      const names = [...new Set([one.preset, other.preset])].join(' and ')
      test(`${names} reaches nothing that neither reaches alone`, async () => {
        const { toAdministrator, harms } = attempts({
          escalations: { ...one.own.escalations, ...other.own.escalations },
          harms: { ...one.own.harms, ...other.own.harms },
        })
        const alone = new Set([...one.open, ...other.open])
        const more = Object.entries({ ...toAdministrator, ...harms }).filter(([what]) => !alone.has(what))
        assert.deepEqual(await worked(together(one, other), Object.fromEntries(more)), [])
      })
    }
  }
})
