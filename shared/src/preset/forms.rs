//! The allowed form of a text, in words instead of a pattern.

use regex_lite::Regex;
use serde::Deserialize;

use crate::input::{brief, unknown};

/// Without a pattern of its own, a text holds no wildcard and no control character.
const DEFAULT_PATTERN: &str = r"[^*?\x00-\x1f\x7f]*";

/// Longer texts are shown with their length.
const COUNTED: usize = 16;

/// A pattern of the catalogue that is not a choice between words.
#[derive(Deserialize)]
struct Form {
    pattern: String,
    /// The texts that fit the pattern.
    words: String,
    example: String,
}

/// All of them, in a file that is no code. It is read where a text is refused.
const FORMS: &str = include_str!("../../data/forms.json");

fn forms() -> Vec<Form> {
    serde_json::from_str(FORMS).unwrap_or_default()
}

/// Returns the texts that fit the pattern, in words, with an example.
pub fn in_words(pattern: Option<&str>) -> String {
    let pattern = pattern.unwrap_or(DEFAULT_PATTERN);
    let form = forms().into_iter().find(|form| form.pattern == pattern);
    form.map_or_else(
        || format!("text that matches the pattern `{pattern}`"),
        |Form { words, example, .. }| format!("{words}, such as `{example}`"),
    )
}

/// Checks a text against a pattern.
///
/// # Errors
///
/// The given text, the allowed form, and the probably intended text.
pub fn check(text: &str, pattern: Option<&str>) -> Result<(), String> {
    if fits(text, pattern.unwrap_or(DEFAULT_PATTERN)) {
        return Ok(());
    }
    if let Some(words) = pattern.and_then(words) {
        return Err(unknown("value", &brief(text), &words));
    }
    let length = text.chars().count();
    let count = if length > COUNTED { format!(" ({length} characters)") } else { String::new() };
    let meant = named_by(text).find(|name| fits(name, pattern.unwrap_or(DEFAULT_PATTERN)));
    let meant = meant.map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
    Err(format!("given `{}`{count}, allowed is {}{meant}", brief(text), in_words(pattern)))
}

fn fits(text: &str, pattern: &str) -> bool {
    Regex::new(&format!(r"\A(?:{pattern})\z")).is_ok_and(|pattern| pattern.is_match(text))
}

/// The words of a pattern that is a choice between plain words.
fn words(pattern: &str) -> Option<Vec<&str>> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '|';
    (pattern.contains('|') && pattern.chars().all(plain)).then(|| pattern.split('|').collect())
}

/// The names within an ARN: `alice` in `arn:aws:iam::123456789012:user/alice`, and `genomes` in
/// `arn:aws:s3:::genomes/*`.
fn named_by(text: &str) -> impl Iterator<Item = &str> {
    let of = text.starts_with("arn:").then(|| text.splitn(6, ':').last()).flatten();
    let last = of.and_then(|of| of.rsplit('/').next()).filter(|_| text.contains(":iam:"));
    let first = of.and_then(|of| of.split('/').next()).filter(|_| text.contains(":s3:"));
    last.into_iter().chain(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::schema::Parameter;

    #[test]
    fn every_pattern_of_the_catalogue_is_said_in_words() {
        let forms = forms();
        for form in &forms {
            assert!(fits(&form.example, &form.pattern), "{}", form.example);
        }
        let mut patterns = vec![None];
        for name in crate::preset::names() {
            let parameters = crate::preset::find(name).unwrap().parameters.values();
            patterns.extend(parameters.filter_map(|parameter| match parameter {
                Parameter::String { pattern, .. } | Parameter::List { pattern, .. } => {
                    Some(pattern.as_deref())
                }
                Parameter::Boolean { .. } | Parameter::Integer { .. } | Parameter::Enum { .. } => {
                    None
                }
            }));
        }
        for pattern in &patterns {
            let is_said = pattern.is_some_and(|pattern| words(pattern).is_some());
            let is_said = is_said || !in_words(*pattern).contains("the pattern");
            assert!(is_said, "shared/data/forms.json has no words for {pattern:?}");
        }
        let used = |form: &&Form| patterns.contains(&Some(form.pattern.as_str()));
        assert_eq!(forms.iter().filter(|form| !used(form)).count(), 1, "all but the default");
    }

    #[test]
    fn a_text_of_another_form_is_told_what_fits_and_what_was_meant() {
        let user = Some(r"[\w+=,.@-]{1,64}");
        let bucket = Some("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");
        for (given, pattern, says) in [
            ("arn:aws:iam::123456789012:user/team/alice", user, "; did you mean `alice`?"),
            ("team/alice", user, "allowed is a name of 1 to 64 characters, letters, digits and"),
            ("arn:aws:s3:::genomes", bucket, "; did you mean `genomes`?"),
            ("arn:aws:s3:::genomes/*", bucket, "; did you mean `genomes`?"),
            ("python3", Some("python|dbt_core"), "`python3`; did you mean `python`? (allowed: `"),
            ("7", Some("12|34"), "unknown value `7` (allowed: `12`, `34`)"),
            (&"x".repeat(70), user, "` (70 characters), allowed is"),
            ("a*", None, "given `a*`, allowed is text without `*`, `?`"),
            ("a", Some("b+"), "given `a`, allowed is text that matches the pattern `b+`"),
        ] {
            let problem = check(given, pattern).unwrap_err();
            assert!(problem.contains(says), "{says}: {problem}");
        }
    }
}
