//! `Custom::IamPreset` against an account in memory: what stacks do, what people do, and what
//! goes wrong, in process.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

mod crash;
mod existing;
mod hands;
mod lifecycle;
mod operator;
mod ownership;
mod rivals;
mod undo;
mod updates;
mod world;
