//! The adapter against scripted replies in AWS's own form.

use aws_sdk_lambda::operation::get_account_settings::{
    GetAccountSettingsError, GetAccountSettingsOutput,
};
use aws_sdk_lambda::types::AccountLimit;
use aws_sdk_servicequotas::operation::{
    get_aws_default_service_quota::{
        GetAWSDefaultServiceQuotaError, GetAwsDefaultServiceQuotaOutput,
    },
    get_service_quota::{GetServiceQuotaError, GetServiceQuotaOutput},
    list_requested_service_quota_change_history_by_quota::ListRequestedServiceQuotaChangeHistoryByQuotaOutput as HistoryOutput,
    request_service_quota_increase::{
        RequestServiceQuotaIncreaseError, RequestServiceQuotaIncreaseOutput,
    },
};
use aws_sdk_servicequotas::primitives::DateTime;
use aws_sdk_servicequotas::types::{ErrorCode, ErrorReason, RequestStatus};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::retry::RetryConfig;

use super::*;

fn adapter(quotas: &[&Rule], lambda: &[&Rule]) -> ServiceQuotas {
    let retries = || RetryConfig::standard().with_max_attempts(4);
    ServiceQuotas::new(
        mock_client!(aws_sdk_servicequotas, RuleMode::MatchAny, quotas, |config| config
            .retry_config(retries())
            .sleep_impl(TokioSleep::new())),
        mock_client!(aws_sdk_lambda, RuleMode::MatchAny, lambda, |config| config
            .retry_config(retries())
            .sleep_impl(TokioSleep::new())),
        Gate::default(),
    )
}

fn error(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}

fn value(value: f64) -> ServiceQuota {
    ServiceQuota::builder().quota_code(QUOTA_CODE).value(value).adjustable(true).build()
}

fn get_quota(quota: ServiceQuota) -> Rule {
    mock!(QuotasClient::get_service_quota)
        .match_requests(|request| {
            (request.service_code(), request.quota_code()) == (Some("lambda"), Some("L-B99A9384"))
        })
        .then_output(move || GetServiceQuotaOutput::builder().quota(quota.clone()).build())
}

fn get_quota_fails(code: &'static str) -> Rule {
    mock!(QuotasClient::get_service_quota)
        .then_error(move || GetServiceQuotaError::generic(error(code, "no")))
}

fn get_default(value: f64) -> Rule {
    mock!(QuotasClient::get_aws_default_service_quota).then_output(move || {
        GetAwsDefaultServiceQuotaOutput::builder().quota(self::value(value)).build()
    })
}

fn change(id: &str, status: &str, desired: f64, created: i64) -> RequestedServiceQuotaChange {
    RequestedServiceQuotaChange::builder()
        .id(id)
        .quota_code(QUOTA_CODE)
        .status(RequestStatus::from(status))
        .desired_value(desired)
        .created(DateTime::from_secs(created))
        .build()
}

fn request_fails(code: &'static str, message: &'static str) -> Rule {
    mock!(QuotasClient::request_service_quota_increase)
        .then_error(move || RequestServiceQuotaIncreaseError::generic(error(code, message)))
}

fn request_gives(change: Option<RequestedServiceQuotaChange>) -> Rule {
    mock!(QuotasClient::request_service_quota_increase).then_output(move || {
        RequestServiceQuotaIncreaseOutput::builder().set_requested_quota(change.clone()).build()
    })
}

fn account(limit: Option<AccountLimit>) -> Rule {
    mock!(LambdaClient::get_account_settings).then_output(move || {
        GetAccountSettingsOutput::builder().set_account_limit(limit.clone()).build()
    })
}

/// Q4
#[tokio::test]
async fn where_nothing_was_applied_the_default_is_known_and_lambda_tells_the_truth() {
    let limit =
        AccountLimit::builder().concurrent_executions(10).unreserved_concurrent_executions(7);
    let get_default = get_default(1000.0);
    let adapter = adapter(
        &[&get_quota_fails("NoSuchResourceException"), &get_default],
        &[&account(Some(limit.build()))],
    );
    assert_eq!(adapter.quota().await, Ok(Quota { value: 1000, adjustable: true }));
    assert_eq!(adapter.concurrency().await, Ok(Concurrency { applied: 10, unreserved: 7 }));
    // An applied value is not asked for twice.
    let get_default = self::get_default(1000.0);
    let adapter = self::adapter(&[&get_quota(value(50.0)), &get_default], &[]);
    assert_eq!(adapter.quota().await, Ok(Quota { value: 50, adjustable: true }));
    assert_eq!(get_default.num_calls(), 0);
}

/// Q5
#[tokio::test(start_paused = true)]
async fn a_quota_that_may_not_be_read_is_not_taken_for_the_default() {
    for code in ["AccessDeniedException", "TooManyRequestsException", "ServiceException"] {
        let get_default = get_default(1000.0);
        let result = adapter(&[&get_quota_fails(code), &get_default], &[]).quota().await;
        let said = format!("servicequotas:GetServiceQuota `L-B99A9384`: {code}: no");
        assert_eq!(result.unwrap_err().to_string(), said);
        assert_eq!(get_default.num_calls(), 0);
    }
}

/// Q6
#[tokio::test]
async fn a_quota_without_a_value_or_with_a_reason_for_it_is_an_error() {
    let reason = ErrorReason::builder()
        .error_code(ErrorCode::DependencyThrottlingError)
        .error_message("Lambda is throttling");
    let unreadable = ServiceQuota::builder().value(10.0).error_reason(reason.build());
    for (quota, said) in [
        (unreadable, "DEPENDENCY_THROTTLING_ERROR: Lambda is throttling"),
        (ServiceQuota::builder(), "UnexpectedReply: the reply has no usable Value"),
        (ServiceQuota::builder().value(f64::NAN), "UnexpectedReply: the reply has no usable Value"),
    ] {
        let quota = adapter(&[&get_quota(quota.build())], &[]).quota().await;
        let expected = format!("servicequotas:GetServiceQuota `L-B99A9384`: {said}");
        assert_eq!(quota.unwrap_err().to_string(), expected);
    }
}

/// Q6
#[tokio::test]
async fn account_settings_without_a_limit_are_an_error_and_not_zero() {
    for limit in [None, Some(AccountLimit::builder().build())] {
        let result = adapter(&[], &[&account(limit)]).concurrency().await;
        assert_eq!(result.unwrap_err().code, "UnexpectedReply");
    }
    let denied = mock!(LambdaClient::get_account_settings).then_error(|| {
        GetAccountSettingsError::generic(error("AccessDeniedException", "not authorized"))
    });
    let result = adapter(&[], &[&denied]).concurrency().await;
    let said = "lambda:GetAccountSettings `AccountLimit`: AccessDeniedException: not authorized";
    assert_eq!(result.unwrap_err().to_string(), said);
}

#[tokio::test]
async fn what_is_not_adjustable_is_read_as_that() {
    let quota = ServiceQuota::builder().value(10.0).adjustable(false).build();
    let quota = adapter(&[&get_quota(quota)], &[]).quota().await;
    assert_eq!(quota, Ok(Quota { value: 10, adjustable: false }));
}

/// Q10
#[tokio::test]
async fn the_history_is_read_to_its_last_page_and_the_newest_comes_first() {
    let pages = mock!(QuotasClient::list_requested_service_quota_change_history_by_quota)
        .then_compute_output(|request| {
            assert_eq!(request.quota_code(), Some("L-B99A9384"));
            let page = HistoryOutput::builder();
            match request.next_token() {
                None => page.requested_quotas(change("a", "DENIED", 500.0, 20)).next_token("two"),
                Some("two") => page.next_token("three"),
                Some(_) => page
                    .requested_quotas(change("b", "CASE_OPENED", 1000.0, 30))
                    .requested_quotas(change("c", "NEW_WORD", 2000.0, 10))
                    .next_token(""),
            }
            .build()
        });
    let history = adapter(&[&pages], &[]).history().await.unwrap();
    let read: Vec<(&str, &str, u64)> =
        history.iter().map(|it| (it.id.as_str(), it.status.as_str(), it.desired)).collect();
    assert_eq!(read, [("b", "CASE_OPENED", 1000), ("a", "DENIED", 500), ("c", "NEW_WORD", 2000)]);
    assert_eq!(pages.num_calls(), 3);
}

/// Q10
#[tokio::test]
async fn a_page_token_that_comes_again_is_an_error() {
    for cycle in [1, 2] {
        let pages = mock!(QuotasClient::list_requested_service_quota_change_history_by_quota)
            .then_compute_output(move |request| {
                let page = request.next_token().and_then(|token| token.parse::<u32>().ok());
                let next = page.map_or(0, |page| (page + 1) % cycle);
                HistoryOutput::builder().next_token(next.to_string()).build()
            });
        let problem = adapter(&[&pages], &[]).history().await.unwrap_err();
        assert_eq!(
            (problem.code.as_str(), problem.message.as_str()),
            ("UnexpectedReply", "a page came twice")
        );
    }
}

/// Q9, Q11
#[tokio::test]
async fn a_request_beside_open_ones_is_no_error() {
    let only_one = "Only one open service quota increase request is allowed per quota.";
    for (code, expected) in [
        ("ResourceAlreadyExistsException", Submitted::AnotherIsOpen),
        ("QuotaExceededException", Submitted::TooManyAreOpen),
    ] {
        let rule = request_fails(code, only_one);
        assert_eq!(adapter(&[&rule], &[]).request(1000, true).await, Ok(expected));
    }
}

/// Q12
#[tokio::test]
async fn a_request_that_a_dependency_denies_names_the_permission() {
    for (code, message, said) in [
        (
            "DependencyAccessDeniedException",
            "Service-linked role creation access denied.",
            "needs iam:CreateServiceLinkedRole for servicequotas.amazonaws.com",
        ),
        (
            "AccessDeniedException",
            "not authorized",
            "servicequotas:RequestServiceQuotaIncrease `L-B99A9384`: AccessDeniedException",
        ),
        (
            "IllegalArgumentException",
            "Invalid input was provided.",
            "servicequotas:RequestServiceQuotaIncrease `L-B99A9384`: IllegalArgumentException",
        ),
    ] {
        let problem = adapter(&[&request_fails(code, message)], &[]).request(1000, true).await;
        let problem = problem.unwrap_err().to_string();
        assert!(problem.contains(message) && problem.contains(said), "{problem}");
    }
}

/// Q27
#[tokio::test]
async fn a_wish_for_no_more_than_service_quotas_holds_for_applied_is_no_failure() {
    let words = "You must provide a quota value greater than the current quota value.";
    let fails = request_fails("IllegalArgumentException", words);
    let submitted = adapter(&[&fails], &[]).request(1000, true).await;
    assert_eq!(submitted, Ok(Submitted::NotMoreThanTheQuota));
}

/// Q21
#[tokio::test]
async fn a_reply_that_is_not_about_our_request_is_an_error() {
    let good = || change("r", "PENDING", 1000.0, 1);
    let accepted = adapter(&[&request_gives(Some(good()))], &[]).request(1000, true).await;
    let expected =
        Increase { id: "r".into(), status: Status::Pending, desired: 1000, case_id: None };
    assert_eq!(accepted, Ok(Submitted::Accepted(expected)));
    let without = |part: fn(&mut RequestedServiceQuotaChange)| {
        let mut change = good();
        part(&mut change);
        Some(change)
    };
    for (change, part) in [
        (without(|it| it.id = None), "Id"),
        (without(|it| it.id = Some(String::new())), "Id"),
        (without(|it| it.status = None), "Status"),
        (without(|it| it.desired_value = None), "DesiredValue"),
        (without(|it| it.quota_code = Some("L-2ACBD22F".into())), "QuotaCode"),
        (None, "RequestedQuota"),
    ] {
        let problem = adapter(&[&request_gives(change)], &[]).request(1000, true).await;
        let said = format!("UnexpectedReply: the reply has no usable {part}");
        assert!(problem.unwrap_err().to_string().ends_with(&said));
    }
}

#[tokio::test]
async fn a_request_says_what_is_wished_for_and_whether_a_case_may_be_opened() {
    for allowed in [true, false] {
        let rule = mock!(QuotasClient::request_service_quota_increase)
            .match_requests(move |request| {
                request.service_code() == Some("lambda")
                    && request.quota_code() == Some("L-B99A9384")
                    && request.desired_value() == Some(1000.0)
                    && request.support_case_allowed() == Some(allowed)
            })
            .then_output(|| {
                let change = change("r", "CASE_OPENED", 1000.0, 1);
                RequestServiceQuotaIncreaseOutput::builder().requested_quota(change).build()
            });
        assert!(adapter(&[&rule], &[]).request(1000, allowed).await.is_ok());
        assert_eq!(rule.num_calls(), 1);
    }
}

/// Q25
#[tokio::test(start_paused = true)]
async fn throttling_passes_by_itself() {
    let request = mock!(QuotasClient::request_service_quota_increase)
        .sequence()
        .error(|| {
            RequestServiceQuotaIncreaseError::generic(error("TooManyRequestsException", "slow"))
        })
        .times(2)
        .output(|| {
            let change = change("r", "PENDING", 1000.0, 1);
            RequestServiceQuotaIncreaseOutput::builder().requested_quota(change).build()
        })
        .build();
    let started = tokio::time::Instant::now();
    assert!(adapter(&[&request], &[]).request(1000, true).await.is_ok());
    assert_eq!(request.num_calls(), 3);
    assert!(!started.elapsed().is_zero());
}

/// Q26
#[tokio::test]
async fn a_region_without_the_quota_is_named_as_that() {
    let none = mock!(QuotasClient::get_aws_default_service_quota).then_error(|| {
        GetAWSDefaultServiceQuotaError::generic(error("NoSuchResourceException", "not found"))
    });
    let rules = [&get_quota_fails("NoSuchResourceException"), &none];
    let problem = adapter(&rules, &[]).quota().await.unwrap_err().to_string();
    assert_eq!(
        problem,
        "servicequotas:GetAWSDefaultServiceQuota `L-B99A9384`: NoSuchResourceException: \
         not found; Service Quotas has no such quota in this Region"
    );
}
