//! Each request on the wire is the action that the code says it is, so that a role with
//! [`Action::ALL`] has all needed rights, and an error names the one to grant.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_smithy_http_client::test_util::infallible_client_fn;

use super::refusals::{every_change, iam_over, one_of_each, refusal};
use super::*;
use crate::cloud::calls;

/// IAM's reply where a further call depends on it.
fn said(action: &str) -> String {
    let list = |name: &str, member: &str| {
        format!("<IsTruncated>false</IsTruncated><{name}>{member}</{name}>")
    };
    let role = "<RoleName>r</RoleName><Path>/</Path><Arn>arn:aws:iam::123456789012:role/r</Arn>";
    let policy = "<PolicyName>p</PolicyName><Path>/</Path><DefaultVersionId>v5</DefaultVersionId>\
                  <Arn>arn:aws:iam::123456789012:policy/p</Arn>";
    let profile = "<InstanceProfileName>p</InstanceProfileName><Path>/</Path>";
    match action {
        "ListPolicyVersions" => {
            let version = |number: usize| {
                let is_default = number == 5;
                format!(
                    "<member><VersionId>v{number}</VersionId>\
                     <IsDefaultVersion>{is_default}</IsDefaultVersion></member>"
                )
            };
            list("Versions", &(1..=5).map(version).collect::<String>())
        }
        "ListRolePolicies" | "ListGroupPolicies" => list("PolicyNames", "<member>n</member>"),
        "ListPolicies" => list("Policies", &format!("<member>{policy}</member>")),
        "ListInstanceProfiles" => list("InstanceProfiles", &format!("<member>{profile}</member>")),
        "GetAccountAuthorizationDetails" => list("Policies", &format!("<member>{policy}</member>")),
        "GetRole" => format!("<Role>{role}</Role>"),
        "GetPolicy" => format!("<Policy>{policy}</Policy>"),
        "GetGroup" => {
            let group = "<Group><GroupName>g</GroupName><Path>/</Path></Group>";
            format!("{group}{}", list("Users", ""))
        }
        "GetInstanceProfile" => format!("<InstanceProfile>{profile}</InstanceProfile>"),
        _ => String::new(),
    }
}

/// Returns the actions of the requests that the work sends. Where one of them is refused, the
/// work's error names that action.
async fn asks(work: impl AsyncFn(&Iam) -> Result<(), CallError>) -> BTreeSet<String> {
    let asked = asked(&work, "").await.0;
    for action in &asked {
        if let Err(error) = self::asked(&work, action).await.1 {
            assert_eq!(error.action, format!("iam:{action}"));
        }
    }
    asked
}

async fn asked(
    work: &impl AsyncFn(&Iam) -> Result<(), CallError>,
    refused: &str,
) -> (BTreeSet<String>, Result<(), CallError>) {
    let asked = Arc::new(Mutex::new(BTreeSet::new()));
    let (all, refused) = (Arc::clone(&asked), refused.to_owned());
    let client = infallible_client_fn(move |request| {
        let asked = std::str::from_utf8(request.body().bytes().unwrap()).unwrap();
        let action = asked.split(['=', '&']).nth(1).unwrap().to_owned();
        let (status, body) = if action == refused {
            (403, refusal("AccessDenied", "no"))
        } else {
            let result = format!("<{action}Result>{}</{action}Result>", said(&action));
            (200, format!("<{action}Response>{result}</{action}Response>"))
        };
        all.lock().unwrap().insert(action);
        http::Response::builder().status(status).body(body).unwrap()
    });
    let result = work(&iam_over(client)).await;
    let asked = asked.lock().unwrap().clone();
    (asked, result)
}

/// X6
#[tokio::test(start_paused = true)]
async fn each_request_is_the_action_that_the_code_says_and_there_are_no_others() {
    let mut all = BTreeSet::new();
    for call in every_change().iter().flat_map(calls) {
        let asked = asks(async |iam| iam.send(&call).await).await;
        let named = |actions: &[Action]| -> BTreeSet<String> {
            actions.iter().map(|action| format!("{action:?}")).collect()
        };
        assert!(asked.is_superset(&named(&[call.action()])), "{call:?} asks for {asked:?}");
        assert!(asked.is_subset(&named(&call.actions())), "{call:?} asks for {asked:?}");
        all.extend(asked);
    }
    let user = object(Resource::User { name: "u".to_owned() });
    let ids = one_of_each().iter().chain([&user]).map(|object| object.resource.id()).collect();
    let scope = Scope { ids, paths: ["/".to_owned()].into(), ..Scope::default() };
    let me = Owner::new("arn:aws:cloudformation:eu-west-1:123456789012:stack/s/1", "Preset");
    let arns = BTreeSet::from(["arn:aws:iam::123456789012:policy/p".to_owned()]);
    all.extend(asks(async |iam| iam.observe(&scope).await.map(drop)).await);
    all.extend(asks(async |iam| iam.find(&me, &scope).await.map(drop)).await);
    all.extend(asks(async |iam| iam.role_arns().await.map(drop)).await);
    all.extend(asks(async |iam| iam.documents(&arns).await.map(drop)).await);
    all.extend(asks(async |iam| iam.policy_paths().await.map(drop)).await);
    all.extend(asks(async |iam| iam.names().await.map(drop)).await);
    all.extend(asks(async |iam| iam.attachable().await.map(drop)).await);
    all.extend(asks(async |iam| iam.owners().await.map(drop)).await);
    let known: BTreeSet<String> = Action::ALL.iter().map(|action| format!("{action:?}")).collect();
    assert_eq!(all, known);
}
