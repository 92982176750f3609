//! The names that a stack may choose, as the template writes them: a parameter by which the
//! operator allows them, or a wildcard as narrow as the names are.

use account_presets::preset::Preset;
use account_presets::preset::parameters::{Value, Values};
use account_presets::preset::schema::{ALLOWED_VALUES, Parameter, Setting};
use regex_lite::Regex;

use super::Catalogue;

/// A parameter of the template by which the operator allows names.
pub struct NameParameter {
    /// As it is called in the template.
    pub name: String,
    /// The preset's own name or prefix, which is allowed unless the operator sets another.
    pub default: String,
    /// Characters of the longest name.
    pub longest: usize,
    /// The pattern of the operator's values.
    pub pattern: String,
    /// The parameter's description in the template.
    pub description: String,
}

/// The settings of a preset that have a parameter of the template of their own.
fn settings(preset: &Preset) -> impl Iterator<Item = (&String, &Parameter, &Setting)> {
    let settings = preset.parameters.iter();
    let settings = settings.filter_map(|(name, it)| Some((name, it, it.setting()?)));
    settings.filter(|(_, _, setting)| setting.parameter != ALLOWED_VALUES)
}

/// The pattern that is allowed by default, up to its first wildcard: the default of the template's
/// parameter.
fn stem(setting: &Setting) -> &str {
    let allowed = setting.allows.first().map(String::as_str).unwrap_or_default();
    allowed.split(['*', '?']).next().unwrap_or_default()
}

/// The allowed pattern, with the template's parameter in the place of its default.
fn allowed(setting: &Setting) -> String {
    let allowed = setting.allows.first().map(String::as_str).unwrap_or_default();
    format!("${{{}}}{}", setting.parameter, allowed.strip_prefix(stem(setting)).unwrap_or_default())
}

/// A parameter of a preset by its name, and the operator's setting for it.
type Named<'a> = (&'a String, &'a Parameter, &'a Setting);

/// The template's parameters, in the order of the presets.
///
/// # Errors
///
/// A setting of a preset cannot be a parameter of the template.
pub fn parameters(catalogue: &Catalogue) -> Result<Vec<NameParameter>, String> {
    let mut by_name: Vec<(String, &str, &Preset, Vec<Named<'_>>)> = Vec::new();
    for (name, preset) in catalogue {
        for setting in settings(preset) {
            let parameter = &setting.2.parameter;
            match by_name.iter_mut().find(|(known, ..)| known == parameter) {
                Some((_, _, _, those)) => those.push(setting),
                None => by_name.push((parameter.clone(), name, preset, vec![setting])),
            }
        }
    }
    let parameters = by_name.into_iter();
    parameters.map(|(name, of, preset, those)| parameter(name, of, preset, &those)).collect()
}

fn parameter(
    name: String,
    of: &str,
    preset: &Preset,
    settings: &[Named<'_>],
) -> Result<NameParameter, String> {
    let wrong = |problem: &str| format!("{of}.yaml: setting `{name}`: {problem}");
    if settings.iter().any(|(_, _, setting)| setting.allows.len() != 1) {
        return Err(wrong("`allows` has to be one text, the default of the template's parameter"));
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(wrong("allowed in a name of the template are letters and digits"));
    }
    let default = stem(settings[0].2).to_owned();
    if settings.iter().any(|(_, _, setting)| stem(setting) != default) {
        return Err(wrong("what it allows by default begins in several ways; take another name"));
    }
    let counted = settings.iter().find_map(|(_, parameter, _)| counted(parameter));
    let Some((class, longest)) = counted else {
        return Err(wrong(
            "no pattern that counts characters, such as `[a-z-]{1,25}`; give the parameter one, or \
             leave `parameter` out, so that `AllowedValues` limits it",
        ));
    };
    let words: Vec<&str> = settings.iter().map(|(name, ..)| name.as_str()).collect();
    let whole = |name: &&str| is_a_whole_name(preset, name);
    let (pattern, description) = if let ([word], true) =
        (words.as_slice(), words.iter().any(&whole))
    {
        // Not * alone: it would be every name of the account.
        let inside = &class[1..class.len() - 1];
        let said =
            format!("The {word} of the preset {of}. With a * at its end, all names that begin so.");
        (format!("{class}[*{inside}]*"), said)
    } else {
        let said = match words.as_slice() {
            [word] => {
                format!("The {word} of the preset {of}. With a * at its end, all that begin so.")
            }
            words => format!("What {} of the preset {of} begin with.", listed(words)),
        };
        (format!(r"{class}*\*?"), said)
    };
    Ok(NameParameter { name, default, longest, pattern, description })
}

/// The characters of a pattern that counts them, and the longest text that fits it.
fn counted(parameter: &Parameter) -> Option<(String, usize)> {
    let (Parameter::String { pattern, .. } | Parameter::List { pattern, .. }) = parameter else {
        return None;
    };
    let form = Regex::new(r"^(\[[^\]]*\])?(\[[^\]]*\])\{\d+,(\d+)\}([\w-]*)$").unwrap();
    let parts = form.captures(pattern.as_deref()?)?;
    let counted: usize = parts[3].parse().unwrap();
    let longest = usize::from(parts.get(1).is_some()) + counted + parts[4].len();
    Some((parts[2].to_owned(), longest))
}

/// Whether an object's whole name is the value of the parameter.
fn is_a_whole_name(preset: &Preset, parameter: &str) -> bool {
    let name = format!("${{{parameter}}}");
    (preset.policies.iter().map(|it| &it.name))
        .chain(preset.roles.iter().map(|it| &it.name))
        .chain(preset.groups.iter().map(|it| &it.name))
        .chain(preset.instance_profiles.iter().map(|it| &it.name))
        .any(|it| *it == name)
}

fn listed(words: &[&str]) -> String {
    let (last, rest) = words.split_last().unwrap();
    format!("{} and {last}", rest.join(", "))
}

/// The function's settings: `preset.Parameter`, and the allowed pattern.
pub fn told(catalogue: &Catalogue) -> Vec<(String, String)> {
    let settings = catalogue
        .iter()
        .flat_map(|(name, preset)| settings(preset).map(move |setting| (name, setting)));
    let told = settings
        .map(|(name, (parameter, _, setting))| (format!("{name}.{parameter}"), allowed(setting)));
    told.collect()
}

/// A value for each parameter that stands for all that stacks may choose.
pub fn values(preset: &Preset) -> Values {
    let value = |(name, parameter): (&String, &Parameter)| {
        let texts = stand_ins(parameter);
        let value = match parameter {
            Parameter::List { .. } => Value::List(texts),
            Parameter::String { .. }
            | Parameter::Boolean { .. }
            | Parameter::Integer { .. }
            | Parameter::Enum { .. } => Value::One(texts.into_iter().next().unwrap_or_default()),
        };
        (name.clone(), value)
    };
    preset.parameters.iter().map(value).collect()
}

fn stand_ins(parameter: &Parameter) -> Vec<String> {
    if let Some(setting) = parameter.setting().filter(|it| it.parameter != ALLOWED_VALUES) {
        return vec![allowed(setting)];
    }
    let (Parameter::String { pattern: Some(pattern), .. }
    | Parameter::List { pattern: Some(pattern), .. }) = parameter
    else {
        return vec!["*".to_owned()];
    };
    let fixed = Regex::new(r"^\[[^\]]*\]\{(\d+)\}$").unwrap();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '|';
    if let Some(parts) = fixed.captures(pattern) {
        vec!["?".repeat(parts[1].parse().unwrap())]
    } else if matches!(parameter, Parameter::List { .. }) && pattern.chars().all(is_plain) {
        pattern.split('|').map(str::to_owned).collect()
    } else {
        vec!["*".to_owned()]
    }
}
