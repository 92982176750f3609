//! Whether the request that is being carried out still counts.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use crate::cfn::Progress;
use crate::cloud::{Cloud, Marks};
use crate::plan::{Change, Scope};
use crate::state::{Id, Owner, State};

/// The time that work may go on without a look. An ordinary request is over before.
const UNSEEN: Duration = Duration::from_secs(2);
/// A call that takes longer is no ordinary one: the marks are read for decisions made since.
const SLOW: Duration = Duration::from_millis(400);

/// The request's standing: a later request of the same resource notes itself on one of its
/// objects, or deletes that.
#[derive(Debug)]
pub struct Standing {
    /// When CloudFormation sent this request, in seconds, and a digest of its id.
    sent: Option<(u64, String)>,
    anchors: Vec<Anchor>,
    looked: Cell<Instant>,
    is_due: Cell<bool>,
    since: RefCell<Vec<Change>>,
    /// A watch may end the work, and is asked.
    may_end: bool,
    /// The resource has something already.
    has_own: bool,
}

/// An object that carries notes, once it is there.
#[derive(Debug)]
struct Anchor {
    id: Id,
    /// The request that was noted before this one began.
    noted: Option<(u64, String)>,
    was_there: Cell<bool>,
}

impl Standing {
    /// Of a request of `me` that was `sent` then and begins now. Without `anchors` nothing is
    /// looked at, and only the work's watch is asked.
    pub fn new(
        cloud: &impl Cloud,
        me: &Owner,
        sent: &Option<(u64, String)>,
        anchors: &[Id],
        observed: &State,
    ) -> Self {
        let anchor = |id: &Id| {
            let owner = observed.get(id).and_then(|object| object.owners.get(me));
            Anchor {
                id: id.clone(),
                noted: owner.and_then(|owner| owner.mark.request.clone()),
                was_there: Cell::new(owner.is_some()),
            }
        };
        Standing {
            sent: sent.clone(),
            anchors: anchors.iter().map(anchor).collect(),
            has_own: observed.has_any_of(me),
            may_end: true,
            ..Standing::none(cloud)
        }
    }

    /// Of work that nothing can overtake.
    pub fn none(cloud: &impl Cloud) -> Self {
        Standing {
            sent: None,
            anchors: Vec::new(),
            looked: Cell::new(cloud.now()),
            is_due: Cell::new(false),
            since: RefCell::default(),
            may_end: false,
            has_own: false,
        }
    }

    /// Stops the work if a later request was served: asked before each change, and looked at if
    /// the last look was a while ago.
    pub(super) async fn check(
        &self,
        cloud: &impl Cloud,
        me: &Owner,
        scope: &Scope,
        progress: &Progress,
    ) {
        let now = cloud.now();
        let is_due = self.is_due.get() || now.duration_since(self.looked.get()) >= UNSEEN;
        if !self.may_end || !is_due || progress.stopped().is_some() {
            return;
        }
        let ids: BTreeSet<Id> = self.anchors.iter().map(|anchor| anchor.id.clone()).collect();
        if ids.is_empty() {
            progress.ask_whether_wanted().await;
            if progress.stopped().is_none() {
                self.is_seen(cloud);
            }
            return;
        }
        match cloud.marks(&Scope { ids, ..scope.clone() }).await {
            Ok(marks) => {
                if self.anchors.iter().any(|anchor| self.is_overtaken(anchor, me, &marks)) {
                    progress.supersede("a later request of this resource was served");
                    return;
                }
                // A later request that found nothing to do noted nothing.
                progress.ask_whether_wanted().await;
                if progress.stopped().is_some() {
                    return;
                }
                self.is_seen(cloud);
            }
            Err(error) => warn!(%error, "whether the request still counts cannot be told"),
        }
    }

    /// All that was made until now was made while the request counted.
    fn is_seen(&self, cloud: &impl Cloud) {
        self.looked.set(cloud.now());
        self.is_due.set(false);
        self.since.borrow_mut().clear();
    }

    /// True if the anchor is gone, or a later request noted itself there.
    fn is_overtaken(&self, anchor: &Anchor, me: &Owner, marks: &Marks) -> bool {
        let owner = marks.get(&anchor.id).and_then(|owners| owners.get(me));
        let Some(owner) = owner else { return anchor.was_there.get() };
        anchor.was_there.set(true);
        let Some(noted) = &owner.mark.request else { return false };
        match &self.sent {
            Some((_, id)) if *id == noted.1 => false,
            Some((sent, _)) if *sent != noted.0 => noted.0 > *sent,
            Some(_) | None => Some(noted) != anchor.noted.as_ref(),
        }
    }

    /// True for the object that carries the notes of a resource that has something already.
    pub(super) fn is_noted_on(&self, id: &Id) -> bool {
        self.has_own && self.anchors.iter().any(|anchor| anchor.id == *id)
    }

    /// Makes the first change wait for a look whether the request still counts.
    pub fn doubt(&self) {
        self.is_due.set(true);
    }

    /// Remembers how long a change took.
    pub(super) fn took(&self, time: Duration) {
        if time >= SLOW {
            self.is_due.set(true);
        }
    }

    /// Remembers an anchor that another delivery had made: if it is gone later, it was deleted.
    pub(super) fn was_made_before(&self, change: &Change) {
        let is_made = matches!(change, Change::Create(_));
        for anchor in self.anchors.iter().filter(|anchor| is_made && anchor.id == change.id()) {
            anchor.was_there.set(true);
        }
    }

    /// Remembers a change that was made.
    pub(super) fn made(&self, change: &Change) {
        for anchor in self.anchors.iter().filter(|anchor| anchor.id == change.id()) {
            match change {
                Change::Create(_) => anchor.was_there.set(true),
                Change::Delete(_) => anchor.was_there.set(false),
                Change::Update { .. } => {}
            }
        }
        self.since.borrow_mut().push(change.clone());
    }

    /// The changes since the last look that found nothing, or since the beginning.
    pub(super) fn since_the_last_look(&self) -> Vec<Change> {
        self.since.take()
    }
}
