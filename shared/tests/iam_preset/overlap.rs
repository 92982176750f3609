//! Changes that meet: IAM refuses one of two that are about the same entity; and changes that
//! have to stop.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use account_presets::cfn::{CustomResource, Progress, Request, RequestType, Success};
use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Applied, CallError, Cloud};
use account_presets::iam_preset::IamPreset;
use account_presets::plan::{Change, Scope};
use account_presets::state::{Id, Kind, State};
use serde_json::json;
use tokio::task::yield_now;

use crate::function::runtime;
use crate::world::*;

/// An account that refuses a change of what is being changed.
struct Jealous<'a> {
    account: &'a Fake,
    busy: RefCell<BTreeSet<(Kind, String)>>,
    under_way: Cell<usize>,
    most: Cell<usize>,
    /// So many changes are made; then the work has to stop.
    stop: Option<(Cell<usize>, &'a Progress)>,
}

impl<'a> Jealous<'a> {
    fn new(account: &'a Fake) -> Self {
        let (busy, under_way, most) = Default::default();
        Jealous { account, busy, under_way, most, stop: None }
    }
}

/// What a change is about, by name: a link is about both of its ends, unless one is AWS's.
fn about(id: &Id) -> Vec<(Kind, String)> {
    let part = id.part.clone().unwrap_or_default();
    let own = |kind: Kind| (kind, id.name.clone());
    let attached = |kind: Kind| {
        let (account, name) = part.split_once(":policy/").unwrap();
        let is_awss = account.ends_with(":aws");
        let policy = (Kind::Policy, name.rsplit('/').next().unwrap().to_owned());
        [own(kind)].into_iter().chain(Some(policy).filter(|_| !is_awss)).collect()
    };
    match id.kind {
        Kind::RoleInline => vec![own(Kind::Role)],
        Kind::GroupInline => vec![own(Kind::Group)],
        Kind::RoleAttachment => attached(Kind::Role),
        Kind::GroupAttachment => attached(Kind::Group),
        Kind::UserAttachment => attached(Kind::User),
        Kind::GroupMember => vec![own(Kind::Group), (Kind::User, part)],
        Kind::ProfileRole => vec![own(Kind::InstanceProfile), (Kind::Role, part)],
        node => vec![own(node)],
    }
}

impl Cloud for Jealous<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.account.observe(scope).await
    }

    async fn apply(&self, change: &Change) -> Result<Applied, CallError> {
        let about = about(&change.id());
        for entity in &about {
            if !self.busy.borrow_mut().insert(entity.clone()) {
                let (action, target) = ("iam:Write", change.id().to_string());
                let (code, message) = ("ConcurrentModification".into(), "busy".into());
                return Err(CallError { action, target, code, message });
            }
        }
        self.under_way.set(self.under_way.get() + 1);
        self.most.set(self.most.get().max(self.under_way.get()));
        for _ in 0..3 {
            yield_now().await;
        }
        let result = self.account.apply(change).await;
        self.under_way.set(self.under_way.get() - 1);
        for entity in &about {
            self.busy.borrow_mut().remove(entity);
        }
        if let Some((left, progress)) = &self.stop {
            left.set(left.get().saturating_sub(1));
            if left.get() == 0 {
                progress.stop("the time is over");
            }
        }
        result
    }
}

async fn serve(
    cloud: &impl Cloud,
    request: &Request,
    progress: &Progress,
) -> Result<Success, String> {
    let preset = IamPreset::new(ByRef(cloud), account());
    preset.handle(request.kind().unwrap(), request, progress).await
}

fn delete(create: &Request) -> Request {
    let physical_resource_id = Some(physical_id(create));
    Request { request_type: "Delete".into(), physical_resource_id, ..create.clone() }
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

/// T4
#[test]
fn when_the_work_has_to_stop_no_further_change_is_begun_and_what_is_left_is_named() {
    let create = Stack::named("a").request(Some(slim(json!({"UserNames": ["alice"]}))));
    let whole = populated();
    runtime().block_on(serve(&whole, &create, &Progress::default())).unwrap();
    for stop in 1..whole.writes() {
        let (account, progress) = (populated(), Progress::default());
        let jealous =
            Jealous { stop: Some((Cell::new(stop), &progress)), ..Jealous::new(&account) };
        let result = runtime().block_on(serve(&jealous, &create, &progress));
        // What was under way ends; nothing is taken back either.
        assert!((stop..stop + 8).contains(&account.writes()), "{stop}: {}", account.writes());
        match result {
            Ok(_) => assert_eq!(account.writes(), whole.writes()),
            Err(reason) => {
                assert!(reason.starts_with("not begun, as the time is over: "), "{reason}");
                assert!(reason.contains("`alice`") || reason.contains(" more"), "{reason}");
            }
        }
        runtime().block_on(serve(&account, &delete(&create), &Progress::default())).unwrap();
        assert_eq!(but_service_linked(&account), populated().state(), "{stop}");
    }
}

/// T14
#[test]
fn that_iam_does_not_show_it_in_time_is_no_failure() {
    struct Unseen<'a>(&'a Fake);
    impl Cloud for Unseen<'_> {
        async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
            self.0.observe(scope).await
        }

        async fn apply(&self, change: &Change) -> Result<Applied, CallError> {
            self.0.apply(change).await
        }

        async fn settle(&self, _: &[Change]) {
            std::future::pending().await
        }
    }
    let (account, progress) = (populated(), Progress::default());
    let create = Stack::named("a").request(Some(slim(json!({}))));
    runtime().block_on(async {
        let preset = IamPreset::new(Unseen(&account), crate::world::account());
        let work = preset.handle(RequestType::Create, &create, &progress);
        let (result, ()) = tokio::join!(work, async {
            yield_now().await;
            progress.stop("the time is over");
        });
        result.unwrap();
    });
}
