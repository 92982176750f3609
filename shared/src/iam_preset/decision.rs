//! The decision about a request, up to its first write: whether it is allowed, the observed state,
//! and the plan.
//!
//! Must not know: AWS's API.

use std::collections::BTreeSet;

use tracing::{info, warn};

use super::IamPreset;
use super::intent::Intent;
use super::memory::{self, Belief};
use super::order::{self, Overtaken};
use super::task::Task;
use super::{idle, lacking, reasons};
use crate::cfn::{Progress, Request, RequestType};
use crate::cloud::Cloud;
use crate::plan::conflict::Conflict;
use crate::plan::{Attachable, Change, Plan, Scope, plan};
use crate::reconcile::look;
use crate::state::{Id, Kind, State};

/// The decision about a request, made before its first write.
pub(super) struct Decided {
    pub task: Task,
    pub observed: State,
    pub plan: Plan,
    pub overtaken: Overtaken,
    /// Why it is not allowed, though it is let through because it grants nothing.
    pub not_allowed: Option<String>,
    /// Why existing objects already make administrators of the preset's users.
    pub further: Vec<String>,
}

impl<C: Cloud> IamPreset<C> {
    /// Everything up to the first write; nothing is changed.
    ///
    /// # Errors
    ///
    /// Why the request is refused, or the call that failed.
    pub(super) async fn decide(
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
        // An Update that grants nothing is let through: a stack has to return to its former state,
        // also where the operator would not allow that state any more.
        if let (RequestType::Create, Err(refusal)) = (intent.kind, &allowed) {
            return Err(refusal.clone());
        }
        let mut task = self.task(intent, request)?;
        let mut observed = self.observe(intent, &mut task, progress).await?;
        task.choose_anchor(intent, &observed);
        order::check(intent, &task, &observed)?;
        self.check_that_it_lives(&task, &observed).await?;
        let mut overtaken = order::overtaken(intent, &task, &observed);
        // An Update that Lambda delivers again writes no note: CloudFormation's events stop an
        // overtaken request. A stack that CloudFormation does not know has no events.
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
        // A user that the last request named, and that is still no member, is no news.
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

    /// Logs the values that have no effect, and returns why the request is refused if people are
    /// named who get nothing: that is a Create, or an Update that names them anew. A value that an
    /// older release accepted is never refused again, nor is a way back.
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

    /// Observes the objects of the request, and those under any other name where its properties may
    /// differ from the properties under which the objects were made.
    pub(super) async fn observe(
        &self,
        intent: &Intent,
        task: &mut Task,
        progress: &Progress,
    ) -> Result<State, String> {
        let mut observed = look(&self.cloud, &task.scope, progress).await?;
        if task.transition.is_fresh() {
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
            // Ordinary where CloudFormation's properties name the users that were given a policy.
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
            memory::widen(&task.me, &mut task.scope, found, &observed);
            task.scope.is_complete = true;
            observed = look(&self.cloud, &task.scope, progress).await?;
            if doubt.is_of_choices && memory::widen_to_holders(&task.me, &mut task.scope, &observed)
            {
                observed = look(&self.cloud, &task.scope, progress).await?;
            }
            if let (RequestType::Delete, Some(left)) = (intent.kind, &task.left) {
                memory::widen_to_members(&task.me, &mut task.scope, left, &named, &observed);
            }
            task.scope.past = &task.scope.ids - &named;
        }
        // While a stack lives, another life of the resource may be its present one, or the one that
        // it goes back to.
        if let (RequestType::Delete, Some(life)) = (intent.kind, &life)
            && memory::has_other_lives(&task.me, life, &observed)
            && !self.stack_goes(&task.me).await
        {
            task.scope.apart = memory::of_other_lives(&task.me, life, &named, &observed);
            task.scope.set_apart(&task.me, &mut observed);
        }
        Ok(observed)
    }

    /// Adds unnamed users that got one of the resource's policies from it: an overtaken delivery
    /// may have attached it, and the users' tags record it.
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
        let me = &task.me;
        if !seen.has_any_of(me) {
            return Ok(());
        }
        // Their other policies, AWS's own among them, are told by the users' marks alone.
        let found = self.cloud.find(me, &task.scope).await.map_err(|error| error.to_string())?;
        let claims = found.ids.into_iter().filter(|id| id.kind == Kind::UserAttachment);
        let ids: BTreeSet<Id> =
            claims.flat_map(|claim| claim.parent().into_iter().chain([claim])).collect();
        for id in &ids {
            // In the spelling in which IAM finds it.
            task.scope.ids.replace(id.clone());
        }
        let claimed = look(&self.cloud, &Scope { ids, ..task.scope.clone() }, progress).await?;
        let claimed = claimed.iter().filter(|(_, object)| object.owners.contains(me));
        observed.extend(claimed.map(|(_, object)| object.clone()));
        Ok(())
    }

    /// The plan. Its conflicts are examined once more: an owner may be gone, and a stack that rolls
    /// back cannot do better.
    pub(super) async fn plan(
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
        (task.scope.gone, task.scope.retained) = self.gone(&owners).await;
        let conflicts = first.as_ref().err().map(Vec::as_slice).unwrap_or_default();
        if conflicts.iter().any(Conflict::is_of_the_past) {
            task.scope.rolls_back =
                intent.kind == RequestType::Update && self.rolls_back(&task.me).await;
        }
        // IAM's default quotas are enough for most requests.
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

    /// A named user that is missing may exist in another case.
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

    /// How many managed policies one user, group or role holds here, or by default.
    async fn attachable(&self) -> Attachable {
        self.cloud.attachable().await.unwrap_or_else(|error| {
            warn!(%error, "the account's own quotas cannot be told");
            Attachable::default()
        })
    }
}

/// Logs the differences between the account and the stack's last state.
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
    let is_anothers = |link: &Id| {
        let holder = link.parent().filter(|holder| !task.scope.named.contains(holder));
        holder.is_some_and(|it| observed.contains(&it) && !observed.is_owned(&it, &task.me))
    };
    let detaches = |change: &&Change| {
        let id = change.id();
        let attaches = matches!(id.kind, Kind::RoleAttachment | Kind::GroupAttachment);
        matches!(change, Change::Delete(_)) && attaches && is_anothers(&id)
    };
    for lost in plan.changes().filter(detaches).map(Change::id) {
        warn!(%lost, "goes with its policy, from a role or group that has no mark of this resource any more");
    }
    for foreign in &plan.foreign {
        warn!(%foreign, "was attached by somebody else, and gives more than the preset");
    }
    // A refused Create leaves to its Delete objects that were never made.
    let has_own = observed.has_any_of(&task.me);
    let left = task.left.as_ref().filter(|_| has_own || !task.desired.is_empty());
    let drift = left.map(|left| self::plan(&task.me, &task.scope, left, observed));
    // The observed marks are those of the request that made the objects.
    let drift = drift.and_then(Result::ok).unwrap_or_default();
    let drift = Plan::of(drift.changes().filter(|change| change.is_of_content()).cloned());
    if !drift.is_empty() {
        warn!(drift = %drift, "was not as the last request of this resource left it");
    }
}
