//! Presets: the catalogue, their parameters, and the desired state that they render to.
//!
//! Must not know: AWS's API, the clock, the environment.

#[cfg(any(test, feature = "fake"))]
pub mod besides;
mod forms;
pub mod lint;
pub mod parameters;
mod render;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use grammar::schema::Setting;
pub use grammar::schema::{self, Edition, Preset};
pub use render::{Branches, PROVIDER, Wish, attributes, render};

/// `presets/*.yaml`, and those that the build was given besides, as the build script writes them:
/// names and JSON, in order.
const CATALOGUE: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/presets.rs"));

/// The names of those that are not the project's own.
const OWN: &[&str] = &include!(concat!(env!("OUT_DIR"), "/own.rs"));

/// The settings of all presets' parameters, as JSON.
const SETTINGS: &str = include_str!(concat!(env!("OUT_DIR"), "/settings.json"));

/// Each preset once it was asked for.
static PARSED: [OnceLock<Preset>; CATALOGUE.len()] = [const { OnceLock::new() }; CATALOGUE.len()];

/// The names of all presets, in order.
pub fn names() -> Vec<&'static str> {
    let names = CATALOGUE.iter().map(|(name, _)| *name);
    #[cfg(any(test, feature = "fake"))]
    let names = names.chain(besides::all().into_iter().map(|(name, _)| name));
    names.collect()
}

/// The names of those that this build was given besides the project's.
pub fn own() -> &'static [&'static str] {
    OWN
}

/// The preset of that name.
#[allow(clippy::expect_used, reason = "the build script wrote it with these same types")]
pub fn find(name: &str) -> Option<&'static Preset> {
    #[cfg(any(test, feature = "fake"))]
    if let Some((_, preset)) = besides::all().into_iter().find(|(known, _)| *known == name) {
        return Some(preset);
    }
    let mut presets = CATALOGUE.iter().zip(&PARSED);
    let ((_, json), parsed) = presets.find(|((known, _), _)| *known == name)?;
    let parse =
        || serde_json::from_str(json).expect("the catalogue is what the build script wrote");
    Some(parsed.get_or_init(parse))
}

/// The operator's settings, by `preset.Parameter`, of all presets: a request needs one preset, which
/// is read for it, and no other.
#[allow(clippy::expect_used, reason = "the build script wrote it with these same types")]
pub fn settings() -> BTreeMap<String, Setting> {
    let settings: BTreeMap<String, Setting> =
        serde_json::from_str(SETTINGS).expect("the settings are what the build script wrote");
    #[cfg(any(test, feature = "fake"))]
    let settings = settings.into_iter().chain(besides::settings()).collect();
    settings
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_settings_are_those_of_all_presets() {
        let of = |name: &str| {
            let parameters = find(name).unwrap().parameters.iter();
            let settings =
                parameters.filter_map(|(parameter, of)| Some((parameter, of.setting()?)));
            let settings = settings.map(|(parameter, of)| (format!("{name}.{parameter}"), of));
            settings.map(|(key, of)| format!("{key} {of:?}")).collect::<Vec<_>>()
        };
        let all: BTreeSet<String> = names().into_iter().flat_map(of).collect();
        let settings = settings().into_iter().map(|(key, of)| format!("{key} {of:?}"));
        assert!(!all.is_empty());
        assert_eq!(settings.collect::<BTreeSet<_>>(), all);
    }

    #[test]
    fn every_preset_of_the_catalogue_is_found_by_its_name() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/presets")).unwrap();
        let files = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let presets = files.filter_map(|file| file.strip_suffix(".yaml").map(str::to_owned));
        let presets: BTreeSet<String> = presets.collect();
        let names = names().into_iter().filter(|name| !own().contains(name));
        assert!(names.eq(presets.iter().map(String::as_str)), "{presets:?}");
        assert!(super::names().iter().all(|name| find(name).is_some()));
        assert!(find("Slim").is_none());
    }
}
