//! For the policy tests: reads choices of presets from standard input, and writes the objects that
//! each puts into the account.

#![allow(clippy::indexing_slicing, reason = "a tool of the tests stops at what it did not expect")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io;

use account_presets::cloud::{Call, calls};
use account_presets::preset::schema::{ALLOWED_VALUES, Parameter, Setting};
use account_presets::preset::{
    self, Branches, Edition, PROVIDER, Preset, Wish, parameters, render,
};
use account_presets::state::{Account, Id, Object, Owner, PolicyDocument, Resource, State};
use made::every_change;
use serde_json::{Map, Value, json};

/// The account and Region that everything is rendered for.
const FUNCTION: &str = "arn:aws:lambda:eu-west-1:123456789012:function:f";

fn main() -> Result<(), Box<dyn Error>> {
    let choices: Vec<Value> = serde_json::from_reader(io::stdin())?;
    let accounts: Result<Vec<Value>, String> = choices.iter().map(account).collect();
    serde_json::to_writer(io::stdout(), &accounts?)?;
    Ok(())
}

/// The objects that a choice of a preset puts into the account, and why it amounts to
/// administrator.
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
    let mut given = given.cloned().unwrap_or_default();
    if choice.get("elements").is_some_and(|wanted| *wanted == true) {
        given.extend(elements(preset)?);
    }
    let (parameters, problems) = parameters::read(preset, &given);
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

/// One element in each list that is empty by default, and a value for each parameter that a switch
/// requires, so that the objects that depend on them are there: as the operator allows it by
/// default, or an example of its form.
fn elements(preset: &Preset) -> Result<Map<String, Value>, String> {
    let forms: Vec<Value> = serde_json::from_str(include_str!("../../shared/data/forms.json"))
        .map_err(|error| format!("forms.json: {error}"))?;
    let example = |pattern: &Option<String>| {
        let pattern = pattern.as_deref()?;
        forms.iter().find(|form| form["pattern"] == pattern).map(|form| form["example"].clone())
    };
    let allowed = |setting: &Option<Setting>| {
        let setting = setting.as_ref().filter(|it| it.parameter != ALLOWED_VALUES)?;
        Some(Value::from(setting.allows.first()?.replace('*', "x")))
    };
    let mut given = Map::new();
    for (name, parameter) in &preset.parameters {
        let value = match parameter {
            Parameter::List { default, pattern, setting, .. } if default.is_empty() => {
                json!([allowed(setting).or_else(|| example(pattern)).unwrap_or("x".into())])
            }
            Parameter::String { required: Some(_), pattern, .. } => {
                example(pattern).unwrap_or("x".into())
            }
            Parameter::String { .. }
            | Parameter::Boolean { .. }
            | Parameter::Integer { .. }
            | Parameter::Enum { .. }
            | Parameter::List { .. } => continue,
        };
        given.insert(name.clone(), value);
    }
    Ok(given)
}

/// All objects and links: each with its ARN if it has one, and its calls.
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

/// The actions of a call, the kind and name of the object by which IAM authorizes it, and its
/// condition keys.
fn call(call: &Call) -> Value {
    let id = call.id();
    let on = id.parent().unwrap_or(id);
    let actions: Vec<&str> = call.actions().iter().map(|action| action.as_str()).collect();
    let on = json!({ "kind": on.kind.to_string(), "name": on.name });
    json!({ "actions": actions, "on": on, "context": call.condition_keys() })
}
