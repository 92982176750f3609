//! `Custom::IamPreset`: a preset in an account, by one resource of a stack.

mod properties;

use std::collections::BTreeSet;

use tracing::warn;

use crate::cfn::{CustomResource, Progress, Request, RequestType, Success};
use crate::cloud::Cloud;
use crate::plan::Scope;
use crate::preset::{Branches, Wish, attributes, render};
use crate::reconcile::{OnFailure, reconcile};
use crate::state::{Account, Id, Kind, Owner, State, digest, limits};
use properties::Properties;

/// The attribute that says whether what was granted amounts to administrator's rights.
const ADMIN_EQUIVALENT: &str = "AdminEquivalent";

/// The custom resource.
#[derive(Clone, Debug)]
pub struct IamPreset<C> {
    cloud: C,
    account: Account,
}

impl<C: Cloud> IamPreset<C> {
    /// Serves one account.
    pub fn new(cloud: C, account: Account) -> Self {
        IamPreset { cloud, account }
    }

    fn wish(&self, me: &Owner, properties: &Properties) -> Wish {
        Wish {
            account: self.account.clone(),
            owner: me.clone(),
            edition: properties.edition,
            parameters: properties.parameters.clone(),
            path: properties.path.clone(),
            permissions_boundary: properties.permissions_boundary.clone(),
            tags: properties.tags.clone(),
            max_session_duration: properties.max_session_duration,
        }
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
            boundaries: properties.permissions_boundary.iter().cloned().collect(),
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

    fn is_our_account(&self, request: &Request) -> bool {
        Account::from_arn(&request.stack_id).is_some_and(|stack| stack.id == self.account.id)
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
                    "the stack is not in account {}, which is the only one this function serves",
                    self.account.id
                ))
            });
        }
        let desired = match &wanted {
            Some(properties) => self.desired(&me, properties)?,
            None => State::default(),
        };

        let mut scope =
            wanted.as_ref().map(|properties| self.scope(&me, properties)).unwrap_or_default();
        let before =
            earlier.as_ref().map(|properties| self.scope(&me, properties)).unwrap_or_default();
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
        let (observed, plan) =
            reconcile(&self.cloud, &me, &scope, &desired, on_failure, progress).await?;

        let Some(properties) = wanted else { return Ok(Success::default()) };
        let mut there = desired;
        there.extend(plan.used_as_is.iter().filter_map(|id| observed.get(id)).cloned());
        let wish = self.wish(&me, &properties);
        let mut data = attributes(properties.preset, &wish, &there);
        let admin = self.admin_equivalent(&me, &properties);
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

    /// The paths to administrator's rights that these properties open, said aloud.
    fn admin_equivalent(&self, me: &Owner, properties: &Properties) -> Vec<String> {
        let reasons = self.wish(me, properties).admin_equivalent(properties.preset);
        for reason in &reasons {
            let acknowledged = properties.acknowledge_admin_equivalent;
            warn!(preset = properties.name, acknowledged, reason, "amounts to administrator");
        }
        reasons
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
