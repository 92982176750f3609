//! The outside world of one Lambda function, in process.
//!
//! [`cloudformation`] stands behind all requests: stacks, and the rules of the protocol, with no
//! more of a world than a clock of its own.
//!
//! A custom resource's function sees three parts of the world: the Lambda runtime API that hands it
//! events, the presigned URL that CloudFormation waits at, and AWS. Here is one of each, on
//! loopback, to test a compiled binary against:
//!
//! - [`runtime_api`] starts the binary and invokes it,
//! - [`response_url`] is as strict as S3 and CloudFormation together,
//! - [`aws_endpoint`] is an AWS that is broken in a known way,
//! - [`events`] builds requests as CloudFormation sends them,
//! - [`deployed`] lets the binary serve the stacks of [`cloudformation`].
//! - [`stage`] puts them around a function.
//!
//! Nothing here knows the function under test. Each part panics with a message when a test's
//! assumption does not hold, and ends when it is dropped.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test's tool that cannot go on should fail the test, and say why"
)]

pub mod aws_endpoint;
pub mod cloudformation;
pub mod deployed;
pub mod events;
pub mod response_url;
pub mod runtime_api;
pub mod stage;

mod clock;
mod http;
mod presigned;

pub use aws_endpoint::{AwsEndpoint, Behaviour};
pub use cloudformation::{CloudFormation, Rule, Template};
pub use deployed::Deployed;
pub use response_url::{Fault, ResponseUrl, ResponseUrls};
pub use runtime_api::{Function, Outcome};
pub use stage::Stage;
