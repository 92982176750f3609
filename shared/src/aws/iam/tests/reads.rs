//! The adapter's reads, page by page.

use aws_sdk_iam::operation::{
    get_account_summary::GetAccountSummaryOutput, get_policy::GetPolicyOutput,
    get_policy_version::GetPolicyVersionOutput, get_role_policy::GetRolePolicyOutput,
    list_attached_user_policies::ListAttachedUserPoliciesOutput,
    list_entities_for_policy::ListEntitiesForPolicyOutput, list_policies::ListPoliciesOutput,
    list_user_tags::ListUserTagsOutput,
};
use aws_sdk_iam::types::{PolicyGroup, PolicyRole, PolicyScopeType, PolicyUser, SummaryKeyType};

use super::*;

/// R16, R17
#[tokio::test]
async fn every_page_of_a_roles_inline_policies_is_read() {
    let [attached, _, profiles] = hanging();
    let names = mock!(Client::list_role_policies).then_compute_output(|input| {
        let page = ListRolePoliciesOutput::builder();
        let page = match input.marker() {
            None => page.policy_names("one").is_truncated(true).marker("more"),
            Some(_) => page.policy_names("two"),
        };
        page.build().unwrap()
    });
    let document = mock!(Client::get_role_policy).then_compute_output(|input| {
        GetRolePolicyOutput::builder()
            .role_name("r")
            .policy_name(input.policy_name().unwrap())
            .policy_document("%7B%22Statement%22%3A%5B%5D%7D")
            .build()
            .unwrap()
    });
    let iam = iam(&[&get_role(me()), &attached, &names, &document, &profiles]);
    let state = iam.observe(&scope(Id::node(Kind::Role, "r"))).await.unwrap();
    for name in ["one", "two"] {
        assert!(state.contains(&Id::link(Kind::RoleInline, "r", name)), "{name}");
    }
}

/// M6, M7
#[tokio::test]
async fn every_page_of_whoever_has_a_policy_is_read_as_a_boundary_too() {
    let policy = mock!(Client::get_policy).then_output(|| {
        let policy = aws_sdk_iam::types::Policy::builder().default_version_id("v1").build();
        GetPolicyOutput::builder().policy(policy).build()
    });
    let version =
        mock!(Client::get_policy_version).then_output(|| GetPolicyVersionOutput::builder().build());
    // Without a filter IAM names those of whom it is the boundary, too ("ListEntitiesForPolicy",
    // IAM API Reference).
    let entities = mock!(Client::list_entities_for_policy)
        .match_requests(|request| request.policy_usage_filter().is_none())
        .then_compute_output(|input| {
            let page = ListEntitiesForPolicyOutput::builder();
            match input.marker() {
                None => page
                    .policy_users(PolicyUser::builder().user_name("u").build())
                    .is_truncated(true)
                    .marker("more")
                    .build(),
                Some(_) => page
                    .policy_roles(PolicyRole::builder().role_name("r").build())
                    .policy_groups(PolicyGroup::builder().group_name("g").build())
                    .build(),
            }
        });
    let iam = iam(&[&policy, &version, &entities]);
    let state = iam.observe(&scope(Id::node(Kind::Policy, "p"))).await.unwrap();
    let arn = "arn:aws:iam::123456789012:policy/p";
    for (kind, name) in
        [(Kind::UserAttachment, "u"), (Kind::RoleAttachment, "r"), (Kind::GroupAttachment, "g")]
    {
        assert!(state.contains(&Id::link(kind, name, arn)), "{name}");
    }
}

/// S4
#[tokio::test]
async fn of_a_service_linked_role_only_its_service_counts() {
    let rule = mock!(Client::get_role).then_output(|| {
        let mut role = sdk_role(&me());
        role.path = "/aws-service-role/batch.amazonaws.com/".to_owned();
        role.description = Some("as somebody else described it".to_owned());
        GetRoleOutput::builder().role(role).build()
    });
    let (name, service) = ("AWSServiceRoleForBatch", "batch.amazonaws.com");
    let scope = scope(Id::node(Kind::ServiceLinkedRole, name));
    let state = iam(&[&rule]).observe(&scope).await.unwrap();
    let expected = Resource::ServiceLinkedRole { name: name.into(), service: service.into() };
    let found: Vec<_> = state.iter().map(|(_, object)| object.clone()).collect();
    assert_eq!(found, [Object::unowned(expected)]);
}

/// V12
#[tokio::test]
async fn of_a_user_every_policy_is_read_and_whose_it_is_of_what_a_preset_attaches() {
    let (ours, theirs) = ("arn:aws:iam::aws:policy/Ours", "arn:aws:iam::aws:policy/Theirs");
    let attached = mock!(Client::list_attached_user_policies).then_compute_output(move |input| {
        let policy = |arn: &str| AttachedPolicy::builder().policy_arn(arn).build();
        let page = ListAttachedUserPoliciesOutput::builder();
        match input.marker() {
            None => page.attached_policies(policy(ours)).is_truncated(true).marker("more").build(),
            Some(_) => page.attached_policies(policy(theirs)).build(),
        }
    });
    let tags = mock!(Client::list_user_tags).then_output(move || {
        let tags = [ours, theirs].map(|arn| {
            let (key, value) = me().attached_tag(arn);
            Tag::builder().key(&*key).value(value).build().unwrap()
        });
        ListUserTagsOutput::builder().set_tags(Some(tags.into())).build().unwrap()
    });
    let link = |arn| Id::link(Kind::UserAttachment, "u", arn);
    let ids = [Id::node(Kind::User, "u"), link(ours)].into();
    let scope = Scope { ids, ..Scope::default() };
    let state = iam(&[&attached, &tags]).observe(&scope).await.unwrap();
    let owners = |arn| state.get(&link(arn)).unwrap().owners.clone();
    assert_eq!((owners(ours), owners(theirs)), ([me()].into(), Owners::new()));
}

/// V12
#[tokio::test]
async fn the_accounts_quotas_are_read_and_what_it_does_not_tell_is_the_default() {
    let rule = mock!(Client::get_account_summary).then_output(|| {
        GetAccountSummaryOutput::builder()
            .summary_map(SummaryKeyType::AttachedPoliciesPerUserQuota, 20)
            .summary_map(SummaryKeyType::AttachedPoliciesPerRoleQuota, 15)
            .build()
    });
    let attachable = iam(&[&rule]).attachable().await.unwrap();
    let expected = Attachable { user: 20, group: 10, role: 15, is_known: true };
    assert_eq!(attachable, expected);
}

/// M9
#[tokio::test]
async fn the_accounts_own_policies_are_listed_with_their_paths_on_every_page() {
    let policy = |name: &str, path: &str| {
        aws_sdk_iam::types::Policy::builder().policy_name(name).path(path).build()
    };
    let rule = mock!(Client::list_policies)
        .match_requests(|request| request.scope() == Some(&PolicyScopeType::Local))
        .then_compute_output(move |input| {
            let page = ListPoliciesOutput::builder();
            match input.marker() {
                None => page.policies(policy("p", "/")).is_truncated(true).marker("more").build(),
                Some(_) => page.policies(policy("q", "/team/")).build(),
            }
        });
    let paths = iam(&[&rule]).policy_paths().await.unwrap();
    let expected = [("p", "/"), ("q", "/team/")];
    let expected = expected.map(|(name, path)| (Id::node(Kind::Policy, name), path.to_owned()));
    assert_eq!(paths, expected.into());
}
