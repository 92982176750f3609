//! Users, groups and roles that hold nearly as many managed policies as IAM attaches to one.

use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Call, CallError, Cloud};
use account_presets::plan::{Change, Scope};
use account_presets::state::{Id, Kind, Object, Resource, State};
use serde_json::json;

use super::world::*;

/// A policy of other people's, that no preset attaches.
fn theirs(n: usize) -> String {
    format!("arn:aws:iam::aws:policy/Theirs{n}")
}

/// `alice` with this number of foreign policies.
fn with_policies(count: usize) -> Fake {
    let account = populated();
    for n in 0..count {
        account.person(Change::Create(user_attachment("alice", &theirs(n)))).unwrap();
    }
    account
}

/// Eight policies for each user, in this edition.
fn for_alice() -> serde_json::Value {
    slim(json!({"UserNames": ["alice"]}))
}

/// V12
#[test]
fn a_user_who_would_hold_too_many_policies_is_named_before_anything_is_written() {
    let account = with_policies(5);
    let before = account.state();
    let mut stack = Stack::named("a");
    let error = stack.deploy(&account, for_alice()).unwrap_err();
    assert_eq!(
        error,
        "Parameters.UserNames: user `alice` has 5 managed policies and would get 8 more, and IAM \
         attaches 10 to one user in this account (quota `Managed policies attached to an IAM \
         user`): detach 3 or more first, or have the quota raised"
    );
    stack.delete(&account).unwrap();
    assert_eq!((account.state(), account.writes()), (before, 0));
}

/// V12
#[test]
fn what_a_user_has_already_is_not_counted_again() {
    let account = with_policies(2);
    for name in ["AmazonEC2FullAccess", "AmazonS3ReadOnlyAccess", "AmazonSQSFullAccess"] {
        let arn = format!("arn:aws:iam::aws:policy/{name}");
        account.person(Change::Create(user_attachment("alice", &arn))).unwrap();
    }
    let before = but_service_linked(&account);
    let mut stack = Stack::named("a");
    stack.deploy(&account, for_alice()).unwrap();
    stack.delete(&account).unwrap();
    assert_same(&but_service_linked(&account), &before);
}

/// V12
#[test]
fn what_an_update_detaches_makes_room_for_what_it_attaches() {
    let account = with_policies(2);
    let mut stack = Stack::named("a");
    stack.deploy(&account, for_alice()).unwrap();
    let hardened = edition("hardened", "slim", json!({"UserNames": ["alice"]}));
    stack.deploy(&account, hardened).unwrap();
    stack.deploy(&account, for_alice()).unwrap();
    let of_alice = |id: &&Id| id.kind == Kind::UserAttachment && id.name == "alice";
    assert_eq!(account.state().ids().filter(of_alice).count(), 10);
}

/// V12
#[test]
fn where_the_accounts_quota_was_raised_more_are_attached() {
    let account = with_policies(5).with_attachable(13);
    let before = but_service_linked(&account);
    let mut stack = Stack::named("a");
    stack.deploy(&account, for_alice()).unwrap();
    stack.delete(&account).unwrap();
    assert_same(&but_service_linked(&account), &before);
    account.person(Change::Create(user_attachment("alice", &theirs(5)))).unwrap();
    let error = Stack::named("b").deploy(&account, for_alice()).unwrap_err();
    assert!(error.contains("has 6 managed policies and would get 8 more, and IAM attaches 13"));
}

/// V12
#[test]
fn a_full_group_and_a_full_role_are_named_too() {
    let account = populated();
    let group = Resource::Group { name: "deployers".into(), path: "/".into() };
    account.person(Change::Create(Object::unowned(group))).unwrap();
    for n in 0..10 {
        let (group, policy_arn) = ("deployers".into(), theirs(n));
        let link = Resource::GroupAttachment { group, policy_arn };
        account.person(Change::Create(Object::unowned(link))).unwrap();
        account.person(Change::Create(attachment("foreign", &theirs(n)))).unwrap();
    }
    let parameters = json!({"GroupNames": ["deployers"], "RoleNames": ["foreign"]});
    let orchestra = edition("current", "orchestra", parameters);
    let error = Stack::named("a").deploy(&account, orchestra).unwrap_err();
    for said in [
        "Parameters.GroupNames and Parameters.RoleNames: ",
        "group `deployers` has 10 managed policies and would get 1 more, and IAM attaches 10 to \
         one group in this account (quota `Managed policies attached to an IAM group`): detach 1 \
         or more first",
        "role `foreign` has 10 managed policies and would get 1 more",
    ] {
        assert!(error.contains(said), "{error}");
    }
    assert_eq!(account.writes(), 0);
}

/// An account that does not tell its quotas.
struct Silent(Fake);

impl Cloud for Silent {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        self.0.observe(scope).await
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        self.0.send(call).await
    }
}

/// V12
#[test]
fn where_the_account_does_not_tell_its_quota_the_default_counts_and_that_is_said() {
    let account = Silent(with_policies(3));
    let error = Stack::named("a").deploy(&account, for_alice()).unwrap_err();
    assert!(
        error.contains(
            "IAM attaches 10 to one user by default, and the account's own number could not be \
             asked for (iam:GetAccountSummary)"
        ),
        "{error}"
    );
    assert_eq!(account.0.writes(), 0);
}
