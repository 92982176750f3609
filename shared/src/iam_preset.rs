//! `Custom::IamPreset`: a preset in an account, by one resource of a stack.

mod properties;
mod settings;

use std::collections::BTreeSet;

use tokio::select;
use tracing::warn;

use crate::cfn::{CustomResource, Progress, Request, RequestType, Success};
use crate::cloud::Cloud;
use crate::plan::{Scope, plan};
use crate::preset::{Branches, Wish, attributes, render};
use crate::reconcile::{OnFailure, reconcile};
use crate::state::{Account, Id, Kind, Owner, State, digest, limits};
use properties::Properties;
pub use settings::Settings;

/// The attribute that says whether what was granted amounts to administrator's rights.
const ADMIN_EQUIVALENT: &str = "AdminEquivalent";

/// So many looks in a row that find nothing of ours: the Create that was given up has ended. IAM
/// may refuse it for longer than the moment between two looks when many write at once.
const QUIET: u32 = 3;

/// So many looks at most.
const LOOKS: u32 = 30;

/// The custom resource.
#[derive(Clone, Debug)]
pub struct IamPreset<C> {
    cloud: C,
    account: Account,
    settings: Settings,
}

impl<C: Cloud> IamPreset<C> {
    /// Serves one account, with open settings.
    pub fn new(cloud: C, account: Account) -> Self {
        IamPreset { cloud, account, settings: Settings::open() }
    }

    /// Serves within what its operator allows.
    pub fn with_settings(self, settings: Settings) -> Self {
        IamPreset { settings, ..self }
    }

    fn wish(&self, me: &Owner, properties: &Properties) -> Wish {
        Wish {
            account: self.account.clone(),
            owner: me.clone(),
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

    /// Everything that these properties, with any switch in any position, may have made.
    fn scope(&self, me: &Owner, properties: &Properties) -> Scope {
        let state = render(properties.preset, &self.wish(me, properties), Branches::Any);
        // What a link hangs on is looked at too: it may be an existing role or group.
        let parents = state.ids().filter_map(Id::parent);
        Scope {
            ids: state.ids().cloned().chain(parents).collect(),
            paths: BTreeSet::from([properties.path.clone()]),
            tag_keys: properties.tags.keys().cloned().collect(),
            boundaries: self.boundary(properties).into_iter().cloned().collect(),
            adopt_existing: properties.adopt_existing,
            on_foreign_attachment: properties.on_foreign_attachment,
        }
    }

    /// Preset, stack and logical id for people, and a digest of the owner and of the texts that
    /// were chosen: the same for the same request in every release, another where the names of
    /// all objects are others.
    fn physical_id_of(me: &Owner, request: &Request, properties: Option<&Properties>) -> String {
        let texts = properties.map(Properties::chosen_texts).unwrap_or_default();
        let preset = properties.map_or("none", |properties| properties.name.as_str());
        let stack = request.stack_id.split('/').nth(1).unwrap_or_default();
        let logical_id = &request.logical_resource_id;
        let plain = |text: &str| -> String {
            text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(128).collect()
        };
        let digest = digest(&format!("{} {}", me.key(), texts.join(" ")), 16);
        format!("{preset}:{}:{}:{digest}", plain(stack), plain(logical_id))
    }

    /// What was asked for before this request: on a Delete by what it names, which nobody can
    /// correct any more, so whatever is wrong with it counts for nothing.
    fn earlier(&self, kind: RequestType, request: &Request) -> Option<Properties> {
        // The id is ours and says which preset it was, whatever became of the properties.
        let preset = request.physical_resource_id.as_deref().map(preset_of);
        match kind {
            RequestType::Create => None,
            // After a replacement that failed they are not those of the id.
            RequestType::Update => Properties::read(&request.old_properties, None)
                .0
                .or_else(|| Properties::read(&request.old_properties, preset).0),
            RequestType::Delete => Properties::read(request.properties.as_ref().ok()?, preset).0,
        }
    }

    /// True for the rollback of a replacement that failed: the id is still that of what is
    /// wanted now, so that nobody will ever ask to delete what was made of the other.
    fn goes_back(me: &Owner, request: &Request, wanted: &Properties, earlier: &Properties) -> bool {
        let id = request.physical_resource_id.as_deref().unwrap_or_default();
        let is_others = wanted.name != earlier.name && preset_of(id) == wanted.name;
        is_others || id == Self::physical_id_of(me, request, Some(wanted))
    }

    /// Says in the log what was not any more as the last request left it. It is put back by the
    /// plan that was just carried out.
    fn report_drift(&self, me: &Owner, scope: &Scope, earlier: &Properties, observed: &State) {
        let left = render(earlier.preset, &self.wish(me, earlier), Branches::Chosen);
        if let Ok(drift) = plan(me, scope, &left, observed)
            && !drift.is_empty()
        {
            warn!(drift = %drift, "was not as the last request of this resource left it");
        }
    }

    /// True if the request's physical id is one of ours. It is not where CloudFormation gave up
    /// on a Create that had not answered yet.
    fn gave(&self, request: &Request) -> bool {
        let id = request.physical_resource_id.as_deref().unwrap_or_default();
        let fits = |given: &str| {
            let ours = Self::physical_id(self, request);
            let (names, digest) = given.rsplit_once(':')?;
            let (_, names) = names.split_once(':')?;
            let (ours, _) = ours.rsplit_once(':')?;
            let (_, ours) = ours.split_once(':')?;
            Some(names == ours && digest.len() == 16)
        };
        fits(id).unwrap_or_default()
    }

    /// Deletes what a Create that is still at work makes meanwhile, until it makes nothing more. If
    /// the time is over before that, the looks go on after the answer.
    async fn outlast_a_create(
        &self,
        me: &Owner,
        scope: &Scope,
        progress: &Progress,
    ) -> Result<(), String> {
        let mut quiet = 0;
        let mut last = String::new();
        for _ in 0..LOOKS {
            select! {
                biased;
                () = progress.until_stopped() => {}
                () = self.cloud.wait() => {}
            }
            let nothing = State::default();
            let looked =
                reconcile(&self.cloud, me, scope, &nothing, OnFailure::Leave, progress).await;
            if progress.stopped().is_some() && last.is_empty() {
                return Ok(());
            }
            let (_, plan) = looked?;
            quiet = if plan.is_empty() { quiet + 1 } else { 0 };
            if quiet == QUIET {
                return Ok(());
            }
            last = plan.to_string();
        }
        Err(format!("something goes on making what was deleted; delete again. The last was {last}"))
    }

    fn is_our_account(&self, request: &Request) -> bool {
        Account::from_arn(&request.stack_id).is_some_and(|stack| stack == self.account)
    }
}

impl<C: Cloud> CustomResource for IamPreset<C> {
    fn physical_id(&self, request: &Request) -> String {
        let me = Owner::new(&request.stack_id, &request.logical_resource_id);
        let properties = request.properties.as_ref().ok();
        let properties = properties.and_then(|given| Properties::read(given, None).0);
        Self::physical_id_of(&me, request, properties.as_ref())
    }

    async fn handle(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<Success, String> {
        let me = Owner::new(&request.stack_id, &request.logical_resource_id);
        let earlier = self.earlier(kind, request);
        let wanted = match kind {
            RequestType::Create | RequestType::Update => Some(strict(request)?),
            RequestType::Delete => None,
        };
        if !self.is_our_account(request) {
            // Nothing here is owned by a stack of another account.
            return wanted.map_or(Ok(Success::default()), |_| {
                Err(format!(
                    "the stack is not in account {} and Region {}, which this function serves",
                    self.account.id, self.account.region
                ))
            });
        }
        if let Some(properties) = &wanted {
            self.allow(&me, properties)?;
        }
        let desired = match &wanted {
            Some(properties) => self.desired(&me, properties)?,
            None => State::default(),
        };

        let before =
            earlier.as_ref().map(|properties| self.scope(&me, properties)).unwrap_or_default();
        let mut scope = match &wanted {
            Some(properties) => self.scope(&me, properties),
            None => before.clone(),
        };
        // Where no object stays, CloudFormation replaces: it deletes the old ones itself, by
        // their id, when all else has gone well.
        let is_replacement =
            wanted.as_ref().zip(earlier.as_ref()).is_some_and(|(wanted, earlier)| {
                own_ids(&scope).is_disjoint(&own_ids(&before))
                    && !Self::goes_back(&me, request, wanted, earlier)
            });
        if !is_replacement {
            scope.include(before);
        }
        let on_failure = if kind == RequestType::Create || is_replacement {
            OnFailure::Undo
        } else {
            OnFailure::Leave
        };
        let (observed, done) = reconcile(&self.cloud, &me, &scope, &desired, on_failure, progress)
            .await
            .map_err(|problem| match &wanted {
                Some(properties) => properties.locate(problem),
                None => problem,
            })?;

        if let (RequestType::Update, Some(earlier)) = (kind, &earlier) {
            self.report_drift(&me, &scope, earlier, &observed);
        }
        let Some(properties) = wanted else {
            if !self.gave(request) {
                self.outlast_a_create(&me, &scope, progress).await?;
            }
            return Ok(Success::default());
        };
        let mut there = desired;
        there.extend(done.used_as_is.iter().filter_map(|id| observed.get(id)).cloned());
        let wish = self.wish(&me, &properties);
        let mut data = attributes(properties.preset, &wish, &there);
        let admin = wish.admin_equivalent(properties.preset);
        data.insert(ADMIN_EQUIVALENT.to_owned(), (!admin.is_empty()).to_string());
        let new_id = is_replacement.then(|| Self::physical_id_of(&me, request, Some(&properties)));
        Ok(Success { physical_resource_id: new_id, data })
    }
}

impl<C: Cloud> IamPreset<C> {
    fn desired(&self, me: &Owner, properties: &Properties) -> Result<State, String> {
        let desired = render(properties.preset, &self.wish(me, properties), Branches::Chosen);
        let problems = limits::check(&desired);
        if !problems.is_empty() {
            return Err(problems.join("; "));
        }
        Ok(desired)
    }

    /// Refuses what the operator does not let this consumer have.
    fn allow(&self, me: &Owner, properties: &Properties) -> Result<(), String> {
        let (wish, preset) = (self.wish(me, properties), &properties.preset);
        let (admin, unbounded) = (wish.admin_equivalent(preset), wish.unbounded(preset));
        let refusals = self.settings.refusals(properties, &admin, &unbounded);
        if !refusals.is_empty() {
            return Err(refusals.join("; "));
        }
        for reason in admin {
            warn!(preset = properties.name, reason, "amounts to administrator");
        }
        Ok(())
    }
}

fn strict(request: &Request) -> Result<Properties, String> {
    let given = request.properties.as_ref().map_err(Clone::clone)?;
    match Properties::read(given, None) {
        (Some(properties), problems) if problems.is_empty() => Ok(properties),
        (_, problems) => Err(problems.join("; ")),
    }
}

/// The preset of an id that we gave.
fn preset_of(id: &str) -> &str {
    id.split(':').next().unwrap_or_default()
}

/// What makes two states have an object in common: users and service-linked roles belong to
/// nobody's preset.
fn own_ids(scope: &Scope) -> BTreeSet<Id> {
    let own = |id: &&Id| !matches!(id.kind, Kind::User | Kind::ServiceLinkedRole);
    scope.ids.iter().filter(own).cloned().collect()
}
