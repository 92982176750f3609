//! Presets: the catalogue, their parameters, and what they mean for an account.
//!
//! Must not know: AWS's API, the clock, the environment.

#[cfg(test)]
mod check;
pub mod lint;
pub mod parameters;
mod placeholders;
mod render;
#[allow(missing_docs, reason = "the fields are the words of IAM and of the grammar")]
pub mod schema;

pub use render::{Branches, Wish, attributes, render};
pub use schema::{Edition, Preset};

/// What the build script made of `presets/*.yaml`: names and JSON, in order.
const CATALOGUE: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// The names of all presets, in order.
pub fn names() -> Vec<&'static str> {
    CATALOGUE.iter().map(|(name, _)| *name).collect()
}

/// The preset of that name.
#[allow(clippy::expect_used, reason = "the build script wrote it with these same types")]
pub fn find(name: &str) -> Option<Preset> {
    let (_, json) = CATALOGUE.iter().find(|(known, _)| *known == name)?;
    Some(serde_json::from_str(json).expect("the catalogue is what the build script wrote"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_of_the_catalogue_is_found_by_its_name() {
        assert_eq!(names(), ["lithops", "orchestra", "skypilot", "slim", "zappa"]);
        assert!(names().iter().all(|name| find(name).is_some()));
        assert!(find("Slim").is_none());
    }
}
