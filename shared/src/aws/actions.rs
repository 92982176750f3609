//! Every IAM action that the code calls. The template grants these and no others; a test holds
//! both to it.

use std::fmt;

macro_rules! actions {
    ($($name:ident),+ $(,)?) => {
        /// An IAM action.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the names are AWS's own")]
        pub enum Action { $($name),+ }

        impl Action {
            /// All actions.
            pub const ALL: &[Action] = &[$(Action::$name),+];

            /// As it stands in a policy, for example `iam:CreateRole`.
            pub fn as_str(self) -> &'static str {
                match self { $(Action::$name => concat!("iam:", stringify!($name))),+ }
            }
        }
    };
}

actions!(
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
    ListInstanceProfilesForRole,
    ListPolicyVersions,
    ListRolePolicies,
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
    UpdateRole,
);

/// Needed by `iam:AddRoleToInstanceProfile`, though no call has this name.
pub const PASS_ROLE: &str = "iam:PassRole";

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Action;

    #[test]
    fn each_action_is_called_and_each_call_is_an_action() {
        let code = [include_str!("iam/observe.rs"), include_str!("iam/apply.rs")].concat();
        let code: String = code.split_whitespace().collect();
        for action in Action::ALL {
            let name = format!("Action::{action:?}");
            let called = code.match_indices(&name).any(|(at, _)| {
                !code[at + name.len()..].starts_with(|next: char| next.is_ascii_alphanumeric())
            });
            assert!(called, "{name} is called nowhere");
        }
        // `self.client` is only ever used next to the action that it calls.
        assert_eq!(code.matches("self.client").count(), code.matches("Action::").count());
    }
}
