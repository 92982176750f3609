//! The properties of `Custom::IamPreset`.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::input::{
    MOST_NAMES, boolean, brief, integer, kind, nearest, optional, scalar, unknown, unknown_names,
};
use crate::plan::OnForeignAttachment;
use crate::preset::parameters::{self, Values};
use crate::preset::schema::Parameter;
use crate::preset::{self, Edition, Preset};
use crate::state::{Tags, limits};

/// All that may stand there. `ServiceToken` and `ServiceTimeout` are CloudFormation's own.
const KNOWN: [&str; 14] = [
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
    "UpdateToken",
    "WaitForPropagation",
];

/// The longest time for which the answer waits until IAM shows the new objects, unless the consumer
/// chooses. IAM promises no time; a change is mostly visible within some seconds.
const PROPAGATION: Duration = Duration::from_secs(12);

/// Longest that a consumer may have IAM looked at, in seconds.
const LONGEST_PROPAGATION: i64 = 300;

/// The properties of a `Custom::IamPreset`. An empty string is the same as no value, so that a
/// template can pass on a parameter that is optional.
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
    /// Adopts existing objects that have a name of the preset and no living owner.
    pub adopt_existing: bool,
    /// How to treat a foreign attachment to a role or group of the preset.
    pub on_foreign_attachment: OnForeignAttachment,
    /// The longest time for which the answer waits until IAM shows the new objects; zero for no
    /// wait.
    pub wait_for_propagation: Duration,
}

impl Properties {
    /// Reads properties, and returns a sentence for each mistake with the property, the given value
    /// and the allowed ones. A mistaken property has its default in the result; without a known
    /// preset there is no result.
    ///
    /// `preset` is the preset's name where it is known from elsewhere.
    pub fn read(given: &Map<String, Value>, preset: Option<&str>) -> (Option<Self>, Vec<String>) {
        let get = |name: &str| given.get(name).filter(|value| **value != "");
        let known = preset.and_then(|name| Some((name.to_owned(), preset::find(name)?)));
        let found = known.map_or_else(|| find(get("Preset")), Ok);
        let mut problems = unknown_properties(given, found.as_ref().ok());
        let mut check = |name: &str, problem: String| problems.push(format!("{name}: {problem}"));
        let (name, preset) = match found {
            Ok(found) => found,
            Err(problem) => {
                check("Preset", problem);
                return (None, problems);
            }
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
            let seconds = |problem| format!("{problem}, in seconds");
            integer(given, min.into(), max.into()).map_err(seconds)
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
        let wait = optional(get("WaitForPropagation"), propagation).unwrap_or_else(|problem| {
            check("WaitForPropagation", problem);
            None
        });
        // CloudFormation sends an Update where it changes, and that is all it is for.
        if let Err(problem) = optional(get("UpdateToken"), scalar) {
            check("UpdateToken", problem);
        }
        let empty = Map::new();
        let own = match get("Parameters") {
            Some(Value::Object(own)) => own,
            None => &empty,
            Some(other) => {
                check("Parameters", format!("given {}, {A_MAP}", what(other)));
                &empty
            }
        };
        let is_misplaced =
            |name: &str| KNOWN.contains(&name) && !preset.parameters.contains_key(name);
        let mut placed = own.clone();
        placed.retain(|name, _| !is_misplaced(name));
        let (parameters, wrong) = parameters::read_as_given((&name, preset), &placed);
        problems.extend(wrong);
        let misplaced = own.keys().filter(|name| is_misplaced(name));
        problems.extend(misplaced.map(|name| {
            format!(
                "Parameters: `{name}` is a property of the resource; write it beside Parameters"
            )
        }));
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
            wait_for_propagation: wait.unwrap_or(PROPAGATION),
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

    /// The texts among the parameters that are not their defaults: the names depend on them.
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

/// The form of the property `Parameters`.
const A_MAP: &str = "allowed is a map of the preset's parameters, such as \
                     `Parameters: {UserNames: [alice]}`";

/// Unknown properties, and where each belongs if it is a parameter of the preset.
fn unknown_properties(
    given: &Map<String, Value>,
    found: Option<&(String, &Preset)>,
) -> Vec<String> {
    let parameter = |name: &String| {
        let (preset, of) = found?;
        let parameters = of.parameters.keys().map(String::as_str);
        let meant = nearest(name, parameters).filter(|_| nearest(name, KNOWN).is_none())?;
        Some(if meant == name {
            format!(
                "unknown property `{name}`; `{name}` is a parameter of preset `{preset}`: write it \
                 below Parameters"
            )
        } else {
            format!(
                "unknown property `{}`; did you mean `{meant}`? That is a parameter of preset \
                 `{preset}`: write it below Parameters",
                brief(name)
            )
        })
    };
    let is_known = |name: &&String| KNOWN.contains(&name.as_str());
    let mut of_parameters = Vec::new();
    let mut others: Vec<&String> = Vec::new();
    for name in given.keys().filter(|name| !is_known(name)) {
        // To compare names without end with words takes a time without end.
        let is_early = of_parameters.len() + others.len() < MOST_NAMES;
        match is_early.then(|| parameter(name)).flatten() {
            Some(problem) => of_parameters.push(problem),
            None => others.push(name),
        }
    }
    of_parameters.into_iter().chain(unknown_names("property", others, "", &KNOWN)).collect()
}

/// A given value, for people: a text itself, any other value by its kind.
fn what(given: &Value) -> String {
    let text = given.as_str().map(|text| format!("the string `{}`", brief(text)));
    text.unwrap_or_else(|| kind(given).to_owned())
}

/// The same where a text is wanted.
fn what_text(given: &Value) -> String {
    let text = given.as_str().map(|text| format!("`{}`", brief(text)));
    text.unwrap_or_else(|| kind(given).to_owned())
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

fn propagation(given: &Value) -> Result<Duration, String> {
    match given.as_str() {
        Some("auto") => Ok(PROPAGATION),
        Some("none") => Ok(Duration::ZERO),
        _ => integer(given, 1, LONGEST_PROPAGATION)
            .map(|seconds| Duration::from_secs(seconds.unsigned_abs()))
            .map_err(|problem| format!("{problem}, in seconds, and `auto` and `none`")),
    }
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
    let fits = |path: &str| {
        limits::is_path(path) && path.len() <= limits::PATH && !path.contains(['*', '?', '$'])
    };
    let text = given.as_str().unwrap_or_default();
    if fits(text) && limits::is_path_of_aws(text) {
        return Err(format!(
            "given `{}`, and IAM keeps `/aws-service-role/` and `/aws-reserved/` for AWS's own roles; \
             choose another path",
            brief(text)
        ));
    }
    if fits(text) {
        return Ok(text.to_owned());
    }
    let meant = format!("/{}/", text.trim_matches('/'));
    let meant = if fits(&meant) { format!("; did you mean `{meant}`?") } else { String::new() };
    let length = text.chars().count();
    let count =
        if length > limits::PATH { format!(" ({length} characters)") } else { String::new() };
    let given = what_text(given);
    Err(format!(
        "given {given}{count}, allowed is `/`, or a text that begins and ends with `/`, such as \
         `/team/`, of at most {} characters, without spaces, `*`, `?` and `$`{meant}",
        limits::PATH
    ))
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
        let given = what_text(given);
        Err(format!(
            "given {given}, allowed is the ARN of a managed policy, such as \
             `arn:aws:iam::123456789012:policy/Boundary`"
        ))
    }
}

/// Tags that a consumer may set on an object, beside those that record its owners.
const MOST_TAGS: usize = limits::TAGS - limits::OWN_TAGS;

fn tags(given: &Value) -> Result<Tags, String> {
    let Value::Array(entries) = given else {
        return Err(format!("given {}, allowed is a list of {A_TAG}", what(given)));
    };
    let mut tags = Tags::new();
    for (number, entry) in (1..).zip(entries) {
        let of_entry = |problem: String| format!("entry {number}: {problem}");
        let (key, value) = tag(entry).map_err(of_entry)?;
        if tags.insert(key.as_str().into(), value).is_some() {
            return Err(of_entry(format!(
                "the key `{}` is given twice; to IAM small and capital letters are the same",
                brief(&key)
            )));
        }
    }
    if tags.len() > MOST_TAGS {
        return Err(format!(
            "given {} tags, allowed are at most {MOST_TAGS}: an object of IAM holds {}, and {} say \
             whose it is",
            tags.len(),
            limits::TAGS,
            limits::OWN_TAGS
        ));
    }
    Ok(tags)
}

/// The form of an entry of `Tags`.
const A_TAG: &str = "`{Key: …, Value: …}`, both of them texts";

/// Begins the keys of all tags by which this project remembers something.
const RESERVED: &str = "account-presets:";

fn tag(entry: &Value) -> Result<(String, String), String> {
    let Some(fields) = entry.as_object() else {
        return Err(format!("given {}, allowed is {A_TAG}", what(entry)));
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let (Some(key), Some(value), 2) = (text("Key"), text("Value"), fields.len()) else {
        return Err(format!("given `{}`, allowed is {A_TAG}", brief(&entry.to_string())));
    };
    let plain = |c: char| c.is_alphanumeric() || c == ' ' || "_.:/=+-@".contains(c);
    let fits = |text: &str, most: usize| text.chars().count() <= most && text.chars().all(plain);
    if key.is_empty() || !fits(key, 128) {
        return Err(format!(
            "given the key `{}`, allowed are 1 to 128 letters, digits, spaces and `_.:/=+-@`",
            brief(key)
        ));
    }
    if !fits(value, 256) {
        return Err(format!(
            "given the value `{}` of the key `{}`, allowed are at most 256 letters, digits, spaces \
             and `_.:/=+-@`",
            brief(value),
            brief(key)
        ));
    }
    let begins = key.to_lowercase();
    if begins.starts_with("aws:") || begins.starts_with(RESERVED) {
        return Err(format!(
            "the key `{}` is reserved: keys that begin with `aws:` are AWS's own, and those that \
             begin with `{RESERVED}` say whose an object is; choose another key",
            brief(key)
        ));
    }
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests;
