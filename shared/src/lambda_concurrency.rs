//! `Custom::LambdaConcurrency`: requests concurrent executions of Lambda in the stack's Region.
//!
//! A quota only ever grows, AWS decides about it in minutes or weeks, and there is no state but
//! AWS's own: the value that applies, and the requests on record. So the same request, delivered
//! again or sent by another stack, is idempotent: it finds the open request and makes no other.

mod decision;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
mod outcome;
mod properties;
pub mod quota;

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tracing::{info, warn};

use crate::cfn::{CustomResource, Progress, Request, RequestType, Success};
use crate::cloud::CallError;
use crate::digest::digest;
use crate::state::Account;
use decision::{Found, open, settled};
use outcome::Report;
pub use outcome::{ATTRIBUTES, Outcome};
use properties::{Properties, Then};
use quota::{Increase, Phase, Quotas, Submitted, quota_arn};

/// All that comes before a wait takes no longer: a stack that does not wait goes on within a
/// minute, however slow AWS is.
const TIME_FOR_CALLS: Duration = Duration::from_secs(45);
/// Between two looks at the value, at least; each stack adds up to [`SPREAD`] of its own.
const PAUSE: Duration = Duration::from_secs(10);
/// Stacks that were deployed together do not look at the same moments.
const SPREAD: Duration = Duration::from_secs(2);
/// The longest read. The wait ends this time before the work's deadline.
const LAST_LOOK: Duration = Duration::from_secs(5);

/// The custom resource.
#[derive(Clone, Debug)]
pub struct LambdaConcurrency<Q> {
    quotas: Q,
    account: Account,
}

impl<Q: Quotas> LambdaConcurrency<Q> {
    /// Serves one Region of one account.
    pub fn new(quotas: Q, account: Account) -> Self {
        LambdaConcurrency { quotas, account }
    }

    /// The quota belongs to the account and Region of the stack, which have to be the function's.
    fn check_place(&self, request: &Request) -> Result<(), String> {
        let ours = &self.account;
        match Account::from_arn(&request.stack_id) {
            Some(stack) if stack.id == ours.id && stack.region == ours.region => Ok(()),
            _ => Err(format!(
                "the stack is not in {} of account {}, and the quota of another Region or account \
                 is not served by this function; take the ServiceToken of a provider there",
                ours.region, ours.id
            )),
        }
    }
}

impl<Q: Quotas> CustomResource for LambdaConcurrency<Q> {
    const RESOURCE_TYPE: &'static str = "Custom::LambdaConcurrency";

    /// The quota's ARN: it is the same quota for every `DesiredConcurrency`.
    fn physical_id(&self, _: &Request) -> String {
        quota_arn(&self.account)
    }

    async fn handle(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        if kind == RequestType::Delete {
            info!("nothing is done: AWS lowers no quota and takes no request back");
            return Ok(Success::default());
        }
        let wish = strict(request)?;
        let earlier = Properties::read(&request.old_properties).0;
        self.check_place(request)?;

        // A rollback after a wish was raised comes as one that is lowered.
        let lowered = earlier.as_ref().is_some_and(|earlier| earlier.desired > wish.desired);
        let first = self.first_look(&wish, lowered, progress);
        let first = in_time(first, progress).await?;
        let report = self.wait(&wish, first, pause(request), progress).await;

        let says = report.message(wish.desired);
        info!(outcome = report.outcome.as_str(), says, "outcome");
        if fails(report.outcome, &wish, earlier.as_ref()) {
            return Err(report.failure(wish.desired));
        }
        Ok(Success { physical_resource_id: None, data: report.attributes(wish.desired) })
    }
}

impl<Q: Quotas> LambdaConcurrency<Q> {
    /// Looks, and requests more if there is reason to.
    async fn first_look(
        &self,
        wish: &Properties,
        lowered: bool,
        progress: &Progress,
    ) -> Result<Report, String> {
        let told = |error: CallError| error.to_string();
        progress.note("asking Lambda for the concurrency that applies");
        let concurrency = self.quotas.concurrency().await.map_err(told)?;
        let report = |(outcome, increase)| Report { outcome, concurrency, increase, quota: None };
        if concurrency.applied >= wish.desired {
            return Ok(report((Outcome::AlreadySufficient, None)));
        }
        progress.note("asking Service Quotas for the quota");
        let quota = self.quotas.quota().await.map_err(told)?;
        info!(applied = concurrency.applied, quota = quota.value, adjustable = quota.adjustable);
        if !quota.adjustable {
            return Ok(report((Outcome::NotAdjustable, None)));
        }
        progress.note("looking for requests on record");
        let history = self.quotas.history().await.map_err(told)?;
        match settled(wish.desired, &history, wish.rerequest_when_denied) {
            Some(found) => Ok(report(outcome_of(found))),
            None if lowered => Ok(report((Outcome::NotRequested, None))),
            None if quota.value >= wish.desired => {
                let not_in_force = report((Outcome::NotInForce, None));
                Ok(Report { quota: Some(quota.value), ..not_in_force })
            }
            None => self.ask(wish, progress).await.map(report).map_err(told),
        }
    }

    async fn ask(
        &self,
        wish: &Properties,
        progress: &Progress,
    ) -> Result<(Outcome, Option<Increase>), CallError> {
        progress.note("requesting more");
        Ok(match self.quotas.request(wish.desired, wish.support_case_allowed).await? {
            Submitted::Accepted(increase) => stands(increase, Outcome::Requested),
            Submitted::TooManyAreOpen => (Outcome::TooManyOpenRequests, None),
            Submitted::NotMoreThanTheQuota => (Outcome::NotInForce, None),
            // Another caller was faster. The record may lag behind.
            Submitted::AnotherIsOpen => {
                progress.note("looking for the request that is open");
                let found = open(wish.desired, &self.quotas.history().await?);
                found.map_or((Outcome::Pending, None), outcome_of)
            }
        })
    }

    /// Waits for the value to apply, as long as the consumer asked for and there is time.
    async fn wait(
        &self,
        wish: &Properties,
        mut report: Report,
        pause: Duration,
        progress: &Progress,
    ) -> Report {
        if wish.wait_seconds == 0 {
            return report;
        }
        let now = Instant::now();
        let asked = now + Duration::from_secs(wish.wait_seconds);
        let end =
            progress.deadline().map(|deadline| deadline.checked_sub(LAST_LOOK).unwrap_or(now));
        let end = end.map_or(asked, |end| end.min(asked));
        while report.outcome.is_open() && Instant::now() < end && progress.stopped().is_none() {
            progress.note("waiting for AWS to raise the quota");
            sleep_until(end.min(Instant::now() + pause)).await;
            match timeout_at(Instant::now() + LAST_LOOK, self.look_again(wish, &report)).await {
                Ok(Ok(seen)) => report = seen,
                // The request stands, whether we see it or not.
                Ok(Err(error)) => warn!(%error, "could not look"),
                Err(_) => warn!("could not look in time"),
            }
            info!(
                applied = report.concurrency.applied,
                outcome = report.outcome.as_str(),
                "waiting"
            );
        }
        if report.outcome == Outcome::Requested {
            report.outcome = Outcome::Pending;
        }
        report
    }

    /// Reads the value first: it is the truth, not the request's status.
    async fn look_again(&self, wish: &Properties, before: &Report) -> Result<Report, CallError> {
        let concurrency = self.quotas.concurrency().await?;
        let increase = before.increase.clone();
        if concurrency.applied >= wish.desired {
            return Ok(Report { outcome: Outcome::Approved, concurrency, increase, quota: None });
        }
        let history = self.quotas.history().await?;
        let (outcome, increase) = match increase {
            Some(before) => {
                let same = history.into_iter().find(|increase| increase.id == before.id);
                stands(same.unwrap_or(before), Outcome::Pending)
            }
            None => open(wish.desired, &history).map_or((Outcome::Pending, None), outcome_of),
        };
        Ok(Report { outcome, concurrency, increase, quota: None })
    }
}

/// Returns the result of the first read within its time, or AWS's last error.
async fn in_time(
    look: impl Future<Output = Result<Report, String>>,
    progress: &Progress,
) -> Result<Report, String> {
    let mut look = pin!(look);
    if let Ok(looked) = timeout(TIME_FOR_CALLS, &mut look).await {
        return looked;
    }
    progress.stop("AWS is slow");
    let words = match timeout(LAST_LOOK, look).await {
        // The reply to the call that was on its way.
        Ok(Ok(report)) => return Ok(report),
        Ok(Err(words)) => format!(": {words}"),
        Err(_) => String::new(),
    };
    Err(format!(
        "timed out after {} s while {}{words}; try again: the next request continues with the \
         requests on record",
        TIME_FOR_CALLS.as_secs(),
        progress.latest()
    ))
}

/// A request to wait for, unless it was refused.
fn stands(increase: Increase, otherwise: Outcome) -> (Outcome, Option<Increase>) {
    let refused = increase.status.phase() == Phase::Refused;
    (if refused { Outcome::Denied } else { otherwise }, Some(increase))
}

fn outcome_of(found: Found) -> (Outcome, Option<Increase>) {
    match found {
        Found::OnItsWay(increase) => (Outcome::Pending, Some(increase)),
        Found::Smaller(increase) => (Outcome::SmallerRequestPending, Some(increase)),
        Found::Denied(increase) => (Outcome::Denied, Some(increase)),
    }
}

/// An Update fails only for its own changes, a raised `DesiredConcurrency` or a `Fail` that was not
/// there before: else a rollback could fail for later events.
fn fails(outcome: Outcome, wish: &Properties, earlier: Option<&Properties>) -> bool {
    let is_new = earlier.is_none_or(|earlier| {
        wish.desired > earlier.desired || outcome.then(earlier) == Then::Succeed
    });
    outcome.then(wish) == Then::Fail && is_new
}

/// The stack's own pause between two looks.
fn pause(request: &Request) -> Duration {
    let digits = digest(&format!("{}|{}", request.stack_id, request.logical_resource_id), 8);
    let share = u64::from_str_radix(&digits, 16).unwrap_or_default();
    let spread = u64::try_from(SPREAD.as_millis()).unwrap_or_default();
    PAUSE + Duration::from_millis(share % (spread + 1))
}

fn strict(request: &Request) -> Result<Properties, String> {
    let given = request.properties.as_ref().map_err(Clone::clone)?;
    match Properties::read(given) {
        (Some(properties), problems) if problems.is_empty() => Ok(properties),
        (_, problems) => Err(problems.join("; ")),
    }
}
