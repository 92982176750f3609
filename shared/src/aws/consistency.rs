//! IAM's eventual consistency, in one table: transient refusals, because a new object is not
//! visible everywhere yet, or a removed one still is, or because another caller changes the same
//! object.
//!
//! Throttling is [`pace`](super::pace)'s business, and server errors are the SDK's own.

use std::time::Duration;

use aws_sdk_iam::config::Builder;
use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::operation as op;
use aws_smithy_runtime_api::client::interceptors::context::{Error, InterceptorContext};
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use tokio::time::Instant;

use super::call::{Called, NoteRefusals};
use super::pace::AgainAtItsTurn;
use super::reply::Refusal;

/// The time after its start in which a process may be denied calls that its role allows: the role
/// may be as new as the process.
const NEW_ROLE: Duration = Duration::from_secs(30);

/// Tries of a call with a transient refusal, half a minute in all. A refusal that has not passed by
/// then is a mistake, and is reported.
pub(super) const TRIES: u32 = 16;

/// The codes with which IAM refuses any write while another one of the same object is under way.
/// That is no mistake, so it is tried for as long as throttling is. IAM's model names the first for
/// some actions only, and IAM has answered further ones with it
/// (<https://github.com/hashicorp/terraform-provider-aws/issues/34371>).
const BUSY: [&str; 2] = ["ConcurrentModification", "EntityTemporarilyUnmodifiable"];

/// Lets a client of IAM retry transient refusals.
pub(super) fn outlast(config: Builder) -> Builder {
    trying_again(config, Some(Instant::now()))
}

/// The same for a person's command: no role is as new as it, so a denial is not transient.
pub(super) fn outlast_for_a_person(config: Builder) -> Builder {
    trying_again(config, None)
}

fn trying_again(config: Builder, start: Option<Instant>) -> Builder {
    config
        .interceptor(NoteRefusals)
        .retry_classifier(AgainAtItsTurn)
        .retry_classifier(EventualConsistency { start })
}

/// Lets one call of a client try again while a profile is full: the role that was just removed
/// from it may still be seen in it.
pub(super) fn outlast_a_full_profile() -> Builder {
    Builder::new().retry_classifier(FullProfile)
}

/// Says of each failed call whether to try it again.
#[derive(Debug)]
struct EventualConsistency {
    start: Option<Instant>,
}

impl EventualConsistency {
    fn role_is_new(&self) -> bool {
        self.start.is_some_and(|start| start.elapsed() < NEW_ROLE)
    }
}

impl ClassifyRetry for EventualConsistency {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let refusal = context.response().and_then(Refusal::read);
        let is_busy = refusal.as_ref().is_some_and(|it| BUSY.contains(&it.code.as_str()));
        let error = context.output_or_error().and_then(Result::err);
        let error = error.and_then(|error| error.as_operation_error());
        let refused = || self.role_is_new() && refusal.as_ref().is_some_and(is_missing_grant);
        if is_busy || (!is_over() && (error.is_some_and(passes) || refused())) {
            RetryAction::server_error()
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "IAM's eventual consistency"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

#[derive(Debug)]
struct FullProfile;

impl ClassifyRetry for FullProfile {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let refusal = context.response().and_then(Refusal::read);
        if !is_over() && refusal.is_some_and(|refusal| refusal.code == "LimitExceeded") {
            RetryAction::server_error()
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "a profile that is full for a moment"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// True if the call has had its tries.
fn is_over() -> bool {
    Called::now().is_some_and(|called| called.failed() >= TRIES)
}

/// True if no policy allows the call, in IAM's words: an explicit denial is not transient.
fn is_missing_grant(refusal: &Refusal) -> bool {
    refusal.code == "AccessDenied"
        && refusal.message.contains("not authorized to perform")
        && !refusal.message.contains("with an explicit deny")
}

/// True if a row of the table has the operation, its error code and a text of its message.
macro_rules! table {
    ($error:ident: $($operation:ty, $code:literal, $says:expr;)+) => {
        false $(|| $error.downcast_ref::<$operation>().is_some_and(|error| {
            error.code() == Some($code) && $says(error.message().unwrap_or_default())
        }))+
    };
}

fn passes(error: &Error) -> bool {
    let any = |_: &str| true;
    let principal = |message: &str| message.contains("Invalid principal in policy");
    let profile = |message: &str| message.contains("Invalid IAM Instance Profile");
    // An AWS managed policy that does not exist never will.
    let end = |message: &str| !message.contains(":iam::aws:policy/");
    table! { error:
        // A principal of a trust policy that was just made.
        op::create_role::CreateRoleError, "MalformedPolicyDocument", principal;
        op::update_assume_role_policy::UpdateAssumeRolePolicyError, "MalformedPolicyDocument", principal;
        // An end of a link that was just made.
        op::attach_role_policy::AttachRolePolicyError, "NoSuchEntity", end;
        op::attach_group_policy::AttachGroupPolicyError, "NoSuchEntity", end;
        op::attach_user_policy::AttachUserPolicyError, "NoSuchEntity", end;
        op::put_role_policy::PutRolePolicyError, "NoSuchEntity", end;
        op::put_group_policy::PutGroupPolicyError, "NoSuchEntity", end;
        op::add_user_to_group::AddUserToGroupError, "NoSuchEntity", end;
        op::add_role_to_instance_profile::AddRoleToInstanceProfileError, "NoSuchEntity", end;
        op::add_role_to_instance_profile::AddRoleToInstanceProfileError, "InvalidInput", profile;
        // A link that was just removed.
        op::delete_role::DeleteRoleError, "DeleteConflict", any;
        op::delete_policy::DeletePolicyError, "DeleteConflict", any;
        op::delete_group::DeleteGroupError, "DeleteConflict", any;
        op::delete_instance_profile::DeleteInstanceProfileError, "DeleteConflict", any;
    }
}
