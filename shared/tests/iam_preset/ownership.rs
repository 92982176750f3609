use ::world::cloudformation::{CloudFormation, Running, Template};
use account_presets::cloud::fake::Fake;
use account_presets::plan::Change;
use account_presets::state::{Id, Kind, Object, Owner, Policy, PolicyDocument, Resource, Tags};
use serde_json::json;

use super::function::{Function, runtime};
use super::world::*;

const S3: &str = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
const OURS: &str = "arn:aws:iam::123456789012:policy/LambdaBatchExecutionPolicy";

fn person(account: &Fake, change: Change) {
    account.person(change).unwrap();
}

/// I22, I24, Threat 4, Threat 16
#[test]
fn a_second_stack_is_refused_by_the_name_of_the_first_and_nothing_is_touched() {
    let account = populated();
    Stack::named("first").deploy(&account, slim(json!({}))).unwrap();
    let (state, writes) = (account.state(), account.writes());
    let mut second = Stack::named("second");
    let error = second.deploy(&account, slim(json!({}))).unwrap_err();
    assert!(
        error.starts_with(
            "the account has preset `slim` already, by stack `first` in eu-west-1 (resource \
             `Preset`); use that stack, or delete that stack first; a second one takes another \
             NamePrefix below Parameters, which the operator of the provider allows with parameter \
             SlimNamePrefix of the provider's stack; "
        ),
        "{error}"
    );
    assert!(
        error.contains(
            "; in the way are policy `LambdaBatchExecutionPolicy`, policy `SLIM-PassRole`, role \
             `AmazonEC2SpotFleetRole`, "
        ),
        "{error}"
    );
    assert!(
        error.ends_with(
            "role `SLIM-Extras_for_Lambda` and instance profile `SLIM-Extras_ECS_for_EC2`; if that \
             stack is gone, delete them by hand"
        ),
        "{error}"
    );
    for fact in ["`first`", "delete that stack", "delete them"] {
        assert_eq!(error.matches(fact).count(), 1, "one fact is said once: {error}");
    }
    second.delete(&account).unwrap();
    assert_eq!((account.state(), account.writes()), (state, writes));
}

/// Two stacks of `zappa` share its policies, and a deployment is the one's or the other's.
/// I22
#[test]
fn an_entry_of_a_list_that_another_stack_has_is_told_by_the_list_alone() {
    let account = populated();
    let asked =
        |names: serde_json::Value| edition("hardened", "zappa", json!({"Deployments": names}));
    Stack::named("first").deploy(&account, asked(json!(["tr-a-dev", "tr-b-dev"]))).unwrap();
    let mut second = Stack::named("second");
    let error = second.deploy(&account, asked(json!(["tr-a-dev", "tr-c-dev"]))).unwrap_err();
    assert_eq!(
        error,
        "role `tr-a-dev-ZappaLambdaExecutionRole` exists and belongs to stack `first` in eu-west-1 \
         (resource `Preset`); another name in Parameters.Deployments is enough; or delete that stack \
         first; if that stack is gone, delete by hand what it retained"
    );
    let mut other = Stack::named("other");
    other.deploy(&account, asked(json!(["tr-c-dev"]))).unwrap();
}

/// I23, Threat 4
#[test]
fn a_name_that_is_taken_by_a_person_is_refused() {
    let account = populated();
    person(&account, Change::Create(role("SLIM-Extras_for_Lambda")));
    let before = account.state();
    let error = Stack::named("a").deploy(&account, slim(json!({}))).unwrap_err();
    assert!(
        error.contains("role `SLIM-Extras_for_Lambda` exists and was not made by this resource"),
        "{error}"
    );
    // It trusts other principals than the preset's: adoption would be refused.
    assert!(!error.contains("AdoptExisting"), "{error}");
    assert_eq!(account.state(), before);
}

/// P22
#[test]
fn what_a_person_made_of_a_shared_name_is_used_as_it_is_and_survives() {
    let account = populated();
    let mut theirs = role_of("AWSBatchServiceRole", "batch.amazonaws.com");
    if let Resource::Role(role) = &mut theirs.resource {
        role.path = "/service-role/".to_owned();
    }
    person(&account, Change::Create(theirs.clone()));
    let before = but_service_linked(&account);
    let mut stack = Stack::named("a");
    let data = stack.deploy(&account, slim(json!({}))).unwrap().data;
    assert_eq!(
        data["BatchServiceRoleArn"],
        "arn:aws:iam::123456789012:role/service-role/AWSBatchServiceRole"
    );
    assert_eq!(account.state().get(&Id::node(Kind::Role, "AWSBatchServiceRole")), Some(&theirs));
    let attached = Id::link(
        Kind::RoleAttachment,
        "AWSBatchServiceRole",
        "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole",
    );
    assert!(!account.state().contains(&attached));
    stack.delete(&account).unwrap();
    assert_eq!(but_service_linked(&account), before);
}

/// Leaves only the shared roles of a deployed preset, as another preset with the same ones would.
fn only_shared(account: &Fake) {
    let keep =
        ["AWSBatchServiceRole", "StepFunctionsLambdaRole", "alice", "bob", "serverless", "foreign"];
    let state = account.state();
    let others: Vec<_> = state.iter().filter(|(id, _)| !keep.contains(&id.name.as_str())).collect();
    let (links, nodes): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|(id, _)| id.part.is_some());
    for (_, object) in links.into_iter().chain(nodes) {
        person(account, Change::Delete(object.clone()));
    }
}

#[test]
fn a_shared_object_goes_with_the_last_stack_that_uses_it() {
    let account = populated();
    let before = but_service_linked(&account);
    let (mut first, mut second) = (Stack::named("first"), Stack::named("second"));
    first.deploy(&account, slim(json!({}))).unwrap();
    only_shared(&account);
    second.deploy(&account, slim(json!({}))).unwrap();
    let shared = Id::node(Kind::Role, "AWSBatchServiceRole");
    assert_eq!(account.state().get(&shared).unwrap().owners.len(), 2);

    second.delete(&account).unwrap();
    let left = account.state();
    assert_eq!(left.get(&shared).unwrap().owners.len(), 1);
    assert!(left.contains(&Id::link(
        Kind::RoleAttachment,
        "AWSBatchServiceRole",
        "arn:aws:iam::aws:policy/service-role/AWSBatchServiceRole"
    )));
    first.delete(&account).unwrap();
    assert_eq!(but_service_linked(&account), before);
}

/// I24
#[test]
fn a_shared_object_goes_when_the_last_two_stacks_that_use_it_go_at_once() {
    for calls in 0.. {
        let account = populated();
        let before = but_service_linked(&account);
        let function = Function::in_turns(&account);
        let runtime = runtime();
        let _entered = runtime.enter();
        let mut cfn = CloudFormation::new();
        let template = || Template::new().custom("Preset", slim(json!({})));
        for stack in ["first", "second"] {
            cfn.create_stack(stack, template());
            runtime.block_on(cfn.settle(&function));
            only_shared(&account);
        }
        let mut running = Running::new();
        for stack in ["first", "second"] {
            cfn.delete_stack(stack);
            running.begin(&mut cfn, &function);
        }
        for _ in 0..calls {
            running.step(&mut cfn, 0);
        }
        let was_all = running.len() == 1;
        while !running.is_empty() {
            running.step(&mut cfn, running.len() - 1);
        }
        assert_same(&but_service_linked(&account), &before);
        if was_all {
            break;
        }
    }
}

#[test]
fn a_shared_object_of_another_form_is_not_joined() {
    let account = populated();
    Stack::named("first").deploy(&account, slim(json!({}))).unwrap();
    only_shared(&account);
    let state = account.state();
    let bounded = json!({"Preset": "slim", "AcknowledgeAdminEquivalent": "true", "PermissionsBoundary": "arn:aws:iam::123456789012:policy/B"});
    let error = Stack::named("second").deploy(&account, bounded).unwrap_err();
    assert!(
        error.contains(
            "role `AWSBatchServiceRole` and role `StepFunctionsLambdaRole` exist in another form and \
             belong to stack `first` in eu-west-1 (resource `Preset`) too, with PermissionsBoundary \
             other than here; as long as several stacks share them"
        ),
        "{error}"
    );
    assert_eq!(account.state(), state);
}

#[test]
fn an_attachment_that_was_there_before_stays() {
    let account = populated();
    person(&account, Change::Create(user_attachment("alice", S3)));
    let before = but_service_linked(&account);
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({"UserNames": ["alice"]}))).unwrap();
    stack.delete(&account).unwrap();
    assert_eq!(but_service_linked(&account), before);
}

#[test]
fn a_user_taken_off_the_list_loses_what_the_list_gave() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({"UserNames": ["alice", "bob"]}))).unwrap();
    stack.deploy(&account, slim(json!({"UserNames": ["bob"]}))).unwrap();
    let attached = |user| account.state().contains(&Id::link(Kind::UserAttachment, user, S3));
    assert_eq!((attached("alice"), attached("bob")), (false, true));
}

#[test]
fn a_user_that_does_not_exist_is_named_before_anything_is_written() {
    for properties in
        [slim(json!({"UserNames": ["alice", "carol"]})), lithops(json!({"UserNames": ["carol"]}))]
    {
        let account = populated();
        let error = Stack::named("a").deploy(&account, properties).unwrap_err();
        assert_eq!(
            error,
            "Parameters.UserNames: user `carol` does not exist; create it first, or leave it out"
        );
        assert_eq!(account.writes(), 0);
    }
}

#[test]
fn what_a_person_attached_to_our_role_goes_with_it_and_is_itself_untouched() {
    let account = populated();
    let before = but_service_linked(&account);
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    person(
        &account,
        Change::Create(attachment("SLIM-Extras_for_Lambda", "arn:aws:iam::aws:policy/Job")),
    );
    // An Update keeps it: it may be there for a reason.
    stack.deploy(&account, slim(json!({"InstanceProfile": "false"}))).unwrap();
    assert!(account.state().contains(&Id::link(
        Kind::RoleAttachment,
        "SLIM-Extras_for_Lambda",
        "arn:aws:iam::aws:policy/Job"
    )));
    stack.delete(&account).unwrap();
    assert_eq!(but_service_linked(&account), before);
}

/// I18, Threat 13
#[test]
fn a_boundary_that_somebody_else_set_is_not_replaced_by_the_stacks_own() {
    let account = populated();
    let mut stack = Stack::named("a");
    let plain = edition("hardened", "skypilot", json!({}));
    stack.deploy(&account, plain.clone()).unwrap();
    let id = Id::node(Kind::Role, "skypilot-v1");
    let before = account.state().get(&id).unwrap().clone();
    let mut after = before.clone();
    if let Resource::Role(role) = &mut after.resource {
        role.permissions_boundary = Some("arn:aws:iam::123456789012:policy/Quarantine".into());
    }
    person(&account, Change::Update { before, after });
    let held = account.state();
    let mut bounded = plain.clone();
    bounded["PermissionsBoundary"] = json!("arn:aws:iam::123456789012:policy/Weak");
    let error = stack.deploy(&account, bounded).unwrap_err();
    assert!(
        error.starts_with(
            "PermissionsBoundary: given `arn:aws:iam::123456789012:policy/Weak`, and role"
        ) && error.contains("Quarantine`, which somebody else set"),
        "{error}"
    );
    assert_same(&account.state(), &held);
    // Without the property the stack goes on with it.
    stack.deploy(&account, plain).unwrap();
    assert_same(&account.state(), &held);
}

/// I26, M7, Threat 13
#[test]
fn our_policy_in_use_elsewhere_is_named_and_stays_and_the_rest_goes() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    person(&account, Change::Create(user_attachment("alice", OURS)));
    person(&account, Change::Create(attachment("foreign", OURS)));
    let error = stack.delete(&account).unwrap_err();
    for (user, action) in
        [("user `alice`", "iam:DetachUserPolicy"), ("role `foreign`", "iam:DetachRolePolicy")]
    {
        let used = format!(
            "policy `LambdaBatchExecutionPolicy` is still used by {user}: detach policy \
             `LambdaBatchExecutionPolicy` from {user} ({action})"
        );
        assert!(error.contains(&used), "{error}");
    }
    assert!(error.ends_with("; then try again") && !error.contains("<-"), "{error}");
    assert!(has(&account, Kind::Policy, "LambdaBatchExecutionPolicy"));
    assert!(!has(&account, Kind::Role, "SLIM-Extras_for_Lambda"));
    person(&account, Change::Delete(user_attachment("alice", OURS)));
    person(&account, Change::Delete(attachment("foreign", OURS)));
    stack.delete(&account).unwrap();
    assert!(!has(&account, Kind::Policy, "LambdaBatchExecutionPolicy"));
}

/// G1, Threat 13
#[test]
fn a_group_with_a_member_of_somebody_elses_stays_with_all_that_it_grants() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, lithops(json!({"AccountKind": "sso", "UserNames": ["alice"]}))).unwrap();
    let bob = Resource::GroupMember { group: "lithops-group".into(), user: "bob".into() };
    person(&account, Change::Create(Object::unowned(bob.clone())));
    let error = stack.delete(&account).unwrap_err();
    assert_eq!(
        error,
        "group `lithops-group` is still used by user `bob`: take user `bob` out of group \
         `lithops-group` (iam:RemoveUserFromGroup); then try again"
    );
    let mut other = Stack::named("b");
    let prefixed = json!({"AccountKind": "sso", "NamePrefix": "b-", "UserNames": []});
    other.deploy(&account, lithops(prefixed)).unwrap();
    for user in ["alice", "bob"] {
        let member = Resource::GroupMember { group: "b-lithops-group".into(), user: user.into() };
        person(&account, Change::Create(Object::unowned(member)));
    }
    assert_eq!(
        other.delete(&account).unwrap_err(),
        "group `b-lithops-group` is still used by user `alice` and user `bob`: take user `alice` and \
         user `bob` out of group `b-lithops-group` (iam:RemoveUserFromGroup); then try again"
    );
    let grants = Id::link(
        Kind::GroupAttachment,
        "lithops-group",
        "arn:aws:iam::123456789012:policy/lithops-policy",
    );
    assert!(account.state().contains(&grants) && has(&account, Kind::Policy, "lithops-policy"));
    assert!(!has(&account, Kind::Role, "lithops-role"));
    person(&account, Change::Delete(Object::unowned(bob)));
    stack.delete(&account).unwrap();
    assert!(!has(&account, Kind::Group, "lithops-group"));
}

/// R17, Threat 13
#[test]
fn a_role_in_somebody_elses_instance_profile_stays() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let profile = Resource::InstanceProfile {
        name: "theirs".into(),
        path: "/".into(),
        tags: Default::default(),
    };
    let link =
        Resource::ProfileRole { profile: "theirs".into(), role: "SLIM-Extras_ECS_for_EC2".into() };
    for resource in [profile, link] {
        person(&account, Change::Create(Object::unowned(resource)));
    }
    let error = stack.delete(&account).unwrap_err();
    assert!(
        error.contains(
            "role `SLIM-Extras_ECS_for_EC2` is still used by instance profile `theirs`: take role \
             `SLIM-Extras_ECS_for_EC2` out of instance profile `theirs` \
             (iam:RemoveRoleFromInstanceProfile)"
        ),
        "{error}"
    );
    assert!(has(&account, Kind::Role, "SLIM-Extras_ECS_for_EC2"));
    assert!(!has(&account, Kind::Role, "SLIM-Extras_for_Lambda"));
}

fn anything(name: &str) -> Object {
    let said = json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let document = PolicyDocument::new(said);
    let (name, path, description, tags) = (name.to_owned(), "/".into(), "".into(), Tags::new());
    Object::unowned(Resource::Policy(Policy { name, path, description, document, tags }))
}

/// Threat 3, Threat 4
#[test]
fn a_rollback_gives_nobody_what_somebody_put_in_the_place_of_a_policy() {
    let account = populated();
    let users = json!({"UserNames": ["alice"]});
    let mut one = edition("hardened", "slim", users.clone());
    one["AdoptExisting"] = json!(true);
    let mut two = one.clone();
    two["Parameters"]["UserPassRole"] = json!("false");
    let mut stack = Stack::named("a");
    stack.deploy(&account, one.clone()).unwrap();
    let policy = Id::node(Kind::Policy, "SLIM-PassRole");
    assert!(account.state().contains(&policy), "{:?}", account.state().ids().collect::<Vec<_>>());
    stack.deploy(&account, two.clone()).unwrap();
    person(&account, Change::Create(anything("SLIM-PassRole")));
    let mut rollback = stack.request(Some(one));
    rollback.old_properties = two.as_object().unwrap().clone();
    let error = handle(&account, &rollback).unwrap().unwrap_err();
    assert!(error.contains("SLIM-PassRole"), "{error}");
    // A stack that only rests after a rollback is no rollback.
    let rests = Telling::of_stacks(&account, "UPDATE_ROLLBACK_COMPLETE");
    handle(&rests, &rollback).unwrap().unwrap_err();
    handle(&Telling::rolling_back(&account), &rollback).unwrap().unwrap();
    let given = account.state().ids().any(|id| id.target().as_ref() == Some(&policy));
    assert!(!given, "it is attached to somebody");
}

/// I24, Threat 4
#[test]
fn an_owner_whose_resource_was_replaced_is_there_still() {
    let account = populated();
    let of = |prefix: &str| {
        edition("hardened", "zappa", json!({"NamePrefix": prefix, "UserNames": ["alice"]}))
    };
    let (mut first, mut second) = (Stack::named("first"), Stack::named("second"));
    first.deploy(&account, of("tr-")).unwrap();
    second.deploy(&account, of("tr-")).unwrap();
    let told = |id: String| Telling {
        resource: Some(status("DELETE_COMPLETE", Some(id))),
        ..Telling::of_stacks(&account, "UPDATE_COMPLETE")
    };
    let error = second.deploy(&told("zappa:first:Preset:0123456789abcdef".into()), of("tr-c-"));
    assert!(
        error.unwrap_err().contains("belong to stack `first` in eu-west-1 (resource `Preset`) too")
    );
    let owners = |account: &Fake| -> usize {
        let policy = Id::node(Kind::Policy, "ZappaLambdaDeploymentPolicy");
        account.state().get(&policy).unwrap().owners.len()
    };
    assert_eq!(owners(&account), 2);
    // An owner that deleted this very life does not have it any more.
    second.deploy(&told(first.physical_id.clone().unwrap()), of("tr-c-")).unwrap();
    assert_eq!(owners(&account), 1);
}

/// Threat 21, Threat 22
#[test]
fn a_mark_that_a_user_writes_herself_keeps_her_nothing() {
    let account = populated();
    let of = |users: &[&str]| slim(json!({"UserNames": users}));
    let mut stack = Stack::named("a");
    stack.deploy(&account, of(&["alice"])).unwrap();
    let forged = Owner::new("arn:aws:cloudformation:eu-west-1:123456789012:stack/x/guid", "P");
    for (id, object) in account.state().iter() {
        if id.kind == Kind::UserAttachment {
            let mut tagged = object.clone();
            let (key, _) = forged.attached_tag(id.part.as_deref().unwrap());
            let arn = id.part.clone().unwrap();
            tagged.owners.extend(Owner::from_attached_tag(&arn, &key, "mine"));
            assert_eq!(tagged.owners.len(), 2);
            person(&account, Change::Update { before: object.clone(), after: tagged });
        }
    }
    stack.deploy(&account, of(&[])).unwrap();
    let attached = account
        .state()
        .iter()
        .any(|(id, object)| id.kind == Kind::UserAttachment && !object.is_claim());
    assert!(!attached);
    stack.delete(&account).unwrap();
}

/// Threat 4
#[test]
fn what_another_resource_made_gets_no_policies() {
    let account = populated();
    let skypilot = edition("current", "skypilot", json!({"AutoRole": "false"}));
    Stack::named("a").deploy(&account, skypilot).unwrap();
    let before = account.state();
    let orchestra = edition("hardened", "orchestra", json!({"RoleNames": ["skypilot-v1"]}));
    let error = Stack::named("b").deploy(&account, orchestra).unwrap_err();
    assert!(
        error.contains(
            "role `skypilot-v1` belongs to stack `a` in eu-west-1 (resource `Preset`), whose preset \
             decides which policies it has; name a group or role that no preset made"
        ),
        "{error}"
    );
    assert_same(&account.state(), &before);
}

/// I24
#[test]
fn who_joins_leaves_the_tags_of_what_is_shared_as_they_are() {
    let account = populated();
    let of = |team: &str| {
        let mut properties = edition("hardened", "zappa", json!({"UserNames": ["alice"]}));
        properties["Tags"] = json!([{"Key": "team", "Value": team}]);
        properties
    };
    Stack::named("a").deploy(&account, of("a")).unwrap();
    let tags = |account: &Fake| -> Vec<Tags> {
        let state = account.state();
        state.iter().filter_map(|(_, it)| it.resource.clone().tags_mut().cloned()).collect()
    };
    let before = tags(&account);
    let mut second = Stack::named("b");
    second.deploy(&account, of("b")).unwrap();
    assert_eq!(tags(&account), before);
    second.delete(&account).unwrap();
    assert_eq!(tags(&account), before);
}
