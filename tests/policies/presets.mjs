// What presets put into the account, and who holds which policies then.

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

import { parse } from 'yaml'

import { ACCOUNT } from './simulator.mjs'

const FILES = readdirSync(new URL('../../shared/presets', import.meta.url)).filter((file) => file.endsWith('.yaml'))
const FOUND = FILES.map((file) => [file.replace('.yaml', ''), parse(read(`../../shared/presets/${file}`))])
export const PRESETS = FOUND.map(([preset]) => preset)
/** The editions of each preset. */
export const EDITIONS = Object.fromEntries(FOUND.map(([preset, { editions }]) => [preset, editions]))

/**
 * Those that claim to grant less than their vendor's page. Each has tables, so that somebody has looked at what is lost
 * and what is left.
 */
export const HARDENED = PRESETS.filter((preset) => EDITIONS[preset].includes('hardened'))

const AWS = 'arn:aws:iam::aws:policy/'
const MANAGED = JSON.parse(read('../../shared/data/aws-reference.json')).documents

function read(path) {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}

/** A preset's page, on one line. */
export function page(preset) {
  return read(`../../docs/presets/${preset}.md`).replace(/\s+/g, ' ')
}

/** What each choice of a preset, edition, parameters and path puts into the account. */
export function render(choices) {
  return JSON.parse(execFileSync(renderer(), { input: JSON.stringify(choices), maxBuffer: 1 << 28 }))
}

/**
 * The program that renders, built as the tests build it: of one package alone, its dependencies would have
 * other features, and be compiled a second time.
 */
function renderer() {
  const command = ['build', '--quiet', '--locked', '--workspace', '--example', 'render', '--message-format=json']
  const options = { cwd: new URL('../..', import.meta.url), encoding: 'utf8', maxBuffer: 1 << 28 }
  const messages = execFileSync('cargo', command, options).trim().split('\n').map((line) => JSON.parse(line))
  return messages.find((it) => it.target?.name === 'render' && it.executable).executable
}

/** What a row of a table puts into the account in an edition, with these parameters and its own. All in one go. */
export function accounts(preset, rows, parameters) {
  const editions = EDITIONS[preset]
  const choices = rows.flatMap((row) =>
    editions.map((edition) => ({ preset, edition, parameters: { ...parameters, ...row.parameters } })),
  )
  const rendered = render(choices)
  return (row, edition) => rendered[rows.indexOf(row) * editions.length + editions.indexOf(edition)]
}

/** A user or role of the account with all policies that it has, from `user alice` or `role skypilot-v1`. */
export function principal(account, words) {
  const [kind, name] = words.split(' ')
  const { objects } = account
  const groups = objects.filter((it) => it.kind === 'group member' && it.part === name).map((it) => it.name)
  const holders = kind === 'role' ? [['role', name]] : [['user', name], ...groups.map((group) => ['group', group])]
  const held = (object) =>
    holders.some(
      ([kind, name]) => object.name === name && [`${kind} attachment`, `${kind} inline policy`].includes(object.kind),
    )
  const policies = objects.filter(held).map((object) => object.document ?? document(objects, object.part))
  const { arn } = objects.find((it) => it.kind === kind && it.name === name) ?? {}
  if (!arn && !policies.length) throw new Error(`the preset gives ${words} nothing`)
  return { arn: arn ?? `arn:aws:iam::${ACCOUNT}:${kind}/${name}`, policies }
}

function document(objects, arn) {
  const policy = arn.startsWith(AWS) ? MANAGED[arn.slice(AWS.length)] : objects.find((it) => it.arn === arn)?.document
  if (!policy) throw new Error(`nobody knows what ${arn} says`)
  return policy
}
