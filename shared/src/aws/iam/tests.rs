//! The adapter against scripted replies in IAM's own form.

use aws_sdk_iam::operation::{
    add_role_to_instance_profile::AddRoleToInstanceProfileError,
    attach_role_policy::{AttachRolePolicyError, AttachRolePolicyOutput},
    create_policy_version::{CreatePolicyVersionError, CreatePolicyVersionOutput},
    create_role::{CreateRoleError, CreateRoleOutput},
    create_service_linked_role::CreateServiceLinkedRoleError,
    delete_policy_version::DeletePolicyVersionOutput,
    delete_role::{DeleteRoleError, DeleteRoleOutput},
    get_instance_profile::GetInstanceProfileOutput,
    get_role::{GetRoleError, GetRoleOutput},
    list_attached_role_policies::ListAttachedRolePoliciesOutput,
    list_instance_profiles_for_role::ListInstanceProfilesForRoleOutput,
    list_policy_versions::ListPolicyVersionsOutput,
    list_role_policies::ListRolePoliciesOutput,
};
use aws_sdk_iam::primitives::DateTime;
use aws_sdk_iam::types::{
    AttachedPolicy, InstanceProfile, PolicyVersion, Role as SdkRole, error::InvalidInputException,
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use serde_json::json;

use super::*;

mod actions;
mod reads;
mod refusals;
mod stopping;
use crate::aws::consistency::{TRIES, outlast};
use crate::cloud::{Applied, apply};
use crate::plan::Change;
use crate::state::{Id, Kind, Object, Policy, PolicyDocument, Resource, Role};

fn iam(rules: &[&Rule]) -> Iam {
    let client = mock_client!(aws_sdk_iam, RuleMode::MatchAny, rules, |config| outlast(config)
        .retry_config(aws_sdk_iam::config::retry::RetryConfig::standard().with_max_attempts(4))
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new()));
    let account = Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f");
    Iam::new(client, account.unwrap(), Gate::default())
}

fn error(code: &str, message: &str) -> ErrorMetadata {
    ErrorMetadata::builder().code(code).message(message).build()
}

fn me() -> Owner {
    Owner::new("arn:aws:cloudformation:eu-west-1:123456789012:stack/a/guid", "Preset")
}

fn object(resource: Resource) -> Object {
    Object { resource, owners: [me()].into(), shared: false }
}

fn role() -> Object {
    object(Resource::Role(Role {
        name: "r".into(),
        path: "/".into(),
        description: "d".into(),
        trust: PolicyDocument::new(json!({"Statement": []})),
        max_session_duration: 3600,
        permissions_boundary: None,
        tags: Tags::new(),
    }))
}

fn sdk_role(owner: &Owner) -> SdkRole {
    let (key, value) = owner.tag();
    SdkRole::builder()
        .role_name("r")
        .path("/")
        .role_id("AROA")
        .arn("arn:aws:iam::123456789012:role/r")
        .create_date(DateTime::from_secs(0))
        .description("d")
        .max_session_duration(3600)
        .assume_role_policy_document("%7B%22Statement%22%3A%5B%5D%7D")
        .tags(Tag::builder().key(&*key).value(value).build().unwrap())
        .build()
        .unwrap()
}

fn get_role(owner: Owner) -> Rule {
    mock!(Client::get_role)
        .then_output(move || GetRoleOutput::builder().role(sdk_role(&owner)).build())
}

/// The role's links, in pages of one.
fn hanging() -> [Rule; 3] {
    let attached = mock!(Client::list_attached_role_policies).then_compute_output(|input| {
        let policy = |arn: &str| AttachedPolicy::builder().policy_arn(arn).build();
        match input.marker() {
            None => ListAttachedRolePoliciesOutput::builder()
                .attached_policies(policy("arn:one"))
                .is_truncated(true)
                .marker("two")
                .build(),
            Some(_) => ListAttachedRolePoliciesOutput::builder()
                .attached_policies(policy("arn:two"))
                .build(),
        }
    });
    let inline = mock!(Client::list_role_policies).then_output(|| {
        ListRolePoliciesOutput::builder().set_policy_names(Some(vec![])).build().unwrap()
    });
    let profiles = mock!(Client::list_instance_profiles_for_role).then_output(|| {
        ListInstanceProfilesForRoleOutput::builder()
            .set_instance_profiles(Some(vec![]))
            .build()
            .unwrap()
    });
    [attached, inline, profiles]
}

fn scope(id: Id) -> Scope {
    Scope { ids: [id].into(), paths: ["/".to_owned()].into(), ..Scope::default() }
}

/// R17
#[tokio::test]
async fn a_role_is_read_with_its_owner_and_every_page_of_what_hangs_on_it() {
    let [attached, inline, profiles] = hanging();
    let iam = iam(&[&get_role(me()), &attached, &inline, &profiles]);
    let state = iam.observe(&scope(Id::node(Kind::Role, "r"))).await.unwrap();
    let found = state.get(&Id::node(Kind::Role, "r")).unwrap();
    assert_eq!(*found, role());
    for arn in ["arn:one", "arn:two"] {
        assert!(state.contains(&Id::link(Kind::RoleAttachment, "r", arn)), "{arn}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_nothing_and_what_may_not_be_read_is_an_error() {
    for (code, expected) in
        [("NoSuchEntity", Ok(true)), ("AccessDenied", Err("iam:GetRole `r`: AccessDenied: no"))]
    {
        let rule =
            mock!(Client::get_role).then_error(move || GetRoleError::generic(error(code, "no")));
        let result = iam(&[&rule]).observe(&scope(Id::node(Kind::Role, "r"))).await;
        let result = result.map(|state| state.is_empty()).map_err(|error| error.to_string());
        assert_eq!(result, expected.map_err(str::to_owned));
    }
}

#[tokio::test]
async fn a_name_taken_by_ourselves_is_done_and_by_another_is_an_error_that_names_them() {
    let other =
        Owner::new("arn:aws:cloudformation:eu-west-1:123456789012:stack/other/guid", "Theirs");
    for (owner, expected) in [(me(), Ok(Applied::Before)), (other, Err("stack/other/guid Theirs"))]
    {
        let create = mock!(Client::create_role).then_error(|| {
            CreateRoleError::generic(error(
                "EntityAlreadyExists",
                "Role with name r already exists.",
            ))
        });
        let [attached, inline, profiles] = hanging();
        let iam = iam(&[&create, &get_role(owner), &attached, &inline, &profiles]);
        match (apply(&iam, &Change::Create(role())).await, expected) {
            (Ok(applied), Ok(expected)) => assert_eq!(applied, expected),
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (result, expected) => panic!("{result:?} is not {expected:?}"),
        }
    }
}

/// S2, S3, S5, S9
#[tokio::test]
async fn a_service_linked_role_that_exists_is_done_in_both_of_iams_words() {
    let create = |code: &'static str, message: &'static str| {
        mock!(Client::create_service_linked_role)
            .then_error(move || CreateServiceLinkedRoleError::generic(error(code, message)))
    };
    let change = Change::Create(object(Resource::ServiceLinkedRole {
        name: "AWSServiceRoleForBatch".into(),
        service: "batch.amazonaws.com".into(),
    }));
    let taken = "Service role name AWSServiceRoleForBatch has been taken in this account, please try a different suffix.";
    for (code, message) in [("InvalidInput", taken), ("EntityAlreadyExists", "exists")] {
        assert_eq!(apply(&iam(&[&create(code, message)]), &change).await, Ok(Applied::Before));
    }
    for (code, message) in
        [("InvalidInput", "Custom suffix is not allowed"), ("AccessDenied", taken)]
    {
        assert!(apply(&iam(&[&create(code, message)]), &change).await.is_err(), "{code} {message}");
    }
    // The typed form of the same error.
    let typed = mock!(Client::create_service_linked_role).then_error(move || {
        let meta = error("InvalidInput", taken);
        let typed = InvalidInputException::builder().message(taken).meta(meta).build();
        CreateServiceLinkedRoleError::InvalidInputException(typed)
    });
    assert_eq!(apply(&iam(&[&typed]), &change).await, Ok(Applied::Before));
}

/// R1, R3, R4, R9, R18
#[tokio::test(start_paused = true)]
async fn what_iam_does_not_see_yet_is_tried_again_and_what_never_passes_is_not() {
    let invalid_principal =
        "Invalid principal in policy: \"AWS\":\"arn:aws:iam::123456789012:role/new\"";
    for (code, message, calls) in [
        ("MalformedPolicyDocument", invalid_principal, 3),
        ("MalformedPolicyDocument", "Has prohibited field Resource", 1),
        ("AccessDenied", "not authorized", 1),
    ] {
        let rule = mock!(Client::create_role)
            .sequence()
            .error(move || CreateRoleError::generic(error(code, message)))
            .times(2)
            .output(|| CreateRoleOutput::builder().role(sdk_role(&me())).build())
            .build();
        let result = apply(&iam(&[&rule]), &Change::Create(role())).await;
        assert_eq!((result.is_ok(), rule.num_calls()), (calls == 3, calls), "{code} {message}");
    }
    for (arn, calls) in
        [("arn:aws:iam::123456789012:policy/New", 3), ("arn:aws:iam::aws:policy/NoSuch", 1)]
    {
        let rule = mock!(Client::attach_role_policy)
            .sequence()
            .error(move || {
                let message = format!("Policy {arn} does not exist or is not attachable.");
                AttachRolePolicyError::generic(error("NoSuchEntity", &message))
            })
            .times(2)
            .output(|| AttachRolePolicyOutput::builder().build())
            .build();
        let attach = object(Resource::RoleAttachment { role: "r".into(), policy_arn: arn.into() });
        let result = apply(&iam(&[&rule]), &Change::Create(attach)).await;
        assert_eq!((result.is_ok(), rule.num_calls()), (calls == 3, calls), "{arn}");
    }
    let rule = mock!(Client::delete_role)
        .sequence()
        .error(|| {
            DeleteRoleError::generic(error("DeleteConflict", "must detach all policies first"))
        })
        .times(2)
        .output(|| DeleteRoleOutput::builder().build())
        .build();
    assert_eq!(apply(&iam(&[&rule]), &Change::Delete(role())).await, Ok(Applied::Now));
    assert_eq!(rule.num_calls(), 3);
}

#[tokio::test]
async fn deleting_what_is_gone_is_done() {
    let rule = mock!(Client::delete_role)
        .then_error(|| DeleteRoleError::generic(error("NoSuchEntity", "cannot be found")));
    assert_eq!(apply(&iam(&[&rule]), &Change::Delete(role())).await, Ok(Applied::Before));
}

/// M1, M2
#[tokio::test]
async fn a_full_policy_loses_its_oldest_version_that_is_not_the_default() {
    let version = |id: &str, age: i64, default: bool| {
        PolicyVersion::builder()
            .version_id(id)
            .create_date(DateTime::from_secs(age))
            .is_default_version(default)
            .build()
    };
    // The oldest one is the default.
    let versions = vec![
        version("v5", 5, false),
        version("v1", 1, true),
        version("v3", 3, false),
        version("v2", 2, false),
        version("v4", 4, false),
    ];
    let list = mock!(Client::list_policy_versions).then_output(move || {
        ListPolicyVersionsOutput::builder().set_versions(Some(versions.clone())).build()
    });
    let delete = mock!(Client::delete_policy_version)
        .match_requests(|request| request.version_id() == Some("v2"))
        .then_output(|| DeletePolicyVersionOutput::builder().build());
    let create = mock!(Client::create_policy_version)
        .match_requests(|request| request.set_as_default() == Some(true))
        .then_output(|| CreatePolicyVersionOutput::builder().build());
    let policy = |action: &str| {
        object(Resource::Policy(Policy {
            name: "p".into(),
            path: "/".into(),
            description: String::new(),
            document: PolicyDocument::new(json!({"Statement": {"Action": action}})),
            tags: Tags::new(),
        }))
    };
    let change = Change::Update { before: policy("a:A"), after: policy("a:B") };
    assert_eq!(apply(&iam(&[&list, &delete, &create]), &change).await, Ok(Applied::Now));
    assert_eq!((delete.num_calls(), create.num_calls()), (1, 1));
}

/// G4
#[tokio::test]
async fn a_profile_that_holds_the_role_already_is_done_and_one_with_another_is_not() {
    for (inside, done) in [("r", true), ("other", false)] {
        let add = mock!(Client::add_role_to_instance_profile)
            .then_error(|| AddRoleToInstanceProfileError::generic(error("LimitExceeded", "1")));
        let get = mock!(Client::get_instance_profile).then_output(move || {
            let role = SdkRole::builder()
                .role_name(inside)
                .path("/")
                .role_id("A")
                .arn("a")
                .create_date(DateTime::from_secs(0));
            let profile = InstanceProfile::builder()
                .instance_profile_name("p")
                .instance_profile_id("A")
                .path("/")
                .arn("a")
                .create_date(DateTime::from_secs(0))
                .roles(role.build().unwrap());
            GetInstanceProfileOutput::builder().instance_profile(profile.build().unwrap()).build()
        });
        let change =
            Change::Create(object(Resource::ProfileRole { profile: "p".into(), role: "r".into() }));
        assert_eq!(apply(&iam(&[&add, &get]), &change).await.is_ok(), done, "{inside}");
    }
}

/// R6
#[tokio::test(start_paused = true)]
async fn what_was_made_is_waited_for_until_it_is_seen_twice_in_a_row() {
    let there = || GetRoleOutput::builder().role(sdk_role(&me())).build();
    let gone = || GetRoleError::generic(error("NoSuchEntity", "cannot be found"));
    let rule = mock!(Client::get_role)
        .sequence()
        .error(gone)
        .times(2)
        .output(there)
        .error(gone)
        .output(there)
        .times(2)
        .build();
    iam(&[&rule]).until_seen(&Change::Create(role()), LONGEST).await;
    assert_eq!(rule.num_calls(), 6);
}

/// The wait for an object that is never seen.
const LONGEST: Duration = Duration::from_secs(12);

/// R6, S6, T11
#[tokio::test(start_paused = true)]
async fn what_is_never_seen_is_waited_for_for_some_seconds_and_asked_for_less_and_less() {
    let service_linked = object(Resource::ServiceLinkedRole {
        name: "AWSServiceRoleForBatch".into(),
        service: "batch.amazonaws.com".into(),
    });
    for made in [role(), service_linked] {
        let started = tokio::time::Instant::now();
        let rule = mock!(Client::get_role)
            .then_error(|| GetRoleError::generic(error("NoSuchEntity", "cannot be found")));
        iam(&[&rule]).until_seen(&Change::Create(made), LONGEST).await;
        assert!((5..15).contains(&rule.num_calls()), "{}", rule.num_calls());
        // A clock that is not a real one.
        assert_eq!(started.elapsed(), Duration::from_secs(12));
    }
}

/// R6
#[tokio::test(start_paused = true)]
async fn a_role_whose_arn_is_a_unique_id_is_not_yet_seen() {
    let with_arn = |arn: &str| {
        let mut role = sdk_role(&me());
        role.arn = arn.to_owned();
        GetRoleOutput::builder().role(role).build()
    };
    let rule = mock!(Client::get_role)
        .sequence()
        .output(move || with_arn("AROAEXAMPLEEXAMPLE12"))
        .times(2)
        .output(move || with_arn("arn:aws:iam::123456789012:role/r"))
        .times(2)
        .build();
    iam(&[&rule]).until_seen(&Change::Create(role()), LONGEST).await;
    assert_eq!(rule.num_calls(), 4);
}

/// G5
#[tokio::test(start_paused = true)]
async fn a_profile_is_waited_for_until_it_shows_its_role() {
    let profile = |roles: &[&str]| {
        let roles: Vec<SdkRole> = roles.iter().map(|_| sdk_role(&me())).collect();
        let profile = InstanceProfile::builder()
            .instance_profile_name("p")
            .instance_profile_id("A")
            .path("/")
            .arn("a")
            .create_date(DateTime::from_secs(0))
            .set_roles(Some(roles));
        GetInstanceProfileOutput::builder().instance_profile(profile.build().unwrap()).build()
    };
    let rule = mock!(Client::get_instance_profile)
        .sequence()
        .output(move || profile(&[]))
        .times(4)
        .output(move || profile(&["r"]))
        .times(2)
        .build();
    let made = object(Resource::ProfileRole { profile: "p".into(), role: "r".into() });
    iam(&[&rule]).until_seen(&Change::Create(made), LONGEST).await;
    assert_eq!(rule.num_calls(), 6);
}

fn refusal(words: &'static str) -> HttpResponse {
    let body = format!(
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>{words}</Message></Error>\
         <RequestId>r</RequestId></ErrorResponse>"
    );
    HttpResponse::new(403.try_into().unwrap(), SdkBody::from(body))
}

const NOT_ALLOWED: &str = "User: arn:aws:sts::123456789012:assumed-role/f/f is not authorized to \
     perform: iam:DeleteRole on resource: role r because no identity-based policy allows the \
     iam:DeleteRole action";

/// R7
#[tokio::test(start_paused = true)]
async fn a_role_as_new_as_the_process_may_be_refused_what_it_allows() {
    let rule = mock!(Client::delete_role)
        .sequence()
        .http_response(|| refusal(NOT_ALLOWED))
        .times(2)
        .output(|| DeleteRoleOutput::builder().build())
        .build();
    assert_eq!(apply(&iam(&[&rule]), &Change::Delete(role())).await, Ok(Applied::Now));
}

/// R7, R8
#[tokio::test(start_paused = true)]
async fn a_denial_and_a_refusal_of_an_old_role_are_final_and_name_the_action() {
    let denied = "User: u is not authorized to perform: iam:DeleteRole on resource: role r with \
         an explicit deny in a service control policy";
    for (words, age) in [(denied, 0), (NOT_ALLOWED, 31)] {
        let rule = mock!(Client::delete_role).then_http_response(move || refusal(words));
        let iam = iam(&[&rule]);
        tokio::time::advance(Duration::from_secs(age)).await;
        let error = apply(&iam, &Change::Delete(role())).await.unwrap_err();
        assert!(error.to_string().contains("iam:DeleteRole"), "{error}");
        assert_eq!(rule.num_calls(), 1, "{words}");
    }
}

/// V10
#[tokio::test]
async fn a_name_that_is_taken_in_another_case_is_refused() {
    let create = mock!(Client::create_role).then_error(|| {
        CreateRoleError::generic(error("EntityAlreadyExists", "Role with name R already exists."))
    });
    let get = mock!(Client::get_role)
        .then_error(|| GetRoleError::generic(error("NoSuchEntity", "cannot be found")));
    let error = apply(&iam(&[&create, &get]), &Change::Create(role())).await.unwrap_err();
    assert!(error.to_string().contains("Role with name R already exists"), "{error}");
}

/// M3
#[tokio::test]
async fn a_version_that_somebody_made_meanwhile_is_made_room_for_once() {
    let list = mock!(Client::list_policy_versions)
        .then_output(|| ListPolicyVersionsOutput::builder().build());
    let full = || CreatePolicyVersionError::generic(error("LimitExceeded", "5 versions"));
    let policy = |action: &str| {
        object(Resource::Policy(Policy {
            name: "p".into(),
            path: "/".into(),
            description: String::new(),
            document: PolicyDocument::new(json!({"Statement": {"Action": action}})),
            tags: Tags::new(),
        }))
    };
    let change = Change::Update { before: policy("a:A"), after: policy("a:B") };
    let create = mock!(Client::create_policy_version)
        .sequence()
        .error(full)
        .output(|| CreatePolicyVersionOutput::builder().build())
        .build();
    assert_eq!(apply(&iam(&[&list, &create]), &change).await, Ok(Applied::Now));
    let create = mock!(Client::create_policy_version).then_error(full);
    assert!(apply(&iam(&[&list, &create]), &change).await.is_err());
    assert_eq!(create.num_calls(), 2);
}
