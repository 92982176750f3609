//! ARNs as they stand in the template.

use std::collections::BTreeSet;

use serde_json::Value;

use super::texts;

/// The beginnings of ARNs, with their short forms here.
const SHORT: [(&str, &str); 2] = [
    ("arn:${AWS::Partition}:iam::aws:policy/", "aws/"),
    ("arn:${AWS::Partition}:iam::${AWS::AccountId}:", ""),
];

/// The ARNs of a statement or condition, without their common beginning.
pub fn arns(value: &Value) -> BTreeSet<String> {
    let short = |arn: String| SHORT.iter().fold(arn, |arn, (long, short)| arn.replace(long, short));
    texts(value).into_iter().map(short).collect()
}

/// A name at the root and below any path. A name that begins with `*` is both in one.
pub fn forms(prefix: &str, name: &str) -> BTreeSet<String> {
    if name.starts_with('*') {
        BTreeSet::from([format!("{prefix}/{name}")])
    } else {
        BTreeSet::from([format!("{prefix}/{name}"), format!("{prefix}/*/{name}")])
    }
}
