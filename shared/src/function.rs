//! A Lambda function that serves one custom resource, and audits its objects where the operator
//! wants that.

use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::time::Instant;
use tracing::error;

use crate::aws::Environment;
use crate::cfn::{CustomResource, Deliveries, Progress, Verified, serve};
use crate::cloud::Cloud;
use crate::iam_preset::{Audit, IamPreset, Repairs, Report};
use crate::logging;
use crate::state::Account;

/// Kept back from an audit, for its report.
const REPORT: Duration = Duration::from_secs(5);

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
    run_beside(environment, resource, async |_: &RawValue, _: &str, _, _| None).await
}

/// The same for presets, beside audits: an event that asks for one is answered with its report.
///
/// # Errors
///
/// As for [`run`].
pub async fn run_with_audits<C: Cloud>(
    environment: &Environment,
    preset: impl Fn(Account) -> IamPreset<C>,
) -> Result<(), Error> {
    let preset = &preset;
    run_beside(environment, preset, async |payload: &RawValue, function: &str, account, time| {
        let asked = Audit::read(payload)?.map(|audit| audit.served_by(function));
        // Without its type, because the compiler gives up on futures that are nested so deeply.
        Some(Box::pin(audit(environment, preset(account), asked, time)).await)
    })
    .await
}

async fn run_beside<R: CustomResource>(
    environment: &Environment,
    resource: impl Fn(Account) -> R,
    beside: impl AsyncFn(&RawValue, &str, Account, Duration) -> Option<Result<Value, String>>,
) -> Result<(), Error> {
    let callback = &environment.callback()?;
    let stack_events = &environment.stack_events()?;
    let (resource, beside) = (&resource, &beside);
    let deliveries = &Deliveries::default();
    // Raw JSON: a typed event would fail before this function, and CloudFormation would get no
    // answer.
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| async move {
        let LambdaEvent { payload, context } = event;
        let account = Account::from_arn(&context.invoked_function_arn);
        let account = account.ok_or_else(|| failure("the function's ARN names no account"))?;
        let now = SystemTime::now();
        let deadline = context.deadline();
        let time = deadline.duration_since(now).unwrap_or_default();
        let function = &context.invoked_function_arn;
        if let Some(done) = beside(&payload, function, account.clone(), time).await {
            return done.map_err(failure);
        }
        let (events, always) = (stack_events.clone(), environment.verifies_stack_events());
        let resource = Verified::new(resource(account), events, always, deliveries, now);
        let served = serve(&resource, callback, environment.gate(), &payload, now, deadline);
        // On the heap, because the compiler gives up on futures that are nested so deeply.
        Box::pin(served).await.map(|()| Value::Null).map_err(failure)
    }))
    .await
}

/// The report of an audit, with `time` for it.
async fn audit<C: Cloud>(
    environment: &Environment,
    preset: IamPreset<C>,
    asked: Result<Audit, String>,
    time: Duration,
) -> Result<Value, String> {
    let repairs =
        Repairs::of(|name| environment.variable(name)).unwrap_or_else(|| Err(OFF.to_owned()));
    let (audit, repairs) = match asked.and_then(|audit| Ok((audit, repairs?))) {
        Ok(allowed) => allowed,
        Err(reason) => {
            // An alarm in template.yaml looks for this line.
            error!(reason, "refused");
            return Err(reason);
        }
    };
    environment.gate().open();
    let end = Instant::now().checked_add(time.saturating_sub(REPORT));
    let progress = Progress::until(environment.gate(), end);
    let report = preset.audit(&audit, &repairs, &progress).await.inspect_err(|reason| {
        error!(reason, "audit failed");
    })?;
    let Report { drifted, repaired, unknown, same, in_progress, elsewhere: _, next: _ } = &report;
    logging::metrics(
        preset.provider(),
        &[
            ("DriftedResources", drifted.len()),
            ("RepairedResources", *repaired),
            ("UnknownResources", unknown.len()),
            ("AuditedResources", drifted.len() + unknown.len() + same + in_progress),
        ],
    );
    serde_json::to_value(&report).map_err(|error| error.to_string())
}

/// Why an audit is refused.
const OFF: &str =
    "audit: the operator of the function has switched it off (template parameter Audit)";

/// An invocation without an answer. Lambda delivers the event again.
fn failure(reason: impl std::fmt::Display) -> Diagnostic {
    Diagnostic { error_type: "Unanswered".to_owned(), error_message: reason.to_string() }
}
