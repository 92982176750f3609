//! IAM's names have no case: `Alice` and `alice` are one user, `Team` and `team` one tag. IAM keeps
//! the spelling in which a name was written first.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>

use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;

/// Compares two names as IAM does.
pub fn compare_names(a: &str, b: &str) -> Ordering {
    a.bytes()
        .map(|byte| byte.to_ascii_lowercase())
        .cmp(b.bytes().map(|byte| byte.to_ascii_lowercase()))
}

/// The key of a tag, in its original spelling. Two keys are the same if they differ by case alone.
#[derive(Clone, Debug)]
pub struct TagKey(String);

impl Deref for TagKey {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for TagKey {
    fn from(key: &str) -> Self {
        TagKey(key.to_owned())
    }
}

impl From<String> for TagKey {
    fn from(key: String) -> Self {
        TagKey(key)
    }
}

impl fmt::Display for TagKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for TagKey {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for TagKey {}

impl PartialOrd for TagKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TagKey {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_names(self, other)
    }
}

#[cfg(test)]
mod tests {
    use crate::state::{Id, Kind, Tags};

    /// I33
    #[test]
    fn what_differs_by_case_alone_is_the_same() {
        assert_eq!(Id::node(Kind::User, "Alice"), Id::node(Kind::User, "alice"));
        assert_ne!(Id::node(Kind::User, "alice"), Id::node(Kind::Role, "alice"));
        assert_ne!(Id::node(Kind::User, "alice"), Id::node(Kind::User, "alicia"));
        let member = |user: &str| Id::link(Kind::GroupMember, "Team", user);
        assert_eq!(member("Alice"), member("aLICE"));
        let mut tags = Tags::from([("Team".into(), "a".to_owned())]);
        assert_eq!(tags.insert("team".into(), "b".to_owned()).as_deref(), Some("a"));
        assert_eq!(tags.len(), 1);
    }
}
