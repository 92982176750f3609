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

use std::collections::BTreeMap;

use serde_json::value::RawValue;

pub use render::{Branches, Wish, attributes, render};
pub use schema::{Edition, Preset};

/// What the build script made of `presets/*.yaml`.
const CATALOGUE: &str = include_str!(concat!(env!("OUT_DIR"), "/presets.json"));

/// The names of all presets, in order.
pub fn names() -> Vec<String> {
    catalogue().into_keys().collect()
}

/// The preset of that name.
pub fn find(name: &str) -> Option<Preset> {
    catalogue().get(name).map(|preset| parse(preset.get()))
}

fn catalogue() -> BTreeMap<String, Box<RawValue>> {
    parse(CATALOGUE)
}

#[allow(clippy::expect_used, reason = "the build script wrote it with these same types")]
fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).expect("the catalogue is what the build script wrote")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_of_the_catalogue_is_found_by_its_name() {
        let names = names();
        assert!(names.contains(&"slim".to_owned()) && names.contains(&"lithops".to_owned()));
        assert!(names.iter().all(|name| find(name).is_some()));
        assert!(find("Slim").is_none());
    }
}
