//! The marks find a resource's objects, also under names that its properties do not have: dynamic
//! references are resolved anew, people rename users and groups, case differs, and releases change.

use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Call, CallError, Cloud, Found};
use account_presets::plan::{Change, Scope};
use account_presets::state::{Id, Kind, Object, Owner, Resource, State};
use serde_json::{Value, json};

use super::world::*;

fn slim_for(users: &[&str]) -> Value {
    slim(json!({"UserNames": users}))
}

fn attachments(account: &Fake, user: &str) -> usize {
    let state = account.state();
    state.ids().filter(|id| id.kind == Kind::UserAttachment && id.name == user).count()
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
    handle(&Telling::rolling_back(&account), &rollback).unwrap().unwrap();
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
fn a_renamed_user_or_group_is_found_also_where_somebody_else_has_the_name_now() {
    let administrators = json!({"AdministratorsGroup": "true", "AdministratorNames": ["alice"]});
    for (properties, kind, name) in [
        (edition("hardened", "lithops", administrators), Kind::Group, "lithops-administrators"),
        (edition("documented", "slim", json!({"UserNames": ["alice"]})), Kind::User, "alice"),
        (slim_for(&["alice"]), Kind::User, "alice"),
    ] {
        for taken_off in [true, false] {
            let account = populated();
            let mut stack = Stack::named("a");
            stack.deploy(&account, properties.clone()).unwrap();
            account.rename(kind, name, "renamed");
            let (name, path) = (name.to_owned(), "/".to_owned());
            let namesake = match kind {
                Kind::Group => Resource::Group { name, path },
                _ => Resource::User { name },
            };
            account.person(Change::Create(Object::unowned(namesake))).unwrap();
            if taken_off && kind == Kind::Group {
                let mut less = properties.clone();
                less["Parameters"] = json!({});
                stack.deploy(&account, less).unwrap();
                assert!(!has(&account, Kind::Group, "renamed"));
            } else if taken_off {
                let mut less = properties.clone();
                less["Parameters"]["UserNames"] = json!([]);
                stack.deploy(&account, less).unwrap();
                assert_eq!(attachments(&account, "renamed"), 0);
            }
            stack.delete(&account).unwrap();
            let (made, others) = (["renamed"], ["alice", "bob", "serverless", "foreign"]);
            let state = but_service_linked(&account);
            let is_left = |id: &&Id| match kind {
                Kind::User => !made.contains(&&*id.name) && !others.contains(&&*id.name),
                _ => !others.contains(&&*id.name) && id.name != "lithops-administrators",
            };
            let left: Vec<&Id> =
                state.ids().filter(|id| is_left(id) || !id.kind.is_node()).collect();
            assert!(left.is_empty(), "{kind} {taken_off}: {left:?}");
        }
    }
}

/// I6, I30
#[test]
fn a_delete_under_an_invented_id_that_names_others_finds_who_got_something() {
    let made = edition("documented", "slim", json!({"UserNames": ["alice"]}));
    let named = edition("documented", "slim", json!({"UserNames": ["bob"]}));
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, made).unwrap();
    stack.delete_as(&account, "a-Preset-1ABCDEFGHIJKL", named).unwrap();
    assert_same(&but_service_linked(&account), &populated().state());
}

/// An IAM that finds a user or a group by the name's own spelling only.
struct Spelling<'a>(&'a Fake);

impl Cloud for Spelling<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        let state = self.0.state();
        let is_spelled = |id: &&Id| {
            let holder = id.parent().unwrap_or_else(|| (*id).clone());
            !matches!(holder.kind, Kind::User | Kind::Group)
                || state.get(&holder).is_some_and(|it| it.resource.id().name == holder.name)
        };
        let ids = scope.ids.iter().filter(is_spelled).cloned().collect();
        self.0.observe(&Scope { ids, ..scope.clone() }).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        self.0.send(call).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.0.find(me, scope).await
    }
}

/// I31, I33
#[test]
fn a_user_who_is_named_in_another_case_later_loses_everything_with_the_stack() {
    for taken_off in [true, false] {
        let account = populated();
        let cloud = Spelling(&account);
        let mut stack = Stack::named("a");
        stack.deploy(&cloud, slim_for(&["alice"])).unwrap();
        stack.deploy(&cloud, slim_for(&["ALICE"])).unwrap();
        assert!(attachments(&account, "alice") > 0);
        if taken_off {
            stack.deploy(&cloud, slim_for(&[])).unwrap();
            assert_eq!(attachments(&account, "alice"), 0);
        }
        stack.delete(&cloud).unwrap();
        assert_same(&but_service_linked(&account), &populated().state());
    }
}

/// I31, I33
#[test]
fn a_user_or_group_whose_name_changes_in_case_alone_loses_everything_with_the_stack() {
    let administrators = json!({"AdministratorsGroup": "true", "AdministratorNames": ["alice"]});
    for (properties, kind, from, to) in [
        (
            edition("documented", "slim", json!({"UserNames": ["alice"]})),
            Kind::User,
            "alice",
            "Alice",
        ),
        (
            edition("hardened", "lithops", administrators),
            Kind::Group,
            "lithops-administrators",
            "Lithops-Administrators",
        ),
    ] {
        let account = populated();
        let cloud = Spelling(&account);
        let mut stack = Stack::named("a");
        stack.deploy(&cloud, properties).unwrap();
        account.rename(kind, from, to);
        stack.delete(&cloud).unwrap();
        let before = populated();
        before.rename(kind, from, to);
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
    assert!(error.contains("`lithops-role` exists and is spelled `LITHOPS-role`; "), "{error}");
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
    handle(&Telling::rolling_back(&account), &rollback).unwrap().unwrap();
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

        async fn send(&self, call: &Call) -> Result<(), CallError> {
            self.0.send(call).await
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

/// A user that a person put into the stack's group.
fn carol_in_the_group(account: &Fake) -> Id {
    let carol = Object::unowned(Resource::User { name: "carol".into() });
    let (group, user) = ("LithopsUserGroup".to_owned(), "carol".to_owned());
    let member = Object::unowned(Resource::GroupMember { group, user });
    account.person(Change::Create(carol)).unwrap();
    account.person(Change::Create(member.clone())).unwrap();
    member.resource.id()
}

fn by_hand(account: &Fake, id: &Id) {
    let object = account.state().get(id).unwrap().clone();
    account.person(Change::Delete(Object { owners: Default::default(), ..object })).unwrap();
}

/// I30
#[test]
fn a_delete_with_another_path_deletes_what_was_made() {
    for (preset, parameters) in [
        ("orchestra", json!({"UserNames": ["alice"]})),
        ("zappa", json!({"UserNames": ["alice"]})),
        ("lithops", json!({"UserNames": ["alice"]})),
    ] {
        let account = populated();
        let mut stack = Stack::named("a");
        let elsewhere = edition("hardened", preset, parameters);
        let mut made = elsewhere.clone();
        made["Path"] = json!("/team/");
        stack.deploy(&account, made).unwrap();
        let id = stack.physical_id.clone().unwrap();
        stack.delete_as(&account, &id, elsewhere).unwrap();
        assert_same(&but_service_linked(&account), &populated().state());
    }
}

/// I30, I26
#[test]
fn whom_a_person_put_into_a_group_stays_there_also_if_the_notes_are_gone() {
    for is_adopted in [true, false] {
        let account = populated();
        let mut properties = lithops(json!({"UserNames": ["alice"]}));
        // The first of the preset's own objects that has tags.
        let policy = Id::node(Kind::Policy, "lithops-policy");
        if is_adopted {
            // An adopted object carries no notes.
            let mut scratch = Stack::named("scratch");
            scratch.deploy(&account, properties.clone()).unwrap();
            let there = account.state().get(&policy).unwrap().clone();
            scratch.delete(&account).unwrap();
            let theirs = Object { owners: Default::default(), ..there };
            account.person(Change::Create(theirs)).unwrap();
            properties["AdoptExisting"] = json!(true);
        }
        let mut stack = Stack::named("a");
        stack.deploy(&account, properties.clone()).unwrap();
        let member = carol_in_the_group(&account);
        if !is_adopted {
            let state = account.state();
            let uses = state.ids().filter(|id| id.target().as_ref() == Some(&policy));
            for id in uses.cloned().chain([policy.clone()]).collect::<Vec<_>>() {
                by_hand(&account, &id);
            }
        }
        properties["Tags"] = json!([{"Key": "cost", "Value": "7"}]);
        stack.deploy(&account, properties).unwrap();
        assert!(account.state().contains(&member), "adopted: {is_adopted}");
        let error = stack.delete(&account).unwrap_err();
        assert!(error.contains("used by user `carol`: ") && !error.contains("alice"), "{error}");
        by_hand(&account, &member);
        stack.delete(&account).unwrap();
    }
}

/// I30
#[test]
fn roles_that_the_properties_do_not_name_any_more_lose_the_policy() {
    let account = populated();
    for name in ["first", "second"] {
        account.person(Change::Create(role(name))).unwrap();
    }
    let before = but_service_linked(&account);
    let of = |name: &str| edition("hardened", "orchestra", json!({"RoleNames": [name]}));
    let holds = |account: &Fake, name: &str| {
        account.state().ids().any(|id| id.kind == Kind::RoleAttachment && id.name == name)
    };
    for delete in [true, false] {
        let mut stack = Stack::named("a");
        stack.deploy(&account, of("first")).unwrap();
        assert!(holds(&account, "first"));
        if !delete {
            let mut update = stack.request(Some(of("second")));
            update.old_properties = of("second").as_object().unwrap().clone();
            handle(&account, &update).unwrap().unwrap();
            assert!(holds(&account, "second") && !holds(&account, "first"));
        }
        let id = stack.physical_id.clone().unwrap();
        stack.delete_as(&account, &id, of("second")).unwrap();
        assert_same(&but_service_linked(&account), &before);
    }
}

/// I30, Threat 4
#[test]
fn what_another_edition_or_switch_gave_is_taken_also_where_the_old_properties_deny_it() {
    for (made, then) in [
        (slim(json!({})), edition("hardened", "slim", json!({}))),
        (slim(json!({})), slim(json!({"SpotFleetTagging": "false"}))),
    ] {
        let (account, fresh) = (populated(), populated());
        let mut stack = Stack::named("a");
        stack.deploy(&account, made).unwrap();
        let mut update = stack.request(Some(then.clone()));
        update.old_properties = then.as_object().unwrap().clone();
        handle(&account, &update).unwrap().unwrap();
        Stack::named("a").deploy(&fresh, then).unwrap();
        let links = |account: &Fake| -> Vec<Id> {
            account.state().ids().filter(|id| !id.kind.is_node()).cloned().collect()
        };
        assert_eq!(links(&account), links(&fresh));
    }
}

/// I30
#[test]
fn members_whom_the_properties_name_otherwise_leave_with_the_stack() {
    for other in [json!(["nobody"]), json!(["not a name!"]), json!("text"), json!(["bob"])] {
        let account = populated();
        let mut stack = Stack::named("a");
        stack.deploy(&account, lithops(json!({"UserNames": ["alice"]}))).unwrap();
        let id = stack.physical_id.clone().unwrap();
        stack.delete_as(&account, &id, lithops(json!({"UserNames": other}))).unwrap();
        assert_same(&but_service_linked(&account), &populated().state());
    }
}

/// I30
#[test]
fn what_an_earlier_clean_up_left_does_not_stand_in_the_way_of_updates_and_goes_with_the_stack() {
    let account = populated();
    account.person(Change::Create(role("theirs"))).unwrap();
    let before = but_service_linked(&account);
    let of = |prefix: &str| slim(json!({"NamePrefix": prefix}));
    let mut stack = Stack::named("a");
    stack.deploy(&account, of("v-")).unwrap();
    let old = stack.physical_id.clone().unwrap();
    let used = super::world::account().policy_arn("/", "v-LambdaBatchExecutionPolicy");
    let link = attachment("theirs", &used);
    account.person(Change::Create(link.clone())).unwrap();
    stack.deploy(&account, of("w-")).unwrap();
    let error = stack.delete_as(&account, &old, of("v-")).unwrap_err();
    assert!(error.contains("is still used by role `theirs`: "), "{error}");
    let mut tagged = of("w-");
    tagged["Tags"] = json!([{"Key": "cost", "Value": "7"}]);
    stack.deploy(&account, tagged).unwrap();
    stack.deploy(&account, of("w-")).unwrap();
    account.person(Change::Delete(link)).unwrap();
    stack.delete(&Telling::of_stacks(&account, "DELETE_IN_PROGRESS")).unwrap();
    assert_same(&but_service_linked(&account), &before);
}

/// I31
#[test]
fn a_member_who_may_have_been_renamed_is_taken_off_the_list_by_nobody_who_does_not_know_her() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, lithops(json!({"UserNames": ["alice", "bob"]}))).unwrap();
    account.rename(Kind::User, "alice", "alice.smith");
    let error = stack.deploy(&account, lithops(json!({"UserNames": ["bob"]}))).unwrap_err();
    assert!(
        error.contains("`alice` was named before and does not exist")
            && error.contains("`alice.smith`"),
        "{error}"
    );
    // The rollback, and an Update that goes on naming her, change nothing.
    stack.deploy(&account, lithops(json!({"UserNames": ["alice", "bob"]}))).unwrap();
    let group = "LithopsUserGroup".to_owned();
    let member = Resource::GroupMember { group, user: "alice.smith".to_owned() };
    by_hand(&account, &member.id());
    stack.deploy(&account, lithops(json!({"UserNames": ["bob"]}))).unwrap();
    stack.delete(&account).unwrap();
}

/// I30, I24
#[test]
fn the_delete_of_a_new_half_that_shares_with_others_leaves_the_old_half_to_its_stack() {
    let account = populated();
    let skypilot = edition("hardened", "skypilot", json!({"UserNames": ["alice"]}));
    let zappa = edition("hardened", "zappa", json!({"UserNames": ["bob"]}));
    let mut other = Stack::named("b");
    other.deploy(&account, zappa.clone()).unwrap();
    let mut stack = Stack::named("a");
    stack.deploy(&account, skypilot).unwrap();
    let before = but_service_linked(&account);
    stack.deploy(&account, zappa.clone()).unwrap();
    // Another resource failed: the replaced half is needed again, and the new half goes.
    let cleaning = Telling::of_stacks(&account, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS");
    let id = stack.physical_id.clone().unwrap();
    stack.delete_as(&cleaning, &id, zappa).unwrap();
    assert_same(&but_service_linked(&account), &before);
}

/// I17, I30
#[test]
fn a_clean_up_whose_properties_name_the_new_half_deletes_the_old_one_groups_and_members_too() {
    let of = |prefix: &str| {
        let parameters = json!({
            "NamePrefix": prefix, "UserNames": ["alice"], "AdministratorsGroup": "true",
        });
        edition("documented", "lithops", parameters)
    };
    for brought in ["v-", "w-"] {
        let (account, fresh) = (populated(), populated());
        let mut stack = Stack::named("a");
        stack.deploy(&account, of("v-")).unwrap();
        let old = stack.physical_id.clone().unwrap();
        stack.deploy(&account, of("w-")).unwrap();
        let cleaning = Telling::of_stacks(&account, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
        stack.delete_as(&cleaning, &old, of(brought)).unwrap();
        Stack::named("a").deploy(&fresh, of("w-")).unwrap();
        let ids = |account: &Fake| account.state().ids().cloned().collect::<Vec<_>>();
        assert_eq!(ids(&account), ids(&fresh), "{brought}");
    }
}

/// I31
#[test]
fn a_named_group_that_may_have_been_renamed_is_taken_off_the_list_by_nobody_who_does_not_know_it() {
    let account = populated();
    for name in ["first", "second"] {
        let (name, path) = (name.to_owned(), "/".to_owned());
        account.person(Change::Create(Object::unowned(Resource::Group { name, path }))).unwrap();
    }
    let of = |names: &[&str]| edition("hardened", "orchestra", json!({"GroupNames": names}));
    let holds = |account: &Fake| -> Vec<String> {
        let state = account.state();
        let links = state.ids().filter(|id| id.kind == Kind::GroupAttachment);
        links.map(|id| id.name.clone()).collect()
    };
    let mut stack = Stack::named("a");
    stack.deploy(&account, of(&["first", "second"])).unwrap();
    account.rename(Kind::Group, "first", "renamed");
    let error = stack.deploy(&account, of(&["second"])).unwrap_err();
    assert!(
        error.contains("group `first` was named before and does not exist")
            && error.contains("nobody named: `renamed`"),
        "{error}"
    );
    // An Update that goes on naming it changes nothing.
    stack.deploy(&account, of(&["first", "second"])).unwrap();
    assert_eq!(holds(&account), ["renamed", "second"]);
    let state = account.state();
    let link = state.ids().find(|id| id.kind == Kind::GroupAttachment && id.name == "renamed");
    by_hand(&account, link.unwrap());
    stack.deploy(&account, of(&["second"])).unwrap();
    assert_eq!(holds(&account), ["second"]);
    stack.delete(&account).unwrap();
}

/// I17, I30
#[test]
fn a_half_that_goes_takes_its_administrators_along_whichever_names_its_delete_brings() {
    let of = |prefix: &str| {
        let parameters = json!({
            "NamePrefix": prefix, "UserNames": ["alice"], "AdministratorsGroup": "true",
            "AdministratorNames": ["bob"],
        });
        edition("hardened", "lithops", parameters)
    };
    // With a rollback that notes itself, and without one.
    let cases = [(true, true), (true, false), (false, false)];
    for ((goes_back, is_noted), brought) in
        cases.into_iter().flat_map(|it| [(it, "v-"), (it, "w-")])
    {
        let (account, fresh) = (populated(), populated());
        let mut stack = Stack::named("a");
        stack.deploy(&account, of("v-")).unwrap();
        let old = stack.physical_id.clone().unwrap();
        stack.deploy(&account, of("w-")).unwrap();
        let new = stack.physical_id.clone().unwrap();
        let (goes, stays) = if goes_back { (&new, "v-") } else { (&old, "w-") };
        if is_noted {
            // The rollback: the same properties as before under the id that they had.
            stack.physical_id = Some(old.clone());
            let mut rollback = stack.request(Some(of("v-")));
            rollback.old_properties = of("w-").as_object().unwrap().clone();
            let status = "UPDATE_ROLLBACK_IN_PROGRESS";
            handle(&Telling::of_stacks(&account, status), &rollback).unwrap().unwrap();
        }
        let cleaning = Telling::of_stacks(&account, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS");
        stack.delete_as(&cleaning, goes, of(brought)).unwrap();
        Stack::named("a").deploy(&fresh, of(stays)).unwrap();
        let ids = |account: &Fake| account.state().ids().cloned().collect::<Vec<_>>();
        assert_eq!(ids(&account), ids(&fresh), "{goes_back} {is_noted} {brought}");
    }
}
