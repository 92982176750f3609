//! New objects that IAM does not show yet, looked at while the next changes are made.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, LocalBoxFuture, select};
use futures_util::stream::FuturesUnordered;

use crate::cloud::Cloud;
use crate::plan::Change;

/// The looks that are under way.
pub(super) struct Sights<'a, C> {
    cloud: &'a C,
    looks: FuturesUnordered<LocalBoxFuture<'a, ()>>,
    longest: Duration,
}

impl<'a, C: Cloud> Sights<'a, C> {
    /// Looks for each object for `longest` at most; for zero, where no principal is about to use
    /// the new objects, not at all.
    pub(super) fn new(cloud: &'a C, longest: Duration) -> Self {
        Sights { cloud, looks: FuturesUnordered::new(), longest }
    }

    /// Begins to look at a new object.
    pub(super) fn made(&mut self, change: &Change) {
        if !self.longest.is_zero() {
            let (cloud, change, longest) = (self.cloud, change.clone(), self.longest);
            self.looks.push(Box::pin(async move { cloud.until_seen(&change, longest).await }));
        }
    }

    /// Does this work, and looks meanwhile.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        while !self.looks.is_empty() {
            match select(work.as_mut(), self.looks.next()).await {
                Either::Left((done, _)) => return done,
                Either::Right(_) => {}
            }
        }
        work.await
    }

    /// Returns when all is seen, or will not be soon.
    pub(super) async fn all(mut self) {
        while self.looks.next().await.is_some() {}
    }
}
