// Zappa 0.63.0: zappa/cli.py and zappa/core.py, with the relays' zappa_settings.json: an API of API Gateway
// v1, `keep_warm`, `manage_roles: false`.

import { arn, calls, iam, s3, to } from '../calls.mjs'
import { ACCOUNT } from '../simulator.mjs'

export const client = 'Zappa 0.63.0'
export const parameters = { UserNames: ['serverless'], Deployments: ['tr-x-dev'] }

const as = 'user serverless'
const FUNCTION = arn('lambda', 'function:tr-x-dev')
const ROLE = iam('role/tr-x-dev-ZappaLambdaExecutionRole')
const STACK = arn('cloudformation', 'stack/tr-x-dev/0a1b')
const RULE = arn('events', 'rule/tr-x-dev-zappa-keep-warm-handler.keep_warm_callback')
const LOG = arn('logs', 'log-group:/aws/lambda/tr-x-dev')
/** What Zappa tags its stack with, and CloudFormation the API in it. */
const NEW = { 'aws:RequestTag/ZappaProject': 'tr-x-dev' }
const OURS = { 'aws:ResourceTag/ZappaProject': 'tr-x-dev' }
const MINE = { 'aws:ResourceAccount': ACCOUNT }
const BUCKET = s3('zappa-tr-x-relay')
const PACKAGE = s3('zappa-tr-x-relay/tr-x-dev-1.zip')

const api = (path) => `arn:aws:apigateway:eu-west-1::/${path}`
/** The calls that CloudFormation makes for who updates a stack with an API in it. */
const API = [
  ...calls('apigateway:POST', api('restapis'), NEW),
  ...calls('apigateway:PUT', api('tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Frestapis%2F0a'), {
    ...NEW,
    'aws:CalledVia': ['cloudformation.amazonaws.com'],
  }),
  ...calls('apigateway:POST', ['restapis/0a/resources/0b', 'restapis/0a/authorizers'].map(api), OURS),
  ...calls(
    'apigateway:PUT',
    ['restapis/0a/resources/0b/methods/ANY', 'restapis/0a/resources/0b/methods/ANY/integration'].map(api),
    OURS,
  ),
  ...calls('apigateway:GET', ['restapis/0a', 'restapis/0a/resources'].map(api), OURS),
  ...calls('iam:PassRole', ROLE, to('apigateway')),
]

/** What the page forgets. */
const TODAY = 'Function URLs can be listed and managed, concurrency removed, functions and buckets tagged'
const CONCURRENCY = '`current` also sets the concurrency of functions.'
const FUNCTIONS = 'With Vpc and XRay, functions are in a network and send traces.'

export const cases = [
  {
    what: 'upload the package',
    as,
    calls: [
      ...calls('s3:CreateBucket', BUCKET),
      ...calls('s3:ListBucket', BUCKET, MINE),
      ...calls('s3:PutObject GetObject DeleteObject AbortMultipartUpload', PACKAGE, MINE),
    ],
  },
  { what: 'find the role', as, calls: [...calls('iam:GetRole', ROLE), ...calls('sts:GetCallerIdentity')] },
  {
    what: 'deploy the function',
    as,
    calls: [
      ...calls(
        'lambda:ListVersionsByFunction GetFunction CreateFunction GetFunctionConfiguration InvokeFunction',
        FUNCTION,
      ),
      ...calls('iam:PassRole', ROLE, to('lambda')),
    ],
  },
  {
    what: 'keep it warm',
    as,
    calls: [
      ...calls('lambda:GetPolicy RemovePermission AddPermission', FUNCTION),
      ...calls('events:ListRuleNamesByTarget'),
      ...calls('events:PutRule PutTargets DescribeRule ListTargetsByRule RemoveTargets DeleteRule', RULE),
      ...calls('iam:PassRole', ROLE, to('events')),
    ],
  },
  {
    what: 'make the API',
    as,
    calls: [
      ...calls('cloudformation:DescribeStacks', STACK),
      ...calls('cloudformation:CreateStack', STACK, NEW),
      ...calls('cloudformation:DescribeStacks DescribeStackResource ListStackResources', STACK),
      ...calls('cloudformation:UpdateStack', STACK, OURS),
      ...API,
    ],
  },
  {
    what: 'deploy the API',
    as,
    calls: [
      ...calls('apigateway:POST', api('restapis/0a/deployments'), OURS),
      ...calls('apigateway:GET', api('restapis')),
      ...calls('apigateway:PATCH', ['restapis/0a', 'restapis/0a/stages/dev'].map(api), OURS),
    ],
  },
  {
    what: 'update',
    as,
    calls: calls(
      `lambda:GetFunction UpdateFunctionCode GetAlias ListVersionsByFunction DeleteFunction GetFunctionConfiguration
      UpdateFunctionConfiguration`,
      FUNCTION,
    ),
  },
  {
    what: 'what each update ends with',
    as,
    calls: calls('lambda:DeleteFunctionConcurrency ListFunctionUrlConfigs', FUNCTION),
    refused: { documented: TODAY },
  },
  {
    what: 'function_url_enabled, tags, snap_start',
    as,
    calls: [
      ...calls(
        'lambda:CreateFunctionUrlConfig UpdateFunctionUrlConfig DeleteFunctionUrlConfig TagResource PublishVersion',
        FUNCTION,
      ),
      ...calls('s3:PutBucketTagging', BUCKET, MINE),
    ],
    refused: { documented: TODAY },
  },
  {
    what: 'lambda_concurrency',
    as,
    calls: calls('lambda:PutFunctionConcurrency', FUNCTION),
    refused: { documented: CONCURRENCY, hardened: CONCURRENCY },
  },
  {
    what: 'num_retained_versions',
    as,
    calls: calls('lambda:ListVersionsByFunction DeleteFunction', `${FUNCTION}:1`),
  },
  {
    what: 'vpc_config',
    as,
    parameters: { Vpc: true },
    calls: calls('ec2:DescribeSecurityGroups DescribeSubnets DescribeVpcs'),
    refused: { documented: FUNCTIONS },
  },
  { what: 'status of the API', as, calls: calls('apigateway:GET', ['apikeys', 'restapis'].map(api)) },
  {
    what: 'status of the function',
    as,
    calls: calls('cloudwatch:GetMetricStatistics'),
    refused: { documented: TODAY },
  },
  { what: 'tail', as, calls: calls('logs:DescribeLogStreams FilterLogEvents', LOG) },
  {
    what: 'undeploy',
    as,
    calls: [
      ...calls('cloudformation:DescribeStacks', STACK),
      ...calls('cloudformation:DeleteStack', STACK, OURS),
      ...calls('apigateway:DELETE', ['restapis/0a', 'restapis/0a/resources/0b'].map(api), OURS),
      ...calls('apigateway:GET', api('restapis/0a/stages'), OURS),
      ...calls('lambda:DeleteFunction', FUNCTION),
      ...calls('logs:DeleteLogGroup', LOG),
    ],
  },
  {
    what: "undeploy --remove-logs, the API's log",
    as,
    calls: calls('logs:DeleteLogGroup', arn('logs', 'log-group:API-Gateway-Execution-Logs_0a/dev')),
    refused: { hardened: 'The logs of API Gateway stay after `zappa undeploy --remove-logs`.' },
  },
  {
    what: 'an API of API Gateway v2',
    as,
    calls: calls('apigateway:POST', api('apis')),
    refused: { hardened: '`apigateway_version: v2`' },
  },
  {
    what: 'a deployment with another name',
    as,
    calls: calls('lambda:UpdateFunctionCode', arn('lambda', 'function:other-dev')),
    refused: { hardened: 'Everything but APIs is limited to names that begin with NamePrefix' },
  },
  {
    what: 'a role of its own, manage_roles: true',
    as,
    parameters: { ManageRoles: true },
    calls: calls('iam:GetRole CreateRole PutRolePolicy', ROLE),
  },
  {
    what: 'another policy or trust for it',
    as,
    parameters: { ManageRoles: true },
    calls: calls('iam:GetRolePolicy UpdateAssumeRolePolicy', ROLE),
    refused: { documented: 'With ManageRoles, the inline policy and the trust of roles can be read and changed.' },
  },
  {
    what: 'a function: its log, its asynchronous tasks',
    as: 'role tr-x-dev-ZappaLambdaExecutionRole',
    calls: [
      ...calls('logs:CreateLogGroup', LOG),
      ...calls('logs:CreateLogStream PutLogEvents', `${LOG}:log-stream:x`),
      ...calls('lambda:InvokeFunction', FUNCTION),
    ],
  },
  {
    what: 'a function in a network: Lambda makes its network interfaces',
    as: 'role tr-x-dev-ZappaLambdaExecutionRole',
    parameters: { Vpc: true },
    calls: calls('ec2:DescribeNetworkInterfaces DescribeSubnets').concat(
      calls('ec2:CreateNetworkInterface', ['network-interface/eni-0a', 'subnet/subnet-0a'].map((name) => arn('ec2', name))),
      calls(
        'ec2:DeleteNetworkInterface AssignPrivateIpAddresses UnassignPrivateIpAddresses',
        arn('ec2', 'network-interface/eni-0a'),
      ),
    ),
    refused: { documented: FUNCTIONS },
  },
  {
    what: 'traces, xray_tracing',
    as: 'role tr-x-dev-ZappaLambdaExecutionRole',
    parameters: { XRay: true },
    calls: calls('xray:PutTraceSegments PutTelemetryRecords GetSamplingRules GetSamplingTargets'),
    refused: { documented: FUNCTIONS },
  },
]
