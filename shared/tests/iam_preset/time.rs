//! Work that has to stop, and its rest after the answer.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use account_presets::cfn::{
    Callback, CustomResource, Gate, Origins, Past, Progress, Request, RequestType, Success,
};
use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Call, CallError, Cloud, Found};
use account_presets::iam_preset::{IamPreset, Settings};
use account_presets::plan::{Change, Scope};
use account_presets::state::{Id, Kind, Object, Owner, Owners, State};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

use super::function::{Inbox, runtime};
use super::world::*;

pub async fn serve(
    cloud: &impl Cloud,
    request: &Request,
    progress: &Progress,
) -> Result<Success, String> {
    let preset = IamPreset::new(ByRef(cloud), account(), Settings::open());
    preset.handle(request.kind().unwrap(), request, progress).await
}

pub fn delete(create: &Request) -> Request {
    let physical_resource_id = Some(physical_id(create));
    Request { request_type: "Delete".into(), physical_resource_id, ..create.clone() }
}

/// An account in which the work has to stop after a number of changes.
struct Stopping<'a> {
    account: &'a Fake,
    left: Cell<usize>,
    progress: &'a Progress,
}

impl Cloud for Stopping<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.account.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        yield_now().await;
        self.left.set(self.left.get().saturating_sub(1));
        if self.left.get() == 0 {
            self.progress.stop("the time is over");
        }
        self.account.send(call).await
    }
}

/// T4
#[test]
fn when_the_work_has_to_stop_no_further_change_is_begun_and_what_is_left_is_named() {
    let create = Stack::named("a").request(Some(slim(json!({"UserNames": ["alice"]}))));
    let whole = populated();
    runtime().block_on(serve(&whole, &create, &Progress::default())).unwrap();
    for stop in 1..whole.writes() {
        let (account, progress) = (populated(), Progress::default());
        let stopping = Stopping { account: &account, left: Cell::new(stop), progress: &progress };
        let result = runtime().block_on(serve(&stopping, &create, &progress));
        // Changes under way end; none is undone either.
        assert!((stop..stop + 8).contains(&account.writes()), "{stop}: {}", account.writes());
        match result {
            Ok(_) => assert_eq!(account.writes(), whole.writes()),
            Err(reason) => {
                assert!(reason.starts_with("not begun, as the time is over: "), "{reason}");
                let left = ["`alice`", " more", "instance profile role"];
                assert!(left.iter().any(|it| reason.contains(it)), "{reason}");
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

        async fn send(&self, call: &Call) -> Result<(), CallError> {
            self.0.send(call).await
        }

        async fn until_seen(&self, _: &Change, _: Duration) {
            std::future::pending().await
        }
    }
    let (account, progress) = (populated(), Progress::default());
    let create = Stack::named("a").request(Some(slim(json!({}))));
    runtime().block_on(async {
        let preset = IamPreset::new(Unseen(&account), super::world::account(), Settings::open());
        let work = preset.handle(RequestType::Create, &create, &progress);
        let (result, ()) = tokio::join!(work, async {
            yield_now().await;
            progress.stop("the time is over");
        });
        result.unwrap();
    });
}

/// R6
#[test]
fn the_consumer_says_how_long_the_answer_waits_for_iam() {
    struct Noting<'a>(&'a Fake, &'a RefCell<BTreeSet<Duration>>);
    impl Cloud for Noting<'_> {
        async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
            self.0.observe(scope).await
        }

        async fn send(&self, call: &Call) -> Result<(), CallError> {
            self.0.send(call).await
        }

        async fn until_seen(&self, _: &Change, longest: Duration) {
            self.1.borrow_mut().insert(longest);
        }
    }
    for (wait, seconds) in [("auto", Some(12)), ("", Some(12)), ("30", Some(30)), ("none", None)] {
        let account = populated();
        let noted = RefCell::default();
        let mut properties = slim(json!({}));
        properties["WaitForPropagation"] = json!(wait);
        let create = Stack::named("a").request(Some(properties));
        let preset =
            IamPreset::new(Noting(&account, &noted), super::world::account(), Settings::open());
        let progress = Progress::default();
        runtime().block_on(preset.handle(RequestType::Create, &create, &progress)).unwrap();
        let waited: Vec<_> = noted.into_inner().iter().map(Duration::as_secs).collect();
        assert_eq!(waited, seconds.into_iter().collect::<Vec<_>>(), "{wait}");
    }
}

/// An account in which a Create makes everything when it has been looked at so often.
struct Late<'a> {
    account: &'a Fake,
    create: &'a Request,
    looks: Cell<usize>,
}

impl Cloud for Late<'_> {
    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.account.find(me, scope).await
    }

    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.account.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        self.account.send(call).await
    }

    async fn wait(&self) {
        sleep(Duration::from_secs(5)).await;
        self.looks.set(self.looks.get() + 1);
        if self.looks.get() == 3 {
            handle(self.account, self.create).unwrap().unwrap();
        }
    }
}

/// T9, T17
#[test]
fn a_delete_under_an_invented_id_is_answered_in_time_and_looks_on_after_its_answer() {
    let account = populated();
    let properties = slim(json!({"UserNames": ["alice"]}));
    let create = Stack::named("a").request(Some(properties.clone()));
    let late = Late { account: &account, create: &create, looks: Cell::new(0) };
    let mut event = json!({
        "RequestType": "Delete", "RequestId": "request", "LogicalResourceId": "Preset",
        "StackId": create.stack_id, "PhysicalResourceId": "a-Preset-1ABCDEFGHIJKL",
        "ResponseURL": "http://answers/?X-Amz-Date=20240229T101112Z&X-Amz-Expires=7200",
        "ResourceProperties": properties,
    });
    event["ResourceProperties"]["ServiceTimeout"] = "12".into();
    let payload = serde_json::value::to_raw_value(&event).unwrap();
    // 2024-02-29 10:11:12 UTC
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_709_201_472);
    let inbox = Inbox::default();
    runtime().block_on(async {
        let callback = Callback::new(&inbox, Origins::new("eu-west-1", "http://answers"));
        let (preset, gate) = (
            IamPreset::new(ByRef(&late), super::world::account(), Settings::open()),
            Gate::default(),
        );
        let deadline = now + Duration::from_secs(240);
        let started = Instant::now();
        let served =
            account_presets::cfn::serve(&preset, &callback, &gate, &payload, now, deadline);
        served.await.unwrap();
        assert!(started.elapsed() > Duration::from_secs(20), "it looked on");
    });
    let puts = inbox.0.take();
    let answers: Vec<Value> =
        puts.iter().map(|put| serde_json::from_slice(&put.body).unwrap()).collect();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0]["Status"], "SUCCESS");
    assert!(late.looks.get() > 3);
    assert_eq!(but_service_linked(&account), populated().state());
}

/// An account that does not reply to some calls, and carries them out later.
struct Unanswered<'a> {
    account: &'a Fake,
    is_one: fn(&Call) -> bool,
    /// So many of them get no reply.
    most: usize,
    began: RefCell<Vec<Call>>,
    /// Stacks of which CloudFormation tells how they were made.
    known: RefCell<Vec<Stack>>,
    /// Is done before the next call that takes away.
    meanwhile: RefCell<Option<Meanwhile>>,
}

enum Meanwhile {
    /// IAM refuses that call.
    Refused,
    /// Another stack is made with these properties.
    Deployed(Value),
}

impl<'a> Unanswered<'a> {
    fn new(account: &'a Fake, is_one: fn(&Call) -> bool) -> Self {
        let (began, known, meanwhile) = Default::default();
        Unanswered { account, is_one, most: 1, began, known, meanwhile }
    }

    fn knows(&self, stack: Stack) {
        self.known.borrow_mut().push(stack);
    }

    fn lands(&self) {
        for late in self.began.borrow().iter() {
            runtime().block_on(self.account.send(late)).unwrap();
        }
    }

    /// What the process does when the calls have ended.
    fn goes_on(&self, kind: RequestType, request: &Request) -> Result<Success, String> {
        let preset = IamPreset::new(ByRef(self), account(), Settings::open());
        let progress = Progress::default();
        runtime().block_on(preset.go_on(kind, request, &progress))
    }
}

impl Cloud for Unanswered<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.account.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        if (self.is_one)(call) && self.began.borrow().len() < self.most {
            self.began.borrow_mut().push(call.clone());
            let (target, code) = (call.id().to_string(), "TimeoutError".to_owned());
            let message = "no answer".to_owned();
            return Err(CallError { action: call.action().as_str(), target, code, message });
        }
        if call.takes_away() && !self.began.borrow().is_empty() {
            match self.meanwhile.take() {
                Some(Meanwhile::Refused) => {
                    let (target, code) = (call.id().to_string(), "AccessDenied".to_owned());
                    let (action, message) = (call.action().as_str(), "no".to_owned());
                    return Err(CallError { action, target, code, message });
                }
                Some(Meanwhile::Deployed(properties)) => {
                    let mut other = Stack::named("b");
                    let create = other.request(Some(properties.clone()));
                    serve(self.account, &create, &Progress::default()).await.unwrap();
                    other.physical_id = Some(physical_id(&create));
                    other.properties = Some(properties);
                    self.knows(other);
                }
                None => {}
            }
        }
        self.account.send(call).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.account.find(me, scope).await
    }

    async fn owners(&self) -> Result<Owners, CallError> {
        self.account.owners().await
    }

    fn take_unfinished(&self) -> BTreeSet<Id> {
        self.began.borrow().iter().map(Call::id).collect()
    }

    async fn past(&self, stack: &str, _: &str) -> Result<Past, CallError> {
        let known = self.known.borrow();
        let known = known.iter().find(|known| known.request(None).stack_id == stack);
        Ok(known.map_or(Past::Gone, |known| Past::Completed {
            physical_id: known.physical_id.clone().unwrap(),
            properties: known.properties.clone().unwrap().to_string(),
        }))
    }
}

/// T16
#[test]
fn what_was_attached_after_the_stack_had_taken_back_its_claim_is_detached() {
    let account = populated();
    let documented = edition("documented", "slim", json!({"UserNames": ["alice"]}));
    let stack = Stack::named("a");
    let create = stack.request(Some(documented.clone()));
    let unanswered =
        Unanswered::new(&account, |call| matches!(call, Call::AttachUserPolicy { .. }));
    let served = handle(&unanswered, &create).unwrap();
    assert!(served.unwrap_err().contains("no answer"));
    let id = physical_id(&create);
    stack.delete_as(&account, &id, documented).unwrap();
    // AWS carries out the call only now.
    unanswered.lands();
    assert_ne!(account.state(), populated().state());
    unanswered.goes_on(RequestType::Delete, &create).unwrap();
    assert_same(&but_service_linked(&account), &populated().state());
}

/// T16
#[test]
fn a_link_that_aws_changes_after_the_rollback_looked_is_as_the_rollback_left_it() {
    let of = |users: &[&str]| lithops(json!({"UserNames": users}));
    let adds = |call: &Call| matches!(call, Call::AddUserToGroup { .. });
    let removes = |call: &Call| matches!(call, Call::RemoveUserFromGroup { .. });
    for (old, new, is_one) in [
        (of(&["bob"]), of(&["alice", "bob"]), adds as fn(&Call) -> bool),
        (of(&["alice", "bob"]), of(&["bob"]), removes),
    ] {
        let account = populated();
        let mut stack = Stack::named("a");
        stack.deploy(&account, old.clone()).unwrap();
        let before = account.state();
        let unanswered = Unanswered::new(&account, is_one);
        unanswered.knows(stack.clone());
        let update = stack.request_sent(Some(new.clone()), 10);
        assert!(handle(&unanswered, &update).unwrap().unwrap_err().contains("no answer"));
        let mut rollback = stack.request_sent(Some(old.clone()), 12);
        rollback.old_properties = new.as_object().unwrap().clone();
        handle(&account, &rollback).unwrap().unwrap();
        unanswered.lands();
        assert_ne!(account.state(), before);
        unanswered.goes_on(RequestType::Update, &update.reversed()).unwrap();
        assert_same(&account.state(), &before);
    }
}

/// T16
#[test]
fn a_link_that_aws_makes_on_what_the_next_stack_has_by_then_is_removed_unless_that_wants_it() {
    let member = |call: &Call| matches!(call, Call::AddUserToGroup { user, .. } if user == "alice");
    let of_role = |call: &Call| {
        matches!(call, Call::AttachRolePolicy { policy_arn, .. }
            if policy_arn.ends_with(":aws:policy/AmazonS3FullAccess"))
    };
    let of = |users: &[&str]| lithops(json!({"UserNames": users}));
    for (old, new, is_one, stays) in [
        (of(&["alice"]), of(&["bob"]), member as fn(&Call) -> bool, false),
        (of(&["alice"]), of(&["alice", "bob"]), member, true),
        (slim(json!({})), edition("hardened", "slim", json!({})), of_role, false),
    ] {
        let (account, one, mut two) = (populated(), Stack::named("a"), Stack::named("b"));
        let create = one.request(Some(old.clone()));
        let unanswered = Unanswered::new(&account, is_one);
        assert!(handle(&unanswered, &create).unwrap().unwrap_err().contains("no answer"));
        one.delete_as(&account, &physical_id(&create), old).unwrap();
        two.deploy(&account, new).unwrap();
        let before = account.state();
        unanswered.lands();
        assert_eq!(account.state() == before, stays);
        unanswered.knows(two);
        unanswered.goes_on(RequestType::Delete, &create).unwrap();
        assert_same(&account.state(), &before);
    }
}

fn of_user(call: &Call) -> bool {
    matches!(call, Call::AttachUserPolicy { .. })
}

/// A Create with these properties whose calls got no reply, and its Delete.
fn given_up(unanswered: &Unanswered, one: &Stack, properties: &Value) -> Request {
    let create = one.request(Some(properties.clone()));
    assert!(handle(unanswered, &create).unwrap().unwrap_err().contains("no answer"));
    one.delete_as(unanswered.account, &physical_id(&create), properties.clone()).unwrap();
    create
}

/// T16
#[test]
fn a_refused_call_leaves_no_other_link_as_aws_made_it_and_is_made_again() {
    let account = populated();
    let documented = edition("documented", "slim", json!({"UserNames": ["alice"]}));
    let unanswered = Unanswered { most: 7, ..Unanswered::new(&account, of_user) };
    let create = given_up(&unanswered, &Stack::named("a"), &documented);
    unanswered.lands();
    unanswered.meanwhile.replace(Some(Meanwhile::Refused));
    unanswered.goes_on(RequestType::Delete, &create).unwrap();
    assert_same(&but_service_linked(&account), &populated().state());
}

/// T16
#[test]
fn a_policy_that_aws_attaches_late_to_a_user_whom_another_stack_gives_it_becomes_that_stacks() {
    let of = |prefix: &str| {
        let parameters = json!({"UserNames": ["alice"], "NamePrefix": prefix});
        edition("documented", "slim", parameters)
    };
    for looks_while_it_goes in [false, true] {
        let (account, mut two) = (populated(), Stack::named("b"));
        let alone = populated();
        Stack::named("b").deploy(&alone, of("b-")).unwrap();
        let unanswered = Unanswered { most: 7, ..Unanswered::new(&account, of_user) };
        let create = given_up(&unanswered, &Stack::named("a"), &of(""));
        unanswered.lands();
        if looks_while_it_goes {
            unanswered.meanwhile.replace(Some(Meanwhile::Deployed(of("b-"))));
        } else {
            two.deploy(&account, of("b-")).unwrap();
            unanswered.knows(two);
        }
        unanswered.goes_on(RequestType::Delete, &create).unwrap();
        assert_same(&but_service_linked(&account), &but_service_linked(&alone));
    }
}

/// An IAM that shows the account as it was before the last writes, until it is waited for.
struct Lagging<'a> {
    account: &'a Fake,
    shows: RefCell<Option<State>>,
}

impl Lagging<'_> {
    fn shown(&self) -> Fake {
        Fake::new(self.shows.borrow().clone().unwrap_or_else(|| self.account.state()))
    }
}

impl Cloud for Lagging<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.shown().observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        self.account.send(call).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.shown().find(me, scope).await
    }

    async fn wait_for_copies(&self) {
        self.shows.take();
    }
}

/// I38
#[test]
fn a_delete_that_does_not_see_yet_what_the_create_made_looks_again() {
    let without = |state: &State, kind: Kind| -> State {
        let is_shown = |id: &Id| id.kind != kind && id.parent().is_none_or(|it| it.kind != kind);
        state.iter().filter(|(id, _)| is_shown(id)).map(|(_, object)| object.clone()).collect()
    };
    let of_users = |state: &State, shown: fn(&Object) -> Object| -> State {
        let is_theirs = |id: &Id| id.kind == Kind::UserAttachment;
        let shown = |(id, it): (&Id, &Object)| if is_theirs(id) { shown(it) } else { it.clone() };
        state.iter().map(shown).collect()
    };
    for properties in [
        edition("documented", "slim", json!({"UserNames": ["alice"]})),
        lithops(json!({"UserNames": ["alice"]})),
    ] {
        let (account, before) = (populated(), populated().state());
        Stack::named("a").deploy(&account, properties.clone()).unwrap();
        let made = account.state();
        let nodes = [Kind::Role, Kind::Policy, Kind::Group, Kind::InstanceProfile];
        let links = [Kind::RoleAttachment, Kind::GroupMember, Kind::UserAttachment];
        let mut all: Vec<State> = [nodes.to_vec(), links.to_vec()]
            .concat()
            .into_iter()
            .map(|it| without(&made, it))
            .collect();
        all.push(before.clone());
        // Policies without their claims, and claims without their policies.
        all.push(of_users(&made, |it| Object::unowned(it.resource.clone())));
        all.push(of_users(&made, Object::claimed));
        for shown in all {
            let (account, mut stack) = (populated(), Stack::named("a"));
            stack.deploy(&account, properties.clone()).unwrap();
            let shows = RefCell::new(Some(shown));
            if stack.delete(&Lagging { account: &account, shows }).is_err() {
                // It says so, and the next one ends it.
                stack.delete(&account).unwrap();
            }
            assert_same(&but_service_linked(&account), &before);
        }
    }
}

/// An IAM that takes one call at a time, and half a second for a write.
struct OneByOne<'a> {
    account: &'a Fake,
    place: Semaphore,
}

impl Cloud for OneByOne<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        let _place = self.place.acquire().await;
        self.account.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        let _place = self.place.acquire().await;
        sleep(Duration::from_millis(500)).await;
        self.account.send(call).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.account.find(me, scope).await
    }
}

/// T15
#[tokio::test(start_paused = true)]
async fn a_look_whether_the_request_still_counts_waits_for_no_call_that_waits_for_it() {
    let account = populated();
    let create = Stack::named("a").request(Some(lithops(json!({"UserNames": ["alice"]}))));
    let cloud = OneByOne { account: &account, place: Semaphore::new(1) };
    let progress = Progress::default();
    let served = timeout(Duration::from_secs(600), serve(&cloud, &create, &progress)).await;
    served.expect("it ends").unwrap();
}
