//! One pace for all calls of a client while AWS throttles them.
//!
//! AWS publishes no rates of IAM, and all functions of an account share them. If each call backed
//! off for itself, as the SDK does it, calls would meet again and again: four were refused for
//! each that was accepted. So from the first refusal on a call waits for its turn, and the gap
//! between two turns follows AWS's replies: a refusal widens it, each accepted call narrows it.
//! How the constants were found is on `docs/performance.md`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::retries::classifiers::{
    ClassifyRetry, RetryAction, RetryClassifierPriority,
};
use aws_smithy_types::retry::ErrorKind;
use fastrand::Rng;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::reply::Refusal;

/// The gap between two turns after the first refusal.
const FIRST: Duration = Duration::from_millis(100);
/// The longest gap.
const LONGEST: Duration = Duration::from_millis(2500);
/// A gap that is shorter is none.
const SHORTEST: Duration = Duration::from_millis(20);
/// The factor of the gap after an accepted call.
const ACCEPTED: f64 = 0.99;
/// The factor after a refusal, and that as long as no call was accepted.
const REFUSED: (f64, f64) = (1.15, 1.65);
/// Refusals in a row that are more than a busy account's: the gap that they made is no guide to what
/// AWS accepts after them.
const MANY: i32 = 6;
/// The factor after each accepted call from then on, until the next refusal.
const RECOVERING: f64 = 0.5;
/// The part of the gap after which a refused call is made again, and the factor of that for each
/// further refusal in a row.
const AGAIN: (f64, f64) = (0.3, 2.0);
/// The longest time after which a refused call is made again, so that the end of an outage is seen.
const AGAIN_AT_LAST: Duration = Duration::from_secs(1);
/// Part of a gap by which it is longer or shorter, so that functions do not march in step.
const JITTER: f64 = 0.1;
/// The time without a call after which there is no gap.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// The pace of a client; its clones are the same one. Reads and writes have one each, for AWS
/// counts them apart.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    reads: Arc<Lane>,
    writes: Arc<Lane>,
}

#[derive(Debug)]
struct Lane {
    rhythm: Mutex<(Rhythm, Rng)>,
    /// Tells the calls that wait for a turn that it comes sooner.
    sooner: Notify,
}

impl Pace {
    /// Without a gap.
    pub(super) fn new() -> Self {
        Pace::with_chance(Rng::new())
    }

    fn with_chance(mut chance: Rng) -> Self {
        let mut lane = || {
            let rhythm = Mutex::new((Rhythm::new(Instant::now()), chance.fork()));
            Arc::new(Lane { rhythm, sooner: Notify::new() })
        };
        Pace { reads: lane(), writes: lane() }
    }

    /// Waits until the next attempt may begin. A call that waits holds nothing: if it is not polled
    /// for a while, the others take the turns.
    pub(super) async fn turn(&self, is_write: bool) -> Turn {
        let lane = Arc::clone(if is_write { &self.writes } else { &self.reads });
        loop {
            // It hears of what happens from here on.
            let sooner = lane.sooner.notified();
            let now = Instant::now();
            let next = lane.rhythm(|rhythm, jitter| rhythm.begin(now, jitter));
            let Err(next) = next else {
                return Turn { lane: Arc::clone(&lane), begun: now };
            };
            let (Ok(()) | Err(_)) = timeout_at(next, sooner).await;
        }
    }
}

impl Lane {
    /// Asks or changes the rhythm, with a factor around one for a gap.
    fn rhythm<T>(&self, change: impl FnOnce(&mut Rhythm, f64) -> T) -> T {
        let mut lane = self.rhythm.lock().unwrap_or_else(PoisonError::into_inner);
        let (rhythm, chance) = &mut *lane;
        change(rhythm, 1.0 + JITTER * (2.0 * chance.f64() - 1.0))
    }
}

/// An attempt that has begun.
#[derive(Debug)]
pub(super) struct Turn {
    lane: Arc<Lane>,
    begun: Instant,
}

impl Turn {
    /// AWS refused the attempt, or not, because there are too many calls.
    pub(super) fn ended(&self, is_throttled: bool) {
        let now = Instant::now();
        let is_sooner = self.lane.rhythm(|rhythm, jitter| {
            let next = rhythm.next;
            match is_throttled {
                true => rhythm.refused(self.begun, now, jitter),
                false => rhythm.accepted(self.begun),
            }
            rhythm.next < next
        });
        if is_sooner {
            self.lane.sooner.notify_waiters();
        }
    }
}

/// When the next attempt may begin.
#[derive(Clone, Debug)]
struct Rhythm {
    /// None until AWS refuses.
    gap: Option<Duration>,
    next: Instant,
    /// When the last attempt began.
    begun: Instant,
    /// When a refusal changed the gap last. A call that began before it says nothing of the new
    /// gap.
    changed: Instant,
    /// Refusals since a call was accepted.
    in_a_row: i32,
    /// Whether a call was accepted since there is a gap: before that it is a guess.
    is_known: bool,
    /// Whether calls are accepted again after many refusals.
    is_recovering: bool,
}

impl Rhythm {
    fn new(now: Instant) -> Self {
        Rhythm {
            gap: None,
            next: now,
            begun: now,
            changed: now,
            in_a_row: 0,
            is_known: false,
            is_recovering: false,
        }
    }

    /// Begins an attempt, if it may begin now.
    ///
    /// # Errors
    ///
    /// When it may.
    fn begin(&mut self, now: Instant, jitter: f64) -> Result<(), Instant> {
        if now.duration_since(self.begun) > FORGOTTEN {
            *self = Rhythm::new(now);
        }
        if now < self.next {
            return Err(self.next);
        }
        self.begun = now;
        if let Some(gap) = self.gap {
            self.next = now + gap.mul_f64(jitter);
        }
        Ok(())
    }

    fn accepted(&mut self, begun: Instant) {
        let Some(gap) = self.gap.filter(|_| begun >= self.changed) else { return };
        self.is_recovering |= self.in_a_row >= MANY;
        self.in_a_row = 0;
        self.is_known = true;
        let gap = gap.mul_f64(if self.is_recovering { RECOVERING } else { ACCEPTED });
        if self.is_recovering {
            self.next = self.next.min(self.begun + gap);
        }
        self.gap = Some(gap).filter(|gap| *gap >= SHORTEST);
    }

    fn refused(&mut self, begun: Instant, now: Instant, jitter: f64) {
        if self.gap.is_some() && begun < self.changed {
            return;
        }
        self.changed = now;
        self.is_recovering = false;
        let again = match self.gap {
            None => {
                self.gap = Some(FIRST);
                (self.in_a_row, self.is_known) = (1, false);
                FIRST
            }
            Some(gap) => {
                self.in_a_row += 1;
                let wider = if self.is_known { REFUSED.0 } else { REFUSED.1 };
                let gap = gap.mul_f64(wider).min(LONGEST);
                self.gap = Some(gap);
                // A wait may be too long for a number of seconds.
                let waits = AGAIN.0 * AGAIN.1.powi(self.in_a_row - 1);
                Duration::try_from_secs_f64(gap.as_secs_f64() * waits).unwrap_or(AGAIN_AT_LAST)
            }
        };
        self.next = now + again.min(AGAIN_AT_LAST).mul_f64(jitter);
    }
}

/// Has a call that was throttled made again at its next turn, without a pause of its own.
#[derive(Debug)]
pub(super) struct AgainAtItsTurn;

impl ClassifyRetry for AgainAtItsTurn {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().and_then(Refusal::read) {
            Some(refusal) if refusal.is_throttling() => {
                let kind = ErrorKind::ThrottlingError;
                RetryAction::retryable_error_with_explicit_delay(kind, Duration::ZERO)
            }
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "throttled: again at its turn"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

#[cfg(test)]
mod tests;
