use account_presets::cloud::fake::{Calls, Fault};
use account_presets::plan::Change;
use account_presets::state::{Id, Kind, Object, Resource, State};
use serde_json::{Value, json};

use super::world::*;

/// The state that a Create of these properties alone leaves.
fn made(properties: Value) -> State {
    let account = populated();
    Stack::named("a").deploy(&account, properties).unwrap();
    but_service_linked(&account)
}

/// I14, R16
#[test]
fn an_update_in_place_keeps_the_id_and_leaves_what_a_create_would_have_made() {
    let all = many_properties();
    for from in &all {
        for to in
            all.iter().filter(|to| to["Preset"] == from["Preset"] && to["Path"] == from["Path"])
        {
            let account = populated();
            let mut stack = Stack::named("a");
            stack.deploy(&account, from.clone()).unwrap();
            let id = stack.physical_id.clone();
            stack.deploy(&account, to.clone()).unwrap();
            assert_eq!(stack.physical_id, id);
            assert_eq!(but_service_linked(&account), made(to.clone()), "{from} to {to}");
            stack.deploy(&account, from.clone()).unwrap();
            assert_eq!(but_service_linked(&account), made(from.clone()), "{to} back to {from}");
        }
    }
}

/// I17, Threat 16
#[test]
fn another_preset_is_a_replacement_whose_old_half_goes_by_its_id() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let old_id = stack.physical_id.clone().unwrap();
    stack.deploy(&account, lithops(json!({}))).unwrap();
    assert_ne!(stack.physical_id.as_ref(), Some(&old_id));
    assert!(
        has(&account, Kind::Role, "SLIM-Extras_for_Lambda")
            && has(&account, Kind::Role, "lithops-role")
    );
    stack.delete_as(&account, &old_id, slim(json!({}))).unwrap();
    assert_eq!(but_service_linked(&account), made(lithops(json!({}))));
}

/// I15, I17, Threat 16
#[test]
fn other_names_for_everything_are_a_replacement_beside_which_the_old_ones_stay() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, lithops(json!({}))).unwrap();
    let old_id = stack.physical_id.clone().unwrap();
    let renamed = lithops(json!({"NamePrefix": "team-"}));
    stack.deploy(&account, renamed.clone()).unwrap();
    assert_ne!(stack.physical_id.as_ref(), Some(&old_id));
    assert!(
        has(&account, Kind::Group, "LithopsUserGroup")
            && has(&account, Kind::Group, "team-LithopsUserGroup")
    );
    stack.delete_as(&account, &old_id, lithops(json!({}))).unwrap();
    assert_eq!(but_service_linked(&account), made(renamed));
}

#[test]
fn the_rollback_of_a_replacement_finds_the_first_id_again() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let first = stack.physical_id.clone();
    stack.deploy(&account, lithops(json!({}))).unwrap();
    let second = stack.physical_id.clone().unwrap();
    stack.deploy(&account, slim(json!({}))).unwrap();
    assert_eq!(stack.physical_id, first);
    stack.delete_as(&account, &second, lithops(json!({}))).unwrap();
    assert_eq!(but_service_linked(&account), made(slim(json!({}))));
}

/// I18
#[test]
fn a_replacement_that_fails_takes_back_what_it_made() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let before = but_service_linked(&account);
    let failing = Calls::new(&account).failing(10, Fault::Refused);
    stack.deploy(&failing, lithops(json!({}))).unwrap_err();
    assert!(failing.failed());
    assert_same(&but_service_linked(&account), &before);
}

/// I18
#[test]
fn the_rollback_of_a_replacement_that_died_deletes_what_it_made() {
    for other in [lithops(json!({})), slim(json!({"NamePrefix": "other-"}))] {
        let account = populated();
        let mut stack = Stack::named("a");
        stack.deploy(&account, slim(json!({}))).unwrap();
        let before = but_service_linked(&account);
        let dying = Calls::new(&account).failing(10, Fault::Dies);
        assert_eq!(handle(&dying, &stack.request(Some(other.clone()))), None);
        assert_ne!(but_service_linked(&account), before);
        // Its id was never given, so no Delete of it will follow.
        let mut rollback = stack.request(Some(slim(json!({}))));
        rollback.old_properties = other.as_object().unwrap().clone();
        let id = handle(&account, &rollback).unwrap().unwrap().physical_resource_id;
        assert_eq!(id, None);
        assert_same(&but_service_linked(&account), &before);
    }
}

/// I16, I19, V8
#[test]
fn a_refused_update_changes_nothing_and_its_rollback_is_no_error() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let (before, writes) = (account.state(), account.writes());
    for bad in [
        json!({"Preset": "silm"}),
        slim(json!({"UserNames": ["carol"]})),
        json!({"Preset": "slim", "AcknowledgeAdminEquivalent": "true", "Path": "/new/"}),
    ] {
        stack.deploy(&account, bad.clone()).unwrap_err();
        // CloudFormation swaps the properties.
        let mut rollback = stack.request(Some(slim(json!({}))));
        rollback.old_properties = bad.as_object().unwrap().clone();
        handle(&account, &rollback).unwrap().unwrap();
    }
    assert_eq!((account.state(), account.writes()), (before, writes));
}

/// I16, M5
#[test]
fn a_changed_path_is_refused_with_advice() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let error = stack
        .deploy(
            &account,
            json!({"Preset": "slim", "AcknowledgeAdminEquivalent": "true", "Path": "/new/"}),
        )
        .unwrap_err();
    assert!(
        error.contains(
            "are at the path `/`, and given is Path `/new/`; IAM cannot change a path: set Path to \
             `/` again, or delete the resource and make it anew with Path `/new/`"
        ),
        "{error}"
    );
}

#[test]
fn what_went_away_by_another_hand_is_made_again() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let before = account.state();
    let of_role = |id: &Id| id.name == "AmazonEC2SpotFleetRole";
    let (links, nodes): (Vec<_>, Vec<_>) =
        before.iter().filter(|(id, _)| of_role(id)).partition(|(id, _)| id.part.is_some());
    for (_, object) in links.into_iter().chain(nodes) {
        account.person(Change::Delete(object.clone())).unwrap();
    }
    stack.deploy(&account, slim(json!({}))).unwrap();
    assert_eq!(account.state(), before);
}

fn lambda_role(account: &account_presets::cloud::fake::Fake) -> account_presets::state::Role {
    match account.state().get(&Id::node(Kind::Role, "SLIM-Extras_for_Lambda")) {
        Some(Object { resource: Resource::Role(role), .. }) => role.clone(),
        other => panic!("{other:?}"),
    }
}

/// A person edits the role.
fn edit(
    account: &account_presets::cloud::fake::Fake,
    change: impl Fn(&mut account_presets::state::Role),
) {
    let id = Id::node(Kind::Role, "SLIM-Extras_for_Lambda");
    let before = account.state().get(&id).unwrap().clone();
    let mut after = before.clone();
    if let Resource::Role(role) = &mut after.resource {
        change(role);
    }
    account.person(Change::Update { before, after }).unwrap();
}

/// R11, Threat 3
#[test]
fn a_trust_policy_changed_by_another_hand_is_put_back() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let before = account.state();
    edit(&account, |role| {
        role.trust = account_presets::state::PolicyDocument::new(
            json!({"Statement": [{"Principal": {"AWS": "AROAEXAMPLE"}}]}),
        );
    });
    stack.deploy(&account, slim(json!({}))).unwrap();
    assert_eq!(account.state(), before);
}

/// R14, R15
#[test]
fn other_peoples_tags_and_boundary_are_kept_and_ours_are_taken_back() {
    let ours = json!({
        "Preset": "slim", "AcknowledgeAdminEquivalent": "true", "Tags": [{"Key": "team", "Value": "imaging"}],
        "PermissionsBoundary": "arn:aws:iam::123456789012:policy/Ours",
    });
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, ours.clone()).unwrap();
    edit(&account, |role| drop(role.tags.insert("cost".into(), "7".into())));
    stack.deploy(&account, slim(json!({}))).unwrap();
    let role = lambda_role(&account);
    assert_eq!(role.tags, [("cost".into(), "7".to_owned())].into());
    assert_eq!(role.permissions_boundary, None);

    edit(&account, |role| {
        role.permissions_boundary = Some("arn:aws:iam::123456789012:policy/Security".into())
    });
    stack.deploy(&account, slim(json!({}))).unwrap();
    assert_eq!(
        lambda_role(&account).permissions_boundary.as_deref(),
        Some("arn:aws:iam::123456789012:policy/Security")
    );
    // Nor is it replaced.
    stack.deploy(&account, ours).unwrap_err();
    assert_eq!(
        lambda_role(&account).permissions_boundary.as_deref(),
        Some("arn:aws:iam::123456789012:policy/Security")
    );
}

/// G4
#[test]
fn a_foreign_role_in_our_profile_gives_way() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let before = account.state();
    let link = |role: &str| {
        let (profile, role) = ("SLIM-Extras_ECS_for_EC2".to_owned(), role.to_owned());
        Object::unowned(Resource::ProfileRole { profile, role })
    };
    account.person(Change::Delete(link("SLIM-Extras_ECS_for_EC2"))).unwrap();
    account.person(Change::Create(link("foreign"))).unwrap();
    stack.deploy(&account, slim(json!({}))).unwrap();
    assert_eq!(account.state(), before);
}
