use account_presets::cfn::{CustomResource, Progress, RequestType};
use account_presets::iam_preset::{IamPreset, Settings};
use account_presets::state::{Account, Kind};
use futures_util::FutureExt;
use serde_json::json;

use super::world::*;

/// G2, G6, I10, R17, X15
#[test]
fn the_account_after_a_delete_is_the_account_before_the_create() {
    for properties in many_properties() {
        let account = populated();
        let before = but_service_linked(&account);
        let mut stack = Stack::named("a");
        stack.deploy(&account, properties.clone()).unwrap();
        assert_ne!(but_service_linked(&account), before, "{properties}");
        stack.delete(&account).unwrap();
        assert_eq!(but_service_linked(&account), before, "{properties}");
        stack.delete(&account).unwrap();
        assert_eq!(but_service_linked(&account), before, "{properties}");
        let mut again = Stack::named("a");
        again.deploy(&account, properties.clone()).unwrap();
        again.delete(&account).unwrap();
        assert_eq!(but_service_linked(&account), before, "{properties}");
    }
}

/// I13
#[test]
fn an_update_that_changes_nothing_writes_nothing_and_answers_the_same() {
    for properties in many_properties() {
        let account = populated();
        let mut stack = Stack::named("a");
        let made = stack.deploy(&account, properties.clone()).unwrap().data;
        let (id, state, writes) = (stack.physical_id.clone(), account.state(), account.writes());
        let updated = stack.deploy(&account, properties.clone()).unwrap();
        assert_eq!((updated.data, &stack.physical_id), (made, &id));
        assert_eq!((account.state(), account.writes()), (state, writes), "{properties}");
    }
}

/// I21
#[test]
fn the_same_stack_in_another_region_is_refused_by_the_name_of_the_first() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let (state, writes) = (account.state(), account.writes());
    let mut request = Stack::named("a").request(Some(slim(json!({}))));
    request.stack_id = request.stack_id.replace("eu-west-1", "us-east-1");
    let function = IamPreset::new(
        ByRef(&account),
        Account::from_arn(&request.stack_id).unwrap(),
        Settings::open(),
    );
    let progress = Progress::default();
    let answer = function.handle(RequestType::Create, &request, &progress).now_or_never().unwrap();
    let error = answer.unwrap_err();
    assert!(error.contains("already, by stack `a` in eu-west-1 (resource `Preset`); "), "{error}");

    request.physical_resource_id = Some(physical_id(&request));
    function.handle(RequestType::Delete, &request, &progress).now_or_never().unwrap().unwrap();
    assert_eq!((account.state(), account.writes()), (state, writes));
}

/// P20
#[test]
fn a_physical_id_has_only_characters_that_mean_nothing_anywhere() {
    let mut request = Stack::named("a").request(Some(slim(json!({}))));
    request.stack_id = request.stack_id.replace("stack/a/", "stack/a \"\n|é/");
    request.logical_resource_id = "Pre\u{1f600}set ${x}\u{0}\u{202e}".to_owned();
    let id = physical_id(&request);
    assert!(id.starts_with("slim:a:Presetx:"), "{id}");
    assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || ":-".contains(c)), "{id}");
}

/// I1, P22, Threat 11
#[test]
fn the_same_request_again_writes_nothing_and_answers_the_same() {
    for properties in many_properties() {
        let account = populated();
        let request = Stack::named("a").request(Some(properties.clone()));
        let first = handle(&account, &request).unwrap().unwrap();
        let (state, writes) = (account.state(), account.writes());
        assert_eq!(handle(&account, &request).unwrap().unwrap(), first);
        assert_eq!((account.state(), account.writes()), (state, writes), "{properties}");
    }
}

/// P22, S9
#[test]
fn attributes_are_the_same_set_whatever_is_switched_off() {
    let account = populated();
    let on = Stack::named("a").deploy(&account, slim(json!({}))).unwrap().data;
    let off = json!({"InstanceProfile": "false", "SpotServiceLinkedRoles": "false"});
    let off = Stack::named("a").deploy(&account, slim(off)).unwrap().data;
    assert!(on.keys().eq(off.keys()));
    assert_eq!(
        on["InstanceProfileArn"],
        "arn:aws:iam::123456789012:instance-profile/SLIM-Extras_ECS_for_EC2"
    );
    assert_eq!(
        on["SpotServiceLinkedRoleArn"],
        "arn:aws:iam::123456789012:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
    );
    assert_eq!(
        (off["InstanceProfileArn"].as_str(), off["SpotServiceLinkedRoleArn"].as_str()),
        ("", "")
    );
    assert_eq!(on["AdminEquivalent"], "true");
    let hardened = edition("hardened", "slim", json!({}));
    let hardened = Stack::named("a").deploy(&populated(), hardened).unwrap().data;
    assert!(on.keys().eq(hardened.keys()));
    assert_eq!(hardened["AdminEquivalent"], "false");
}

#[test]
fn a_preset_that_amounts_to_administrator_says_so() {
    let data = Stack::named("a").deploy(&populated(), lithops(json!({}))).unwrap().data;
    assert_eq!(data["AdminEquivalent"], "true");
    assert_eq!(data["GroupName"], "LithopsUserGroup");
    let sso = lithops(json!({"AccountKind": "sso"}));
    assert_eq!(
        Stack::named("a").deploy(&populated(), sso).unwrap().data["GroupName"],
        "lithops-group"
    );
}

/// I6, I7, V6
#[test]
fn a_delete_under_any_id_and_with_any_properties_deletes_what_is_owned() {
    let ids = [
        "a-Preset-1X2Y3Z",
        "2026/11/22/[$LATEST]abc",
        "AWSCDK::CustomResource::CREATE_FAILED",
        "slim:a:b:c",
    ];
    for id in ids {
        let account = populated();
        let before = but_service_linked(&account);
        let mut stack = Stack::named("a");
        stack.deploy(&account, slim(json!({"UserNames": ["alice"]}))).unwrap();
        let broken = json!({
            "Preset": "slim", "AcknowledgeAdminEquivalent": "true", "Tags": 7, "Unknown": [[]], "Path": "//",
            "Parameters": {"UserNames": ["alice"], "InstanceProfile": "maybe", "Gone": "x"},
        });
        stack.delete_as(&account, id, broken).unwrap();
        assert_eq!(but_service_linked(&account), before, "{id}");
    }
}

#[test]
fn the_id_says_which_preset_is_deleted_whatever_became_of_the_properties() {
    let account = populated();
    let before = but_service_linked(&account);
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({}))).unwrap();
    let id = stack.physical_id.clone().unwrap();
    stack.delete_as(&account, &id, json!({})).unwrap();
    assert_eq!(but_service_linked(&account), before);
}

/// V6, Threat 12
#[test]
fn a_delete_of_what_never_was_is_a_success() {
    let account = populated();
    let before = account.state();
    for properties in
        [json!({}), json!({"Preset": "no such"}), json!({"Preset": ["slim"]}), slim(json!({}))]
    {
        Stack::named("a").delete_as(&account, "never", properties).unwrap();
    }
    assert_eq!((account.state(), account.writes()), (before, 0));
}

/// R15, V9, V11, V13
#[test]
fn a_mistake_is_refused_before_anything_is_looked_at_or_written() {
    let account = populated();
    let error =
        Stack::named("a").deploy(&account, slim(json!({"Instanceprofile": "x"}))).unwrap_err();
    assert!(error.contains("did you mean `InstanceProfile`?"), "{error}");
    let long = json!({"Preset": "slim", "AcknowledgeAdminEquivalent": "true", "Path": format!("/{}/", "p".repeat(300)), "Tags": []});
    assert!(Stack::named("a").deploy(&account, long).is_ok());
    assert_eq!(account.state().ids().filter(|id| id.kind == Kind::Role).count(), 6);
    let longer = json!({"Preset": "slim", "AcknowledgeAdminEquivalent": "true", "Path": format!("/{}/", "p".repeat(500))});
    let untouched = populated();
    let error = Stack::named("a").deploy(&untouched, longer).unwrap_err();
    assert!(error.contains("CloudFormation reads 4096"), "{error}");
    assert_eq!(untouched.writes(), 0);
    let tags: Vec<_> = (0..50).map(|n| json!({"Key": format!("k{n}"), "Value": ""})).collect();
    let account = populated();
    let too_many = json!({"Preset": "slim", "AcknowledgeAdminEquivalent": "true", "Tags": tags});
    let error = Stack::named("b").deploy(&account, too_many).unwrap_err();
    assert!(error.contains("Tags: given 50 tags, allowed are at most 48"), "{error}");
    assert_eq!(account.writes(), 0);
}

/// Threat 5, Threat 6
#[test]
fn a_stack_of_another_account_is_refused() {
    let account = populated();
    let mut request = Stack::named("a").request(Some(slim(json!({}))));
    request.stack_id = request.stack_id.replace(ACCOUNT, "999999999999");
    let error = handle(&account, &request).unwrap().unwrap_err();
    assert!(error.contains("not in account 123456789012"), "{error}");
    request.request_type = json!("Delete");
    handle(&account, &request).unwrap().unwrap();
    assert_eq!(account.writes(), 0);
}

/// P20, X13
#[test]
fn physical_ids_do_not_change_from_one_release_to_the_next() {
    // A changed id would replace the objects of every deployed stack.
    let id = |properties| physical_id(&Stack::named("a").request(Some(properties)));
    assert_eq!(id(slim(json!({}))), "slim:a:Preset:b1af24de68786db2");
    assert_eq!(id(lithops(json!({}))), "lithops:a:Preset:b1af24de68786db2");
    assert_eq!(id(json!({"Preset": "no such"})), "none:a:Preset:b1af24de68786db2");
}

#[test]
fn a_parameter_that_others_make_necessary_is_asked_for_and_only_then() {
    let mut stack = Stack::named("a");
    let roles = edition("current", "orchestra", json!({"ModuleRoles": "true"}));
    let error = stack.deploy(&populated(), roles).unwrap_err();
    assert_eq!(
        error,
        "Parameters.OrchestraAccountId: not given, and required with ModuleRoles true: a UUID, in \
         lower case, such as `0a1b2c3d-0000-4000-8000-0a1b2c3d4e5f`"
    );
    stack.deploy(&populated(), edition("current", "orchestra", json!({}))).unwrap();
}

#[test]
fn a_role_has_the_name_that_zappa_makes_of_the_deployment() {
    let account = populated();
    let asked = edition("current", "zappa", json!({"Deployments": ["TR_Abuse relay.dev"]}));
    Stack::named("a").deploy(&account, asked).unwrap();
    assert!(has(&account, Kind::Role, "tr-abuse-relay-dev-ZappaLambdaExecutionRole"));
}

/// V19
#[test]
fn a_deployment_that_the_policy_would_not_reach_is_refused() {
    let mut stack = Stack::named("a");
    let asked = |edition_of, deployment: &str| {
        edition(edition_of, "zappa", json!({"NamePrefix": "acme-", "Deployments": [deployment]}))
    };
    let error = stack.deploy(&populated(), asked("hardened", "tr-x-dev")).unwrap_err();
    assert_eq!(
        error,
        "Parameters.Deployments: given `tr-x-dev`, allowed with Edition hardened is only what \
         begins with Parameters.NamePrefix, `acme-`; change one of the two"
    );
    stack.deploy(&populated(), asked("hardened", "acme-x-dev")).unwrap();
    Stack::named("b").deploy(&populated(), asked("current", "tr-x-dev")).unwrap();
}
