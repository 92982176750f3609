//! Every write of every preset goes wrong once, in every way.

use account_presets::cloud::fake::{FailAt, Fault};
use serde_json::Value;

use crate::world::*;

/// The writes of a Create.
fn writes(properties: &Value) -> usize {
    let account = populated();
    Stack::named("a").deploy(&account, properties.clone()).unwrap();
    account.writes()
}

#[test]
fn a_crash_anywhere_is_healed_by_the_next_delivery_and_leaves_nothing_after_a_delete() {
    for properties in many_properties() {
        for fault in [Fault::Killed, Fault::KilledAfter] {
            for k in 0..writes(&properties) {
                let account = populated();
                let before = but_service_linked(&account);
                let request = Stack::named("a").request(Some(properties.clone()));
                let dying = FailAt::new(&account, k, fault);
                assert_eq!(handle(&dying, &request), None, "write {k} was not reached");

                // The stack is given up: the Delete finds what was made.
                let crashed = but_service_linked(&account);
                let mut stack = Stack::named("a");
                stack.physical_id = Some("invented".to_owned());
                stack.delete_as(&account, "invented", properties.clone()).unwrap();
                assert_eq!(but_service_linked(&account), before, "{fault:?} at {k}");

                // Or the request is delivered again, to an account in the same condition.
                let account = account_presets::cloud::fake::Fake::new(crashed);
                let mut stack = Stack::named("a");
                stack.deploy(&account, properties.clone()).unwrap();
                let clean = populated();
                Stack::named("a").deploy(&clean, properties.clone()).unwrap();
                assert_eq!(
                    but_service_linked(&account),
                    but_service_linked(&clean),
                    "{fault:?} at {k}"
                );
            }
        }
    }
}

#[test]
fn a_create_that_fails_anywhere_takes_back_what_it_made() {
    for properties in many_properties() {
        for k in 0..writes(&properties) {
            let account = populated();
            let before = but_service_linked(&account);
            let failing = FailAt::new(&account, k, Fault::Refused);
            let error = Stack::named("a").deploy(&failing, properties.clone()).unwrap_err();
            assert!(error.contains("injected"), "{error}");
            assert_eq!(but_service_linked(&account), before, "at {k}");
        }
    }
}

#[test]
fn a_lost_answer_anywhere_is_healed_by_the_delete_that_follows() {
    for properties in many_properties() {
        for k in 0..writes(&properties) {
            let account = populated();
            let before = but_service_linked(&account);
            let mut stack = Stack::named("a");
            stack
                .deploy(&FailAt::new(&account, k, Fault::AnswerLost), properties.clone())
                .unwrap_err();
            stack.delete(&account).unwrap();
            assert_eq!(but_service_linked(&account), before, "at {k}");
        }
    }
}

#[test]
fn a_delete_that_fails_anywhere_goes_on_with_the_rest_and_succeeds_the_next_time() {
    for properties in many_properties() {
        for fault in [Fault::Refused, Fault::Killed, Fault::KilledAfter, Fault::AnswerLost] {
            for k in 0.. {
                let account = populated();
                let before = but_service_linked(&account);
                let mut stack = Stack::named("a");
                stack.deploy(&account, properties.clone()).unwrap();
                let failing = FailAt::new(&account, k, fault);
                let _ = handle(&failing, &stack.request(None));
                if !failing.failed() {
                    break;
                }
                stack.delete(&account).unwrap();
                assert_eq!(but_service_linked(&account), before, "{fault:?} at {k}");
            }
        }
    }
}

#[test]
fn an_update_that_fails_anywhere_is_undone_by_the_rollback() {
    let all = many_properties();
    let pairs = [(&all[0], &all[1]), (&all[1], &all[2]), (&all[3], &all[4]), (&all[4], &all[3])];
    for (from, to) in pairs {
        for fault in [Fault::Refused, Fault::Killed, Fault::KilledAfter, Fault::AnswerLost] {
            for k in 0.. {
                let account = populated();
                let mut stack = Stack::named("a");
                stack.deploy(&account, from.clone()).unwrap();
                let before = but_service_linked(&account);
                let failing = FailAt::new(&account, k, fault);
                let _ = handle(&failing, &stack.request(Some(to.clone())));
                if !failing.failed() {
                    break;
                }
                let mut rollback = stack.request(Some(from.clone()));
                rollback.old_properties = to.as_object().unwrap().clone();
                handle(&account, &rollback).unwrap().unwrap();
                assert_eq!(but_service_linked(&account), before, "{fault:?} at {k}");
            }
        }
    }
}
