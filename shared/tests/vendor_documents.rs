//! The edition `documented` against the vendors' pages: each document means what the page's does,
//! and nothing is attached, made or joined that the page does not ask for.
//!
//! `vendor/*.json` holds for each preset the documents of its page, or of an option of it, in
//! account 123456789012 and Region eu-west-2: the page's own ones with their placeholders filled.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops at what it did not expect"
)]

use std::collections::{BTreeMap, BTreeSet};

use account_presets::preset::{self, Branches, Edition, PROVIDER, Wish, parameters, render};
use account_presets::state::{Account, Id, Owner, PolicyDocument, Resource, State};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Managed policies that AWS retired since, and their successors.
const RETIRED: [(&str, &str); 1] = [("AWSLambdaFullAccess", "AWSLambda_FullAccess")];

/// The grants of a page, or of an option of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    about: String,
    parameters: Map<String, Value>,
    #[serde(default)]
    policies: BTreeMap<String, Value>,
    #[serde(default)]
    roles: BTreeMap<String, Role>,
    #[serde(default)]
    groups: BTreeMap<String, Group>,
    #[serde(default)]
    users: BTreeMap<String, User>,
    /// The role in each.
    #[serde(default)]
    instance_profiles: BTreeMap<String, String>,
    /// The services.
    #[serde(default)]
    service_linked_roles: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    trust: Value,
    attached: BTreeSet<String>,
    #[serde(default)]
    inline: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    attached: BTreeSet<String>,
    #[serde(default)]
    inline: BTreeMap<String, Value>,
    members: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    attached: BTreeSet<String>,
}

fn pages(preset: &str) -> Vec<Page> {
    let path = format!("{}/tests/vendor/{preset}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn documented(name: &str, given: &Map<String, Value>) -> State {
    let preset = preset::find(name).unwrap();
    let (parameters, problems) = parameters::read(preset, given);
    assert_eq!(problems, Vec::<String>::new(), "{name}");
    let wish = Wish {
        account: Account::from_arn("arn:aws:lambda:eu-west-2:123456789012:function:f").unwrap(),
        owner: Owner::new("stack", "Preset"),
        provider: PROVIDER.to_owned(),
        edition: Edition::Documented,
        parameters,
        path: "/".to_owned(),
        permissions_boundary: None,
        tags: BTreeMap::new(),
        max_session_duration: 3600,
    };
    render(preset, &wish, Branches::Chosen)
}

/// The facts by which two states are compared: each document, and each other fact by its identity.
#[derive(Debug, Default, PartialEq)]
struct Facts {
    documents: BTreeMap<String, PolicyDocument>,
    others: BTreeSet<String>,
}

impl Facts {
    fn document(&mut self, of: String, document: &Value) {
        self.documents.insert(of, PolicyDocument::new(sorted(document)));
    }

    fn attached(&mut self, to: &str, arns: &BTreeSet<String>) {
        for arn in arns {
            let successor = |arn: String, (old, new): &(&str, &str)| {
                arn.strip_suffix(&format!("/{old}"))
                    .map_or(arn.clone(), |path| format!("{path}/{new}"))
            };
            let arn = RETIRED.iter().fold(arn.clone(), successor);
            self.others.insert(format!("{to} has {arn}"));
        }
    }
}

/// The members of each object in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(sorted).collect(),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| (key.clone(), sorted(value)));
            members.collect::<BTreeMap<_, _>>().into_iter().collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn facts_of_page(page: &Page) -> Facts {
    let mut facts = Facts::default();
    for (name, document) in &page.policies {
        facts.document(format!("policy {name}"), document);
    }
    for (name, role) in &page.roles {
        facts.document(format!("trust of {name}"), &role.trust);
        facts.attached(&format!("role {name}"), &role.attached);
        for (policy, document) in &role.inline {
            facts.document(format!("inline {policy} of role {name}"), document);
        }
    }
    for (name, group) in &page.groups {
        facts.others.insert(format!("group {name}"));
        facts.attached(&format!("group {name}"), &group.attached);
        for (policy, document) in &group.inline {
            facts.document(format!("inline {policy} of group {name}"), document);
        }
        facts.others.extend(group.members.iter().map(|user| format!("{user} is in {name}")));
    }
    for (name, user) in &page.users {
        facts.attached(&format!("user {name}"), &user.attached);
    }
    for (name, role) in &page.instance_profiles {
        facts.others.insert(format!("instance profile {name}"));
        facts.others.insert(format!("{role} is in instance profile {name}"));
    }
    let services = page.service_linked_roles.iter();
    facts.others.extend(services.map(|service| format!("service-linked role of {service}")));
    facts
}

fn facts_of_state(state: &State) -> Facts {
    let mut facts = Facts::default();
    for (Id { name, .. }, object) in state.iter() {
        let other = match &object.resource {
            Resource::Policy(policy) => {
                facts.document(format!("policy {name}"), policy.document.as_value());
                continue;
            }
            Resource::Role(role) => {
                facts.document(format!("trust of {name}"), role.trust.as_value());
                continue;
            }
            Resource::RoleInline { role, name, document } => {
                facts.document(format!("inline {name} of role {role}"), document.as_value());
                continue;
            }
            Resource::GroupInline { group, name, document } => {
                facts.document(format!("inline {name} of group {group}"), document.as_value());
                continue;
            }
            // It was there before.
            Resource::User { .. } => continue,
            Resource::Group { name, .. } => format!("group {name}"),
            Resource::GroupMember { group, user } => format!("{user} is in {group}"),
            Resource::InstanceProfile { name, .. } => format!("instance profile {name}"),
            Resource::ProfileRole { profile, role } => {
                format!("{role} is in instance profile {profile}")
            }
            Resource::RoleAttachment { role, policy_arn } => {
                format!("role {role} has {policy_arn}")
            }
            Resource::GroupAttachment { group, policy_arn } => {
                format!("group {group} has {policy_arn}")
            }
            Resource::UserAttachment { user, policy_arn, .. } => {
                format!("user {user} has {policy_arn}")
            }
            Resource::ServiceLinkedRole { service, .. } => {
                format!("service-linked role of {service}")
            }
        };
        facts.others.insert(other);
    }
    facts
}

#[test]
fn documented_is_the_vendors_page_to_the_letter() {
    let has_one = |name: &&str| preset::find(name).unwrap().editions.contains(&Edition::Documented);
    for name in preset::names().into_iter().filter(has_one) {
        for page in pages(name) {
            let found = facts_of_state(&documented(name, &page.parameters));
            let wanted = facts_of_page(&page);
            let about = format!("{name}: {}", page.about);
            assert_eq!(found.others, wanted.others, "{about}");
            let (found, wanted) = (found.documents, wanted.documents);
            assert!(found.keys().eq(wanted.keys()), "{about}: {:?}", found.keys());
            for (of, document) in &wanted {
                assert_eq!(found[of], *document, "{about}: {of}");
            }
        }
    }
}

#[test]
fn documented_is_the_same_with_the_switches_that_the_page_does_not_have() {
    for (name, given) in [
        ("slim", &["UserPassRole", "InstanceProfile", "SpotFleetTagging"][..]),
        ("lithops", &["CustomerEcrPolicy", "ServiceLinkedRoles"]),
        (
            "skypilot",
            &["OpenPorts", "S3BucketManagement", "Ssm", "PlacementGroups", "SpotServiceLinkedRole"],
        ),
        ("orchestra", &["EcsServiceLinkedRole", "ManageRoles"]),
        ("zappa", &["ManageRoles", "Vpc", "XRay"]),
    ] {
        let usual = documented(name, &Map::new());
        for parameter in given {
            for value in ["true", "false"] {
                let given = Map::from_iter([((*parameter).to_owned(), Value::from(value))]);
                assert_eq!(documented(name, &given), usual, "{name}: {parameter}: {value}");
            }
        }
    }
}
