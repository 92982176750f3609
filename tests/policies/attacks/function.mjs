// Attacks on the role of iam-preset: what somebody would have it do who found a mistake in its code, or
// could send it any request.

import { arn, attaching, calls, iam, s3, to } from '../calls.mjs'
import { arnOf, policiesOf } from '../function-role.mjs'

const { aws, own } = attaching
const ADMIN = aws('AdministratorAccess')
const ITSELF = arnOf('IamPresetRole')
const OWN = policiesOf('IamPresetRole')
const USER = iam('user/alice')
const FOREIGN_ROLE = iam('role/deployer')
/** The provider's own, here and in other Regions, for other functions and for the presets' roles. */
const PROVIDER_ROLES = [ITSELF, iam('role/account-presets-IamPreset-us-east-1'), arnOf('LambdaConcurrencyRole')]
const PROVIDER_POLICIES = [...policiesOf('IamPresetRole'), arnOf('PresetBoundary')]

/** A role of each preset. */
const ROLES = [
  'lithops-role',
  'lithops-role-ec2',
  'skypilot-v1',
  'SLIM-Extras_for_Lambda',
  'AWSBatchServiceRole',
  'tr-x-dev-ZappaLambdaExecutionRole',
  'orchestra-orchestra-task-python-0a1b2c3d',
].map((name) => iam(`role/${name}`))
/** The roles that are in instance profiles. */
const MACHINES = ['lithops-role-ec2', 'skypilot-v1', 'SLIM-Extras_ECS_for_EC2'].map((name) => iam(`role/${name}`))

/** What no preset makes. */
const FOREIGN = {
  role: FOREIGN_ROLE,
  policy: iam('policy/deployer'),
  group: iam('group/developers'),
  profile: iam('instance-profile/web'),
}

/** What the function puts on all that it makes and that can have tags. */
const MARKED = { 'aws:ResourceTag/account-presets:made-from': '0.1.0 skypilot' }
/** Made when an operator allowed the names. */
const OLD = {
  role: iam('role/team-sky'),
  policy: iam('policy/tools/team-sky-policy'),
  group: iam('group/account-presets/eu-west-1/old/Preset/0a1b2c3d/team-lithops-group'),
  profile: iam('instance-profile/team-sky'),
}
const DELETE = {
  role: 'iam:DeleteRole DeleteRolePolicy DetachRolePolicy UntagRole',
  policy: 'iam:DeletePolicy DeletePolicyVersion UntagPolicy',
  group: 'iam:DeleteGroup DeleteGroupPolicy DetachGroupPolicy RemoveUserFromGroup',
  profile: 'iam:DeleteInstanceProfile RemoveRoleFromInstanceProfile UntagInstanceProfile',
}

/** What was made under names that are not allowed any more can be looked at and deleted. */
export const FORMER = [
  {
    what: 'look at what is there, or is not',
    calls: [
      ...calls('iam:GetRole GetRolePolicy ListAttachedRolePolicies ListInstanceProfilesForRole ListRolePolicies', [
        OLD.role,
        FOREIGN_ROLE,
      ]),
      ...calls('iam:GetPolicy GetPolicyVersion ListEntitiesForPolicy ListPolicyVersions', OLD.policy),
      ...calls('iam:GetGroup GetGroupPolicy ListAttachedGroupPolicies ListGroupPolicies', OLD.group),
      ...calls('iam:GetInstanceProfile', OLD.profile),
    ],
  },
  {
    what: 'delete what has the mark of a preset',
    calls: [
      ...calls(DELETE.role, OLD.role, MARKED),
      ...calls(DELETE.policy, OLD.policy, MARKED),
      ...calls(DELETE.profile, OLD.profile, MARKED),
      ...calls(DELETE.group, OLD.group),
    ],
  },
  {
    what: "take slim's policies off its users",
    calls: ['team-SLIM-User', 'tools/team-SLIM-PassRole'].flatMap((name) =>
      calls('iam:DetachUserPolicy', USER, own(name)),
    ),
  },
  {
    what: 'take a policy that the operator names off who was given it',
    parameters: { FormerPolicyNames: 'team-sky-policy,TeamDeployer' },
    calls: ['tools/team-sky-policy', 'TeamDeployer'].flatMap((name) => [
      ...calls('iam:DetachUserPolicy', USER, own(name)),
      ...calls('iam:DetachRolePolicy', FOREIGN_ROLE, own(name)),
      ...calls('iam:DetachGroupPolicy', iam('group/developers'), own(name)),
    ]),
  },
]

/** All that changes a role, but for policies that it gets, and all that changes a policy. */
const CHANGE_ANY_ROLE = `iam:DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy DetachRolePolicy
  PutRolePermissionsBoundary TagRole UntagRole UpdateAssumeRolePolicy UpdateRole`
const CHANGE_ROLE = `${CHANGE_ANY_ROLE} PutRolePolicy`
/** The roles that have an inline policy in some edition. */
const WITH_INLINE = [iam('role/skypilot-v1')]
const CHANGE_POLICY = 'iam:CreatePolicyVersion DeletePolicy DeletePolicyVersion TagPolicy UntagPolicy'

/** Parameters of the template that let consumers choose names like those of the function's own. */
const WIDE = { SkyPilotRoleName: 'account-presets-*', SkyPilotPolicyName: 'account-*', OrchestraPolicyName: 'a*' }

/** Parameters of the template that set a boundary: its own, or one of the operator's. */
export const BOUNDARIES = [{ PermissionsBoundary: 'PresetBoundary' }, { PermissionsBoundary: iam('policy/boundary') }]
export const boundaryOf = ({ PermissionsBoundary: it }) => (it === 'PresetBoundary' ? arnOf(it) : it)
const bounded = (boundary) => ({ 'iam:PermissionsBoundary': boundary })
const GIVE_POWER = 'iam:CreateRole PutRolePermissionsBoundary PutRolePolicy UpdateAssumeRolePolicy'

export const REFUSED = [
  // More power than the catalogue's.
  {
    what: 'attach AdministratorAccess to a role, a user or a group of users',
    calls: [
      ...calls('iam:AttachRolePolicy', [...ROLES, FOREIGN.role], ADMIN),
      ...calls('iam:AttachUserPolicy', USER, ADMIN),
      ...calls(
        'iam:AttachGroupPolicy',
        [iam('group/LithopsUserGroup'), iam('group/lithops-group'), FOREIGN.group],
        ADMIN,
      ),
    ],
  },
  {
    what: 'attach another managed policy that writes IAM',
    calls: ['IAMFullAccess', 'PowerUserAccess'].flatMap((name) => calls('iam:AttachRolePolicy', ROLES, aws(name))),
  },
  {
    what: "attach somebody's own policy",
    calls: [
      ...calls('iam:AttachRolePolicy', ROLES, own('deployer')),
      ...calls('iam:AttachUserPolicy', USER, own('deployer')),
      ...calls('iam:AttachGroupPolicy', iam('group/LithopsUserGroup'), own('deployer')),
    ],
  },
  {
    what: "attach one preset's policy to another's role",
    calls: [
      ...calls('iam:AttachRolePolicy', iam('role/lithops-role'), own('ZappaLambdaExecutionPolicy')),
      ...calls('iam:AttachRolePolicy', iam('role/skypilot-v1'), own('lithops-policy')),
    ],
  },
  {
    what: 'write an inline policy into a role whose preset has none',
    calls: calls(
      'iam:PutRolePolicy',
      ROLES.filter((role) => !WITH_INLINE.includes(role)),
    ),
  },
  {
    what: "attach one role's policy to another role of the preset that does not get it",
    calls: [
      ...calls('iam:AttachRolePolicy', iam('role/lithops-role'), own('lithops-batch-instance-policy')),
      ...calls('iam:AttachRolePolicy', iam('role/AWSBatchServiceRole'), aws('IAMReadOnlyAccess')),
      ...calls('iam:AttachRolePolicy', iam('role/orchestra-orchestra-task-python-0a1b2c3d'), own('orchestra-orchestra-compute-0a1b2c3d-policy')),
    ],
  },
  {
    what: "attach a preset's policy to somebody else's role",
    calls: [own('lithops-policy'), aws('AmazonS3FullAccess')].flatMap((policy) =>
      calls('iam:AttachRolePolicy', FOREIGN.role, policy),
    ),
  },
  {
    what: "attach a role's policy to a user",
    calls: ['lithops-policy', 'LambdaBatchExecutionPolicy', 'ZappaLambdaExecutionPolicy'].flatMap((name) =>
      calls('iam:AttachUserPolicy', USER, own(name)),
    ),
  },

  // Who allows administrators, and who does not: the default.
  {
    what: 'make somebody an administrator where the operator allows none',
    calls: [
      ...calls('iam:AddUserToGroup PutGroupPolicy', iam('group/lithops-administrators')),
      ...calls('iam:AttachGroupPolicy', iam('group/lithops-administrators'), ADMIN),
    ],
  },

  // A boundary of the operator's.
  ...BOUNDARIES.flatMap((parameters) => [
    {
      what: `give a role power that has no boundary, PermissionsBoundary ${parameters.PermissionsBoundary}`,
      parameters,
      calls: [
        ...calls(GIVE_POWER, ROLES),
        ...calls('iam:AttachRolePolicy', iam('role/lithops-role'), own('lithops-policy')),
      ],
    },
    {
      what: `give a role power that has another one, PermissionsBoundary ${parameters.PermissionsBoundary}`,
      parameters,
      calls: calls(GIVE_POWER, ROLES, bounded(iam('policy/wide'))),
    },
    {
      what: `drop the boundary of a role, PermissionsBoundary ${parameters.PermissionsBoundary}`,
      parameters,
      calls: calls('iam:DeleteRolePermissionsBoundary', ROLES, bounded(boundaryOf(parameters))),
    },
    {
      what: `change the boundary itself, PermissionsBoundary ${parameters.PermissionsBoundary}`,
      parameters: { ...parameters, ...WIDE, SkyPilotPolicyName: '*' },
      calls: calls(CHANGE_POLICY, boundaryOf(parameters)),
    },
  ]),

  // What is not a preset's.
  {
    what: 'delete what has another name and no mark of a preset',
    calls: [
      ...calls(DELETE.role, OLD.role),
      ...calls(DELETE.policy, OLD.policy),
      ...calls(DELETE.profile, OLD.profile),
      ...calls(DELETE.group, [FOREIGN.group, iam('group/team-lithops-group')]),
    ],
  },
  {
    what: 'do more with what has another name than delete it, whatever its mark is',
    calls: [
      ...calls(
        `iam:CreateRole DeleteRolePermissionsBoundary PutRolePermissionsBoundary PutRolePolicy TagRole
        UpdateAssumeRolePolicy UpdateRole`,
        OLD.role,
      ),
      ...calls('iam:PutRolePolicy UpdateAssumeRolePolicy TagRole', OLD.role, MARKED),
      ...calls('iam:AttachRolePolicy', OLD.role, own('team-sky-policy')),
      ...calls('iam:CreatePolicyVersion TagPolicy', OLD.policy, MARKED),
      ...calls('iam:AddRoleToInstanceProfile', OLD.profile, MARKED),
      ...calls('iam:AddUserToGroup PutGroupPolicy', OLD.group),
      ...calls('iam:AttachUserPolicy', USER, own('team-SLIM-User')),
      ...calls('iam:AttachUserPolicy', USER, own('team-sky-policy')),
    ],
  },
  {
    what: 'give anybody a policy that the operator allows no more',
    parameters: { FormerPolicyNames: 'team-sky-policy' },
    calls: [
      ...calls('iam:AttachUserPolicy', USER, own('team-sky-policy')),
      ...calls('iam:AttachRolePolicy', FOREIGN_ROLE, own('team-sky-policy')),
      ...calls('iam:CreatePolicyVersion DeletePolicy', iam('policy/team-sky-policy')),
    ],
  },
  {
    what: "take AWS's policies and others off a user, where the operator names former policies",
    parameters: { FormerPolicyNames: 'team-sky-policy' },
    calls: [ADMIN, own('deployer'), own('x-team-sky-policy')].flatMap((policy) =>
      calls('iam:DetachUserPolicy', USER, policy),
    ),
  },
  {
    what: 'make a role that ends like those of Zappa or Orchestra and begins otherwise',
    calls: calls(
      'iam:CreateRole PutRolePolicy',
      ['mine-ZappaLambdaExecutionRole', 'team/mine-orchestra-compute-01234567'].map((name) => iam(`role/${name}`)),
    ),
  },
  { what: 'make a role of another name', calls: calls('iam:CreateRole', FOREIGN.role) },
  {
    what: 'make a role that is only almost named like one of a preset',
    calls: calls(
      'iam:CreateRole',
      [
        'lithops-role-2',
        'my-lithops-role',
        'skypilot-v10',
        'x-orchestra-compute-0',
        'x-ZappaLambdaExecutionRole-2',
      ].map((name) => iam(`role/${name}`)),
    ),
  },
  { what: "change or delete somebody else's role", calls: calls(CHANGE_ROLE, FOREIGN.role) },
  { what: "write an inline policy into somebody else's role", calls: calls('iam:PutRolePolicy', FOREIGN.role) },
  { what: "rewrite the trust of somebody else's role", calls: calls('iam:UpdateAssumeRolePolicy', FOREIGN.role) },
  {
    what: "put a boundary on somebody else's role, or drop it",
    calls: calls('iam:PutRolePermissionsBoundary DeleteRolePermissionsBoundary', FOREIGN.role),
  },
  {
    what: "detach somebody's policy from somebody else's role, user or group",
    calls: [ADMIN, own('deployer')].flatMap((policy) => [
      ...calls('iam:DetachRolePolicy', FOREIGN.role, policy),
      ...calls('iam:DetachUserPolicy', USER, policy),
      ...calls('iam:DetachGroupPolicy', FOREIGN.group, policy),
    ]),
  },
  { what: 'make a policy of another name', calls: calls('iam:CreatePolicy', FOREIGN.policy) },
  { what: "change or delete somebody else's policy", calls: calls(CHANGE_POLICY, FOREIGN.policy) },
  {
    what: 'bring an older version of a policy back',
    calls: calls('iam:SetDefaultPolicyVersion', [FOREIGN.policy, iam('policy/lithops-policy')]),
  },
  {
    what: "change somebody else's group",
    calls: calls('iam:AddUserToGroup DeleteGroup PutGroupPolicy RemoveUserFromGroup UpdateGroup', FOREIGN.group),
  },
  {
    what: "change somebody else's instance profile",
    calls: calls(
      'iam:AddRoleToInstanceProfile DeleteInstanceProfile RemoveRoleFromInstanceProfile TagInstanceProfile',
      FOREIGN.profile,
    ),
  },

  // Passing roles on.
  {
    what: 'pass the role of an instance profile to another service than EC2',
    calls: ['lambda', 'ecs-tasks', 'glue', 'cloudformation', 'states', 'batch'].flatMap((service) =>
      calls('iam:PassRole', MACHINES, to(service)),
    ),
  },
  { what: 'pass a role without saying to whom', calls: calls('iam:PassRole', MACHINES) },
  {
    what: "pass somebody else's role",
    calls: ['ec2', 'lambda'].flatMap((service) => calls('iam:PassRole', FOREIGN.role, to(service))),
  },
  {
    what: 'pass a role that is in no instance profile',
    calls: ['ec2', 'lambda'].flatMap((service) =>
      calls(
        'iam:PassRole',
        ROLES.filter((role) => !MACHINES.includes(role)),
        to(service),
      ),
    ),
  },

  // Users.
  { what: 'make, rename or delete a user', calls: calls('iam:CreateUser UpdateUser DeleteUser', USER) },
  { what: 'make an access key', calls: calls('iam:CreateAccessKey UpdateAccessKey', USER) },
  { what: 'make or change a password', calls: calls('iam:CreateLoginProfile UpdateLoginProfile', USER) },
  {
    what: 'make other credentials',
    calls: calls('iam:CreateServiceSpecificCredential UploadSSHPublicKey UploadSigningCertificate', USER),
  },
  { what: 'take away a second factor', calls: calls('iam:DeactivateMFADevice', USER) },
  { what: 'write an inline policy into a user', calls: calls('iam:PutUserPolicy DeleteUserPolicy', USER) },
  {
    what: "change a user's boundary",
    calls: calls('iam:PutUserPermissionsBoundary DeleteUserPermissionsBoundary', USER),
  },
  {
    what: "set or take away a user's other tags",
    calls: [['team'], ['account-presets:x', 'team'], ['account-presets']].flatMap((keys) =>
      calls('iam:TagUser UntagUser', USER, { 'aws:TagKeys': keys }),
    ),
  },
  { what: "set or take away a user's tags without saying which", calls: calls('iam:TagUser UntagUser', USER) },

  // Itself.
  {
    what: 'change its own role',
    calls: [...calls(CHANGE_ROLE, ITSELF), ...calls('iam:AttachRolePolicy', ITSELF, ADMIN)],
  },
  { what: 'change its own policies', calls: calls(CHANGE_POLICY, OWN) },
  {
    what: 'pass its own role',
    calls: ['ec2', 'lambda'].flatMap((service) => calls('iam:PassRole', ITSELF, to(service))),
  },
  {
    what: "give itself the policy of Orchestra's deployer",
    calls: calls('iam:AttachRolePolicy', ITSELF, own('OrchestraEcsComputeDeployer')),
  },
  {
    what: 'change or pass its own role where names are wide',
    parameters: WIDE,
    calls: [
      ...calls(CHANGE_ROLE, PROVIDER_ROLES),
      ...calls(DELETE.role, PROVIDER_ROLES, MARKED),
      ...calls('iam:AttachRolePolicy', PROVIDER_ROLES, aws('AmazonS3FullAccess')),
      ...calls('iam:PassRole', PROVIDER_ROLES, to('ec2')),
    ],
  },
  {
    what: 'change its own policies where names are wide',
    parameters: WIDE,
    calls: [...calls(CHANGE_POLICY, PROVIDER_POLICIES), ...calls(DELETE.policy, PROVIDER_POLICIES, MARKED)],
  },
  {
    what: 'give its own policies to others where names are wide',
    parameters: WIDE,
    calls: PROVIDER_POLICIES.flatMap((policy) => [
      ...calls('iam:AttachUserPolicy', USER, { 'iam:PolicyARN': policy }),
      ...calls('iam:AttachGroupPolicy', FOREIGN.group, { 'iam:PolicyARN': policy }),
      ...calls('iam:AttachRolePolicy', [FOREIGN.role, iam('role/account-presets-x')], { 'iam:PolicyARN': policy }),
    ]),
  },
  {
    what: 'change or invoke a function, itself too',
    calls: calls(
      'lambda:UpdateFunctionCode UpdateFunctionConfiguration AddPermission InvokeFunction',
      [arnOf('IamPresetFunction'), arnOf('LambdaConcurrencyFunction')],
    ),
  },
  {
    what: 'delete its log',
    calls: [
      ...calls('logs:DeleteLogGroup PutRetentionPolicy', arnOf('IamPresetLogGroup').replace(/:\*$/, '')),
      ...calls('logs:DeleteLogStream', arnOf('IamPresetLogGroup').replace(/\*$/, 'log-stream:x')),
    ],
  },

  // The account.
  { what: 'assume a role', calls: calls('sts:AssumeRole', [...ROLES, FOREIGN.role]) },
  {
    what: 'make the service-linked role of another service',
    calls: calls(
      'iam:CreateServiceLinkedRole',
      iam('role/aws-service-role/organizations.amazonaws.com/AWSServiceRoleForOrganizations'),
      { 'iam:AWSServiceName': 'organizations.amazonaws.com' },
    ),
  },
  {
    what: 'delete or change a service-linked role',
    calls: calls(
      'iam:DeleteServiceLinkedRole UpdateRole UpdateRoleDescription TagRole',
      iam('role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot'),
    ),
  },
  {
    what: 'let other identity providers in',
    calls: [
      ...calls('iam:CreateSAMLProvider UpdateSAMLProvider', iam('saml-provider/x')),
      ...calls('iam:CreateOpenIDConnectProvider', iam('oidc-provider/x')),
    ],
  },
  {
    what: 'change the account',
    calls: [
      ...calls('iam:UpdateAccountPasswordPolicy DeleteAccountPasswordPolicy CreateAccountAlias'),
      ...calls('organizations:LeaveOrganization'),
    ],
  },
  {
    what: "read or change what is not IAM's",
    calls: [
      ...calls('s3:GetObject PutObject', s3('bucket/key')),
      ...calls('secretsmanager:GetSecretValue', arn('secretsmanager', 'secret:x-AbCdEf')),
      ...calls('ec2:RunInstances TerminateInstances', arn('ec2', 'instance/i-0')),
      ...calls('cloudformation:UpdateStack', arn('cloudformation', 'stack/x/y')),
    ],
  },
]

/** What IAM cannot tell from the function's work, and why. Its code does, by the tags of owners. */
export const LEFT = [
  {
    what: 'any inline policy in a role whose preset has one',
    why: 'What a document says is no condition key. PermissionsBoundary of the template limits what it grants.',
    calls: calls('iam:PutRolePolicy', WITH_INLINE),
  },
  {
    what: 'any trust in a role of a preset',
    why: 'The same. Presets take no principals from a request.',
    calls: calls('iam:UpdateAssumeRolePolicy', ROLES),
  },
  {
    what: 'any text in a policy of a preset',
    why: 'The same.',
    calls: calls(
      'iam:CreatePolicyVersion',
      ['lithops-policy', 'minimal-skypilot-policy', 'SLIM-PassRole', 'ZappaLambdaDeploymentPolicy'].map((name) =>
        iam(`policy/${name}`),
      ),
    ),
  },
  {
    what: "any inline policy in a preset's groups, and any text in what its users and groups hold",
    why: 'The same, and the boundary of the template is one of roles: users and groups are held by none.',
    parameters: { PermissionsBoundary: 'PresetBoundary' },
    calls: [
      ...calls('iam:PutGroupPolicy', iam('group/LithopsUserGroup')),
      ...calls('iam:CreatePolicyVersion', [iam('policy/lithops-client-policy'), iam('policy/SLIM-User')]),
    ],
  },
  {
    what: 'a role of a name of a preset that somebody else made',
    why: "The key of an owner's tag ends in a digest, so no condition can name it.",
    calls: calls(CHANGE_ANY_ROLE, iam('role/service-role/AWSBatchServiceRole')),
  },
  {
    what: 'less power for a role of a name of a preset that somebody else made, whatever the boundary',
    why: 'What was made before the boundary has to go.',
    parameters: { PermissionsBoundary: 'PresetBoundary' },
    calls: calls('iam:DeleteRole DeleteRolePolicy DetachRolePolicy', iam('role/service-role/AWSBatchServiceRole')),
  },
  {
    what: "a role that begins and ends like those of Zappa, and somebody's that has the mark of a preset",
    why: "What is between is the consumer's to choose; and whoever may tag a role may give it the mark.",
    calls: [
      ...calls('iam:UpdateAssumeRolePolicy', iam('role/tr-mine-ZappaLambdaExecutionRole')),
      ...calls(DELETE.role, FOREIGN_ROLE, MARKED),
    ],
  },
  {
    what: "the boundary of a preset's role",
    why: 'Without PermissionsBoundary of the template, an Update may ask for another one, or for none.',
    calls: calls('iam:PutRolePermissionsBoundary DeleteRolePermissionsBoundary', iam('role/lithops-role')),
  },
  {
    what: "somebody's policy on a preset's role or group",
    why: 'What is deleted takes along what hangs on it.',
    calls: [
      ...calls('iam:DetachRolePolicy', iam('role/lithops-role'), own('deployer')),
      ...calls('iam:DetachGroupPolicy', iam('group/LithopsUserGroup'), own('deployer')),
    ],
  },
  {
    what: "a user's policy of the catalogue on any user, or off it",
    why: "The users are the consumer's, so their names are not known.",
    calls: [own('ZappaLambdaDeploymentPolicy'), aws('AWSLambda_FullAccess')].flatMap((policy) =>
      calls('iam:AttachUserPolicy DetachUserPolicy', USER, policy),
    ),
  },
  {
    what: "the policy of Orchestra's deployer on any role or group",
    why: 'So are the roles and groups of who applies the module.',
    calls: [
      ...calls('iam:AttachRolePolicy', FOREIGN.role, own('OrchestraEcsComputeDeployer')),
      ...calls('iam:AttachGroupPolicy', FOREIGN.group, own('OrchestraEcsComputeDeployer')),
    ],
  },
  {
    what: "any user in a preset's group",
    why: 'iam:AddUserToGroup has no condition key for the user.',
    calls: calls('iam:AddUserToGroup', [iam('group/LithopsUserGroup'), iam('group/lithops-group')]),
  },
  {
    what: 'administrators where AllowAdminEquivalent is true',
    why: 'AdministratorsGroup of the preset lithops asks for them.',
    parameters: { AllowAdminEquivalent: 'true' },
    calls: [
      ...calls('iam:AddUserToGroup', iam('group/lithops-administrators')),
      ...calls('iam:AttachGroupPolicy', iam('group/lithops-administrators'), ADMIN),
    ],
  },
]
