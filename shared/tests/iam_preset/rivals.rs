//! Two deliveries at work at once, and drift of their objects.

use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Call, CallError, Cloud, Found};
use account_presets::plan::{Change, Scope};
use account_presets::state::{Id, Kind, Object, Owner, State};
use serde_json::{Value, json};
use std::cell::RefCell;

use super::world::*;

const POLICY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// An account that another principal changes with each moment that passes.
struct Busy<'a> {
    account: &'a Fake,
    /// The changes of each moment; the last ones first.
    moments: RefCell<Vec<Vec<Change>>>,
}

impl Cloud for Busy<'_> {
    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.account.find(me, scope).await
    }

    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.account.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        self.account.send(call).await
    }

    async fn wait(&self) {
        for change in self.moments.borrow_mut().pop().unwrap_or_default() {
            self.account.person(change).unwrap();
        }
    }
}

/// The objects that a Create makes.
fn made_by(properties: &Value) -> Vec<Object> {
    let account = populated();
    let before = account.state();
    Stack::named("a").deploy(&account, properties.clone()).unwrap();
    let state = account.state();
    state.iter().filter(|(id, _)| !before.contains(id)).map(|(_, it)| it.clone()).collect()
}

/// I26
#[test]
fn a_delete_waits_a_moment_for_others_who_let_go_of_what_is_shared() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, edition("hardened", "zappa", json!({}))).unwrap();
    let policy = format!("arn:aws:iam::{ACCOUNT}:policy/ZappaLambdaExecutionPolicy");
    let held = attachment("foreign", &policy);
    account.person(Change::Create(held.clone())).unwrap();
    for (moments, goes) in [
        (vec![], false),
        (vec![vec![Change::Delete(held.clone())]], true),
        (vec![vec![Change::Delete(held.clone())], vec![]], true),
    ] {
        let account = Fake::new(account.state());
        let busy = Busy { account: &account, moments: RefCell::new(moments) };
        let result = stack.clone().delete(&busy);
        assert_eq!(result.is_ok(), goes, "{result:?}");
        let rest = Fake::new(populated().state());
        if goes {
            assert_same(&but_service_linked(&account), &rest.state());
        }
    }
}

/// I6, I8
#[test]
fn a_delete_of_a_create_that_was_given_up_lasts_until_that_makes_nothing_more() {
    let properties = slim(json!({}));
    let roles: Vec<Change> = made_by(&properties)
        .into_iter()
        .filter(|object| object.resource.id().kind == Kind::Role)
        .map(Change::Create)
        .collect();
    // The Create makes one role at a time, sometimes after a moment without any.
    let moments: Vec<Vec<Change>> =
        roles.iter().flat_map(|role| [vec![role.clone()], vec![]]).collect();
    let account = populated();
    let before = account.state();
    let busy = Busy { account: &account, moments: RefCell::new(moments) };
    Stack::named("a").delete_as(&busy, "a-Preset-1A2B3C4D5E6F", properties).unwrap();
    assert_eq!(but_service_linked(&account), before);
    assert!(busy.moments.borrow().is_empty(), "it gave up too early");
}

/// I6, I8
#[test]
fn a_delete_whose_properties_say_nothing_takes_members_along_that_come_while_it_deletes() {
    /// An account in which a Create is still at work: it fills a group that is being deleted.
    struct Filling<'a>(&'a Fake, RefCell<Vec<Change>>);
    impl Cloud for Filling<'_> {
        async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
            self.0.find(me, scope).await
        }

        async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
            self.0.observe(scope).await
        }

        async fn send(&self, call: &Call) -> Result<(), CallError> {
            if matches!(call, Call::DeleteGroup { .. }) {
                let members = self.1.take();
                members.into_iter().for_each(|member| self.0.person(member).unwrap());
            }
            self.0.send(call).await
        }
    }
    let account = populated();
    let before = account.state();
    let create = Stack::named("a").request(Some(lithops(json!({"UserNames": ["alice"]}))));
    handle(&account, &create).unwrap().unwrap();
    let made = account.state();
    let members = made.iter().filter(|(id, _)| id.kind == Kind::GroupMember);
    let members: Vec<Object> = members.map(|(_, member)| member.clone()).collect();
    for member in &members {
        account.person(Change::Delete(member.clone())).unwrap();
    }
    let later: Vec<Change> = members.into_iter().map(Change::Create).collect();
    assert_eq!(later.len(), 1);
    let filling = Filling(&account, RefCell::new(later));
    let garbage = lithops(json!({"Nonsense": "1"}));
    Stack::named("a").delete_as(&filling, "a-Preset-1A2B3C4D5E6F", garbage).unwrap();
    assert!(filling.1.borrow().is_empty());
    assert_same(&but_service_linked(&account), &before);
}

/// T10
#[test]
fn a_delete_of_what_answered_does_not_wait() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let busy = Busy { account: &account, moments: RefCell::new(vec![vec![]]) };
    stack.delete(&busy).unwrap();
    assert_eq!(busy.moments.borrow().len(), 1);
}

/// I23, P22
#[test]
fn what_nobody_made_is_used_as_it_is_if_that_is_asked_for_and_stays() {
    let account = populated();
    let made = made_by(&lithops(json!({})));
    let role =
        made.iter().find(|object| object.resource.id() == Id::node(Kind::Role, "lithops-role"));
    account.person(Change::Create(Object::unowned(role.unwrap().resource.clone()))).unwrap();
    let before = but_service_linked(&account);
    let refused = Stack::named("a").deploy(&account, lithops(json!({}))).unwrap_err();
    assert!(refused.contains("`lithops-role`") && refused.contains("AdoptExisting"));
    assert_eq!(account.writes(), 0);

    let mut adopting = lithops(json!({}));
    adopting["AdoptExisting"] = json!("true");
    let mut stack = Stack::named("a");
    let data = stack.deploy(&account, adopting).unwrap().data;
    assert_eq!(data["ExecutionRoleArn"], "arn:aws:iam::123456789012:role/lithops-role");
    let id = Id::node(Kind::Role, "lithops-role");
    assert_eq!(account.state().get(&id), before.get(&id));
    stack.delete(&account).unwrap();
    assert_eq!(but_service_linked(&account), before);
}

/// I22, Threat 4
#[test]
fn what_another_stack_made_is_not_adopted() {
    let account = populated();
    Stack::named("a").deploy(&account, lithops(json!({}))).unwrap();
    let mut adopting = lithops(json!({}));
    adopting["AdoptExisting"] = json!(true);
    let refused = Stack::named("b").deploy(&account, adopting).unwrap_err();
    assert!(
        refused.contains("already, by stack `a` in eu-west-1 (resource `Preset`); "),
        "{refused}"
    );
}

fn on_foreign(choice: &str) -> Value {
    let mut properties = lithops(json!({}));
    properties["OnForeignAttachment"] = json!(choice);
    properties
}

/// A deployed preset with a foreign attachment on one of its roles.
fn with_foreign_attachment(choice: &str) -> (Fake, Stack, Id) {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, on_foreign(choice)).unwrap();
    let foreign = attachment("lithops-role", POLICY);
    account.person(Change::Create(foreign.clone())).unwrap();
    (account, stack, foreign.resource.id())
}

/// R19, Threat 13
#[test]
fn a_foreign_attachment_is_kept_or_detached_as_asked() {
    for (choice, stays) in [("Keep", true), ("Detach", false)] {
        let (account, mut stack, foreign) = with_foreign_attachment(choice);
        stack.deploy(&account, on_foreign(choice)).unwrap();
        assert_eq!(account.state().contains(&foreign), stays, "{choice}");
        stack.delete(&account).unwrap();
        assert_eq!(but_service_linked(&account), populated().state());
    }
}

/// R19, Threat 13
#[test]
fn a_foreign_attachment_fails_update_and_delete_if_that_is_asked_for() {
    let (account, mut stack, foreign) = with_foreign_attachment("Fail");
    let (before, writes) = (account.state(), account.writes());
    let refused = stack.deploy(&account, on_foreign("Fail")).unwrap_err();
    assert!(refused.contains("`ReadOnlyAccess`"), "{refused}");
    assert_eq!((account.state(), account.writes()), (before, writes));

    let refused = stack.delete(&account).unwrap_err();
    assert!(refused.contains("`lithops-role` is still used"), "{refused}");
    let left = account.state();
    assert!(left.contains(&foreign) && left.contains(&Id::node(Kind::Role, "lithops-role")));
    assert!(!left.contains(&Id::node(Kind::Role, "lithops-role-ec2")));
    account.person(Change::Delete(left.get(&foreign).unwrap().clone())).unwrap();
    stack.delete(&account).unwrap();
    assert_eq!(but_service_linked(&account), populated().state());
}
