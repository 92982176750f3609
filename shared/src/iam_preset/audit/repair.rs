//! Repairing the drift that an audit found, where the operator wants that.
//!
//! A repair is the Update with unchanged properties, carried out: a reason to refuse that Update,
//! for example a setting that the operator changed since, refuses the repair.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use tokio::select;
use tokio::time::{Instant, sleep_until};
use tracing::{Instrument, info_span};

use super::finding::Class;
use crate::cfn::{CustomResource, Past, Progress, Request, RequestType};
use crate::cloud::Cloud;
use crate::iam_preset::IamPreset;

/// Kept back for the writes that are on their way when the time ends.
const LAST: Duration = Duration::from_secs(12);
/// A repair that has less time is left to the next audit.
const LEAST: Duration = Duration::from_secs(20);

/// Which differences an audit puts right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repairs(BTreeSet<Class>);

impl Repairs {
    /// No difference: an audit changes nothing.
    pub fn none() -> Self {
        Repairs::default()
    }

    /// The classes of drift that audits repair by the operator's settings; `None` if there are to
    /// be no audits.
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `AUDIT` | `report`: an event that asks for an audit is served; `repair`: drift is repaired as well |
    /// | `AUDIT_REPAIRS` | the repaired classes: `changed`, `missing`, `added`, with commas between them |
    ///
    /// # Errors
    ///
    /// A word that is no class.
    pub fn of<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Option<Result<Self, String>> {
        match variable("AUDIT") {
            Some("report") => Some(Ok(Repairs::none())),
            Some("repair") => {
                let repairs = Repairs::read(variable("AUDIT_REPAIRS").unwrap_or_default());
                Some(repairs.map_err(|problem| format!("AuditRepairs: {problem}")))
            }
            Some(_) | None => None,
        }
    }

    /// Reads classes with commas between them, as in `changed,missing`.
    ///
    /// # Errors
    ///
    /// A word that is no class.
    pub fn read(text: &str) -> Result<Self, String> {
        let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
        words.map(Class::read).collect::<Result<_, _>>().map(Repairs)
    }
}

/// The Update with unchanged properties, and the classes of drift that it would repair.
pub(super) struct Update {
    pub request: Request,
    pub classes: BTreeSet<Class>,
    /// How CloudFormation knows the resource.
    pub past: Past,
}

impl Update {
    /// True if there is something to put right, all of which the operator wants put right: half a
    /// repair would leave a state that no stack has asked for.
    pub(super) fn is_wanted(&self, repairs: &Repairs) -> bool {
        !self.classes.is_empty() && self.classes.is_subset(&repairs.0)
    }
}

/// Why a stack is left alone.
const AT_WORK: &str = "CloudFormation is at work on the stack";

impl<C: Cloud> IamPreset<C> {
    /// Carries the Update out, unless CloudFormation is at work on the stack.
    ///
    /// # Errors
    ///
    /// Why it was not carried out, or not whole.
    pub(super) async fn repair(&self, update: &Update, progress: &Progress) -> Result<(), String> {
        let end = progress.deadline().and_then(|end| end.checked_sub(LAST));
        if end.is_some_and(|end| end.saturating_duration_since(Instant::now()) < LEAST) {
            return Err("too little time is left; the next audit repairs it".to_owned());
        }
        if !self.is_at_rest(update).await {
            return Err(AT_WORK.to_owned());
        }
        let work = progress.of_a_part();
        let watch = work.watch();
        let over = async {
            match end {
                Some(end) => sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        let mut over = pin!(over);
        // The log names the resource beside each change.
        let span = info_span!(
            "request",
            request_type = "Update",
            stack_id = update.request.stack_id,
            logical_resource_id = update.request.logical_resource_id,
            request_id = update.request.request_id,
        );
        let handled = self.handle(RequestType::Update, &update.request, &work).instrument(span);
        let mut handled = Box::pin(handled);
        loop {
            select! {
                biased;
                done = &mut handled => return done.map(drop),
                () = watch.until_asked() => {
                    if !self.is_at_rest(update).await {
                        work.supersede(AT_WORK);
                    }
                    watch.tell();
                }
                () = &mut over, if work.stopped().is_none() => {
                    work.stop("the time of the audit is over");
                }
            }
        }
    }

    /// True if CloudFormation has not asked for anything since the audit looked.
    async fn is_at_rest(&self, Update { request, past, .. }: &Update) -> bool {
        let now = self.cloud.past(&request.stack_id, &request.logical_resource_id).await;
        now.is_ok_and(|now| now == *past)
    }
}
