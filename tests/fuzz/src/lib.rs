//! Promises that must hold for any bytes.
//!
//! A target is a function of any bytes that panics where a promise is broken. libFuzzer looks for
//! these bytes (`make fuzz`), and the ordinary tests give each target the inputs in `corpus/`.
//!
//! Each reads its bytes as JSON: so the samples in `events/` are inputs as they are, an input
//! that was found can be read, and [`mutation`] changes JSON as JSON, where a change of bytes
//! seldom leaves any.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a broken promise is a panic here"
)]

mod event;
mod function;
pub mod mutation;
mod placeholders;
mod policy_documents;
mod properties;

pub use event::event;
pub use placeholders::placeholders;
pub use policy_documents::policy_documents;
pub use properties::properties;

/// A function of any bytes.
pub type Target = fn(&[u8]);

/// All targets, by the names of their programs and of their folders in `corpus/`.
pub const TARGETS: [(&str, Target); 4] = [
    ("event", event),
    ("placeholders", placeholders),
    ("policy_documents", policy_documents),
    ("properties", properties),
];

/// Makes a program of a target.
#[cfg(feature = "libfuzzer")]
#[macro_export]
macro_rules! program {
    ($target:path) => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $target(bytes));
        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max: usize, seed: u32| {
            $crate::mutation::mutate(data, size, max, seed, libfuzzer_sys::fuzzer_mutate)
        });
    };
}
