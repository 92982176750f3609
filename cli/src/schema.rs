//! `schema`: JSON Schema, draft-07, of a resource's properties. Editors check a template with it
//! before CloudFormation does.

use std::collections::BTreeSet;

use account_presets::preset::schema::{Mark, Parameter, Values, When};
use account_presets::preset::{self, Preset};
use account_presets::{iam_preset, lambda_concurrency, quota_template};
use serde_json::{Map, Value, json};

use crate::arguments::Custom;
use crate::show::description;

/// The schema of a resource's properties.
pub fn of(resource: Custom) -> Value {
    match resource {
        Custom::IamPreset => of_iam_preset(),
        Custom::LambdaConcurrency => of_lambda_concurrency(),
        Custom::QuotaTemplate => of_quota_template(),
    }
}

/// The names of the attributes for `Fn::GetAtt`, of each resource; for `Custom::IamPreset` of each
/// preset.
pub fn attributes() -> Value {
    let of_preset = |name: &'static str| {
        let own = preset::find(name).map(|preset| preset.outputs.keys().map(String::as_str));
        let mut names: Vec<&str> =
            own.into_iter().flatten().chain(iam_preset::ATTRIBUTES).collect();
        names.sort_unstable();
        (name.to_owned(), json!(names))
    };
    json!({
        "Custom::IamPreset": preset::names().into_iter().map(of_preset).collect::<Map<_, _>>(),
        "Custom::LambdaConcurrency": BTreeSet::from(lambda_concurrency::ATTRIBUTES),
        "Custom::QuotaTemplate": BTreeSet::from(quota_template::ATTRIBUTES),
    })
}

/// A schema of properties with exactly these names.
fn properties(title: &str, required: &[&str], own: Value, rules: Vec<Value>) -> Value {
    let mut all = json!({
        "ServiceToken": or_function(json!({"type": "string"}), "The ARN of the provider's function."),
        "ServiceTimeout": or_function(
            whole(1, 3600), "Seconds until CloudFormation gives up; take 300."
        ),
    });
    if let (Value::Object(all), Value::Object(own)) = (&mut all, own) {
        all.extend(own);
    }
    let mut schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": title,
        "type": "object",
        "required": required,
        "properties": all,
        "additionalProperties": false,
        "definitions": {
            "function": {
                "description": "An intrinsic function of CloudFormation, for example Ref or Fn::Sub.",
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "patternProperties": {"^(Ref|Condition|Fn::[A-Za-z0-9]+)$": {}},
                "additionalProperties": false,
            }
        },
    });
    if let (Value::Object(schema), false) = (&mut schema, rules.is_empty()) {
        schema.insert("allOf".to_owned(), Value::Array(rules));
    }
    schema
}

/// This, or the empty string, which is no value, or a function.
fn or_function(value: Value, description: &str) -> Value {
    let any = json!([value, {"const": ""}, {"$ref": "#/definitions/function"}]);
    json!({"description": description, "anyOf": any})
}

/// `true` or `false`; CloudFormation writes them as strings, and so may a template.
fn boolean() -> Value {
    json!({"enum": [true, false, "true", "false"]})
}

fn whole(least: i64, most: i64) -> Value {
    let number = json!({"type": "integer", "minimum": least, "maximum": most});
    json!({"anyOf": [number, {"type": "string", "pattern": "^-?[0-9]+$"}]})
}

fn words(words: &[&str]) -> Value {
    json!({"enum": words})
}

fn with_default(mut schema: Value, default: Value) -> Value {
    if let Value::Object(members) = &mut schema {
        members.insert("default".to_owned(), default);
    }
    schema
}

fn of_iam_preset() -> Value {
    let tag = json!({
        "type": "object",
        "required": ["Key", "Value"],
        "properties": {"Key": or_function(json!({"type": "string"}), "1 to 128 characters."),
                       "Value": or_function(json!({"type": "string"}), "At most 256 characters.")},
        "additionalProperties": false,
    });
    let path = json!({"type": "string", "pattern": "^/([^*?$ ]*/)?$", "maxLength": 512});
    let boundary =
        json!({"type": "string", "pattern": "^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$"});
    let own = json!({
        "Preset": {"description": "The preset.", "enum": preset::names()},
        "Edition": or_function(words(&["documented", "current", "hardened"]), "How far it departs from the vendor's page."),
        "Parameters": or_function(json!({"type": "object"}), "The preset's own parameters."),
        "Path": with_default(or_function(path, "Of all roles, policies, groups and instance profiles; fixed once made."), json!("/")),
        "PermissionsBoundary": or_function(boundary, "The boundary of all roles."),
        "Tags": or_function(json!({"type": "array", "items": {"anyOf": [tag, {"$ref": "#/definitions/function"}]}, "maxItems": 48}), "Tags of every object that can have tags."),
        "MaxSessionDuration": with_default(or_function(whole(3600, 43200), "Of all roles, in seconds."), json!(3600)),
        "AcknowledgeAdminEquivalent": with_default(or_function(boolean(), "The stack acknowledges that its preset amounts to administrator's rights."), json!(false)),
        "AdoptExisting": with_default(or_function(boolean(), "An existing object that no preset made is used as it is."), json!(false)),
        "OnForeignAttachment": with_default(or_function(words(&["Keep", "Detach", "Fail"]), "For policies that were attached outside of the stack to the preset's roles and groups."), json!("Keep")),
        "UpdateToken": or_function(json!({"type": ["string", "number", "boolean"]}), "Any text. CloudFormation sends an Update of the resource where it changes, which repairs drift and brings the changes of a new release."),
        "WaitForPropagation": with_default(or_function(json!({"anyOf": [words(&["auto", "none"]), whole(1, 300)]}), "How long the answer waits at most until IAM shows new roles and instance profiles: 12 seconds, not at all, or this number of seconds."), json!("auto")),
    });
    let presets = preset::names().into_iter().filter_map(|name| Some((name, preset::find(name)?)));
    let rules = presets.flat_map(|(name, preset)| of_preset(name, preset)).collect();
    properties("Properties of Custom::IamPreset", &["ServiceToken", "Preset"], own, rules)
}

/// The rules for this preset.
fn of_preset(name: &str, preset: &Preset) -> Vec<Value> {
    let editions: Vec<&str> = preset.editions.iter().map(|edition| edition.as_str()).collect();
    let mut edition = or_function(words(&editions), "How far it departs from the vendor's page.");
    if let Some(first) = editions.first() {
        edition = with_default(edition, json!(first));
    }
    let of = preset.parameters.iter().map(|(name, of)| (name.clone(), of_parameter(of)));
    let parameters = json!({
        "type": "object",
        "properties": of.collect::<Map<_, _>>(),
        "additionalProperties": false,
    });
    let is_it = json!({"required": ["Preset"], "properties": {"Preset": {"const": name}}});
    let mut rules = vec![json!({
        "if": is_it,
        "then": {"properties": {
            "Edition": edition,
            "Parameters": {"description": preset.title, "anyOf": [parameters, {"const": ""}, {"$ref": "#/definitions/function"}]},
        }},
    })];
    for (parameter, of) in &preset.parameters {
        if let Parameter::String { required: Some(when), .. } = of {
            let needs =
                json!({"required": [parameter], "not": {"properties": {parameter: {"const": ""}}}});
            let needs = json!({"required": ["Parameters"], "properties": {"Parameters": needs}});
            rules.push(json!({"if": condition(name, preset, when), "then": needs}));
        }
    }
    let acknowledged = json!({
        "required": ["AcknowledgeAdminEquivalent"],
        "properties": {"AcknowledgeAdminEquivalent": {
            "description": "This input amounts to administrator's rights.",
            "anyOf": [{"enum": [true, "true"]}, {"$ref": "#/definitions/function"}],
        }},
    });
    for Mark { when, .. } in &preset.admin_equivalent {
        rules.push(json!({"if": condition(name, preset, when), "then": acknowledged}));
    }
    rules
}

/// Holds where the preset is this one and each parameter has one of its values. A missing parameter
/// has its default; an intrinsic function may have any value, so that nothing is required for it.
fn condition(name: &str, preset: &Preset, when: &When) -> Value {
    let mut top = Map::from_iter([("Preset".to_owned(), json!({"const": name}))]);
    let mut needed = vec!["Preset"];
    let (mut inner, mut inner_needed) = (Map::new(), Vec::new());
    for (name, values) in &when.0 {
        let default = match preset.parameters.get(name) {
            Some(parameter) => preset::parameters::default(parameter).to_string(),
            None => preset.editions.first().map(|it| it.as_str().to_owned()).unwrap_or_default(),
        };
        let is_default = values.texts().contains(&default);
        let given = given(values, is_default);
        if name == "Edition" {
            top.insert(name.clone(), given);
            needed.extend((!is_default).then_some("Edition"));
        } else {
            inner.insert(name.clone(), given);
            inner_needed.extend((!is_default).then_some(name));
        }
    }
    if !inner.is_empty() {
        let mut members = json!({"required": inner_needed, "properties": inner});
        // An empty string for Parameters is no value, and no object: then all have their defaults.
        if let (Value::Object(members), false) = (&mut members, inner_needed.is_empty()) {
            members.insert("type".to_owned(), json!("object"));
            needed.push("Parameters");
        }
        top.insert("Parameters".to_owned(), members);
    }
    json!({"required": needed, "properties": top})
}

/// The values as a template writes them.
fn given(values: &Values, is_default: bool) -> Value {
    let mut all: Vec<Value> = Vec::new();
    for text in values.texts() {
        if let Ok(value @ (Value::Bool(_) | Value::Number(_))) = serde_json::from_str(&text) {
            all.push(value);
        }
        all.push(json!(text));
    }
    if is_default {
        all.push(json!(""));
    }
    json!({"enum": all})
}

fn of_parameter(parameter: &Parameter) -> Value {
    let text = |pattern: &Option<String>| {
        let pattern = pattern.as_deref().unwrap_or(r"[^*?\x00-\x1f\x7f]*");
        json!({"type": ["string", "number", "boolean"], "pattern": format!("^(?:{pattern})$")})
    };
    let (value, default) = match parameter {
        Parameter::String { pattern, default, .. } => (text(pattern), json!(default)),
        Parameter::Boolean { default, .. } => (boolean(), json!(default)),
        Parameter::Integer { default, min, max, .. } => (whole(*min, *max), json!(default)),
        Parameter::Enum { default, values, .. } => (json!({"enum": values}), json!(default)),
        Parameter::List { pattern, slug, default, .. } => {
            // A text is written as in a URL before it is held to the pattern.
            let one = if *slug { json!({"type": "string"}) } else { text(pattern) };
            let any = json!([one, {"const": ""}, {"$ref": "#/definitions/function"}]);
            (json!({"type": "array", "items": {"anyOf": any}, "maxItems": 1000}), json!(default))
        }
    };
    with_default(or_function(value, description(parameter)), default)
}

fn of_lambda_concurrency() -> Value {
    let then =
        |said: &str| with_default(or_function(words(&["Succeed", "Fail"]), said), json!("Succeed"));
    let own = json!({
        "DesiredConcurrency": or_function(whole(1, 10_000_000_000), "Concurrent executions of the Region."),
        "WaitSeconds": with_default(or_function(whole(0, 840), "How long to wait for the value to apply."), json!(0)),
        "OnPending": then("If the value does not apply at the end of the wait."),
        "OnDenied": then("If AWS refused the request."),
        "OnSmallerRequest": then("If a request for less is open."),
        "OnNotAdjustable": then("If Service Quotas takes no requests for the quota."),
        "RerequestWhenDenied": with_default(or_function(boolean(), "Request a refused value again."), json!(false)),
        "SupportCaseAllowed": with_default(or_function(boolean(), "Whether AWS may open a support case."), json!(true)),
    });
    let required = ["ServiceToken", "DesiredConcurrency"];
    properties("Properties of Custom::LambdaConcurrency", &required, own, Vec::new())
}

fn of_quota_template() -> Value {
    let region = json!({"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*-[0-9]+$"});
    let any = json!([region, {"const": ""}, {"$ref": "#/definitions/function"}]);
    let regions = json!({"type": "array", "items": {"anyOf": any}, "maxItems": 10});
    let own = json!({
        "ConcurrentExecutions": or_function(whole(1, 10_000_000_000), "Of each Region."),
        "Regions": or_function(regions, "By default the stack's own."),
        "AdoptExisting": with_default(or_function(boolean(), "An existing entry with another value is left as it is."), json!(false)),
    });
    let required = ["ServiceToken", "ConcurrentExecutions"];
    properties("Properties of Custom::QuotaTemplate", &required, own, Vec::new())
}
