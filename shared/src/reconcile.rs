//! Observe, plan, execute: the one path on which everything is made, changed and deleted.
//!
//! Must not know: which request asked, what a preset is.

use std::collections::{BTreeSet, VecDeque};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::select;
use tracing::{error, info};

use crate::cfn::Progress;
use crate::cloud::{Applied, CallError, Cloud};
use crate::plan::{Change, Plan, Scope, plan};
use crate::state::{Id, Object, Owner, State};

/// Changes under way at most, each about other entities. Opening a connection costs as much as two waits for one, so more
/// gains nothing over a real distance.
const IN_FLIGHT: usize = 8;

/// What to do with what was made when something else failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Take it back: nothing was there before.
    Undo,
    /// Leave it: CloudFormation asks for the old state, or for the same again.
    Leave,
}

/// Brings the account to the desired state, as far as `me` owns it.
///
/// # Guarantees
///
/// Nothing is written before the whole plan exists. After a failure, a crash or a deadline the
/// same call, or one with another desired state, finds its way from whatever is there.
///
/// # Errors
///
/// Sentences for a person: what happened, to which object, what to do.
///
/// Returns what was observed and the plan that was carried out.
pub async fn reconcile(
    cloud: &impl Cloud,
    me: &Owner,
    scope: &Scope,
    desired: &State,
    on_failure: OnFailure,
    progress: &Progress,
) -> Result<(State, Plan), String> {
    progress.note("looking at what is in the account");
    let observed = cloud.observe(scope).await.map_err(|error| error.to_string())?;
    let plan = plan(me, scope, desired, &observed).map_err(|conflicts| conflicts.join("; "))?;
    info!(changes = plan.len(), plan = %plan, "plan");

    let (done, mut problems) = execute(cloud, &plan, progress).await;
    problems.extend(plan.blockers.iter().cloned());
    problems.extend(delete_if_last(cloud, me, scope, desired, &plan, progress).await);
    if problems.is_empty() {
        progress.note("waiting until IAM shows what was made");
        // It is made: that the time is over is no failure any more.
        select! {
            biased;
            () = cloud.settle(&done) => {}
            () = progress.until_stopped() => {}
        }
        return Ok((observed, plan));
    }
    // What has to stop is taken back by the Delete that follows.
    let undo = on_failure == OnFailure::Undo && progress.stopped().is_none();
    if undo && !done.is_empty() {
        let undo = Plan::of(done.into_iter().map(Change::inverse));
        info!(changes = undo.len(), plan = %undo, "undo");
        let (_, left) = execute(cloud, &undo, progress).await;
        problems.extend(left.into_iter().map(|problem| format!("could not be undone: {problem}")));
    }
    Err(problems.join("; "))
}

/// Looks again at what was shared with others and let go: if they let go at the same time, each
/// of us saw the other as an owner, and nobody else will delete it. Returns what failed.
async fn delete_if_last(
    cloud: &impl Cloud,
    me: &Owner,
    scope: &Scope,
    desired: &State,
    done: &Plan,
    progress: &Progress,
) -> Vec<String> {
    let released: Vec<Id> = done.released(me).collect();
    if released.is_empty() {
        return Vec::new();
    }
    progress.note("looking whether others use what was shared");
    let mut observed = match cloud.observe(scope).await {
        Ok(observed) => observed,
        Err(error) => return vec![error.to_string()],
    };
    let is_nobodys =
        |object: &&Object| released.contains(&object.resource.id()) && object.owners.is_empty();
    let left: Vec<Object> =
        observed.iter().map(|(_, object)| object).filter(is_nobodys).cloned().collect();
    if left.is_empty() {
        return Vec::new();
    }
    let mine = |object: Object| Object { owners: [me.clone()].into(), ..object };
    observed.extend(left.into_iter().map(mine));
    match plan(me, scope, desired, &observed) {
        Ok(plan) => {
            info!(changes = plan.len(), plan = %plan, "the last to let go");
            let (_, mut problems) = execute(cloud, &plan, progress).await;
            problems.extend(plan.blockers);
            problems
        }
        Err(conflicts) => conflicts,
    }
}

/// Carries out what does not depend on a change that failed, until the work has to stop. Returns
/// what was done now, and what failed or was not begun.
async fn execute(
    cloud: &impl Cloud,
    plan: &Plan,
    progress: &Progress,
) -> (Vec<Change>, Vec<String>) {
    let mut done = Vec::new();
    let mut failed: Vec<Id> = Vec::new();
    let mut problems = Vec::new();
    let mut not_begun = Vec::new();
    for wave in plan.waves() {
        let ready = wave.iter().filter(|change| !depends_on(change, &failed));
        let mut waiting: VecDeque<&Change> = ready.collect();
        if !waiting.is_empty() && progress.stopped().is_none() {
            progress.note(&format!("making {} of {} changes", waiting.len(), plan.len()));
        }
        let mut busy: BTreeSet<Id> = BTreeSet::new();
        let mut under_way = FuturesUnordered::new();
        loop {
            while progress.stopped().is_none()
                && under_way.len() < IN_FLIGHT
                && let Some(change) = take_free(&mut waiting, &busy)
            {
                busy.extend(entities(change));
                under_way.push(async move { (change, cloud.apply(change).await) });
            }
            // Siblings run to their end: a call that is dropped leaves its effect unknown.
            let Some((change, result)) = under_way.next().await else { break };
            for entity in entities(change) {
                busy.remove(&entity);
            }
            log(change, &result);
            match result {
                Ok(Applied::Now) => done.push(change.clone()),
                Ok(Applied::Before) => {}
                Err(error) => {
                    failed.push(change.id());
                    problems.push(error.to_string());
                }
            }
        }
        not_begun.extend(waiting);
    }
    problems.sort();
    problems.extend(progress.stopped().and_then(|why| left(&why, &not_begun)));
    (done, problems)
}

/// Takes the first change whose entities no change under way is about.
fn take_free<'a>(waiting: &mut VecDeque<&'a Change>, busy: &BTreeSet<Id>) -> Option<&'a Change> {
    let is_free = |change: &&Change| entities(change).all(|entity| !busy.contains(&entity));
    waiting.iter().position(is_free).and_then(|free| waiting.remove(free))
}

/// What IAM locks for a change: it refuses one of two changes of the same entity that meet
/// (`ConcurrentModification`). Of a link that is either end.
fn entities(change: &Change) -> impl Iterator<Item = Id> {
    let id = change.id();
    let ends = [id.parent(), id.target()].into_iter().flatten();
    let node = id.kind.is_node().then(|| id.clone());
    ends.chain(node)
}

/// What is left to do, in a sentence.
fn left(why: &str, not_begun: &[&Change]) -> Option<String> {
    const NAMED: usize = 5;
    let named: Vec<String> = not_begun.iter().take(NAMED).map(ToString::to_string).collect();
    let more = not_begun.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("not begun, as {why}: {}{more}", named.join(", ")))
}

fn depends_on(change: &Change, failed: &[Id]) -> bool {
    let id = change.id();
    let ends = |link: &Id| [link.parent(), link.target()];
    failed.iter().any(|failed| {
        ends(failed).contains(&Some(id.clone())) || ends(&id).contains(&Some(failed.clone()))
    })
}

fn log(change: &Change, result: &Result<Applied, CallError>) {
    match result {
        Ok(Applied::Now) => info!(change = %change, "changed"),
        Ok(Applied::Before) => info!(change = %change, "was done before"),
        Err(error) => error!(change = %change, error = %error, "failed"),
    }
}
