//! Every call of every preset goes wrong once, in every way, in whole stacks.
//!
//! A call is one write that `aws::iam` sends to AWS for a change; a read of the account is one
//! call, because a failure of any part of it leaves nothing written.

use std::fmt::Debug;

use ::world::cloudformation::{CloudFormation, Lambda, StackStatus, Template};
use account_presets::cloud::fake::{Calls, Fake, Fault};
use account_presets::state::{Object, Resource, State};
use serde_json::Value;

use super::catalogue::properties;
use super::function::{Function, settle};
use super::world::*;

fn template(properties: &Value) -> Template {
    Template::new().custom("Preset", properties.clone())
}

/// A stack with these properties, and the account that it leaves.
fn deployed(properties: &Value) -> (CloudFormation, State) {
    let account = populated();
    let mut cfn = CloudFormation::new();
    cfn.create_stack("a", template(properties));
    settle(&mut cfn, &Function::new(&account));
    assert_eq!(cfn.status("a"), StackStatus::CreateComplete, "{:?}", cfn.events("a"));
    (cfn, account.state())
}

/// Lets each call of the work that `begin` begins fail once, and returns their number. `end` looks
/// at the result; after it the stack is deleted, and the account is as it was before the stack.
fn everywhere(
    start: (&CloudFormation, &State),
    fault: Fault,
    what: impl Debug,
    begin: impl Fn(&mut CloudFormation),
    end: impl Fn(&mut CloudFormation, &Fake, &str),
) -> usize {
    let before = but_service_linked(&populated());
    let (start, state) = start;
    for k in 0.. {
        let account = Fake::new(state.clone());
        let function = Function::new(&account);
        let mut cfn = start.clone();
        begin(&mut cfn);
        function.fail_next(k, fault);
        settle(&mut cfn, &function);
        if !function.failed() {
            return k;
        }
        let told = || format!("{what:?}, {fault:?} at call {k}");
        let check = std::panic::AssertUnwindSafe(|| {
            end(&mut cfn, &account, &function.met());
            if cfn.status("a") != StackStatus::DeleteComplete {
                cfn.delete_stack("a");
                settle(&mut cfn, &function);
            }
            assert_eq!(cfn.status("a"), StackStatus::DeleteComplete, "{:?}", cfn.events("a"));
            assert_same(&but_service_linked(&account), &before);
            cfn.assert_faithful();
        });
        if let Err(panic) = std::panic::catch_unwind(check) {
            eprintln!("{}", told());
            std::panic::resume_unwind(panic);
        }
    }
    unreachable!("calls end")
}

/// A third of the faults for each of the properties, in turn, so that each fault meets many of
/// them; all of them for each in a nightly run.
fn faults(turn: usize) -> impl Iterator<Item = Fault> {
    let nightly = std::env::var_os("NIGHTLY").is_some();
    let all = Fault::ALL.into_iter().enumerate();
    all.filter(move |(place, _)| nightly || (place + turn).is_multiple_of(3))
        .map(|(_, fault)| fault)
}

/// True if a request succeeds in spite of a fault in this call: Lambda delivers it again where its
/// process died, and an object whose deletion has no reply is looked at again.
fn heals(fault: Fault, met: &str) -> bool {
    const OBJECTS: [&str; 4] =
        ["iam:DeleteGroup ", "iam:DeleteInstanceProfile ", "iam:DeletePolicy ", "iam:DeleteRole "];
    let is_deletion = OBJECTS.iter().any(|action| met.starts_with(action));
    fault == Fault::Dies || fault == Fault::AnswerLost && is_deletion
}

fn print(what: &str, count: usize) {
    println!("{what}: {count} injection points");
}

/// I4
#[test]
fn a_create_that_is_refused_at_any_call_takes_back_what_it_made_before_it_answers() {
    let before = but_service_linked(&populated());
    // The tag by which a user is claimed before the policy is attached waits for the Delete.
    let is_claim = |object: &Object| {
        matches!(object.resource, Resource::UserAttachment { attached: false, .. })
    };
    for properties in properties() {
        for k in 0.. {
            let account = populated();
            let calls = Calls::new(&account).failing(k, Fault::Refused);
            let deployed = Stack::named("a").deploy(&calls, properties.clone());
            if !calls.failed() {
                break;
            }
            assert!(deployed.unwrap_err().contains("injected"), "{properties} at call {k}");
            let left = but_service_linked(&account);
            let left = left.iter().map(|(_, object)| object).filter(|object| !is_claim(object));
            assert_same(&left.cloned().collect(), &before);
        }
    }
}

/// I3, I5, T4
#[test]
fn a_create_that_fails_at_any_call_is_healed_or_taken_back() {
    let mut count = 0;
    let none = (CloudFormation::new(), populated().state());
    for (turn, properties) in properties().into_iter().enumerate() {
        let made = deployed(&properties).1;
        for fault in faults(turn) {
            let begin = |cfn: &mut CloudFormation| cfn.create_stack("a", template(&properties));
            let end = |cfn: &mut CloudFormation, account: &Fake, _: &str| {
                let healed = cfn.status("a") == StackStatus::CreateComplete;
                assert_eq!(healed, fault == Fault::Dies, "{:?}", cfn.events("a"));
                if healed {
                    assert_same(&account.state(), &made);
                } else {
                    assert_eq!(cfn.status("a"), StackStatus::RollbackComplete);
                    assert_same(&but_service_linked(account), &but_service_linked(&populated()));
                }
            };
            count += everywhere((&none.0, &none.1), fault, &properties, begin, end);
        }
    }
    print("Create", count);
}

/// I6, I7
#[test]
fn a_create_that_dies_for_good_leaves_nothing_after_the_delete_with_an_invented_id() {
    let mut count = 0;
    let once = Lambda { maximum_retry_attempts: 0, ..Lambda::default() };
    let none = (CloudFormation::new().with_lambda(once), populated().state());
    for properties in properties() {
        let begin = |cfn: &mut CloudFormation| cfn.create_stack("a", template(&properties));
        let end = |cfn: &mut CloudFormation, account: &Fake, _: &str| {
            assert_eq!(cfn.status("a"), StackStatus::RollbackComplete);
            let id = cfn.requests()[1].event()["PhysicalResourceId"].clone();
            assert!(id.as_str().unwrap().starts_with("a-Preset-"), "{id}");
            assert_same(&but_service_linked(account), &but_service_linked(&populated()));
        };
        count += everywhere((&none.0, &none.1), Fault::Dies, &properties, begin, end);
    }
    print("Create, never delivered again", count);
}

/// I10, I26
#[test]
fn a_delete_that_fails_at_any_call_is_healed_or_succeeds_the_next_time() {
    let mut count = 0;
    for (turn, properties) in properties().into_iter().enumerate() {
        let (cfn, state) = deployed(&properties);
        for fault in faults(turn) {
            let begin = |cfn: &mut CloudFormation| cfn.delete_stack("a");
            let end = |cfn: &mut CloudFormation, _: &Fake, met: &str| {
                let healed = cfn.status("a") == StackStatus::DeleteComplete;
                assert_eq!(healed, heals(fault, met), "{met} {:?}", cfn.events("a"));
            };
            count += everywhere((&cfn, &state), fault, &properties, begin, end);
        }
    }
    print("Delete", count);
}

/// I18, I19
#[test]
fn an_update_that_fails_at_any_call_is_healed_or_undone_by_the_rollback() {
    let mut count = 0;
    for (turn, (from, to)) in updates().into_iter().enumerate() {
        let (cfn, state) = deployed(&from);
        let made = but_service_linked(&Fake::new(deployed(&to).1));
        for fault in faults(turn) {
            let begin = |cfn: &mut CloudFormation| cfn.update_stack("a", template(&to));
            let end = |cfn: &mut CloudFormation, account: &Fake, met: &str| {
                let there = but_service_linked(account);
                if heals(fault, met) {
                    assert_eq!(cfn.status("a"), StackStatus::UpdateComplete);
                    assert_same(&there, &made);
                } else {
                    assert_eq!(cfn.status("a"), StackStatus::UpdateRollbackComplete);
                    assert_same(&there, &but_service_linked(&Fake::new(state.clone())));
                }
            };
            count += everywhere((&cfn, &state), fault, (&from, &to), begin, end);
        }
    }
    print("Update", count);
}

/// Updates in place and replacements: of each two neighbours the one to the other.
fn updates() -> Vec<(Value, Value)> {
    let all = many_properties();
    let next = all.iter().cycle().skip(1);
    let pairs = all.iter().zip(next).map(|(from, to)| (from.clone(), to.clone()));
    // IAM cannot change a path.
    pairs
        .filter(|(from, to)| from["Preset"] != to["Preset"] || from["Path"] == to["Path"])
        .collect()
}
