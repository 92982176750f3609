//! Observe, plan, execute: the one path on which everything is made, changed and deleted.
//!
//! Must not know: which request asked, what a preset is.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use tracing::{error, info};

use crate::cfn::Progress;
use crate::cloud::{Applied, CallError, Cloud};
use crate::plan::conflict::explain;
use crate::plan::{Change, Plan, Scope, plan};
use crate::state::{Id, Kind, Object, Owner, State};

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

/// So many plans at most for one request: what was decided is looked at again where others
/// decide at the same time.
const PASSES: usize = 4;

/// What is in the account of the scope.
///
/// # Errors
///
/// The call that failed.
pub async fn look(
    cloud: &impl Cloud,
    scope: &Scope,
    progress: &Progress,
) -> Result<State, String> {
    progress.note("looking at what is in the account");
    cloud.observe(scope).await.map_err(|error| error.to_string())
}

/// Carries out a plan that brings the account to the desired state, as far as `me` owns it.
///
/// # Guarantees
///
/// After a failure, a crash or a deadline the same request, or one with another desired state,
/// finds its way from whatever is there. What was shared with others is looked at again: who
/// joins may meet the last owner on the way out, and the last owner somebody who joins.
///
/// # Errors
///
/// Sentences for a person: what happened, to which object, what to do.
pub async fn carry_out(
    cloud: &impl Cloud,
    me: &Owner,
    scope: &Scope,
    desired: &State,
    plan: Plan,
    on_failure: OnFailure,
    progress: &Progress,
) -> Result<(), String> {
    let mut made = Vec::new();
    let mut plan = plan;
    let mut problems = Vec::new();
    for pass in 1..=PASSES {
        let (done, failures) = execute(cloud, &plan, progress).await;
        let again = must_look_again(me, desired, &plan, &done, &failures) && pass < PASSES;
        problems = sentences(&failures);
        problems.extend(plan.blockers.iter().cloned());
        problems.extend(give_back(cloud, me, scope, &done, progress).await);
        let released: Vec<Id> = plan.released(me).collect();
        made.extend(done);
        if !again {
            break;
        }
        match plan_again(cloud, me, scope, desired, &released, progress).await {
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
    if problems.is_empty() {
        progress.note("waiting until IAM shows what was made");
        cloud.settle(&made).await;
        return Ok(());
    }
    if on_failure == OnFailure::Undo && !made.is_empty() {
        problems.extend(undo(cloud, me, scope, desired, made, progress).await);
    }
    problems.dedup();
    Err(problems.join("; "))
}

/// True where somebody else may have decided at the same time: what was joined or let go, and
/// what was shared and is not as it was a moment ago.
fn must_look_again(
    me: &Owner,
    desired: &State,
    plan: &Plan,
    done: &[Change],
    failures: &[(Id, CallError)],
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
    let surprised = failures.iter().any(|(id, error)| {
        let overtaken =
            matches!(error.code.as_str(), "EntityAlreadyExists" | "NoSuchEntity" | "DeleteConflict");
        overtaken && (desired.is_empty() || ends(id).any(|end| is_shared(&end)))
    });
    surprised || plan.joins(me) || plan.released(me).next().is_some()
}

/// What is left to do, as things are now. What was let go and belongs to nobody is ours to
/// delete: if others let go at the same time, each saw the other as an owner.
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

/// Attaches again what was detached from a user while somebody else claimed it: the claim may
/// have come after we had looked. Returns what failed.
async fn give_back(
    cloud: &impl Cloud,
    me: &Owner,
    scope: &Scope,
    done: &[Change],
    progress: &Progress,
) -> Vec<String> {
    let is_detached = |change: &&Change| {
        matches!(change, Change::Delete(object)
            if object.resource.id().kind == Kind::UserAttachment && !object.is_claim())
    };
    let detached: BTreeSet<Id> = done.iter().filter(is_detached).map(Change::id).collect();
    if detached.is_empty() {
        return Vec::new();
    }
    progress.note("looking whether others gave the same policies");
    let users = detached.iter().filter_map(Id::parent);
    let of_them = Scope { ids: users.chain(detached.iter().cloned()).collect(), ..scope.clone() };
    let observed = match cloud.observe(&of_them).await {
        Ok(observed) => observed,
        Err(error) => return vec![error.to_string()],
    };
    let is_anothers = |object: &Object| {
        let others = object.owners.iter().any(|owner| owner != me && !scope.gone.contains(owner));
        object.is_claim() && others
    };
    let left = observed.iter().filter(|(id, object)| detached.contains(id) && is_anothers(object));
    let again = left.map(|(_, claimed)| Change::Update {
        before: claimed.clone(),
        after: claimed.attached(),
    });
    let again = Plan::of(again);
    if again.is_empty() {
        return Vec::new();
    }
    info!(changes = again.len(), plan = %again, "somebody else claimed it meanwhile");
    sentences(&execute(cloud, &again, progress).await.1)
}

/// Takes back what was made. What is shared is let go like any owner lets go: somebody may have
/// joined meanwhile.
async fn undo(
    cloud: &impl Cloud,
    me: &Owner,
    scope: &Scope,
    desired: &State,
    made: Vec<Change>,
    progress: &Progress,
) -> Vec<String> {
    let shared = |id: &Id| {
        let is_node = id.kind.has_tags();
        is_node && desired.get(id).is_some_and(|object| object.shared)
    };
    let hangs = |id: &Id| id.parent().is_some_and(|parent| shared(&parent));
    let (of_all, of_mine): (Vec<Change>, Vec<Change>) =
        made.into_iter().partition(|change| shared(&change.id()) || hangs(&change.id()));
    let ids: BTreeSet<Id> = of_all.iter().map(Change::id).filter(|id| shared(id)).collect();
    let of_shared = Scope { ids, ..scope.clone() };
    let mut back: Vec<Change> = of_mine.into_iter().map(Change::inverse).collect();
    let mut released = Vec::new();
    let mut left = Vec::new();
    for _ in 0..PASSES {
        if !of_shared.ids.is_empty() {
            let nothing = State::default();
            match plan_again(cloud, me, &of_shared, &nothing, &released, progress).await {
                Ok(plan) => back.extend(plan.changes().cloned()),
                Err(reasons) => left.extend(reasons),
            }
        }
        let plan = Plan::of(std::mem::take(&mut back));
        if plan.is_empty() {
            break;
        }
        info!(changes = plan.len(), plan = %plan, "undo");
        left.extend(sentences(&execute(cloud, &plan, progress).await.1));
        released = plan.released(me).collect();
        if released.is_empty() {
            break;
        }
    }
    left.into_iter().map(|problem| format!("could not be undone: {problem}")).collect()
}

/// A sentence for each failure; one that several calls had is said once.
fn sentences(failures: &[(Id, CallError)]) -> Vec<String> {
    let mut said: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (_, error) in failures {
        let CallError { action, target, code, message } = error;
        said.entry((action, code, message)).or_default().insert(target);
    }
    let sentence = |((action, code, message), targets): ((&str, &str, &str), BTreeSet<&str>)| {
        let targets: Vec<String> = targets.iter().map(|target| format!("`{target}`")).collect();
        format!("{action} {}: {code}: {message}", targets.join(", "))
    };
    said.into_iter().map(sentence).collect()
}

/// Carries out what does not depend on a change that failed. Returns what was done now, and
/// what failed.
async fn execute(
    cloud: &impl Cloud,
    plan: &Plan,
    progress: &Progress,
) -> (Vec<Change>, Vec<(Id, CallError)>) {
    let mut done = Vec::new();
    let mut failures: Vec<(Id, CallError)> = Vec::new();
    for wave in plan.waves() {
        let ready: Vec<&Change> =
            wave.iter().filter(|change| !depends_on(change, &failures)).collect();
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
                Err(error) => failures.push((change.id(), error)),
            }
        }
    }
    (done, failures)
}

fn depends_on(change: &Change, failures: &[(Id, CallError)]) -> bool {
    let id = change.id();
    let ends = |link: &Id| [link.parent(), link.target()];
    failures.iter().any(|(failed, _)| {
        *failed == id
            || ends(failed).contains(&Some(id.clone())) || ends(&id).contains(&Some(failed.clone()))
    })
}

fn log(change: &Change, result: &Result<Applied, CallError>) {
    match result {
        Ok(Applied::Now) => info!(change = %change, "changed"),
        Ok(Applied::Before) => info!(change = %change, "was done before"),
        Err(error) => error!(change = %change, error = %error, "failed"),
    }
}
