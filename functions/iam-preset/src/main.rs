//! The Lambda function behind `Custom::IamPreset`, which also audits its objects for drift.

// The futures of a request are nested a little more deeply than the compiler looks by itself.
#![recursion_limit = "256"]

use account_presets::aws::{Environment, Iam};
use account_presets::iam_preset::{IamPreset, Settings};
use account_presets::{function, logging};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let environment = Environment::of_process();
    let (iam, stacks) = (environment.iam()?, environment.stack_events()?);
    function::run_with_audits(&environment, |account| {
        let iam = Iam::new(iam.clone(), account.clone(), environment.gate().clone());
        let settings = Settings::read(|name| environment.variable(name));
        IamPreset::new(iam.with_stacks(stacks.clone()), account, settings)
    })
    .await
}
