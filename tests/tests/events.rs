//! The sample requests are as CloudFormation would send them, and the malformed ones are malformed
//! in the way of their names and in no other.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should fail, and say why"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use world::ResponseUrls;
use world::events::{Event, complaints, create, delete, stringified, update};

/// Every sample, and its breaches of CloudFormation's documentation.
const SAMPLES: [(&str, &[&str]); 20] = [
    ("iam-preset-create-lithops", &[]),
    ("iam-preset-create-slim", &[]),
    ("iam-preset-create-slim-through-sns", &[]),
    ("iam-preset-create-unknown-preset", &[]),
    ("iam-preset-create-unknown-property", &[]),
    ("iam-preset-delete-slim", &[]),
    ("iam-preset-delete-slim-cancelled-create", &[]),
    ("iam-preset-malformed-create-without-properties", &["ResourceProperties is not an object"]),
    ("iam-preset-malformed-delete-without-physical-id", &["PhysicalResourceId is not a string"]),
    ("iam-preset-malformed-properties-are-a-list", &["ResourceProperties is not an object"]),
    (
        "iam-preset-malformed-request-type-in-lower-case",
        &["RequestType is not one of the three", "PhysicalResourceId is not a string"],
    ),
    (
        "iam-preset-malformed-scalars-not-stringified",
        &["ResourceProperties has a scalar that is not a string"],
    ),
    ("iam-preset-malformed-sns-two-records", &["2 records"]),
    ("iam-preset-malformed-update-without-physical-id", &["PhysicalResourceId is not a string"]),
    (
        "iam-preset-malformed-without-response-url",
        &["ResponseURL is not a string with something in it"],
    ),
    ("iam-preset-update-slim", &[]),
    ("lambda-concurrency-create", &[]),
    ("lambda-concurrency-create-no-number", &[]),
    ("lambda-concurrency-delete", &[]),
    ("lambda-concurrency-update", &[]),
];

#[test]
fn every_sample_is_faithful_or_malformed_as_its_name_says() {
    for (name, expected) in SAMPLES {
        assert_eq!(complaints_about(&sample(name)), expected, "{name}");
    }
}

#[test]
fn every_sample_is_in_the_table() {
    let files: BTreeSet<String> = fs::read_dir(folder())
        .expect("the folder of the samples")
        .map(|entry| entry.expect("a sample").file_name().to_string_lossy().into_owned())
        // A report of the function, and no request.
        .filter(|file| !file.ends_with(".schema.json"))
        .collect();
    let table: BTreeSet<String> = SAMPLES.iter().map(|(name, _)| format!("{name}.json")).collect();
    assert_eq!(files, table);
}

#[test]
fn no_two_samples_are_the_same_request() {
    let mut seen = BTreeMap::new();
    for (name, _) in SAMPLES {
        for event in events_in(&sample(name)) {
            let id = event["RequestId"].to_string();
            assert_eq!(seen.insert(id, name), None, "{name} has the RequestId of another");
        }
    }
}

#[test]
fn the_url_of_a_sample_names_its_request_and_carries_no_signature() {
    for (name, _) in SAMPLES {
        for event in events_in(&sample(name)) {
            let Some(url) = event["ResponseURL"].as_str() else {
                continue;
            };
            let text = |name: &str| event[name].as_str().expect("an id").replace(':', "%3A");
            let key = ["StackId", "LogicalResourceId", "RequestId"].map(text).join("%7C");
            assert!(
                url.starts_with(
                    "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.\
                     amazonaws.com/"
                ),
                "{name}: {url}"
            );
            assert!(url.contains(&format!("/{key}?")), "{name}: {url}");
            assert!(url.ends_with("&X-Amz-Signature=EXAMPLE"), "{name}: {url}");
        }
    }
}

#[tokio::test]
async fn the_builders_build_faithful_requests() {
    let urls = ResponseUrls::start().await;
    for (n, event) in (1..).zip([create(), update(), delete()]) {
        let (event, _) = urls.issue(event.property("Parameters", json!({"A": [1]})).numbered(n));
        assert_eq!(complaints(&event), [""; 0], "{event}");
        assert_eq!(event["ResourceProperties"]["Parameters"]["A"], json!(["1"]));
    }
}

#[test]
fn scalars_become_strings_and_lists_and_maps_stay() {
    let template = json!({
        "Number": 42, "Fraction": 1.5, "Switch": true, "Text": " 10 ", "Ports": [80, null, false],
        "NoValue": null, "Map": {"Deep": {"One": 1}, "Gone": null}, "Empty": ""
    });
    let sent = json!({
        "Number": "42", "Fraction": "1.5", "Switch": "true", "Text": " 10 ",
        "Ports": ["80", "false"], "Map": {"Deep": {"One": "1"}}, "Empty": ""
    });
    assert_eq!(stringified(template), sent);
}

#[test]
fn a_change_of_an_event_changes_that_and_no_more() {
    let plain = Value::from(create());
    let changed: Event = create().property("Preset", "slim").property("Preset", Value::Null);
    assert_eq!(Value::from(changed), plain);
    assert_eq!(Value::from(create().field("New", 1).without("New")), plain);
    assert_ne!(Value::from(create().numbered(2)), plain);
}

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../events"))
}

fn sample(name: &str) -> Value {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).expect("a sample");
    serde_json::from_str(&text).expect("a sample that is JSON")
}

/// The request itself, or those in an envelope of SNS.
fn events_in(sample: &Value) -> Vec<Value> {
    match sample["Records"].as_array() {
        None => vec![sample.clone()],
        Some(records) => records
            .iter()
            .map(|record| record["Sns"]["Message"].as_str().expect("a message of SNS"))
            .map(|message| serde_json::from_str(message).expect("a message that is JSON"))
            .collect(),
    }
}

fn complaints_about(sample: &Value) -> Vec<String> {
    let events = events_in(sample);
    match events.as_slice() {
        [event] => complaints(event),
        events => vec![format!("{} records", events.len())],
    }
}
