//! The grammar of presets: the words of a file, and the mistakes in one that its words cannot show.
//!
//! The build script of `shared` reads the catalogue with it, the crate reads back what the script
//! wrote, and the command line holds presets of one's own to it.
//!
//! Must not know: AWS's API, the desired state of an account.

mod check;
pub mod glob;
pub mod placeholders;
#[cfg(feature = "read")]
pub mod read;
mod references;
#[allow(missing_docs, reason = "the fields are the words of IAM and of the grammar")]
pub mod schema;

pub use check::BUILT_IN;
use schema::Preset;

/// A mistake that the types of a preset file cannot show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// What is wrong and what is allowed, in a sentence.
    pub said: String,
    /// Texts that stand together on the line of the mistake.
    pub on: Vec<String>,
}

/// Returns the names that nothing declares, and the texts of a consumer's that the operator cannot
/// limit.
pub fn mistakes(preset: &Preset) -> Vec<Mistake> {
    [check::mistakes(preset), references::dangling(preset)].concat()
}
