// Zappa 0.63.0: zappa/cli.py and zappa/core.py, with the relays' zappa_settings.json: an API of API Gateway
// v1, `keep_warm`, `manage_roles: false`.

import { arn, calls, iam, s3, to } from '../calls.mjs'

export const client = 'Zappa 0.63.0'
export const parameters = { UserNames: ['serverless'], Deployments: ['tr-x-dev'] }

const as = 'user serverless'
const FUNCTION = arn('lambda', 'function:tr-x-dev')
const ROLE = iam('role/tr-x-dev-ZappaLambdaExecutionRole')
const STACK = arn('cloudformation', 'stack/tr-x-dev/0a1b')
const RULE = arn('events', 'rule/tr-x-dev-zappa-keep-warm-handler.keep_warm_callback')
const LOG = arn('logs', 'log-group:/aws/lambda/tr-x-dev')
const BUCKET = s3('zappa-tr-x-relay')
const PACKAGE = s3('zappa-tr-x-relay/tr-x-dev-1.zip')

const api = (path) => `arn:aws:apigateway:eu-west-1::/${path}`
/** The calls that CloudFormation makes for who updates a stack with an API in it. */
const API = [
  ...calls('apigateway:POST', ['restapis', 'restapis/0a/resources/0b'].map(api)),
  ...calls(
    'apigateway:PUT',
    ['restapis/0a/resources/0b/methods/ANY', 'restapis/0a/resources/0b/methods/ANY/integration'].map(api),
  ),
  ...calls('apigateway:PUT', api('tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Frestapis%2F0a')),
  ...calls('apigateway:GET', ['restapis/0a', 'restapis/0a/resources'].map(api)),
  ...calls('iam:PassRole', ROLE, to('apigateway')),
]

/** The current user's functions' metrics and URLs, which the page forgets. */
const TODAY = 'Function URLs can be listed, concurrency removed and metrics read'
const NO_SETTINGS = '`current` also manages function URLs, concurrency and tags.'

export const cases = [
  {
    what: 'upload the package',
    as,
    calls: [...calls('s3:CreateBucket ListBucket', BUCKET), ...calls('s3:PutObject GetObject DeleteObject', PACKAGE)],
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
      ...calls('cloudformation:CreateStack UpdateStack DescribeStacks DescribeStackResource ListStackResources', STACK),
      ...API,
    ],
  },
  {
    what: 'deploy the API',
    as,
    calls: [
      ...calls('apigateway:POST', api('restapis/0a/deployments')),
      ...calls('apigateway:PATCH', ['restapis/0a', 'restapis/0a/stages/dev'].map(api)),
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
    what: 'settings of concurrency, function URLs and tags',
    as,
    calls: calls(
      `lambda:PutFunctionConcurrency CreateFunctionUrlConfig UpdateFunctionUrlConfig DeleteFunctionUrlConfig
      TagResource`,
      FUNCTION,
    ),
    refused: { documented: NO_SETTINGS, hardened: NO_SETTINGS },
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
      ...calls('cloudformation:DescribeStacks DeleteStack', STACK),
      ...calls('apigateway:DELETE', ['restapis/0a', 'restapis/0a/resources/0b'].map(api)),
      ...calls('apigateway:GET', api('restapis/0a/stages')),
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
    refused: { hardened: 'Everything is limited to names that begin with NamePrefix' },
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
]
