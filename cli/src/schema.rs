//! `schema`: JSON Schema, draft-07, of a resource's properties. Editors check a template with it
//! before CloudFormation does.

mod digits;

use std::collections::BTreeSet;

use account_presets::preset::schema::{Mark, Parameter, Values, When};
use account_presets::preset::{self, Preset};
use account_presets::state::limits;
use account_presets::{iam_preset, lambda_concurrency, quota_template};
use made::Catalogue;
use serde_json::{Map, Value, json};

use crate::arguments::Custom;
use crate::show::description;

/// The schema of a resource's properties, with these presets.
pub fn of(resource: Custom, presets: &Catalogue) -> Value {
    match resource {
        Custom::IamPreset => of_iam_preset(presets),
        Custom::LambdaConcurrency => of_lambda_concurrency(),
        Custom::QuotaTemplate => of_quota_template(),
    }
}

/// The names of the attributes for `Fn::GetAtt`, of each resource; for `Custom::IamPreset` of each
/// preset.
pub fn attributes(presets: &Catalogue) -> Value {
    let of_preset = |(name, preset): (&String, &Preset)| {
        let own = preset.outputs.keys().map(String::as_str);
        let mut names: Vec<&str> = own.chain(iam_preset::ATTRIBUTES).collect();
        names.sort_unstable();
        (name.clone(), json!(names))
    };
    json!({
        "Custom::IamPreset": presets.iter().map(of_preset).collect::<Map<_, _>>(),
        "Custom::LambdaConcurrency": BTreeSet::from(lambda_concurrency::ATTRIBUTES),
        "Custom::QuotaTemplate": BTreeSet::from(quota_template::ATTRIBUTES),
    })
}

/// The keys by which a macro or a loop of CloudFormation brings further ones.
const BRINGS: &str = "^Fn::(Transform$|ForEach::)";

/// Of the keys of a map in which all is written that it has: no function makes it, none brings a part.
fn none_is_a_function() -> Value {
    json!({"not": {"pattern": "^(Ref$|Fn::)"}})
}

/// A map with exactly these names, and with those that a macro or a loop brings.
fn map(properties: Value, required: &[&str]) -> Map<String, Value> {
    let mut map = Map::from_iter([
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), properties),
        ("patternProperties".to_owned(), json!({BRINGS: {}})),
        ("additionalProperties".to_owned(), json!(false)),
    ]);
    if !required.is_empty() {
        map.insert("if".to_owned(), json!({"propertyNames": none_is_a_function()}));
        map.insert("then".to_owned(), json!({"required": required}));
    }
    map
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
    let mut schema = Map::from_iter([
        ("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#")),
        ("title".to_owned(), json!(title)),
    ]);
    schema.extend(map(all, required));
    let function = json!({
        "description": "An intrinsic function of CloudFormation, for example Ref or Fn::Sub.",
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "patternProperties": {"^(Ref|Condition|Fn::[A-Za-z0-9]+)$": {}},
        "additionalProperties": false,
    });
    schema.insert("definitions".to_owned(), json!({"function": function}));
    if !rules.is_empty() {
        schema.insert("allOf".to_owned(), Value::Array(rules));
    }
    Value::Object(schema)
}

/// This, or the empty string, which is no value, or a function.
fn or_function(value: Value, description: &str) -> Value {
    let any = json!([value, {"const": ""}, {"$ref": "#/definitions/function"}]);
    json!({"description": description, "anyOf": any})
}

/// A text; CloudFormation makes one of a number and of a boolean.
fn text() -> Value {
    json!({"type": ["string", "number", "boolean"]})
}

fn text_of_form(pattern: &str) -> Value {
    let mut text = text();
    put(&mut text, "pattern", json!(pattern));
    text
}

/// `true` or `false`; CloudFormation writes them as strings, and so may a template.
fn boolean() -> Value {
    json!({"enum": [true, false, "true", "false"]})
}

/// A whole number; CloudFormation writes it as a text, and so may a template.
fn whole(least: i64, most: i64) -> Value {
    let number = json!({"type": "integer", "minimum": least, "maximum": most});
    json!({"anyOf": [number, {"type": "string", "pattern": digits::pattern(least, most)}]})
}

fn words(words: &[&str]) -> Value {
    json!({"enum": words})
}

fn with_default(mut schema: Value, default: Value) -> Value {
    put(&mut schema, "default", default);
    schema
}

fn put(schema: &mut Value, word: &str, value: Value) {
    if let Value::Object(members) = schema {
        members.insert(word.to_owned(), value);
    }
}

fn of_iam_preset(presets: &Catalogue) -> Value {
    let path = json!({
        "type": "string",
        "pattern": "^(?!/aws-service-role/|/aws-reserved/)/([!-#%-)+->@-~]+/)?$",
        "maxLength": limits::PATH,
        "description": "`/`, or a text that begins and ends with `/`, such as `/team/`, without spaces, \
                        `*`, `?` and `$`; IAM keeps `/aws-service-role/` and `/aws-reserved/` for AWS",
    });
    let boundary = json!({
        "type": "string",
        "pattern": "^arn:aws[^:]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+$",
        "description": "the ARN of a managed policy, such as `arn:aws:iam::123456789012:policy/Boundary`",
    });
    let own = json!({
        "Preset": {"description": "The preset.", "enum": presets.keys().collect::<Vec<_>>()},
        "Edition": or_function(words(&["documented", "current", "hardened"]), "How far it departs from the vendor's page."),
        "Parameters": or_function(json!({"type": "object"}), "The preset's own parameters."),
        "Path": with_default(or_function(path, "Of all roles, policies, groups and instance profiles; fixed once made."), json!("/")),
        "PermissionsBoundary": or_function(boundary, "The boundary of all roles."),
        "Tags": or_function(tags(), "Tags of every object that can have tags."),
        "MaxSessionDuration": with_default(or_function(whole((*limits::SESSION.start()).into(), (*limits::SESSION.end()).into()), "Of all roles, in seconds."), json!(3600)),
        "AcknowledgeAdminEquivalent": with_default(or_function(boolean(), "The stack acknowledges that its preset amounts to administrator's rights."), json!(false)),
        "AdoptExisting": with_default(or_function(boolean(), "An existing object that no preset made is used as it is."), json!(false)),
        "OnForeignAttachment": with_default(or_function(words(&["Keep", "Detach", "Fail"]), "For policies that were attached outside of the stack to the preset's roles and groups."), json!("Keep")),
        "UpdateToken": or_function(text(), "Any text. CloudFormation sends an Update of the resource where it changes, which repairs drift and brings the changes of a new release."),
        "WaitForPropagation": with_default(or_function(json!({"anyOf": [words(&["auto", "none"]), whole(1, 300)]}), "How long the answer waits at most until IAM shows new roles and instance profiles: 12 seconds, not at all, or this number of seconds."), json!("auto")),
    });
    let rules = presets.iter().flat_map(|(name, preset)| of_preset(name, preset)).collect();
    properties("Properties of Custom::IamPreset", &["ServiceToken", "Preset"], own, rules)
}

/// The tags; that a key is there twice, no schema can say.
fn tags() -> Value {
    // Letters of all languages, and so the forbidden characters are listed.
    let plain = r"[^\x00-\x1f!\x22#$%&'()*,;<>?\[\\\]^`{|}~\x7f]*";
    let reserved = ["aws:", "account-presets:"].map(in_any_case).join("|");
    let said = "letters, digits, spaces and `_.:/=+-@`";
    let mut key = text_of_form(&format!("^(?!{reserved}){plain}$"));
    put(&mut key, "minLength", json!(1));
    put(&mut key, "maxLength", json!(128));
    let begins = "`aws:` and `account-presets:`";
    let described =
        format!("a text of 1 to 128 {said}; those that begin with {begins} are reserved");
    put(&mut key, "description", json!(described));
    let mut value = text_of_form(&format!("^{plain}$"));
    put(&mut value, "maxLength", json!(256));
    put(&mut value, "description", json!(format!("a text of at most 256 {said}")));
    let any = |of: Value| json!({"anyOf": [of, {"$ref": "#/definitions/function"}]});
    let tag = map(json!({"Key": any(key), "Value": any(value)}), &["Key", "Value"]);
    let most = limits::TAGS - limits::OWN_TAGS;
    json!({"type": "array", "items": any(Value::Object(tag)), "maxItems": most})
}

/// A pattern of the word in small and capital letters.
fn in_any_case(word: &str) -> String {
    let letter = |c: char| match c.is_ascii_lowercase() {
        true => format!("[{}{c}]", c.to_ascii_uppercase()),
        false => c.to_string(),
    };
    word.chars().map(letter).collect()
}

/// The rules for this preset.
fn of_preset(name: &str, preset: &Preset) -> Vec<Value> {
    let editions: Vec<&str> = preset.editions.iter().map(|edition| edition.as_str()).collect();
    let mut edition = or_function(words(&editions), "How far it departs from the vendor's page.");
    if let Some(first) = editions.first() {
        edition = with_default(edition, json!(first));
    }
    let of = preset.parameters.iter().map(|(name, of)| (name.clone(), of_parameter(of)));
    let parameters = map(Value::Object(of.collect()), &[]);
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
            let is_written = json!({"propertyNames": none_is_a_function()});
            let needs = json!({"if": is_written, "then": needs});
            let needs = json!({"required": ["Parameters"], "properties": {"Parameters": needs}});
            rules.push(json!({"if": condition(name, preset, when), "then": needs}));
        }
    }
    for Mark { when, reason } in &preset.admin_equivalent {
        let acknowledged = json!({
            "required": ["AcknowledgeAdminEquivalent"],
            "properties": {"AcknowledgeAdminEquivalent": {
                "description": format!("This input amounts to administrator's rights: {reason}"),
                "anyOf": [{"enum": [true, "true"]}, {"$ref": "#/definitions/function"}],
            }},
        });
        rules.push(json!({"if": condition(name, preset, when), "then": acknowledged}));
    }
    rules
}

/// Holds where the preset is this one and each parameter has one of its values. A missing parameter
/// has its default; an intrinsic function may have any value, and so may the keys that a macro or a
/// loop brings, so that nothing is required for it.
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
        let may_be_missing = inner.len() > inner_needed.len();
        let mut members = json!({"required": &inner_needed, "properties": inner});
        if may_be_missing {
            put(&mut members, "propertyNames", none_is_a_function());
        }
        // An empty string for Parameters is no value, and no object: then all have their defaults.
        if !inner_needed.is_empty() {
            put(&mut members, "type", json!("object"));
            needed.push("Parameters");
        }
        top.insert("Parameters".to_owned(), members);
    }
    json!({"required": needed, "properties": top, "propertyNames": none_is_a_function()})
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
    let form = |pattern: &Option<String>| {
        let pattern = pattern.as_deref().unwrap_or(r"[^*?\x00-\x1f\x7f]*");
        text_of_form(&format!("^(?:{pattern})$"))
    };
    let (value, default) = match parameter {
        Parameter::String { pattern, default, .. } => (form(pattern), json!(default)),
        Parameter::Boolean { default, .. } => (boolean(), json!(default)),
        Parameter::Integer { default, min, max, .. } => (whole(*min, *max), json!(default)),
        Parameter::Enum { default, values, .. } => (json!({"enum": values}), json!(default)),
        Parameter::List { pattern, slug, default, .. } => {
            // A text is written as in a URL before it is held to the pattern.
            let one = if *slug { text() } else { form(pattern) };
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
