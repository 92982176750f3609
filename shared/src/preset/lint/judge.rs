//! Judges whether an existing principal amounts to an administrator.

use std::collections::BTreeMap;

use serde_json::Value;

use super::account::{Account, Beside, Documents, Principal, account, powers};
use super::escalation;
use super::principals::holder;
use super::statement::{Statement, statements};
use crate::state::{self, Id, Kind, Resource, State};

/// Judges the roles, groups and users of an observed account by their grants.
///
/// # Guarantees
///
/// It finds the same paths as the linter in presets, with the same assumptions (`escalation.rs`).
/// Unknown power counts: an attached policy whose document is nowhere given makes its holder as
/// good as an administrator. A permissions boundary counts where its document is given, and bounds
/// nothing where it is not.
///
/// # Assumptions
///
/// The state has the holder with all its attachments and inline policies, and of the roles that it
/// may pass or assume those that are to count with their trust. The policies of a user's groups
/// count only if the groups are in the state.
#[derive(Debug)]
pub struct Judge<'a> {
    account: &'a state::Account,
    provider: &'a str,
    documents: Documents,
    beside: Option<Beside>,
}

impl<'a> Judge<'a> {
    /// For an account and a provider whose own names begin so. `documents` are those of managed
    /// policies by ARN, AWS's own and others, as far as the state does not have them.
    pub fn new(
        account: &'a state::Account,
        provider: &'a str,
        documents: &BTreeMap<String, Value>,
    ) -> Self {
        let documents = documents.iter().map(|(arn, text)| (arn.clone(), statements(text)));
        Judge { account, provider, documents: documents.collect(), beside: None }
    }

    /// The same beside a preset that makes this state: an action on one named resource counts as on
    /// any, unless the preset's own documents allow it or the resource is the preset's.
    #[must_use]
    pub fn beside(mut self, desired: &State) -> Self {
        let resources = || desired.iter().map(|(_, object)| &object.resource);
        let given = resources().filter_map(Resource::document);
        let given: Vec<Statement> = given.flat_map(|it| statements(it.as_value())).collect();
        self.beside = Some(Beside {
            own: resources().filter_map(|it| self.account.arn(it)).collect(),
            given: Principal::of_policy("", &given),
        });
        self
    }

    /// Returns the path by which the holder can become administrator; `None` if none is known.
    pub fn path_to_administrator(&self, state: &State, holder_id: &Id) -> Option<String> {
        let mut account = account(state, self.account, self.provider, self.documents.clone());
        account.beside.clone_from(&self.beside);
        let groups = state.ids().filter(|id| {
            holder_id.kind == Kind::User
                && id.kind == Kind::GroupMember
                && id.part.as_ref() == Some(&holder_id.name)
        });
        let from: Vec<Id> =
            std::iter::once(holder_id.clone()).chain(groups.filter_map(Id::parent)).collect();
        let attached = from.iter().flat_map(|id| powers(state, id).0);
        if let Some(arn) = attached.into_iter().find(|arn| !account.documents.contains_key(arn)) {
            return Some(format!("`{arn}` is attached, and its document is not known"));
        }
        let object = state.get(holder_id).map(|object| &object.resource);
        let role = object.filter(|_| holder_id.kind == Kind::Role);
        let mut who = holder(state, holder_id, from, &account);
        who.role = role.and_then(|role| self.account.arn(role));
        who.boundary = role.and_then(|role| boundary(role, &account));
        if holder_id.kind == Kind::User {
            who.user.clone_from(&holder_id.name);
        }
        escalation::path(&who, &account)
    }
}

fn boundary(role: &Resource, account: &Account) -> Option<Vec<Statement>> {
    let Resource::Role(role) = role else { return None };
    account.documents.get(role.permissions_boundary.as_ref()?).cloned()
}
