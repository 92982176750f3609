//! What was made is found by its marks, whatever a request's properties name: dynamic references
//! are resolved anew, users and groups are renamed, names have no case, and releases change.

use account_presets::cfn::StackPart;
use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Applied, CallError, Cloud, Found, StackStatus};
use account_presets::plan::{Change, Scope};
use account_presets::state::{Id, Kind, Owner, Resource, State};
use serde_json::{Value, json};

use crate::world::*;

fn slim_for(users: &[&str]) -> Value {
    slim(json!({"UserNames": users}))
}

fn attachments(account: &Fake, user: &str) -> usize {
    let state = account.state();
    state.ids().filter(|id| id.kind == Kind::UserAttachment && id.name == user).count()
}

/// An account whose stacks are rolling back.
struct RollingBack<'a>(&'a Fake);

impl Cloud for RollingBack<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.0.observe(scope).await
    }

    async fn apply(&self, change: &Change) -> Result<Applied, CallError> {
        self.0.apply(change).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.0.find(me, scope).await
    }

    async fn role_names(&self) -> Result<Vec<String>, CallError> {
        self.0.role_names().await
    }

    async fn stack_status(&self, _: &str, _: StackPart<'_>) -> Result<StackStatus, CallError> {
        let status = "UPDATE_ROLLBACK_IN_PROGRESS".to_owned();
        Ok(StackStatus::Is { status, physical_id: None })
    }
}

/// V23
#[test]
fn who_left_is_missed_by_nobody_and_only_who_is_newly_named_has_to_exist() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim_for(&["alice", "bob"])).unwrap();
    let without_bob = |account: &Fake| -> Fake {
        let state = account.state();
        let stays = |id: &Id| {
            !(id.kind == Kind::UserAttachment || id.kind == Kind::User) || id.name != "bob"
        };
        Fake::new(state.iter().filter(|(id, _)| stays(id)).map(|(_, it)| it.clone()).collect())
    };
    let account = without_bob(&account);
    let mut tagged = slim_for(&["alice", "bob"]);
    tagged["Tags"] = json!([{"Key": "cost", "Value": "7"}]);
    stack.deploy(&account, tagged).unwrap();
    stack.deploy(&account, slim_for(&["alice", "bob"])).unwrap();
    stack.deploy(&account, slim_for(&["alice"])).unwrap();
    let error = stack.deploy(&account, slim_for(&["alice", "bob"])).unwrap_err();
    assert_eq!(
        error,
        "Parameters.UserNames: user `bob` does not exist; create it first, or leave it out"
    );
    // The rollback of the Update that took him off the list.
    let rollback = stack.request(Some(slim_for(&["alice", "bob"])));
    handle(&RollingBack(&account), &rollback).unwrap().unwrap();
    stack.delete(&account).unwrap();
}

/// I30
#[test]
fn a_delete_that_brings_other_names_deletes_what_was_made() {
    let account = populated();
    let before = but_service_linked(&account);
    let mut stack = Stack::named("a");
    stack.deploy(&account, lithops(json!({"NamePrefix": "alpha-"}))).unwrap();
    let id = stack.physical_id.clone().unwrap();
    stack.delete_as(&account, &id, lithops(json!({"NamePrefix": "beta-"}))).unwrap();
    assert_same(&but_service_linked(&account), &before);
}

/// I30
#[test]
fn a_user_whom_the_old_properties_do_not_name_any_more_loses_what_she_got() {
    let account = populated();
    let before = but_service_linked(&account);
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim_for(&["alice", "bob"])).unwrap();
    assert_eq!(attachments(&account, "bob"), attachments(&account, "alice"));
    let mut update = stack.request(Some(slim_for(&["alice"])));
    update.old_properties = slim_for(&["alice"]).as_object().unwrap().clone();
    handle(&account, &update).unwrap().unwrap();
    assert_eq!(attachments(&account, "bob"), 0);
    assert_ne!(attachments(&account, "alice"), 0);
    let id = stack.physical_id.clone().unwrap();
    stack.delete_as(&account, &id, slim_for(&[])).unwrap();
    assert_same(&but_service_linked(&account), &before);
}

/// I31
#[test]
fn a_renamed_user_loses_everything_when_she_is_taken_off_the_list_or_the_stack_goes() {
    for taken_off in [true, false] {
        let account = populated();
        let mut stack = Stack::named("a");
        stack.deploy(&account, slim_for(&["alice"])).unwrap();
        account.rename(Kind::User, "alice", "alice.smith");
        if taken_off {
            stack.deploy(&account, slim_for(&[])).unwrap();
            assert_eq!(attachments(&account, "alice.smith"), 0);
        }
        stack.delete(&account).unwrap();
        let before = populated();
        before.rename(Kind::User, "alice", "alice.smith");
        assert_same(&but_service_linked(&account), &before.state());
    }
}

/// I31
#[test]
fn a_renamed_group_goes_with_its_stack() {
    let account = populated();
    let before = but_service_linked(&account);
    let mut stack = Stack::named("a");
    stack.deploy(&account, lithops(json!({"UserNames": ["alice"]}))).unwrap();
    account.rename(Kind::Group, "LithopsUserGroup", "Scientists");
    stack.delete(&account).unwrap();
    assert_same(&but_service_linked(&account), &before);
}

/// I33
#[test]
fn names_have_no_case() {
    let account = populated();
    let before = but_service_linked(&account);
    let mut stack = Stack::named("a");
    stack.deploy(&account, lithops(json!({"UserNames": ["ALICE", "bob"]}))).unwrap();
    let members =
        |account: &Fake| account.state().ids().filter(|id| id.kind == Kind::GroupMember).count();
    assert_eq!(members(&account), 2);
    // IAM spells her name as she was made.
    let account = Fake::new(
        account
            .state()
            .iter()
            .map(|(_, object)| {
                let mut object = object.clone();
                if let Resource::GroupMember { user, .. } = &mut object.resource {
                    *user = user.to_lowercase();
                }
                object
            })
            .collect(),
    );
    stack.deploy(&account, lithops(json!({"UserNames": ["alice", "bob"]}))).unwrap();
    assert_eq!(members(&account), 2);
    stack.deploy(&account, lithops(json!({"UserNames": ["Bob"]}))).unwrap();
    assert_eq!(members(&account), 1);
    stack.delete(&account).unwrap();
    assert_same(&but_service_linked(&account), &before);
}

/// I33
#[test]
fn an_own_name_in_another_case_is_refused_with_the_one_that_is_there() {
    let account = populated();
    account.person(Change::Create(role("LITHOPS-role"))).unwrap();
    let mut adopting = lithops(json!({}));
    adopting["AdoptExisting"] = json!(true);
    let error = Stack::named("a").deploy(&account, adopting).unwrap_err();
    assert!(error.contains("exists as `LITHOPS-role`"), "{error}");
}

/// I32
#[test]
fn what_an_older_release_made_and_this_one_does_not_know_is_taken_back() {
    for delete in [true, false] {
        let account = populated();
        let before = but_service_linked(&account);
        let mut stack = Stack::named("a");
        stack.deploy(&account, slim(json!({}))).unwrap();
        let stack_id = stack.request(None).stack_id;
        let mut owner = Owner::new(&stack_id, "Preset");
        owner.mark.release = Some("0.0.1".to_owned());
        // An object that was dropped since, and one that is as an older release wrote it.
        let mut dropped = role("SLIM-Dropped");
        dropped.owners.insert(owner.clone());
        account.person(Change::Create(dropped)).unwrap();
        let state = account.state();
        let id = Id::node(Kind::Role, "AmazonEC2SpotFleetRole");
        let found = state.get(&id).unwrap().clone();
        let mut older = found.clone();
        older.owners = [owner].into();
        account.person(Change::Update { before: found, after: older }).unwrap();
        if delete {
            stack.delete(&account).unwrap();
            assert_same(&but_service_linked(&account), &before);
        } else {
            stack.deploy(&account, slim_for(&["alice"])).unwrap();
            assert!(!has(&account, Kind::Role, "SLIM-Dropped"));
            stack.delete(&account).unwrap();
            assert_same(&but_service_linked(&account), &before);
        }
    }
}

/// I32
#[test]
fn properties_of_an_older_release_are_rolled_back_to_and_deleted() {
    let account = populated();
    let before = but_service_linked(&account);
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim_for(&["alice"])).unwrap();
    // As an older release took them: a parameter that was renamed.
    let mut older = slim_for(&["alice"]);
    older["Parameters"]["Users"] = json!(["alice"]);
    let mut rollback = stack.request(Some(older.clone()));
    rollback.old_properties = slim_for(&["alice"]).as_object().unwrap().clone();
    let writes = account.writes();
    let error = handle(&account, &rollback).unwrap().unwrap_err();
    assert!(error.contains("unknown parameter `Users`"), "{error}");
    handle(&RollingBack(&account), &rollback).unwrap().unwrap();
    assert_eq!(account.writes(), writes, "it was as it is wanted");
    let mut changed = older.clone();
    changed["Parameters"]["UserNames"] = json!(["alice", "bob"]);
    let error = handle(&account, &stack.request(Some(changed))).unwrap().unwrap_err();
    assert!(error.contains("unknown parameter `Users`"), "{error}");
    let id = stack.physical_id.clone().unwrap();
    let renamed = json!({"Preset": "slim", "Parameters": {"Users": ["alice"]}});
    stack.delete_as(&account, &id, renamed).unwrap();
    assert_same(&but_service_linked(&account), &before);
}

/// I29
#[test]
fn an_ordinary_request_looks_for_nothing_else() {
    // The account does not offer to be searched.
    struct Plain<'a>(&'a Fake);
    impl Cloud for Plain<'_> {
        async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
            self.0.observe(scope).await
        }

        async fn apply(&self, change: &Change) -> Result<Applied, CallError> {
            self.0.apply(change).await
        }
    }
    let account = populated();
    let plain = Plain(&account);
    let mut stack = Stack::named("a");
    stack.deploy(&plain, slim_for(&["alice"])).unwrap();
    stack.deploy(&plain, slim_for(&["alice", "bob"])).unwrap();
    stack.deploy(&plain, slim_for(&["alice", "bob"])).unwrap();
    stack.deploy(&plain, slim_for(&["bob"])).unwrap();
    stack.delete(&plain).unwrap();
    let attached = account.state().ids().filter(|id| id.kind == Kind::UserAttachment).count();
    assert_eq!(attached, 0);
}
