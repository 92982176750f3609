import { arn, calls, s3 } from '../calls.mjs'

export const parameters = { UserNames: ['serverless'], Deployments: ['tr-x-dev'] }

const API = 'arn:aws:apigateway:eu-west-1::/restapis/0f'
const TAGS = 'arn:aws:apigateway:eu-west-1::/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2Frestapis%2F0f'
const OURS = { 'aws:RequestTag/ZappaProject': 'tr-x-dev', 'aws:TagKeys': ['ZappaProject'] }
const TAGGED = { 'aws:ResourceTag/ZappaProject': 'tr-x-dev' }
/** Somebody else's, with a name as of a deployment. */
const STACK = arn('cloudformation', 'stack/tr-payroll/0f')

export const escalations = {
  // It has a role of its own, and CloudFormation works with that.
  'update a stack of somebody that has the name of a deployment': calls('cloudformation:UpdateStack', STACK),
}
export const harms = {
  'tag any REST API as one of Zappa, and change it': [
    ...calls('apigateway:PUT', TAGS, OURS),
    ...calls('apigateway:PATCH', API, TAGGED),
  ],
  'lead any REST API elsewhere': calls('apigateway:PUT', `${API}/resources/0f/methods/ANY/integration`),
  'read any REST API': calls('apigateway:GET', API),
  'delete a stack of somebody that has the name of a deployment': calls('cloudformation:DeleteStack', STACK),
  'change any rule': calls('events:PutTargets', arn('events', 'rule/payroll')),
  'list all API keys': calls('apigateway:GET', 'arn:aws:apigateway:eu-west-1::/apikeys'),
  'change any API key': calls('apigateway:PATCH', 'arn:aws:apigateway:eu-west-1::/apikeys/0f'),
  "read another account's bucket": calls('s3:GetObject', s3('zappa-tr-x/x'), { 'aws:ResourceAccount': '999999999999' }),
  "read another deployments' bucket": calls('s3:GetObject', s3('zappa-other/x')),
  'take all concurrency': calls('lambda:PutFunctionConcurrency', arn('lambda', 'function:tr-x-dev')),
  'delete an unused network interface': calls('ec2:DeleteNetworkInterface', arn('ec2', 'network-interface/eni-0f')),
}

const KEYS = {
  open: ['be sent every event of the account', 'list all API keys'],
  says: [
    'All API keys of the account can be listed, with their values.',
    'A rule may have any event pattern, so a user who deploys can have every event of the default event bus sent to a function of its own.',
  ],
}
const ROLE = 'role tr-x-dev-ZappaLambdaExecutionRole'
/** What serves presets begins with `a` as well. */
const SHORTEST = { NamePrefix: 'ac-' }
const PROVIDERS = { NamePrefix: 'account-', Deployments: ['account-x-dev'] }

export const cases = [
  { principals: [{ who: 'user serverless', ...KEYS }, { who: ROLE }] },
  { parameters: { ...SHORTEST, Deployments: ['ac-x-dev'] }, principals: [{ who: 'user serverless', ...KEYS }] },
  {
    parameters: PROVIDERS,
    principals: [{ who: 'user serverless', ...KEYS }, { who: 'role account-x-dev-ZappaLambdaExecutionRole' }],
  },
  {
    parameters: { ManageRoles: true },
    principals: [{ who: 'user serverless', ...KEYS, open: [...KEYS.open, 'write a policy into a role, and be it'] }],
  },
  {
    parameters: { Vpc: true, XRay: true },
    principals: [
      { who: 'user serverless', ...KEYS },
      {
        who: ROLE,
        open: ['delete an unused network interface'],
        says: 'who deploys can have API Gateway create some with the role, or delete unused ones.',
      },
    ],
  },
]
