//! `Custom::LambdaConcurrency` against a quota in memory.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that cannot go on should fail, and say why"
)]

mod outcomes;
mod page;
mod requests;
mod rollback;
mod template;
mod wait;
mod world;
