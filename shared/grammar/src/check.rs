//! Mistakes in a preset that its grammar cannot show: names that nothing declares.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Mistake;
use super::placeholders::{Piece, pieces};
use super::schema::{Beginning, Inline, Item, Parameter, Preset, When};

/// Placeholders that every preset may use besides its parameters.
pub const BUILT_IN: [&str; 6] =
    ["AWS::AccountId", "AWS::Partition", "AWS::Region", "Edition", "Path", "Provider"];

/// One for each; empty if there is none.
pub fn mistakes(preset: &Preset) -> Vec<Mistake> {
    let mut check =
        Check { preset, used: BTreeSet::new(), granting: BTreeSet::new(), mistakes: Vec::new() };
    check.preset();
    check.settings();
    check.mistakes
}

struct Check<'a> {
    preset: &'a Preset,
    used: BTreeSet<String>,
    /// Those with a value that stands elsewhere than in the name of an existing user, group or
    /// role.
    granting: BTreeSet<String>,
    mistakes: Vec<Mistake>,
}

impl Check<'_> {
    fn preset(&mut self) {
        let preset = self.preset;
        if preset.editions.is_empty() {
            self.add("`editions` is empty".to_owned(), &["editions:"]);
        }
        for (name, parameter) in &preset.parameters {
            self.parameter(name, parameter);
        }
        for mark in preset.admin_equivalent.iter().chain(&preset.unbounded) {
            self.when(&mark.when);
        }
        for policy in &preset.policies {
            self.block(&policy.name, &policy.when, policy.for_each.as_deref());
            self.document(&policy.document);
        }
        for role in &preset.roles {
            self.block(&role.name, &role.when, role.for_each.as_deref());
            self.document(&role.trust);
            self.items(&role.aws_managed);
            self.items(&role.policies);
            self.inline(&role.inline);
        }
        for profile in &preset.instance_profiles {
            self.block(&profile.name, &profile.when, profile.for_each.as_deref());
            self.text(&profile.role);
        }
        for role in &preset.service_linked_roles {
            self.block(&role.name, &role.when, None);
        }
        for group in &preset.groups {
            self.block(&group.name, &group.when, group.for_each.as_deref());
            self.items(&group.aws_managed);
            self.items(&group.policies);
            self.inline(&group.inline);
            self.of_existing(|check| check.items(&group.members));
        }
        for user in &preset.users {
            let for_each = user.for_each.as_deref();
            self.of_existing(|check| check.block(&user.name, &user.when, for_each));
            self.items(&user.aws_managed);
            self.items(&user.policies);
        }
        for existing in preset.existing_groups.iter().chain(&preset.existing_roles) {
            let for_each = existing.for_each.as_deref();
            self.of_existing(|check| check.block(&existing.name, &existing.when, for_each));
            self.items(&existing.policies);
        }
        for output in preset.outputs.values() {
            self.for_each(output.for_each.as_deref());
        }
        for name in preset.parameters.keys() {
            if !self.used.contains(name) {
                let on = format!("{name}:");
                self.add(format!("parameter `{name}` is used nowhere"), &[&on, "type:"]);
            }
        }
    }

    /// Checks the names of existing users, groups or roles: the consumer chooses them freely,
    /// without the operator's setting.
    fn of_existing(&mut self, check: impl FnOnce(&mut Self)) {
        let granting = self.granting.clone();
        check(self);
        self.granting = granting;
    }

    /// Checks that a consumer's text that gets into a grant has an operator's setting.
    fn settings(&mut self) {
        for (name, parameter) in &self.preset.parameters {
            let is_text = matches!(parameter, Parameter::String { .. } | Parameter::List { .. });
            if is_text && self.granting.contains(name) && parameter.setting().is_none() {
                let said = format!(
                    "parameter `{name}`: its value gets into a name, an ARN, a principal or a \
                     condition, so it needs a `setting` by which the operator limits it"
                );
                self.add(said, &[&format!("{name}:")]);
            }
        }
    }

    fn parameter(&mut self, name: &str, parameter: &Parameter) {
        let well_named = name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.chars().all(|c| c.is_ascii_alphanumeric());
        if !well_named || BUILT_IN.contains(&name) {
            let said = format!(
                "`{name}` is not a valid name of a parameter; allowed are letters and digits, a \
                 capital letter first, and none of `{}`",
                BUILT_IN.join("`, `")
            );
            self.add(said, &[&format!("{name}:")]);
        }
        let problem = match parameter {
            Parameter::String { pattern, .. } | Parameter::List { pattern, .. } => pattern
                .as_deref()
                .and_then(|pattern| regex_lite::Regex::new(pattern).err())
                .map(|error| error.to_string()),
            Parameter::Enum { default, values, .. } => (!values.contains(default))
                .then(|| format!("the default `{default}` is not one of its values")),
            Parameter::Integer { default, min, max, .. } => (!(*min..=*max).contains(default))
                .then(|| format!("the default {default} is not from {min} to {max}")),
            Parameter::Boolean { .. } => None,
        };
        if let Some(problem) = problem {
            self.add(format!("parameter `{name}`: {problem}"), &[&format!("{name}:")]);
        }
        if let Parameter::String { required: Some(when), .. } = parameter {
            self.when(when);
        }
        if let Some(Beginning { parameter: other, when }) = parameter.beginning() {
            self.when(when);
            self.declared(other, &["parameter:", other]);
            let known = self.preset.parameters.get(other);
            if known.is_some_and(|known| !matches!(known, Parameter::String { .. })) {
                let said = format!("`{name}` begins with `{other}`, which is no string");
                self.add(said, &["begins_with", other]);
            }
        }
    }

    fn block(&mut self, name: &str, when: &When, for_each: Option<&str>) {
        self.text(name);
        self.when(when);
        self.for_each(for_each);
    }

    fn items(&mut self, items: &[Item]) {
        for item in items {
            match item {
                Item::Name(name) => self.text(name),
                Item::Conditional(item) => {
                    self.block(&item.name, &item.when, item.for_each.as_deref());
                }
            }
        }
    }

    fn inline(&mut self, policies: &[Inline]) {
        for policy in policies {
            self.block(&policy.name, &policy.when, policy.for_each.as_deref());
            self.document(&policy.document);
        }
    }

    /// Every text of a document, and the conditions of its statements.
    fn document(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(values) => values.iter().for_each(|value| self.document(value)),
            Value::Object(members) => {
                for (key, value) in members {
                    match key.as_str() {
                        "when" => match serde_json::from_value::<When>(value.clone()) {
                            Ok(when) => self.when(&when),
                            Err(error) => self.add(format!("`when`: {error}"), &["when:"]),
                        },
                        "for_each" => self.for_each(value.as_str()),
                        _ => self.document(value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, text: &str) {
        for piece in pieces(text) {
            if let Piece::Placeholder(name) = piece
                && !BUILT_IN.contains(&name)
            {
                self.granting.insert(name.to_owned());
                self.declared(name, &[&format!("${{{name}}}")]);
            }
        }
    }

    fn for_each(&mut self, list: Option<&str>) {
        let Some(name) = list else { return };
        self.declared(name, &["for_each:", name]);
        let parameter = self.preset.parameters.get(name);
        if parameter.is_some_and(|parameter| !matches!(parameter, Parameter::List { .. })) {
            self.add(format!("`for_each: {name}`: `{name}` is no list"), &["for_each:", name]);
        }
    }

    fn when(&mut self, when: &When) {
        for (name, values) in &when.0 {
            let allowed: Option<Vec<String>> = if name == "Edition" {
                Some(
                    self.preset
                        .editions
                        .iter()
                        .map(|edition| edition.as_str().to_owned())
                        .collect(),
                )
            } else {
                self.declared(name, &[&format!("{name}:")]);
                match self.preset.parameters.get(name) {
                    Some(Parameter::Boolean { .. }) => Some(vec!["true".into(), "false".into()]),
                    Some(Parameter::Enum { values, .. }) => Some(values.clone()),
                    Some(
                        Parameter::String { .. }
                        | Parameter::Integer { .. }
                        | Parameter::List { .. },
                    )
                    | None => None,
                }
            };
            for value in values.texts() {
                if allowed.as_ref().is_some_and(|allowed| !allowed.contains(&value)) {
                    let allowed = allowed.clone().unwrap_or_default().join("`, `");
                    let said = format!(
                        "`when`: `{value}` is not a value of `{name}` (allowed: `{allowed}`)"
                    );
                    self.add(said, &[&format!("{name}:"), &value]);
                }
            }
        }
    }

    fn declared(&mut self, name: &str, on: &[&str]) {
        self.used.insert(name.to_owned());
        if !self.preset.parameters.contains_key(name) {
            let known: Vec<&str> = self.preset.parameters.keys().map(String::as_str).collect();
            let known = known.join("`, `");
            self.add(format!("unknown parameter `{name}` (declared: `{known}`)"), on);
        }
    }

    fn add(&mut self, said: String, on: &[&str]) {
        let on = on.iter().map(|text| (*text).to_owned()).collect();
        self.mistakes.push(Mistake { said, on });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRESET: &str = "
title: Test
description: A preset with one of each.
source: { url: https://example.com, date: 2026-01-01 }
editions: [current, hardened]
parameters:
  Name: { type: string, description: A name., default: tool, setting: { allows: [tool] } }
  Users: { type: list, description: Users. }
  Loud: { type: boolean, description: More logs., default: false }
  Kind: { type: enum, description: One of two., default: a, values: [a, b] }
  Size: { type: integer, description: How much., default: 1, min: 1, max: 9 }
policies:
  - name: p-${Name}
    when: { Loud: true, Kind: [a, b], Edition: hardened }
    document:
      Statement:
        - { when: { Kind: b }, Effect: Allow, Action: 's3:*', Resource: 'arn:${AWS::Partition}:s3:::${aws:username}-${Size}' }
users:
  - { name: '${Users}', for_each: Users, policies: ['p-${Name}'] }
outputs:
  PolicyArn: { description: The policy., of: { policy: 'p-${Name}' } }
";

    fn found(from: &str, to: &str) -> String {
        assert!(PRESET.contains(from), "{from}");
        let text = PRESET.replace(from, to);
        match serde_saphyr::from_str::<Preset>(&text) {
            Ok(preset) => {
                let said = mistakes(&preset).into_iter().map(|mistake| mistake.said);
                said.collect::<Vec<_>>().join("; ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_preset_without_mistakes_has_none() {
        assert_eq!(found("title", "title"), "");
    }

    #[test]
    fn a_name_that_nothing_declares_is_a_mistake() {
        for (from, to, said) in [
            ("p-${Name}\n", "p-${Nmae}\n", "unknown parameter `Nmae` (declared: `Kind`, `Loud`"),
            ("${AWS::Partition}", "${AWS::Partitoin}", "unknown parameter `AWS::Partitoin`"),
            ("Loud: true", "Loudly: true", "unknown parameter `Loudly`"),
            (
                "Loud: true",
                "Loud: loud",
                "`loud` is not a value of `Loud` (allowed: `true`, `false`)",
            ),
            ("Kind: [a, b]", "Kind: [a, c]", "`c` is not a value of `Kind` (allowed: `a`, `b`)"),
            ("{ Kind: b }", "{ Kind: c }", "`c` is not a value of `Kind`"),
            (
                "Edition: hardened",
                "Edition: documented",
                "`documented` is not a value of `Edition`",
            ),
            ("for_each: Users", "for_each: Name", "`Name` is no list"),
            ("for_each: Users", "for_each: User", "unknown parameter `User`"),
            ("${Size}", "", "parameter `Size` is used nowhere"),
            ("default: a,", "default: c,", "the default `c` is not one of its values"),
            ("default: 1,", "default: 0,", "the default 0 is not from 1 to 9"),
            ("default: tool", "default: tool, pattern: '['", "parameter `Name`: "),
            (", setting: { allows: [tool] }", "", "parameter `Name`: its value gets into a name"),
            (
                "['p-${Name}'] }",
                "['p-${Users}'] }",
                "parameter `Users`: its value gets into a name",
            ),
            ("default: tool", "default: '', required: { Kind: c }", "`c` is not a value of `Kind`"),
            (
                "name., default: tool",
                "n., default: a, begins_with: { parameter: Nmae }",
                "unknown parameter `Nmae`",
            ),
            (
                "description: Users.",
                "description: U., begins_with: { parameter: Size }",
                "no string",
            ),
            (
                "description: Users.",
                "description: U., begins_with: { parameter: Name, when: { Kind: c } }",
                "`c` is not a value of `Kind`",
            ),
            ("editions: [current, hardened]", "editions: []", "`editions` is empty"),
        ] {
            let found = found(from, to);
            assert!(found.contains(said), "{said}: {found}");
        }
    }

    #[test]
    fn a_word_that_the_grammar_does_not_have_is_named_with_its_line_and_the_allowed_ones() {
        for (from, to, said) in [
            ("for_each: Users", "foreach: Users", "foreach"),
            ("title: Test", "titel: Test", "titel"),
            ("allows: [tool]", "allow: [tool]", "allow"),
            ("type: boolean", "type: bool", "bool"),
            ("of: { policy:", "of: { polciy:", ""),
            ("editions: [current", "editions: [curent", "curent"),
        ] {
            let found = found(from, to);
            assert!(found.contains(said) && found.contains("line"), "{to}: {found}");
        }
    }
}
