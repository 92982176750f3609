//! Whole stacks, served by the compiled function with an AWS that is of no help.

use std::time::Duration;

use serde_json::json;
use world::cloudformation::{CloudFormation, Native, StackStatus, Template};
use world::{AwsEndpoint, Behaviour, Deployed, Fault};

use crate::stage::{Stage, stage_with};

/// Nothing is there, and nothing can be made: a Create fails, a Delete succeeds.
async fn deployed() -> (Deployed, AwsEndpoint) {
    let Stage { urls, aws, function } = stage_with(Behaviour::NO_SUCH_ENTITY).await;
    (Deployed::new(function, urls), aws)
}

fn slim() -> Template {
    Template::new().custom("Preset", json!({"Preset": "slim", "AcknowledgeAdminEquivalent": true}))
}

async fn end((deployed, aws): (Deployed, AwsEndpoint), cfn: &CloudFormation) {
    cfn.assert_faithful();
    let (function, urls) = deployed.into_parts();
    Stage { urls, aws, function }.end().await;
}

#[tokio::test]
async fn a_create_that_fails_is_rolled_back() {
    let there = deployed().await;
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", slim());
    cfn.settle(&there.0).await;
    assert_eq!(cfn.status("s"), StackStatus::RollbackComplete);
    let id = cfn.requests()[1].event()["PhysicalResourceId"].clone();
    assert!(id.as_str().is_some_and(|id| id.starts_with("slim:s:Preset:")), "{id}");
    assert!(cfn.requests().iter().all(|one| (one.deliveries, one.answers.len()) == (1, 1)));
    end(there, &cfn).await;
}

/// I6, I9, T7
#[tokio::test]
async fn a_create_that_comes_after_the_delete_with_an_invented_id_does_nothing() {
    let there = deployed().await;
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", slim().native("Other", Native::Waits));
    cfn.postpone(0, Duration::from_secs(400));
    cfn.finish("s", "Other", false);
    cfn.settle(&there.0).await;
    assert_eq!(cfn.status("s"), StackStatus::RollbackComplete);
    let id = cfn.requests()[1].event()["PhysicalResourceId"].clone();
    assert!(id.as_str().is_some_and(|id| id.starts_with("s-Preset-")), "{id}");
    let calls = there.1.calls();
    cfn.drain(&there.0).await;
    assert_eq!(cfn.requests()[0].deliveries, 1);
    assert_eq!(there.1.calls(), calls);
    end(there, &cfn).await;
}

#[tokio::test]
async fn an_answer_that_did_not_arrive_is_given_at_the_next_delivery() {
    let there = deployed().await;
    there.0.fail_next(Fault::Status(403));
    let mut cfn = CloudFormation::new();
    let begun = cfn.now();
    cfn.create_stack("s", slim());
    cfn.settle(&there.0).await;
    assert_eq!(cfn.status("s"), StackStatus::RollbackComplete);
    assert_eq!(cfn.now().duration_since(begun).expect("time"), Duration::from_secs(60));
    assert_eq!((cfn.requests()[0].deliveries, cfn.requests()[0].answers.len()), (2, 1));
    end(there, &cfn).await;
}

#[tokio::test]
async fn every_delivery_of_a_request_has_the_same_answer() {
    let there = deployed().await;
    let mut cfn = CloudFormation::new();
    cfn.create_stack("s", slim());
    cfn.deliver_again(0);
    cfn.settle(&there.0).await;
    cfn.delete_stack("s");
    cfn.settle(&there.0).await;
    assert_eq!(cfn.status("s"), StackStatus::DeleteComplete);
    let answers = &cfn.requests()[0].answers;
    assert_eq!((cfn.requests()[0].deliveries, answers.len()), (2, 2));
    assert_eq!(answers[0], answers[1]);
    end(there, &cfn).await;
}
