//! Drift detection for presets' objects: CloudFormation detects no drift of custom resources.
//!
//! For each owner whose marks are in the account an audit takes the properties of the stack's
//! newest completed event, renders, observes and plans as for an Update that changes nothing, and
//! reports what that Update would have to do. It changes nothing, unless the operator has that
//! Update carried out.

pub(super) mod finding;
mod repair;
mod report;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};
use tracing::{info, warn};

use super::IamPreset;
use super::intent::Intent;
use super::task::Task;
use crate::cfn::{Past, Progress, Request, RequestType, ResponseUrl};
use crate::cloud::Cloud;
use crate::input::{brief, kind};
use crate::json;
use crate::plan::conflict::Conflict;
use crate::plan::{OnForeignAttachment, Scope, plan};
use crate::state::{Account, Object, Owner, State};
pub use finding::{Class, Finding, Grants};
pub use repair::Repairs;
use repair::Update;
pub use report::{Report, Unknown};

/// Kept back for the report: no further resource is begun with less than this.
const LAST: Duration = Duration::from_secs(20);
/// The longest that one resource takes. One that takes longer is unknown, and the audit goes on.
const ONE: Duration = Duration::from_secs(40);
/// Bytes of findings after which the rest is left to another audit: a state machine that starts
/// audits passes on 256 KiB of them at most
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>).
const LONGEST_REPORT: usize = 150_000;

/// The request for an audit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// The key of the last owner that an earlier audit came to: this one goes on after it.
    after: Option<String>,
    /// The ARN of the only stack to look at; `None` for all.
    stack: Option<String>,
    /// The ARN of the function that serves the resources; `None` for the resources of all
    /// providers.
    function: Option<String>,
}

impl Audit {
    /// Of the resources of one stack, by its ARN. No event can ask for this.
    pub fn of_stack(stack_id: &str) -> Self {
        Audit { stack: Some(stack_id.to_owned()), ..Audit::default() }
    }

    /// The same of the resources with this function, by its ARN, as their `ServiceToken`: those of
    /// another provider were made with other settings.
    pub fn served_by(self, function: &str) -> Self {
        Audit { function: Some(unqualified(function)), ..self }
    }

    /// The audit that goes on where this one stopped, by its report; `None` if it came to the end.
    pub fn next(&self, report: &Report) -> Option<Self> {
        let after = report.next.as_ref()?.pointer("/audit/after")?.as_str()?.to_owned();
        Some(Audit { after: Some(after), ..self.clone() })
    }

    /// Reads an event that asks for an audit: `{"audit": {}}`, or `{"audit": {"after": "<key>"}}`.
    /// `None` for any other event; a request of CloudFormation has an address besides.
    ///
    /// # Errors
    ///
    /// The mistake below `audit`.
    pub fn read(payload: &RawValue) -> Option<Result<Self, String>> {
        let Ok(Value::Object(event)) = json::read(payload.get()) else { return None };
        let asked = event.get("audit").filter(|_| event.len() == 1)?;
        Some(Audit::of(asked))
    }

    fn of(asked: &Value) -> Result<Self, String> {
        let Value::Object(asked) = asked else {
            return Err(format!("audit: given {}, allowed is a map", kind(asked)));
        };
        let mut audit = Audit::default();
        for (name, value) in asked {
            let key = value.as_str().filter(|_| name == "after").filter(|key| is_key(key));
            let Some(key) = key else {
                let name = brief(name);
                return Err(format!(
                    "audit: given `{name}`, allowed is `after` with 32 hexadecimal digits"
                ));
            };
            audit.after = Some(key.to_owned());
        }
        Ok(audit)
    }
}

/// The ARN of a function without a version or an alias.
fn unqualified(function: &str) -> String {
    function.split(':').take(7).collect::<Vec<_>>().join(":")
}

fn is_key(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The verdict on one resource.
enum Verdict {
    /// The drift, empty if there is none, and the Update that repairs it.
    Known(Vec<Finding>, Made, Box<Update>),
    InProgress,
    /// Another function serves it.
    Elsewhere,
    /// The reason why the drift cannot be told.
    Unknown(String),
}

/// The changes of an Update with unchanged properties.
struct Comparison {
    findings: Vec<Finding>,
    preset: String,
    edition: &'static str,
    /// The classes that the Update repairs; empty if it would be refused, or would leave added
    /// members.
    classes: BTreeSet<Class>,
}

/// How a resource was last made.
struct Made {
    physical_id: String,
    preset: String,
    edition: &'static str,
}

impl<C: Cloud> IamPreset<C> {
    /// Looks at the objects of every owner in this account and Region, until `progress` has too
    /// little time left. Repairs the classes of `repairs`.
    ///
    /// # Errors
    ///
    /// The account cannot be listed. A failure of one resource is part of the report.
    pub async fn audit(
        &self,
        audit: &Audit,
        repairs: &Repairs,
        progress: &Progress,
    ) -> Result<Report, String> {
        progress.note("looking for everybody who owns something");
        let owners = self.cloud.owners().await.map_err(|error| error.to_string())?;
        let is_next = |owner: &&Owner| audit.after.as_deref().is_none_or(|it| owner.key() > it);
        let mut report = Report::default();
        let mut last = audit.after.clone();
        for owner in owners.iter().filter(is_next) {
            let now = Instant::now();
            let end = progress.deadline();
            let is_late = end.is_some_and(|end| end.saturating_duration_since(now) < LAST);
            if is_late || progress.stopped().is_some() || report.size() > LONGEST_REPORT {
                report.stop(last.as_deref());
                break;
            }
            last = Some(owner.key().to_owned());
            let is_asked = |stack: &String| owner.label().starts_with(&format!("{stack} "));
            if !audit.stack.as_ref().is_none_or(is_asked) {
                continue;
            }
            let Some((stack, logical_id)) = owner.stack_and_logical_id() else {
                report.unknown(owner, "its mark does not name stack and logical id whole");
                continue;
            };
            // Another Region's provider has those of its own stacks.
            if Account::from_arn(stack).is_none_or(|account| account != self.account) {
                continue;
            }
            let end = end.map_or(now + ONE, |end| end.min(now + ONE));
            let function = audit.function.as_deref();
            let look = self.audit_one(owner, (stack, logical_id), function, progress);
            let look = AssertUnwindSafe(look);
            let verdict = match timeout_at(end, look.catch_unwind()).await {
                Ok(Ok(verdict)) => verdict,
                Ok(Err(_)) => Verdict::Unknown("internal error (panic)".to_owned()),
                Err(_) => Verdict::Unknown(format!("it took longer than {} s", ONE.as_secs())),
            };
            match verdict {
                Verdict::InProgress => report.in_progress += 1,
                Verdict::Elsewhere => report.elsewhere += 1,
                Verdict::Unknown(why) => {
                    warn!(%owner, why, "audit: unknown");
                    report.unknown(owner, &why);
                }
                Verdict::Known(findings, ..) if findings.is_empty() => report.same += 1,
                Verdict::Known(findings, made, update) => {
                    let repair = match update.is_wanted(repairs) {
                        true => Some(self.repair(&update, progress).await),
                        false => None,
                    };
                    let findings =
                        report.drift((stack, logical_id), &made, findings, repair.as_ref());
                    warn!(%owner, findings, "audit: drift");
                    match repair {
                        Some(Ok(())) => info!(%owner, "audit: repaired"),
                        Some(Err(reason)) => warn!(%owner, reason, "audit: not repaired"),
                        None => {}
                    }
                }
            }
        }
        let Report { same, in_progress, elsewhere, .. } = &report;
        let (drifted, unknown) = (report.drifted.len(), report.unknown.len());
        let next = report.next.is_some();
        info!(same, drifted, unknown, in_progress, elsewhere, next, "audit");
        Ok(report)
    }

    async fn audit_one(
        &self,
        owner: &Owner,
        (stack, logical_id): (&str, &str),
        function: Option<&str>,
        progress: &Progress,
    ) -> Verdict {
        progress.note("asking CloudFormation how a resource was made");
        let past = match self.cloud.past(stack, logical_id).await {
            Ok(past) => past,
            Err(error) => return Verdict::Unknown(error.to_string()),
        };
        let (physical_id, properties) = match past.clone() {
            Past::Completed { physical_id, properties } => (physical_id, properties),
            Past::InProgress(_) => return Verdict::InProgress,
            Past::Gone => {
                let why = "its stack is gone, or has deleted or retained it; what is left has to be \
                           deleted by hand, or used with AdoptExisting";
                return Verdict::Unknown(why.to_owned());
            }
            Past::Unknown(why) => return Verdict::Unknown(why),
        };
        let Ok(Value::Object(properties)) = json::read(&properties) else {
            return Verdict::Unknown("the event's properties cannot be read".to_owned());
        };
        // Every author of a template may name a resource, so its properties count only where
        // CloudFormation has asked this function, and was answered.
        let token = properties.get("ServiceToken").and_then(Value::as_str).map(unqualified);
        if function.is_some() && token.as_deref() != function {
            return Verdict::Elsewhere;
        }
        let request = as_it_is(stack, logical_id, &physical_id, properties);
        match self.compare(owner, &request, progress).await {
            Ok(Comparison { findings, preset, edition, classes }) => {
                let update = Update { request, classes, past };
                Verdict::Known(findings, Made { physical_id, preset, edition }, Box::new(update))
            }
            Err(why) => Verdict::Unknown(why),
        }
    }

    async fn compare(
        &self,
        owner: &Owner,
        request: &Request,
        progress: &Progress,
    ) -> Result<Comparison, String> {
        let intent = Intent::read(RequestType::Update, request, self.release)?;
        if let Some(mistakes) = &intent.mistakes {
            return Err(format!("this release takes its properties no more: {mistakes}"));
        }
        let wanted = intent.wanted.as_ref().ok_or("it wants nothing")?;
        let (preset, edition) = (wanted.name.clone(), wanted.edition.as_str());
        let mut task = self.task(&intent, request)?;
        let mut observed = self.observe(&intent, &mut task, progress).await?;
        task.choose_anchor(&intent, &observed);
        if let Some(release) = self.other_release(&task.me, &observed) {
            return Err(format!(
                "release {release} made it, and this is {}; update its stack first",
                self.release
            ));
        }
        // The engine's own second thought: owners that are gone, and the account's quotas.
        let refused = self.plan(&intent, &mut task, &mut observed).await.err();
        let planned = plan(&task.me, &task.scope, &task.desired, &observed);
        let mut findings = match &planned {
            Ok(plan) => finding::of_plan(plan),
            Err(conflicts) => {
                let mut findings = finding::of_conflicts(&task.me, conflicts);
                findings.extend(behind(&task, &mut observed, conflicts));
                findings
            }
        };
        let members = finding::members(owner, &task.desired, &observed);
        let leaves_some = members.iter().any(|member| !findings.contains(member));
        findings.extend(members);
        findings.sort();
        findings.dedup();
        let classes = match (&refused, &planned) {
            // An added member of a group would get the permissions that the repair restores.
            (None, Ok(plan)) if plan.foreign.is_empty() && !leaves_some => finding::classes(plan),
            (Some(_), _) | (_, Ok(_) | Err(_)) => BTreeSet::new(),
        };
        match refused {
            Some(refused) if findings.is_empty() => Err(refused),
            Some(_) | None => Ok(Comparison { findings, preset, edition, classes }),
        }
    }
}

/// The further drift where a conflict prevents a plan: an object that lost its mark is compared as
/// if it had it still, and a foreign attachment as if it could stay.
fn behind(task: &Task, observed: &mut State, conflicts: &[Conflict]) -> Vec<Finding> {
    for conflict in conflicts {
        if let Conflict::Foreign { id, .. } = conflict
            && let Some(found) = observed.remove(id)
        {
            observed.insert(Object { owners: [task.me.clone()].into(), ..found });
        }
    }
    let on_foreign_attachment = OnForeignAttachment::Keep;
    let scope = Scope { on_foreign_attachment, ..task.scope.clone() };
    let planned = plan(&task.me, &scope, &task.desired, observed);
    planned.map(|plan| finding::of_plan(&plan)).unwrap_or_default()
}

impl<C> IamPreset<C> {
    /// Another release than this one that made something of this owner's.
    fn other_release(&self, me: &Owner, observed: &State) -> Option<String> {
        let mut marks = observed.iter().filter_map(|(_, object)| object.owners.get(me));
        marks.find_map(|owner| {
            let release = owner.mark.release.as_deref()?;
            (release != self.release).then(|| release.to_owned())
        })
    }
}

/// An Update from the properties that a resource has to the same ones. It is never sent, so no
/// answer goes anywhere.
pub(super) fn as_it_is(
    stack: &str,
    logical_id: &str,
    physical_id: &str,
    properties: Map<String, Value>,
) -> Request {
    Request {
        request_type: "Update".into(),
        stack_id: stack.to_owned(),
        request_id: "audit".to_owned(),
        logical_resource_id: logical_id.to_owned(),
        resource_type: "Custom::IamPreset".to_owned(),
        physical_resource_id: Some(physical_id.to_owned()),
        properties: Ok(properties.clone()),
        old_properties: properties,
        response_url: ResponseUrl::new(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(event: &str) -> Option<Result<Audit, String>> {
        Audit::read(&RawValue::from_string(event.to_owned()).unwrap())
    }

    /// A6
    #[test]
    fn only_an_event_that_holds_an_audit_and_nothing_else_is_one() {
        assert_eq!(read(r#"{"audit": {}}"#), Some(Ok(Audit::default())));
        let key = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        let after = read(&format!(r#"{{"audit": {{"after": "{key}"}}}}"#));
        let expected = Audit { after: Some(key.to_owned()), ..Audit::default() };
        assert_eq!(after, Some(Ok(expected)));
        for other in [
            "{}",
            "[]",
            "7",
            r#"{"Audit": {}}"#,
            r#"{"audit": {}, "ResponseURL": "https://example.com"}"#,
            r#"{"audit": {}, "RequestType": "Delete"}"#,
            r#"{"Records": [{"Sns": {"Message": "{\"audit\": {}}"}}]}"#,
        ] {
            assert_eq!(read(other), None, "{other}");
        }
        for wrong in [
            r#"{"audit": []}"#,
            r#"{"audit": null}"#,
            r#"{"audit": {"repair": true}}"#,
            r#"{"audit": {"after": "x"}}"#,
            r#"{"audit": {"after": 7}}"#,
        ] {
            let refused = read(wrong).unwrap().unwrap_err();
            assert!(refused.starts_with("audit: given "), "{wrong}: {refused}");
        }
    }
}
