//! The properties of a resource from arguments, and their desired state.

use account_presets::iam_preset::{IamPreset, Settings, Wanted};
use account_presets::preset;
use account_presets::preset::schema::Parameter;
use account_presets::state::Account;
use serde_json::{Map, Value, json};

use crate::arguments::{Consent, Given, Place};

/// The default account: the one of AWS's own examples.
pub const EXAMPLE: &str = "123456789012";

/// The properties as a template has them.
///
/// # Errors
///
/// An argument that has no `=`, or a value that is given twice.
pub fn of(preset: &str, given: &Given, consent: &Consent) -> Result<Map<String, Value>, String> {
    let mut properties = Map::from_iter([("Preset".to_owned(), json!(preset))]);
    let mut put = |name: &str, value: Option<Value>| {
        properties.extend(value.map(|value| (name.to_owned(), value)));
    };
    put("Edition", given.edition.as_ref().map(|it| json!(it)));
    put("Path", given.path.as_ref().map(|it| json!(it)));
    put("PermissionsBoundary", given.permissions_boundary.as_ref().map(|it| json!(it)));
    put("MaxSessionDuration", given.max_session_duration.map(|it| json!(it)));
    let tags = given.tags.iter().map(|tag| pair("--tag", tag));
    let tags = tags.map(|tag| tag.map(|(key, value)| json!({"Key": key, "Value": value})));
    let tags = tags.collect::<Result<Vec<_>, _>>()?;
    put("Tags", (!tags.is_empty()).then(|| json!(tags)));
    let parameters = parameters(preset, &given.parameters)?;
    put("Parameters", (!parameters.is_empty()).then_some(Value::Object(parameters)));
    put("AcknowledgeAdminEquivalent", consent.acknowledge_admin_equivalent.then_some(json!(true)));
    put("AdoptExisting", consent.adopt_existing.then_some(json!(true)));
    put("OnForeignAttachment", consent.on_foreign_attachment.as_ref().map(|it| json!(it)));
    Ok(properties)
}

/// Each parameter by its name: a list from values between commas, any other as it is. Whether the
/// preset takes it is not judged here.
fn parameters(preset: &str, given: &[String]) -> Result<Map<String, Value>, String> {
    let known = preset::find(preset);
    let mut parameters: Map<String, Value> = Map::new();
    for text in given {
        let (name, value) = pair("--param", text)?;
        let parameter = known.and_then(|preset| preset.parameters.get(name));
        let value = if matches!(parameter, Some(Parameter::List { .. })) {
            value.split(',').map(|one| json!(one.trim())).collect()
        } else {
            json!(value)
        };
        match (parameters.get_mut(name), value) {
            (Some(Value::Array(before)), Value::Array(more)) => before.extend(more),
            (Some(_), _) => return Err(format!("--param {name}: given twice")),
            (None, value) => drop(parameters.insert(name.to_owned(), value)),
        }
    }
    Ok(parameters)
}

fn pair<'a>(argument: &str, text: &'a str) -> Result<(&'a str, &'a str), String> {
    text.split_once('=')
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| format!("{argument}: given `{text}`, allowed is `Name=Value`"))
}

/// The account that is named, or the one of examples.
///
/// # Errors
///
/// An id that has no twelve digits.
pub fn account(place: &Place, region: Option<&str>) -> Result<Account, String> {
    let id = place.account.as_deref().unwrap_or(EXAMPLE);
    if id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("--account: given `{id}`, allowed are twelve digits"));
    }
    let (partition, region) = (place.partition.clone(), region.unwrap_or("us-east-1").to_owned());
    Ok(Account { partition, id: id.to_owned(), region })
}

/// Returns the desired state of properties in this account, of a provider of this name.
///
/// # Errors
///
/// The mistakes in the properties, in the function's words.
pub fn wanted(
    account: &Account,
    provider: &str,
    properties: &Map<String, Value>,
) -> Result<Wanted, String> {
    let settings = settings(provider);
    let preset = IamPreset::new((), account.clone(), settings);
    // The path of a group names its owner, in the same words for every account.
    let somewhere =
        self::account(&Place { partition: "aws".to_owned(), ..Place::default() }, None)?;
    let stack = stack_id(&somewhere, "stack");
    preset.wanted(&stack, "Preset", properties).map_err(|problems| problems.join("; "))
}

/// Those under which everything is allowed that is acknowledged, with the provider's name.
pub fn settings(provider: &str) -> Settings {
    Settings::open().of_provider(provider)
}

/// The ARN of a stack that is not there yet. CloudFormation will choose the last part.
pub fn stack_id(account: &Account, name: &str) -> String {
    let Account { partition, region, id } = account;
    let unique = "00000000-0000-0000-0000-000000000000";
    format!("arn:{partition}:cloudformation:{region}:{id}:stack/{name}/{unique}")
}
