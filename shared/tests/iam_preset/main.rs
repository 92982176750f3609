//! `Custom::IamPreset` against an account in memory: what stacks do, what people do, and what
//! goes wrong, in process.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

mod catalogue;
mod crash;
mod existing;
mod function;
mod lifecycle;
mod model;
mod operator;
mod ownership;
mod people;
mod rivals;
mod stacks;
mod updates;
mod wanted;
mod world;
