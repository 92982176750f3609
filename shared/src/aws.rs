//! The adapters to AWS. This is the only module that names a type of the SDK.

pub mod actions;
mod client;
mod consistency;
mod http_client;
mod iam;

pub use client::Environment;
pub use iam::Iam;
