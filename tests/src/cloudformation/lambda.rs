//! Lambda's queue of asynchronous invocations.
//!
//! Source: "Error handling for asynchronous invocation" (AWS Lambda Developer Guide). A failed
//! event is delivered again after one minute and once more after two, the same bytes each time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The pauses before the second and the third attempt.
const PAUSES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// The configuration of the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lambda {
    /// `Timeout`: the longest duration of one invocation.
    pub timeout: Duration,
    /// `MaximumRetryAttempts`: 0 to 2.
    pub maximum_retry_attempts: usize,
    /// `MaximumEventAgeInSeconds`: an event that has waited longer is dropped.
    pub maximum_event_age: Duration,
}

impl Default for Lambda {
    /// As it is where nothing else is said, but with a `Timeout` that lets one work.
    fn default() -> Lambda {
        Lambda {
            timeout: Duration::from_secs(60),
            maximum_retry_attempts: 2,
            maximum_event_age: Duration::from_secs(21_600),
        }
    }
}

/// One event on its way to the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The request's number, in the order in which CloudFormation made them.
    pub request: usize,
    /// Counts from 1.
    pub attempt: usize,
    /// The event, the same bytes in each attempt.
    pub event: Arc<[u8]>,
    /// When it begins, by the virtual clock.
    pub at: SystemTime,
    /// The time since CloudFormation made the request.
    pub age: Duration,
    /// The time left until the invocation's deadline then.
    pub time_left: Duration,
    since: SystemTime,
}

/// The end of an invocation, as far as Lambda sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The handler returned.
    Returned,
    /// The handler reported an error, the process died, or its time was up:
    /// the event is delivered again.
    Failed,
}

/// The events that are not delivered yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    waiting: Vec<Waiting>,
}

#[derive(Debug, Clone)]
struct Waiting {
    request: usize,
    attempt: usize,
    event: Arc<[u8]>,
    since: SystemTime,
    due: SystemTime,
}

impl Queue {
    pub(super) fn push(&mut self, request: usize, event: Arc<[u8]>, now: SystemTime) {
        self.waiting.push(Waiting { request, attempt: 1, event, since: now, due: now });
    }

    /// Holds back the waiting deliveries of a request, as throttling does.
    pub(super) fn postpone(&mut self, request: usize, until: SystemTime) {
        for one in self.waiting.iter_mut().filter(|one| one.request == request) {
            one.due = one.due.max(until);
        }
    }

    pub(super) fn lose(&mut self, request: usize) {
        self.waiting.retain(|one| one.request != request);
    }

    /// The requests of which an event is due, in the order of the queue.
    pub(super) fn due(&self, now: SystemTime) -> Vec<usize> {
        let mut due: Vec<&Waiting> = self.waiting.iter().filter(|one| one.due <= now).collect();
        due.sort_by_key(|one| one.due);
        due.iter().map(|one| one.request).collect()
    }

    pub(super) fn next_due(&self) -> Option<SystemTime> {
        self.waiting.iter().map(|one| one.due).min()
    }

    /// Takes the first event of a request that is due. One that is too old is dropped.
    pub(super) fn take(
        &mut self,
        request: usize,
        issued: SystemTime,
        now: SystemTime,
        lambda: &Lambda,
    ) -> Option<Delivery> {
        let is_it = |one: &Waiting| one.request == request && one.due <= now;
        let Waiting { attempt, event, since, .. } =
            self.waiting.remove(self.waiting.iter().position(is_it)?);
        let age = now.duration_since(since).unwrap_or_default();
        (age <= lambda.maximum_event_age).then_some(Delivery {
            request,
            attempt,
            event,
            at: now,
            age: now.duration_since(issued).unwrap_or_default(),
            time_left: lambda.timeout,
            since,
        })
    }

    /// An invocation has ended: if badly, its event waits for another attempt.
    pub(super) fn ended(
        &mut self,
        delivery: Delivery,
        ended: Ended,
        now: SystemTime,
        lambda: &Lambda,
    ) {
        let Delivery { request, attempt, event, since, at: _, age: _, time_left: _ } = delivery;
        let pause = PAUSES.get(attempt - 1).filter(|_| attempt <= lambda.maximum_retry_attempts);
        if let (Ended::Failed, Some(pause)) = (ended, pause) {
            let due = now + *pause;
            self.waiting.push(Waiting { request, attempt: attempt + 1, event, since, due });
        }
    }
}
