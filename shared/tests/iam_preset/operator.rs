//! Settings of the operator, and requests that need no setting.

use account_presets::iam_preset::Settings;
use account_presets::plan::Change;
use account_presets::preset;
use account_presets::state::{Id, Kind, PolicyDocument, Resource};
use serde_json::{Value, json};

use super::catalogue::properties;
use super::world::*;

const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/Boundary";

fn only(name: &'static str, value: &'static str) -> Settings {
    Settings::read(move |asked| match asked {
        "ALLOW_ADMIN_EQUIVALENT" => Some("true"),
        _ => (asked == name).then_some(value),
    })
}

/// Threat 1
#[test]
fn what_is_not_allowed_is_refused_before_anything_is_looked_at_and_its_delete_is_served() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let (before, writes) = (account.state(), account.writes());
    let settings = || only("ALLOWED_PRESETS", "skypilot");
    let update = stack.request(Some(slim(json!({"UserNames": ["alice"]}))));
    let refused = handle_within(settings(), &account, &update).unwrap().unwrap_err();
    assert!(refused.contains("`slim` is not allowed"), "{refused}");
    assert_eq!((account.state(), account.writes()), (before, writes));

    handle_within(settings(), &account, &stack.request(None)).unwrap().unwrap();
    assert_eq!(but_service_linked(&account), populated().state());
}

/// V20, X17, Threat 1
#[test]
fn a_name_that_is_not_allowed_is_refused_and_leaves_no_stack_stuck() {
    let named = |name: &str| {
        let parameters = json!({"RoleName": name});
        json!({"Preset": "skypilot", "Edition": "hardened", "Parameters": parameters})
    };
    let usual = || Settings::read(|_| None);
    let account = populated();
    let before = account.state();

    // A Create of it, and the Delete that CloudFormation sends after.
    let mut refused = Stack::named("a");
    let create = refused.request(Some(named("team-a")));
    let reason = handle_within(usual(), &account, &create).unwrap().unwrap_err();
    assert!(reason.starts_with("Parameters.RoleName: given `team-a`"), "{reason}");
    assert!(reason.contains("`skypilot-v1`") && reason.contains("SkyPilotRoleName"), "{reason}");
    refused.physical_id = Some(physical_id(&create));
    handle_within(usual(), &account, &refused.request(None)).unwrap().unwrap();
    assert_eq!(account.state(), before);

    // An Update to it, and the Update back.
    let mut stack = Stack::named("b");
    stack.deploy(&account, named("skypilot-v1")).unwrap();
    let made = account.state();
    let update = stack.request(Some(named("team-a")));
    handle_within(usual(), &account, &update).unwrap().unwrap_err();
    let mut back = stack.request(Some(named("skypilot-v1")));
    back.old_properties = named("team-a").as_object().unwrap().clone();
    handle_within(usual(), &account, &back).unwrap().unwrap();
    assert_eq!(account.state(), made);
    handle_within(usual(), &account, &stack.request(None)).unwrap().unwrap();

    // One that was allowed when its stack was made.
    let mut narrowed = Stack::named("c");
    narrowed.deploy(&account, named("sky-one")).unwrap();
    handle_within(usual(), &account, &narrowed.request(None)).unwrap().unwrap();
    assert_eq!(but_service_linked(&account), but_service_linked(&populated()));
}

/// Threat 3, Threat 4
#[test]
fn every_role_has_the_operators_boundary_and_none_without_is_adopted() {
    let settings = || only("PERMISSIONS_BOUNDARY", BOUNDARY);
    let account = populated();
    let mut stack = Stack::named("a");
    let create = stack.request(Some(slim(json!({}))));
    handle_within(settings(), &account, &create).unwrap().unwrap();
    let state = account.state();
    let roles: Vec<_> = state.iter().filter(|(id, _)| id.name != "foreign").collect();
    let boundaries = roles.iter().filter_map(|(_, object)| match &object.resource {
        Resource::Role(role) => Some(role.permissions_boundary.as_deref()),
        _ => None,
    });
    let boundaries: Vec<_> = boundaries.collect();
    assert_eq!(boundaries, vec![Some(BOUNDARY); 5]);

    let account = populated();
    account.person(Change::Create(role_of("AWSBatchServiceRole", "batch.amazonaws.com"))).unwrap();
    let refused = handle_within(settings(), &account, &create).unwrap().unwrap_err();
    assert!(refused.contains("role `AWSBatchServiceRole` exists without the permissions boundary"));
    assert_eq!(account.writes(), 0);
    stack.deploy(&account, slim(json!({}))).unwrap();
}

/// Threat 2
#[test]
fn administrators_rights_have_to_be_acknowledged() {
    let account = populated();
    let silent = json!({"Preset": "slim", "Edition": "current"});
    let refused = Stack::named("a").deploy(&account, silent).unwrap_err();
    assert!(refused.starts_with("AcknowledgeAdminEquivalent: "), "{refused}");
    assert_eq!(account.writes(), 0);
    let least = Stack::named("a").deploy(&account, json!({"Preset": "slim"})).unwrap();
    assert_eq!(least.data["AdminEquivalent"], "false");
}

/// Threat 2
#[test]
fn a_preset_by_its_defaults_is_hardened_and_needs_nobodys_word() {
    for name in preset::names() {
        let deployed = |properties: Value| {
            let account = populated();
            let create = Stack::named("a").request(Some(properties));
            let success = handle_within(Settings::read(|_| None), &account, &create).unwrap();
            (success.unwrap_or_else(|refused| panic!("{name}: {refused}")), account.state())
        };
        let (success, made) = deployed(json!({"Preset": name}));
        assert_eq!(success.data["AdminEquivalent"], "false", "{name}");
        assert_eq!(made, deployed(json!({"Preset": name, "Edition": "hardened"})).1, "{name}");
    }
}

/// Threat 2
#[test]
fn a_refusal_for_too_much_power_names_the_way_that_least_privilege_has() {
    let refused = |asked: &Value| {
        let create = Stack::named("a").request(Some(asked.clone()));
        let refused = handle_within(Settings::read(|_| None), &populated(), &create).unwrap().err();
        let reason = refused?;
        let amounts = "administrator's rights, which the operator of the provider does not allow";
        reason.split_once(amounts).map(|(_, rest)| rest.to_owned())
    };
    let mut ways = 0;
    for asked in properties() {
        let Some(reason) = refused(&asked) else { continue };
        let way = reason.strip_prefix("; ");
        let way = way.and_then(|rest| rest.split_once(" instead; or let the operator set "));
        let (way, _) = way.unwrap_or_else(|| panic!("{asked}: {reason}"));
        let mut less = asked.clone();
        for step in way.split(" and ") {
            let words: Vec<&str> = step.split(' ').map(|word| word.trim_matches('`')).collect();
            match words.as_slice() {
                ["choose", "Edition", edition] => less["Edition"] = json!(edition),
                ["leave", "out", name] => {
                    let name = name.strip_prefix("Parameters.").unwrap();
                    less["Parameters"].as_object_mut().unwrap().remove(name).unwrap();
                }
                ["set", name, "to", value] => {
                    less["Parameters"][name.strip_prefix("Parameters.").unwrap()] = json!(value);
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(refused(&less), None, "{asked}: {way}");
        ways += 1;
    }
    assert!(ways > 20, "{ways}");
}

/// Threat 5
#[test]
fn a_stack_of_another_region_is_refused_and_nothing_of_it_is_deleted() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let before = account.state();
    for kind in [Some(slim(json!({}))), None] {
        let mut request = stack.request(kind.clone());
        request.stack_id = request.stack_id.replace("eu-west-1", "eu-west-2");
        let answer = handle(&account, &request).unwrap();
        assert_eq!(answer.is_ok(), kind.is_none());
        assert_eq!(account.state(), before);
    }
}

/// Threat 3
#[test]
fn what_other_hands_changed_is_put_back_by_an_update() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, lithops(json!({}))).unwrap();
    let before = account.state();
    let id = Id::node(Kind::Role, "lithops-role");
    let mut changed = before.get(&id).unwrap().clone();
    let Resource::Role(role) = &mut changed.resource else { panic!("{id}") };
    role.trust = PolicyDocument::new(json!({"Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole",
    }}));
    let was = before.get(&id).unwrap().clone();
    account.person(Change::Update { before: was, after: changed }).unwrap();
    stack.deploy(&account, lithops(json!({}))).unwrap();
    assert_eq!(account.state(), before);
}

/// X19
#[test]
fn an_update_that_brings_what_a_newer_release_changed_names_it() {
    let account = populated();
    let mut stack = Stack::named("a");
    let properties = json!({"Preset": "skypilot"});
    let made = stack.deploy(&account, properties.clone()).unwrap();
    assert_eq!(made.data["ChangedByRelease"], "");
    let id = Id::node(Kind::Policy, "minimal-skypilot-policy");
    let found = account.state().get(&id).unwrap().clone();
    let mut older = found.clone();
    older.owners = older
        .owners
        .into_iter()
        .map(|mut owner| {
            owner.mark.release = Some("0.0.9".to_owned());
            owner
        })
        .collect();
    if let Resource::Policy(policy) = &mut older.resource {
        policy.document = PolicyDocument::new(json!({"Version": "2012-10-17", "Statement": []}));
    }
    account.person(Change::Update { before: found, after: older }).unwrap();
    let updated = stack.deploy(&account, properties.clone()).unwrap();
    assert_eq!(updated.data["ChangedByRelease"], "0.0.9: policy `minimal-skypilot-policy`");
    let again = stack.deploy(&account, properties).unwrap();
    assert_eq!(again.data["ChangedByRelease"], "");
}
