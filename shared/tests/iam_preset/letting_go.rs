//! Two stacks release their shared objects at the same time, and one of them dies on the way.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use account_presets::cfn::{Progress, Request};
use account_presets::cloud::fake::{Calls, Fake, Fault};
use account_presets::cloud::{Call, CallError, Cloud, Found};
use account_presets::plan::{Attachable, Change, Scope, plan};
use account_presets::reconcile::{OnFailure, Standing, Work, carry_out};
use account_presets::state::{Id, Kind, Mark, Owner, PolicyDocument, State};
use futures_util::FutureExt;
use serde_json::{Value, json};

use super::world::*;

/// An account in which another resource's request is served whole between the reads of this
/// process and its first write.
struct Beside<'a> {
    calls: Calls<'a>,
    account: &'a Fake,
    other: &'a Request,
    is_served: Cell<bool>,
}

impl Cloud for Beside<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.calls.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        if !self.is_served.replace(true) {
            handle(self.account, self.other).unwrap().unwrap();
        }
        self.calls.send(call).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.calls.find(me, scope).await
    }

    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        self.calls.role_arns().await
    }

    async fn attachable(&self) -> Result<Attachable, CallError> {
        self.calls.attachable().await
    }

    async fn documents(
        &self,
        policy_arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, PolicyDocument>, CallError> {
        self.calls.documents(policy_arns).await
    }
}

fn documented(preset: &str, parameters: Value) -> Value {
    edition("documented", preset, parameters)
}

/// Properties with which two stacks share objects, and the second has further ones of its own.
pub fn pairs() -> Vec<[Value; 2]> {
    let users = |preset: &str, edition: &str| {
        let mut of = super::world::edition(edition, preset, json!({"UserNames": ["alice"]}));
        if preset == "zappa" {
            of["Parameters"] = json!({"UserNames": ["alice"], "Deployments": ["tr-one"]});
        }
        of
    };
    let other = |mut properties: Value| {
        let parameters = properties["Parameters"].as_object_mut().unwrap();
        if parameters.contains_key("Deployments") {
            parameters.insert("Deployments".to_owned(), json!(["tr-two"]));
        } else {
            parameters.insert("NamePrefix".to_owned(), json!("two-"));
        }
        properties
    };
    let pair = |properties: Value| [properties.clone(), other(properties)];
    let skypilot = |role: &str| {
        let mut of = json!({"UserNames": ["alice"], "S3Access": "true", "RoleName": role});
        of["PolicyName"] = json!(format!("{role}-policy"));
        documented("skypilot", of)
    };
    vec![
        pair(users("slim", "documented")),
        pair(users("slim", "current")),
        [skypilot("skypilot-v1"), skypilot("skypilot-v2")],
        pair(users("zappa", "hardened")),
        pair(users("zappa", "documented")),
    ]
}

pub fn deployed(account: &Fake, [first, second]: &[Value; 2]) -> [Stack; 2] {
    let mut stacks = [Stack::named("x"), Stack::named("y")];
    for (stack, properties) in stacks.iter_mut().zip([first, second]) {
        stack.deploy(account, properties.clone()).unwrap();
    }
    stacks
}

/// The same without users.
pub fn without_users(stack: &Stack) -> Value {
    let mut properties = stack.properties.clone().unwrap();
    properties["Parameters"]["UserNames"] = json!([]);
    properties
}

/// I3, I36
#[test]
fn who_dies_while_both_let_go_leaves_a_mark_by_which_the_next_delivery_finds_the_rest() {
    for pair in pairs() {
        for (deletes, fault) in
            [(true, Fault::Dies), (true, Fault::Throttled), (false, Fault::Dies)]
        {
            let mut call = 0;
            loop {
                let account = populated();
                let mut stacks = deployed(&account, &pair);
                let wanted = |stack: &Stack| (!deletes).then(|| without_users(stack));
                let [first, second] =
                    [0, 1].map(|at: usize| stacks[at].request(wanted(&stacks[at])));
                let calls = Calls::new(&account).failing(call, fault);
                let (other, is_served) = (&first, Cell::new(false));
                let beside = Beside { calls, account: &account, other, is_served };
                let _ = handle(&beside, &second);
                let (failed, is_served) = (beside.calls.failed(), beside.is_served.get());
                if !is_served {
                    handle(&account, &first).unwrap().unwrap();
                }
                handle(&account, &second).unwrap().unwrap();
                if !deletes {
                    let alices = |id: &&Id| id.kind == Kind::UserAttachment && id.name == "alice";
                    let state = account.state();
                    let left: Vec<&Id> = state.ids().filter(alices).collect();
                    assert!(left.is_empty(), "{pair:?}, call {call}: {left:?}");
                    for stack in &mut stacks {
                        stack.properties = Some(without_users(stack));
                        stack.delete(&account).unwrap();
                    }
                }
                assert_same(&but_service_linked(&account), &populated().state());
                if !failed {
                    break;
                }
                call += 1;
            }
            assert!(call > 3, "{deletes} {fault:?} {pair:?}: {call}");
        }
    }
}

/// I36
#[test]
fn who_wants_it_again_after_having_begun_to_let_go_has_it_again() {
    for pair in pairs() {
        let mut call = 0;
        loop {
            let account = populated();
            let stacks = deployed(&account, &pair);
            let before = account.state();
            let update = stacks[1].request(Some(without_users(&stacks[1])));
            let calls = Calls::new(&account).failing(call, Fault::Dies);
            let _ = handle(&calls, &update);
            let mut rollback = stacks[1].request(stacks[1].properties.clone());
            rollback.old_properties = without_users(&stacks[1]).as_object().unwrap().clone();
            handle(&account, &rollback).unwrap().unwrap();
            assert_same(&account.state(), &before);
            let leaves = |owner: &Owner| owner.mark.leaves;
            assert!(!account.state().iter().any(|(_, it)| it.owners.iter().any(leaves)));
            if !calls.failed() {
                break;
            }
            call += 1;
        }
        assert!(call > 3);
    }
}

/// An account in which another resource's request is served whole before one of the writes.
struct Joined<'a> {
    calls: Calls<'a>,
    account: &'a Fake,
    other: &'a Request,
    /// The number of writes before it.
    after: Cell<usize>,
    is_served: Cell<bool>,
}

impl Cloud for Joined<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.calls.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        if self.after.get() == 0 && !self.is_served.replace(true) {
            handle(self.account, self.other).unwrap().unwrap();
        }
        self.after.set(self.after.get().saturating_sub(1));
        self.calls.send(call).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.calls.find(me, scope).await
    }
}

/// Lets the second of two stacks be made before one of the writes of the Delete of the first, which
/// dies at a call, or not. Returns the account when the Delete was served, and whether it met.
fn joined(pair: &[Value; 2], after: usize, dies_at: Option<usize>) -> (State, bool) {
    let account = populated();
    let mut first = Stack::named("x");
    first.deploy(&account, pair[0].clone()).unwrap();
    let create = Stack::named("y").request(Some(pair[1].clone()));
    let mut calls = Calls::new(&account);
    if let Some(call) = dies_at {
        calls = calls.failing(call, Fault::Dies);
    }
    let (after, is_served) = (Cell::new(after), Cell::new(false));
    let meets = Joined { calls, account: &account, other: &create, after, is_served };
    let deleted = handle(&meets, &first.request(None));
    let met = meets.is_served.get();
    match deleted {
        Some(answer) => drop(answer.unwrap()),
        None => drop(handle(&account, &first.request(None)).unwrap().unwrap()),
    }
    (but_service_linked(&account), met && dies_at.is_none_or(|_| meets.calls.failed()))
}

fn alone(properties: &Value) -> State {
    let account = populated();
    Stack::named("y").deploy(&account, properties.clone()).unwrap();
    but_service_linked(&account)
}

/// I36
#[test]
fn who_joins_while_the_only_owner_leaves_has_all_of_it() {
    for pair in pairs() {
        let expected = alone(&pair[1]);
        let mut after = 0;
        while let (left, true) = joined(&pair, after, None) {
            assert_same(&left, &expected);
            after += 1;
        }
        assert!(after > 4, "{pair:?}: {after}");
    }
}

/// I36
#[test]
fn who_leaves_and_dies_before_giving_back_what_another_joined_gives_it_back_when_it_comes_again() {
    for pair in pairs().into_iter().filter(|pair| pair[0]["Preset"] == "zappa") {
        let expected = alone(&pair[1]);
        let mut call = 1;
        while let (left, true) = joined(&pair, 0, Some(call)) {
            assert_same(&left, &expected);
            call += 1;
        }
        assert!(call > 4, "{pair:?}: {call}");
    }
}

/// I36
#[test]
fn a_shared_role_that_another_joins_while_the_only_owner_leaves_keeps_its_policies() {
    /// An account in which another owner joins the role before the first write.
    struct Joins<'a>(&'a Fake, Change, Cell<bool>);
    impl Cloud for Joins<'_> {
        async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
            self.0.observe(scope).await
        }

        async fn send(&self, call: &Call) -> Result<(), CallError> {
            if !self.2.replace(true) {
                self.0.person(self.1.clone()).unwrap();
            }
            self.0.send(call).await
        }
    }
    let owner = |stack: &str| {
        let mark = Mark { form: Some("form".to_owned()), ..Mark::default() };
        Owner::new(stack, "Preset").marked(mark)
    };
    let (me, other) = (owner("x"), owner("y"));
    let account = Fake::default();
    let mut mine = role("everybodys");
    mine.owners = [me.clone()].into();
    let policy = attachment("everybodys", "arn:aws:iam::aws:policy/ReadOnlyAccess");
    for object in [&mine, &policy] {
        account.person(Change::Create(object.clone())).unwrap();
    }
    let mut both = mine.clone();
    both.owners.insert(other.clone());
    let join = Change::Update { before: mine.clone(), after: both };
    let joins = Joins(&account, join, Cell::new(false));
    let scope = Scope { ids: [mine.resource.id()].into(), ..Scope::default() };
    let nothing = State::default();
    let leave = async {
        let observed = account.observe(&scope).await.unwrap();
        let plan = plan(&me, &scope, &nothing, &observed).unwrap();
        let standing = &Standing::none(&joins);
        let (me, scope, wait) = (&me, &scope, Duration::ZERO);
        let work = Work { me, scope, standing, wait, requester: &() };
        let progress = Progress::default();
        carry_out(&joins, &work, &nothing, plan, OnFailure::Leave, &progress).await
    };
    leave.now_or_never().unwrap().unwrap();
    mine.owners = [other].into();
    assert_same(&account.state(), &[mine, policy].into_iter().collect());
}

/// I36
#[test]
fn who_dies_while_it_lets_go_keeps_nobody_from_letting_go() {
    for pair in pairs() {
        let mut call = 0;
        loop {
            let account = populated();
            let [first, second] = deployed(&account, &pair);
            let calls = Calls::new(&account).failing(call, Fault::Dies);
            let _ = handle(&calls, &first.request(None));
            second.delete(&account).unwrap();
            first.delete(&account).unwrap();
            assert_same(&but_service_linked(&account), &populated().state());
            if !calls.failed() {
                break;
            }
            call += 1;
        }
        assert!(call > 3, "{pair:?}: {call}");
    }
}

/// I29, I36
#[test]
fn an_update_to_other_names_that_drops_a_user_and_dies_is_ended_by_its_next_delivery() {
    let of = |users: Value, deployment: &str| {
        edition("documented", "zappa", json!({"UserNames": users, "Deployments": [deployment]}))
    };
    let (one, two) = (of(json!(["alice", "bob"]), "tr-one"), of(json!(["bob"]), "tr-two"));
    let updated = |fault: Option<usize>| {
        let account = populated();
        let mut stack = Stack::named("x");
        stack.deploy(&account, one.clone()).unwrap();
        Stack::named("y").deploy(&account, of(json!(["alice"]), "tr-three")).unwrap();
        let update = stack.request(Some(two.clone()));
        let mut calls = Calls::new(&account);
        if let Some(call) = fault {
            calls = calls.failing(call, Fault::Dies);
        }
        let died = handle(&calls, &update).is_none();
        if died {
            handle(&account, &update).unwrap().unwrap();
        }
        (account.state(), died)
    };
    let (expected, _) = updated(None);
    let mut call = 0;
    while let (left, true) = updated(Some(call)) {
        assert_same(&left, &expected);
        call += 1;
    }
    assert!(call > 8, "{call}");
}
