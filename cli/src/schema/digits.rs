//! Whole numbers of a range, as a regular expression: JSON Schema knows no range of texts.

/// The texts that a function reads as a whole number of this range: plain digits, with zeros in front
/// or without.
pub(super) fn pattern(least: i64, most: i64) -> String {
    let mut every = Vec::new();
    if least < 0 {
        let highest = most.min(-1);
        every.push(format!("-0*{}", magnitudes(highest.unsigned_abs(), least.unsigned_abs())));
    }
    if least <= 0 && most >= 0 {
        every.push("-?0+".to_owned());
    }
    if most > 0 {
        let lowest = least.max(1);
        every.push(format!("0*{}", magnitudes(lowest.unsigned_abs(), most.unsigned_abs())));
    }
    format!("^(?:{})$", every.join("|"))
}

/// Of these two and all between them, of which the first is at least 1.
fn magnitudes(least: u64, most: u64) -> String {
    let (least, most) = (least.to_string(), most.to_string());
    let smallest = |length: usize| format!("1{}", "0".repeat(length - 1));
    let largest = |length: usize| "9".repeat(length);
    // All numbers of these lengths are in the range.
    let from = least.len() + usize::from(least != smallest(least.len()));
    let to = most.len() - usize::from(most != largest(most.len()));
    let mut every = Vec::new();
    if least.len() == most.len() && from > to {
        every.extend(between(least.as_bytes(), most.as_bytes()));
    } else {
        if from > least.len() {
            every.extend(between(least.as_bytes(), largest(least.len()).as_bytes()));
        }
        if from <= to {
            every.push(format!("[1-9]{}", any(from - 1, to - 1)));
        }
        if to < most.len() {
            every.extend(between(smallest(most.len()).as_bytes(), most.as_bytes()));
        }
    }
    format!("(?:{})", every.join("|"))
}

/// Alternatives for numbers of the same length, digit by digit.
fn between(least: &[u8], most: &[u8]) -> Vec<String> {
    let (Some((&first, least_rest)), Some((&last, most_rest))) =
        (least.split_first(), most.split_first())
    else {
        return vec![String::new()];
    };
    let behind = |digit: u8, rest: Vec<String>| {
        rest.into_iter().map(move |it| format!("{}{it}", char::from(digit)))
    };
    if first == last {
        return behind(first, between(least_rest, most_rest)).collect();
    }
    let (zeros, nines) = (vec![b'0'; least_rest.len()], vec![b'9'; least_rest.len()]);
    let mut every = Vec::new();
    let (mut low, mut high) = (first, last);
    if least_rest != zeros {
        every.extend(behind(first, between(least_rest, &nines)));
        low += 1;
    }
    if most_rest != nines {
        high -= 1;
    }
    if low <= high {
        every.push(format!("{}{}", digits(low, high), any(least_rest.len(), least_rest.len())));
    }
    if most_rest != nines {
        every.extend(behind(last, between(&zeros, most_rest)));
    }
    every
}

fn digits(low: u8, high: u8) -> String {
    let (low, high) = (char::from(low), char::from(high));
    if low == high { low.to_string() } else { format!("[{low}-{high}]") }
}

/// The pattern for this number of digits.
fn any(fewest: usize, most: usize) -> String {
    match (fewest, most) {
        (0, 0) => String::new(),
        (1, 1) => "[0-9]".to_owned(),
        _ if fewest == most => format!("[0-9]{{{most}}}"),
        _ => format!("[0-9]{{{fewest},{most}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use account_presets::input::integer;
    use proptest::prelude::*;
    use regex_lite::Regex;
    use serde_json::json;

    #[test]
    fn a_person_can_read_it() {
        let seconds = "^(?:0*(?:[1-9][0-9]{0,2}|[1-2][0-9]{3}|3[0-5][0-9]{2}|3600))$";
        assert_eq!(pattern(1, 3600), seconds);
        assert_eq!(pattern(7, 12), "^(?:0*(?:[7-9]|1[0-2]))$");
        assert_eq!(pattern(-2, 1), "^(?:-0*(?:[1-2])|-?0+|0*(?:1))$");
    }

    proptest! {
        #[test]
        fn it_takes_what_the_function_takes(
            (least, most) in (-3000_i64..3000, 0_i64..6000).prop_map(|(least, more)| (least, least + more)),
            number in -9999_i64..9999,
            zeros in 0_usize..3,
        ) {
            let expression = Regex::new(&pattern(least, most)).unwrap();
            for number in [number, least - 1, least, most, most + 1, 0] {
                let sign = if number < 0 { "-" } else { "" };
                let text = format!("{sign}{}{}", "0".repeat(zeros), number.unsigned_abs());
                for text in [text.clone(), format!("-{text}"), format!("{text}.0"), format!("+{text}")] {
                    let is_taken = integer(&json!(text), least, most).is_ok();
                    prop_assert_eq!(expression.is_match(&text), is_taken, "{} in {}..{}", text, least, most);
                }
            }
        }
    }
}
