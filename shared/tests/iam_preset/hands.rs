//! Drift: people delete parts of a stack's objects, or add to them.

use account_presets::cloud::fake::Fake;
use account_presets::plan::Change;
use account_presets::state::{Id, Kind, Object, PolicyDocument, Resource, State};
use serde_json::json;

use super::world::*;

/// All objects of the one state that are not in the other, links before their holders.
fn beyond(state: &State, before: &State) -> Vec<Object> {
    let more = state.iter().filter(|(id, _)| !before.contains(id));
    let (links, nodes): (Vec<_>, Vec<_>) = more.partition(|(id, _)| id.part.is_some());
    links.into_iter().chain(nodes).map(|(_, object)| object.clone()).collect()
}

/// An account in which a person deleted everything that the stack had made.
fn with_everything_deleted(stack: &mut Stack) -> Fake {
    let account = populated();
    let before = account.state();
    stack.deploy(&account, lithops(json!({"UserNames": ["alice"]}))).unwrap();
    for object in beyond(&but_service_linked(&account), &before) {
        account.person(Change::Delete(object)).unwrap();
    }
    account
}

/// I11
#[test]
fn what_went_away_by_another_hand_does_not_stop_the_delete() {
    let mut stack = Stack::named("a");
    let account = with_everything_deleted(&mut stack);
    stack.delete(&account).unwrap();
    assert_eq!(but_service_linked(&account), populated().state());
}

/// I12
#[test]
fn what_went_away_by_another_hand_is_made_again_under_the_same_id() {
    let mut stack = Stack::named("a");
    let account = with_everything_deleted(&mut stack);
    let id = stack.physical_id.clone();
    stack.deploy(&account, lithops(json!({"UserNames": ["alice"]}))).unwrap();
    assert_eq!(stack.physical_id, id);
    let clean = populated();
    Stack::named("a").deploy(&clean, lithops(json!({"UserNames": ["alice"]}))).unwrap();
    assert_eq!(account.state(), clean.state());
}

/// I20, I23
#[test]
fn a_part_that_is_switched_off_stays_if_somebody_else_made_it() {
    let account = populated();
    let profile = Object::unowned(Resource::InstanceProfile {
        name: "SLIM-Extras_ECS_for_EC2".to_owned(),
        path: "/".to_owned(),
        tags: Default::default(),
    });
    account.person(Change::Create(profile.clone())).unwrap();
    let asked = |on: &str| {
        let mut properties = slim(json!({"InstanceProfile": on}));
        properties["AdoptExisting"] = json!("true");
        properties
    };
    let mut stack = Stack::named("a");
    stack.deploy(&account, asked("true")).unwrap();
    stack.deploy(&account, asked("false")).unwrap();
    assert_eq!(account.state().get(&profile.resource.id()), Some(&profile));
}

/// R16, G2
#[test]
fn a_foreign_inline_policy_stays_on_an_update_and_goes_with_its_role_or_group() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, lithops(json!({}))).unwrap();
    let (name, document) = ("theirs".to_owned(), PolicyDocument::new(json!({"Statement": []})));
    let on_role = Resource::RoleInline {
        role: "lithops-role".to_owned(),
        name: name.clone(),
        document: document.clone(),
    };
    let on_group = Resource::GroupInline { group: "LithopsUserGroup".to_owned(), name, document };
    let foreign = [on_role, on_group].map(Object::unowned);
    for object in &foreign {
        account.person(Change::Create(object.clone())).unwrap();
    }
    stack.deploy(&account, lithops(json!({"BatchTrust": "true"}))).unwrap();
    for object in &foreign {
        assert!(account.state().contains(&object.resource.id()), "{}", object.resource.id());
    }
    stack.delete(&account).unwrap();
    assert_eq!(but_service_linked(&account), populated().state());
}

/// S1, S7
#[test]
fn a_service_linked_role_that_exists_is_named_as_it_is_and_never_deleted() {
    let account = populated();
    let (name, service) = ("AWSServiceRoleForEC2Spot".to_owned(), "spot.amazonaws.com".to_owned());
    let there = Object::unowned(Resource::ServiceLinkedRole { name, service });
    account.person(Change::Create(there.clone())).unwrap();
    let mut stack = Stack::named("a");
    let data = stack.deploy(&account, slim(json!({}))).unwrap().data;
    assert_eq!(
        data["SpotServiceLinkedRoleArn"],
        "arn:aws:iam::123456789012:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
    );
    assert_eq!(account.state().get(&there.resource.id()), Some(&there));
    stack.delete(&account).unwrap();
    assert_eq!(account.state().get(&there.resource.id()), Some(&there));
}

/// M4, R12
#[test]
fn documents_that_are_written_in_another_way_and_mean_the_same_are_left_alone() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, lithops(json!({}))).unwrap();
    let turned = |document: &PolicyDocument| {
        let mut turned = document.as_value().clone();
        turned["Statement"].as_array_mut().expect("a list of statements").reverse();
        assert_ne!(turned, *document.as_value());
        PolicyDocument::new(turned)
    };
    let id = Id::node(Kind::Policy, "lithops-policy");
    let before = account.state().get(&id).unwrap().clone();
    let mut after = before.clone();
    let Resource::Policy(policy) = &mut after.resource else { panic!("{id}") };
    policy.document = turned(&policy.document);
    account.person(Change::Update { before, after }).unwrap();
    let writes = account.writes();
    stack.deploy(&account, lithops(json!({}))).unwrap();
    assert_eq!(account.writes(), writes);
}

/// M5
#[test]
fn a_policys_description_is_left_as_it_was_made() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, lithops(json!({}))).unwrap();
    let id = Id::node(Kind::Policy, "lithops-policy");
    let mut state = account.state();
    let mut described = state.get(&id).unwrap().clone();
    let Resource::Policy(policy) = &mut described.resource else { panic!("{id}") };
    policy.description = "As an earlier release described it".to_owned();
    state.insert(described.clone());
    let account = Fake::new(state);
    stack.deploy(&account, lithops(json!({}))).unwrap();
    assert_eq!((account.state().get(&id), account.writes()), (Some(&described), 0));
}
