//! Observe, plan, execute: the one path on which everything is made, changed and deleted.
//!
//! Must not know: which request asked, what a preset is.

use futures_util::StreamExt;
use tracing::{error, info};

use crate::cfn::Progress;
use crate::cloud::{Applied, CallError, Cloud};
use crate::plan::{Change, Plan, Scope, plan};
use crate::state::{Id, Object, Owner, State};

/// Changes in flight at most. Opening a connection costs as much as two waits for one, so more
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
        cloud.settle(&done).await;
        return Ok((observed, plan));
    }
    if on_failure == OnFailure::Undo && !done.is_empty() {
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

/// Carries out what does not depend on a change that failed. Returns what was done now, and
/// what failed.
async fn execute(
    cloud: &impl Cloud,
    plan: &Plan,
    progress: &Progress,
) -> (Vec<Change>, Vec<String>) {
    let mut done = Vec::new();
    let mut failed: Vec<Id> = Vec::new();
    let mut problems = Vec::new();
    for wave in plan.waves() {
        let ready: Vec<&Change> =
            wave.iter().filter(|change| !depends_on(change, &failed)).collect();
        progress.note(&format!("making {} of {} changes", ready.len(), plan.len()));
        // Siblings run to their end: a call that is dropped in flight leaves its effect unknown.
        let mut results = futures_util::stream::iter(ready)
            .map(|change| async move { (change, cloud.apply(change).await) })
            .buffer_unordered(IN_FLIGHT);
        while let Some((change, result)) = results.next().await {
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
    }
    problems.sort();
    (done, problems)
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
