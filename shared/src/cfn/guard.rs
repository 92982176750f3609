//! Whatever a resource does (succeed, fail, panic, hang), one answer comes of it in time.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout};
use tracing::{Instrument, error, info, info_span, warn};

use super::answer::{Answer, Status, Success};
use super::callback::{Callback, PutError, Transport};
use super::progress::Progress;
use super::request::{Request, RequestType};
use super::value::brief;
use crate::state::digest;

/// Kept back from the work, for the answer.
const RESERVE: Duration = Duration::from_secs(15);
/// Kept back from the answer, for the runtime.
const MARGIN: Duration = Duration::from_millis(200);
/// An answer is tried for so long even if the deadline is past: Lambda may let us.
const SHORTEST_ANSWER: Duration = Duration::from_secs(2);
/// With less than this the work is not begun.
const SHORTEST_WORK: Duration = Duration::from_millis(500);
/// `ServiceTimeout` where a template has none, in seconds.
const SERVICE_TIMEOUT: u64 = 3600;

/// What a custom resource does. It needs to know nothing of answers, panics and deadlines.
pub trait CustomResource {
    /// The only `Type` in a template that is served. An operator's guards on it, such as an SCP or
    /// the condition `cloudformation:ResourceTypes`, do not see another one with the same
    /// `ServiceToken`.
    const RESOURCE_TYPE: &'static str;

    /// The id that a Create of this request gives, whether it succeeds or fails: the same
    /// request has the same id.
    fn physical_id(&self, request: &Request) -> String;

    /// Does what is asked. It may be dropped at any `await` when time is up.
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

/// Serves one request: does the work until shortly before `deadline` and sends the answer.
///
/// # Guarantees
///
/// If there is an address to which answers may go, one answer is sent to it before the
/// deadline, with the ids of the request, at most 4096 bytes long. After the deadline of the
/// work no further call is begun.
///
/// # Errors
///
/// Why no answer was sent, or why it did not arrive. Then the same request may come again.
pub async fn serve<T: Transport>(
    resource: &impl CustomResource,
    callback: &Callback<T>,
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
        request_type = request.request_type.as_str(),
        stack_id = request.stack_id,
        logical_resource_id = request.logical_resource_id,
        request_id = request.request_id,
    );
    async {
        callback.check_request(&request).map_err(|problem| refused(Unanswered::Put(problem)))?;
        let Some(answer) = decide(resource, &request, now, time_left).await else {
            return Ok(());
        };
        match answer.status {
            Status::Success => info!(physical_resource_id = answer.physical_resource_id, "success"),
            Status::Failed => error!(reason = answer.reason, "failed"),
        }
        let log = std::env::var("AWS_LAMBDA_LOG_STREAM_NAME").unwrap_or_default();
        let body = answer.body(&format!("log stream {log}"));
        let until = started + time_left.saturating_sub(MARGIN).max(SHORTEST_ANSWER);
        callback.put(&request.response_url, &body, until).await.map_err(|problem| {
            error!(error = %problem, "no answer");
            Unanswered::Put(problem)
        })
    }
    .instrument(span)
    .await
}

/// Logs that nothing is done for the event. An alarm in template.yaml looks for this line.
fn refused(why: Unanswered) -> Unanswered {
    error!(reason = %why, "refused");
    why
}

/// The answer, or none if nobody waits for one any more.
async fn decide<R: CustomResource>(
    resource: &R,
    request: &Request,
    now: SystemTime,
    time_left: Duration,
) -> Option<Answer> {
    let physical_id =
        catch(async { Ok(resource.physical_id(request)) }).await.unwrap_or_else(|_| {
            digest(&format!("{}|{}", request.stack_id, request.logical_resource_id), 32)
        });
    let known = request.physical_resource_id.clone();
    let result = match (request.kind(), age(request, now)) {
        (Err(problem), _) => Err(problem),
        // A Delete is never too late: what is not ours is not touched anyway.
        (Ok(RequestType::Delete), _) => {
            work(resource, request, RequestType::Delete, now, time_left).await
        }
        (Ok(_), Age::Expired) => {
            warn!("the request is so old that its answer cannot be sent; nothing is done");
            return None;
        }
        (Ok(_), Age::Stale) => {
            Err("CloudFormation has given this request up; nothing was done".to_owned())
        }
        (Ok(RequestType::Update), Age::Fresh) if known.is_none() => {
            Err("the Update names no PhysicalResourceId".to_owned())
        }
        (Ok(_), Age::Fresh) if request.resource_type != R::RESOURCE_TYPE => Err(format!(
            "ResourceType: given `{}`, allowed is `{}`; write this as the resource's Type",
            brief(&request.resource_type),
            R::RESOURCE_TYPE
        )),
        (Ok(kind), Age::Fresh) => work(resource, request, kind, now, time_left).await,
    };
    let (status, reason, success) = match result {
        Ok(success) => (Status::Success, String::new(), success),
        Err(reason) => (Status::Failed, reason, Success::default()),
    };
    let deleted = matches!(request.kind(), Ok(RequestType::Delete));
    Some(Answer {
        status,
        reason,
        physical_resource_id: success.physical_resource_id.or(known).unwrap_or(physical_id),
        stack_id: request.stack_id.clone(),
        request_id: request.request_id.clone(),
        logical_resource_id: request.logical_resource_id.clone(),
        data: if deleted { Default::default() } else { success.data },
    })
}

/// Does the work, caught if it panics and dropped if it takes too long.
async fn work(
    resource: &impl CustomResource,
    request: &Request,
    kind: RequestType,
    now: SystemTime,
    time_left: Duration,
) -> Result<Success, String> {
    let until_given_up = given_up_at(request)
        .and_then(|end| end.duration_since(now).ok())
        .filter(|_| kind != RequestType::Delete)
        .unwrap_or(Duration::MAX);
    let time_left = time_left.min(until_given_up);
    let budget = time_left.saturating_sub(RESERVE.min(time_left / 4));
    if budget < SHORTEST_WORK {
        return Err("there was no time left to begin; nothing was done".to_owned());
    }
    let progress = Progress::until(Instant::now().checked_add(budget));
    let caught = catch(resource.handle(kind, request, &progress));
    timeout(budget, caught).await.unwrap_or_else(|_| {
        Err(format!(
            "timed out after {} s while {}; nothing is lost: the next request finds what was made",
            budget.as_secs(),
            progress.latest()
        ))
    })
}

async fn catch<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    // What the work leaves behind is dropped with it: nothing is looked at after a panic.
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
    let given =
        request.properties.as_ref().ok().and_then(|properties| properties.get("ServiceTimeout"));
    let seconds = given
        .and_then(|seconds| seconds.as_u64().or_else(|| seconds.as_str()?.parse().ok()))
        .unwrap_or(SERVICE_TIMEOUT);
    request.response_url.issued_at()?.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests;
