//! A process with too little memory or too few file descriptors.

use tokio::task::JoinSet;
use world::Behaviour;
use world::runtime_api::Limit;

use crate::stage::{ANSWERED, ENOUGH, LITTLE, create_slim, only_answer, stage_with};

/// Delivers an event to a process under a limit, and again to one without if there was no answer:
/// one answer comes of it. Says whether the first process gave it.
async fn answered_under(limit: Limit) -> bool {
    let mut stage = stage_with(Behaviour::ACCESS_DENIED).await;
    stage.function = stage.function.limited(Some(limit));
    let (event, url) = stage.urls.issue(create_slim());
    let outcome = stage.function.invoke(&event, LITTLE).await;
    let answered = url.answer().is_some();
    if !answered {
        assert_ne!(outcome, ANSWERED, "{limit:?}: silence");
        stage.function.printed().await;
        stage.function = stage.function.limited(None);
        assert_eq!(stage.function.invoke(&event, ENOUGH).await, ANSWERED, "{limit:?}");
    }
    assert_eq!(only_answer(&url)["Status"], "FAILED", "{limit:?}");
    stage.end().await;
    answered
}

/// Processes at the same time: on a busy machine more of them would run out of time before memory.
const AT_ONCE: usize = 4;

/// Returns the number of limits under which the first process could answer, and of those under
/// which it could not.
async fn under_all(limits: impl Iterator<Item = Limit>) -> (usize, usize) {
    let limits: Vec<Limit> = limits.collect();
    let mut answered = Vec::new();
    for some in limits.chunks(AT_ONCE) {
        let stages: JoinSet<bool> = some.iter().copied().map(answered_under).collect();
        answered.extend(stages.join_all().await);
    }
    let (enough, too_few): (Vec<bool>, Vec<bool>) =
        answered.into_iter().partition(|answered| *answered);
    (enough.len(), too_few.len())
}

/// T13
#[tokio::test]
async fn with_too_few_file_descriptors_there_is_one_answer_or_another_delivery() {
    let (enough, too_few) = under_all((3..24).map(Limit::OpenFiles)).await;
    assert!(enough > 0 && too_few > 0, "{enough} {too_few}");
}

/// T13
#[tokio::test]
async fn with_too_little_memory_there_is_one_answer_or_another_delivery() {
    let limits = (2..40).map(|step| Limit::AddressSpace(2048 * step));
    let (enough, too_few) = under_all(limits).await;
    assert!(enough > 0 && too_few > 0, "{enough} {too_few}");
}
