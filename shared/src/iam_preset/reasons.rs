//! The parts of a reason before and around a conflict's own words: the properties of the resource
//! and the parameters of the provider's stack, which the plan and IAM do not know.
//!
//! Must not know: AWS's API.

use std::collections::BTreeSet;

use super::intent::Intent;
use super::properties::Properties;
use super::settings::Settings;
use super::task::Task;
use crate::cloud::CallError;
use crate::input::brief;
use crate::plan::Conflict;
use crate::plan::conflict::{explain, joined};
use crate::preset::schema::{ALLOWED_VALUES, Parameter};
use crate::preset::{Branches, Wish, parameters, render};
use crate::reconcile::Said;
use crate::state::{Account, Id, Kind, Object, Owner, Owners, Resource, State, limits};

/// The conflicts, each fact once, by the property that it is about.
pub(super) fn of_conflicts(
    me: &Owner,
    wanted: Option<(&Properties, &Wish)>,
    desired: &State,
    mut conflicts: Vec<Conflict>,
) -> String {
    let mut said = Vec::new();
    if let Some((properties, wish)) = wanted {
        name_lists(properties, wish, &mut conflicts);
        if let Some(lead) = already_there(me, properties, wish, desired, &conflicts) {
            conflicts.retain(|it| !matches!(it, Conflict::Taken { gone: false, by: None, .. }));
            said.push(lead);
        }
    }
    let is_of_named = |conflict: &Conflict| named(conflict).is_some();
    let (of_named, others): (Vec<_>, Vec<_>) = conflicts.into_iter().partition(is_of_named);
    let names: BTreeSet<&str> = of_named.iter().filter_map(named).collect();
    let by = wanted.map(|(properties, _)| by(properties, &names)).unwrap_or_default();
    let sentences = explain(me, &of_named).join("; ");
    said.extend((!sentences.is_empty()).then(|| format!("{by}{sentences}")));
    said.extend(explain(me, &others));
    said.join("; ")
}

/// The name in the properties that a conflict is about.
fn named(conflict: &Conflict) -> Option<&str> {
    let (Conflict::Missing(id)
    | Conflict::Spelled { id, .. }
    | Conflict::OfAws(id)
    | Conflict::Full { id, .. }) = conflict
    else {
        return None;
    };
    Some(id.name.as_str())
}

/// Begins a sentence about these names: the parameters that have them.
fn by(properties: &Properties, names: &BTreeSet<&str>) -> String {
    let lists = properties.parameters_that_name(names);
    let lists: Vec<String> = lists.iter().map(|name| format!("Parameters.{name}")).collect();
    if lists.is_empty() { String::new() } else { format!("{}: ", joined(&lists)) }
}

/// Notes in each conflict about an object of another owner which list of the properties asks for
/// the object: another entry is enough.
fn name_lists(properties: &Properties, wish: &Wish, conflicts: &mut [Conflict]) {
    let preset = properties.preset;
    let lists = preset.parameters.iter().filter(|(_, it)| matches!(it, Parameter::List { .. }));
    for (name, _) in lists {
        let mut other = wish.clone();
        other.parameters.insert(name.clone(), parameters::Value::List(Vec::new()));
        let without = render(preset, &other, Branches::Chosen);
        for conflict in conflicts.iter_mut() {
            if let Conflict::Taken { id, gone: false, by, .. } = conflict
                && !without.contains(id)
            {
                *by = Some(format!("Parameters.{name}"));
            }
        }
    }
}

/// Says that another stack has the whole preset, where it has, and how a second one becomes
/// possible.
fn already_there(
    me: &Owner,
    properties: &Properties,
    wish: &Wish,
    desired: &State,
    conflicts: &[Conflict],
) -> Option<String> {
    let mut taken: BTreeSet<&Id> = BTreeSet::new();
    let mut listed: BTreeSet<&Id> = BTreeSet::new();
    let mut theirs = Owners::new();
    for conflict in conflicts {
        let Conflict::Taken { id, owners, gone: false, by, .. } = conflict else { continue };
        if by.is_some() {
            listed.insert(id);
        } else {
            taken.insert(id);
            theirs.extend(owners.iter().cloned());
        }
    }
    let is_own = |(id, object): &(&Id, &Object)| {
        let is_made = !matches!(id.kind, Kind::User | Kind::ServiceLinkedRole);
        id.kind.is_node() && is_made && !object.shared && !listed.contains(id)
    };
    let is_whole = desired.iter().filter(is_own).all(|(id, _)| taken.contains(id));
    // A tag says more of an owner than a group's path.
    let known = theirs.iter().filter(|owner| owner.stack_and_logical_id().is_some());
    let by: BTreeSet<String> = known.map(Owner::in_words).collect();
    if taken.is_empty()
        || !is_whole
        || by.is_empty()
        || theirs.iter().any(|it| it.is_in_stack_of(me))
    {
        return None;
    }
    let by: Vec<String> = by.into_iter().collect();
    let second = match naming(properties, wish, &taken).as_slice() {
        [] => String::new(),
        naming => {
            let (names, settings): (Vec<String>, Vec<String>) = naming.iter().cloned().unzip();
            format!(
                "; a second one takes another {} below Parameters, which the operator of the \
                 provider allows with parameter {} of the provider's stack",
                joined(&names),
                joined(&settings)
            )
        }
    };
    let things: Vec<String> = taken.iter().map(|id| id.in_words()).collect();
    let (is, it) = if things.len() == 1 { ("is", "it") } else { ("are", "them") };
    Some(format!(
        "the account has preset `{}` already, by {}; use that stack, or delete that stack first{second}; \
         in the way {is} {}; if that stack is gone, delete {it} by hand",
        properties.name,
        joined(&by),
        joined(&things)
    ))
}

/// The parameters that give some of these objects another name, with the settings that allow them.
fn naming(properties: &Properties, wish: &Wish, taken: &BTreeSet<&Id>) -> Vec<(String, String)> {
    let preset = properties.preset;
    let declared = preset.parameters.iter().filter_map(|(name, parameter)| {
        let is_text = matches!(parameter, Parameter::String { .. });
        let setting = parameter.setting().filter(|it| is_text && it.parameter != ALLOWED_VALUES)?;
        Some((name, setting.parameter.clone()))
    });
    let renames = |name: &str| {
        let mut other = wish.clone();
        if let Some(parameters::Value::One(text)) = other.parameters.get_mut(name) {
            text.push('x');
        }
        let other = render(preset, &other, Branches::Chosen);
        taken.iter().any(|id| !other.contains(id))
    };
    declared.filter(|(name, _)| renames(name)).map(|(name, by)| (name.clone(), by)).collect()
}

/// The properties and the operator's settings, as they explain a failed call.
#[derive(Debug)]
pub(super) struct Reasons<'a> {
    pub settings: &'a Settings,
    pub intent: &'a Intent,
}

impl Reasons<'_> {
    /// The sentence about a failed change, besides AWS's words or instead of them.
    pub(super) fn of(&self, id: &Id, error: &CallError) -> Option<Said> {
        let instead = self.of_boundary(error).or_else(|| self.of_user(id, error));
        instead.map(Said::Instead).or_else(|| self.of_former(id, error).map(Said::Besides))
    }

    /// IAM refuses a role because its boundary does not exist.
    fn of_boundary(&self, error: &CallError) -> Option<String> {
        if error.code != "NoSuchEntity" || !error.message.contains("Scope ARN") {
            return None;
        }
        let wanted = self.intent.wanted.as_ref();
        let given = wanted.and_then(|wanted| wanted.permissions_boundary.as_ref());
        match (self.settings.permissions_boundary(), given) {
            (Some(boundary), _) => Some(format!(
                "PermissionsBoundary: the policy `{boundary}`, which parameter PermissionsBoundary of the \
                 provider's stack names, does not exist; the operator of the provider has to create it"
            )),
            (None, Some(boundary)) => {
                let create = match boundary.contains(":iam::aws:") {
                    true => "correct its name",
                    false => "create it first",
                };
                Some(format!(
                    "PermissionsBoundary: the policy `{boundary}` does not exist; {create}, or leave the \
                     property out"
                ))
            }
            (None, None) => None,
        }
    }

    /// IAM refuses a change of a user: the user was deleted meanwhile, or was put into many groups.
    fn of_user(&self, id: &Id, error: &CallError) -> Option<String> {
        let ends = [id.parent(), id.target(), Some(id.clone())];
        let user = ends.into_iter().flatten().find(|end| end.kind == Kind::User)?;
        let is_of_user = error.message.to_lowercase().contains("user with name");
        let said = match (error.code.as_str(), id.kind) {
            ("NoSuchEntity", _) if is_of_user => {
                "was deleted meanwhile; create it again, or leave it out".to_owned()
            }
            ("LimitExceeded", Kind::GroupMember) => format!(
                "is in {} groups already, as many as IAM allows; take it out of one of them first, or leave \
                 it out here",
                limits::GROUPS_OF_USER
            ),
            _ => return None,
        };
        let names = BTreeSet::from([user.name.as_str()]);
        let wanted = self.intent.wanted.as_ref();
        let by = wanted.map(|wanted| by(wanted, &names)).unwrap_or_default();
        Some(format!("{by}{user} {said}"))
    }

    /// The function may not let go of a policy of a name that its operator allowed once.
    fn of_former(&self, id: &Id, error: &CallError) -> Option<String> {
        let detaches = ["iam:DetachGroupPolicy", "iam:DetachRolePolicy", "iam:DetachUserPolicy"];
        if !error.code.starts_with("AccessDenied") || !detaches.contains(&error.action) {
            return None;
        }
        let policy = id.target()?.name;
        let all = [&self.intent.earlier, &self.intent.wanted];
        let is_former = all.into_iter().flatten().any(|properties| {
            let of_settings = properties.preset.parameters.iter().filter(|(_, of)| {
                of.setting().is_some_and(|setting| setting.parameter != ALLOWED_VALUES)
            });
            let names = of_settings.filter(|(name, _)| {
                let given = properties.parameters.get(*name);
                given.is_some_and(|given| given.texts().contains(&policy))
            });
            names
                .into_iter()
                .any(|(name, _)| !self.settings.allows(&properties.name, name, &policy))
        });
        is_former.then(|| {
            format!(
                "the operator names `{policy}` in parameter FormerPolicyNames of the provider's stack, until \
                 this stack is deleted"
            )
        })
    }
}

/// A sentence for each boundary that no role of this account can have.
pub(super) fn of_other_accounts(
    account: &Account,
    given: Option<&String>,
    operators: Option<&String>,
) -> Vec<String> {
    let (partition, id) = (&account.partition, &account.id);
    let is_other = |arn: &&String| {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, of, _, _, owner, _] = parts.as_slice() else { return false };
        of != partition || owner != id && *owner != "aws"
    };
    let only = format!(
        "a policy of the stack's own account, `arn:{partition}:iam::{id}:policy/…`, or one of AWS's, \
         `arn:{partition}:iam::aws:policy/…`"
    );
    let given = given
        .filter(is_other)
        .map(|arn| format!("PermissionsBoundary: given `{}`, allowed is only {only}", brief(arn)));
    let operators = operators.filter(is_other).map(|arn| {
        format!(
            "the provider is not set up well: its boundary `{}` (parameter PermissionsBoundary of the \
             provider's stack) has to be {only}; tell the operator of the provider",
            brief(arn)
        )
    });
    given.into_iter().chain(operators).collect()
}

/// The limits of IAM that are exceeded, a sentence for each: by the property with the longest part.
pub(super) fn of_limits(properties: &Properties, desired: &State) -> Vec<String> {
    let mut rest = desired.clone();
    let mut said = Vec::new();
    for (id, object) in desired.iter() {
        let Resource::Group { path, .. } = &object.resource else { continue };
        let length = properties.path.len();
        let over = path.len().saturating_sub(limits::PATH);
        if over == 0 || over >= length {
            continue;
        }
        rest.remove(id);
        if said.is_empty() {
            said.push(format!(
                "Path: given `{}` ({length} characters), allowed here are at most {}: the path of {id} has \
                 its owner behind it, and IAM allows {} characters",
                brief(&properties.path),
                length - over,
                limits::PATH
            ));
        }
    }
    said.extend(limits::check(&rest));
    said
}

/// Roles of the resource with a foreign permissions boundary, where the last request asked for none
/// and this one would replace the boundary with its own.
pub(super) fn of_foreign_boundaries(task: &Task, observed: &State) -> Vec<String> {
    let Some(left) = &task.left else { return Vec::new() };
    let boundary = |state: &State, id: &Id| match state.get(id).map(|object| &object.resource) {
        Some(Resource::Role(role)) => role.permissions_boundary.clone(),
        Some(_) | None => None,
    };
    let refusal = |id: &Id| {
        let (wanted, found) = (boundary(&task.desired, id)?, boundary(observed, id)?);
        let is_foreign = !task.scope.is_own_boundary(&found) && boundary(left, id).is_none();
        (left.contains(id) && is_foreign).then(|| {
            format!(
                "PermissionsBoundary: given `{wanted}`, and {id} has `{found}`, which somebody else set; \
                 leave the property out, or take that one off first \
                 (iam:DeleteRolePermissionsBoundary)"
            )
        })
    };
    task.desired.ids().filter_map(refusal).collect()
}

/// Objects of a wish that IAM would refuse because their names begin as those of the provider's
/// own: the provider's role may not touch these, even where the operator's patterns allow the name.
/// A sentence for each property that gives such a name.
pub(super) fn of_the_providers_own(properties: &Properties, wish: &Wish) -> Vec<String> {
    let provider = wish.provider.as_str();
    let is_own = |text: &str| !provider.is_empty() && text.starts_with(provider);
    let own = format!(
        "what begins with `{provider}` is the provider's own (parameter ProviderName of the provider's \
         stack)"
    );
    let mut refusals = Vec::new();
    if wish.path.split('/').any(is_own) {
        refusals.push(format!("Path: given `{}`; {own}; choose another path", wish.path));
    }
    let boundary = properties.permissions_boundary.as_ref();
    let boundary = boundary.and_then(|arn| Some((arn, arn.rsplit('/').next()?)));
    if let Some((arn, name)) = boundary
        && is_own(name)
        && !name.starts_with(&format!("{provider}-PresetBoundary-"))
    {
        refusals.push(format!("PermissionsBoundary: given `{arn}`; {own}; choose another policy"));
    }
    let state = render(properties.preset, wish, Branches::Chosen);
    let holders = state.ids().filter_map(Id::parent);
    let ids: BTreeSet<Id> = state.ids().cloned().chain(holders).collect();
    let named: Vec<&Id> = ids
        .iter()
        .filter(|id| matches!(id.kind, Kind::Role | Kind::Policy) && is_own(&id.name))
        .collect();
    let Some(first) = named.first() else { return refusals };
    let mut named_so = properties.parameters.iter().filter_map(|(name, value)| {
        let usual = properties.preset.parameters.get(name).map(parameters::default);
        let given = Some(value).filter(|given| usual.as_ref() != Some(*given))?;
        let text = given.texts().iter().find(|text| is_own(text))?;
        let shapes = named.iter().any(|id| id.name.starts_with(text.as_str()));
        shapes.then(|| {
            format!("Parameters.{name}: given `{}`; {own}; choose another name", brief(text))
        })
    });
    match named_so.next() {
        Some(refusal) => refusals.extend([refusal].into_iter().chain(named_so)),
        None => refusals.push(format!(
            "Preset: `{}` makes {first}, and {own}; the operator of the provider has to call the \
             provider something else",
            properties.name
        )),
    }
    refusals
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    use crate::cfn::{Request, RequestType};

    const OURS: &str = "arn:aws:iam::123456789012:policy/sky-p";

    /// An Update or a Delete of a resource with these properties.
    fn intent(kind: RequestType, properties: serde_json::Value) -> Intent {
        let event = json!({
            "RequestType": format!("{kind:?}"),
            "ResponseURL": "https://example.com",
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/guid",
            "RequestId": "request",
            "LogicalResourceId": "Preset",
            "PhysicalResourceId": "skypilot:s:Preset:0123456789abcdef",
            "ResourceProperties": properties,
            "OldResourceProperties": {"Preset": "skypilot"},
        });
        let request = Request::read(&serde_json::value::to_raw_value(&event).unwrap()).unwrap();
        Intent::read(kind, &request, "1.0.0").unwrap()
    }

    fn said(
        intent: &Intent,
        settings: &Settings,
        id: &Id,
        call: [&str; 2],
        action: &'static str,
    ) -> Option<Said> {
        let [code, message] = call.map(str::to_owned);
        let error = CallError { action, target: "t".to_owned(), code, message };
        Reasons { settings, intent }.of(id, &error)
    }

    fn usual() -> Settings {
        Settings::read(|_| None)
    }

    #[test]
    fn a_user_whom_iam_refuses_is_named_by_the_property() {
        let asked = json!({"Preset": "lithops", "Parameters": {"UserNames": ["ana"]}});
        let asked = intent(RequestType::Create, asked);
        let link = Id::link(Kind::GroupMember, "LithopsUserGroup", "ana");
        let full = ["LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10"];
        assert_eq!(
            said(&asked, &usual(), &link, full, "iam:AddUserToGroup"),
            Some(Said::Instead(
                "Parameters.UserNames: user `ana` is in 10 groups already, as many as IAM allows; take it \
                 out of one of them first, or leave it out here"
                    .to_owned()
            ))
        );
        let gone = ["NoSuchEntity", "The user with name ana cannot be found."];
        let gone_said = Some(Said::Instead(
            "Parameters.UserNames: user `ana` was deleted meanwhile; create it again, or leave it out"
                .to_owned(),
        ));
        assert_eq!(said(&asked, &usual(), &link, gone, "iam:AddUserToGroup"), gone_said);
        let tag =
            Id::link(Kind::UserAttachment, "ana", "arn:aws:iam::123456789012:policy/SLIM-User");
        assert_eq!(said(&asked, &usual(), &tag, gone, "iam:TagUser"), gone_said);
        // It is the policy that is not there.
        let policy = ["NoSuchEntity", "Policy …/SLIM-User does not exist or is not attachable."];
        assert_eq!(said(&asked, &usual(), &tag, policy, "iam:AttachUserPolicy"), None);
    }

    /// X17
    #[test]
    fn a_policy_of_a_former_name_that_cannot_be_detached_is_one_for_the_operator() {
        let parameters = json!({"PolicyName": "sky-p", "RoleName": "skypilot-v1"});
        let asked = json!({"Preset": "skypilot", "Parameters": parameters});
        let link = Id::link(Kind::UserAttachment, "ana", OURS);
        let denied = ["AccessDenied", "no identity-based policy allows the action"];
        let action = "iam:DetachUserPolicy";
        for kind in [RequestType::Delete, RequestType::Update] {
            let asked = intent(kind, asked.clone());
            assert_eq!(
                said(&asked, &usual(), &link, denied, action),
                Some(Said::Besides(
                    "the operator names `sky-p` in parameter FormerPolicyNames of the provider's stack, \
                     until this stack is deleted"
                        .to_owned()
                ))
            );
            // The settings allow it: another policy denies it.
            let allowing =
                |asked: &str| (asked == "ALLOWED_NAMES").then_some("skypilot.PolicyName=sky-*");
            let allowing = Settings::read(allowing);
            assert_eq!(said(&asked, &allowing, &link, denied, action), None);
            let usual_name =
                Id::link(Kind::UserAttachment, "ana", "arn:aws:iam::123456789012:policy/p");
            assert_eq!(said(&asked, &usual(), &usual_name, denied, action), None);
            assert_eq!(said(&asked, &usual(), &link, ["Throttling", ""], action), None);
        }
    }

    #[test]
    fn a_boundary_of_another_account_or_partition_is_told_which_ones_iam_takes() {
        let account =
            Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap();
        let of = |arn: &str| of_other_accounts(&account, Some(&arn.to_owned()), None).join("; ");
        assert_eq!(of(OURS), "");
        assert_eq!(of("arn:aws:iam::aws:policy/PowerUserAccess"), "");
        for other in ["arn:aws:iam::111111111111:policy/b", "arn:aws-cn:iam::123456789012:policy/b"]
        {
            assert_eq!(
                of(other),
                format!(
                    "PermissionsBoundary: given `{other}`, allowed is only a policy of the stack's own \
                     account, `arn:aws:iam::123456789012:policy/…`, or one of AWS's, \
                     `arn:aws:iam::aws:policy/…`"
                )
            );
        }
        let operators = "arn:aws:iam::111111111111:policy/b".to_owned();
        let said = of_other_accounts(&account, None, Some(&operators)).join("; ");
        assert!(
            said.starts_with("the provider is not set up well: its boundary `arn:aws:"),
            "{said}"
        );
    }
}
