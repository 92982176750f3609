//! A template of plain resources: the same objects, without the function and without its marks.

use std::collections::{BTreeMap, BTreeSet};

use account_presets::iam_preset::Wanted;
use account_presets::state::{Account, GROUP_FOLDER, Id, Kind, Resource, State, Tags};
use serde_json::{Map, Value, json};

use super::Written;
use super::pseudo::{CLOUDFORMATION, Words, each_text};

/// The parameter that says whether the template makes service-linked roles.
const MAKES_LINKED: &str = "MakeServiceLinkedRoles";

/// A template for one account. With `imports` it is for a change set of type IMPORT.
pub fn of(wanted: &Wanted, account: &Account, imports: bool) -> Written {
    Template::new(wanted, account, imports).written()
}

/// A template for any account: partition, account and Region are pseudo parameters. `wanted` is of
/// the stand-ins' account.
pub(super) fn anywhere(wanted: &Wanted) -> Written {
    let written = Template::new(wanted, &CLOUDFORMATION.account(), false).written();
    let text = |text: &str| match Words::is_in(text) {
        true => json!({"Fn::Sub": CLOUDFORMATION.text(text)}),
        false => json!(text),
    };
    Written { document: each_text(&written.document, &text), ..written }
}

struct Template<'a> {
    wanted: &'a Wanted,
    account: &'a Account,
    imports: bool,
    ids: BTreeMap<Id, String>,
    resources: Map<String, Value>,
    to_import: Vec<Value>,
    left_out: Vec<String>,
}

impl<'a> Template<'a> {
    fn new(wanted: &'a Wanted, account: &'a Account, imports: bool) -> Self {
        let mut template = Template {
            wanted,
            account,
            imports,
            ids: logical_ids(&wanted.state),
            resources: Map::new(),
            to_import: Vec::new(),
            left_out: Vec::new(),
        };
        for (id, object) in wanted.state.iter() {
            template.object(id, &object.resource);
        }
        template.links_without_a_resource();
        template
    }

    fn object(&mut self, id: &Id, resource: &Resource) {
        match resource {
            Resource::Policy(policy) => {
                let mut properties = Map::from_iter([
                    ("ManagedPolicyName".to_owned(), json!(policy.name)),
                    ("Path".to_owned(), json!(policy.path)),
                    ("PolicyDocument".to_owned(), policy.document.as_value().clone()),
                ]);
                some(&mut properties, "Description", &policy.description);
                self.no_tags(id, &policy.tags);
                let arn = self.account.policy_arn(&policy.path, &policy.name);
                for (name, kind) in [
                    ("Users", Kind::UserAttachment),
                    ("Groups", Kind::GroupAttachment),
                    ("Roles", Kind::RoleAttachment),
                ] {
                    let holders = self.holders(kind, &arn);
                    if !holders.is_empty() {
                        properties.insert(name.to_owned(), json!(holders));
                    }
                }
                self.add(id, "AWS::IAM::ManagedPolicy", properties, json!({"PolicyArn": arn}));
            }
            Resource::Role(role) => {
                let mut properties = Map::from_iter([
                    ("RoleName".to_owned(), json!(role.name)),
                    ("Path".to_owned(), json!(role.path)),
                    ("AssumeRolePolicyDocument".to_owned(), role.trust.as_value().clone()),
                    ("MaxSessionDuration".to_owned(), json!(role.max_session_duration)),
                ]);
                some(&mut properties, "Description", &role.description);
                let boundary = role.permissions_boundary.as_deref().unwrap_or_default();
                some(&mut properties, "PermissionsBoundary", boundary);
                let tags =
                    role.tags.iter().map(|(key, value)| json!({"Key": &**key, "Value": value}));
                let tags: Vec<Value> = tags.collect();
                if !tags.is_empty() {
                    properties.insert("Tags".to_owned(), json!(tags));
                }
                self.policies(id, Kind::RoleAttachment, Kind::RoleInline, &mut properties);
                self.add(id, "AWS::IAM::Role", properties, json!({"RoleName": role.name}));
            }
            Resource::Group { name, path } => {
                // The path below which the function puts a group names its owner.
                let path = path_without_owner(path);
                let mut properties = Map::from_iter([
                    ("GroupName".to_owned(), json!(name)),
                    ("Path".to_owned(), json!(path)),
                ]);
                self.policies(id, Kind::GroupAttachment, Kind::GroupInline, &mut properties);
                self.add(id, "AWS::IAM::Group", properties, json!({"GroupName": name}));
                self.members(id);
                if self.imports {
                    self.left_out.push(format!(
                        "{id}: it is at a path that names its stack; CloudFormation puts it to `{path}` with \
                         the first update that changes it"
                    ));
                }
            }
            Resource::InstanceProfile { name, path, tags } => {
                self.no_tags(id, tags);
                let roles = self.wanted.state.ids().filter(|link| {
                    link.kind == Kind::ProfileRole && link.parent().as_ref() == Some(id)
                });
                let roles: Vec<Value> =
                    roles.filter_map(Id::target).map(|role| self.reference(&role)).collect();
                let properties = Map::from_iter([
                    ("InstanceProfileName".to_owned(), json!(name)),
                    ("Path".to_owned(), json!(path)),
                    ("Roles".to_owned(), json!(roles)),
                ]);
                let identifier = json!({"InstanceProfileName": name});
                self.add(id, "AWS::IAM::InstanceProfile", properties, identifier);
            }
            Resource::ServiceLinkedRole { service, .. } => {
                if self.imports {
                    self.left_out.push(format!(
                        "{id}: left out, because the whole account shares service-linked roles"
                    ));
                    return;
                }
                let properties = Map::from_iter([("AWSServiceName".to_owned(), json!(service))]);
                self.add(id, "AWS::IAM::ServiceLinkedRole", properties, Value::Null);
                self.left_out.push(format!(
                    "{id}: where the account has it already, CloudFormation fails; deploy with \
                     {MAKES_LINKED}=false there"
                ));
            }
            // The holder of a link has it among its properties; a user exists.
            Resource::User { .. }
            | Resource::RoleAttachment { .. }
            | Resource::RoleInline { .. }
            | Resource::GroupAttachment { .. }
            | Resource::GroupInline { .. }
            | Resource::GroupMember { .. }
            | Resource::UserAttachment { .. }
            | Resource::ProfileRole { .. } => {}
        }
    }

    fn add(&mut self, id: &Id, of_type: &str, properties: Map<String, Value>, identifier: Value) {
        let Some(logical_id) = self.ids.get(id).cloned() else { return };
        let is_linked = id.kind == Kind::ServiceLinkedRole;
        let mut resource = Map::from_iter([("Type".to_owned(), json!(of_type))]);
        if is_linked {
            resource.insert("Condition".to_owned(), json!(MAKES_LINKED));
        }
        // A failed import must not delete the existing objects.
        if self.imports || is_linked {
            resource.insert("DeletionPolicy".to_owned(), json!("Retain"));
            resource.insert("UpdateReplacePolicy".to_owned(), json!("Retain"));
        } else {
            resource.insert("DeletionPolicy".to_owned(), json!("Delete"));
        }
        resource.insert("Properties".to_owned(), Value::Object(properties));
        self.resources.insert(logical_id.clone(), Value::Object(resource));
        if self.imports {
            self.to_import.push(json!({
                "ResourceType": of_type,
                "LogicalResourceId": logical_id,
                "ResourceIdentifier": identifier,
            }));
        }
    }

    /// The managed and inline policies of a role or group.
    fn policies(
        &self,
        holder: &Id,
        attachment: Kind,
        inline: Kind,
        properties: &mut Map<String, Value>,
    ) {
        let (mut arns, mut documents) = (Vec::new(), Vec::new());
        for (id, object) in self.wanted.state.iter() {
            if id.parent().as_ref() != Some(holder) {
                continue;
            }
            if id.kind == attachment {
                let own = id.target().filter(|policy| self.ids.contains_key(policy));
                let arn = id.part.as_deref().unwrap_or_default();
                arns.push(own.map_or_else(|| json!(arn), |policy| self.reference(&policy)));
            } else if id.kind == inline
                && let Some(document) = object.resource.document()
            {
                let document = document.as_value();
                documents.push(json!({"PolicyName": id.part, "PolicyDocument": document}));
            }
        }
        // In one order, for every stand-in of the account.
        arns.sort_by_key(Value::to_string);
        for (name, values) in [("ManagedPolicyArns", arns), ("Policies", documents)] {
            if !values.is_empty() {
                properties.insert(name.to_owned(), json!(values));
            }
        }
    }

    /// Users, groups or roles that exist and get this policy.
    fn holders(&self, kind: Kind, arn: &str) -> Vec<String> {
        let state = &self.wanted.state;
        let is_of_it = |id: &&Id| id.kind == kind && id.part.as_deref() == Some(arn);
        let is_there =
            |id: &&Id| id.parent().is_some_and(|it| it.kind == Kind::User || !state.contains(&it));
        state.ids().filter(is_of_it).filter(is_there).map(|id| id.name.clone()).collect()
    }

    fn members(&mut self, group: &Id) {
        let members = self
            .wanted
            .state
            .ids()
            .filter(|id| id.kind == Kind::GroupMember && id.parent().as_ref() == Some(group));
        let users: Vec<String> = members.filter_map(|id| id.part.clone()).collect();
        if users.is_empty() {
            return;
        }
        if self.imports {
            self.left_out.push(format!(
                "{group}: CloudFormation imports no memberships; its users stay in it, and are not the \
                 stack's"
            ));
            return;
        }
        let logical_id = format!("{}Members", self.ids.get(group).map_or("", String::as_str));
        let properties = json!({"GroupName": self.reference(group), "Users": users});
        let addition = json!({
            "Type": "AWS::IAM::UserToGroupAddition", "DeletionPolicy": "Delete", "Properties": properties,
        });
        self.resources.insert(logical_id, addition);
    }

    fn reference(&self, id: &Id) -> Value {
        let logical_id = self.ids.get(id);
        logical_id.map_or_else(|| json!(id.name), |logical_id| json!({"Ref": logical_id}))
    }

    fn no_tags(&mut self, id: &Id, tags: &Tags) {
        if !tags.is_empty() {
            self.left_out.push(format!("{id}: CloudFormation gives it no tags"));
        }
    }

    /// CloudFormation attaches a policy to an existing user, group or role only along with the
    /// policy.
    fn links_without_a_resource(&mut self) {
        let state = &self.wanted.state;
        let made: BTreeSet<&Id> = self.ids.keys().collect();
        let lonely = state.ids().filter(|id| {
            let has_policy = id.target().is_some_and(|policy| made.contains(&policy));
            let has_holder = id.parent().is_some_and(|holder| made.contains(&holder));
            id.kind.is_attachment() && !has_policy && !has_holder
        });
        let said = lonely.map(|id| {
            format!("{}: CloudFormation has no resource for it; attach it by hand", id.in_words())
        });
        let said: Vec<String> = said.collect();
        self.left_out.extend(said);
    }

    fn written(self) -> Written {
        let Wanted { name, edition, attributes, .. } = self.wanted;
        let own = json!({
            "Preset": name,
            "Edition": edition.as_str(),
            "Release": env!("CARGO_PKG_VERSION"),
            "LeftOut": self.left_out,
        });
        let mut template = Map::from_iter([
            ("AWSTemplateFormatVersion".to_owned(), json!("2010-09-09")),
            (
                "Description".to_owned(),
                json!(format!(
                    "The preset {name}, edition {}, without its provider",
                    edition.as_str()
                )),
            ),
            ("Metadata".to_owned(), json!({"AccountPresets": own})),
        ]);
        let has_linked = self.resources.values().any(|it| it.get("Condition").is_some());
        if has_linked {
            let parameter = json!({
                "Type": "String", "Default": "true", "AllowedValues": ["true", "false"],
                "Description": "false where the account has the service-linked roles already",
            });
            template.insert("Parameters".to_owned(), json!({MAKES_LINKED: parameter}));
            let condition = json!({"Fn::Equals": [{"Ref": MAKES_LINKED}, "true"]});
            template.insert("Conditions".to_owned(), json!({MAKES_LINKED: condition}));
        }
        template.insert("Resources".to_owned(), Value::Object(self.resources));
        // An import takes no outputs.
        let outputs = attributes.iter().filter(|(_, value)| !value.is_empty() && !self.imports);
        let outputs: Map<String, Value> = outputs
            .map(|(name, value)| {
                (name.clone(), json!({"Value": without_owner(&self.wanted.state, value)}))
            })
            .collect();
        if !outputs.is_empty() {
            template.insert("Outputs".to_owned(), Value::Object(outputs));
        }
        Written {
            document: Value::Object(template),
            left_out: self.left_out,
            to_import: self.to_import,
        }
    }
}

fn some(properties: &mut Map<String, Value>, name: &str, text: &str) {
    if !text.is_empty() {
        properties.insert(name.to_owned(), json!(text));
    }
}

/// A name in the template for each object, of its kind and its letters and digits.
fn logical_ids(state: &State) -> BTreeMap<Id, String> {
    let mut ids = BTreeMap::new();
    let mut taken = BTreeSet::new();
    for id in state.ids().filter(|id| id.kind.is_node() && id.kind != Kind::User) {
        let kind = match id.kind {
            Kind::Policy => "Policy",
            Kind::Role => "Role",
            Kind::Group => "Group",
            Kind::InstanceProfile => "InstanceProfile",
            Kind::ServiceLinkedRole
            | Kind::User
            | Kind::RoleAttachment
            | Kind::RoleInline
            | Kind::GroupAttachment
            | Kind::GroupInline
            | Kind::GroupMember
            | Kind::UserAttachment
            | Kind::ProfileRole => "LinkedRole",
        };
        let plain: String = id.name.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = format!("{kind}{plain}");
        let numbered = (2..).map(|number| format!("{plain}N{number}"));
        let free = std::iter::once(plain.clone()).chain(numbered).find(|it| !taken.contains(it));
        if let Some(name) = free {
            taken.insert(name.clone());
            ids.insert(id.clone(), name);
        }
    }
    ids
}

/// An attribute's value with each group at the path that the template gives it.
fn without_owner(state: &State, value: &str) -> String {
    let groups = state.iter().filter_map(|(_, object)| {
        let Resource::Group { path, .. } = &object.resource else { return None };
        Some(path)
    });
    groups.fold(value.to_owned(), |value, path| value.replace(path, path_without_owner(path)))
}

/// The path that was asked for: the function puts a group below it, at one that names the owner.
pub(super) fn path_without_owner(path: &str) -> &str {
    let owned = path.find(&format!("/{GROUP_FOLDER}/"));
    owned.and_then(|at| path.get(..=at)).unwrap_or(path)
}
