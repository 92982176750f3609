//! A request does exactly the changes that were foreseen.

use std::collections::BTreeMap;

use account_presets::cfn::{Past, Progress, RequestType};
use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Cloud, ReadOnly};
use account_presets::iam_preset::{Foreseen, IamPreset, Settings, Unforeseen};
use account_presets::plan::Change;
use account_presets::state::{Id, Object};
use serde_json::{Map, Value, json};

use super::audit::Audited;
use super::catalogue::properties;
use super::world::*;

fn map(properties: &Value) -> Map<String, Value> {
    properties.as_object().unwrap().clone()
}

async fn create(cloud: &ReadOnly<impl Cloud>, given: &Value) -> Result<Foreseen, Unforeseen> {
    let stack = Stack::named("one").request(None).stack_id;
    let preset = IamPreset::new(cloud, account(), Settings::open());
    preset.foresee_create(&stack, "Preset", map(given), &Progress::default()).await
}

async fn next(account_: &Fake, stack: &Stack, kind: RequestType) -> Result<Foreseen, Unforeseen> {
    let audited = Audited::new(account_, &[stack]);
    let cloud = ReadOnly::new(&audited);
    let id = stack.request(None).stack_id;
    IamPreset::new(&cloud, account(), Settings::open())
        .foresee_next(kind, &id, "Preset", &Progress::default())
        .await
}

/// The objects of an account, by id; users' marks are no objects of their own.
fn objects(account: &Fake) -> BTreeMap<Id, Object> {
    account.state().iter().map(|(id, object)| (id.clone(), object.clone())).collect()
}

/// The objects and links that a plan makes and deletes. A policy of a user is claimed, and then
/// attached.
fn made(foreseen: &Foreseen) -> (Vec<Id>, Vec<Id>) {
    let (mut made, mut gone) = (Vec::new(), Vec::new());
    for change in foreseen.plan.changes() {
        match change {
            Change::Create(_) => made.push(change.id()),
            Change::Delete(_) => gone.push(change.id()),
            Change::Update { .. } => {}
        }
    }
    for ids in [&mut made, &mut gone] {
        ids.sort();
        ids.dedup();
    }
    (made, gone)
}

#[tokio::test(start_paused = true)]
async fn whatever_the_preset_a_create_does_what_was_foreseen_and_a_delete_too() {
    for given in properties() {
        let account = populated();
        let before = objects(&account);
        let foreseen = create(&ReadOnly::new(ByRef(&account)), &given).await.unwrap();
        assert_eq!((account.writes(), objects(&account)), (0, before.clone()), "{given}");
        let mut stack = Stack::named("one");
        let success = stack.deploy(&account, given.clone()).unwrap();
        let after = objects(&account);
        let new: Vec<Id> = after.keys().filter(|id| !before.contains_key(id)).cloned().collect();
        assert_eq!(made(&foreseen), (new, vec![]), "{given}");
        assert_eq!(foreseen.attributes, success.data, "{given}");
        assert_eq!(Some(&foreseen.physical_id), stack.physical_id.as_ref(), "{given}");

        let same = next(&account, &stack, RequestType::Update).await.unwrap();
        assert!(same.is_nothing(), "{given}: {}", same.plan);

        let writes = account.writes();
        let foreseen = next(&account, &stack, RequestType::Delete).await.unwrap();
        assert_eq!(account.writes(), writes);
        stack.delete(&account).unwrap();
        let left = objects(&account);
        let gone: Vec<Id> = after.keys().filter(|id| !left.contains_key(id)).cloned().collect();
        assert_eq!(made(&foreseen), (vec![], gone), "{given}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_foreseen_in_the_words_of_the_answer() {
    let given = edition("hardened", "slim", json!({"UserNames": ["nobody"]}));
    let account = Fake::default();
    let foreseen = create(&ReadOnly::new(ByRef(&account)), &given).await.unwrap_err();
    let refused = Stack::named("one").deploy(&account, given).unwrap_err();
    assert_eq!(foreseen, Unforeseen::Refused(refused));
}

#[tokio::test(start_paused = true)]
async fn what_cloudformation_does_not_tell_is_not_foreseen() {
    let account = populated();
    let mut stack = Stack::named("one");
    stack.deploy(&account, edition("hardened", "slim", json!({}))).unwrap();
    for (past, said) in [
        (Past::InProgress("UPDATE_IN_PROGRESS".to_owned()), "at work on it, UPDATE_IN_PROGRESS"),
        (Past::Gone, "its stack is gone"),
        (Past::Unknown("no events".to_owned()), "no events"),
    ] {
        let audited = Audited::saying(&account, &stack, past);
        let cloud = ReadOnly::new(&audited);
        let id = stack.request(None).stack_id;
        let preset = IamPreset::new(&cloud, super::world::account(), Settings::open());
        let told = preset
            .foresee_next(RequestType::Update, &id, "Preset", &Progress::default())
            .await
            .unwrap_err();
        assert!(matches!(&told, Unforeseen::Unknown(why) if why.contains(said)), "{told:?}");
    }
}
