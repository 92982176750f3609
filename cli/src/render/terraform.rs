//! Terraform's JSON: the same objects as resources of the provider `hashicorp/aws`.

use std::collections::{BTreeMap, BTreeSet};

use account_presets::iam_preset::Wanted;
use account_presets::state::{Account, Id, Kind, Resource, Tags};
use serde_json::{Map, Value, json};

use super::Written;
use super::cloudformation::path_without_owner;
use super::pseudo::{TERRAFORM, each_text};

/// A configuration for one account. With `imports` it has an import block for each resource.
pub fn of(wanted: &Wanted, account: &Account, imports: bool) -> Written {
    let (body, left_out) = body(wanted, account, imports);
    let escaped = each_text(&body, &|text| json!(TERRAFORM.text(text)));
    Written {
        document: with_head(wanted, escaped, &left_out, &[]),
        left_out,
        to_import: Vec::new(),
    }
}

/// A configuration for any account: data sources say which. `wanted` is of the stand-ins' account.
pub(super) fn anywhere(wanted: &Wanted) -> Written {
    let (body, left_out) = body(wanted, &TERRAFORM.account(), false);
    let escaped = each_text(&body, &|text| json!(TERRAFORM.text(text)));
    let sources = ["aws_caller_identity", "aws_partition", "aws_region"];
    let text = escaped.to_string();
    let used: Vec<&str> =
        sources.into_iter().filter(|it| text.contains(&format!("data.{it}."))).collect();
    Written {
        document: with_head(wanted, escaped, &left_out, &used),
        left_out,
        to_import: Vec::new(),
    }
}

fn with_head(wanted: &Wanted, body: Value, left_out: &[String], sources: &[&str]) -> Value {
    let said = left_out.iter().map(|it| format!("; {it}")).collect::<String>();
    let comment = format!(
        "The preset {} of account-presets {}, edition {}, without its provider{said}",
        wanted.name,
        env!("CARGO_PKG_VERSION"),
        wanted.edition.as_str()
    );
    let mut document = Map::from_iter([("//".to_owned(), json!(comment))]);
    let aws = json!({"aws": {"source": "hashicorp/aws"}});
    document.insert("terraform".to_owned(), json!({"required_providers": aws}));
    if !sources.is_empty() {
        let data: Map<String, Value> =
            sources.iter().map(|it| ((*it).to_owned(), json!({"current": {}}))).collect();
        document.insert("data".to_owned(), Value::Object(data));
    }
    if let Value::Object(members) = body {
        document.extend(members);
    }
    Value::Object(document)
}

/// A resource: its type, its arguments, and the id by which it is imported.
type Block = (&'static str, Map<String, Value>, String);

fn body(wanted: &Wanted, account: &Account, imports: bool) -> (Value, Vec<String>) {
    let mut resources: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let (mut blocks, mut left_out, mut taken) = (Vec::new(), Vec::new(), BTreeSet::new());
    let names = names(wanted);
    for (id, object) in wanted.state.iter() {
        let Some((of_type, mut arguments, imported)) = block(account, &object.resource) else {
            continue;
        };
        let role = role_of(wanted, id).map(|name| Id::node(Kind::Role, name));
        let needs: BTreeSet<&String> = [id.parent(), id.target(), role]
            .into_iter()
            .flatten()
            .filter_map(|needed| names.get(&needed))
            .collect();
        if let Some(role) = role_of(wanted, id) {
            arguments.insert("role".to_owned(), json!(role));
        }
        if !needs.is_empty() {
            arguments.insert("depends_on".to_owned(), json!(needs));
        }
        let name = names.get(id).and_then(|it| it.split_once('.')).map(|(_, name)| name.to_owned());
        let name = name.unwrap_or_else(|| free(&mut taken, of_type, &id.to_string()));
        if imports {
            blocks.push(json!({"to": format!("{of_type}.{name}"), "id": imported}));
        }
        if id.kind == Kind::ServiceLinkedRole && !imports {
            left_out.push(format!(
                "{id}: where the account has it already, Terraform fails; import it there, or remove it"
            ));
        }
        if id.kind == Kind::Group && imports {
            left_out.push(format!("{id}: Terraform moves it to the path without its stack's name"));
        }
        resources.entry(of_type).or_default().insert(name, Value::Object(arguments));
    }
    let mut body = Map::from_iter([("resource".to_owned(), json!(resources))]);
    if imports {
        body.insert("import".to_owned(), json!(blocks));
    }
    (Value::Object(body), left_out)
}

/// The role in an instance profile.
fn role_of<'a>(wanted: &'a Wanted, profile: &Id) -> Option<&'a str> {
    let mut links = wanted.state.ids().filter(|link| link.kind == Kind::ProfileRole);
    let link = links.find(|link| link.parent().as_ref() == Some(profile))?;
    link.part.as_deref()
}

/// The addresses of objects, as in `aws_iam_role.lithops_role`.
fn names(wanted: &Wanted) -> BTreeMap<Id, String> {
    let mut taken = BTreeSet::new();
    let nodes = wanted.state.ids().filter_map(|id| {
        let of_type = match id.kind {
            Kind::Policy => "aws_iam_policy",
            Kind::Role => "aws_iam_role",
            Kind::Group => "aws_iam_group",
            Kind::InstanceProfile => "aws_iam_instance_profile",
            Kind::ServiceLinkedRole => "aws_iam_service_linked_role",
            Kind::User
            | Kind::RoleAttachment
            | Kind::RoleInline
            | Kind::GroupAttachment
            | Kind::GroupInline
            | Kind::GroupMember
            | Kind::UserAttachment
            | Kind::ProfileRole => return None,
        };
        Some((id, of_type))
    });
    nodes
        .map(|(id, of_type)| {
            (id.clone(), format!("{of_type}.{}", free(&mut taken, of_type, &id.name)))
        })
        .collect()
}

/// A name that no other resource of the type has.
fn free(taken: &mut BTreeSet<String>, of_type: &str, text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let words: String = text.chars().map(plain).collect();
    let words: Vec<&str> = words.split('_').filter(|word| !word.is_empty()).collect();
    let words = words.join("_");
    let begins = words.starts_with(|c: char| c.is_ascii_alphabetic());
    let first = if begins { words } else { format!("it_{words}") };
    let numbered = (2..).map(|number| format!("{first}_{number}"));
    let mut all = std::iter::once(first.clone()).chain(numbered);
    let found = all.find(|name| taken.insert(format!("{of_type}.{name}")));
    found.unwrap_or(first)
}

fn block(account: &Account, resource: &Resource) -> Option<Block> {
    let arguments = |pairs: &[(&str, &str)]| -> Map<String, Value> {
        let pairs = pairs.iter().filter(|(_, value)| !value.is_empty());
        pairs.map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
    };
    let tagged = |mut arguments: Map<String, Value>, tags: &Tags| {
        if !tags.is_empty() {
            let tags = tags.iter().map(|(key, value)| ((**key).to_owned(), json!(value)));
            arguments.insert("tags".to_owned(), Value::Object(tags.collect()));
        }
        arguments
    };
    let arn = account.arn(resource).unwrap_or_default();
    Some(match resource {
        Resource::Policy(policy) => {
            let document = policy.document.to_json();
            let pairs = [
                ("name", policy.name.as_str()),
                ("path", &policy.path),
                ("description", &policy.description),
                ("policy", &document),
            ];
            ("aws_iam_policy", tagged(arguments(&pairs), &policy.tags), arn)
        }
        Resource::Role(role) => {
            let trust = role.trust.to_json();
            let boundary = role.permissions_boundary.as_deref().unwrap_or_default();
            let pairs = [
                ("name", role.name.as_str()),
                ("path", &role.path),
                ("description", &role.description),
                ("assume_role_policy", &trust),
                ("permissions_boundary", boundary),
            ];
            let mut all = tagged(arguments(&pairs), &role.tags);
            all.insert("max_session_duration".to_owned(), json!(role.max_session_duration));
            ("aws_iam_role", all, role.name.clone())
        }
        Resource::Group { name, path } => {
            let pairs = [("name", name.as_str()), ("path", path_without_owner(path))];
            ("aws_iam_group", arguments(&pairs), name.clone())
        }
        Resource::InstanceProfile { name, path, tags } => {
            let all = tagged(arguments(&[("name", name), ("path", path)]), tags);
            ("aws_iam_instance_profile", all, name.clone())
        }
        Resource::ServiceLinkedRole { service, .. } => {
            let all = arguments(&[("aws_service_name", service)]);
            ("aws_iam_service_linked_role", all, arn)
        }
        Resource::RoleAttachment { role, policy_arn } => {
            let all = arguments(&[("role", role), ("policy_arn", policy_arn)]);
            ("aws_iam_role_policy_attachment", all, format!("{role}/{policy_arn}"))
        }
        Resource::GroupAttachment { group, policy_arn } => {
            let all = arguments(&[("group", group), ("policy_arn", policy_arn)]);
            ("aws_iam_group_policy_attachment", all, format!("{group}/{policy_arn}"))
        }
        Resource::UserAttachment { user, policy_arn, .. } => {
            let all = arguments(&[("user", user), ("policy_arn", policy_arn)]);
            ("aws_iam_user_policy_attachment", all, format!("{user}/{policy_arn}"))
        }
        Resource::RoleInline { role, name, document } => {
            let all = arguments(&[("role", role), ("name", name), ("policy", &document.to_json())]);
            ("aws_iam_role_policy", all, format!("{role}:{name}"))
        }
        Resource::GroupInline { group, name, document } => {
            let all =
                arguments(&[("group", group), ("name", name), ("policy", &document.to_json())]);
            ("aws_iam_group_policy", all, format!("{group}:{name}"))
        }
        Resource::GroupMember { group, user } => {
            let mut all = arguments(&[("user", user)]);
            all.insert("groups".to_owned(), json!([group]));
            ("aws_iam_user_group_membership", all, format!("{user}/{group}"))
        }
        // The role is an argument of the profile; a user exists.
        Resource::ProfileRole { .. } | Resource::User { .. } => return None,
    })
}
