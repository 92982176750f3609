//! The role of `Custom::LambdaConcurrency`.

use std::collections::{BTreeMap, BTreeSet};

use account_presets::actions::{
    CREATE_SERVICE_LINKED_ROLE, OF_ORGANIZATIONS, QuotaAction, TemplateAction,
};
use account_presets::lambda_concurrency::quota::quota_arn;
use account_presets::state::Account;
use serde_json::Value;

use super::arns::arns;
use super::{list, statements, template, texts};

/// The statements of `Custom::LambdaConcurrency`'s role, by their ids.
fn quota_statements() -> BTreeMap<String, Value> {
    let template = template();
    let role = &template["Resources"]["LambdaConcurrencyRole"]["Properties"];
    assert!(role["ManagedPolicyArns"].is_null());
    statements(list(&role["Policies"]).into_iter().map(|policy| policy["PolicyDocument"].clone()))
}

#[test]
fn the_quotas_role_allows_the_actions_that_the_code_calls_and_no_others() {
    let mut statements = quota_statements();
    let log = statements.remove("WriteItsOwnLog").unwrap();
    let logs = ["KeepsLogs", "LambdaConcurrencyKeptLogGroup.Arn", "LambdaConcurrencyLogGroup.Arn"];
    assert_eq!(texts(&log["Resource"]), logs.map(str::to_owned).into());
    let allowed: Vec<String> =
        statements.values().flat_map(|statement| texts(&statement["Action"])).collect();
    let called = QuotaAction::ALL.iter().map(|action| action.as_str().to_owned());
    let further = [CREATE_SERVICE_LINKED_ROLE, TemplateAction::ListTags.as_str()];
    let called: BTreeSet<String> = called.chain(further.map(str::to_owned)).collect();
    assert_eq!(allowed.len(), called.len(), "an action is there twice");
    assert_eq!(BTreeSet::from_iter(allowed), called);
}

/// Which actions know a resource: Service Authorization Reference, Service Quotas and AWS Lambda.
/// X7
#[test]
fn the_quotas_role_reaches_the_one_quota_wherever_an_action_knows_a_resource() {
    let statements = quota_statements();
    let place = |part: &str| format!("${{AWS::{part}}}");
    let (partition, id, region) = (place("Partition"), place("AccountId"), place("Region"));
    let quota = quota_arn(&Account { partition, id, region });
    assert_eq!(texts(&statements["Quota"]["Resource"]), BTreeSet::from([quota]));
    let wide = statements.values().filter(|statement| texts(&statement["Resource"]).contains("*"));
    let wide: BTreeSet<String> = wide.flat_map(|statement| texts(&statement["Action"])).collect();
    let without_resource =
        [QuotaAction::GetAccountSettings, QuotaAction::GetAWSDefaultServiceQuota];
    assert_eq!(wide, without_resource.map(|action| action.as_str().to_owned()).into());

    let role = &statements["RoleOfServiceQuotas"];
    assert_eq!(texts(&role["Action"]), BTreeSet::from([CREATE_SERVICE_LINKED_ROLE.to_owned()]));
    let name = "role/aws-service-role/servicequotas.amazonaws.com/AWSServiceRoleForServiceQuotas";
    assert_eq!(arns(&role["Resource"]), BTreeSet::from([name.to_owned()]));
    let condition = &role["Condition"]["StringEquals"]["iam:AWSServiceName"];
    assert_eq!(*condition, "servicequotas.amazonaws.com");
}

/// Where the operator does not ask for it, the function knows of no organization.
/// Q34
#[test]
fn the_organizations_template_is_reached_only_where_the_operator_wants_it() {
    let template = template();
    assert_eq!(template["Parameters"]["QuotaTemplate"]["Default"], "false");
    let policy = &template["Resources"]["QuotaTemplatePolicy"];
    assert_eq!(policy["Condition"], "ServesQuotaTemplate");
    let condition = &template["Conditions"]["ServesQuotaTemplate"];
    assert_eq!(texts(condition), ["QuotaTemplate", "true"].map(str::to_owned).into());
    let roles = BTreeSet::from(["LambdaConcurrencyRole".to_owned()]);
    assert_eq!(texts(&policy["Properties"]["Roles"]), roles);
    let mut statements = statements([policy["Properties"]["PolicyDocument"].clone()]);
    statements.insert("ReadItsOwnTags".to_owned(), quota_statements()["ReadItsOwnTags"].clone());
    let allowed: Vec<String> =
        statements.values().flat_map(|statement| texts(&statement["Action"])).collect();
    let called = TemplateAction::ALL.iter().map(|action| action.as_str().to_owned());
    let called: BTreeSet<String> = called.chain(OF_ORGANIZATIONS.map(str::to_owned)).collect();
    assert_eq!(allowed.len(), called.len(), "an action is there twice");
    assert_eq!(BTreeSet::from_iter(allowed), called);

    let quota = "arn:${AWS::Partition}:servicequotas:*:${AWS::AccountId}:lambda/L-B99A9384";
    assert_eq!(texts(&statements["OneQuota"]["Resource"]), BTreeSet::from([quota.to_owned()]));
    let itself = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:\
                  ${ProviderName}-LambdaConcurrency";
    let function = &template["Resources"]["LambdaConcurrencyFunction"]["Properties"];
    assert_eq!(function["FunctionName"], "${ProviderName}-LambdaConcurrency");
    for sid in ["ReadItsOwnTags", "WriteItsOwnTags"] {
        assert_eq!(texts(&statements[sid]["Resource"]), BTreeSet::from([itself.to_owned()]));
    }
    let keys = &statements["WriteItsOwnTags"]["Condition"]["ForAllValues:StringLike"];
    assert_eq!(keys["aws:TagKeys"], "account-presets:quota-template*");
    let service = &statements["TrustedAccess"]["Condition"]["StringEquals"];
    assert_eq!(service["organizations:ServicePrincipal"], "servicequotas.amazonaws.com");
}
