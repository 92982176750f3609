//! `audit`: the drift of stacks' objects.

use std::fmt::Write;

use account_presets::cfn::Progress;
use account_presets::iam_preset::{Audit as Asked, Repairs, Report};
use serde_json::Value;

use crate::Found;
use crate::account::{config, look_with, presets_of_stack};
use crate::arguments::{Audit, Aws};
use crate::output::Output;

/// Prints the report; 2 if anything differs.
///
/// # Errors
///
/// The account cannot be listed; a resource is of unknown state, and no other one differs.
pub(crate) async fn audit(asked: &Audit, aws: &Aws, output: &Output) -> Result<Found, String> {
    let config = config(aws).await?;
    let mut audit = Asked::default();
    if let Some(stack) = &asked.stack {
        let (stack_id, ids) = presets_of_stack(&config, stack).await?;
        if ids.is_empty() {
            return Err(format!("stack `{stack}` has no resource Custom::IamPreset"));
        }
        audit = Asked::of_stack(&stack_id);
    }
    let looked = look_with(config, &asked.provider, None).await?;
    let engine = looked.engine();
    let mut whole = Report::default();
    loop {
        let report = Box::pin(engine.audit(&audit, &Repairs::none(), &Progress::default())).await?;
        let next = audit.next(&report);
        whole.drifted.extend(report.drifted);
        whole.unknown.extend(report.unknown);
        whole.same += report.same;
        whole.in_progress += report.in_progress;
        match next {
            Some(next) if next != audit => audit = next,
            Some(_) | None => break,
        }
    }
    output.tell(|| serde_json::to_value(&whole).unwrap_or_default(), || as_text(&whole))?;
    match (whole.drifted.is_empty(), whole.unknown.len()) {
        (false, _) => Ok(Found::Differences),
        (true, 0) => Ok(Found::Nothing),
        (true, unknown) => Err(format!("the state of {unknown} resources is unknown")),
    }
}

fn as_text(report: &Report) -> String {
    let mut text = String::new();
    for drift in &report.drifted {
        let get = |name: &str| drift.get(name).and_then(Value::as_str).unwrap_or_default();
        let _ = writeln!(
            text,
            "{} of {}: {}, {}",
            get("logicalResourceId"),
            get("stackId"),
            get("preset"),
            get("edition")
        );
        let findings = drift.get("findings").and_then(Value::as_array);
        for finding in findings.into_iter().flatten() {
            let get = |name: &str| finding.get(name).and_then(Value::as_str).unwrap_or_default();
            let sign = match get("class") {
                "missing" => "-",
                "added" => "+",
                _ => "~",
            };
            let field = Some(get("field")).filter(|field| *field != "object");
            let field = field.map(|field| format!(" {field}")).unwrap_or_default();
            let _ = writeln!(text, "  {sign} {}{field}: grants {}", get("object"), get("grants"));
            for (what, name) in [("expected", "expected"), ("found", "found")] {
                if !get(name).is_empty() {
                    let _ = writeln!(text, "      {what}: {}", get(name));
                }
            }
        }
    }
    for unknown in &report.unknown {
        let _ = writeln!(text, "? {}: {}", unknown.resource, unknown.why);
    }
    let Report { drifted, repaired: _, unknown, same, in_progress, elsewhere: _, next: _ } = report;
    let _ = writeln!(
        text,
        "{} differ, {same} are as they were made, {} unknown, {in_progress} being worked on.",
        drifted.len(),
        unknown.len()
    );
    text
}
