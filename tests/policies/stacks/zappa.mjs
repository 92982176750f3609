// All stacks of the preset have the same two policies, so that A and B have one edition and one NamePrefix.

import { arn, calls, s3 } from '../calls.mjs'

const theirs = {
  'change the code of a function': calls('lambda:UpdateFunctionCode', arn('lambda', 'function:tr-b-dev')),
  'invoke a function': calls('lambda:InvokeFunction', arn('lambda', 'function:tr-b-dev')),
  'read a log': calls('logs:FilterLogEvents', arn('logs', 'log-group:/aws/lambda/tr-b-dev')),
  'read a bucket': calls('s3:GetObject', s3('zappa-tr-b/x')),
}
const ROLE = 'role tr-a-dev-ZappaLambdaExecutionRole'

export const rows = [
  {
    what: 'another deployment',
    a: { UserNames: ['ann'], Deployments: ['tr-a-dev'] },
    b: { UserNames: ['bob'], Deployments: ['tr-b-dev'] },
    principals: ['user ann', ROLE],
    theirs,
    world: {},
    open: {
      'Any other resource of the account with this prefix is within reach': {
        'user ann': [...Object.keys(theirs), 'pass role/tr-b-dev-ZappaLambdaExecutionRole'],
      },
      'Functions write their own logs and invoke deployments only.': { [ROLE]: ['invoke a function'] },
    },
  },
]
