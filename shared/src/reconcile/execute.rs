//! Carrying out a plan: what does not depend on each other at once, what concerns one entity one
//! after the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tracing::{error, info};

use super::sights::Sights;
use super::{Said, Words, Work};
use crate::cfn::Progress;
use crate::cloud::{Applied, CallError, Cloud, apply};
use crate::plan::{Change, Plan};
use crate::state::{Id, Kind};

/// Changes under way at most, each about other entities. Opening a connection costs as much as
/// two waits for one, so more gains nothing over a real distance.
const IN_FLIGHT: usize = 8;

/// Why a change was not made.
#[derive(Clone, Debug)]
pub(super) enum Failure {
    /// Its call failed.
    Call(Id, CallError),
    /// The work had to stop before it, as the sentence says.
    Stopped(String),
}

/// Carries out what does not depend on a change that failed, until the work has to stop. Returns
/// what was done now, and what failed or was not begun.
pub(super) async fn execute<C: Cloud>(
    cloud: &C,
    work: &Work<'_>,
    plan: &Plan,
    sights: &mut Sights<'_, C>,
    progress: &Progress,
) -> (Vec<Change>, Vec<Failure>) {
    let mut done = Vec::new();
    let mut failures = Vec::new();
    let mut not_begun = Vec::new();
    // First of all comes what the request notes: who could not note its choices gives and takes
    // nothing, and whatever is done is known.
    let is_note = |change: &&Change| {
        !matches!(change, Change::Delete(_)) && work.standing.is_noted_on(&change.id())
    };
    let noted: Vec<&Change> = plan.changes().filter(is_note).collect();
    let waves = plan.waves().map(|wave| wave.iter().filter(|it| !is_note(it)).collect());
    let waves = std::iter::once(noted.clone()).chain(waves);
    for wave in waves {
        let is_unnoted = failures.iter().any(|failure| match failure {
            Failure::Call(id, _) => noted.iter().any(|note| note.id() == *id),
            Failure::Stopped(_) => false,
        });
        let wave: Vec<&Change> = wave;
        let ready = wave.into_iter().filter(|it| !is_unnoted && !depends_on(it, &failures));
        let mut waiting: VecDeque<&Change> = ready.collect();
        if !waiting.is_empty() && progress.stopped().is_none() {
            progress.note(&format!("making {} of {} changes", waiting.len(), plan.len()));
        }
        let mut busy: BTreeSet<Id> = BTreeSet::new();
        let mut under_way = FuturesUnordered::new();
        loop {
            if !waiting.is_empty() {
                work.standing.check(cloud, work.me, work.scope, progress).await;
            }
            while progress.stopped().is_none()
                && under_way.len() < IN_FLIGHT
                && let Some(change) = take_free(&mut waiting, &busy)
            {
                busy.extend(entities(change));
                let begun = cloud.now();
                under_way.push(async move { (change, apply(cloud, change).await, begun) });
            }
            // Siblings run to their end: a call that is dropped leaves its effect unknown.
            let next = sights.beside(under_way.next()).await;
            let Some((change, result, begun)) = next else { break };
            work.standing.took(cloud.now().duration_since(begun));
            for entity in entities(change) {
                busy.remove(&entity);
            }
            log(change, &result);
            match result {
                Ok(Applied::Now) => {
                    work.standing.made(change);
                    sights.made(change);
                    done.push(change.clone());
                }
                Ok(Applied::Before) => work.standing.was_made_before(change),
                Err(error) => failures.push(Failure::Call(change.id(), error)),
            }
        }
        not_begun.extend(waiting);
    }
    let left = progress.stopped().and_then(|why| left(&why, &not_begun));
    failures.extend(left.map(Failure::Stopped));
    (done, failures)
}

/// Takes the first change whose entities no change under way is about.
fn take_free<'a>(waiting: &mut VecDeque<&'a Change>, busy: &BTreeSet<Id>) -> Option<&'a Change> {
    let is_free = |change: &&Change| entities(change).all(|entity| !busy.contains(&entity));
    waiting.iter().position(is_free).and_then(|free| waiting.remove(free))
}

/// What IAM locks for a change: it refuses one of two changes of the same entity that meet
/// (`ConcurrentModification`). IAM's model has that of everything but links that are no documents
/// and carry no mark: IAM takes several of these at once, and what it refuses nevertheless is
/// tried again (<https://github.com/hashicorp/terraform-provider-aws/issues/34371>).
fn entities(change: &Change) -> impl Iterator<Item = Id> {
    let id = change.id();
    let is_free = match id.kind {
        Kind::RoleAttachment | Kind::GroupAttachment | Kind::GroupMember | Kind::ProfileRole => {
            true
        }
        // The user is tagged for it.
        Kind::UserAttachment
        | Kind::RoleInline
        | Kind::GroupInline
        | Kind::User
        | Kind::Role
        | Kind::Policy
        | Kind::Group
        | Kind::InstanceProfile
        | Kind::ServiceLinkedRole => false,
    };
    let node = id.kind.is_node().then(|| id.clone());
    let ends = [id.parent(), id.target(), node].into_iter().flatten();
    ends.filter(move |_| !is_free)
}

/// What is left to do, in a sentence.
fn left(why: &str, not_begun: &[&Change]) -> Option<String> {
    const NAMED: usize = 5;
    let named: Vec<String> = not_begun.iter().take(NAMED).map(ToString::to_string).collect();
    let more = not_begun.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| format!("not begun, as {why}: {}{more}", named.join(", ")))
}

fn depends_on(change: &Change, failures: &[Failure]) -> bool {
    let id = change.id();
    let ends = |link: &Id| [link.parent(), link.target()];
    failures.iter().any(|failure| match failure {
        Failure::Call(failed, _) => {
            *failed == id
                || ends(failed).contains(&Some(id.clone()))
                || ends(&id).contains(&Some(failed.clone()))
        }
        Failure::Stopped(_) => false,
    })
}

fn log(change: &Change, result: &Result<Applied, CallError>) {
    match result {
        Ok(Applied::Now) => info!(change = %change, "changed"),
        Ok(Applied::Before) => info!(change = %change, "was done before"),
        Err(error) => error!(change = %change, error = %error, "failed"),
    }
}

/// A sentence for each failure; one that several calls had is said once. What to do comes last.
pub(super) fn sentences(failures: &[Failure], words: &dyn Words) -> Vec<String> {
    let mut said: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut known = BTreeSet::new();
    let mut besides = BTreeSet::new();
    let mut stopped = Vec::new();
    for failure in failures {
        match failure {
            Failure::Call(id, error) => {
                match words.of(id, error) {
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
