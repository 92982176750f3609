//! Links whose calls had no known end before the answer: AWS may carry them out when the rollback,
//! the Delete or the next stack has looked already, and each of these takes such a link for a
//! person's.

use tracing::info;

use super::IamPreset;
use super::intent::Intent;
use super::properties::Properties;
use crate::cfn::{Past, Progress, Request, RequestType};
use crate::cloud::{Cloud, apply};
use crate::json;
use crate::plan::{Change, Scope};
use crate::reconcile::look;
use crate::state::{Id, Kind, Owner, State};

impl<C: Cloud> IamPreset<C> {
    /// Brings these links to what CloudFormation has of the resource by now, and removes those that
    /// ended on the object of another resource, which does not want them.
    ///
    /// # Errors
    ///
    /// The call that failed.
    pub(super) async fn settle_unfinished(
        &self,
        kind: RequestType,
        request: &Request,
        progress: &Progress,
    ) -> Result<(), String> {
        let links = self.cloud.take_unfinished();
        if links.is_empty() || !self.is_our_account(request) {
            return Ok(());
        }
        let intent = Intent::read(kind, request, self.release)?;
        let task = self.task(&intent, request)?;
        let wanted =
            self.wanted_by(&task.me, &request.stack_id, &request.logical_resource_id).await;
        // Where CloudFormation does not tell, this request says what it goes back to.
        let wanted = wanted.unwrap_or_else(|| {
            let wanted = intent.wanted.as_ref();
            wanted.and_then(|it| self.desired(&task.me, it).ok()).unwrap_or_default()
        });
        let ends = links.iter().flat_map(|link| [link.parent(), link.target()]).flatten();
        let ids = ends.chain(links.iter().cloned()).collect();
        let observed = look(&self.cloud, &Scope { ids, ..task.scope }, progress).await?;
        for link in &links {
            let is_mine = |end: Option<Id>| end.is_some_and(|id| observed.is_owned(&id, &task.me));
            let is_own = is_mine(link.parent()) || is_mine(link.target());
            let change = match (observed.get(link), wanted.get(link)) {
                // A claim would say whose it is.
                (Some(found), _) if link.kind == Kind::UserAttachment => {
                    let is_nobodys = found.owners.is_empty() && !found.is_claim();
                    is_nobodys.then(|| Change::Delete(found.clone()))
                }
                (Some(found), None) if is_own || self.is_stray(link, &observed).await => {
                    Some(Change::Delete(found.clone()))
                }
                (None, Some(wanted)) if is_own && link.kind != Kind::UserAttachment => {
                    Some(Change::Create(wanted.clone()))
                }
                (Some(_) | None, _) => None,
            };
            if let Some(change) = change {
                apply(&self.cloud, &change).await.map_err(|error| error.to_string())?;
                info!(%change, "AWS had carried out a call after the answer");
            }
        }
        Ok(())
    }

    /// True for a link on an object that only another resource owns, whose properties do not give
    /// it. A resource of which that is not known keeps it.
    async fn is_stray(&self, link: &Id, observed: &State) -> bool {
        let holder = link.parent().and_then(|holder| observed.get(&holder));
        let owners = holder.map(|holder| &holder.owners).filter(|owners| owners.len() == 1);
        let Some(owner) = owners.and_then(|owners| owners.first()) else { return false };
        let Some((stack, logical_id)) = owner.stack_and_logical_id().or(owner.of_group()) else {
            return false;
        };
        let wanted = self.wanted_by(owner, stack, logical_id).await;
        wanted.is_some_and(|wanted| !wanted.is_empty() && !wanted.contains(link))
    }

    /// The state that CloudFormation has of a resource: that of its last completed event, and none
    /// if it is gone. `None` if that is not known.
    async fn wanted_by(&self, owner: &Owner, stack: &str, logical_id: &str) -> Option<State> {
        match self.cloud.past(stack, logical_id).await {
            Ok(Past::Gone) => Some(State::default()),
            Ok(Past::Completed { properties, .. }) => {
                let properties = json::read(&properties).ok()?;
                let properties = Properties::read(properties.as_object()?, None).0?;
                self.desired(owner, &properties).ok()
            }
            Ok(Past::InProgress(_) | Past::Unknown(_)) | Err(_) => None,
        }
    }
}
