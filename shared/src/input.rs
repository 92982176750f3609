//! Values as CloudFormation sends them, read strictly: it turns every number and boolean of a
//! template into a string. A mistake is a sentence with the given value and the allowed ones.

use serde_json::Value;

/// Bytes of a text that may be a misspelt word.
const LONGEST_WORD: usize = 100;
/// Unknown names that are spoken of one by one: no answer has room for more.
pub const MOST_NAMES: usize = 20;

/// Reads `true` or `false`, and nothing else.
pub fn boolean(given: &Value) -> Result<bool, String> {
    match scalar(given)?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        other => {
            let meant = match other.to_lowercase().as_str() {
                "yes" | "on" | "1" => Some("true"),
                "no" | "off" | "0" => Some("false"),
                other => nearest(other, ["true", "false"]),
            };
            let meant = meant.map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
            Err(format!("given `{}`, allowed are `true` and `false`{meant}", brief(other)))
        }
    }
}

/// Reads a whole number of plain decimal digits.
pub fn integer(given: &Value, min: i64, max: i64) -> Result<i64, String> {
    let text = scalar(given)?;
    let digits = text.strip_prefix('-').unwrap_or(&text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = if plain { text.parse::<i64>().ok() } else { None };
    number.filter(|number| (min..=max).contains(number)).ok_or_else(|| {
        format!("given `{}`, allowed are whole numbers from {min} to {max}", brief(&text))
    })
}

/// Reads one of a few words.
pub fn word<'a>(given: &Value, allowed: &[&'a str]) -> Result<&'a str, String> {
    let text = scalar(given)?;
    let found = allowed.iter().find(|word| **word == text);
    found.copied().ok_or_else(|| unknown("value", &brief(&text), allowed))
}

/// Reads a value, if it is given.
pub fn optional<T>(
    given: Option<&Value>,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<Option<T>, String> {
    given.map(read).transpose()
}

/// Reads a single value as text.
pub fn scalar(given: &Value) -> Result<String, String> {
    match given {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Number(value) => Ok(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => {
            Err(format!("given {}, allowed is a single value", kind(given)))
        }
    }
}

/// Reads an entry of a list as text.
pub fn entry(number: usize, given: &Value) -> Result<String, String> {
    if given.is_array() {
        return Err(format!("entry {number} is a list itself; leave the brackets around it out"));
    }
    scalar(given).map_err(|problem| format!("entry {number}: {problem}"))
}

/// The mistake of a value where a list is wanted, as in "a list of strings".
pub fn no_list(given: &Value, wanted: &str) -> String {
    match given.as_str() {
        Some(text) => format!(
            "given the string `{}`, allowed is {wanted}; where a parameter of the template has the \
             string, give that parameter the type CommaDelimitedList, or split the string with \
             Fn::Split",
            brief(text)
        ),
        None => format!("given {}, allowed is {wanted}", kind(given)),
    }
}

/// The kind of a JSON value, for people.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// The beginning of a given value: an answer has 4096 bytes for everything. A character that
/// changes a line, and is not seen in it, is written as in `\n`.
pub fn brief(text: &str) -> String {
    let does = |c: char| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c.is_control() || turns
    };
    let mut brief = String::new();
    for c in cut(text, 80).chars() {
        if does(c) {
            brief.extend(c.escape_default());
        } else {
            brief.push(c);
        }
    }
    brief
}

/// At most `most` characters of a text, and a sign if there were more.
pub fn cut(text: &str, most: usize) -> String {
    let mut cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

/// The word that was probably meant, if one is near.
pub fn nearest<'a>(given: &str, allowed: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Farther than any word is long. To find that out takes memory for each pair of letters.
    if given.len() > LONGEST_WORD {
        return None;
    }
    let given = given.to_lowercase();
    allowed
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&given, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= 1 + word.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// The mistake of names of which some are none of the allowed ones: a sentence for each of the
/// first ones, and one for the rest. The last one lists the allowed names, with their holder by
/// `of`, as in " of preset `slim`".
pub fn unknown_names<'a>(
    what: &str,
    given: impl IntoIterator<Item = &'a String>,
    of: &str,
    allowed: &[&str],
) -> Vec<String> {
    let mut names = given.into_iter().filter(|name| !allowed.contains(&name.as_str()));
    let mut first: Vec<&String> = names.by_ref().take(MOST_NAMES).collect();
    let last = first.pop();
    let first = first.into_iter().map(|name| guessed(what, name, "", allowed));
    let last = last.map(|name| unknown_of(what, name, of, allowed));
    let mut problems: Vec<String> = first.chain(last).collect();
    let rest = names.count();
    if rest > 0 {
        problems.push(format!("and {rest} more that are unknown"));
    }
    problems
}

/// The mistake of a word that is none of the allowed ones, with the probable word and the allowed
/// ones.
pub fn unknown(what: &str, given: &str, allowed: &[&str]) -> String {
    unknown_of(what, given, "", allowed)
}

fn unknown_of(what: &str, given: &str, of: &str, allowed: &[&str]) -> String {
    let said = guessed(what, given, of, allowed);
    let allowed =
        if allowed.is_empty() { "none".to_owned() } else { format!("`{}`", allowed.join("`, `")) };
    format!("{said} (allowed: {allowed})")
}

fn guessed(what: &str, given: &str, of: &str, allowed: &[&str]) -> String {
    let given = &brief(given);
    let meant = nearest(given, allowed.iter().copied())
        .map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
    format!("unknown {what} `{given}`{of}{meant}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// V1
    #[test]
    fn a_boolean_is_true_or_false_as_cloudformation_writes_it() {
        assert_eq!(boolean(&json!("true")), Ok(true));
        assert_eq!(boolean(&json!("false")), Ok(false));
        assert_eq!(boolean(&json!(true)), Ok(true));
        for given in [json!("True"), json!(" true"), json!("1"), json!(0), json!("yes"), json!("")]
        {
            let problem = boolean(&given).unwrap_err();
            assert!(problem.contains("allowed are `true` and `false`"), "{problem}");
        }
        for (given, meant) in [("True", "; did you mean `true`?"), ("no", "`false`?"), ("7", "`")] {
            assert!(boolean(&json!(given)).unwrap_err().ends_with(meant), "{given}");
        }
    }

    /// V2
    #[test]
    fn an_integer_is_plain_decimal_digits_in_its_range() {
        assert_eq!(integer(&json!("1000"), 1, 1000), Ok(1000));
        assert_eq!(integer(&json!("-1"), -1, 1), Ok(-1));
        assert_eq!(integer(&json!(7), 1, 9), Ok(7));
        for given in [
            "1000.0",
            "1e3",
            " 10 ",
            "\u{ff10}",
            "NaN",
            "inf",
            "-1",
            "",
            "+1",
            "9223372036854775808",
            "1001",
        ] {
            let problem = integer(&json!(given), 1, 1000).unwrap_err();
            assert!(problem.contains("whole numbers from 1 to 1000"), "{given}: {problem}");
        }
    }

    #[test]
    fn a_word_is_one_of_the_allowed_ones_as_it_is_written() {
        assert_eq!(word(&json!("Fail"), &["Succeed", "Fail"]), Ok("Fail"));
        let problem = word(&json!("fail"), &["Succeed", "Fail"]).unwrap_err();
        assert!(problem.contains("`fail`; did you mean `Fail`? (allowed: `Succeed`, `Fail`)"));
        assert!(word(&json!(["Fail"]), &["Fail"]).is_err());
    }

    /// V17
    #[test]
    fn names_without_end_have_a_problem_with_one() {
        let names: Vec<String> = (0..100_000).map(|n| format!("Editon{n}")).collect();
        let problems = unknown_names("property", &names, "", &["Edition"]);
        assert_eq!(problems.len(), 21);
        assert!(problems[0].contains("`Editon0`; did you mean `Edition`?"), "{problems:?}");
        assert_eq!(problems[20], "and 99980 more that are unknown");
        assert_eq!(unknown_names("property", &["Edition".to_owned()], "", &["Edition"]), [""; 0]);
        // To find out that these two are near would take a gigabyte.
        let long = "x".repeat(10_000);
        assert_eq!(nearest(&long, [long.as_str()]), None);
    }

    #[test]
    fn what_is_allowed_is_said_once_whatever_many_are_unknown() {
        let names = ["Editoin", "X"].map(str::to_owned);
        assert_eq!(
            unknown_names("property", &names, " of preset `p`", &["Edition"]),
            [
                "unknown property `Editoin`; did you mean `Edition`?",
                "unknown property `X` of preset `p` (allowed: `Edition`)",
            ]
        );
    }

    #[test]
    fn a_value_stays_on_its_line() {
        assert_eq!(brief("a\nb\tc\u{7}\u{202e}é"), r"a\nb\tc\u{7}\u{202e}é");
        let long = brief(&"x".repeat(81));
        assert_eq!(long, format!("{}…", "x".repeat(80)));
    }

    #[test]
    fn an_entry_that_is_a_list_is_told_what_to_leave_out() {
        assert_eq!(entry(2, &json!("a")), Ok("a".to_owned()));
        let list = entry(2, &json!(["a"]));
        assert_eq!(
            list,
            Err("entry 2 is a list itself; leave the brackets around it out".to_owned())
        );
        let map = entry(1, &json!({"a": 1}));
        assert_eq!(map, Err("entry 1: given a map, allowed is a single value".to_owned()));
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
