//! IAM's wildcards: `*` is any text, `?` any one character.

use std::collections::BTreeSet;

/// A text that matches all the patterns, if there is one. It is a short one: where the patterns
/// leave it free, it is empty.
pub fn common(patterns: &[&str]) -> Option<String> {
    let mut ends = patterns.iter().flat_map(|one| patterns.iter().map(move |other| (one, other)));
    if !ends.all(|(one, other)| same_ends(one, other)) {
        return None;
    }
    let patterns: Vec<Vec<char>> = patterns.iter().map(|pattern| chars(pattern)).collect();
    let mut seen = BTreeSet::new();
    // The text so far, and where in each pattern it leaves us.
    let mut open = vec![(String::new(), vec![0_usize; patterns.len()])];
    while let Some((text, places)) = open.pop() {
        if !seen.insert(places.clone()) {
            continue;
        }
        let heads: Vec<Option<char>> = patterns
            .iter()
            .zip(&places)
            .map(|(pattern, place)| pattern.get(*place).copied())
            .collect();
        if heads.iter().all(Option::is_none) {
            return Some(text);
        }
        let literals: BTreeSet<char> =
            heads.iter().flatten().copied().filter(|head| !matches!(head, '*' | '?')).collect();
        let literal = literals.first().copied().unwrap_or('x');
        // Only one literal can come next: it is the same for all, or there is none.
        if let Some(next) = step(&heads, &places, literal).filter(|_| literals.len() < 2) {
            open.push((format!("{text}{literal}"), next));
        }
        // A star may also end here. Looked at first, so that the text stays short.
        for (index, head) in heads.iter().enumerate() {
            if *head == Some('*') {
                let ended = places.iter().enumerate().map(|(i, at)| at + usize::from(i == index));
                open.push((text.clone(), ended.collect()));
            }
        }
    }
    None
}

/// True if some text matches both patterns.
pub fn overlap(a: &str, b: &str) -> bool {
    common(&[a, b]).is_some()
}

/// True if the text, taken literally, matches the pattern. Both are ASCII, as in IAM.
pub fn matches(pattern: &str, text: &str) -> bool {
    fits(pattern.as_bytes(), text.as_bytes(), |a, b| a == b)
}

/// The same for the name of an action, whose case does not matter.
pub fn matches_action(pattern: &str, action: &str) -> bool {
    fits(pattern.as_bytes(), action.as_bytes(), |a, b| a.eq_ignore_ascii_case(b))
}

fn fits(pattern: &[u8], text: &[u8], same: fn(&u8, &u8) -> bool) -> bool {
    let (mut at, mut place) = (0, 0);
    // Behind the last star, and where it may still have to reach to.
    let mut star = None;
    while let Some(given) = text.get(place) {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, place));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || same(wanted, given) => {
                at += 1;
                place += 1;
            }
            Some(_) | None => {
                let Some((behind, reached)) = star else { return false };
                star = Some((behind, reached + 1));
                (at, place) = (behind, reached + 1);
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|rest| *rest == b'*')
}

/// False if the patterns begin or end with texts that exclude each other.
fn same_ends(one: &str, other: &str) -> bool {
    fn agree(pairs: impl Iterator<Item = (char, char)>) -> bool {
        let literal = |(a, b): &(char, char)| !"*?".contains(*a) && !"*?".contains(*b);
        pairs.take_while(literal).all(|(a, b)| a == b)
    }
    agree(one.chars().zip(other.chars())) && agree(one.chars().rev().zip(other.chars().rev()))
}

/// Where each pattern is after this character; `None` if one of them cannot have it.
fn step(heads: &[Option<char>], places: &[usize], next: char) -> Option<Vec<usize>> {
    let steps = heads.iter().zip(places).map(|(head, place)| match head {
        Some('*') => Some(*place),
        Some('?') => Some(place + 1),
        Some(literal) if *literal == next => Some(place + 1),
        Some(_) | None => None,
    });
    steps.collect()
}

fn chars(text: &str) -> Vec<char> {
    text.chars().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_that_matches_both_is_found_if_there_is_one() {
        assert_eq!(common(&["role/*-x", "role/a*"]), Some("role/a-x".to_owned()));
        assert_eq!(common(&["*", "*"]), Some(String::new()));
        assert_eq!(common(&["a?", "*"]), Some("ax".to_owned()));
        assert_eq!(common(&["a*b*c", "?b?c", "*"]), Some("abxc".to_owned()));
        assert!(overlap("arn:*:iam::*:role/*-y", "arn:aws:iam::1:role/*"));
        assert!(!overlap("role/a*", "role/b*"));
        assert!(!overlap("a", "ab"));
    }

    proptest! {
        #[test]
        fn what_is_common_matches_all(patterns in prop::collection::vec("[ab*?]{0,6}", 1..4)) {
            let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
            if let Some(text) = common(&patterns) {
                for pattern in &patterns {
                    prop_assert!(matches(pattern, &text), "{pattern} {text}");
                }
            }
        }

        #[test]
        fn a_text_matches_a_pattern_if_they_have_it_in_common(
            pattern in "[ab*?]{0,6}", text in "[ab]{0,6}"
        ) {
            prop_assert_eq!(matches(&pattern, &text), overlap(&pattern, &text));
        }
    }
}
