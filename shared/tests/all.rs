//! All integration tests of this crate in one program, for each program links the whole SDK.

mod boundaries;
mod golden;
mod iam_preset;
mod lambda_concurrency;
mod layers;
mod lint;
mod pages;
mod partitions;
mod plans;
mod releases;
mod sixth_preset;
mod trusts;
mod vendor_documents;
