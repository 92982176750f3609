//! Observe, plan, execute: the one path on which everything is made, changed and deleted.
//!
//! Must not know: which request asked, what a preset is.

mod execute;
mod sights;
mod standing;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use tokio::select;
use tracing::{info, warn};

use crate::cfn::Progress;
use crate::cloud::{CallError, Cloud};
use crate::plan::conflict::explain;
use crate::plan::{Change, Plan, Scope, plan};
use crate::state::{Id, Kind, Object, Owner, State};
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
    /// Whoever requested the work.
    pub requester: &'a dyn Requester,
}

/// What is known to whoever requested the work: the properties, and which of them to change where
/// a call fails.
pub trait Requester: fmt::Debug + Sync {
    /// The sentence about a failed change of this object or link, besides AWS's words or instead of
    /// them.
    fn explain(&self, id: &Id, error: &CallError) -> Option<Said>;

    /// What a later request with these properties, as JSON, wanted; `None` if they cannot be read.
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
/// Sentences for a person: the fault, its object, the remedy.
pub async fn carry_out(
    cloud: &impl Cloud,
    work: &Work<'_>,
    desired: &State,
    plan: Plan,
    on_failure: OnFailure,
    progress: &Progress,
) -> Result<(), String> {
    let Work { me, scope, .. } = *work;
    let (mut made, mut undecided): (Vec<Change>, Vec<Change>) = Default::default();
    let mut plan = plan;
    let mut problems = Vec::new();
    let mut sights = Sights::new(cloud, work.wait);
    for pass in 1..=PASSES {
        let (done, failures) = execute(cloud, work, &plan, &mut sights, progress).await;
        // Who shares what goes may be about to go, too.
        let may_end = desired.is_empty() && !plan.blockers.is_empty() && pass < PATIENT_PASSES;
        let again =
            pass < PASSES && (may_end || must_look_again(me, desired, &plan, &done, &failures));
        problems = sentences(&failures, work.requester);
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
    let mut has_waited = progress.stopped().is_some() && progress.until_writes_end().await;
    progress.ask_again().await;
    if !made.is_empty() || !undecided.is_empty() {
        // The last change may have taken long.
        work.standing.check(cloud, me, scope, progress).await;
        problems.extend(progress.stopped().filter(|_| progress.is_superseded()));
    }
    if progress.end_own_part() {
        // What it wrote last came after the other delivery had looked. By now other owners may
        // have what it planned for.
        return end_anew(cloud, work, desired, progress).await;
    }
    if problems.is_empty() && progress.stopped().is_none() {
        has_waited = progress.until_writes_end().await;
        // An attempt that was given up, and made again, may have ended after what came next.
        if has_waited && progress.stopped().is_none() {
            end_anew(cloud, work, desired, progress).await?;
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
    if progress.is_superseded() {
        if has_waited {
            // Meanwhile CloudFormation may have gone on to something that it ended.
            progress.take_back();
            progress.ask_whether_wanted().await;
        }
        // What was made since the last good look may have come after the successor had looked.
        progress.take_back();
        let quiet = Standing::none(cloud);
        let (wait, requester) = (Duration::ZERO, work.requester);
        let undisturbed = Work { me, scope, standing: &quiet, wait, requester };
        let mut late = work.standing.since_the_last_look();
        late.extend(landed(cloud, work, undecided).await);
        let successor = progress.successor().and_then(|properties| requester.wants(&properties));
        let late = match successor {
            Some(desired) => forwards(cloud, work, &desired, late).await,
            None => backwards(cloud, work, late).await,
        };
        info!(changes = late.len(), plan = %late, "taken back");
        problems.extend(sentences(
            &execute(cloud, &undisturbed, &late, &mut Sights::new(cloud, Duration::ZERO), progress)
                .await
                .1,
            requester,
        ));
        return Err(said_once(problems));
    }
    // What has to stop is taken back by the Delete that follows.
    if on_failure == OnFailure::Undo && progress.stopped().is_none() {
        progress.until_writes_end().await;
        made.extend(landed(cloud, work, undecided).await);
        if !made.is_empty() && progress.stopped().is_none() {
            problems.extend(undo(cloud, work, made, progress).await);
        }
    }
    Err(said_once(problems))
}

/// Plans what is left by a new look, and carries it out at once.
async fn end_anew(
    cloud: &impl Cloud,
    work: &Work<'_>,
    desired: &State,
    progress: &Progress,
) -> Result<(), String> {
    let Work { me, scope, requester, .. } = *work;
    let quiet = Standing::none(cloud);
    let undisturbed = Work { standing: &quiet, wait: Duration::ZERO, me, scope, requester };
    let rest = plan_again(cloud, me, scope, desired, &[], progress).await.map_err(said_once)?;
    let mut sights = Sights::new(cloud, Duration::ZERO);
    let failures = execute(cloud, &undisturbed, &rest, &mut sights, progress).await.1;
    let problems = [sentences(&failures, requester), rest.blockers].concat();
    if problems.is_empty() { Ok(()) } else { Err(said_once(problems)) }
}

/// Those of these changes that AWS made although their calls failed here. A new object is one of
/// them if it carries the owner's mark, a link if what it hangs on does.
async fn landed(cloud: &impl Cloud, work: &Work<'_>, undecided: Vec<Change>) -> Vec<Change> {
    let Work { me, scope, .. } = *work;
    if undecided.is_empty() {
        return undecided;
    }
    let ends = |change: &Change| change.id().parent().into_iter().chain([change.id()]);
    let ids = undecided.iter().flat_map(ends).collect();
    let observed = match cloud.observe(&Scope { ids, ..scope.clone() }).await {
        Ok(observed) => observed,
        Err(error) => {
            warn!(%error, "whether AWS made what it did not reply to cannot be told");
            return Vec::new();
        }
    };
    let is_mine = |object: &Object| object.owners.contains(me);
    let is_made = |change: &Change| {
        let id = change.id();
        let is_of_user = id.kind == Kind::UserAttachment;
        let found = observed.get(&id);
        let is_as_made = found.is_none() == matches!(change, Change::Delete(_));
        // A user carries no mark of whoever made it.
        let holder = id.parent().filter(|_| !is_of_user);
        is_as_made
            && match (holder, found) {
                (Some(holder), _) => observed.get(&holder).is_some_and(is_mine),
                (None, None) => true,
                // Of a claim that was taken back meanwhile there is no mark.
                (None, Some(found)) => {
                    let is_nobodys = is_of_user && found.owners.is_empty() && !found.is_claim();
                    is_mine(found) || is_nobodys
                }
            }
    };
    undecided.into_iter().filter(is_made).collect()
}

/// The changes that bring what these changed to what a later request wanted, which was served
/// before they were made. Where that cannot be planned, those that undo them.
async fn forwards(cloud: &impl Cloud, work: &Work<'_>, desired: &State, made: Vec<Change>) -> Plan {
    let Work { me, scope, .. } = *work;
    let touched: BTreeSet<Id> = made.iter().map(Change::id).collect();
    let wanted = desired.ids().flat_map(|id| id.parent().into_iter().chain([id.clone()]));
    let scope = Scope { ids: scope.ids.iter().cloned().chain(wanted).collect(), ..scope.clone() };
    let observed = cloud.observe(&scope).await;
    match observed.map(|observed| plan(me, &scope, desired, &observed)) {
        Ok(Ok(plan)) => Plan::of(plan.changes().filter(|it| touched.contains(&it.id())).cloned()),
        Ok(Err(_)) | Err(_) => backwards(cloud, work, made).await,
    }
}

/// The changes that undo these. Another delivery of the request may have made a claim on a user
/// before, and attached the policy since: the claim goes with the attachment, which would have no
/// owner without it.
async fn backwards(cloud: &impl Cloud, work: &Work<'_>, made: Vec<Change>) -> Plan {
    let Work { me, scope, .. } = *work;
    let back: Vec<Change> = made.into_iter().map(Change::inverse).collect();
    let is_claim = |change: &&Change| matches!(change, Change::Delete(it) if it.is_claim());
    let claims: BTreeSet<Id> = back.iter().filter(is_claim).map(Change::id).collect();
    if claims.is_empty() {
        return Plan::of(back);
    }
    let users = claims.iter().filter_map(Id::parent);
    let of_them = Scope { ids: users.chain(claims.iter().cloned()).collect(), ..scope.clone() };
    let observed = cloud.observe(&of_them).await.unwrap_or_default();
    let is_attached = |it: &&Object| !it.is_claim() && scope.is_alone(me, it);
    let whole = back.into_iter().map(|change| {
        let found = Some(change.id()).filter(|_| is_claim(&&change));
        let found = found.and_then(|id| observed.get(&id)).filter(is_attached);
        found.map_or(change, |found| Change::Delete(found.clone()))
    });
    Plan::of(whole)
}

/// One fact after the other, each once: several steps may have met the same.
fn said_once(problems: Vec<String>) -> String {
    let mut said: Vec<String> = Vec::new();
    for problem in problems {
        if !said.contains(&problem) {
            said.push(problem);
        }
    }
    said.join("; ")
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
    let surprised = failures.iter().any(|failure| {
        let (id, error) = match failure {
            Failure::Call(change, error) => (change.id(), error),
            Failure::Joined(_) => return true,
            Failure::Stopped(_) => return false,
        };
        let overtaken = matches!(
            error.code.as_str(),
            "EntityAlreadyExists" | "NoSuchEntity" | "DeleteConflict"
        );
        overtaken && (desired.is_empty() || ends(&id).any(|end| is_shared(&end)))
    });
    // What still uses something shared, because its call failed, keeps its mark there.
    let goes_on = plan.announces(me) && failures.is_empty();
    surprised || goes_on || plan.joins(me) || plan.released(me).next().is_some()
}

/// The remaining changes, by a new look. A released object without an owner is ours to delete: two
/// owners that release it at the same time have each seen the other.
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

/// Takes back what this delivery made. What is shared is let go as any owner lets go: somebody
/// may have joined meanwhile.
async fn undo(
    cloud: &impl Cloud,
    work: &Work<'_>,
    made: Vec<Change>,
    progress: &Progress,
) -> Vec<String> {
    let Work { me, scope, .. } = *work;
    let touched: BTreeSet<Id> = made.iter().map(Change::id).collect();
    let is_mine = |change: &&Change| {
        let id = change.id();
        touched.contains(&id) || id.parent().is_some_and(|parent| touched.contains(&parent))
    };
    let nothing = State::default();
    // A policy that was attached after somebody had deleted the claim on it is ours by no mark.
    let attaches = |change: &&Change| match change {
        Change::Create(after) | Change::Update { after, .. } => {
            after.resource.id().kind == Kind::UserAttachment && !after.is_claim()
        }
        Change::Delete(_) => false,
    };
    let mut released: Vec<Id> = made.iter().filter(attaches).map(Change::id).collect();
    let mut problems = Vec::new();
    for _ in 0..PASSES {
        let next = plan_again(cloud, me, scope, &nothing, &released, progress).await;
        let (back, looked) = match next {
            Ok(plan) => (plan.changes().filter(is_mine).cloned().collect(), true),
            // Without a look, what was done is done backwards.
            Err(_) => (made.iter().cloned().map(Change::inverse).collect::<Vec<_>>(), false),
        };
        let back = Plan::of(back);
        if back.is_empty() {
            break;
        }
        info!(changes = back.len(), plan = %back, "undo");
        problems = sentences(
            &execute(cloud, work, &back, &mut Sights::new(cloud, Duration::ZERO), progress).await.1,
            work.requester,
        );
        released = back.released(me).collect();
        if !looked || released.is_empty() && !back.announces(me) {
            break;
        }
    }
    problems.into_iter().map(|problem| format!("could not be undone: {problem}")).collect()
}

#[cfg(test)]
mod tests {
    use super::said_once;

    #[test]
    fn a_fact_that_two_steps_met_is_said_once() {
        let problems = ["iam:A `r`: no", "policy `p` is still used", "iam:A `r`: no"];
        let reason = said_once(problems.map(str::to_owned).into());
        assert_eq!(reason, "iam:A `r`: no; policy `p` is still used");
    }
}
