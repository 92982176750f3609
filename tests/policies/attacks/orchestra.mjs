export const parameters = { UserNames: ['alice'] }

const KEYS = ['change the policy of any key', 'delete any key']
const MODULE = {
  ModuleRoles: true,
  ModuleNamePrefix: 'acme-data',
  Suffix: '0a1b2c3d',
  OrchestraAccountId: '4a6a45ca-5549-4c53-bca4-43a76e1bab2c',
  Secrets: ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:token-AbCdEf'],
}

export const cases = [
  { principals: [{ who: 'user alice', open: ['give a role a policy of their own, and be it', ...KEYS] }] },
  {
    parameters: MODULE,
    principals: [
      { who: 'user alice', open: KEYS },
      { who: 'role acme-data-orchestra-compute-0a1b2c3d' },
      { who: 'role acme-data-orchestra-task-python-0a1b2c3d' },
      {
        who: 'role acme-data-orchestra-ecs-execution-role-0a1b2c3d',
        open: ['write into the log of the function that serves presets'],
      },
    ],
  },
]
