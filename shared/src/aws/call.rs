//! One call to AWS, whichever service it is.

use std::future::Future;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::cloud::CallError;

/// Calls, and says of an error which action on what it was.
pub(super) async fn call<T, E, R>(
    action: &'static str,
    target: &str,
    call: impl Future<Output = Result<T, SdkError<E, R>>>,
) -> Result<T, CallError>
where
    E: ProvideErrorMetadata,
{
    call.await.map_err(|error| CallError {
        action,
        target: target.to_owned(),
        code: error.code().unwrap_or("NoAnswer").to_owned(),
        message: error.message().map_or_else(|| no_answer(&error), str::to_owned),
    })
}

/// Why AWS gave no answer that says so itself. The errors' own words are for programmers.
#[allow(clippy::wildcard_enum_match_arm, reason = "the SDK may add kinds of failure")]
fn no_answer<E, R>(error: &SdkError<E, R>) -> String {
    let reason = match error {
        SdkError::TimeoutError(_) => "no reply in time",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "no connection in time",
        SdkError::DispatchFailure(_) => "no connection, or it broke off",
        SdkError::ResponseError(_) | SdkError::ServiceError(_) => "the reply is not one of AWS's",
        _ => "the call could not be made",
    };
    format!("{reason}; it was tried again until it was given up")
}
