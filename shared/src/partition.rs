//! The differences between the partitions of AWS besides the ARNs.

/// The suffix of AWS's addresses in a partition other than the usual ones, by the beginning of
/// its Regions' names: botocore's `partitions.json`.
const SUFFIXES: [(&str, &str); 6] = [
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
    ("us-isof-", "csp.hci.ic.gov"),
];
/// That of the partitions `aws` and `aws-us-gov`.
const USUAL_SUFFIX: &str = "amazonaws.com";

/// The suffix of AWS's addresses in a Region, for example `amazonaws.com`.
pub fn url_suffix(region: &str) -> &'static str {
    let other = SUFFIXES.iter().find(|(regions, _)| region.starts_with(regions));
    other.map_or(USUAL_SUFFIX, |(_, suffix)| suffix)
}

/// True if AWS's addresses in a Region are those of the usual partitions: their certificates
/// chain to Amazon's roots.
pub fn is_usual(region: &str) -> bool {
    url_suffix(region) == USUAL_SUFFIX
}

/// A service as a partition's trust policies name it. A principal does not carry the suffix of
/// the addresses: IAM refuses `ec2.amazonaws.eu` in `aws-eusc`
/// (<https://github.com/pulumi/pulumi-eks/issues/2341>) and `lambda.amazonaws.com.cn` in `aws-cn`
/// (<https://github.com/aws/aws-cdk/issues/2198>). Only EC2 has a name of its own, and only in
/// `aws-cn`, where EKS insists on it
/// (<https://docs.amazonaws.cn/en_us/aws/latest/userguide/iam.html>,
/// <https://github.com/awslabs/cdk-eks-blueprints/issues/558>).
pub fn service_principal<'a>(partition: &str, service: &'a str) -> &'a str {
    match (partition, service) {
        ("aws-cn", "ec2.amazonaws.com") => "ec2.amazonaws.com.cn",
        (_, service) => service,
    }
}
