//! Random schedules of stacks and people, against a reference that is too simple to be wrong.
//!
//! The reference knows what belongs to other people and must stay, and what each stack was told
//! that it has. Everything else follows: whatever happens on the way, at the end, when all stacks
//! are deleted, the account holds what belongs to other people and nothing more.
//!
//! `SCHEDULES=10000` runs more of them, `SEED=7` others. The same seed gives the same schedules,
//! and a schedule that fails is made as short as it can be and printed: it belongs among the
//! regressions at the end of this file.
//!
//! # Assumptions
//!
//! IAM has no conditional writes and CloudFormation's requests carry no order, so some things
//! cannot be told apart by anybody and do not happen here: a delivery of a request that was
//! cancelled or is over does not run beside or after a later one of the same resource, and people
//! leave an object alone while a request of its owner is being served.

use std::collections::{BTreeMap, BTreeSet};

use ::world::cloudformation::{CloudFormation, Native, Running, StackStatus, Template};
use account_presets::cloud::fake::Fake;
use account_presets::state::{Id, Object, Owner, State};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use serde_json::Value;

use crate::function::{Function, runtime};
use crate::people::{Deed, People};
use crate::wanted::assert_present;
use crate::world::*;

const STACKS: [&str; 3] = ["a", "b", "c"];

/// One thing that happens. Numbers choose among what there is.
#[derive(Clone, Debug)]
enum Step {
    /// A stack is created, with a second resource that may fail.
    Create(usize, usize),
    Update(usize, usize),
    Delete(usize),
    /// The second resource fails, or an update is cancelled: everything goes back.
    Fail(usize),
    /// A request that is not answered yet is delivered once more.
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
    ]
}

struct Model<'a> {
    account: &'a Fake,
    function: &'a Function<'a>,
    properties: Vec<Value>,
    cfn: CloudFormation,
    running: Running<'a>,
    people: People<'a>,
    /// How many deliveries of a request died without an answer.
    died: BTreeMap<usize, usize>,
    /// Stacks of which CloudFormation itself has left something behind: a clean-up is not an
    /// operation that can be tried again.
    left_behind: BTreeSet<String>,
    /// Requests whose outcome was looked at.
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
                let waiting = self.waiting();
                if let Some(request) = pick(&waiting, *n) {
                    self.cfn.deliver_again(*request);
                }
            }
            Step::Go(which, turns) => {
                for _ in 0..*turns {
                    if !self.running.is_empty() {
                        self.running.step(&mut self.cfn, which % self.running.len());
                    }
                    self.look();
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
                if self.running.is_empty() {
                    self.people.act(*deed, *n, &self.properties);
                }
            }
        }
        self.running.begin(&mut self.cfn, self.function);
        self.look();
    }

    fn is_known(&self, stack: &str) -> bool {
        self.cfn.requests().iter().any(|request| request.stack() == stack)
    }

    fn status(&self, stack: &str) -> StackStatus {
        if self.is_known(stack) { self.cfn.status(stack) } else { StackStatus::DeleteComplete }
    }

    fn template(&self, n: usize, other: Native) -> Template {
        let properties = pick(&self.properties, n).unwrap().clone();
        Template::new().custom("Preset", properties).native("Other", other)
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
            self.stop(stack);
        } else if status == StackStatus::DeleteComplete || status.is_in_progress() {
            return;
        }
        self.cfn.delete_stack(stack);
    }

    fn fail(&mut self, stack: &str) {
        let status = self.status(stack);
        if status == StackStatus::CreateInProgress && self.cfn.is_waiting(stack, "Other") {
            self.stop(stack);
            self.cfn.finish(stack, "Other", false);
        } else if status == StackStatus::UpdateInProgress {
            self.stop(stack);
            self.cfn.cancel_update_stack(stack);
        }
    }

    /// Nothing of the stack's requests runs any more, or will.
    fn stop(&mut self, stack: &str) {
        self.forget(|cfn, request| cfn.requests()[request].stack() == stack);
    }

    /// Ends all deliveries of some requests for good.
    fn forget(&mut self, which: impl Fn(&CloudFormation, usize) -> bool) {
        while let Some(which) =
            self.running.requests().iter().position(|request| which(&self.cfn, *request))
        {
            self.kill(which);
        }
        for request in 0..self.cfn.requests().len() {
            if which(&self.cfn, request) {
                self.cfn.lose(request);
            }
        }
    }

    fn kill(&mut self, which: usize) {
        *self.died.entry(self.running.requests()[which]).or_default() += 1;
        self.running.kill(&mut self.cfn, which);
    }

    fn waiting(&self) -> Vec<usize> {
        (0..self.cfn.requests().len()).filter(|request| self.cfn.waits_for(*request)).collect()
    }

    /// Ends what runs, the first first.
    fn finish(&mut self) {
        self.running.begin(&mut self.cfn, self.function);
        while !self.running.is_empty() {
            self.running.step(&mut self.cfn, 0);
            self.look();
            self.running.begin(&mut self.cfn, self.function);
        }
    }

    fn wait(&mut self) {
        self.finish();
        if let Some(next) = self.cfn.next_instant() {
            self.cfn.advance_to(next);
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

    /// What is always so.
    fn look(&mut self) {
        self.forget(|cfn, request| {
            let stack = cfn.requests()[request].stack();
            cfn.requests().iter().skip(request + 1).any(|later| later.stack() == stack)
        });
        for stack in STACKS {
            if self.is_known(stack) && !self.cfn.left_behind(stack).is_empty() {
                self.left_behind.insert(self.cfn.stack_id(stack).to_owned());
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
            if kind != Some("Delete") && status == Some("SUCCESS") {
                assert_present(self.account, &event);
            }
        }
    }

    /// What is in the account, without what CloudFormation never asked to delete again.
    fn left(&self) -> State {
        let there = but_service_linked(self.account);
        let excused = |object: &Object| {
            let mut labels = object.owners.iter().map(Owner::label);
            labels.any(|label| self.left_behind.iter().any(|stack| label.starts_with(stack)))
        };
        let is_excused = |id: &Id| there.get(id).is_some_and(excused);
        let rest = there.iter().filter(|(id, _)| {
            !is_excused(id) && !id.parent().is_some_and(|parent| is_excused(&parent))
        });
        rest.map(|(_, object)| object.clone()).collect()
    }

    /// All stacks go, and with them everything that is theirs.
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
            assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
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
    let mut model = Model {
        account: &account,
        function: &function,
        properties: many_properties(),
        cfn: CloudFormation::new(),
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

fn number(variable: &str, default: u64) -> u64 {
    let given = std::env::var(variable).ok();
    given.map_or(default, |given| given.parse().unwrap_or_else(|_| panic!("{variable}={given}")))
}

/// Schedules that failed once.
#[test]
fn what_failed_once_does_not_fail_again() {
    use Step::*;
    for steps in [
        // CloudFormation gives a clean-up up while a person uses what it was to delete.
        vec![Create(0, 48), Settle, Person(Deed::UseOurs, 0), Update(0, 201)],
        // A Create that takes back what it made leaves the service-linked roles.
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
