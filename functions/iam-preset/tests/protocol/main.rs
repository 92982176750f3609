//! The compiled function against the outside world: Lambda's runtime API, the
//! far end of the ResponseURL, and an AWS that is of no help.
//!
//! Its work with an AWS that answers is tested elsewhere, against an emulator.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on should fail, and say why"
)]

mod answers;
mod audit;
mod delivery;
mod malformed;
mod origins;
mod refused;
mod samples;
mod secrets;
mod shortage;
mod stacks;
mod stage;
mod time;
