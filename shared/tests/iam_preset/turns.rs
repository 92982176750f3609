//! Two stacks release their shared objects, call by call, and a write of one is carried out twice.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use account_presets::cfn::{Gate, Pass, Progress, Request, Success};
use account_presets::cloud::fake::{Calls, Fake, Fault};
use account_presets::cloud::{Call, CallError, Cloud, Found};
use account_presets::plan::Scope;
use account_presets::state::{Id, Kind, Owner, PolicyDocument, State};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use tokio::time::sleep;

use super::function::runtime;
use super::letting_go::{deployed, pairs, without_users};
use super::time::serve;
use super::world::*;

/// A request that is served call by call.
struct Serving<'a> {
    calls: &'a Calls<'a>,
    work: LocalBoxFuture<'a, Result<Success, String>>,
    answer: Option<Result<Success, String>>,
}

impl<'a> Serving<'a> {
    fn new(calls: &'a Calls<'a>, request: &'a Request, progress: &'a Progress) -> Self {
        Serving { calls, work: serve(calls, request, progress).boxed_local(), answer: None }
    }

    /// Lets it make this number of calls. False if it is done.
    fn goes_on_for(&mut self, calls: usize) -> bool {
        for _ in 0..calls {
            if self.answer.is_some() {
                return false;
            }
            self.calls.turn();
            self.answer = self.work.as_mut().now_or_never();
        }
        self.answer.is_none()
    }

    fn ends(mut self) {
        while self.goes_on_for(1) {}
        self.answer.unwrap().unwrap();
    }
}

/// The account when the first of two stacks leaves, and the second joins after some calls of
/// it, leaves after some more, and goes on to its end after the first one; and whether there were so
/// many calls.
fn comes_and_goes(pair: &[Value; 2], [joins, leaves, waits]: [usize; 3]) -> (State, bool) {
    let account = populated();
    let mut first = Stack::named("x");
    first.deploy(&account, pair[0].clone()).unwrap();
    let leave = first.request(None);
    let (calls, progress) = (Calls::new(&account).in_turns(), Progress::default());
    let mut leaving = Serving::new(&calls, &leave, &progress);
    let mut goes_on = leaving.goes_on_for(joins);
    let mut second = Stack::named("y");
    second.deploy(&account, pair[1].clone()).unwrap();
    goes_on = goes_on && leaving.goes_on_for(leaves);
    let leave = second.request(None);
    let (calls, progress) = (Calls::new(&account).in_turns(), Progress::default());
    let mut also_leaving = Serving::new(&calls, &leave, &progress);
    also_leaving.goes_on_for(waits);
    leaving.ends();
    also_leaving.ends();
    (but_service_linked(&account), goes_on)
}

/// I36
#[test]
fn who_joins_and_leaves_again_while_another_leaves_leaves_nothing() {
    let before = but_service_linked(&populated());
    for pair in pairs() {
        for (leaves, waits) in [(0, 99), (1, 99), (3, 99), (9, 99), (0, 5), (1, 9), (3, 7), (9, 6)]
        {
            let mut joins = 0;
            while let (left, true) = comes_and_goes(&pair, [joins, leaves, waits]) {
                assert_same(&left, &before);
                joins += 1;
            }
            assert!(joins > 4, "{pair:?}: {joins}");
        }
    }
}

/// Two stacks release in turns: the first makes `one` calls, then the second `two`, then the first
/// the rest. Each is deleted or loses its users. Returns whether the first had more calls.
fn let_go_in_turns(pair: &[Value; 2], deletes: [bool; 2], [one, two]: [usize; 2]) -> bool {
    let account = populated();
    let mut stacks = deployed(&account, pair);
    let wanted = [0, 1].map(|at: usize| (!deletes[at]).then(|| without_users(&stacks[at])));
    let requests = [0, 1].map(|at: usize| stacks[at].request(wanted[at].clone()));
    let calls = [0, 1].map(|_| Calls::new(&account).in_turns());
    let progress = <[Progress; 2]>::default();
    let serving = |at: usize| Serving::new(&calls[at], &requests[at], &progress[at]);
    let [mut first, mut second] = [serving(0), serving(1)];
    let goes_on = first.goes_on_for(one);
    second.goes_on_for(two);
    first.ends();
    second.ends();
    let state = account.state();
    let alices = |id: &&Id| id.kind == Kind::UserAttachment && id.name == "alice";
    let left: Vec<&Id> = state.ids().filter(alices).collect();
    assert!(left.is_empty(), "{pair:?}, {deletes:?}, after {one} and {two}: {left:?}");
    for (stack, wanted) in stacks.iter_mut().zip(wanted) {
        if wanted.is_some() {
            stack.properties = wanted;
            stack.delete(&account).unwrap();
        }
    }
    assert_same(&but_service_linked(&account), &populated().state());
    goes_on
}

/// I36
#[test]
fn two_that_let_go_in_turns_leave_nothing() {
    for pair in pairs() {
        for deletes in of_a_night(&[[true, true], [true, false]], &[[false, true]]) {
            for second in of_a_night(&[3, 12], &[1, 2, 4, 7, 20, 33, 99]) {
                let mut first = 0;
                while let_go_in_turns(&pair, deletes, [first, second]) {
                    first += if nightly() { 1 } else { 2 };
                }
                assert!(first > 4, "{pair:?}: {first}");
            }
        }
    }
}

/// The cases of every run, and those of a nightly run.
fn of_a_night<T: Copy>(always: &[T], in_a_night: &[T]) -> Vec<T> {
    let more = if nightly() { in_a_night } else { &[] };
    [always, more].concat()
}

fn nightly() -> bool {
    std::env::var_os("NIGHTLY").is_some()
}

/// I36
#[test]
fn who_wants_it_again_while_another_lets_go_has_it_again() {
    for pair in pairs() {
        let alone = {
            let account = populated();
            Stack::named("x").deploy(&account, pair[0].clone()).unwrap();
            but_service_linked(&account)
        };
        for call in of_a_night(&[3, 6, 9], &[1, 2, 4, 5, 12, 15]) {
            let mut waits = 0;
            loop {
                let account = populated();
                let [first, second] = deployed(&account, &pair);
                let update = first.request(Some(without_users(&first)));
                let _ = handle(&Calls::new(&account).failing(call, Fault::Dies), &update);
                let leave = second.request(None);
                let (calls, progress) = (Calls::new(&account).in_turns(), Progress::default());
                let mut leaving = Serving::new(&calls, &leave, &progress);
                let goes_on = leaving.goes_on_for(waits);
                let mut rollback = first.request(first.properties.clone());
                rollback.old_properties = without_users(&first).as_object().unwrap().clone();
                handle(&account, &rollback).unwrap().unwrap();
                leaving.ends();
                assert_same(&but_service_linked(&account), &alone);
                if !goes_on {
                    break;
                }
                waits += 1;
            }
            assert!(waits > 3, "{pair:?}: {waits}");
        }
    }
}

/// I36
#[test]
fn who_dies_after_another_has_let_go_finds_what_both_had() {
    for pair in pairs() {
        for first_calls in of_a_night(&[2, 5, 8], &[3, 4, 6, 7, 9, 10, 12]) {
            for second_calls in of_a_night(&[5, 8], &[2, 3, 4, 6, 7, 9, 12]) {
                let mut dies_at = second_calls;
                loop {
                    let account = populated();
                    let stacks = deployed(&account, &pair);
                    let requests = [0, 1].map(|at: usize| stacks[at].request(None));
                    let one = Calls::new(&account).in_turns();
                    let other = Calls::new(&account).failing(dies_at, Fault::Dies).in_turns();
                    let progress = <[Progress; 2]>::default();
                    let mut first = Serving::new(&one, &requests[0], &progress[0]);
                    let mut second = Serving::new(&other, &requests[1], &progress[1]);
                    first.goes_on_for(first_calls);
                    second.goes_on_for(second_calls);
                    first.ends();
                    while !other.is_dead() && second.goes_on_for(1) {}
                    handle(&account, &requests[1]).unwrap().unwrap();
                    assert_same(&but_service_linked(&account), &populated().state());
                    if !other.is_dead() {
                        break;
                    }
                    dies_at += 1;
                }
            }
        }
    }
}

/// An account that carries out one of the writes once more, at the very end: its reply was lost, and
/// the next attempt came first.
struct Again<'a> {
    account: &'a Fake,
    gate: &'a Gate,
    /// The number of writes before it.
    after: Cell<usize>,
    late: Cell<Option<(Call, Pass)>>,
}

impl Cloud for Again<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.account.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        if self.after.get() == 0 {
            self.late.set(self.gate.enter("iam:Write").map(|pass| (call.clone(), pass)));
        }
        self.after.set(self.after.get().wrapping_sub(1));
        self.account.send(call).await
    }

    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        self.account.role_arns().await
    }

    async fn documents(
        &self,
        policy_arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, PolicyDocument>, CallError> {
        Calls::new(self.account).documents(policy_arns).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.account.find(me, scope).await
    }
}

/// I37
#[test]
fn a_write_that_is_carried_out_once_more_at_the_end_leaves_nothing() {
    for pair in pairs() {
        for deletes in [true, false] {
            let left = |after: usize| {
                let account = populated();
                let [first, _] = deployed(&account, &pair);
                let request = first.request((!deletes).then(|| without_users(&first)));
                let gate = Gate::default();
                let progress = Progress::until(&gate, None);
                let (after, late) = (Cell::new(after), Cell::new(None));
                let again = Again { account: &account, gate: &gate, after, late };
                let was_late = runtime().block_on(async {
                    let lands = async {
                        sleep(Duration::from_secs(4)).await;
                        let (call, pass) = again.late.take()?;
                        // It may be too late for it.
                        let _ = account.send(&call).await;
                        drop(pass);
                        Some(())
                    };
                    let (answer, landed) = tokio::join!(serve(&again, &request, &progress), lands);
                    answer.unwrap();
                    landed.is_some()
                });
                (but_service_linked(&account), was_late)
            };
            let (expected, _) = left(usize::MAX);
            let mut after = 0;
            while let (left, true) = left(after) {
                assert_same(&left, &expected);
                after += 1;
            }
            assert!(after > 1, "{pair:?}: {after}");
        }
    }
}
