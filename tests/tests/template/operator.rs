//! The operator's parameters of the template, and the provider's name.

use std::collections::{BTreeMap, BTreeSet};

use account_presets::cfn::PROVIDER_VERSION;
use account_presets::preset;
use account_presets::preset::schema::ALLOWED_VALUES;
use regex_lite::Regex;
use serde_json::Value;

use super::{template, text, texts};

/// The beginning of all names that presets' documents have to keep away from.
const PREFIX: &str = "${ProviderName}-";
/// Characters of the longest name of a Region.
const LONGEST_REGION: usize = 14;

fn resources(of_type: &str) -> BTreeMap<String, Value> {
    let resources = template()["Resources"].as_object().unwrap().clone();
    resources.into_iter().filter(|(_, resource)| resource["Type"] == of_type).collect()
}

/// CloudFormation cuts a name that it makes, and then the stack's is not the beginning of it.
/// X18, Threat 1, Threat 15
#[test]
fn the_providers_own_names_begin_alike_however_long_the_stacks_name_is() {
    let longest =
        usize::try_from(template()["Parameters"]["ProviderName"]["MaxLength"].as_u64().unwrap())
            .unwrap();
    for (of_type, property, limit, everywhere) in [
        ("AWS::Serverless::Function", "FunctionName", 64, false),
        ("AWS::IAM::Role", "RoleName", 64, true),
        ("AWS::IAM::ManagedPolicy", "ManagedPolicyName", 128, true),
        ("AWS::Logs::LogGroup", "LogGroupName", 512, false),
        ("AWS::CloudWatch::Dashboard", "DashboardName", 255, true),
    ] {
        for (id, resource) in resources(of_type) {
            let name = &resource["Properties"][property];
            let name = name.as_array().map_or_else(|| text(name), |parts| text(&parts[0]));
            let name = name.strip_prefix("/aws/lambda/").unwrap_or(&name);
            assert!(name.starts_with(PREFIX) && !name.contains("StackName"), "{id}: {name}");
            // IAM is the same in all Regions, and so is the list of dashboards.
            assert_eq!(name.ends_with("-${AWS::Region}"), everywhere, "{id}: {name}");
            let rest = name.replace("${ProviderName}", "").replace("${AWS::Region}", "");
            let length = longest + LONGEST_REGION + rest.len();
            assert!(length <= limit, "{id}: {length} characters of {limit}");
        }
    }
    let variables = &template()["Resources"]["IamPresetFunction"]["Properties"]["Environment"];
    assert_eq!(variables["Variables"]["PROVIDER_NAME"], "ProviderName");
}

/// Where every role needs a boundary, the provider can be deployed.
/// X18
#[test]
fn the_providers_own_roles_take_a_boundary_and_a_path() {
    for (id, role) in resources("AWS::IAM::Role") {
        let boundary = &role["Properties"]["PermissionsBoundary"];
        let wanted = ["HasProviderBoundary", "ProviderBoundary", "AWS::NoValue"];
        assert_eq!(texts(boundary), wanted.map(str::to_owned).into(), "{id}");
        assert_eq!(role["Properties"]["Path"], "ProviderPath", "{id}");
    }
    for (id, policy) in resources("AWS::IAM::ManagedPolicy") {
        assert_eq!(policy["Properties"]["Path"], "ProviderPath", "{id}");
    }
}

/// Without these lines the function would allow names that its role does not reach, or the reverse.
/// V20, Threat 1
#[test]
fn the_function_is_told_of_every_name_that_shapes_its_role_and_the_defaults_are_the_presets() {
    let template = template();
    let variables = &template["Resources"]["IamPresetFunction"]["Properties"]["Environment"];
    let told = text(&variables["Variables"]["ALLOWED_NAMES"]);
    let mut told: BTreeMap<&str, &str> =
        told.split(' ').map(|entry| entry.split_once('=').unwrap()).collect();
    for name in preset::names() {
        for (parameter, declared) in &preset::find(name).unwrap().parameters {
            let Some(setting) = declared.setting() else { continue };
            let by = &template["Parameters"][&setting.parameter];
            assert!(by.is_object(), "template.yaml has no parameter {}", setting.parameter);
            if setting.parameter == ALLOWED_VALUES {
                continue;
            }
            let place = format!("${{{}}}", setting.parameter);
            let pattern = told.remove(format!("{name}.{parameter}").as_str()).unwrap();
            assert!(pattern.contains(&place), "{name}.{parameter}: {pattern}");
            assert_eq!([pattern.replace(&place, &text(&by["Default"]))], *setting.allows);
        }
    }
    assert!(told.is_empty(), "{told:?}");
    let values: BTreeSet<String> = texts(&variables["Variables"]["ALLOWED_VALUES"][1]);
    assert_eq!(values, BTreeSet::from([ALLOWED_VALUES.to_owned()]));
    assert_eq!(template["Parameters"][ALLOWED_VALUES]["Default"], "");
}

/// CloudFormation holds each entry of a list to these, before anything is deployed.
#[test]
fn what_no_provider_could_allow_is_refused_before_it_is_deployed() {
    let parameters = &template()["Parameters"];
    let words = |list: &str| -> BTreeSet<String> {
        let pattern = text(&parameters[list]["AllowedPattern"]);
        pattern.split('|').map(str::to_owned).collect()
    };
    let names: BTreeSet<String> = preset::names().into_iter().map(str::to_owned).collect();
    assert_eq!(words("AllowedPresets"), names);
    let editions = ["documented", "current", "hardened"].map(str::to_owned);
    assert_eq!(words("AllowedEditions"), editions.into());
    for list in ["AllowedPresets", "AllowedEditions"] {
        let default = text(&parameters[list]["Default"]);
        let default: BTreeSet<String> = default.split(',').map(str::to_owned).collect();
        assert_eq!(default, words(list));
        let said = text(&parameters[list]["ConstraintDescription"]);
        assert!(default.iter().all(|word| said.contains(word.as_str())), "{said}");
    }
    let pattern = text(&parameters["FormerPolicyNames"]["AllowedPattern"]);
    let pattern = Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap();
    let fits = |name: &str| pattern.is_match(name);
    for name in ["", "team-sky-policy", "sky-*", "a+=.@_-"] {
        assert!(fits(name), "{name}");
    }
    for name in ["*", "*a", "a b", " a", "team/a", "arn:aws:iam::123456789012:policy/a"] {
        assert!(!fits(name), "{name}");
    }
}

/// X19
#[test]
fn the_template_states_the_version_of_the_code() {
    let template = template();
    let application = &template["Metadata"]["AWS::ServerlessRepo::Application"];
    assert_eq!(text(&application["SemanticVersion"]), PROVIDER_VERSION.1);
    assert_eq!(text(&template["Outputs"]["Version"]["Value"]), PROVIDER_VERSION.1);
}

/// X18
#[test]
fn exports_are_named_by_a_parameter_or_absent() {
    let outputs = template()["Outputs"].as_object().unwrap().clone();
    let exports: Vec<&Value> = outputs.values().filter(|it| !it["Export"].is_null()).collect();
    assert_eq!(exports.len(), 2);
    for export in exports {
        assert_eq!(export["Condition"], "HasExports");
        assert!(text(&export["Export"]["Name"]).starts_with("${ExportPrefix}-"));
    }
    assert_eq!(template()["Parameters"]["ExportPrefix"]["Default"], "account-presets");
}

/// Where a log outlives its stack, the next stack must not find its name taken.
/// X19
#[test]
fn a_log_that_is_kept_is_retained_under_a_name_of_this_stack_alone() {
    let groups = resources("AWS::Logs::LogGroup");
    let kept: BTreeSet<&String> = groups
        .iter()
        .filter(|(_, it)| it["DeletionPolicy"] == "Retain")
        .map(|(id, _)| id)
        .collect();
    assert_eq!(kept.len(), 2);
    for (id, group) in &groups {
        let condition = if kept.contains(id) { "KeepsLogs" } else { "DropsLogs" };
        assert_eq!(group["Condition"], condition, "{id}");
        assert_eq!(group["Properties"]["RetentionInDays"], "LogRetentionDays");
        let names = group["Properties"]["LogGroupName"].to_string();
        assert_eq!(names.contains("AWS::StackId"), kept.contains(id), "{id}: {names}");
        if kept.contains(id) {
            assert_eq!(group["UpdateReplacePolicy"], "Retain", "{id}");
        }
    }
}
