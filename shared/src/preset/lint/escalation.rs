//! Privilege-escalation paths: from a principal's grants to administrator.
//!
//! A principal can become administrator if it
//!
//! - writes users' permissions: attaches or writes policies of users or groups, makes access keys
//!   or passwords of other users, puts users into any group, or changes a policy that it has;
//! - gives a role more power and then acts as it: attaches or writes a policy of the role, or
//!   changes a policy on it, and passes the role to a service that acts for it, assumes it,
//!   rewrites its trust policy, or is that role;
//! - makes a role that trusts it and gives it power;
//! - acts as any existing role: passes any role to a service that acts for it, assumes any role, or
//!   rewrites the trust policy of any role;
//! - takes over a foreign workload that has a role: the code of any function, the user data of any
//!   machine, the template of any stack (`takeovers.rs`). A resource that it may tag first, so that
//!   a condition on its tags holds, counts.
//!
//! Where existing principals are judged beside a preset, the same counts on one resource that a
//! grant names, by its ARN or a tag, and that neither is the preset's own nor granted by the preset
//! anyway: a policy that was made by hand names existing resources. A role that may be passed to
//! any service counts without a call that gives the service work: there are more services than
//! `services.rs` knows. Writing the policies of a role or changing a policy counts on any. One
//! bucket counts where it holds code by its name.
//!
//! # Guarantees
//!
//! Grants are tried on named requests, with their conditions on the attached policy, the
//! permissions boundary, the service that a role is passed to, the tags of the resource and of the
//! request, and the function or cluster that an action is about: a grant that is tamed by one of
//! them gives no path, and a `Deny` counts where it must hold. With a permissions boundary a grant
//! counts where the boundary allows it too.
//!
//! # Assumptions
//!
//! A condition on any other key holds for an `Allow` and does not for a `Deny`. The account also
//! has foreign roles, functions, machines, jobs, stacks and buckets; an administrator's are among
//! them. A role that a grant could be about exists. "Any" is one whose name has nothing to do with
//! the preset and which has no tags: passing `app-*` roles alone is no path, though one of them may
//! be powerful. The provider's own function and stack count as any. A boundary that a condition
//! asks for bounds, unless it is known to be an administrator's. Code in any bucket or repository
//! is run by a foreign workload, sooner or later.
//!
//! Not looked for: the content of secrets, disks, images, logs and keys that can be read; services
//! and people that can be asked indirectly (a queue, topic or event that a function listens to, an
//! execution of a state machine); resource policies, except those that an action of `takeovers.rs`
//! writes; identity providers; and roles of other accounts. A resource that another person has to
//! switch off and on again by hand, because the principal may not, counts as out of reach.

mod takeover;

use std::collections::{BTreeMap, BTreeSet};

use super::account::{Account, Principal};
use super::services::SERVICES;
use super::statement::{Request, Statement, Words};
use grammar::glob;

/// A name that nothing in a preset is called by.
const FOREIGN: &str = "zz-foreign-zz";

/// Managed policies that are an administrator's by design.
const ADMINISTRATORS: [&str; 2] = ["AdministratorAccess", "IAMFullAccess"];

const REWRITE: [&str; 2] = ["iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"];

const POLICY: &str = "iam:policyarn";
const BOUNDARY: &str = "iam:permissionsboundary";

/// Returns the path by which this principal can become administrator.
pub fn path(principal: &Principal, account: &Account) -> Option<String> {
    Attack::new(principal, account, true).path()
}

struct Attack<'a> {
    who: &'a Principal,
    account: &'a Account,
    /// Policies that are as good as an administrator's, by ARN.
    strong: BTreeSet<String>,
}

impl<'a> Attack<'a> {
    /// `deep` looks into policies that a condition names, but not into what these name.
    fn new(who: &'a Principal, account: &'a Account, deep: bool) -> Self {
        let strong = ADMINISTRATORS.map(|name| format!("{}{name}", account.managed));
        let mut attack = Attack { who, account, strong: strong.into() };
        let conditions = who.statements.iter().flat_map(|statement| &statement.conditions);
        let named: BTreeSet<&String> = conditions
            .filter(|condition| condition.key == POLICY || condition.key == BOUNDARY)
            .flat_map(|condition| &condition.values)
            .collect();
        let mut strong = BTreeSet::new();
        for name in named {
            strong.extend(attack.writable(name));
            let known = account.documents.iter().filter(|_| deep);
            for (arn, statements) in known.filter(|(arn, _)| glob::matches(name, arn)) {
                let holder = Principal::of_policy(arn, statements);
                if Attack::new(&holder, account, false).path().is_some() {
                    strong.insert(arn.clone());
                }
            }
        }
        attack.strong.extend(strong);
        attack
    }

    fn path(&self) -> Option<String> {
        self.everything()
            .or_else(|| self.people())
            .or_else(|| self.policies())
            .or_else(|| self.any_role())
            .or_else(|| self.shaped_role())
            .or_else(|| self.takes_over())
    }

    fn everything(&self) -> Option<String> {
        let anything = format!("{}{FOREIGN}", self.account.iam);
        self.allows("iam:Zz", &anything, &Request::new())
            .then(|| "it may do everything in IAM".into())
    }

    fn people(&self) -> Option<String> {
        let none = [Request::new()];
        let put = self.bounds();
        let attach = self.attaching(&put);
        for (action, kind, requests) in [
            ("iam:AttachUserPolicy", "user/", attach.as_slice()),
            ("iam:PutUserPolicy", "user/", &put),
            ("iam:AttachGroupPolicy", "group/", &attach),
            ("iam:PutGroupPolicy", "group/", &put),
        ] {
            for (arn, label) in self.targets(kind, &[action]) {
                if self.allows_any(action, &arn, requests) {
                    return Some(format!("{action} on `{label}`"));
                }
            }
        }
        for (action, kind) in [
            ("iam:CreateAccessKey", "user/"),
            ("iam:CreateLoginProfile", "user/"),
            ("iam:UpdateLoginProfile", "user/"),
            ("iam:AddUserToGroup", "group/"),
        ] {
            for (arn, label) in self.others(kind, &[action]) {
                if self.allows_any(action, &arn, &none) {
                    return Some(format!("{action} on {label}"));
                }
            }
        }
        None
    }

    /// Policies that it has itself, or any.
    fn policies(&self) -> Option<String> {
        let own = self.who.policies.iter().cloned();
        let named = self.account.beside.as_ref().map(|_| self.targets("policy/", &REWRITE));
        let named = named.into_iter().flat_map(BTreeMap::into_keys);
        own.chain(self.foreign("policy/")).chain(named).find_map(|arn| self.rewrites(&arn))
    }

    fn any_role(&self) -> Option<String> {
        let none = Request::new();
        let actions = ["iam:UpdateAssumeRolePolicy", "sts:AssumeRole"];
        let roles = self.others("role/", &[actions[0], actions[1], "iam:PassRole"]);
        roles.iter().find_map(|(role, label)| {
            actions
                .into_iter()
                .find(|action| self.allows(action, role, &none))
                .map(str::to_owned)
                .or_else(|| {
                    let given = self.given().and_then(|by| by.passes(role));
                    self.passes(role).filter(|_| given.is_none())
                })
                .map(|path| format!("{path}, for {label}"))
        })
    }

    fn shaped_role(&self) -> Option<String> {
        let roles = self.targets(
            "role/",
            &[
                "iam:AttachRolePolicy",
                "iam:PutRolePolicy",
                "iam:CreateRole",
                "iam:UpdateAssumeRolePolicy",
                "iam:PassRole",
                "sts:AssumeRole",
            ],
        );
        roles.iter().find_map(|(role, label)| {
            let shapes = self.shapes(role)?;
            match self.acts_as(role) {
                Some(acts) => Some(format!("{shapes} and {acts}, for `{label}`")),
                // A trust may name it, and others have the role.
                None if self.account.beside.is_some() => Some(format!("{shapes}, for `{label}`")),
                None => None,
            }
        })
    }

    fn shapes(&self, role: &str) -> Option<String> {
        let bounds = self.bounds_of(role);
        let on_it = self.account.roles.get(role).map(|role| role.policies.as_slice());
        [("iam:AttachRolePolicy", self.attaching(&bounds)), ("iam:PutRolePolicy", bounds)]
            .iter()
            .find(|(action, requests)| self.allows_any(action, role, requests))
            .map(|(action, _)| (*action).to_owned())
            .or_else(|| on_it.unwrap_or_default().iter().find_map(|arn| self.rewrites(arn)))
    }

    fn acts_as(&self, role: &str) -> Option<String> {
        if self.who.role.as_deref() == Some(role) {
            return Some("being it".to_owned());
        }
        let none = Request::new();
        let known = self.account.roles.get(role);
        let create = self.allows_any("iam:CreateRole", role, &self.bounds_of(role))
            && (known.is_none() || self.allows("iam:DeleteRole", role, &none));
        let trusts_us = known.is_none_or(|role| role.trust.account);
        [
            ("iam:UpdateAssumeRolePolicy", true),
            ("sts:AssumeRole", trusts_us),
            // It is made so that it trusts whoever makes it.
            ("iam:CreateRole", create),
        ]
        .into_iter()
        .find(|(action, possible)| *possible && self.allows(action, role, &none))
        .map(|(action, _)| action.to_owned())
        .or_else(|| self.passes(role))
    }

    fn passes(&self, role: &str) -> Option<String> {
        let known = self.account.roles.get(role);
        let to_one = SERVICES.iter().find_map(|(service, ways)| {
            let trusted = known.is_none_or(|role| role.trust.services.contains(*service));
            let request = Request::from([("iam:passedtoservice", Some(*service))]);
            let way = ways
                .iter()
                .find(|way| way.iter().all(|action| self.can(action, &Request::new())))?;
            (trusted && self.allows("iam:PassRole", role, &request))
                .then(|| format!("iam:PassRole to {service} with {}", way.join(" and ")))
        });
        let any = Request::from([("iam:passedtoservice", Some(FOREIGN))]);
        let to_any = || self.account.beside.is_some() && self.allows("iam:PassRole", role, &any);
        to_one.or_else(|| to_any().then(|| "iam:PassRole to any service".to_owned()))
    }

    fn rewrites(&self, policy: &str) -> Option<String> {
        let own = !policy.starts_with(&self.account.managed);
        let action = REWRITE
            .into_iter()
            .find(|action| own && self.allows(action, policy, &Request::new()))?;
        Some(format!("{action} on `{}`", self.label(policy)))
    }

    /// A policy of that name, or of a name that the pattern allows, whose text it can choose.
    fn writable(&self, pattern: &str) -> Option<String> {
        ["iam:CreatePolicy", "iam:CreatePolicyVersion"].into_iter().find_map(|action| {
            let policies = format!("{}policy/*", self.account.iam);
            self.patterns(&[action]).iter().find_map(|granted| {
                let arn = glob::common(&[pattern, granted, &policies])?;
                self.allows(action, &arn, &Request::new()).then_some(arn)
            })
        })
    }

    /// Requests with the known boundaries of a role; with any, if the boundary can be removed.
    fn bounds_of(&self, role: &str) -> Vec<Request<'_>> {
        let strong = self.strong.iter().map(|arn| Request::from([(BOUNDARY, Some(arn.as_str()))]));
        let loose = self.allows("iam:DeleteRolePermissionsBoundary", role, &Request::new())
            || self.allows_any("iam:PutRolePermissionsBoundary", role, &strong.collect::<Vec<_>>());
        if loose { vec![Request::new()] } else { self.bounds() }
    }

    /// No boundary, or one that bounds nothing.
    fn bounds(&self) -> Vec<Request<'_>> {
        let strong = self.strong.iter().map(|arn| Some(arn.as_str()));
        strong.chain([None]).map(|arn| Request::from([(BOUNDARY, arn)])).collect()
    }

    /// Requests that attach a strong policy.
    fn attaching<'b>(&'b self, bounds: &[Request<'b>]) -> Vec<Request<'b>> {
        let with = |bound: &Request<'b>| {
            let bound = bound.clone();
            self.strong.iter().map(move |arn| {
                let mut request = bound.clone();
                request.insert(POLICY, Some(arn));
                request
            })
        };
        bounds.iter().flat_map(with).collect()
    }

    fn allows_any(&self, action: &str, arn: &str, requests: &[Request<'_>]) -> bool {
        requests.iter().any(|request| self.allows(action, arn, request))
    }

    fn allows(&self, action: &str, arn: &str, request: &Request<'_>) -> bool {
        let user = &self.who.user;
        let boundary = self.who.boundary.as_deref();
        allows(&self.who.statements, user, action, arn, request)
            && boundary.is_none_or(|boundary| allows(boundary, user, action, arn, request))
    }

    /// True if the action is allowed on something.
    fn can(&self, action: &str, request: &Request<'_>) -> bool {
        let boundary = self.who.boundary.as_deref();
        can(&self.who.statements, action, request)
            && boundary.is_none_or(|boundary| can(boundary, action, request))
    }

    /// Foreign resources of a kind, with their labels: any, and, where existing principals are
    /// judged, those that the grants of these actions name.
    fn others(&self, kind: &str, actions: &[&str]) -> BTreeMap<String, String> {
        let mut others = BTreeMap::new();
        if let Some(beside) = &self.account.beside {
            others = self.targets(kind, actions);
            // Keys and passwords of its own are nobody else's.
            let itself = format!("/{}", self.who.user);
            let is_own = |arn: &str| {
                beside.own.contains(arn)
                    || self.who.role.as_deref() == Some(arn)
                    || (kind == "user/" && arn.ends_with(&itself))
            };
            others.retain(|arn, _| !is_own(arn));
            others.values_mut().for_each(|label| *label = format!("`{label}`"));
        }
        let what = format!("any {}", kind.trim_end_matches('/'));
        others.extend(self.foreign(kind).map(|arn| (arn, what.clone())));
        others
    }

    /// The principal with the preset's own grants, beside which this one is judged.
    fn given(&self) -> Option<Attack<'_>> {
        let beside = self.account.beside.as_ref()?;
        Some(Attack { who: &beside.given, account: self.account, strong: BTreeSet::new() })
    }

    /// Resources of a kind that no preset made: of any name, in any folder.
    fn foreign(&self, kind: &str) -> impl Iterator<Item = String> {
        let iam = format!("{}{kind}", self.account.iam);
        ["", "zz/", "service-role/"].into_iter().map(move |path| format!("{iam}{path}{FOREIGN}"))
    }

    /// Resources of a kind that the grants of these actions may be about, with their labels.
    fn targets(&self, kind: &str, actions: &[&str]) -> BTreeMap<String, String> {
        let all = format!("{}{kind}*", self.account.iam);
        let patterns = self.patterns(actions);
        let mut targets = BTreeMap::new();
        for (index, one) in patterns.iter().enumerate() {
            // A pattern without a wildcard has only itself in common with others.
            let others = if one.contains(['*', '?']) { patterns.len() } else { 1 };
            for other in patterns.iter().skip(index).take(others) {
                if let Some(arn) = glob::common(&[one, other, &all]) {
                    let label = if one == other { self.label(one) } else { self.label(&arn) };
                    targets.entry(arn).or_insert(label);
                }
            }
        }
        let foreign = self.foreign(kind).map(|arn| (arn, format!("{kind}*")));
        let own = self.account.roles.keys().filter(|arn| glob::matches(&all, arn));
        targets.extend(foreign.chain(own.map(|arn| (arn.clone(), self.label(arn)))));
        targets
    }

    fn patterns(&self, actions: &[&str]) -> BTreeSet<String> {
        let statements = self.who.statements.iter().filter(|statement| {
            statement.allow && actions.iter().any(|action| statement.has_action(action))
        });
        let patterns = statements.flat_map(|statement| match &statement.resources {
            Words::Any(patterns) => patterns.clone(),
            Words::Not(_) => vec!["*".to_owned()],
        });
        patterns.map(|pattern| pattern.replace("${aws:username}", &self.who.user)).collect()
    }

    /// The part of an ARN after the account.
    fn label(&self, arn: &str) -> String {
        arn.splitn(6, ':').nth(5).unwrap_or(arn).to_owned()
    }
}

/// True if these statements allow the action on this resource.
pub fn allows(
    statements: &[Statement],
    user: &str,
    action: &str,
    arn: &str,
    request: &Request<'_>,
) -> bool {
    let about = |one: &&Statement| one.has_action(action) && one.has_resource(arn, user);
    let mut about = statements.iter().filter(about);
    let denied = about.clone().any(|one| !one.allow && one.must_hold(request));
    !denied && about.any(|one| one.allow && one.may_hold(request))
}

/// True if these statements allow the action on something.
fn can(statements: &[Statement], action: &str, request: &Request<'_>) -> bool {
    let everywhere = |words: &Words| match words {
        Words::Any(patterns) => patterns.iter().any(|pattern| pattern == "*"),
        Words::Not(patterns) => patterns.is_empty(),
    };
    let mut about = statements.iter().filter(|one| one.has_action(action));
    let denied =
        about.clone().any(|one| !one.allow && everywhere(&one.resources) && one.must_hold(request));
    !denied && about.any(|one| one.allow && one.may_hold(request))
}
