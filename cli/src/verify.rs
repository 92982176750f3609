//! `verify`: whether those who got a preset may do what it grants, in IAM's own judgement.

use crate::Found;
use crate::arguments::{Aws, Verify};
use crate::output::Output;

/// Not there yet.
///
/// # Errors
///
/// Always.
pub(crate) async fn verify(_: &Verify, _: &Aws, _: &Output) -> Result<Found, String> {
    Err("not there yet".to_owned())
}
