//! `Custom::IamPreset`: a preset in an account, by one resource of a stack.

mod audit;
mod between;
mod decision;
mod foresight;
mod idle;
mod intent;
mod judge;
mod lacking;
mod late;
mod marked;
mod memory;
mod order;
mod power;
mod properties;
mod reasons;
mod release;
mod settings;
mod stack;
mod stacks;
mod task;
mod transition;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::select;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::cfn::{
    BODY_LIMIT, CustomResource, PROVIDER_VERSION, Progress, Request, RequestType, Success,
};
use crate::cloud::{Cloud, apply};
use crate::input::brief;
use crate::plan::conflict::{Conflict, explain, joined};
use crate::plan::{Change, Plan, plan};
use crate::preset::parameters::Value;
use crate::preset::{Branches, Wish, attributes, render};
use crate::reconcile::{Standing, Unfinished, Work, carry_out, look};
use crate::state::{Account, Id, Owner, Resource, State};
pub use audit::{Audit, Class, Finding, Grants, Repairs, Report, Unknown};
pub use between::{Between, between};
use decision::Decided;
pub use foresight::{Foreseen, Unforeseen, Wanted};
use intent::Intent;
use marked::Marked;
use order::Overtaken;
use properties::Properties;
pub use release::{Difference, difference};
pub use settings::Settings;
use stack::Stack;
use task::Task;
use transition::Transition;

/// The attributes of every preset, besides its own: whether the grants amount to administrator's
/// rights; the provider's release; the policies that other principals attached to the preset's
/// roles and groups; the preset's policies that its roles and groups lack, because they existed
/// before and are used as they are; the objects that a newer release changed.
pub const ATTRIBUTES: [&str; 5] = [
    "AdminEquivalent",
    PROVIDER_VERSION.0,
    "ForeignPolicies",
    "LackingPolicies",
    "ChangedByRelease",
];

/// The abandoned Create has ended after this number of consecutive reads without an object of the
/// resource. IAM may refuse the Create's calls for longer than one interval when many clients
/// write.
const QUIET: u32 = 3;

/// Looking at the account takes less. Where it takes longer, CloudFormation may have gone on
/// before anything is written.
const LONG_LOOK: Duration = Duration::from_secs(1);

/// The largest number of reads.
const LOOKS: u32 = 30;

/// The time from one look to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    /// Another delivery may be at work.
    OfADelivery,
    /// IAM's copies may lag.
    OfCopies,
}

/// The custom resource.
#[derive(Clone, Debug)]
pub struct IamPreset<C> {
    cloud: C,
    account: Account,
    settings: Settings,
    release: &'static str,
}

impl<C> IamPreset<C> {
    /// Serves one account, within its operator's settings.
    pub fn new(cloud: C, account: Account, settings: Settings) -> Self {
        IamPreset { cloud, account, settings, release: env!("CARGO_PKG_VERSION") }
    }

    /// Serves as another release would that has the same presets.
    pub fn with_release(self, release: &'static str) -> Self {
        IamPreset { release, ..self }
    }

    /// The prefix of the names of the provider's own objects.
    pub fn provider(&self) -> &str {
        self.settings.provider()
    }

    /// The part that reads and renders properties, and makes no call.
    fn without_cloud(&self) -> IamPreset<()> {
        let (account, settings) = (self.account.clone(), self.settings.clone());
        IamPreset { cloud: (), account, settings, release: self.release }
    }

    fn wish(&self, me: &Owner, properties: &Properties) -> Wish {
        Wish {
            account: self.account.clone(),
            owner: me.clone(),
            provider: self.settings.provider().to_owned(),
            edition: properties.edition,
            parameters: properties.parameters.clone(),
            path: properties.path.clone(),
            permissions_boundary: self.boundary(properties).cloned(),
            tags: properties.tags.clone(),
            max_session_duration: properties.max_session_duration,
        }
    }

    fn boundary<'a>(&'a self, properties: &'a Properties) -> Option<&'a String> {
        self.settings.permissions_boundary().or(properties.permissions_boundary.as_ref())
    }

    fn is_our_account(&self, request: &Request) -> bool {
        Account::from_arn(&request.stack_id).is_some_and(|stack| stack == self.account)
    }

    /// Refuses mistakes and values that the operator does not allow, all of them in one answer, so
    /// that a consumer corrects them together.
    fn allow(
        &self,
        me: &Owner,
        properties: &Properties,
        mistakes: Option<&String>,
    ) -> Result<(), String> {
        let (wish, preset) = (self.wish(me, properties), &properties.preset);
        let marked =
            |marks| Marked::new(preset, &wish, marks, |edition| self.settings.may_have(edition));
        let (admin, unbounded) = (marked(&preset.admin_equivalent), marked(&preset.unbounded));
        let mistakes = mistakes.into_iter().cloned();
        let refusals = self.settings.refusals(properties, &wish, &admin, &unbounded);
        let own = reasons::of_the_providers_own(properties, &wish);
        let (given, operators) =
            (properties.permissions_boundary.as_ref(), self.settings.permissions_boundary());
        let others = reasons::of_other_accounts(&self.account, given, operators);
        let refusals: Vec<String> = mistakes.chain(refusals).chain(own).chain(others).collect();
        if !refusals.is_empty() {
            return Err(refusals.join("; "));
        }
        for reason in &admin.reasons {
            warn!(preset = properties.name, reason, "amounts to administrator");
        }
        Ok(())
    }
}

impl<C: Cloud> CustomResource for IamPreset<C> {
    const RESOURCE_TYPE: &'static str = "Custom::IamPreset";

    fn physical_id(&self, request: &Request) -> String {
        let me = Owner::new(&request.stack_id, &request.logical_resource_id);
        let properties = request.properties.as_ref().ok();
        let properties = properties.and_then(|given| Properties::read(given, None).0);
        intent::physical_id(&me, request, properties.as_ref())
    }

    async fn handle(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        let begun = self.cloud.now();
        // Those of an earlier request are its own.
        drop(self.cloud.take_unfinished());
        let intent = Intent::read(kind, request, self.release)?;
        if !self.is_our_account(request) {
            return self.foreign_account(&intent, request);
        }
        let decided = self.decide(&intent, request, progress).await?;
        let success = self.answer(&intent, &decided, request)?;
        self.carry_out(&intent, decided, begun, progress).await?;
        Ok(success)
    }

    async fn go_on(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        self.settle_unfinished(kind, request, progress).await?;
        self.handle(kind, request, progress).await
    }
}

impl<C: Cloud> IamPreset<C> {
    /// The answer if all goes well, which has to fit before anything is written.
    fn answer(
        &self,
        intent: &Intent,
        decided: &Decided,
        request: &Request,
    ) -> Result<Success, String> {
        let Decided { task, observed, plan, further, overtaken: _, not_allowed: _ } = decided;
        let success = self.success(intent, task, observed, plan, further);
        match success.fits(request) {
            Ok(()) => Ok(success),
            Err(too_large) => {
                let of_list = self.longest_list(intent, task, &success, request);
                Err(of_list.unwrap_or(too_large))
            }
        }
    }

    /// Carries out the decided plan while the request counts, and undoes the changes that another
    /// delivery of the resource is still making.
    async fn carry_out(
        &self,
        intent: &Intent,
        decided: Decided,
        begun: Instant,
        progress: &Progress,
    ) -> Result<(), String> {
        let Decided { mut task, observed, plan, overtaken, not_allowed, further: _ } = decided;
        let closing = task.closing(&observed, &plan);
        let misses = intent.known_id.is_some() && task.misses(&observed);
        let standing = Standing::new(&self.cloud, &task.me, &intent.sent, &task.anchors, &observed);
        if self.cloud.now().duration_since(begun) >= LONG_LOOK {
            standing.doubt();
        }
        let wait = intent.wanted.as_ref().map(|wanted| wanted.wait_for_propagation);
        let wait = wait.unwrap_or_default();
        let requester = &Stack { provider: self.without_cloud(), intent };
        let work = Work { me: &task.me, scope: &task.scope, standing: &standing, wait, requester };
        let on_failure = task.transition.on_failure();
        // On the heap, because the compiler gives up on futures that are nested so deeply.
        let carried_out = carry_out(&self.cloud, &work, &task.desired, plan, on_failure, progress);
        let carried_out = Box::pin(carried_out).await;
        let lasts = task.transition == Transition::Delete && intent.known_id.is_none();
        match carried_out {
            Ok(()) => {}
            // The Create that is still at work may have put users into groups that no property
            // names. They are found by another search.
            Err(why) if lasts && task.scope.is_complete && progress.stopped().is_none() => {
                info!(reason = %why, "is tried again while the Create may be at work");
            }
            Err(why) => {
                let elsewhere = self.at_other_paths(&task.me, &task.desired, &why).await;
                let reasons = not_allowed.into_iter().chain(elsewhere).chain([why.to_string()]);
                return Err(reasons.collect::<Vec<_>>().join("; "));
            }
        }
        if lasts {
            self.outlast(intent, &mut task, Pause::OfADelivery, QUIET, progress).await?;
        } else if misses {
            self.outlast(intent, &mut task, Pause::OfCopies, 1, progress).await?;
        }
        if overtaken != Overtaken::Nothing {
            self.outlast(intent, &mut task, Pause::OfADelivery, 1, progress).await?;
        }
        if let Some(closing) = closing {
            apply(&self.cloud, &closing).await.map_err(|error| error.to_string())?;
            info!(change = %closing, "changed");
        }
        Ok(())
    }

    /// Nothing here is owned by a stack of another account.
    fn foreign_account(&self, intent: &Intent, request: &Request) -> Result<Success, String> {
        match intent.kind {
            RequestType::Delete => Ok(Success::default()),
            RequestType::Create | RequestType::Update => Err(format!(
                "ServiceToken: the stack `{}` is not in account {} and Region {}, which this function \
                 serves; take the ServiceToken of a provider in the stack's own account and Region",
                brief(&request.stack_id),
                self.account.id,
                self.account.region
            )),
        }
    }

    /// Where attributes are too large for an answer: the longest list, and how much of it fits.
    fn longest_list(
        &self,
        intent: &Intent,
        task: &Task,
        success: &Success,
        request: &Request,
    ) -> Option<String> {
        let wanted = intent.wanted.as_ref()?;
        let lists = wanted.parameters.iter().filter_map(|(name, value)| match value {
            Value::List(texts) => Some((name, texts)),
            Value::One(_) => None,
        });
        let (name, texts) = lists.max_by_key(|(_, texts)| texts.len())?;
        let wish = self.wish(&task.me, wanted);
        let fits = |number: &usize| {
            let mut wish = wish.clone();
            let some = texts.iter().take(*number).cloned().collect();
            wish.parameters.insert(name.clone(), Value::List(some));
            let state = render(wanted.preset, &wish, Branches::Chosen);
            let mut less = success.clone();
            less.data.extend(attributes(wanted.preset, &wish, &state));
            less.fits(request).is_ok()
        };
        let (given, numbers) = (texts.len(), (1..=texts.len()).collect::<Vec<usize>>());
        let most = numbers.partition_point(fits);
        (most > 0 && most < given).then(|| {
            format!(
                "Parameters.{name}: given {given} entries, and about {most} of them fit into one resource, \
                 since CloudFormation reads {BODY_LIMIT} bytes of an answer with its attributes; give the \
                 rest to a second stack"
            )
        })
    }

    /// For each policy that was not made because its name is taken, the path at which the account
    /// has one: IAM keeps a policy's name unique in the account, and a look goes by name and path.
    async fn at_other_paths(&self, me: &Owner, desired: &State, why: &Unfinished) -> Vec<String> {
        let taken = why.taken.iter().filter_map(|id| {
            let Resource::Policy(policy) = &desired.get(id)?.resource else { return None };
            Some((id.clone(), policy.path.clone()))
        });
        let taken: Vec<(Id, String)> = taken.collect();
        if taken.is_empty() {
            return Vec::new();
        }
        let paths = self.cloud.policy_paths().await.unwrap_or_else(|error| {
            warn!(%error, "whether a policy's name is taken at another path cannot be told");
            BTreeMap::new()
        });
        let elsewhere = taken.into_iter().filter_map(|(id, wanted)| {
            let found = paths.get(&id).filter(|found| **found != wanted)?.clone();
            Some(Conflict::Path { id, found, wanted, is_own: false })
        });
        explain(me, &elsewhere.collect::<Vec<_>>())
    }

    /// The answer if all goes well; known before anything is written.
    fn success(
        &self,
        intent: &Intent,
        task: &Task,
        observed: &State,
        plan: &Plan,
        further: &[String],
    ) -> Success {
        let Some(wanted) = &intent.wanted else { return Success::default() };
        let mut there = task.desired.clone();
        there.extend(plan.used_as_is.iter().filter_map(|id| observed.get(id)).cloned());
        let wish = self.wish(&task.me, wanted);
        let mut data = attributes(wanted.preset, &wish, &there);
        let admin = !further.is_empty() || !wish.admin_equivalent(wanted.preset).is_empty();
        let lacking = lacking::lacking(&task.desired, observed, plan);
        let values = [
            admin.to_string(),
            PROVIDER_VERSION.1.to_owned(),
            named(plan.foreign.iter()),
            named(lacking::policies(&lacking)),
            changed_by_release(intent, &task.me, plan),
        ];
        data.extend(ATTRIBUTES.map(str::to_owned).into_iter().zip(values));
        let physical_resource_id =
            (task.transition == Transition::Replace).then(|| intent.computed_id.clone());
        Success { physical_resource_id, data }
    }

    /// Undoes the changes of a Create or an Update that another process is still making, or that
    /// IAM did not show yet, until `enough` looks in a row find no new one. If the time ends before
    /// that, a Delete goes on looking after its answer.
    async fn outlast(
        &self,
        intent: &Intent,
        task: &mut Task,
        pause: Pause,
        enough: u32,
        progress: &Progress,
    ) -> Result<(), String> {
        let mut quiet = 0;
        let mut last = String::new();
        let mut changed: Vec<String> = Vec::new();
        for _ in 0..LOOKS {
            select! {
                biased;
                () = progress.until_stopped() => {}
                () = async {
                    match pause {
                        Pause::OfADelivery => self.cloud.wait().await,
                        Pause::OfCopies => self.cloud.wait_for_copies().await,
                    }
                } => {}
            }
            // Objects that the Delete's properties do not name are searched for by their marks
            // anew.
            let is_unnamed = task.transition == Transition::Delete && task.scope.is_complete;
            let looked = match is_unnamed {
                true => self.observe(intent, task, progress).await,
                false => look(&self.cloud, &task.scope, progress).await,
            };
            if progress.stopped().is_some() && last.is_empty() {
                return Ok(());
            }
            let observed = looked?;
            let plan = plan(&task.me, &task.scope, &task.desired, &observed)
                .map_err(|conflicts| explain(&task.me, &conflicts).join("; "))?;
            quiet = if plan.is_empty() { quiet + 1 } else { 0 };
            last = plan.to_string();
            changed = plan.changes().map(|change| change.id().in_words()).collect();
            let standing = Standing::none(&self.cloud);
            let (me, scope, wait) = (&task.me, &task.scope, Duration::ZERO);
            let work = Work { me, scope, standing: &standing, wait, requester: &() };
            let on_failure = task.transition.on_failure();
            let done = carry_out(&self.cloud, &work, &task.desired, plan, on_failure, progress);
            done.await.map_err(|why| why.to_string())?;
            if quiet == enough {
                return Ok(());
            }
        }
        Err(format!(
            "another request of the resource, or a person or program, goes on changing what this one takes back; try again when \
             it has ended. The last changed were {}",
            joined(&changed)
        ))
    }
}

fn named<'a>(ids: impl Iterator<Item = &'a Id>) -> String {
    ids.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Objects that another release of the provider made differently, as in `0.1.0: policy p, role r`.
/// The log has the differences.
fn changed_by_release(intent: &Intent, me: &Owner, plan: &Plan) -> String {
    let mut changed: BTreeMap<&str, Vec<&Id>> = BTreeMap::new();
    let ids: Vec<(Option<&str>, Id)> = plan.of_other_releases(me, &intent.release).collect();
    for change in plan.changes() {
        let Change::Update { before, after } = change else { continue };
        let id = after.resource.id();
        let Some((by, _)) = ids.iter().find(|(_, of)| *of == id) else { continue };
        let Difference { added, taken_away } = difference(&before.resource, &after.resource);
        let (added, taken_away) = (added.join("; "), taken_away.join("; "));
        info!(%id, release = by, added, taken_away, "is otherwise since another release");
    }
    for (release, id) in &ids {
        changed.entry(release.unwrap_or("an older release")).or_default().push(id);
    }
    let sentences =
        changed.into_iter().map(|(release, ids)| format!("{release}: {}", named(ids.into_iter())));
    sentences.collect::<Vec<_>>().join("; ")
}
