//! The role of `Custom::IamPreset`.

use std::collections::{BTreeMap, BTreeSet};

use account_presets::actions::{Action, PASS_ROLE, StackAction};
use account_presets::state::limits::{ATTACHMENTS, MANAGED_POLICY, ROLE_INLINE};
use serde_json::Value;

use super::arns::{arns, forms};
use super::{list, statements, template, text, texts};

/// The statements for presets, by their ids.
fn of_presets() -> BTreeMap<String, Value> {
    let mut managed = managed_policies();
    managed.remove("CommonPolicy").unwrap();
    assert!(managed.keys().all(|id| id.starts_with("PresetsPolicy")), "{:?}", managed.keys());
    statements(managed.into_values())
}

/// The statements for all presets.
fn common() -> BTreeMap<String, Value> {
    statements([managed_policies().remove("CommonPolicy").unwrap()])
}

/// The documents of the managed policies on the function's own role, by their logical ids.
fn managed_policies() -> BTreeMap<String, Value> {
    let template = template();
    let ids = list(&template["Resources"]["IamPresetRole"]["Properties"]["ManagedPolicyArns"]);
    let document = |id: &Value| {
        let policy = &template["Resources"][text(id)];
        assert_eq!(policy["Type"], "AWS::IAM::ManagedPolicy");
        (text(id), policy["Properties"]["PolicyDocument"].clone())
    };
    ids.iter().map(document).collect()
}

fn inline_policies() -> Vec<Value> {
    let role = &template()["Resources"]["IamPresetRole"]["Properties"];
    list(&role["Policies"]).into_iter().map(|policy| policy["PolicyDocument"].clone()).collect()
}

/// The policy beside the function's own role: it denies rights on the provider's own objects.
fn own_power() -> Value {
    template()["Resources"]["OwnPowerPolicy"]["Properties"].clone()
}

/// The statements of all documents that allow something.
fn all_statements() -> Vec<Value> {
    let documents = managed_policies().into_values().chain(inline_policies());
    documents.flat_map(|document| list(&document["Statement"])).collect()
}

fn attachable(statement: &Value) -> BTreeSet<String> {
    arns(&statement["Condition"]["ArnLike"]["iam:PolicyARN"])
}

/// I28, X6, Threat 1
#[test]
fn the_role_allows_the_actions_that_the_code_calls_and_no_others() {
    let allowed: BTreeSet<String> = all_statements()
        .iter()
        .flat_map(|statement| texts(&statement["Action"]))
        .filter(|action| !action.starts_with("logs:"))
        .collect();
    let called = Action::ALL.iter().map(|action| action.as_str().to_owned());
    let events = StackAction::ALL.iter().map(|action| action.as_str().to_owned());
    let called: BTreeSet<String> = called.chain(events).chain([PASS_ROLE.to_owned()]).collect();
    assert_eq!(allowed, called);
}

/// An operator may let consumers choose names with a wildcard, which then reach the provider's own.
/// Threat 1
#[test]
fn the_function_changes_nothing_of_the_providers_own_and_gives_it_to_nobody() {
    let policy = own_power();
    assert_eq!(texts(&policy["Roles"]), BTreeSet::from(["IamPresetRole".to_owned()]));
    let mut denied = statements([policy["PolicyDocument"].clone()]);
    let own = |prefix: &str| forms(prefix, "${ProviderName}*");
    let itself = denied.remove("NotItself").unwrap();
    assert_eq!(itself["Effect"], "Deny");
    assert_eq!(texts(&itself["NotAction"]), ["iam:Get*", "iam:List*"].map(str::to_owned).into());
    let both = own("role").into_iter().chain(own("policy")).collect();
    assert_eq!(arns(&itself["Resource"]), both);
    let others = denied.remove("NotToOthers").unwrap();
    assert_eq!((text(&others["Effect"]), text(&others["Resource"])), ("Deny".into(), "*".into()));
    let attaching = Action::ALL.iter().map(|action| action.as_str().to_owned());
    let attaching = attaching.filter(|action| action.starts_with("iam:Attach")).collect();
    assert_eq!(texts(&others["Action"]), attaching);
    assert_eq!(attachable(&others), own("policy"));
    assert!(denied.is_empty(), "{denied:?}");
    // The function serves no request before this holds.
    assert_eq!(template()["Resources"]["IamPresetFunction"]["DependsOn"], "OwnPowerPolicy");
}

/// X6, Threat 1
#[test]
fn no_statement_holds_for_everything_but_lists_of_everything() {
    let lists = [
        Action::GetAccountAuthorizationDetails,
        Action::GetAccountSummary,
        Action::ListInstanceProfiles,
        Action::ListPolicies,
        Action::ListRoles,
    ];
    let lists = BTreeSet::from(lists.map(|action| action.as_str().to_owned()));
    for statement in all_statements() {
        let (sid, actions) = (&statement["Sid"], texts(&statement["Action"]));
        assert!(!texts(&statement["Resource"]).contains("*") || actions == lists, "{sid}");
        assert!(!actions.iter().any(|action| action.contains('*')), "{sid}");
    }
}

/// Reading, deleting objects with a preset's mark, and attaching the catalogue's policies reach
/// objects of any name.
/// X6, X17, Threat 1
#[test]
fn what_reaches_every_name_reads_or_deletes_what_is_marked_or_has_a_condition() {
    let every = ["role/*", "group/*", "policy/*", "instance-profile/*", "group/account-presets/*"];
    let is = |words: &'static [&'static str]| {
        move |action: &String| words.iter().any(|word| action.starts_with(&format!("iam:{word}")))
    };
    let mut marked = 0;
    for statement in all_statements() {
        let resources = arns(&statement["Resource"]);
        if !resources.iter().any(|arn| every.contains(&arn.as_str())) {
            continue;
        }
        let actions = texts(&statement["Action"]);
        let mark = &statement["Condition"]["Null"]["aws:ResourceTag/account-presets:made-from"];
        let owners = resources == BTreeSet::from(["group/account-presets/*".to_owned()]);
        if *mark == "false" || owners {
            marked += 1;
            let less = is(&["Delete", "Detach", "Remove", "Untag"]);
            assert!(actions.iter().all(less), "{statement}");
            // A role without its boundary would have more power.
            assert!(!actions.iter().any(|action| action.contains("Boundary")), "{statement}");
            continue;
        }
        let reading = actions.iter().all(is(&["Get", "List"]));
        assert!(reading || !attachable_or_none(&statement).is_empty(), "{statement}");
    }
    assert_eq!(marked, 2);
}

/// X17
#[test]
fn what_is_looked_at_may_have_any_name() {
    let read = &common()["Read"];
    let every = ["role/*", "group/*", "policy/*", "instance-profile/*", "aws/*"];
    assert_eq!(arns(&read["Resource"]), every.map(str::to_owned).into());
    for (sid, statement) in of_presets() {
        let reads = texts(&statement["Action"]);
        assert!(!reads.iter().any(|it| it.contains(":Get") || it.contains(":List")), "{sid}");
    }
}

fn attachable_or_none(statement: &Value) -> BTreeSet<String> {
    let condition = &statement["Condition"]["ArnLike"]["iam:PolicyARN"];
    if condition.is_null() { BTreeSet::new() } else { arns(condition) }
}

#[test]
fn the_roles_policies_fit_their_quotas_with_the_longest_names() {
    let parameters = template()["Parameters"].as_object().unwrap().clone();
    let size = |document: &Value| {
        let mut text = document
            .to_string()
            .replace("${AWS::Partition}", "aws-us-gov")
            .replace("${AWS::Region}", "ap-southeast-1")
            .replace("${AWS::AccountId}", "123456789012");
        for (name, parameter) in &parameters {
            if let Some(longest) = parameter["MaxLength"].as_u64() {
                let longest = "n".repeat(usize::try_from(longest).unwrap());
                text = text.replace(&format!("${{{name}}}"), &longest);
            }
        }
        assert!(!text.contains("${"), "a name without a longest length: {text}");
        text.chars().filter(|character| !character.is_whitespace()).count()
    };
    let beside = template()["Resources"].as_object().unwrap().clone();
    let beside = beside.into_values().filter(|resource| resource["Type"] == "AWS::IAM::Policy");
    let beside = beside.map(|resource| resource["Properties"]["PolicyDocument"].clone());
    let inline: usize = inline_policies().into_iter().chain(beside).map(|it| size(&it)).sum();
    assert!(inline <= ROLE_INLINE, "{inline} characters of {ROLE_INLINE}");
    let managed = managed_policies();
    assert!(managed.len() <= ATTACHMENTS, "{} policies of {ATTACHMENTS}", managed.len());
    let boundary = &template()["Resources"]["PresetBoundary"]["Properties"]["PolicyDocument"];
    // A release's template adds the bucket of its code, whose name S3 limits.
    let mut boundary = boundary.clone();
    let provider = boundary["Statement"].as_array_mut().unwrap();
    let provider = provider.iter_mut().find(|it| it["Sid"] == "LeaveTheProviderAlone").unwrap();
    let bucket = format!("arn:${{AWS::Partition}}:s3:::{}*", "n".repeat(63));
    provider["Resource"].as_array_mut().unwrap().push(bucket.into());
    for (name, document) in managed.into_iter().chain([("PresetBoundary".into(), boundary)]) {
        let size = size(&document);
        assert!(size <= MANAGED_POLICY, "{name}: {size} characters of {MANAGED_POLICY}");
    }
}
