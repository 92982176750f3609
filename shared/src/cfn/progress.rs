//! What is being done, so that an answer at the deadline can say it.

use std::sync::{Mutex, PoisonError};

/// The latest note.
#[derive(Debug, Default)]
pub struct Progress(Mutex<String>);

impl Progress {
    /// Says what begins now, as in `looking at what is in the account`.
    pub fn note(&self, doing: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = doing.to_owned();
    }

    /// The latest note; empty if there was none.
    pub fn latest(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
