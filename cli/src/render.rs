//! `render`: a preset's objects, in a language that needs no provider.

pub mod cloudformation;
mod pseudo;
pub mod terraform;

use account_presets::iam_preset::Wanted;
use account_presets::state::{Account, Kind, Resource};
use serde_json::{Map, Value, json};

use crate::Found;
use crate::arguments::{Aws, Consent, Language, Render};
use crate::output::{Output, say};
use crate::properties::{self, EXAMPLE};

/// A text in a language, and the parts that the language cannot express.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The text, as JSON.
    pub document: Value,
    /// A sentence for each part that is left out, or differs from the function's objects.
    pub left_out: Vec<String>,
    /// For CloudFormation: the resources to import.
    pub to_import: Vec<Value>,
}

/// Prints the preset's objects.
///
/// # Errors
///
/// A mistake in the properties; the file of `--import` cannot be written.
pub(crate) fn render(asked: &Render, aws: &Aws, output: &Output) -> Result<Found, String> {
    let (place, region) = (&asked.place, aws.region.as_deref());
    let given = properties::of(&asked.preset, &asked.given, &Consent::default())?;
    let account = properties::account(place, region)?;
    let imports = asked.import.is_some();
    if imports && place.account.is_none() {
        return Err("--import: name the --account, whose id is in the ARNs of what is taken over"
            .to_owned());
    }
    if imports && asked.format == Language::Policies {
        return Err("--import: allowed with --format cloudformation and terraform".to_owned());
    }
    // Names and lists are judged for a whole account, in every language.
    let wanted = properties::wanted(&account, &place.provider_name, &given)?;
    for idle in &wanted.idle {
        say(&format!("note: {idle} has no effect beside the other properties"));
    }
    for reason in &wanted.admin_equivalent {
        say(&format!("note: this amounts to administrator's rights: {reason}"));
    }
    let is_named = place.account.is_some();
    let anywhere = |language: pseudo::Words| -> Result<Wanted, String> {
        properties::wanted(&language.account(), &place.provider_name, &given)
    };
    let written = match asked.format {
        Language::Policies => {
            if !is_named {
                say(&format!("note: {EXAMPLE} stands for the account; --account names another"));
            }
            Written {
                document: policies(&wanted, &account),
                left_out: Vec::new(),
                to_import: Vec::new(),
            }
        }
        Language::Cloudformation if is_named => cloudformation::of(&wanted, &account, imports),
        Language::Cloudformation => cloudformation::anywhere(&anywhere(pseudo::CLOUDFORMATION)?),
        Language::Terraform if is_named => terraform::of(&wanted, &account, imports),
        Language::Terraform => terraform::anywhere(&anywhere(pseudo::TERRAFORM)?),
    };
    for said in &written.left_out {
        say(&format!("note: {said}"));
    }
    if let Some(file) = asked.import.as_ref().filter(|_| asked.format == Language::Cloudformation) {
        let text = serde_json::to_string_pretty(&written.to_import).map_err(|it| it.to_string())?;
        std::fs::write(file, text + "\n").map_err(|it| format!("{}: {it}", file.display()))?;
        say(&format!("note: the resources to import are in {}", file.display()));
    }
    output.json(&written.document)
}

/// Every document, by the object that says it.
fn policies(wanted: &Wanted, account: &Account) -> Value {
    let mut all = Vec::new();
    for (id, object) in wanted.state.iter() {
        let of = |what: &str, document: &Value| {
            let arn = account.arn(&object.resource);
            let mut entry = Map::from_iter([
                ("object".to_owned(), json!(id.to_string())),
                ("kind".to_owned(), json!(what)),
                ("document".to_owned(), document.clone()),
            ]);
            entry.extend(arn.map(|arn| ("arn".to_owned(), json!(arn))));
            Value::Object(entry)
        };
        if let Resource::Role(role) = &object.resource {
            all.push(of("trust", role.trust.as_value()));
        }
        if let Some(document) = object.resource.document() {
            let what = if id.kind == Kind::Policy { "managed" } else { "inline" };
            all.push(of(what, document.as_value()));
        }
    }
    let attached = wanted.state.ids().filter(|id| id.kind.is_attachment());
    let attached = attached
        .map(|id| json!({"to": id.parent().map(|it| it.to_string()), "policyArn": id.part}));
    json!({
        "form": 1,
        "preset": wanted.name,
        "edition": wanted.edition.as_str(),
        "documents": all,
        "attachments": attached.collect::<Vec<_>>(),
    })
}
