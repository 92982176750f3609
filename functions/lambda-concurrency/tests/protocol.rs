//! The compiled function against the outside world, as far as it differs from the function
//! `iam-preset`: guard, answer and delivery are the same code.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should fail, and say why"
)]

use std::fs;

use serde_json::Value;
use world::events::{self, Event, PHYSICAL_ID};
use world::stage::{ANSWERED, ENOUGH, LITTLE, Stage, assert_is_for_people, only_answer, reason};
use world::{AwsEndpoint, Behaviour};

const QUOTA_ARN: &str = "arn:aws:servicequotas:eu-west-1:123456789012:lambda/L-B99A9384";
const NEW_ACCOUNT: Behaviour = Behaviour::Json(
    r#"{"AccountLimit":{"ConcurrentExecutions":10,"UnreservedConcurrentExecutions":10}}"#,
);
const GET_ACCOUNT_SETTINGS: &str = "GET /2016-08-19/account-settings";

async fn stage_with(aws: Behaviour) -> Stage {
    Stage::with(env!("CARGO_BIN_EXE_lambda-concurrency"), aws).await
}

fn create() -> Event {
    of_quota(events::create())
}

fn update() -> Event {
    of_quota(events::update())
}

fn delete() -> Event {
    of_quota(events::delete())
}

fn of_quota(event: Event) -> Event {
    event.field("ResourceType", "Custom::LambdaConcurrency")
}

fn wish() -> Event {
    create().property("DesiredConcurrency", 1000)
}

/// Q1, Q23
#[tokio::test]
async fn what_lambda_says_to_be_enough_is_a_success_with_every_attribute() {
    let mut stage = stage_with(NEW_ACCOUNT).await;
    let answer = stage.answer(create().property("DesiredConcurrency", 10)).await;
    assert_eq!(answer["Status"], "SUCCESS", "{answer}");
    assert_eq!(answer["PhysicalResourceId"], QUOTA_ARN);
    let attributes: Vec<&String> = answer["Data"].as_object().expect("attributes").keys().collect();
    assert_eq!(
        attributes,
        [
            "AppliedConcurrency",
            "CaseId",
            "DesiredConcurrency",
            "Message",
            "Outcome",
            "ProviderVersion",
            "RequestId",
            "RequestStatus",
            "UnreservedConcurrency"
        ]
    );
    assert_eq!(answer["Data"]["Outcome"], "AlreadySufficient");
    assert_eq!(stage.aws.calls(), [GET_ACCOUNT_SETTINGS]);
    let update = update().property("DesiredConcurrency", 5).numbered(2);
    assert_eq!(stage.answer(update).await["PhysicalResourceId"], PHYSICAL_ID);
    stage.end().await;
}

#[tokio::test]
async fn a_denial_becomes_one_failed_answer_that_names_the_action() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED_EXCEPTION).await;
    let answer = stage.answer(wish()).await;
    assert_eq!(answer["Status"], "FAILED");
    assert!(reason(&answer).contains("lambda:GetAccountSettings"), "{answer}");
    assert!(reason(&answer).contains("AccessDeniedException"), "{answer}");
    assert_is_for_people(reason(&answer));
    assert_eq!(answer["PhysicalResourceId"], QUOTA_ARN);
    stage.end().await;
}

/// Each service has its own endpoint variable, and the general one is for the rest.
#[tokio::test]
async fn every_service_is_asked_at_its_own_endpoint() {
    let lambda = AwsEndpoint::start(NEW_ACCOUNT).await;
    let quotas = AwsEndpoint::start(Behaviour::ACCESS_DENIED_EXCEPTION).await;
    let stage = stage_with(Behaviour::Hang).await;
    let function = stage
        .function
        .env("AWS_ENDPOINT_URL_LAMBDA", lambda.url())
        .env("AWS_ENDPOINT_URL_SERVICE_QUOTAS", quotas.url());
    let mut stage = Stage { function, ..stage };
    let answer = stage.answer(wish()).await;
    assert!(reason(&answer).contains("servicequotas:GetServiceQuota `L-B99A9384`"), "{answer}");
    assert_eq!(lambda.calls(), [GET_ACCOUNT_SETTINGS]);
    assert_eq!(quotas.calls(), ["ServiceQuotasV20190624.GetServiceQuota"]);
    assert_eq!(stage.aws.calls(), [""; 0]);
    stage.end().await;
}

#[tokio::test]
async fn an_aws_that_hangs_is_answered_for_before_the_deadline_with_the_id_of_any_other() {
    let mut stage = stage_with(Behaviour::Hang).await;
    let (event, url) = stage.urls.issue(wish().property("WaitSeconds", 600));
    assert_eq!(stage.function.invoke(&event, LITTLE).await, ANSWERED);
    let answer = only_answer(&url);
    assert_eq!(answer["Status"], "FAILED");
    assert_eq!(answer["PhysicalResourceId"], QUOTA_ARN);
    assert!(reason(&answer).contains("asking Lambda"), "{answer}");
    stage.end().await;
}

/// Q25
#[tokio::test]
async fn a_service_that_throttles_is_asked_again_as_long_as_there_is_time() {
    let throttling = Behaviour::Error { status: 429, code: "TooManyRequestsException" };
    let mut stage = stage_with(throttling).await;
    let (event, url) = stage.urls.issue(wish());
    assert_eq!(stage.function.invoke(&event, LITTLE).await, ANSWERED);
    assert_eq!(only_answer(&url)["Status"], "FAILED");
    assert!(stage.aws.calls().len() > 2, "{:?}", stage.aws.calls());
    stage.end().await;
}

/// Q22
#[tokio::test]
async fn a_delete_succeeds_whatever_its_properties_are_and_asks_aws_nothing() {
    let mut stage = stage_with(Behaviour::Hang).await;
    for (n, event) in (1..).zip([
        delete().property("DesiredConcurrency", 1000),
        delete().property("DesiredConcurrency", "a thousand"),
        delete().without("ResourceProperties"),
        delete().without("PhysicalResourceId"),
    ]) {
        let answer = stage.answer(event.numbered(n)).await;
        assert_eq!(answer["Status"], "SUCCESS", "{answer}");
    }
    assert_eq!(stage.aws.calls(), [""; 0]);
    stage.end().await;
}

/// The sample requests in `events/`, as they are but for their ResponseURL, and a part of the
/// answer's reason when AWS denies every call.
#[tokio::test]
async fn every_sample_has_the_answer_that_it_deserves() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED_EXCEPTION).await;
    for (name, status, part) in [
        ("create", "FAILED", "lambda:GetAccountSettings"),
        ("create-no-number", "FAILED", "DesiredConcurrency: given `a thousand`"),
        ("update", "FAILED", "lambda:GetAccountSettings"),
        ("delete", "SUCCESS", ""),
    ] {
        let (event, url) = stage.urls.issue(sample(name));
        assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED, "{name}");
        let answer = only_answer(&url);
        assert_eq!(answer["Status"], status, "{name}");
        assert!(reason(&answer).contains(part), "{name}: {answer}");
        // The id of a Create is the one that the samples go on with.
        assert_eq!(answer["PhysicalResourceId"], QUOTA_ARN, "{name}");
    }
    stage.end().await;
}

fn sample(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events");
    let text =
        fs::read_to_string(format!("{folder}/lambda-concurrency-{name}.json")).expect("a sample");
    serde_json::from_str(&text).expect("a sample that is JSON")
}

/// The same function serves two types, each in its own way, and no third one.
/// Q32, Threat 9
#[tokio::test]
async fn each_type_is_served_by_its_own_resource_and_no_other_type_is() {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED_EXCEPTION).await;
    let template = |event: Event| event.field("ResourceType", "Custom::QuotaTemplate");
    let event = template(events::create()).property("ConcurrentExecutions", 1000);
    let answer = stage.answer(event).await;
    assert_eq!(answer["Status"], "FAILED");
    let id = answer["PhysicalResourceId"].as_str().unwrap_or_default();
    assert!(id.starts_with("quota-template:"), "{answer}");
    assert!(reason(&answer).contains("lambda:ListTags"), "{answer}");
    let answer = stage.answer(wish().numbered(2)).await;
    assert!(reason(&answer).contains("lambda:GetAccountSettings"), "{answer}");
    let other = wish().field("ResourceType", "Custom::Quota").numbered(3);
    let answer = stage.answer(other).await;
    let allowed = "allowed with this ServiceToken is only `Custom::LambdaConcurrency` or `Custom::QuotaTemplate`";
    assert!(reason(&answer).contains(allowed), "{answer}");
    stage.end().await;
}
