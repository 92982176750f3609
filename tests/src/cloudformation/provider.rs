//! The server of the events, one after the other or several at once.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::{CloudFormation, Delivery, Ended};

/// The function, or its stand-in.
pub trait Provider {
    /// Serves one delivery.
    fn serve(&self, delivery: Delivery) -> impl Future<Output = Served>;
}

/// The result of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The PUTs, in order.
    pub puts: Vec<Put>,
    /// The end of the invocation.
    pub ended: Ended,
}

/// Something that was sent to a response URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// The whole URL.
    pub url: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Invocations at the same time. Each goes on only when it is its turn, so that
/// every order in which they can meet is a list of numbers.
///
/// It drives futures that wait for nothing but their turn, without a runtime.
pub struct Running<'p> {
    invocations: Vec<(Delivery, Serving<'p>)>,
}

type Serving<'p> = Pin<Box<dyn Future<Output = Served> + 'p>>;

impl Default for Running<'_> {
    fn default() -> Self {
        Running::new()
    }
}

impl<'p> Running<'p> {
    /// Nothing runs yet.
    pub fn new() -> Running<'p> {
        Running { invocations: Vec::new() }
    }

    /// Begins to serve everything that is due.
    pub fn begin(&mut self, cfn: &mut CloudFormation, provider: &'p impl Provider) {
        while let Some(request) = cfn.due().first().copied() {
            if let Some(delivery) = cfn.deliver(request) {
                let serving: Serving<'p> = Box::pin(provider.serve(delivery.clone()));
                self.invocations.push((delivery, serving));
            }
        }
    }

    /// The requests that are being served, in the order in which that began.
    pub fn requests(&self) -> Vec<usize> {
        self.invocations.iter().map(|(delivery, _)| delivery.request).collect()
    }

    /// Returns the number of running invocations.
    pub fn len(&self) -> usize {
        self.invocations.len()
    }

    /// True if none does.
    pub fn is_empty(&self) -> bool {
        self.invocations.is_empty()
    }

    /// Lets one invocation go on until it waits for its next turn, or ends.
    pub fn step(&mut self, cfn: &mut CloudFormation, which: usize) {
        let (_, serving) = &mut self.invocations[which];
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(served) = serving.as_mut().poll(&mut context) {
            let (delivery, _) = self.invocations.remove(which);
            cfn.served(delivery, served);
        }
    }

    /// Lets one process die where it is.
    pub fn kill(&mut self, cfn: &mut CloudFormation, which: usize) {
        let (delivery, _) = self.invocations.remove(which);
        cfn.ended(delivery, Ended::Failed);
    }
}
