//! The role of `Custom::IamPreset`.

use std::collections::{BTreeMap, BTreeSet};

use account_presets::actions::{Action, PASS_ROLE, StackAction};
use account_presets::preset::parameters::{self, Value as Parameter};
use account_presets::preset::{self, Branches, PROVIDER, Wish, render};
use account_presets::state::limits::{ATTACHMENTS, MANAGED_POLICY, ROLE_INLINE};
use account_presets::state::{Account, Id, Kind, Owner, Resource, State};
use serde_json::{Map, Value};

use super::arns::{arns, assert_same_arns, forms};
use super::{list, statements, template, text, texts};

/// What stands in the template for names that a consumer chooses: a parameter of the template, or
/// a wildcard as narrow as the names are.
const CHOSEN_NAMES: [(&str, &str, &str); 11] = [
    ("lithops", "NamePrefix", "${LithopsNamePrefix}"),
    ("slim", "NamePrefix", "${SlimNamePrefix}"),
    ("orchestra", "PolicyName", "${OrchestraPolicyName}"),
    ("orchestra", "ModuleNamePrefix", "${OrchestraModuleNamePrefix}"),
    ("orchestra", "Suffix", "????????"),
    ("orchestra", "GroupNames", "*"),
    ("orchestra", "RoleNames", "*"),
    ("skypilot", "PolicyName", "${SkyPilotPolicyName}"),
    ("skypilot", "RoleName", "${SkyPilotRoleName}"),
    ("zappa", "Deployments", "${ZappaNamePrefix}*"),
    ("zappa", "SharedRoleName", "${ZappaNamePrefix}*-ZappaLambdaExecutionRole"),
];

/// Everything that some choice of a preset would bring.
fn catalogue(name: &str) -> State {
    let preset = preset::find(name).unwrap();
    let (mut parameters, problems) = parameters::read(preset, &Map::new());
    assert_eq!(problems, Vec::<String>::new());
    for (parameter, value) in &mut parameters {
        let text = CHOSEN_NAMES
            .iter()
            .find(|(of, chosen, _)| *of == name && chosen == parameter)
            .map(|(_, _, text)| (*text).to_owned());
        match (value, text) {
            (Parameter::One(value), Some(text)) => *value = text,
            (Parameter::List(values), Some(text)) => *values = vec![text],
            // One element of each list, so that what hangs on it is there.
            (Parameter::List(values), None) if values.is_empty() => values.push("x".to_owned()),
            (Parameter::One(_) | Parameter::List(_), None) => {}
        }
    }
    let wish = Wish {
        account: Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap(),
        owner: Owner::new("stack", "Preset"),
        provider: PROVIDER.to_owned(),
        edition: preset.editions[0],
        parameters,
        path: "/".to_owned(),
        permissions_boundary: None,
        tags: BTreeMap::new(),
        max_session_duration: 3600,
    };
    render(preset, &wish, Branches::Any)
}

/// The presets, and what stands for each in the template: the policies whose names begin with its
/// own.
fn presets() -> Vec<(&'static str, State, BTreeMap<String, Value>)> {
    let mut rest = managed_policies();
    let of_preset = |name: &'static str| {
        let own = rest.extract_if(.., |id, _| id.to_lowercase().starts_with(name));
        let documents: Vec<Value> = own.map(|(_, document)| document).collect();
        (name, catalogue(name), statements(documents))
    };
    let presets = preset::names().into_iter().map(of_preset).collect();
    assert!(rest.keys().eq(["CommonPolicy"]), "{:?}", rest.keys());
    presets
}

/// The statements for all presets.
fn common() -> BTreeMap<String, Value> {
    statements([managed_policies().remove("CommonPolicy").unwrap()])
}

/// The documents of the managed policies on the function's own role, by their logical ids.
fn managed_policies() -> BTreeMap<String, Value> {
    let template = template();
    let ids = list(&template["Resources"]["IamPresetRole"]["Properties"]["ManagedPolicyArns"]);
    let document = |id: &Value| {
        let policy = &template["Resources"][text(id)];
        assert_eq!(policy["Type"], "AWS::IAM::ManagedPolicy");
        (text(id), policy["Properties"]["PolicyDocument"].clone())
    };
    ids.iter().map(document).collect()
}

fn inline_policies() -> Vec<Value> {
    let role = &template()["Resources"]["IamPresetRole"]["Properties"];
    list(&role["Policies"]).into_iter().map(|policy| policy["PolicyDocument"].clone()).collect()
}

/// The policy beside the function's own role, which takes away what no name may bring.
fn own_power() -> Value {
    template()["Resources"]["OwnPowerPolicy"]["Properties"].clone()
}

/// The statements of all documents that allow something.
fn all_statements() -> Vec<Value> {
    let documents = managed_policies().into_values().chain(inline_policies());
    documents.flat_map(|document| list(&document["Statement"])).collect()
}

/// The objects of a kind that a preset makes.
fn names(catalogue: &State, kind: Kind, prefix: &str) -> BTreeSet<String> {
    let ids = catalogue.ids().filter(|id| id.kind == kind);
    ids.flat_map(|id| forms(prefix, &id.name)).collect()
}

/// The policies that links of a kind attach to whom the filter lets through.
fn attached(catalogue: &State, kind: Kind, to: impl Fn(&Id) -> bool) -> BTreeSet<String> {
    let links = catalogue.ids().filter(|id| id.kind == kind && to(id));
    let policy = |id: &Id| {
        let arn = id.part.clone().unwrap();
        match (arn.split_once(":iam::aws:policy/"), id.target()) {
            (Some((_, name)), _) => BTreeSet::from([format!("aws/{name}")]),
            (None, Some(policy)) => forms("policy", &policy.name),
            (None, None) => panic!("{id} attaches nothing"),
        }
    };
    links.flat_map(policy).collect()
}

fn attachable(statement: &Value) -> BTreeSet<String> {
    arns(&statement["Condition"]["ArnLike"]["iam:PolicyARN"])
}

/// I28, X6, Threat 1
#[test]
fn the_role_allows_the_actions_that_the_code_calls_and_no_others() {
    let allowed: BTreeSet<String> = all_statements()
        .iter()
        .flat_map(|statement| texts(&statement["Action"]))
        .filter(|action| !action.starts_with("logs:"))
        .collect();
    let called = Action::ALL.iter().map(|action| action.as_str().to_owned());
    let events = StackAction::ALL.iter().map(|action| action.as_str().to_owned());
    let called: BTreeSet<String> = called.chain(events).chain([PASS_ROLE.to_owned()]).collect();
    assert_eq!(allowed, called);
}

/// X6, Threat 1, Threat 4
#[test]
fn every_statement_names_its_presets_objects_and_no_others() {
    for (preset, catalogue, statements) in presets() {
        for (sid, kind, prefix) in [
            ("Roles", Kind::Role, "role"),
            ("Policies", Kind::Policy, "policy"),
            ("Groups", Kind::Group, "group"),
            ("InstanceProfiles", Kind::InstanceProfile, "instance-profile"),
        ] {
            let allowed = statements.get(sid).map(|it| arns(&it["Resource"])).unwrap_or_default();
            assert_same_arns(preset, sid, &allowed, &names(&catalogue, kind, prefix));
        }
    }
}

/// X6, X8, Threat 1
#[test]
fn to_each_object_only_its_own_presets_policies_can_be_attached() {
    for (preset, catalogue, statements) in presets() {
        for (action, node, link, prefix) in [
            ("iam:AttachRolePolicy", Kind::Role, Kind::RoleAttachment, "role"),
            ("iam:AttachGroupPolicy", Kind::Group, Kind::GroupAttachment, "group"),
        ] {
            let mut covered = BTreeSet::new();
            for (sid, statement) in &statements {
                let existing = sid.starts_with("Existing");
                if texts(&statement["Action"]).contains(action) && !existing {
                    let resources = arns(&statement["Resource"]);
                    let among = |id: &Id| forms(prefix, &id.name).is_subset(&resources);
                    let wanted = attached(&catalogue, link, among);
                    assert_same_arns(preset, sid, &attachable(statement), &wanted);
                    for resource in resources {
                        assert!(
                            covered.insert(resource.clone()),
                            "{sid}: {resource} is there twice"
                        );
                    }
                }
            }
            assert_same_arns(preset, action, &covered, &names(&catalogue, node, prefix));
        }
    }
}

/// X6, Threat 1
#[test]
fn to_what_others_made_only_policies_that_the_catalogue_attaches_there_can_be_attached() {
    for (preset, catalogue, statements) in presets() {
        let foreign = |id: &Id| id.parent().is_some_and(|parent| !catalogue.contains(&parent));
        for (sid, link, resource, actions) in [
            (
                "ExistingRoles",
                Kind::RoleAttachment,
                "role/*",
                ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
            ),
            (
                "ExistingGroups",
                Kind::GroupAttachment,
                "group/*",
                ["iam:AttachGroupPolicy", "iam:DetachGroupPolicy"],
            ),
            (
                "Users",
                Kind::UserAttachment,
                "user/*",
                ["iam:AttachUserPolicy", "iam:DetachUserPolicy"],
            ),
        ] {
            // A user is part of the state, though nobody's preset makes one.
            let wanted = attached(&catalogue, link, |id| sid == "Users" || foreign(id));
            let Some(statement) = statements.get(sid) else {
                assert_same_arns(preset, sid, &BTreeSet::new(), &wanted);
                continue;
            };
            assert_same_arns(preset, sid, &attachable(statement), &wanted);
            let everybody = BTreeSet::from([resource.to_owned()]);
            assert_same_arns(preset, sid, &arns(&statement["Resource"]), &everybody);
            assert_eq!(texts(&statement["Action"]), actions.map(str::to_owned).into(), "{sid}");
        }
    }
}

/// X6, Threat 8
#[test]
fn only_roles_of_instance_profiles_can_be_passed_and_only_to_ec2() {
    for (preset, catalogue, statements) in presets() {
        let links = catalogue.ids().filter(|id| id.kind == Kind::ProfileRole);
        let roles = links.filter_map(Id::target);
        let expected: BTreeSet<String> = roles.flat_map(|role| forms("role", &role.name)).collect();
        let passing: Vec<&Value> = statements
            .values()
            .filter(|statement| texts(&statement["Action"]).contains(PASS_ROLE))
            .collect();
        assert_eq!(passing.len(), usize::from(!expected.is_empty()));
        for statement in passing {
            assert_same_arns(preset, PASS_ROLE, &arns(&statement["Resource"]), &expected);
            let service = &statement["Condition"]["StringEquals"]["iam:PassedToService"];
            assert_eq!(*service, "ec2.amazonaws.com");
        }
    }
}

#[test]
fn only_the_catalogues_service_linked_roles_can_be_made() {
    let services: BTreeSet<String> = presets()
        .iter()
        .flat_map(|(_, catalogue, _)| catalogue.iter().map(|(_, object)| object.resource.clone()))
        .filter_map(|resource| match resource {
            Resource::ServiceLinkedRole { service, .. } => Some(service),
            _ => None,
        })
        .collect();
    let condition = &common()["ServiceLinkedRoles"]["Condition"]["StringEquals"];
    assert_eq!(texts(&condition["iam:AWSServiceName"]), services);
}

/// An operator may let consumers choose names with a wildcard, which then reach the provider's own.
/// Threat 1
#[test]
fn the_function_changes_nothing_of_the_providers_own_and_gives_it_to_nobody() {
    let policy = own_power();
    assert_eq!(texts(&policy["Roles"]), BTreeSet::from(["IamPresetRole".to_owned()]));
    let mut denied = statements([policy["PolicyDocument"].clone()]);
    let own = |prefix: &str| forms(prefix, "${ProviderName}*");
    let itself = denied.remove("NotItself").unwrap();
    assert_eq!(itself["Effect"], "Deny");
    assert_eq!(texts(&itself["NotAction"]), ["iam:Get*", "iam:List*"].map(str::to_owned).into());
    let both = own("role").into_iter().chain(own("policy")).collect();
    assert_eq!(arns(&itself["Resource"]), both);
    let others = denied.remove("NotToOthers").unwrap();
    assert_eq!((text(&others["Effect"]), text(&others["Resource"])), ("Deny".into(), "*".into()));
    let attaching = Action::ALL.iter().map(|action| action.as_str().to_owned());
    let attaching = attaching.filter(|action| action.starts_with("iam:Attach")).collect();
    assert_eq!(texts(&others["Action"]), attaching);
    assert_eq!(attachable(&others), own("policy"));
    assert!(denied.is_empty(), "{denied:?}");
    // Nobody is served before this holds.
    assert_eq!(template()["Resources"]["IamPresetFunction"]["DependsOn"], "OwnPowerPolicy");
}

/// X6, Threat 1
#[test]
fn no_statement_holds_for_everything_but_lists_of_everything() {
    let lists = [
        Action::GetAccountAuthorizationDetails,
        Action::GetAccountSummary,
        Action::ListInstanceProfiles,
        Action::ListPolicies,
        Action::ListRoles,
    ];
    let lists = BTreeSet::from(lists.map(|action| action.as_str().to_owned()));
    for statement in all_statements() {
        let (sid, actions) = (&statement["Sid"], texts(&statement["Action"]));
        assert!(!texts(&statement["Resource"]).contains("*") || actions == lists, "{sid}");
        assert!(!actions.iter().any(|action| action.contains('*')), "{sid}");
    }
}

/// Reading, deleting what has a preset's mark, and attaching what the catalogue attaches, reach
/// objects of any name.
/// X6, X17, Threat 1
#[test]
fn what_reaches_every_name_reads_or_deletes_what_is_marked_or_has_a_condition() {
    let every = ["role/*", "group/*", "policy/*", "instance-profile/*", "group/account-presets/*"];
    let is = |words: &'static [&'static str]| {
        move |action: &String| words.iter().any(|word| action.starts_with(&format!("iam:{word}")))
    };
    let mut marked = 0;
    for statement in all_statements() {
        let resources = arns(&statement["Resource"]);
        if !resources.iter().any(|arn| every.contains(&arn.as_str())) {
            continue;
        }
        let actions = texts(&statement["Action"]);
        let mark = &statement["Condition"]["Null"]["aws:ResourceTag/account-presets:made-from"];
        let owners = resources == BTreeSet::from(["group/account-presets/*".to_owned()]);
        if *mark == "false" || owners {
            marked += 1;
            let less = is(&["Delete", "Detach", "Remove", "Untag"]);
            assert!(actions.iter().all(less), "{statement}");
            // A role without its boundary would have more power.
            assert!(!actions.iter().any(|action| action.contains("Boundary")), "{statement}");
            continue;
        }
        let reading = actions.iter().all(is(&["Get", "List"]));
        assert!(reading || !attachable_or_none(&statement).is_empty(), "{statement}");
    }
    assert_eq!(marked, 2);
}

/// X17
#[test]
fn what_is_looked_at_may_have_any_name() {
    let read = &common()["Read"];
    let every = ["role/*", "group/*", "policy/*", "instance-profile/*", "aws/*"];
    assert_eq!(arns(&read["Resource"]), every.map(str::to_owned).into());
    for (preset, _, statements) in presets() {
        for (sid, statement) in statements {
            let reads = texts(&statement["Action"]);
            assert!(
                !reads.iter().any(|it| it.contains(":Get") || it.contains(":List")),
                "{preset} {sid}"
            );
        }
    }
}

/// A policy that a user was given under another prefix has to be taken off, too.
/// X17
#[test]
fn the_policies_of_slims_users_are_let_go_of_under_any_prefix() {
    let (_, slim, statements) = presets().into_iter().find(|(name, ..)| *name == "slim").unwrap();
    let own = attached(&slim, Kind::UserAttachment, |_| true);
    let own = own.into_iter().filter(|arn| arn.starts_with("policy/$"));
    let any: BTreeSet<String> = own.map(|arn| arn.replace("${SlimNamePrefix}", "*")).collect();
    let common = common();
    let let_go = &common["LetGoOfSlimsUsers"];
    assert_eq!(attachable(let_go), any);
    assert_eq!(texts(&let_go["Action"]), BTreeSet::from(["iam:DetachUserPolicy".to_owned()]));
    assert_eq!(arns(&let_go["Resource"]), arns(&statements["Users"]["Resource"]));
}

fn attachable_or_none(statement: &Value) -> BTreeSet<String> {
    let condition = &statement["Condition"]["ArnLike"]["iam:PolicyARN"];
    if condition.is_null() { BTreeSet::new() } else { arns(condition) }
}

#[test]
fn the_roles_policies_fit_their_quotas_with_the_longest_names() {
    let parameters = template()["Parameters"].as_object().unwrap().clone();
    let size = |document: &Value| {
        let mut text = document
            .to_string()
            .replace("${AWS::Partition}", "aws-us-gov")
            .replace("${AWS::Region}", "ap-southeast-1")
            .replace("${AWS::AccountId}", "123456789012");
        for (name, parameter) in &parameters {
            if let Some(longest) = parameter["MaxLength"].as_u64() {
                let longest = "n".repeat(usize::try_from(longest).unwrap());
                text = text.replace(&format!("${{{name}}}"), &longest);
            }
        }
        assert!(!text.contains("${"), "a name without a longest length: {text}");
        text.chars().filter(|character| !character.is_whitespace()).count()
    };
    let beside = template()["Resources"].as_object().unwrap().clone();
    let beside = beside.into_values().filter(|resource| resource["Type"] == "AWS::IAM::Policy");
    let beside = beside.map(|resource| resource["Properties"]["PolicyDocument"].clone());
    let inline: usize = inline_policies().into_iter().chain(beside).map(|it| size(&it)).sum();
    assert!(inline <= ROLE_INLINE, "{inline} characters of {ROLE_INLINE}");
    let managed = managed_policies();
    assert!(managed.len() <= ATTACHMENTS, "{} policies of {ATTACHMENTS}", managed.len());
    let boundary = &template()["Resources"]["PresetBoundary"]["Properties"]["PolicyDocument"];
    // release/package_org.py adds the bucket of an organization's code, with the longest prefix that
    // release/baseline.yaml takes.
    let mut boundary = boundary.clone();
    let provider = boundary["Statement"].as_array_mut().unwrap();
    let provider = provider.iter_mut().find(|it| it["Sid"] == "LeaveTheProviderAlone").unwrap();
    let bucket = format!("arn:${{AWS::Partition}}:s3:::{}-*", "n".repeat(47));
    provider["Resource"].as_array_mut().unwrap().push(bucket.into());
    for (name, document) in managed.into_iter().chain([("PresetBoundary".into(), boundary)]) {
        let size = size(&document);
        assert!(size <= MANAGED_POLICY, "{name}: {size} characters of {MANAGED_POLICY}");
    }
}
