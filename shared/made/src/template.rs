//! `template.yaml` for a catalogue: what follows from the presets and from the calls of the code
//! stands between two comments, and what is around them is written by hand.

use super::names::{self, NameParameter};
use super::packing::{self, Of};
use super::rights::{Names, Statement, When, administrators};
use super::{Catalogue, camel};

/// The comment above a made part, up to the part's name, and the one below it.
const FROM: &str = "# Made by make bless: ";
const TO: &str = "# Made up to here.";

/// The made parts by name.
type Parts = Vec<(&'static str, String)>;

/// The template for these presets.
///
/// # Errors
///
/// A preset that has no place in it.
pub fn template(text: &str, catalogue: &Catalogue) -> Result<String, String> {
    let parameters = names::parameters(catalogue)?;
    let policies = packing::policies(catalogue)?;
    let numbers = policies.len();
    let parts = vec![
        ("parameters of names", parameter_group(&parameters)),
        ("presets", allowed_presets(catalogue)),
        ("names", name_parameters(&parameters)),
        ("conditions of presets", conditions(catalogue)),
        ("what the function is told of names", allowed_names(catalogue)),
        ("policies of presets", policy_arns(numbers)),
        ("groups of administrators", administrators_groups(catalogue)),
        ("rights of presets", self::policies(policies)),
    ];
    let fresh = with(text, &parts)?;
    for parameter in parameters {
        let declared = format!("\n  {}:\n", parameter.name);
        if fresh.matches(&declared).count() != 1 {
            return Err(format!(
                "setting `{0}`: the template has something else of that name; take another, such \
                 as `{0}Name`",
                parameter.name
            ));
        }
    }
    Ok(fresh)
}

/// The text with each of the parts made anew.
///
/// # Errors
///
/// A part without a place, and a place without a part or an end.
pub fn with(text: &str, parts: &Parts) -> Result<String, String> {
    let mut fresh = String::new();
    let mut is_made = false;
    let mut left: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    for line in text.lines() {
        let comment = line.trim_start();
        if comment == TO {
            if !is_made {
                return Err(format!("`{TO}` without `{FROM}…`"));
            }
            is_made = false;
        }
        if is_made {
            continue;
        }
        fresh.push_str(line);
        fresh.push('\n');
        if let Some(name) = comment.strip_prefix(FROM) {
            let part = parts.iter().find(|(known, _)| *known == name);
            let (_, part) =
                part.ok_or_else(|| format!("no part is called `{name}`; there are {left:?}"))?;
            left.retain(|known| *known != name);
            fresh.push_str(part);
            is_made = true;
        }
    }
    match left.as_slice() {
        _ if is_made => Err(format!("`{FROM}…` without `{TO}`")),
        [] => Ok(fresh),
        left => Err(format!("the template has no place for {left:?}")),
    }
}

/// An ARN for each name at the root, and one for it below any path. A name that begins with `*` is both
/// in one; AWS's policies and service-linked roles have the path that they have.
pub fn arns(names: &Names) -> Vec<String> {
    let arn = |(of, name): &(&str, String)| {
        let own =
            |name: &str| format!("arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:{of}/{name}");
        if *of == "aws" {
            vec![format!("arn:${{AWS::Partition}}:iam::aws:policy/{name}")]
        } else if name.starts_with('*') || name.starts_with("aws-service-role/") {
            vec![own(name)]
        } else {
            vec![own(name), own(&format!("*/{name}"))]
        }
    };
    names.iter().flat_map(arn).collect()
}

/// The same for policies in a condition, where one pattern is both: `policy*/name`. As a resource IAM takes
/// nothing but `policy/` at the beginning.
pub fn policies_in_conditions(names: &Names) -> Vec<String> {
    let pattern = |(of, name): &(&str, String)| {
        let own = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy";
        match *of {
            "aws" => format!("arn:${{AWS::Partition}}:iam::aws:policy/{name}"),
            _ if name.starts_with('*') => format!("{own}/{name}"),
            _ => format!("{own}*/{name}"),
        }
    };
    names.iter().map(pattern).collect()
}

/// The condition that is true where the operator allows the preset.
pub fn condition(preset: &str) -> String {
    format!("Allows{}", camel(preset))
}

fn parameter_group(parameters: &[NameParameter]) -> String {
    let lines = parameters.iter().map(|it| format!("          - {}\n", it.name));
    lines.collect()
}

fn allowed_presets(catalogue: &Catalogue) -> String {
    let names: Vec<&str> = catalogue.keys().map(String::as_str).collect();
    format!(
        "    Default: {}\n    AllowedPattern: {}\n    ConstraintDescription: 'must be presets, separated by \
         commas: {}'\n",
        names.join(","),
        names.join("|"),
        names.join(", ")
    )
}

fn name_parameters(parameters: &[NameParameter]) -> String {
    let text = |it: &NameParameter| {
        let default = if it.default.is_empty() { "\"\"" } else { &it.default };
        format!(
            "  {}:\n    Type: String\n    Default: {default}\n    MaxLength: {}\n    AllowedPattern: '{}'\n    \
             Description: {}\n",
            it.name, it.longest, it.pattern, it.description
        )
    };
    parameters.iter().map(text).collect()
}

/// CloudFormation has no word for "is in the list". A text that is split at what it does not contain
/// and joined again is the same.
fn conditions(catalogue: &Catalogue) -> String {
    let condition = |name: &String| {
        let list = "!Join [\",\", [\"\", !Join [\",\", !Ref AllowedPresets], \"\"]]";
        format!(
            "  {}: !Not\n    - !Equals\n      - !Join [\"\", !Split [\",{name},\", {list}]]\n      - {list}\n",
            condition(name)
        )
    };
    catalogue.keys().map(condition).collect()
}

fn allowed_names(catalogue: &Catalogue) -> String {
    let lines = names::told(catalogue)
        .into_iter()
        .map(|(of, allowed)| format!("            {of}={allowed}\n"));
    format!("          ALLOWED_NAMES: !Sub >-\n{}", lines.collect::<String>())
}

fn policy_arns(number: usize) -> String {
    let numbers = 1..=number;
    numbers.map(|number| format!("        - !Ref PresetsPolicy{number}\n")).collect()
}

fn administrators_groups(catalogue: &Catalogue) -> String {
    let lines = arns(&administrators(catalogue))
        .into_iter()
        .map(|arn| format!("              - !Sub {arn}\n"));
    lines.collect()
}

fn policies(policies: Vec<Vec<Of>>) -> String {
    let policy = |(number, statements): (usize, Vec<Of>)| {
        let statements: String = statements.iter().map(|(of, it)| statement(of, it)).collect();
        format!(
            "  PresetsPolicy{number}:
    Type: AWS::IAM::ManagedPolicy
    Properties:
      ManagedPolicyName: !Sub ${{ProviderName}}-Presets{number}-${{AWS::Region}}
      Path: !Ref ProviderPath
      Description: What presets have by name
      PolicyDocument:
        Version: \"2012-10-17\"
        Statement:
{statements}"
        )
    };
    let policies = (1..).zip(policies).map(policy);
    policies.collect::<Vec<_>>().join("\n")
}

fn statement(of: &str, statement: &Statement) -> String {
    let Statement { sid, always, if_allowed, on, when } = statement;
    let always: Vec<&str> = always.iter().copied().collect();
    let all: Vec<&str> = always.iter().chain(if_allowed).copied().collect();
    let is_optional = always.is_empty();
    let actions = if is_optional || if_allowed.is_empty() {
        list("Action:", 12, &all)
    } else {
        let mut sorted = all.clone();
        sorted.sort_unstable();
        format!(
            "            Action: !If\n              - {}\n{}{}",
            condition(of),
            nested(&sorted),
            nested(&always)
        )
    };
    let on = sub_list("Resource:", 12, arns(on));
    let when = match when {
        None => String::new(),
        Some(When::Policy(policies)) => format!(
            "            Condition:\n              ArnLike:\n{}",
            sub_list("iam:PolicyARN:", 16, policies_in_conditions(policies))
        ),
        Some(When::PassedToEc2) => {
            "            Condition:\n              StringEquals:\n                \
                                    iam:PassedToService: ec2.amazonaws.com\n"
                .to_owned()
        }
        Some(When::Service(services)) => {
            let services: Vec<&str> = services.iter().map(String::as_str).collect();
            let services = list("iam:AWSServiceName:", 16, &services);
            format!("            Condition:\n              StringEquals:\n{services}")
        }
    };
    let text = format!("          - Sid: {sid}\n            Effect: Allow\n{actions}{on}{when}");
    if !is_optional {
        return text;
    }
    let deeper: String = text.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "          - !If\n            - {}\n{}            - !Ref AWS::NoValue\n",
        condition(of),
        &deeper[2..].replace("\n  ", "\n")
    )
}

/// A list below its key, or its only element beside it.
fn list(key: &str, indent: usize, elements: &[&str]) -> String {
    let space = " ".repeat(indent);
    match elements {
        [one] => format!("{space}{key} {one}\n"),
        several => {
            let lines = several.iter().map(|it| format!("{space}  - {it}\n"));
            format!("{space}{key}\n{}", lines.collect::<String>())
        }
    }
}

fn sub_list(key: &str, indent: usize, arns: Vec<String>) -> String {
    let arns: Vec<String> = arns.into_iter().map(|arn| format!("!Sub {arn}")).collect();
    list(key, indent, &arns.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A list in a list.
fn nested(elements: &[&str]) -> String {
    let lines = elements.iter().enumerate().map(|(at, element)| {
        let dash = if at == 0 { "- - " } else { "  - " };
        format!("              {dash}{element}\n")
    });
    lines.collect()
}
