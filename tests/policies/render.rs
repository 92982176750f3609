//! For the policy tests: reads choices of presets from standard input, and writes what each puts
//! into the account.

#![allow(clippy::indexing_slicing, reason = "a tool of the tests stops at what it did not expect")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io;

use account_presets::cloud::{Call, calls};
use account_presets::plan::Change;
use account_presets::preset::{self, Branches, Edition, PROVIDER, Wish, parameters, render};
use account_presets::state::{Account, Id, Object, Owner, PolicyDocument, Resource, State};
use serde_json::{Map, Value, json};

/// The account and Region that everything is rendered for.
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f";

fn main() -> Result<(), Box<dyn Error>> {
    let choices: Vec<Value> = serde_json::from_reader(io::stdin())?;
    let accounts: Result<Vec<Value>, String> = choices.iter().map(account).collect();
    serde_json::to_writer(io::stdout(), &accounts?)?;
    Ok(())
}

/// What a choice of a preset puts into the account, and why it amounts to administrator.
fn account(choice: &Value) -> Result<Value, String> {
    let text = |key| choice.get(key).and_then(Value::as_str);
    let wrong = |what: String| format!("{what}, in {choice}");
    let name = text("preset").ok_or_else(|| wrong("no `preset`".to_owned()))?;
    let preset = preset::find(name).ok_or_else(|| wrong(format!("no preset `{name}`")))?;
    let edition: Option<&Edition> = match text("edition") {
        Some(asked) => preset.editions.iter().find(|it| it.as_str() == asked),
        None => preset.editions.first(),
    };
    let given = choice.get("parameters").and_then(Value::as_object);
    let (parameters, problems) = parameters::read(preset, given.unwrap_or(&Map::new()));
    if !problems.is_empty() {
        return Err(wrong(problems.join("; ")));
    }
    let wish = Wish {
        account: Account::from_arn(FUNCTION).ok_or("no function's ARN")?,
        owner: Owner::new("stack", "Preset"),
        provider: text("provider").unwrap_or(PROVIDER).to_owned(),
        edition: *edition.ok_or_else(|| wrong("no such edition".to_owned()))?,
        parameters,
        path: text("path").unwrap_or("/").to_owned(),
        permissions_boundary: None,
        tags: BTreeMap::new(),
        max_session_duration: 3600,
    };
    let all = choice.get("branches").is_some_and(|branches| branches == "any");
    let branches = if all { Branches::Any } else { Branches::Chosen };
    let objects = objects(&wish.account, &render(preset, &wish, branches));
    Ok(json!({ "admin_equivalent": wish.admin_equivalent(preset), "objects": objects }))
}

/// All that is made: of an object its ARN, of a link what it hangs on and what it is about.
fn objects(account: &Account, state: &State) -> Vec<Value> {
    let plain = |document: &PolicyDocument| document.as_value().clone();
    let object = |resource: &Resource| match resource {
        Resource::Policy(policy) => json!({ "document": plain(&policy.document) }),
        Resource::Role(role) => json!({ "trust": plain(&role.trust) }),
        Resource::RoleInline { document, .. } | Resource::GroupInline { document, .. } => {
            json!({ "document": plain(document) })
        }
        Resource::ServiceLinkedRole { service, .. } => json!({ "service": service }),
        Resource::User { .. }
        | Resource::Group { .. }
        | Resource::InstanceProfile { .. }
        | Resource::RoleAttachment { .. }
        | Resource::GroupAttachment { .. }
        | Resource::GroupMember { .. }
        | Resource::UserAttachment { .. }
        | Resource::ProfileRole { .. } => json!({}),
    };
    let entry = |(id, wanted): (&Id, &Object)| {
        let mut entry = object(&wanted.resource);
        entry["kind"] = id.kind.to_string().into();
        entry["name"] = id.name.clone().into();
        entry["part"] = id.part.clone().into();
        entry["arn"] = account.arn(&wanted.resource).into();
        entry["calls"] = every_change(wanted).iter().flat_map(calls).map(|it| call(&it)).collect();
        entry
    };
    state.iter().map(entry).collect()
}

/// What is done about an object: it is made, changed in all that can be changed, and deleted.
fn every_change(object: &Object) -> Vec<Change> {
    let mut other = object.clone();
    if let Some(tags) = other.resource.tags_mut() {
        tags.insert("team".into(), "one".to_owned());
    }
    let document = PolicyDocument::new(json!({}));
    match &mut other.resource {
        Resource::Role(role) => {
            role.trust = document;
            role.description.push('x');
            role.permissions_boundary = Some("arn:aws:iam::123456789012:policy/x".to_owned());
        }
        Resource::Policy(policy) => policy.document = document,
        Resource::RoleInline { document: it, .. } | Resource::GroupInline { document: it, .. } => {
            *it = document;
        }
        Resource::ServiceLinkedRole { .. }
        | Resource::User { .. }
        | Resource::Group { .. }
        | Resource::InstanceProfile { .. }
        | Resource::RoleAttachment { .. }
        | Resource::GroupAttachment { .. }
        | Resource::GroupMember { .. }
        | Resource::UserAttachment { .. }
        | Resource::ProfileRole { .. } => {}
    }
    let update = |before: &Object, after: &Object| Change::Update {
        before: before.clone(),
        after: after.clone(),
    };
    let there_and_back = [update(object, &other), update(&other, object)];
    let made_and_deleted = [Change::Create(object.clone()), Change::Delete(object.clone())];
    made_and_deleted.into_iter().chain(there_and_back).collect()
}

/// The actions of a call, the kind and name of what IAM authorizes it by, and its condition keys.
fn call(call: &Call) -> Value {
    let id = call.id();
    let on = id.parent().unwrap_or(id);
    let actions: Vec<&str> = call.actions().iter().map(|action| action.as_str()).collect();
    let on = json!({ "kind": on.kind.to_string(), "name": on.name });
    json!({ "actions": actions, "on": on, "context": call.condition_keys() })
}
