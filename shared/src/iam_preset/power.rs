//! Roles, groups and policies that exist already and add power to a stack's users: the judge reads
//! them, and the request is refused unless operator and stack accept administrators.

use std::collections::{BTreeMap, BTreeSet};

use tracing::warn;

use super::intent::Intent;
use super::task::Task;
use super::{IamPreset, judge, named};
use crate::cfn::Progress;
use crate::cloud::Cloud;
use crate::plan::{Plan, Scope};
use crate::preset::lint::Judge;
use crate::reconcile::look;
use crate::state::{Id, Kind, State};

impl<C: Cloud> IamPreset<C> {
    /// Why existing objects already make administrators of the preset's users: adopted roles and
    /// groups, passed roles that no preset made, and foreign attachments to the preset's own roles
    /// and groups.
    ///
    /// # Errors
    ///
    /// The operator or the stack does not want that.
    pub(super) async fn further_power(
        &self,
        intent: &Intent,
        task: &Task,
        observed: &State,
        plan: &Plan,
        progress: &Progress,
    ) -> Result<Vec<String>, String> {
        let Some(wanted) = &intent.wanted else { return Ok(Vec::new()) };
        let wish = self.wish(&task.me, wanted);
        let is_said = !wish.admin_equivalent(wanted.preset).is_empty();
        // Administrator's rights that the preset discloses are accepted by operator and stack
        // already.
        if is_said && plan.foreign.is_empty() {
            return Ok(Vec::new());
        }
        let there = self.passed_roles(task, observed, is_said, progress).await?;
        let holders = plan.used_as_is.iter().map(|id| (id, observed));
        let holders =
            holders.chain(there.ids().filter(|id| id.kind == Kind::Role).map(|id| (id, &there)));
        let mut further: Vec<(Id, Vec<Id>, &State)> = holders
            .map(|(id, state)| (id.clone(), judge::further(id, state, &task.desired), state))
            .collect();
        let mut foreign: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
        for id in &plan.foreign {
            if let Some(holder) = id.parent() {
                foreign.entry(holder).or_default().push(id.clone());
            }
        }
        further.extend(foreign.into_iter().map(|(holder, links)| (holder, links, observed)));
        further.retain(|(_, links, _)| !links.is_empty());
        if further.is_empty() {
            return Ok(Vec::new());
        }
        let of_preset = further.iter().flat_map(|(holder, ..)| judge::links(holder, &task.desired));
        let all = further.iter().flat_map(|(_, links, _)| links.clone()).chain(of_preset);
        let mut arns = judge::managed(&all.collect::<Vec<_>>());
        // Policies that the preset makes need not exist yet.
        let made = task.desired.iter().filter_map(|(_, it)| self.account.arn(&it.resource));
        let made: BTreeSet<String> = made.collect();
        arns.retain(|arn| !made.contains(arn));
        let documents = self.cloud.documents(&arns).await.map_err(|error| error.to_string())?;
        let documents =
            documents.into_iter().map(|(arn, document)| (arn, document.as_value().clone()));
        let judge = Judge::new(&self.account, self.settings.provider(), &documents.collect())
            .beside(&task.desired);
        let mut reasons = Vec::new();
        let mut refused = Vec::new();
        for (holder, links, state) in &further {
            let Some(path) = judge::path(&judge, holder, links, state, &task.desired) else {
                continue;
            };
            let reason = format!("{} was given by no preset: {path}", named(links.iter()));
            warn!(reason, "amounts to administrator");
            if !links.iter().all(|link| plan.foreign.contains(link)) {
                refused.push(reason.clone());
            }
            reasons.push(reason);
        }
        let refusals = self.settings.of_administrators(wanted, &refused);
        if refusals.is_empty() || plan.gives_nothing() {
            Ok(reasons)
        } else {
            Err(refusals.join("; "))
        }
    }

    /// The roles that the preset's policies pass and that it does not make, with their links.
    async fn passed_roles(
        &self,
        task: &Task,
        observed: &State,
        is_said: bool,
        progress: &Progress,
    ) -> Result<State, String> {
        let patterns = if is_said { BTreeSet::new() } else { judge::passed(&task.desired) };
        let made: BTreeSet<String> = task
            .desired
            .iter()
            .filter(|(id, _)| id.kind == Kind::Role)
            .filter_map(|(_, role)| self.account.arn(&role.resource))
            .collect();
        let unknown: BTreeSet<String> = patterns.difference(&made).cloned().collect();
        let is_exact = |arn: &String| !arn.contains(['*', '?']);
        let mut arns: Vec<String> = unknown.iter().filter(|arn| is_exact(arn)).cloned().collect();
        if !unknown.iter().all(is_exact) {
            let all = self.cloud.role_arns().await.map_err(|error| error.to_string())?;
            arns.extend(all);
        }
        let mut ids = judge::passed_roles(&unknown, &arns, &task.desired);
        // Roles of this resource that it does not want are about to be deleted.
        let is_mine = |id: &Id| observed.get(id).is_some_and(|it| it.owners.contains(&task.me));
        ids.retain(|id| !is_mine(id));
        if ids.is_empty() {
            return Ok(State::default());
        }
        let scope = Scope { ids, ..Scope::default() };
        let mut there = look(&self.cloud, &scope, progress).await?;
        // IAM finds a role by its name, below any path.
        for id in &scope.ids {
            let role = there.get(id).and_then(|role| self.account.arn(&role.resource));
            if !role.is_some_and(|arn| judge::is_passed(&unknown, &arn)) {
                there.remove(id);
            }
        }
        Ok(there)
    }
}
