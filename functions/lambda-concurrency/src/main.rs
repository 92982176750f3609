//! The Lambda function behind `Custom::LambdaConcurrency` and `Custom::QuotaTemplate`.

// The futures of a request are nested a little more deeply than the compiler looks by itself.
#![recursion_limit = "256"]

use account_presets::aws::{Environment, QuotaTemplates, ServiceQuotas};
use account_presets::cfn::Either;
use account_presets::lambda_concurrency::LambdaConcurrency;
use account_presets::quota_template::QuotaTemplate;
use account_presets::{function, logging};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let environment = Environment::of_process();
    let (lambda, gate) = (environment.lambda()?, environment.gate());
    let quotas = ServiceQuotas::new(environment.service_quotas()?, lambda.clone(), gate.clone());
    let templates = environment.quota_templates()?;
    function::run(&environment, |account| {
        let arn = environment.function_arn(&account);
        let template = QuotaTemplates::new(templates.clone(), lambda.clone(), arn, gate.clone());
        Either(
            LambdaConcurrency::new(quotas.clone(), account.clone()),
            QuotaTemplate::new(template, account),
        )
    })
    .await
}
