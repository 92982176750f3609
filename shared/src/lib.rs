//! Account presets: CloudFormation custom resources that put an AWS account into a known
//! state.
//!
//! A preset is data ([`preset`]), a plan is a value ([`plan`]), and deleting is reconciling to
//! nothing ([`reconcile`]). `docs/architecture.md` shows how an event travels through these
//! modules.

pub mod actions;
pub mod aws;
pub mod cfn;
pub mod cloud;
pub mod digest;
pub mod function;
pub mod iam_preset;
pub mod input;
pub mod json;
pub mod lambda_concurrency;
pub mod logging;
pub mod partition;
pub mod plan;
pub mod preset;
pub mod quota_template;
pub mod reconcile;
pub mod state;
