//! Carrying out a plan: independent changes at once, those of one entity one after the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::select;
use tracing::{error, info};

use super::others::Others;
use super::sights::Sights;
use super::{Requester, Said, Work};
use crate::cfn::Progress;
use crate::cloud::{Applied, CallError, Cloud, apply_together, are_one_call, marks_a_user};
use crate::plan::{Change, Plan};
use crate::state::{Id, Kind};

/// Changes under way at most, each about other entities. Opening a connection costs as much as
/// two waits for one, so more gains nothing over a real distance.
const IN_FLIGHT: usize = 8;

/// Looks at most for other owners that join and release while this one releases.
const LOOKS: usize = 5;

/// Why a change was not made.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Its call failed.
    Call(Box<Change>, CallError),
    /// The look before it failed, so that it was not begun.
    Unseen(Box<Change>, CallError),
    /// Another owner joined the object while it was about to be deleted.
    Joined(Id),
    /// The work had to stop before it, as the sentence says.
    Stopped(String),
}

impl Failure {
    /// The change, if AWS may have made it nevertheless.
    pub(super) fn undecided(&self) -> Option<&Change> {
        match self {
            Failure::Call(change, error) if error.is_undecided() => Some(change),
            Failure::Call(..) | Failure::Unseen(..) | Failure::Joined(_) | Failure::Stopped(_) => {
                None
            }
        }
    }

    /// The object that was not made because the account has one of its name.
    pub(super) fn taken(&self) -> Option<Id> {
        match self {
            Failure::Call(change, error) if error.code == "EntityAlreadyExists" => {
                Some(change.id())
            }
            Failure::Call(..) | Failure::Unseen(..) | Failure::Joined(_) | Failure::Stopped(_) => {
                None
            }
        }
    }
}

/// Carries out the changes that do not depend on a failed one, until the work has to stop. Returns
/// the changes made now, and those that failed or were not begun.
pub(super) async fn execute<C: Cloud>(
    cloud: &C,
    work: &Work<'_>,
    plan: &Plan,
    sights: &mut Sights<'_, C>,
    progress: &Progress,
) -> (Vec<Change>, Vec<Failure>) {
    let (done, failures, not_begun) = Default::default();
    let planned = plan.len();
    let mut run = Run { cloud, work, planned, sights, progress, done, failures, not_begun };
    // First of all come the request's notes: a request that could not note its choices grants and
    // removes nothing, and every change that is made is known.
    let is_note = |change: &&Change| {
        !matches!(change, Change::Delete(_)) && work.standing.is_noted_on(&change.id())
    };
    run.make(plan.changes().filter(is_note)).await;
    if run.failures.is_empty() {
        let mut is_looked_for = false;
        for wave in plan.waves() {
            if !is_looked_for && wave.iter().any(Change::is_final) {
                is_looked_for = true;
                run.look_for_others(plan.changes().filter(|change| change.is_final())).await;
            }
            run.make(wave.iter().filter(|it| !is_note(it))).await;
        }
    }
    let left = progress.stopped().and_then(|why| left(&why, &run.not_begun));
    run.failures.extend(left.map(Failure::Stopped));
    (run.done, run.failures)
}

/// A plan that is being carried out.
struct Run<'a, 'c, C> {
    cloud: &'a C,
    work: &'a Work<'a>,
    planned: usize,
    sights: &'a mut Sights<'c, C>,
    progress: &'a Progress,
    done: Vec<Change>,
    failures: Vec<Failure>,
    not_begun: Vec<Change>,
}

impl<C: Cloud> Run<'_, '_, C> {
    /// Makes changes that do not depend on each other.
    async fn make<'p>(&mut self, wave: impl Iterator<Item = &'p Change>) {
        let Run { cloud, work, progress, .. } = *self;
        let ready = wave.filter(|change| !depends_on(change, &self.failures));
        let mut waiting: VecDeque<&Change> = ready.collect();
        if !waiting.is_empty() && progress.stopped().is_none() {
            progress.note(&format!("making {} of {} changes", waiting.len(), self.planned));
        }
        let mut busy: BTreeSet<Id> = BTreeSet::new();
        let mut under_way = FuturesUnordered::new();
        let mut over = VecDeque::new();
        loop {
            if !waiting.is_empty() {
                // Calls go on meanwhile: one that is not polled would keep its place from the check.
                let check = work.standing.check(cloud, work.me, work.scope, progress);
                let mut check = pin!(self.sights.beside(check));
                loop {
                    select! {
                        biased;
                        () = &mut check => break,
                        Some(ended) = under_way.next() => over.push_back(ended),
                    }
                }
            }
            while progress.stopped().is_none()
                && under_way.len() < IN_FLIGHT
                && let Some(changes) = take_free(&mut waiting, &busy)
            {
                busy.extend(changes.first().into_iter().flat_map(|change| entities(change)));
                let begun = cloud.now();
                under_way.push(async move {
                    let result = apply_together(cloud, &changes).await;
                    (changes, result, cloud.now().duration_since(begun))
                });
            }
            // Siblings run to their end: a call that is dropped leaves its effect unknown.
            let next = match over.pop_front() {
                Some(ended) => Some(ended),
                None => self.sights.beside(under_way.next()).await,
            };
            let Some((changes, result, took)) = next else { break };
            work.standing.took(took);
            for entity in changes.first().into_iter().flat_map(|change| entities(change)) {
                busy.remove(&entity);
            }
            for change in changes {
                self.ended(change, result.clone());
            }
        }
        self.not_begun.extend(waiting.into_iter().cloned());
    }

    /// Remembers the result of a change.
    fn ended(&mut self, change: &Change, result: Result<Applied, CallError>) {
        let standing = self.work.standing;
        log(change, &result);
        match result {
            Ok(Applied::Now) => {
                standing.made(change);
                self.sights.made(change);
                self.done.push(change.clone());
            }
            Ok(Applied::Before) => standing.was_made_before(change),
            Ok(Applied::Instead(made)) => {
                standing.was_made_before(change);
                standing.made(&made);
                self.done.push(*made);
            }
            Err(error) => self.failures.push(Failure::Call(change.clone().into(), error)),
        }
    }

    /// Looks once more before these objects and claims are deleted: another resource may have
    /// joined since the plan was made. Makes again the links that it counts on, and keeps what it
    /// joined.
    async fn look_for_others<'p>(&mut self, going: impl Iterator<Item = &'p Change>) {
        let Run { cloud, work, progress, .. } = *self;
        let going: Vec<&Change> =
            going.filter(|change| !depends_on(change, &self.failures)).collect();
        let mut others = Others::of(&going, &self.done, work);
        if progress.stopped().is_some() || others.cannot_be() {
            return;
        }
        progress.note("looking whether others use what goes");
        for _ in 0..LOOKS {
            let marks = match self.sights.beside(cloud.marks(others.place())).await {
                Ok(marks) => marks,
                Err(error) => {
                    let fails =
                        |change: &Change| Failure::Unseen(change.clone().into(), error.clone());
                    return self.failures.extend(going.into_iter().map(fails));
                }
            };
            let again = others.seen(&marks, &self.done);
            if again.is_empty() {
                return self.failures.extend(others.joined().map(Failure::Joined));
            }
            info!(changes = again.len(), plan = %again, "another resource joined meanwhile");
            self.make(again.changes()).await;
        }
        self.failures.extend(others.undecided().map(Failure::Joined));
    }
}

/// Takes the first change whose entities no change under way is about, and those after it that are
/// one call with it.
fn take_free<'a>(
    waiting: &mut VecDeque<&'a Change>,
    busy: &BTreeSet<Id>,
) -> Option<Vec<&'a Change>> {
    let is_free = |change: &&Change| entities(change).all(|entity| !busy.contains(&entity));
    let free = waiting.iter().position(is_free)?;
    let first = waiting.remove(free)?;
    let mut taken = vec![first];
    while waiting.get(free).is_some_and(|next| are_one_call(first, next)) {
        taken.extend(waiting.remove(free));
    }
    Some(taken)
}

/// The entities that IAM locks for a change: it refuses one of two changes of the same entity that
/// meet (`ConcurrentModification`). IAM's model has that of everything but links that are no
/// documents and carry no mark: IAM takes several of these at once, and a refused one is tried
/// again (<https://github.com/hashicorp/terraform-provider-aws/issues/34371>).
fn entities(change: &Change) -> impl Iterator<Item = Id> {
    let id = change.id();
    let is_free = match id.kind {
        Kind::RoleAttachment | Kind::GroupAttachment | Kind::GroupMember | Kind::ProfileRole => {
            true
        }
        // The user may be tagged for it.
        Kind::UserAttachment => !marks_a_user(change),
        Kind::RoleInline
        | Kind::GroupInline
        | Kind::User
        | Kind::Role
        | Kind::Policy
        | Kind::Group
        | Kind::InstanceProfile
        | Kind::ServiceLinkedRole => false,
    };
    let node = id.kind.is_node().then(|| id.clone());
    // A claim names a policy, and is the user's.
    let target = id.target().filter(|_| id.kind != Kind::UserAttachment);
    let ends = [id.parent(), target, node].into_iter().flatten();
    ends.filter(move |_| !is_free)
}

/// The remaining changes, in a sentence.
fn left(why: &str, not_begun: &[Change]) -> Option<String> {
    const NAMED: usize = 5;
    let named: Vec<String> = not_begun.iter().take(NAMED).map(ToString::to_string).collect();
    let more = not_begun.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("not begun, as {why}: {}{more}", named.join(", ")))
}

fn depends_on(change: &Change, failures: &[Failure]) -> bool {
    let id = change.id();
    let ends = |link: &Id| [link.parent(), link.target()];
    let concerns = |failed: &Id| {
        *failed == id
            || ends(failed).contains(&Some(id.clone()))
            || ends(&id).contains(&Some(failed.clone()))
    };
    failures.iter().any(|failure| match failure {
        Failure::Call(failed, _) | Failure::Unseen(failed, _) => concerns(&failed.id()),
        Failure::Joined(failed) => concerns(failed),
        Failure::Stopped(_) => false,
    })
}

fn log(change: &Change, result: &Result<Applied, CallError>) {
    match result {
        Ok(Applied::Now) => info!(change = %change, "changed"),
        Ok(Applied::Before) => info!(change = %change, "was done before"),
        Ok(Applied::Instead(made)) => info!(change = %made, "changed instead"),
        Err(error) => error!(change = %change, error = %error, "failed"),
    }
}

/// A sentence for each failure; one that several calls had is said once. The remedy comes last.
pub(super) fn sentences(failures: &[Failure], requester: &dyn Requester) -> Vec<String> {
    let mut said: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut known = BTreeSet::new();
    let mut besides = BTreeSet::new();
    let mut stopped = Vec::new();
    for failure in failures {
        match failure {
            Failure::Call(change, error) | Failure::Unseen(change, error) => {
                match requester.explain(&change.id(), error) {
                    Some(Said::Instead(sentence)) => {
                        known.insert(sentence);
                        continue;
                    }
                    Some(Said::Besides(sentence)) => drop(besides.insert(sentence)),
                    None => {}
                }
                let CallError { action, target, code, message } = error;
                said.entry((action, code, message)).or_default().insert(target);
            }
            Failure::Joined(id) => drop(
                known.insert(format!("{id} is used by another resource since a moment; try again")),
            ),
            Failure::Stopped(sentence) => stopped.push(sentence.clone()),
        }
    }
    let sentence = |((action, code, message), targets): ((&str, &str, &str), BTreeSet<&str>)| {
        let targets: Vec<String> = targets.iter().map(|target| format!("`{target}`")).collect();
        format!("{action} {}: {code}: {message}", targets.join(", "))
    };
    let of_aws = said.into_iter().map(sentence);
    known.into_iter().chain(of_aws).chain(stopped).chain(besides).collect()
}
