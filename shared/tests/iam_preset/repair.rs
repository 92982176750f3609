//! Repairs of an audit, where the operator wants them.

use account_presets::cfn::{Gate, Progress};
use account_presets::cloud::fake::Fake;
use account_presets::iam_preset::{Repairs, Settings};
use account_presets::plan::Change;
use account_presets::state::{Id, Kind, Object, Resource};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use super::audit::{Audited, assert_fits_the_schema, by_hand, deployed, hardened, lines};
use super::world::*;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// A stack of lithops with a role that lacks its policy.
fn lacking(account: &Fake) -> Stack {
    let stack = deployed(account, "one", hardened("lithops", json!({"UserNames": ["alice"]})));
    let policy = format!("arn:aws:iam::{ACCOUNT}:policy/lithops-policy");
    let id = Id::link(Kind::RoleAttachment, "lithops-role", &policy);
    let attached = account.state().get(&id).unwrap().clone();
    account.person(Change::Delete(attached)).unwrap();
    stack
}

fn a_longer_session(account: &Fake) {
    by_hand(account, &Id::node(Kind::Role, "lithops-role"), |resource| {
        if let Resource::Role(role) = resource {
            role.max_session_duration = 43200;
        }
    });
}

fn repairing<'a>(account: &'a Fake, stack: &Stack, classes: &str) -> Audited<'a> {
    let repairs = Repairs::read(classes).unwrap();
    Audited { repairs, ..Audited::new(account, &[stack]) }
}

/// The repair of the one resource with drift.
async fn repair(audited: &Audited<'_>) -> Value {
    let report = audited.report().await;
    let [drift] = &report.drifted[..] else { panic!("{report:?}") };
    assert_fits_the_schema(drift);
    assert_eq!(report.repaired, usize::from(drift["repair"]["done"] == true));
    drift["repair"].clone()
}

/// A10
#[tokio::test(start_paused = true)]
async fn what_is_missing_or_changed_is_put_right_and_reported_as_it_was_found() {
    let account = populated();
    let stack = lacking(&account);
    let whole = {
        let account = populated();
        deployed(&account, "one", hardened("lithops", json!({"UserNames": ["alice"]})));
        account.state()
    };
    a_longer_session(&account);
    let audited = repairing(&account, &stack, "changed, missing");
    let report = audited.report().await;
    assert_eq!(
        lines(&report.drifted[0]),
        [
            "changed, role `lithops-role`, maxSessionDuration, more",
            "missing, role attachment `lithops-role` <- `lithops-policy`, object, less",
        ]
    );
    assert_eq!((&report.drifted[0]["repair"], report.repaired), (&json!({"done": true}), 1));
    assert_eq!(account.state(), whole);
    let report = audited.report().await;
    assert_eq!((report.same, report.drifted.len(), report.repaired), (1, 0, 0));
}

/// A10
#[tokio::test(start_paused = true)]
async fn a_resource_is_left_alone_where_any_of_it_is_not_to_be_put_right() {
    for classes in ["", "changed", "added", "changed,added"] {
        let account = populated();
        let stack = lacking(&account);
        a_longer_session(&account);
        let (found, writes) = (account.state(), account.writes());
        assert_eq!(repair(&repairing(&account, &stack, classes)).await, Value::Null, "{classes}");
        assert_eq!((account.state(), account.writes()), (found, writes));
    }
}

/// A10
#[tokio::test(start_paused = true)]
async fn what_somebody_else_attached_stays_unless_the_stack_detaches_it() {
    for (keeps, classes, done) in [
        ("Keep", "added,changed,missing", Value::Null),
        ("Detach", "changed,missing", Value::Null),
        ("Detach", "added", json!({"done": true})),
    ] {
        let account = populated();
        let mut properties = hardened("lithops", json!({}));
        properties["OnForeignAttachment"] = json!(keeps);
        let stack = deployed(&account, "one", properties);
        let whole = account.state();
        account.person(Change::Create(attachment("lithops-role", ADMINISTRATOR))).unwrap();
        assert_eq!(repair(&repairing(&account, &stack, classes)).await, done, "{keeps} {classes}");
        assert_eq!(account.state() == whole, !done.is_null(), "{keeps} {classes}");
    }
}

/// A10, Threat 13
#[tokio::test(start_paused = true)]
async fn nothing_is_put_right_beside_what_others_added_and_the_stack_leaves() {
    let member = Object::unowned(Resource::GroupMember {
        group: "LithopsUserGroup".to_owned(),
        user: "bob".to_owned(),
    });
    for added in [attachment("lithops-role", ADMINISTRATOR), member] {
        for classes in ["changed,missing", "added,changed,missing"] {
            let account = populated();
            let stack = lacking(&account);
            account.person(Change::Create(added.clone())).unwrap();
            let (found, writes) = (account.state(), account.writes());
            let repaired = repair(&repairing(&account, &stack, classes)).await;
            assert_eq!(repaired, Value::Null, "{classes}");
            assert_eq!((account.state(), account.writes()), (found, writes));
        }
    }
}

/// A10, Threat 24
#[tokio::test(start_paused = true)]
async fn what_the_operator_allows_no_more_is_not_put_right_and_the_reason_is_reported() {
    let account = populated();
    let stack = lacking(&account);
    let found = account.state();
    let settings = Settings::read(|name| (name == "ALLOWED_PRESETS").then_some("slim"));
    let audited = Audited { settings, ..repairing(&account, &stack, "missing") };
    let refused = repair(&audited).await;
    let reason = refused["reason"].as_str().unwrap();
    assert!(reason.contains("Preset"), "{reason}");
    assert_eq!(account.state(), found);
}

/// A2, A10
#[tokio::test(start_paused = true)]
async fn where_cloudformation_has_begun_meanwhile_nothing_is_put_right() {
    let account = populated();
    let stack = lacking(&account);
    let (found, writes) = (account.state(), account.writes());
    let audited =
        Audited { begins_after: Some(1), ..repairing(&account, &stack, "changed,missing") };
    let refused = repair(&audited).await;
    let reason = "CloudFormation is at work on the stack";
    assert_eq!(refused, json!({"done": false, "reason": reason}));
    assert_eq!((account.state(), account.writes()), (found, writes));
}

/// A2, A10
#[tokio::test(start_paused = true)]
async fn what_was_put_right_while_cloudformation_began_is_taken_back() {
    for preset in ["lithops", "slim"] {
        let account = populated();
        let edition = if preset == "slim" { "documented" } else { "hardened" };
        let properties = super::world::edition(edition, preset, json!({"UserNames": ["alice"]}));
        let stack = deployed(&account, "one", properties);
        let is_given = |id: &&Id| id.kind == Kind::UserAttachment || id.kind == Kind::GroupMember;
        let state = account.state();
        let given = state.get(state.ids().find(is_given).unwrap()).unwrap().clone();
        let by_hand = Object { owners: Default::default(), ..given };
        account.person(Change::Delete(by_hand)).unwrap();
        let found = account.state();
        let audited = Audited {
            begins_after: Some(2),
            takes: Duration::from_secs(9),
            ..repairing(&account, &stack, "changed,missing")
        };
        let refused = repair(&audited).await;
        assert_eq!(refused["done"], false, "{refused}");
        assert_same(&account.state(), &found);
    }
}

/// A2, A10
#[tokio::test(start_paused = true)]
async fn what_was_put_right_stays_where_the_update_that_came_between_wants_it() {
    for (ends_after, keeps) in [(3, true), (5, true), (3, false)] {
        let account = populated();
        let stack = lacking(&account);
        let found = account.state();
        let mut later = stack.properties.clone().unwrap();
        let expected = match keeps {
            true => {
                later["UpdateToken"] = json!("2");
                let whole = populated();
                deployed(&whole, "one", hardened("lithops", json!({"UserNames": ["alice"]})));
                whole.state()
            }
            // Without a description of the later Update's state, the repair is taken back.
            false => {
                later = json!({"Preset": "none"});
                found
            }
        };
        let audited = Audited {
            begins_after: Some(2),
            ends: Some((ends_after, later)),
            takes: Duration::from_secs(9),
            ..repairing(&account, &stack, "changed,missing")
        };
        let refused = repair(&audited).await;
        assert_eq!(refused["done"], false, "{refused}");
        assert_same(&account.state(), &expected);
    }
}

/// A2, A10
#[tokio::test(start_paused = true)]
async fn a_repair_takes_nothing_from_a_stack_that_was_made_anew_meanwhile() {
    let account = populated();
    let stack = lacking(&account);
    let whole = populated();
    deployed(&whole, "two", hardened("lithops", json!({"UserNames": ["alice"]})));
    let audited = Audited {
        begins_after: Some(2),
        takes: Duration::from_secs(9),
        made_anew: Some((stack.clone(), "two")),
        ..repairing(&account, &stack, "changed,missing")
    };
    let refused = repair(&audited).await;
    assert_eq!(refused["done"], false, "{refused}");
    assert_same(&account.state(), &whole.state());
}

/// A8, A10
#[tokio::test(start_paused = true)]
async fn a_repair_that_would_come_near_the_deadline_is_left_to_the_next_audit() {
    let account = populated();
    let stack = lacking(&account);
    let writes = account.writes();
    let audited = repairing(&account, &stack, "missing");
    let end = Instant::now().checked_add(Duration::from_secs(30));
    let report = audited.within(json!({}), &Progress::until(&Gate::default(), end)).await;
    let reason = report.drifted[0]["repair"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("too little time"), "{reason}");
    assert_eq!((report.repaired, account.writes()), (0, writes));
}

/// A10
#[tokio::test(start_paused = true)]
async fn a_repair_that_fails_is_reported_with_what_aws_said() {
    let account = populated();
    let stack = lacking(&account);
    let audited = Audited { refuses: true, ..repairing(&account, &stack, "missing") };
    let refused = repair(&audited).await;
    assert_eq!(refused["done"], false);
    assert!(refused["reason"].as_str().unwrap().contains("AccessDenied"), "{refused}");
}

/// A6
#[test]
fn what_is_put_right_is_named_by_its_class() {
    assert_eq!(Repairs::read(""), Ok(Repairs::none()));
    assert_eq!(Repairs::read("added,changed"), Repairs::read(" changed , added,"));
    let wrong = Repairs::read("changed,mising").unwrap_err();
    assert_eq!(wrong, "given `mising`, allowed are `changed`, `missing` and `added`");
}
