//! What is being done and until when, so that an answer at the deadline can say it.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

/// The latest note, and the end of the time that there is for the work.
#[derive(Debug, Default)]
pub struct Progress {
    note: Mutex<String>,
    deadline: Option<Instant>,
}

impl Progress {
    /// Of work that is dropped at this point in time.
    pub fn until(deadline: Option<Instant>) -> Self {
        Progress { deadline, ..Progress::default() }
    }

    /// When the work is dropped. What waits for somebody else has to end before it.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Says what begins now, as in `looking at what is in the account`.
    pub fn note(&self, doing: &str) {
        *self.note.lock().unwrap_or_else(PoisonError::into_inner) = doing.to_owned();
    }

    /// The latest note; empty if there was none.
    pub fn latest(&self) -> String {
        self.note.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
