//! Whether a request is CloudFormation's own and the newest one of its resource: CloudFormation
//! says so itself, in the stack's events.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use serde_json::Value;
use tokio::select;
use tokio::time::sleep;
use tracing::{error, warn};

use super::answer::Success;
use super::guard::CustomResource;
use super::progress::{Progress, Watch};
use super::request::{Request, RequestType};
use crate::input::brief;
use crate::json;

/// The number of looks, because an event may be written a moment after its request is sent.
const LOOKS: u32 = 3;
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// A request that is younger has nothing to be asked about: CloudFormation has just sent it.
const FRESH: Duration = Duration::from_secs(3);
/// Between two looks at the stack's events while the work goes on.
const WATCH: Duration = Duration::from_secs(5);
/// An event is written at about the time at which its request is sent.
const SLACK: Duration = Duration::from_secs(5);

/// The precision of the time in a presigned address.
const SECOND: Duration = Duration::from_secs(1);

/// The number of requests that a process remembers.
const REMEMBERED: usize = 64;

/// The requests that a process served last. Lambda may deliver one twice, and CloudFormation may
/// have gone on between.
#[derive(Debug, Default)]
pub struct Deliveries(RefCell<VecDeque<String>>);

impl Deliveries {
    /// Remembers a request. True if it was served before.
    fn is_repeated(&self, request_id: &str) -> bool {
        let mut served = self.0.borrow_mut();
        let is_repeated = served.iter().any(|id| id == request_id);
        if !is_repeated {
            if served.len() == REMEMBERED {
                served.pop_front();
            }
            served.push_back(request_id.to_owned());
        }
        is_repeated
    }
}

/// The subject of events: a stack or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackPart<'a> {
    /// The stack itself.
    Stack,
    /// One of its resources, by its logical id.
    Resource(&'a str),
}

/// An event of a stack or of one of its resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StackEvent {
    /// As in `CREATE_IN_PROGRESS`.
    pub status: String,
    /// When it was written.
    pub at: Option<SystemTime>,
    /// The resource's physical id then.
    pub physical_id: Option<String>,
    /// As in `Custom::IamPreset`.
    pub resource_type: Option<String>,
    /// The resource's properties then, as JSON.
    pub properties: Option<String>,
}

/// The events of CloudFormation's stacks.
pub trait StackEvents {
    /// The newest event; `None` if there is none, or no stack of this id.
    ///
    /// # Errors
    ///
    /// Why CloudFormation did not return it.
    fn latest(
        &self,
        stack_id: &str,
        of: StackPart<'_>,
    ) -> impl Future<Output = Result<Option<StackEvent>, String>>;
}

/// A resource that serves only requests that CloudFormation still wants, by the stack's own
/// events.
///
/// Lambda delivers a request again after a crash of its process, and CloudFormation sends a
/// rollback while the Update that it cancelled is at work: nothing orders the deliveries but the
/// events. They are looked at when a request is not fresh and while the work takes long; if the
/// operator wants it, before every request, for a caller with `lambda:InvokeFunction` can write a
/// request, but no event of a stack.
#[derive(Debug)]
pub struct Verified<'a, R, S> {
    resource: R,
    stack_events: S,
    deliveries: &'a Deliveries,
    /// Every request is held against the events.
    always: bool,
    now: SystemTime,
    /// True once the request was found to be CloudFormation's.
    is_verified: AtomicBool,
}

impl<'a, R, S: StackEvents> Verified<'a, R, S> {
    /// For one request, which is served now, after these `deliveries`. `always` holds every one
    /// against `stack_events`.
    pub fn new(
        resource: R,
        stack_events: S,
        always: bool,
        deliveries: &'a Deliveries,
        now: SystemTime,
    ) -> Self {
        let is_verified = AtomicBool::new(false);
        Verified { resource, stack_events, deliveries, always, now, is_verified }
    }

    async fn latest(&self, request: &Request) -> Result<Option<StackEvent>, String> {
        let of = StackPart::Resource(&request.logical_resource_id);
        self.stack_events.latest(&request.stack_id, of).await
    }

    fn is_fresh(&self, request: &Request) -> bool {
        if self.deliveries.is_repeated(&request.request_id) {
            return false;
        }
        let issued = request.response_url.issued_at();
        issued
            .and_then(|issued| self.now.duration_since(issued).ok())
            .is_none_or(|age| age <= FRESH)
    }

    /// Refuses a request that CloudFormation has gone on from.
    async fn check_age(&self, kind: RequestType, request: &Request) -> Result<(), Refusal> {
        if self.is_fresh(request) {
            return Ok(());
        }
        let latest = match self.latest(request).await {
            Ok(latest) => latest,
            // The request was sent by CloudFormation, as far as anybody can tell.
            Err(error) => {
                warn!(error, "whether an old request still counts cannot be told");
                return Ok(());
            }
        };
        let Some(why) = superseded(kind, request, latest.as_ref()) else { return Ok(()) };
        let is_deleted = latest.is_some_and(|event| event.status == "DELETE_COMPLETE");
        Err(Refusal { why, is_rest: kind == RequestType::Create && is_deleted })
    }

    /// Stops work that CloudFormation has gone on from. Never returns.
    async fn watch(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
        watch: &Watch<'_>,
    ) -> Infallible {
        loop {
            let is_late = select! {
                () = watch.until_asked() => true,
                () = sleep(WATCH) => false,
            };
            if progress.stopped().is_none() {
                match self.gone_on(kind, request, is_late).await {
                    Ok(None) => {}
                    Ok(Some(GoneOn { why, is_done, properties })) => {
                        warn!(why, is_done, "the work is stopped");
                        // The changes of another delivery of the request are not undone.
                        match is_done {
                            true => progress.leave_to_another(&why),
                            false => progress.supersede_by(&why, properties.as_deref()),
                        }
                    }
                    Err(error) => warn!(error, "whether the request still counts cannot be told"),
                }
            }
            watch.tell();
        }
    }

    /// Why CloudFormation does not want the begun work any more. Work whose calls took long asks
    /// because it `is_late`.
    async fn gone_on(
        &self,
        kind: RequestType,
        request: &Request,
        is_late: bool,
    ) -> Result<Option<GoneOn>, String> {
        let latest = self.latest(request).await?;
        let is_done = latest.as_ref().is_some_and(|latest| is_done(kind, request, latest));
        // A stack that CloudFormation does not know by then has been deleted by another delivery.
        // A Delete that waits for a Create goes on.
        if kind == RequestType::Delete && (is_done || is_late && latest.is_none()) {
            let why =
                "another delivery of this Delete was answered, and CloudFormation has gone on";
            return Ok(Some(GoneOn { why: why.to_owned(), is_done: true, properties: None }));
        }
        // It says nothing about other work that was begun.
        let Some(latest) = latest else { return Ok(None) };
        if let Some(why) = superseded(kind, request, Some(&latest)) {
            let has_them = matches!(latest.status.as_str(), "CREATE_COMPLETE" | "UPDATE_COMPLETE");
            let properties = latest.properties.filter(|_| has_them);
            return Ok(Some(GoneOn { why, is_done, properties }));
        }
        if kind != RequestType::Update {
            return Ok(None);
        }
        let stack = self.stack_events.latest(&request.stack_id, StackPart::Stack).await?;
        let why = stack.and_then(|stack| taken_back(request, &stack));
        Ok(why.map(|why| GoneOn { why, is_done: false, properties: None }))
    }

    async fn verify(&self, kind: RequestType, request: &Request) -> Result<(), Refusal> {
        if !self.always {
            return self.check_age(kind, request).await;
        }
        let of = |status: &str, kind: &str| format!("`{status}` of a `{}`", brief(kind));
        let expected = of(expected(kind), &request.resource_type);
        let mut found = None;
        for look in 0..LOOKS {
            if look > 0 {
                sleep(PAUSE).await;
            }
            // The event of a resource of another type says nothing of this one.
            let event = self.latest(request).await.map_err(Refusal::of)?;
            found = event.map(|it| of(&it.status, it.resource_type.as_deref().unwrap_or_default()));
            if found.as_ref() == Some(&expected) {
                return Ok(());
            }
        }
        let found =
            found.map_or_else(|| "it has none".to_owned(), |found| format!("it is {found}"));
        Err(Refusal::of(format!(
            "the newest event of this resource in its stack would be {expected} if this request were \
             CloudFormation's, but {found}"
        )))
    }
}

impl<R: CustomResource, S> Verified<'_, R, S> {
    /// Deletes objects that a crashed Create may have made after its resource was deleted: IAM may
    /// carry out a call that was on its way then. Returns a sentence about them for the answer.
    async fn delete_rest(&self, request: &Request, progress: &Progress) -> String {
        // Under the id that the Create would have given, so that the Delete waits for no other one.
        let physical_resource_id = Some(self.resource.physical_id(request));
        let request = Request { physical_resource_id, ..request.clone() };
        // Without its type, because the compiler gives up on futures that are nested so deeply.
        let work = self.resource.handle(RequestType::Delete, &request, progress).boxed_local();
        match work.await {
            Ok(_) => "what an earlier delivery may have left is deleted".to_owned(),
            Err(reason) => format!("what an earlier delivery left is not deleted: {reason}"),
        }
    }
}

/// CloudFormation does not want work any more that was begun.
struct GoneOn {
    why: String,
    /// Another delivery of the request was answered: the resource has what the request asks for.
    is_done: bool,
    /// The resource's present properties, as JSON, if it is at rest.
    properties: Option<String>,
}

/// Why a request is not served.
struct Refusal {
    why: String,
    /// It is a Create whose resource is deleted.
    is_rest: bool,
}

impl Refusal {
    fn of(why: String) -> Self {
        Refusal { why, is_rest: false }
    }
}

fn expected(kind: RequestType) -> &'static str {
    match kind {
        RequestType::Create => "CREATE_IN_PROGRESS",
        RequestType::Update => "UPDATE_IN_PROGRESS",
        RequestType::Delete => "DELETE_IN_PROGRESS",
    }
}

/// Why CloudFormation does not want this any more; `None` if it does, as far as its newest event
/// of the resource says.
fn superseded(kind: RequestType, request: &Request, latest: Option<&StackEvent>) -> Option<String> {
    let Some(StackEvent { status, at, physical_id, .. }) = latest else {
        // The resource of a Delete is wanted by no stack.
        return (kind != RequestType::Delete)
            .then(|| "CloudFormation knows no such stack or resource any more".to_owned());
    };
    let issued = request.response_url.issued_at();
    let is_later = at.zip(issued).is_some_and(|(at, issued)| at > issued + SLACK);
    let goes_on = match kind {
        RequestType::Create | RequestType::Update => status != expected(kind) || is_later,
        // One Delete more of the same does no harm while there is nothing but Deletes. A clean-up
        // deletes one half of a resource, and its stack has the other half.
        RequestType::Delete => {
            let id = request.physical_resource_id.as_ref();
            let is_another = physical_id.as_ref().zip(id).is_some_and(|(now, id)| now != id);
            is_later && (is_another || !status.starts_with("DELETE_"))
        }
    };
    goes_on.then(|| {
        format!("CloudFormation has gone on from this request: the resource is in `{status}` now")
    })
}

/// True if the newest event says that CloudFormation has the result of this request. A rollback
/// ends in `UPDATE_COMPLETE` too, with other properties.
fn is_done(kind: RequestType, request: &Request, latest: &StackEvent) -> bool {
    let told = latest.properties.as_deref().and_then(|text| json::read(text).ok());
    let asked = request.properties.as_ref().ok().cloned().map(Value::Object);
    match kind {
        RequestType::Create => latest.status == "CREATE_COMPLETE",
        RequestType::Update => {
            latest.status == "UPDATE_COMPLETE"
                && told.is_some()
                && told.as_ref().map(as_texts) == asked.as_ref().map(as_texts)
        }
        // Objects with these names may be another stack's by now.
        RequestType::Delete => {
            latest.status == "DELETE_COMPLETE"
                && latest.physical_id.is_some()
                && latest.physical_id == request.physical_resource_id
        }
    }
}

/// A request has texts where a template, and an event, may have numbers and booleans.
fn as_texts(value: &Value) -> Value {
    match value {
        Value::Bool(it) => it.to_string().into(),
        Value::Number(it) => it.to_string().into(),
        Value::Array(list) => list.iter().map(as_texts).collect(),
        Value::Object(map) => map.iter().map(|(key, it)| (key.clone(), as_texts(it))).collect(),
        Value::Null | Value::String(_) => value.clone(),
    }
}

/// Why an Update counts no more: its stack began to roll back after it was sent. Both of the
/// resource's events are `UPDATE_IN_PROGRESS`, that of the Update and that of its rollback.
fn taken_back(request: &Request, stack: &StackEvent) -> Option<String> {
    let sent = request.response_url.issued_at()?;
    // When it was sent is told in whole seconds.
    let is_older = stack.at? > sent + SECOND;
    (stack.status == "UPDATE_ROLLBACK_IN_PROGRESS" && is_older)
        .then(|| "CloudFormation takes this Update back: the stack rolls back now".to_owned())
}

impl<R: CustomResource, S: StackEvents> CustomResource for Verified<'_, R, S> {
    const RESOURCE_TYPE: &'static str = R::RESOURCE_TYPE;
    const FURTHER_TYPES: &'static [&'static str] = R::FURTHER_TYPES;

    fn physical_id(&self, request: &Request) -> String {
        self.resource.physical_id(request)
    }

    async fn handle(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        progress.note("asking CloudFormation whether the request is its own");
        if let Err(Refusal { why, is_rest }) = self.verify(kind, request).await {
            let done = match is_rest {
                true => self.delete_rest(request, progress).await,
                false => "nothing was done".to_owned(),
            };
            let reason = format!("{why}; {done}");
            // An alarm in template.yaml looks for this line.
            error!(reason, "refused");
            return Err(reason);
        }
        self.is_verified.store(true, Ordering::Relaxed);
        // Without its type, because the compiler gives up on futures that are nested so deeply.
        let work = self.resource.handle(kind, request, progress).boxed_local();
        let watch = progress.watch();
        select! {
            biased;
            result = work => result,
            never = self.watch(kind, request, progress, &watch) => match never {},
        }
    }

    /// Verified before its answer or not at all: CloudFormation has taken the answer, and is
    /// doing something else.
    async fn go_on(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        if !self.is_verified.load(Ordering::Relaxed) {
            return Err("the request was not verified in time; nothing was done".to_owned());
        }
        self.resource.go_on(kind, request, progress).await
    }
}

#[cfg(test)]
mod tests;
