//! The only seam between the plan and AWS.

#[cfg(any(test, feature = "fake"))]
pub mod fake;

use std::fmt;
use std::future::Future;

use crate::plan::{Change, Scope};
use crate::state::State;

/// An account's IAM, as far as presets are concerned.
pub trait Cloud {
    /// Everything that is there of `scope.ids`, and everything that hangs on it: policies and
    /// instance profiles of a role, members of a group, users of a policy, whoever made them.
    ///
    /// # Errors
    ///
    /// The call that failed for another reason than that there is nothing.
    fn observe(&self, scope: &Scope) -> impl Future<Output = Result<State, CallError>>;

    /// Makes one change. Doing it again, after a crash or an answer that was lost, is no error.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn apply(&self, change: &Change) -> impl Future<Output = Result<Applied, CallError>>;

    /// Returns when what was made is seen by whoever asks, as far as that can be told: a stack's
    /// next resource may need it at once.
    fn settle(&self, _made: &[Change]) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    /// Lets a moment pass in which another delivery may do what it is about to do.
    fn wait(&self) -> impl Future<Output = ()> {
        std::future::ready(())
    }
}

/// What a change came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was made now.
    Now,
    /// It had been made before, by a delivery of the same request.
    Before,
}

/// A call to AWS that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallError {
    /// The action that an operator may have to grant, for example `iam:CreateRole`.
    pub action: &'static str,
    /// What the call was about, for example a role's name.
    pub target: String,
    /// AWS's error code, for example `AccessDenied`.
    pub code: String,
    /// AWS's words.
    pub message: String,
}

impl CallError {
    /// The code of a call that was not made, because the work had to stop.
    pub const NOT_BEGUN: &str = "NotBegun";
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CallError { action, target, code, message } = self;
        write!(f, "{action} `{target}`: {code}: {message}")
    }
}

impl std::error::Error for CallError {}
