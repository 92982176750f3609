//! The Lambda function behind `Custom::IamPreset`.

use account_presets::aws::{Environment, Iam};
use account_presets::iam_preset::IamPreset;
use account_presets::{function, logging};
use lambda_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let environment = Environment::of_process();
    let iam = environment.iam()?;
    function::run(&environment, |account| {
        IamPreset::new(Iam::new(iam.clone(), account.clone(), environment.gate().clone()), account)
            .with_settings(environment.settings())
    })
    .await
}
