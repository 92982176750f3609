//! `Custom::IamPreset`: a preset in an account, by one resource of a stack.

mod audit;
mod between;
mod foresight;
mod idle;
mod intent;
mod judge;
mod lacking;
mod marked;
mod memory;
mod order;
mod power;
mod properties;
mod reasons;
mod release;
mod settings;
mod stacks;
mod task;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::select;
use tracing::{info, warn};

use crate::cfn::value::brief;
use crate::cfn::{
    BODY_LIMIT, CustomResource, PROVIDER_VERSION, Progress, Request, RequestType, Success,
};
use crate::cloud::Cloud;
use crate::plan::conflict::{Conflict, explain, joined};
use crate::plan::{Attachable, Change, Plan, Scope, plan};
use crate::preset::parameters::Value;
use crate::preset::{Branches, Wish, attributes, render};
use crate::reconcile::{Standing, Work, carry_out, look};
use crate::state::{Account, Id, Object, Owner, Resource, State};
pub use audit::{Audit, Class, Finding, Grants, Repairs, Report, Unknown};
pub use between::{Between, between};
pub use foresight::{Foreseen, Unforeseen, Wanted};
use intent::Intent;
use marked::Marked;
use memory::Belief;
use order::Overtaken;
use properties::Properties;
use reasons::Reasons;
pub use release::{Difference, difference};
pub use settings::Settings;
use task::Task;

/// The attribute that says whether what was granted amounts to administrator's rights.
const ADMIN_EQUIVALENT: &str = "AdminEquivalent";

/// The attribute that names the policies that somebody else attached to the preset's roles and
/// groups.
const FOREIGN_POLICIES: &str = "ForeignPolicies";

/// The attribute that names the policies of the preset that its roles and groups lack because they were
/// there before and are used as they are.
const LACKING_POLICIES: &str = "LackingPolicies";

/// The attribute that says which objects a newer release of the provider changed.
const CHANGED_BY_RELEASE: &str = "ChangedByRelease";

/// So many looks in a row that find nothing of ours: the Create that was given up has ended. IAM
/// may refuse it for longer than the moment between two looks when many write at once.
const QUIET: u32 = 3;

/// Looking at the account takes less. Where it takes longer, CloudFormation may have gone on
/// before anything is written.
const LONG_LOOK: Duration = Duration::from_secs(1);

/// So many looks at most.
const LOOKS: u32 = 30;

/// The custom resource.
#[derive(Clone, Debug)]
pub struct IamPreset<C> {
    cloud: C,
    account: Account,
    settings: Settings,
    release: &'static str,
}

impl<C> IamPreset<C> {
    /// Serves one account, with open settings.
    pub fn new(cloud: C, account: Account) -> Self {
        let settings = Settings::open();
        IamPreset { cloud, account, settings, release: env!("CARGO_PKG_VERSION") }
    }

    /// Serves as another release would that has the same presets.
    pub fn with_release(self, release: &'static str) -> Self {
        IamPreset { release, ..self }
    }

    /// Serves within what its operator allows.
    pub fn with_settings(self, settings: Settings) -> Self {
        IamPreset { settings, ..self }
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

    /// Refuses mistakes and what the operator does not let this consumer have, all at once: who
    /// corrects the one does not run into the other.
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
        let intent = Intent::read(kind, request, self.release)?;
        if !self.is_our_account(request) {
            return self.foreign_account(&intent, request);
        }
        let decided = self.decide(&intent, request, progress).await?;
        let Decided { task, observed, plan, overtaken, not_allowed, further } = decided;
        let success = self.success(&intent, &task, &observed, &plan, &further);
        if let Err(too_large) = success.fits(request) {
            let of_list = self.longest_list(&intent, &task, &success, request);
            return Err(of_list.unwrap_or(too_large));
        }
        let closing = task.closing(&observed, &plan);
        let standing = Standing::new(&self.cloud, &task.me, &intent.sent, &task.anchors, &observed);
        if self.cloud.now().duration_since(begun) >= LONG_LOOK {
            standing.doubt();
        }
        let wait = intent.wanted.as_ref().map(|wanted| wanted.wait_for_propagation);
        let wait = wait.unwrap_or_default();
        let words = &Reasons { settings: &self.settings, intent: &intent };
        let work = Work { me: &task.me, scope: &task.scope, standing: &standing, wait, words };
        // On the heap, because the compiler gives up on futures that are nested so deeply.
        let carried_out =
            carry_out(&self.cloud, &work, &task.desired, plan, task.on_failure, progress);
        if let Err(reason) = Box::pin(carried_out).await {
            let reason = self.with_other_paths(&task.me, &task.desired, reason).await;
            return Err(not_allowed.into_iter().chain([reason]).collect::<Vec<_>>().join("; "));
        }
        if kind == RequestType::Delete && intent.known_id.is_none() {
            self.outlast(&task, QUIET, progress).await?;
        }
        if overtaken != Overtaken::Nothing {
            self.outlast(&task, 1, progress).await?;
        }
        if let Some(closing) = closing {
            self.cloud.apply(&closing).await.map_err(|error| error.to_string())?;
            info!(change = %closing, "changed");
        }
        Ok(success)
    }
}

/// What a request comes to, known before its first write.
struct Decided {
    task: Task,
    observed: State,
    plan: Plan,
    overtaken: Overtaken,
    /// Why it is not allowed, though it is let through because nobody gets anything by it.
    not_allowed: Option<String>,
    /// Why what was there already makes administrators of those who get the preset.
    further: Vec<String>,
}

impl<C: Cloud> IamPreset<C> {
    /// Everything up to the first write; nothing is changed.
    ///
    /// # Errors
    ///
    /// Why the request is refused, or the call that failed.
    async fn decide(
        &self,
        intent: &Intent,
        request: &Request,
        progress: &Progress,
    ) -> Result<Decided, String> {
        let allowed = match &intent.wanted {
            Some(wanted) => self.allow(&intent.me, wanted, intent.mistakes.as_ref()),
            None => Ok(()),
        };
        let idle = self.idle(intent, &allowed).await;
        let allowed = match (intent.kind, idle) {
            (RequestType::Update, Some(refusal)) => return Err(refusal),
            (_, Some(refusal)) => {
                Err(allowed.err().map_or(refusal.clone(), |it| format!("{it}; {refusal}")))
            }
            (_, None) => allowed,
        };
        // An Update that gives nothing is let through: a stack has to find its way back to what
        // it had, also where the operator would not allow that any more.
        if let (RequestType::Create, Err(refusal)) = (intent.kind, &allowed) {
            return Err(refusal.clone());
        }
        let mut task = self.task(intent, request)?;
        let mut observed = self.observe(intent, &mut task, progress).await?;
        task.choose_anchor(intent, &observed);
        order::check(intent, &task, &observed)?;
        self.check_that_it_lives(intent, &task, &observed).await?;
        let mut overtaken = order::overtaken(intent, &task, &observed);
        // An Update that Lambda delivers again writes nothing: CloudFormation's events stop what it
        // is told of. Of a stack that CloudFormation does not know there are none.
        let is_noted = match overtaken {
            Overtaken::Nothing => false,
            Overtaken::Unbegun => self.is_unknown(&task.me).await,
            Overtaken::Begun => true,
        };
        if is_noted {
            order::note(intent, &mut task);
        }
        let mut planned = self.plan(intent, &mut task, &mut observed).await;
        if let Err(refusal) = planned.as_ref().and(allowed.as_ref())
            && (task.last_did_nothing || task.last_was_refused(&observed))
            && self.rolls_back(&task.me).await
        {
            warn!(refusal, "the Update did nothing, so that its rollback has nothing to do");
            planned = Ok(Plan::default());
            overtaken = Overtaken::Nothing;
        }
        // Properties that an older release took come back in a rollback only.
        let is_rollback = intent.mistakes.is_some() && self.rolls_back(&task.me).await;
        let harmless = |plan: &Plan| match intent.mistakes {
            Some(_) => is_rollback && !plan.changes().any(Change::is_of_content),
            None => plan.gives_nothing(),
        };
        let mut not_allowed = None;
        let plan = match (planned, allowed) {
            (Ok(plan), Ok(())) => plan,
            (Ok(plan), Err(refusal)) if harmless(&plan) => {
                warn!(refusal, "is let through: nobody gets anything by it");
                not_allowed = Some(refusal);
                plan
            }
            (_, Err(refusal)) => return Err(refusal),
            (Err(conflicts), Ok(_)) => return Err(conflicts),
        };
        info!(changes = plan.len(), plan = %plan, "plan");
        report(&task, &observed, &plan);
        let lacking = lacking::lacking(&task.desired, &observed, &plan);
        // Who was named before, and was not put in, is no news.
        let is_new = |id: &&Id| task.left.as_ref().is_none_or(|left| !left.contains(id));
        let newly_lacking = lacking.iter().filter(is_new).cloned().collect();
        if let Some(wanted) = &intent.wanted
            && let refusals = lacking::members(wanted, &newly_lacking)
            && !refusals.is_empty()
            && !self.rolls_back(&task.me).await
        {
            return Err(refusals.join("; "));
        }
        let refusals = reasons::of_foreign_boundaries(&task, &observed);
        if !refusals.is_empty() && !self.rolls_back(&task.me).await {
            return Err(refusals.join("; "));
        }
        let further = self.further_power(intent, &task, &observed, &plan, progress).await?;
        Ok(Decided { task, observed, plan, overtaken, not_allowed, further })
    }

    /// Says in the log which values have no effect, and why the request is refused if people are
    /// named who get nothing: that is a Create, or an Update that names them anew. What an older
    /// release took is never refused again, nor is a way back.
    async fn idle(&self, intent: &Intent, allowed: &Result<(), String>) -> Option<String> {
        let wanted = intent.wanted.as_ref().filter(|_| intent.mistakes.is_none())?;
        let mut refusals = Vec::new();
        for idle in idle::find(wanted, &self.wish(&intent.me, wanted)) {
            let is_as_before = |name: &String| {
                let earlier = intent.earlier.as_ref().filter(|_| !intent.earlier_is_doubtful);
                earlier.is_none_or(|it| it.parameters.get(name) == wanted.parameters.get(name))
            };
            let is_new = |name: &String| match intent.kind {
                RequestType::Create => true,
                RequestType::Update => allowed.is_ok() && !is_as_before(name),
                RequestType::Delete => false,
            };
            if idle.people.as_ref().is_some_and(is_new) {
                refusals.push(idle.refusal());
            } else if allowed.is_ok() {
                warn!(property = idle.property, given = idle.given, "has no effect");
            }
        }
        if refusals.is_empty()
            || intent.kind == RequestType::Update && !self.goes_forward(&intent.me).await
        {
            return None;
        }
        Some(refusals.join("; "))
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

    /// What is there of what the request is about; under whatever name, where its properties may
    /// not be those under which things were made.
    async fn observe(
        &self,
        intent: &Intent,
        task: &mut Task,
        progress: &Progress,
    ) -> Result<State, String> {
        let mut observed = look(&self.cloud, &task.scope, progress).await?;
        if intent.kind == RequestType::Create || task.is_replacement {
            return Ok(observed);
        }
        if task.finds_its_choices(&observed) {
            task.forget_the_last();
        }
        self.find_claims(task, &mut observed, progress).await?;
        let life = intent.life();
        let names: Vec<String> =
            [&task.choice, &task.former_choice].into_iter().flatten().cloned().collect();
        let belief = Belief {
            life: life.as_deref(),
            left: task.left.as_ref(),
            names: &names,
            gives_the_id: intent.earlier_gives_the_id(),
            release: &intent.release,
        };
        let named = task.scope.ids.clone();
        if let Some(doubt) = memory::doubt(&task.me, &belief, &observed) {
            // Ordinary where CloudFormation's properties say who was given something.
            if doubt.is_of_choices {
                warn!(
                    why = doubt.why,
                    "looks at everything in the account for what this stack made"
                );
            } else {
                info!(
                    why = doubt.why,
                    "looks at everything in the account for what this stack made"
                );
            }
            progress.note("looking for everything that this resource made, under any name");
            if doubt.is_of_choices {
                task.scope.given = None;
            }
            let found = self.cloud.find(&task.me, &task.scope).await;
            let found = found.map_err(|error| error.to_string())?;
            memory::widen(&mut task.scope, found, &observed);
            task.scope.is_complete = true;
            observed = look(&self.cloud, &task.scope, progress).await?;
            if doubt.is_of_choices && memory::widen_to_holders(&task.me, &mut task.scope, &observed)
            {
                observed = look(&self.cloud, &task.scope, progress).await?;
            }
            task.scope.past = &task.scope.ids - &named;
        }
        // While a stack lives, another life of the resource may be what it has, or goes back to.
        if let (RequestType::Delete, Some(life)) = (intent.kind, &life)
            && memory::has_other_lives(&task.me, life, &observed)
            && !self.stack_goes(&task.me).await
        {
            task.scope.apart = memory::of_other_lives(&task.me, life, &named, &observed);
            task.scope.set_apart(&task.me, &mut observed);
        }
        Ok(observed)
    }

    /// Adds the users who got one of the resource's policies from it and are not named: a delivery
    /// that was overtaken may have given it to them, and their tags say so.
    async fn find_claims(
        &self,
        task: &mut Task,
        observed: &mut State,
        progress: &Progress,
    ) -> Result<(), String> {
        let ids = memory::unnamed_users(&task.me, observed);
        if ids.is_empty() {
            return Ok(());
        }
        let seen = look(&self.cloud, &Scope { ids, ..task.scope.clone() }, progress).await?;
        let is_claimed = |object: &&Object| object.owners.contains(&task.me);
        for (id, object) in seen.iter().filter(|(_, object)| is_claimed(object)) {
            for id in id.parent().into_iter().chain([id.clone()]) {
                // In the spelling in which IAM finds it.
                task.scope.ids.replace(id);
            }
            observed.insert(object.clone());
        }
        Ok(())
    }

    /// The plan, after a second thought on what stands in its way: an owner may be gone, and a
    /// stack that rolls back cannot do better.
    async fn plan(
        &self,
        intent: &Intent,
        task: &mut Task,
        observed: &mut State,
    ) -> Result<Plan, String> {
        let first = plan(&task.me, &task.scope, &task.desired, observed);
        let owners = match &first {
            Ok(plan) => plan.co_owners(&task.me),
            Err(conflicts) => conflicts.iter().flat_map(Conflict::owners).cloned().collect(),
        };
        task.scope.gone = self.gone(&owners).await;
        let conflicts = first.as_ref().err().map(Vec::as_slice).unwrap_or_default();
        if conflicts.iter().any(Conflict::is_of_the_past) {
            task.scope.rolls_back =
                intent.kind == RequestType::Update && self.rolls_back(&task.me).await;
        }
        // What an ordinary account attaches is enough for most.
        let is_full = conflicts.iter().any(|it| matches!(it, Conflict::Full { .. }));
        if is_full {
            task.scope.attachable = self.attachable().await;
        }
        let second = if task.scope.gone.is_empty() && !task.scope.rolls_back && !is_full {
            first
        } else {
            plan(&task.me, &task.scope, &task.desired, observed)
        };
        let conflicts = match second {
            Ok(plan) => return Ok(plan),
            Err(conflicts) => self.as_spelled(conflicts).await,
        };
        let wish = intent.wanted.as_ref().map(|wanted| (wanted, self.wish(&task.me, wanted)));
        let wanted = wish.as_ref().map(|(wanted, wish)| (*wanted, wish));
        Err(reasons::of_conflicts(&task.me, wanted, &task.desired, conflicts))
    }

    /// Who is named and not there may be there in another case.
    async fn as_spelled(&self, mut conflicts: Vec<Conflict>) -> Vec<Conflict> {
        if !conflicts.iter().any(|it| matches!(it, Conflict::Missing(_))) {
            return conflicts;
        }
        let names = self.cloud.names().await.unwrap_or_else(|error| {
            warn!(%error, "whether a name is there in another case cannot be told");
            BTreeSet::new()
        });
        for conflict in &mut conflicts {
            if let Conflict::Missing(id) = conflict
                && let Some(there) = names.get(id).filter(|there| there.name != id.name)
            {
                *conflict = Conflict::Spelled { id: id.clone(), found: there.name.clone() };
            }
        }
        conflicts
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

    /// Adds to the reason of a failed CreatePolicy the path at which a policy of that name exists:
    /// IAM keeps a policy's name unique in the account, and a look goes by name and path.
    async fn with_other_paths(&self, me: &Owner, desired: &State, reason: String) -> String {
        if !reason.contains("EntityAlreadyExists") {
            return reason;
        }
        let made = desired.iter().filter_map(|(id, object)| {
            let Resource::Policy(policy) = &object.resource else { return None };
            Some((id.clone(), policy.path.clone()))
        });
        let paths = self.cloud.policy_paths().await.unwrap_or_else(|error| {
            warn!(%error, "whether a policy's name is taken at another path cannot be told");
            BTreeMap::new()
        });
        let elsewhere = made.filter_map(|(id, wanted)| {
            let found = paths.get(&id).filter(|found| **found != wanted)?.clone();
            Some(Conflict::Path { id, found, wanted, is_own: false })
        });
        let said = explain(me, &elsewhere.collect::<Vec<_>>());
        said.into_iter().chain([reason]).collect::<Vec<_>>().join("; ")
    }

    /// How many managed policies one user, group or role holds here, or by default.
    async fn attachable(&self) -> Attachable {
        self.cloud.attachable().await.unwrap_or_else(|error| {
            warn!(%error, "the account's own quotas cannot be told");
            Attachable::default()
        })
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
        data.insert(ADMIN_EQUIVALENT.to_owned(), admin.to_string());
        data.insert(PROVIDER_VERSION.0.to_owned(), PROVIDER_VERSION.1.to_owned());
        data.insert(FOREIGN_POLICIES.to_owned(), named(plan.foreign.iter()));
        let lacking = lacking::lacking(&task.desired, observed, plan);
        data.insert(LACKING_POLICIES.to_owned(), named(lacking::policies(&lacking)));
        data.insert(CHANGED_BY_RELEASE.to_owned(), changed_by_release(intent, &task.me, plan));
        let physical_resource_id = task.is_replacement.then(|| intent.computed_id.clone());
        Success { physical_resource_id, data }
    }

    /// Undoes the changes of a Create or an Update that another process is still making, until
    /// `enough` looks in a row find no new one. If the time ends before that, a Delete goes on
    /// looking after its answer.
    async fn outlast(&self, task: &Task, enough: u32, progress: &Progress) -> Result<(), String> {
        let mut quiet = 0;
        let mut last = String::new();
        let mut changed: Vec<String> = Vec::new();
        for _ in 0..LOOKS {
            select! {
                biased;
                () = progress.until_stopped() => {}
                () = self.cloud.wait() => {}
            }
            let looked = look(&self.cloud, &task.scope, progress).await;
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
            let work = Work { me, scope, standing: &standing, wait, words: &() };
            carry_out(&self.cloud, &work, &task.desired, plan, task.on_failure, progress).await?;
            if quiet == enough {
                return Ok(());
            }
        }
        Err(format!(
            "another request of the resource goes on changing what this one takes back; try again when \
             it has ended. The last changed were {}",
            joined(&changed)
        ))
    }
}

/// Says in the log what is not as the stack has it.
fn report(task: &Task, observed: &State, plan: &Plan) {
    for missing in &plan.missing {
        warn!(%missing, "is named and exists no more; nothing is given to it or taken from it");
    }
    for left in &plan.left {
        warn!(left, "was made under former names, and goes when nobody uses it");
    }
    for lacking in lacking::lacking(&task.desired, observed, plan) {
        warn!(%lacking, "is not given to what is used as it is");
    }
    for foreign in &plan.foreign {
        warn!(%foreign, "was attached by somebody else, and gives more than the preset");
    }
    // What a refused Create leaves to its Delete was never made.
    let has_own = observed.iter().any(|(_, object)| object.owners.contains(&task.me));
    let left = task.left.as_ref().filter(|_| has_own || !task.desired.is_empty());
    let drift = left.map(|left| self::plan(&task.me, &task.scope, left, observed));
    // The marks of what is there are those of the request that made it.
    let drift = drift.and_then(Result::ok).unwrap_or_default();
    let drift = Plan::of(drift.changes().filter(|change| change.is_of_content()).cloned());
    if !drift.is_empty() {
        warn!(drift = %drift, "was not as the last request of this resource left it");
    }
}

fn named<'a>(ids: impl Iterator<Item = &'a Id>) -> String {
    ids.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What another release of the provider made otherwise, as in `0.1.0: policy p, role r`. How it
/// differs is said in the log.
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
