//! The only seam between the plan and AWS.

mod apply;
mod call;
mod calls;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
mod read_only;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::{Future, ready};
use std::time::Duration;

use tokio::time::Instant;

use crate::cfn::{Past, StackPart};
use crate::plan::{Attachable, Change, Scope};
use crate::state::{Id, Object, Owner, Owners, PolicyDocument, State};
pub use apply::{apply, apply_together, are_one_call, marks_a_user};
pub use call::Call;
pub use calls::calls;
pub use read_only::ReadOnly;

/// An account's IAM, as far as presets are concerned.
pub trait Cloud {
    /// Returns the existing objects of `scope.ids`, with all their links: policies and instance
    /// profiles of a role, members of a group, holders of a policy, of any owner.
    ///
    /// # Errors
    ///
    /// The call that failed for another reason than a missing object.
    fn observe(&self, scope: &Scope) -> impl Future<Output = Result<State, CallError>>;

    /// Returns the owners of the existing objects of `scope.ids`, and of the claims on its users: a
    /// call for each object, where [`observe`](Cloud::observe) makes several.
    ///
    /// # Errors
    ///
    /// The call that failed for another reason than a missing object.
    fn marks(&self, scope: &Scope) -> impl Future<Output = Result<Marks, CallError>> {
        async {
            let observed = self.observe(scope).await?;
            let owners = |(id, object): (&Id, &Object)| (id.clone(), object.owners.clone());
            Ok(observed.iter().map(owners).collect())
        }
    }

    /// Makes one call. A compound one is several to IAM.
    ///
    /// # Errors
    ///
    /// The call that failed, with IAM's error code. `EntityAlreadyExists` says that a name is
    /// taken, also where IAM has other words for it.
    fn send(&self, call: &Call) -> impl Future<Output = Result<(), CallError>>;

    /// Returns all objects in the account that carry the owner's mark, under any name: the account
    /// is read as a whole, which takes a call for each policy and instance profile. For requests
    /// with properties that may not be those under which the objects were made.
    ///
    /// `scope` has the policies that an attachment to a user may be about.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn find(&self, me: &Owner, scope: &Scope) -> impl Future<Output = Result<Found, CallError>> {
        let _ = (me, scope);
        ready(Err(CallError::unsupported("find")))
    }

    /// The ARNs of all roles.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn role_arns(&self) -> impl Future<Output = Result<Vec<String>, CallError>> {
        ready(Err(CallError::unsupported("role ARNs")))
    }

    /// Returns the documents of managed policies, by their ARNs. Those that do not exist are left
    /// out.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn documents(
        &self,
        policy_arns: &BTreeSet<String>,
    ) -> impl Future<Output = Result<BTreeMap<String, PolicyDocument>, CallError>> {
        let _ = policy_arns;
        ready(Err(CallError::unsupported("documents")))
    }

    /// The customer managed policies of the account, and their paths. IAM keeps one of a name,
    /// across all paths.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn policy_paths(&self) -> impl Future<Output = Result<BTreeMap<Id, String>, CallError>> {
        ready(Ok(BTreeMap::new()))
    }

    /// The users, groups and roles of the account, as IAM spells them. It is read as a whole: for
    /// the reason of a request that names a missing user, group or role.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn names(&self) -> impl Future<Output = Result<BTreeSet<Id>, CallError>> {
        ready(Ok(BTreeSet::new()))
    }

    /// Returns the account's quotas of managed policies on one user, group or role.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn attachable(&self) -> impl Future<Output = Result<Attachable, CallError>> {
        ready(Err(CallError::unsupported("quotas")))
    }

    /// Returns the last status of a resource in a stack's events.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn stack_status(
        &self,
        stack_id: &str,
        of: StackPart<'_>,
    ) -> impl Future<Output = Result<StackStatus, CallError>> {
        let _ = (stack_id, of);
        ready(Ok(StackStatus::Unknown))
    }

    /// Returns all owners of objects in the account.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn owners(&self) -> impl Future<Output = Result<Owners, CallError>> {
        ready(Err(CallError::unsupported("owners")))
    }

    /// Returns the last completed request of a stack's resource, by CloudFormation's events.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn past(
        &self,
        stack_id: &str,
        logical_id: &str,
    ) -> impl Future<Output = Result<Past, CallError>> {
        let _ = (stack_id, logical_id);
        ready(Err(CallError::unsupported("events of stacks")))
    }

    /// The time, by which long waits are told from short ones.
    fn now(&self) -> Instant {
        Instant::now()
    }

    /// Returns when the new object is visible to every caller, as far as that can be told, or after
    /// `longest`: a stack's next resource may need it at once.
    fn until_seen(&self, made: &Change, longest: Duration) -> impl Future<Output = ()> {
        let _ = (made, longest);
        ready(())
    }

    /// Returns the links of which a call was begun here and has no known end, and forgets them: AWS
    /// may have carried it out when nothing looked any more. A link of which AWS refused each
    /// attempt is none of them.
    fn take_unfinished(&self) -> BTreeSet<Id> {
        BTreeSet::new()
    }

    /// Waits long enough for a concurrent invocation to make its next write.
    fn wait(&self) -> impl Future<Output = ()> {
        ready(())
    }

    /// Waits until every copy of IAM shows the writes of a moment ago, as far as that can be told.
    fn wait_for_copies(&self) -> impl Future<Output = ()> {
        ready(())
    }
}

/// The owners of objects, and of claims on users.
pub type Marks = BTreeMap<Id, Owners>;

/// The objects that carry an owner's mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Objects, and the policies that users got.
    pub ids: BTreeSet<Id>,
    /// The paths of the policies.
    pub paths: BTreeSet<String>,
}

/// The status of a stack or a resource, in CloudFormation's newest event of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StackStatus {
    /// The newest event.
    Is {
        /// As in `UPDATE_IN_PROGRESS`.
        status: String,
        /// Of which of the resource's lives: after a replacement its old half goes last.
        physical_id: Option<String>,
    },
    /// The stack does not exist, or never had the resource.
    None,
    /// It cannot be told.
    Unknown,
}

/// The result of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was made now.
    Now,
    /// It had been made before, by a delivery of the same request.
    Before,
    /// It had been made before, in another form: this change was made instead.
    Instead(Box<Change>),
}

/// A call to AWS that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The action that an operator may have to grant, for example `iam:CreateRole`.
    pub action: &'static str,
    /// The target of the call, for example a role's name.
    pub target: String,
    /// AWS's error code, for example `AccessDenied`.
    pub code: String,
    /// AWS's words.
    pub message: String,
}

impl CallError {
    /// The code of a call that was not made, because the work had to stop.
    pub const NOT_BEGUN: &str = "NotBegun";
    /// The code of a call that has no reply of AWS's.
    pub const NO_ANSWER: &str = "NoAnswer";

    /// True if AWS may have carried out the call, or an attempt of it that was given up: the last
    /// reply decides nothing.
    pub fn is_undecided(&self) -> bool {
        const UNDECIDED: [&str; 7] = [
            CallError::NO_ANSWER,
            "InternalFailure",
            "RequestLimitExceeded",
            "ServiceFailure",
            "ServiceUnavailable",
            "Throttling",
            "ThrottlingException",
        ];
        UNDECIDED.contains(&self.code.as_str())
    }
}

impl CallError {
    /// The error of a partial account in tests, for a method that it does not offer.
    fn unsupported(what: &str) -> Self {
        let (target, message) = (what.to_owned(), "this account does not offer it".to_owned());
        CallError { action: "cloud:Unsupported", target, code: "Unsupported".to_owned(), message }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CallError { action, target, code, message } = self;
        write!(f, "{action} `{target}`: {code}: {message}")
    }
}

impl std::error::Error for CallError {}
