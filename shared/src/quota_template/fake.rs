//! A quota request template and a function's tags in memory, for tests of everything above the
//! seam.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::plan::SIZE;
use super::template::{Entry, Template};
use crate::cloud::CallError;

/// A template in memory.
#[derive(Debug, Default)]
pub struct Fake(RefCell<State>);

#[derive(Debug, Default)]
struct State {
    concurrency: BTreeMap<String, u64>,
    other_quotas: usize,
    is_associated: bool,
    tags: BTreeMap<String, String>,
    calls: Vec<String>,
    writes_until_death: Option<usize>,
    refusals: BTreeMap<&'static str, &'static str>,
}

impl Fake {
    /// Lambda's concurrent executions by Region.
    pub fn concurrency(&self) -> BTreeMap<String, u64> {
        self.0.borrow().concurrency.clone()
    }

    /// True if the template is used.
    pub fn associated(&self) -> bool {
        self.0.borrow().is_associated
    }

    /// The tags of the function.
    pub fn all_tags(&self) -> BTreeMap<String, String> {
        self.0.borrow().tags.clone()
    }

    /// The calls so far that change something.
    pub fn writes(&self) -> Vec<String> {
        let calls = self.0.borrow().calls.clone();
        let reads = ["entries", "is_associated", "tags"];
        calls.into_iter().filter(|call| !reads.contains(&call.as_str())).collect()
    }

    /// The calls so far.
    pub fn calls(&self) -> Vec<String> {
        self.0.borrow().calls.clone()
    }

    /// Puts a foreign entry into the template.
    pub fn by_hand(&self, region: &str, value: u64) {
        self.0.borrow_mut().concurrency.insert(region.to_owned(), value);
    }

    /// Removes an entry from the template by hand.
    pub fn taken_out_by_hand(&self, region: &str) {
        self.0.borrow_mut().concurrency.remove(region);
    }

    /// Associates the template by hand.
    pub fn associated_by_hand(&self) {
        self.0.borrow_mut().is_associated = true;
    }

    /// Ends the association by hand.
    pub fn disassociated_by_hand(&self) {
        self.0.borrow_mut().is_associated = false;
    }

    /// Puts this number of entries about other quotas.
    pub fn other_quotas(&self, entries: usize) {
        self.0.borrow_mut().other_quotas = entries;
    }

    /// The process dies at this write from now on, before it is made.
    pub fn dies_at(&self, write: usize) {
        self.0.borrow_mut().writes_until_death = Some(write);
    }

    /// From now on a call, by its name in [`Template`], is refused with this code.
    pub fn refuses(&self, call: &'static str, code: &'static str) {
        self.0.borrow_mut().refusals.insert(call, code);
    }

    /// Ends all faults.
    pub fn recovers(&self) {
        let mut state = self.0.borrow_mut();
        state.refusals.clear();
        state.writes_until_death = None;
    }

    async fn begin(&self, call: &'static str, is_write: bool) -> Result<(), CallError> {
        if is_write {
            let left = self.0.borrow().writes_until_death;
            if left == Some(0) {
                // The caller drops this, and never hears of it again.
                std::future::pending::<()>().await;
            }
            self.0.borrow_mut().writes_until_death = left.map(|left| left - 1);
        }
        self.0.borrow_mut().calls.push(call.to_owned());
        let refusal = self.0.borrow().refusals.get(call).copied();
        refusal.map_or(Ok(()), |code| Err(refused(call, code)))
    }
}

fn refused(action: &'static str, code: &str) -> CallError {
    let (target, message) = ("the template".to_owned(), "says the fake".to_owned());
    CallError { action, target, code: code.to_owned(), message }
}

impl Template for &Fake {
    async fn entries(&self) -> Result<Vec<Entry>, CallError> {
        self.begin("entries", false).await?;
        let state = self.0.borrow();
        let others = (0..state.other_quotas)
            .map(|number| Entry { region: format!("eu-west-{number}"), concurrency: None });
        let ours = state.concurrency.iter();
        let ours =
            ours.map(|(region, value)| Entry { region: region.clone(), concurrency: Some(*value) });
        Ok(others.chain(ours).collect())
    }

    async fn put(&self, region: &str, value: u64) -> Result<(), CallError> {
        self.begin("put", true).await?;
        let mut state = self.0.borrow_mut();
        let is_full = state.concurrency.len() + state.other_quotas >= SIZE;
        if is_full && !state.concurrency.contains_key(region) {
            return Err(refused("put", "QuotaExceededException"));
        }
        state.concurrency.insert(region.to_owned(), value);
        Ok(())
    }

    async fn remove(&self, region: &str) -> Result<(), CallError> {
        self.begin("remove", true).await?;
        self.0.borrow_mut().concurrency.remove(region);
        Ok(())
    }

    async fn is_associated(&self) -> Result<bool, CallError> {
        self.begin("is_associated", false).await?;
        Ok(self.0.borrow().is_associated)
    }

    async fn associate(&self) -> Result<(), CallError> {
        self.begin("associate", true).await?;
        self.0.borrow_mut().is_associated = true;
        Ok(())
    }

    async fn disassociate(&self) -> Result<(), CallError> {
        self.begin("disassociate", true).await?;
        self.0.borrow_mut().is_associated = false;
        Ok(())
    }

    async fn tags(&self) -> Result<BTreeMap<String, String>, CallError> {
        self.begin("tags", false).await?;
        Ok(self.0.borrow().tags.clone())
    }

    async fn tag(&self, key: &str, value: &str) -> Result<(), CallError> {
        self.begin("tag", true).await?;
        self.0.borrow_mut().tags.insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    async fn untag(&self, key: &str) -> Result<(), CallError> {
        self.begin("untag", true).await?;
        self.0.borrow_mut().tags.remove(key);
        Ok(())
    }
}
