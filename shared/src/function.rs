//! A Lambda function that serves one custom resource.

use std::time::SystemTime;

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

use crate::aws::Environment;
use crate::cfn::{CustomResource, Deliveries, Verified, serve};
use crate::state::Account;

/// Serves requests with `resource`, which is made anew for each with the account that the
/// function runs in. Returns only if the Runtime API is gone.
///
/// # Errors
///
/// The certificates make no TLS configuration, or the Runtime API fails.
pub async fn run<R: CustomResource>(
    environment: &Environment,
    resource: impl Fn(Account) -> R,
) -> Result<(), Error> {
    let callback = &environment.callback()?;
    let stack_events = &environment.stack_events()?;
    let resource = &resource;
    let deliveries = &Deliveries::default();
    // Raw JSON: a typed event would fail before this function, and nobody would answer.
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| async move {
        let LambdaEvent { payload, context } = event;
        let account = Account::from_arn(&context.invoked_function_arn);
        let account = account.ok_or_else(|| failure("the function's ARN names no account"))?;
        let now = SystemTime::now();
        let (events, always) = (stack_events.clone(), environment.verifies_stack_events());
        let resource = Verified::new(resource(account), events, always, deliveries, now);
        let deadline = context.deadline();
        let served = serve(&resource, callback, environment.gate(), &payload, now, deadline);
        // On the heap, because the compiler gives up on futures that are nested so deeply.
        Box::pin(served).await.map_err(failure)
    }))
    .await
}

/// An invocation without an answer. Lambda delivers the event again.
fn failure(reason: impl std::fmt::Display) -> Diagnostic {
    Diagnostic { error_type: "Unanswered".to_owned(), error_message: reason.to_string() }
}
