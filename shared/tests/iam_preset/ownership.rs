use ::world::cloudformation::{CloudFormation, Running, Template};
use account_presets::cloud::fake::Fake;
use account_presets::plan::Change;
use account_presets::state::{Id, Kind, Resource};
use serde_json::json;

use crate::function::{Function, runtime};
use crate::world::*;

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
    assert!(error.contains("role `SLIM-Extras_for_Lambda` and instance profile `SLIM-Extras_ECS_for_EC2` exist and belong to resource `Preset` of stack `arn:aws:cloudformation:eu-west-1:123456789012:stack/first/guid`"), "{error}");
    assert_eq!(error.matches("belong to").count(), 1, "one fact is said once: {error}");
    second.delete(&account).unwrap();
    assert_eq!((account.state(), account.writes()), (state, writes));
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
        error.contains("role `AWSBatchServiceRole` and role `StepFunctionsLambdaRole` exist in another form and belong to"),
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

/// I26, M7, Threat 13
#[test]
fn our_policy_in_use_elsewhere_is_named_and_stays_and_the_rest_goes() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    person(&account, Change::Create(user_attachment("alice", OURS)));
    person(&account, Change::Create(attachment("foreign", OURS)));
    let error = stack.delete(&account).unwrap_err();
    for user in ["user attachment `alice`", "role attachment `foreign`"] {
        let used = format!(
            "policy `LambdaBatchExecutionPolicy` is still used: {user} <- `LambdaBatchExecutionPolicy`"
        );
        assert!(error.contains(&used), "{error}");
    }
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
    person(&account, Change::Create(account_presets::state::Object::unowned(bob.clone())));
    let error = stack.delete(&account).unwrap_err();
    assert_eq!(
        error,
        "group `lithops-group` is still used: group member `lithops-group` <- `bob`; detach the \
         policy there, or take the user or role out, and then try this again"
    );
    let grants = Id::link(
        Kind::GroupAttachment,
        "lithops-group",
        "arn:aws:iam::123456789012:policy/lithops-policy",
    );
    assert!(account.state().contains(&grants) && has(&account, Kind::Policy, "lithops-policy"));
    assert!(!has(&account, Kind::Role, "lithops-role"));
    person(&account, Change::Delete(account_presets::state::Object::unowned(bob)));
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
        person(&account, Change::Create(account_presets::state::Object::unowned(resource)));
    }
    let error = stack.delete(&account).unwrap_err();
    assert!(
        error.contains(
            "role `SLIM-Extras_ECS_for_EC2` is still used: instance profile role `theirs`"
        ),
        "{error}"
    );
    assert!(has(&account, Kind::Role, "SLIM-Extras_ECS_for_EC2"));
    assert!(!has(&account, Kind::Role, "SLIM-Extras_for_Lambda"));
}
