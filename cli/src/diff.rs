//! `diff`: the difference from one edition or set of parameters to another.

use std::fmt::Write;

use account_presets::iam_preset::{Between, Wanted, between};
use serde_json::{Value, json};

use crate::Found;
use crate::arguments::{Consent, Diff, Given};
use crate::output::Output;
use crate::properties;
use crate::show::find;

/// Prints the differences; 2 if there are any.
///
/// # Errors
///
/// An unknown preset, edition or parameter.
pub(crate) fn diff(asked: &Diff, output: &Output) -> Result<Found, String> {
    find(&asked.preset)?;
    let from = side(asked, "--from", asked.from.as_deref(), &asked.from_parameters)?;
    let to = side(asked, "--to", asked.to.as_deref(), &asked.to_parameters)?;
    let told = between(&from.state, &to.state);
    output.tell(|| as_json(&from, &to, &told), || as_text(&from, &to, &told))?;
    Ok(if told.is_empty() { Found::Nothing } else { Found::Differences })
}

fn side(asked: &Diff, which: &str, at: Option<&str>, own: &[String]) -> Result<Wanted, String> {
    let edition = match at {
        None => None,
        Some(text) => Some(text.strip_prefix("edition=").map(str::to_owned).ok_or_else(|| {
            format!("{which}: given `{text}`, allowed is `edition=` and the name of an edition")
        })?),
    };
    let parameters = asked.parameters.iter().chain(own).cloned().collect();
    let given = Given { edition, parameters, ..Given::default() };
    let given = properties::of(&asked.preset, &given, &Consent::default())?;
    let account = properties::account(&asked.place, None)?;
    properties::wanted(&account, &asked.place.provider_name, &given)
        .map_err(|problem| format!("{which}: {problem}"))
}

fn as_json(from: &Wanted, to: &Wanted, told: &[Between]) -> Value {
    let side = |wanted: &Wanted| {
        let reasons = &wanted.admin_equivalent;
        json!({"edition": wanted.edition.as_str(), "administrator": !reasons.is_empty(), "reasons": reasons})
    };
    let object = |between: &Between| match between {
        Between::Added { id, says } => {
            json!({"action": "create", "object": id.to_string(), "adds": says, "takesAway": [], "fields": []})
        }
        Between::TakenAway { id, said } => {
            json!({"action": "delete", "object": id.to_string(), "adds": [], "takesAway": said, "fields": []})
        }
        Between::Changed { id, statements, fields } => json!({
            "action": "update",
            "object": id.to_string(),
            "adds": statements.added,
            "takesAway": statements.taken_away,
            "fields": fields,
        }),
    };
    let objects: Vec<Value> = told.iter().map(object).collect();
    json!({"form": 1, "preset": to.name, "from": side(from), "to": side(to), "objects": objects})
}

fn as_text(from: &Wanted, to: &Wanted, told: &[Between]) -> String {
    let mut text = String::new();
    for between in told {
        let (sign, id, adds, takes) = match between {
            Between::Added { id, says } => ('+', id, says.as_slice(), &[][..]),
            Between::TakenAway { id, said } => ('-', id, &[][..], said.as_slice()),
            Between::Changed { id, statements, .. } => {
                ('~', id, statements.added.as_slice(), statements.taken_away.as_slice())
            }
        };
        let _ = writeln!(text, "{sign} {id}");
        for said in takes {
            let _ = writeln!(text, "    - {said}");
        }
        for said in adds {
            let _ = writeln!(text, "    + {said}");
        }
        if let Between::Changed { fields, .. } = between {
            let others = fields.iter().filter(|it| !matches!(it.field, "document" | "trust"));
            for finding in others {
                let (field, was, is) = (finding.field, &finding.found, &finding.expected);
                let _ = writeln!(text, "    ~ {field}: `{was}` to `{is}`");
            }
        }
    }
    if told.is_empty() {
        let _ = writeln!(text, "Both make the same.");
    }
    let word = |wanted: &Wanted| match wanted.admin_equivalent.is_empty() {
        true => "does not amount to administrator's rights",
        false => "amounts to administrator's rights",
    };
    if from.admin_equivalent.is_empty() != to.admin_equivalent.is_empty() {
        let _ = writeln!(text, "! The first {}, the second {}.", word(from), word(to));
    }
    text
}
