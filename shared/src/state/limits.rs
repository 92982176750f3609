//! IAM's limits, checked before the first call.
//!
//! Source of the numbers: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
//! and the API reference of each `Create…` action. Sizes are characters without white space.

use std::collections::BTreeMap;

use super::policy_document::size;
use super::{Id, Kind, PolicyDocument, Resource, State, Tags};

/// Longest name of a role or user.
pub const ROLE_NAME: usize = 64;
/// Longest name of a policy, group or instance profile.
pub const NAME: usize = 128;
/// Longest path.
pub const PATH: usize = 512;
/// Longest description, in characters.
pub const DESCRIPTION: usize = 1000;
/// Shortest and longest session, in seconds.
pub const SESSION: std::ops::RangeInclusive<i32> = 3600..=43200;
/// Largest trust policy.
pub const TRUST_POLICY: usize = 2048;
/// Largest managed policy.
pub const MANAGED_POLICY: usize = 6144;
/// Largest sum of a role's inline policies.
pub const ROLE_INLINE: usize = 10_240;
/// Largest sum of a group's inline policies.
pub const GROUP_INLINE: usize = 5120;
/// Most managed policies on one role, group or user, unless the account's quota was raised.
pub const ATTACHMENTS: usize = 10;
/// Most groups that one user is in; no account's quota of that is raised.
pub const GROUPS_OF_USER: usize = 10;
/// Most tags, with those that record ownership.
pub const TAGS: usize = 50;
/// Tags that record ownership: an object's owner, and that a preset made it.
pub const OWN_TAGS: usize = 2;

/// Returns one sentence for each object in `state` that IAM would refuse.
pub fn check(state: &State) -> Vec<String> {
    check_with(state, ATTACHMENTS)
}

/// The same in an account with this quota of managed policies of one role, group or user.
pub fn check_with(state: &State, attachments: usize) -> Vec<String> {
    let mut problems = Problems::default();
    let mut links: BTreeMap<(Kind, &str), (usize, usize)> = BTreeMap::new();
    for (id, object) in state.iter() {
        match &object.resource {
            Resource::Role(role) => {
                problems.name(id, ROLE_NAME);
                problems.path(id, &role.path);
                problems.at_most(id, "description", role.description.chars().count(), DESCRIPTION);
                problems.document(id, "trust policy", &role.trust, TRUST_POLICY);
                problems.tags(id, &role.tags);
                if !SESSION.contains(&role.max_session_duration) {
                    problems.add(
                        id,
                        format!(
                            "`MaxSessionDuration` is {}, allowed are {} to {} seconds",
                            role.max_session_duration,
                            SESSION.start(),
                            SESSION.end()
                        ),
                    );
                }
            }
            Resource::Policy(policy) => {
                problems.name(id, NAME);
                problems.path(id, &policy.path);
                problems.at_most(
                    id,
                    "description",
                    policy.description.chars().count(),
                    DESCRIPTION,
                );
                problems.document(id, "document", &policy.document, MANAGED_POLICY);
                problems.tags(id, &policy.tags);
            }
            Resource::Group { path, .. } => {
                problems.name(id, NAME);
                problems.path(id, path);
            }
            Resource::InstanceProfile { path, tags, .. } => {
                problems.name(id, NAME);
                problems.path(id, path);
                problems.tags(id, tags);
            }
            Resource::User { .. } => problems.name(id, ROLE_NAME),
            Resource::RoleInline { document, .. } | Resource::GroupInline { document, .. } => {
                let (count, size) = links.entry((id.kind, &id.name)).or_default();
                *count += 1;
                *size += document.size();
            }
            // A claim on a user is a tag.
            Resource::UserAttachment { attached: false, .. } => {}
            Resource::RoleAttachment { .. }
            | Resource::GroupAttachment { .. }
            | Resource::UserAttachment { .. }
            | Resource::ProfileRole { .. } => {
                links.entry((id.kind, &id.name)).or_default().0 += 1;
            }
            Resource::GroupMember { .. } | Resource::ServiceLinkedRole { .. } => {}
        }
    }
    for ((kind, name), (count, size)) in links {
        let (what, found, most) = match kind {
            Kind::RoleInline => ("inline policies together", size, ROLE_INLINE),
            Kind::GroupInline => ("inline policies together", size, GROUP_INLINE),
            Kind::ProfileRole => ("roles", count, 1),
            Kind::RoleAttachment | Kind::GroupAttachment | Kind::UserAttachment => {
                ("managed policies", count, attachments)
            }
            Kind::ServiceLinkedRole
            | Kind::User
            | Kind::Policy
            | Kind::Role
            | Kind::Group
            | Kind::InstanceProfile
            | Kind::GroupMember => continue,
        };
        let id = Id::link(kind, name, "").parent().unwrap_or_else(|| Id::node(kind, name));
        problems.at_most(&id, what, found, most);
    }
    problems.0
}

#[derive(Default)]
struct Problems(Vec<String>);

impl Problems {
    fn add(&mut self, id: &Id, problem: impl AsRef<str>) {
        self.0.push(format!("{id}: {}", problem.as_ref()));
    }

    fn at_most(&mut self, id: &Id, what: &str, found: usize, most: usize) {
        if found > most {
            self.add(id, format!("{what}: {found}, IAM allows {most}"));
        }
    }

    fn name(&mut self, id: &Id, most: usize) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
        if id.name.is_empty() || !id.name.chars().all(allowed) {
            self.add(id, "the name may hold letters, digits and _+=,.@- only");
        }
        self.at_most(id, "characters of the name", id.name.len(), most);
    }

    fn path(&mut self, id: &Id, path: &str) {
        if !is_path(path) {
            self.add(id, format!("the path `{path}` must begin and end with `/`"));
        }
        self.at_most(id, "characters of the path", path.len(), PATH);
    }

    fn document(&mut self, id: &Id, what: &str, document: &PolicyDocument, most: usize) {
        let json = document.to_json();
        self.at_most(id, &format!("characters of the {what}"), size(&json), most);
        // IAM: [\u0009\u000A\u000D\u0020-\u00FF]+
        let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}');
        if !json.chars().all(allowed) {
            self.add(id, format!("the {what} holds characters beyond Latin-1"));
        }
    }

    fn tags(&mut self, id: &Id, tags: &Tags) {
        let found = tags.len() + OWN_TAGS;
        self.at_most(id, "tags, with those that record the owner", found, TAGS);
    }
}

/// True for a path of roles that AWS alone makes and changes: those of its services, and those of
/// IAM Identity Center.
pub fn is_path_of_aws(path: &str) -> bool {
    ["/aws-service-role/", "/aws-reserved/"].iter().any(|own| path.starts_with(own))
}

/// True for `/` and for `/…/` of printable ASCII, as IAM wants a path.
pub fn is_path(path: &str) -> bool {
    path == "/"
        || (path.len() > 2
            && path.starts_with('/')
            && path.ends_with('/')
            && path.bytes().all(|byte| byte.is_ascii_graphic()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Object, Policy, Role};
    use serde_json::json;

    fn role() -> Role {
        Role {
            name: "r".into(),
            path: "/".into(),
            description: String::new(),
            trust: PolicyDocument::new(json!({})),
            max_session_duration: 3600,
            permissions_boundary: None,
            tags: Tags::new(),
        }
    }

    fn problems(resources: impl IntoIterator<Item = Resource>) -> Vec<String> {
        check(&resources.into_iter().map(Object::unowned).collect())
    }

    fn problem(resource: Resource) -> String {
        let problems = problems([resource]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        problems[0].clone()
    }

    #[test]
    fn what_iam_allows_is_no_problem() {
        assert_eq!(problems([Resource::Role(role())]), Vec::<String>::new());
        assert!(is_path("/") && is_path("/a/b/"));
    }

    /// V9, V11, V13, V18
    #[test]
    fn each_limit_is_found_with_both_numbers() {
        let long = PolicyDocument::new(json!({"x": "y".repeat(7000)}));
        let cases = [
            (Role { name: "n".repeat(65), ..role() }, "65, IAM allows 64"),
            (Role { name: "a b".into(), ..role() }, "letters, digits"),
            (Role { path: "team".into(), ..role() }, "must begin and end with `/`"),
            (Role { path: format!("/{}/", "p".repeat(511)), ..role() }, "513, IAM allows 512"),
            (Role { description: "d".repeat(1001), ..role() }, "1001, IAM allows 1000"),
            (Role { max_session_duration: 3599, ..role() }, "3599, allowed are 3600 to 43200"),
            (Role { max_session_duration: 43201, ..role() }, "43201, allowed are"),
            (Role { trust: long.clone(), ..role() }, "7008, IAM allows 2048"),
            (Role { trust: PolicyDocument::new(json!("\u{4e2d}")), ..role() }, "beyond Latin-1"),
            (
                Role {
                    tags: (0..49).map(|n| (n.to_string().into(), String::new())).collect(),
                    ..role()
                },
                "51, IAM allows 50",
            ),
        ];
        for (role, expected) in cases {
            let problem = problem(Resource::Role(role));
            assert!(problem.contains(expected), "{problem}");
        }
        let policy = Policy {
            name: "p".into(),
            path: "/".into(),
            description: String::new(),
            document: long.clone(),
            tags: Tags::new(),
        };
        assert!(problem(Resource::Policy(policy)).contains("7008, IAM allows 6144"));
        let inline = |name: &str| Resource::RoleInline {
            role: "r".into(),
            name: name.into(),
            document: long.clone(),
        };
        assert_eq!(problems([inline("a")]), Vec::<String>::new());
        assert!(problems([inline("a"), inline("b")])[0].contains("14016, IAM allows 10240"));
    }

    /// V12
    #[test]
    fn more_than_ten_policies_on_one_role_are_found() {
        let attachment = |n: usize| Resource::RoleAttachment {
            role: "r".into(),
            policy_arn: format!("arn:aws:iam::aws:policy/P{n}"),
        };
        assert!(problems((0..10).map(attachment)).is_empty());
        assert!(problems((0..11).map(attachment))[0].contains("11, IAM allows 10"));
    }
}
