//! Every action that the code calls. The template grants each function its own and no other one; a
//! test holds both to it.

use std::fmt;

macro_rules! actions {
    ($(#[$doc:meta])+ $actions:ident { $($service:literal: $($name:ident),+;)+ }) => {
        $(#[$doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the names are AWS's own")]
        pub enum $actions { $($($name),+),+ }

        impl $actions {
            /// All actions.
            pub const ALL: &[$actions] = &[$($($actions::$name),+),+];

            /// As it stands in a policy, for example `iam:CreateRole`.
            pub fn as_str(self) -> &'static str {
                match self { $($($actions::$name => concat!($service, ":", stringify!($name))),+),+ }
            }
        }

        impl fmt::Display for $actions {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

actions! {
    /// An action of `Custom::IamPreset`.
    Action {
        "iam":
            AddRoleToInstanceProfile,
            AddUserToGroup,
            AttachGroupPolicy,
            AttachRolePolicy,
            AttachUserPolicy,
            CreateGroup,
            CreateInstanceProfile,
            CreatePolicy,
            CreatePolicyVersion,
            CreateRole,
            CreateServiceLinkedRole,
            DeleteGroup,
            DeleteGroupPolicy,
            DeleteInstanceProfile,
            DeletePolicy,
            DeletePolicyVersion,
            DeleteRole,
            DeleteRolePermissionsBoundary,
            DeleteRolePolicy,
            DetachGroupPolicy,
            DetachRolePolicy,
            DetachUserPolicy,
            GetAccountAuthorizationDetails,
            GetAccountSummary,
            GetGroup,
            GetGroupPolicy,
            GetInstanceProfile,
            GetPolicy,
            GetPolicyVersion,
            GetRole,
            GetRolePolicy,
            ListAttachedGroupPolicies,
            ListAttachedRolePolicies,
            ListAttachedUserPolicies,
            ListEntitiesForPolicy,
            ListGroupPolicies,
            ListInstanceProfiles,
            ListInstanceProfilesForRole,
            ListPolicies,
            ListPolicyVersions,
            ListRolePolicies,
            ListRoles,
            ListUserTags,
            PutGroupPolicy,
            PutRolePermissionsBoundary,
            PutRolePolicy,
            RemoveRoleFromInstanceProfile,
            RemoveUserFromGroup,
            TagInstanceProfile,
            TagPolicy,
            TagRole,
            TagUser,
            UntagInstanceProfile,
            UntagPolicy,
            UntagRole,
            UntagUser,
            UpdateAssumeRolePolicy,
            UpdateRole;
    }
}

actions! {
    /// An action of `Custom::LambdaConcurrency`.
    QuotaAction {
        "lambda":
            GetAccountSettings;
        "servicequotas":
            GetAWSDefaultServiceQuota,
            GetServiceQuota,
            ListRequestedServiceQuotaChangeHistoryByQuota,
            RequestServiceQuotaIncrease;
    }
}

actions! {
    /// An action of `Custom::QuotaTemplate`.
    TemplateAction {
        "lambda":
            ListTags,
            TagResource,
            UntagResource;
        "servicequotas":
            AssociateServiceQuotaTemplate,
            DeleteServiceQuotaIncreaseRequestFromTemplate,
            DisassociateServiceQuotaTemplate,
            GetAssociationForServiceQuotaTemplate,
            ListServiceQuotaIncreaseRequestsInTemplate,
            PutServiceQuotaIncreaseRequestIntoTemplate;
    }
}

actions! {
    /// An action of both: CloudFormation's present work on a stack.
    StackAction {
        "cloudformation":
            DescribeStackEvents;
    }
}

/// True if the action, as it stands in a policy, changes nothing.
pub(crate) fn only_looks(action: &str) -> bool {
    let (_, verb) = action.split_once(':').unwrap_or_default();
    ["Get", "List", "Describe"].iter().any(|read| verb.starts_with(read))
}

/// Needed by `iam:AddRoleToInstanceProfile`, though no call has this name.
pub const PASS_ROLE: &str = "iam:PassRole";

/// Needed by `servicequotas:RequestServiceQuotaIncrease` in an account that never asked for more
/// of anything: Service Quotas makes its own role then. No call has this name.
pub const CREATE_SERVICE_LINKED_ROLE: &str = "iam:CreateServiceLinkedRole";

/// Needed by the calls about the quota request template: Service Quotas answers them by the
/// caller's rights on AWS Organizations. No call has these names. Source: the managed policy
/// `ServiceQuotasFullAccess`.
pub const OF_ORGANIZATIONS: [&str; 3] = [
    "organizations:DescribeOrganization",
    "organizations:EnableAWSServiceAccess",
    "organizations:ListAWSServiceAccessForOrganization",
];

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use super::{QuotaAction, StackAction, TemplateAction};

    /// Holds a list of actions to the files that call them, by way of these clients.
    fn assert_called<A: Debug>(actions: &[A], name: &str, code: &str, clients: &[&str]) {
        let code: String = code.split_whitespace().collect();
        for action in actions {
            let name = format!("{name}::{action:?}");
            let called = code.match_indices(&name).any(|(at, _)| {
                !code[at + name.len()..].starts_with(|next: char| next.is_ascii_alphanumeric())
            });
            assert!(called, "{name} is called nowhere");
        }
        // A client is only ever used next to the action that it calls.
        let used: usize = clients.iter().map(|client| code.matches(client).count()).sum();
        assert_eq!(used, code.matches(&format!("{name}::")).count());
    }

    #[test]
    fn each_action_is_called_and_each_call_is_an_action() {
        let quotas = include_str!("aws/quotas.rs");
        assert_called(QuotaAction::ALL, "QuotaAction", quotas, &["self.quotas", "self.lambda"]);
        let template = include_str!("aws/quota_template.rs");
        let clients = ["self.template", "self.function."];
        assert_called(TemplateAction::ALL, "TemplateAction", template, &clients);
        let stacks =
            [include_str!("aws/stack_events.rs"), include_str!("aws/stack_history.rs")].concat();
        assert_called(StackAction::ALL, "StackAction", &stacks, &["self.client"]);
    }
}
