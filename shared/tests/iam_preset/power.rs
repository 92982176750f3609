//! What was there, or what other hands did, gives no more power than the page says, or is told.

use account_presets::iam_preset::Settings;
use account_presets::plan::Change;
use account_presets::state::{Object, Policy, PolicyDocument, Resource};
use serde_json::{Value, json};

use super::world::*;

const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Threat 2, Threat 4
#[test]
fn a_role_that_a_policy_passes_is_judged_below_whatever_path() {
    let lambda = "lambda.amazonaws.com";
    let tasks = "ecs-tasks.amazonaws.com";
    for (preset, service, path, name, is_passed) in [
        ("zappa", lambda, "/", "tr-admin-ZappaLambdaExecutionRole", true),
        ("zappa", lambda, "/tr-ops/", "admin-ZappaLambdaExecutionRole", true),
        ("zappa", lambda, "/ops/", "tr-admin-ZappaLambdaExecutionRole", false),
        ("orchestra", tasks, "/", "a-orchestra-ecs-execution-role-b", true),
        ("orchestra", tasks, "/a-orchestra-ecs-execution-role-b/", "admin", true),
        ("skypilot", "ec2.amazonaws.com", "/", "skypilot-v1", true),
        ("skypilot", "ec2.amazonaws.com", "/ops/", "skypilot-v1", false),
    ] {
        let account = populated();
        let mut role = role_of(name, service);
        if let Resource::Role(role) = &mut role.resource {
            path.clone_into(&mut role.path);
        }
        account.person(Change::Create(role)).unwrap();
        account.person(Change::Create(attachment(name, ADMINISTRATOR))).unwrap();
        let mut parameters = json!({"UserNames": ["alice"]});
        if preset == "skypilot" {
            parameters["RoleFlavor"] = json!("none");
        }
        let create =
            Stack::named("a").request(Some(json!({"Preset": preset, "Parameters": parameters})));
        let answer = handle_within(Settings::read(|_| None), &account, &create).unwrap();
        let refused = answer.err().unwrap_or_default();
        assert_eq!(refused.contains("given by no preset"), is_passed, "{path}{name}: {refused}");
    }
}

/// Threat 2, Threat 4
#[test]
fn a_policy_that_is_there_is_used_only_if_it_says_what_the_presets_says() {
    for (preset, name, adopt) in [
        ("zappa", "ZappaLambdaDeploymentPolicy", false),
        ("zappa", "ZappaLambdaDeploymentPolicy", true),
        ("skypilot", "minimal-skypilot-policy", true),
    ] {
        let account = populated();
        let everything = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        let policy = Policy {
            name: name.to_owned(),
            path: "/".to_owned(),
            description: String::new(),
            document: PolicyDocument::new(
                json!({"Version": "2012-10-17", "Statement": everything}),
            ),
            tags: Default::default(),
        };
        account.person(Change::Create(Object::unowned(Resource::Policy(policy)))).unwrap();
        let before = account.state();
        let create = Stack::named("a").request(Some(json!({
            "Preset": preset,
            "AdoptExisting": adopt,
            "Parameters": {"UserNames": ["alice"]},
        })));
        let refused =
            handle_within(Settings::read(|_| None), &account, &create).unwrap().unwrap_err();
        assert!(refused.contains(name), "{refused}");
        assert_eq!(account.state(), before);
    }
}

/// Threat 3
#[test]
fn what_other_hands_attached_is_named_and_counts_as_administrator() {
    let account = populated();
    let mut stack = Stack::named("a");
    let properties = json!({"Preset": "lithops"});
    let made = stack.deploy(&account, properties.clone()).unwrap();
    let said = |data: &std::collections::BTreeMap<String, String>| -> Vec<Value> {
        ["AdminEquivalent", "ForeignPolicies"].map(|name| json!(data[name])).to_vec()
    };
    assert_eq!(said(&made.data), ["false", ""]);
    account.person(Change::Create(attachment("lithops-role", ADMINISTRATOR))).unwrap();
    let updated = stack.deploy(&account, properties).unwrap();
    assert_eq!(
        said(&updated.data),
        ["true", "role attachment `lithops-role` <- aws `AdministratorAccess`"]
    );
}
