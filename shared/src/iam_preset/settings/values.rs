//! The texts that consumers may choose: names, prefixes, ARNs, principals, paths, tags.

use std::collections::BTreeMap;

use crate::input::{brief, unknown};
use crate::preset::parameters::{Value, Values};
use crate::preset::schema::{ALLOWED_VALUES, Setting};
use crate::preset::{Preset, settings};
use crate::state::Tags;
use grammar::glob;

use super::wrong_setting;

/// Values of one parameter that a refusal names; it counts the rest.
const MOST_VALUES: usize = 3;

/// Properties of every preset on which other policies of the account may depend: they grant by a
/// principal's path and by its tags. An operator of an account with these policies limits the
/// properties.
const PATH: &str = "Path";
/// Each as `Key=Value`.
const TAGS: &str = "Tags";

/// The variable for all but the names that shape the function's role.
pub(super) const ALLOWED_VALUES_VARIABLE: &str = "ALLOWED_VALUES";

/// The allowed patterns of each parameter that has a setting, by `preset.Parameter`, and of the
/// properties of every preset.
#[derive(Clone, Debug)]
pub(super) struct AllowedValues(BTreeMap<String, Vec<String>>);

impl AllowedValues {
    /// Everything is allowed.
    pub(super) fn open() -> Self {
        let parameters = settings().into_keys().map(|name| (name, vec!["*".to_owned()]));
        AllowedValues(parameters.chain(properties()).collect())
    }

    /// Reads the two variables: entries `preset.Parameter=pattern`, separated by spaces. A
    /// variable's entries for a parameter replace the preset's own `allows`. `ALLOWED_NAMES` comes
    /// from parameters of the template that also shape the function's role, so `ALLOWED_VALUES`
    /// cannot allow more of these.
    pub(super) fn read<'a>(
        get: impl Fn(&str) -> Option<&'a str>,
        problems: &mut Vec<String>,
    ) -> Self {
        let settings = settings();
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (variable, is_for) in [
            ("ALLOWED_NAMES", is_names as fn(&Setting) -> bool),
            (ALLOWED_VALUES_VARIABLE, is_values),
        ] {
            let parameters = settings.iter().filter(|(_, setting)| is_for(setting));
            let mut known: Vec<String> = parameters.map(|(name, _)| name.clone()).collect();
            if variable == ALLOWED_VALUES_VARIABLE {
                known.extend(properties().map(|(name, _)| name));
            }
            for entry in get(variable).unwrap_or_default().split_whitespace() {
                match entry.split_once('=') {
                    Some((name, pattern)) if known.iter().any(|known| known == name) => {
                        if let Some(form) = other_form(name, pattern) {
                            let entry = brief(entry);
                            let problem = format!("given `{entry}`, allowed is {form}");
                            problems.push(wrong_setting(variable, &problem));
                        }
                        given.entry(name.to_owned()).or_default().push(pattern.to_owned());
                    }
                    Some((name, _)) => {
                        let known: Vec<&str> = known.iter().map(String::as_str).collect();
                        let problem = unknown("parameter", &brief(name), &known);
                        problems.push(wrong_setting(variable, &problem));
                    }
                    None => {
                        let entry = brief(entry);
                        let problem =
                            format!("given `{entry}`, allowed is `preset.Parameter=pattern`");
                        problems.push(wrong_setting(variable, &problem));
                    }
                }
            }
        }
        let usual = settings.into_iter().map(|(name, setting)| (name, setting.allows));
        AllowedValues(usual.chain(properties()).chain(given).collect())
    }

    /// Whether this text is allowed for a parameter of a preset.
    pub(super) fn allows(&self, preset: &str, parameter: &str, text: &str) -> bool {
        let allowed = self.0.get(&format!("{preset}.{parameter}"));
        allowed.is_none_or(|allowed| allowed.iter().any(|pattern| glob::matches(pattern, text)))
    }

    /// A sentence for a path, and one for tags, that are not allowed.
    pub(super) fn of_properties(&self, path: &str, tags: &Tags) -> Vec<String> {
        let tags: Vec<String> =
            tags.iter().map(|(key, value)| format!("{}={value}", key)).collect();
        let refusal = |(property, texts): (&str, &[String])| {
            let allowed = self.0.get(property).map(Vec::as_slice).unwrap_or_default();
            let refused = refused(texts, allowed);
            // A tag has a key: nothing is the same as none.
            let allowed: Vec<String> =
                allowed.iter().filter(|it| !it.is_empty()).cloned().collect();
            (!refused.is_empty()).then(|| {
                format!(
                    "{property}: given {}, allowed in this account {}; the operator of the \
                     provider allows others with an entry `{property}=…` in parameter \
                     {ALLOWED_VALUES} of the provider's stack",
                    quoted(&refused),
                    allowed_texts(&allowed),
                )
            })
        };
        [(PATH, &[path.to_owned()][..]), (TAGS, &tags)].into_iter().filter_map(refusal).collect()
    }

    /// A sentence for each parameter with a value that is not allowed and that `matters`.
    pub(super) fn refusals(
        &self,
        (name, preset): (&str, &Preset),
        values: &Values,
        matters: impl Fn(&str) -> bool,
    ) -> Vec<String> {
        let refusal = |(parameter, value): (&String, &Value)| {
            let setting = preset.parameters.get(parameter)?.setting()?;
            let key = format!("{name}.{parameter}");
            let allowed = self.0.get(&key).map(Vec::as_slice).unwrap_or_default();
            let texts = match value {
                Value::One(text) => std::slice::from_ref(text),
                Value::List(texts) => texts,
            };
            let refused = refused(texts, allowed);
            (!refused.is_empty() && matters(parameter)).then(|| {
                let entry = match is_values(setting) {
                    true => format!("an entry `{key}=…` in "),
                    false => String::new(),
                };
                format!(
                    "Parameters.{parameter}: {}, allowed in this account {}; the operator of the \
                     provider allows others with {entry}parameter {} of the provider's stack",
                    given(&refused),
                    allowed_texts(allowed),
                    setting.parameter,
                )
            })
        };
        values.iter().filter_map(refusal).collect()
    }
}

/// Those of these texts that no pattern allows.
fn refused<'a>(texts: &'a [String], allowed: &[String]) -> Vec<&'a str> {
    let is_allowed = |text: &str| allowed.iter().any(|pattern| glob::matches(pattern, text));
    texts.iter().map(String::as_str).filter(|text| !is_allowed(text)).collect()
}

/// The properties of every preset, and the patterns that are allowed unless the operator sets
/// others: everything, since only the account knows whether a policy depends on them.
fn properties() -> impl Iterator<Item = (String, Vec<String>)> {
    [PATH, TAGS].into_iter().map(|name| (name.to_owned(), vec!["*".to_owned()]))
}

/// The form of an entry for a path or a tag, if this one has another form.
fn other_form(name: &str, pattern: &str) -> Option<&'static str> {
    let any = ['/', '*', '?'];
    match name {
        PATH if !pattern.starts_with(any) || !pattern.ends_with(any) => {
            Some("`Path=/…/`, such as `Path=/` or `Path=/teams/*`")
        }
        TAGS if !pattern.is_empty() && pattern != "*" && !pattern.contains('=') => {
            Some("`Tags=Key=pattern`, such as `Tags=CostCenter=*`, or `Tags=` for no tags")
        }
        _ => None,
    }
}

fn is_values(setting: &Setting) -> bool {
    setting.parameter == ALLOWED_VALUES
}

fn is_names(setting: &Setting) -> bool {
    !is_values(setting)
}

/// Allowed patterns, in words: that a text matches itself says nothing.
fn allowed_texts(patterns: &[String]) -> String {
    let phrase = |pattern: &String| match pattern.strip_suffix('*') {
        _ if pattern.is_empty() => "the empty text".to_owned(),
        Some("") => "any text".to_owned(),
        Some(start) if !start.contains(['*', '?']) => format!("what begins with `{start}`"),
        _ if pattern.contains(['*', '?']) => {
            format!("what fits `{pattern}` (`*` is any text and `?` one character)")
        }
        _ => format!("`{pattern}`"),
    };
    let phrases: Vec<String> = patterns.iter().map(phrase).collect();
    match phrases.as_slice() {
        [] => "is none".to_owned(),
        phrases => format!("is only {}", phrases.join(" or ")),
    }
}

/// A text can only be empty because it has a default that is.
fn given(texts: &[&str]) -> String {
    match texts {
        [""] => "nothing given".to_owned(),
        texts => format!("given {}", quoted(texts)),
    }
}

fn quoted(texts: &[&str]) -> String {
    let named: Vec<String> =
        texts.iter().take(MOST_VALUES).map(|text| format!("`{}`", brief(text))).collect();
    match texts.len().saturating_sub(MOST_VALUES) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::{self, parameters};
    use serde_json::{Map, Value as Json, json};

    fn refusals(settings: &[(&str, &'static str)], name: &str, given: Json) -> String {
        let mut problems = Vec::new();
        let get = |asked: &str| {
            settings.iter().find(|(known, _)| *known == asked).map(|(_, value)| *value)
        };
        let allowed = AllowedValues::read(get, &mut problems);
        let preset = preset::find(name).unwrap();
        let (values, wrong) = parameters::read(preset, given.as_object().unwrap());
        assert!(wrong.iter().all(|problem| problem.contains("required with")), "{wrong:?}");
        problems.extend(allowed.refusals((name, preset), &values, |_| true));
        problems.join("; ")
    }

    /// The template allows the same, unless its operator sets other patterns: a test of the
    /// template holds both together.
    /// Threat 1
    #[test]
    fn what_a_preset_has_by_default_is_allowed_by_default() {
        for name in preset::names() {
            let empty = AllowedValues::read(|_| None, &mut Vec::new());
            let preset = preset::find(name).unwrap();
            let (values, _) = parameters::read(preset, &Map::new());
            assert_eq!(empty.refusals((name, preset), &values, |_| true), Vec::<String>::new());
        }
    }

    /// V20, Threat 1, Threat 4
    #[test]
    fn a_text_that_the_operator_does_not_allow_is_refused_by_its_name() {
        let foreign = "arn:aws:kms:eu-west-1:064157540096:key/0a";
        let secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:payroll-AbCdEf";
        for (name, parameter, given, allowed, by) in [
            ("lithops", "NamePrefix", json!("team-"), "the empty text", "LithopsNamePrefix"),
            ("lithops", "BucketNames", json!(["payroll"]), "none", "AllowedValues"),
            ("slim", "NamePrefix", json!("account-presets"), "the empty text", "SlimNamePrefix"),
            ("slim", "BucketNames", json!(["payroll"]), "none", "AllowedValues"),
            ("skypilot", "BucketNames", json!(["payroll"]), "none", "AllowedValues"),
            ("skypilot", "RoleName", json!("team-a"), "`skypilot-v1`", "SkyPilotRoleName"),
            ("skypilot", "PolicyName", json!("a"), "`minimal-skypilot", "SkyPilotPolicyName"),
            ("orchestra", "PolicyName", json!("A"), "`OrchestraEcsC", "OrchestraPolicyName"),
            (
                "orchestra",
                "ModuleNamePrefix",
                json!("acme-x"),
                "`orch",
                "OrchestraModuleNamePrefix",
            ),
            ("orchestra", "OrchestraAwsAccountId", json!("064157540096"), "`3555", "AllowedValues"),
            ("orchestra", "Secrets", json!([secret]), "none", "AllowedValues"),
            ("orchestra", "KmsKeyArns", json!([foreign]), "none", "AllowedValues"),
            ("zappa", "NamePrefix", json!("acme-"), "with `tr-`", "ZappaNamePrefix"),
            ("zappa", "Deployments", json!(["tr-x-dev", "a-dev"]), "with `tr-`", "ZappaNamePrefix"),
        ] {
            let text = given.as_str().or(given.as_array().and_then(|them| them.last()?.as_str()));
            let refused = refusals(&[], name, json!({parameter: given}));
            let begins = format!("Parameters.{parameter}: given `{}`, allowed", text.unwrap());
            assert!(refused.starts_with(&begins), "{refused}");
            assert!(refused.contains(allowed) && refused.contains(by), "{refused}");
            assert!(!refused.contains("tr-x-dev"), "{refused}");
        }
    }

    /// Threat 1
    #[test]
    fn what_the_operator_says_stands_instead_of_the_default() {
        let names = [("ALLOWED_NAMES", "lithops.NamePrefix=team-* zappa.Deployments=tr-*")];
        assert_eq!(refusals(&names, "lithops", json!({"NamePrefix": "team-a"})), "");
        let refused = refusals(&names, "lithops", json!({}));
        assert!(
            refused.starts_with(
                "Parameters.NamePrefix: nothing given, allowed in this account is only what begins \
                 with `team-`"
            ),
            "{refused}"
        );
        assert_eq!(refusals(&names, "slim", json!({})), "");
        let none = [("ALLOWED_NAMES", "lithops.NamePrefix=")];
        assert_eq!(refusals(&none, "lithops", json!({})), "");
        let two = "lithops.BucketNames=genomes lithops.BucketNames=team-?";
        let two = [("ALLOWED_VALUES", two)];
        assert_eq!(refusals(&two, "lithops", json!({"BucketNames": ["genomes", "team-a"]})), "");
        let refused =
            refusals(&two, "lithops", json!({"BucketNames": ["a-1", "a-2", "a-3", "a-4"]}));
        assert!(refused.contains("given `a-1`, `a-2`, `a-3` and 1 more, allowed"), "{refused}");
        assert!(
            refused.contains(
                "is only `genomes` or what fits `team-?` (`*` is any text and `?` one character); \
                 the operator of the provider allows others with an entry `lithops.BucketNames=…` \
                 in parameter AllowedValues of the provider's stack"
            ),
            "{refused}"
        );
    }

    /// Threat 1
    #[test]
    fn an_entry_that_is_none_is_a_problem() {
        for (variable, entry, said) in [
            ("ALLOWED_VALUES", "payroll", "allowed is `preset.Parameter=pattern`"),
            ("ALLOWED_VALUES", "lithops.BucketName=x", "did you mean `lithops.BucketNames`"),
            ("ALLOWED_VALUES", "Tag=team", "did you mean `Tags`"),
            ("ALLOWED_NAMES", "Path=/", "Path"),
            ("ALLOWED_VALUES", "Path=team", "given `Path=team`, allowed is `Path=/…/`, such as"),
            ("ALLOWED_VALUES", "Path=/team", "given `Path=/team`, allowed is"),
            ("ALLOWED_VALUES", "Path=", "given `Path=`, allowed is"),
            ("ALLOWED_VALUES", "Tags=Cost*", "given `Tags=Cost*`, allowed is `Tags=Key=pattern`"),
            // Its own parameter of the template shapes the function's role.
            ("ALLOWED_VALUES", "lithops.NamePrefix=x", "lithops.NamePrefix"),
            ("ALLOWED_NAMES", "lithops.BucketNames=x", "lithops.BucketNames"),
            ("ALLOWED_VALUES", "lithops.UserNames=x", "lithops.UserNames"),
        ] {
            let refused = refusals(&[(variable, entry)], "lithops", json!({}));
            assert!(refused.contains(variable) && refused.contains(said), "{refused}");
            let parameter = variable == "ALLOWED_NAMES" || refused.contains("AllowedValues");
            assert!(parameter && refused.contains("of the provider's stack"), "{refused}");
        }
    }

    /// Threat 20
    #[test]
    fn paths_and_tags_are_any_until_the_operator_says_which() {
        let refusals = |values: &'static str, path: &str, tags: &[(&str, &str)]| {
            let mut problems = Vec::new();
            let get = |asked: &str| (asked == "ALLOWED_VALUES").then_some(values);
            let allowed = AllowedValues::read(get, &mut problems);
            let tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).to_owned()));
            problems.extend(allowed.of_properties(path, &tags.collect()));
            problems.join("; ")
        };
        let team = [("team", "payroll-admins")];
        assert_eq!(refusals("", "/payroll/admins/", &team), "");
        let closed = "Path=/ Tags=";
        assert_eq!(refusals(closed, "/", &[]), "");
        assert_eq!(
            refusals(closed, "/payroll/admins/", &team),
            "Path: given `/payroll/admins/`, allowed in this account is only `/`; the operator of \
             the provider allows others with an entry `Path=…` in parameter AllowedValues of the \
             provider's stack; Tags: given `team=payroll-admins`, allowed in this account is none; \
             the operator of the provider allows others with an entry `Tags=…` in parameter \
             AllowedValues of the provider's stack"
        );
        let some = "Path=/ Path=/teams/* Tags=CostCenter=* Tags=env=test";
        assert_eq!(refusals(some, "/teams/a/", &[("CostCenter", "7"), ("env", "test")]), "");
        assert!(refusals(some, "/x/teams/a/", &[]).starts_with("Path: "));
        let refused = refusals(some, "/", &[("CostCenter", "7"), ("env", "live")]);
        assert!(refused.starts_with("Tags: given `env=live`, allowed"), "{refused}");
    }

    /// Threat 1
    #[test]
    fn what_does_not_matter_is_not_refused() {
        let allowed = AllowedValues::read(|_| None, &mut Vec::new());
        let preset = preset::find("slim").unwrap();
        let given = json!({"NamePrefix": "team-"});
        let (values, _) = parameters::read(preset, given.as_object().unwrap());
        assert_eq!(allowed.refusals(("slim", preset), &values, |_| false), Vec::<String>::new());
    }
}
