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

use std::sync::OnceLock;

pub use render::{Branches, Wish, attributes, render};
pub use schema::{Edition, Preset};

/// What the build script made of `presets/*.yaml`: names and JSON, in order.
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

/// The word that was probably meant, if one is near.
pub fn nearest<'a>(given: &str, allowed: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    allowed
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&given, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= 1 + word.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// What is wrong with a word that is none of the allowed ones, what was probably meant, and
/// what is allowed.
pub fn unknown(what: &str, given: &str, allowed: &[&str]) -> String {
    let meant = nearest(given, allowed.iter().copied())
        .map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
    let allowed =
        if allowed.is_empty() { "none".to_owned() } else { format!("`{}`", allowed.join("`, `")) };
    format!("unknown {what} `{given}`{meant} (allowed: {allowed})")
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

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_is_not() {
        let words = ["slim", "lithops", "skypilot"];
        assert_eq!(nearest("silm", words), Some("slim"));
        assert_eq!(nearest("LITHOPS", words), Some("lithops"));
        assert_eq!(nearest("terraform", words), None);
        assert_eq!(
            unknown("preset", "silm", &["slim"]),
            "unknown preset `silm`; did you mean `slim`? (allowed: `slim`)"
        );
    }
}
