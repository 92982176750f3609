//! The result of a request, as attributes and as a sentence for people.

use std::collections::BTreeMap;

use super::properties::{Properties, Then};
use super::quota::{Concurrency, Increase, QUOTA_CODE, Status};
use crate::cfn::PROVIDER_VERSION;

/// The state of the request. The variants' names are the values of the attribute `Outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As much or more applies already; nothing was requested.
    AlreadySufficient,
    /// The value applied before the wait was over.
    Approved,
    /// A request was made just now.
    Requested,
    /// A request that was found, or one that outlasted the wait, is open or on its way.
    Pending,
    /// A request for less is open; nothing was requested.
    SmallerRequestPending,
    /// Too many requests for other quotas are open; nothing was requested.
    TooManyOpenRequests,
    /// AWS refused it.
    Denied,
    /// AWS does not raise the quota; nothing was requested.
    NotAdjustable,
    /// Service Quotas holds as much for applied and Lambda does not; nothing can be requested.
    NotInForce,
    /// The wish was lowered, which requests nothing.
    NotRequested,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Outcome; 10] = [
        Outcome::AlreadySufficient,
        Outcome::Approved,
        Outcome::Requested,
        Outcome::Pending,
        Outcome::SmallerRequestPending,
        Outcome::TooManyOpenRequests,
        Outcome::Denied,
        Outcome::NotAdjustable,
        Outcome::NotInForce,
        Outcome::NotRequested,
    ];

    /// The value of the attribute.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::AlreadySufficient => "AlreadySufficient",
            Outcome::Approved => "Approved",
            Outcome::Requested => "Requested",
            Outcome::Pending => "Pending",
            Outcome::SmallerRequestPending => "SmallerRequestPending",
            Outcome::TooManyOpenRequests => "TooManyOpenRequests",
            Outcome::Denied => "Denied",
            Outcome::NotAdjustable => "NotAdjustable",
            Outcome::NotInForce => "NotInForce",
            Outcome::NotRequested => "NotRequested",
        }
    }

    /// Whether more time may bring the value.
    pub fn is_open(self) -> bool {
        matches!(self, Outcome::Requested | Outcome::Pending)
    }

    /// Returns the consumer's choice for it.
    pub fn then(self, properties: &Properties) -> Then {
        match self {
            Outcome::AlreadySufficient | Outcome::Approved | Outcome::NotRequested => Then::Succeed,
            Outcome::Requested
            | Outcome::Pending
            | Outcome::TooManyOpenRequests
            | Outcome::NotInForce => properties.on_pending,
            Outcome::SmallerRequestPending => properties.on_smaller_request,
            Outcome::Denied => properties.on_denied,
            Outcome::NotAdjustable => properties.on_not_adjustable,
        }
    }

    /// The property that decides on it; `None` where the stack goes on in any case.
    fn decided_by(self) -> Option<&'static str> {
        match self {
            Outcome::AlreadySufficient | Outcome::Approved | Outcome::NotRequested => None,
            Outcome::Requested
            | Outcome::Pending
            | Outcome::TooManyOpenRequests
            | Outcome::NotInForce => Some("OnPending"),
            Outcome::SmallerRequestPending => Some("OnSmallerRequest"),
            Outcome::Denied => Some("OnDenied"),
            Outcome::NotAdjustable => Some("OnNotAdjustable"),
        }
    }
}

/// The result of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The outcome.
    pub outcome: Outcome,
    /// The limits that apply.
    pub concurrency: Concurrency,
    /// The request that it is about, as it was last seen.
    pub increase: Option<Increase>,
    /// The value that Service Quotas holds for applied, where the outcome depends on it.
    pub quota: Option<u64>,
}

/// The names of the attributes for `Fn::GetAtt`.
pub const ATTRIBUTES: [&str; 9] = [
    "Outcome",
    "Message",
    "AppliedConcurrency",
    "UnreservedConcurrency",
    "DesiredConcurrency",
    "RequestId",
    "RequestStatus",
    "CaseId",
    PROVIDER_VERSION.0,
];

impl Report {
    /// The attributes for `Fn::GetAtt`: the same set for every outcome, empty where they do not
    /// apply.
    pub fn attributes(&self, desired: u64) -> BTreeMap<String, String> {
        let increase =
            |part: fn(&Increase) -> String| self.increase.as_ref().map(part).unwrap_or_default();
        let values = [
            self.outcome.as_str().to_owned(),
            self.message(desired),
            self.concurrency.applied.to_string(),
            self.concurrency.unreserved.to_string(),
            desired.to_string(),
            increase(|it| it.id.clone()),
            increase(|it| it.status.to_string()),
            increase(|it| it.case_id.clone().unwrap_or_default()),
            PROVIDER_VERSION.1.to_owned(),
        ];
        ATTRIBUTES.map(str::to_owned).into_iter().zip(values).collect()
    }

    /// Returns the reason of a failure: the property that demands it, the state, and the remedy.
    pub fn failure(&self, desired: u64) -> String {
        let message = self.message(desired);
        let Some(property) = self.outcome.decided_by() else { return message };
        let again = match self.outcome.is_open() {
            true if self.is_approved() => "deploy again in some minutes, or ",
            true => "deploy again when AWS has decided, or ",
            false => "",
        };
        format!(
            "{property}: given `Fail`, and the outcome is `{}`: {message}; {again}set {property} to \
             `Succeed` to let the stack go on with this outcome",
            self.outcome.as_str()
        )
    }

    fn is_approved(&self) -> bool {
        self.increase.as_ref().is_some_and(|it| it.status == Status::Approved)
    }

    /// Returns the state and the remedy, in a sentence.
    pub fn message(&self, desired: u64) -> String {
        let applied = self.concurrency.applied;
        let now = format!("the applied concurrency limit is {applied}, desired is {desired}");
        let request = self.increase.as_ref().map_or_else(
            || "a request that is not on record yet".to_owned(),
            |Increase { id, status, desired, case_id }| {
                let case = case_id.as_ref().map(|case| format!(", case {case}"));
                format!("request {id} for {desired} ({status}{})", case.unwrap_or_default())
            },
        );
        let case = self.increase.as_ref().filter(|it| it.status == Status::CaseClosed);
        let says = match self.outcome {
            Outcome::AlreadySufficient | Outcome::Approved => return now,
            Outcome::Requested => format!("{request} was made"),
            Outcome::Pending if case.is_some() => format!(
                "{request} was closed without effect so far; its outcome is in the case. \
                 RerequestWhenDenied: true requests it again"
            ),
            Outcome::Pending if self.is_approved() => {
                format!("AWS has approved {request}, and it is not in force yet")
            }
            Outcome::Pending => format!("{request} is open at AWS"),
            Outcome::SmallerRequestPending => format!(
                "{request} is open, and AWS takes one at a time; update the stack when it is closed"
            ),
            Outcome::TooManyOpenRequests => format!(
                "AWS takes two open requests for quotas in a Region and 20 in an account, and there \
                 are as many for other quotas than {QUOTA_CODE}; update the stack when one of them is \
                 closed"
            ),
            Outcome::Denied => format!(
                "{request} was refused. A lower DesiredConcurrency, RerequestWhenDenied: true, or a \
                 case with AWS Support may help"
            ),
            Outcome::NotAdjustable => format!(
                "Service Quotas does not take requests for {QUOTA_CODE} here; AWS Support may"
            ),
            Outcome::NotInForce => {
                let quota = self.quota.map_or_else(|| "as much".to_owned(), |it| it.to_string());
                format!(
                    "Service Quotas says that {quota} apply already, and takes requests for more \
                     than that only. Lambda gives a new account less, and more as it is used; a \
                     case with AWS Support, or a higher DesiredConcurrency, may help"
                )
            }
            Outcome::NotRequested => {
                "DesiredConcurrency was lowered, which requests nothing, because a rollback looks the \
                 same"
                    .to_owned()
            }
        };
        format!("{now}; {says}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcome: Outcome, increase: Option<Increase>) -> Report {
        let concurrency = Concurrency { applied: 10, unreserved: 5 };
        Report { outcome, concurrency, increase, quota: None }
    }

    /// AWS has decided already: to wait for that would be for ever.
    #[test]
    fn what_is_approved_and_not_in_force_takes_minutes_and_no_decision() {
        let (id, desired) = ("r1".to_owned(), 1000);
        let increase = Increase { id, status: Status::Approved, desired, case_id: None };
        let failure = report(Outcome::Pending, Some(increase)).failure(1000);
        assert!(
            failure.contains(
                "; AWS has approved request r1 for 1000 (APPROVED), and it is not in force yet; \
                 deploy again in some minutes, or set OnPending to `Succeed`"
            ),
            "{failure}"
        );
    }

    #[test]
    fn every_outcome_has_the_same_attributes() {
        let increase = Increase {
            id: "r1".to_owned(),
            status: Status::CaseOpened,
            desired: 2000,
            case_id: Some("c1".to_owned()),
        };
        let full = report(Outcome::Pending, Some(increase)).attributes(1000);
        assert_eq!(
            full.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>(),
            [
                "AppliedConcurrency=10",
                "CaseId=c1",
                "DesiredConcurrency=1000",
                "Message=the applied concurrency limit is 10, desired is 1000; \
                 request r1 for 2000 (CASE_OPENED, case c1) is open at AWS",
                "Outcome=Pending",
                concat!("ProviderVersion=", env!("CARGO_PKG_VERSION")),
                "RequestId=r1",
                "RequestStatus=CASE_OPENED",
                "UnreservedConcurrency=5",
            ]
        );
        for outcome in Outcome::ALL {
            let attributes = report(outcome, None).attributes(1000);
            assert!(attributes.keys().eq(full.keys()), "{outcome:?}");
            assert_eq!(attributes["Outcome"], format!("{outcome:?}"));
            assert!(!attributes["Message"].is_empty());
        }
    }
}
