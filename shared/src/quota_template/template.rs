//! The organization's quota request template, and the only seam to AWS.

use std::collections::BTreeMap;
use std::future::Future;

use super::plan::Region;
use crate::cloud::CallError;

/// An entry of the template: the value that AWS requests in a Region for a new account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As in `eu-west-1`.
    pub region: Region,
    /// Concurrent executions of Lambda; `None` for an entry of another quota.
    pub concurrency: Option<u64>,
}

/// The template of one organization, and the tags of the function that serves it.
pub trait Template {
    /// All entries, those of other quotas too: the template holds ten of them.
    ///
    /// # Errors
    ///
    /// The call that failed, or the reply that cannot be used.
    fn entries(&self) -> impl Future<Output = Result<Vec<Entry>, CallError>>;

    /// Puts Lambda's concurrent executions of a Region into the template; an entry that is there
    /// gets the value.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn put(&self, region: &str, value: u64) -> impl Future<Output = Result<(), CallError>>;

    /// Takes the entry of a Region out. That it is not there is no error.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn remove(&self, region: &str) -> impl Future<Output = Result<(), CallError>>;

    /// Whether the template is used for accounts that are created.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn is_associated(&self) -> impl Future<Output = Result<bool, CallError>>;

    /// Has the template used.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn associate(&self) -> impl Future<Output = Result<(), CallError>>;

    /// Ends that.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn disassociate(&self) -> impl Future<Output = Result<(), CallError>>;

    /// The tags of the function.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn tags(&self) -> impl Future<Output = Result<BTreeMap<String, String>, CallError>>;

    /// Sets a tag of the function.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn tag(&self, key: &str, value: &str) -> impl Future<Output = Result<(), CallError>>;

    /// Removes a tag of the function. That it is not there is no error.
    ///
    /// # Errors
    ///
    /// The call that failed.
    fn untag(&self, key: &str) -> impl Future<Output = Result<(), CallError>>;
}
