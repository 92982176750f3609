//! Every rule has a function that breaks it, and every way of a stack is gone once.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::Poll;

use serde_json::json;

use super::*;
use crate::events::complaints;

/// A function that is a closure, and the events that it was given.
struct Script<F> {
    script: F,
    seen: RefCell<Vec<Value>>,
}

fn script<F: Fn(&Value) -> Vec<Value>>(script: F) -> Script<F> {
    Script { script, seen: RefCell::default() }
}

impl<F: Fn(&Value) -> Vec<Value>> Provider for Script<F> {
    async fn serve(&self, delivery: Delivery) -> Served {
        let event: Value = serde_json::from_slice(&delivery.event).unwrap();
        assert_eq!(complaints(&event), [""; 0], "{event}");
        self.seen.borrow_mut().push(event.clone());
        let answers = (self.script)(&event);
        let ended = if answers.is_empty() { Ended::Failed } else { Ended::Returned };
        Served { puts: answers.iter().map(|answer| put(&event, answer)).collect(), ended }
    }
}

impl<F> Script<F> {
    /// The requests: type, physical id and the value of `key`.
    fn asked(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let line = |event: &Value| {
            let version = |name: &str| text(&event[name]["Version"]);
            let id = text(&event["PhysicalResourceId"]);
            let (new, old) = (version("ResourceProperties"), version("OldResourceProperties"));
            format!("{} {id} {new} {old}", text(&event["RequestType"]))
        };
        self.seen.borrow().iter().map(line).collect()
    }
}

fn put(event: &Value, answer: &Value) -> Put {
    let url = event["ResponseURL"].as_str().unwrap().to_owned();
    Put { url, body: answer.to_string().into_bytes() }
}

/// A good answer under an id.
fn success(event: &Value, id: &str) -> Value {
    json!({
        "Status": "SUCCESS",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "PhysicalResourceId": id,
    })
}

fn failure(event: &Value, id: &str) -> Value {
    let mut answer = success(event, id);
    answer["Status"] = json!("FAILED");
    answer["Reason"] = json!("no");
    answer
}

/// The id of an Update and a Delete is kept, that of a Create is `id`.
fn id(event: &Value) -> &str {
    event["PhysicalResourceId"].as_str().unwrap_or("id")
}

fn good(event: &Value) -> Vec<Value> {
    vec![success(event, id(event))]
}

fn is(event: &Value, kind: &str) -> bool {
    event["RequestType"] == kind
}

fn version(version: &str) -> Template {
    Template::new().custom("Preset", json!({"Version": version}))
}

/// A stack with version 1 of the resource, and a function that has made it.
async fn created(provider: &impl Provider) -> CloudFormation {
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", version("1"));
    cfn.settle(provider).await;
    assert_eq!(cfn.status("s"), StackStatus::CreateComplete);
    cfn
}

#[tokio::test]
async fn a_stack_is_created_updated_and_deleted() {
    let function = script(|event| {
        let mut answer = success(event, id(event));
        if !is(event, "Delete") {
            answer["Data"] = json!({"Arn": event["ResourceProperties"]["Version"]});
        }
        vec![answer]
    });
    let mut cfn = created(&function).await;
    assert_eq!(cfn.physical_id("s", "Preset"), Some("id"));
    cfn.update_stack("s", version("2"));
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::UpdateComplete);
    assert_eq!(cfn.attributes("s", "Preset").unwrap()["Arn"], "2");
    cfn.update_stack("s", version("2"));
    assert_eq!(cfn.status("s"), StackStatus::UpdateComplete);
    cfn.delete_stack("s");
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::DeleteComplete);
    assert_eq!(function.asked(), ["Create - 1 -", "Update id 2 1", "Delete id 2 -"]);
    cfn.assert_faithful();
    assert!(cfn.requests().iter().all(|one| (one.answers.len(), one.deliveries) == (1, 1)));
}

#[tokio::test]
async fn a_stack_of_the_same_name_has_another_id() {
    let function = script(good);
    let mut cfn = created(&function).await;
    let first = cfn.stack_id("s").to_owned();
    cfn.delete_stack("s");
    cfn.settle(&function).await;
    cfn.create_stack("s", version("1"));
    cfn.settle(&function).await;
    assert_ne!(cfn.stack_id("s"), first);
}

/// Breaks a good answer.
type Break = fn(&mut Value);

/// An answer that breaks each rule that a body can break.
const BROKEN: [(Rule, Break); 21] = [
    (Rule::Length, |a| a["Reason"] = json!("x".repeat(4096))),
    (Rule::Json, |a| *a = json!([])),
    (Rule::Status, |a| a["Status"] = json!("FAILURE")),
    (Rule::Status, |a| drop(a.as_object_mut().unwrap().remove("Status"))),
    (Rule::StackId, |a| a["StackId"] = json!("arn:aws:cloudformation:another")),
    (Rule::RequestId, |a| a["RequestId"] = json!("another")),
    (Rule::LogicalResourceId, |a| a["LogicalResourceId"] = json!("preset")),
    (Rule::LogicalResourceId, |a| drop(a.as_object_mut().unwrap().remove("LogicalResourceId"))),
    (Rule::PhysicalResourceId, |a| a["PhysicalResourceId"] = json!("")),
    (Rule::PhysicalResourceId, |a| a["PhysicalResourceId"] = Value::Null),
    (Rule::PhysicalResourceId, |a| a["PhysicalResourceId"] = json!(7)),
    (Rule::PhysicalResourceId, |a| a["PhysicalResourceId"] = json!("i".repeat(1025))),
    (Rule::PhysicalResourceId, |a| {
        drop(a.as_object_mut().unwrap().remove("PhysicalResourceId"));
    }),
    (Rule::Reason, |a| a["Status"] = json!("FAILED")),
    (Rule::Reason, |a| a["Reason"] = json!(["because"])),
    (Rule::Null, |a| a["Reason"] = Value::Null),
    (Rule::NoEcho, |a| a["NoEcho"] = json!("true")),
    (Rule::Data, |a| a["Data"] = json!("arn")),
    (Rule::Data, |a| a["Data"] = json!({"Role": {"Arn": "arn"}})),
    (Rule::Null, |a| a["Data"] = Value::Null),
    (Rule::Control, |a| a["Reason"] = json!("\u{1b}[31m")),
];

#[tokio::test]
async fn a_function_that_breaks_a_rule_is_named_and_has_what_cloudformation_makes_of_it() {
    for (rule, change) in BROKEN {
        let function = script(|event| {
            let mut answer = success(event, "id");
            if is(event, "Create") {
                change(&mut answer);
            }
            vec![answer]
        });
        let mut cfn = CloudFormation::new();
        let begun = cfn.now();
        cfn.create_stack("s", version("1"));
        cfn.settle(&function).await;
        assert!(cfn.violations().iter().any(|one| one.rule == rule), "{rule}");
        let waited = cfn.now().duration_since(begun).unwrap().as_secs();
        let ended = match rule.effect() {
            Effect::Fails(_) => (StackStatus::RollbackComplete, 0),
            Effect::Ignored => (StackStatus::RollbackComplete, 300),
            Effect::Tolerated => (StackStatus::CreateComplete, 0),
            Effect::Refused(_) => panic!("{rule} is about no body"),
        };
        assert_eq!((cfn.status("s"), waited), ended, "{rule}");
        if ended.0 == StackStatus::RollbackComplete {
            // The id is unknown, so that of the Delete is CloudFormation's own.
            assert_eq!(function.asked()[1], "Delete s-Preset-000000000001 1 -", "{rule}");
        }
    }
}

#[tokio::test]
#[should_panic(expected = "answers broke rules:\n  NoEcho must be a boolean: {")]
async fn a_function_that_breaks_a_rule_is_not_faithful() {
    let function = script(|event| {
        let mut answer = success(event, id(event));
        answer["NoEcho"] = json!(1);
        vec![answer]
    });
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", version("1"));
    cfn.settle(&function).await;
    cfn.assert_faithful();
}

#[tokio::test]
async fn every_rule_that_a_body_can_break_is_broken_above() {
    let on_the_way = |rule: Rule| matches!(rule.effect(), Effect::Refused(_));
    for rule in Rule::ALL {
        let elsewhere = [Rule::Expect, Rule::DataOnDelete, Rule::Once].contains(&rule);
        let broken = BROKEN.iter().any(|(broken, _)| *broken == rule);
        assert!(broken || elsewhere || on_the_way(rule), "{rule}");
    }
}

#[tokio::test]
async fn a_body_of_4096_bytes_counts_and_one_more_does_not() {
    for (size, status) in
        [(4096, StackStatus::CreateComplete), (4097, StackStatus::RollbackComplete)]
    {
        let function = script(|event| {
            if is(event, "Delete") {
                return good(event);
            }
            let mut answer = success(event, id(event));
            answer["Reason"] = json!("");
            let rest = size - answer.to_string().len();
            answer["Reason"] = json!("x".repeat(rest));
            vec![answer]
        });
        let mut cfn = CloudFormation::new();
        cfn.create_stack("s", version("1"));
        cfn.settle(&function).await;
        assert_eq!(cfn.status("s"), status, "{size}");
    }
}

#[tokio::test]
async fn attributes_of_a_delete_are_noticed() {
    let function = script(|event| {
        let mut answer = success(event, id(event));
        answer["Data"] = json!({});
        vec![answer]
    });
    let mut cfn = created(&function).await;
    cfn.delete_stack("s");
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::DeleteComplete);
    assert_eq!(cfn.violations()[0].rule, Rule::DataOnDelete);
}

#[tokio::test]
async fn the_first_answer_wins_and_a_second_one_is_noticed() {
    let function = script(|event| vec![success(event, "id"), failure(event, "other")]);
    let cfn = created(&function).await;
    assert_eq!(cfn.physical_id("s", "Preset"), Some("id"));
    assert_eq!(cfn.violations()[0].rule, Rule::Once);
}

#[tokio::test]
async fn an_answer_to_each_delivery_is_no_fault_of_the_function() {
    let function = script(good);
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", version("1"));
    cfn.deliver_again(0);
    cfn.settle(&function).await;
    assert_eq!((cfn.requests()[0].deliveries, cfn.requests()[0].answers.len()), (2, 2));
    cfn.assert_faithful();
    let seen = function.seen.borrow();
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn an_answer_to_another_url_is_refused() {
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", version("1"));
    let delivery = cfn.deliver(0).unwrap();
    let event: Value = serde_json::from_slice(&delivery.event).unwrap();
    let Put { url, body } = put(&event, &success(&event, "id"));
    assert_eq!(cfn.put(&format!("{url}&x=1"), &body), 403);
    assert_eq!(cfn.violations()[0].rule, Rule::Url);
    assert_eq!(cfn.status("s"), StackStatus::CreateInProgress);
    assert_eq!(cfn.put(&url, &body), 200);
    assert_eq!(cfn.status("s"), StackStatus::CreateComplete);
}

#[tokio::test]
async fn an_answer_to_a_url_that_has_expired_is_refused_by_s3() {
    let mut cfn = CloudFormation::new();
    let template = Template::new().custom("Preset", json!({"ServiceTimeout": 9000}));
    cfn.create_stack("s", template);
    let delivery = cfn.deliver(0).unwrap();
    let event: Value = serde_json::from_slice(&delivery.event).unwrap();
    let Put { url, body } = put(&event, &success(&event, "id"));
    cfn.advance(Duration::from_secs(7201));
    assert_eq!(cfn.put(&url, &body), 403);
    assert_eq!(cfn.status("s"), StackStatus::CreateInProgress);
    assert_eq!(event["ResourceProperties"]["ServiceTimeout"], "9000");
}

#[tokio::test]
async fn what_failed_is_delivered_again_after_one_and_after_two_minutes() {
    let function = script(|_| vec![]);
    let mut cfn = CloudFormation::new();
    let begun = cfn.now();
    cfn.create_stack("s", version("1"));
    let mut times = Vec::new();
    for _ in 0..3 {
        let delivery = cfn.deliver(0).unwrap();
        times.push(delivery.at.duration_since(begun).unwrap().as_secs());
        let served = function.serve(delivery.clone()).await;
        cfn.served(delivery, served);
        assert_eq!(cfn.due(), [0; 0]);
        if let Some(next) = cfn.next_instant() {
            cfn.advance_to(next);
        }
    }
    assert_eq!(times, [0, 60, 180]);
    let seen = function.seen.borrow();
    assert!(seen.iter().all(|event| *event == seen[0]));
    // Nothing more comes, and CloudFormation gives up.
    assert_eq!(cfn.now().duration_since(begun).unwrap().as_secs(), 300);
    assert!(cfn.events("s").iter().any(|event| event.contains(NO_RESPONSE)));
}

#[tokio::test]
async fn attempts_and_their_age_are_limited_as_the_function_says() {
    let function = script(|_| vec![]);
    for (lambda, attempts) in [
        (Lambda { maximum_retry_attempts: 0, ..Lambda::default() }, 1),
        (Lambda { maximum_retry_attempts: 1, ..Lambda::default() }, 2),
        (Lambda { maximum_event_age: Duration::from_secs(60), ..Lambda::default() }, 2),
    ] {
        let mut cfn = CloudFormation::new().with_lambda(lambda);
        cfn.create_stack("s", version("1"));
        cfn.drain(&function).await;
        assert_eq!(cfn.requests()[0].deliveries, attempts);
    }
}

#[tokio::test]
async fn a_crash_is_healed_by_the_next_delivery() {
    let crashed = Cell::new(false);
    let function = script(|event| if crashed.replace(true) { good(event) } else { vec![] });
    let cfn = created(&function).await;
    assert_eq!(function.asked(), ["Create - 1 -"; 2]);
    cfn.assert_faithful();
}

#[tokio::test]
async fn nobody_answering_fails_the_resource_after_its_service_timeout() {
    let function = script(|_| vec![]);
    let mut cfn = CloudFormation::new();
    let begun = cfn.now();
    let template = Template::new().custom("Preset", json!({"ServiceTimeout": "77"}));
    cfn.create_stack("s", template);
    cfn.settle(&function).await;
    // Once for the Create, and once for the Delete.
    assert_eq!(cfn.now().duration_since(begun).unwrap().as_secs(), 154);
    assert_eq!(cfn.status("s"), StackStatus::RollbackFailed);
}

#[tokio::test]
async fn a_create_that_failed_is_deleted_under_the_id_of_its_answer() {
    let function = script(|event| match is(event, "Create") {
        true => vec![failure(event, "half-made")],
        false => good(event),
    });
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", version("1"));
    cfn.settle(&function).await;
    assert_eq!(function.asked(), ["Create - 1 -", "Delete half-made 1 -"]);
    assert_eq!(cfn.status("s"), StackStatus::RollbackComplete);
    cfn.delete_stack("s");
    cfn.settle(&function).await;
    assert_eq!((cfn.status("s"), function.asked().len()), (StackStatus::DeleteComplete, 2));
}

#[tokio::test]
async fn a_create_is_cancelled_when_another_resource_fails_and_may_come_after_its_delete() {
    let function = script(good);
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", version("1").native("Other", Native::Waits));
    cfn.postpone(0, Duration::from_secs(30));
    cfn.finish("s", "Other", false);
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::RollbackComplete);
    cfn.drain(&function).await;
    // The answer to the Create counts for nothing.
    assert_eq!(function.asked(), ["Delete s-Preset-000000000001 1 -", "Create - 1 -"]);
    assert_eq!(cfn.requests().iter().map(|one| one.counted).collect::<Vec<_>>(), [false, true]);
    assert_eq!(cfn.status("s"), StackStatus::RollbackComplete);
    cfn.assert_faithful();
}

#[tokio::test]
async fn a_delete_may_come_while_the_create_runs() {
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", version("1"));
    let running = cfn.deliver(0).unwrap();
    cfn.delete_stack("s");
    let deleting = cfn.deliver(1).unwrap();
    for delivery in [running, deleting] {
        let served = script(good).serve(delivery.clone()).await;
        cfn.served(delivery, served);
    }
    assert_eq!(cfn.status("s"), StackStatus::DeleteComplete);
    assert!(!cfn.requests()[0].counted);
}

#[tokio::test]
async fn a_changed_id_is_a_replacement_and_the_old_one_is_deleted_in_the_clean_up() {
    let function = script(|event| match is(event, "Update") {
        true => vec![success(event, "new")],
        false => good(event),
    });
    let mut cfn = created(&function).await;
    cfn.update_stack("s", version("2"));
    cfn.settle(&function).await;
    assert_eq!(function.asked()[1..], ["Update id 2 1", "Delete id 1 -"]);
    assert_eq!(cfn.physical_id("s", "Preset"), Some("new"));
    let events = cfn.events("s");
    let position = |line: &str| events.iter().position(|event| event == line);
    let cleanup = position("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
    assert!(cleanup.is_some() && cleanup < position("Preset: DELETE_COMPLETE"), "{events:?}");
}

#[tokio::test]
async fn what_a_clean_up_cannot_delete_is_left_behind_after_three_tries() {
    let function = script(|event| match event["RequestType"].as_str() {
        Some("Update") => vec![success(event, "new")],
        Some("Delete") => vec![failure(event, id(event))],
        _ => good(event),
    });
    let mut cfn = created(&function).await;
    cfn.update_stack("s", version("2"));
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::UpdateComplete);
    assert_eq!(function.asked()[2..], ["Delete id 1 -"; 3]);
    assert_eq!(cfn.left_behind("s"), ["id"]);
    assert_eq!(cfn.physical_id("s", "Preset"), Some("new"));
}

#[tokio::test]
async fn an_update_that_fails_is_rolled_back_with_swapped_properties() {
    let function = script(|event| match event["ResourceProperties"]["Version"] == "2" {
        true => vec![failure(event, id(event))],
        false => good(event),
    });
    let mut cfn = created(&function).await;
    cfn.update_stack("s", version("2"));
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::UpdateRollbackComplete);
    assert_eq!(function.asked()[1..], ["Update id 2 1", "Update id 1 2"]);
}

#[tokio::test]
async fn an_id_in_a_failed_update_is_taken_for_the_new_one() {
    // The log stream that some libraries fall back to.
    let function = script(|event| match event["ResourceProperties"]["Version"] == "2" {
        true => vec![failure(event, "2026/01/31/[$LATEST]0")],
        false => vec![success(event, "id")],
    });
    let mut cfn = created(&function).await;
    cfn.update_stack("s", version("2"));
    cfn.settle(&function).await;
    assert_eq!(
        function.asked()[2..],
        ["Update 2026/01/31/[$LATEST]0 1 2", "Delete 2026/01/31/[$LATEST]0 1 -"]
    );
    assert_eq!(cfn.physical_id("s", "Preset"), Some("id"));
}

#[tokio::test]
async fn a_rollback_updates_what_was_updated_and_deletes_what_was_new() {
    let function = script(good);
    let mut cfn = created(&function).await;
    let two = version("2").custom("New", json!({"Version": "n"}));
    cfn.update_stack("s", two.native("Other", Native::Waits));
    while let Some(request) = cfn.due().first().copied() {
        let delivery = cfn.deliver(request).unwrap();
        let served = function.serve(delivery.clone()).await;
        cfn.served(delivery, served);
    }
    cfn.finish("s", "Other", false);
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::UpdateRollbackComplete);
    assert_eq!(
        function.asked()[1..],
        ["Create - n -", "Update id 2 1", "Update id 1 2", "Delete id n -"]
    );
    assert_eq!(cfn.physical_id("s", "New"), None);
}

#[tokio::test]
async fn the_rollback_of_a_replacement_deletes_the_new_id_either_way() {
    let function = || {
        script(|event| {
            vec![success(event, event["ResourceProperties"]["Version"].as_str().unwrap())]
        })
    };
    for (on_rollback, asked) in [
        (OnRollback::Updates, &["Update 1 2 1", "Update 2 1 2", "Delete 2 2 -"][..]),
        (OnRollback::Deletes, &["Update 1 2 1", "Delete 2 2 -"][..]),
    ] {
        let function = function();
        let mut cfn = CloudFormation::new().with_rollback(on_rollback);
        cfn.create_stack("s", version("1"));
        cfn.settle(&function).await;
        let fails = version("2").native("Other", Native::Fails);
        cfn.update_stack("s", fails.depends_on("Other", "Preset"));
        cfn.settle(&function).await;
        assert_eq!(cfn.status("s"), StackStatus::UpdateRollbackComplete);
        assert_eq!(function.asked()[1..], *asked, "{on_rollback:?}");
        assert_eq!(cfn.physical_id("s", "Preset"), Some("1"));
    }
}

#[tokio::test]
async fn a_cancelled_update_is_rolled_back_while_it_runs() {
    let function = script(good);
    let mut cfn = created(&function).await;
    cfn.update_stack("s", version("2"));
    let running = cfn.deliver(1).unwrap();
    cfn.cancel_update_stack("s");
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::UpdateRollbackComplete);
    let served = function.serve(running.clone()).await;
    cfn.served(running, served);
    assert_eq!(function.asked()[1..], ["Update id 1 2", "Update id 2 1"]);
    assert!(!cfn.requests()[1].counted);
}

#[tokio::test]
async fn a_rollback_that_fails_waits_for_the_operator() {
    let broken = Cell::new(true);
    let function = script(|event| match broken.get() && is(event, "Update") {
        true => vec![failure(event, id(event))],
        false => good(event),
    });
    let mut cfn = created(&function).await;
    cfn.update_stack("s", version("2"));
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::UpdateRollbackFailed);
    broken.set(false);
    cfn.continue_update_rollback("s", &[]);
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::UpdateRollbackComplete);
    assert_eq!(function.asked()[1..], ["Update id 2 1", "Update id 1 2", "Update id 1 2"]);
}

#[tokio::test]
async fn a_rollback_that_fails_can_go_on_without_the_resource() {
    let function = script(|event| match is(event, "Update") {
        true => vec![failure(event, id(event))],
        false => good(event),
    });
    let mut cfn = created(&function).await;
    cfn.update_stack("s", version("2"));
    cfn.settle(&function).await;
    cfn.continue_update_rollback("s", &["Preset"]);
    assert_eq!(cfn.status("s"), StackStatus::UpdateRollbackComplete);
}

#[tokio::test]
async fn a_delete_that_fails_blocks_the_stack_until_it_succeeds_or_is_left_out() {
    for retained in [&[][..], &["Preset"]] {
        let broken = Cell::new(true);
        let function = script(|event| match broken.get() && is(event, "Delete") {
            true => vec![failure(event, id(event))],
            false => good(event),
        });
        let mut cfn = created(&function).await;
        cfn.delete_stack("s");
        cfn.settle(&function).await;
        assert_eq!(cfn.status("s"), StackStatus::DeleteFailed);
        broken.set(false);
        cfn.delete_stack_but("s", retained);
        cfn.settle(&function).await;
        assert_eq!(cfn.status("s"), StackStatus::DeleteComplete);
        assert_eq!(function.asked().len(), 3 - retained.len());
    }
}

#[tokio::test]
async fn what_is_retained_gets_no_delete() {
    let function = script(|event| match is(event, "Update") {
        true => vec![success(event, "new")],
        false => good(event),
    });
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", version("1").retain("Preset").retain_replaced("Preset"));
    cfn.settle(&function).await;
    cfn.update_stack("s", version("2").retain("Preset").retain_replaced("Preset"));
    cfn.settle(&function).await;
    cfn.delete_stack("s");
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::DeleteComplete);
    assert_eq!(function.asked(), ["Create - 1 -", "Update id 2 1"]);
}

#[tokio::test]
async fn what_was_never_finished_is_deleted_though_it_is_to_be_retained() {
    let function = script(|event| match is(event, "Create") {
        true => vec![failure(event, "half-made")],
        false => good(event),
    });
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", version("1").retain("Preset"));
    cfn.settle(&function).await;
    assert_eq!(function.asked()[1..], ["Delete half-made 1 -"]);
}

#[tokio::test]
async fn a_resource_that_leaves_the_template_is_deleted_in_the_clean_up() {
    let function = script(good);
    let mut cfn = created(&function).await;
    cfn.update_stack("s", Template::new().native("Other", Native::Succeeds));
    cfn.settle(&function).await;
    assert_eq!(cfn.status("s"), StackStatus::UpdateComplete);
    assert_eq!(function.asked()[1..], ["Delete id 1 -"]);
    assert_eq!(cfn.physical_id("s", "Preset"), None);
}

#[tokio::test]
async fn what_depends_on_another_resource_comes_after_it_and_goes_before_it() {
    let function = script(|event| match is(event, "Create") {
        true => vec![success(event, event["LogicalResourceId"].as_str().unwrap())],
        false => good(event),
    });
    let template = version("1").custom("After", json!({})).depends_on("After", "Preset");
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", template);
    assert_eq!(cfn.requests().len(), 1);
    cfn.settle(&function).await;
    cfn.delete_stack("s");
    assert_eq!(cfn.requests().len(), 3);
    cfn.settle(&function).await;
    assert_eq!(
        function.asked(),
        ["Create - 1 -", "Create - - -", "Delete After - -", "Delete Preset 1 -"]
    );
}

#[tokio::test]
async fn numbers_and_what_is_null_arrive_as_cloudformation_sends_them() {
    let function = script(good);
    let mut cfn = CloudFormation::new();
    let properties = json!({"Session": 7200, "On": true, "Gone": null, "List": [1, null]});
    cfn.create_stack("s", Template::new().custom("Preset", properties));
    cfn.settle(&function).await;
    let event = cfn.requests()[0].event();
    assert_eq!(
        event["ResourceProperties"],
        json!({
            "Session": "7200", "On": "true", "List": ["1"], "ServiceTimeout": "300",
            "ServiceToken": crate::events::SERVICE_TOKEN,
        })
    );
}

/// Waits for three turns, then answers.
struct Slow;

impl Provider for Slow {
    async fn serve(&self, delivery: Delivery) -> Served {
        let mut turns = 3;
        poll_fn(|_| {
            turns -= 1;
            if turns == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        script(good).serve(delivery).await
    }
}

#[test]
fn invocations_at_the_same_time_go_on_in_the_order_that_is_asked_for() {
    let mut cfn = CloudFormation::new();
    cfn.create_stack("a", version("1"));
    cfn.create_stack("b", version("1"));
    let mut running = Running::new();
    running.begin(&mut cfn, &Slow);
    assert_eq!(running.len(), 2);
    for which in [0, 1, 1, 0, 1] {
        running.step(&mut cfn, which);
    }
    assert_eq!(cfn.status("a"), StackStatus::CreateInProgress);
    assert_eq!(cfn.status("b"), StackStatus::CreateComplete);
    // The other process dies, and another one begins again a minute later.
    running.kill(&mut cfn, 0);
    assert!(running.is_empty() && cfn.due().is_empty());
    cfn.advance(Duration::from_secs(60));
    running.begin(&mut cfn, &Slow);
    for _ in 0..3 {
        running.step(&mut cfn, 0);
    }
    assert_eq!(cfn.status("a"), StackStatus::CreateComplete);
    cfn.assert_faithful();
}
