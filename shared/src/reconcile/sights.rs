//! What was made and is not shown by IAM yet, looked at while the next changes are made.

use std::future::Future;
use std::pin::pin;

use futures_util::StreamExt;
use futures_util::future::{Either, LocalBoxFuture, select};
use futures_util::stream::FuturesUnordered;

use crate::cloud::Cloud;
use crate::plan::Change;

/// The looks that are under way.
pub(super) struct Sights<'a, C> {
    cloud: &'a C,
    looks: FuturesUnordered<LocalBoxFuture<'a, ()>>,
    waits: bool,
}

impl<'a, C: Cloud> Sights<'a, C> {
    /// Nothing is looked at yet.
    pub(super) fn new(cloud: &'a C) -> Self {
        Sights { cloud, looks: FuturesUnordered::new(), waits: true }
    }

    /// For work whose result nobody is about to use.
    pub(super) fn of_nobody(cloud: &'a C) -> Self {
        Sights { waits: false, ..Sights::new(cloud) }
    }

    /// Begins to look at what was made.
    pub(super) fn made(&mut self, change: &Change) {
        if self.waits {
            let (cloud, change) = (self.cloud, change.clone());
            self.looks.push(Box::pin(async move { cloud.until_seen(&change).await }));
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
