import { attempts } from './attempts.mjs'

export const parameters = { UserNames: ['alice'] }

const USER = [
  'cancel any spot request',
  'change any route',
  'delete any machine image',
  'delete any network',
  'delete any security group',
  'end any machine',
  'image the disks of any machine',
  'open any security group',
  'stop any machine',
]
const says = 'the users reach every network and security group'

export const cases = [
  {
    principals: [
      { who: 'user alice', says, open: USER },
      { who: 'role lithops-role' },
      { who: 'role lithops-role-ec2', says, open: ['cancel any spot request', 'end any machine', 'stop any machine'] },
    ],
  },
  { parameters: { AccountKind: 'sso' }, principals: [{ who: 'user alice', says, open: USER }] },
  {
    parameters: { BatchTrust: true },
    principals: [
      {
        who: 'role lithops-role',
        says: 'as the service role of Batch',
        open: [],
      },
    ],
  },
  {
    parameters: { AdministratorsGroup: true, AdministratorNames: ['bob'] },
    principals: [
      {
        who: 'user bob',
        says: 'lithops-administrators has AdministratorAccess',
        open: Object.values(attempts()).flatMap(Object.keys),
      },
    ],
  },
]
