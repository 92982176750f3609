//! The adapter against IAM's wire: transient refusals, and the requests that are sent.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_runtime_api::client::http::HttpClient;
use percent_encoding::percent_decode_str;

use super::*;
use crate::aws::client::patient;

const DONE: (u16, &str, &str) = (200, "", "");
const NEW: &str = "arn:aws:iam::123456789012:role/new";

/// An IAM that replies to each call with the next of these, and with the last one for ever.
struct Wire {
    iam: Iam,
    asked: Arc<Mutex<Vec<String>>>,
}

/// More than the tries of a transient refusal.
const MOST_TRIES: u32 = TRIES + 4;

impl Wire {
    fn replies(replies: Vec<(u16, &'static str, &'static str)>) -> Wire {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let calls = Arc::clone(&asked);
        let client = infallible_client_fn(move |request| {
            let mut calls = calls.lock().unwrap();
            let (status, code, message) = replies[calls.len().min(replies.len() - 1)];
            let asked = std::str::from_utf8(request.body().bytes().unwrap()).unwrap();
            let action = asked.split(['=', '&']).nth(1).unwrap();
            let body = if status == 200 {
                format!("<{action}Response><{action}Result/></{action}Response>")
            } else {
                refusal(code, message)
            };
            calls.push(percent_decode_str(asked).decode_utf8_lossy().into_owned());
            http::Response::builder().status(status).body(body).unwrap()
        });
        Wire { iam: iam_over(client), asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

pub(super) fn refusal(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>r</RequestId></ErrorResponse>"
    )
}

/// The adapter with its retries, over this connection.
pub(super) fn iam_over(client: impl HttpClient + 'static) -> Iam {
    let config = outlast(aws_sdk_iam::Config::builder())
        .with_test_defaults_v2()
        .http_client(client)
        .retry_partition(patient("refusals"))
        .retry_config(
            aws_sdk_iam::config::retry::RetryConfig::standard()
                .with_max_attempts(MOST_TRIES)
                .with_initial_backoff(Duration::from_millis(100)),
        )
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .build();
    let account = Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f");
    Iam::new(Client::from_conf(config), account.unwrap(), Gate::default())
}

fn policy(name: &str) -> Object {
    object(Resource::Policy(Policy {
        name: name.into(),
        path: "/".into(),
        description: String::new(),
        document: PolicyDocument::new(json!({"Statement": []})),
        tags: Tags::new(),
    }))
}

fn profile_role() -> Object {
    object(Resource::ProfileRole { profile: "p".into(), role: "r".into() })
}

/// The role with other details.
fn changed(change: impl Fn(&mut Role)) -> Object {
    let mut object = role();
    if let Resource::Role(role) = &mut object.resource {
        change(role);
    }
    object
}

/// R1, R5, R10, R18, G3
#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_is_asked_again_until_it_has() {
    let principal = "Invalid principal in policy: \"AWS\":\"arn:aws:iam::123456789012:role/new\"";
    let trust = changed(|role| role.trust = PolicyDocument::new(json!({"Principal": NEW})));
    for (change, status, code, message) in [
        (Change::Create(role()), 400, "MalformedPolicyDocument", principal),
        (
            Change::Update { before: role(), after: trust },
            400,
            "MalformedPolicyDocument",
            principal,
        ),
        (Change::Delete(role()), 500, "ServiceFailure", "try again"),
        (Change::Delete(role()), 400, "Throttling", "Rate exceeded"),
        (Change::Delete(role()), 400, "RequestLimitExceeded", "Request limit exceeded."),
        (Change::Delete(role()), 409, "DeleteConflict", "must detach all policies first"),
        (
            Change::Create(profile_role()),
            404,
            "NoSuchEntity",
            "The role with name r cannot be found.",
        ),
        (Change::Create(profile_role()), 400, "InvalidInput", "Invalid IAM Instance Profile name"),
    ] {
        let refusal = (status, code, message);
        let wire = Wire::replies(vec![refusal, refusal, refusal, DONE]);
        assert_eq!(apply(&wire.iam, &change).await, Ok(Applied::Now), "{change}: {code}");
        assert_eq!(wire.asked().len(), 4, "{change}: {code}");
    }
}

/// R2, R5
#[tokio::test(start_paused = true)]
async fn what_never_passes_is_given_up_with_iams_words() {
    for (code, message, part, tries) in [
        ("MalformedPolicyDocument", "Invalid principal in policy: role/new", "role/new", TRIES),
        ("Throttling", "Rate exceeded", "Throttling", MOST_TRIES),
    ] {
        let wire = Wire::replies(vec![(400, code, message)]);
        let error = apply(&wire.iam, &Change::Create(role())).await.unwrap_err().to_string();
        assert!(error.starts_with("iam:CreateRole `r`") && error.contains(part), "{error}");
        assert_eq!(wire.asked().len() as u32, tries, "{code}");
    }
}

/// R3, R8, R9, R21
#[tokio::test(start_paused = true)]
async fn what_will_never_pass_is_asked_once_and_said_in_iams_words() {
    let attach = |arn: &str| {
        let policy_arn = arn.to_owned();
        Change::Create(object(Resource::RoleAttachment { role: "r".into(), policy_arn }))
    };
    let protected = "Cannot perform the operation on the protected role 'r'";
    let denied = "not authorized to perform: iam:DeleteRole with an explicit deny in a service \
                  control policy";
    let no_policy = "Policy arn:aws:iam::aws:policy/NoSuch does not exist or is not attachable.";
    for (change, status, code, message) in [
        (Change::Create(role()), 400, "MalformedPolicyDocument", "Has prohibited field Resource"),
        (Change::Delete(role()), 403, "AccessDenied", denied),
        (attach("arn:aws:iam::aws:policy/NoSuch"), 404, "NoSuchEntity", no_policy),
        (Change::Delete(role()), 400, "UnmodifiableEntity", protected),
    ] {
        let wire = Wire::replies(vec![(status, code, message)]);
        let error = apply(&wire.iam, &change).await.unwrap_err().to_string();
        assert!(error.contains(code) && error.contains(message), "{error}");
        assert_eq!(wire.asked().len(), 1, "{code}");
    }
}

/// One of each kind that is written.
pub(super) fn one_of_each() -> [Object; 11] {
    let [group, user, role_name, name] = ["g", "u", "r", "n"].map(str::to_owned);
    let policy_arn = "arn:aws:iam::123456789012:policy/p".to_owned();
    let document = PolicyDocument::new(json!({}));
    [
        role(),
        policy("p"),
        object(Resource::Group { name: group.clone(), path: "/".into() }),
        object(Resource::InstanceProfile { name: "p".into(), path: "/".into(), tags: Tags::new() }),
        object(Resource::RoleAttachment {
            role: role_name.clone(),
            policy_arn: policy_arn.clone(),
        }),
        object(Resource::RoleInline {
            role: role_name,
            name: name.clone(),
            document: document.clone(),
        }),
        object(Resource::GroupAttachment { group: group.clone(), policy_arn: policy_arn.clone() }),
        object(Resource::GroupInline { group: group.clone(), name, document }),
        object(Resource::GroupMember { group, user: user.clone() }),
        object(Resource::UserAttachment { user, policy_arn, attached: true }),
        profile_role(),
    ]
}

/// Changes that together need every call.
pub(super) fn every_change() -> Vec<Change> {
    let tagged = |mut object: Object| {
        if let Some(tags) = object.resource.tags_mut() {
            tags.insert("team".into(), "one".to_owned());
        }
        object
    };
    let mut other = tagged(role());
    if let Resource::Role(role) = &mut other.resource {
        role.trust = PolicyDocument::new(json!({"Principal": NEW}));
        role.max_session_duration = 7200;
        role.permissions_boundary = Some("arn:aws:iam::123456789012:policy/B".to_owned());
    }
    let mut version = tagged(policy("p"));
    if let Resource::Policy(policy) = &mut version.resource {
        policy.document = PolicyDocument::new(json!({"Statement": [{"Action": "a:B"}]}));
    }
    let (name, path) = ("p".to_owned(), "/".to_owned());
    let profile = object(Resource::InstanceProfile { name, path, tags: Tags::new() });
    let (name, service) = ("AWSServiceRoleForX".to_owned(), "x.amazonaws.com".to_owned());
    let linked = Object::unowned(Resource::ServiceLinkedRole { name, service });
    let pairs = [(role(), other), (policy("p"), version), (profile.clone(), tagged(profile))];
    let there_and_back = pairs.into_iter().flat_map(|(one, two)| {
        let back = Change::Update { before: two.clone(), after: one.clone() };
        [Change::Update { before: one, after: two }, back]
    });
    let made = one_of_each()
        .into_iter()
        .flat_map(|object| [Change::Create(object.clone()), Change::Delete(object)]);
    there_and_back.chain(made).chain([Change::Create(linked)]).collect()
}

/// R4
#[tokio::test(start_paused = true)]
async fn whatever_is_written_is_tried_again_while_the_same_thing_is_being_changed() {
    let changes = every_change();
    let mut refused = BTreeSet::new();
    for code in ["ConcurrentModification", "EntityTemporarilyUnmodifiable"] {
        for change in &changes {
            // Each call in turn is refused more often than a mistake would be tried.
            for call in 0.. {
                let mut replies = vec![DONE; call];
                replies.extend(vec![(409, code, "Another request is in progress"); TRIES as usize]);
                replies.push(DONE);
                let wire = Wire::replies(replies);
                apply(&wire.iam, change).await.unwrap_or_else(|error| panic!("{change}: {error}"));
                let asked = wire.asked();
                if asked.len() <= call {
                    break;
                }
                let action = asked[call].split(['=', '&']).nth(1).unwrap().to_owned();
                refused.insert(action);
            }
        }
    }
    let is_write = |action: &&Action| {
        let name = format!("{action:?}");
        !name.starts_with("Get") && !name.starts_with("List")
    };
    let written = Action::ALL.iter().filter(is_write).map(|action| format!("{action:?}"));
    // Nothing is there to be pruned.
    let missing: Vec<String> =
        written.filter(|it| !refused.contains(it) && it != "DeletePolicyVersion").collect();
    assert_eq!(missing, [""; 0]);
}

/// G7
#[tokio::test(start_paused = true)]
async fn a_profile_that_still_shows_the_role_that_was_removed_takes_another_in_a_moment() {
    let full =
        (409, "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
    let wire = Wire::replies(vec![full, DONE, full, full, DONE]);
    assert_eq!(apply(&wire.iam, &Change::Create(profile_role())).await, Ok(Applied::Now));
    let wire = Wire::replies(vec![full, DONE, full]);
    let error = apply(&wire.iam, &Change::Create(profile_role())).await.unwrap_err();
    assert_eq!(error.code, "LimitExceeded");
}

/// T14
#[tokio::test(start_paused = true)]
async fn an_account_that_is_throttled_is_hardly_asked_whether_it_shows_what_was_made() {
    let wire = Wire::replies(vec![(400, "Throttling", "Rate exceeded")]);
    wire.iam.until_seen(&Change::Create(role()), LONGEST).await;
    assert!((1..=5).contains(&wire.asked().len()), "{:?}", wire.asked());
}

/// R20, G6
#[tokio::test(start_paused = true)]
async fn whatever_is_gone_already_is_deleted() {
    for gone in one_of_each() {
        let wire = Wire::replies(vec![(404, "NoSuchEntity", "cannot be found")]);
        let change = Change::Delete(gone);
        assert_eq!(apply(&wire.iam, &change).await, Ok(Applied::Before), "{change}");
        assert!(!wire.asked().is_empty());
    }
}

/// R14
#[tokio::test]
async fn what_a_role_no_longer_has_is_taken_from_it() {
    let before = changed(|role| {
        role.max_session_duration = 7200;
        role.permissions_boundary = Some("arn:aws:iam::123456789012:policy/B".to_owned());
    });
    let after = changed(|role| role.description = String::new());
    let wire = Wire::replies(vec![DONE]);
    apply(&wire.iam, &Change::Update { before, after }).await.unwrap();
    let [update, boundary] = wire.asked().try_into().unwrap();
    assert!(update.contains("Action=UpdateRole&"), "{update}");
    assert!(update.contains("Description=&") || update.ends_with("Description="), "{update}");
    assert!(update.contains("MaxSessionDuration=3600"), "{update}");
    assert!(boundary.contains("Action=DeleteRolePermissionsBoundary&"), "{boundary}");
}

/// M4
#[tokio::test]
async fn a_document_that_means_the_same_makes_no_version() {
    let with = |document, team: &str| {
        let mut object = policy("p");
        let Resource::Policy(policy) = &mut object.resource else { panic!("no policy") };
        policy.document = PolicyDocument::new(document);
        policy.tags.insert("team".into(), team.to_owned());
        object
    };
    let before = with(json!({"Statement": {"Action": "a:B"}}), "one");
    let after = with(json!({"Statement": [{"Action": ["a:B"]}]}), "two");
    let wire = Wire::replies(vec![DONE]);
    apply(&wire.iam, &Change::Update { before, after }).await.unwrap();
    let [asked] = wire.asked().try_into().unwrap();
    assert!(asked.contains("Action=TagPolicy&"), "{asked}");
}

/// M8
#[tokio::test]
async fn a_policy_with_the_name_of_one_of_awss_is_the_accounts_own() {
    let wire = Wire::replies(vec![DONE]);
    let name = "AmazonEC2ContainerRegistryFullAccess";
    apply(&wire.iam, &Change::Delete(policy(name))).await.unwrap();
    for asked in wire.asked() {
        let own = format!("PolicyArn=arn:aws:iam::123456789012:policy/{name}");
        assert!(asked.contains(&own), "{asked}");
    }
}
