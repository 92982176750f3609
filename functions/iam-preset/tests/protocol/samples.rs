//! The sample requests in `events/`, as they are but for their ResponseURL.

use std::fs;

use serde_json::Value;
use world::Behaviour;

use crate::stage::{ANSWERED, ENOUGH, Stage, only_answer, reason, stage_with};

/// A part of the answer's reason when AWS denies every call.
const DENIED: [(&str, &str); 10] = [
    ("create-lithops", "AccessDenied"),
    ("create-slim", "AccessDenied"),
    ("create-unknown-preset", "did you mean `slim`?"),
    ("create-unknown-property", "did you mean `Edition`?"),
    ("delete-slim", "AccessDenied"),
    ("malformed-create-without-properties", "Preset"),
    ("malformed-properties-are-a-list", "ResourceProperties"),
    ("malformed-request-type-in-lower-case", "`Create`"),
    ("malformed-update-without-physical-id", "PhysicalResourceId"),
    ("update-slim", "AccessDenied"),
];

/// X13
#[tokio::test]
async fn every_sample_has_the_answer_that_it_deserves() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    for (name, part) in DENIED {
        let answer = answer(&mut stage, name).await;
        assert_eq!(answer["Status"], "FAILED", "{name}");
        assert!(reason(&answer).contains(part), "{name}: {answer}");
    }
    stage.end().await;
}

#[tokio::test]
async fn every_sample_of_a_delete_succeeds_where_nothing_is() {
    let mut stage = stage_with(Behaviour::NO_SUCH_ENTITY).await;
    for name in
        ["delete-slim", "delete-slim-cancelled-create", "malformed-delete-without-physical-id"]
    {
        assert_eq!(answer(&mut stage, name).await["Status"], "SUCCESS", "{name}");
    }
    stage.end().await;
}

/// Another id for the same request would be a replacement at the next Update:
/// stacks that are there must never see one.
/// P20, X13
#[tokio::test]
async fn the_id_of_a_create_is_the_one_that_the_samples_go_on_with() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    let id = answer(&mut stage, "create-slim").await["PhysicalResourceId"].clone();
    for name in ["update-slim", "delete-slim"] {
        assert_eq!(sample(name)["PhysicalResourceId"], id, "{name}");
    }
    stage.end().await;
}

async fn answer(stage: &mut Stage, name: &str) -> Value {
    let (event, url) = stage.urls.issue(sample(name));
    assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED, "{name}");
    only_answer(&url)
}

fn sample(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let text = fs::read_to_string(format!("{folder}/iam-preset-{name}.json")).expect("a sample");
    serde_json::from_str(&text).expect("a sample that is JSON")
}
