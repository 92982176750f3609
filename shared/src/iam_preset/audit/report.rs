//! The result of an audit, in a stable form: `events/preset-drift.schema.json` has it.
//!
//! Must not know: AWS's API.

use serde::Serialize;
use serde_json::{Value, json};

use super::Made;
use super::finding::{Finding, LONGEST};
use crate::input::cut;
use crate::state::Owner;

/// The form of the report. A field may be added to it; any other change takes another number.
const FORM: u32 = 1;
/// Findings about one resource that are told one by one.
const MOST: usize = 50;
/// Bytes of findings about one resource, after which the rest is only counted: a resource that an
/// audit begins below [`LONGEST_REPORT`](super::LONGEST_REPORT) ends below the 262,144 bytes that a
/// state machine passes on.
const MOST_BYTES: usize = 60_000;

/// The result of an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The details of an event for each resource that differs from how it was made.
    pub drifted: Vec<Value>,
    /// Resources that were repaired.
    pub repaired: usize,
    /// Resources of unknown state.
    pub unknown: Vec<Unknown>,
    /// Resources that are as they were made.
    pub same: usize,
    /// Resources on which CloudFormation is at work. They were left alone.
    pub in_progress: usize,
    /// Resources that another provider's function serves. They were left alone.
    pub elsewhere: usize,
    /// The event that goes on where this audit stopped; `null` if it came to the end.
    pub next: Option<Value>,
}

/// A resource of unknown state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// Stack and logical id, as far as they are known.
    pub resource: String,
    /// Why its state is unknown.
    pub why: String,
}

impl Report {
    pub(super) fn unknown(&mut self, owner: &Owner, why: &str) {
        self.unknown.push(Unknown { resource: owner.to_string(), why: why.to_owned() });
    }

    /// Adds the findings about a resource, by stack and logical id, and whether it was repaired, if
    /// the operator wants that. Returns them as one text, for the log.
    pub(super) fn drift(
        &mut self,
        (stack, logical_id): (&str, &str),
        made: &Made,
        mut findings: Vec<Finding>,
        repair: Option<&Result<(), String>>,
    ) -> String {
        let mut bytes = 0;
        let fits = |finding: &&Finding| {
            bytes += json!(finding).to_string().len();
            bytes <= MOST_BYTES
        };
        let told = findings.iter().take(MOST).take_while(fits).count();
        let left = findings.len() - told;
        findings.truncate(told);
        let mut drift = json!({
            "form": FORM,
            "stackId": stack,
            "logicalResourceId": logical_id,
            "physicalResourceId": made.physical_id,
            "preset": made.preset,
            "edition": made.edition,
            "findings": findings,
            "furtherFindings": left,
        });
        if let (Some(repair), Value::Object(drift)) = (repair, &mut drift) {
            self.repaired += usize::from(repair.is_ok());
            let repair = match repair {
                Ok(()) => json!({"done": true}),
                Err(reason) => json!({"done": false, "reason": cut(reason, LONGEST)}),
            };
            drift.insert("repair".to_owned(), repair);
        }
        let said = drift.get("findings").map(Value::to_string).unwrap_or_default();
        self.drifted.push(drift);
        said
    }

    /// Notes that the audit stops after this owner.
    pub(super) fn stop(&mut self, last: Option<&str>) {
        let asked = last.map_or(json!({}), |key| json!({ "after": key }));
        self.next = Some(json!({ "audit": asked }));
    }

    /// About how many bytes the report takes.
    pub(super) fn size(&self) -> usize {
        let drifted = self.drifted.iter().map(|drift| drift.to_string().len());
        let unknown = self.unknown.iter().map(|it| it.resource.len() + it.why.len() + 32);
        drifted.chain(unknown).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::iam_preset::audit::{Class, Grants};

    /// A4
    #[test]
    fn findings_that_take_too_many_bytes_are_counted() {
        let made = Made { physical_id: "id".into(), preset: "slim".into(), edition: "hardened" };
        let told = |letter: &str, roles: usize| {
            let finding = |number| Finding {
                object: format!("role `r{number}`"),
                class: Class::Changed,
                field: "description",
                expected: letter.repeat(LONGEST),
                found: letter.repeat(LONGEST),
                grants: Grants::Same,
            };
            let mut report = Report::default();
            report.drift(("stack", "Preset"), &made, (0..roles).map(finding).collect(), None);
            let drift = report.drifted.remove(0);
            let told = drift["findings"].as_array().unwrap().len();
            assert_eq!(told + drift["furtherFindings"].as_u64().unwrap() as usize, roles);
            (told, drift.to_string().len())
        };
        assert_eq!(told("a", 3).0, 3);
        let (number, bytes) = told("\u{1F512}", 60);
        assert!(number > 3 && bytes < MOST_BYTES + 1_000, "{number} in {bytes} bytes");
    }
}
