//! Updates that were refused before their first write, and their rollbacks: nothing was given to
//! anybody, so nothing is taken.

use account_presets::cfn::Request;
use account_presets::cloud::fake::{Calls, Fake, Fault};
use account_presets::cloud::{Call, CallError, Cloud, Found};
use account_presets::plan::{Change, Scope};
use account_presets::state::{Id, Kind, Object, Owner, Resource, State};
use serde_json::{Value, json};

use super::world::*;

/// The Update from `old` to `new` is refused; CloudFormation sends it back.
fn refuse(cloud: &Telling<'_>, stack: &Stack, old: &Value, new: &Value) {
    let update = stack.request_sent(Some(new.clone()), 10);
    handle(cloud.account, &update).unwrap().unwrap_err();
    handle(cloud, &rollback(stack, old, new)).unwrap().unwrap();
}

fn rollback(stack: &Stack, old: &Value, new: &Value) -> Request {
    let mut rollback = stack.request_sent(Some(old.clone()), 12);
    rollback.old_properties = new.as_object().unwrap().clone();
    rollback
}

fn zappa(deployments: &[&str]) -> Value {
    edition("hardened", "zappa", json!({"Deployments": deployments}))
}

fn links(account: &Fake, holder: &str) -> usize {
    account.state().ids().filter(|id| id.name == holder && id.part.is_some()).count()
}

/// An account in which nothing that exists may be tagged.
struct Untaggable<'a>(&'a Fake);

impl Cloud for Untaggable<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.0.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        match call {
            Call::TagPolicy { .. } | Call::TagRole { .. } | Call::TagInstanceProfile { .. } => {
                let (target, code) = (call.id().to_string(), "AccessDenied".to_owned());
                let message = "not allowed".to_owned();
                Err(CallError { action: call.action().as_str(), target, code, message })
            }
            _ => self.0.send(call).await,
        }
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.0.find(me, scope).await
    }
}

/// Attaches this policy, without an owner, to each holder.
fn attach(account: &Fake, holders: &[Resource]) {
    for holder in holders {
        account.person(Change::Create(Object::unowned(holder.clone()))).unwrap();
    }
}

/// I19, I22
#[test]
fn the_role_of_another_stack_keeps_its_policies() {
    let account = populated();
    let rolling_back = Telling::rolling_back(&account);
    let mut others = Stack::named("y");
    others.deploy(&account, zappa(&["tr-z"])).unwrap();
    let mut stack = Stack::named("x");
    stack.deploy(&account, zappa(&["tr-x"])).unwrap();
    let before = account.state();
    assert!(links(&account, "tr-z-ZappaLambdaExecutionRole") > 0);
    for new in [zappa(&["tr-z"]), zappa(&["tr-x", "tr-z"])] {
        refuse(&rolling_back, &stack, &zappa(&["tr-x"]), &new);
        assert_same(&account.state(), &before);
    }
    stack.delete(&account).unwrap();
    others.delete(&account).unwrap();
    assert_same(&but_service_linked(&account), &populated().state());
}

/// I19, I22
#[test]
fn a_role_that_was_made_by_hand_keeps_what_it_was_given_by_hand() {
    let account = populated();
    let mut stack = Stack::named("x");
    stack.deploy(&account, zappa(&["tr-x"])).unwrap();
    let of_x = account.state().ids().find(|id| id.kind == Kind::RoleAttachment).cloned().unwrap();
    let name = "tr-z-ZappaLambdaExecutionRole".to_owned();
    account.person(Change::Create(role(&name))).unwrap();
    let policy_arn = of_x.part.unwrap();
    attach(&account, &[Resource::RoleAttachment { role: name, policy_arn }]);
    let before = account.state();
    let rolling_back = Telling::rolling_back(&account);
    refuse(&rolling_back, &stack, &zappa(&["tr-x"]), &zappa(&["tr-x", "tr-z"]));
    assert_same(&account.state(), &before);
}

/// I19, I22
#[test]
fn a_group_that_a_switch_would_have_made_keeps_what_it_was_given_by_hand() {
    let account = populated();
    let of = |kind: &str| {
        edition("hardened", "lithops", json!({"AccountKind": kind, "UserNames": ["alice"]}))
    };
    let mut stack = Stack::named("x");
    stack.deploy(&account, of("regular")).unwrap();
    // The group of the other kind of account is foreign, and has this provider's policies.
    let other = {
        let account = populated();
        Stack::named("other").deploy(&account, of("sso")).unwrap();
        account.state()
    };
    let state = account.state();
    let group = other.ids().find(|id| id.kind == Kind::Group && !state.contains(id)).unwrap();
    let Resource::Group { name, .. } = &other.get(group).unwrap().resource else { panic!() };
    let (name, path) = (name.clone(), "/".to_owned());
    attach(&account, &[Resource::Group { name, path }]);
    let is_given = |id: &&Id| id.kind == Kind::GroupAttachment && id.name == group.name;
    let is_ours = |id: &&Id| id.target().is_some_and(|policy| state.contains(&policy));
    let given = other.ids().filter(is_given).filter(is_ours);
    let given: Vec<Resource> = given.map(|id| other.get(id).unwrap().resource.clone()).collect();
    assert!(!given.is_empty());
    attach(&account, &given);
    let before = account.state();
    refuse(&Telling::rolling_back(&account), &stack, &of("regular"), &of("sso"));
    assert_same(&account.state(), &before);
}

/// I19, I22
#[test]
fn who_has_the_policy_by_hand_keeps_it_if_the_update_that_named_them_was_refused() {
    let account = populated();
    let of = |parameters: Value| edition("current", "orchestra", parameters);
    let old = of(json!({}));
    let mut stack = Stack::named("x");
    stack.deploy(&account, old.clone()).unwrap();
    let policy = account.state().iter().find_map(|(_, object)| match &object.resource {
        Resource::Policy(policy) => Some(policy.name.clone()),
        _ => None,
    });
    let policy_arn = format!("arn:aws:iam::{ACCOUNT}:policy/{}", policy.unwrap());
    let arn = || policy_arn.clone();
    let (name, path) = ("team".to_owned(), "/".to_owned());
    let group = name.clone();
    attach(
        &account,
        &[
            Resource::Group { name, path },
            Resource::RoleAttachment { role: "foreign".to_owned(), policy_arn: arn() },
            Resource::GroupAttachment { group, policy_arn: arn() },
            Resource::UserAttachment { user: "bob".into(), policy_arn: arn(), attached: true },
        ],
    );
    let before = account.state();
    let new = of(json!({
        "RoleNames": ["foreign"], "GroupNames": ["team"], "UserNames": ["bob", "nobody"],
    }));
    refuse(&Telling::rolling_back(&account), &stack, &old, &new);
    assert_same(&account.state(), &before);
}

/// I19
#[test]
fn a_rollback_of_nothing_succeeds_whatever_stands_in_its_way() {
    let of = |users: Value| edition("hardened", "slim", json!({"UserNames": users}));
    let old = of(json!(["alice"]));
    let mut tagged = old.clone();
    tagged["Tags"] = json!([{"Key": "cost", "Value": "7"}]);
    for new in [of(json!(["alice", "bob"])), tagged] {
        rolls_back_to_what_somebody_made_anew(&old, &new);
    }
}

fn rolls_back_to_what_somebody_made_anew(old: &Value, new: &Value) {
    let account = populated();
    let mut stack = Stack::named("x");
    stack.deploy(&account, old.clone()).unwrap();
    // A person made a role anew, so that it has no owner; not the one that carries the notes.
    let made = account.state();
    let is_plain = |(id, object): &(&Id, &Object)| {
        id.kind == Kind::Role
            && !object.shared
            && !object.owners.is_empty()
            && object.owners.iter().all(|owner| owner.mark.names.is_none())
    };
    let id = made.iter().find(is_plain).unwrap().0.clone();
    let hanging: Vec<Object> = made
        .iter()
        .filter(|(link, _)| link.parent().as_ref() == Some(&id))
        .map(|(_, object)| object.clone())
        .collect();
    for object in hanging.iter().cloned().chain([made.get(&id).unwrap().clone()]) {
        account.person(Change::Delete(object)).unwrap();
    }
    account.person(Change::Create(role(&id.name))).unwrap();
    let before = account.state();
    let update = stack.request_sent(Some(new.clone()), 10);
    handle(&account, &update).unwrap().unwrap_err();
    let back = rollback(&stack, old, new);
    handle(&Telling::rolling_back(&account), &back).unwrap().unwrap();
    assert_same(&account.state(), &before);
    // An Update that is no rollback names the conflict.
    let error = handle(&Telling::of_stacks(&account, "UPDATE_IN_PROGRESS"), &back).unwrap();
    assert!(error.unwrap_err().contains(&id.name));
}

/// I19
#[test]
fn an_update_that_cannot_note_its_choices_gives_and_takes_nothing() {
    let account = populated();
    let of = |users: Value| edition("hardened", "slim", json!({"UserNames": users}));
    let (old, new) = (of(json!(["alice", "bob"])), of(json!(["bob", "serverless"])));
    let mut stack = Stack::named("x");
    stack.deploy(&account, old.clone()).unwrap();
    let before = account.state();
    let update = stack.request_sent(Some(new.clone()), 10);
    handle(&Untaggable(&account), &update).unwrap().unwrap_err();
    assert_same(&account.state(), &before);
    handle(&Untaggable(&account), &rollback(&stack, &old, &new)).unwrap().unwrap();
    assert_same(&account.state(), &before);
}

/// I29
#[test]
fn whoever_carries_the_mark_loses_the_policy_though_no_request_names_them() {
    // `current` gives AWS's own policies besides, which no object of the stack leads to.
    for (name, goes) in
        [("hardened", false), ("hardened", true), ("current", false), ("current", true)]
    {
        let account = populated();
        let of = |users: Value| edition(name, "slim", json!({"UserNames": users}));
        let mut stack = Stack::named("x");
        stack.deploy(&account, of(json!(["alice"]))).unwrap();
        let before = account.state();
        // Attachments of an overtaken delivery to bob, and of a person to another user.
        let alices = before.iter().filter(|(id, _)| id.name == "alice" && id.part.is_some());
        let given: Vec<Object> = alices.map(|(_, object)| object.clone()).collect();
        assert!(!given.is_empty());
        for object in &given {
            let Resource::UserAttachment { policy_arn, .. } = &object.resource else { panic!() };
            let (user, policy_arn) = ("bob".to_owned(), policy_arn.clone());
            let resource = Resource::UserAttachment { user, policy_arn, attached: true };
            account.person(Change::Create(Object { resource, ..object.clone() })).unwrap();
        }
        let bobs = |state: &State| state.ids().any(|id| id.name == "bob" && id.part.is_some());
        assert!(bobs(&account.state()));
        if goes {
            stack.delete(&account).unwrap();
            assert_same(&but_service_linked(&account), &populated().state());
        } else {
            stack.deploy(&account, of(json!(["alice"]))).unwrap();
            assert_same(&account.state(), &before);
        }
    }
}

/// I19, R1
#[test]
fn a_rollback_that_dies_or_is_refused_at_any_write_takes_back_what_the_update_gave() {
    for (old, new) in [
        (
            edition("current", "orchestra", json!({})),
            edition(
                "current",
                "orchestra",
                json!({"RoleNames": ["foreign"], "UserNames": ["bob"]}),
            ),
        ),
        (
            edition("hardened", "lithops", json!({"UserNames": ["alice"]})),
            edition("hardened", "lithops", json!({"UserNames": ["bob"], "AccountKind": "sso"})),
        ),
        (slim(json!({"UserNames": ["alice"]})), slim(json!({"UserNames": ["bob"]}))),
    ] {
        for fault in [Fault::Dies, Fault::Refused] {
            let mut call = 1;
            loop {
                let account = populated();
                let mut stack = Stack::named("x");
                stack.deploy(&account, old.clone()).unwrap();
                let before = account.state();
                handle(&account, &stack.request_sent(Some(new.clone()), 10)).unwrap().unwrap();
                let back = rollback(&stack, &old, &new);
                let calls = Calls::new(&account).failing(call, fault);
                let _ = handle(&calls, &back);
                if !calls.failed() {
                    break;
                }
                // Lambda delivers it again, or the operator continues the rollback.
                let rolling_back = Telling::rolling_back(&account);
                handle(&rolling_back, &back).unwrap().unwrap();
                assert_same(&account.state(), &before);
                stack.delete(&account).unwrap();
                assert_same(&but_service_linked(&account), &populated().state());
                call += 1;
            }
            assert!(call > 5, "{call}");
        }
    }
}
