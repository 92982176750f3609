//! Requests of one resource that meet, come late or come twice.

use std::cell::{Cell, RefCell};
use std::time::{Duration, SystemTime};

use account_presets::cfn::{
    CustomResource, Deliveries, Gate, Pass, Progress, Request, RequestType, StackEvent,
    StackEvents, StackPart, Verified,
};
use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Call, CallError, Cloud, Found, StackStatus};
use account_presets::iam_preset::{IamPreset, Settings};
use account_presets::plan::{Change, Scope};
use account_presets::state::{Kind, Owner, State};
use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until};

use super::function::runtime;
use super::world::*;

/// An account in which a write takes half a second.
struct Slow<'a>(&'a Fake);

impl Cloud for Slow<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.0.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        self.0.pass(Duration::from_millis(500));
        self.0.send(call).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.0.find(me, scope).await
    }

    fn now(&self) -> Instant {
        self.0.now()
    }
}

fn sent(stack: &Stack, properties: &Value, second: u32) -> Request {
    stack.request_sent(Some(properties.clone()), second)
}

/// I29
#[test]
fn a_slow_rollback_does_not_take_itself_for_a_later_request() {
    let account = populated();
    let (one, two) = (slim(json!({"UserNames": ["alice"]})), slim(json!({"UserNames": ["bob"]})));
    let mut stack = Stack::named("a");
    stack.deploy(&account, one.clone()).unwrap();
    let before = account.state();
    // An Update that ended in the middle.
    let half = account.state().ids().find(|id| id.kind == Kind::UserAttachment).cloned().unwrap();
    let object = account.state().get(&half).unwrap().clone();
    account.person(Change::Delete(object)).unwrap();
    let mut rollback = sent(&stack, &one, 20);
    rollback.old_properties = two.as_object().unwrap().clone();
    handle(&Slow(&account), &rollback).unwrap().unwrap();
    assert_same(&account.state(), &before);
}

/// I29
#[test]
fn an_update_that_comes_again_after_its_rollback_does_nothing() {
    let account = populated();
    let (one, two) = (slim(json!({"UserNames": ["alice"]})), slim(json!({"UserNames": ["bob"]})));
    let mut stack = Stack::named("a");
    stack.deploy(&account, one.clone()).unwrap();
    let late = sent(&stack, &two, 10);
    handle(&account, &late).unwrap().unwrap();
    // Delivered again it finds nothing to do, and writes nothing.
    let writes = account.writes();
    handle(&account, &late).unwrap().unwrap();
    assert_eq!(account.writes(), writes);
    // One object of it was deleted meanwhile, so that its rollback finds it half made.
    let half = account.state().ids().find(|id| id.kind == Kind::UserAttachment).cloned().unwrap();
    let object = account.state().get(&half).unwrap().clone();
    account.person(Change::Delete(object)).unwrap();
    let mut rollback = sent(&stack, &one, 12);
    rollback.old_properties = two.as_object().unwrap().clone();
    handle(&account, &rollback).unwrap().unwrap();
    let before = account.state();
    let error = handle(&account, &late).unwrap().unwrap_err();
    assert!(error.contains("a later one of this resource was served"), "{error}");
    assert_same(&account.state(), &before);
    stack.delete(&account).unwrap();
    assert_same(&but_service_linked(&account), &populated().state());
}

/// I29
#[test]
fn an_update_of_what_was_deleted_meanwhile_makes_nothing() {
    let account = populated();
    let (one, two) = (slim(json!({})), slim(json!({"UserNames": ["bob"]})));
    let mut stack = Stack::named("a");
    stack.deploy(&account, one).unwrap();
    let late = stack.request(Some(two));
    stack.delete(&account).unwrap();
    let error =
        handle(&Telling::of_stacks(&account, "DELETE_COMPLETE"), &late).unwrap().unwrap_err();
    assert!(error.contains("the resource is in `DELETE_COMPLETE` now"), "{error}");
    assert_same(&but_service_linked(&account), &populated().state());
    // Where a person deleted all its objects, it is made again.
    handle(&Telling::of_stacks(&account, "UPDATE_IN_PROGRESS"), &late).unwrap().unwrap();
    assert!(has(&account, Kind::Role, "SLIM-Extras_for_Lambda"));
}

/// I29
#[test]
fn a_replacement_that_goes_on_beside_its_rollback_takes_itself_back() {
    /// An account in which the rollback is served while the first write is on its way.
    struct Overtaken<'a>(&'a Fake, Cell<usize>, Request);
    impl Cloud for Overtaken<'_> {
        async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
            self.0.observe(scope).await
        }

        async fn send(&self, call: &Call) -> Result<(), CallError> {
            self.0.pass(Duration::from_millis(500));
            if self.1.replace(self.1.get() + 1) == 0 {
                handle(self.0, &self.2).unwrap().unwrap();
            }
            self.0.send(call).await
        }

        fn now(&self) -> Instant {
            self.0.now()
        }
    }
    let account = populated();
    let of = |prefix: &str| slim(json!({"NamePrefix": prefix}));
    let mut stack = Stack::named("a");
    stack.deploy(&account, of("v-")).unwrap();
    let replacement = sent(&stack, &of("w-"), 10);
    let mut rollback = sent(&stack, &of("v-"), 12);
    rollback.old_properties = of("w-").as_object().unwrap().clone();
    let overtaken = Overtaken(&account, Default::default(), rollback);
    let error = handle(&overtaken, &replacement).unwrap().unwrap_err();
    assert!(error.contains("a later request of this resource was served"), "{error}");
    assert!(!account.state().ids().any(|id| id.name.starts_with("w-")));
    stack.delete(&account).unwrap();
    assert_same(&but_service_linked(&account), &populated().state());
}

/// I29
#[test]
fn an_update_whose_rollback_was_served_while_it_looked_does_nothing() {
    /// An account with a slow first look.
    struct SlowLook<'a>(&'a Fake, Cell<bool>, Request);
    impl Cloud for SlowLook<'_> {
        async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
            let seen = self.0.observe(scope).await;
            if !self.1.replace(true) {
                self.0.pass(Duration::from_millis(1_000));
                let unknown = Telling::saying(self.0, StackStatus::None);
                handle(&unknown, &self.2).unwrap().unwrap();
            }
            seen
        }

        async fn send(&self, call: &Call) -> Result<(), CallError> {
            self.0.send(call).await
        }

        fn now(&self) -> Instant {
            self.0.now()
        }
    }
    let account = populated();
    let (one, two) = (slim(json!({"UserNames": ["alice"]})), slim(json!({"UserNames": ["bob"]})));
    let mut stack = Stack::named("a");
    stack.deploy(&account, one.clone()).unwrap();
    let before = account.state();
    let update = sent(&stack, &two, 10);
    let mut rollback = sent(&stack, &one, 12);
    rollback.old_properties = two.as_object().unwrap().clone();
    let error = handle(&SlowLook(&account, Default::default(), rollback), &update).unwrap();
    let error = error.unwrap_err();
    assert!(error.contains("a later request of this resource was served"), "{error}");
    assert_same(&account.state(), &before);
}

/// I29, I36
#[test]
fn a_create_that_another_delivery_made_and_whose_delete_was_served_since_makes_nothing_again() {
    /// An account in which another delivery of the Create is served before the first write, and
    /// the Delete before the first link.
    struct Behind<'a> {
        account: &'a Fake,
        create: Request,
        delete: Request,
        served: Cell<usize>,
    }
    impl Cloud for Behind<'_> {
        async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
            self.account.observe(scope).await
        }

        async fn send(&self, call: &Call) -> Result<(), CallError> {
            let next = match (self.served.get(), call.id().kind.is_node()) {
                (0, _) => Some((&self.create, Duration::ZERO)),
                (1, false) => Some((&self.delete, Duration::from_secs(1))),
                _ => None,
            };
            if let Some((request, takes)) = next {
                self.served.set(self.served.get() + 1);
                handle(self.account, request).unwrap().unwrap();
                self.account.pass(takes);
            }
            self.account.send(call).await
        }

        fn now(&self) -> Instant {
            self.account.now()
        }
    }
    let account = populated();
    let mut stack = Stack::named("a");
    let properties = slim(json!({"UserNames": ["alice"]}));
    let create = sent(&stack, &properties, 10);
    stack.physical_id = Some(physical_id(&create));
    stack.properties = Some(properties);
    let (delete, served) = (stack.request_sent(None, 12), Default::default());
    let behind = Behind { account: &account, create: create.clone(), delete, served };
    let error = handle(&behind, &create).unwrap().unwrap_err();
    assert_eq!(behind.served.get(), 2);
    assert!(error.contains("a later request of this resource was served"), "{error}");
    assert_same(&but_service_linked(&account), &populated().state());
}

/// An account in which a write takes until nine seconds have passed.
struct Held<'a> {
    account: &'a Fake,
    begun: Instant,
    /// Writes that were begun after the nine seconds, but for those that take off claims.
    late: Cell<usize>,
}

impl<'a> Held<'a> {
    fn new(account: &'a Fake) -> Self {
        Held { account, begun: Instant::now(), late: Cell::new(0) }
    }
}

impl Cloud for Held<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.account.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        let end = self.begun + Duration::from_secs(9);
        let is_late = Instant::now() >= end && !matches!(call, Call::UntagUser { .. });
        self.late.set(self.late.get() + usize::from(is_late));
        sleep_until(end).await;
        self.account.send(call).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.account.find(me, scope).await
    }
}

/// An account that gives no reply to the first writes in time, and carries them out later.
struct Silent<'a> {
    account: &'a Fake,
    gate: &'a Gate,
    begun: Instant,
    on_their_way: RefCell<Vec<(Call, Pass)>>,
}

impl<'a> Silent<'a> {
    fn new(account: &'a Fake, gate: &'a Gate) -> Self {
        Silent { account, gate, begun: Instant::now(), on_their_way: RefCell::default() }
    }

    fn lands(&self) {
        for (call, pass) in self.on_their_way.take() {
            // It may be too late for it.
            let _ = self.account.send(&call).now_or_never().unwrap();
            drop(pass);
        }
    }
}

impl Cloud for Silent<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.account.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        let given_up = self.begun + Duration::from_secs(10);
        if Instant::now() >= given_up {
            return self.account.send(call).await;
        }
        let pass = self.gate.enter("iam:Write").unwrap();
        self.on_their_way.borrow_mut().push((call.clone(), pass));
        sleep_until(given_up).await;
        let (action, target, code) = ("iam:Write", call.id().to_string(), CallError::NO_ANSWER);
        let message = "no reply in time".to_owned();
        Err(CallError { action, target, code: code.to_owned(), message })
    }

    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        self.account.role_arns().await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.account.find(me, scope).await
    }
}

/// The newest event of the only resource of a stack, if there is one.
struct Newest {
    event: RefCell<Option<StackEvent>>,
    at: SystemTime,
    physical_id: Option<String>,
}

impl Newest {
    /// From the time at which this request was sent: its change has begun.
    fn begun(request: &Request) -> Self {
        let (at, physical_id) =
            (request.response_url.issued_at().unwrap(), request.physical_resource_id.clone());
        let newest = Newest { event: RefCell::default(), at, physical_id };
        newest.is(&format!("{}_IN_PROGRESS", doing(request.kind().unwrap())), request);
        newest
    }

    /// It has come to this, with the properties of a request.
    fn is(&self, status: &str, request: &Request) {
        let properties = Value::Object(request.properties.clone().unwrap());
        self.event.replace(Some(StackEvent {
            status: status.to_owned(),
            at: Some(self.at),
            physical_id: self.physical_id.clone(),
            resource_type: None,
            properties: Some(properties.to_string()),
        }));
    }
}

impl StackEvents for &Newest {
    async fn latest(&self, _: &str, _: StackPart<'_>) -> Result<Option<StackEvent>, String> {
        Ok(self.event.borrow().clone())
    }
}

/// Serves a request as the function does that hears of this event, while something else happens.
async fn serve_while<T>(
    cloud: &impl Cloud,
    request: &Request,
    newest: &Newest,
    progress: &Progress,
    meanwhile: impl Future<Output = T>,
) -> T {
    let deliveries = Deliveries::default();
    let preset = IamPreset::new(ByRef(cloud), account(), Settings::open());
    let preset = Verified::new(preset, newest, false, &deliveries, newest.at);
    // CloudFormation has gone on, and does not wait for its answer.
    let served = preset.handle(request.kind().unwrap(), request, progress);
    tokio::join!(served, meanwhile).1
}

fn doing(kind: RequestType) -> &'static str {
    match kind {
        RequestType::Create => "CREATE",
        RequestType::Update => "UPDATE",
        RequestType::Delete => "DELETE",
    }
}

/// Serves a request twice, the second time with all writes of a wave on their way until the request
/// that follows the first delivery has been served. Returns the account after that, and in the end.
fn deliver_twice(
    account: &Fake,
    request: &Request,
    next: &Request,
    status: &str,
) -> (State, State) {
    let (newest, progress) = (Newest::begun(request), Progress::default());
    let left = runtime().block_on(async {
        let held = Held::new(account);
        let meanwhile = async {
            sleep(Duration::from_secs(1)).await;
            handle(account, request).unwrap().unwrap();
            newest.is(&format!("{}_COMPLETE", doing(request.kind().unwrap())), request);
            sleep(Duration::from_secs(6)).await;
            handle(account, next).unwrap().unwrap();
            newest.is(status, next);
            account.state()
        };
        serve_while(&held, request, &newest, &progress, meanwhile).await
    });
    (left, account.state())
}

/// I37
#[test]
fn what_a_second_delivery_makes_after_cloudformation_went_on_is_taken_back() {
    let many = many_properties();
    let mut served = 0;
    let neighbours = many.windows(2).filter(|of| of[0]["Preset"] == of[1]["Preset"]);
    for (one, two) in neighbours.map(|of| (&of[0], &of[1])) {
        let alike = many.iter().filter(|it| it["Preset"] == one["Preset"] && *it != two);
        for three in alike {
            let account = populated();
            let mut stack = Stack::named("a");
            stack.deploy(&account, one.clone()).unwrap();
            // Some differ in their paths.
            let (other, mut tried) = (Fake::new(account.state()), stack.clone());
            let is_served = |properties: &Value| tried.deploy(&other, properties.clone()).is_ok();
            if ![two, three].into_iter().all(is_served) {
                continue;
            }
            let mut update = sent(&stack, two, 10);
            update.old_properties = one.as_object().unwrap().clone();
            let mut next = sent(&stack, three, 17);
            next.old_properties = two.as_object().unwrap().clone();
            let (left, ended) = deliver_twice(&account, &update, &next, "UPDATE_COMPLETE");
            assert_same(&ended, &left);
            served += 1;
        }
    }
    assert!(served > 20, "{served}");
    for properties in &many {
        let account = populated();
        let mut stack = Stack::named("a");
        let create = sent(&stack, properties, 10);
        stack.physical_id = Some(physical_id(&create));
        stack.properties = Some(properties.clone());
        let delete = stack.request_sent(None, 17);
        let (left, ended) = deliver_twice(&account, &create, &delete, "DELETE_COMPLETE");
        assert_same(&ended, &left);
        assert_same(&but_service_linked(&account), &populated().state());
    }
}

/// Serves a request without replies to its first writes in time, and after a second the request
/// by which CloudFormation goes on from it. AWS carries out the writes a second after they were
/// given up. Returns the account before that, and in the end.
fn serve_in_silence(
    account: &Fake,
    request: &Request,
    next: &Request,
    status: &str,
) -> (State, State) {
    let (newest, gate) = (Newest::begun(request), Gate::default());
    let progress = Progress::until(&gate, None);
    let left = runtime().block_on(async {
        let silent = Silent::new(account, &gate);
        let meanwhile = async {
            sleep(Duration::from_secs(1)).await;
            handle(account, next).unwrap().unwrap();
            newest.is(status, next);
            let left = but_service_linked(account);
            sleep(Duration::from_secs(10)).await;
            silent.lands();
            left
        };
        serve_while(&silent, request, &newest, &progress, meanwhile).await
    });
    (left, but_service_linked(account))
}

/// I37
#[test]
fn what_aws_makes_after_it_was_given_up_and_cloudformation_went_on_is_taken_back() {
    let many = many_properties();
    let neighbours = many.windows(2).filter(|of| of[0]["Preset"] == of[1]["Preset"]);
    let mut served = 0;
    for (one, two) in neighbours.map(|of| (&of[0], &of[1])) {
        for (one, two) in [(one, two), (two, one)] {
            let account = populated();
            let mut stack = Stack::named("a");
            stack.deploy(&account, one.clone()).unwrap();
            let (other, mut tried) = (Fake::new(account.state()), stack.clone());
            if tried.deploy(&other, two.clone()).is_err() {
                continue;
            }
            let mut update = sent(&stack, two, 10);
            update.old_properties = one.as_object().unwrap().clone();
            let mut rollback = sent(&stack, one, 11);
            rollback.old_properties = two.as_object().unwrap().clone();
            let (left, ended) = serve_in_silence(&account, &update, &rollback, "UPDATE_COMPLETE");
            assert_same(&ended, &left);
            served += 1;
        }
    }
    assert!(served > 10, "{served}");
    for properties in &many {
        let account = populated();
        let mut stack = Stack::named("a");
        let create = sent(&stack, properties, 10);
        stack.physical_id = Some(physical_id(&create));
        stack.properties = Some(properties.clone());
        let delete = stack.request_sent(None, 11);
        let (left, ended) = serve_in_silence(&account, &create, &delete, "DELETE_COMPLETE");
        assert_same(&ended, &left);
        assert_same(&but_service_linked(&account), &populated().state());
    }
}

/// I37
#[test]
fn a_create_to_which_aws_did_not_reply_in_time_leaves_nothing_that_comes_later() {
    for properties in &many_properties() {
        let account = populated();
        let create = Stack::named("a").request(Some(properties.clone()));
        let gate = Gate::default();
        let progress = Progress::until(&gate, None);
        runtime().block_on(async {
            let silent = Silent::new(&account, &gate);
            let lands = async {
                sleep(Duration::from_secs(11)).await;
                silent.lands();
            };
            let answer = tokio::join!(super::time::serve(&silent, &create, &progress), lands).0;
            let reason = answer.unwrap_err();
            assert!(reason.contains("no reply in time"), "{reason}");
        });
        assert_same(&but_service_linked(&account), &populated().state());
    }
}

/// I37
#[test]
fn a_second_delivery_of_a_delete_leaves_alone_what_a_new_stack_made() {
    let many = many_properties();
    // CloudFormation may have forgotten the stack.
    for (properties, is_known) in many.iter().flat_map(|it| [(it, true), (it, false)]) {
        let account = populated();
        let mut stack = Stack::named("a");
        stack.deploy(&account, properties.clone()).unwrap();
        let delete = stack.request_sent(None, 10);
        let (newest, progress) = (Newest::begun(&delete), Progress::default());
        let late = runtime().block_on(async {
            let held = Held::new(&account);
            let meanwhile = async {
                sleep(Duration::from_secs(2)).await;
                handle(&account, &delete).unwrap().unwrap();
                newest.is("DELETE_COMPLETE", &delete);
                if !is_known {
                    newest.event.take();
                }
                Stack::named("b").deploy(&account, properties.clone()).unwrap();
            };
            serve_while(&held, &delete, &newest, &progress, meanwhile).await;
            held.late.get()
        });
        assert_eq!(late, 0, "{properties}, {is_known}");
        let me = Owner::new(&delete.stack_id, &delete.logical_resource_id);
        let left = account.state();
        let marked = left.iter().find(|(_, object)| object.owners.contains(&me));
        assert!(marked.is_none(), "{marked:?}");
    }
}

/// I8
#[test]
fn a_delete_waits_for_a_create_that_takes_long_also_where_its_stack_is_not_known() {
    for properties in &many_properties() {
        let account = populated();
        let mut stack = Stack::named("a");
        let create = sent(&stack, properties, 10);
        stack.physical_id = Some("a-Preset-1ABCDEFGHIJKL".to_owned());
        stack.properties = Some(properties.clone());
        let delete = stack.request_sent(None, 10);
        let (newest, progress) = (Newest::begun(&delete), Progress::default());
        newest.event.take();
        runtime().block_on(async {
            let waiting = Waiting(&account);
            let meanwhile = async {
                sleep(Duration::from_secs(7)).await;
                handle(&account, &create).unwrap().unwrap();
            };
            serve_while(&waiting, &delete, &newest, &progress, meanwhile).await;
        });
        assert_same(&but_service_linked(&account), &populated().state());
    }
}

/// An account in which five seconds pass between two looks for a Create that is at work.
struct Waiting<'a>(&'a Fake);

impl Cloud for Waiting<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.0.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        self.0.send(call).await
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.0.find(me, scope).await
    }

    async fn wait(&self) {
        sleep(Duration::from_secs(5)).await;
    }
}
