//! ARNs as they stand in the template.

use std::collections::BTreeSet;

use serde_json::Value;

use super::texts;

/// What ARNs begin with, and what stands for it here.
const SHORT: [(&str, &str); 2] = [
    ("arn:${AWS::Partition}:iam::aws:policy/", "aws/"),
    ("arn:${AWS::Partition}:iam::${AWS::AccountId}:", ""),
];

/// The ARNs of a statement or condition, without what all of them begin with.
pub fn arns(value: &Value) -> BTreeSet<String> {
    let short = |arn: String| SHORT.iter().fold(arn, |arn, (long, short)| arn.replace(long, short));
    texts(value).into_iter().map(short).collect()
}

/// Holds the ARNs of a preset's statement to those that the preset needs there, and says which
/// lines of the template are missing or too many.
pub fn assert_same_arns(
    preset: &str,
    statement: &str,
    there: &BTreeSet<String>,
    wanted: &BTreeSet<String>,
) {
    let line = |arn: &String| {
        let begins = SHORT.iter().find(|(_, short)| arn.starts_with(short));
        let (long, short) = begins.expect("the last fits all");
        format!("\n    - !Sub {long}{}", arn.trim_start_matches(short))
    };
    let lines = |arns: Vec<&String>| arns.into_iter().map(line).collect::<String>();
    let missing = lines(wanted.difference(there).collect());
    let extra = lines(there.difference(wanted).collect());
    assert!(
        missing.is_empty() && extra.is_empty(),
        "template.yaml, policy of the preset {preset}, {statement}\nadd:{missing}\nremove:{extra}"
    );
}

#[test]
#[should_panic(expected = "policy of the preset p, Roles\nadd:\n    - !Sub \
                           arn:${AWS::Partition}:iam::${AWS::AccountId}:role/new\nremove:\n    \
                           - !Sub arn:${AWS::Partition}:iam::aws:policy/Old")]
fn a_name_that_is_missing_in_the_template_is_a_line_to_add() {
    let set = |names: [&str; 2]| BTreeSet::from(names.map(str::to_owned));
    assert_same_arns("p", "Roles", &set(["role/same", "aws/Old"]), &set(["role/same", "role/new"]));
}

/// A name at the root and below any path. A name that begins with `*` is both in one.
pub fn forms(prefix: &str, name: &str) -> BTreeSet<String> {
    if name.starts_with('*') {
        BTreeSet::from([format!("{prefix}/{name}")])
    } else {
        BTreeSet::from([format!("{prefix}/{name}"), format!("{prefix}/*/{name}")])
    }
}
