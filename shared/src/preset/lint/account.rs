//! The account as somebody finds it who looks for a way up.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::reference::Reference;
use super::statement::{Statement, statements, texts};
use crate::state::{self, Id, Resource, State};

/// What is in the account.
pub struct Account {
    /// `arn:…:iam::<account>:`
    pub iam: String,
    /// `arn:…:iam::aws:policy/`
    pub managed: String,
    /// Where things are.
    pub of: state::Account,
    /// With what the names of the provider's own begin.
    pub provider: String,
    /// The roles of the preset, by ARN.
    pub roles: BTreeMap<String, Role>,
    /// What managed policies say, by ARN.
    pub documents: Documents,
    /// The preset beside which somebody is there already; `None` where a preset is judged itself.
    pub beside: Option<Beside>,
}

/// What is no further power of somebody who is there already.
#[derive(Clone, Debug)]
pub struct Beside {
    /// The ARNs of the preset's own roles and groups.
    pub own: BTreeSet<String>,
    /// Somebody with all that the preset's own documents give anybody.
    pub given: Principal,
}

/// Something that is in the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Thing {
    /// Where it is.
    pub region: String,
    /// Its name.
    pub name: String,
    /// What its ARN has behind the name.
    pub tail: String,
}

impl Thing {
    /// Something of that name, in the Region of the account.
    pub fn new(of: &state::Account, name: &str) -> Self {
        Thing { region: of.region.clone(), name: name.to_owned(), tail: "x".to_owned() }
    }

    /// Its ARN, from one in which `P`, `R` and `A` stand for partition, Region and account, `NAME` for
    /// the name, `TAIL` for what is behind it.
    pub fn arn(&self, of: &state::Account, pattern: &str) -> String {
        let part = |part: &str| match part {
            "P" => of.partition.clone(),
            "R" => self.region.clone(),
            "A" => of.id.clone(),
            _ => part.replace("NAME", &self.name).replace("TAIL", &self.tail),
        };
        pattern.split(':').map(part).collect::<Vec<_>>().join(":")
    }

    /// What has such an ARN, if that is of this form. What the ARN leaves open is as in `open`.
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
    /// Who may act as it.
    pub trust: Trust,
    /// The ARNs of the managed policies on it.
    pub policies: Vec<String>,
}

/// Who a role trusts.
#[derive(Default)]
pub struct Trust {
    /// Somebody outside AWS's services.
    pub people: bool,
    /// Somebody in this account.
    pub account: bool,
    /// AWS's services.
    pub services: BTreeSet<String>,
}

/// Somebody with power.
#[derive(Clone, Debug)]
pub struct Principal {
    /// For people.
    pub name: String,
    /// What `${aws:username}` is.
    pub user: String,
    /// The ARN, if it is a role.
    pub role: Option<String>,
    /// The ARNs of the managed policies.
    pub policies: BTreeSet<String>,
    /// What these and the inline policies say.
    pub statements: Vec<Statement>,
    /// What the permissions boundary says, if there is one.
    pub boundary: Option<Vec<Statement>>,
}

impl Principal {
    /// Somebody who has this policy and nothing else.
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

/// What policies say, by ARN.
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
