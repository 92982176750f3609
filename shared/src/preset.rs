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
use std::sync::{LazyLock, OnceLock};

use serde_json::value::RawValue;

pub use render::{Branches, Wish, attributes, render};
pub use schema::{Edition, Preset};

/// What the build script made of `presets/*.yaml`. A preset is parsed when it is first asked for.
static CATALOGUE: LazyLock<BTreeMap<String, Entry>> = LazyLock::new(|| {
    let texts: BTreeMap<String, &RawValue> =
        parse(include_str!(concat!(env!("OUT_DIR"), "/presets.json")));
    let entry = |(name, text): (String, &'static RawValue)| {
        (name, Entry { text: text.get(), preset: OnceLock::new() })
    };
    texts.into_iter().map(entry).collect()
});

struct Entry {
    text: &'static str,
    preset: OnceLock<Preset>,
}

/// The names of all presets, in order.
pub fn names() -> Vec<String> {
    CATALOGUE.keys().cloned().collect()
}

/// The preset of that name.
pub fn find(name: &str) -> Option<&'static Preset> {
    let Entry { text, preset } = CATALOGUE.get(name)?;
    Some(preset.get_or_init(|| parse(text)))
}

#[allow(clippy::expect_used, reason = "the build script wrote it with these same types")]
fn parse<'a, T: serde::Deserialize<'a>>(text: &'a str) -> T {
    serde_json::from_str(text).expect("the catalogue is what the build script wrote")
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
        let names = names();
        assert!(names.contains(&"slim".to_owned()) && names.contains(&"lithops".to_owned()));
        assert!(names.iter().all(|name| find(name).is_some()));
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
