//! After the changes of a plan: undoing late and half-made changes, and settling calls without a
//! reply.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::select;
use tracing::{info, warn};

use super::execute::{execute, sentences};
use super::sights::Sights;
use super::{PASSES, Standing, Unfinished, Work, plan_again};
use crate::cfn::{Past, Progress};
use crate::cloud::Cloud;
use crate::plan::{Change, Plan, Scope, plan};
use crate::state::{Id, Kind, Object, State};

/// Carries out changes that nothing can overtake. Returns a sentence for each failure.
async fn at_once(
    cloud: &impl Cloud,
    work: &Work<'_>,
    plan: &Plan,
    progress: &Progress,
) -> Vec<String> {
    let Work { me, scope, requester, .. } = *work;
    let (standing, wait) = (&Standing::none(cloud), Duration::ZERO);
    let undisturbed = Work { me, scope, standing, wait, requester };
    let failures =
        execute(cloud, &undisturbed, plan, &mut Sights::new(cloud, wait), progress).await.1;
    sentences(&failures, requester)
}

/// Plans the rest by a new look, and carries it out at once.
pub(super) async fn end_anew(
    cloud: &impl Cloud,
    work: &Work<'_>,
    desired: &State,
    progress: &Progress,
) -> Result<(), Unfinished> {
    let rest = plan_again(cloud, work.me, work.scope, desired, &[], progress).await;
    let rest = rest?;
    let problems = [at_once(cloud, work, &rest, progress).await, rest.blockers].concat();
    if problems.is_empty() { Ok(()) } else { Err(problems.into()) }
}

/// Undoes the changes that this request made since CloudFormation had gone on from it, or brings
/// them to the resource's present state. Changes since the last good look may have come after the
/// successor had looked, or before: a successor that is still at work may count on them. Returns a
/// sentence for each failure.
pub(super) async fn give_way(
    cloud: &impl Cloud,
    work: &Work<'_>,
    undecided: Vec<Change>,
    progress: &Progress,
) -> Vec<String> {
    progress.take_back();
    let mut late = work.standing.since_the_last_look();
    late.extend(landed(cloud, work, undecided).await);
    if late.is_empty() {
        return Vec::new();
    }
    let told = progress.successor().map(Successor::Has);
    let mut successor = match told {
        Some(successor) => successor,
        None => Successor::of(cloud, work).await,
    };
    let mut problems = Vec::new();
    for _ in 0..SUCCESSORS {
        let plan = match &successor {
            Successor::Has(properties) => match work.requester.wants(properties) {
                Some(desired) => forwards(cloud, work, &desired, &late).await,
                None => backwards(cloud, work, late.clone()).await,
            },
            Successor::IsAtWork | Successor::Unknown => backwards(cloud, work, late.clone()).await,
        };
        if !plan.is_empty() {
            info!(changes = plan.len(), plan = %plan, "taken back");
            problems = at_once(cloud, work, &plan, progress).await;
        }
        if successor != Successor::IsAtWork {
            break;
        }
        select! {
            biased;
            () = progress.until_stopped() => break,
            () = cloud.wait() => {}
        }
        successor = Successor::of(cloud, work).await;
    }
    problems
}

/// Looks at most at what CloudFormation makes of the resource after this request.
const SUCCESSORS: usize = 12;

/// A later request of the resource.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Successor {
    /// It has ended, and the resource has these properties, as JSON.
    Has(String),
    /// CloudFormation waits for it.
    IsAtWork,
    /// The events do not tell, or the resource is gone.
    Unknown,
}

impl Successor {
    async fn of(cloud: &impl Cloud, work: &Work<'_>) -> Self {
        let Some((stack, logical_id)) = work.me.stack_and_logical_id() else {
            return Successor::Unknown;
        };
        match cloud.past(stack, logical_id).await {
            Ok(Past::Completed { properties, .. }) => Successor::Has(properties),
            Ok(Past::InProgress(_)) => Successor::IsAtWork,
            Ok(Past::Gone | Past::Unknown(_)) | Err(_) => Successor::Unknown,
        }
    }
}

/// Those of these changes that AWS made although their calls failed here. A new object is one of
/// them if it carries the owner's mark, a link if its holder does.
pub(super) async fn landed(
    cloud: &impl Cloud,
    work: &Work<'_>,
    undecided: Vec<Change>,
) -> Vec<Change> {
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
        // A user carries no mark of its maker.
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

/// The changes that bring the objects of these to the state of a later request, which was served
/// before they were made. Where that cannot be planned, those that undo them.
async fn forwards(cloud: &impl Cloud, work: &Work<'_>, desired: &State, made: &[Change]) -> Plan {
    let Work { me, scope, .. } = *work;
    let touched: BTreeSet<Id> = made.iter().map(Change::id).collect();
    let wanted = desired.ids().flat_map(|id| id.parent().into_iter().chain([id.clone()]));
    let scope = Scope { ids: scope.ids.iter().cloned().chain(wanted).collect(), ..scope.clone() };
    let observed = cloud.observe(&scope).await;
    match observed.map(|observed| plan(me, &scope, desired, &observed)) {
        Ok(Ok(plan)) => Plan::of(plan.changes().filter(|it| touched.contains(&it.id())).cloned()),
        Ok(Err(_)) | Err(_) => backwards(cloud, work, made.to_vec()).await,
    }
}

/// Those of these changes whose object, or a link's holder, no other resource has by now: a stack
/// that was made anew under these names counts on it. Without a look all of them.
async fn not_anothers(cloud: &impl Cloud, work: &Work<'_>, made: Vec<Change>) -> Vec<Change> {
    let holder = |change: &Change| change.id().parent().unwrap_or_else(|| change.id());
    let ids = made.iter().map(holder).collect();
    let Ok(observed) = cloud.observe(&Scope { ids, ..work.scope.clone() }).await else {
        return made;
    };
    let is_anothers = |change: &Change| {
        let found = observed.get(&holder(change));
        found.is_some_and(|it| !it.owners.is_empty() && !it.owners.contains(work.me))
    };
    made.into_iter().filter(|change| !is_anothers(change)).collect()
}

/// The changes that undo these. Another delivery of the request may have made a claim on a user
/// before, and attached the policy since: the claim goes with the attachment, which would have no
/// owner without it.
async fn backwards(cloud: &impl Cloud, work: &Work<'_>, made: Vec<Change>) -> Plan {
    let Work { me, scope, .. } = *work;
    let made = not_anothers(cloud, work, made).await;
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

/// Undoes this delivery's changes. It releases a shared object as any owner does: another owner
/// may have joined meanwhile.
pub(super) async fn undo(
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
    // A policy that was attached after its claim had been deleted carries no mark of this owner.
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
            // Without a look, the changes are undone in reverse.
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
