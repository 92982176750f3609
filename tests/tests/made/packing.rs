//! Statements in as few managed policies as they fit into, with any names that the operator allows.

use account_presets::preset;
use account_presets::state::limits::{ATTACHMENTS, MANAGED_POLICY};
use serde_json::{Value, json};

use super::names;
use super::rights::{Statement, When, of_preset};
use super::yaml::{arns, policies_in_conditions};

/// The document around the statements.
const AROUND: usize = r#"{"Version":"2012-10-17","Statement":[]}"#.len();

/// A statement, and the preset that it is for.
pub type Of = (&'static str, Statement);

/// The statements of all presets, by policy.
pub fn policies() -> Vec<Vec<Of>> {
    packed(statements())
}

/// The statements of all presets.
pub fn statements() -> Vec<Of> {
    let of_preset = |name| of_preset(name).into_iter().map(move |statement| (name, statement));
    preset::names().into_iter().flat_map(of_preset).collect()
}

/// The statements in their order: the next policy begins with the one that does not fit.
pub fn packed(statements: Vec<Of>) -> Vec<Vec<Of>> {
    let mut policies: Vec<Vec<Of>> = Vec::new();
    let mut room = 0;
    for of in statements {
        let size = size(&of.1) + ",".len();
        assert!(AROUND + size <= MANAGED_POLICY, "{} fits into no policy", of.1.sid);
        if size > room {
            policies.push(Vec::new());
            room = MANAGED_POLICY - AROUND;
        }
        room -= size;
        policies.last_mut().unwrap().push(of);
    }
    let is_sure = |(_, statement): &Of| !statement.always.is_empty();
    assert!(
        policies.iter().all(|those| those.iter().any(is_sure)),
        "a policy would be empty where its presets are not allowed"
    );
    policies
}

/// Characters that IAM counts, with the longest names that the operator may allow.
pub fn size(statement: &Statement) -> usize {
    let mut text = in_full(statement).to_string();
    for parameter in names::parameters() {
        let place = format!("${{{}}}", parameter.name);
        text = text.replace(&place, &"n".repeat(parameter.longest));
    }
    let text = text.replace("${AWS::Partition}", "aws-us-gov");
    let text = text.replace("${AWS::AccountId}", "123456789012");
    assert!(!text.contains("${"), "a name without a longest length: {text}");
    text.chars().filter(|character| !character.is_whitespace()).count()
}

/// The statement as IAM gets it where the preset is allowed.
fn in_full(statement: &Statement) -> Value {
    let actions: Vec<_> = statement.always.union(&statement.if_allowed).collect();
    let mut full = json!({
        "Sid": statement.sid, "Effect": "Allow", "Action": actions, "Resource": arns(&statement.on),
    });
    let condition = statement.when.as_ref().map(|when| match when {
        When::Policy(policies) => {
            json!({ "ArnLike": { "iam:PolicyARN": policies_in_conditions(policies) } })
        }
        When::PassedToEc2 => {
            json!({ "StringEquals": { "iam:PassedToService": "ec2.amazonaws.com" } })
        }
        When::Service(services) => json!({ "StringEquals": { "iam:AWSServiceName": services } }),
    });
    if let Some(condition) = condition {
        full["Condition"] = condition;
    }
    full
}

/// The role has ten managed policies, and one of them is about no preset. When this fails, decision 16
/// says what to do.
#[test]
fn three_more_presets_of_the_usual_size_fit_into_the_role_with_the_longest_names() {
    let presets = preset::names();
    let fit = |more: usize| {
        let more = presets.iter().copied().cycle().take(more);
        let more = more.flat_map(|name| of_preset(name).into_iter().map(move |it| (name, it)));
        // One more is the policy that all presets have in common.
        packed(statements().into_iter().chain(more).collect()).len() < ATTACHMENTS
    };
    let room = (0..).take_while(|more| fit(*more)).last().unwrap();
    println!("room for {room} more presets");
    assert!(room >= 3, "room for {room} more presets");
}

/// A statement of about this many characters.
fn of(characters: usize, is_sure: bool) -> Of {
    let mut statement = Statement {
        sid: "Sid".to_owned(),
        always: Default::default(),
        if_allowed: Default::default(),
        on: [("role", "r".repeat(characters))].into(),
        when: None,
    };
    let actions = if is_sure { &mut statement.always } else { &mut statement.if_allowed };
    actions.insert("iam:CreateRole");
    ("slim", statement)
}

#[test]
fn a_statement_that_does_not_fit_any_more_begins_the_next_policy() {
    let lengths = |statements| packed(statements).iter().map(Vec::len).collect::<Vec<_>>();
    // A name is there twice, at the root and below a path.
    assert_eq!(lengths(vec![of(900, true), of(900, true), of(900, true)]), [3]);
    assert_eq!(lengths(vec![of(900, true), of(900, true), of(900, true), of(900, true)]), [3, 1]);
    assert_eq!(lengths(vec![of(2900, true), of(900, false), of(9, true)]), [1, 2]);
}

#[test]
#[should_panic(expected = "Sid fits into no policy")]
fn a_statement_that_fits_nowhere_is_told() {
    packed(vec![of(3100, true)]);
}

#[test]
#[should_panic(expected = "a policy would be empty where its presets are not allowed")]
fn a_policy_that_may_be_empty_is_told() {
    packed(vec![of(9, false)]);
}
