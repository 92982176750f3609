//! A Create that fails, and whose objects cannot be deleted either.

use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Call, CallError, Cloud};
use account_presets::plan::{Change, Scope};
use account_presets::state::{Kind, Object, State};
use serde_json::json;

use super::world::*;

/// An account in which no role enters an instance profile, and no policy can be deleted.
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

/// An account in which another process removes the claim on each policy as soon as the policy is
/// attached to a user, and no role enters an instance profile.
struct Unclaimed<'a>(&'a Fake);

impl Cloud for Unclaimed<'_> {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.0.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        if matches!(call, Call::AddRoleToInstanceProfile { .. }) {
            return Stuck(self.0).send(call).await;
        }
        self.0.send(call).await?;
        if matches!(call, Call::AttachUserPolicy { .. }) {
            let claimed = self.0.state().get(&call.id()).unwrap().clone();
            let after = Object { owners: Default::default(), ..claimed.clone() };
            self.0.person(Change::Update { before: claimed, after })?;
        }
        Ok(())
    }
}

/// I4, I36
#[test]
fn what_was_attached_to_a_user_is_taken_back_also_where_its_claim_is_gone() {
    let account = populated();
    let properties = slim(json!({"UserNames": ["alice"]}));
    let error = Stack::named("a").deploy(&Unclaimed(&account), properties).unwrap_err();
    assert!(error.starts_with("iam:AddRoleToInstanceProfile"), "{error}");
    assert_same(&but_service_linked(&account), &populated().state());
}
