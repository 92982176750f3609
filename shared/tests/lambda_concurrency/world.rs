//! Requests as CloudFormation sends them, and a function to send them to.

use std::time::Duration;

use account_presets::cfn::{CustomResource, Gate, Progress, Request, Success};
use account_presets::lambda_concurrency::LambdaConcurrency;
use account_presets::lambda_concurrency::fake::Fake;
use account_presets::state::Account;
use serde_json::Value;
use tokio::time::Instant;
use world::events::{self, Event};

/// The quota that all requests are about.
pub const QUOTA_ARN: &str = "arn:aws:servicequotas:eu-west-1:123456789012:lambda/L-B99A9384";

pub fn function(quota: &Fake) -> LambdaConcurrency<&Fake> {
    let account = Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap();
    LambdaConcurrency::new(quota, account)
}

pub fn create(desired: impl Into<Value>) -> Event {
    events::create().property("DesiredConcurrency", desired)
}

/// An Update from one wish to another.
pub fn update(from: u64, to: u64) -> Event {
    events::update().property("DesiredConcurrency", to).old_property("DesiredConcurrency", from)
}

pub fn delete() -> Event {
    events::delete().property("DesiredConcurrency", 1000)
}

/// With further properties of a template, before and after an Update.
pub trait With {
    /// Sets a property on both sides.
    fn with(self, name: &str, value: impl Into<Value>) -> Event;
}

impl With for Event {
    fn with(self, name: &str, value: impl Into<Value>) -> Event {
        let value = value.into();
        let is_update = Value::from(self.clone())["RequestType"] == "Update";
        let event = self.property(name, value.clone());
        if is_update { event.old_property(name, value) } else { event }
    }
}

pub fn request(event: Event) -> Request {
    let mut event = Value::from(event);
    event["ResponseURL"] = "https://example.com".into();
    Request::read(&serde_json::value::to_raw_value(&event).unwrap()).unwrap()
}

/// The result of a request, with fifteen minutes for it.
pub async fn send(quota: &Fake, event: Event) -> Result<Success, String> {
    send_within(quota, event, Duration::from_secs(900)).await
}

pub async fn send_within(quota: &Fake, event: Event, time: Duration) -> Result<Success, String> {
    let request = request(event);
    let progress = Progress::until(&Gate::default(), Instant::now().checked_add(time));
    function(quota).handle(request.kind().unwrap(), &request, &progress).await
}

/// The attributes of a request that has to succeed.
pub async fn sent(quota: &Fake, event: Event) -> Attributes {
    Attributes(send(quota, event).await.unwrap())
}

/// The attributes of a success.
#[derive(Debug)]
pub struct Attributes(pub Success);

impl Attributes {
    pub fn get(&self, name: &str) -> &str {
        self.0.data[name].as_str()
    }

    pub fn outcome(&self) -> &str {
        self.get("Outcome")
    }
}

pub fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
