//! The properties of `Custom::IamPreset`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::cfn::value::{boolean, brief, integer, kind, optional, unknown, unknown_names};
use crate::plan::OnForeignAttachment;
use crate::preset::parameters::{self, Values};
use crate::preset::schema::Parameter;
use crate::preset::{self, Edition, Preset};
use crate::state::{Tags, is_ownership_tag, limits};

/// All that may stand there. `ServiceToken` and `ServiceTimeout` are CloudFormation's own.
const KNOWN: [&str; 12] = [
    "AcknowledgeAdminEquivalent",
    "AdoptExisting",
    "Edition",
    "MaxSessionDuration",
    "OnForeignAttachment",
    "Parameters",
    "Path",
    "PermissionsBoundary",
    "Preset",
    "ServiceTimeout",
    "ServiceToken",
    "Tags",
];

/// What a consumer asks for. An empty string is the same as no value, so that a template can
/// pass on a parameter that is optional.
#[derive(Clone, Debug)]
pub struct Properties {
    /// The preset's name.
    pub name: String,
    /// The preset.
    pub preset: &'static Preset,
    /// The edition; by default the preset's first.
    pub edition: Edition,
    /// The preset's own parameters.
    pub parameters: Values,
    /// `/` by default.
    pub path: String,
    /// The ARN of a policy.
    pub permissions_boundary: Option<String>,
    /// From `[{Key: …, Value: …}]`.
    pub tags: Tags,
    /// Seconds; 3600 by default, as IAM has it.
    pub max_session_duration: i32,
    /// The consumer knows that the preset may amount to administrator's rights.
    pub acknowledge_admin_equivalent: bool,
    /// What has a name of the preset and was made by nobody's preset is used as it is.
    pub adopt_existing: bool,
    /// What becomes of a policy that somebody else attached to a role or group of ours.
    pub on_foreign_attachment: OnForeignAttachment,
}

impl Properties {
    /// Reads properties, and says what is wrong with them in one sentence each, which names the
    /// property, what was given and what is allowed. What is wrong has its default in the
    /// result; there is none at all if the preset is unknown.
    ///
    /// `preset` is the preset's name where it is known from elsewhere.
    pub fn read(given: &Map<String, Value>, preset: Option<&str>) -> (Option<Self>, Vec<String>) {
        let mut problems = unknown_names("property", given.keys(), &KNOWN);
        let get = |name: &str| given.get(name).filter(|value| **value != "");
        let mut check = |name: &str, problem: String| problems.push(format!("{name}: {problem}"));

        let known = preset.and_then(|name| Some((name.to_owned(), preset::find(name)?)));
        let Some((name, preset)) =
            known.or_else(|| find(get("Preset")).map_err(|problem| check("Preset", problem)).ok())
        else {
            return (None, problems);
        };
        let edition = edition(preset, get("Edition")).unwrap_or_else(|problem| {
            check("Edition", problem);
            first_edition(preset)
        });
        let path = optional(get("Path"), path).unwrap_or_else(|problem| {
            check("Path", problem);
            None
        });
        let permissions_boundary =
            optional(get("PermissionsBoundary"), boundary).unwrap_or_else(|problem| {
                check("PermissionsBoundary", problem);
                None
            });
        let tags = get("Tags").map_or(Ok(Tags::new()), tags).unwrap_or_else(|problem| {
            check("Tags", problem);
            Tags::new()
        });
        let session = optional(get("MaxSessionDuration"), |given| {
            let (min, max) = (*limits::SESSION.start(), *limits::SESSION.end());
            integer(given, min.into(), max.into())
        })
        .unwrap_or_else(|problem| {
            check("MaxSessionDuration", problem);
            None
        });
        let mut switch = |name: &str| {
            optional(get(name), boolean).unwrap_or_else(|problem| {
                check(name, problem);
                None
            })
        };
        let acknowledged = switch("AcknowledgeAdminEquivalent");
        let adopt_existing = switch("AdoptExisting");
        let on_foreign_attachment = optional(get("OnForeignAttachment"), on_foreign_attachment)
            .unwrap_or_else(|problem| {
                check("OnForeignAttachment", problem);
                None
            });
        let empty = Map::new();
        let own = match get("Parameters") {
            Some(Value::Object(own)) => own,
            None => &empty,
            Some(other) => {
                check("Parameters", format!("given {}, allowed is a map", kind(other)));
                &empty
            }
        };
        let (parameters, wrong) = parameters::read_as_given(preset, own);
        problems.extend(wrong);
        problems.extend(parameters::beginnings(preset, edition, &parameters));

        let properties = Properties {
            name,
            edition,
            parameters,
            path: path.unwrap_or_else(|| "/".to_owned()),
            permissions_boundary,
            tags,
            max_session_duration: session
                .and_then(|seconds| i32::try_from(seconds).ok())
                .unwrap_or(*limits::SESSION.start()),
            acknowledge_admin_equivalent: acknowledged.unwrap_or_default(),
            adopt_existing: adopt_existing.unwrap_or_default(),
            on_foreign_attachment: on_foreign_attachment.unwrap_or_default(),
            preset,
        };
        (Some(properties), problems)
    }
}

impl Properties {
    /// The list parameters that hold one of these names.
    pub fn parameters_that_name(&self, names: &BTreeSet<&str>) -> Vec<&str> {
        let holds = |value: &parameters::Value| match value {
            parameters::Value::List(texts) => {
                texts.iter().any(|text| names.contains(text.as_str()))
            }
            parameters::Value::One(_) => false,
        };
        let holding = self.parameters.iter().filter(|(_, value)| holds(value));
        holding.map(|(name, _)| name.as_str()).collect()
    }

    /// The texts among the parameters that are not their defaults: what names depend on.
    pub fn chosen_texts(&self) -> Vec<String> {
        let chosen = self.preset.parameters.iter().filter_map(|(name, parameter)| {
            match (parameter, self.parameters.get(name)) {
                (Parameter::String { default, .. }, Some(parameters::Value::One(text))) => {
                    (text != default).then(|| format!("{name}={text}"))
                }
                _ => None,
            }
        });
        chosen.collect()
    }
}

fn find(given: Option<&Value>) -> Result<(String, &'static Preset), String> {
    let names = preset::names();
    let given = match given {
        Some(Value::String(name)) => name,
        Some(other) => return Err(format!("given {}, allowed is a string", kind(other))),
        None => return Err(format!("is missing (allowed: `{}`)", names.join("`, `"))),
    };
    match preset::find(given) {
        Some(preset) => Ok((given.clone(), preset)),
        None => Err(unknown("preset", &brief(given), &names)),
    }
}

fn first_edition(preset: &Preset) -> Edition {
    preset.editions.first().copied().unwrap_or(Edition::Hardened)
}

fn edition(preset: &Preset, given: Option<&Value>) -> Result<Edition, String> {
    let Some(given) = given else { return Ok(first_edition(preset)) };
    let Value::String(given) = given else {
        return Err(format!("given {}, allowed is a string", kind(given)));
    };
    let found = preset.editions.iter().find(|edition| edition.as_str() == given);
    let words: Vec<&str> = preset.editions.iter().map(|edition| edition.as_str()).collect();
    found.copied().ok_or_else(|| unknown("edition", &brief(given), &words))
}

fn on_foreign_attachment(given: &Value) -> Result<OnForeignAttachment, String> {
    match given.as_str() {
        Some("Keep") => Ok(OnForeignAttachment::Keep),
        Some("Detach") => Ok(OnForeignAttachment::Detach),
        Some("Fail") => Ok(OnForeignAttachment::Fail),
        Some(other) => Err(unknown("value", &brief(other), &["Keep", "Detach", "Fail"])),
        None => Err(format!("given {}, allowed is a string", kind(given))),
    }
}

fn path(given: &Value) -> Result<String, String> {
    match given.as_str().filter(|path| limits::is_path(path) && path.len() <= limits::PATH) {
        Some(path) if !path.contains(['*', '?', '$']) => Ok(path.to_owned()),
        _ => Err(format!(
            "given `{}`, allowed is `/` or `/…/` of at most {} plain characters, without wildcards",
            brief(given.as_str().unwrap_or_default()),
            limits::PATH
        )),
    }
}

fn boundary(given: &Value) -> Result<String, String> {
    let text = given.as_str().unwrap_or_default();
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let is_policy = match parts.as_slice() {
        ["arn", partition, "iam", "", account, policy] => {
            let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
            let name = policy.strip_prefix("policy/").unwrap_or_default();
            let plain = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-/".contains(c);
            partition.starts_with("aws")
                && (digits || *account == "aws")
                && !name.is_empty()
                && name.chars().all(plain)
        }
        _ => false,
    };
    if is_policy {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "given `{}`, allowed is a policy's ARN such as `arn:aws:iam::123456789012:policy/Boundary`",
            brief(text)
        ))
    }
}

fn tags(given: &Value) -> Result<Tags, String> {
    let Value::Array(entries) = given else {
        return Err(format!("given {}, allowed is a list of `{{Key: …, Value: …}}`", kind(given)));
    };
    let mut tags = Tags::new();
    for entry in entries {
        let (key, value) = tag(entry)?;
        if tags.insert(key.as_str().into(), value).is_some() {
            return Err(format!("`{}` is given twice", brief(&key)));
        }
    }
    Ok(tags)
}

fn tag(entry: &Value) -> Result<(String, String), String> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let fields = entry.as_object().map(Map::len);
    let (Some(key), Some(value), Some(2)) = (text("Key"), text("Value"), fields) else {
        return Err("allowed is a list of `{Key: …, Value: …}`".to_owned());
    };
    let plain = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    let fits = |text: &str, most: usize| text.chars().count() <= most && text.chars().all(plain);
    if key.is_empty() || !fits(key, 128) || !fits(value, 256) {
        return Err(format!(
            "given `{}`, allowed are keys of 1 to 128 and values of at most 256 letters, digits, \
             spaces and _.:/=+-@",
            brief(key)
        ));
    }
    if key.to_lowercase().starts_with("aws:") || is_ownership_tag(key) {
        return Err(format!("the key `{}` is reserved", brief(key)));
    }
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(given: Value) -> (Option<Properties>, Vec<String>) {
        Properties::read(given.as_object().unwrap(), None)
    }

    fn with(name: &str, value: Value) -> Vec<String> {
        read(json!({"Preset": "slim", name: value})).1
    }

    /// V4, V14
    #[test]
    fn a_preset_alone_is_enough() {
        let (properties, problems) =
            read(json!({"Preset": "slim", "ServiceToken": "t", "ServiceTimeout": "300"}));
        assert_eq!(problems, Vec::<String>::new());
        let properties = properties.unwrap();
        assert_eq!((properties.path.as_str(), properties.max_session_duration), ("/", 3600));
    }

    /// V14
    #[test]
    fn an_empty_string_is_no_value() {
        let (properties, problems) = read(json!({
            "Preset": "slim", "Edition": "", "Path": "", "PermissionsBoundary": "", "Tags": "",
            "MaxSessionDuration": "", "Parameters": "", "AcknowledgeAdminEquivalent": "",
        }));
        assert_eq!((properties.is_some(), problems), (true, vec![]));
    }

    /// V1, V2, V3, V4, V13
    #[test]
    fn each_mistake_names_the_property_what_was_given_and_what_is_allowed() {
        let boundary = "arn:aws:iam::123456789012:role/x";
        for (name, value, said) in [
            ("PresetNmae", json!("x"), "unknown property `PresetNmae`"),
            ("Pathh", json!("x"), "did you mean `Path`?"),
            (
                "Edition",
                json!("curent"),
                "Edition: unknown edition `curent`; did you mean `current`?",
            ),
            ("Edition", json!([]), "Edition: given a list"),
            ("Path", json!("team"), "Path: given `team`, allowed is"),
            ("Path", json!("/*/"), "Path: given `/*/`"),
            ("Path", json!(["/"]), "Path: "),
            (
                "PermissionsBoundary",
                json!(boundary),
                "PermissionsBoundary: given `arn:aws:iam::123456789012:role/x`",
            ),
            (
                "MaxSessionDuration",
                json!("3599"),
                "MaxSessionDuration: given `3599`, allowed are whole numbers from 3600 to 43200",
            ),
            ("Tags", json!({"a": "b"}), "Tags: given a map"),
            ("Tags", json!([{"Key": "a"}]), "Tags: allowed is"),
            ("Tags", json!([{"Key": "a", "Value": "b", "C": "d"}]), "Tags: allowed is"),
            ("Tags", json!([{"Key": "aws:a", "Value": "b"}]), "Tags: the key `aws:a` is reserved"),
            ("Tags", json!([{"Key": "account-presets:owner:a", "Value": "b"}]), "is reserved"),
            (
                "Tags",
                json!([{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "c"}]),
                "`a` is given twice",
            ),
            ("Tags", json!([{"Key": "a<", "Value": "b"}]), "Tags: given `a<`"),
            ("AcknowledgeAdminEquivalent", json!("yes"), "AcknowledgeAdminEquivalent: given `yes`"),
            ("AdoptExisting", json!("ja"), "AdoptExisting: given `ja`"),
            (
                "OnForeignAttachment",
                json!("detach"),
                "OnForeignAttachment: unknown value `detach`; did you mean `Detach`?",
            ),
            ("Parameters", json!([]), "Parameters: given a list, allowed is a map"),
            (
                "Parameters",
                json!({"UserName": []}),
                "Parameters: unknown parameter `UserName`; did you mean `UserNames`?",
            ),
            (
                "Parameters",
                json!({"UserNames": "a,b"}),
                "Parameters.UserNames: given the string `a,b`",
            ),
            (
                "Parameters",
                json!({"InstanceProfile": "yes"}),
                "Parameters.InstanceProfile: given `yes`",
            ),
        ] {
            let problems = with(name, value);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(said), "{said}: {problems:?}");
        }
    }

    /// X8, Threat 1
    #[test]
    fn no_property_takes_a_document_an_arn_to_attach_or_a_principal() {
        for name in [
            "AssumeRolePolicyDocument",
            "ManagedPolicyArns",
            "Policies",
            "PolicyDocument",
            "Principal",
            "RoleName",
        ] {
            let problems = with(name, json!("arn:aws:iam::aws:policy/AdministratorAccess"));
            assert!(problems[0].starts_with(&format!("unknown property `{name}`")), "{problems:?}");
            let parameter = json!({name: "arn:aws:iam::aws:policy/AdministratorAccess"});
            let problems = with("Parameters", parameter);
            assert!(problems[0].starts_with("Parameters: unknown parameter"), "{problems:?}");
        }
    }

    /// V5
    #[test]
    fn an_unknown_preset_is_named_with_the_nearest_one() {
        for (given, said) in [
            (json!({"Preset": "silm"}), "Preset: unknown preset `silm`; did you mean `slim`?"),
            (json!({"Preset": 7}), "Preset: given a number"),
            (json!({}), "Preset: is missing (allowed: "),
        ] {
            let (properties, problems) = read(given);
            assert!(properties.is_none());
            assert!(problems[0].starts_with(said), "{problems:?}");
        }
    }

    #[test]
    fn all_mistakes_are_said_at_once_and_the_rest_is_read_all_the_same() {
        let (properties, problems) = read(json!({
            "Preset": "slim", "Path": "x", "Tags": 7,
            "Parameters": {"InstanceProfile": "no", "SpotFleetTagging": "false"},
        }));
        assert_eq!(problems.len(), 3, "{problems:?}");
        let parameters = properties.unwrap().parameters;
        assert_eq!(parameters["SpotFleetTagging"], parameters::Value::One("false".into()));
        assert_eq!(parameters["InstanceProfile"], parameters::Value::One("true".into()));
    }
}
