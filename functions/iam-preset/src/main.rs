//! The Lambda function behind `Custom::IamPreset`.

use std::time::SystemTime;

use account_presets::aws::{Environment, Iam};
use account_presets::cfn::serve;
use account_presets::iam_preset::IamPreset;
use account_presets::logging;
use account_presets::state::Account;
use lambda_runtime::{Diagnostic, Error, LambdaEvent, service_fn};
use serde_json::value::RawValue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let environment = &Environment::of_process();
    let callback = &environment.callback()?;
    let iam = &environment.iam()?;
    // Raw JSON: a typed event would fail before this function, and nobody would answer.
    lambda_runtime::run(service_fn(|event: LambdaEvent<Box<RawValue>>| async move {
        let LambdaEvent { payload, context } = event;
        let account = Account::from_arn(&context.invoked_function_arn);
        let account = account.ok_or_else(|| failure("the function's ARN names no account"))?;
        let preset = IamPreset::new(Iam::new(iam.clone(), account.clone()), account)
            .with_settings(environment.settings());
        let now = SystemTime::now();
        serve(&preset, callback, &payload, now, context.deadline()).await.map_err(failure)
    }))
    .await
}

/// An invocation without an answer. Lambda delivers the event again.
fn failure(reason: impl std::fmt::Display) -> Diagnostic {
    Diagnostic { error_type: "Unanswered".to_owned(), error_message: reason.to_string() }
}
