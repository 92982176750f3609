//! Existing objects and drift grant no more power than the page says, or are told.

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

/// Threat 2, Threat 4
#[test]
fn what_is_used_as_it_is_has_no_power_over_what_is_named() {
    let iam = |name: &str| format!("arn:aws:iam::123456789012:{name}");
    let function = "arn:aws:lambda:us-east-1:123456789012:function:prod".to_owned();
    for (actions, on, is_taken) in [
        (json!("sts:AssumeRole"), iam("role/Boss"), false),
        (json!("iam:AddUserToGroup"), iam("group/admins"), false),
        (json!("iam:PutRolePolicy"), iam("role/Boss"), false),
        (json!("iam:CreatePolicyVersion"), iam("policy/x"), false),
        (json!("iam:CreateAccessKey"), iam("user/bob"), false),
        (json!(["iam:PassRole", "ec2:RunInstances"]), iam("role/B*"), false),
        // Together with the preset's grants.
        (json!("iam:PassRole"), iam("role/Boss"), false),
        (json!("lambda:UpdateFunctionCode"), function, false),
        (
            json!("ecs:Poll"),
            "arn:aws:ecs:*:123456789012:container-instance/web/*".to_owned(),
            false,
        ),
        (json!("s3:PutObject"), "arn:aws:s3:::results/*".to_owned(), true),
        (json!("iam:PassRole"), iam("role/skypilot-v1"), true),
    ] {
        for group in [false, true] {
            let account = populated();
            let document = PolicyDocument::new(json!({
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": actions, "Resource": on},
            }));
            let (preset, holder, inline) = if group {
                let group = "LithopsUserGroup".to_owned();
                let holder = Resource::Group { name: group.clone(), path: "/".to_owned() };
                let inline = Resource::GroupInline { group, name: "x".to_owned(), document };
                ("lithops", Object::unowned(holder), inline)
            } else {
                let role = "skypilot-v1".to_owned();
                let inline = Resource::RoleInline { role, name: "x".to_owned(), document };
                ("skypilot", role_of("skypilot-v1", "ec2.amazonaws.com"), inline)
            };
            account.person(Change::Create(holder)).unwrap();
            account.person(Change::Create(Object::unowned(inline))).unwrap();
            let create = Stack::named("a").request(Some(json!({
                "Preset": preset,
                "AdoptExisting": true,
                "AcknowledgeAdminEquivalent": true,
            })));
            let answer = handle_within(Settings::read(|_| None), &account, &create).unwrap();
            let refused = answer.as_ref().err().cloned().unwrap_or_default();
            // The role of another preset is foreign.
            let is_taken = is_taken && !(group && on.ends_with("role/skypilot-v1"));
            assert_eq!(
                refused.contains("given by no preset"),
                !is_taken,
                "{actions} {on}: {refused}"
            );
            assert_eq!(answer.is_ok(), is_taken, "{refused}");
        }
    }
}

/// Threat 4
#[test]
fn a_group_that_is_used_as_it_is_has_the_named_users_or_is_refused() {
    for (members, named, is_taken) in [
        (vec![], vec!["alice"], false),
        (vec!["alice"], vec!["alice", "bob"], false),
        (vec!["alice"], vec!["alice"], true),
        (vec!["alice", "bob"], vec![], true),
    ] {
        let account = populated();
        let group = "LithopsUserGroup".to_owned();
        let it = Resource::Group { name: group.clone(), path: "/".to_owned() };
        account.person(Change::Create(Object::unowned(it))).unwrap();
        for user in &members {
            let (group, user) = (group.clone(), (*user).to_owned());
            let member = Resource::GroupMember { group, user };
            account.person(Change::Create(Object::unowned(member))).unwrap();
        }
        let before = account.state();
        let answer = Stack::named("a").deploy(
            &account,
            json!({
                "Preset": "lithops",
                "AdoptExisting": true,
                "Parameters": {"UserNames": named},
            }),
        );
        match answer {
            Ok(made) => {
                assert!(is_taken, "{members:?} {named:?}");
                let lacking = &made.data["LackingPolicies"];
                assert!(
                    lacking.contains("`LithopsUserGroup` <- `lithops-client-policy`"),
                    "{lacking}"
                );
            }
            Err(refused) => {
                assert!(!is_taken, "{members:?} {named:?} {refused}");
                assert!(refused.starts_with("Parameters.UserNames: `"), "{refused}");
                assert!(refused.contains("not in the group `LithopsUserGroup`"), "{refused}");
                assert_eq!(account.state(), before);
            }
        }
    }
    let account = populated();
    let made = Stack::named("a").deploy(&account, json!({"Preset": "lithops"})).unwrap();
    assert_eq!(made.data["LackingPolicies"], "");
}

/// Threat 4
#[test]
fn who_is_newly_named_and_not_in_a_group_that_is_used_as_it_is_is_refused_and_nobody_is_stuck() {
    let account = populated();
    let group = "LithopsUserGroup".to_owned();
    let it = Resource::Group { name: group.clone(), path: "/".to_owned() };
    account.person(Change::Create(Object::unowned(it))).unwrap();
    let user = "bob".to_owned();
    let member = Object::unowned(Resource::GroupMember { group, user });
    account.person(Change::Create(member.clone())).unwrap();
    let of = |users: Value| json!({"Preset": "lithops", "AdoptExisting": true, "Parameters": {"UserNames": users}});
    let mut stack = Stack::named("a");
    stack.deploy(&account, of(json!(["bob"]))).unwrap();
    for users in [json!(["alice"]), json!(["alice", "bob"])] {
        let refused = stack.deploy(&account, of(users)).unwrap_err();
        assert!(refused.starts_with("Parameters.UserNames: `"), "{refused}");
    }
    // Bob leaves; the stack is updated all the same.
    account.person(Change::Delete(member)).unwrap();
    let mut tagged = of(json!(["bob"]));
    tagged["Tags"] = json!([{"Key": "a", "Value": "b"}]);
    stack.deploy(&account, tagged).unwrap();
}

/// Threat 3
#[test]
fn what_several_hands_wrote_into_a_role_counts_together_and_with_what_the_preset_gives() {
    let machines = "SLIM-Extras_ECS_for_EC2";
    for (preset, role, actions, is_administrator) in [
        ("slim", machines, vec!["iam:PassRole", "ec2:RunInstances"], "true"),
        ("slim", machines, vec!["ec2:RunInstances"], "false"),
        // To any service.
        ("slim", machines, vec!["iam:PassRole"], "true"),
        // Its role starts machines.
        ("skypilot", "skypilot-v1", vec!["iam:PassRole"], "true"),
    ] {
        let account = populated();
        let mut stack = Stack::named("a");
        let properties = json!({"Preset": preset});
        let made = stack.deploy(&account, properties.clone()).unwrap();
        assert_eq!(made.data["AdminEquivalent"], "false");
        for action in actions {
            let document = PolicyDocument::new(json!({
                "Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"},
            }));
            let (role, name) = (role.to_owned(), action.replace(':', "-"));
            let inline = Resource::RoleInline { role, name, document };
            account.person(Change::Create(Object::unowned(inline))).unwrap();
        }
        let updated = stack.deploy(&account, properties).unwrap();
        assert_eq!(updated.data["AdminEquivalent"], is_administrator, "{preset}");
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
