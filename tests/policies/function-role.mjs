// The function's own role, as CloudFormation makes it of template.yaml.

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

const scalar = (name) => ({ tag: `!${name}`, resolve: (text) => ({ [name]: text }) })
const list = (name) => ({ tag: `!${name}`, collection: 'seq', resolve: (items) => ({ [name]: items.toJSON() }) })
const customTags = [...['Ref', 'Sub', 'GetAtt'].map(scalar), ...['If', 'Not', 'Equals'].map(list)]

const text = readFileSync(new URL('../../template.yaml', import.meta.url), 'utf8')
const { Parameters, Conditions, Resources } = parse(text, { customTags })

/** The role of a function with these parameters of the template: its ARN and the documents of all its policies. */
export function functionRole(id, parameters = {}) {
  const filled = filler(parameters)
  const { ManagedPolicyArns, Policies } = Resources[id].Properties
  const attached = ManagedPolicyArns.map(({ Ref }) => Resources[Ref].Properties)
  const beside = Object.values(Resources)
    .filter(({ Type, Condition }) => Type === 'AWS::IAM::Policy' && (!Condition || filled(Conditions[Condition])))
    .map(({ Properties }) => Properties)
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === id))
  const policies = [...attached, ...Policies, ...beside].map(({ PolicyDocument }) => filled(PolicyDocument))
  return { arn: arnOf(id), policies }
}

/** The document of a managed policy of the stack. */
export function policyOf(id) {
  return filler({})(Resources[id].Properties.PolicyDocument)
}

/** The ARN of a resource of the stack. */
export function arnOf(id) {
  return ARNS[Resources[id].Type](id)
}

/** The ARNs of all managed policies of a function's role. */
export function policiesOf(id) {
  return Resources[id].Properties.ManagedPolicyArns.map(({ Ref }) => arnOf(Ref))
}

/** Replaces CloudFormation's functions in a value by what they come to. */
function filler(parameters) {
  const defaults = Object.entries(Parameters).map(([name, { Default }]) => [name, Default])
  const pseudo = { 'AWS::Partition': 'aws', 'AWS::AccountId': ACCOUNT, 'AWS::StackName': STACK }
  const values = { ...pseudo, ...Object.fromEntries(defaults), ...parameters }
  const known = (name) => {
    if (!(name in values)) throw new Error(`template.yaml: nobody knows what ${name} is`)
    return values[name]
  }
  const filled = (value) => {
    if (Array.isArray(value)) return value.map(filled)
    if (typeof value !== 'object') return value
    const { Ref, Sub, GetAtt, If, Not, Equals } = value
    if (Ref) return values[Ref] ?? arnOf(Ref)
    if (Sub) return Sub.replace(/\$\{([^}]+)\}/g, (_, name) => known(name))
    if (GetAtt) return arnOf(GetAtt.split('.')[0])
    if (If) return filled(filled(Conditions[If[0]]) ? If[1] : If[2])
    if (Not) return !filled(Not[0])
    if (Equals) return filled(Equals[0]) === filled(Equals[1])
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item)]))
  }
  return filled
}
