//! Statements in as few managed policies as they fit into, with any names that the operator allows.

use account_presets::state::limits::ATTACHMENTS;
use made::names;
use made::packing::{Of, packed, statements};
use made::rights::{Statement, of_preset};

/// The role has ten managed policies, and one of them is about no preset. When this fails, decision 16
/// says what to do.
#[test]
fn three_more_presets_of_the_usual_size_fit_into_the_role_with_the_longest_names() {
    let catalogue = made::catalogue();
    let parameters = names::parameters(&catalogue).unwrap();
    let fit = |more: usize| {
        let more = catalogue.iter().cycle().take(more);
        let more = more.flat_map(|(name, preset)| {
            of_preset(name, preset).into_iter().map(move |it| (name.clone(), it))
        });
        // One more is the policy that all presets have in common.
        let all = statements(&catalogue).into_iter().chain(more);
        packed(all.collect(), &parameters).unwrap().len() < ATTACHMENTS
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
    ("slim".to_owned(), statement)
}

#[test]
fn a_statement_that_does_not_fit_any_more_begins_the_next_policy() {
    let lengths =
        |statements| packed(statements, &[]).unwrap().iter().map(Vec::len).collect::<Vec<_>>();
    // A name is there twice, at the root and below a path.
    assert_eq!(lengths(vec![of(900, true), of(900, true), of(900, true)]), [3]);
    assert_eq!(lengths(vec![of(900, true), of(900, true), of(900, true), of(900, true)]), [3, 1]);
    assert_eq!(lengths(vec![of(2900, true), of(900, false), of(9, true)]), [1, 2]);
}

#[test]
fn a_statement_that_fits_nowhere_and_a_policy_that_may_be_empty_are_told() {
    let problem = packed(vec![of(3100, true)], &[]).unwrap_err();
    assert!(problem.starts_with("slim.yaml: the function's right Sid is 6"), "{problem}");
    let problem = packed(vec![of(9, false)], &[]).unwrap_err();
    assert_eq!(problem, "a policy would be empty where its presets are not allowed");
}
