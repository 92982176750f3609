//! One stack: its resources, and the progress of an operation on it.
//!
//! It hands out tasks and is told their results. It must not know the form of a request, the time,
//! or functions.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::status::{OnRollback, StackStatus};
use super::template::{Declared, Native, Of, Template};

/// The tries of a Delete in a clean-up before its object is left behind.
const CLEANUP_TRIES: usize = 3;

#[derive(Debug, Clone)]
pub(super) struct Stack {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) status: StackStatus,
    pub(super) resources: BTreeMap<String, Resource>,
    /// Physical ids that a clean-up could not delete.
    pub(super) left_behind: Vec<String>,
    /// The events of resources, latest last.
    pub(super) events: Vec<String>,
    /// The statuses of the stack and its resources since they were last taken.
    pub(super) written: Vec<Written>,
    on_rollback: OnRollback,
    before: BTreeMap<String, Resource>,
    target: Template,
    /// The resources that the operation has begun.
    begun: BTreeSet<String>,
    todo: Vec<Task>,
    running: Vec<(Task, Option<usize>)>,
    cleanup: Vec<Task>,
    failed: bool,
    /// The number of invented physical ids, where no Create was answered.
    invented: usize,
}

/// A resource as CloudFormation remembers it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resource {
    pub(super) declared: Declared,
    /// None where a Create was never answered well enough.
    pub(super) physical_id: Option<String>,
    pub(super) data: Map<String, Value>,
    complete: bool,
}

/// Something to do for one resource.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) logical_id: String,
    pub(super) action: Action,
    tries: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    Create,
    /// To the target, or back from it.
    Update {
        to: Declared,
    },
    /// The deleted resource need not be the stack's present one under the logical id.
    Delete {
        what: Resource,
    },
}

/// A status as `DescribeStackEvents` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// `None` for the stack itself.
    pub(super) logical_id: Option<String>,
    pub(super) physical_id: Option<String>,
    pub(super) status: String,
    /// It is written when the request is sent that it announces.
    pub(super) announces: bool,
}

/// The verdict on an answer, or on the lack of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) result: Result<Map<String, Value>, String>,
    pub(super) physical_id: Option<String>,
}

impl Action {
    fn verb(&self) -> &'static str {
        match self {
            Action::Create => "CREATE",
            Action::Update { .. } => "UPDATE",
            Action::Delete { .. } => "DELETE",
        }
    }
}

impl Stack {
    pub(super) fn create(
        id: String,
        name: &str,
        target: Template,
        on_rollback: OnRollback,
    ) -> Stack {
        let mut stack = Stack {
            id,
            name: name.to_owned(),
            status: StackStatus::CreateInProgress,
            resources: BTreeMap::new(),
            left_behind: Vec::new(),
            events: Vec::new(),
            written: Vec::new(),
            on_rollback,
            before: BTreeMap::new(),
            target: Template::new(),
            begun: BTreeSet::new(),
            todo: Vec::new(),
            running: Vec::new(),
            cleanup: Vec::new(),
            failed: false,
            invented: 0,
        };
        stack.go_to(StackStatus::CreateInProgress, target);
        stack
    }

    pub(super) fn update(&mut self, target: Template) {
        let may = matches!(
            self.status,
            StackStatus::CreateComplete
                | StackStatus::UpdateComplete
                | StackStatus::UpdateRollbackComplete
        );
        assert!(may, "a stack in {} cannot be updated", self.status);
        self.go_to(StackStatus::UpdateInProgress, target);
    }

    pub(super) fn delete(&mut self, retained: &[&str]) {
        let may = !self.status.is_in_progress() || self.status == StackStatus::CreateInProgress;
        assert!(may, "a stack in {} cannot be deleted", self.status);
        self.cancel();
        self.resources.retain(|logical_id, _| !retained.contains(&logical_id.as_str()));
        self.begin(StackStatus::DeleteInProgress, self.deletes(self.resources.keys().cloned()));
    }

    /// The operator gives an update up.
    pub(super) fn cancel_update(&mut self) {
        assert_eq!(self.status, StackStatus::UpdateInProgress, "there is no update to cancel");
        self.failed = true;
    }

    /// The operator has mended the cause of a failed rollback.
    pub(super) fn continue_rollback(&mut self, skipped: &[&str]) {
        assert_eq!(self.status, StackStatus::UpdateRollbackFailed, "no rollback has failed");
        for logical_id in skipped {
            self.begun.remove(*logical_id);
        }
        let todo = self.restores();
        self.begin(StackStatus::UpdateRollbackInProgress, todo);
    }

    fn go_to(&mut self, status: StackStatus, target: Template) {
        self.before = self.resources.clone();
        self.begun.clear();
        self.cleanup.clear();
        let todo = target.resources.iter().filter_map(|(logical_id, wanted)| {
            let action = match self.resources.get(logical_id) {
                None => Action::Create,
                Some(there) if there.declared == *wanted => return None,
                Some(_) => Action::Update { to: wanted.clone() },
            };
            Some(Task { logical_id: logical_id.clone(), action, tries: 0 })
        });
        let todo = todo.collect();
        self.target = target;
        self.begin(status, todo);
    }

    fn begin(&mut self, status: StackStatus, todo: Vec<Task>) {
        self.events.push(status.as_str().to_owned());
        self.write(None, status.as_str(), false);
        self.status = status;
        self.todo = todo;
        self.failed = false;
    }

    /// Gives up running operations, as CloudFormation does when another resource fails.
    fn cancel(&mut self) {
        self.todo.clear();
        for (task, _) in std::mem::take(&mut self.running) {
            self.events.push(format!("{}: cancelled", task.logical_id));
            self.write(Some(&task), &format!("{}_FAILED", task.action.verb()), false);
        }
    }

    fn write(&mut self, task: Option<&Task>, status: &str, announces: bool) {
        let of_it = |task: &Task| match &task.action {
            Action::Delete { what } => what.physical_id.clone(),
            Action::Create | Action::Update { .. } => {
                self.resources.get(&task.logical_id).and_then(|there| there.physical_id.clone())
            }
        };
        let physical_id = task.and_then(of_it);
        let (logical_id, status) = (task.map(|task| task.logical_id.clone()), status.to_owned());
        self.written.push(Written { logical_id, physical_id, status, announces });
    }

    /// Returns the next task for the outside; the operation goes on by itself until then.
    pub(super) fn next(&mut self) -> Option<Task> {
        loop {
            if self.failed && self.is_forward() {
                self.cancel();
            }
            let ready = self.todo.iter().position(|task| self.is_ready(task));
            let Some(ready) = ready else {
                if !self.todo.is_empty() || !self.running.is_empty() || !self.end_of_phase() {
                    return None;
                }
                continue;
            };
            let mut task = self.todo.remove(ready);
            let logical_id = task.logical_id.clone();
            self.write(Some(&task), &format!("{}_IN_PROGRESS", task.action.verb()), true);
            match &mut task.action {
                Action::Create => {
                    let declared = self.target.resources[&logical_id].clone();
                    let data = Map::new();
                    let made = Resource { declared, physical_id: None, data, complete: false };
                    self.resources.insert(logical_id.clone(), made);
                    self.begun.insert(logical_id);
                }
                Action::Update { .. } => drop(self.begun.insert(logical_id)),
                Action::Delete { what } => {
                    let custom = matches!(what.declared.of, Of::Custom { .. });
                    if custom && what.physical_id.is_none() {
                        self.invented += 1;
                        what.physical_id =
                            Some(format!("{}-{logical_id}-{:012X}", self.name, self.invented));
                        self.resources.insert(logical_id, what.clone());
                    }
                }
            }
            match self.native(&task) {
                None => return Some(task),
                Some(Native::Waits) => self.running.push((task, None)),
                Some(Native::Succeeds) => self.done(task, Verdict::success()),
                Some(Native::Fails) => self.done(task, Verdict::failure("it fails")),
            }
        }
    }

    /// Says which request asks for a task.
    pub(super) fn asked(&mut self, task: Task, request: usize) {
        self.running.push((task, Some(request)));
    }

    /// True while an answer to the request is waited for.
    pub(super) fn waits_for(&self, request: usize) -> bool {
        self.running.iter().any(|(_, asked)| *asked == Some(request))
    }

    /// The request has been answered, or given up.
    pub(super) fn answered(&mut self, request: usize, verdict: Verdict) {
        let is_it = |(_, asked): &(Task, Option<usize>)| *asked == Some(request);
        let Some(running) = self.running.iter().position(is_it) else { return };
        let (task, _) = self.running.remove(running);
        self.done(task, verdict);
    }

    /// True if a native resource waits for its end.
    pub(super) fn is_waiting(&self, logical_id: &str) -> bool {
        self.native_running(logical_id).is_some()
    }

    fn native_running(&self, logical_id: &str) -> Option<usize> {
        self.running
            .iter()
            .position(|(task, asked)| asked.is_none() && task.logical_id == logical_id)
    }

    /// A native resource that was waiting has ended.
    pub(super) fn finish(&mut self, logical_id: &str, verdict: Verdict) {
        let running = self.native_running(logical_id);
        let (task, _) = self.running.remove(running.expect("a native resource that waits"));
        self.done(task, verdict);
    }

    fn is_forward(&self) -> bool {
        matches!(self.status, StackStatus::CreateInProgress | StackStatus::UpdateInProgress)
    }

    fn is_cleanup(&self) -> bool {
        matches!(
            self.status,
            StackStatus::UpdateCompleteCleanupInProgress
                | StackStatus::UpdateRollbackCompleteCleanupInProgress
        )
    }

    /// A resource's dependencies are created before it, and deleted after it.
    fn is_ready(&self, task: &Task) -> bool {
        let unfinished = |other: &str| {
            let running = self.running.iter().map(|(task, _)| task);
            self.todo.iter().chain(running).any(|task| task.logical_id == other)
        };
        match &task.action {
            Action::Create | Action::Update { .. } if self.is_forward() => {
                let wanted = &self.target.resources[&task.logical_id];
                !wanted.depends_on.iter().any(|other| unfinished(other))
            }
            Action::Delete { .. } if !self.is_cleanup() => {
                let needs = |there: &Resource| there.declared.depends_on.contains(&task.logical_id);
                let mut there = self.resources.iter();
                !there.any(|(other, there)| needs(there) && unfinished(other))
            }
            Action::Create | Action::Update { .. } | Action::Delete { .. } => true,
        }
    }

    /// The result of a task of CloudFormation's own. An existing resource can always be restored
    /// and deleted.
    fn native(&self, task: &Task) -> Option<Native> {
        let declared = match &task.action {
            Action::Create => &self.target.resources[&task.logical_id],
            Action::Update { to } => to,
            Action::Delete { what } => &what.declared,
        };
        match declared.of {
            Of::Custom { .. } => None,
            Of::Native(native) if self.is_forward() => Some(native),
            Of::Native(_) => Some(Native::Succeeds),
        }
    }

    fn done(&mut self, mut task: Task, verdict: Verdict) {
        let (logical_id, did) = (&task.logical_id, task.action.verb());
        let (status, event) = match &verdict.result {
            Ok(_) => (format!("{did}_COMPLETE"), format!("{logical_id}: {did}_COMPLETE")),
            Err(reason) => {
                (format!("{did}_FAILED"), format!("{logical_id}: {did}_FAILED: {reason}"))
            }
        };
        self.events.push(event);
        self.write(Some(&task), &status, false);
        match (&task.action, verdict.result) {
            (Action::Delete { what }, Ok(_)) => self.forget(&task.logical_id, what),
            (Action::Delete { what }, Err(_)) if self.is_cleanup() => {
                task.tries += 1;
                if task.tries < CLEANUP_TRIES {
                    self.todo.push(task);
                } else {
                    self.left_behind.extend(what.physical_id.clone());
                    self.forget(&task.logical_id, what);
                }
            }
            (Action::Delete { .. }, Err(_)) => self.failed = true,
            (Action::Create | Action::Update { .. }, result) => {
                self.failed |= result.is_err();
                let to = match &task.action {
                    Action::Update { to } => Some(to.clone()),
                    Action::Create | Action::Delete { .. } => None,
                };
                self.settle(&task.logical_id, to, verdict.physical_id, result);
            }
        }
    }

    /// A deleted resource may have been replaced before, and is not the present one then.
    fn forget(&mut self, logical_id: &str, what: &Resource) {
        if self.resources.get(logical_id).is_some_and(|it| it.physical_id == what.physical_id) {
            self.resources.remove(logical_id);
        }
    }

    /// Remembers the result of a Create or an Update.
    fn settle(
        &mut self,
        logical_id: &str,
        to: Option<Declared>,
        physical_id: Option<String>,
        result: Result<Map<String, Value>, String>,
    ) {
        let there = self.resources.get_mut(logical_id).expect("what was begun is there");
        let was = there.clone();
        if physical_id.is_some() {
            there.physical_id = physical_id;
        }
        let Ok(data) = result else { return };
        there.data = data;
        there.complete = true;
        there.declared = to.unwrap_or(was.declared.clone());
        if was.physical_id.is_some() && there.physical_id != was.physical_id {
            self.replaced(logical_id, was);
        }
        if self.status == StackStatus::UpdateRollbackInProgress {
            self.begun.remove(logical_id);
        }
    }

    fn replaced(&mut self, logical_id: &str, old: Resource) {
        if !old.declared.retain_replaced {
            let action = Action::Delete { what: old };
            self.cleanup.push(Task { logical_id: logical_id.to_owned(), action, tries: 0 });
        }
    }

    /// Goes on to the next phase; false if there is none.
    fn end_of_phase(&mut self) -> bool {
        use StackStatus as S;
        let (next, todo) = match (self.status, self.failed) {
            (S::CreateInProgress, false) => (S::CreateComplete, Vec::new()),
            (S::CreateInProgress, true) => {
                (S::RollbackInProgress, self.deletes(self.begun.iter().cloned()))
            }
            (S::RollbackInProgress, false) => (S::RollbackComplete, Vec::new()),
            (S::RollbackInProgress, true) => (S::RollbackFailed, Vec::new()),
            (S::UpdateInProgress, false) => {
                let gone = self.before.keys().filter(|id| !self.target.resources.contains_key(*id));
                self.cleanup.extend(self.deletes(gone.cloned()));
                (S::UpdateCompleteCleanupInProgress, std::mem::take(&mut self.cleanup))
            }
            (S::UpdateInProgress, true) => {
                // A resource that was to be deleted is needed again.
                self.cleanup.clear();
                (S::UpdateRollbackInProgress, self.restores())
            }
            (S::UpdateRollbackInProgress, false) => {
                let new = self.begun.iter().filter(|id| !self.before.contains_key(*id));
                self.cleanup.extend(self.deletes(new.cloned()));
                (S::UpdateRollbackCompleteCleanupInProgress, std::mem::take(&mut self.cleanup))
            }
            (S::UpdateRollbackInProgress, true) => (S::UpdateRollbackFailed, Vec::new()),
            (S::UpdateCompleteCleanupInProgress, _) => (S::UpdateComplete, Vec::new()),
            (S::UpdateRollbackCompleteCleanupInProgress, _) => {
                (S::UpdateRollbackComplete, Vec::new())
            }
            (S::DeleteInProgress, false) => (S::DeleteComplete, Vec::new()),
            (S::DeleteInProgress, true) => (S::DeleteFailed, Vec::new()),
            (
                S::CreateComplete
                | S::RollbackComplete
                | S::RollbackFailed
                | S::UpdateComplete
                | S::UpdateRollbackComplete
                | S::UpdateRollbackFailed
                | S::DeleteComplete
                | S::DeleteFailed,
                _,
            ) => return false,
        };
        self.begin(next, todo);
        true
    }

    /// Deletes of the stack's resources. A retained one is forgotten, unless it was never finished.
    fn deletes(&self, logical_ids: impl Iterator<Item = String>) -> Vec<Task> {
        let task = |logical_id: String| {
            let what = self.resources.get(&logical_id)?.clone();
            let kept = what.declared.retain && what.complete;
            let action = Action::Delete { what };
            (!kept).then_some(Task { logical_id, action, tries: 0 })
        };
        logical_ids.filter_map(task).collect()
    }

    /// The way back for everything that an update has begun with.
    fn restores(&mut self) -> Vec<Task> {
        let mut tasks = Vec::new();
        for logical_id in self.begun.clone() {
            let Some(before) = self.before.get(&logical_id).cloned() else { continue };
            let there = self.resources.get(&logical_id).expect("what was begun is there").clone();
            let replaced = there.physical_id != before.physical_id;
            if replaced && self.on_rollback == OnRollback::Deletes {
                self.resources.insert(logical_id.clone(), before);
                self.replaced(&logical_id, there);
                self.begun.remove(&logical_id);
            } else {
                let action = Action::Update { to: before.declared };
                tasks.push(Task { logical_id, action, tries: 0 });
            }
        }
        tasks
    }

    /// The properties that an Update comes from: those that the function was told last.
    pub(super) fn told_last(&self, logical_id: &str) -> Map<String, Value> {
        if self.is_forward() {
            self.resources[logical_id].declared.properties()
        } else {
            self.target.resources[logical_id].properties()
        }
    }
}

impl Verdict {
    pub(super) fn success() -> Verdict {
        Verdict { result: Ok(Map::new()), physical_id: None }
    }

    pub(super) fn failure(reason: &str) -> Verdict {
        Verdict { result: Err(reason.to_owned()), physical_id: None }
    }
}
