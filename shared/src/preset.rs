//! Presets: the catalogue, their parameters, and the desired state that they render to.
//!
//! Must not know: AWS's API, the clock, the environment.

#[cfg(any(test, feature = "lint"))]
mod check;
mod forms;
pub mod lint;
pub mod parameters;
pub mod placeholders;
mod render;
#[allow(missing_docs, reason = "the fields are the words of IAM and of the grammar")]
pub mod schema;

use std::sync::OnceLock;

pub use render::{Branches, PROVIDER, Wish, attributes, render};
pub use schema::{Edition, Preset};

/// `presets/*.yaml` as the build script writes them: names and JSON, in order.
const CATALOGUE: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// Each preset once it was asked for.
static PARSED: [OnceLock<Preset>; CATALOGUE.len()] = [const { OnceLock::new() }; CATALOGUE.len()];

/// The names of all presets, in order.
pub fn names() -> Vec<&'static str> {
    CATALOGUE.iter().map(|(name, _)| *name).collect()
}

/// The preset of that name.
#[allow(clippy::expect_used, reason = "the build script wrote it with these same types")]
pub fn find(name: &str) -> Option<&'static Preset> {
    let mut presets = CATALOGUE.iter().zip(&PARSED);
    let ((_, json), parsed) = presets.find(|((known, _), _)| *known == name)?;
    let parse =
        || serde_json::from_str(json).expect("the catalogue is what the build script wrote");
    Some(parsed.get_or_init(parse))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_of_the_catalogue_is_found_by_its_name() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/presets")).unwrap();
        let files = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let presets = files.filter_map(|file| file.strip_suffix(".yaml").map(str::to_owned));
        let presets: std::collections::BTreeSet<String> = presets.collect();
        assert!(names().iter().copied().eq(&presets), "{presets:?}");
        assert!(names().iter().all(|name| find(name).is_some()));
        assert!(find("Slim").is_none());
    }
}
