//! From a preset and a wish to the state that is wanted.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::parameters::{self, Value, Values};
use crate::digest::digest;
use crate::partition::service_principal;
use crate::state::{
    Account, Id, Kind, Object, Owner, Owners, Policy, PolicyDocument, Resource, Role, State, Tags,
};
use grammar::placeholders::{Piece, pieces};
use grammar::schema::{
    self, Attribute, Conditional, Edition, Inline, Item, Mark, Preset, Reference, References, When,
};

/// The default `ProviderName`.
pub const PROVIDER: &str = "account-presets";

/// The validated inputs of one preset instance.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The account to render for.
    pub account: Account,
    /// The resource of the stack.
    pub owner: Owner,
    /// The prefix of the provider's own functions, roles, policies and log groups, so that a
    /// document can deny them.
    pub provider: String,
    /// Which edition.
    pub edition: Edition,
    /// The preset's own parameters.
    pub parameters: Values,
    /// The path of everything that has one; `/` by default.
    pub path: String,
    /// The boundary of every role.
    pub permissions_boundary: Option<String>,
    /// Tags of everything that can have some.
    pub tags: Tags,
    /// Seconds; of every role.
    pub max_session_duration: i32,
}

impl Wish {
    /// Returns the reasons why this input amounts to administrator's rights, a sentence for each
    /// path.
    pub fn admin_equivalent(&self, preset: &Preset) -> Vec<String> {
        self.that_hold(preset, &preset.admin_equivalent)
    }

    /// Returns the reasons why no permissions boundary would bind this input, a sentence for each.
    pub fn unbounded(&self, preset: &Preset) -> Vec<String> {
        self.that_hold(preset, &preset.unbounded)
    }

    /// True if a rendered object depends on the text of a parameter. Parts that a switch leaves out
    /// do not count.
    pub fn depends_on(&self, preset: &Preset, parameter: &str) -> bool {
        let mut other = self.clone();
        match other.parameters.get_mut(parameter) {
            Some(Value::One(text)) => text.push('x'),
            Some(Value::List(texts)) => texts.iter_mut().for_each(|text| text.push('x')),
            None => {}
        }
        render(preset, self, Branches::Chosen) != render(preset, &other, Branches::Chosen)
    }

    /// Whether a mark of the preset applies.
    pub fn holds(&self, preset: &Preset, mark: &Mark) -> bool {
        Scope { preset, wish: self, branches: Branches::Chosen, element: None }.holds(&mark.when)
    }

    fn that_hold(&self, preset: &Preset, marks: &[Mark]) -> Vec<String> {
        let marks = marks.iter().filter(|mark| self.holds(preset, mark));
        marks.map(|mark| mark.reason.clone()).collect()
    }
}

/// Which parts of a preset to render.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branches {
    /// Parts with a `when` that holds.
    Chosen,
    /// Every part of any choice, for the scope of earlier choices. Where two parts have the same
    /// identity the later one is returned.
    Any,
    /// The same, of any choice within the wish's edition.
    OfEdition,
}

/// The state that the wish asks for.
pub fn render(preset: &Preset, wish: &Wish, branches: Branches) -> State {
    let root = Scope { preset, wish, branches, element: None };
    let mut state = State::default();
    for policy in &preset.policies {
        for scope in root.each(&policy.when, policy.for_each.as_deref()) {
            let resource = Resource::Policy(Policy {
                name: scope.text(&policy.name),
                path: wish.path.clone(),
                description: policy.description.clone(),
                document: scope.document(&policy.document),
                tags: wish.tags.clone(),
            });
            state.insert(scope.node(resource, policy.shared.then_some(policy)));
        }
    }
    for role in &preset.roles {
        for scope in root.each(&role.when, role.for_each.as_deref()) {
            scope.role(role, &mut state);
        }
    }
    for profile in &preset.instance_profiles {
        for scope in root.each(&profile.when, profile.for_each.as_deref()) {
            let name = scope.text(&profile.name);
            let role = scope.text(&profile.role);
            let (path, tags) = (wish.path.clone(), wish.tags.clone());
            let node = Resource::InstanceProfile { name: name.clone(), path, tags };
            state.insert(scope.node(node, profile.shared.then_some(profile)));
            state.insert(Object::unowned(Resource::ProfileRole { profile: name, role }));
        }
    }
    for role in &preset.service_linked_roles {
        for scope in root.each(&role.when, None) {
            let (name, service) = (role.name.clone(), role.service.clone());
            state.insert(scope.node(Resource::ServiceLinkedRole { name, service }, Some(role)));
        }
    }
    for group in &preset.groups {
        for scope in root.each(&group.when, group.for_each.as_deref()) {
            scope.group(group, &mut state);
        }
    }
    for user in &preset.users {
        for scope in root.each(&user.when, user.for_each.as_deref()) {
            let name = scope.text(&user.name);
            state.insert(Object::unowned(Resource::User { name: name.clone() }));
            for policy_arn in scope.policy_arns(&user.aws_managed, &user.policies) {
                let attachment =
                    Resource::UserAttachment { user: name.clone(), policy_arn, attached: true };
                state.insert(scope.node(attachment, Some(user)));
            }
        }
    }
    for group in &preset.existing_groups {
        for scope in root.each(&group.when, group.for_each.as_deref()) {
            let name = scope.text(&group.name);
            let arns = scope.policy_arns(&[], &group.policies).into_iter();
            state.extend(arns.map(|policy_arn| {
                Object::unowned(Resource::GroupAttachment { group: name.clone(), policy_arn })
            }));
        }
    }
    for role in &preset.existing_roles {
        for scope in root.each(&role.when, role.for_each.as_deref()) {
            let name = scope.text(&role.name);
            let arns = scope.policy_arns(&[], &role.policies).into_iter();
            state.extend(arns.map(|policy_arn| {
                Object::unowned(Resource::RoleAttachment { role: name.clone(), policy_arn })
            }));
        }
    }
    state
}

/// Returns the attributes for `Fn::GetAtt`: always the same names, for any switches. `state` is the
/// desired state, or, for an object that is used as it is, the observed one.
pub fn attributes(preset: &Preset, wish: &Wish, state: &State) -> BTreeMap<String, String> {
    let root = Scope { preset, wish, branches: Branches::Chosen, element: None };
    let value = |output: &schema::Output| {
        let references = match &output.of {
            References::Several(references) => references.as_slice(),
            References::One(reference) => std::slice::from_ref(reference),
        };
        let values = root.each(&When::default(), output.for_each.as_deref()).filter_map(|scope| {
            let ids = references.iter().map(|reference| scope.id(reference));
            let (object, id) = ids.filter_map(|id| Some((state.get(&id)?, id))).next()?;
            match output.attribute {
                Attribute::Arn => wish.account.arn(&object.resource),
                Attribute::Name => Some(id.name),
            }
        });
        values.collect::<Vec<_>>().join(",")
    };
    preset.outputs.iter().map(|(name, output)| (name.clone(), value(output))).collect()
}

/// Where in the preset we are: inside a `for_each`, its parameter stands for one element.
struct Scope<'a> {
    preset: &'a Preset,
    wish: &'a Wish,
    branches: Branches,
    element: Option<(&'a str, &'a str)>,
}

impl<'a> Scope<'a> {
    /// This scope once for each element, or not at all if the conditions do not hold.
    fn each<'b>(
        &'b self,
        when: &When,
        for_each: Option<&'b str>,
    ) -> impl Iterator<Item = Scope<'b>> + use<'a, 'b>
    where
        'a: 'b,
    {
        let holds = match self.branches {
            Branches::Any => true,
            Branches::OfEdition => {
                let editions = when.0.get("Edition").map(|editions| editions.texts());
                editions.is_none_or(|editions| editions.contains(&self.value("Edition")))
            }
            Branches::Chosen => self.holds(when),
        };
        let elements: Vec<Option<(&str, &str)>> = match for_each {
            _ if !holds => Vec::new(),
            None => vec![self.element],
            Some(list) => match self.wish.parameters.get(list) {
                Some(Value::List(texts)) => {
                    texts.iter().map(|text| Some((list, text.as_str()))).collect()
                }
                Some(Value::One(_)) | None => Vec::new(),
            },
        };
        let (preset, wish, branches) = (self.preset, self.wish, self.branches);
        elements.into_iter().map(move |element| Scope { preset, wish, branches, element })
    }

    fn holds(&self, when: &When) -> bool {
        when.holds(|name| self.value(name))
    }

    fn value(&self, name: &str) -> String {
        let account = &self.wish.account;
        match name {
            "AWS::AccountId" => account.id.clone(),
            "AWS::Partition" => account.partition.clone(),
            "AWS::Region" => account.region.clone(),
            "Edition" => self.wish.edition.as_str().to_owned(),
            "Path" => self.wish.path.clone(),
            "Provider" => self.wish.provider.clone(),
            _ => match (self.element, self.wish.parameters.get(name)) {
                (Some((list, element)), _) if list == name => element.to_owned(),
                (_, Some(value)) => value.to_string(),
                (_, None) => String::new(),
            },
        }
    }

    fn text(&self, text: &str) -> String {
        let mut filled = String::with_capacity(text.len());
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Placeholder(name) => filled.push_str(&self.value(name)),
            }
        }
        filled
    }

    fn id(&self, reference: &Reference) -> Id {
        let (kind, name) = match reference {
            Reference::Policy(name) => (Kind::Policy, name),
            Reference::Role(name) => (Kind::Role, name),
            Reference::InstanceProfile(name) => (Kind::InstanceProfile, name),
            Reference::ServiceLinkedRole(name) => (Kind::ServiceLinkedRole, name),
            Reference::Group(name) => (Kind::Group, name),
        };
        Id::node(kind, self.text(name))
    }

    /// `shared` is the part of the preset from which a shared object comes.
    fn node<T: Serialize>(&self, resource: Resource, shared: Option<&T>) -> Object {
        let mut owner = self.wish.owner.clone();
        owner.mark.form = shared.map(|part| self.form(part));
        Object { resource, owners: Owners::from([owner]), shared: shared.is_some() }
    }

    /// A digest of the choices that this part of the preset depends on. Those that have their
    /// default are left out, so that a release which adds one changes no form.
    fn form(&self, part: &impl Serialize) -> String {
        let mut names = BTreeSet::from(["Edition".to_owned(), "Path".to_owned()]);
        depends_on(&serde_json::to_value(part).unwrap_or_default(), &mut names);
        let chosen = names.into_iter().filter_map(|name| {
            let value = self.value(&name);
            let default = self.preset.parameters.get(&name).map(parameters::default);
            let is_default = default.is_some_and(|default| default.to_string() == value);
            (!is_default && !name.starts_with("AWS::")).then(|| format!("{name}={value}"))
        });
        let boundary = self.wish.permissions_boundary.clone().unwrap_or_default();
        digest(&format!("{} {boundary}", chosen.collect::<Vec<_>>().join(" ")), 8)
    }

    fn role(&self, role: &schema::Role, state: &mut State) {
        let name = self.text(&role.name);
        let node = Resource::Role(Role {
            name: name.clone(),
            path: self.wish.path.clone(),
            description: role.description.clone(),
            trust: PolicyDocument::new(self.principals(self.json(&role.trust))),
            max_session_duration: self.wish.max_session_duration,
            permissions_boundary: self.wish.permissions_boundary.clone(),
            tags: self.wish.tags.clone(),
        });
        state.insert(self.node(node, role.shared.then_some(role)));
        let arns = self.policy_arns(&role.aws_managed, &role.policies);
        state.extend(arns.into_iter().map(|policy_arn| {
            Object::unowned(Resource::RoleAttachment { role: name.clone(), policy_arn })
        }));
        state.extend(self.inline(&role.inline).map(|(policy, document)| {
            Object::unowned(Resource::RoleInline { role: name.clone(), name: policy, document })
        }));
    }

    fn group(&self, group: &schema::Group, state: &mut State) {
        let name = self.text(&group.name);
        let path = self.wish.owner.group_path(&self.wish.path);
        state.insert(self.node::<()>(Resource::Group { name: name.clone(), path }, None));
        let arns = self.policy_arns(&group.aws_managed, &group.policies);
        state.extend(arns.into_iter().map(|policy_arn| {
            Object::unowned(Resource::GroupAttachment { group: name.clone(), policy_arn })
        }));
        state.extend(self.inline(&group.inline).map(|(policy, document)| {
            Object::unowned(Resource::GroupInline { group: name.clone(), name: policy, document })
        }));
        for user in self.names(&group.members) {
            state.insert(Object::unowned(Resource::User { name: user.clone() }));
            state.insert(Object::unowned(Resource::GroupMember { group: name.clone(), user }));
        }
    }

    fn names(&self, items: &[Item]) -> Vec<String> {
        let names = items.iter().flat_map(|item| match item {
            Item::Name(name) => vec![self.text(name)],
            Item::Conditional(Conditional { name, when, for_each }) => {
                self.each(when, for_each.as_deref()).map(|scope| scope.text(name)).collect()
            }
        });
        names.collect()
    }

    fn policy_arns(&self, aws_managed: &[Item], policies: &[Item]) -> Vec<String> {
        let account = &self.wish.account;
        let of_aws = self.names(aws_managed).into_iter();
        let ours = self.names(policies).into_iter();
        of_aws
            .map(|name| account.aws_managed_policy_arn(&name))
            .chain(ours.map(|name| account.policy_arn(&self.wish.path, &name)))
            .collect()
    }

    fn inline(&self, policies: &'a [Inline]) -> impl Iterator<Item = (String, PolicyDocument)> {
        policies.iter().flat_map(|policy| {
            let scopes = self.each(&policy.when, policy.for_each.as_deref());
            scopes
                .map(|scope| (scope.text(&policy.name), scope.document(&policy.document)))
                .collect::<Vec<_>>()
        })
    }

    fn document(&self, document: &Json) -> PolicyDocument {
        PolicyDocument::new(self.json(document))
    }

    /// A trust policy with its services named as in the account's partition.
    fn principals(&self, trust: Json) -> Json {
        match trust {
            Json::String(text) => {
                let partition = &self.wish.account.partition;
                Json::String(service_principal(partition, &text).to_owned())
            }
            Json::Array(values) => values.into_iter().map(|value| self.principals(value)).collect(),
            Json::Object(members) => {
                members.into_iter().map(|(key, value)| (key, self.principals(value))).collect()
            }
            other @ (Json::Null | Json::Bool(_) | Json::Number(_)) => other,
        }
    }

    fn json(&self, value: &Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.text(text)),
            Json::Array(values) => values.iter().flat_map(|value| self.item(value)).collect(),
            Json::Object(members) => self.members(members),
            Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
        }
    }

    /// An item of a list in a document, which may be a statement with conditions of its own.
    fn item(&self, value: &Json) -> Vec<Json> {
        let Json::Object(members) = value else { return vec![self.json(value)] };
        let when = members.get("when").cloned().map(serde_json::from_value).and_then(Result::ok);
        let for_each = members.get("for_each").and_then(Json::as_str);
        self.each(&when.unwrap_or_default(), for_each).map(|scope| scope.members(members)).collect()
    }

    fn members(&self, members: &Map<String, Json>) -> Json {
        let ours = |key: &str| matches!(key, "when" | "for_each");
        let members = members.iter().filter(|(key, _)| !ours(key));
        Json::Object(members.map(|(key, value)| (key.clone(), self.json(value))).collect())
    }
}

/// The names of the parameters that a part of a preset depends on, by a placeholder or a `when`.
fn depends_on(part: &Json, names: &mut BTreeSet<String>) {
    match part {
        Json::String(text) => {
            names.extend(pieces(text).into_iter().filter_map(|piece| match piece {
                Piece::Placeholder(name) => Some(name.to_owned()),
                Piece::Text(_) => None,
            }))
        }
        Json::Array(values) => values.iter().for_each(|value| depends_on(value, names)),
        Json::Object(members) => {
            for (key, value) in members {
                if let ("when", Json::Object(conditions)) = (key.as_str(), value) {
                    names.extend(conditions.keys().cloned());
                }
                depends_on(value, names);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
