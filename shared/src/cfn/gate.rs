//! The gate that each attempt of a call to AWS goes through. It is closed when work has to stop,
//! and it knows which writes are on their way.
//!
//! A process serves one request at a time, so one gate serves all of its clients.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

/// A gate; its clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<watch::Sender<Traffic>>);

#[derive(Debug, Default)]
struct Traffic {
    /// Why nothing more is begun.
    closed: Option<String>,
    on_their_way: BTreeMap<u64, String>,
    entered: u64,
}

impl Gate {
    /// Lets calls begin: another request is served.
    pub fn open(&self) {
        self.0.send_modify(|traffic| traffic.closed = None);
    }

    /// Lets no further call begin. The first reason stays.
    pub fn close(&self, why: &str) {
        self.0.send_modify(|traffic| {
            traffic.closed.get_or_insert_with(|| why.to_owned());
        });
    }

    /// Why it is closed; `None` if it is open.
    pub fn closed(&self) -> Option<String> {
        self.0.borrow().closed.clone()
    }

    /// Begins an attempt of a call, named as in ``iam:CreateRole `r` ``. It is on its way until
    /// the pass is dropped. `None` if the gate is closed.
    pub fn enter(&self, call: &str) -> Option<Pass> {
        let mut number = None;
        self.0.send_modify(|traffic| {
            if traffic.closed.is_none() {
                traffic.entered += 1;
                traffic.on_their_way.insert(traffic.entered, call.to_owned());
                number = Some(traffic.entered);
            }
        });
        number.map(|number| Pass { gate: self.clone(), number })
    }

    /// The calls that are on their way.
    pub fn on_their_way(&self) -> Vec<String> {
        self.0.borrow().on_their_way.values().cloned().collect()
    }

    /// Returns when the gate is closed.
    pub async fn until_closed(&self) {
        self.until(|traffic| traffic.closed.is_some()).await;
    }

    /// Returns when no call is on its way.
    pub async fn until_empty(&self) {
        self.until(|traffic| traffic.on_their_way.is_empty()).await;
    }

    /// Returns when the gate is closed and this call is not on its way any more.
    pub async fn until_over(&self, call: &str) {
        let is_on_its_way = |traffic: &Traffic| traffic.on_their_way.values().any(|it| it == call);
        self.until(|traffic| traffic.closed.is_some() && !is_on_its_way(traffic)).await;
    }

    async fn until(&self, holds: impl FnMut(&Traffic) -> bool) {
        // The gate holds the sender, so the channel is never closed.
        let _ = self.0.subscribe().wait_for(holds).await;
    }
}

/// An attempt that is on its way for as long as this lives.
#[derive(Debug)]
pub struct Pass {
    gate: Gate,
    number: u64,
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.gate.0.send_modify(|traffic| {
            traffic.on_their_way.remove(&self.number);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// T4
    #[tokio::test]
    async fn a_gate_that_is_closed_lets_nothing_in_and_says_why() {
        let gate = Gate::default();
        let pass = gate.enter("one").unwrap();
        gate.close("the time is over");
        gate.close("another reason");
        gate.until_closed().await;
        assert!(gate.enter("two").is_none());
        assert_eq!(gate.closed().as_deref(), Some("the time is over"));
        assert_eq!(gate.on_their_way(), ["one"]);
        drop(pass);
        gate.until_empty().await;
        gate.open();
        assert!(gate.closed().is_none() && gate.enter("two").is_some());
    }
}
