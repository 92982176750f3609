//! The owners of the template's entries: tags of the function that put them.
//!
//! A tag's key names Region and owner, its value the owner's entry and, for people, the resource.
//! Limits of a Lambda function's tags: 50, keys of 128 and values of 256 characters
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html>); the template has ten
//! entries, and a resource that uses the association has a tag besides.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::Region;
use crate::state::Owner;

/// Begins the key of each tag about an entry.
const PREFIX: &str = "account-presets:quota-template:";
/// The tag that says that this provider associated the template.
pub(super) const ASSOCIATION_TAG: &str = "account-presets:quota-template-association";
/// Begins the key of each tag that says that a resource uses this association.
const USE_PREFIX: &str = "account-presets:quota-template-association:";
/// Characters of a tag's value.
const LONGEST_VALUE: usize = 256;

/// The values that an owner put, or was about to put, into a Region's entry.
type Values = BTreeSet<u64>;

/// The claims of the tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims(BTreeMap<Region, Vec<Claim>>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Claim {
    owner: String,
    values: Values,
    /// Stack and logical id, as far as they fit.
    label: String,
}

impl Claims {
    /// Reads the tags of the function. Other tags are skipped.
    pub fn read(tags: &BTreeMap<String, String>) -> Self {
        let mut claims = Claims::default();
        for (key, value) in tags {
            let Some((region, owner)) = key.strip_prefix(PREFIX).and_then(|it| it.split_once(':'))
            else {
                continue;
            };
            let (values, label) = value.split_once(' ').unwrap_or((value, ""));
            let values = values.split('+').filter_map(|value| value.parse().ok()).collect();
            let (owner, label) = (owner.to_owned(), label.to_owned());
            claims.0.entry(region.to_owned()).or_default().push(Claim { owner, values, label });
        }
        claims
    }

    /// Returns the values that `me` put, by Region.
    pub fn of(&self, me: &Owner) -> BTreeMap<Region, Values> {
        let mine = |claims: &Vec<Claim>| {
            claims.iter().find(|claim| claim.owner == me.key()).map(|claim| claim.values.clone())
        };
        self.0.iter().filter_map(|(region, claims)| Some((region.clone(), mine(claims)?))).collect()
    }

    /// Gives up the claims of `me` on entries with another value than `me` put, because they were
    /// changed, and returns their values.
    pub fn let_go(&mut self, me: &Owner, found: &BTreeMap<Region, u64>) -> BTreeMap<Region, u64> {
        let is_changed = |(region, put): (Region, Values)| {
            let there = *found.get(&region)?;
            (!put.contains(&there)).then_some((region, there))
        };
        let changed: BTreeMap<Region, u64> =
            self.of(me).into_iter().filter_map(is_changed).collect();
        for (region, claims) in &mut self.0 {
            claims.retain(|claim| claim.owner != me.key() || !changed.contains_key(region));
        }
        changed
    }

    /// Returns another owner of this entry, for people.
    pub fn other(&self, me: &Owner, region: &str, value: u64) -> Option<&str> {
        let mut claims = self.0.get(region)?.iter();
        let is_theirs = |claim: &&Claim| claim.owner != me.key() && claim.values.contains(&value);
        claims.find(is_theirs).map(|claim| claim.label.as_str())
    }
}

/// The tag by which an owner says that it uses the association that this provider made.
pub(super) fn use_tag(me: &Owner) -> (String, String) {
    let text = me.label().chars().take(LONGEST_VALUE).collect();
    (format!("{USE_PREFIX}{}", me.key()), text)
}

/// True if another resource uses the association.
pub(super) fn is_used_by_others(tags: &BTreeMap<String, String>, me: &Owner) -> bool {
    let mut users = tags.keys().filter_map(|key| key.strip_prefix(USE_PREFIX));
    users.any(|owner| owner != me.key())
}

/// The key of an owner's claim on a Region's entry.
pub(super) fn key(me: &Owner, region: &str) -> String {
    format!("{PREFIX}{region}:{}", me.key())
}

/// The tag by which an owner claims a Region's entry at these values.
pub(super) fn tag(me: &Owner, region: &str, values: &Values) -> (String, String) {
    let values: Vec<String> = values.iter().map(u64::to_string).collect();
    let text = format!("{} {}", values.join("+"), me.label());
    (key(me, region), text.chars().take(LONGEST_VALUE).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str = "arn:aws:cloudformation:us-east-1:123456789012:stack/org/0a1b-2c3d";

    #[test]
    fn a_claim_is_read_back_as_it_was_written_and_names_its_owner() {
        let (me, other) = (Owner::new(STACK, "Quotas"), Owner::new(STACK, "Other"));
        let tags = [
            tag(&me, "eu-west-1", &[1000, 2000].into()),
            tag(&other, "eu-west-1", &[3000].into()),
            tag(&other, "us-east-1", &[3000].into()),
            ("lambda:createdBy".to_owned(), "SAM".to_owned()),
            (ASSOCIATION_TAG.to_owned(), "here".to_owned()),
        ];
        let claims = Claims::read(&tags.into());
        assert_eq!(claims.of(&me), [("eu-west-1".to_owned(), [1000, 2000].into())].into());
        assert_eq!(claims.of(&other).len(), 2);
        let named = claims.other(&me, "eu-west-1", 3000);
        assert_eq!(named, Some(format!("{STACK} Other").as_str()));
        assert_eq!(claims.other(&me, "eu-west-1", 1000), None);
        assert_eq!(claims.other(&me, "eu-north-1", 3000), None);
    }

    #[test]
    fn what_says_something_else_is_let_go_of_and_nothing_besides() {
        let (me, other) = (Owner::new(STACK, "Quotas"), Owner::new(STACK, "Other"));
        let put = ["a", "b", "c"].map(|region| tag(&me, region, &[1, 2].into()));
        let tags = put.into_iter().chain([tag(&other, "a", &[7].into())]).collect();
        let mut claims = Claims::read(&tags);
        let found = [("a", 7), ("b", 2), ("d", 7)].map(|(it, value)| (it.to_owned(), value));
        assert_eq!(claims.let_go(&me, &found.clone().into()), [("a".to_owned(), 7)].into());
        assert_eq!(claims.of(&me).into_keys().collect::<Vec<_>>(), ["b", "c"]);
        assert_eq!(claims.of(&other).len(), 1);
        assert_eq!(claims.let_go(&me, &found.into()), BTreeMap::new());
    }

    #[test]
    fn the_longest_names_fit_a_tag() {
        let stack = format!(
            "arn:aws-us-gov:cloudformation:us-gov-west-1:123456789012:stack/{}/{}",
            "s".repeat(128),
            "f".repeat(36)
        );
        let owner = Owner::new(&stack, &"L".repeat(255));
        let (key, value) = tag(&owner, "ap-southeast-15", &[9_999_999_999, 10_000_000_000].into());
        assert!(key.len() <= 128 && value.len() <= 256, "{key}={value}");
        let (used, label) = use_tag(&owner);
        assert!(used.len() <= 128 && label.len() <= 256, "{used}={label}");
        let claims = Claims::read(&[(key, value)].into());
        assert_eq!(claims.of(&owner)["ap-southeast-15"].len(), 2);
    }
}
