//! Random schedules of stacks and people, against a reference that is too simple to be wrong.
//!
//! The reference knows people's objects, which must stay, and the objects that each stack was told
//! that it has. The rest follows: after any schedule, when all stacks are deleted, the account
//! holds people's objects and nothing more.
//!
//! `SCHEDULES=10000` runs more of them, `SEED=7` another series. The same seed gives the same
//! schedules, and a schedule that fails is made as short as it can be and printed: it belongs among
//! the regressions at the end of this file.
//!
//! Deliveries overlap and come twice or late, users and groups are renamed, names come in another
//! case, resources of one stack and of several are served at once, and releases come and go.
//!
//! # Assumptions
//!
//! - CloudFormation takes [`LATENCY`] from any event to the request that follows, and people take
//!   as long to decide.
//! - A call to AWS takes [`TURN`], or as long as other deliveries are at work meanwhile.
//! - IAM has no conditional writes, so changes between a look and a write cannot be told apart:
//!   people leave an object alone while a request of its owner is being served.
//! - A group has no tags, and its path does not say of which of a resource's lives it is: people
//!   rename none between a replacement and its clean-up.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ::world::cloudformation::{CloudFormation, Native, Running, StackStatus, Template};
use account_presets::cloud::fake::Fake;
use account_presets::state::{Id, Owner, State};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::function::{Function, runtime};
use super::people::{Deed, People};
use super::wanted::assert_present;
use super::world::*;

const STACKS: [&str; 3] = ["a", "b", "c"];

/// A call to AWS.
const TURN: Duration = Duration::from_millis(50);

/// The time after which CloudFormation and people go on.
const LATENCY: Duration = Duration::from_secs(2);

/// Releases of the provider.
const RELEASES: [&str; 2] = ["1.0.0", "2.0.0"];

/// One event. Numbers choose among the possible subjects.
#[derive(Clone, Debug)]
enum Step {
    /// A stack is created, with a second resource that may fail.
    Create(usize, usize),
    Update(usize, usize),
    Delete(usize),
    /// The second resource fails, or an update is cancelled: everything goes back.
    Fail(usize),
    /// A request is delivered once more, answered or not.
    Again(usize),
    /// An invocation goes on for some calls.
    Go(usize, usize),
    /// A process dies.
    Kill(usize),
    /// All invocations end, and time passes until something happens by itself.
    Wait,
    /// All operations end.
    Settle,
    Person(Deed, usize),
    /// Another release of the function is deployed.
    Deploy(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (stack, any) = (0..STACKS.len(), 0..1000usize);
    prop_oneof![
        4 => (stack.clone(), any.clone()).prop_map(|(stack, n)| Step::Create(stack, n)),
        3 => (stack.clone(), any.clone()).prop_map(|(stack, n)| Step::Update(stack, n)),
        2 => stack.clone().prop_map(Step::Delete),
        1 => stack.prop_map(Step::Fail),
        2 => any.clone().prop_map(Step::Again),
        8 => (any.clone(), 1..60usize).prop_map(|(which, turns)| Step::Go(which, turns)),
        1 => any.clone().prop_map(Step::Kill),
        1 => Just(Step::Wait),
        4 => Just(Step::Settle),
        6 => (Deed::any(), any).prop_map(|(deed, n)| Step::Person(deed, n)),
        1 => (0..RELEASES.len()).prop_map(Step::Deploy),
    ]
}

struct Model<'a> {
    runtime: &'a Runtime,
    account: &'a Fake,
    function: &'a Function<'a>,
    properties: Vec<Value>,
    cfn: CloudFormation,
    running: Running<'a>,
    people: People<'a>,
    /// How many deliveries of a request died without an answer.
    died: BTreeMap<usize, usize>,
    /// Resources that a template dropped, and of which CloudFormation left objects behind: no
    /// Delete of them will follow.
    left_behind: BTreeSet<Owner>,
    /// Requests with a checked outcome.
    checked: BTreeSet<usize>,
}

impl Model<'_> {
    fn happen(&mut self, step: &Step) {
        match step {
            Step::Create(stack, n) => self.create(STACKS[*stack], *n),
            Step::Update(stack, n) => self.update(STACKS[*stack], *n),
            Step::Delete(stack) => self.delete(STACKS[*stack]),
            Step::Fail(stack) => self.fail(STACKS[*stack]),
            Step::Again(n) => {
                if let Some(request) = n.checked_rem(self.cfn.requests().len()) {
                    self.cfn.deliver_again(request);
                }
            }
            Step::Go(which, turns) => {
                for _ in 0..*turns {
                    self.turn(*which);
                }
            }
            Step::Kill(which) => {
                if !self.running.is_empty() {
                    self.kill(which % self.running.len());
                }
            }
            Step::Wait => self.wait(),
            Step::Settle => self.settle(),
            Step::Person(deed, n) => {
                let is_at_rest = !STACKS.iter().any(|stack| self.status(stack).is_in_progress());
                let may = is_at_rest || !matches!(deed, Deed::Rename);
                if self.running.is_empty() && may {
                    self.people.act(*deed, *n, &self.properties);
                }
            }
            Step::Deploy(release) => self.function.deploy(RELEASES[*release]),
        }
        self.begin();
        self.look();
    }

    fn begin(&mut self) {
        self.function.hear(&self.cfn);
        let running = self.running.len();
        self.running.begin(&mut self.cfn, self.function);
        // A delivery that has come makes its first call at once.
        for which in (running..self.running.len()).rev() {
            self.running.step(&mut self.cfn, which);
        }
    }

    /// One call of one invocation, if there is any.
    fn turn(&mut self, which: usize) {
        if !self.running.is_empty() {
            self.running.step(&mut self.cfn, which % self.running.len());
        }
        self.look();
        self.pass(TURN);
    }

    fn pass(&mut self, time: Duration) {
        self.cfn.advance(time);
        self.account.pass(time);
        self.runtime.block_on(tokio::time::advance(time));
        self.begin();
    }

    /// People decide on their next action while running requests go on.
    fn decide(&mut self, which: usize) {
        for turn in 0..LATENCY.div_duration_f64(TURN) as usize {
            self.turn(which + turn / 7);
        }
    }

    fn is_known(&self, stack: &str) -> bool {
        self.cfn.requests().iter().any(|request| request.stack() == stack)
    }

    fn status(&self, stack: &str) -> StackStatus {
        if self.is_known(stack) { self.cfn.status(stack) } else { StackStatus::DeleteComplete }
    }

    fn template(&self, n: usize, other: Native) -> Template {
        let properties = |n| pick(&self.properties, n).unwrap().clone();
        let template = Template::new().custom("Preset", properties(n)).native("Other", other);
        // Two of one stack, at the same time.
        if n.is_multiple_of(3) { template.custom("Second", properties(n / 3)) } else { template }
    }

    fn create(&mut self, stack: &str, n: usize) {
        if self.status(stack) == StackStatus::DeleteComplete {
            self.cfn.create_stack(stack, self.template(n, Native::Waits));
        }
    }

    fn update(&mut self, stack: &str, n: usize) {
        if matches!(
            self.status(stack),
            StackStatus::CreateComplete
                | StackStatus::UpdateComplete
                | StackStatus::UpdateRollbackComplete
        ) {
            // The second resource changes each time.
            let other = if n.is_multiple_of(2) { Native::Waits } else { Native::Succeeds };
            self.cfn.update_stack(stack, self.template(n, other));
        }
    }

    fn delete(&mut self, stack: &str) {
        let status = self.status(stack);
        if status == StackStatus::CreateInProgress {
            self.decide(stack.len());
        }
        let status = self.status(stack);
        let may = !status.is_in_progress() || status == StackStatus::CreateInProgress;
        if may && status != StackStatus::DeleteComplete {
            self.cfn.delete_stack(stack);
        }
    }

    fn fail(&mut self, stack: &str) {
        if !self.status(stack).is_in_progress() {
            return;
        }
        self.decide(stack.len());
        let status = self.status(stack);
        if status == StackStatus::CreateInProgress && self.cfn.is_waiting(stack, "Other") {
            self.cfn.finish(stack, "Other", false);
        } else if status == StackStatus::UpdateInProgress {
            self.cfn.cancel_update_stack(stack);
        }
    }

    fn kill(&mut self, which: usize) {
        *self.died.entry(self.running.requests()[which]).or_default() += 1;
        self.running.kill(&mut self.cfn, which);
    }

    /// Ends the running requests, the first first.
    fn finish(&mut self) {
        self.begin();
        while !self.running.is_empty() {
            self.turn(0);
        }
    }

    fn wait(&mut self) {
        self.finish();
        if let Some(next) = self.cfn.next_instant() {
            self.pass(next.duration_since(self.cfn.now()).unwrap_or_default());
        }
    }

    fn settle(&mut self) {
        self.finish();
        loop {
            for stack in STACKS {
                if self.status(stack).is_in_progress() && self.cfn.is_waiting(stack, "Other") {
                    self.cfn.finish(stack, "Other", true);
                }
            }
            self.finish();
            if !STACKS.iter().any(|stack| self.status(stack).is_in_progress()) {
                return;
            }
            self.wait();
        }
    }

    /// The invariants.
    fn look(&mut self) {
        for stack in STACKS {
            if !self.is_known(stack) {
                continue;
            }
            for logical_id in ["Preset", "Second"] {
                let is_gone = self.cfn.physical_id(stack, logical_id).is_none();
                if is_gone && !self.cfn.left_behind(stack).is_empty() {
                    self.left_behind.insert(Owner::new(self.cfn.stack_id(stack), logical_id));
                }
            }
        }
        self.people.assert_untouched();
        self.cfn.assert_faithful();
        for (number, request) in self.cfn.requests().iter().enumerate() {
            if !request.counted || !self.checked.insert(number) {
                continue;
            }
            let event = request.event();
            let answer: Value = serde_json::from_slice(&request.answers[0]).unwrap();
            let (kind, status) = (event["RequestType"].as_str(), answer["Status"].as_str());
            let old_id = &event["PhysicalResourceId"];
            if kind == Some("Delete") || status == Some("FAILED") && kind == Some("Update") {
                assert_eq!(answer["PhysicalResourceId"], *old_id, "an id changed");
            }
            // Another delivery may be undoing its changes meanwhile.
            let is_alone = !self.running.requests().into_iter().any(|other| {
                let other = &self.cfn.requests()[other];
                (other.stack(), other.logical_id()) == (request.stack(), request.logical_id())
            });
            if kind != Some("Delete") && status == Some("SUCCESS") && is_alone {
                assert_present(self.account, &event);
            }
        }
    }

    /// The account's objects, without those that CloudFormation never asked to delete again.
    fn left(&self) -> State {
        let there = but_service_linked(self.account);
        let excused = |id: &Id| {
            let owners = there.get(id).map(|object| &object.owners);
            owners.into_iter().flatten().any(|owner| self.left_behind.contains(owner))
        };
        let ends = |id: &Id| [Some(id.clone()), id.parent(), id.target()].into_iter().flatten();
        let rest = there.iter().filter(|(id, _)| {
            self.people.theirs().contains(id) || !ends(id).any(|end| excused(&end))
        });
        rest.map(|(_, object)| object.clone()).collect()
    }

    /// All stacks go, and with them all their objects.
    fn end(&mut self) {
        self.settle();
        self.people.leave();
        for stack in STACKS {
            if self.status(stack) == StackStatus::UpdateRollbackFailed {
                self.cfn.continue_update_rollback(stack, &[]);
                self.settle();
            }
        }
        for stack in STACKS {
            self.delete(stack);
        }
        self.settle();
        // The deliveries that Lambda still holds come, too.
        while self.cfn.next_instant().is_some() {
            self.wait();
            self.finish();
        }
        for stack in STACKS {
            let status = self.status(stack);
            if status != StackStatus::DeleteComplete {
                panic!("{stack} is in {status}:\n  {}", self.cfn.events(stack).join("\n  "));
            }
        }
        assert_same(&self.left(), self.people.theirs());
        for (number, request) in self.cfn.requests().iter().enumerate() {
            let died = self.died.get(&number).copied().unwrap_or_default();
            assert_eq!(request.answers.len() + died, request.deliveries, "one answer each");
            let id = |answer: &Vec<u8>| {
                serde_json::from_slice::<Value>(answer).unwrap()["PhysicalResourceId"].clone()
            };
            let ids: Vec<Value> = request.answers.iter().map(id).collect();
            let is_create = request.event()["RequestType"] == "Create";
            assert!(!is_create || ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        }
    }
}

fn pick<T>(from: &[T], n: usize) -> Option<&T> {
    from.get(n.checked_rem(from.len())?)
}

fn run(steps: &[Step]) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let account = populated();
    let function = Function::in_turns(&account);
    let mut properties = many_properties();
    properties.extend(in_another_case());
    let mut model = Model {
        runtime: &runtime,
        account: &account,
        function: &function,
        properties,
        cfn: CloudFormation::new().with_latency(LATENCY),
        running: Running::new(),
        people: People::of(&account),
        died: BTreeMap::new(),
        left_behind: BTreeSet::new(),
        checked: BTreeSet::new(),
    };
    for step in steps {
        model.happen(step);
    }
    model.end();
}

/// Names in another case than the properties have.
fn in_another_case() -> Vec<Value> {
    vec![
        slim(json!({"UserNames": ["ALICE"]})),
        lithops(json!({"UserNames": ["Alice", "BOB"]})),
        edition("current", "skypilot", json!({"UserNames": ["aLiCe"]})),
        edition("hardened", "zappa", json!({"UserNames": ["Alice"], "SharedRole": "true"})),
    ]
}

fn number(variable: &str, default: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(default, |given| given.parse().unwrap_or_else(|_| panic!("{variable}={given}")))
}

/// Schedules that failed once.
#[test]
fn what_failed_once_does_not_fail_again() {
    use Step::*;
    for steps in [
        // A Create comes again while its Delete is served.
        vec![Create(0, 990), Wait, Create(2, 861), Wait, Delete(2), Fail(1), Again(20)],
        // A clean-up fails, and people are in the group that it could not delete.
        vec![Create(0, 287), Settle, Person(Deed::UseOurs, 0), Update(0, 13), Settle],
        // The rollback of a replacement that made nothing, with people in the old one's group.
        vec![Create(0, 287), Settle, Person(Deed::UseOurs, 0), Settle, Update(0, 306), Go(91, 43)],
        // A Create that is delivered again attaches to a user a policy that its Delete has just
        // detached.
        vec![Create(0, 460), Go(0, 13), Again(0), Go(125, 38)],
        vec![Create(0, 333), Go(0, 20), Again(272), Fail(0), Again(0)],
        vec![Create(0, 876), Settle, Person(Deed::UseOurs, 0), Update(0, 151)],
        // A group is renamed before the Delete of a Create that was given up.
        vec![Create(0, 523), Delete(0), Go(0, 14), Person(Deed::Rename, 154)],
        // People use a policy that a replacement is to delete.
        vec![Create(1, 91), Settle, Update(1, 583), Settle, Person(Deed::UseOurs, 0), Update(1, 7)],
        // CloudFormation gives a clean-up up while a person uses one of its objects.
        vec![Create(0, 48), Settle, Person(Deed::UseOurs, 0), Update(0, 201)],
        // A Create that undoes its changes leaves the service-linked roles.
        vec![
            Create(1, 9),
            Wait,
            Person(Deed::UseOurs, 0),
            Create(2, 487),
            Go(0, 1),
            Delete(1),
            Go(157, 5),
        ],
    ] {
        run(&steps);
    }
}

/// I2, I24, X16
#[test]
fn whatever_happens_the_account_is_in_the_end_what_other_people_made_of_it() {
    let (schedules, seed) = (number("SCHEDULES", 300), number("SEED", 1));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: u32::try_from(schedules).unwrap(),
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let schedule = prop::collection::vec(step(), 1..25);
    let ran = TestRunner::new_with_rng(config, rng).run(&schedule, |steps| {
        run(&steps);
        Ok(())
    });
    match ran {
        Ok(()) => println!("{schedules} schedules of seed {seed}"),
        Err(TestError::Fail(why, steps)) => panic!("{why}\nschedule: {steps:?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}
