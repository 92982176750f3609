// The template's own boundary: no role becomes an administrator under it, whatever its policies say, and each role
// of a preset still does what the client has it do.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'

import { attempts, worked } from './attacks/attempts.mjs'
import { NO_CODE, OF_ANY_SERVICE_ROLE, OF_BATCH, OF_CODE, ON_ANYTHING, REFUSED } from './attacks/boundary.mjs'
import { iam, shown } from './calls.mjs'
import { policyOf } from './function-role.mjs'
import { EDITIONS, HARDENED, accounts, principal } from './presets.mjs'
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
  test('is AWS Batch with the service role of a preset', async () => {
    const batch = { ...role, arn: iam('role/team/AWSBatchServiceRole') }
    for (const call of [...OF_BATCH, ...OF_ANY_SERVICE_ROLE]) assert.ok(await allows(batch, call), shown(call))
    for (const call of OF_ANY_SERVICE_ROLE) assert.ok(await allows(role, call), shown(call))
  })
  for (const [what, calls] of Object.entries(REFUSED)) {
    test(`does not ${what}`, async () => {
      for (const call of calls) assert.ok(!(await allows(role, call)), `allowed: ${shown(call)}`)
      const free = { ...role, boundary: undefined }
      for (const call of calls) assert.ok(await allows(free, call), `refused without it: ${shown(call)}`)
    })
  }
})

// The actions that AWS has, also those that it adds: each is looked at once.
// Threat 3
suite('the actions of PresetBoundary', () => {
  const { services } = JSON.parse(readFileSync(new URL('../../shared/data/aws-reference.json', import.meta.url), 'utf8'))
  const { Statement } = policyOf('PresetBoundary')
  const patterns = (statements) => statements.flatMap(({ Action }) => Action).filter((it) => it !== '*')
  /** The actions of a service that patterns are about. */
  const of = (service, patterns) => {
    const mine = patterns.filter((it) => it.startsWith(`${service}:`)).map((it) => it.slice(service.length + 1))
    const forms = mine.map((it) => new RegExp(`^${it.replaceAll('*', '.*')}$`))
    return Object.keys(services[service].actions).filter((name) => forms.some((form) => form.test(name)))
  }
  const about = (effect) => patterns(Statement.filter((it) => it.Effect === effect && it.Resource === '*' && !it.Condition))
  const onAnything = (service) => {
    const denied = of(service, about('Deny'))
    return of(service, about('Allow')).filter((name) => !denied.includes(name))
  }
  const words = (text) => text.trim().split(/\s+/)

  test('are actions of AWS', () => {
    for (const pattern of patterns(Statement)) {
      const [service] = pattern.split(':')
      if (service in services) assert.ok(of(service, [pattern]).length, pattern)
    }
  })
  test('change of what anybody has only what the table says', () => {
    // What is in buckets is data.
    for (const service of Object.keys(services).filter((it) => !['ec2', 's3'].includes(it))) {
      const changes = onAnything(service).filter((name) => !/^(BatchCheck|BatchGet|Describe|Get|List)/.test(name))
      const said = Object.values(ON_ANYTHING).flatMap((of) => words(of[service] ?? '').filter(Boolean))
      assert.deepEqual(changes.sort(), said.sort(), service)
    }
  })
  test('put nothing into machines that are there, nor into what machines are started with', () => {
    const ofBatch = of('ec2', patterns(Statement.filter(({ Sid }) => Sid === 'OnlyAwsBatch')))
    const code = onAnything('ec2').filter((name) => OF_CODE.test(name) && !/^(Describe|Get[^P])/.test(name))
    assert.deepEqual(code.filter((name) => !ofBatch.includes(name)).sort(), words(NO_CODE).sort())
  })
})

for (const preset of HARDENED) {
  const boundary = policyOf('PresetBoundary', PARAMETERS[preset])
  const attacks = await import(`./attacks/${preset}.mjs`)
  const attacked = accounts(preset, attacks.cases, attacks.parameters)
  const clients = await import(`./clients/${preset}.mjs`)
  const rows = clients.cases.filter(({ as }) => isRole(as))
  const used = accounts(preset, rows, clients.parameters)

  suite(`${preset} under PresetBoundary`, () => {
    for (const row of attacks.cases) {
      for (const { who } of row.principals.filter(({ who }) => isRole(who))) {
        for (const edition of EDITIONS[preset]) {
          test(`${who} becomes no administrator, ${edition} ${JSON.stringify(row.parameters ?? {})}`, async () => {
            const role = { ...principal(attacked(row, edition), who), boundary }
            assert.deepEqual(await worked(role, attempts(attacks).toAdministrator), [])
          })
        }
      }
    }
    for (const row of rows) {
      for (const edition of EDITIONS[preset].filter((edition) => !row.refused?.[edition])) {
        test(`${row.as}, ${edition}: ${row.what}${row.bounded ? ': refused' : ''}`, async () => {
          const role = { ...principal(used(row, edition), row.as), boundary }
          for (const call of row.calls) assert.equal(await allows(role, call), !row.bounded, shown(call))
        })
      }
    }
  })
}
