//! Leftovers of earlier stacks and operators, and the way back that a refusal tells.

use std::collections::BTreeMap;

use account_presets::cloud::StackStatus;
use account_presets::cloud::fake::Fake;
use account_presets::iam_preset::Settings;
use account_presets::state::{Id, Kind, Object, Owner, Resource};
use serde_json::json;

use super::world::*;

/// I25, I34
#[test]
fn what_a_stack_retained_is_refused_with_the_way_back_which_is_open() {
    let account = populated();
    Stack::named("first").deploy(&account, slim(json!({"UserNames": ["alice"]}))).unwrap();
    let retained = account.state();
    for status in
        [StackStatus::None, status("DELETE_COMPLETE", None), status("DELETE_SKIPPED", None)]
    {
        let cloud = Telling::saying(&account, status);
        let mut second = Stack::named("second");
        let error = second.deploy(&cloud, slim(json!({}))).unwrap_err();
        let said = "belong to resource `Preset` of stack \
                    `arn:aws:cloudformation:eu-west-1:123456789012:stack/first/guid`, which is gone \
                    or retains them; delete them by hand first, or set AdoptExisting to `true` to \
                    use them as they are";
        assert!(error.contains(said), "{error}");
        assert_eq!(error.matches("belong").count(), 1, "one fact is said once: {error}");
        assert_eq!(account.state(), retained);

        let mut adopting = slim(json!({}));
        adopting["AdoptExisting"] = json!("true");
        let mut third = Stack::named("third");
        third.deploy(&cloud, adopting).unwrap();
        third.delete(&cloud).unwrap();
        assert_same(&account.state(), &retained);
    }
    let cloud = Telling::saying(&account, status("CREATE_COMPLETE", None));
    let error = Stack::named("second").deploy(&cloud, slim(json!({}))).unwrap_err();
    assert!(
        error.contains("; use that stack, or delete that stack first; ")
            && error.ends_with("; if that stack is gone, delete them by hand"),
        "{error}"
    );
}

/// I34
#[test]
fn a_logical_id_that_was_renamed_gets_the_hint_also_where_a_group_alone_tells() {
    let account = populated();
    Stack::named("a").deploy(&account, lithops(json!({}))).unwrap();
    let mut renamed = Stack::named("a").request(Some(lithops(json!({}))));
    renamed.logical_resource_id = "Renamed".to_owned();
    let error = handle(&account, &renamed).unwrap().unwrap_err();
    let hint = "if the template has both resources, take one of the two out; if the resource's logical \
                id was renamed, deploy once without the resource, and then under the new logical id";
    assert_eq!((error.matches(hint).count(), error.matches("belong").count()), (1, 1), "{error}");

    // The owner of a group is told by its path only.
    let group = Id::node(Kind::Group, "LithopsUserGroup");
    let mut only = account.state().get(&group).unwrap().clone();
    let path = only.resource.path().unwrap().to_owned();
    only.owners = Owner::from_group_path(&path).into_iter().collect();
    let account = populated();
    let all = account.state().iter().map(|(_, it)| it.clone()).chain([only]).collect();
    let account = Fake::new(all);
    let error = handle(&account, &renamed).unwrap().unwrap_err();
    assert!(error.contains("belongs to stack `a` in eu-west-1 (resource `Preset`); "), "{error}");
    assert_eq!((error.matches(hint).count(), error.matches("belong").count()), (1, 1), "{error}");
}

/// M9
#[test]
fn a_policy_of_the_name_at_another_path_is_told_and_nothing_stays() {
    let account = populated();
    let name = Id::node(Kind::Policy, "LambdaBatchExecutionPolicy");
    let paths = BTreeMap::from([(name, "/team/".to_owned())]);
    let cloud = Telling { paths, ..Telling::saying(&account, StackStatus::Unknown) };
    for adopt in ["false", "true"] {
        let mut properties = slim(json!({}));
        properties["AdoptExisting"] = json!(adopt);
        let error = Stack::named("a").deploy(&cloud, properties).unwrap_err();
        assert!(
            error.starts_with(
                "policy `LambdaBatchExecutionPolicy` is at the path `/team/`, and given is Path `/`; \
                 IAM cannot change a path: set Path to `/team/`, or delete it first; "
            ),
            "{error}"
        );
        assert_same(&but_service_linked(&account), &populated().state());
    }
}

/// R23, Threat 3
#[test]
fn a_boundary_of_the_template_that_the_operator_took_away_is_let_go_of_and_no_other() {
    let boundary = |name: &str| format!("arn:aws:iam::123456789012:policy/{name}");
    for (name, stays) in [
        ("team/account-presets-PresetBoundary-eu-west-1", false),
        ("account-presets-PresetBoundary-us-east-1", true),
        ("Boundary", true),
    ] {
        let account = populated();
        let mut stack = Stack::named("a");
        let arn = boundary(name);
        let settings = Settings::read(|asked| match asked {
            "PERMISSIONS_BOUNDARY" => Some(arn.as_str()),
            "ALLOW_ADMIN_EQUIVALENT" => Some("true"),
            _ => None,
        });
        let create = stack.request(Some(slim(json!({}))));
        handle_within(settings, &account, &create).unwrap().unwrap();
        stack.physical_id = Some(physical_id(&create));
        let mut changed = slim(json!({}));
        changed["ServiceTimeout"] = json!("301");
        stack.deploy(&account, changed).unwrap();
        let state = account.state();
        let boundaries = state.iter().filter_map(|(_, object)| match &object.resource {
            Resource::Role(role) => role.permissions_boundary.clone(),
            _ => None,
        });
        let expected = if stays { vec![arn.clone(); 5] } else { Vec::new() };
        assert_eq!(boundaries.collect::<Vec<_>>(), expected, "{name}");
    }
}

/// Threat 21
#[test]
fn of_a_user_without_marks_the_presets_own_policies_go_and_those_of_aws_stay() {
    let account = populated();
    let mut stack = Stack::named("a");
    stack.deploy(&account, slim(json!({"UserNames": ["alice"]}))).unwrap();
    let state = account.state();
    let unmarked = state.iter().map(|(id, object)| match id.kind {
        Kind::UserAttachment => Object::unowned(object.resource.clone()),
        _ => object.clone(),
    });
    let account = Fake::new(unmarked.collect());
    stack.delete(&account).unwrap();
    let state = account.state();
    let left: Vec<&Id> = state.ids().filter(|id| id.kind == Kind::UserAttachment).collect();
    assert!(left.len() == 7 && left.iter().all(|id| id.target().is_none()), "{left:?}");
    assert!(!has(&account, Kind::Policy, "SLIM-PassRole"));
}

/// I25
#[test]
fn what_a_stack_retained_stays_whole_when_the_next_one_that_shares_it_goes() {
    for properties in [
        edition("hardened", "zappa", json!({"UserNames": ["alice"], "Deployments": ["tr-one"]})),
        edition("documented", "slim", json!({"UserNames": ["alice"]})),
    ] {
        let account = populated();
        Stack::named("first").deploy(&account, properties.clone()).unwrap();
        let retained = account.state();
        let cloud = Telling::saying(&account, status("DELETE_SKIPPED", None));
        let mut second = Stack::named("second");
        let mut others = properties.clone();
        if properties["Preset"] == "zappa" {
            others["Parameters"]["Deployments"] = json!(["tr-two"]);
        } else {
            others["Parameters"]["NamePrefix"] = json!("two-");
        }
        second.deploy(&cloud, others.clone()).unwrap();
        second.deploy(&cloud, others).unwrap();
        second.delete(&cloud).unwrap();
        assert_same(&account.state(), &retained);
    }
}
