//! Links whose calls had no known end before the answer: AWS may carry them out when the rollback,
//! the Delete or the next stack has looked already, and each of these takes such a link for a
//! person's.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use tokio::select;
use tracing::info;

use super::IamPreset;
use super::intent::Intent;
use super::properties::Properties;
use super::task::Task;
use crate::cfn::{Past, Progress, Request, RequestType};
use crate::cloud::{Cloud, apply};
use crate::json;
use crate::plan::{Change, Scope};
use crate::reconcile::look;
use crate::state::{Id, Kind, Object, Owner, Owners, State};

/// Looks at most. Between two of them others have time to end: a stack that CloudFormation is at
/// work on may want a link.
const LOOKS: u32 = 12;

/// The links, and the state that others want of them, as far as that was asked.
struct Late<'a, C> {
    preset: &'a IamPreset<C>,
    task: &'a Task,
    request: &'a Request,
    /// What this request goes back to, where CloudFormation does not tell.
    fallback: State,
    /// The links that are removed here.
    removed: BTreeSet<Id>,
    /// No other look follows, so that no stack is waited for.
    is_last: bool,
    /// All owners in the account by their keys, since the last look.
    owners: Option<BTreeMap<String, Owner>>,
    /// By the owners' keys, since the last look.
    wanted: BTreeMap<String, Wanted>,
}

/// The state of a resource, by CloudFormation's events of it.
#[derive(Clone, Debug)]
enum Wanted {
    /// The state of its last completed event; empty if it is gone.
    Is(State),
    /// CloudFormation is at work on it.
    Soon,
    /// The events do not tell.
    Unknown,
}

/// The decision on a link.
enum Verdict {
    /// It is as it should be, as far as that is known.
    Stays,
    /// A stack that CloudFormation is at work on may want it.
    Waits,
    /// This change brings it there.
    Changes(Box<Change>),
}

fn changes(change: Change) -> Verdict {
    Verdict::Changes(Box::new(change))
}

impl<C: Cloud> IamPreset<C> {
    /// Brings these links to what CloudFormation has of the resource by now. Of those that ended on
    /// the objects of other resources, the ones that none of these wants are removed. A policy that
    /// ended on a user whom another stack gives the same one becomes that stack's.
    ///
    /// # Errors
    ///
    /// The calls that failed, though they were tried again. No link is left out for another's
    /// failure.
    pub(super) async fn settle_unfinished(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<(), String> {
        let links = self.cloud.take_unfinished();
        if links.is_empty() || !self.is_our_account(request) {
            return Ok(());
        }
        let intent = Intent::read(kind, request, self.release)?;
        let task = &self.task(&intent, request)?;
        let wanted = intent.wanted.as_ref();
        let fallback = wanted.and_then(|it| self.desired(&task.me, it).ok()).unwrap_or_default();
        let (removed, owners, wanted) = (BTreeSet::new(), None, BTreeMap::new());
        let (preset, is_last) = (self, false);
        let late = Late { preset, task, request, fallback, removed, is_last, owners, wanted };
        late.settle(&links, progress).await
    }

    /// What CloudFormation has of a resource.
    async fn wanted_by(&self, owner: &Owner, stack: &str, logical_id: &str) -> Wanted {
        match self.cloud.past(stack, logical_id).await {
            Ok(Past::Gone) => Wanted::Is(State::default()),
            Ok(Past::Completed { properties, .. }) => {
                let properties = json::read(&properties).ok();
                let properties = properties.as_ref().and_then(|read| read.as_object());
                let properties = properties.and_then(|given| Properties::read(given, None).0);
                let desired = properties.and_then(|it| self.desired(owner, &it).ok());
                desired.map_or(Wanted::Unknown, Wanted::Is)
            }
            Ok(Past::InProgress(_)) => Wanted::Soon,
            Ok(Past::Unknown(_)) | Err(_) => Wanted::Unknown,
        }
    }
}

impl<C: Cloud> Late<'_, C> {
    /// Looks and changes until a look finds nothing to change: others may have looked at a link
    /// while it was about to go.
    async fn settle(mut self, links: &BTreeSet<Id>, progress: &Progress) -> Result<(), String> {
        let ends = links.iter().flat_map(|link| [link.parent(), link.target()]).flatten();
        let ids = ends.chain(links.iter().cloned()).collect();
        let scope = Scope { ids, ..self.task.scope.clone() };
        let cloud = &self.preset.cloud;
        let mut problems = Vec::new();
        for number in 1..=LOOKS {
            (self.owners, self.wanted) = (None, BTreeMap::new());
            self.is_last = number == LOOKS;
            let mut changes = Vec::new();
            let mut waits = false;
            match look(cloud, &scope, progress).await {
                Ok(observed) => {
                    problems.clear();
                    for link in links {
                        match self.verdict(link, &observed).await {
                            Ok(Verdict::Stays) => {}
                            Ok(Verdict::Waits) => waits = true,
                            Ok(Verdict::Changes(change)) => changes.push(*change),
                            Err(problem) => problems.push(problem),
                        }
                    }
                }
                Err(problem) => problems = vec![problem],
            }
            if changes.is_empty() && !waits && problems.is_empty() {
                return Ok(());
            }
            let made = changes.into_iter().map(async |it| (apply(cloud, &it).await, it));
            for (made, change) in join_all(made).await {
                match made {
                    Ok(_) => {
                        info!(%change, "AWS had carried out a call after the answer");
                        if matches!(change, Change::Delete(_)) {
                            self.removed.insert(change.id());
                        }
                    }
                    Err(error) => problems.push(error.to_string()),
                }
            }
            if progress.stopped().is_some() {
                break;
            }
            if waits || !problems.is_empty() {
                select! {
                    biased;
                    () = progress.until_stopped() => break,
                    () = cloud.wait() => {}
                }
            }
        }
        match problems.as_slice() {
            [] => Ok(()),
            _ => Err(problems.join("; ")),
        }
    }

    async fn verdict(&mut self, link: &Id, observed: &State) -> Result<Verdict, String> {
        if link.kind == Kind::UserAttachment {
            return self.verdict_of_user(link, observed).await;
        }
        let of = |end: Option<Id>| end.and_then(|end| observed.get(&end)).map(|end| &end.owners);
        let owners: Owners =
            [link.parent(), link.target()].into_iter().filter_map(of).flatten().cloned().collect();
        let is_own = owners.contains(&self.task.me);
        let mut wanted = None;
        let (mut waits, mut is_known) = (false, true);
        for owner in &owners {
            match self.wanted(owner).await? {
                // The rest of one that is gone is not this request's.
                Wanted::Is(state) if state.is_empty() && *owner != self.task.me => is_known = false,
                Wanted::Is(state) => wanted = wanted.or_else(|| state.get(link).cloned()),
                Wanted::Soon => (waits, is_known) = (true, false),
                Wanted::Unknown => is_known = false,
            }
        }
        Ok(match (observed.get(link), wanted) {
            (None, Some(wanted)) if is_own || self.removed.contains(link) => {
                changes(Change::Create(wanted))
            }
            (Some(_), Some(_)) => Verdict::Stays,
            (_, None) if waits && !self.is_last => Verdict::Waits,
            (Some(found), None) if is_own || is_known && !owners.is_empty() => {
                changes(Change::Delete(found.clone()))
            }
            (Some(_) | None, None) | (None, Some(_)) => Verdict::Stays,
        })
    }

    /// A user carries no mark of a policy's maker but the claims on it.
    async fn verdict_of_user(&mut self, link: &Id, observed: &State) -> Result<Verdict, String> {
        let found = observed.get(link);
        if found.is_some_and(|it| it.is_claim() || !it.owners.is_empty()) {
            return Ok(Verdict::Stays);
        }
        if found.is_none() && !self.removed.contains(link) {
            return Ok(Verdict::Stays);
        }
        let mut heirs: Option<Object> = None;
        for owner in self.owners().await?.values().cloned().collect::<Vec<_>>() {
            match self.wanted(&owner).await? {
                Wanted::Is(state) => {
                    let Some(wanted) = state.get(link).cloned() else { continue };
                    match &mut heirs {
                        Some(heirs) => heirs.owners.extend(wanted.owners),
                        None => heirs = Some(wanted),
                    }
                }
                Wanted::Soon if !self.is_last => return Ok(Verdict::Waits),
                Wanted::Soon | Wanted::Unknown => {}
            }
        }
        Ok(match (found.cloned(), heirs) {
            (Some(before), Some(after)) => changes(Change::Update { before, after }),
            (Some(found), None) => changes(Change::Delete(found)),
            (None, Some(wanted)) => changes(Change::Create(wanted)),
            (None, None) => Verdict::Stays,
        })
    }

    async fn owners(&mut self) -> Result<&BTreeMap<String, Owner>, String> {
        let owners = match self.owners.take() {
            Some(owners) => owners,
            None => {
                let owners = self.preset.cloud.owners().await;
                let owners = owners.or_else(|error| match self.is_last {
                    true => Ok(Owners::new()),
                    false => Err(error.to_string()),
                })?;
                owners.into_iter().map(|owner| (owner.key().to_owned(), owner)).collect()
            }
        };
        Ok(self.owners.insert(owners))
    }

    async fn wanted(&mut self, owner: &Owner) -> Result<Wanted, String> {
        if let Some(wanted) = self.wanted.get(owner.key()) {
            return Ok(wanted.clone());
        }
        let wanted = if *owner == self.task.me {
            let Request { stack_id, logical_resource_id, .. } = self.request;
            match self.preset.wanted_by(owner, stack_id, logical_resource_id).await {
                Wanted::Soon | Wanted::Unknown => Wanted::Is(self.fallback.clone()),
                wanted => wanted,
            }
        } else {
            // A group's path has no stack's id, and another stack may have the name by now.
            let known = match owner.stack_and_logical_id() {
                Some(_) => Some(owner.clone()),
                None => self.owners().await?.get(owner.key()).cloned(),
            };
            match known.as_ref().and_then(Owner::stack_and_logical_id) {
                Some((stack, logical_id)) => self.preset.wanted_by(owner, stack, logical_id).await,
                None => Wanted::Unknown,
            }
        };
        self.wanted.insert(owner.key().to_owned(), wanted.clone());
        Ok(wanted)
    }
}
