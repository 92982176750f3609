// Who has become a principal, and takes the steps of an attack. An attacker reads the policies and chooses
// what they leave open: names of new things, and tags. A step that is allowed changes the world for the next:
// the tags that it sets are on its object from then on.

import { allows } from './simulator.mjs'

/**
 * True if there is a choice with which the principal may take all steps, or all of `either` of several lists. A
 * step is a call, as in the other tables; `<function>` in it stands for a name that the attacker chooses. An
 * object of somebody else that stands in the way is tagged first, if that is allowed. `world`: the tags that
 * objects have, by ARN.
 */
export async function succeeds(principal, attempt, world = {}) {
  for (const steps of attempt.either ?? [attempt]) if (await succeedsWith(principal, steps, world)) return true
  return false
}

async function succeedsWith(principal, steps, world) {
  if (!steps.every(([action]) => mentions(principal, action))) return false
  const tags = tagsIn(principal)
  for (const names of choices(principal, steps)) {
    const attacker = { principal, tags, world: { ...world } }
    if (await takesAll(attacker, named(steps, names))) return true
  }
  return false
}

async function takesAll(attacker, steps) {
  for (const step of steps) if (!(await takes(attacker, step))) return false
  return true
}

/** A step as it is, with tags for something new, or after its object was tagged. */
async function takes(attacker, step) {
  const { tags, world } = attacker
  const [action, resource] = step
  if (await asks(attacker, step)) return true
  for (const given of tags) {
    if (!(await asks(attacker, step, requested(given)))) continue
    if (!TAGGING.test(action)) world[resource] ??= given
    return true
  }
  const tagging = TAGS.find(([arn]) => arn.test(resource))
  if (!tagging || TAGGING.test(action)) return false
  const [, tag, untag] = tagging
  for (const given of tags) {
    const tagged = await asks(attacker, [tag, resource], requested(given))
    if (tagged && (await asks(attacker, step))) return true
  }
  const keys = Object.keys(world[resource] ?? {})
  if (!keys.length || !(await asks(attacker, [untag, resource], { 'aws:TagKeys': keys }))) return false
  world[resource] = {}
  return asks(attacker, step)
}

/** Asks for a call in the world as it is, and has it carry the tags that the call sets. */
async function asks({ principal, world }, [action, resource, context = {}], more = {}) {
  if (!mentions(principal, action)) return false
  const has = Object.entries(world[resource] ?? {})
  const [service] = action.split(':')
  const prefixes = ['aws', ...(['ec2', 'iam'].includes(service) ? [service] : [])]
  const all = prefixes.flatMap((prefix) => has.map(([key, value]) => [`${prefix}:ResourceTag/${key}`, value]))
  if (!(await allows(principal, [action, resource, context], { ...Object.fromEntries(all), ...more }))) return false
  const set = Object.entries({ ...context, ...more }).filter(([key]) => key.startsWith(OF_REQUEST))
  const given = Object.fromEntries(set.map(([key, value]) => [key.slice(OF_REQUEST.length), value]))
  if (TAGGING.test(action)) world[resource] = { ...world[resource], ...given }
  return true
}

const OF_REQUEST = 'aws:RequestTag/'
const TAGGING = /:(CreateTags|Tag[A-Z]\w*)$/

/** The calls that tag and untag what is there already. */
const TAGS = [
  [/:iam:.*:role\//, 'iam:TagRole', 'iam:UntagRole'],
  [/:iam:.*:policy\//, 'iam:TagPolicy', 'iam:UntagPolicy'],
  [/:iam:.*:user\//, 'iam:TagUser', 'iam:UntagUser'],
  [/:ec2:/, 'ec2:CreateTags', 'ec2:DeleteTags'],
  [/:lambda:.*:function:/, 'lambda:TagResource', 'lambda:UntagResource'],
  [/:sqs:/, 'sqs:TagQueue', 'sqs:UntagQueue'],
  ...['batch', 'ecr', 'ecs', 'elasticfilesystem', 'kms', 'secretsmanager', 'states'].map((service) => [
    new RegExp(`:${service}:`),
    `${service}:TagResource`,
    `${service}:UntagResource`,
  ]),
]

const requested = (tags) => ({
  ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [OF_REQUEST + key, value])),
  'aws:TagKeys': Object.keys(tags),
})

/** Sets of tags that the policies ask for, of what is there or of what is new: each alone, those of a statement, all. */
function tagsIn(principal) {
  const sets = allowing(principal).map(({ Condition = {} }) => {
    const keys = Object.entries(Condition).flatMap(([test, keys]) =>
      // That there is a tag says nothing of its value; that there is none asks for no tag.
      Object.entries(keys).map(([key, values]) => [key, test === 'Null' ? (`${values}` === 'true' ? [] : 'x') : values]),
    )
    const wanted = keys.filter(([key]) => /:(Request|Resource)Tag\//.test(key))
    return wanted.flatMap(([key, values]) => list(values).map((value) => [key.replace(/^[^/]*\//, ''), filled(value)]))
  })
  const pairs = sets.flat()
  const all = [...pairs.map((pair) => [pair]), ...sets, pairs].filter((set) => set.length)
  return distinct(all.map((set) => Object.fromEntries(set)))
}

/** All choices of a name for each `<…>` in the steps. */
function choices(principal, steps) {
  const kinds = distinct([...JSON.stringify(steps).matchAll(/<(\w+)>/g)].map(([, kind]) => kind))
  return kinds.reduce(
    (some, kind) => some.flatMap((names) => namesIn(principal, kind).map((name) => ({ ...names, [kind]: name }))),
    [{}],
  )
}

/** What the policies allow things of a kind to be called. */
function namesIn(principal, kind) {
  const found = allowing(principal)
    .flatMap(({ Resource }) => list(Resource ?? []))
    .map((arn) => arn.match(KINDS[kind]))
    .filter(Boolean)
  return distinct(['x', ...found.map(([, name]) => filled(name))])
}

/** How the ARN of something ends that an attacker may make. */
const KINDS = {
  definition: /:batch:.*:job-definition\/([^:]+)/,
  environment: /:batch:.*:compute-environment\/(.+)/,
  function: /:lambda:.*:function:([^:]+)/,
  job: /:glue:.*:job\/(.+)/,
  policy: /:iam:.*:policy\/(.+)/,
  queue: /:batch:.*:job-queue\/(.+)/,
  role: /:iam:.*:role\/(.+)/,
  rule: /:events:.*:rule\/(.+)/,
  stack: /:cloudformation:.*:stack\/([^/]+)/,
  stateMachine: /:states:.*:stateMachine:(.+)/,
  task: /:ecs:.*:task-definition\/([^:]+)/,
}

const named = (steps, names) =>
  JSON.parse(JSON.stringify(steps).replace(/<(\w+)>/g, (_, kind) => names[kind]))

/** A text that a pattern allows. */
const filled = (pattern) => pattern.replaceAll(/[*?]/g, 'x')

const allowing = ({ policies }) =>
  policies.flatMap(({ Statement }) => list(Statement)).filter(({ Effect }) => Effect === 'Allow')

/** Whether any statement that allows is about the action: most questions end here. */
function mentions(principal, action) {
  const about = (pattern) =>
    new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'i').test(action)
  return allowing(principal).some(({ Action, NotAction }) =>
    Action ? list(Action).some(about) : !list(NotAction).some(about),
  )
}

const list = (value) => [value].flat()
const distinct = (values) => [...new Map(values.map((value) => [JSON.stringify(value), value])).values()]
