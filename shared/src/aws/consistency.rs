//! IAM's eventual consistency, in one table: refusals that pass by themselves, because what was
//! just made is not seen everywhere yet, or what was just removed still is.
//!
//! Throttling and server errors are the SDK's own business.

use std::time::Duration;

use aws_sdk_iam::config::Builder;
use aws_sdk_iam::error::ProvideErrorMetadata;
use aws_sdk_iam::operation as op;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, Error, InterceptorContext,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use tokio::time::Instant;

/// So long after its start a process may be refused what its role allows: the role may be as new
/// as the process.
const NEW_ROLE: Duration = Duration::from_secs(30);

/// Tries of a call whose refusal should pass, half a minute in all. What has not passed by then
/// is a mistake, about which somebody waits to hear.
pub(super) const TRIES: u32 = 16;

/// The header of a reply that says to which try it is one.
const TRY: &str = "x-try";

/// Lets a client of IAM try again what passes by itself.
pub(super) fn outlast(config: Builder) -> Builder {
    let start = Instant::now();
    config.interceptor(CountTries).retry_classifier(EventualConsistency { start })
}

/// Tells the classifier the number of the try, which the SDK does not.
#[derive(Debug)]
struct CountTries;

#[dyn_dispatch_hint]
impl Intercept for CountTries {
    fn name(&self) -> &'static str {
        "the number of the try"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let tries = config.load::<RequestAttempts>().map_or(0, RequestAttempts::attempts);
        context.response_mut().headers_mut().insert(TRY, tries.to_string());
        Ok(())
    }
}

/// Says of each failed call whether to try it again.
#[derive(Debug)]
struct EventualConsistency {
    start: Instant,
}

impl EventualConsistency {
    fn is_over(response: &HttpResponse) -> bool {
        let tries = response.headers().get(TRY).and_then(|tries| tries.parse().ok());
        tries.is_some_and(|tries: u32| tries >= TRIES)
    }

    fn role_is_new(&self) -> bool {
        self.start.elapsed() < NEW_ROLE
    }
}

impl ClassifyRetry for EventualConsistency {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error = context.output_or_error().and_then(Result::err);
        let error = error.and_then(|error| error.as_operation_error());
        let refused = || self.role_is_new() && context.response().is_some_and(is_missing_grant);
        if context.response().is_some_and(Self::is_over) {
            RetryAction::NoActionIndicated
        } else if error.is_some_and(passes) || refused() {
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

/// True if nothing allows the call, in IAM's words: what denies it will not pass.
fn is_missing_grant(response: &HttpResponse) -> bool {
    let text = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    text.contains("<Code>AccessDenied</Code>")
        && text.contains("not authorized to perform")
        && !text.contains("with an explicit deny")
}

/// True if a row of the table is the operation, its error code and what its message says.
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
        // Two changes of the same object at once.
        op::create_role::CreateRoleError, "ConcurrentModification", any;
        op::create_policy::CreatePolicyError, "ConcurrentModification", any;
        op::create_instance_profile::CreateInstanceProfileError, "ConcurrentModification", any;
        op::delete_role::DeleteRoleError, "ConcurrentModification", any;
        op::tag_role::TagRoleError, "ConcurrentModification", any;
        op::tag_policy::TagPolicyError, "ConcurrentModification", any;
        op::tag_user::TagUserError, "ConcurrentModification", any;
        op::tag_instance_profile::TagInstanceProfileError, "ConcurrentModification", any;
        op::untag_role::UntagRoleError, "ConcurrentModification", any;
        op::untag_policy::UntagPolicyError, "ConcurrentModification", any;
        op::untag_user::UntagUserError, "ConcurrentModification", any;
        op::untag_instance_profile::UntagInstanceProfileError, "ConcurrentModification", any;
        op::add_user_to_group::AddUserToGroupError, "EntityTemporarilyUnmodifiable", any;
    }
}
