//! The example of a preset, until one is written by hand.

use std::fmt::Write;

use account_presets::preset::schema::Parameter;
use account_presets::preset::{Branches, Preset, attributes, parameters, render};
use serde_json::{Map, Value};

use super::{camel, wish};

/// The first line of an example that is made.
pub const MADE: &str = "# Made by make bless. Without this line it is written by hand.\n";

/// An example of the preset.
pub fn example(name: &str, preset: &Preset) -> String {
    let id = camel(name);
    let editions: Vec<&str> = preset.editions.iter().map(|edition| edition.as_str()).collect();
    let lists = preset.parameters.iter().filter(|(_, it)| is_empty_list(it)).map(|(name, _)| name);
    let mut conditions = String::new();
    for list in lists {
        writeln!(conditions, "  Has{list}: !Not [!Equals [!Join [\"\", !Ref {list}], \"\"]]")
            .unwrap();
    }
    if !conditions.is_empty() {
        conditions = format!("\nConditions:\n{conditions}");
    }
    let parameters: String = preset.parameters.iter().map(|it| declared(it.0, it.1)).collect();
    let given: String = preset.parameters.iter().map(|it| given(it.0, it.1)).collect();
    let given = if given.is_empty() { given } else { format!("      Parameters:\n{given}") };
    format!(
        r#"{MADE}AWSTemplateFormatVersion: "2010-09-09"
Description: {}

Parameters:
  ExportPrefix:
    Type: String
    Default: account-presets
    Description: ExportPrefix of the provider that serves Custom::IamPreset, as it was deployed.
  Edition:
    Type: String
    Default: {}
    AllowedValues: [{}]
    Description: How far it departs from the vendor's page.
  AcknowledgeAdminEquivalent:
    Type: String
    Default: "false"
    AllowedValues: ["true", "false"]
    Description: >-
      Whether you want what amounts to administrator's rights, where the preset's page says so. The provider
      has to allow that, too: its parameter AllowAdminEquivalent is false by default.
{parameters}{conditions}
Resources:
  {id}:
    Type: Custom::IamPreset
    Properties:
      ServiceToken:
        Fn::ImportValue: !Sub ${{ExportPrefix}}-IamPreset
      # Without it a stack waits for an hour if an answer is lost.
      ServiceTimeout: 300
      Preset: {name}
      Edition: !Ref Edition
      AcknowledgeAdminEquivalent: !Ref AcknowledgeAdminEquivalent
{given}
Outputs:
{}  AdminEquivalent:
    Description: Whether what this gives amounts to administrator's rights
    Value: !GetAtt {id}.AdminEquivalent
"#,
        quoted(&format!(
            "{} Deploy the stack account-presets in this account and Region first.",
            preset.description.trim()
        )),
        editions[0],
        editions.join(", "),
        outputs(preset, &id),
    )
}

/// Those that have a value by default: CloudFormation takes no empty one.
fn outputs(preset: &Preset, id: &str) -> String {
    let (values, _) = parameters::read(preset, &Map::new());
    let wish = wish(preset, preset.editions[0], values);
    let state = render(preset, &wish, Branches::Chosen);
    let outputs =
        attributes(preset, &wish, &state).into_iter().filter(|(_, value)| !value.is_empty());
    let output = |(name, _): (String, String)| {
        let description = quoted(&preset.outputs[&name].description);
        format!("  {name}:\n    Description: {description}\n    Value: !GetAtt {id}.{name}\n")
    };
    outputs.map(output).collect()
}

fn is_empty_list(parameter: &Parameter) -> bool {
    matches!(parameter, Parameter::List { default, .. } if default.is_empty())
}

fn declared(name: &str, parameter: &Parameter) -> String {
    let (kind, default, words, description) = match parameter {
        Parameter::String { description, default, .. } => {
            ("String", default.clone(), None, description)
        }
        Parameter::Integer { description, default, .. } => {
            ("Number", default.to_string(), None, description)
        }
        Parameter::Boolean { description, default } => {
            let words = ["true", "false"].map(str::to_owned).to_vec();
            ("String", default.to_string(), Some(words), description)
        }
        Parameter::Enum { description, default, values } => {
            ("String", default.clone(), Some(values.clone()), description)
        }
        Parameter::List { description, default, .. } => {
            ("CommaDelimitedList", default.join(","), None, description)
        }
    };
    let words = words.map_or_else(String::new, |words| {
        let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
        format!("    AllowedValues: [{}]\n", words.join(", "))
    });
    format!(
        "  {name}:\n    Type: {kind}\n    Default: {}\n{words}    Description: {}\n",
        quoted(&default),
        quoted(description.trim())
    )
}

fn given(name: &str, parameter: &Parameter) -> String {
    if is_empty_list(parameter) {
        format!("        {name}: !If [Has{name}, !Ref {name}, !Ref AWS::NoValue]\n")
    } else {
        format!("        {name}: !Ref {name}\n")
    }
}

/// A text as a YAML scalar, with any characters in it.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
