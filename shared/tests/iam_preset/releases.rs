//! Stacks of an older catalogue, served by this one.

use account_presets::cloud::fake::Fake;
use account_presets::digest::digest;
use account_presets::preset::{Branches, Edition, PROVIDER, Preset, Wish, parameters, render};
use account_presets::state::{Mark, Object, Owner, Tags};
use serde_json::{Value, json};

use super::world::*;

/// `slim` as a release before this one could have had it: with a parameter of another name, a
/// pattern that takes more, and objects that are gone since.
fn older() -> Preset {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("presets/slim.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let edits = [
        ("UserNames", "Users"),
        (r"pattern: '[\w-]{0,16}'", r"pattern: '[\w.-]{0,64}'"),
        (
            "\nroles:\n",
            "
roles:
  - name: ${NamePrefix}SLIM-Dropped
    description: What this release does not have any more.
    trust: { Statement: { Effect: Allow, Principal: { Service: ec2.amazonaws.com }, Action: sts:AssumeRole } }
    aws_managed: [AmazonS3ReadOnlyAccess]
",
        ),
        (
            "\npolicies:\n",
            "
policies:
  - name: ${NamePrefix}SLIM-Gone
    description: What this release does not have any more.
    document: { Statement: { Effect: Allow, Action: s3:GetObject, Resource: '*' } }
",
        ),
    ];
    let text = edits.iter().fold(text, |text, (now, then)| {
        assert!(text.contains(now), "{now}");
        text.replace(now, then)
    });
    serde_saphyr::from_str(&text).unwrap()
}

const STACK: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/a/guid";
const ID: &str = "slim:a:Preset:0123456789abcdef";

/// An account as the older release made it with these properties.
fn made_by(preset: &Preset, properties: &Value) -> Fake {
    let account = populated();
    let given = properties["Parameters"].as_object().unwrap();
    let (parameters, problems) = parameters::read(preset, given);
    assert_eq!(problems, [""; 0]);
    let release = Some("0.0.1".to_owned());
    let mark = Mark { id: Some(digest(ID, 8)), release, ..Mark::default() };
    let owner = Owner::new(STACK, "Preset").marked(mark);
    let edition: Edition = serde_json::from_value(properties["Edition"].clone()).unwrap();
    let wish = Wish {
        account: super::world::account(),
        owner: owner.clone(),
        provider: PROVIDER.to_owned(),
        edition,
        parameters,
        path: "/".to_owned(),
        permissions_boundary: None,
        tags: Tags::new(),
        max_session_duration: 3600,
    };
    let state = render(preset, &wish, Branches::Chosen);
    let (nodes, links): (Vec<_>, Vec<_>) = state.iter().partition(|(id, _)| id.kind.is_node());
    for (id, object) in nodes.into_iter().chain(links) {
        if !account.state().contains(id) {
            let made = Object { shared: false, ..object.clone() };
            account.person(account_presets::plan::Change::Create(made)).unwrap();
        }
    }
    account
}

/// I32
#[test]
fn an_older_catalogues_stacks_are_updated_and_deleted_without_a_rest() {
    let older = older();
    for edition in ["hardened", "current"] {
        for (prefix, then) in [("", ""), ("team.a-", "team-a-")] {
            let of = |users: &str, prefix: &str| {
                let parameters = json!({users: ["alice"], "NamePrefix": prefix});
                super::world::edition(edition, "slim", parameters)
            };
            let old = of("Users", prefix);
            // A Delete with the properties of the older release.
            let account = made_by(&older, &old);
            assert!(account.state().ids().any(|id| id.name == format!("{prefix}SLIM-Dropped")));
            Stack::named("a").delete_as(&account, ID, old.clone()).unwrap();
            assert_same(&but_service_linked(&account), &populated().state());

            // An Update to properties of this release, and the clean-up if it is a replacement.
            let account = made_by(&older, &old);
            let mut stack = Stack::named("a");
            stack.physical_id = Some(ID.to_owned());
            stack.properties = Some(old.clone());
            stack.deploy(&account, of("UserNames", then)).unwrap();
            if stack.physical_id.as_deref() != Some(ID) {
                stack.delete_as(&account, ID, old).unwrap();
            }
            let fresh = populated();
            Stack::named("a").deploy(&fresh, of("UserNames", then)).unwrap();
            let ids = |account: &Fake| account.state().ids().cloned().collect::<Vec<_>>();
            assert_eq!(ids(&account), ids(&fresh), "{edition} {prefix}");
            stack.delete(&account).unwrap();
            assert_same(&but_service_linked(&account), &populated().state());
        }
    }
}
