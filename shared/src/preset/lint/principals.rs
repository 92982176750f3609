//! The principals of a preset, and whether it discloses their administrator's rights truly.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{Account, Principal, account, of_aws, powers};
use super::cases::Case;
use super::escalation;
use super::finding::Problem;
use super::reference::Reference;
use super::services::acts_for_others;
use super::statement::{Statement, statements};
use crate::state::{Id, Kind, PolicyDocument, State};
use grammar::schema::Preset;

/// The verdicts on the principals of states with the same power.
pub type Known = BTreeMap<String, Vec<Verdict>>;

/// The verdict on one principal.
#[derive(Clone, Debug)]
pub struct Verdict {
    name: String,
    /// To administrator.
    path: Option<String>,
}

/// Where the paths to administrator and the preset's own word differ.
pub fn problems(
    preset: &Preset,
    state: &State,
    case: &Case,
    reference: &Reference,
    known: &mut Known,
) -> Vec<Problem> {
    let marks = case.wish.admin_equivalent(preset);
    let verdicts = known.entry(power(state)).or_insert_with(|| {
        let of = &case.wish.account;
        let account = account(state, of, &case.wish.provider, of_aws(of, reference));
        let verdict = |principal: Principal| Verdict {
            path: escalation::path(&principal, &account),
            name: principal.name,
        };
        principals(state, case, &account).into_iter().map(verdict).collect()
    });
    // Without users there is nobody to have a user's power, and no `when` can say so.
    let nobody = case.filled && verdicts.iter().all(|verdict| verdict.path.is_none());
    let marked = !marks.is_empty();
    let problems = verdicts.iter().cloned().filter_map(|Verdict { name, path }| {
        let path = path.filter(|_| !marked)?;
        Some(Problem::NotMarked { principal: name, path })
    });
    let without = marks.into_iter().filter(|_| nobody);
    let without = without.map(|reason| Problem::MarkedWithoutReason { reason });
    problems.chain(without).collect()
}

/// Everything in a state that power depends on.
fn power(state: &State) -> String {
    let mut power = String::new();
    for (id, object) in state.iter() {
        if matches!(id.kind, Kind::ServiceLinkedRole | Kind::InstanceProfile | Kind::ProfileRole) {
            continue;
        }
        let document = object.resource.policy_document();
        let document = document.map(PolicyDocument::to_json).unwrap_or_default();
        power.push_str(&format!("{id} {document}\n"));
    }
    power
}

/// Returns the principals to which the state grants power: its users with their groups' policies,
/// its groups, its roles that a person or service user can act as, existing groups and roles, and a
/// holder of each policy that is attached to nothing.
fn principals(state: &State, case: &Case, account: &Account) -> Vec<Principal> {
    let holders = state.ids().map(|id| id.parent().unwrap_or_else(|| id.clone()));
    let holders: BTreeSet<Id> = holders.collect();
    let is_attached = |arn: &String| state.ids().any(|id| id.part.as_ref() == Some(arn));
    let mut principals = Vec::new();
    for id in holders {
        let arn = state.get(&id).and_then(|object| case.wish.account.arn(&object.resource));
        let principal = match id.kind {
            Kind::Policy => {
                let Some(arn) = arn.filter(|arn| !is_attached(arn)) else { continue };
                let statements = account.documents.get(&arn).map(Vec::as_slice).unwrap_or_default();
                Principal {
                    name: format!("who gets {id}"),
                    ..Principal::of_policy(&arn, statements)
                }
            }
            Kind::Role => {
                if arn.as_deref().is_some_and(|arn| !acts_for_somebody(account, arn)) {
                    continue;
                }
                Principal { role: arn, ..holder(state, &id, [id.clone()], account) }
            }
            Kind::Group => holder(state, &id, [id.clone()], account),
            Kind::User => {
                let groups = state.ids().filter(|member| {
                    member.kind == Kind::GroupMember && member.part.as_ref() == Some(&id.name)
                });
                let from = std::iter::once(id.clone()).chain(groups.filter_map(Id::parent));
                Principal { user: id.name.clone(), ..holder(state, &id, from, account) }
            }
            Kind::ServiceLinkedRole
            | Kind::InstanceProfile
            | Kind::RoleAttachment
            | Kind::RoleInline
            | Kind::GroupAttachment
            | Kind::GroupInline
            | Kind::GroupMember
            | Kind::UserAttachment
            | Kind::ProfileRole => continue,
        };
        principals.push(principal);
    }
    principals
}

/// Returns the verdicts on the state's roles under this permissions boundary, whatever the preset
/// discloses. Users and groups have no boundary.
pub fn under(
    boundary: &[Statement],
    state: &State,
    case: &Case,
    reference: &Reference,
) -> Vec<Problem> {
    let of = &case.wish.account;
    let account = account(state, of, &case.wish.provider, of_aws(of, reference));
    let roles = principals(state, case, &account).into_iter().filter(|who| who.role.is_some());
    let found = roles.filter_map(|who| {
        let who = Principal { boundary: Some(boundary.to_vec()), ..who };
        let path = escalation::path(&who, &account)?;
        Some(Problem::NotBounded { principal: who.name, path })
    });
    found.collect()
}

/// Returns a principal with the power of all these.
pub fn holder(
    state: &State,
    id: &Id,
    from: impl IntoIterator<Item = Id>,
    account: &Account,
) -> Principal {
    let mut policies = BTreeSet::new();
    let mut all = Vec::new();
    for source in from {
        let (arns, inline) = powers(state, &source);
        policies.extend(arns);
        all.extend(inline.iter().flat_map(statements));
    }
    all.extend(policies.iter().filter_map(|arn| account.documents.get(arn)).flatten().cloned());
    let user = "somebody".to_owned();
    Principal { name: id.to_string(), user, role: None, policies, statements: all, boundary: None }
}

/// True for a role as which a person, or a caller that gives a service work, can act.
fn acts_for_somebody(account: &Account, role: &str) -> bool {
    account.roles.get(role).is_some_and(|role| {
        role.trust.people || role.trust.services.iter().any(|service| acts_for_others(service))
    })
}
