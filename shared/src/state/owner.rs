//! The owner of an object: one resource of one stack.
//!
//! The account itself remembers. A role, policy or instance profile carries one tag for each owner;
//! a group has no tags, so its path carries its owner; an attachment to an existing user is
//! remembered by a tag of that user.

use std::cmp::Ordering;
use std::fmt;

use super::name::TagKey;
use crate::digest::digest;

/// Begins the key of the tag that names an owner; the owner's key follows.
pub const OWNER_TAG_PREFIX: &str = "account-presets:owner:";

/// Begins the key of the tag, on a user, that remembers an attachment; a digest of the policy's
/// ARN, a colon and the owner's key follow. Another key below `account-presets:` is a matter of this
/// file and of reading the former one as well; what holds to the beginning is in
/// `docs/architecture.md`, "Marks".
pub const ATTACHED_TAG_PREFIX: &str = "account-presets:attached:";

/// The key of a tag on every role, policy and instance profile that a preset made: the same
/// everywhere, so that a condition of a policy can ask for it.
pub const MADE_BY_TAG: &str = "account-presets:made-from";

/// The folder of a group's path that precedes its owner.
pub const GROUP_FOLDER: &str = "account-presets";

/// A tag's value holds at most 256 characters.
const LABEL_LIMIT: usize = 256;

/// One resource of one stack. Two owners are the same if their keys are.
#[derive(Clone, Debug)]
pub struct Owner {
    key: String,
    label: String,
    /// The owner's notes on the object.
    pub mark: Mark,
}

/// An owner's notes on an object, in the value of its tag. All are empty on an object that an older
/// release made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The end of the physical id under which the object was made: after a replacement the old
    /// and the new objects of one resource carry different ones.
    pub id: Option<String>,
    /// A digest of all choices that shape the object. Owners that agree on it may have it put
    /// back, or brought to a newer release, by any of them.
    pub form: Option<String>,
    /// The release that wrote the object last.
    pub release: Option<String>,
    /// On one object of the resource: a digest of the parameters, so that a later request that
    /// brings other ones is noticed.
    pub names: Option<String>,
    /// On the same object: the physical ids that this one replaced, with a clean-up that may have
    /// failed.
    pub replaces: Vec<String>,
    /// On the same object: when CloudFormation sent the request that took this object back, in
    /// seconds, and a digest of its id. Changes of an earlier request here are out of date.
    pub request: Option<(u64, String)>,
    /// The owner is about to release the object. It notes this before it reads whether other owners
    /// stay: of several that release at the same time each sees the other releases, and a process
    /// that dies between the two leaves a mark by which the next delivery finds the object.
    pub leaves: bool,
}

impl Mark {
    fn text(&self) -> String {
        let Mark { id, form, release, names, replaces, request, leaves } = self;
        let leaves = leaves.then(|| "now".to_owned());
        let replaces = Some(replaces.join("+")).filter(|ids| !ids.is_empty());
        let request = request.as_ref().map(|(sent, id)| format!("{sent}.{id}"));
        let words = [
            ("leaves", &leaves),
            ("id", id),
            ("form", form),
            ("release", release),
            ("names", names),
            ("replaces", &replaces),
            ("request", &request),
        ];
        let words = words.iter().filter_map(|(name, word)| Some((name, word.as_ref()?)));
        words.map(|(name, word)| format!(" {name}={word}")).collect()
    }

    /// The label before the mark, and the mark.
    fn read(value: &str) -> (&str, Self) {
        let (mut label, mut mark) = (value, Mark::default());
        while let Some((rest, last)) = label.rsplit_once(' ') {
            let Some((name, word)) = last.split_once('=') else { break };
            let text = Some(word.to_owned());
            match name {
                "id" => mark.id = text,
                "form" => mark.form = text,
                "release" => mark.release = text,
                "names" => mark.names = text,
                "leaves" => mark.leaves = true,
                "replaces" => mark.replaces = word.split('+').map(str::to_owned).collect(),
                "request" => {
                    let parts = word.split_once('.');
                    mark.request =
                        parts.and_then(|(sent, id)| Some((sent.parse().ok()?, id.to_owned())));
                }
                _ => break,
            }
            label = rest;
        }
        (label, mark)
    }
}

impl Owner {
    /// The owner that a CloudFormation request speaks for.
    pub fn new(stack_id: &str, logical_id: &str) -> Self {
        let key = digest(&format!("{stack_id}|{logical_id}"), 32);
        let label = format!("{stack_id} {logical_id}").chars().take(LABEL_LIMIT).collect();
        Owner { key, label, mark: Mark::default() }
    }

    /// The same owner with another mark.
    pub fn marked(&self, mark: Mark) -> Self {
        Owner { mark, ..self.clone() }
    }

    /// The same owner, about to release the object.
    pub fn leaving(&self) -> Self {
        self.marked(Mark { leaves: true, ..self.mark.clone() })
    }

    /// 32 hexadecimal digits that identify the owner.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Stack and logical id, for people to read; at most 256 characters.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// False for a mark that no provider wrote: its label is whole, and is not that of its key. A
    /// principal that may tag a user may write any.
    pub fn is_credible(&self) -> bool {
        let whole = self.label.chars().count() + self.mark.text().chars().count() < LABEL_LIMIT;
        !whole || self.stack_and_logical_id().is_some()
    }

    /// The stack's ARN and the logical id, if the label holds both whole.
    pub fn stack_and_logical_id(&self) -> Option<(&str, &str)> {
        let (stack, logical_id) = self.label.split_once(' ')?;
        (digest(&format!("{stack}|{logical_id}"), 32) == self.key).then_some((stack, logical_id))
    }

    /// True for a resource of the same stack. A group's path has of a stack only its Region and
    /// name.
    pub fn is_in_stack_of(&self, other: &Owner) -> bool {
        let stack = |owner: &Owner| owner.label.split(' ').next().unwrap_or_default().to_owned();
        let region_and_name = |stack: &str| -> Vec<String> {
            let parts: Vec<&str> = stack.split([':', '/']).collect();
            [3, 6].iter().filter_map(|at| parts.get(*at)).map(|part| (*part).to_owned()).collect()
        };
        match self.in_group_path() {
            Some([region, name, _]) => region_and_name(&stack(other)) == [region, name],
            None => stack(self) == stack(other),
        }
    }

    /// Region, stack's name and logical id, if a group's path is all that is known.
    fn in_group_path(&self) -> Option<[&str; 3]> {
        let mut parts = self.label.splitn(3, '/');
        let parts = [parts.next()?, parts.next()?, parts.next()?];
        (!self.label.contains([':', ' '])).then_some(parts)
    }

    /// The stack's name and the logical id, if a group's path is all that is known.
    pub fn of_group(&self) -> Option<(&str, &str)> {
        self.in_group_path().map(|[_, stack, logical_id]| (stack, logical_id))
    }

    /// For a person who opens the stack in the console, as in ``stack `slim` in eu-west-1 (resource
    /// `Slim`)``.
    pub fn in_words(&self) -> String {
        let of_label = self.label.split_once(' ').and_then(|(stack, logical_id)| {
            let parts: Vec<&str> = stack.split([':', '/']).collect();
            Some([*parts.get(3)?, *parts.get(6)?, logical_id])
        });
        match of_label.or_else(|| self.in_group_path()) {
            Some([region, stack, logical_id]) => {
                format!("stack `{stack}` in {region} (resource `{logical_id}`)")
            }
            None => self.to_string(),
        }
    }

    fn value(&self, mark: &Mark) -> String {
        let mark = mark.text();
        let room = LABEL_LIMIT.saturating_sub(mark.chars().count());
        let label: String = self.label.chars().take(room).collect();
        format!("{label}{mark}")
    }

    fn from_value(key: &str, value: &str) -> Self {
        let (label, mark) = Mark::read(value);
        Owner { key: key.to_ascii_lowercase(), label: label.to_owned(), mark }
    }

    /// The tag of this owner on a role, policy or instance profile.
    pub fn tag(&self) -> (TagKey, String) {
        (format!("{OWNER_TAG_PREFIX}{}", self.key).into(), self.value(&self.mark))
    }

    /// Reads a tag of [`Owner::tag`].
    pub fn from_tag(key: &str, value: &str) -> Option<Self> {
        Some(Owner::from_value(strip_prefix(key, OWNER_TAG_PREFIX)?, value))
    }

    /// The tag on a user by which this owner claims the attachment of the policy.
    pub fn attached_tag(&self, policy_arn: &str) -> (TagKey, String) {
        let key = format!("{ATTACHED_TAG_PREFIX}{}:{}", digest(policy_arn, 16), self.key);
        let Mark { id, leaves, .. } = self.mark.clone();
        (key.into(), self.value(&Mark { id, leaves, ..Mark::default() }))
    }

    /// Reads a tag of [`Owner::attached_tag`] for this policy.
    pub fn from_attached_tag(policy_arn: &str, key: &str, value: &str) -> Option<Self> {
        let rest = strip_prefix(key, ATTACHED_TAG_PREFIX)?;
        let key = rest.strip_prefix(&digest(policy_arn, 16))?.strip_prefix(':')?;
        Some(Owner::from_value(key, value))
    }

    /// The path of a group of this owner, below the path that the consumer asked for.
    ///
    /// `label` is a Region, a stack's name and a logical id, by which a person finds the owner, cut
    /// so that the path stays within IAM's 512 characters.
    pub fn group_path(&self, below: &str) -> String {
        let mut label = self.label.split([':', '/', ' ']).skip(3);
        let region = label.next().unwrap_or_default();
        let stack = label.nth(2).unwrap_or_default();
        let logical_id: String = label.nth(1).unwrap_or_default().chars().take(64).collect();
        let parts = [GROUP_FOLDER, region, stack, &logical_id, &self.key];
        let folders: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{below}{}/", folders.join("/"))
    }

    /// Reads a path of [`Owner::group_path`].
    pub fn from_group_path(path: &str) -> Option<Self> {
        let (_, owned) = path.rsplit_once(&format!("/{GROUP_FOLDER}/"))?;
        let (label, key) = owned.trim_end_matches('/').rsplit_once('/')?;
        let (key, label) = (key.to_owned(), label.to_owned());
        Some(Owner { key, label, mark: Mark::default() })
    }
}

/// A tag's key has no case, and so has its beginning none.
fn strip_prefix<'a>(key: &'a str, prefix: &str) -> Option<&'a str> {
    let (begin, rest) = key.split_at_checked(prefix.len())?;
    begin.eq_ignore_ascii_case(prefix).then_some(rest)
}

impl fmt::Display for Owner {
    /// As in ``resource `Slim` of stack `arn:…` ``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((stack, logical_id)) = self.label.split_once(' ') {
            return write!(f, "resource `{logical_id}` of stack `{stack}`");
        }
        match self.in_group_path() {
            Some([region, stack, logical_id]) => {
                write!(f, "resource `{logical_id}` of stack `{stack}` in {region}")
            }
            None => write!(f, "resource `{}`", self.label),
        }
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
    let ours = [OWNER_TAG_PREFIX, ATTACHED_TAG_PREFIX];
    ours.iter().any(|prefix| strip_prefix(key, prefix).is_some())
        || key.eq_ignore_ascii_case(MADE_BY_TAG)
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
    fn an_owner_is_named_by_resource_and_stack_whatever_place_remembers_it() {
        let owner = Owner::new(STACK, "P");
        assert_eq!(owner.to_string(), format!("resource `P` of stack `{STACK}`"));
        let of_group = Owner::from_group_path(&owner.group_path("/")).unwrap();
        assert_eq!(of_group.to_string(), "resource `P` of stack `dev` in eu-west-1");
        let short = "stack `dev` in eu-west-1 (resource `P`)";
        assert_eq!((owner.in_words(), of_group.in_words()), (short.into(), short.into()));
        let (key, _) = owner.tag();
        assert_eq!(Owner::from_tag(&key, "P").unwrap().to_string(), "resource `P`");
        assert_eq!(Owner::from_tag(&key, "P").unwrap().in_words(), "resource `P`");
        let renamed = Owner::new(STACK, "Q");
        assert!(owner.is_in_stack_of(&renamed) && of_group.is_in_stack_of(&renamed));
        let other = Owner::new(&STACK.replace("/dev/", "/prod/"), "P");
        assert!(!owner.is_in_stack_of(&other) && !of_group.is_in_stack_of(&other));
    }

    #[test]
    fn a_foreign_tag_or_path_names_no_owner() {
        assert_eq!(Owner::from_tag("team", "a"), None);
        assert_eq!(Owner::from_group_path("/"), None);
        assert_eq!(Owner::from_group_path("/team/"), None);
    }

    /// I29
    #[test]
    fn a_mark_is_read_back_with_everything_in_it() {
        let some = |text: &str| Some(text.to_owned());
        let mark = Mark {
            leaves: true,
            id: some("0a1b2c3d"),
            form: some("4e5f"),
            release: some("0.1.0"),
            names: some("6a7b"),
            replaces: vec!["1".to_owned(), "2".to_owned()],
            request: Some((1_795_709_999, "8c9d".to_owned())),
        };
        let owner = Owner::new(STACK, "Slim").marked(mark.clone());
        let (key, value) = owner.tag();
        assert_eq!(
            value,
            format!(
                "{STACK} Slim leaves=now id=0a1b2c3d form=4e5f release=0.1.0 names=6a7b replaces=1+2 \
                 request=1795709999.8c9d"
            )
        );
        let read = Owner::from_tag(&key.to_uppercase(), &value).unwrap();
        assert_eq!((read.label(), &read.mark), (owner.label(), &mark));
        let plain = Owner::from_tag(&key, &format!("{STACK} Slim")).unwrap();
        assert_eq!((plain.label(), &plain.mark), (owner.label(), &Mark::default()));
        assert_eq!(plain.stack_and_logical_id(), Some((STACK, "Slim")));
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
        let mark = Mark { id: Some("0".repeat(16)), ..Mark::default() };
        let (key, value) = owner.marked(mark).tag();
        assert!(key.len() <= 128 && value.len() <= LABEL_LIMIT, "{value}");
        assert!(value.ends_with(" id=0000000000000000"));
        assert!(owner.attached_tag("arn").0.len() <= 128);
        assert!(owner.group_path("/").len() <= 512);
    }
}
