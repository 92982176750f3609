//! The IAM account as an attacker sees it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::reference::Reference;
use super::statement::{Statement, statements, texts};
use crate::state::{self, Id, Resource, State};

/// The resources of the account.
pub struct Account {
    /// `arn:…:iam::<account>:`
    pub iam: String,
    /// `arn:…:iam::aws:policy/`
    pub managed: String,
    /// Partition, Region and account id.
    pub of: state::Account,
    /// Prefix of the provider's own names.
    pub provider: String,
    /// The roles of the preset, by ARN.
    pub roles: BTreeMap<String, Role>,
    /// The documents of managed policies, by ARN.
    pub documents: Documents,
    /// The preset beside which existing principals are judged; `None` where a preset is judged
    /// itself.
    pub beside: Option<Beside>,
}

/// Power that does not count as further power of an existing principal.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The ARNs of the preset's own roles and groups.
    pub own: BTreeSet<String>,
    /// A principal with all grants of the preset's own documents.
    pub given: Principal,
}

/// Something that is in the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    /// Where it is.
    pub region: String,
    /// Its name.
    pub name: String,
    /// The part of its ARN behind the name.
    pub tail: String,
}

impl Thing {
    /// Something of that name, in the Region of the account.
    pub fn new(of: &state::Account, name: &str) -> Self {
        Thing { region: of.region.clone(), name: name.to_owned(), tail: "x".to_owned() }
    }

    /// Its ARN, from one in which `P`, `R` and `A` stand for partition, Region and account, `NAME`
    /// for the name, `TAIL` for the part behind it.
    pub fn arn(&self, of: &state::Account, pattern: &str) -> String {
        let part = |part: &str| match part {
            "P" => of.partition.clone(),
            "R" => self.region.clone(),
            "A" => of.id.clone(),
            _ => part.replace("NAME", &self.name).replace("TAIL", &self.tail),
        };
        pattern.split(':').map(part).collect::<Vec<_>>().join(":")
    }

    /// Returns the resource of an ARN of this form. Parts that the ARN leaves open are those of
    /// `open`.
    pub fn of_arn(arn: &str, pattern: &str, open: &Thing) -> Option<Self> {
        let of: Vec<&str> = arn.splitn(6, ':').collect();
        let form: Vec<&str> = pattern.splitn(6, ':').collect();
        let (before, behind) = form.get(5)?.split_once("NAME")?;
        let named = of.get(5)?.strip_prefix(before)?;
        let end = behind.chars().next();
        let (name, tail) = end.and_then(|end| named.split_once(end)).unwrap_or((named, ""));
        let region = form.get(3).filter(|part| **part == "R").and(of.get(3)).copied();
        let given = |text: &str, open: &str| if text.is_empty() { open } else { text }.to_owned();
        Some(Thing {
            region: given(region.unwrap_or_default(), &open.region),
            name: given(name, &open.name),
            tail: given(if behind.ends_with("TAIL") { tail } else { "" }, &open.tail),
        })
    }
}

/// A role of the preset.
pub struct Role {
    /// The principals that may assume it.
    pub trust: Trust,
    /// The ARNs of the managed policies on it.
    pub policies: Vec<String>,
}

/// The principals that a role trusts.
#[derive(Default)]
pub struct Trust {
    /// True if a principal that is no AWS service is trusted.
    pub people: bool,
    /// True if a principal of this account is trusted.
    pub account: bool,
    /// AWS's services.
    pub services: BTreeSet<String>,
}

/// A principal with its grants.
#[derive(Clone, Debug)]
pub struct Principal {
    /// For people.
    pub name: String,
    /// The value of `${aws:username}`.
    pub user: String,
    /// The ARN, if it is a role.
    pub role: Option<String>,
    /// The ARNs of the managed policies.
    pub policies: BTreeSet<String>,
    /// The statements of these and of the inline policies.
    pub statements: Vec<Statement>,
    /// The statements of the permissions boundary, if there is one.
    pub boundary: Option<Vec<Statement>>,
}

impl Principal {
    /// Returns a principal with this policy only.
    pub fn of_policy(arn: &str, statements: &[Statement]) -> Self {
        Principal {
            name: String::new(),
            user: String::new(),
            role: None,
            policies: BTreeSet::from([arn.to_owned()]),
            statements: statements.to_vec(),
            boundary: None,
        }
    }
}

/// Policies' statements, by ARN.
pub type Documents = BTreeMap<String, Vec<Statement>>;

/// AWS's own policies, as the reference has them.
pub fn of_aws(of: &state::Account, reference: &Reference) -> Documents {
    let documents = reference.documents.iter();
    documents
        .map(|(name, document)| (of.aws_managed_policy_arn(name), statements(document)))
        .collect()
}

/// The account that has this state, and these policies besides.
pub fn account(
    state: &State,
    of: &state::Account,
    provider: &str,
    mut documents: Documents,
) -> Account {
    let mut roles = BTreeMap::new();
    for (id, object) in state.iter() {
        let Some(arn) = of.arn(&object.resource) else { continue };
        if let Resource::Policy(policy) = &object.resource {
            documents.insert(arn, statements(policy.document.as_value()));
        } else if let Resource::Role(role) = &object.resource {
            let trust = trust(role.trust.as_value(), &of.id);
            roles.insert(arn, Role { trust, policies: powers(state, id).0 });
        }
    }
    Account {
        iam: format!("arn:{}:iam::{}:", of.partition, of.id),
        managed: of.aws_managed_policy_arn(""),
        of: of.clone(),
        provider: provider.to_owned(),
        roles,
        documents,
        beside: None,
    }
}

/// The ARNs of the policies on an object, and its inline policies.
pub fn powers(state: &State, holder: &Id) -> (Vec<String>, Vec<Value>) {
    let hangs_on = |id: &Id| id.parent().is_some_and(|parent| parent == *holder);
    let mut powers = (Vec::new(), Vec::new());
    for (_, object) in state.iter().filter(|(id, _)| hangs_on(id)) {
        match &object.resource {
            Resource::RoleAttachment { policy_arn, .. }
            | Resource::GroupAttachment { policy_arn, .. }
            | Resource::UserAttachment { policy_arn, .. } => powers.0.push(policy_arn.clone()),
            Resource::RoleInline { document, .. } | Resource::GroupInline { document, .. } => {
                powers.1.push(document.as_value().clone());
            }
            Resource::ServiceLinkedRole { .. }
            | Resource::User { .. }
            | Resource::Policy(_)
            | Resource::Role(_)
            | Resource::Group { .. }
            | Resource::InstanceProfile { .. }
            | Resource::GroupMember { .. }
            | Resource::ProfileRole { .. } => {}
        }
    }
    powers
}

fn trust(document: &Value, account: &str) -> Trust {
    let mut trust = Trust::default();
    let list = document.get("Statement");
    let list = list.map(|one| one.as_array().map_or(std::slice::from_ref(one), Vec::as_slice));
    for statement in list.unwrap_or_default() {
        if statement.get("Effect").and_then(Value::as_str) != Some("Allow") {
            continue;
        }
        let principal = statement.get("Principal");
        let of = |kind: &str| texts(principal.and_then(|principal| principal.get(kind)));
        let everybody = principal.and_then(Value::as_str) == Some("*");
        let aws = of("AWS");
        trust.people |= everybody || !aws.is_empty() || !of("Federated").is_empty();
        trust.account |= everybody || aws.iter().any(|name| name == "*" || name.contains(account));
        trust.services.extend(of("Service"));
    }
    trust
}
