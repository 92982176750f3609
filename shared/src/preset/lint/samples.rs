//! Values that a parameter's pattern allows.
//!
//! A pattern is tried, not understood: the default, and usual beginnings of parameters, with one
//! character repeated, many times first.

/// The longest that IAM takes as a name, and the most that is added to a beginning.
const LONGEST: usize = crate::state::limits::NAME;

/// Beginnings of values.
const STEMS: [&str; 11] = [
    "",
    "lint-",
    "Lint",
    "/lint/",
    "00000000-0000-4000-8000-00000000000",
    "arn:aws:elasticfilesystem:eu-west-1:246813579024:access-point/fsap-",
    "arn:aws:iam::246813579024:role/",
    "arn:aws:iam::246813579024:policy/",
    "arn:aws:kms:eu-west-1:246813579024:key/",
    "arn:aws:secretsmanager:eu-west-1:246813579024:secret:",
    "arn:aws:s3:::",
];

/// Values of one parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// Two different ones that are unlikely to stand anywhere else.
    pub two: Option<[String; 2]>,
    /// Two different ones as long as can be.
    pub longest: Option<[String; 2]>,
}

/// Returns allowed values. Another `index` gives different ones, if letters are allowed.
pub fn samples(allowed: impl Fn(&str) -> bool, defaults: &[String], index: u8) -> Samples {
    let lasts = [letters(index.wrapping_mul(2)), letters(index.wrapping_mul(2).wrapping_add(1))];
    let short = |last: char| {
        let texts = [format!("lint-{last}"), format!("lint{last}"), format!("lint.{last}")];
        texts.into_iter().find(|text| allowed(text))
    };
    let long = |last: char| {
        let fill = |count: usize| last.to_string().repeat(count);
        let texts = (1..=LONGEST).rev().flat_map(|count| {
            let stems = defaults.iter().map(String::as_str).chain(STEMS);
            let behind = stems.map(move |stem| format!("{stem}{}", fill(count)));
            let before = defaults.iter().map(move |stem| format!("{}{stem}", fill(count)));
            behind.chain(before).collect::<Vec<_>>()
        });
        texts.into_iter().find(|text| allowed(text))
    };
    let two = |one: &dyn Fn(char) -> Option<String>| {
        let [a, b] = lasts;
        a.into_iter().zip(b).find_map(|(a, b)| Some([one(a)?, one(b)?]))
    };
    let longest = two(&long).or_else(|| match defaults {
        [first, second, ..] => Some([first.clone(), second.clone()]),
        [] | [_] => None,
    });
    Samples { two: two(&short).or_else(|| longest.clone()), longest }
}

/// A letter, small and large, and a digit.
fn letters(index: u8) -> [char; 3] {
    [b'a' + index % 26, b'A' + index % 26, b'0' + index % 10].map(char::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(pattern: &str) -> impl Fn(&str) -> bool {
        let pattern = regex_lite::Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap();
        move |text| pattern.is_match(text)
    }

    #[test]
    fn the_longest_values_are_as_long_as_the_pattern_allows() {
        for (pattern, default, length) in [
            (r"[\w+=,.@-]{1,64}", "tool", 64),
            (r"[a-z0-9-]{5,25}", "acme-data", 25),
            (r"zappa-[a-z]+", "zappa-a", 135),
            (r"[a-z-]{1,40}-Role", "my-Role", 45),
            (r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[a-z0-9-]{1,36}", "", 75),
            (r"[0-9]{12}", "355563318157", 12),
            (r"[A-Z]{2}", "AB", 2),
            (r"arn:aws:iam::[0-9]{12}:role/.+", "", 159),
            (r"[0-9a-f-]{36}", "", 36),
        ] {
            let found = samples(matching(pattern), &[default.to_owned()], 3);
            let [a, b] = found.longest.unwrap_or_else(|| panic!("{pattern}"));
            assert_eq!((a.len(), b.len()), (length, length), "{pattern}");
            let [c, d] = found.two.unwrap_or_else(|| panic!("{pattern}"));
            assert!(a != b && c != d, "{a} {b} {c} {d}");
            assert!([a, b, c, d].iter().all(|text| matching(pattern)(text)), "{pattern}");
        }
    }

    #[test]
    fn where_only_words_are_allowed_the_defaults_are_taken() {
        assert_eq!(samples(matching("one|other"), &[], 0), Samples::default());
        let default = ["one".to_owned(), "other".to_owned()];
        assert_eq!(samples(matching("one|other"), &default, 0).two, Some(default));
    }
}
