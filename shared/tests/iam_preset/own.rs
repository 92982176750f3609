//! A preset of one's own, as the function serves it once its build has it.

use std::path::Path;

use account_presets::cloud::fake::Fake;
use account_presets::iam_preset::Settings;
use account_presets::preset::besides;
use account_presets::state::{Id, Kind};
use serde_json::json;

use super::world::{Stack, handle_within, populated};

fn nightowl() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/own-presets/presets");
    for (name, preset) in grammar::read::catalogue(&[&folder]).unwrap() {
        besides::add(&name, preset);
    }
}

#[test]
fn a_stack_gets_a_preset_of_ones_own_and_gives_it_back() {
    nightowl();
    let account = populated();
    let before = account.state();
    let mut stack = Stack::named("one");
    let properties = json!({"Preset": "nightowl", "Parameters": {"UserNames": ["alice"]}});
    let made = stack.deploy(&account, properties).unwrap();
    assert_eq!(made.data["RoleArn"], "arn:aws:iam::123456789012:role/nightowl-copy");
    let member = account.state();
    let member = member.ids().find(|id| id.kind == Kind::GroupMember).cloned();
    assert_eq!(
        member.and_then(|id| id.parent()),
        Some(Id::node(Kind::Group, "nightowl-operators"))
    );
    let purging = json!({"Preset": "nightowl", "Parameters": {"Purge": "true"}});
    stack.deploy(&account, purging).unwrap();
    assert!(!account.state().ids().any(|id| id.kind == Kind::GroupMember));
    stack.delete(&account).unwrap();
    assert_eq!(account.state(), before);
}

#[test]
fn the_operators_settings_hold_for_a_preset_of_ones_own() {
    nightowl();
    let variables = |name: &str| match name {
        "ALLOWED_NAMES" => Some("nightowl.NamePrefix=nightowl"),
        _ => None,
    };
    for (parameters, said) in [
        (json!({"NamePrefix": "payroll"}), "NightowlNamePrefix"),
        (json!({"Source": "payroll"}), "nightowl.Source"),
        (json!({"Sourec": "nightowl-a"}), "did you mean `Source`?"),
    ] {
        let properties = json!({"Preset": "nightowl", "Parameters": parameters});
        let request = Stack::named("one").request(Some(properties));
        let settings = Settings::read(variables);
        let refusal = handle_within(settings, &Fake::default(), &request).unwrap().unwrap_err();
        assert!(refusal.contains(said), "{said}: {refusal}");
    }
}
