//! The Lambda function behind `Custom::LambdaConcurrency`.

// The futures of a request are nested a little more deeply than the compiler looks by itself.
#![recursion_limit = "256"]

use account_presets::aws::{Environment, ServiceQuotas};
use account_presets::lambda_concurrency::LambdaConcurrency;
use account_presets::{function, logging};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let environment = Environment::of_process();
    let quotas = ServiceQuotas::new(
        environment.service_quotas()?,
        environment.lambda()?,
        environment.gate().clone(),
    );
    function::run(&environment, |account| LambdaConcurrency::new(quotas.clone(), account)).await
}
