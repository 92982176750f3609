//! The objects of an account, as plain values: the same type for the desired and the observed
//! state, so that planning is a difference between two maps.
//!
//! Must not know: AWS's API, the clock, the environment.

mod arn;
pub mod limits;
mod name;
mod owner;
mod policy_document;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use arn::Account;
pub use name::{TagKey, compare_names};
pub use owner::{
    ATTACHED_TAG_PREFIX, GROUP_FOLDER, MADE_BY_TAG, Mark, OWNER_TAG_PREFIX, Owner, is_ownership_tag,
};
pub use policy_document::PolicyDocument;

/// Tags of a role, policy or instance profile, without the ones that record ownership.
pub type Tags = BTreeMap<TagKey, String>;

/// The owners of an object. Empty for an object that no preset made.
pub type Owners = BTreeSet<Owner>;

/// The kind of an object or link, in the order in which a person reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A role that belongs to an AWS service; ensured, never deleted.
    ServiceLinkedRole,
    /// An existing user; needed, never made.
    User,
    /// A customer managed policy.
    Policy,
    /// A role.
    Role,
    /// A group of users.
    Group,
    /// An instance profile.
    InstanceProfile,
    /// A managed policy on a role.
    RoleAttachment,
    /// An inline policy of a role.
    RoleInline,
    /// A managed policy on a group.
    GroupAttachment,
    /// An inline policy of a group.
    GroupInline,
    /// A user in a group.
    GroupMember,
    /// A managed policy on a user.
    UserAttachment,
    /// A role in an instance profile.
    ProfileRole,
}

impl Kind {
    /// Of a link the kinds of its two ends, the parent first; the other one is none where that end
    /// is no object, as the document of an inline policy. `None` for an object that exists by itself.
    pub fn ends(self) -> Option<(Kind, Option<Kind>)> {
        match self {
            Kind::RoleAttachment => Some((Kind::Role, Some(Kind::Policy))),
            Kind::RoleInline => Some((Kind::Role, None)),
            Kind::GroupAttachment => Some((Kind::Group, Some(Kind::Policy))),
            Kind::GroupInline => Some((Kind::Group, None)),
            Kind::GroupMember => Some((Kind::Group, Some(Kind::User))),
            Kind::UserAttachment => Some((Kind::User, Some(Kind::Policy))),
            Kind::ProfileRole => Some((Kind::InstanceProfile, Some(Kind::Role))),
            Kind::ServiceLinkedRole
            | Kind::User
            | Kind::Policy
            | Kind::Role
            | Kind::Group
            | Kind::InstanceProfile => None,
        }
    }

    /// True for an object that exists by itself, false for a link.
    pub fn is_node(self) -> bool {
        self.ends().is_none()
    }

    /// True for a managed policy on a user, group or role.
    pub fn is_attachment(self) -> bool {
        matches!(self.ends(), Some((_, Some(Kind::Policy))))
    }

    /// True for an inline policy.
    pub fn is_inline(self) -> bool {
        matches!(self.ends(), Some((_, None)))
    }

    /// True for a kind that presets make and IAM can tag.
    pub fn has_tags(self) -> bool {
        matches!(self, Kind::Policy | Kind::Role | Kind::InstanceProfile)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::ServiceLinkedRole => "service-linked role",
            Kind::User => "user",
            Kind::Policy => "policy",
            Kind::Role => "role",
            Kind::Group => "group",
            Kind::InstanceProfile => "instance profile",
            Kind::RoleAttachment => "role attachment",
            Kind::RoleInline => "role inline policy",
            Kind::GroupAttachment => "group attachment",
            Kind::GroupInline => "group inline policy",
            Kind::GroupMember => "group member",
            Kind::UserAttachment => "user attachment",
            Kind::ProfileRole => "instance profile role",
        })
    }
}

/// The identity of an object or link: its kind, its name and, for a link, its other end. Names that
/// differ by case alone are the same, as they are to IAM.
#[derive(Clone, Debug)]
pub struct Id {
    /// The kind.
    pub kind: Kind,
    /// The object's name; for a link, the name of its parent.
    pub name: String,
    /// The other end of a link: a policy's ARN, an inline policy's name, a user or a role.
    pub part: Option<String>,
}

impl Id {
    /// An object that exists by itself.
    pub fn node(kind: Kind, name: impl Into<String>) -> Self {
        Id { kind, name: name.into(), part: None }
    }

    /// A link between two ends.
    pub fn link(kind: Kind, name: impl Into<String>, part: impl Into<String>) -> Self {
        Id { kind, name: name.into(), part: Some(part.into()) }
    }

    /// The parent of a link; `None` for an object.
    pub fn parent(&self) -> Option<Id> {
        let (kind, _) = self.kind.ends()?;
        Some(Id::node(kind, self.name.clone()))
    }

    /// The object at the other end of a link, which cannot be deleted while the link is there;
    /// `None` for an object, and where that end belongs to AWS.
    pub fn target(&self) -> Option<Id> {
        let ((_, kind), part) = self.kind.ends().zip(self.part.as_deref())?;
        let kind = kind?;
        if kind != Kind::Policy {
            return Some(Id::node(kind, part));
        }
        let (owner, name) = part.rsplit_once('/')?;
        Some(Id::node(kind, name)).filter(|_| !owner.contains(":iam::aws:"))
    }

    /// The same for a sentence outside of a plan, with a link as a part of it, as in "policy `P` on
    /// user `ana`".
    pub fn in_words(&self) -> String {
        let Some((part, parent)) = self.part.as_deref().zip(self.parent()) else {
            return self.to_string();
        };
        match self.kind.ends().and_then(|(_, target)| target) {
            None => format!("inline policy `{part}` of {parent}"),
            Some(Kind::Policy) => {
                format!("policy `{}` on {parent}", part.rsplit('/').next().unwrap_or_default())
            }
            Some(kind) => format!("{kind} `{part}` in {parent}"),
        }
    }
}

impl PartialEq for Id {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Id {}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Id {
    fn cmp(&self, other: &Self) -> Ordering {
        let part = |id: &Id| id.part.clone().unwrap_or_default();
        (self.kind.cmp(&other.kind))
            .then_with(|| compare_names(&self.name, &other.name))
            .then_with(|| self.part.is_some().cmp(&other.part.is_some()))
            .then_with(|| compare_names(&part(self), &part(other)))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.kind, self.name)?;
        // The part of an ARN for people: path and name, and that it is one of AWS's.
        match self.part.as_deref().map(|part| (part, part.split_once(":policy/"))) {
            None => Ok(()),
            Some((part, None)) => write!(f, " <- `{part}`"),
            Some((_, Some((owner, name)))) if owner.ends_with(":aws") => {
                write!(f, " <- aws `{name}`")
            }
            Some((_, Some((_, name)))) => write!(f, " <- `{name}`"),
        }
    }
}

/// A role. Limits: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// At most 64 characters of `A-Za-z0-9_+=,.@-`.
    pub name: String,
    /// Begins and ends with `/`; at most 512 characters; fixed when the role is made.
    pub path: String,
    /// At most 1000 characters.
    pub description: String,
    /// The trust policy; at most 2048 characters without white space.
    pub trust: PolicyDocument,
    /// Seconds, 3600 to 43200.
    pub max_session_duration: i32,
    /// The ARN of the policy that bounds the role's power.
    pub permissions_boundary: Option<String>,
    /// At most 50, with the ones that record ownership.
    pub tags: Tags,
}

/// A customer managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// At most 128 characters; unique in the account across all paths.
    pub name: String,
    /// Fixed when the policy is made.
    pub path: String,
    /// Fixed when the policy is made.
    pub description: String,
    /// At most 6144 characters without white space.
    pub document: PolicyDocument,
    /// At most 50, with the ones that record ownership.
    pub tags: Tags,
}

/// The resource at an [`Id`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are names of what the variant is about")]
pub enum Resource {
    /// Name and service, for example `AWSServiceRoleForBatch` of `batch.amazonaws.com`.
    ServiceLinkedRole { name: String, service: String },
    /// An existing user.
    User { name: String },
    /// A customer managed policy.
    Policy(Policy),
    /// A role.
    Role(Role),
    /// A group; its path carries the owner, because a group has no tags.
    Group { name: String, path: String },
    /// An instance profile.
    InstanceProfile { name: String, path: String, tags: Tags },
    /// A managed policy on a role.
    RoleAttachment { role: String, policy_arn: String },
    /// An inline policy of a role.
    RoleInline { role: String, name: String, document: PolicyDocument },
    /// A managed policy on a group.
    GroupAttachment { group: String, policy_arn: String },
    /// An inline policy of a group.
    GroupInline { group: String, name: String, document: PolicyDocument },
    /// A user in a group.
    GroupMember { group: String, user: String },
    /// A managed policy on a user. It is claimed by a tag of the user before it is `attached`, so
    /// that a crash between the two leaves no attachment without a claim.
    UserAttachment { user: String, policy_arn: String, attached: bool },
    /// A role in an instance profile.
    ProfileRole { profile: String, role: String },
}

impl Resource {
    /// The key under which a [`State`] holds this.
    pub fn id(&self) -> Id {
        match self {
            Resource::ServiceLinkedRole { name, .. } => Id::node(Kind::ServiceLinkedRole, name),
            Resource::User { name } => Id::node(Kind::User, name),
            Resource::Policy(policy) => Id::node(Kind::Policy, &policy.name),
            Resource::Role(role) => Id::node(Kind::Role, &role.name),
            Resource::Group { name, .. } => Id::node(Kind::Group, name),
            Resource::InstanceProfile { name, .. } => Id::node(Kind::InstanceProfile, name),
            Resource::RoleAttachment { role, policy_arn } => {
                Id::link(Kind::RoleAttachment, role, policy_arn)
            }
            Resource::RoleInline { role, name, .. } => Id::link(Kind::RoleInline, role, name),
            Resource::GroupAttachment { group, policy_arn } => {
                Id::link(Kind::GroupAttachment, group, policy_arn)
            }
            Resource::GroupInline { group, name, .. } => Id::link(Kind::GroupInline, group, name),
            Resource::GroupMember { group, user } => Id::link(Kind::GroupMember, group, user),
            Resource::UserAttachment { user, policy_arn, .. } => {
                Id::link(Kind::UserAttachment, user, policy_arn)
            }
            Resource::ProfileRole { profile, role } => Id::link(Kind::ProfileRole, profile, role),
        }
    }

    /// The path, for a kind that has one.
    pub fn path(&self) -> Option<&str> {
        match self {
            Resource::Policy(policy) => Some(&policy.path),
            Resource::Role(role) => Some(&role.path),
            Resource::Group { path, .. } | Resource::InstanceProfile { path, .. } => Some(path),
            Resource::ServiceLinkedRole { .. }
            | Resource::User { .. }
            | Resource::RoleAttachment { .. }
            | Resource::RoleInline { .. }
            | Resource::GroupAttachment { .. }
            | Resource::GroupInline { .. }
            | Resource::GroupMember { .. }
            | Resource::UserAttachment { .. }
            | Resource::ProfileRole { .. } => None,
        }
    }

    /// The document of a policy, managed or inline.
    pub fn document(&self) -> Option<&PolicyDocument> {
        match self {
            Resource::Policy(policy) => Some(&policy.document),
            Resource::RoleInline { document, .. } | Resource::GroupInline { document, .. } => {
                Some(document)
            }
            Resource::ServiceLinkedRole { .. }
            | Resource::User { .. }
            | Resource::Role(_)
            | Resource::Group { .. }
            | Resource::InstanceProfile { .. }
            | Resource::RoleAttachment { .. }
            | Resource::GroupAttachment { .. }
            | Resource::GroupMember { .. }
            | Resource::UserAttachment { .. }
            | Resource::ProfileRole { .. } => None,
        }
    }

    /// The policy document: of a policy, managed or inline, or the trust policy of a role.
    pub fn policy_document(&self) -> Option<&PolicyDocument> {
        if let Resource::Role(role) = self { Some(&role.trust) } else { self.document() }
    }

    /// The tags, for a kind that has them.
    pub fn tags_mut(&mut self) -> Option<&mut Tags> {
        match self {
            Resource::Policy(Policy { tags, .. })
            | Resource::Role(Role { tags, .. })
            | Resource::InstanceProfile { tags, .. } => Some(tags),
            Resource::ServiceLinkedRole { .. }
            | Resource::User { .. }
            | Resource::Group { .. }
            | Resource::RoleAttachment { .. }
            | Resource::RoleInline { .. }
            | Resource::GroupAttachment { .. }
            | Resource::GroupInline { .. }
            | Resource::GroupMember { .. }
            | Resource::UserAttachment { .. }
            | Resource::ProfileRole { .. } => None,
        }
    }
}

/// A resource and its owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The resource.
    pub resource: Resource,
    /// The resources of stacks that made or use it. Empty for a link of a role, group or instance
    /// profile: its owners are those of that object.
    pub owners: Owners,
    /// Several stacks may use it at once, and one without an owner is used as it is. Set in the
    /// desired state only; the observed one does not know.
    pub shared: bool,
}

impl Object {
    /// True for the mark on a user that says that a policy is about to be attached, or was.
    pub fn is_claim(&self) -> bool {
        matches!(self.resource, Resource::UserAttachment { attached: false, .. })
    }

    /// True if the owner has the object, and is not about to let go of it.
    pub fn is_kept_by(&self, owner: &Owner) -> bool {
        self.owners.get(owner).is_some_and(|owner| !owner.mark.leaves)
    }

    /// The same, with the policy that a claim on a user is about attached.
    pub fn attached(&self) -> Self {
        let mut object = self.clone();
        if let Resource::UserAttachment { attached, .. } = &mut object.resource {
            *attached = true;
        }
        object
    }

    /// The same, with the policy of a user detached.
    pub fn claimed(&self) -> Self {
        let mut object = self.clone();
        if let Resource::UserAttachment { attached, .. } = &mut object.resource {
            *attached = false;
        }
        object
    }

    /// A resource without an owner.
    pub fn unowned(resource: Resource) -> Self {
        Object { resource, owners: Owners::new(), shared: false }
    }
}

/// Everything that is wanted, or everything that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State(BTreeMap<Id, Object>);

impl State {
    /// Adds an object; one that was there under the same identity is returned.
    pub fn insert(&mut self, object: Object) -> Option<Object> {
        self.0.insert(object.resource.id(), object)
    }

    /// Removes and returns the object at `id`.
    pub fn remove(&mut self, id: &Id) -> Option<Object> {
        self.0.remove(id)
    }

    /// Returns the object at `id`.
    pub fn get(&self, id: &Id) -> Option<&Object> {
        self.0.get(id)
    }

    /// True if there is something at `id`.
    pub fn contains(&self, id: &Id) -> bool {
        self.0.contains_key(id)
    }

    /// True if there is an object at `id`, and `owner` is one of its owners.
    pub fn is_owned(&self, id: &Id, owner: &Owner) -> bool {
        self.get(id).is_some_and(|object| object.owners.contains(owner))
    }

    /// True if `owner` owns anything here.
    pub fn has_any_of(&self, owner: &Owner) -> bool {
        self.iter().any(|(_, object)| object.owners.contains(owner))
    }

    /// All identities, in order.
    pub fn ids(&self) -> impl Iterator<Item = &Id> {
        self.0.keys()
    }

    /// All objects with their identities, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Id, &Object)> {
        self.0.iter()
    }

    /// True if there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Extend<Object> for State {
    fn extend<T: IntoIterator<Item = Object>>(&mut self, objects: T) {
        for object in objects {
            self.insert(object);
        }
    }
}

impl FromIterator<Object> for State {
    fn from_iter<T: IntoIterator<Item = Object>>(objects: T) -> Self {
        let mut state = State::default();
        state.extend(objects);
        state
    }
}
