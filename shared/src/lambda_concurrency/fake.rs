//! A quota in memory that enforces Service Quotas' rules about requests.
//!
//! It is for tests of all code above the seam. A test makes AWS's own moves by name.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::quota::{Concurrency, Increase, Phase, QUOTA_CODE, Quota, Quotas, Status, Submitted};
use crate::cloud::CallError;

/// Open requests that Service Quotas takes in a Region.
const OPEN_IN_REGION: usize = 2;

/// A quota in memory.
#[derive(Debug)]
pub struct Fake(RefCell<State>);

#[derive(Debug)]
struct State {
    applied: u64,
    /// The value that Service Quotas holds for applied.
    quota: u64,
    adjustable: bool,
    history: Vec<Increase>,
    open_elsewhere: usize,
    unseen: usize,
    answer: Status,
    calls: Vec<&'static str>,
    refusals: BTreeMap<&'static str, &'static str>,
    hanging: BTreeSet<&'static str>,
}

impl Fake {
    /// A quota with this value in force, of which Service Quotas knows, and without requests.
    pub fn new(applied: u64) -> Self {
        Fake(RefCell::new(State {
            applied,
            quota: applied,
            adjustable: true,
            history: Vec::new(),
            open_elsewhere: 0,
            unseen: 0,
            answer: Status::Pending,
            calls: Vec::new(),
            refusals: BTreeMap::new(),
            hanging: BTreeSet::new(),
        }))
    }

    /// The calls so far, by the names of [`Quotas`].
    pub fn calls(&self) -> Vec<&'static str> {
        self.0.borrow().calls.clone()
    }

    /// Returns the number of attempted requests.
    pub fn writes(&self) -> usize {
        self.calls().into_iter().filter(|call| *call == "request").count()
    }

    /// The requests on record, the newest first.
    pub fn history(&self) -> Vec<Increase> {
        self.0.borrow().history.clone()
    }

    /// Records a foreign request in this status.
    pub fn on_record(&self, status: &str, desired: u64) {
        self.0.borrow_mut().record(Status::parse(status), desired);
    }

    /// AWS takes the newest request to this status, and opens a case where it says so.
    pub fn becomes(&self, status: &str) {
        let mut state = self.0.borrow_mut();
        if let Some(newest) = state.history.first_mut() {
            newest.status = Status::parse(status);
            if newest.status == Status::CaseOpened {
                newest.case_id = Some("case-1".to_owned());
            }
        }
    }

    /// AWS puts a value in force.
    pub fn applies(&self, value: u64) {
        let mut state = self.0.borrow_mut();
        (state.applied, state.quota) = (value, value);
    }

    /// Lets Service Quotas hold this value for applied, independently of Lambda.
    pub fn is_said_to_be(&self, value: u64) {
        self.0.borrow_mut().quota = value;
    }

    /// AWS does not raise this quota.
    pub fn is_not_adjustable(&self) {
        self.0.borrow_mut().adjustable = false;
    }

    /// Opens this number of requests for other quotas.
    pub fn open_elsewhere(&self, requests: usize) {
        self.0.borrow_mut().open_elsewhere = requests;
    }

    /// A new request is answered in this status, and not in `PENDING`.
    pub fn answers(&self, status: &str) {
        self.0.borrow_mut().answer = Status::parse(status);
    }

    /// The next looks at the record do not show its newest entry.
    pub fn lags(&self, looks: usize) {
        self.0.borrow_mut().unseen = looks;
    }

    /// From now on a call, by its name in [`Quotas`], is refused with this code.
    pub fn refuses(&self, call: &'static str, code: &'static str) {
        self.0.borrow_mut().refusals.insert(call, code);
    }

    /// From now on a call, by its name in [`Quotas`], is never answered.
    pub fn hangs(&self, call: &'static str) {
        self.0.borrow_mut().hanging.insert(call);
    }

    /// Nothing is refused and nothing hangs any more.
    pub fn recovers(&self) {
        let mut state = self.0.borrow_mut();
        state.refusals.clear();
        state.hanging.clear();
    }

    async fn begin(&self, call: &'static str) -> Result<(), CallError> {
        self.0.borrow_mut().calls.push(call);
        // Other tasks may get their turn here, as they do while a real call is on its way.
        tokio::task::yield_now().await;
        let hangs = self.0.borrow().hanging.contains(call);
        if hangs {
            std::future::pending::<()>().await;
        }
        let refusal = self.0.borrow().refusals.get(call).copied();
        refusal.map_or(Ok(()), |code| Err(refused(call, code)))
    }
}

impl State {
    fn record(&mut self, status: Status, desired: u64) -> Increase {
        let id = format!("request-{}", self.history.len() + 1);
        let increase = Increase { id, status, desired, case_id: None };
        self.history.insert(0, increase.clone());
        increase
    }
}

fn refused(action: &'static str, code: &str) -> CallError {
    let (target, message) = (QUOTA_CODE.to_owned(), "says the fake".to_owned());
    CallError { action, target, code: code.to_owned(), message }
}

impl Quotas for &Fake {
    async fn concurrency(&self) -> Result<Concurrency, CallError> {
        self.begin("concurrency").await?;
        let applied = self.0.borrow().applied;
        Ok(Concurrency { applied, unreserved: applied })
    }

    async fn quota(&self) -> Result<Quota, CallError> {
        self.begin("quota").await?;
        let state = self.0.borrow();
        Ok(Quota { value: state.quota, adjustable: state.adjustable })
    }

    async fn history(&self) -> Result<Vec<Increase>, CallError> {
        self.begin("history").await?;
        let mut state = self.0.borrow_mut();
        let unseen = state.unseen.min(1);
        state.unseen -= unseen;
        Ok(state.history.iter().skip(unseen).cloned().collect())
    }

    async fn request(&self, desired: u64, _: bool) -> Result<Submitted, CallError> {
        self.begin("request").await?;
        let mut state = self.0.borrow_mut();
        if !state.adjustable {
            return Err(refused("request", "IllegalArgumentException"));
        }
        if desired <= state.quota {
            return Ok(Submitted::NotMoreThanTheQuota);
        }
        let open = state.history.iter().any(|it| it.status.phase() == Phase::Open);
        if open {
            return Ok(Submitted::AnotherIsOpen);
        }
        if state.open_elsewhere >= OPEN_IN_REGION {
            return Ok(Submitted::TooManyAreOpen);
        }
        let status = state.answer.clone();
        Ok(Submitted::Accepted(state.record(status, desired)))
    }
}
