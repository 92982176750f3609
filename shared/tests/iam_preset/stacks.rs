//! Whole stacks: all ways in which CloudFormation and Lambda may treat a request.

use std::time::Duration;

use ::world::cloudformation::{CloudFormation, Native, OnRollback, Running, StackStatus, Template};
use account_presets::cloud::fake::Fake;
use serde_json::{Value, json};

use super::function::{Function, runtime, settle};
use super::world::*;

fn template(properties: &Value) -> Template {
    Template::new().custom("Preset", properties.clone())
}

/// I15, I17
#[test]
fn the_rollback_of_a_replacement_leaves_the_old_one_as_it_was() {
    for on_rollback in [OnRollback::Updates, OnRollback::Deletes] {
        let account = populated();
        let function = Function::new(&account);
        let mut cfn = CloudFormation::new().with_rollback(on_rollback);
        cfn.create_stack("a", template(&slim(json!({}))));
        settle(&mut cfn, &function);
        let (before, id) =
            (but_service_linked(&account), cfn.physical_id("a", "Preset").map(str::to_owned));
        let fails = template(&lithops(json!({}))).native("Other", Native::Fails);
        cfn.update_stack("a", fails.depends_on("Other", "Preset"));
        settle(&mut cfn, &function);
        assert_eq!(cfn.status("a"), StackStatus::UpdateRollbackComplete);
        assert_same(&but_service_linked(&account), &before);
        assert_eq!(cfn.physical_id("a", "Preset"), id.as_deref());
        assert_eq!(cfn.left_behind("a"), [""; 0]);
        cfn.assert_faithful();
    }
}

/// I15, I17
#[test]
fn a_replacement_deletes_the_old_one_in_the_clean_up_and_nothing_of_the_new_one() {
    let account = populated();
    let function = Function::new(&account);
    let mut cfn = CloudFormation::new();
    cfn.create_stack("a", template(&slim(json!({}))));
    settle(&mut cfn, &function);
    cfn.update_stack("a", template(&lithops(json!({}))));
    settle(&mut cfn, &function);
    assert_eq!(cfn.status("a"), StackStatus::UpdateComplete);
    let alone = populated();
    let mut fresh = CloudFormation::new();
    fresh.create_stack("a", template(&lithops(json!({}))));
    settle(&mut fresh, &Function::new(&alone));
    assert_same(&but_service_linked(&account), &but_service_linked(&alone));
    cfn.assert_faithful();
}

/// The answers to a request, and the account that it leaves, when it is delivered twice and the
/// second delivery begins after some calls of the first one.
fn twice(calls: usize) -> (Vec<Value>, Fake, bool) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let account = populated();
    let mut cfn = CloudFormation::new();
    let (answers, was_all);
    {
        let function = Function::in_turns(&account);
        cfn.create_stack("a", template(&slim(json!({"UserNames": ["alice"]}))));
        let mut running = Running::new();
        running.begin(&mut cfn, &function);
        for _ in 0..calls {
            if !running.is_empty() {
                running.step(&mut cfn, 0);
            }
        }
        was_all = running.is_empty();
        cfn.deliver_again(0);
        running.begin(&mut cfn, &function);
        while !running.is_empty() {
            // In turns, so that they meet at as many calls as they can.
            let last = running.len() - 1;
            running.step(&mut cfn, last);
            if !running.is_empty() {
                running.step(&mut cfn, 0);
            }
        }
        let parse = |answer: &Vec<u8>| serde_json::from_slice(answer).unwrap();
        answers = cfn.requests()[0].answers.iter().map(parse).collect();
    }
    assert_eq!(cfn.status("a"), StackStatus::CreateComplete);
    cfn.assert_faithful();
    (answers, account, was_all)
}

/// I1, I2
#[test]
fn a_create_that_is_delivered_twice_makes_everything_once_and_answers_the_same() {
    let alone = populated();
    let mut cfn = CloudFormation::new();
    cfn.create_stack("a", template(&slim(json!({"UserNames": ["alice"]}))));
    settle(&mut cfn, &Function::new(&alone));
    for calls in 0.. {
        let (answers, account, was_all) = twice(calls);
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[0], answers[1], "after {calls} calls");
        assert_eq!(answers[0]["Status"], "SUCCESS");
        assert_same(&account.state(), &alone.state());
        if was_all {
            break;
        }
    }
}

/// I6, I9, T7
#[test]
fn a_create_that_comes_long_after_the_delete_with_an_invented_id_makes_nothing() {
    let account = populated();
    let before = account.state();
    let function = Function::new(&account);
    let mut cfn = CloudFormation::new();
    cfn.create_stack("a", template(&slim(json!({}))).native("Other", Native::Waits));
    cfn.postpone(0, Duration::from_secs(301));
    cfn.finish("a", "Other", false);
    settle(&mut cfn, &function);
    assert_eq!(cfn.status("a"), StackStatus::RollbackComplete);
    runtime().block_on(cfn.drain(&function));
    assert_eq!(cfn.requests()[0].deliveries, 1);
    assert_eq!((account.state(), account.writes()), (before, 0));
    cfn.assert_faithful();
}

/// I25
#[test]
fn what_is_retained_stays_without_a_request() {
    let account = populated();
    let function = Function::new(&account);
    let mut cfn = CloudFormation::new();
    cfn.create_stack("a", template(&slim(json!({}))).retain("Preset"));
    settle(&mut cfn, &function);
    let (before, writes) = (account.state(), account.writes());
    cfn.delete_stack("a");
    settle(&mut cfn, &function);
    assert_eq!(cfn.status("a"), StackStatus::DeleteComplete);
    assert_eq!((account.state(), account.writes()), (before, writes));
}

/// I11
#[test]
fn a_stack_whose_objects_a_person_deleted_is_deleted_all_the_same() {
    let account = populated();
    let before = but_service_linked(&account);
    let function = Function::new(&account);
    let mut cfn = CloudFormation::new();
    cfn.create_stack("a", template(&slim(json!({}))));
    settle(&mut cfn, &function);
    let emptied = Fake::new(before.clone());
    cfn.delete_stack("a");
    settle(&mut cfn, &Function::new(&emptied));
    assert_eq!(cfn.status("a"), StackStatus::DeleteComplete);
    assert_same(&but_service_linked(&emptied), &before);
}
