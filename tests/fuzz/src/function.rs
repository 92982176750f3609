//! The functions in process: served by the real guard, with an account in memory for their AWS.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::sync::Once;
use std::time::SystemTime;

use account_presets::cfn::{
    Callback, CustomResource, Gate, Origins, Reply, Request, RequestType, ResponseUrl, Transport,
    Unanswered, serve,
};
use account_presets::cloud::fake::Fake;
use account_presets::state::{Account, Object, PolicyDocument, Resource, Role};
use regex_lite::Regex;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::runtime::{self, Runtime};
use tracing::level_filters::LevelFilter;

/// Bytes of an answer that CloudFormation reads.
const LONGEST_ANSWER: usize = 4096;

/// The account and Region that the functions serve.
pub fn account() -> Account {
    Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap()
}

/// An account with people and a role in it that no preset made.
pub fn populated() -> Fake {
    let user = |name: &str| Resource::User { name: name.to_owned() };
    let role = Resource::Role(Role {
        name: "foreign".to_owned(),
        path: "/".to_owned(),
        description: String::new(),
        trust: PolicyDocument::new(json!({"Statement": []})),
        max_session_duration: 3600,
        permissions_boundary: None,
        tags: Default::default(),
    });
    let group = Resource::Group { name: "people".to_owned(), path: "/".to_owned() };
    let there = ["alice", "bob", "serverless"].map(user).into_iter().chain([role, group]);
    Fake::new(there.map(Object::unowned).collect())
}

/// The outcome of a delivery.
pub struct Served {
    /// The handler's result.
    pub result: Result<(), Unanswered>,
    /// Each address with the body that was sent there.
    pub puts: Vec<(String, String)>,
    /// The log, at the finest level.
    pub log: String,
}

/// Serves an event as Lambda's runtime would hand it over, and demands that each sent body is one
/// answer that CloudFormation can read.
pub async fn served(
    resource: &impl CustomResource,
    payload: &RawValue,
    replies: Vec<Value>,
    now: SystemTime,
    deadline: SystemTime,
) -> Served {
    let inbox = Inbox { replies: RefCell::new(replies.into()), puts: RefCell::default() };
    let callback = Callback::new(&inbox, Origins::new("eu-west-1", ""));
    logged(); // What others left.
    let result = serve(resource, &callback, &Gate::default(), payload, now, deadline).await;
    let (puts, log) = (inbox.puts.take(), logged());
    if let Some((_, answer)) = puts.first() {
        let request = Request::read(payload).expect("a request, for it was answered");
        assert_is_an_answer(answer, &request);
        assert!(puts.iter().all(|(_, other)| other == answer), "two answers: {puts:?}");
    }
    Served { result, puts, log }
}

/// A runtime with a clock that only waiting tasks advance: a hanging call is at its deadline at
/// once.
pub fn runtime() -> Runtime {
    let mut runtime = runtime::Builder::new_current_thread();
    runtime.enable_time().start_paused(true).build().unwrap()
}

/// S3 as a script: a number is a status, a text is the target of a redirect, and any other value is
/// a connection that breaks. When the script is over it takes every answer.
struct Inbox {
    replies: RefCell<VecDeque<Value>>,
    puts: RefCell<Vec<(String, String)>>,
}

impl Transport for &Inbox {
    async fn put(&self, url: &ResponseUrl, body: &str) -> Result<Reply, String> {
        self.puts.borrow_mut().push((url.expose().to_owned(), body.to_owned()));
        let Some(reply) = self.replies.borrow_mut().pop_front() else {
            return Ok(Reply { status: 200, location: None });
        };
        let location = reply.as_str().map(|location| ResponseUrl::new(location.to_owned()));
        let status = reply.as_u64().and_then(|status| status.try_into().ok());
        let status = status.or(location.as_ref().map(|_| 307));
        status.map(|status| Reply { status, location }).ok_or_else(|| "no reply".to_owned())
    }
}

/// Demands that CloudFormation can read this, and takes it for the answer to the request.
fn assert_is_an_answer(body: &str, request: &Request) {
    assert!(body.len() <= LONGEST_ANSWER, "{} bytes: {body}", body.len());
    let answer: Value = serde_json::from_str(body).expect("JSON");
    let text = |name: &str| answer[name].as_str();
    let fields = answer.as_object().expect("a map");
    assert!(!fields.values().any(Value::is_null), "{body}");
    for (name, asked) in [
        ("StackId", &request.stack_id),
        ("RequestId", &request.request_id),
        ("LogicalResourceId", &request.logical_resource_id),
    ] {
        // Only a text that is too long for CloudFormation to have made it is cut.
        let echo = text(name).expect("an id");
        assert!(echo == asked || (asked.len() > 100 && asked.starts_with(echo)), "{name}: {body}");
    }
    assert!(text("PhysicalResourceId").is_some_and(|id| (1..=1024).contains(&id.len())), "{body}");
    let reason = text("Reason").unwrap_or_default();
    match text("Status") {
        Some("SUCCESS") => assert_eq!(reason, "", "{body}"),
        Some("FAILED") => assert!(!reason.is_empty(), "{body}"),
        _ => panic!("no status: {body}"),
    }
    // The guard answers for a panic. There is none.
    assert!(!reason.starts_with("internal error"), "{body}");
    assert!(!reason.contains(|c: char| c.is_control() && !c.is_whitespace()), "{body}");
    let data = fields.get("Data").map(|data| data.as_object().expect("a map of attributes"));
    assert!(data.is_none_or(|data| data.values().all(Value::is_string)), "{body}");
    assert!(data.is_none() || request.kind() != Ok(RequestType::Delete), "{body}");
}

/// Demands that a walk through a value that was read ends before the stack does.
pub fn assert_is_shallow(value: &Value) {
    assert!(depth(value) <= 128, "{} levels", depth(value));
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or_default(),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// True for an address in one of CloudFormation's own buckets.
pub fn is_cloudformations(url: &str) -> bool {
    let bucket = r"^https://cloudformation-custom-resource-response-euwest1\.s3([.-]eu-west-1)?\.amazonaws\.com([/?#]|$)";
    Regex::new(bucket).unwrap().is_match(url)
}

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The log of this thread since the last time, each entry a line of JSON.
fn logged() -> String {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        let log = tracing_subscriber::fmt().json().with_max_level(LevelFilter::TRACE);
        log.with_writer(|| Log).init();
    });
    String::from_utf8(LOG.take()).expect("text")
}

struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
