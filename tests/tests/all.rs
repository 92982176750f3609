//! All integration tests of this crate in one program, for each program links the whole SDK.

mod alarms;
mod deployment;
mod events;
mod forgotten;
mod links;
mod made;
mod own_presets;
mod pinned;
mod reliability;
mod response_rules;
mod runtime_api;
mod template;
