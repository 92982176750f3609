//! `template.yaml` against the code and the catalogue: the function may do what they need, and
//! nothing else.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at what it did not expect"
)]

use std::collections::{BTreeMap, BTreeSet};

use account_presets::aws::actions::{Action, PASS_ROLE};
use account_presets::preset::{self, Branches, Wish, parameters, render};
use account_presets::state::limits::ROLE_INLINE;
use account_presets::state::{Account, Id, Kind, Owner, Resource, State};
use serde_json::{Map, Value};

/// Everything that some choice of some preset would bring.
fn catalogue() -> State {
    let account = Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap();
    let mut all = State::default();
    for name in preset::names() {
        let preset = preset::find(&name).unwrap();
        let given = preset.parameters.iter().filter_map(|(name, parameter)| match parameter {
            preset::schema::Parameter::List { .. } => Some((name.clone(), Value::from(vec!["x"]))),
            _ => None,
        });
        let (parameters, problems) = parameters::read(preset, &given.collect::<Map<_, _>>());
        assert_eq!(problems, Vec::<String>::new());
        let wish = Wish {
            account: account.clone(),
            owner: Owner::new("stack", "Preset"),
            edition: preset.editions[0],
            parameters,
            path: "/".to_owned(),
            permissions_boundary: None,
            tags: BTreeMap::new(),
            max_session_duration: 3600,
        };
        all.extend(render(preset, &wish, Branches::Any).iter().map(|(_, object)| object.clone()));
    }
    all
}

/// The statements of the function's own role, by their ids.
fn statements() -> BTreeMap<String, Value> {
    let statements = policies().into_iter().flat_map(|policy| list(&policy["Statement"]));
    let by_id = statements.map(|statement| (text(&statement["Sid"]), statement));
    by_id.collect()
}

fn policies() -> Vec<Value> {
    let template: Value = serde_saphyr::from_str(include_str!("../../template.yaml")).unwrap();
    let role = &template["Resources"]["IamPresetRole"]["Properties"];
    list(&role["Policies"]).into_iter().map(|policy| policy["PolicyDocument"].clone()).collect()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn texts(value: &Value) -> BTreeSet<String> {
    list(value).iter().map(text).collect()
}

/// The ARNs of a statement or condition, without what all of them begin with.
fn arns(value: &Value) -> BTreeSet<String> {
    let short = |arn: String| {
        arn.replace("arn:${AWS::Partition}:iam::${AWS::AccountId}:", "")
            .replace("arn:${AWS::Partition}:iam::aws:policy", "aws")
    };
    texts(value).into_iter().map(short).collect()
}

/// The names of a kind, at the root and below any path.
fn names(kind: Kind, prefix: &str) -> BTreeSet<String> {
    let catalogue = catalogue();
    let names = catalogue.ids().filter(|id| id.kind == kind).map(|id| id.name.clone());
    names.flat_map(|name| [format!("{prefix}/{name}"), format!("{prefix}/*/{name}")]).collect()
}

/// The policies that links of a kind attach.
fn attached(kind: Kind) -> BTreeSet<String> {
    let catalogue = catalogue();
    let policies = catalogue.ids().filter(|id| id.kind == kind);
    let forms = |id: &Id| {
        let arn = id.part.clone().unwrap();
        match (arn.split_once(":iam::aws:policy/"), id.target()) {
            (Some((_, name)), _) => vec![format!("aws/{name}")],
            (None, Some(policy)) => {
                vec![format!("policy/{}", policy.name), format!("policy/*/{}", policy.name)]
            }
            (None, None) => panic!("{id} attaches nothing"),
        }
    };
    policies.flat_map(forms).collect()
}

#[test]
fn the_role_allows_the_actions_that_the_code_calls_and_no_others() {
    let allowed: BTreeSet<String> = statements()
        .values()
        .flat_map(|statement| texts(&statement["Action"]))
        .filter(|action| !action.starts_with("logs:"))
        .collect();
    let called = Action::ALL.iter().map(|action| action.as_str().to_owned());
    let called: BTreeSet<String> = called.chain([PASS_ROLE.to_owned()]).collect();
    assert_eq!(allowed, called);
}

#[test]
fn every_statement_names_the_catalogues_objects_and_no_others() {
    let statements = statements();
    for (sid, kind, prefix) in [
        ("Roles", Kind::Role, "role"),
        ("CataloguePoliciesOnRoles", Kind::Role, "role"),
        ("Policies", Kind::Policy, "policy"),
        ("Groups", Kind::Group, "group"),
        ("CataloguePoliciesOnGroups", Kind::Group, "group"),
        ("InstanceProfiles", Kind::InstanceProfile, "instance-profile"),
    ] {
        assert_eq!(arns(&statements[sid]["Resource"]), names(kind, prefix), "{sid}");
    }
}

#[test]
fn only_the_catalogues_policies_can_be_attached() {
    let statements = statements();
    for (sid, kind) in [
        ("CataloguePoliciesOnRoles", Kind::RoleAttachment),
        ("CataloguePoliciesOnGroups", Kind::GroupAttachment),
        ("CataloguePoliciesOnUsers", Kind::UserAttachment),
    ] {
        let condition = &statements[sid]["Condition"]["ArnLike"]["iam:PolicyARN"];
        assert_eq!(arns(condition), attached(kind), "{sid}");
    }
}

#[test]
fn only_roles_of_instance_profiles_can_be_passed_and_only_to_ec2() {
    let catalogue = catalogue();
    let links = catalogue.ids().filter(|id| id.kind == Kind::ProfileRole);
    let roles = links.filter_map(|id| id.target()).map(|role| role.name);
    let expected: BTreeSet<String> =
        roles.flat_map(|role| [format!("role/{role}"), format!("role/*/{role}")]).collect();
    let statement = &statements()["RolesOfInstanceProfiles"];
    assert_eq!(arns(&statement["Resource"]), expected);
    assert_eq!(statement["Condition"]["StringEquals"]["iam:PassedToService"], "ec2.amazonaws.com");
}

#[test]
fn only_the_catalogues_service_linked_roles_can_be_made() {
    let services: BTreeSet<String> = catalogue()
        .iter()
        .filter_map(|(_, object)| match &object.resource {
            Resource::ServiceLinkedRole { service, .. } => Some(service.clone()),
            _ => None,
        })
        .collect();
    let condition = &statements()["ServiceLinkedRoles"]["Condition"]["StringEquals"];
    assert_eq!(texts(&condition["iam:AWSServiceName"]), services);
}

#[test]
fn no_statement_holds_for_everything() {
    for (sid, statement) in statements() {
        // The log group's own ARN is a reference to it.
        let resources = texts(&statement["Resource"]);
        assert!(!resources.contains("*"), "{sid}");
        assert!(!texts(&statement["Action"]).iter().any(|action| action.contains('*')), "{sid}");
    }
}

#[test]
fn the_roles_inline_policies_fit_their_quota_in_the_longest_partition() {
    let fill = |text: String| {
        text.replace("${AWS::Partition}", "aws-us-gov").replace("${AWS::AccountId}", "123456789012")
    };
    let size: usize = policies().iter().map(|policy| fill(policy.to_string()).len()).sum();
    assert!(size <= ROLE_INLINE, "{size} characters of {ROLE_INLINE}");
}
