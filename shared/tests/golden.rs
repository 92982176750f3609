//! The grants of each preset and edition, and the order of its creation, as files: a change of
//! power is a diff that a person can read.
//!
//! After a wanted change: `make bless`, and read the diff.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use account_presets::plan::{Scope, plan};
use account_presets::preset::schema::Parameter;
use account_presets::preset::{
    self, Branches, Edition, PROVIDER, Preset, Wish, parameters, render,
};
use account_presets::state::{Account, Object, Owner, Resource, State};
use serde_json::{Map, Value, json};

use crate::choices;

/// With the defaults and one user, so that a user's grants are seen.
fn usual(preset: &Preset) -> Map<String, Value> {
    Map::from_iter([("UserNames".to_owned(), json!(["alice"]))])
        .into_iter()
        .filter(|(name, _)| preset.parameters.contains_key(name))
        .collect()
}

/// With every switch on and something in every list.
fn everything(preset: &Preset) -> Map<String, Value> {
    let switches = preset.parameters.iter().filter_map(|(name, parameter)| match parameter {
        Parameter::Boolean { .. } => Some((name.clone(), json!(true))),
        Parameter::String { .. }
        | Parameter::Integer { .. }
        | Parameter::Enum { .. }
        | Parameter::List { .. } => None,
    });
    switches.chain(choices::elements(preset)).chain(usual(preset)).collect()
}

fn wish(preset: &Preset, edition: Edition, given: &Map<String, Value>) -> Wish {
    let account = Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap();
    let (parameters, _) = parameters::read(preset, given);
    Wish {
        account,
        owner: Owner::new("arn:aws:cloudformation:eu-west-1:123456789012:stack/s/guid", "Preset"),
        provider: PROVIDER.to_owned(),
        edition,
        parameters,
        path: "/".to_owned(),
        permissions_boundary: None,
        tags: Default::default(),
        max_session_duration: 3600,
    }
}

/// The plan of a Create in an account that has only the users.
fn order(wish: &Wish, desired: &State) -> String {
    let there =
        desired.iter().filter(|(_, object)| matches!(object.resource, Resource::User { .. }));
    let there: State = there.map(|(_, object)| object.clone()).collect();
    let scope = Scope { ids: desired.ids().cloned().collect(), ..Scope::default() };
    plan(&wish.owner, &scope, desired, &there).unwrap().to_string()
}

/// The objects of an edition: with the usual parameters, and with everything on.
pub fn grants(preset: &Preset, edition: Edition) -> [State; 2] {
    [usual(preset), everything(preset)]
        .map(|given| render(preset, &wish(preset, edition, &given), Branches::Chosen))
}

fn power(state: &State) -> String {
    state.iter().map(|(id, object)| format!("{id}{}\n", says(object))).collect()
}

/// The document of an object, or nothing.
pub fn says(object: &Object) -> String {
    let document = match &object.resource {
        Resource::Role(role) => &role.trust,
        Resource::Policy(policy) => &policy.document,
        Resource::RoleInline { document, .. } | Resource::GroupInline { document, .. } => document,
        Resource::ServiceLinkedRole { .. }
        | Resource::User { .. }
        | Resource::Group { .. }
        | Resource::InstanceProfile { .. }
        | Resource::RoleAttachment { .. }
        | Resource::GroupAttachment { .. }
        | Resource::GroupMember { .. }
        | Resource::UserAttachment { .. }
        | Resource::ProfileRole { .. } => return String::new(),
    };
    let shared = if object.shared { " (shared)" } else { "" };
    let pretty = serde_json::to_string_pretty(document.as_value()).unwrap();
    format!("{shared} {pretty}")
}

#[test]
fn every_preset_and_edition_is_as_its_files_say() {
    for name in preset::names() {
        let preset = preset::find(name).unwrap();
        for edition in &preset.editions {
            let [state, all] = grants(preset, *edition);
            let wish = wish(preset, *edition, &usual(preset));
            let file = format!("{name}-{}", edition.as_str());
            let mut settings = insta::Settings::clone_current();
            settings.set_snapshot_path("golden");
            settings.set_prepend_module_to_snapshot(false);
            settings.set_omit_expression(true);
            settings.bind(|| {
                insta::assert_snapshot!(format!("{file}-plan"), order(&wish, &state));
                insta::assert_snapshot!(format!("{file}-power"), power(&state));
                insta::assert_snapshot!(format!("{file}-power-all"), power(&all));
            });
        }
    }
}
