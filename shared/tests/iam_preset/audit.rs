//! The reports of an audit about presets' objects, and that it changes nothing unless the operator
//! wants repairs.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use account_presets::cfn::{CustomResource, Gate, Past, Progress, RequestType, StackPart};
use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Call, CallError, Cloud, Found, StackStatus};
use account_presets::iam_preset::{Audit, IamPreset, Repairs, Report, Settings};
use account_presets::plan::{Attachable, Change, Scope};
use account_presets::state::{Id, Kind, Object, Owner, Owners, PolicyDocument, Resource, State};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::world::*;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// An account with a CloudFormation that knows how these stacks were made.
pub struct Audited<'a> {
    pub account: &'a Fake,
    pub past: BTreeMap<String, Past>,
    /// Of this stack nothing can be read, or reading it never ends.
    pub broken: Option<(&'static str, bool)>,
    /// Reads of the account.
    pub looks: Cell<usize>,
    /// The classes that are repaired.
    pub repairs: Repairs,
    pub settings: Settings,
    /// CloudFormation begins an Update of every stack when it has been asked so often.
    pub begins_after: Option<usize>,
    /// The Update ends, with these properties, when CloudFormation has been asked so often.
    pub ends: Option<(usize, Value)>,
    /// After the first write this stack is deleted, and one of this name is made with its properties.
    pub made_anew: Option<(Stack, &'static str)>,
    /// IAM refuses every write.
    pub refuses: bool,
    /// The time of each write.
    pub takes: Duration,
    pub asked: Cell<usize>,
    pub is_anew: Cell<bool>,
}

impl<'a> Audited<'a> {
    /// Every stack is as it was deployed.
    pub fn new(account: &'a Fake, stacks: &[&Stack]) -> Self {
        let past = stacks.iter().map(|stack| {
            let properties = stack.properties.clone().unwrap().to_string();
            let physical_id = stack.physical_id.clone().unwrap();
            (stack.request(None).stack_id, Past::Completed { physical_id, properties })
        });
        Audited {
            account,
            past: past.collect(),
            broken: None,
            looks: Cell::new(0),
            repairs: Repairs::none(),
            settings: Settings::open(),
            begins_after: None,
            ends: None,
            made_anew: None,
            refuses: false,
            takes: Duration::ZERO,
            asked: Cell::new(0),
            is_anew: Cell::new(false),
        }
    }

    pub fn saying(account: &'a Fake, stack: &Stack, past: Past) -> Self {
        let past = [(stack.request(None).stack_id, past)].into();
        Audited { past, ..Audited::new(account, &[]) }
    }

    pub async fn report(&self) -> Report {
        self.page(json!({})).await
    }

    async fn page(&self, asked: Value) -> Report {
        let end = Instant::now().checked_add(Duration::from_secs(200));
        self.within(asked, &Progress::until(&Gate::default(), end)).await
    }

    pub async fn within(&self, asked: Value, progress: &Progress) -> Report {
        let event = RawValue::from_string(json!({ "audit": asked }).to_string()).unwrap();
        self.audit(&Audit::read(&event).unwrap().unwrap(), progress).await
    }

    pub async fn audit(&self, audit: &Audit, progress: &Progress) -> Report {
        let preset = IamPreset::new(self, account(), self.settings.clone());
        preset.audit(audit, &self.repairs, progress).await.unwrap()
    }

    /// The findings about the one resource with drift, a line for each.
    async fn findings(&self) -> Vec<String> {
        let writes = self.account.writes();
        let report = self.report().await;
        assert_eq!(self.account.writes(), writes, "an audit changes nothing");
        assert_eq!(report.unknown, []);
        assert!(report.drifted.len() < 2, "{report:?}");
        assert_eq!(report.same, 1 - report.drifted.len());
        report.drifted.iter().for_each(assert_fits_the_schema);
        report.drifted.first().map(lines).unwrap_or_default()
    }
}

pub fn lines(drift: &Value) -> Vec<String> {
    let findings = drift["findings"].as_array().unwrap();
    let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
    let line = |finding: &Value| {
        ["class", "object", "field", "grants"].map(|name| text(finding, name)).join(", ")
    };
    findings.iter().map(line).collect()
}

impl Cloud for &Audited<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.looks.set(self.looks.get() + 1);
        self.account.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        assert_ne!(self.repairs, Repairs::none(), "an audit changes nothing");
        if self.refuses {
            let (target, code) = (call.id().name, "AccessDenied".to_owned());
            let message = "no".to_owned();
            return Err(CallError { action: call.action().as_str(), target, code, message });
        }
        self.account.pass(self.takes);
        let writes = self.account.writes();
        self.account.send(call).await?;
        if let Some((old, name)) = self.made_anew.as_ref().filter(|_| !self.is_anew.replace(true)) {
            assert!(self.account.writes() > writes);
            let preset = IamPreset::new(ByRef(self.account), account(), Settings::open());
            let (delete, progress) = (old.request(None), Progress::default());
            let done = preset.handle(RequestType::Delete, &delete, &progress);
            Box::pin(done).await.unwrap();
            let create = Stack::named(name).request(old.properties.clone());
            let done = preset.handle(RequestType::Create, &create, &progress);
            Box::pin(done).await.unwrap();
        }
        Ok(())
    }

    fn now(&self) -> Instant {
        self.account.now()
    }

    async fn find(&self, me: &Owner, scope: &Scope) -> Result<Found, CallError> {
        self.account.find(me, scope).await
    }

    async fn role_arns(&self) -> Result<Vec<String>, CallError> {
        self.account.role_arns().await
    }

    async fn attachable(&self) -> Result<Attachable, CallError> {
        self.account.attachable().await
    }

    async fn documents(
        &self,
        arns: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, PolicyDocument>, CallError> {
        self.account.documents(arns).await
    }

    async fn stack_status(&self, _: &str, _: StackPart<'_>) -> Result<StackStatus, CallError> {
        Ok(status("CREATE_COMPLETE", None))
    }

    async fn owners(&self) -> Result<Owners, CallError> {
        self.account.owners().await
    }

    async fn past(&self, stack: &str, logical_id: &str) -> Result<Past, CallError> {
        assert_eq!(logical_id, "Preset");
        self.asked.set(self.asked.get() + 1);
        if self.begins_after.is_some_and(|after| self.asked.get() > after) {
            return Ok(match &self.ends {
                Some((after, properties)) if self.asked.get() > *after => {
                    let (physical_id, properties) = ("later".to_owned(), properties.to_string());
                    Past::Completed { physical_id, properties }
                }
                Some(_) | None => Past::InProgress("UPDATE_IN_PROGRESS".to_owned()),
            });
        }
        match self.broken {
            Some((name, hangs)) if stack.contains(name) => {
                if hangs {
                    std::future::pending::<()>().await;
                }
                let (target, code) = (stack.to_owned(), "Throttling".to_owned());
                let action = "cloudformation:DescribeStackEvents";
                Err(CallError { action, target, code, message: "slow down".to_owned() })
            }
            _ => Ok(self.past.get(stack).cloned().unwrap_or(Past::Gone)),
        }
    }
}

pub fn deployed(account: &Fake, name: &'static str, properties: Value) -> Stack {
    let mut stack = Stack::named(name);
    stack.deploy(account, properties).unwrap();
    stack
}

pub fn hardened(preset: &str, parameters: Value) -> Value {
    edition("hardened", preset, parameters)
}

/// A person puts another object in the place of one.
pub fn by_hand(account: &Fake, id: &Id, change: impl Fn(&mut Resource)) {
    let before = account.state().get(id).unwrap().clone();
    let mut after = before.clone();
    change(&mut after.resource);
    account.person(Change::Update { before, after }).unwrap();
}

/// A1
#[tokio::test(start_paused = true)]
async fn what_is_as_it_was_made_is_no_drift_whatever_the_preset() {
    for properties in many_properties() {
        let account = populated();
        let stack = deployed(&account, "one", properties.clone());
        let findings = Audited::new(&account, &[&stack]).findings().await;
        assert_eq!(findings, [""; 0], "{properties}");
    }
}

/// A4
#[tokio::test(start_paused = true)]
async fn each_kind_of_drift_is_found_with_what_it_grants() {
    let name = "lithops-role";
    let role = Id::node(Kind::Role, name);
    let policy = "lithops-policy";
    let attached = format!("arn:aws:iam::{ACCOUNT}:policy/{policy}");
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    let document = |statement: Value| PolicyDocument::new(json!({"Statement": [statement]}));
    type Hand<'a> = &'a dyn Fn(&Fake);
    let cases: [(Hand<'_>, &str); 8] = [
        (
            &|account| account.person(Change::Create(attachment(name, admin))).unwrap(),
            "added, role attachment `lithops-role` <- aws `AdministratorAccess`, object, more",
        ),
        (
            &|account| {
                let id = Id::link(Kind::RoleAttachment, name, &attached);
                let object = account.state().get(&id).unwrap().clone();
                account.person(Change::Delete(object)).unwrap();
            },
            "missing, role attachment `lithops-role` <- `lithops-policy`, object, less",
        ),
        (
            &|account| {
                by_hand(account, &Id::node(Kind::Policy, policy), |resource| {
                    if let Resource::Policy(policy) = resource {
                        let mut all = policy.document.as_value().clone();
                        let more = json!({"Effect": "Allow", "Action": "iam:*", "Resource": "*"});
                        all["Statement"].as_array_mut().unwrap().push(more);
                        policy.document = PolicyDocument::new(all);
                    }
                });
            },
            "changed, policy `lithops-policy`, document, more",
        ),
        // A grant of everything in the place of the preset's.
        (
            &|account| {
                by_hand(account, &Id::node(Kind::Policy, policy), |resource| {
                    if let Resource::Policy(policy) = resource {
                        let all = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
                        policy.document = document(all);
                    }
                });
            },
            "changed, policy `lithops-policy`, document, more",
        ),
        (
            &|account| {
                by_hand(account, &role, |resource| {
                    if let Resource::Role(role) = resource {
                        role.trust = document(json!({
                            "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole",
                        }));
                    }
                });
            },
            "changed, role `lithops-role`, trust, more",
        ),
        (
            &|account| {
                by_hand(account, &role, |resource| {
                    if let Resource::Role(role) = resource {
                        role.max_session_duration = 43200;
                    }
                });
            },
            "changed, role `lithops-role`, maxSessionDuration, more",
        ),
        (
            &|account| {
                let member = Resource::GroupMember {
                    group: "LithopsUserGroup".to_owned(),
                    user: "bob".to_owned(),
                };
                account.person(Change::Create(Object::unowned(member))).unwrap();
            },
            "added, group member `LithopsUserGroup` <- `bob`, object, more",
        ),
        (
            &|account| {
                let id = Id::link(Kind::GroupMember, "LithopsUserGroup", "alice");
                let object = account.state().get(&id).unwrap().clone();
                account.person(Change::Delete(object)).unwrap();
            },
            "missing, group member `LithopsUserGroup` <- `alice`, object, less",
        ),
    ];
    for (hand, expected) in cases {
        let account = populated();
        let stack = deployed(&account, "one", hardened("lithops", json!({"UserNames": ["alice"]})));
        hand(&account);
        assert_eq!(Audited::new(&account, &[&stack]).findings().await, [expected]);
    }
}

/// A4
#[tokio::test(start_paused = true)]
async fn a_name_that_is_somebody_elses_now_is_drift_and_not_a_failure() {
    let account = populated();
    let stack = deployed(&account, "one", hardened("lithops", json!({})));
    let id = Id::node(Kind::Role, "lithops-role");
    let mut without = account.state().get(&id).unwrap().clone();
    let before = without.clone();
    without.owners.clear();
    account.person(Change::Update { before, after: without }).unwrap();
    let findings = Audited::new(&account, &[&stack]).findings().await;
    assert!(
        findings.contains(&"changed, role `lithops-role`, owner, different".to_owned()),
        "{findings:?}"
    );
}

/// A2, A3
#[tokio::test(start_paused = true)]
async fn a_stack_at_work_is_left_alone_and_what_nobody_knows_is_unknown() {
    let account = populated();
    let stack = deployed(&account, "one", hardened("slim", json!({})));
    let busy = Audited::saying(&account, &stack, Past::InProgress("UPDATE_IN_PROGRESS".to_owned()));
    let report = busy.report().await;
    assert_eq!((report.in_progress, report.same, busy.looks.get()), (1, 0, 0));
    assert_eq!((report.drifted.len(), report.unknown.len()), (0, 0));
    let completed = |properties: &str| Past::Completed {
        physical_id: "slim:one:Preset:0123456789abcdef".to_owned(),
        properties: properties.to_owned(),
    };
    for (past, why) in [
        (Past::Gone, "deleted or retained"),
        (Past::Unknown("the events end".to_owned()), "the events end"),
        (completed("{\"Preset\":\"slim\""), "cannot be read"),
        (completed("{}"), "Preset: is missing"),
        (completed("{\"Preset\":\"slim\",\"Retired\":\"x\"}"), "takes its properties no more"),
    ] {
        let report = Audited::saying(&account, &stack, past).report().await;
        assert_eq!((report.unknown.len(), report.drifted.len(), report.same), (1, 0, 0));
        assert!(report.unknown[0].why.contains(why), "{report:?}");
        assert!(report.unknown[0].resource.contains("stack/one/"), "{report:?}");
    }
}

/// A3
#[tokio::test(start_paused = true)]
async fn what_another_release_made_is_unknown_and_no_drift() {
    let account = populated();
    let stack = deployed(&account, "one", hardened("slim", json!({})));
    let audited = Audited::new(&account, &[&stack]);
    let newer =
        IamPreset::new(&audited, super::world::account(), Settings::open()).with_release("9.0.0");
    let report =
        newer.audit(&Audit::default(), &Repairs::none(), &Progress::default()).await.unwrap();
    assert_eq!((report.unknown.len(), report.drifted.len()), (1, 0));
    assert!(report.unknown[0].why.contains("this is 9.0.0"), "{report:?}");
}

/// A7
#[tokio::test(start_paused = true)]
async fn one_resource_that_fails_or_hangs_does_not_stop_the_others() {
    let account = populated();
    let one = deployed(&account, "one", hardened("slim", json!({})));
    let two = deployed(&account, "two", hardened("lithops", json!({})));
    let three = deployed(&account, "three", hardened("zappa", json!({})));
    for hangs in [false, true] {
        for broken in ["/one/", "/two/", "/three/"] {
            let audited = Audited {
                broken: Some((broken, hangs)),
                ..Audited::new(&account, &[&one, &two, &three])
            };
            let report = audited.report().await;
            assert_eq!((report.same, report.unknown.len()), (2, 1), "{report:?}");
            let why = &report.unknown[0].why;
            assert!(why.contains(if hangs { "took longer" } else { "slow down" }), "{why}");
        }
    }
}

/// A8
#[tokio::test(start_paused = true)]
async fn an_audit_ends_before_its_deadline_and_the_next_one_goes_on_there() {
    let account = populated();
    let one = deployed(&account, "one", hardened("slim", json!({})));
    let two = deployed(&account, "two", hardened("lithops", json!({})));
    let three = deployed(&account, "three", hardened("zappa", json!({})));
    let audited = Audited::new(&account, &[&one, &two, &three]);
    let short = Instant::now().checked_add(Duration::from_secs(10));
    let none = audited.within(json!({}), &Progress::until(&Gate::default(), short)).await;
    assert_eq!((none.same, none.next), (0, Some(json!({"audit": {}}))));
    // A resource hangs for as long as it may, and takes the time of those after it.
    let mut asked = json!({});
    let (mut same, mut unknown, mut pages) = (0, 0, 0);
    let broken = Audited { broken: Some(("stack/", true)), ..Audited::new(&account, &[]) };
    loop {
        let end = Instant::now().checked_add(Duration::from_secs(50));
        let report = broken.within(asked, &Progress::until(&Gate::default(), end)).await;
        (same, unknown, pages) = (same + report.same, unknown + report.unknown.len(), pages + 1);
        let Some(next) = report.next else { break };
        asked = next["audit"].clone();
    }
    assert_eq!((same, unknown, pages), (0, 3, 3));
    assert_eq!(audited.report().await.next, None);
}

/// A9, Threat 24
#[tokio::test(start_paused = true)]
async fn stacks_of_another_region_or_account_are_not_asked_for() {
    let account = populated();
    let stack = deployed(&account, "one", hardened("slim", json!({})));
    let audited = Audited::new(&account, &[&stack]);
    let elsewhere = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let elsewhere = account_presets::state::Account::from_arn(elsewhere).unwrap();
    let preset = IamPreset::new(&audited, elsewhere, Settings::open());
    let report = preset.audit(&Audit::default(), &Repairs::none(), &Progress::default()).await;
    assert_eq!(report, Ok(Report::default()));
    assert_eq!(audited.looks.get(), 0);
}

/// A5
#[tokio::test(start_paused = true)]
async fn the_event_has_the_form_that_its_schema_says() {
    let account = populated();
    let stack = deployed(&account, "one", hardened("lithops", json!({})));
    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    account.person(Change::Create(attachment("lithops-role", admin))).unwrap();
    let report = Audited::new(&account, &[&stack]).report().await;
    let [drift] = &report.drifted[..] else { panic!("{report:?}") };
    assert_fits_the_schema(drift);
    assert_eq!(
        *drift,
        json!({
            "form": 1,
            "stackId": stack.request(None).stack_id,
            "logicalResourceId": "Preset",
            "physicalResourceId": stack.physical_id,
            "preset": "lithops",
            "edition": "hardened",
            "findings": [{
                "object": "role attachment `lithops-role` <- aws `AdministratorAccess`",
                "class": "added", "field": "object", "expected": "", "found": "", "grants": "more",
            }],
            "furtherFindings": 0,
        })
    );
}

/// As far as the schema's own words go: types, names, required ones, enumerations.
pub fn assert_fits_the_schema(drift: &Value) {
    let schema = include_str!("../../../events/preset-drift.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    assert_fits(drift, &schema, "detail");
}

fn assert_fits(value: &Value, schema: &Value, place: &str) {
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "integer",
        Value::Bool(_) => "boolean",
        Value::Null => "null",
    };
    assert_eq!(schema["type"], kind, "{place}");
    if let Some(allowed) = schema["enum"].as_array() {
        assert!(allowed.contains(value), "{place}: {value}");
    }
    if let Some(map) = value.as_object() {
        let known = schema["properties"].as_object().unwrap();
        for name in schema["required"].as_array().unwrap() {
            assert!(map.contains_key(name.as_str().unwrap()), "{place} lacks {name}");
        }
        for (name, value) in map {
            assert!(known.contains_key(name), "{place} has a {name}");
            assert_fits(value, &known[name], &format!("{place}.{name}"));
        }
    }
    for value in value.as_array().into_iter().flatten() {
        assert_fits(value, &schema["items"], &format!("{place}[]"));
    }
}

/// A9
#[tokio::test(start_paused = true)]
async fn what_another_function_serves_is_left_to_it() {
    let account = populated();
    let mut properties = hardened("lithops", json!({}));
    properties["ServiceToken"] = json!("arn:aws:lambda:eu-west-1:123456789012:function:one");
    let stack = deployed(&account, "one", properties);
    account.person(Change::Create(attachment("lithops-role", ADMINISTRATOR))).unwrap();
    let audited =
        Audited { repairs: Repairs::read("added").unwrap(), ..Audited::new(&account, &[&stack]) };
    let writes = account.writes();
    for (function, drifted) in [("one", 1), ("one:live", 1), ("another", 0), ("one-more", 0)] {
        let function = format!("arn:aws:lambda:eu-west-1:123456789012:function:{function}");
        let audit = Audit::default().served_by(&function);
        let report = audited.audit(&audit, &Progress::default()).await;
        assert_eq!((report.drifted.len(), report.elsewhere), (drifted, 1 - drifted), "{function}");
        assert_eq!((report.repaired, report.unknown.len()), (0, 0));
        assert_eq!(account.writes(), writes);
    }
}

/// A4
#[tokio::test(start_paused = true)]
async fn what_stands_in_the_way_of_a_plan_hides_nothing_else() {
    for keeps in ["Keep", "Fail"] {
        let account = populated();
        let mut properties = hardened("lithops", json!({}));
        properties["OnForeignAttachment"] = json!(keeps);
        let stack = deployed(&account, "one", properties);
        account.person(Change::Create(attachment("lithops-role", ADMINISTRATOR))).unwrap();
        for (kind, name) in [(Kind::Policy, "lithops-policy"), (Kind::Role, "lithops-role")] {
            let found = account.state().get(&Id::node(kind, name)).unwrap().clone();
            let unmarked = Object { owners: Owners::new(), ..found.clone() };
            account.person(Change::Update { before: found, after: unmarked }).unwrap();
            let findings = Audited::new(&account, &[&stack]).findings().await;
            let said = "added, role attachment `lithops-role` <- aws `AdministratorAccess`";
            assert!(findings.contains(&format!("{said}, object, more")), "{findings:?}");
            let owner = format!("changed, {} `{name}`, owner, different", kind);
            assert!(findings.contains(&owner), "{findings:?}");
        }
    }
}

/// A4, I3
#[tokio::test(start_paused = true)]
async fn a_mark_that_somebody_took_off_a_shared_object_is_told() {
    let account = populated();
    let of = |name: &str| hardened("zappa", json!({"Deployments": [name]}));
    let stack = deployed(&account, "one", of("tr-one"));
    let other = deployed(&account, "two", of("tr-two"));
    let me = Owner::new(&stack.request(None).stack_id, "Preset");
    let state = account.state();
    let (id, found) =
        state.iter().find(|(id, it)| id.kind == Kind::Policy && it.owners.len() == 2).unwrap();
    let mut unmarked = found.clone();
    unmarked.owners.remove(&me);
    account.person(Change::Update { before: found.clone(), after: unmarked }).unwrap();
    let report = Audited::new(&account, &[&stack, &other]).report().await;
    assert_eq!((report.drifted.len(), report.same), (1, 1));
    assert_eq!(lines(&report.drifted[0]), [format!("changed, {id}, owner, same")]);
}
