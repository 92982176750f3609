//! `Custom::IamPreset` against an account in memory: stacks at work, people at work, and faults,
//! in process.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at what it did not expect"
)]

mod audit;
mod catalogue;
mod crash;
mod existing;
mod foresight;
mod full;
mod function;
mod hands;
mod letting_go;
mod lifecycle;
mod memory;
mod model;
mod operator;
mod order;
mod overlap;
mod own;
mod ownership;
mod people;
mod power;
mod refused;
mod releases;
mod repair;
mod retained;
mod rivals;
mod rolled_back;
mod stacks;
mod time;
mod turns;
mod undo;
mod updates;
mod wanted;
mod world;
