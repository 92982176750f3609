//! The state that a stack was promised, by the preset alone.

use account_presets::cloud::fake::Fake;
use account_presets::preset::{
    self, Branches, Edition, PROVIDER, Preset, Wish, parameters, render,
};
use account_presets::state::{Id, Kind, Object, Owner, Resource, State, Tags};
use serde_json::{Map, Value};

use super::world::account;

/// The desired state of properties without mistakes.
pub fn wanted(stack_id: &str, properties: &Value) -> State {
    wanted_by(&Owner::new(stack_id, "Preset"), properties)
}

fn wanted_by(me: &Owner, properties: &Value) -> State {
    let text = |name: &str| properties[name].as_str();
    let preset = preset::find(text("Preset").unwrap()).unwrap();
    let empty = Map::new();
    let given = properties["Parameters"].as_object().unwrap_or(&empty);
    let (parameters, problems) = parameters::read(preset, given);
    assert_eq!(problems, [""; 0]);
    let tag = |tag: &Value| {
        (tag["Key"].as_str().unwrap().into(), tag["Value"].as_str().unwrap().to_owned())
    };
    let tags: Tags = properties["Tags"].as_array().into_iter().flatten().map(tag).collect();
    let wish = Wish {
        account: account(),
        owner: me.clone(),
        provider: PROVIDER.to_owned(),
        edition: edition(preset, text("Edition")),
        parameters,
        path: text("Path").unwrap_or("/").to_owned(),
        permissions_boundary: text("PermissionsBoundary").map(str::to_owned),
        tags,
        max_session_duration: text("MaxSessionDuration").map_or(3600, |text| text.parse().unwrap()),
    };
    render(preset, &wish, Branches::Chosen)
}

fn edition(preset: &Preset, given: Option<&str>) -> Edition {
    let mut editions = preset.editions.iter();
    let found = editions.find(|edition| given.is_none_or(|given| given == edition.as_str()));
    *found.unwrap()
}

/// Demands that all is there for which an event asked that was answered with SUCCESS.
pub fn assert_present(account: &Fake, event: &Value) {
    let text = |name: &str| event[name].as_str().unwrap();
    let me = Owner::new(text("StackId"), text("LogicalResourceId"));
    let wanted = wanted_by(&me, &event["ResourceProperties"]);
    let there = account.state();
    let theirs = |id: &Id| {
        let (found, wanted) = (there.get(id), wanted.get(id));
        wanted.is_some_and(|wanted| wanted.shared)
            && found.is_some_and(|found| !found.owners.contains(&me))
    };
    for (id, object) in wanted.iter() {
        // A deleted user is missed by no stack, and gets nothing.
        let ends = [Some(id.clone()), id.parent(), id.target()].into_iter().flatten();
        if ends.filter(|end| end.kind == Kind::User).any(|user| !there.contains(&user)) {
            continue;
        }
        // A foreign object is adopted.
        if theirs(id) || id.parent().is_some_and(|parent| theirs(&parent)) {
            continue;
        }
        let found = there.get(id).unwrap_or_else(|| panic!("{id} is not there"));
        let is_object =
            id.kind.is_node() && !matches!(id.kind, Kind::User | Kind::ServiceLinkedRole);
        assert!(!is_object || found.owners.contains(&me), "{id} is not ours: {found:?}");
        assert!(as_wanted(object, found), "{id} is not as wanted: {found:?}");
    }
}

/// People may have added tags and a boundary, and the description of a policy is for ever.
fn as_wanted(wanted: &Object, found: &Object) -> bool {
    let has = |there: &Tags, tags: &Tags| tags.iter().all(|(key, tag)| there.get(key) == Some(tag));
    match (&wanted.resource, &found.resource) {
        (Resource::Role(wanted), Resource::Role(found)) => {
            wanted.trust == found.trust
                && wanted.path == found.path
                && wanted.description == found.description
                && wanted.max_session_duration == found.max_session_duration
                && (wanted.permissions_boundary.is_none()
                    || wanted.permissions_boundary == found.permissions_boundary)
                && has(&found.tags, &wanted.tags)
        }
        (Resource::Policy(wanted), Resource::Policy(found)) => {
            wanted.document == found.document
                && wanted.path == found.path
                && has(&found.tags, &wanted.tags)
        }
        (
            Resource::InstanceProfile { path, tags, .. },
            Resource::InstanceProfile { path: there, tags: found, .. },
        ) => path == there && has(found, tags),
        // IAM spells a user's name as it was made.
        (Resource::User { .. } | Resource::GroupMember { .. }, _) => true,
        (
            Resource::UserAttachment { attached: wanted, .. },
            Resource::UserAttachment { attached, .. },
        ) => wanted == attached,
        (wanted, found) => wanted == found,
    }
}
