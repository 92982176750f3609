//! The services that the roles of the presets trust, and the source accounts of these.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at what it did not expect"
)]

use std::collections::BTreeSet;

use account_presets::preset::{
    self, Branches, Edition, PROVIDER, Preset, Wish, parameters, render,
};
use account_presets::state::{Account, Owner, Resource, State};
use serde_json::{Map, Value};

use made::choices;

/// Services that do not say for which resource they assume a role, or do not document it: with a
/// condition the role could not be assumed. Every other service does, by its own page
/// "Cross-service confused deputy prevention" (of ECS, "Task IAM role").
const SAY_NOTHING: [&str; 4] = [
    "apigateway.amazonaws.com",
    "ec2.amazonaws.com",
    "lambda.amazonaws.com",
    "spotfleet.amazonaws.com",
];

fn hardened(preset: &Preset, given: &Map<String, Value>) -> State {
    let wish = Wish {
        account: Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap(),
        owner: Owner::new("stack", "Preset"),
        provider: PROVIDER.to_owned(),
        edition: Edition::Hardened,
        parameters: parameters::read(preset, given).0,
        path: "/".to_owned(),
        permissions_boundary: None,
        tags: Default::default(),
        max_session_duration: 3600,
    };
    render(preset, &wish, Branches::Chosen)
}

/// Each service that a role of these presets trusts, and the account that it has to come for.
fn trusts(state: &State) -> BTreeSet<(String, String, Option<String>)> {
    let mut trusts = BTreeSet::new();
    for (id, object) in state.iter() {
        let Resource::Role(role) = &object.resource else { continue };
        for statement in list(&role.trust.as_value()["Statement"]) {
            let account = statement["Condition"]["StringEquals"]["aws:SourceAccount"].as_str();
            let services = &statement["Principal"]["Service"];
            for service in list(services).iter().filter_map(Value::as_str) {
                trusts.insert((id.name.clone(), service.to_owned(), account.map(str::to_owned)));
            }
        }
    }
    trusts
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

/// Threat 7
#[test]
fn a_service_that_says_for_whom_it_comes_is_trusted_for_this_account_only() {
    let mut seen = BTreeSet::new();
    let presets = preset::names().into_iter().map(|name| preset::find(name).unwrap());
    for preset in presets.filter(|it| it.editions.contains(&Edition::Hardened)) {
        for given in choices::switches(preset) {
            for (role, service, account) in trusts(&hardened(preset, &given)) {
                let is_silent = SAY_NOTHING.contains(&service.as_str());
                let expected = (!is_silent).then_some("123456789012");
                assert_eq!(account.as_deref(), expected, "{role} trusts {service}");
                seen.insert(service);
            }
        }
    }
    assert!(SAY_NOTHING.iter().all(|service| seen.contains(*service)), "{seen:?}");
    assert!(seen.len() > SAY_NOTHING.len(), "{seen:?}");
}
