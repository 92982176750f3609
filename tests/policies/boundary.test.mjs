// The template's own boundary: no role becomes an administrator under it, whatever its policies say, and each role
// of a preset still does what the client has it do.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { attempts, worked } from './attacks/attempts.mjs'
import { REFUSED } from './attacks/boundary.mjs'
import { iam, shown } from './calls.mjs'
import { policyOf } from './function-role.mjs'
import { EDITIONS, PRESETS, accounts, principal } from './presets.mjs'
import { allows } from './simulator.mjs'

/** Names of the tables that an operator has to allow. */
const PARAMETERS = { orchestra: { OrchestraModuleNamePrefix: 'acme-data' } }
const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
const isRole = (who) => who?.startsWith('role ')

// Threat 3, Threat 23
suite('a role that may do everything, under PresetBoundary', () => {
  const role = { arn: iam('role/lithops-role'), policies: [everything], boundary: policyOf('PresetBoundary') }
  test('becomes no administrator', async () => {
    assert.deepEqual(await worked(role, attempts().toAdministrator), [])
  })
  test('acts as nobody else, even where a trust names its session, which no lack of a permission keeps out', () => {
    const { Statement } = role.boundary
    assert.ok(Statement.some(({ Effect, Action, Resource }) => `${Effect} ${Action} ${Resource}` === 'Deny sts:Assume* *'))
  })
  for (const [what, calls] of Object.entries(REFUSED)) {
    test(`does not ${what}`, async () => {
      for (const call of calls) assert.ok(!(await allows(role, call)), `allowed: ${shown(call)}`)
      const free = { ...role, boundary: undefined }
      for (const call of calls) assert.ok(await allows(free, call), `refused without it: ${shown(call)}`)
    })
  }
})

for (const preset of PRESETS) {
  const boundary = policyOf('PresetBoundary', PARAMETERS[preset])
  const attacks = await import(`./attacks/${preset}.mjs`)
  const attacked = accounts(preset, attacks.cases, attacks.parameters)
  const clients = await import(`./clients/${preset}.mjs`)
  const rows = clients.cases.filter(({ as }) => isRole(as))
  const used = accounts(preset, rows, clients.parameters)

  suite(`${preset} under PresetBoundary`, () => {
    for (const row of attacks.cases) {
      for (const { who } of row.principals.filter(({ who }) => isRole(who))) {
        for (const edition of EDITIONS) {
          test(`${who} becomes no administrator, ${edition} ${JSON.stringify(row.parameters ?? {})}`, async () => {
            const role = { ...principal(attacked(row, edition), who), boundary }
            assert.deepEqual(await worked(role, attempts(attacks).toAdministrator), [])
          })
        }
      }
    }
    for (const row of rows) {
      for (const edition of EDITIONS.filter((edition) => !row.refused?.[edition])) {
        test(`${row.as}, ${edition}: ${row.what}${row.bounded ? ': refused' : ''}`, async () => {
          const role = { ...principal(used(row, edition), row.as), boundary }
          for (const call of row.calls) assert.equal(await allows(role, call), !row.bounded, shown(call))
        })
      }
    }
  })
}
