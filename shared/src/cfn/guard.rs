//! One answer in time for each request, whether a resource succeeds, fails, panics or hangs.
//!
//! The available time has four parts: the work; the end of calls on their way when the work has to
//! stop; the answer; and, while Lambda leaves time, the work for which the answer could not wait.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use serde_json::value::RawValue;
use tokio::select;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tracing::{Instrument, error, info, info_span, warn};

use super::answer::{Answer, Status, Success};
use super::callback::{Callback, PutError, Transport};
use super::gate::Gate;
use super::progress::Progress;
use super::request::{Request, RequestType};
use crate::digest::digest;
use crate::input::{brief, cut};

/// Kept back from the work, for the end of calls on their way and for the answer: a quarter of the
/// time that the function has in template.yaml.
const RESERVE: Duration = Duration::from_secs(60);
/// The share of the reserve for the end of calls on their way.
const ENDS_OF_CALLS: (u32, u32) = (2, 3);
/// Work that has to stop, and has no call on its way, is dropped after this.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Kept back from the answer, for the runtime.
const MARGIN: Duration = Duration::from_millis(200);
/// Kept back from the work after the answer: Lambda repeats an invocation that it cuts off.
const END_OF_ALL: Duration = Duration::from_secs(3);
/// An answer is tried for this time even if the deadline is past: Lambda may still allow it.
const SHORTEST_ANSWER: Duration = Duration::from_secs(2);
/// With less than this the work is not begun.
const SHORTEST_WORK: Duration = Duration::from_millis(500);
/// `ServiceTimeout` where a template has none, in seconds.
const SERVICE_TIMEOUT: u64 = 3600;
/// Characters of an id that the log shows: CloudFormation's are shorter, and a caller with
/// `lambda:InvokeFunction` chooses all other ones.
const LONGEST_ID: usize = 512;
/// Characters of a reason that the log shows: more than an answer has.
const LONGEST_REASON: usize = 16_384;
/// Why the work is stopped.
const TIME_IS_OVER: &str = "the time is over";

/// A custom resource. It needs to know nothing of answers, panics and deadlines.
pub trait CustomResource {
    /// The only `Type` in a template that is served. An operator's guards on it, such as an SCP or
    /// the condition `cloudformation:ResourceTypes`, do not see another one with the same
    /// `ServiceToken`.
    const RESOURCE_TYPE: &'static str;

    /// Further types that are served beside it.
    const FURTHER_TYPES: &'static [&'static str] = &[];

    /// The id that a Create of this request gives, whether it succeeds or fails: the same
    /// request has the same id.
    fn physical_id(&self, request: &Request) -> String;

    /// Serves the request. When `progress` is stopped it begins no further change and returns, with
    /// the open changes in its reason; it may be dropped at any `await` that is not a call to AWS.
    ///
    /// # Errors
    ///
    /// The reason, for the person who reads the stack's events.
    fn handle(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> impl Future<Output = Result<Success, String>>;

    /// Does the rest of the work after the answer: CloudFormation receives no result of it, and may
    /// ask for the same at this moment.
    ///
    /// # Errors
    ///
    /// The reason, for the log.
    fn go_on(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> impl Future<Output = Result<Success, String>> {
        self.handle(kind, request, progress)
    }
}

/// Why a request was not answered. Lambda delivers it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// There is no address in the event.
    NoAddress(String),
    /// The answer did not arrive.
    Put(PutError),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unanswered::NoAddress(reason) => f.write_str(reason),
            Unanswered::Put(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Unanswered {}

/// Serves one request: does the work until shortly before `deadline` and sends the answer. Calls
/// to AWS go through `gate`.
///
/// # Guarantees
///
/// If there is an address to which answers may go, one answer is sent to it before the
/// deadline and before CloudFormation stops waiting, with the ids of the request, at most 4096
/// bytes long. When the time for the work is over no further call is begun, and a call that is
/// on its way ends, or is named, before the answer goes.
///
/// # Errors
///
/// Why no answer was sent, or why it did not arrive. Then the same request may come again.
pub async fn serve<T: Transport>(
    resource: &impl CustomResource,
    callback: &Callback<T>,
    gate: &Gate,
    payload: &RawValue,
    now: SystemTime,
    deadline: SystemTime,
) -> Result<(), Unanswered> {
    let started = Instant::now();
    let time_left = deadline.duration_since(now).unwrap_or_default();
    let request =
        Request::read(payload).map_err(|reason| refused(Unanswered::NoAddress(reason)))?;
    let span = info_span!(
        "request",
        request_type = request.request_type.as_str().map(|given| cut(given, LONGEST_ID)),
        stack_id = cut(&request.stack_id, LONGEST_ID),
        logical_resource_id = cut(&request.logical_resource_id, LONGEST_ID),
        request_id = cut(&request.request_id, LONGEST_ID),
    );
    async {
        callback.check_request(&request).map_err(|problem| refused(Unanswered::Put(problem)))?;
        let Some((answer, rest)) = decide(resource, gate, &request, now, time_left).await else {
            return Ok(());
        };
        match answer.status {
            Status::Success => {
                let physical_resource_id = cut(&answer.physical_resource_id, LONGEST_ID);
                info!(physical_resource_id, "success");
            }
            Status::Failed => error!(reason = cut(&answer.reason, LONGEST_REASON), "failed"),
        }
        let log = std::env::var("AWS_LAMBDA_LOG_STREAM_NAME").unwrap_or_default();
        let body = answer.body(&format!("log stream {log}"));
        let until = started + time_left.saturating_sub(MARGIN).max(SHORTEST_ANSWER);
        callback.put(&request.response_url, &body, until).await.map_err(|problem| {
            error!(error = %problem, "no answer");
            Unanswered::Put(problem)
        })?;
        if let Some(kind) = rest {
            let request =
                Request { physical_resource_id: Some(answer.physical_resource_id), ..request };
            let end = started + time_left.saturating_sub(END_OF_ALL);
            finish(resource, gate, kind, &request, end).await;
        }
        Ok(())
    }
    .instrument(span)
    .await
}

fn is_served<R: CustomResource>(resource_type: &str) -> bool {
    resource_type == R::RESOURCE_TYPE || R::FURTHER_TYPES.contains(&resource_type)
}

/// Logs that nothing is done for the event. An alarm in template.yaml looks for this line.
fn refused(why: Unanswered) -> Unanswered {
    error!(reason = %why, "refused");
    why
}

/// The answer, or none if CloudFormation does not wait for it any more; and the type of the work
/// after it.
async fn decide<R: CustomResource>(
    resource: &R,
    gate: &Gate,
    request: &Request,
    now: SystemTime,
    time_left: Duration,
) -> Option<(Answer, Option<RequestType>)> {
    let physical_id =
        catch(async { Ok(resource.physical_id(request)) }).await.unwrap_or_else(|_| {
            digest(&format!("{}|{}", request.stack_id, request.logical_resource_id), 32)
        });
    let known = request.physical_resource_id.clone();
    let work = async |kind| work(resource, gate, kind, request, now, time_left).await;
    let nothing_done = |reason: &str| Done { result: Err(reason.to_owned()), rest: None };
    let done = match (request.kind(), age(request, now)) {
        (Err(problem), _) => nothing_done(&problem),
        // A Delete is never too late: it touches no foreign object anyway.
        (Ok(RequestType::Delete), _) => work(RequestType::Delete).await,
        (Ok(_), Age::Expired) => {
            warn!("the request is so old that its answer cannot be sent; nothing is done");
            return None;
        }
        (Ok(_), Age::Stale) => {
            nothing_done("CloudFormation has given this request up; nothing was done")
        }
        (Ok(RequestType::Update), Age::Fresh) if known.is_none() => {
            nothing_done("the Update names no PhysicalResourceId")
        }
        (Ok(_), Age::Fresh) if !is_served::<R>(&request.resource_type) => nothing_done(&format!(
            "Type: given `{}`, allowed with this ServiceToken is only `{}`; correct the Type, or import \
             the ServiceToken of the other function: account-presets-IamPreset serves \
             Custom::IamPreset, account-presets-LambdaConcurrency all others",
            brief(&request.resource_type),
            [&[R::RESOURCE_TYPE], R::FURTHER_TYPES].concat().join("` or `")
        )),
        (Ok(kind), Age::Fresh) => work(kind).await,
    };
    let (status, reason, success) = match done.result {
        Ok(success) => (Status::Success, String::new(), success),
        Err(reason) => (Status::Failed, reason, Success::default()),
    };
    let deleted = matches!(request.kind(), Ok(RequestType::Delete));
    let answer = Answer {
        status,
        reason,
        physical_resource_id: success.physical_resource_id.or(known).unwrap_or(physical_id),
        stack_id: request.stack_id.clone(),
        request_id: request.request_id.clone(),
        logical_resource_id: request.logical_resource_id.clone(),
        data: if deleted { Default::default() } else { success.data },
    };
    Some((answer, done.rest))
}

/// The result of the work before the answer, and the type of the work after it.
struct Done {
    result: Result<Success, String>,
    rest: Option<RequestType>,
}

/// Does the work, as far as there is time for it.
async fn work(
    resource: &impl CustomResource,
    gate: &Gate,
    kind: RequestType,
    request: &Request,
    now: SystemTime,
    time_left: Duration,
) -> Done {
    // A request that CloudFormation gave up before (a Delete) has the time that Lambda gives.
    let until_given_up = given_up_at(request).and_then(|end| end.duration_since(now).ok());
    let until_given_up = until_given_up.filter(|left| !left.is_zero()).unwrap_or(Duration::MAX);
    let of_lambda = time_left;
    let time_left = of_lambda.min(until_given_up);
    let reserve = RESERVE.min(time_left / 4);
    let budget = time_left.saturating_sub(reserve);
    if budget < SHORTEST_WORK {
        let reason = match service_timeout(request).filter(|_| until_given_up < of_lambda) {
            Some(given) => format!(
                "ServiceTimeout: given {given}, of which too little was left to begin; try again, with \
                 ServiceTimeout set to 300 or more"
            ),
            None => "the function had too little time left to begin; try again".to_owned(),
        };
        return Done { result: Err(reason), rest: None };
    }
    let stop = Instant::now() + budget;
    let end = stop + reserve * ENDS_OF_CALLS.0 / ENDS_OF_CALLS.1;
    let progress = Progress::until(gate, Some(stop));
    let ended = run(resource.handle(kind, request, &progress), gate, &progress, end).await;
    // A call that was dropped with the work goes on.
    let _ = timeout_at(end, gate.until_empty()).await;
    let on_their_way = gate.on_their_way();
    let timed_out = progress.stopped().as_deref() == Some(TIME_IS_OVER);
    let mut result = match ended {
        Some(Err(words)) if timed_out => {
            Err(out_of_time(kind, budget, &progress, &format!(": {words}")))
        }
        None => Err(out_of_time(kind, budget, &progress, "")),
        Some(result) => result,
    };
    if !on_their_way.is_empty() {
        let calls = on_their_way.join(", ");
        warn!(calls, "on their way while the answer goes");
        result = result.map_err(|reason| format!("{reason}; AWS has not replied yet to {calls}"));
    }
    let rest = match kind {
        RequestType::Create | RequestType::Update => result.is_err() && !on_their_way.is_empty(),
        // Marks that it wrote before it was stopped would stay.
        RequestType::Delete => timed_out || !on_their_way.is_empty(),
    };
    Done { result, rest: rest.then_some(kind) }
}

fn out_of_time(kind: RequestType, budget: Duration, progress: &Progress, words: &str) -> String {
    let next = match kind {
        RequestType::Create | RequestType::Update => {
            "the next request finds what was made, so try again, with a ServiceTimeout of 300 or more"
        }
        // No Update can give a stack that is being deleted another ServiceTimeout.
        RequestType::Delete => {
            "the function goes on deleting after this answer; delete again in some minutes, and if \
             that ends so too, retain the resource when the function's log says `nothing is left`"
        }
    };
    format!(
        "timed out after {} s while {}{words}; nothing is lost: {next}",
        budget.as_secs(),
        progress.latest()
    )
}

/// Lets the work go on until its deadline, and then the calls on their way end, until `end` at
/// the latest. `None` if the work had to be dropped.
async fn run(
    work: impl Future<Output = Result<Success, String>>,
    gate: &Gate,
    progress: &Progress,
    end: Instant,
) -> Option<Result<Success, String>> {
    gate.open();
    let mut work = pin!(catch(work));
    if let Ok(result) = timeout_at(progress.deadline().unwrap_or(end), &mut work).await {
        return Some(result);
    }
    progress.stop(TIME_IS_OVER);
    select! {
        biased;
        result = &mut work => Some(result),
        () = sleep_until(end) => None,
        () = async { gate.until_empty().await; sleep(LAST_WORDS).await } => None,
    }
}

/// Does after the answer the work for which it could not wait: the rest of a Delete; and undoes the
/// calls of a failed request that were on their way, when they are known to have ended.
async fn finish(
    resource: &impl CustomResource,
    gate: &Gate,
    kind: RequestType,
    request: &Request,
    end: Instant,
) {
    let (kind, request) = match kind {
        RequestType::Create => (RequestType::Delete, request.clone()),
        RequestType::Update => (RequestType::Update, request.reversed()),
        RequestType::Delete => (RequestType::Delete, request.clone()),
    };
    if end.saturating_duration_since(Instant::now()) < SHORTEST_WORK {
        return warn!("something is left, and the invocation has no time for it");
    }
    if timeout_at(end, gate.until_empty()).await.is_err() {
        let calls = gate.on_their_way().join(", ");
        return warn!(calls, "the end of the invocation comes before that of the calls");
    }
    info!("goes on after the answer");
    let progress = Progress::until(gate, Some(end));
    let went_on = resource.go_on(kind, &request, &progress);
    match run(went_on, gate, &progress, end + LAST_WORDS).await {
        Some(Ok(_)) => info!("nothing is left"),
        Some(Err(reason)) => warn!(reason = cut(&reason, LONGEST_REASON), "something is left"),
        None => warn!(doing = progress.latest(), "something is left"),
    }
}

async fn catch<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    // The state of the work is dropped with it, and not read after a panic.
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_: Box<dyn Any + Send>| {
        Err("internal error (panic); the function's log has the place".to_owned())
    })
}

enum Age {
    Fresh,
    /// CloudFormation does not wait for an answer any more.
    Stale,
    /// The address does not accept one any more.
    Expired,
}

fn age(request: &Request, now: SystemTime) -> Age {
    if request.response_url.expires_at().is_some_and(|end| end <= now) {
        Age::Expired
    } else if given_up_at(request).is_some_and(|end| end <= now) {
        Age::Stale
    } else {
        Age::Fresh
    }
}

/// When CloudFormation stops waiting: `ServiceTimeout` seconds after it asked. A `ServiceTimeout`
/// that is none is CloudFormation's to refuse.
fn given_up_at(request: &Request) -> Option<SystemTime> {
    let seconds = service_timeout(request).unwrap_or(SERVICE_TIMEOUT);
    request.response_url.issued_at()?.checked_add(Duration::from_secs(seconds))
}

/// In seconds, where the template gives a whole number of them.
fn service_timeout(request: &Request) -> Option<u64> {
    let given = request.properties.as_ref().ok()?.get("ServiceTimeout")?;
    given.as_u64().or_else(|| given.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests;
