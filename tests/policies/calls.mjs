// Words of the tables. A call is an action, the ARN that it is about, and the keys of its conditions.

import { ACCOUNT, REGION } from './simulator.mjs'

/** Each of the actions on each of the resources: `calls('iam:CreateRole TagRole', iam('role/x'))`. */
export function calls(actions, resources = '*', context = {}) {
  const [service, names] = actions.split(':')
  const each = (resource) => names.split(/\s+/).map((name) => [`${service}:${name}`, resource, context])
  return [resources].flat().flatMap(each)
}

/** A call as a line for people. */
export const shown = ([action, resource, context]) => `${action} on ${resource} with ${JSON.stringify(context)}`

/** The ARN of something in the account's Region. */
export const arn = (service, name) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${name}`

/** The ARN of something of IAM: `iam('role/x')`. */
export const iam = (name) => `arn:aws:iam::${ACCOUNT}:${name}`

/** The ARN of a bucket or object. */
export const s3 = (name) => `arn:aws:s3:::${name}`

/** The policy that is attached or detached: AWS's own, or one of the account. */
export const attaching = {
  aws: (name) => ({ 'iam:PolicyARN': `arn:aws:iam::aws:policy/${name}` }),
  own: (name) => ({ 'iam:PolicyARN': iam(`policy/${name}`) }),
}

/** The service that a role is passed to. */
export const to = (service) => ({ 'iam:PassedToService': `${service}.amazonaws.com` })

/** What ECS's agent calls on a machine of a compute environment, in the two forms in which AWS Batch names clusters. */
export const agent = (environment) => {
  const clusters = [`AWSBatch-${environment}-0a1b-2c3d`, `${environment}_Batch_0a1b-2c3d`]
  const on = (cluster) => {
    const machine = arn('ecs', `container-instance/${cluster}/0a`)
    const key = { 'ecs:cluster': arn('ecs', `cluster/${cluster}`) }
    return [
      ...calls(
        `ecs:RegisterContainerInstance DeregisterContainerInstance SubmitTaskStateChange SubmitContainerStateChange
        SubmitAttachmentStateChanges`,
        arn('ecs', `cluster/${cluster}`),
      ),
      ...calls('ecs:Poll StartTelemetrySession UpdateContainerInstancesState', machine, key),
      ...calls('ecs:TagResource', machine, { 'ecs:CreateAction': 'RegisterContainerInstance' }),
    ]
  }
  return [
    ...calls('ecs:DiscoverPollEndpoint'),
    ...calls('ec2:DescribeTags'),
    ...calls('ecr:GetAuthorizationToken'),
    ...clusters.flatMap(on),
  ]
}
