//! `plan`: the function's changes, in its own words.

use std::collections::BTreeSet;
use std::fmt::Write;

use account_presets::cfn::{Progress, RequestType};
use account_presets::iam_preset::{Foreseen, Unforeseen, difference};
use account_presets::plan::Change;
use account_presets::state::Id;
use serde_json::{Map, Value, json};

use crate::Found;
use crate::account::{Looked, config, look, look_with, resource_of_stack, told};
use crate::arguments::{Aws, Plan};
use crate::output::Output;
use crate::properties;
use crate::show::find;

/// The resource of the plan.
struct Resource {
    stack_id: String,
    logical_id: String,
    kind: RequestType,
}

/// Prints the plan; 2 if there are changes to make or the request would be refused.
///
/// # Errors
///
/// A mistake in the arguments, or the call that failed.
pub(crate) async fn plan(asked: &Plan, aws: &Aws, output: &Output) -> Result<Found, String> {
    let progress = Progress::default();
    let (looked, resource, foreseen) = match (&asked.stack, &asked.preset) {
        (Some(stack), _) => {
            let config = config(aws).await?;
            let (stack_id, logical_id) =
                resource_of_stack(&config, stack, asked.logical_id.as_deref()).await?;
            let looked = look_with(config, &asked.provider, None).await?;
            let kind = if asked.delete { RequestType::Delete } else { RequestType::Update };
            let resource = Resource { stack_id, logical_id, kind };
            let (stack_id, logical_id) = (&resource.stack_id, &resource.logical_id);
            let engine = looked.engine();
            let foreseen = engine.foresee_next(kind, stack_id, logical_id, &progress);
            let foreseen = Box::pin(foreseen).await;
            drop(engine);
            (looked, resource, foreseen)
        }
        (None, Some(name)) => {
            find(name)?;
            let given = properties::of(name, &asked.given, &asked.consent)?;
            // Mistakes are said before anybody is asked anything.
            let anywhere = properties::account(&crate::arguments::Place::default(), None)?;
            properties::wanted(&anywhere, &asked.provider.provider_name, &given)?;
            let looked = look(aws, &asked.provider, None).await?;
            let stack = asked.stack_name.as_deref().unwrap_or(name);
            let stack_id = properties::stack_id(&looked.account, stack);
            let logical_id = asked.logical_id.clone().unwrap_or_else(|| "Preset".to_owned());
            let resource = Resource { stack_id, logical_id, kind: RequestType::Create };
            let (stack_id, logical_id) = (&resource.stack_id, &resource.logical_id);
            let engine = looked.engine();
            let foreseen = engine.foresee_create(stack_id, logical_id, given, &progress);
            let foreseen = Box::pin(foreseen).await;
            drop(engine);
            (looked, resource, foreseen)
        }
        (None, None) => return Err("name a PRESET for its Create, or a --stack".to_owned()),
    };
    tell(&looked, &resource, foreseen, output)
}

fn tell(
    looked: &Looked,
    resource: &Resource,
    foreseen: Result<Foreseen, Unforeseen>,
    output: &Output,
) -> Result<Found, String> {
    looked.say_what_failed();
    match foreseen {
        Ok(foreseen) => {
            output.tell(|| as_json(resource, &foreseen), || as_text(&foreseen))?;
            Ok(if foreseen.is_nothing() { Found::Nothing } else { Found::Differences })
        }
        Err(unknown @ Unforeseen::Unknown(_)) => {
            Err(told(&resource.logical_id, &resource.stack_id, unknown))
        }
        Err(Unforeseen::Refused(reason)) if looked.is_failed_call(&reason) => Err(reason),
        Err(Unforeseen::Refused(reason)) => {
            let json = || {
                let mut json = head(resource);
                json.insert("refused".to_owned(), json!(reason));
                Value::Object(json)
            };
            let kind = word(resource.kind);
            output.tell(json, || format!("! The {kind} would be refused: {reason}\n"))?;
            Ok(Found::Differences)
        }
    }
}

fn word(kind: RequestType) -> &'static str {
    match kind {
        RequestType::Create => "Create",
        RequestType::Update => "Update",
        RequestType::Delete => "Delete",
    }
}

fn head(resource: &Resource) -> Map<String, Value> {
    Map::from_iter([
        ("form".to_owned(), json!(1)),
        ("request".to_owned(), json!(word(resource.kind))),
        ("stackId".to_owned(), json!(resource.stack_id)),
        ("logicalResourceId".to_owned(), json!(resource.logical_id)),
        ("refused".to_owned(), Value::Null),
    ])
}

fn as_json(resource: &Resource, foreseen: &Foreseen) -> Value {
    let plan = &foreseen.plan;
    let change = |change: &Change| {
        let id = change.id();
        let (adds, takes_away) = statements(change);
        let action = match change {
            Change::Create(_) => "create",
            Change::Update { .. } => "update",
            Change::Delete(_) => "delete",
        };
        json!({
            "action": action,
            "object": id.to_string(),
            "kind": id.kind.to_string(),
            "name": id.name,
            "part": id.part,
            "onlyMarks": !change.is_of_content(),
            "adds": adds,
            "takesAway": takes_away,
        })
    };
    let texts =
        |ids: &BTreeSet<Id>| -> Vec<String> { ids.iter().map(ToString::to_string).collect() };
    let mut json = head(resource);
    json.extend([
        ("physicalResourceId".to_owned(), json!(foreseen.physical_id)),
        ("preset".to_owned(), json!(foreseen.preset)),
        ("edition".to_owned(), json!(foreseen.edition.map(|edition| edition.as_str()))),
        ("changes".to_owned(), plan.changes().map(change).collect()),
        ("usedAsIs".to_owned(), json!(texts(&plan.used_as_is))),
        ("missing".to_owned(), json!(texts(&plan.missing))),
        ("foreign".to_owned(), json!(texts(&plan.foreign))),
        ("blockers".to_owned(), json!(plan.blockers)),
        ("left".to_owned(), json!(plan.left)),
        ("findings".to_owned(), json!(foreseen.findings)),
        ("attributes".to_owned(), json!(foreseen.attributes)),
        ("administrator".to_owned(), json!(foreseen.admin_equivalent)),
        ("notAllowed".to_owned(), json!(foreseen.not_allowed)),
    ]);
    Value::Object(json)
}

/// Returns the statements that an Update adds to an object, and those that it removes.
fn statements(change: &Change) -> (Vec<String>, Vec<String>) {
    match change {
        Change::Update { before, after } => {
            let told = difference(&before.resource, &after.resource);
            (told.added, told.taken_away)
        }
        Change::Create(_) | Change::Delete(_) => (Vec::new(), Vec::new()),
    }
}

fn as_text(foreseen: &Foreseen) -> String {
    let plan = &foreseen.plan;
    let mut text = String::new();
    for line in plan.to_string().lines() {
        let _ = writeln!(text, "{line}");
        let own = plan.changes().find(|change| change.to_string() == line);
        let Some(change @ Change::Update { .. }) = own else { continue };
        if !change.is_of_content() {
            let _ = writeln!(text, "    its owners' notes only");
        }
        let (adds, takes_away) = statements(change);
        for said in takes_away {
            let _ = writeln!(text, "    - {said}");
        }
        for said in adds {
            let _ = writeln!(text, "    + {said}");
        }
        let id = change.id().to_string();
        let fields = foreseen.findings.iter().filter(|it| it.object == id);
        for finding in fields.filter(|it| !matches!(it.field, "document" | "trust" | "object")) {
            let (field, is, wanted) = (finding.field, &finding.found, &finding.expected);
            let _ = writeln!(text, "    ~ {field}: `{is}` to `{wanted}`");
        }
    }
    let is_planned = |object: &str| text.contains(object);
    let others = foreseen.findings.iter().filter(|it| !is_planned(&it.object));
    let others: Vec<String> =
        others.map(|it| format!("= {} (somebody else's)\n", it.object)).collect();
    text.extend(others);
    if let Some(refusal) = &foreseen.not_allowed {
        let _ = writeln!(
            text,
            "! not allowed any more, and let through: it only takes away or changes nothing: {refusal}"
        );
    }
    for reason in &foreseen.admin_equivalent {
        let _ = writeln!(text, "! amounts to administrator's rights: {reason}");
    }
    let kind = word(foreseen.kind);
    if foreseen.is_nothing() {
        let _ = writeln!(text, "{kind}: nothing to do.");
    } else {
        let _ = writeln!(text, "{kind}: {} to make.", plural(plan.len(), "change"));
    }
    text
}

fn plural(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
