// What `hardened` allows on whatever there is of a kind in the account, without a condition, and the words of the
// preset's page that say so.

/** Actions on everything, or on everything of the kinds that follow. */
const on = (actions, ...kinds) => {
  const [service, names] = actions.split(':')
  const each = names.split(/\s+/).map((name) => `${service}:${name}`)
  return kinds.length ? each.flatMap((action) => kinds.map((kind) => `${action} on ${kind}`)) : each
}

/** They tell nothing of others', or make something new. */
export const HARMLESS = [
  // A job that is submitted has no id yet.
  ...on('batch:SubmitJob', 'job'),
  ...on(`ec2:DescribeAvailabilityZones DescribeInstanceTypes DescribePrefixLists DescribeRegions DescribeSpotPriceHistory`),
  ...on('ec2:CreateImage', 'image', 'snapshot'),
  ...on('ec2:CreateInternetGateway', 'internet-gateway'),
  ...on('ec2:CreatePlacementGroup', 'placement-group'),
  ...on('ec2:CreateSecurityGroup', 'security-group'),
  ...on('ec2:CreateVpc', 'vpc'),
  ...on('ec2:RequestSpotInstances', 'spot-instances-request'),
  ...on('ec2:RunInstances', 'instance', 'spot-instances-request', 'volume'),
  ...on('ecr:GetAuthorizationToken'),
  ...on('ecs:DiscoverPollEndpoint'),
  ...on('servicequotas:GetServiceQuota'),
]

const START = ['image', 'key-pair', 'network-interface', 'security-group', 'snapshot', 'subnet']
/** With these Lambda, and not the code of a function, makes and deletes network interfaces. */
const INTERFACES = on(`ec2:AssignPrivateIpAddresses CreateNetworkInterface DeleteNetworkInterface
  DescribeNetworkInterfaces DescribeSubnets UnassignPrivateIpAddresses`)

export const SAID = {
  lithops: {
    'A machine is started from any image and with disks of any snapshot, in any security group, with any key pair, and with any network interface that is free':
      on('ec2:RequestSpotInstances RunInstances', ...START),
    'Spot requests are cancelled, of any requester.': on('ec2:CancelSpotInstanceRequests', 'spot-instances-request'),
    'there the users reach every network and security group': [
      ...on('ec2:AttachInternetGateway DeleteInternetGateway DetachInternetGateway', 'internet-gateway'),
      ...on('ec2:AuthorizeSecurityGroupIngress DeleteSecurityGroup', 'security-group'),
      ...on('ec2:AssociateRouteTable', 'internet-gateway', 'subnet'),
      ...on('ec2:CreateSubnet DeleteSubnet', 'subnet'),
    ],
    'The users see the settings and environment variables of every function of the account, and the commands and environment variables of all jobs':
      [...on('lambda:ListFunctions'), ...on('batch:DescribeJobs DescribeJobDefinitions')],
    'The users and machines also list all machines, spot requests, images, key pairs and networks of the account, with their tags, and the users all layers and compute environments, and with AccessPoints the access points and mount targets of every file system.':
      [
        ...on(`ec2:DescribeImages DescribeInstances DescribeInternetGateways DescribeKeyPairs DescribeNatGateways
          DescribeRouteTables DescribeSecurityGroups DescribeSpotInstanceRequests DescribeSubnets DescribeTags DescribeVpcs`),
        ...on('lambda:ListLayers ListLayerVersions'),
        ...on('batch:DescribeComputeEnvironments DescribeJobQueues'),
        ...on('elasticfilesystem:DescribeAccessPoints DescribeMountTargets', 'file-system'),
      ],
    'The users can then delete every machine image of the account.': on('ec2:DeregisterImage', 'image'),
    'Code of a function cannot use the network interfaces, though a job of AWS Batch can, which has the same role.': INTERFACES,
  },
  slim: {
    'It may get an existing network interface, of any owner.': on('ec2:RunInstances', 'network-interface', 'subnet'),
    'The users and the functions can stop any job of AWS Batch.': on('batch:CancelJob TerminateJob', 'job'),
    'The users put VPC endpoints into any network, route table and security group': [
      ...on('ec2:CreateVpcEndpoint', 'route-table', 'security-group', 'subnet', 'vpc'),
      ...on('ec2:CreateSecurityGroup', 'vpc'),
    ],
    'The users and the functions see the commands and environment variables of all jobs': on(
      'batch:Describe* DescribeJobDefinitions DescribeJobs ListJobs',
    ),
    'The users list all machines, disks, snapshots, images, key pairs and networks of the account, with their tags, all buckets, queues, log groups, state machines and compute environments, and what invokes any function; the functions list queues and what invokes functions, the machines queues and tags.':
      [
        ...on(`ec2:DescribeImages DescribeInstances DescribeInstanceStatus DescribeKeyPairs DescribePlacementGroups
          DescribeRouteTables DescribeSecurityGroup* DescribeSnapshots DescribeSubnets DescribeTags DescribeVolumes
          DescribeVpc*`),
        ...on('batch:DescribeJobQueues'),
        ...on('lambda:GetEventSourceMapping ListEventSourceMappings'),
        ...on('logs:DescribeLogGroups'),
        ...on('s3:ListAllMyBuckets'),
        ...on('sqs:ListQueues'),
        ...on('states:ListStateMachines'),
      ],
    'Functions in a network with LambdaVpc only.': INTERFACES,
  },
  skypilot: {
    'An instance is made of any image, in any security group, and with any network interface that is free; also in any capacity reservation':
      [
        ...on('ec2:RunInstances', 'capacity-reservation', 'image', 'network-interface', 'security-group', 'subnet'),
        ...on('ec2:CreateSecurityGroup', 'vpc'),
        ...on('ec2:ModifyInstanceAttribute', 'security-group'),
      ],
    'Users and machines list all machines, disks, images, networks and capacity reservations of the account, with their tags, and with S3Access all buckets.':
      [
        ...on(`ec2:DescribeCapacityReservations DescribeImages DescribeInstances DescribeRouteTables
          DescribeSecurityGroups DescribeSubnets DescribeVolumes DescribeVpcs`),
        ...on('s3:ListAllMyBuckets'),
      ],
    'CloneDisk deletes any machine image of the account': [
      ...on('ec2:CopyImage', 'image', 'snapshot'),
      ...on('ec2:DeregisterImage', 'image'),
    ],
    'With PlacementGroups, machines are put into any of the placement groups of the account, and any that is empty can be deleted.': on(
      'ec2:DeletePlacementGroup RunInstances',
      'placement-group',
    ),
  },
  orchestra: {
    "Task definitions are registered with the module's names only, and any can be deregistered.": on('ecs:DeregisterTaskDefinition'),
    'Every task definition of the account can be read, with its commands and environment variables, and all keys, aliases and log groups listed, with the tags of any log.':
      [
        ...on('ecs:DescribeTaskDefinition'),
        ...on('kms:ListAliases ListKeys'),
        ...on('logs:DescribeLogGroups ListTagsForResource'),
      ],
    'Orchestra lists subnets and security groups.': on('ec2:DescribeSecurityGroups DescribeSubnets'),
  },
  zappa: {
    'All metrics and rules of the account can be read, and the REST APIs listed; with Vpc also the networks, with XRay the functions send traces under any name.':
      [
        ...on('cloudwatch:GetMetricStatistics'),
        ...on('events:ListRuleNamesByTarget ListRules'),
        ...on('ec2:DescribeSecurityGroups DescribeSubnets DescribeVpcs'),
        ...on(`xray:GetSamplingRules GetSamplingStatisticSummaries GetSamplingTargets PutTelemetryRecords
          PutTraceSegments`),
      ],
    "who deploys can have API Gateway create some with the role, or delete unused ones.": INTERFACES,
  },
}
