//! The rights of the role of `Custom::IamPreset`: the statements that the calls about the objects
//! of each preset need.
//!
//! The statements that are about no preset, and the denials, are written by hand in the template.

#![allow(
    clippy::unreachable,
    clippy::wildcard_enum_match_arm,
    reason = "a call is about an object, and not about a link"
)]

use std::collections::{BTreeMap, BTreeSet};

use account_presets::actions::PASS_ROLE;
use account_presets::cloud::{Call, calls};
use account_presets::plan::Change;
use account_presets::preset::{Branches, Preset, render};
use account_presets::state::{Kind, Object, PolicyDocument, Resource, State};
use serde_json::json;

use super::{Catalogue, camel, every_change, names, wish};

/// Names of one kind, in the words of ARNs: `role`, `policy`, `aws` for a policy of AWS's …
pub type Names = BTreeSet<(&'static str, String)>;

/// One statement, which allows.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its id.
    pub sid: String,
    /// The actions on objects of an earlier setting: to mark, to detach, to delete.
    pub always: BTreeSet<&'static str>,
    /// The actions besides, where the operator allows the preset.
    pub if_allowed: BTreeSet<&'static str>,
    /// The names of the objects.
    pub on: Names,
    /// Under which condition.
    pub when: Option<When>,
}

/// The condition of a statement.
#[derive(Clone, Debug)]
pub enum When {
    /// The policy that is attached or detached is one of these.
    Policy(Names),
    /// The role is passed to EC2: IAM asks that of a caller that puts it into an instance profile.
    PassedToEc2,
    /// The service-linked role is that of one of these services.
    Service(BTreeSet<String>),
}

/// Everything that some choice of a preset would bring.
fn everything(preset: &Preset) -> State {
    render(preset, &wish(preset, preset.editions[0], names::values(preset)), Branches::Any)
}

/// The groups of all presets that make their members administrators.
pub fn administrators(catalogue: &Catalogue) -> Names {
    let of_preset = |preset: &Preset| {
        let everything = everything(preset);
        let links = everything.ids().filter(|id| id.kind == Kind::GroupAttachment);
        let admin = links.filter(|id| {
            id.part.as_ref().is_some_and(|arn| arn.ends_with(":aws:policy/AdministratorAccess"))
        });
        admin.map(|id| ("group", id.name.clone())).collect::<Vec<_>>()
    };
    catalogue.values().flat_map(of_preset).collect()
}

/// The statements for a preset.
pub fn of_preset(name: &str, preset: &Preset) -> Vec<Statement> {
    let everything = everything(preset);
    let mut needs = Needs::default();
    for (_, object) in everything.iter() {
        let changes = every_change(object).into_iter().chain(what_hangs_on(object));
        for call in changes.flat_map(|change| calls(&change)) {
            needs.add(&everything, &call);
        }
    }
    needs.statements(&camel(name))
}

/// Foreign links of a deleted object go with it.
fn what_hangs_on(object: &Object) -> Vec<Change> {
    let text = || "x".to_owned();
    let document = || PolicyDocument::new(json!({}));
    let links = match &object.resource {
        Resource::Role(role) => vec![
            Resource::RoleAttachment { role: role.name.clone(), policy_arn: text() },
            Resource::RoleInline { role: role.name.clone(), name: text(), document: document() },
        ],
        Resource::Group { name, .. } => vec![
            Resource::GroupAttachment { group: name.clone(), policy_arn: text() },
            Resource::GroupInline { group: name.clone(), name: text(), document: document() },
            Resource::GroupMember { group: name.clone(), user: text() },
        ],
        Resource::InstanceProfile { name, .. } => {
            vec![Resource::ProfileRole { profile: name.clone(), role: text() }]
        }
        _ => Vec::new(),
    };
    links.into_iter().map(|link| Change::Delete(Object::unowned(link))).collect()
}

/// The needs of a preset's calls.
#[derive(Default)]
struct Needs {
    /// About the objects of a kind.
    own: BTreeMap<Kind, (BTreeSet<&'static str>, Names)>,
    /// The policies that are attached to each role or group of the preset.
    attached: BTreeMap<(&'static str, String), (&'static str, Names)>,
    /// About policies that users, roles and groups get which are there.
    given: BTreeMap<Kind, (BTreeSet<&'static str>, Names)>,
    /// The roles that are put into instance profiles.
    passed: Names,
    /// Of which service-linked roles are made.
    services: BTreeSet<String>,
}

impl Needs {
    fn add(&mut self, catalogue: &State, call: &Call) {
        let id = call.id();
        let on = id.parent().unwrap_or_else(|| id.clone());
        let mut keys = call.condition_keys();
        let policy = keys.remove("iam:PolicyARN").map(|arns| named_by(&arns[0]));
        let is_ours = on.kind != Kind::User && catalogue.contains(&on);
        if let Call::AddRoleToInstanceProfile { role, .. } = call {
            self.passed.insert(("role", role.clone()));
        }
        if let Call::CreateServiceLinkedRole { service, .. } = call {
            self.services.insert(service.clone());
            return;
        }
        for action in call.actions().iter().map(|action| action.as_str()) {
            match &policy {
                // One statement of the template is about the marks of all users, further ones about
                // looking.
                None if on.kind == Kind::User || looks(action) => {}
                Some(policy) if !is_ours => {
                    let (actions, policies) = self.given.entry(on.kind).or_default();
                    actions.insert(action);
                    policies.insert(policy.clone());
                }
                // Detaching is not held to the catalogue: a deleted object loses its foreign links.
                Some(policy) if action.starts_with("iam:Attach") => {
                    let to = (word(on.kind), on.name.clone());
                    let (_, policies) = self.attached.entry(to).or_insert((action, Names::new()));
                    policies.insert(policy.clone());
                }
                _ => {
                    let (actions, objects) = self.own.entry(on.kind).or_default();
                    actions.insert(action);
                    objects.insert((word(on.kind), on.name.clone()));
                }
            }
        }
    }

    /// Those that a preset leaves without a right where it is not allowed come first, so that no
    /// policy of the role is empty then.
    fn statements(self, preset: &str) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut add = |sid: &str, actions: BTreeSet<&'static str>, on: Names, when| {
            let (if_allowed, always) = actions.into_iter().partition(|action| makes(action));
            statements.push(Statement {
                sid: format!("{preset}{sid}"),
                always,
                if_allowed,
                on,
                when,
            });
        };
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        for (action, holders, policies) in together(self.attached) {
            let number = numbers.entry(action).or_default();
            *number += 1;
            let sid = format!("PoliciesOn{}s{number}", camel(holders.first().unwrap().0));
            add(&sid, BTreeSet::from([action]), holders, Some(When::Policy(policies)));
        }
        if !self.passed.is_empty() {
            let when = Some(When::PassedToEc2);
            add("RolesOfInstanceProfiles", BTreeSet::from([PASS_ROLE]), self.passed, when);
        }
        if !self.services.is_empty() {
            let roles = Names::from([("role", "aws-service-role/*".to_owned())]);
            let create = BTreeSet::from(["iam:CreateServiceLinkedRole"]);
            add("ServiceLinkedRoles", create, roles, Some(When::Service(self.services)));
        }
        for (kind, (actions, objects)) in self.own {
            add(plural(kind), actions, objects, None);
        }
        for (kind, (actions, policies)) in self.given {
            let earlier = earlier_names(&policies);
            let everybody = || Names::from([(word(kind), "*".to_owned())]);
            let sid = format!("PoliciesOfExisting{}", plural(kind));
            if !earlier.is_empty() {
                let detach = actions.iter().filter(|action| !makes(action)).copied().collect();
                let sid = format!("{sid}OfAnyPrefix");
                add(&sid, detach, everybody(), Some(When::Policy(earlier)));
            }
            add(&sid, actions, everybody(), Some(When::Policy(policies)));
        }
        statements
    }
}

/// A policy whose name ends in words of the preset's own goes off any holder that got it under
/// another prefix, which the operator allowed once.
fn earlier_names(policies: &Names) -> Names {
    let end = |(of, name): &(&'static str, String)| {
        let (_, end) = name.strip_prefix("${")?.split_once('}')?;
        (*of == "policy" && !end.is_empty()).then(|| (*of, format!("*{end}")))
    };
    policies.iter().filter_map(end).collect()
}

/// The roles or groups that have a policy in common, and all policies that they get.
fn together(
    attached: BTreeMap<(&'static str, String), (&'static str, Names)>,
) -> Vec<(&'static str, Names, Names)> {
    let mut sets: Vec<(&'static str, Names, Names)> = Vec::new();
    for (to, (action, mut policies)) in attached {
        let mut holders = Names::from([to]);
        let others =
            sets.extract_if(.., |(of, _, those)| *of == action && !those.is_disjoint(&policies));
        for (_, more, those) in others.collect::<Vec<_>>() {
            holders.extend(more);
            policies.extend(those);
        }
        sets.push((action, holders, policies));
    }
    sets.sort();
    sets
}

/// Whether an action makes something, or gives more power.
pub fn makes(action: &str) -> bool {
    let (_, name) = action.split_once(':').unwrap();
    let verbs = ["Add", "Attach", "Create", "Pass", "Put", "Update"];
    verbs.iter().any(|verb| name.starts_with(verb)) || name == "DeleteRolePermissionsBoundary"
}

fn looks(action: &str) -> bool {
    ["iam:Get", "iam:List"].iter().any(|verb| action.starts_with(verb))
}

/// A policy, from its ARN.
fn named_by(arn: &str) -> (&'static str, String) {
    match arn.split_once("::aws:policy/") {
        Some((_, name)) => ("aws", name.to_owned()),
        None => ("policy", arn.split_once(":policy/").map_or(arn, |(_, name)| name).to_owned()),
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Policy => "policy",
        Kind::Role => "role",
        Kind::Group => "group",
        Kind::InstanceProfile => "instance-profile",
        _ => unreachable!("no call is about a {kind}"),
    }
}

fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "Users",
        Kind::Policy => "Policies",
        Kind::Role => "Roles",
        Kind::Group => "Groups",
        Kind::InstanceProfile => "InstanceProfiles",
        _ => unreachable!("no call is about a {kind}"),
    }
}
