//! The words of a preset file, as types: a file that does not fit them fails the build.
//!
//! Two words adapt a preset, and they may stand in any item of a list: `when` (parameters have
//! one of these values) and `for_each` (once for each element of a list parameter, whose name
//! then stands for that element).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A preset file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The tool, in a few words.
    pub title: String,
    /// The preset's purpose.
    pub description: String,
    /// Where its contents come from.
    pub source: Source,
    /// The editions there are; the first is the default.
    pub editions: Vec<Edition>,
    /// Where an edition departs from the vendor's page, and why, for the preset's page.
    #[serde(default)]
    pub differences: Vec<Difference>,
    /// Parts of the vendor's page that the preset omits on purpose, and why.
    #[serde(default)]
    pub omitted: Vec<String>,
    /// How the attributes go into the tool's own configuration, in Markdown.
    #[serde(default)]
    pub usage: String,
    /// The consumer's parameters.
    #[serde(default)]
    pub parameters: BTreeMap<String, Parameter>,
    /// Conditions under which a user or role of this preset can become administrator, and how.
    #[serde(default)]
    pub admin_equivalent: Vec<Mark>,
    /// Conditions under which a user or role of this preset makes roles, which the operator's
    /// permissions boundary would not bind, and how.
    #[serde(default)]
    pub unbounded: Vec<Mark>,
    /// Findings of the linter that stay, and why.
    #[serde(default)]
    pub accepted: Vec<Accepted>,
    /// Customer managed policies.
    #[serde(default)]
    pub policies: Vec<Policy>,
    /// Roles.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// Instance profiles.
    #[serde(default)]
    pub instance_profiles: Vec<InstanceProfile>,
    /// Service-linked roles.
    #[serde(default)]
    pub service_linked_roles: Vec<ServiceLinkedRole>,
    /// Groups.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Existing users and their policies.
    #[serde(default)]
    pub users: Vec<User>,
    /// Existing groups that get policies of this preset.
    #[serde(default)]
    pub existing_groups: Vec<Existing>,
    /// Existing roles that get policies of this preset.
    #[serde(default)]
    pub existing_roles: Vec<Existing>,
    /// The attributes for `Fn::GetAtt`.
    pub outputs: BTreeMap<String, Output>,
}

/// Where a preset's contents come from.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The vendor's page.
    pub url: String,
    /// The day of the version that was read, `YYYY-MM-DD`.
    pub date: String,
    /// The version of the tool with whose calls `current` and `hardened` were checked, for example
    /// `Lithops 3.8.0`.
    pub checked_with: Option<String>,
}

/// A finding of the linter that stays.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// Words of the finding.
    pub finding: String,
    /// Why it stays.
    pub why: String,
}

/// Where editions depart from the vendor's page.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The editions that do.
    pub editions: Vec<Edition>,
    /// The difference from the page.
    pub what: String,
    /// Why.
    pub why: String,
}

/// How far a preset departs from the vendor's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    /// The vendor's page to the letter.
    Documented,
    /// The grants of the page, and those that today's versions of the tool and of AWS need besides.
    Current,
    /// The least that still lets the tool work.
    Hardened,
}

impl Edition {
    /// As it stands in a template.
    pub fn as_str(self) -> &'static str {
        match self {
            Edition::Documented => "documented",
            Edition::Current => "current",
            Edition::Hardened => "hardened",
        }
    }
}

/// A parameter of a preset.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase", tag = "type")]
pub enum Parameter {
    /// A text; without a pattern, anything but `*` and `?`. Where `required` holds, it has no
    /// default. Where `begins_with` holds, it begins with the value of another parameter.
    String {
        description: String,
        default: String,
        pattern: Option<String>,
        required: Option<When>,
        begins_with: Option<Beginning>,
        setting: Option<Setting>,
    },
    /// `true` or `false`.
    Boolean { description: String, default: bool },
    /// A whole number.
    Integer { description: String, default: i64, min: i64, max: i64 },
    /// One of some words.
    Enum { description: String, default: String, values: Vec<String> },
    /// Texts, each as for `string`. With `slug`, any text is first written as in a URL: small
    /// letters and digits, with single hyphens for all else.
    List {
        description: String,
        #[serde(default)]
        default: Vec<String>,
        pattern: Option<String>,
        #[serde(default)]
        slug: bool,
        begins_with: Option<Beginning>,
        setting: Option<Setting>,
    },
}

/// The operator's setting of a parameter: the texts that a consumer may choose. A text that gets
/// into a name, an ARN, a principal or a condition has one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The parameter of `template.yaml` by which the operator says so.
    #[serde(default = "allowed_values")]
    pub parameter: String,
    /// The default of the setting: texts with IAM's wildcards, `*` and `?`.
    #[serde(default)]
    pub allows: Vec<String>,
}

/// The parameter of `template.yaml` for all that shapes nothing in the template itself.
pub const ALLOWED_VALUES: &str = "AllowedValues";

fn allowed_values() -> String {
    ALLOWED_VALUES.to_owned()
}

impl Parameter {
    /// The prescribed prefix of its texts, if there is one.
    pub fn beginning(&self) -> Option<&Beginning> {
        match self {
            Parameter::String { begins_with, .. } | Parameter::List { begins_with, .. } => {
                begins_with.as_ref()
            }
            Parameter::Boolean { .. } | Parameter::Integer { .. } | Parameter::Enum { .. } => None,
        }
    }

    /// The operator's setting.
    pub fn setting(&self) -> Option<&Setting> {
        match self {
            Parameter::String { setting, .. } | Parameter::List { setting, .. } => setting.as_ref(),
            Parameter::Boolean { .. } | Parameter::Integer { .. } | Parameter::Enum { .. } => None,
        }
    }
}

/// The prescribed prefix of a text: the value of another parameter. A document that names resources
/// by prefix does not reach those without it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beginning {
    /// The other parameter, a `string`.
    pub parameter: String,
    /// When it has to.
    #[serde(default)]
    pub when: When,
}

/// Parameters and the values one of which each must have.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct When(pub BTreeMap<String, Values>);

/// One value or several.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected true, false, a whole number or a text, or a list of these")]
pub enum Values {
    /// Just this.
    One(Scalar),
    /// Any of these.
    Several(Vec<Scalar>),
}

/// A value as YAML writes it. The variants are tried in this order, here as above, and each that does
/// not fit writes the text of an error: the most frequent ones stand first.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
}

impl Values {
    /// The values as the text that a parameter's value is compared with.
    pub fn texts(&self) -> Vec<String> {
        let scalars = match self {
            Values::Several(scalars) => scalars.as_slice(),
            Values::One(scalar) => std::slice::from_ref(scalar),
        };
        scalars.iter().map(ToString::to_string).collect()
    }
}

impl When {
    /// Whether each of its parameters has one of its values.
    pub fn holds(&self, value: impl Fn(&str) -> String) -> bool {
        self.0.iter().all(|(name, values)| values.texts().contains(&value(name)))
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words =
            self.0.iter().map(|(name, values)| format!("{name} {}", values.texts().join(" or ")));
        f.write_str(&words.collect::<Vec<_>>().join(" and "))
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Boolean(value) => value.fmt(f),
            Scalar::Integer(value) => value.fmt(f),
            Scalar::Text(value) => value.fmt(f),
        }
    }
}

/// Something that is said of a preset aloud.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// When it applies.
    #[serde(default)]
    pub when: When,
    /// The path or cause, in a sentence.
    pub reason: String,
}

/// A customer managed policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub name: String,
    #[serde(default)]
    pub when: When,
    pub for_each: Option<String>,
    #[serde(default)]
    pub shared: bool,
    #[serde(default)]
    pub description: String,
    /// In IAM's grammar; a statement may also carry `when` and `for_each`.
    pub document: Value,
}

/// A role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    pub name: String,
    #[serde(default)]
    pub when: When,
    pub for_each: Option<String>,
    #[serde(default)]
    pub shared: bool,
    #[serde(default)]
    pub description: String,
    /// The trust policy, in IAM's grammar.
    pub trust: Value,
    /// Policies that AWS manages, by path and name: `service-role/AWSLambdaRole`.
    #[serde(default)]
    pub aws_managed: Vec<Item>,
    /// Policies of this preset, by name.
    #[serde(default)]
    pub policies: Vec<Item>,
    #[serde(default)]
    pub inline: Vec<Inline>,
}

/// An instance profile with its role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceProfile {
    pub name: String,
    #[serde(default)]
    pub when: When,
    pub for_each: Option<String>,
    #[serde(default)]
    pub shared: bool,
    /// The role of this preset that is in it.
    pub role: String,
}

/// A service-linked role.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceLinkedRole {
    /// The name that AWS gives it, for example `AWSServiceRoleForBatch`.
    pub name: String,
    /// For example `batch.amazonaws.com`.
    pub service: String,
    #[serde(default)]
    pub when: When,
}

/// A group.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: String,
    #[serde(default)]
    pub when: When,
    pub for_each: Option<String>,
    #[serde(default)]
    pub aws_managed: Vec<Item>,
    #[serde(default)]
    pub policies: Vec<Item>,
    #[serde(default)]
    pub inline: Vec<Inline>,
    /// Existing users.
    #[serde(default)]
    pub members: Vec<Item>,
}

/// An existing user and its policies.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub name: String,
    #[serde(default)]
    pub when: When,
    pub for_each: Option<String>,
    #[serde(default)]
    pub aws_managed: Vec<Item>,
    #[serde(default)]
    pub policies: Vec<Item>,
}

/// An existing group or role and its policies. Only policies of this preset: whether one of AWS's
/// was there before could not be remembered on a group, which has no tags.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Existing {
    pub name: String,
    #[serde(default)]
    pub when: When,
    pub for_each: Option<String>,
    pub policies: Vec<Item>,
}

/// A name in a list, alone or with its conditions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a name, or name with when and for_each")]
pub enum Item {
    /// The name alone.
    Name(String),
    /// The name and its conditions.
    Conditional(Conditional),
}

/// A name with its conditions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conditional {
    pub name: String,
    #[serde(default)]
    pub when: When,
    pub for_each: Option<String>,
}

/// An inline policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inline {
    pub name: String,
    #[serde(default)]
    pub when: When,
    pub for_each: Option<String>,
    pub document: Value,
}

/// An attribute for `Fn::GetAtt`. Where its object is switched off it is the empty string, so
/// that a template which asks for it still works; with `for_each`, values joined by commas.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    pub description: String,
    pub of: References,
    #[serde(default)]
    pub attribute: Attribute,
    pub for_each: Option<String>,
}

/// The object, or objects of which the first one that is switched on counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "expected policy, role, instance_profile, service_linked_role or group with a name, or \
                 a list of these"
)]
pub enum References {
    One(Reference),
    Several(Vec<Reference>),
}

/// An object of this preset, by its name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    Policy(String),
    Role(String),
    InstanceProfile(String),
    ServiceLinkedRole(String),
    Group(String),
}

/// The attribute of an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Attribute {
    #[default]
    Arn,
    Name,
}
