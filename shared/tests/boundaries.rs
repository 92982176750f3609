//! A preset that lets its users make roles says so, for no permissions boundary of the provider
//! holds those roles.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test stops at what it did not expect"
)]

use account_presets::preset::{self, Branches, PROVIDER, Wish, parameters, render};
use account_presets::state::{Account, Owner, Resource, State};
use serde_json::Value;

use made::choices;

/// True if a statement allows making roles that have no boundary.
fn makes_roles(statement: &Value) -> bool {
    let actions = &statement["Action"];
    let actions = actions.as_array().cloned().unwrap_or_else(|| vec![actions.clone()]);
    let makes = |action: &Value| matches!(action.as_str(), Some("*" | "iam:*" | "iam:CreateRole"));
    let bounded = statement["Condition"].to_string().contains("iam:PermissionsBoundary");
    statement["Effect"] == "Allow" && actions.iter().any(makes) && !bounded
}

fn somebody_makes_roles(state: &State) -> bool {
    state.iter().any(|(_, object)| match &object.resource {
        Resource::Policy(policy) => {
            let statements = &policy.document.as_value()["Statement"];
            let list =
                statements.as_array().map_or(std::slice::from_ref(statements), Vec::as_slice);
            list.iter().any(makes_roles)
        }
        Resource::GroupAttachment { policy_arn, .. } => {
            policy_arn.ends_with("/AdministratorAccess")
        }
        _ => false,
    })
}

/// Threat 3
#[test]
fn who_makes_roles_is_marked_and_nobody_else() {
    let mut seen = [false, false];
    for name in preset::names() {
        let preset = preset::find(name).unwrap();
        for edition in &preset.editions {
            for given in choices::switches(preset) {
                let wish = Wish {
                    account: Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:f:f")
                        .unwrap(),
                    owner: Owner::new("stack", "Preset"),
                    provider: PROVIDER.to_owned(),
                    edition: *edition,
                    parameters: parameters::read(preset, &given).0,
                    path: "/".to_owned(),
                    permissions_boundary: None,
                    tags: Default::default(),
                    max_session_duration: 3600,
                };
                let makes = somebody_makes_roles(&render(preset, &wish, Branches::Chosen));
                let marked = !wish.unbounded(preset).is_empty();
                assert_eq!(makes, marked, "{name} {} {given:?}", edition.as_str());
                seen[usize::from(makes)] = true;
            }
        }
    }
    assert_eq!(seen, [true, true]);
}
