//! A Create that fails, and what it made does not go either.

use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Call, CallError, Cloud};
use account_presets::plan::Scope;
use account_presets::state::{Kind, State};
use serde_json::json;

use super::world::*;

/// An account whose instance profiles take no role, and whose policies cannot be deleted.
struct Stuck<'a>(&'a Fake);

impl Cloud for Stuck<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.0.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        if !matches!(call, Call::AddRoleToInstanceProfile { .. } | Call::DeletePolicy { .. }) {
            return self.0.send(call).await;
        }
        let (target, code, message) = (call.id().name, "AccessDenied".into(), "no".into());
        Err(CallError { action: call.action().as_str(), target, code, message })
    }
}

/// I4
#[test]
fn what_could_not_be_taken_back_is_named_and_the_rest_is_gone() {
    let account = populated();
    let mut stack = Stack::named("a");
    let error = stack.deploy(&Stuck(&account), lithops(json!({}))).unwrap_err();
    let undo = "could not be undone: iam:DeletePolicy `IAMGetRole`, `LithopsPassRole`, `lithops-policy`: AccessDenied: no";
    assert!(error.starts_with("iam:AddRoleToInstanceProfile"), "{error}");
    assert!(error.contains(undo), "{error}");
    assert!(has(&account, Kind::Policy, "lithops-policy"));
    assert!(!has(&account, Kind::Role, "lithops-role"));

    // Once it is possible again, the Delete that CloudFormation sends finds the rest.
    stack.delete(&account).unwrap();
    assert_eq!(but_service_linked(&account), populated().state());
}
