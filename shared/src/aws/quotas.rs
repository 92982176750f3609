//! Service Quotas and Lambda behind the seam.

use std::collections::BTreeSet;

use aws_sdk_lambda::Client as LambdaClient;
use aws_sdk_servicequotas::Client as QuotasClient;
use aws_sdk_servicequotas::types::{RequestedServiceQuotaChange, ServiceQuota};

use super::call::call;
use crate::actions::{CREATE_SERVICE_LINKED_ROLE, QuotaAction};
use crate::cfn::Gate;
use crate::cloud::CallError;
use crate::lambda_concurrency::quota::{
    Concurrency, Increase, QUOTA_CODE, Quota, Quotas, SERVICE_CODE, Status, Submitted,
};

const NO_SUCH_RESOURCE: &str = "NoSuchResourceException";

/// The quota of one Region, by the SDK.
#[derive(Clone, Debug)]
pub struct ServiceQuotas {
    quotas: QuotasClient,
    lambda: LambdaClient,
    gate: Gate,
}

impl ServiceQuotas {
    /// Calls with these clients, which go through this gate. Nothing is called yet.
    pub fn new(quotas: QuotasClient, lambda: LambdaClient, gate: Gate) -> Self {
        ServiceQuotas { quotas, lambda, gate }
    }

    /// Reads the applied value; `None` without one.
    async fn applied_quota(&self) -> Result<Option<Quota>, CallError> {
        let sent = self.quotas.get_service_quota();
        let sent = sent.service_code(SERVICE_CODE).quota_code(QUOTA_CODE).send();
        let action = QuotaAction::GetServiceQuota.as_str();
        match call(&self.gate, action, QUOTA_CODE, sent).await {
            Ok(output) => readable(action, output.quota).map(Some),
            Err(error) if error.code == NO_SUCH_RESOURCE => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn default_quota(&self) -> Result<Quota, CallError> {
        let sent = self.quotas.get_aws_default_service_quota();
        let sent = sent.service_code(SERVICE_CODE).quota_code(QUOTA_CODE).send();
        let action = QuotaAction::GetAWSDefaultServiceQuota.as_str();
        match call(&self.gate, action, QUOTA_CODE, sent).await {
            Ok(output) => readable(action, output.quota),
            Err(error) if error.code == NO_SUCH_RESOURCE => Err(CallError {
                message: error.message + "; Service Quotas has no such quota in this Region",
                ..error
            }),
            Err(error) => Err(error),
        }
    }
}

impl Quotas for ServiceQuotas {
    async fn concurrency(&self) -> Result<Concurrency, CallError> {
        let action = QuotaAction::GetAccountSettings.as_str();
        let output =
            call(&self.gate, action, "AccountLimit", self.lambda.get_account_settings().send())
                .await?;
        let limit = output.account_limit.ok_or_else(|| incomplete(action, "AccountLimit"))?;
        // A field that a reply lacks is 0 in the SDK, and no account has that.
        let applied = u64::try_from(limit.concurrent_executions).ok().filter(|limit| *limit > 0);
        let applied = applied.ok_or_else(|| incomplete(action, "ConcurrentExecutions"))?;
        let unreserved = limit.unreserved_concurrent_executions;
        let unreserved = unreserved.and_then(|unreserved| u64::try_from(unreserved).ok());
        Ok(Concurrency { applied, unreserved: unreserved.unwrap_or(applied) })
    }

    async fn quota(&self) -> Result<Quota, CallError> {
        match self.applied_quota().await? {
            Some(quota) => Ok(quota),
            None => self.default_quota().await,
        }
    }

    async fn history(&self) -> Result<Vec<Increase>, CallError> {
        let action = QuotaAction::ListRequestedServiceQuotaChangeHistoryByQuota.as_str();
        let (mut changes, mut tokens, mut next) = (Vec::new(), BTreeSet::new(), None);
        loop {
            let sent = self.quotas.list_requested_service_quota_change_history_by_quota();
            let sent = sent.service_code(SERVICE_CODE).quota_code(QUOTA_CODE);
            let output =
                call(&self.gate, action, QUOTA_CODE, sent.set_next_token(next).send()).await?;
            changes.extend(output.requested_quotas.unwrap_or_default());
            next = output.next_token.filter(|token| !token.is_empty());
            let Some(token) = &next else { break };
            // The SDK's paginator takes a repeated token for the end, and would hide the pages
            // after it.
            if !tokens.insert(token.clone()) {
                return Err(CallError {
                    message: "a page came twice".into(),
                    ..incomplete(action, "")
                });
            }
        }
        changes.sort_by_key(|change| {
            std::cmp::Reverse(change.created().map(|at| (at.secs(), at.subsec_nanos())))
        });
        changes.into_iter().map(|change| increase(action, change)).collect()
    }

    async fn request(
        &self,
        desired: u64,
        support_case_allowed: bool,
    ) -> Result<Submitted, CallError> {
        let action = QuotaAction::RequestServiceQuotaIncrease.as_str();
        let sent = self.quotas.request_service_quota_increase();
        let sent = sent.service_code(SERVICE_CODE).quota_code(QUOTA_CODE);
        // Exact: a wish is at most 10^10.
        let sent = sent.desired_value(desired as f64).support_case_allowed(support_case_allowed);
        let error = match call(&self.gate, action, QUOTA_CODE, sent.send()).await {
            Ok(output) => {
                let change = output.requested_quota;
                let change = change.ok_or_else(|| incomplete(action, "RequestedQuota"))?;
                return increase(action, change).map(Submitted::Accepted);
            }
            Err(error) => error,
        };
        let remedy = match error.code.as_str() {
            "ResourceAlreadyExistsException" => return Ok(Submitted::AnotherIsOpen),
            "QuotaExceededException" => return Ok(Submitted::TooManyAreOpen),
            "IllegalArgumentException" if error.message.contains("greater than the current") => {
                return Ok(Submitted::NotMoreThanTheQuota);
            }
            "DependencyAccessDeniedException" => format!(
                "; the function's role needs {CREATE_SERVICE_LINKED_ROLE} for \
                 servicequotas.amazonaws.com, and nothing above it may deny that"
            ),
            _ => String::new(),
        };
        Err(CallError { message: error.message + &remedy, ..error })
    }
}

/// A reply without a required part.
fn incomplete(action: &'static str, part: &str) -> CallError {
    CallError {
        action,
        target: QUOTA_CODE.to_owned(),
        code: "UnexpectedReply".to_owned(),
        message: format!("the reply has no usable {part}"),
    }
}

fn readable(action: &'static str, quota: Option<ServiceQuota>) -> Result<Quota, CallError> {
    let quota = quota.ok_or_else(|| incomplete(action, "Quota"))?;
    if let Some(reason) = quota.error_reason() {
        return Err(CallError {
            action,
            target: QUOTA_CODE.to_owned(),
            code: reason.error_code().map_or("ErrorReason", |code| code.as_str()).to_owned(),
            message: reason.error_message().unwrap_or("the value cannot be read").to_owned(),
        });
    }
    let value = whole(quota.value()).ok_or_else(|| incomplete(action, "Value"))?;
    Ok(Quota { value, adjustable: quota.adjustable() })
}

fn increase(
    action: &'static str,
    change: RequestedServiceQuotaChange,
) -> Result<Increase, CallError> {
    let missing = |part: &str| incomplete(action, part);
    if change.quota_code() != Some(QUOTA_CODE) {
        return Err(missing("QuotaCode"));
    }
    Ok(Increase {
        status: Status::parse(change.status().ok_or_else(|| missing("Status"))?.as_str()),
        desired: whole(change.desired_value()).ok_or_else(|| missing("DesiredValue"))?,
        id: change.id.filter(|id| !id.is_empty()).ok_or_else(|| missing("Id"))?,
        case_id: change.case_id.filter(|id| !id.is_empty()),
    })
}

/// Service Quotas writes every value as a floating-point number.
fn whole(value: Option<f64>) -> Option<u64> {
    value.filter(|value| value.is_finite() && *value >= 0.0).map(|value| value as u64)
}

#[cfg(test)]
mod tests;
