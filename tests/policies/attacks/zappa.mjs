export const parameters = { UserNames: ['serverless'], Deployments: ['tr-x-dev'] }

const APIS = ['change any REST API', 'delete any REST API']

export const cases = [
  {
    principals: [
      { who: 'user serverless', open: APIS },
      { who: 'role tr-x-dev-ZappaLambdaExecutionRole' },
    ],
  },
  {
    parameters: { ManageRoles: true },
    principals: [{ who: 'user serverless', open: ['write a policy into a role, and be it', ...APIS] }],
  },
]
