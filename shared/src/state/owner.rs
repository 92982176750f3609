//! Who an object belongs to: one resource of one stack.
//!
//! The account itself remembers. A role, policy or instance profile carries one tag for each
//! owner; a group has no tags, so its path carries its owner; an attachment to a user that is
//! not ours is remembered by a tag of that user.

use std::cmp::Ordering;
use std::fmt;

use sha2::{Digest, Sha256};

/// Begins the key of the tag that names an owner; the owner's key follows.
pub const OWNER_TAG_PREFIX: &str = "account-presets:owner:";

/// Begins the key of the tag, on a user, that remembers an attachment; a digest of the policy's
/// ARN, a colon and the owner's key follow.
pub const ATTACHED_TAG_PREFIX: &str = "account-presets:attached:";

/// The folder of a group's path that begins what names its owner.
const GROUP_FOLDER: &str = "account-presets";

/// A tag's value holds at most 256 characters.
const LABEL_LIMIT: usize = 256;

/// One resource of one stack. Two owners are the same if their keys are.
#[derive(Clone, Debug)]
pub struct Owner {
    key: String,
    label: String,
}

impl Owner {
    /// The owner that a CloudFormation request speaks for.
    pub fn new(stack_id: &str, logical_id: &str) -> Self {
        let key = digest(&format!("{stack_id}|{logical_id}"), 32);
        let label = format!("{stack_id} {logical_id}").chars().take(LABEL_LIMIT).collect();
        Owner { key, label }
    }

    /// 32 hexadecimal digits that decide who this is.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Stack and logical id, for people to read; at most 256 characters.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The tag that says on a role, policy or instance profile that this owner has it.
    pub fn tag(&self) -> (String, String) {
        (format!("{OWNER_TAG_PREFIX}{}", self.key), self.label.clone())
    }

    /// Reads what [`Owner::tag`] wrote.
    pub fn from_tag(key: &str, value: &str) -> Option<Self> {
        let key = key.strip_prefix(OWNER_TAG_PREFIX)?;
        Some(Owner { key: key.to_owned(), label: value.to_owned() })
    }

    /// The tag that says on a user that this owner attached the policy.
    pub fn attached_tag(&self, policy_arn: &str) -> (String, String) {
        let key = format!("{ATTACHED_TAG_PREFIX}{}:{}", digest(policy_arn, 16), self.key);
        (key, self.label.clone())
    }

    /// Reads what [`Owner::attached_tag`] wrote for this policy.
    pub fn from_attached_tag(policy_arn: &str, key: &str, value: &str) -> Option<Self> {
        let rest = key.strip_prefix(ATTACHED_TAG_PREFIX)?;
        let key = rest.strip_prefix(&digest(policy_arn, 16))?.strip_prefix(':')?;
        Some(Owner { key: key.to_owned(), label: value.to_owned() })
    }

    /// The path of a group of this owner, below the path that the consumer asked for.
    ///
    /// `label` is a Region, a stack's name and a logical id: what a person needs to find the
    /// owner, cut so that the path stays within IAM's 512 characters.
    pub fn group_path(&self, below: &str) -> String {
        let mut label = self.label.split([':', '/', ' ']).skip(3);
        let region = label.next().unwrap_or_default();
        let stack = label.nth(2).unwrap_or_default();
        let logical_id: String = label.nth(1).unwrap_or_default().chars().take(64).collect();
        let parts = [GROUP_FOLDER, region, stack, &logical_id, &self.key];
        let folders: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{below}{}/", folders.join("/"))
    }

    /// Reads what [`Owner::group_path`] wrote.
    pub fn from_group_path(path: &str) -> Option<Self> {
        let (_, owned) = path.rsplit_once(&format!("/{GROUP_FOLDER}/"))?;
        let (label, key) = owned.trim_end_matches('/').rsplit_once('/')?;
        Some(Owner { key: key.to_owned(), label: label.to_owned() })
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

impl PartialEq for Owner {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Owner {}

impl PartialOrd for Owner {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Owner {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

/// True for a tag that this project writes to remember ownership.
pub fn is_ownership_tag(key: &str) -> bool {
    key.starts_with(OWNER_TAG_PREFIX) || key.starts_with(ATTACHED_TAG_PREFIX)
}

/// The first `digits` hexadecimal digits of the SHA-256 of `text`.
pub(crate) fn digest(text: &str, digits: usize) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .take(digits)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STACK: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/dev/0a1b-2c3d";

    #[test]
    fn an_owner_is_read_back_from_each_place_that_remembers_it() {
        let owner = Owner::new(STACK, "Slim");
        let (key, value) = owner.tag();
        assert_eq!(Owner::from_tag(&key, &value), Some(owner.clone()));
        let (key, value) = owner.attached_tag("arn:aws:iam::aws:policy/A");
        assert_eq!(
            Owner::from_attached_tag("arn:aws:iam::aws:policy/A", &key, &value).as_ref(),
            Some(&owner)
        );
        assert_eq!(Owner::from_attached_tag("arn:aws:iam::aws:policy/B", &key, &value), None);
        let path = owner.group_path("/team/");
        assert_eq!(Owner::from_group_path(&path).as_ref(), Some(&owner));
        assert_eq!(path, format!("/team/account-presets/eu-west-1/dev/Slim/{}/", owner.key()));
    }

    /// Threat 4
    #[test]
    fn another_stack_and_another_resource_are_other_owners() {
        let owner = Owner::new(STACK, "Slim");
        assert_ne!(owner, Owner::new(STACK, "Other"));
        assert_ne!(
            owner,
            Owner::new("arn:aws:cloudformation:eu-west-1:123456789012:stack/dev/0a1c", "Slim")
        );
    }

    #[test]
    fn a_foreign_tag_or_path_names_no_owner() {
        assert_eq!(Owner::from_tag("team", "a"), None);
        assert_eq!(Owner::from_group_path("/"), None);
        assert_eq!(Owner::from_group_path("/team/"), None);
    }

    #[test]
    fn the_longest_names_fit_a_tag_and_a_path() {
        let stack = format!(
            "arn:aws-us-gov:cloudformation:us-gov-west-1:123456789012:stack/{}/{}",
            "s".repeat(128),
            "f".repeat(36)
        );
        let owner = Owner::new(&stack, &"L".repeat(255));
        assert_eq!(owner.label().len(), LABEL_LIMIT);
        assert!(owner.tag().0.len() <= 128);
        assert!(owner.attached_tag("arn").0.len() <= 128);
        assert!(owner.group_path("/").len() <= 512);
    }
}
