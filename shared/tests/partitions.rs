//! Every preset in every partition of AWS: no ARN of one stands in another.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod choices;

use account_presets::preset::{self, Branches, PROVIDER, Wish, attributes, parameters, render};
use account_presets::state::{Account, Owner};

/// V15
#[test]
fn every_arn_is_of_the_partition_that_the_function_is_in() {
    for (partition, region) in [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")] {
        for name in preset::names() {
            let preset = preset::find(name).unwrap();
            let mut given = choices::elements(preset);
            // ARNs that a consumer gives are the consumer's.
            given.retain(|_, value| !value.to_string().contains("arn:"));
            for edition in &preset.editions {
                let arn = format!("arn:{partition}:lambda:{region}:123456789012:function:f");
                let wish = Wish {
                    account: Account::from_arn(&arn).unwrap(),
                    owner: Owner::new("stack", "Preset"),
                    provider: PROVIDER.to_owned(),
                    edition: *edition,
                    parameters: parameters::read(preset, &given).0,
                    path: "/".to_owned(),
                    permissions_boundary: None,
                    tags: Default::default(),
                    max_session_duration: 3600,
                };
                let state = render(preset, &wish, Branches::Any);
                let texts = format!("{state:?} {:?}", attributes(preset, &wish, &state));
                let arns: Vec<&str> = texts.split("\"arn:").skip(1).collect();
                assert!(arns.len() > 3, "{name}: {texts}");
                for arn in arns {
                    let found = arn.split(':').next();
                    let end = arn.chars().take(60).collect::<String>();
                    assert!([Some(partition), Some("*")].contains(&found), "{name}: arn:{end}");
                }
            }
        }
    }
}
