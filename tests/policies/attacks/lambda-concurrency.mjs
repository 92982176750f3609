// The role of lambda-concurrency: what its work is, and what nobody makes it do.

import { arn, calls, iam, to } from '../calls.mjs'
import { arnOf } from '../function-role.mjs'

const quota = (name) => arn('servicequotas', name)
const serviceLinked = (service, role) => iam(`role/aws-service-role/${service}.amazonaws.com/${role}`)
const named = (service) => ({ 'iam:AWSServiceName': `${service}.amazonaws.com` })

const QUOTA = quota('lambda/L-B99A9384')
const CALLS = 'servicequotas:GetServiceQuota ListRequestedServiceQuotaChangeHistoryByQuota RequestServiceQuotaIncrease'

export const WORK = [
  ...calls(CALLS, QUOTA),
  ...calls('servicequotas:GetAWSDefaultServiceQuota'),
  ...calls('lambda:GetAccountSettings'),
  ...calls('lambda:ListTags', arn('lambda', 'function:account-presets-LambdaConcurrency')),
  ...calls(
    'iam:CreateServiceLinkedRole',
    serviceLinked('servicequotas', 'AWSServiceRoleForServiceQuotas'),
    named('servicequotas'),
  ),
  ...calls('logs:CreateLogStream PutLogEvents', arnOf('LambdaConcurrencyLogGroup').replace(/\*$/, 'log-stream:x')),
]

const itself = (name) => arn('lambda', `function:account-presets-${name}`)
const TAGS = { 'aws:TagKeys': ['account-presets:quota-template:eu-west-1:0a1b'] }
const IN_THE_TEMPLATE = 'servicequotas:PutServiceQuotaIncreaseRequestIntoTemplate'
const OF_THE_TEMPLATE = `servicequotas:AssociateServiceQuotaTemplate DeleteServiceQuotaIncreaseRequestFromTemplate
  DisassociateServiceQuotaTemplate GetAssociationForServiceQuotaTemplate ListServiceQuotaIncreaseRequestsInTemplate`

/** Of Custom::QuotaTemplate, where the operator serves it. */
export const WORK_ON_THE_TEMPLATE = [
  ...calls(IN_THE_TEMPLATE, [QUOTA, QUOTA.replace('eu-west-1', 'us-east-1')]),
  ...calls(OF_THE_TEMPLATE),
  ...calls('organizations:DescribeOrganization ListAWSServiceAccessForOrganization'),
  ...calls('organizations:EnableAWSServiceAccess', '*', { 'organizations:ServicePrincipal': 'servicequotas.amazonaws.com' }),
  ...calls('lambda:TagResource UntagResource', itself('LambdaConcurrency'), TAGS),
]

export const REFUSED_ON_THE_TEMPLATE = [
  { what: 'put another quota into the template', calls: calls(IN_THE_TEMPLATE, quota('ec2/L-1216C47A')) },
  {
    what: 'let another service into the organization, or change it',
    calls: [
      ...calls('organizations:EnableAWSServiceAccess', '*', { 'organizations:ServicePrincipal': 'sso.amazonaws.com' }),
      ...calls('organizations:CreateAccount DisableAWSServiceAccess'),
    ],
  },
  {
    what: 'tag another function, or itself with a tag that others go by',
    calls: [
      ...calls('lambda:TagResource UntagResource', [itself('IamPreset'), arn('lambda', 'function:x')], TAGS),
      ...calls('lambda:TagResource', itself('LambdaConcurrency'), { 'aws:TagKeys': ['team'] }),
    ],
  },
]

export const REFUSED = [
  { what: 'ask for another quota', calls: calls(CALLS, [quota('lambda/L-2ACBD22F'), quota('ec2/L-1216C47A')]) },
  {
    what: "ask for another Region's quota",
    calls: calls(CALLS, QUOTA.replace('eu-west-1', 'us-east-1')),
  },
  {
    what: 'ask for whole accounts and organizations',
    calls: [
      ...calls('servicequotas:AssociateServiceQuotaTemplate ListServiceQuotaIncreaseRequestsInTemplate'),
      ...calls('organizations:DescribeOrganization'),
    ],
  },
  {
    what: 'make the service-linked role of another service',
    calls: calls('iam:CreateServiceLinkedRole', serviceLinked('spot', 'AWSServiceRoleForEC2Spot'), named('spot')),
  },
  {
    what: 'touch IAM otherwise',
    calls: [
      ...calls('iam:CreateRole PutRolePolicy AttachRolePolicy UpdateAssumeRolePolicy GetRole', iam('role/x')),
      ...calls('iam:PassRole', iam('role/x'), to('lambda')),
      ...calls('iam:CreateUser CreateAccessKey', iam('user/x')),
      ...calls('sts:AssumeRole', iam('role/x')),
    ],
  },
  {
    what: 'change or invoke a function',
    calls: calls(
      'lambda:UpdateFunctionCode PutFunctionConcurrency DeleteFunctionConcurrency InvokeFunction',
      arn('lambda', 'function:x'),
    ),
  },
  {
    what: "write into the other function's log",
    calls: calls('logs:PutLogEvents', arnOf('IamPresetLogGroup').replace(/\*$/, 'log-stream:x')),
  },
]
