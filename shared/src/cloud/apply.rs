//! Makes one change, call by call. Each call is idempotent: an object that the same owner made
//! already, or that is gone already, is done.

use super::{Applied, Call, CallError, Cloud, calls};
use crate::plan::{Change, Scope};
use crate::state::{Object, Owner};

/// Makes one change. Doing it again, after a crash or an answer that was lost, is no error.
///
/// # Errors
///
/// The call that failed.
pub async fn apply(cloud: &impl Cloud, change: &Change) -> Result<Applied, CallError> {
    let mut applied = None;
    for call in calls(change) {
        let now = match send(cloud, &call).await {
            Ok(applied) => applied,
            Err(error) if error.code == "EntityAlreadyExists" => match (change, call) {
                (_, Call::CreateServiceLinkedRole { .. }) => Applied::Before,
                (Change::Create(object), _) => was_made_before(cloud, object, error).await?,
                (Change::Update { .. } | Change::Delete(_), _) => return Err(error),
            },
            Err(error) => return Err(error),
        };
        // The first call is about the object itself; a claim goes with its attachment.
        applied.get_or_insert(now);
    }
    Ok(applied.unwrap_or(Applied::Before))
}

/// Makes one change, or several that [`are_one_call`].
///
/// # Errors
///
/// The call that failed: nothing was changed.
pub async fn apply_together(cloud: &impl Cloud, changes: &[&Change]) -> Result<Applied, CallError> {
    let [first, further @ ..] = changes else { return Ok(Applied::Before) };
    let mut call = marking(first);
    for change in further {
        call = call.zip(marking(change)).and_then(|(call, other)| call.with(&other));
    }
    match call {
        Some(call) => send(cloud, &call).await,
        None => apply(cloud, first).await,
    }
}

/// True for changes that IAM makes by one call: of claims on one user.
pub fn are_one_call(one: &Change, other: &Change) -> bool {
    let both = marking(one).zip(marking(other));
    both.and_then(|(one, other)| one.with(&other)).is_some()
}

/// True if it claims a user's policy, or removes a claim on it.
pub fn marks_a_user(change: &Change) -> bool {
    let marks = |call: &Call| matches!(call, Call::TagUser { .. } | Call::UntagUser { .. });
    calls(change).iter().any(marks)
}

/// The call of a change of marks alone.
fn marking(change: &Change) -> Option<Call> {
    match calls(change).as_slice() {
        [call @ (Call::TagUser { .. } | Call::UntagUser { .. })] => Some(call.clone()),
        _ => None,
    }
}

/// Sends a call. An object to remove that IAM does not know is gone already.
async fn send(cloud: &impl Cloud, call: &Call) -> Result<Applied, CallError> {
    match cloud.send(call).await {
        Ok(()) => Ok(Applied::Now),
        Err(error) if error.code == "NoSuchEntity" && call.takes_away() => Ok(Applied::Before),
        Err(error) => Err(error),
    }
}

/// The name is taken: by an earlier delivery of the same request, whose answer was lost, which is
/// updated to the desired form, or by another caller since the read.
async fn was_made_before(
    cloud: &impl Cloud,
    object: &Object,
    error: CallError,
) -> Result<Applied, CallError> {
    let id = object.resource.id();
    let mut resource = object.resource.clone();
    let tag_keys = resource.tags_mut().map(|tags| tags.keys().cloned().collect());
    let scope = Scope {
        ids: [id.clone()].into(),
        paths: object.resource.path().map(str::to_owned).into_iter().collect(),
        tag_keys: tag_keys.unwrap_or_default(),
        ..Scope::default()
    };
    let observed = cloud.observe(&scope).await?;
    let there = observed.get(&id);
    if let Some(there) = there.filter(|there| there.owners.is_superset(&object.owners)) {
        let after = Object { owners: there.owners.clone(), ..object.clone() };
        let change = Change::Update { before: there.clone(), after };
        let calls = calls(&change);
        for call in &calls {
            send(cloud, call).await?;
        }
        return Ok(match calls.is_empty() {
            true => Applied::Before,
            false => Applied::Instead(Box::new(change)),
        });
    }
    let owners = there.into_iter().flat_map(|there| &there.owners);
    let owners: Vec<&str> = owners.map(Owner::label).collect();
    let whose = if there.is_none() {
        "exists at another path, or was deleted meanwhile".to_owned()
    } else if owners.is_empty() {
        "was not made by a preset".to_owned()
    } else {
        format!("belongs to {}", owners.join(" and "))
    };
    Err(CallError { message: format!("{} ({id} {whose})", error.message), ..error })
}
