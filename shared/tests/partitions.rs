//! Every preset in every partition of AWS: no ARN and no name of a service of one stands in
//! another.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use account_presets::preset::{self, Branches, PROVIDER, Wish, attributes, parameters, render};
use account_presets::state::{Account, Owner, Resource};

use made::choices;

/// Each partition with a Region of it, and EC2's service principal there.
const PARTITIONS: [(&str, &str, &str); 7] = [
    ("aws-cn", "cn-north-1", "ec2.amazonaws.com.cn"),
    ("aws-us-gov", "us-gov-west-1", "ec2.amazonaws.com"),
    ("aws-eusc", "eusc-de-east-1", "ec2.amazonaws.com"),
    ("aws-iso", "us-iso-east-1", "ec2.amazonaws.com"),
    ("aws-iso-b", "us-isob-east-1", "ec2.amazonaws.com"),
    ("aws-iso-e", "eu-isoe-west-1", "ec2.amazonaws.com"),
    ("aws-iso-f", "us-isof-south-1", "ec2.amazonaws.com"),
];

/// V15
#[test]
fn every_arn_and_principal_is_of_the_partition_that_the_function_is_in() {
    for (partition, region, ec2) in PARTITIONS {
        let mut trusts_ec2 = 0;
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
                for (id, object) in state.iter() {
                    let Resource::Role(role) = &object.resource else { continue };
                    let trust = role.trust.to_json();
                    let services: Vec<&str> =
                        trust.split('"').filter(|text| text.contains(".amazonaws.")).collect();
                    for service in services {
                        let name = service.split('.').next();
                        let expected = if name == Some("ec2") { ec2 } else { service };
                        trusts_ec2 += usize::from(service == ec2);
                        assert_eq!(service, expected, "{partition} {id}");
                        assert!(service == ec2 || service.ends_with(".amazonaws.com"), "{service}");
                    }
                }
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
        assert!(trusts_ec2 > 3, "{partition}: {trusts_ec2}");
    }
}
