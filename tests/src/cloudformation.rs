//! CloudFormation's side of the custom-resource protocol, in memory.
//!
//! [`CloudFormation`] carries out operations on stacks: it makes requests, holds
//! the answers to every [`Rule`], and goes on as CloudFormation does, through
//! failures, cancellations, rollbacks, replacements and clean-ups. In front of
//! the function is Lambda's queue of asynchronous invocations, which delivers an
//! event again when an invocation failed.
//!
//! It is a state machine with a clock that only [`CloudFormation::advance`] moves: no thread, no
//! socket, no sleep, and the same run every time. The server of the events is a [`Provider`].
//! [`CloudFormation::settle`] serves one delivery after the other; [`Running`] serves several at
//! once, in any order.
//!
//! ```ignore
//! let mut cfn = CloudFormation::new();
//! cfn.create_stack("accounts", Template::new().custom("Preset", json!({"Preset": "slim"})));
//! cfn.settle(&provider).await;
//! assert_eq!(cfn.status("accounts"), StackStatus::CreateComplete);
//! cfn.assert_faithful();
//! ```
//!
//! Sources: "Custom resource reference" and "Stack failure options" in the AWS CloudFormation User
//! Guide, and the threads that are named where a fact is on no page. An undocumented effect is
//! assumed for the worse.

mod lambda;
mod provider;
pub(crate) mod rules;
mod stack;
mod status;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use crate::events::{Event, create, delete, update};
use crate::presigned::{EXPIRES, path, query};
use lambda::Queue;
use rules::{Asked, broken_in_the_body};
use stack::{Action, Stack, Task, Verdict, Written};

pub use lambda::{Delivery, Ended, Lambda};
pub use provider::{Provider, Put, Running, Served};
pub use rules::{Effect, MAX_BODY, MAX_PHYSICAL_ID, Rule};
pub use status::{OnRollback, StackStatus};
pub use template::{Native, Template};

/// 2026-01-31 00:00:00 UTC, when every clock here begins.
const BEGINNING: Duration = Duration::from_secs(1_769_817_600);

/// Where the response URLs of the Region `eu-west-1` point to.
const ORIGIN: &str =
    "https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com";

/// The reason of a resource's failure without an answer in time.
const NO_RESPONSE: &str = "CloudFormation did not receive a response from your Custom Resource.";

/// An account's CloudFormation, in `eu-west-1`, with the Lambda queue of one function.
/// A clone of it goes on from where it was, as often as one likes.
#[derive(Debug, Clone)]
pub struct CloudFormation {
    now: SystemTime,
    lambda: Lambda,
    on_rollback: OnRollback,
    queue: Queue,
    stacks: BTreeMap<String, Stack>,
    made: usize,
    requests: Vec<Request>,
    happened: Vec<StackEvent>,
    violations: Vec<Violation>,
    /// The time from its cause until a request is sent.
    latency: Duration,
}

/// An event of a stack, as `DescribeStackEvents` shows it, also when the stack is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackEvent {
    /// The stack's ARN.
    pub stack_id: String,
    /// `None` for an event of the stack itself.
    pub logical_id: Option<String>,
    /// The physical id that the resource has then; `None` before it has one.
    pub physical_id: Option<String>,
    /// As in `CREATE_IN_PROGRESS`.
    pub status: String,
    /// When it was written.
    pub at: SystemTime,
    /// The resource's properties then, as JSON; `None` for an event of the stack itself.
    pub properties: Option<String>,
}

/// One request, and its result.
#[derive(Debug, Clone)]
pub struct Request {
    stack: String,
    asked: Asked,
    event: Arc<[u8]>,
    url: String,
    issued: SystemTime,
    given_up: SystemTime,
    /// The number of its deliveries.
    pub deliveries: usize,
    /// All that came to its URL while this was valid.
    pub answers: Vec<Vec<u8>>,
    /// Whether CloudFormation went on by an answer to it.
    pub counted: bool,
}

/// An answer that broke a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// The answer as it came.
    pub body: String,
}

impl Request {
    /// The stack's name.
    pub fn stack(&self) -> &str {
        &self.stack
    }

    /// The resource's logical id.
    pub fn logical_id(&self) -> &str {
        self.asked.logical_id.as_str().unwrap_or_default()
    }

    /// When CloudFormation sent it.
    pub fn issued(&self) -> SystemTime {
        self.issued
    }

    /// The event as it is delivered, each time.
    pub fn event(&self) -> Value {
        serde_json::from_slice(&self.event).expect("an event that is JSON")
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.body)
    }
}

impl Default for CloudFormation {
    fn default() -> CloudFormation {
        CloudFormation::new()
    }
}

impl CloudFormation {
    /// An account without stacks.
    pub fn new() -> CloudFormation {
        CloudFormation {
            now: SystemTime::UNIX_EPOCH + BEGINNING,
            lambda: Lambda::default(),
            on_rollback: OnRollback::Updates,
            queue: Queue::default(),
            stacks: BTreeMap::new(),
            made: 0,
            requests: Vec::new(),
            happened: Vec::new(),
            violations: Vec::new(),
            latency: Duration::ZERO,
        }
    }

    /// Sets the function up in another way.
    pub fn with_lambda(self, lambda: Lambda) -> CloudFormation {
        CloudFormation { lambda, ..self }
    }

    /// Sets the fate of a replaced resource when its update is rolled back.
    pub fn with_rollback(self, on_rollback: OnRollback) -> CloudFormation {
        CloudFormation { on_rollback, ..self }
    }

    /// Lets CloudFormation take its time before each request.
    pub fn with_latency(self, latency: Duration) -> CloudFormation {
        CloudFormation { latency, ..self }
    }

    /// Begins to create a stack. A stack of that name must not be there, or be deleted.
    pub fn create_stack(&mut self, name: &str, template: Template) {
        let there = self.stacks.get(name).map(|stack| stack.status);
        let gone = there.is_none_or(|status| status == StackStatus::DeleteComplete);
        assert!(gone, "stack `{name}` exists");
        self.made += 1;
        let id = format!(
            "arn:aws:cloudformation:eu-west-1:123456789012:stack/{name}/\
             6a1f2b00-5c3e-11f0-9d1a-{:012x}",
            self.made
        );
        let stack = Stack::create(id, name, template, self.on_rollback);
        self.stacks.insert(name.to_owned(), stack);
        self.go_on(name);
    }

    /// Begins to update a stack.
    pub fn update_stack(&mut self, name: &str, template: Template) {
        self.stack_mut(name).update(template);
        self.go_on(name);
    }

    /// Begins to delete a stack, also one during its creation.
    pub fn delete_stack(&mut self, name: &str) {
        self.delete_stack_but(name, &[]);
    }

    /// Begins to delete a stack, and leaves these resources out: `RetainResources`.
    pub fn delete_stack_but(&mut self, name: &str, retained: &[&str]) {
        self.stack_mut(name).delete(retained);
        self.go_on(name);
    }

    /// Cancels an update that is under way.
    pub fn cancel_update_stack(&mut self, name: &str) {
        self.stack_mut(name).cancel_update();
        self.go_on(name);
    }

    /// Tries again to roll an update back, without these resources.
    pub fn continue_update_rollback(&mut self, name: &str, skipped: &[&str]) {
        self.stack_mut(name).continue_rollback(skipped);
        self.go_on(name);
    }

    /// Ends the operation of a resource of CloudFormation's own.
    pub fn finish(&mut self, name: &str, logical_id: &str, succeeds: bool) {
        let verdict = if succeeds { Verdict::success() } else { Verdict::failure("it fails") };
        self.stack_mut(name).finish(logical_id, verdict);
        self.go_on(name);
    }

    /// True if a resource waits for [`CloudFormation::finish`].
    pub fn is_waiting(&self, name: &str, logical_id: &str) -> bool {
        self.stack(name).is_waiting(logical_id)
    }

    /// The stack's status.
    pub fn status(&self, name: &str) -> StackStatus {
        self.stack(name).status
    }

    /// The stack's ARN.
    pub fn stack_id(&self, name: &str) -> &str {
        &self.stack(name).id
    }

    /// Returns the physical id of a resource, as CloudFormation has it.
    pub fn physical_id(&self, name: &str, logical_id: &str) -> Option<&str> {
        self.stack(name).resources.get(logical_id)?.physical_id.as_deref()
    }

    /// Returns the attributes of a resource for `Fn::GetAtt`.
    pub fn attributes(&self, name: &str, logical_id: &str) -> Option<&Map<String, Value>> {
        Some(&self.stack(name).resources.get(logical_id)?.data)
    }

    /// Physical ids that a clean-up gave up to delete: CloudFormation does not delete them any
    /// more.
    pub fn left_behind(&self, name: &str) -> &[String] {
        &self.stack(name).left_behind
    }

    /// The stack's events, a line each.
    pub fn events(&self, name: &str) -> &[String] {
        &self.stack(name).events
    }

    /// All events of all stacks, the latest last. Those that announce a request are here when it
    /// is due.
    pub fn happened(&self) -> &[StackEvent] {
        &self.happened
    }

    /// True while CloudFormation waits for an answer to the request.
    pub fn waits_for(&self, request: usize) -> bool {
        self.stack(&self.requests[request].stack).waits_for(request)
    }

    /// All requests so far.
    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// Every rule that an answer broke so far.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Demands that every answer has kept every rule.
    ///
    /// # Panics
    ///
    /// With a list of the answers that have not.
    pub fn assert_faithful(&self) {
        let listed: String = self.violations.iter().map(|one| format!("\n  {one}")).collect();
        assert!(listed.is_empty(), "answers broke rules:{listed}");
    }

    /// The time.
    pub fn now(&self) -> SystemTime {
        self.now
    }

    /// Lets time pass. A request without an answer in time has failed.
    pub fn advance(&mut self, by: Duration) {
        self.advance_to(self.now + by);
    }

    /// The requests of which an event is to be delivered now.
    pub fn due(&self) -> Vec<usize> {
        self.queue.due(self.now)
    }

    /// Delivers an event of a request that is due; none if it was too old.
    pub fn deliver(&mut self, request: usize) -> Option<Delivery> {
        let issued = self.requests[request].issued;
        let delivery = self.queue.take(request, issued, self.now, &self.lambda)?;
        self.requests[request].deliveries += 1;
        Some(delivery)
    }

    /// Lets Lambda deliver an event once more, as it may at any time.
    pub fn deliver_again(&mut self, request: usize) {
        let event = Arc::clone(&self.requests[request].event);
        self.queue.push(request, event, self.now.max(self.requests[request].issued));
    }

    /// Holds back an event that is waiting, as Lambda does when it is throttled.
    pub fn postpone(&mut self, request: usize, by: Duration) {
        self.queue.postpone(request, self.now + by);
    }

    /// Lets Lambda drop the queued deliveries of a request, as it does with an event that has
    /// become too old.
    pub fn lose(&mut self, request: usize) {
        self.queue.lose(request);
    }

    /// Takes a PUT to a response URL, and returns S3's status. S3 does not know the effect.
    pub fn put(&mut self, url: &str, body: &[u8]) -> u16 {
        let Some(number) = self.requests.iter().position(|request| request.url == url) else {
            self.violate(Rule::Url, body);
            return 403;
        };
        let request = &mut self.requests[number];
        if self.now > request.issued + EXPIRES {
            return 403;
        }
        let mut broken = broken_in_the_body(body, &request.asked);
        request.answers.push(body.to_vec());
        if request.answers.len() > request.deliveries {
            broken.push(Rule::Once);
        }
        let name = request.stack.clone();
        if let Some(verdict) = verdict(body, &broken)
            && self.stack(&name).waits_for(number)
        {
            self.requests[number].counted = true;
            self.stack_mut(&name).answered(number, verdict);
            self.go_on(&name);
        }
        for rule in broken {
            self.violate(rule, body);
        }
        200
    }

    /// Says how an invocation ended.
    pub fn ended(&mut self, delivery: Delivery, ended: Ended) {
        self.queue.ended(delivery, ended, self.now, &self.lambda);
    }

    /// Takes all that an invocation came to.
    pub fn served(&mut self, delivery: Delivery, served: Served) {
        for Put { url, body } in served.puts {
            self.put(&url, &body);
        }
        self.ended(delivery, served.ended);
    }

    /// Serves due deliveries, and lets time pass, until no operation is under way.
    ///
    /// # Panics
    ///
    /// When an operation waits for [`CloudFormation::finish`].
    pub async fn settle(&mut self, provider: &impl Provider) {
        self.serve_due(provider).await;
        while self.stacks.values().any(|stack| stack.status.is_in_progress()) {
            let next = self.next_instant().expect("an operation that time ends");
            self.advance_to(next);
            self.serve_due(provider).await;
        }
    }

    /// Serves all that Lambda holds, whether anybody waits for it or not.
    pub async fn drain(&mut self, provider: &impl Provider) {
        self.settle(provider).await;
        while let Some(next) = self.queue.next_due() {
            self.advance_to(next.max(self.now));
            self.settle(provider).await;
        }
    }

    async fn serve_due(&mut self, provider: &impl Provider) {
        while let Some(request) = self.due().first().copied() {
            if let Some(delivery) = self.deliver(request) {
                let served = provider.serve(delivery.clone()).await;
                self.served(delivery, served);
            }
        }
    }

    /// When something happens by itself.
    pub fn next_instant(&self) -> Option<SystemTime> {
        let given_up = self.waiting().map(|(_, request)| request.given_up);
        given_up.chain(self.queue.next_due()).min()
    }

    /// Lets time pass until then.
    pub fn advance_to(&mut self, then: SystemTime) {
        let late = |(number, request): (usize, &Request)| {
            (request.given_up <= then).then_some((request.given_up, number))
        };
        while let Some((when, number)) = self.waiting().filter_map(late).min() {
            self.now = self.now.max(when);
            let name = self.requests[number].stack.clone();
            self.stack_mut(&name).answered(number, Verdict::failure(NO_RESPONSE));
            self.go_on(&name);
        }
        self.now = self.now.max(then);
    }

    /// The requests for which CloudFormation waits.
    fn waiting(&self) -> impl Iterator<Item = (usize, &Request)> {
        let waits =
            |(number, request): &(usize, &Request)| self.stack(&request.stack).waits_for(*number);
        self.requests.iter().enumerate().filter(waits)
    }

    /// Makes requests until the stack has to wait for one of them.
    fn go_on(&mut self, name: &str) {
        while let Some(task) = self.stack_mut(name).next() {
            self.note_events(name);
            let request = self.ask(name, &task);
            self.stack_mut(name).asked(task, request);
        }
        self.note_events(name);
    }

    fn note_events(&mut self, name: &str) {
        let (now, latency) = (self.now, self.latency);
        let stack = self.stack_mut(name);
        let stack_id = stack.id.clone();
        let written = std::mem::take(&mut stack.written);
        let events = written.into_iter().map(|written| {
            let at = if written.announces { now + latency } else { now };
            let Written { logical_id, physical_id, status, .. } = written;
            let resource = logical_id.as_ref().and_then(|id| stack.resources.get(id));
            let properties = resource.map(|it| Value::from(it.declared.properties()).to_string());
            let stack_id = stack_id.clone();
            StackEvent { stack_id, logical_id, physical_id, status, at, properties }
        });
        let events: Vec<StackEvent> = events.collect();
        self.happened.extend(events);
    }

    fn ask(&mut self, name: &str, task: &Task) -> usize {
        let stack = self.stack(name);
        let physical_id = |id: &Option<String>| id.clone().unwrap_or_default();
        let (event, declared): (Event, _) = match &task.action {
            Action::Create => (create(), &stack.resources[&task.logical_id].declared),
            Action::Update { to } => {
                let there = &stack.resources[&task.logical_id];
                let event = update()
                    .field("PhysicalResourceId", physical_id(&there.physical_id))
                    .field("OldResourceProperties", stack.told_last(&task.logical_id));
                (event, to)
            }
            Action::Delete { what } => {
                let id = physical_id(&what.physical_id);
                (delete().field("PhysicalResourceId", id), &what.declared)
            }
        };
        let properties = declared.properties();
        let seconds = properties["ServiceTimeout"].as_str().and_then(|text| text.parse().ok());
        let number = self.requests.len();
        let mut event = Value::from(
            event
                .numbered(u32::try_from(number).expect("a number of requests") + 1)
                .field("StackId", stack.id.as_str())
                .field("LogicalResourceId", task.logical_id.as_str())
                .field("ResourceProperties", properties),
        );
        let asked = Asked::by(&event);
        let issued = self.now + self.latency;
        let url = format!("{ORIGIN}{}?{}", path(&asked), query(issued, number));
        event["ResponseURL"] = Value::String(url.clone());
        let event: Arc<[u8]> = event.to_string().into_bytes().into();
        self.queue.push(number, Arc::clone(&event), issued);
        self.requests.push(Request {
            stack: name.to_owned(),
            asked,
            event,
            url,
            issued,
            given_up: issued + Duration::from_secs(seconds.expect("a ServiceTimeout")),
            deliveries: 0,
            answers: Vec::new(),
            counted: false,
        });
        number
    }

    fn stack(&self, name: &str) -> &Stack {
        self.stacks.get(name).unwrap_or_else(|| panic!("there is no stack `{name}`"))
    }

    fn stack_mut(&mut self, name: &str) -> &mut Stack {
        self.stacks.get_mut(name).unwrap_or_else(|| panic!("there is no stack `{name}`"))
    }

    fn violate(&mut self, rule: Rule, body: &[u8]) {
        let body = String::from_utf8_lossy(body).into_owned();
        self.violations.push(Violation { rule, body });
    }
}

/// CloudFormation's verdict on an answer; `None` if it ignores it.
fn verdict(body: &[u8], broken: &[Rule]) -> Option<Verdict> {
    let mut fails = None;
    for rule in broken {
        match rule.effect() {
            Effect::Refused(_) | Effect::Ignored => return None,
            Effect::Fails(reason) => fails = fails.or(Some(reason)),
            Effect::Tolerated => {}
        }
    }
    if let Some(reason) = fails {
        return Some(Verdict::failure(reason));
    }
    let answer: Value = serde_json::from_slice(body).ok()?;
    let text = |name: &str| answer[name].as_str().map(str::to_owned);
    let data = answer.get("Data").and_then(Value::as_object).cloned().unwrap_or_default();
    let result = match answer["Status"].as_str() {
        Some("SUCCESS") => Ok(data),
        _ => Err(text("Reason").unwrap_or_default()),
    };
    Some(Verdict { result, physical_id: text("PhysicalResourceId") })
}
