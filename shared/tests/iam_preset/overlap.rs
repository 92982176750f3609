//! Changes that meet: IAM refuses one of two that are about the same entity.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use account_presets::cfn::Progress;
use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Call, CallError, Cloud};
use account_presets::plan::Scope;
use account_presets::state::{Kind, State};
use tokio::task::yield_now;

use super::function::runtime;
use super::time::{delete, serve};
use super::world::*;

/// An account that refuses a change of an entity that another call is changing.
struct Jealous<'a> {
    account: &'a Fake,
    busy: RefCell<BTreeSet<(Kind, String)>>,
    under_way: Cell<usize>,
    most: Cell<usize>,
}

impl<'a> Jealous<'a> {
    fn new(account: &'a Fake) -> Self {
        let (busy, under_way, most) = Default::default();
        Jealous { account, busy, under_way, most }
    }
}

/// The entities that IAM locks for a call, by name. Links that are no documents lock nothing.
fn about(call: &Call) -> Vec<(Kind, String)> {
    let id = call.id();
    let own = |kind: Kind| (kind, id.name.clone());
    match id.kind {
        Kind::RoleInline => vec![own(Kind::Role)],
        Kind::GroupInline => vec![own(Kind::Group)],
        Kind::RoleAttachment
        | Kind::GroupAttachment
        | Kind::GroupMember
        | Kind::ProfileRole
        | Kind::UserAttachment => Vec::new(),
        node => vec![own(node)],
    }
}

impl Cloud for Jealous<'_> {
    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        self.account.role_arns().await
    }

    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.account.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        let about = about(call);
        for entity in &about {
            if !self.busy.borrow_mut().insert(entity.clone()) {
                let (action, target) = ("iam:Write", call.id().to_string());
                let (code, message) = ("ConcurrentModification".into(), "busy".into());
                return Err(CallError { action, target, code, message });
            }
        }
        self.under_way.set(self.under_way.get() + 1);
        self.most.set(self.most.get().max(self.under_way.get()));
        for _ in 0..3 {
            yield_now().await;
        }
        let result = self.account.send(call).await;
        self.under_way.set(self.under_way.get() - 1);
        for entity in &about {
            self.busy.borrow_mut().remove(entity);
        }
        result
    }
}

/// R22
#[test]
fn no_two_changes_of_one_entity_meet_and_those_of_others_do() {
    let mut most = 0;
    for properties in many_properties() {
        let account = populated();
        let jealous = Jealous::new(&account);
        let create = Stack::named("a").request(Some(properties));
        for request in [&create, &delete(&create)] {
            runtime().block_on(serve(&jealous, request, &Progress::default())).unwrap();
        }
        assert_eq!(but_service_linked(&account), populated().state());
        most = most.max(jealous.most.get());
    }
    assert_eq!(most, 8, "so many at once");
}
