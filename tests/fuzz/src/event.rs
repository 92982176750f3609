//! Any event reaches the functions.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use account_presets::cfn::{CustomResource, Request};
use account_presets::iam_preset::{IamPreset, Settings};
use account_presets::lambda_concurrency::LambdaConcurrency;
use account_presets::lambda_concurrency::fake;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::function::{
    Served, account, assert_is_shallow, is_cloudformations, populated, runtime, served,
};

/// A second after the samples in `events/` were signed: 2026-01-31 12:00:01 UTC.
const NOW: Duration = Duration::from_secs(1_769_860_801);

/// Bytes of a text that is looked for as a secret. A shorter one may be anywhere by chance.
const SHORTEST_SECRET: usize = 16;

/// Hands an event to both functions. A field `Replies`, which they do not know, says how S3
/// takes the answers.
///
/// # Panics
///
/// If one of them panics, answers nothing or another value than an answer, sends it to a forbidden
/// address, or repeats the secret of the signed address anywhere.
/// may go, or says anywhere what the signed address holds.
pub fn event(bytes: &[u8]) {
    // The runtime refuses bytes that are no JSON.
    let Ok(payload) = serde_json::from_slice::<Box<RawValue>>(bytes) else { return };
    check(&payload, &IamPreset::new(populated(), account(), Settings::open()));
    check(&payload, &LambdaConcurrency::new(&fake::Fake::new(10), account()));
}

fn check(payload: &RawValue, resource: &impl CustomResource) {
    let now = SystemTime::UNIX_EPOCH + NOW;
    let replies = replies(payload);
    let locations: Vec<String> =
        replies.iter().filter_map(|reply| reply.as_str().map(str::to_owned)).collect();
    let deadline = now + Duration::from_secs(60);
    let Served { result, puts, log } =
        runtime().block_on(served(resource, payload, replies, now, deadline));

    let error = result.as_ref().err().map(|error| format!("{error} {error:?}")).unwrap_or_default();
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "two lines of one entry: {line}");
    }
    let Ok(request) = Request::read(payload) else {
        assert!(puts.is_empty() && !error.is_empty(), "an answer to nobody: {puts:?}");
        return;
    };
    let properties = request.properties.iter().chain([&request.old_properties]);
    for value in properties.flat_map(|properties| properties.values()) {
        assert_is_shallow(value);
    }

    let url = request.response_url.expose();
    if let Some((first, _)) = puts.first() {
        assert_eq!(first, url);
        assert!(puts.iter().all(|(url, _)| is_cloudformations(url)), "{puts:?}");
    } else {
        let has_expired = request.response_url.expires_at().is_some_and(|end| end <= now);
        assert!(has_expired || result.is_err(), "no answer to {request:?}");
    }

    let printed = format!("{request:?} {request:#?}");
    let bodies: String = puts.iter().map(|(_, body)| body.as_str()).collect();
    let said_by_the_event = said_by(&request);
    for secret in locations.iter().map(String::as_str).chain([url]).flat_map(secrets) {
        if !said_by_the_event.contains(secret) {
            for told in [&printed, &error, &log, &bodies] {
                assert!(!told.contains(secret), "`{secret}` is told: {told}");
            }
        }
    }
}

/// How S3 takes the answers, if the event says so.
fn replies(payload: &RawValue) -> Vec<Value> {
    let fields = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(payload.get());
    let replies =
        fields.ok().and_then(|fields| serde_json::from_str(fields.get("Replies")?.get()).ok());
    replies.unwrap_or_default()
}

/// The query of an address, and each value in it.
fn secrets(url: &str) -> Vec<&str> {
    let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let values = query.split('&').filter_map(|pair| Some(pair.split_once('=')?.1));
    // A value that JSON or `Debug` would write in another way cannot be looked for.
    let plain = |c: char| c.is_ascii_graphic() && !"\"\\'".contains(c);
    let is_secret = |text: &&str| text.len() >= SHORTEST_SECRET && text.chars().all(plain);
    [query].into_iter().chain(values).filter(is_secret).collect()
}

/// The text that an answer may repeat: all of the request but its address.
fn said_by(request: &Request) -> String {
    let map = |map| Value::Object(map).to_string();
    let known = request.physical_resource_id.clone().unwrap_or_default();
    [
        request.request_type.to_string(),
        request.stack_id.clone(),
        request.request_id.clone(),
        request.logical_resource_id.clone(),
        known,
        request.properties.clone().map(map).unwrap_or_default(),
        map(request.old_properties.clone()),
    ]
    .join("\n")
}
