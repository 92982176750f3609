//! A template or configuration has the function's objects.

use std::collections::{BTreeMap, BTreeSet};

use account_presets::iam_preset::{IamPreset, Settings, Wanted};
use account_presets::preset;
use account_presets::preset::schema::Parameter;
use account_presets::state::{
    Account, GROUP_FOLDER, Kind, Object, Policy, PolicyDocument, Resource, Role, State, Tags,
};
use account_presets_cli::render::{cloudformation, terraform};
use serde_json::{Map, Value, json};

fn account() -> Account {
    let (partition, region) = ("aws".to_owned(), "eu-west-1".to_owned());
    Account { partition, id: "123456789012".to_owned(), region }
}

fn wanted(properties: Value) -> Wanted {
    let stack = "arn:aws:cloudformation:eu-west-1:123456789012:stack/s/0";
    let preset = IamPreset::new((), account(), Settings::open());
    preset.wanted(stack, "Preset", properties.as_object().unwrap()).unwrap()
}

/// A text of this pattern.
fn example(pattern: &str) -> Value {
    let forms = include_str!("../../shared/data/forms.json");
    let forms: Vec<Value> = serde_json::from_str(forms).unwrap();
    let form = forms.into_iter().find(|form| form["pattern"] == pattern);
    form.unwrap_or_else(|| panic!("`{pattern}` is not in shared/data/forms.json"))["example"].take()
}

/// Every preset in every edition: with its defaults, and with every switch on, tags, a boundary and
/// people.
fn catalogue() -> Vec<Wanted> {
    let mut all = Vec::new();
    for name in preset::names() {
        let preset = preset::find(name).unwrap();
        let mut given = Map::new();
        for (name, parameter) in &preset.parameters {
            match parameter {
                Parameter::Boolean { .. } => drop(given.insert(name.clone(), json!(true))),
                Parameter::List { .. } if name.ends_with("Names") && name != "BucketNames" => {
                    given.insert(name.clone(), json!(["ana", "bob"]));
                }
                Parameter::String { required: Some(_), pattern, .. } => {
                    given.insert(name.clone(), example(pattern.as_deref().unwrap()));
                }
                _ => {}
            }
        }
        for edition in &preset.editions {
            let edition = edition.as_str();
            all.push(wanted(json!({"Preset": name, "Edition": edition})));
            all.push(wanted(json!({
                "Preset": name, "Edition": edition, "Parameters": given, "Path": "/team/",
                "PermissionsBoundary": "arn:aws:iam::123456789012:policy/Boundary",
                "MaxSessionDuration": 7200, "Tags": [{"Key": "team", "Value": "a b"}],
            })));
        }
    }
    all
}

/// The objects that CloudFormation would make of a template: its intrinsic functions are evaluated.
fn state_of(template: &Value) -> State {
    let resources = template["Resources"].as_object().unwrap();
    let names = ["RoleName", "GroupName", "InstanceProfileName"];
    // The value of `Ref`: the name, or of a policy its ARN.
    let reference = |logical_id: &str| -> String {
        let properties = &resources[logical_id]["Properties"];
        match properties["ManagedPolicyName"].as_str() {
            Some(name) => account().policy_arn(properties["Path"].as_str().unwrap(), name),
            None => names.iter().find_map(|it| properties[it].as_str()).unwrap().to_owned(),
        }
    };
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        value => reference(value["Ref"].as_str().unwrap()),
    };
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().map(|them| them.iter().map(text).collect()).unwrap_or_default()
    };
    let mut state = State::default();
    let mut add = |resource| drop(state.insert(Object::unowned(resource)));
    for resource in resources.values() {
        let of = &resource["Properties"];
        let one = |name: &str| of[name].as_str().unwrap_or_default().to_owned();
        let inline: Vec<(String, PolicyDocument)> = of["Policies"]
            .as_array()
            .map(|them| {
                let both = |it: &Value| {
                    (text(&it["PolicyName"]), PolicyDocument::new(it["PolicyDocument"].clone()))
                };
                them.iter().map(both).collect()
            })
            .unwrap_or_default();
        match resource["Type"].as_str().unwrap() {
            "AWS::IAM::ManagedPolicy" => {
                let (name, path) = (one("ManagedPolicyName"), one("Path"));
                let policy_arn = account().policy_arn(&path, &name);
                for user in texts(&of["Users"]) {
                    add(Resource::User { name: user.clone() });
                    add(Resource::UserAttachment {
                        user,
                        policy_arn: policy_arn.clone(),
                        attached: true,
                    });
                }
                for group in texts(&of["Groups"]) {
                    add(Resource::GroupAttachment { group, policy_arn: policy_arn.clone() });
                }
                for role in texts(&of["Roles"]) {
                    add(Resource::RoleAttachment { role, policy_arn: policy_arn.clone() });
                }
                let document = PolicyDocument::new(of["PolicyDocument"].clone());
                let description = one("Description");
                add(Resource::Policy(Policy {
                    name,
                    path,
                    description,
                    document,
                    tags: Tags::new(),
                }));
            }
            "AWS::IAM::Role" => {
                let tags = of["Tags"].as_array().cloned().unwrap_or_default();
                let tags =
                    tags.iter().map(|it| (it["Key"].as_str().unwrap().into(), text(&it["Value"])));
                let role = one("RoleName");
                for policy_arn in texts(&of["ManagedPolicyArns"]) {
                    add(Resource::RoleAttachment { role: role.clone(), policy_arn });
                }
                for (name, document) in inline {
                    add(Resource::RoleInline { role: role.clone(), name, document });
                }
                add(Resource::Role(Role {
                    name: role,
                    path: one("Path"),
                    description: one("Description"),
                    trust: PolicyDocument::new(of["AssumeRolePolicyDocument"].clone()),
                    max_session_duration: i32::try_from(of["MaxSessionDuration"].as_i64().unwrap())
                        .unwrap(),
                    permissions_boundary: of["PermissionsBoundary"].as_str().map(str::to_owned),
                    tags: tags.collect(),
                }));
            }
            "AWS::IAM::Group" => {
                let group = one("GroupName");
                for policy_arn in texts(&of["ManagedPolicyArns"]) {
                    add(Resource::GroupAttachment { group: group.clone(), policy_arn });
                }
                for (name, document) in inline {
                    add(Resource::GroupInline { group: group.clone(), name, document });
                }
                add(Resource::Group { name: group, path: one("Path") });
            }
            "AWS::IAM::InstanceProfile" => {
                let profile = one("InstanceProfileName");
                for role in texts(&of["Roles"]) {
                    add(Resource::ProfileRole { profile: profile.clone(), role });
                }
                add(Resource::InstanceProfile {
                    name: profile,
                    path: one("Path"),
                    tags: Tags::new(),
                });
            }
            "AWS::IAM::UserToGroupAddition" => {
                for user in texts(&of["Users"]) {
                    add(Resource::User { name: user.clone() });
                    add(Resource::GroupMember { group: text(&of["GroupName"]), user });
                }
            }
            "AWS::IAM::ServiceLinkedRole" => {
                let service = one("AWSServiceName");
                add(Resource::ServiceLinkedRole { name: String::new(), service });
            }
            other => panic!("{other}"),
        }
    }
    state
}

/// The function's objects, without the parts that a template cannot express: tags of policies and
/// instance profiles, the owner in a group's path, the name that AWS gives a service-linked role.
fn sayable(state: &State) -> State {
    let plain = |object: &Object| {
        let mut resource = object.resource.clone();
        match &mut resource {
            Resource::Policy(Policy { tags, .. }) | Resource::InstanceProfile { tags, .. } => {
                tags.clear()
            }
            Resource::Group { path, .. } => {
                let end = path.find(&format!("{GROUP_FOLDER}/")).unwrap();
                path.truncate(end);
            }
            Resource::ServiceLinkedRole { name, .. } => name.clear(),
            _ => {}
        }
        Object::unowned(resource)
    };
    let is_said = |object: &&Object| match &object.resource {
        // A policy of AWS's on an existing user is said to be left out.
        Resource::UserAttachment { policy_arn, .. } => !policy_arn.contains(":iam::aws:"),
        // The user of it alone is not named.
        Resource::User { name } => state.ids().any(|id| {
            let member = id.kind == Kind::GroupMember && id.part.as_deref() == Some(name);
            let given =
                id.kind == Kind::UserAttachment && id.name == *name && id.target().is_some();
            member || given
        }),
        _ => true,
    };
    state.iter().map(|(_, object)| object).filter(is_said).map(plain).collect()
}

#[test]
fn a_template_makes_what_the_function_makes_of_each_preset_and_edition() {
    for wanted in catalogue() {
        let written = cloudformation::of(&wanted, &account(), false);
        let (made, expected) = (state_of(&written.document), sayable(&wanted.state));
        let name = format!("{} {}", wanted.name, wanted.edition.as_str());
        assert_eq!(made.ids().collect::<Vec<_>>(), expected.ids().collect::<Vec<_>>(), "{name}");
        for (id, object) in expected.iter() {
            assert_eq!(made.get(id), Some(object), "{name}: {id}");
        }
        let left_out =
            written.document["Metadata"]["AccountPresets"]["LeftOut"].as_array().unwrap();
        assert_eq!(left_out.len(), written.left_out.len(), "{name}");
    }
}

#[test]
fn what_a_template_cannot_say_is_named() {
    let tags = json!([{"Key": "team", "Value": "a"}]);
    let given = json!({"Preset": "lithops", "Edition": "current", "Tags": tags,
                       "Parameters": {"UserNames": ["ana"]}});
    let written = cloudformation::of(&wanted(given.clone()), &account(), false);
    let all = written.left_out.join("\n");
    for said in [
        "policy `lithops-policy`: CloudFormation gives it no tags",
        "service-linked role `AWSServiceRoleForBatch`: where the account has it already",
    ] {
        assert!(all.contains(said), "{said}: {all}");
    }
    let slim =
        json!({"Preset": "slim", "Edition": "current", "Parameters": {"UserNames": ["ana"]}});
    let written = cloudformation::of(&wanted(slim), &account(), false);
    let said = "policy `AWSBatchFullAccess` on user `ana`: CloudFormation has no resource for it";
    assert!(written.left_out.iter().any(|it| it.starts_with(said)), "{:?}", written.left_out);
    let imported = cloudformation::of(&wanted(given), &account(), true).left_out.join("\n");
    assert!(imported.contains("imports no memberships"), "{imported}");
}

#[test]
fn what_is_imported_is_each_resource_of_the_template_kept_whatever_happens() {
    for wanted in catalogue() {
        let written = cloudformation::of(&wanted, &account(), true);
        let resources = written.document["Resources"].as_object().unwrap();
        let imported: BTreeSet<&str> =
            written.to_import.iter().map(|it| it["LogicalResourceId"].as_str().unwrap()).collect();
        assert_eq!(imported, resources.keys().map(String::as_str).collect());
        assert!(resources.values().all(|it| it["DeletionPolicy"] == "Retain"));
        assert_eq!(written.document.get("Outputs"), None);
        for it in &written.to_import {
            let name = it["ResourceIdentifier"].as_object().unwrap().values().next().unwrap();
            assert!(name.as_str().is_some_and(|name| !name.is_empty()), "{it}");
        }
    }
}

#[test]
fn no_mark_of_the_function_is_in_what_is_taken_along() {
    for wanted in catalogue() {
        for text in [
            cloudformation::of(&wanted, &account(), false).document.to_string(),
            terraform::of(&wanted, &account(), true).document.to_string(),
        ] {
            assert!(!text.contains("account-presets:"), "{}", wanted.name);
            for (id, object) in wanted.state.iter().filter(|(id, _)| id.kind == Kind::Group) {
                assert!(!text.contains(object.resource.path().unwrap()), "{}: {id}", wanted.name);
            }
        }
    }
}

/// A policy variable of IAM's is none of Terraform's expressions.
#[test]
fn terraform_has_every_object_once_with_documents_that_it_does_not_fill_in() {
    for wanted in catalogue() {
        let written = terraform::of(&wanted, &account(), true);
        let types = written.document["resource"].as_object().unwrap();
        let blocks: usize = types.values().map(|it| it.as_object().unwrap().len()).sum();
        let is_block = |kind: Kind| !matches!(kind, Kind::User | Kind::ProfileRole);
        let expected = wanted.state.ids().filter(|id| is_block(id.kind)).count();
        assert_eq!(blocks, expected, "{}", wanted.name);
        let imports = written.document["import"].as_array().unwrap();
        let mut named: BTreeMap<&str, &str> = BTreeMap::new();
        for import in imports {
            let (to, id) = (import["to"].as_str().unwrap(), import["id"].as_str().unwrap());
            let (of_type, name) = to.split_once('.').unwrap();
            assert!(types[of_type].get(name).is_some() && !id.is_empty(), "{to}");
            assert_eq!(named.insert(to, id), None, "{to} twice");
        }
        assert_eq!(named.len(), expected);
        let policies = types.get("aws_iam_policy").and_then(Value::as_object);
        for policy in policies.into_iter().flat_map(Map::values) {
            let text = policy["policy"].as_str().unwrap();
            let read = text.replace("$${", "\u{1}");
            assert!(!read.contains("${"), "{text}");
            let name = policy["name"].as_str().unwrap();
            let document: Value = serde_json::from_str(&read.replace('\u{1}', "${")).unwrap();
            let made =
                wanted.state.iter().find(|(id, _)| id.kind == Kind::Policy && id.name == name);
            let made = made.unwrap().1.resource.document().unwrap().clone();
            assert_eq!(PolicyDocument::new(document), made, "{name}");
        }
    }
}
