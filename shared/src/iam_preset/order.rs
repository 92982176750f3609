//! The order of a resource's requests, as far as the marks in the account tell it.
//!
//! CloudFormation sends a rollback while the cancelled Update may still be at work, and Lambda
//! delivers a request again after a crash of its process. A rollback that does not find the state
//! that the last request should have left notes itself on one of the resource's objects: an older
//! request that reads the note stops.
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
/// A later request was served.
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

/// An earlier request, or an earlier delivery, that may still be at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Overtaken {
    /// None: the request finds the state that the last one should have left, or wants that state.
    Nothing,
    /// No write to undo yet: the rollback of an Update that has not begun to write, or an Update
    /// that Lambda delivers again.
    Unbegun,
    /// Writes of the last request are being undone.
    Begun,
}

/// Whether an Update finds another state than the last request should have left, and wants another
/// one than that: the request that it undoes may still be at work.
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

/// Notes the request on the object that carries the resource's notes: an older request that reads
/// the note stops.
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
