//! Refusals: all mistakes at once, by the property, and values without an effect.

use std::collections::BTreeSet;

use account_presets::cloud::fake::Fake;
use account_presets::cloud::{Call, CallError, Cloud};
use account_presets::iam_preset::Settings;
use account_presets::plan::{Change, Scope};
use account_presets::state::{Id, Kind, Object, Resource, State};
use serde_json::{Value, json};

use super::world::*;

fn usual() -> Settings {
    Settings::read(|_| None)
}

/// The reason of a Create within these settings, which writes nothing.
fn refused(settings: Settings, properties: Value) -> String {
    let account = populated();
    let create = Stack::named("a").request(Some(properties));
    let reason = handle_within(settings, &account, &create).unwrap().unwrap_err();
    assert_eq!(account.writes(), 0);
    reason
}

#[test]
fn what_the_form_and_what_the_operator_refuses_is_said_at_once() {
    let parameters = json!({"NamePrefix": "serverless-", "Deployments": ["tr-two-dev"]});
    let reason = refused(usual(), json!({"Preset": "zappa", "Parameters": parameters}));
    assert!(
        reason.starts_with("Parameters.Deployments: given `tr-two-dev`, allowed with"),
        "{reason}"
    );
    assert!(
        reason.contains(
            "; Parameters.NamePrefix: given `serverless-`, allowed in this account is only what \
             begins with `tr-`"
        ),
        "{reason}"
    );
    let reason = refused(usual(), json!({"Preset": "slim", "Edition": "current", "Path": "team"}));
    for said in ["Path: given `team`", "AllowAdminEquivalent", "AcknowledgeAdminEquivalent"] {
        assert!(reason.contains(said), "{said}: {reason}");
    }
}

fn administrators(given: Value) -> Value {
    json!({"Preset": "lithops", "Parameters": given})
}

#[test]
fn people_who_get_nothing_are_refused_by_name_where_they_are_named_anew() {
    let idle = || administrators(json!({"AdministratorNames": ["alice"]}));
    let said = "Parameters.AdministratorNames: given `alice`, which has no effect beside the other \
                properties; set Parameters.AdministratorsGroup to `true`, or leave \
                Parameters.AdministratorNames out";
    assert_eq!(refused(usual(), idle()), said);

    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, administrators(json!({}))).unwrap();
    let before = account.state();
    let update = stack.request(Some(idle()));
    let told = |status| Telling::of_stacks(&account, status);
    let reason = handle(&told("UPDATE_IN_PROGRESS"), &update).unwrap().unwrap_err();
    assert_eq!(reason, said);

    // The way back to it, and an Update of a stack that has it since an older release.
    handle(&told("UPDATE_ROLLBACK_IN_PROGRESS"), &update).unwrap().unwrap();
    let mut kept = idle();
    kept["Tags"] = json!([{"Key": "team", "Value": "a"}]);
    let mut later = stack.request(Some(kept));
    later.old_properties = idle().as_object().unwrap().clone();
    handle(&told("UPDATE_IN_PROGRESS"), &later).unwrap().unwrap();
    assert_ne!(account.state(), before);
    handle(&account, &stack.request(Some(administrators(json!({}))))).unwrap().unwrap();
    stack.delete(&account).unwrap();
}

#[test]
fn a_switch_without_effect_refuses_nothing() {
    for asked in [
        json!({"Preset": "lithops", "Parameters": {"Namespace": "other"}}),
        json!({
            "Preset": "lithops", "Edition": "current", "AcknowledgeAdminEquivalent": "true",
            "Parameters": {"DeleteImages": "true"},
        }),
        json!({
            "Preset": "zappa",
            "PermissionsBoundary": "arn:aws:iam::123456789012:policy/Boundary",
        }),
    ] {
        let account = populated();
        let mut stack = Stack::named("a");
        stack.deploy(&account, asked).unwrap();
        stack.delete(&account).unwrap();
    }
}

fn allowing(names: &'static str) -> Settings {
    Settings::read(move |asked| (asked == "ALLOWED_NAMES").then_some(names))
}

#[test]
fn what_meets_the_providers_own_is_refused_by_the_property() {
    let own = "what begins with `account-presets` is the provider's own (parameter ProviderName of \
               the provider's stack)";
    for path in ["/account-presets/", "/team/account-presets-x/"] {
        let reason = refused(usual(), json!({"Preset": "lithops", "Path": path}));
        assert_eq!(reason, format!("Path: given `{path}`; {own}; choose another path"));
    }
    let boundary =
        |name: &str| format!("arn:aws:iam::{ACCOUNT}:policy/account-presets-{name}-us-east-1");
    let common = boundary("Common");
    let reason = refused(usual(), json!({"Preset": "lithops", "PermissionsBoundary": common}));
    assert_eq!(
        reason,
        format!("PermissionsBoundary: given `{common}`; {own}; choose another policy")
    );
    // That one is made for presets.
    let account = populated();
    let bounded = json!({"Preset": "slim", "PermissionsBoundary": boundary("PresetBoundary")});
    Stack::named("b").deploy(&account, bounded).unwrap();
    let role = "account-presets-IamPreset-us-east-1";
    let asked = json!({"Preset": "orchestra", "Parameters": {"RoleNames": [role]}});
    assert_eq!(
        refused(usual(), asked),
        format!("Parameters.RoleNames: given `{role}`; {own}; choose another name")
    );
    let any = || allowing("skypilot.RoleName=* skypilot.PolicyName=minimal-skypilot-policy");
    let asked = json!({"Preset": "skypilot", "Parameters": {"RoleName": "account-presets-me"}});
    let reason = refused(any(), asked);
    assert!(reason.starts_with("Parameters.RoleName: given `account-presets-me`; "), "{reason}");
    // A user or a group of that name is none of the provider's.
    let account = populated();
    let people = json!({"Preset": "slim", "Path": "/teams/account/", "Parameters": {}});
    Stack::named("a").deploy(&account, people).unwrap();
}

#[test]
fn a_providers_name_that_a_presets_own_names_begin_with_is_named() {
    for (provider, preset) in [("lithops", "lithops"), ("sky", "skypilot"), ("min", "skypilot")] {
        let settings = Settings::read(|asked| (asked == "PROVIDER_NAME").then_some(provider));
        let reason = refused(settings, json!({"Preset": preset}));
        assert!(
            reason.starts_with(&format!("Preset: `{preset}` makes "))
                && reason.contains(&format!("what begins with `{provider}` is the provider's own"))
                && reason.ends_with("has to call the provider something else"),
            "{reason}"
        );
    }
}

#[test]
fn a_boundary_that_does_not_exist_is_refused_by_the_property() {
    let boundary = "arn:aws:iam::123456789012:policy/Gone";
    let account = populated();
    let cloud = Telling::without_boundary(&account);
    let asked = json!({"Preset": "lithops", "PermissionsBoundary": boundary});
    let reason = Stack::named("a").deploy(&cloud, asked).unwrap_err();
    assert_eq!(
        reason,
        format!(
            "PermissionsBoundary: the policy `{boundary}` does not exist; create it first, or leave the \
             property out"
        )
    );
    let made = account.state();
    let mut roles = made.iter().filter(|(id, _)| id.kind == Kind::Role && id.name != "foreign");
    assert!(roles.next().is_none() && !made.contains(&Id::node(Kind::Group, "LithopsUserGroup")));

    let settings =
        Settings::read(move |asked| (asked == "PERMISSIONS_BOUNDARY").then_some(boundary));
    let create = Stack::named("b").request(Some(json!({"Preset": "lithops"})));
    let reason = handle_within(settings, &cloud, &create).unwrap().unwrap_err();
    assert_eq!(
        reason,
        format!(
            "PermissionsBoundary: the policy `{boundary}`, which parameter PermissionsBoundary of the \
             provider's stack names, does not exist; the operator of the provider has to create it"
        )
    );

    let elsewhere = "arn:aws:iam::111111111111:policy/Boundary";
    let asked = json!({"Preset": "lithops", "PermissionsBoundary": elsewhere});
    let reason = refused(usual(), asked);
    assert!(
        reason.starts_with(&format!("PermissionsBoundary: given `{elsewhere}`, allowed is only"))
    );
}

/// A group's path has its owner behind the path that is asked for.
#[test]
fn a_path_that_is_too_long_for_a_group_is_told_how_long_it_may_be() {
    let path = |length: usize| format!("/{}/", "p".repeat(length - 2));
    let asked = |length| json!({"Preset": "lithops", "Path": path(length)});
    let reason = refused(usual(), asked(512));
    let (said, rest) = reason.split_once("allowed here are at most ").unwrap();
    assert!(
        said.starts_with("Path: given `/ppp") && said.ends_with("(512 characters), "),
        "{reason}"
    );
    let most: usize = rest.split(':').next().unwrap().parse().unwrap();
    assert_eq!(reason.matches("Path: ").count(), 1, "{reason}");
    assert!(refused(usual(), asked(most + 1)).contains("allowed here are at most"));
    Stack::named("a").deploy(&populated(), asked(most)).unwrap();
}

#[test]
fn a_list_whose_attributes_are_too_large_is_told_how_many_entries_fit() {
    let names =
        |number: usize| (0..number).map(|n| format!("tr-relay-{n:02}-dev")).collect::<Vec<_>>();
    let asked = |number| json!({"Preset": "zappa", "Parameters": {"Deployments": names(number)}});
    let reason = refused(usual(), asked(40));
    let (said, rest) = reason.split_once(" of them fit into one resource, since").unwrap();
    let most = said.strip_prefix("Parameters.Deployments: given 40 entries, and about ").unwrap();
    let most: usize = most.parse().unwrap();
    assert!(rest.ends_with("; give the rest to a second stack"), "{reason}");
    assert!(refused(usual(), asked(most + 1)).contains("and about"));
    Stack::named("a").deploy(&populated(), asked(most)).unwrap();
}

/// An account with an IAM that finds a name only as it is spelled.
struct Exact(Fake);

impl Cloud for Exact {
    async fn observe(&self, scope: &Scope) -> Result<State, CallError> {
        let found = self.0.observe(scope).await?;
        let is_exact = |object: &&Object| {
            let id = object.resource.id();
            scope.ids.get(&id).is_none_or(|asked| asked.name == id.name)
        };
        Ok(found.iter().map(|(_, object)| object).filter(is_exact).cloned().collect())
    }

    async fn send(&self, call: &Call) -> Result<(), CallError> {
        self.0.send(call).await
    }

    async fn names(&self) -> Result<BTreeSet<Id>, CallError> {
        Ok(self.0.state().ids().cloned().collect())
    }
}

#[test]
fn a_name_that_is_there_in_another_case_is_told_as_iam_has_it() {
    let account = Exact(populated());
    let asked = json!({"Preset": "skypilot", "Parameters": {"UserNames": ["Alice", "nobody"]}});
    let reason = Stack::named("a").deploy(&account, asked).unwrap_err();
    assert_eq!(
        reason,
        "Parameters.UserNames: user `Alice` does not exist, and IAM has `alice`; its names have no \
         case, so write it as it is there; user `nobody` does not exist; create it first, or leave it \
         out"
    );
    assert_eq!(account.0.writes(), 0);
}

#[test]
fn a_role_that_aws_alone_changes_is_refused_by_the_property_before_anything_is_written() {
    let account = populated();
    let mut linked = role("AWSServiceRoleForECS");
    if let Resource::Role(role) = &mut linked.resource {
        role.path = "/aws-service-role/ecs.amazonaws.com/".to_owned();
    }
    account.person(Change::Create(linked)).unwrap();
    let asked =
        json!({"Preset": "orchestra", "Parameters": {"RoleNames": ["AWSServiceRoleForECS"]}});
    let reason = Stack::named("a").deploy(&account, asked).unwrap_err();
    assert_eq!(
        reason,
        "Parameters.RoleNames: role `AWSServiceRoleForECS` is AWS's own, and IAM lets nobody else \
         change it; leave it out"
    );
    assert_eq!(account.writes(), 0);
}

/// Each sentence that a conflict can have is about the object, without the plan's own signs.
#[test]
fn a_reason_has_no_signs_of_a_plan() {
    let link = |kind, name: &str, part: &str| Id::link(kind, name, part).in_words();
    let arn = "arn:aws:iam::123456789012:policy/team/P";
    for (words, expected) in [
        (link(Kind::UserAttachment, "ana", arn), "policy `P` on user `ana`"),
        (link(Kind::GroupAttachment, "g", arn), "policy `P` on group `g`"),
        (link(Kind::RoleInline, "r", "i"), "inline policy `i` of role `r`"),
        (link(Kind::GroupMember, "g", "ana"), "user `ana` in group `g`"),
        (link(Kind::ProfileRole, "p", "r"), "role `r` in instance profile `p`"),
        (Id::node(Kind::Role, "r").in_words(), "role `r`"),
    ] {
        assert_eq!(words, expected);
    }
    let resource = Resource::GroupMember { group: "g".into(), user: "ana".into() };
    assert_eq!(resource.id().in_words(), "user `ana` in group `g`");
}
