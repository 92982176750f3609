//! The present step of the work and its deadline, so that work can stop before its answer and the
//! answer can name the step.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::select;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::gate::Gate;

/// The latest note, the end of the time that there is for the work, and whether it has to stop.
#[derive(Debug, Default)]
pub struct Progress {
    note: Mutex<String>,
    deadline: Option<Instant>,
    gate: Gate,
    is_superseded: AtomicBool,
    is_done: AtomicBool,
    successor: Mutex<Option<String>>,
    is_watched: AtomicBool,
    asked: Notify,
    told: Notify,
}

/// Answers whether the work is wanted.
#[derive(Debug)]
pub struct Watch<'a>(&'a Progress);

impl Watch<'_> {
    /// Returns when the work asks.
    pub async fn until_asked(&self) {
        self.0.asked.notified().await;
    }

    /// Lets the work go on that asked.
    pub fn tell(&self) {
        self.0.told.notify_waiters();
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.0.is_watched.store(false, Ordering::Relaxed);
        self.tell();
    }
}

impl Progress {
    /// Of work that is stopped at this point in time, and whose calls go through this gate.
    pub fn until(gate: &Gate, deadline: Option<Instant>) -> Self {
        Progress { deadline, gate: gate.clone(), ..Progress::default() }
    }

    /// Of a part of this work, which may be stopped and watched apart. They share gate and time.
    pub fn of_a_part(&self) -> Self {
        Progress::until(&self.gate, self.deadline)
    }

    /// When the work is stopped. Every wait has to end before it.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Stops the work: no further change and no further attempt of a call is begun. Calls on their
    /// way end. The first reason stays, as in `the time is over`.
    pub fn stop(&self, why: &str) {
        self.gate.close(why);
    }

    /// Stops the work because CloudFormation has gone on from it.
    pub fn supersede(&self, why: &str) {
        self.is_superseded.store(true, Ordering::Relaxed);
        self.stop(why);
    }

    /// The same, where the resource has these properties now, as JSON.
    pub fn supersede_by(&self, why: &str, properties: Option<&str>) {
        let properties = properties.map(str::to_owned);
        *self.successor.lock().unwrap_or_else(PoisonError::into_inner) = properties;
        self.supersede(why);
    }

    /// The properties that the resource has since CloudFormation went on, as JSON; `None` if they
    /// are not known.
    pub fn successor(&self) -> Option<String> {
        self.successor.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops the work because another delivery of the request has done it.
    pub fn leave_to_another(&self, why: &str) {
        self.is_done.store(true, Ordering::Relaxed);
        self.stop(why);
    }

    /// Asks again after work that was left to another delivery: CloudFormation may have gone on
    /// while its last calls were on their way.
    pub async fn ask_again(&self) {
        let Some(why) = self.stopped().filter(|_| self.is_done.load(Ordering::Relaxed)) else {
            return;
        };
        self.gate.open();
        self.ask_whether_wanted().await;
        self.stop(&why);
    }

    /// Lets work that was left to another delivery end its own changes. True if it was.
    pub fn end_own_part(&self) -> bool {
        let is_left = self.is_done.load(Ordering::Relaxed) && !self.is_superseded();
        if is_left {
            self.gate.open();
        }
        is_left
    }

    /// True if CloudFormation has gone on from this work.
    pub fn is_superseded(&self) -> bool {
        self.is_superseded.load(Ordering::Relaxed)
    }

    /// Returns when CloudFormation was asked whether it still wants this work, if the work is
    /// watched. The work is superseded if it does not.
    pub async fn ask_whether_wanted(&self) {
        if self.is_watched.load(Ordering::Relaxed) {
            let told = self.told.notified();
            self.asked.notify_one();
            told.await;
        }
    }

    /// Watches the work for as long as the result lives.
    pub fn watch(&self) -> Watch<'_> {
        self.is_watched.store(true, Ordering::Relaxed);
        Watch(self)
    }

    /// Lets work that was superseded undo the changes that it made after its successor began.
    pub fn take_back(&self) {
        if self.is_superseded() {
            self.gate.open();
        }
    }

    /// Returns when no write is on its way any more, also none that was given up, or when the time
    /// is over. True if there was one.
    pub async fn until_writes_end(&self) -> bool {
        if self.gate.on_their_way().is_empty() {
            return false;
        }
        self.note("waiting for AWS to reply to a call that was given up");
        select! {
            () = self.gate.until_empty() => {}
            () = async {
                match self.deadline {
                    Some(end) => sleep_until(end).await,
                    None => pending().await,
                }
            } => {}
        }
        true
    }

    /// Why the work has to stop; `None` if it may go on.
    pub fn stopped(&self) -> Option<String> {
        self.gate.closed()
    }

    /// Returns when the work has to stop.
    pub async fn until_stopped(&self) {
        self.gate.until_closed().await;
    }

    /// Notes the step that begins now, as in `looking at what is in the account`.
    pub fn note(&self, doing: &str) {
        *self.note.lock().unwrap_or_else(PoisonError::into_inner) = doing.to_owned();
    }

    /// The latest note; empty if there was none.
    pub fn latest(&self) -> String {
        self.note.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
