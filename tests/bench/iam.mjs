// IAM as far as the function and its peers call it: enough state to answer them as AWS does. What it makes of their
// calls is compared with MiniStack by every run of the benchmark.

const ACCOUNT = '000000000000'
const SERVICE_LINKED_ROLES = {
  'autoscaling.amazonaws.com': 'AWSServiceRoleForAutoScaling',
  'batch.amazonaws.com': 'AWSServiceRoleForBatch',
  'ecs.amazonaws.com': 'AWSServiceRoleForECS',
  'spot.amazonaws.com': 'AWSServiceRoleForEC2Spot',
  'spotfleet.amazonaws.com': 'AWSServiceRoleForEC2SpotFleet',
}
const PAGE = 100
const MADE = '2026-01-01T00:00:00Z'

export const isWrite = (action) => !/^(Get|List|Describe)/.test(action)

class Refusal extends Error {
  constructor(status, code, message) {
    super(message)
    Object.assign(this, { status, code })
  }
}

const missing = (what) => new Refusal(404, 'NoSuchEntity', `${what} cannot be found.`)
const taken = (what) => new Refusal(409, 'EntityAlreadyExists', `${what} already exists.`)
const inUse = (what) => new Refusal(409, 'DeleteConflict', `Cannot delete entity, must ${what} first.`)

export class Iam {
  constructor() {
    this.ids = 0
    for (const kind of ['roles', 'policies', 'groups', 'users', 'profiles']) this[kind] = new Map()
  }

  /** Status and XML of the reply to one call. */
  answer(action, parameters) {
    try {
      if (!actions[action]) throw new Refusal(400, 'InvalidAction', `There is no ${action} here.`)
      const result = actions[action](this, parameters)
      return { status: 200, body: reply(action, result) }
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal
      return { status: refusal.status, body: error(refusal.code, refusal.message) }
    }
  }

  id(prefix) {
    this.ids += 1
    return prefix + String(this.ids).padStart(17, '0')
  }

  one(kind, name) {
    const it = this[kind].get(name)
    if (!it) throw missing(`${kind} ${name}`)
    return it
  }

  make(kind, key, it) {
    if (this[kind].has(key)) throw taken(`${kind} ${key}`)
    this[kind].set(key, it)
    return it
  }

  holders(arn) {
    const of = (kind) => [...this[kind].values()].filter((it) => it.attached.has(arn))
    return { roles: of('roles'), groups: of('groups'), users: of('users') }
  }

  profilesOf(role) {
    return [...this.profiles.values()].filter((it) => it.roles.includes(role))
  }
}

// --- what a call says ---

function list(parameters, name) {
  const items = []
  for (let number = 1; ; number += 1) {
    const start = `${name}.member.${number}`
    if (start in parameters) items.push(parameters[start])
    else if (`${start}.Key` in parameters) {
      items.push([parameters[`${start}.Key`], parameters[`${start}.Value`] ?? ''])
    } else return items
  }
}

const path = (parameters) => parameters.Path ?? '/'
const arn = (kind, parameters, name) => `arn:aws:iam::${ACCOUNT}:${kind}${path(parameters)}${name}`

/** A page of a list, and where the next one begins. */
function paged(items, parameters) {
  const start = Number(parameters.Marker ?? 0)
  const end = start + Number(parameters.MaxItems ?? PAGE)
  const more = end < items.length
  return { items: items.slice(start, end), rest: more ? { IsTruncated: true, Marker: end } : { IsTruncated: false } }
}

function listed(name, items, parameters) {
  const page = paged(items, parameters)
  return { [name]: page.items, ...page.rest }
}

// --- how things look ---

const tagsOf = (it) => [...it.tags].map(([Key, Value]) => ({ Key, Value }))
const attachedTo = (it) => [...it.attached].map((PolicyArn) => ({ PolicyName: PolicyArn.split('/').at(-1), PolicyArn }))
const inlineOf = (it) => [...it.inline].map(([PolicyName, text]) => ({ PolicyName, PolicyDocument: encodeURIComponent(text) }))

const roleView = (role, { tags = true } = {}) => ({
  Path: role.path,
  RoleName: role.name,
  RoleId: role.id,
  Arn: role.arn,
  CreateDate: MADE,
  AssumeRolePolicyDocument: encodeURIComponent(role.trust),
  Description: role.description,
  MaxSessionDuration: role.session,
  PermissionsBoundary: role.boundary && { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: role.boundary },
  Tags: tags ? tagsOf(role) : undefined,
})

const policyView = (policy, iam, { tags = true } = {}) => {
  const { roles, groups, users } = iam.holders(policy.arn)
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.versions.find((it) => it.default).id,
    AttachmentCount: roles.length + groups.length + users.length,
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    Description: policy.description || undefined,
    CreateDate: MADE,
    UpdateDate: MADE,
    Tags: tags ? tagsOf(policy) : undefined,
  }
}

const versionView = (version, { document = true } = {}) => ({
  Document: document ? encodeURIComponent(version.document) : undefined,
  VersionId: version.id,
  IsDefaultVersion: version.default,
  CreateDate: MADE,
})

const groupView = (group) => ({ Path: group.path, GroupName: group.name, GroupId: group.id, Arn: group.arn, CreateDate: MADE })
const userView = (user) => ({ Path: user.path, UserName: user.name, UserId: user.id, Arn: user.arn, CreateDate: MADE })

const profileView = (profile, iam, { tags = true } = {}) => ({
  InstanceProfileName: profile.name,
  InstanceProfileId: profile.id,
  Arn: profile.arn,
  Path: profile.path,
  CreateDate: MADE,
  Roles: profile.roles.map((name) => roleView(iam.roles.get(name), { tags: false })),
  Tags: tags ? tagsOf(profile) : undefined,
})

// --- the actions ---

const holder = {
  Role: { kind: 'roles', name: 'RoleName' },
  Group: { kind: 'groups', name: 'GroupName' },
  User: { kind: 'users', name: 'UserName' },
}

const actions = {
  CreateUser: (iam, p) => ({
    User: userView(iam.make('users', p.UserName, {
      name: p.UserName, path: path(p), id: iam.id('AIDA'), arn: arn('user', p, p.UserName),
      tags: new Map(list(p, 'Tags')), attached: new Set(), inline: new Map(),
    })),
  }),
  CreateGroup: (iam, p) => ({
    Group: groupView(iam.make('groups', p.GroupName, {
      name: p.GroupName, path: path(p), id: iam.id('AGPA'), arn: arn('group', p, p.GroupName),
      attached: new Set(), inline: new Map(), members: new Set(),
    })),
  }),
  CreateRole: (iam, p) => ({
    Role: roleView(iam.make('roles', p.RoleName, {
      name: p.RoleName, path: path(p), id: iam.id('AROA'), arn: arn('role', p, p.RoleName),
      trust: p.AssumeRolePolicyDocument, description: p.Description ?? '', session: Number(p.MaxSessionDuration ?? 3600),
      boundary: p.PermissionsBoundary, tags: new Map(list(p, 'Tags')), attached: new Set(), inline: new Map(),
    })),
  }),
  CreatePolicy: (iam, p) => {
    if ([...iam.policies.values()].some((it) => it.name === p.PolicyName)) throw taken(`A policy called ${p.PolicyName}`)
    const policy = iam.make('policies', arn('policy', p, p.PolicyName), {
      name: p.PolicyName, path: path(p), id: iam.id('ANPA'), arn: arn('policy', p, p.PolicyName),
      description: p.Description ?? '', tags: new Map(list(p, 'Tags')), newest: 1,
      versions: [{ id: 'v1', document: p.PolicyDocument, default: true }],
    })
    return { Policy: policyView(policy, iam) }
  },
  CreateInstanceProfile: (iam, p) => ({
    InstanceProfile: profileView(iam.make('profiles', p.InstanceProfileName, {
      name: p.InstanceProfileName, path: path(p), id: iam.id('AIPA'),
      arn: arn('instance-profile', p, p.InstanceProfileName), tags: new Map(list(p, 'Tags')), roles: [],
    }), iam),
  }),
  CreateServiceLinkedRole: (iam, p) => {
    const name = SERVICE_LINKED_ROLES[p.AWSServiceName]
    if (!name) throw new Refusal(400, 'InvalidInput', `Service ${p.AWSServiceName} has no service-linked role.`)
    if (iam.roles.has(name)) {
      throw new Refusal(400, 'InvalidInput', `Service role name ${name} has been taken in this account, please try a different suffix.`)
    }
    const trust = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: p.AWSServiceName }, Action: 'sts:AssumeRole' }] }
    const at = { Path: `/aws-service-role/${p.AWSServiceName}/` }
    return {
      Role: roleView(iam.make('roles', name, {
        name, path: at.Path, id: iam.id('AROA'), arn: arn('role', at, name), trust: JSON.stringify(trust),
        description: '', session: 3600, tags: new Map(), attached: new Set(), inline: new Map(),
      })),
    }
  },

  DeleteRole: (iam, p) => {
    const role = iam.one('roles', p.RoleName)
    if (role.attached.size) throw inUse('detach all policies')
    if (role.inline.size) throw inUse('delete policies')
    if (iam.profilesOf(role.name).length) throw inUse('remove roles from instance profile')
    iam.roles.delete(p.RoleName)
  },
  DeletePolicy: (iam, p) => {
    const policy = iam.one('policies', p.PolicyArn)
    const held = iam.holders(policy.arn)
    if (held.roles.length + held.groups.length + held.users.length) throw inUse('detach the policy')
    if (policy.versions.length > 1) throw inUse('delete the other versions')
    iam.policies.delete(p.PolicyArn)
  },
  DeleteGroup: (iam, p) => {
    const group = iam.one('groups', p.GroupName)
    if (group.members.size) throw inUse('remove users from group')
    if (group.attached.size || group.inline.size) throw inUse('remove policies from group')
    iam.groups.delete(p.GroupName)
  },
  DeleteInstanceProfile: (iam, p) => {
    if (iam.one('profiles', p.InstanceProfileName).roles.length) throw inUse('remove roles from instance profile')
    iam.profiles.delete(p.InstanceProfileName)
  },

  UpdateAssumeRolePolicy: (iam, p) => void (iam.one('roles', p.RoleName).trust = p.PolicyDocument),
  UpdateRole: (iam, p) => {
    const role = iam.one('roles', p.RoleName)
    if ('Description' in p) role.description = p.Description
    if ('MaxSessionDuration' in p) role.session = Number(p.MaxSessionDuration)
    return {}
  },
  PutRolePermissionsBoundary: (iam, p) => void (iam.one('roles', p.RoleName).boundary = p.PermissionsBoundary),
  DeleteRolePermissionsBoundary: (iam, p) => void (iam.one('roles', p.RoleName).boundary = undefined),
  CreatePolicyVersion: (iam, p) => {
    const policy = iam.one('policies', p.PolicyArn)
    if (policy.versions.length >= 5) throw new Refusal(409, 'LimitExceeded', 'A managed policy can have up to 5 versions.')
    const first = p.SetAsDefault === 'true'
    if (first) policy.versions.forEach((it) => (it.default = false))
    policy.newest += 1
    const version = { id: `v${policy.newest}`, document: p.PolicyDocument, default: first }
    policy.versions.push(version)
    return { PolicyVersion: versionView(version, { document: false }) }
  },
  DeletePolicyVersion: (iam, p) => {
    const policy = iam.one('policies', p.PolicyArn)
    const version = policy.versions.find((it) => it.id === p.VersionId)
    if (!version) throw missing(`version ${p.VersionId}`)
    if (version.default) throw inUse('make another version the default')
    policy.versions = policy.versions.filter((it) => it !== version)
  },
  AddRoleToInstanceProfile: (iam, p) => {
    const profile = iam.one('profiles', p.InstanceProfileName)
    iam.one('roles', p.RoleName)
    if (profile.roles.length) throw new Refusal(409, 'LimitExceeded', 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1')
    profile.roles.push(p.RoleName)
  },
  RemoveRoleFromInstanceProfile: (iam, p) => {
    const profile = iam.one('profiles', p.InstanceProfileName)
    if (!profile.roles.includes(p.RoleName)) throw missing(`role ${p.RoleName} in the profile`)
    profile.roles = profile.roles.filter((name) => name !== p.RoleName)
  },
  AddUserToGroup: (iam, p) => {
    iam.one('users', p.UserName)
    iam.one('groups', p.GroupName).members.add(p.UserName)
  },
  RemoveUserFromGroup: (iam, p) => {
    iam.one('users', p.UserName)
    if (!iam.one('groups', p.GroupName).members.delete(p.UserName)) throw missing(`user ${p.UserName} in the group`)
  },

  GetRole: (iam, p) => ({ Role: roleView(iam.one('roles', p.RoleName)) }),
  GetPolicy: (iam, p) => ({ Policy: policyView(iam.one('policies', p.PolicyArn), iam) }),
  GetPolicyVersion: (iam, p) => {
    const version = iam.one('policies', p.PolicyArn).versions.find((it) => it.id === p.VersionId)
    if (!version) throw missing(`version ${p.VersionId}`)
    return { PolicyVersion: versionView(version) }
  },
  GetInstanceProfile: (iam, p) => ({ InstanceProfile: profileView(iam.one('profiles', p.InstanceProfileName), iam) }),
  GetUser: (iam, p) => ({ User: { ...userView(iam.one('users', p.UserName)), Tags: tagsOf(iam.one('users', p.UserName)) } }),
  GetGroup: (iam, p) => {
    const group = iam.one('groups', p.GroupName)
    const page = paged([...group.members], p)
    return { Group: groupView(group), Users: page.items.map((name) => userView(iam.users.get(name))), ...page.rest }
  },
  ListPolicyVersions: (iam, p) => {
    const { versions } = iam.one('policies', p.PolicyArn)
    return listed('Versions', versions.map((it) => versionView(it, { document: false })), p)
  },
  ListEntitiesForPolicy: (iam, p) => {
    if (!p.PolicyArn.startsWith('arn:aws:iam::aws:')) iam.one('policies', p.PolicyArn)
    const { roles, groups, users } = iam.holders(p.PolicyArn)
    const all = [
      ...roles.map((it) => ['PolicyRoles', { RoleName: it.name, RoleId: it.id }]),
      ...groups.map((it) => ['PolicyGroups', { GroupName: it.name, GroupId: it.id }]),
      ...users.map((it) => ['PolicyUsers', { UserName: it.name, UserId: it.id }]),
    ]
    const page = paged(all, p)
    const of = (kind) => page.items.filter(([its]) => its === kind).map(([, it]) => it)
    return { PolicyRoles: of('PolicyRoles'), PolicyGroups: of('PolicyGroups'), PolicyUsers: of('PolicyUsers'), ...page.rest }
  },
  ListInstanceProfilesForRole: (iam, p) => {
    iam.one('roles', p.RoleName)
    return listed('InstanceProfiles', iam.profilesOf(p.RoleName).map((it) => profileView(it, iam, { tags: false })), p)
  },
  ListInstanceProfileTags: (iam, p) => listed('Tags', tagsOf(iam.one('profiles', p.InstanceProfileName)), p),
  ListUserTags: (iam, p) => listed('Tags', tagsOf(iam.one('users', p.UserName)), p),
  ListRoles: (iam, p) => listed('Roles', [...iam.roles.values()].map((it) => roleView(it, { tags: false })), p),
  ListUsers: (iam, p) => listed('Users', [...iam.users.values()].map(userView), p),
  ListPolicies: (iam, p) => listed('Policies', [...iam.policies.values()].map((it) => policyView(it, iam, { tags: false })), p),
  ListInstanceProfiles: (iam, p) => listed('InstanceProfiles', [...iam.profiles.values()].map((it) => profileView(it, iam, { tags: false })), p),
  ListGroupsForUser: (iam, p) => {
    iam.one('users', p.UserName)
    return listed('Groups', [...iam.groups.values()].filter((it) => it.members.has(p.UserName)).map(groupView), p)
  },
  GetAccountSummary: () => {
    const quota = { AttachedPoliciesPerUserQuota: 10, AttachedPoliciesPerGroupQuota: 10, AttachedPoliciesPerRoleQuota: 10 }
    return { SummaryMap: { entry: Object.entries(quota).map(([key, value]) => ({ key, value })) } }
  },
  GetAccountAuthorizationDetails: (iam, p) => {
    const groupsOf = (user) => [...iam.groups.values()].filter((it) => it.members.has(user)).map((it) => it.name)
    const all = [
      ...[...iam.users.values()].map((it) => ['UserDetailList', {
        ...userView(it), GroupList: groupsOf(it.name), UserPolicyList: inlineOf(it),
        AttachedManagedPolicies: attachedTo(it), Tags: tagsOf(it),
      }]),
      ...[...iam.groups.values()].map((it) => ['GroupDetailList', {
        ...groupView(it), GroupPolicyList: inlineOf(it), AttachedManagedPolicies: attachedTo(it),
      }]),
      ...[...iam.roles.values()].map((it) => ['RoleDetailList', {
        ...roleView(it), RolePolicyList: inlineOf(it), AttachedManagedPolicies: attachedTo(it),
        InstanceProfileList: iam.profilesOf(it.name).map((profile) => profileView(profile, iam, { tags: false })),
      }]),
      ...[...iam.policies.values()].map((it) => ['Policies', {
        ...policyView(it, iam, { tags: false }), PolicyVersionList: it.versions.map((version) => versionView(version)),
      }]),
    ]
    const page = paged(all, p)
    const of = (kind) => ({ [kind]: page.items.filter(([its]) => its === kind).map(([, it]) => it) })
    return { ...of('UserDetailList'), ...of('GroupDetailList'), ...of('RoleDetailList'), ...of('Policies'), ...page.rest }
  },
}

for (const [word, { kind, name }] of Object.entries(holder)) {
  const one = (iam, p) => iam.one(kind, p[name])
  Object.assign(actions, {
    [`Attach${word}Policy`]: (iam, p) => {
      if (!p.PolicyArn.startsWith('arn:aws:iam::aws:')) iam.one('policies', p.PolicyArn)
      one(iam, p).attached.add(p.PolicyArn)
    },
    [`Detach${word}Policy`]: (iam, p) => {
      if (!one(iam, p).attached.delete(p.PolicyArn)) throw missing(`policy ${p.PolicyArn} of ${p[name]}`)
    },
    [`Put${word}Policy`]: (iam, p) => void one(iam, p).inline.set(p.PolicyName, p.PolicyDocument),
    [`Delete${word}Policy`]: (iam, p) => {
      if (!one(iam, p).inline.delete(p.PolicyName)) throw missing(`policy ${p.PolicyName} of ${p[name]}`)
    },
    [`Get${word}Policy`]: (iam, p) => {
      const text = one(iam, p).inline.get(p.PolicyName)
      if (text === undefined) throw missing(`policy ${p.PolicyName} of ${p[name]}`)
      return { [name]: p[name], PolicyName: p.PolicyName, PolicyDocument: encodeURIComponent(text) }
    },
    [`List${word}Policies`]: (iam, p) => listed('PolicyNames', [...one(iam, p).inline.keys()], p),
    [`ListAttached${word}Policies`]: (iam, p) => listed('AttachedPolicies', attachedTo(one(iam, p)), p),
  })
}

const tagged = { Role: ['roles', 'RoleName'], Policy: ['policies', 'PolicyArn'], InstanceProfile: ['profiles', 'InstanceProfileName'], User: ['users', 'UserName'] }
for (const [word, [kind, name]] of Object.entries(tagged)) {
  actions[`Tag${word}`] = (iam, p) => {
    for (const [key, value] of list(p, 'Tags')) iam.one(kind, p[name]).tags.set(key, value)
  }
  actions[`Untag${word}`] = (iam, p) => {
    for (const key of list(p, 'TagKeys')) iam.one(kind, p[name]).tags.delete(key)
  }
}

// --- XML ---

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/'
const ESCAPED = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escape = (text) => String(text).replace(/[&<>"]/g, (letter) => ESCAPED[letter])

function xml(value, within) {
  if (value === undefined || value === null) return ''
  if (Array.isArray(value)) return value.map((item) => `<${within}>${xml(item, 'member')}</${within}>`).join('')
  if (typeof value !== 'object') return escape(value)
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => (key === 'entry' ? xml(item, 'entry') : `<${key}>${xml(item, 'member')}</${key}>`))
    .join('')
}

function reply(action, result) {
  const inner = result === undefined ? '' : `<${action}Result>${xml(result)}</${action}Result>`
  return `<${action}Response xmlns="${NAMESPACE}">${inner}<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></${action}Response>`
}

export function error(code, message) {
  return `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escape(message)}</Message></Error><RequestId>0</RequestId></ErrorResponse>`
}
