//! The function `iam-preset` with its world around it.

use world::events::{Event, create, delete, update};
use world::{Behaviour, ResponseUrls};

pub use world::stage::{
    ANSWERED, ENOUGH, LITTLE, Stage, assert_is_for_people, error_of, only_answer, reason,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_iam-preset");

/// The function on an AWS that behaves like this.
pub async fn stage_with(aws: Behaviour) -> Stage {
    allowing_everything(Stage::with(PROGRAM, aws).await)
}

/// The same with another list of origins to which answers may go.
pub async fn stage_with_origins(aws: Behaviour, urls: ResponseUrls, origins: &str) -> Stage {
    allowing_everything(Stage::with_origins(PROGRAM, aws, urls, origins).await)
}

/// The operator allows all presets.
fn allowing_everything(stage: Stage) -> Stage {
    let function = stage.function.env("ALLOW_ADMIN_EQUIVALENT", "true");
    Stage { function, ..stage }
}

pub fn create_slim() -> Event {
    create().property("Preset", "slim").property("AcknowledgeAdminEquivalent", true)
}

pub fn update_slim() -> Event {
    update()
        .property("Preset", "slim")
        .property("AcknowledgeAdminEquivalent", true)
        .old_property("Preset", "slim")
}

pub fn delete_slim() -> Event {
    delete().property("Preset", "slim")
}
