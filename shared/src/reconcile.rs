//! Observe, plan, execute: the one path on which all objects are made, changed and deleted.
//!
//! Must not know: which request asked, presets.

mod afterwards;
mod execute;
mod others;
mod sights;
mod standing;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use tokio::select;
use tracing::info;

use crate::cfn::Progress;
use crate::cloud::{CallError, Cloud};
use crate::plan::conflict::explain;
use crate::plan::{Change, Plan, Scope, plan};
use crate::state::{Id, Object, Owner, State};
use afterwards::{end_anew, give_way, landed, undo};
use execute::{Failure, execute, sentences};
use sights::Sights;
pub use standing::Standing;

/// Handling of the changes that were made when another one failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Take it back: nothing was there before.
    Undo,
    /// Leave it: CloudFormation asks for the old state, or for the same again.
    Leave,
}

/// Plans at most for one request: a decision on a shared object is planned again where another
/// process decides at the same time.
const PASSES: usize = 5;

/// Plans at most while a foreign use blocks a Delete.
const PATIENT_PASSES: usize = 3;

/// The owner, the scope and the conditions of the work.
#[derive(Debug)]
pub struct Work<'a> {
    /// The resource.
    pub me: &'a Owner,
    /// Where to look.
    pub scope: &'a Scope,
    /// Whether the request still counts.
    pub standing: &'a Standing,
    /// The longest wait for IAM to show new roles and instance profiles; zero for none.
    pub wait: Duration,
    /// The requester of the work.
    pub requester: &'a dyn Requester,
}

/// The requester's knowledge: the properties, and which of them to change where a call fails.
pub trait Requester: fmt::Debug + Sync {
    /// The sentence about a failed change of this object or link, besides AWS's words or instead of
    /// them.
    fn explain(&self, id: &Id, error: &CallError) -> Option<Said>;

    /// The state that a later request with these properties, as JSON, wanted; `None` if they cannot
    /// be read.
    fn wants(&self, properties: &str) -> Option<State> {
        let _ = properties;
        None
    }
}

/// A sentence about a failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// All that there is to say.
    Instead(String),
    /// The remedy, after AWS's words.
    Besides(String),
}

/// Why a plan was not carried out whole. Displays the faults for a person: sentence, object, remedy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    sentences: Vec<String>,
    /// Objects that IAM did not make because the account has one of the name.
    pub taken: BTreeSet<Id>,
}

impl From<Vec<String>> for Unfinished {
    fn from(sentences: Vec<String>) -> Self {
        Unfinished { sentences, taken: BTreeSet::new() }
    }
}

/// One fact after the other, each once: several steps may have met the same.
impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said: Vec<&str> = Vec::new();
        for sentence in &self.sentences {
            if !said.contains(&sentence.as_str()) {
                said.push(sentence);
            }
        }
        f.write_str(&said.join("; "))
    }
}

/// Nothing is known but AWS's words.
impl Requester for () {
    fn explain(&self, _: &Id, _: &CallError) -> Option<Said> {
        None
    }
}

/// Observes the scope in the account.
///
/// # Errors
///
/// The call that failed.
pub async fn look(cloud: &impl Cloud, scope: &Scope, progress: &Progress) -> Result<State, String> {
    progress.note("looking at what is in the account");
    cloud.observe(scope).await.map_err(|error| error.to_string())
}

/// Carries out a plan that brings the account to the desired state, as far as `me` owns it.
///
/// # Guarantees
///
/// After a failure, a crash or a deadline the same request, or one with another desired state,
/// reaches that state from any intermediate one. Shared objects are observed again: an owner that
/// joins may meet the last owner deleting the object, and the last owner one that joins.
///
/// # Errors
///
/// The faults of the last pass, and what could not be taken back.
pub async fn carry_out(
    cloud: &impl Cloud,
    work: &Work<'_>,
    desired: &State,
    plan: Plan,
    on_failure: OnFailure,
    progress: &Progress,
) -> Result<(), Unfinished> {
    let Work { me, scope, .. } = *work;
    let (mut made, mut undecided): (Vec<Change>, Vec<Change>) = Default::default();
    let mut plan = plan;
    let mut problems = Vec::new();
    let mut taken = BTreeSet::new();
    let mut sights = Sights::new(cloud, work.wait);
    for pass in 1..=PASSES {
        let (done, failures) = execute(cloud, work, &plan, &mut sights, progress).await;
        // Another owner of an object to delete may be about to leave, too.
        let may_end = desired.is_empty() && !plan.blockers.is_empty() && pass < PATIENT_PASSES;
        let again =
            pass < PASSES && (may_end || must_look_again(me, desired, &plan, &done, &failures));
        problems = sentences(&failures, work.requester);
        taken = failures.iter().filter_map(Failure::taken).collect();
        problems.extend(plan.blockers.iter().cloned());
        let released: Vec<Id> = plan.released(me).collect();
        undecided.extend(failures.iter().filter_map(Failure::undecided).cloned());
        undecided.retain(|change| !done.contains(change));
        made.extend(done);
        if !again {
            if plan.announces(me) && problems.is_empty() {
                problems.push("others decide about what is shared all the time; try again".into());
            }
            break;
        }
        if may_end {
            progress.note("waiting for others who use what goes");
            select! {
                biased;
                () = progress.until_stopped() => break,
                () = cloud.wait() => {}
            }
        }
        let next = plan_again(cloud, me, scope, desired, &released, progress);
        match sights.beside(next).await {
            Ok(next) if next.is_empty() => {
                problems.clear();
                break;
            }
            Ok(next) => plan = next,
            Err(reasons) => {
                problems.extend(reasons);
                break;
            }
        }
    }
    let mut has_waited = progress.stopped().is_some() && progress.until_writes_end().await;
    progress.ask_again().await;
    if !made.is_empty() || !undecided.is_empty() {
        // The last change may have taken long.
        sights.beside(work.standing.check(cloud, me, scope, progress)).await;
        problems.extend(progress.stopped().filter(|_| progress.is_superseded()));
    }
    if progress.end_own_part() {
        // Its last writes came after the other delivery had looked. By now other owners may have
        // the objects that it planned for.
        return sights.beside(end_anew(cloud, work, desired, progress)).await;
    }
    if problems.is_empty() && progress.stopped().is_none() {
        has_waited = progress.until_writes_end().await;
        if has_waited {
            // Meanwhile CloudFormation may have gone on.
            progress.ask_whether_wanted().await;
        }
        // An attempt that was given up, and made again, may have ended after the next call.
        if has_waited && progress.stopped().is_none() {
            sights.beside(end_anew(cloud, work, desired, progress)).await?;
        }
        problems.extend(progress.stopped().filter(|_| progress.is_superseded()));
    }
    if problems.is_empty() {
        progress.note("waiting until IAM shows what was made");
        // It is made: that the time is over is no failure any more.
        select! {
            biased;
            () = sights.all() => {}
            () = progress.until_stopped() => {}
        }
        return Ok(());
    }
    // Nobody waits for a look any more, and one that is under way would keep its place.
    drop(sights);
    if progress.is_superseded() {
        has_waited |= progress.until_writes_end().await;
        if has_waited {
            // Meanwhile CloudFormation may have gone on to something that it ended.
            progress.take_back();
            progress.ask_whether_wanted().await;
        }
        problems.extend(give_way(cloud, work, undecided, progress).await);
        return Err(Unfinished { sentences: problems, taken });
    }
    // The changes of stopped work are undone by the Delete that follows.
    if on_failure == OnFailure::Undo && progress.stopped().is_none() {
        progress.until_writes_end().await;
        made.extend(landed(cloud, work, undecided).await);
        if !made.is_empty() && progress.stopped().is_none() {
            problems.extend(undo(cloud, work, made, progress).await);
        }
    }
    Err(Unfinished { sentences: problems, taken })
}

/// True where another process may have decided at the same time: for objects that were joined or
/// released, and for shared ones that changed since the last look.
fn must_look_again(
    me: &Owner,
    desired: &State,
    plan: &Plan,
    done: &[Change],
    failures: &[Failure],
) -> bool {
    let is_shared = |id: &Id| {
        let wanted = desired.get(id).is_some_and(|object| object.shared);
        let had = |change: &Change| match change {
            Change::Update { before, .. } => before.owners.len() > 1,
            Change::Create(_) | Change::Delete(_) => false,
        };
        wanted || done.iter().any(|change| change.id() == *id && had(change))
    };
    let ends = |id: &Id| id.parent().into_iter().chain(id.target()).chain([id.clone()]);
    let is_deletion =
        |change: &Change| matches!(change, Change::Delete(_)) && change.id().kind.is_node();
    let surprised = failures.iter().any(|failure| {
        let (id, error) = match failure {
            // Whether the object is deleted is seen by another look.
            Failure::Call(change, error)
                if is_deletion(change) && error.code == CallError::NO_ANSWER =>
            {
                return true;
            }
            Failure::Call(change, error) | Failure::Unseen(change, error) => (change.id(), error),
            Failure::Joined(_) => return true,
            Failure::Stopped(_) => return false,
        };
        let overtaken = matches!(
            error.code.as_str(),
            "EntityAlreadyExists" | "NoSuchEntity" | "DeleteConflict"
        );
        overtaken && (desired.is_empty() || ends(&id).any(|end| is_shared(&end)))
    });
    // A link to a shared object that remains, because its call failed, keeps the mark there.
    let goes_on = plan.announces(me) && failures.is_empty();
    surprised || goes_on || plan.joins(me) || plan.released(me).next().is_some()
}

/// The remaining changes, by a new look. A released object without an owner is this resource's to
/// delete: two owners that release it at the same time have each seen the other.
async fn plan_again(
    cloud: &impl Cloud,
    me: &Owner,
    scope: &Scope,
    desired: &State,
    released: &[Id],
    progress: &Progress,
) -> Result<Plan, Vec<String>> {
    progress.note("looking whether others use what is shared");
    let mut observed = cloud.observe(scope).await.map_err(|error| vec![error.to_string()])?;
    scope.set_apart(me, &mut observed);
    let is_nobodys =
        |object: &&Object| released.contains(&object.resource.id()) && object.owners.is_empty();
    let left: Vec<Object> =
        observed.iter().map(|(_, object)| object).filter(is_nobodys).cloned().collect();
    let mine = |object: Object| Object { owners: [me.clone()].into(), ..object };
    observed.extend(left.into_iter().map(mine));
    let next = plan(me, scope, desired, &observed).map_err(|conflicts| explain(me, &conflicts))?;
    info!(changes = next.len(), plan = %next, "plan, once more");
    Ok(next)
}

#[cfg(test)]
mod tests {
    use super::Unfinished;

    #[test]
    fn a_fact_that_two_steps_met_is_said_once() {
        let problems = ["iam:A `r`: no", "policy `p` is still used", "iam:A `r`: no"];
        let unfinished = Unfinished::from(Vec::from(problems.map(str::to_owned)));
        assert_eq!(unfinished.to_string(), "iam:A `r`: no; policy `p` is still used");
    }
}
