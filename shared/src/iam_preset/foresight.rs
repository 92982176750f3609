//! A request's plan before the request is made, by the engine's own path up to its first write; and
//! the state that properties ask for, without any account.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::audit::{Finding, as_it_is, finding};
use super::intent::Intent;
use super::properties::Properties;
use super::{IamPreset, idle};
use crate::cfn::{Past, Progress, Request, RequestType};
use crate::cloud::Cloud;
use crate::json;
use crate::plan::Plan;
use crate::preset::{Branches, Edition, Preset, attributes, render};
use crate::state::{Owner, State, limits};

/// The state that properties ask for, independent of the account.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The preset's name.
    pub name: String,
    /// The preset.
    pub preset: &'static Preset,
    /// The edition.
    pub edition: Edition,
    /// The objects and links.
    pub state: State,
    /// The attributes for `Fn::GetAtt` that come of them.
    pub attributes: BTreeMap<String, String>,
    /// Why it amounts to administrator's rights, a sentence for each path; empty if it does not.
    pub admin_equivalent: Vec<String>,
    /// The properties whose value has no effect beside the other ones, as in
    /// `Parameters.BucketNames`.
    pub idle: Vec<String>,
}

/// The outcome of a request.
#[derive(Clone, Debug)]
pub struct Foreseen {
    /// The request type that CloudFormation would send.
    pub kind: RequestType,
    /// The preset's name; empty for a Delete whose properties name none.
    pub preset: String,
    /// The edition, where it is known.
    pub edition: Option<Edition>,
    /// The physical id that the resource would have afterwards.
    pub physical_id: String,
    /// The changes.
    pub plan: Plan,
    /// For an Update: the drift, as an audit finds it.
    pub findings: Vec<Finding>,
    /// The attributes of the answer; empty for a Delete.
    pub attributes: BTreeMap<String, String>,
    /// Why the wanted state, or a foreign attachment, amounts to administrator's rights.
    pub admin_equivalent: Vec<String>,
    /// Why this is not allowed, though it is let through because no principal gets power by it.
    pub not_allowed: Option<String>,
}

/// Why nothing is foreseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unforeseen {
    /// The request would be refused, in the words of its answer. A call that failed is one, too.
    Refused(String),
    /// CloudFormation is at work on the resource, or does not tell how it was made.
    Unknown(String),
}

impl Foreseen {
    /// True if there is no change, no blocker and no drift.
    pub fn is_nothing(&self) -> bool {
        self.plan.is_empty() && self.plan.left.is_empty() && self.findings.is_empty()
    }
}

impl<C> IamPreset<C> {
    /// Renders the properties of the resource `logical_id` in the stack `stack_id`.
    ///
    /// # Errors
    ///
    /// A sentence for each mistake in the properties, in the words of a refused Create: unknown
    /// names, values of another form, broken limits of IAM.
    pub fn wanted(
        &self,
        stack_id: &str,
        logical_id: &str,
        given: &Map<String, Value>,
    ) -> Result<Wanted, Vec<String>> {
        let me = Owner::new(stack_id, logical_id);
        let (properties, mut problems) = Properties::read(given, None);
        let Some(properties) = properties.filter(|_| problems.is_empty()) else {
            return Err(problems);
        };
        let wish = self.wish(&me, &properties);
        let state = render(properties.preset, &wish, Branches::Chosen);
        problems.extend(limits::check(&state));
        if !problems.is_empty() {
            return Err(problems);
        }
        let idle = idle::find(&properties, &wish).into_iter().map(|idle| idle.property);
        Ok(Wanted {
            attributes: attributes(properties.preset, &wish, &state),
            admin_equivalent: wish.admin_equivalent(properties.preset),
            idle: idle.collect(),
            state,
            edition: properties.edition,
            preset: properties.preset,
            name: properties.name,
        })
    }
}

impl<C: Cloud> IamPreset<C> {
    /// Foresees a Create.
    ///
    /// # Errors
    ///
    /// Why it would be refused, or the call that failed.
    pub async fn foresee_create(
        &self,
        stack_id: &str,
        logical_id: &str,
        properties: Map<String, Value>,
        progress: &Progress,
    ) -> Result<Foreseen, Unforeseen> {
        let request = Request {
            request_type: "Create".into(),
            physical_resource_id: None,
            properties: Ok(properties),
            old_properties: Map::new(),
            ..nobodys(stack_id, logical_id)
        };
        self.foresee(RequestType::Create, &request, progress).await.map_err(Unforeseen::Refused)
    }

    /// Foresees an Update of a resource with its present properties, or its Delete. The properties
    /// are those of the stack's newest completed event.
    ///
    /// # Errors
    ///
    /// CloudFormation is at work on it, or cannot tell how it was made; why the request would be
    /// refused; or the call that failed.
    pub async fn foresee_next(
        &self,
        kind: RequestType,
        stack_id: &str,
        logical_id: &str,
        progress: &Progress,
    ) -> Result<Foreseen, Unforeseen> {
        let (physical_id, properties) = self.last_made(stack_id, logical_id).await?;
        let update = as_it_is(stack_id, logical_id, &physical_id, properties);
        let request = match kind {
            RequestType::Delete => {
                Request { request_type: "Delete".into(), old_properties: Map::new(), ..update }
            }
            RequestType::Create | RequestType::Update => update,
        };
        self.foresee(kind, &request, progress).await.map_err(Unforeseen::Refused)
    }

    /// The state that the stack's newest completed event of the resource asks for.
    ///
    /// # Errors
    ///
    /// CloudFormation is at work on it, or cannot tell how it was made; this release takes its
    /// properties no more.
    pub async fn made(&self, stack_id: &str, logical_id: &str) -> Result<Wanted, Unforeseen> {
        let (_, properties) = self.last_made(stack_id, logical_id).await?;
        let wanted = self.wanted(stack_id, logical_id, &properties);
        wanted.map_err(|problems| Unforeseen::Refused(problems.join("; ")))
    }

    /// The physical id and the properties of the stack's newest completed event.
    async fn last_made(
        &self,
        stack_id: &str,
        logical_id: &str,
    ) -> Result<(String, Map<String, Value>), Unforeseen> {
        let unknown = |why: &str| Err(Unforeseen::Unknown(why.to_owned()));
        let past = self.cloud.past(stack_id, logical_id).await;
        let past = past.map_err(|error| Unforeseen::Unknown(error.to_string()))?;
        let (physical_id, properties) = match past {
            Past::Completed { physical_id, properties } => (physical_id, properties),
            Past::InProgress(status) => {
                return unknown(&format!(
                    "CloudFormation is at work on it, {status}: ask again later"
                ));
            }
            Past::Gone => return unknown("its stack is gone, or has deleted or retained it"),
            Past::Unknown(why) => return unknown(&why),
        };
        let Ok(Value::Object(properties)) = json::read(&properties) else {
            return unknown("the event's properties cannot be read");
        };
        Ok((physical_id, properties))
    }

    async fn foresee(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Foreseen, String> {
        let intent = Intent::read(kind, request, self.release)?;
        if !self.is_our_account(request) {
            return self.foreign_account(&intent, request).and(Err(
                "the stack is in another account or Region than the credentials".to_owned(),
            ));
        }
        let decided = self.decide(&intent, request, progress).await?;
        let (task, plan) = (&decided.task, &decided.plan);
        let success = self.success(&intent, task, &decided.observed, plan, &decided.further);
        success.fits(request)?;
        let findings = match kind {
            RequestType::Update => {
                let mut findings = finding::of_plan(plan);
                findings.extend(finding::members(&task.me, &task.desired, &decided.observed));
                findings
            }
            RequestType::Create | RequestType::Delete => Vec::new(),
        };
        let known = intent.wanted.as_ref().or(intent.earlier.as_ref());
        let mut admin_equivalent = match &intent.wanted {
            Some(wanted) => self.wish(&task.me, wanted).admin_equivalent(wanted.preset),
            None => Vec::new(),
        };
        admin_equivalent.extend(decided.further);
        let given = success.physical_resource_id.or(intent.known_id.clone());
        Ok(Foreseen {
            kind,
            preset: known.map(|it| it.name.clone()).unwrap_or_default(),
            edition: known.map(|it| it.edition),
            physical_id: given.unwrap_or_else(|| intent.computed_id.clone()),
            plan: decided.plan,
            findings,
            attributes: success.data,
            admin_equivalent,
            not_allowed: decided.not_allowed,
        })
    }
}

/// A request that is never answered, since CloudFormation did not send it.
fn nobodys(stack_id: &str, logical_id: &str) -> Request {
    as_it_is(stack_id, logical_id, "", Map::new())
}
