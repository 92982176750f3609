// The function's own role, as CloudFormation makes it of template.yaml with its default parameters.

import { readFileSync } from 'node:fs'

import { parse } from 'yaml'

import { arn, iam } from './calls.mjs'
import { ACCOUNT } from './simulator.mjs'

const STACK = 'account-presets'
/** What CloudFormation puts at the end of a name that it makes. */
const RANDOM = '1A2B3C4D5E6F'

const ARNS = {
  'AWS::IAM::Role': (id) => iam(`role/${STACK}-${id}-${RANDOM}`),
  'AWS::IAM::ManagedPolicy': (id) => iam(`policy/${STACK}-${id}-${RANDOM}`),
  'AWS::Logs::LogGroup': () => arn('logs', `log-group:/aws/lambda/${STACK}-IamPreset:*`),
}

const intrinsics = ['Ref', 'Sub', 'GetAtt'].map((name) => ({
  tag: `!${name}`,
  resolve: (text) => ({ [name]: text }),
}))

const text = readFileSync(new URL('../../template.yaml', import.meta.url), 'utf8')
const template = parse(text, { customTags: intrinsics, logLevel: 'error' })

/** The role of a function: its ARN and the documents of all its policies, with these parameters of the template. */
export function functionRole(id, parameters = {}) {
  const defaults = Object.entries(template.Parameters).map(([name, { Default }]) => [name, Default])
  const values = { 'AWS::Partition': 'aws', 'AWS::AccountId': ACCOUNT, ...Object.fromEntries(defaults), ...parameters }
  const resources = Object.entries(template.Resources)
  const attached = template.Resources[id].Properties.ManagedPolicyArns.map(
    ({ Ref }) => template.Resources[Ref].Properties,
  )
  const beside = resources
    .filter(([, { Type, Properties }]) => Type === 'AWS::IAM::Policy' && Properties.Roles.some(({ Ref }) => Ref === id))
    .map(([, { Properties }]) => Properties)
  const inline = template.Resources[id].Properties.Policies
  const policies = [...attached, ...inline, ...beside].map(({ PolicyDocument }) => filled(PolicyDocument, values))
  return { arn: arnOf(id), policies }
}

/** The ARN of a resource of the stack. */
export function arnOf(id) {
  return ARNS[template.Resources[id].Type](id)
}

/** The ARNs of all managed policies that the stack makes. */
export function ownPolicies() {
  const ids = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::IAM::ManagedPolicy')
  return ids.map(([id]) => arnOf(id))
}

function filled(value, values) {
  if (Array.isArray(value)) return value.map((item) => filled(item, values))
  if (typeof value !== 'object') return value
  const { Ref, Sub, GetAtt } = value
  if (Ref) return values[Ref] ?? arnOf(Ref)
  if (Sub) return Sub.replace(/\$\{([^}]+)\}/g, (_, name) => known(values, name))
  if (GetAtt) return arnOf(GetAtt.split('.')[0])
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, values)]))
}

function known(values, name) {
  if (!(name in values)) throw new Error(`template.yaml: nobody knows what ${name} is`)
  return values[name]
}
