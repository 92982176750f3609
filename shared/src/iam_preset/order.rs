//! The order of a resource's requests, as far as the marks in the account tell it.
//!
//! CloudFormation sends a rollback while the Update that it cancelled may still be at work, and
//! Lambda delivers a request again whose process died. A rollback that does not find what the
//! last request should have left notes itself on one of the resource's objects: whoever reads
//! that note and is older stops.
//!
//! Must not know: AWS's API.

use super::intent::Intent;
use super::task::Task;
use super::transition::Transition;
use crate::cfn::RequestType;
use crate::plan::{Change, plan};
use crate::state::{Mark, State};

/// Refuses a request that is older than one that was served.
///
/// # Errors
///
/// What was served since.
pub(super) fn check(intent: &Intent, task: &Task, observed: &State) -> Result<(), String> {
    let (RequestType::Create | RequestType::Update, Some((sent, id))) = (intent.kind, &intent.sent)
    else {
        return Ok(());
    };
    let marks = observed.iter().filter_map(|(_, object)| object.owners.get(&task.me));
    let later = marks.filter_map(|owner| owner.mark.request.as_ref());
    match later.max() {
        Some((served, other)) if served > sent && other != id => {
            Err("CloudFormation has gone on from this request: a later one of this resource was \
             served; nothing was done"
                .to_owned())
        }
        Some(_) | None => Ok(()),
    }
}

/// What a request may have overtaken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overtaken {
    /// Nothing: it finds what the last request should have left, or wants that.
    Nothing,
    /// There is nothing to undo yet. So it is for the rollback of an Update that has not begun to
    /// write, and for an Update that Lambda delivers again.
    Unbegun,
    /// What the last request did is being undone.
    Begun,
}

/// Whether an Update finds something else than the last request should have left, and wants
/// something else: what it undoes may still be at work.
pub(super) fn overtaken(intent: &Intent, task: &Task, observed: &State) -> Overtaken {
    let (RequestType::Update, Some(_), Some(left)) = (intent.kind, &intent.sent, &task.left) else {
        return Overtaken::Nothing;
    };
    let differs = |from: &State| {
        let changes = plan(&task.me, &task.scope, from, observed);
        changes.is_ok_and(|plan| plan.changes().any(Change::is_of_content))
    };
    let last_did_all = !task.last_did_nothing && !differs(left);
    if task.transition == Transition::Replace || *left == task.desired || last_did_all {
        Overtaken::Nothing
    } else if !differs(&task.desired) && task.transition != Transition::GoBack {
        Overtaken::Unbegun
    } else {
        Overtaken::Begun
    }
}

/// Notes the request on the object that carries the resource's notes: whoever is older and reads
/// it stops.
pub(super) fn note(intent: &Intent, task: &mut Task) {
    let Some(mut noted) = task.anchors.first().and_then(|anchor| task.desired.remove(anchor))
    else {
        return;
    };
    if let Some(owner) = noted.owners.take(&task.me) {
        let mark = Mark { request: intent.sent.clone(), ..owner.mark.clone() };
        noted.owners.insert(owner.marked(mark));
    }
    task.desired.insert(noted);
}
