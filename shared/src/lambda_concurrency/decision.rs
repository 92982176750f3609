//! Decides on a `DesiredConcurrency` that does not apply, given the requests on record.
//!
//! Must not know: AWS's API, the clock, which request of CloudFormation asked.

use super::quota::{Increase, Phase, Status};

/// A request on record that settles the decision: no other is made beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// One for as much or more is on its way: wait for that.
    OnItsWay(Increase),
    /// One for less is open, and there can be only one.
    Smaller(Increase),
    /// One for as much or less was refused: the same would be refused again.
    Denied(Increase),
}

/// Returns the request that settles the decision; `None` if an increase is to be requested.
/// `history` has the newest request first; `again` says that a refused value, or one with a case
/// that was closed without effect, is to be requested anew.
pub fn settled(desired: u64, history: &[Increase], again: bool) -> Option<Found> {
    let newest = || {
        history.iter().find_map(|increase| match increase.status.phase() {
            Phase::MayCome if increase.desired >= desired => {
                Some(Found::OnItsWay(increase.clone()))
            }
            Phase::Refused if increase.desired <= desired => Some(Found::Denied(increase.clone())),
            Phase::Open | Phase::MayCome | Phase::Refused => None,
        })
    };
    open(desired, history).or_else(|| newest().filter(|found| !again || is_approved(found)))
}

/// An approved value applies without a further request.
fn is_approved(found: &Found) -> bool {
    matches!(found, Found::OnItsWay(increase) if increase.status == Status::Approved)
}

/// Returns the decision by the open request, if there is one.
pub fn open(desired: u64, history: &[Increase]) -> Option<Found> {
    let open = history.iter().find(|increase| increase.status.phase() == Phase::Open)?;
    Some(if open.desired >= desired {
        Found::OnItsWay(open.clone())
    } else {
        Found::Smaller(open.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn increase(status: &str, desired: u64) -> Increase {
        let id = format!("{status}-{desired}");
        Increase { id, status: Status::parse(status), desired, case_id: None }
    }

    fn said(found: Option<Found>) -> String {
        match found {
            Some(Found::OnItsWay(increase)) => format!("adopt {}", increase.id),
            Some(Found::Smaller(increase)) => format!("smaller {}", increase.id),
            Some(Found::Denied(increase)) => format!("denied {}", increase.id),
            None => "ask".to_owned(),
        }
    }

    /// The requests on record, the decision, and the decision with `again`.
    type Case<'a> = (&'a [(&'a str, u64)], &'a str, &'a str);

    /// Holds decisions about a wish for 1000 to their cases.
    fn assert_decides(cases: &[Case<'_>]) {
        for (history, expected, expected_again) in cases {
            let history: Vec<_> =
                history.iter().map(|(status, desired)| increase(status, *desired)).collect();
            assert_eq!(said(settled(1000, &history, false)), *expected, "{history:?}");
            assert_eq!(said(settled(1000, &history, true)), *expected_again, "again: {history:?}");
        }
    }

    /// Q7
    #[test]
    fn an_open_request_for_enough_is_adopted_whatever_was_before() {
        assert_decides(&[
            (&[("PENDING", 1000)], "adopt PENDING-1000", "adopt PENDING-1000"),
            (&[("CASE_OPENED", 2000)], "adopt CASE_OPENED-2000", "adopt CASE_OPENED-2000"),
            (&[("PENDING", 1000), ("DENIED", 1000)], "adopt PENDING-1000", "adopt PENDING-1000"),
            (
                &[("DENIED", 1000), ("CASE_OPENED", 1000)],
                "adopt CASE_OPENED-1000",
                "adopt CASE_OPENED-1000",
            ),
        ]);
    }

    /// Q8
    #[test]
    fn beside_an_open_request_for_less_nothing_is_requested() {
        assert_decides(&[
            (&[("PENDING", 999)], "smaller PENDING-999", "smaller PENDING-999"),
            (
                &[("DENIED", 1000), ("CASE_OPENED", 10)],
                "smaller CASE_OPENED-10",
                "smaller CASE_OPENED-10",
            ),
        ]);
    }

    /// Q13
    #[test]
    fn what_was_refused_is_not_requested_again_unless_that_is_asked_for() {
        assert_decides(&[
            (&[("DENIED", 1000)], "denied DENIED-1000", "ask"),
            (&[("NOT_APPROVED", 1000)], "denied NOT_APPROVED-1000", "ask"),
            (&[("INVALID_REQUEST", 1000)], "denied INVALID_REQUEST-1000", "ask"),
            // A value above a refused one is refused, too.
            (&[("DENIED", 500)], "denied DENIED-500", "ask"),
            // A larger value was refused: this is another wish.
            (&[("DENIED", 1001)], "ask", "ask"),
            (&[("DENIED", 5000), ("DENIED", 1000)], "denied DENIED-1000", "ask"),
        ]);
    }

    /// Q14, Q15
    #[test]
    fn what_was_approved_or_closed_is_waited_for_if_it_is_enough() {
        assert_decides(&[
            (&[("APPROVED", 1000)], "adopt APPROVED-1000", "adopt APPROVED-1000"),
            (&[("CASE_CLOSED", 1000)], "adopt CASE_CLOSED-1000", "ask"),
            (&[("APPROVED", 999)], "ask", "ask"),
            (&[("CASE_CLOSED", 999)], "ask", "ask"),
            (&[("APPROVED", 1000), ("DENIED", 1000)], "adopt APPROVED-1000", "adopt APPROVED-1000"),
            (&[("DENIED", 1000), ("APPROVED", 1000)], "denied DENIED-1000", "ask"),
        ]);
    }

    /// Q17
    #[test]
    fn an_unknown_status_is_neither_success_nor_denial() {
        assert_decides(&[
            (&[("ESCALATED", 1000)], "adopt ESCALATED-1000", "ask"),
            (&[("ESCALATED", 10)], "ask", "ask"),
        ]);
    }

    #[test]
    fn without_any_request_one_is_made() {
        assert_decides(&[(&[], "ask", "ask")]);
    }
}
