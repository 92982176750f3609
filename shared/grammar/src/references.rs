//! References to objects of the preset that nothing declares. The build looks for them; the
//! linter checks that an object is rendered along with its dependents.

use super::Mistake;
use super::glob::overlap;
use super::placeholders::{Piece, pieces};
use super::schema::{Item, Preset, Reference, References};

/// One for each reference to nothing; empty if there is none.
pub fn dangling(preset: &Preset) -> Vec<Mistake> {
    let policies: Vec<&str> = preset.policies.iter().map(|policy| policy.name.as_str()).collect();
    let roles: Vec<&str> = preset.roles.iter().map(|role| role.name.as_str()).collect();
    let profiles: Vec<&str> =
        preset.instance_profiles.iter().map(|profile| profile.name.as_str()).collect();
    let linked: Vec<&str> =
        preset.service_linked_roles.iter().map(|role| role.name.as_str()).collect();
    let groups: Vec<&str> = preset.groups.iter().map(|group| group.name.as_str()).collect();

    let of_roles =
        preset.roles.iter().map(|role| (format!("role `{}`", role.name), &role.policies));
    let of_groups =
        preset.groups.iter().map(|group| (format!("group `{}`", group.name), &group.policies));
    let of_users =
        preset.users.iter().map(|user| (format!("user `{}`", user.name), &user.policies));
    let of_others = preset.existing_groups.iter().chain(&preset.existing_roles);
    let of_others = of_others.map(|other| (format!("existing `{}`", other.name), &other.policies));
    let all = of_roles.chain(of_groups).chain(of_users).chain(of_others);
    let attached = all.flat_map(|(from, items)| {
        let names = items.iter().map(|item| match item {
            Item::Name(name) => name.as_str(),
            Item::Conditional(item) => item.name.as_str(),
        });
        names.map(move |name| (from.clone(), name))
    });

    let attached = attached.filter_map(|(from, name)| problem(&from, "policy", name, &policies));
    let in_profiles = preset.instance_profiles.iter().filter_map(|profile| {
        problem(&format!("instance profile `{}`", profile.name), "role", &profile.role, &roles)
    });
    let outputs = preset.outputs.iter().flat_map(|(output, value)| {
        let references = match &value.of {
            References::Several(references) => references.as_slice(),
            References::One(reference) => std::slice::from_ref(reference),
        };
        let problems = references.iter().filter_map(|reference| {
            let (kind, name, declared) = match reference {
                Reference::Policy(name) => ("policy", name, &policies),
                Reference::Role(name) => ("role", name, &roles),
                Reference::InstanceProfile(name) => ("instance profile", name, &profiles),
                Reference::ServiceLinkedRole(name) => ("service-linked role", name, &linked),
                Reference::Group(name) => ("group", name, &groups),
            };
            problem(&format!("output `{output}`"), kind, name, declared)
        });
        problems.collect::<Vec<_>>()
    });
    attached.chain(in_profiles).chain(outputs).collect()
}

fn problem(from: &str, kind: &str, name: &str, declared: &[&str]) -> Option<Mistake> {
    if declared.iter().any(|declared| overlap(&open(declared), &open(name))) {
        return None;
    }
    let known =
        if declared.is_empty() { "none".into() } else { format!("`{}`", declared.join("`, `")) };
    let said = format!("{from} names {kind} `{name}`, which is not declared; there are {known}");
    // The word of an output or a profile is beside the name; in a list the name is alone.
    let word = (kind != "policy" || from.starts_with("output"))
        .then(|| format!("{}:", kind.replace([' ', '-'], "_")));
    Some(Mistake { said, on: word.into_iter().chain([name.to_owned()]).collect() })
}

/// Any text where a parameter's value comes.
fn open(text: &str) -> String {
    let pieces = pieces(text).into_iter();
    pieces
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Placeholder(_) => "*",
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRESET: &str = "
title: Test
description: References of all kinds.
source: { url: https://example.com, date: 2026-01-01 }
editions: [current]
parameters:
  Name: { type: string, description: A name., default: tool }
  Kinds: { type: list, description: Kinds. }
policies:
  - { name: '${Name}-${Kinds}', for_each: Kinds, document: { Statement: [] } }
roles:
  - { name: 'r-${Name}', trust: { Statement: [] }, policies: ['${Name}-python'] }
instance_profiles:
  - { name: p, role: 'r-${Name}' }
groups:
  - { name: g, policies: [{ name: '${Name}-${Kinds}', for_each: Kinds }] }
existing_groups:
  - { name: '${Kinds}', for_each: Kinds, policies: ['${Name}-python'] }
outputs:
  Arn: { description: One., of: [{ role: 'r-${Name}' }, { group: g }, { instance_profile: p }] }
";

    fn found(from: &str, to: &str) -> String {
        assert!(PRESET.contains(from), "{from}");
        let preset: Preset = serde_saphyr::from_str(&PRESET.replace(from, to)).unwrap();
        let said = dangling(&preset).into_iter().map(|mistake| mistake.said);
        said.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn references_to_what_is_declared_are_none() {
        assert_eq!(found("title", "title"), "");
    }

    #[test]
    fn a_reference_to_nothing_is_named_with_what_there_is() {
        for (from, to, said) in [
            (
                "policies: ['${Name}-python'] }\ninst",
                "policies: ['python'] }\ninst",
                "role `r-${Name}` names policy `python`, which is not declared; there are \
                 `${Name}-${Kinds}`",
            ),
            ("role: 'r-${Name}'", "role: x", "instance profile `p` names role `x`"),
            (
                "for_each: Kinds, policies: ['${Name}-python']",
                "for_each: Kinds, policies: [python]",
                "existing `${Kinds}` names policy `python`",
            ),
            ("{ group: g }", "{ group: h }", "output `Arn` names group `h`"),
            ("{ instance_profile: p }", "{ policy: p }", "output `Arn` names policy `p`"),
            (
                "{ group: g }",
                "{ service_linked_role: s }",
                "service-linked role `s`, which is not declared; there are none",
            ),
        ] {
            let found = found(from, to);
            assert!(found.contains(said), "{said}: {found}");
        }
    }
}
