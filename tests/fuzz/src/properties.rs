//! Stacks with any properties, by the rules of CloudFormation.

use std::time::SystemTime;

use account_presets::cfn::CustomResource;
use account_presets::cloud::fake::{Calls, Fake};
use account_presets::iam_preset::{IamPreset, Settings};
use account_presets::lambda_concurrency::LambdaConcurrency;
use account_presets::lambda_concurrency::fake;
use account_presets::state::{Kind, State, limits};
use serde_json::Value;
use serde_json::value::RawValue;
use world::cloudformation::{
    CloudFormation, Delivery, Ended, Provider, Put, Served, StackStatus, Template,
};

use crate::function::{account, populated, runtime, served};

const STACK: &str = "fuzzed";

/// Updates of one stack at most: fewer of them have the same effects as more.
const UPDATES: usize = 3;

/// Takes a stack through a list of properties: it is created with the first ones, updated to the
/// next and deleted at last. A map is a list of one.
///
/// # Panics
///
/// If a request is answered against CloudFormation's rules, a rollback or the Delete fails, the
/// second delivery of a request makes anything or is answered in another way, or something is
/// left in the account.
pub fn properties(bytes: &[u8]) {
    let list = match serde_json::from_slice(bytes) {
        Ok(Value::Array(list)) => list,
        Ok(one) => vec![one],
        Err(_) => return,
    };
    if list.iter().all(Value::is_object) {
        let account = populated();
        let before = account.state();
        live(&list, &IamPresetFunction(&account));
        assert_eq!(but_service_linked(&account), before, "something is left");
        live(&list, &LambdaConcurrencyFunction(&fake::Fake::new(10)));
    }
}

/// A stack's life.
fn live(list: &[Value], function: &impl Provider) {
    let Some((first, updates)) = list.split_first() else { return };
    let template = |properties: &Value| Template::new().custom("Fuzzed", properties.clone());
    let runtime = runtime();
    let mut cfn = CloudFormation::new();
    cfn.create_stack(STACK, template(first));
    runtime.block_on(cfn.settle(function));
    let stands = [
        StackStatus::CreateComplete,
        StackStatus::UpdateComplete,
        StackStatus::UpdateRollbackComplete,
    ];
    for properties in updates.iter().take(UPDATES) {
        let status = cfn.status(STACK);
        if status == StackStatus::RollbackComplete {
            // Objects that were never there have been deleted.
            break;
        }
        assert!(stands.contains(&status), "{status}: {:?}", cfn.events(STACK));
        cfn.update_stack(STACK, template(properties));
        runtime.block_on(cfn.settle(function));
    }
    cfn.delete_stack(STACK);
    runtime.block_on(cfn.settle(function));
    let events = cfn.events(STACK);
    assert_eq!(cfn.status(STACK), StackStatus::DeleteComplete, "{events:?}");
    assert_eq!(cfn.left_behind(STACK), [""; 0], "{events:?}");
    cfn.assert_faithful();
}

struct IamPresetFunction<'a>(&'a Fake);

impl Provider for IamPresetFunction<'_> {
    async fn serve(&self, delivery: Delivery) -> Served {
        let IamPresetFunction(fake) = self;
        let preset = IamPreset::new(Calls::new(fake), account(), Settings::open());
        let first = deliver(&preset, &delivery).await;
        let refused = limits::check(&fake.state());
        assert_eq!(refused, [""; 0]);
        let body = first.puts.first().map(|put| String::from_utf8_lossy(&put.body).into_owned());
        let body = body.expect("an answer");
        // A fault that can be known before the first call is said before it.
        assert!(!body.contains("LimitExceeded") && !body.contains("NoSuchEntity"), "{body}");
        if body.contains(r#""Status":"SUCCESS""#) {
            let (state, writes) = (fake.state(), fake.writes());
            let second = deliver(&preset, &delivery).await;
            assert_eq!(second.puts, first.puts, "another answer");
            assert_eq!((fake.state(), fake.writes()), (state, writes), "made twice");
        }
        first
    }
}

struct LambdaConcurrencyFunction<'a>(&'a fake::Fake);

impl Provider for LambdaConcurrencyFunction<'_> {
    async fn serve(&self, delivery: Delivery) -> Served {
        deliver(&LambdaConcurrency::new(self.0, account()), &delivery).await
    }
}

async fn deliver(resource: &impl CustomResource, delivery: &Delivery) -> Served {
    let payload: &RawValue = serde_json::from_slice(&delivery.event).unwrap();
    let deadline: SystemTime = delivery.at + delivery.time_left;
    let served = served(resource, payload, Vec::new(), delivery.at, deadline).await;
    let puts = served.puts.into_iter().map(|(url, body)| Put { url, body: body.into_bytes() });
    let ended = served.result.map_or(Ended::Failed, |()| Ended::Returned);
    Served { puts: puts.collect(), ended }
}

/// The account's state without service-linked roles: they are ensured and never deleted.
fn but_service_linked(fake: &Fake) -> State {
    let state = fake.state();
    let rest = state.iter().filter(|(id, _)| id.kind != Kind::ServiceLinkedRole);
    rest.map(|(_, object)| object.clone()).collect()
}
