//! The wait: the value is the truth, the deadline is the end, and a stack that does not ask for a
//! wait has none. The clock is not a real one.

use account_presets::lambda_concurrency::fake::Fake;
use tokio::time::{Instant, sleep, timeout};

use super::world::*;

fn waiting(time: u64) -> world::events::Event {
    create(1000).property("WaitSeconds", time)
}

/// Q19
#[tokio::test(start_paused = true)]
async fn without_a_wait_nothing_is_waited_for() {
    let quota = Fake::new(10);
    let started = Instant::now();
    assert_eq!(sent(&quota, create(1000)).await.outcome(), "Requested");
    assert_eq!(sent(&quota, create(1000)).await.outcome(), "Pending");
    assert_eq!(started.elapsed(), seconds(0));
}

/// Q19
#[tokio::test(start_paused = true)]
async fn an_aws_that_hangs_costs_the_stack_less_than_a_minute() {
    for (call, doing) in [
        ("concurrency", "asking Lambda for the concurrency that applies"),
        ("quota", "asking Service Quotas for the quota"),
        ("history", "looking for requests on record"),
        ("request", "requesting more"),
    ] {
        let quota = Fake::new(10);
        quota.hangs(call);
        let reason = timeout(seconds(60), send(&quota, create(1000))).await.unwrap().unwrap_err();
        assert_eq!(
            reason,
            format!(
                "timed out after 45 s while {doing}; try again: the next request continues with the \
                 requests on record"
            )
        );
    }
}

/// Q16
#[tokio::test(start_paused = true)]
async fn a_value_that_applies_is_enough_though_its_request_is_still_pending() {
    let quota = Fake::new(10);
    let (created, ()) = tokio::join!(sent(&quota, waiting(600)), async {
        sleep(seconds(25)).await;
        quota.applies(1000);
    });
    assert_eq!((created.outcome(), created.get("AppliedConcurrency")), ("Approved", "1000"));
    assert_eq!(quota.history()[0].status.as_str(), "PENDING");
}

/// Q14
#[tokio::test(start_paused = true)]
async fn an_approval_that_does_not_apply_yet_is_waited_for() {
    let quota = Fake::new(10);
    let started = Instant::now();
    let (created, ()) = tokio::join!(sent(&quota, waiting(600)), async {
        sleep(seconds(15)).await;
        quota.becomes("APPROVED");
        sleep(seconds(100)).await;
        quota.applies(1000);
    });
    assert!(started.elapsed() >= seconds(115));
    assert_eq!((created.outcome(), created.get("RequestStatus")), ("Approved", "APPROVED"));
    // Without the value it is not fulfilled when the wait is over, nor before it begins.
    for wait in [0, 30] {
        let quota = Fake::new(10);
        quota.on_record("APPROVED", 1000);
        let created = sent(&quota, waiting(wait)).await;
        assert_eq!((created.outcome(), created.get("RequestStatus")), ("Pending", "APPROVED"));
        assert_eq!(quota.writes(), 0);
    }
}

/// Q15
#[tokio::test(start_paused = true)]
async fn a_closed_case_is_pending_until_the_value_tells() {
    let quota = Fake::new(10);
    let (created, ()) = tokio::join!(sent(&quota, waiting(600)), async {
        sleep(seconds(15)).await;
        quota.becomes("CASE_OPENED");
        sleep(seconds(30)).await;
        quota.becomes("CASE_CLOSED");
        sleep(seconds(30)).await;
        quota.applies(1000);
    });
    assert_eq!((created.outcome(), created.get("RequestStatus")), ("Approved", "CASE_CLOSED"));
    assert_eq!(created.get("CaseId"), "case-1");
    let quota = Fake::new(10);
    quota.on_record("CASE_CLOSED", 1000);
    let created = sent(&quota, waiting(30)).await;
    assert_eq!(created.outcome(), "Pending");
    assert!(created.get("Message").contains("its outcome is in the case"), "{created:?}");
}

/// Q13
#[tokio::test(start_paused = true)]
async fn a_refusal_ends_the_wait() {
    for status in ["DENIED", "NOT_APPROVED", "INVALID_REQUEST"] {
        let quota = Fake::new(10);
        let started = Instant::now();
        let event = waiting(600).property("RerequestWhenDenied", true);
        let (created, ()) = tokio::join!(sent(&quota, event), async {
            sleep(seconds(15)).await;
            quota.becomes(status);
        });
        assert_eq!((created.outcome(), created.get("RequestStatus")), ("Denied", status));
        assert!(started.elapsed() < seconds(60));
        // It is not made again while the same stack waits.
        assert_eq!(quota.writes(), 1);
    }
}

/// Q17
#[tokio::test(start_paused = true)]
async fn an_unknown_status_is_waited_for_and_said() {
    let quota = Fake::new(10);
    let (created, ()) = tokio::join!(sent(&quota, waiting(60)), async {
        sleep(seconds(15)).await;
        quota.becomes("ESCALATED");
    });
    assert_eq!((created.outcome(), created.get("RequestStatus")), ("Pending", "ESCALATED"));
}

/// Q18
#[tokio::test(start_paused = true)]
async fn a_wait_that_is_over_is_pending_and_the_next_update_goes_on_with_the_same_request() {
    let quota = Fake::new(10);
    let started = Instant::now();
    let created = sent(&quota, waiting(60)).await;
    assert_eq!((started.elapsed(), created.outcome()), (seconds(60), "Pending"));
    let failed = send(&quota, waiting(60).property("OnPending", "Fail")).await;
    assert!(failed.unwrap_err().contains("request-1 for 1000 (PENDING) is open at AWS"));

    let (updated, ()) =
        tokio::join!(sent(&quota, update(1000, 1000).property("WaitSeconds", 600)), async {
            sleep(seconds(15)).await;
            quota.applies(1000);
        });
    assert_eq!(updated.outcome(), "Approved");
    assert_eq!(updated.get("RequestId"), created.get("RequestId"));
    assert_eq!(quota.writes(), 1);
}

/// Q18
#[tokio::test(start_paused = true)]
async fn the_wait_ends_in_time_for_the_answer() {
    for (time, at_most) in [(60, 55), (20, 15), (4, 0)] {
        let quota = Fake::new(10);
        let started = Instant::now();
        let result = send_within(&quota, waiting(840), seconds(time)).await;
        assert_eq!(result.unwrap().data["Outcome"], "Pending");
        assert!(started.elapsed() <= seconds(at_most), "{time}: {:?}", started.elapsed());
        // Even if the last look hangs.
        let quota = Fake::new(10);
        quota.on_record("PENDING", 1000);
        let started = Instant::now();
        let sent = send_within(&quota, waiting(840), seconds(time));
        let (result, ()) = tokio::join!(sent, async {
            sleep(seconds(1)).await;
            quota.hangs("concurrency");
        });
        assert_eq!(result.unwrap().data["Outcome"], "Pending");
        assert!(started.elapsed() <= seconds(time), "{time}: {:?}", started.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_does_not_end_the_wait() {
    let quota = Fake::new(10);
    let (created, ()) = tokio::join!(sent(&quota, waiting(600)), async {
        sleep(seconds(1)).await;
        quota.refuses("concurrency", "TooManyRequestsException");
        sleep(seconds(30)).await;
        quota.recovers();
        quota.hangs("history");
        sleep(seconds(30)).await;
        quota.recovers();
        quota.applies(1000);
    });
    assert_eq!(created.outcome(), "Approved");
}

/// Q25
#[tokio::test(start_paused = true)]
async fn looks_are_ten_seconds_apart_at_least_and_not_at_the_same_moments_for_all_stacks() {
    let mut looks = Vec::new();
    for name in ["One", "Two", "Three"] {
        let quota = Fake::new(10);
        sent(&quota, waiting(840).field("LogicalResourceId", name)).await;
        let count = quota.calls().iter().filter(|call| **call == "concurrency").count();
        assert!((70..=85).contains(&count), "{count}");
        looks.push(count);
    }
    assert!(looks.iter().any(|count| *count != looks[0]), "{looks:?}");
}

/// Q8, Q20
#[tokio::test(start_paused = true)]
async fn what_no_time_will_bring_is_not_waited_for() {
    let smaller = Fake::new(10);
    smaller.on_record("PENDING", 500);
    let fixed = Fake::new(10);
    fixed.is_not_adjustable();
    let started = Instant::now();
    for quota in [smaller, fixed] {
        sent(&quota, waiting(600)).await;
    }
    assert_eq!(started.elapsed(), seconds(0));
}
