// One question to IAM: may this principal make this call? Answered by a simulator that knows AWS's
// actions, resources and condition keys, so that a call which AWS would not know is an error here.

import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

export const ACCOUNT = '123456789012'
export const REGION = 'eu-west-1'

/** The service control policy that AWS attaches everywhere. */
const FULL_ACCESS = {
  name: 'FullAWSAccess',
  policy: { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
}
const TRUSTS_THE_ACCOUNT = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` } }

/**
 * True if the principal (its ARN, its policies' documents, its boundary's, the service control policy of its
 * account) may make the call: action, ARN, context keys. Of `more` keys IAM takes those that the call has.
 */
export async function allows(principal, call, more = {}) {
  return (await decision(principal, call, more)) === 'Allowed'
}

async function decision({ arn, policies, boundary, scp }, [action, resource, context = {}], more) {
  const simulation = {
    request: {
      principal: arn,
      action,
      resource: { resource, accountId: ACCOUNT },
      contextVariables: { 'aws:PrincipalArn': arn, 'aws:PrincipalAccount': ACCOUNT, ...more, ...context },
    },
    identityPolicies: policies.map((policy, index) => ({ name: `${index}`, policy })),
    serviceControlPolicies: scp ? [{ orgIdentifier: 'root', policies: [FULL_ACCESS, { name: 'scp', policy: scp }] }] : [],
    resourceControlPolicies: [],
    resourcePolicy: resourcePolicy(action),
    ...(boundary && { permissionBoundaryPolicies: [{ name: 'boundary', policy: boundary }] }),
  }
  // The data has the ARNs of API Gateway's stages and deployments in one string, and finds neither.
  if (action.startsWith('apigateway:')) return runUnsafeSimulation(simulation, {})
  const result = await runSimulation(simulation, {})
  if (result.resultType === 'error') wrong(action, resource, result.errors.message)
  if (result.resultType === 'wildcard') wrong(action, resource, 'name one resource, without a wildcard')
  const unknown = result.result.ignoredContextKeys.filter((key) => key in context)
  if (unknown.length) wrong(action, resource, `the call has no ${unknown.join(', ')}`)
  return result.overallResult
}

/** Where IAM's policies alone do not decide: what a resource says that leaves it to them. */
function resourcePolicy(action) {
  const [service] = action.split(':')
  const statement = {
    // A key's default policy.
    kms: { Action: 'kms:*', Resource: '*' },
    // A role that anybody of the account may assume who has the permission.
    sts: { Action: 'sts:AssumeRole' },
  }[service]
  return statement && { Version: '2012-10-17', Statement: [{ ...TRUSTS_THE_ACCOUNT, ...statement }] }
}

function wrong(action, resource, why) {
  throw new Error(`${action} on ${resource} is no call: ${why}`)
}
