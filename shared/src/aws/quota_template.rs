//! The organization's quota request template behind the seam, and the tags of the function.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_lambda::Client as LambdaClient;
use aws_sdk_servicequotas::Client as QuotasClient;
use aws_sdk_servicequotas::types::ServiceQuotaTemplateAssociationStatus as Status;

use super::call::call;
use crate::actions::TemplateAction;
use crate::cfn::Gate;
use crate::cloud::CallError;
use crate::lambda_concurrency::quota::{QUOTA_CODE, SERVICE_CODE};
use crate::quota_template::template::{Entry, Template};

/// The Region of the template's endpoint, in the partition `aws`: only the management account calls
/// it, and there
/// (<https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/servicequotas_template>).
pub(super) const TEMPLATE_REGION: &str = "us-east-1";

/// The target of an error without a Region.
const TARGET: &str = "the quota request template";

/// The template of one organization, by the SDK.
#[derive(Clone, Debug)]
pub struct QuotaTemplates {
    template: QuotasClient,
    function: LambdaClient,
    function_arn: String,
    gate: Gate,
}

impl QuotaTemplates {
    /// Calls with these clients, which go through this gate; the first one is in the template's
    /// Region. Nothing is called yet.
    pub fn new(
        template: QuotasClient,
        function: LambdaClient,
        function_arn: String,
        gate: Gate,
    ) -> Self {
        QuotaTemplates { template, function, function_arn, gate }
    }
}

impl Template for QuotaTemplates {
    async fn entries(&self) -> Result<Vec<Entry>, CallError> {
        let action = TemplateAction::ListServiceQuotaIncreaseRequestsInTemplate.as_str();
        let (mut entries, mut tokens, mut next) = (Vec::new(), BTreeSet::new(), None);
        loop {
            let sent = self.template.list_service_quota_increase_requests_in_template();
            let output = call(&self.gate, action, TARGET, sent.set_next_token(next).send()).await?;
            for entry in output.service_quota_increase_request_in_template_list.unwrap_or_default()
            {
                let is_ours = (entry.service_code(), entry.quota_code())
                    == (Some(SERVICE_CODE), Some(QUOTA_CODE));
                let value = whole(entry.desired_value());
                if is_ours && value.is_none() {
                    return Err(unusable(action, "DesiredValue"));
                }
                let region = entry.aws_region.ok_or_else(|| unusable(action, "AwsRegion"))?;
                entries.push(Entry { region, concurrency: value.filter(|_| is_ours) });
            }
            next = output.next_token.filter(|token| !token.is_empty());
            match &next {
                None => return Ok(entries),
                Some(token) if tokens.insert(token.clone()) => {}
                Some(_) => return Err(unusable(action, "NextToken: a page came twice")),
            }
        }
    }

    async fn put(&self, region: &str, value: u64) -> Result<(), CallError> {
        let action = TemplateAction::PutServiceQuotaIncreaseRequestIntoTemplate.as_str();
        let sent = self.template.put_service_quota_increase_request_into_template();
        let sent = sent.service_code(SERVICE_CODE).quota_code(QUOTA_CODE).aws_region(region);
        // Exact: a value is at most 10^10.
        call(&self.gate, action, region, sent.desired_value(value as f64).send()).await.map(drop)
    }

    async fn remove(&self, region: &str) -> Result<(), CallError> {
        let action = TemplateAction::DeleteServiceQuotaIncreaseRequestFromTemplate.as_str();
        let sent = self.template.delete_service_quota_increase_request_from_template();
        let sent = sent.service_code(SERVICE_CODE).quota_code(QUOTA_CODE).aws_region(region);
        unless("NoSuchResourceException", call(&self.gate, action, region, sent.send()).await)
    }

    async fn is_associated(&self) -> Result<bool, CallError> {
        let action = TemplateAction::GetAssociationForServiceQuotaTemplate.as_str();
        let sent = self.template.get_association_for_service_quota_template().send();
        let output = match call(&self.gate, action, TARGET, sent).await {
            Ok(output) => output,
            Err(error) if error.code == NOT_IN_USE => return Ok(false),
            Err(error) => return Err(error),
        };
        #[allow(clippy::wildcard_enum_match_arm, reason = "AWS may add words")]
        match output.service_quota_template_association_status {
            Some(Status::Associated) => Ok(true),
            Some(Status::Disassociated) => Ok(false),
            _ => Err(unusable(action, "ServiceQuotaTemplateAssociationStatus")),
        }
    }

    async fn associate(&self) -> Result<(), CallError> {
        let action = TemplateAction::AssociateServiceQuotaTemplate.as_str();
        let sent = self.template.associate_service_quota_template().send();
        call(&self.gate, action, TARGET, sent).await.map(drop)
    }

    async fn disassociate(&self) -> Result<(), CallError> {
        let action = TemplateAction::DisassociateServiceQuotaTemplate.as_str();
        let sent = self.template.disassociate_service_quota_template().send();
        unless(NOT_IN_USE, call(&self.gate, action, TARGET, sent).await)
    }

    async fn tags(&self) -> Result<BTreeMap<String, String>, CallError> {
        let action = TemplateAction::ListTags.as_str();
        let sent = self.function.list_tags().resource(&self.function_arn).send();
        let output = call(&self.gate, action, &self.function_arn, sent).await?;
        Ok(output.tags.unwrap_or_default().into_iter().collect())
    }

    async fn tag(&self, key: &str, value: &str) -> Result<(), CallError> {
        let action = TemplateAction::TagResource.as_str();
        let sent = self.function.tag_resource().resource(&self.function_arn).tags(key, value);
        call(&self.gate, action, &self.function_arn, sent.send()).await.map(drop)
    }

    async fn untag(&self, key: &str) -> Result<(), CallError> {
        let action = TemplateAction::UntagResource.as_str();
        let sent = self.function.untag_resource().resource(&self.function_arn).tag_keys(key);
        call(&self.gate, action, &self.function_arn, sent.send()).await.map(drop)
    }
}

/// The error of Service Quotas without an association.
const NOT_IN_USE: &str = "ServiceQuotaTemplateNotInUseException";

/// Takes the error of this code for success: the change is made already.
fn unless<T>(code: &str, result: Result<T, CallError>) -> Result<(), CallError> {
    match result {
        Err(error) if error.code == code => Ok(()),
        other => other.map(drop),
    }
}

/// Service Quotas writes every value as a floating-point number.
fn whole(value: Option<f64>) -> Option<u64> {
    value
        .filter(|value| value.is_finite() && *value >= 0.0 && value.fract() == 0.0)
        .map(|it| it as u64)
}

fn unusable(action: &'static str, part: &str) -> CallError {
    CallError {
        action,
        target: TARGET.to_owned(),
        code: "UnexpectedReply".to_owned(),
        message: format!("the reply has no usable {part}"),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_lambda::operation::list_tags::ListTagsOutput;
    use aws_sdk_lambda::operation::tag_resource::TagResourceOutput;
    use aws_sdk_lambda::operation::untag_resource::UntagResourceOutput;
    use aws_sdk_servicequotas::operation::delete_service_quota_increase_request_from_template::DeleteServiceQuotaIncreaseRequestFromTemplateError as DeleteError;
    use aws_sdk_servicequotas::operation::disassociate_service_quota_template::DisassociateServiceQuotaTemplateError as DisassociateError;
    use aws_sdk_servicequotas::operation::get_association_for_service_quota_template::{
        GetAssociationForServiceQuotaTemplateError as AssociationError,
        GetAssociationForServiceQuotaTemplateOutput as Association,
    };
    use aws_sdk_servicequotas::operation::list_service_quota_increase_requests_in_template::ListServiceQuotaIncreaseRequestsInTemplateOutput as Page;
    use aws_sdk_servicequotas::operation::put_service_quota_increase_request_into_template::PutServiceQuotaIncreaseRequestIntoTemplateOutput;
    use aws_sdk_servicequotas::types::ServiceQuotaIncreaseRequestInTemplate as InTemplate;
    use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    const ARN: &str =
        "arn:aws:lambda:us-east-1:123456789012:function:account-presets-LambdaConcurrency";

    fn adapter(template: &[&Rule], function: &[&Rule]) -> QuotaTemplates {
        QuotaTemplates::new(
            mock_client!(aws_sdk_servicequotas, RuleMode::MatchAny, template),
            mock_client!(aws_sdk_lambda, RuleMode::MatchAny, function),
            ARN.to_owned(),
            Gate::default(),
        )
    }

    fn error(code: &str) -> ErrorMetadata {
        ErrorMetadata::builder().code(code).message("no").build()
    }

    fn entry(service: &str, quota: &str, region: &str, value: f64) -> InTemplate {
        let entry = InTemplate::builder().service_code(service).quota_code(quota);
        entry.aws_region(region).desired_value(value).build()
    }

    fn pages(first: Vec<InTemplate>, token: &'static str) -> [Rule; 2] {
        let page = move |entries: Vec<InTemplate>, next: Option<&str>| {
            let page = Page::builder().set_next_token(next.map(str::to_owned));
            page.set_service_quota_increase_request_in_template_list(Some(entries)).build()
        };
        let second = vec![entry(SERVICE_CODE, QUOTA_CODE, "us-east-1", 2000.0)];
        [
            mock!(QuotasClient::list_service_quota_increase_requests_in_template)
                .match_requests(|asked| asked.next_token().is_none())
                .then_output(move || page(first.clone(), Some("more"))),
            mock!(QuotasClient::list_service_quota_increase_requests_in_template)
                .match_requests(|asked| asked.next_token() == Some("more"))
                .then_output(move || page(second.clone(), Some(token))),
        ]
    }

    #[tokio::test]
    async fn all_pages_are_read_and_only_lambdas_concurrency_has_a_number() {
        let first = vec![
            entry(SERVICE_CODE, "L-2ACBD22F", "us-east-1", 80.5),
            entry("ec2", QUOTA_CODE, "eu-west-1", 5.0),
        ];
        let [one, two] = pages(first.clone(), "");
        let entries = adapter(&[&one, &two], &[]).entries().await.unwrap();
        let found: Vec<(String, Option<u64>)> =
            entries.into_iter().map(|entry| (entry.region, entry.concurrency)).collect();
        let expected = [("us-east-1", None), ("eu-west-1", None), ("us-east-1", Some(2000))];
        assert_eq!(found, expected.map(|(region, value)| (region.to_owned(), value)));
        let [one, two] = pages(first, "more");
        let error = adapter(&[&one, &two], &[]).entries().await.unwrap_err();
        assert!(error.to_string().contains("a page came twice"), "{error}");
        let broken = vec![entry(SERVICE_CODE, QUOTA_CODE, "us-east-1", f64::NAN)];
        let [one, two] = pages(broken, "");
        let error = adapter(&[&one, &two], &[]).entries().await.unwrap_err();
        assert!(error.to_string().contains("no usable DesiredValue"), "{error}");
    }

    #[tokio::test]
    async fn an_entry_is_put_as_service_quotas_wants_it() {
        let put = mock!(QuotasClient::put_service_quota_increase_request_into_template)
            .match_requests(|asked| {
                (asked.service_code(), asked.quota_code()) == (Some(SERVICE_CODE), Some(QUOTA_CODE))
                    && (asked.aws_region(), asked.desired_value())
                        == (Some("eu-west-1"), Some(2000.0))
            })
            .then_output(|| PutServiceQuotaIncreaseRequestIntoTemplateOutput::builder().build());
        adapter(&[&put], &[]).put("eu-west-1", 2000).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_gone_already_is_no_error_and_everything_else_is() {
        for (code, is_fine) in [("NoSuchResourceException", true), ("AccessDeniedException", false)]
        {
            let refused = mock!(QuotasClient::delete_service_quota_increase_request_from_template)
                .then_error(move || DeleteError::generic(error(code)));
            let removed = adapter(&[&refused], &[]).remove("eu-west-1").await;
            assert_eq!(removed.is_ok(), is_fine, "{removed:?}");
        }
        for (code, is_fine) in [(NOT_IN_USE, true), ("AccessDeniedException", false)] {
            let refused = mock!(QuotasClient::disassociate_service_quota_template)
                .then_error(move || DisassociateError::generic(error(code)));
            assert_eq!(adapter(&[&refused], &[]).disassociate().await.is_ok(), is_fine);
            let refused = mock!(QuotasClient::get_association_for_service_quota_template)
                .then_error(move || AssociationError::generic(error(code)));
            let associated = adapter(&[&refused], &[]).is_associated().await.ok();
            assert_eq!(associated, is_fine.then_some(false));
        }
    }

    #[tokio::test]
    async fn an_association_is_what_service_quotas_says_and_never_a_guess() {
        for (word, expected) in
            [("ASSOCIATED", Some(true)), ("DISASSOCIATED", Some(false)), ("LATER", None)]
        {
            let says = mock!(QuotasClient::get_association_for_service_quota_template).then_output(
                move || {
                    let status = Status::from(word);
                    Association::builder().service_quota_template_association_status(status).build()
                },
            );
            assert_eq!(adapter(&[&says], &[]).is_associated().await.ok(), expected, "{word}");
        }
    }

    #[tokio::test]
    async fn the_tags_are_those_of_the_function() {
        let list = mock!(LambdaClient::list_tags)
            .match_requests(|asked| asked.resource() == Some(ARN))
            .then_output(|| ListTagsOutput::builder().tags("k", "v").build());
        let tag = mock!(LambdaClient::tag_resource)
            .match_requests(|asked| {
                let tags = asked.tags().cloned().unwrap_or_default();
                asked.resource() == Some(ARN) && tags == [("a".to_owned(), "b".to_owned())].into()
            })
            .then_output(|| TagResourceOutput::builder().build());
        let untag = mock!(LambdaClient::untag_resource)
            .match_requests(|asked| asked.resource() == Some(ARN) && asked.tag_keys() == ["a"])
            .then_output(|| UntagResourceOutput::builder().build());
        let adapter = adapter(&[], &[&list, &tag, &untag]);
        assert_eq!(adapter.tags().await.unwrap(), [("k".to_owned(), "v".to_owned())].into());
        adapter.tag("a", "b").await.unwrap();
        adapter.untag("a").await.unwrap();
    }
}
