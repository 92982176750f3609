//! A policy of a preset on a role and a group that no preset made.

use std::collections::BTreeSet;

use std::time::Duration;

use account_presets::cfn::Progress;
use account_presets::cloud::fake::Fake;
use account_presets::plan::conflict::explain;
use account_presets::plan::{Change, Scope, plan};
use account_presets::reconcile::{OnFailure, Standing, Work, carry_out, look};
use account_presets::state::{
    Id, Kind, Object, Owner, Policy, PolicyDocument, Resource, State, Tags,
};
use futures_util::FutureExt;
use serde_json::json;

use super::world::*;

const ARN: &str = "arn:aws:iam::123456789012:policy/deployer";

fn me() -> Owner {
    Owner::new("stack", "Preset")
}

fn policy() -> Object {
    let resource = Resource::Policy(Policy {
        name: "deployer".into(),
        path: "/".into(),
        description: String::new(),
        document: PolicyDocument::new(json!({"Statement": []})),
        tags: Tags::new(),
    });
    Object { resource, owners: [me()].into(), shared: false }
}

fn on_group() -> Object {
    let (group, policy_arn) = ("deployers".into(), ARN.into());
    Object::unowned(Resource::GroupAttachment { group, policy_arn })
}

/// An account with the role `foreign` and the group `deployers`.
fn with_group() -> Fake {
    let account = populated();
    let group = Resource::Group { name: "deployers".into(), path: "/".into() };
    account.person(Change::Create(Object::unowned(group))).unwrap();
    account
}

fn bring(account: &Fake, desired: &[Object]) -> Result<(), String> {
    let all = [policy(), attachment("foreign", ARN), attachment("nobody", ARN), on_group()];
    let links = all.iter().map(|object| object.resource.id());
    let named: BTreeSet<Id> = links.clone().filter_map(|id| id.parent()).collect();
    let ids = links.chain(named.clone()).collect();
    let scope = Scope { ids, named, paths: ["/".to_owned()].into(), ..Scope::default() };
    let desired: State = desired.iter().cloned().collect();
    let progress = Progress::default();
    let work = async {
        let observed = look(account, &scope, &progress).await?;
        let plan = plan(&me(), &scope, &desired, &observed)
            .map_err(|conflicts| explain(&me(), &conflicts).join("; "))?;
        let (me, standing) = (&me(), &Standing::none(account));
        let wait = Duration::ZERO;
        let work = Work { me, scope: &scope, standing, wait, requester: &() };
        let done = carry_out(account, &work, &desired, plan, OnFailure::Leave, &progress);
        done.await.map_err(|why| why.to_string())
    };
    work.now_or_never().unwrap()
}

#[test]
fn an_existing_role_and_group_get_the_policy_and_are_then_as_they_were() {
    let account = with_group();
    let before = account.state();
    bring(&account, &[policy(), attachment("foreign", ARN), on_group()]).unwrap();
    for (kind, name) in [(Kind::RoleAttachment, "foreign"), (Kind::GroupAttachment, "deployers")] {
        assert!(account.state().contains(&Id::link(kind, name, ARN)));
    }
    bring(&account, &[policy(), attachment("foreign", ARN)]).unwrap();
    assert!(!account.state().contains(&on_group().resource.id()));
    bring(&account, &[]).unwrap();
    assert_eq!(account.state(), before);
}

#[test]
fn a_role_that_does_not_exist_is_named_before_anything_is_written() {
    let account = with_group();
    let error = bring(&account, &[policy(), attachment("nobody", ARN)]).unwrap_err();
    assert_eq!(error, "role `nobody` does not exist; create it first, or leave it out");
    assert_eq!(account.writes(), 0);
}

/// M7, Threat 13
#[test]
fn what_another_hand_gave_the_policy_to_keeps_it_and_is_named_alone() {
    let account = with_group();
    account.person(Change::Create(role("other"))).unwrap();
    bring(&account, &[policy(), attachment("foreign", ARN)]).unwrap();
    account.person(Change::Create(attachment("other", ARN))).unwrap();
    let error = bring(&account, &[]).unwrap_err();
    assert_eq!(
        error,
        "policy `deployer` is still used by role `other`: detach policy `deployer` from role `other` \
         (iam:DetachRolePolicy); then try again"
    );
    account.person(Change::Delete(attachment("other", ARN))).unwrap();
    bring(&account, &[]).unwrap();
    assert!(!has(&account, Kind::Policy, "deployer"));
}
