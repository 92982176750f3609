//! Whether the request that is being carried out still counts.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use crate::cfn::Progress;
use crate::cloud::Cloud;
use crate::plan::{Change, Scope};
use crate::state::{Id, Owner, State};

/// So long may work go on without a look. An ordinary request is over before.
const UNSEEN: Duration = Duration::from_secs(2);
/// A call that takes longer is no ordinary one: whatever is decided since is looked at.
const SLOW: Duration = Duration::from_millis(400);

/// What is known of the request's standing: a later request of the same resource notes itself on
/// one of its objects, or deletes that.
#[derive(Debug)]
pub struct Standing {
    /// The object that carries the notes, once it is there.
    anchor: Option<Id>,
    /// The later request that was noted before this one began.
    noted: Option<(u64, String)>,
    was_there: Cell<bool>,
    looked: Cell<Instant>,
    is_due: Cell<bool>,
    since: RefCell<Vec<Change>>,
}

impl Standing {
    /// Of a request of `me` that begins now. Without an `anchor` nothing is looked at.
    pub fn new(cloud: &impl Cloud, me: &Owner, anchor: Option<Id>, observed: &State) -> Self {
        let owner = anchor.as_ref().and_then(|anchor| observed.get(anchor)?.owners.get(me));
        Standing {
            noted: owner.and_then(|owner| owner.mark.request.clone()),
            was_there: Cell::new(owner.is_some()),
            anchor,
            looked: Cell::new(cloud.now()),
            is_due: Cell::new(false),
            since: RefCell::default(),
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
        let Some(anchor) = &self.anchor else { return };
        let is_due = self.is_due.get() || now.duration_since(self.looked.get()) >= UNSEEN;
        if !is_due || progress.stopped().is_some() {
            return;
        }
        let of_anchor = Scope { ids: [anchor.clone()].into(), ..scope.clone() };
        match cloud.observe(&of_anchor).await {
            Ok(observed) => {
                let owner = observed.get(anchor).and_then(|object| object.owners.get(me)).cloned();
                let noted = owner.as_ref().and_then(|owner| owner.mark.request.clone());
                let is_gone = self.was_there.get() && owner.is_none();
                if is_gone || noted != self.noted {
                    progress.supersede("a later request of this resource was served");
                    return;
                }
                self.looked.set(cloud.now());
                self.is_due.set(false);
                self.since.borrow_mut().clear();
            }
            Err(error) => warn!(%error, "whether the request still counts cannot be told"),
        }
    }

    /// Remembers how long a change took.
    pub(super) fn took(&self, time: Duration) {
        if time >= SLOW {
            self.is_due.set(true);
        }
    }

    /// Remembers a change that was made.
    pub(super) fn made(&self, change: &Change) {
        if self.anchor.as_ref() == Some(&change.id()) {
            match change {
                Change::Create(_) => self.was_there.set(true),
                Change::Delete(_) => self.was_there.set(false),
                Change::Update { .. } => {}
            }
        }
        self.since.borrow_mut().push(change.clone());
    }

    /// What was made since the last look that found nothing, or since the beginning.
    pub(super) fn since_the_last_look(&self) -> Vec<Change> {
        self.since.take()
    }
}
