//! The quota and the requests to raise it, as plain values, and the only seam to AWS.

use std::fmt;
use std::future::Future;

use crate::cloud::CallError;
use crate::state::Account;

/// Lambda, as Service Quotas calls it.
pub const SERVICE_CODE: &str = "lambda";
/// Concurrent executions of a Region: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
pub const QUOTA_CODE: &str = "L-B99A9384";

/// The ARN of the quota, in the Region of the function.
pub fn quota_arn(account: &Account) -> String {
    let Account { partition, region, id } = account;
    format!("arn:{partition}:servicequotas:{region}:{id}:{SERVICE_CODE}/{QUOTA_CODE}")
}

/// The quota and its requests, in one Region of one account.
pub trait Quotas {
    /// Reads the limit that Lambda enforces now: the truth. Service Quotas may know only the
    /// default value of 1000 where a new account has 10.
    ///
    /// # Errors
    ///
    /// The call that failed, or the reply that cannot be used.
    fn concurrency(&self) -> impl Future<Output = Result<Concurrency, CallError>>;

    /// Reads the quota from Service Quotas: the applied value, or the default one if there is none.
    ///
    /// # Errors
    ///
    /// The call that failed, or the reply that cannot be used.
    fn quota(&self) -> impl Future<Output = Result<Quota, CallError>>;

    /// Every request for this quota that is on record, the newest first.
    ///
    /// # Errors
    ///
    /// The call that failed, or the reply that cannot be used.
    fn history(&self) -> impl Future<Output = Result<Vec<Increase>, CallError>>;

    /// Requests more. This is the only call that changes anything.
    ///
    /// # Errors
    ///
    /// The call that failed for another reason than that there are requests already.
    fn request(
        &self,
        desired: u64,
        support_case_allowed: bool,
    ) -> impl Future<Output = Result<Submitted, CallError>>;
}

/// Concurrent executions of a Region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// Of all functions together.
    pub applied: u64,
    /// The part that is not reserved for single functions.
    pub unreserved: u64,
}

/// The quota, as Service Quotas sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Applied, or the default.
    pub value: u64,
    /// Whether more can be requested at all.
    pub adjustable: bool,
}

/// A request to raise the quota.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Increase {
    /// Service Quotas' id of it.
    pub id: String,
    /// The status.
    pub status: Status,
    /// The value that it asks for.
    pub desired: u64,
    /// AWS Support's case, if one was opened.
    pub case_id: Option<String>,
}

/// The result of requesting an increase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// Service Quotas took it.
    Accepted(Increase),
    /// A request for this quota is open, and there can be only one.
    AnotherIsOpen,
    /// Too many requests for other quotas are open: two in a Region, twenty in an account.
    TooManyAreOpen,
    /// Service Quotas holds as much or more for applied, and takes requests for more only.
    NotMoreThanTheQuota,
}

/// The status of a request, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are AWS's own")]
pub enum Status {
    Pending,
    CaseOpened,
    Approved,
    CaseClosed,
    Denied,
    NotApproved,
    InvalidRequest,
    /// A word that AWS has added since.
    Other(String),
}

/// The meaning of a status for a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// AWS is at it.
    Open,
    /// The value may still come: it is approved and on its way, or only the case tells. An
    /// undocumented status may not be taken for success or denial.
    MayCome,
    /// It will not come.
    Refused,
}

impl Status {
    const KNOWN: [Status; 7] = [
        Status::Pending,
        Status::CaseOpened,
        Status::Approved,
        Status::CaseClosed,
        Status::Denied,
        Status::NotApproved,
        Status::InvalidRequest,
    ];

    /// As Service Quotas writes it, for example `CASE_OPENED`.
    pub fn as_str(&self) -> &str {
        match self {
            Status::Pending => "PENDING",
            Status::CaseOpened => "CASE_OPENED",
            Status::Approved => "APPROVED",
            Status::CaseClosed => "CASE_CLOSED",
            Status::Denied => "DENIED",
            Status::NotApproved => "NOT_APPROVED",
            Status::InvalidRequest => "INVALID_REQUEST",
            Status::Other(word) => word,
        }
    }

    /// Reads a status of Service Quotas.
    pub fn parse(word: &str) -> Self {
        let known = Status::KNOWN.into_iter().find(|status| status.as_str() == word);
        known.unwrap_or_else(|| Status::Other(word.to_owned()))
    }

    /// Returns the meaning for a wait.
    pub fn phase(&self) -> Phase {
        match self {
            Status::Pending | Status::CaseOpened => Phase::Open,
            Status::Approved | Status::CaseClosed | Status::Other(_) => Phase::MayCome,
            Status::Denied | Status::NotApproved | Status::InvalidRequest => Phase::Refused,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_as_it_is_written() {
        for status in Status::KNOWN {
            assert_eq!(Status::parse(status.as_str()), status);
        }
        assert_eq!(Status::parse("ESCALATED"), Status::Other("ESCALATED".to_owned()));
    }

    #[test]
    fn the_quota_is_that_of_the_functions_region_and_partition() {
        let account =
            Account::from_arn("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f");
        assert_eq!(
            quota_arn(&account.unwrap()),
            "arn:aws-us-gov:servicequotas:us-gov-west-1:123456789012:lambda/L-B99A9384"
        );
    }
}
