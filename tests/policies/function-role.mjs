// The functions' own roles, as CloudFormation makes it of template.yaml.

import { readFileSync } from 'node:fs'

import { parse } from 'yaml'

import { arn, iam } from './calls.mjs'
import { ACCOUNT, REGION } from './simulator.mjs'

/** As long as CloudFormation lets a stack's name be: the provider's own names do not depend on it. */
const STACK = 'S'.repeat(128)
const STACK_ID = arn('cloudformation', `stack/${STACK}/6a1f2b00-5c3e-11f0-9d1a-0a1b2c3d4e5f`)

const ARNS = {
  'AWS::IAM::Role': ({ Path, RoleName }) => iam(`role${Path}${RoleName}`),
  'AWS::IAM::ManagedPolicy': ({ Path, ManagedPolicyName }) => iam(`policy${Path}${ManagedPolicyName}`),
  'AWS::Logs::LogGroup': ({ LogGroupName }) => arn('logs', `log-group:${LogGroupName}:*`),
  'AWS::Serverless::Function': ({ FunctionName }) => arn('lambda', `function:${FunctionName}`),
  'AWS::StepFunctions::StateMachine': ({ StateMachineName }) => arn('states', `stateMachine:${StateMachineName}`),
}
/** The properties that a name is made of. */
const NAMES = ['Path', 'RoleName', 'ManagedPolicyName', 'LogGroupName', 'FunctionName', 'StateMachineName']

const scalar = (name) => ({ tag: `!${name}`, resolve: (text) => ({ [name]: text }) })
const list = (name) => ({ tag: `!${name}`, collection: 'seq', resolve: (items) => ({ [name]: items.toJSON() }) })
const customTags = [
  ...['Ref', 'Sub', 'GetAtt', 'Condition'].map(scalar),
  ...['And', 'If', 'Not', 'Equals', 'Join', 'Select', 'Split', 'Sub'].map(list),
]

const text = readFileSync(new URL('../../template.yaml', import.meta.url), 'utf8')
const { Parameters, Conditions, Resources } = parse(text, { customTags })

/** The role of a function with these parameters of the template: its ARN and the documents of all its policies. */
export function functionRole(id, parameters = {}) {
  const filled = filler(parameters)
  const { ManagedPolicyArns = [], Policies } = Resources[id].Properties
  const attached = ManagedPolicyArns.map(({ Ref }) => Resources[Ref].Properties)
  const beside = Object.values(Resources)
    .filter(({ Type, Condition }) => Type === 'AWS::IAM::Policy' && (!Condition || filled(Conditions[Condition])))
    .map(({ Properties }) => Properties)
    .filter(({ Roles }) => Roles.some(({ Ref }) => Ref === id))
  const policies = [...attached, ...Policies, ...beside].map(({ PolicyDocument }) => filled(PolicyDocument))
  return { arn: arnOf(id, parameters), policies }
}

/** The document of a managed policy of the stack with these parameters of the template. */
export function policyOf(id, parameters = {}) {
  return filler(parameters)(Resources[id].Properties.PolicyDocument)
}

/** The ARN of a resource of the stack with these parameters of the template. */
export function arnOf(id, parameters = {}) {
  const { Type, Properties } = Resources[id]
  const filled = filler(parameters)
  const names = NAMES.filter((name) => name in Properties).map((name) => [name, filled(Properties[name])])
  return ARNS[Type](Object.fromEntries(names))
}

/** The ARNs of all of the stack's resources of the kinds above, by their ids. */
export function arnsOf(parameters) {
  const named = Object.entries(Resources).filter(([, { Type }]) => Type in ARNS)
  return Object.fromEntries(named.map(([id]) => [id, arnOf(id, parameters)]))
}

/** The ARNs of all managed policies of a function's role. */
export function policiesOf(id) {
  return Resources[id].Properties.ManagedPolicyArns.map(({ Ref }) => arnOf(Ref))
}

/** Replaces CloudFormation's functions in a value by what they come to: `undefined` is none, and is left out. */
function filler(parameters) {
  const defaults = Object.entries(Parameters).map(([name, { Default }]) => [name, Default])
  const pseudo = {
    'AWS::Partition': 'aws',
    'AWS::Region': REGION,
    'AWS::AccountId': ACCOUNT,
    'AWS::StackName': STACK,
    'AWS::StackId': STACK_ID,
  }
  const values = { ...pseudo, ...Object.fromEntries(defaults), ...parameters }
  const known = (name) => {
    if (!(name in values)) throw new Error(`template.yaml: nobody knows what ${name} is`)
    return values[name]
  }
  const listed = (name) =>
    Parameters[name]?.Type === 'CommaDelimitedList' ? values[name].split(',') : values[name]
  const filled = (value) => {
    if (Array.isArray(value)) return value.map(filled).filter((item) => item !== undefined)
    if (typeof value !== 'object') return value
    const { Ref, Sub, GetAtt, If, Not, Equals, Join, Select, Split } = value
    if (Ref === 'AWS::NoValue') return undefined
    if (Ref) return listed(Ref) ?? arnOf(Ref, parameters)
    if (Sub) {
      const [text, own = {}] = [Sub].flat()
      return text.replace(/\$\{([^}]+)\}/g, (_, name) => (name in own ? filled(own[name]) : known(name)))
    }
    if (GetAtt) return arnOf(GetAtt.split('.')[0], parameters)
    if (Join) return [filled(Join[1])].flat().join(Join[0])
    if (Select) return filled(Select[1])[Select[0]]
    if (Split) return filled(Split[1]).split(Split[0])
    if (If) return filled(filled(Conditions[If[0]]) ? If[1] : If[2])
    if (Not) return !filled(Not[0])
    if (Equals) return filled(Equals[0]) === filled(Equals[1])
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item)]))
  }
  return filled
}
