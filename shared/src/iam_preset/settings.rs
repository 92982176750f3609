//! The presets, editions and values that the operator of the provider allows.

mod values;

use std::collections::BTreeSet;

use super::marked::Marked;
use super::properties::Properties;
use crate::input::{brief, unknown};
use crate::preset::{self, Edition, Wish};
use values::AllowedValues;

/// The operator's settings, from the function's environment.
///
/// | variable | meaning | without it |
/// | --- | --- | --- |
/// | `ALLOWED_PRESETS` | presets, separated by commas | all |
/// | `ALLOWED_EDITIONS` | editions, separated by commas | all |
/// | `ALLOW_ADMIN_EQUIVALENT` | `true`: administrator's rights are allowed as well | refused |
/// | `PERMISSIONS_BOUNDARY` | ARN of the boundary that every role has to have | none |
/// | `PROVIDER_NAME` | begins the names of the provider's own functions, roles and log groups, which no document of a preset may reach | `account-presets` |
/// | `ALLOWED_NAMES`, `ALLOWED_VALUES` | names, ARNs and principals that stacks may choose: entries `preset.Parameter=pattern`, separated by spaces; the second also `Path=pattern` and `Tags=Key=pattern` | each preset's `allows`; any path and tags |
///
/// They hold for Create and Update. A Delete is always served.
#[derive(Clone, Debug)]
pub struct Settings {
    presets: BTreeSet<String>,
    editions: BTreeSet<String>,
    admin_equivalent: bool,
    permissions_boundary: Option<String>,
    values: AllowedValues,
    provider: String,
    problems: Vec<String>,
}

const EDITIONS: [Edition; 3] = [Edition::Documented, Edition::Current, Edition::Hardened];

impl Settings {
    /// Nothing is forbidden that the consumer acknowledges.
    pub fn open() -> Self {
        let values = AllowedValues::open();
        Settings { admin_equivalent: true, values, ..Settings::read(|_| None) }
    }

    /// Reads the variables. An invalid value forbids everything: the operator's intention is not
    /// known. So does a list without a word; other empty values are the same as none.
    pub fn read<'a>(given: impl Fn(&str) -> Option<&'a str>) -> Self {
        let get = |name: &str| given(name).filter(|value| !value.is_empty());
        let mut problems = Vec::new();
        let mut list = |name: &str, what: &str, known: &[&str]| -> BTreeSet<String> {
            let words = given(name).into_iter().flat_map(|text| text.split(','));
            let words: BTreeSet<&str> =
                words.map(str::trim).filter(|word| !word.is_empty()).collect();
            let wrong = words.iter().filter(|word| !known.contains(*word));
            problems.extend(wrong.map(|word| wrong_setting(name, &unknown(what, word, known))));
            let is_left_out = given(name).is_none();
            if words.is_empty() && !is_left_out {
                let problem = format!("given none, allowed are `{}`", known.join("`, `"));
                problems.push(wrong_setting(name, &problem));
            }
            let all = if is_left_out { known.iter().copied().collect() } else { words };
            all.into_iter().map(str::to_owned).collect()
        };
        let presets = list("ALLOWED_PRESETS", "preset", &preset::names());
        let editions = list("ALLOWED_EDITIONS", "edition", &EDITIONS.map(Edition::as_str));
        let admin_equivalent = match get("ALLOW_ADMIN_EQUIVALENT") {
            Some("true") => true,
            Some("false") | None => false,
            Some(other) => {
                let problem = format!("given `{}`, allowed are `true` and `false`", brief(other));
                problems.push(wrong_setting("ALLOW_ADMIN_EQUIVALENT", &problem));
                false
            }
        };
        let permissions_boundary = get("PERMISSIONS_BOUNDARY").map(str::to_owned);
        let values = AllowedValues::read(get, &mut problems);
        let provider = get("PROVIDER_NAME").unwrap_or(preset::PROVIDER).to_owned();
        Settings {
            presets,
            editions,
            admin_equivalent,
            permissions_boundary,
            values,
            provider,
            problems,
        }
    }

    /// The same of a provider of another name.
    pub fn of_provider(self, name: &str) -> Self {
        Settings { provider: name.to_owned(), ..self }
    }

    /// The prefix of the names of the provider's own objects.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// The boundary that every role has to have.
    pub fn permissions_boundary(&self) -> Option<&String> {
        self.permissions_boundary.as_ref()
    }

    /// Whether consumers may choose this text for a parameter of a preset.
    pub(super) fn allows(&self, preset: &str, parameter: &str, text: &str) -> bool {
        self.values.allows(preset, parameter, text)
    }

    /// Whether consumers may have this edition.
    pub(super) fn may_have(&self, edition: Edition) -> bool {
        self.editions.contains(edition.as_str())
    }

    /// Why administrator's rights, for these reasons, are not allowed.
    pub(super) fn of_administrators(
        &self,
        properties: &Properties,
        reasons: &[String],
    ) -> Vec<String> {
        let instead = Some("detach that policy first".to_owned());
        let marked = Marked { reasons: reasons.to_vec(), instead, ..Marked::default() };
        self.administrators(properties, &marked)
    }

    /// Names everything that has to be said for it at once, the operator's word and the stack's.
    fn administrators(&self, properties: &Properties, admin: &Marked) -> Vec<String> {
        let reasons = admin.reasons.join("; ");
        if !reasons.is_empty() && !self.admin_equivalent {
            let instead = instead("; ", admin, " instead");
            let and_acknowledge = if properties.acknowledge_admin_equivalent {
                ""
            } else {
                ", and the stack AcknowledgeAdminEquivalent"
            };
            vec![format!(
                "{} administrator's rights, which the operator of the provider does not allow{instead}; \
                 or let the operator set parameter AllowAdminEquivalent of the provider's stack to \
                 `true`{and_acknowledge}: {reasons}",
                admin.which("amounts to")
            )]
        } else if !reasons.is_empty() && !properties.acknowledge_admin_equivalent {
            let instead = instead(", or ", admin, "");
            vec![format!(
                "AcknowledgeAdminEquivalent: set it to true if you want what amounts to \
                 administrator's rights{}{instead}: {reasons}",
                admin.in_brackets()
            )]
        } else {
            Vec::new()
        }
    }

    /// Why this is not allowed, a sentence for each reason. `admin` and `unbounded` are the
    /// preset's marks that apply to the wish.
    pub(super) fn refusals(
        &self,
        properties: &Properties,
        wish: &Wish,
        admin: &Marked,
        unbounded: &Marked,
    ) -> Vec<String> {
        // Without valid settings, the allowed values are not known.
        if !self.problems.is_empty() {
            return vec![format!(
                "the provider is not set up well, so that it allows nothing: {}; tell the operator of the \
                 provider",
                self.problems.join("; ")
            )];
        }
        let mut refusals = Vec::new();
        let edition = properties.edition.as_str();
        for (property, given, allowed, by) in [
            ("Preset", properties.name.as_str(), &self.presets, "AllowedPresets"),
            ("Edition", edition, &self.editions, "AllowedEditions"),
        ] {
            if !allowed.contains(given) {
                let allowed: Vec<&str> = allowed.iter().map(String::as_str).collect();
                refusals.push(format!(
                    "{property}: `{given}` is not allowed in this account (allowed: `{}`); the \
                     operator of the provider allows others with parameter {by} of the provider's \
                     stack",
                    allowed.join("`, `")
                ));
            }
        }
        let matters = |parameter: &str| wish.depends_on(properties.preset, parameter);
        let of = (properties.name.as_str(), properties.preset);
        refusals.extend(self.values.refusals(of, &properties.parameters, matters));
        refusals.extend(self.values.of_properties(&properties.path, &properties.tags));
        refusals.extend(self.administrators(properties, admin));
        if let Some(boundary) = &self.permissions_boundary {
            let given = properties.permissions_boundary.as_ref();
            if let Some(given) = given.filter(|given| *given != boundary) {
                refusals.push(format!(
                    "PermissionsBoundary: given `{}`, allowed in this account is only `{boundary}`, \
                     which every role of a preset has (parameter PermissionsBoundary of the \
                     provider's stack); leave the property out",
                    brief(given)
                ));
            }
            let instead = instead("; ", unbounded, " instead");
            refusals.extend(unbounded.reasons.iter().map(|reason| {
                format!(
                    "{} under the boundary of this account: {reason}{instead}; parameter \
                     PermissionsBoundary of the provider's stack sets that boundary",
                    unbounded.which("cannot live")
                )
            }));
        }
        refusals
    }
}

/// A problem of the function's environment, and where the operator sets it.
fn wrong_setting(variable: &str, problem: &str) -> String {
    let parameters = match variable {
        "ALLOWED_PRESETS" => "parameter AllowedPresets",
        "ALLOWED_EDITIONS" => "parameter AllowedEditions",
        "ALLOW_ADMIN_EQUIVALENT" => "parameter AllowAdminEquivalent",
        values::ALLOWED_VALUES_VARIABLE => "parameter AllowedValues",
        _ => "a parameter for names",
    };
    format!("{parameters} of the provider's stack (variable {variable} of the function): {problem}")
}

/// The way out that least privilege has, between these words.
fn instead(before: &str, marked: &Marked, after: &str) -> String {
    marked.instead.as_ref().map(|way| format!("{before}{way}{after}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Account, Owner};
    use serde_json::{Value, json};

    const BOUNDARY: &str = "arn:aws:iam::123456789012:policy/Boundary";

    fn refusals(settings: &[(&str, &'static str)], given: Value) -> String {
        let settings = Settings::read(|name| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
        });
        let (properties, problems) = Properties::read(given.as_object().unwrap(), None);
        assert_eq!(problems, Vec::<String>::new());
        let way = "choose Edition `hardened`".to_owned();
        let some = &Marked {
            reasons: vec!["any role".to_owned()],
            instead: Some(way),
            chosen: vec![("Edition".to_owned(), "current".to_owned())],
        };
        let none = &Marked::default();
        let properties = properties.unwrap();
        let admin = if properties.name == "slim" { some } else { none };
        let unbounded = if properties.name == "orchestra" { some } else { none };
        let wish = wish(&properties);
        settings.refusals(&properties, &wish, admin, unbounded).join("; ")
    }

    fn wish(properties: &Properties) -> Wish {
        Wish {
            account: Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap(),
            owner: Owner::new("stack", "Preset"),
            provider: preset::PROVIDER.to_owned(),
            edition: properties.edition,
            parameters: properties.parameters.clone(),
            path: properties.path.clone(),
            permissions_boundary: None,
            tags: properties.tags.clone(),
            max_session_duration: properties.max_session_duration,
        }
    }

    /// Threat 1, Threat 9
    #[test]
    fn only_the_allowed_presets_and_editions_are_served() {
        let settings = [("ALLOWED_PRESETS", "skypilot, zappa"), ("ALLOWED_EDITIONS", "hardened")];
        assert_eq!(refusals(&settings, json!({"Preset": "zappa", "Edition": "hardened"})), "");
        assert_eq!(
            refusals(&settings, json!({"Preset": "lithops", "Edition": "current"})),
            "Preset: `lithops` is not allowed in this account (allowed: `skypilot`, `zappa`); the \
             operator of the provider allows others with parameter AllowedPresets of the provider's \
             stack; Edition: `current` is not allowed in this account (allowed: `hardened`); the \
             operator of the provider allows others with parameter AllowedEditions of the provider's \
             stack"
        );
        assert_eq!(refusals(&[], json!({"Preset": "lithops"})), "");
    }

    /// Threat 2
    #[test]
    fn what_amounts_to_administrator_takes_the_operators_and_the_consumers_word() {
        let acknowledged = json!({"Preset": "slim", "AcknowledgeAdminEquivalent": true});
        let silent = json!({"Preset": "slim"});
        let open = [("ALLOW_ADMIN_EQUIVALENT", "true")];
        assert_eq!(refusals(&open, acknowledged.clone()), "");
        let refused = refusals(&open, silent);
        assert!(
            refused.starts_with("AcknowledgeAdminEquivalent: set it to true")
                && refused.contains("administrator's rights (Edition `current`), or choose")
                && refused.ends_with(", or choose Edition `hardened`: any role"),
            "{refused}"
        );
        for settings in [&[][..], &[("ALLOW_ADMIN_EQUIVALENT", "false")]] {
            let refused = refusals(settings, acknowledged.clone());
            assert!(
                refused.starts_with("Edition: given `current`, which amounts to administrator's")
                    && refused.ends_with(
                        "choose Edition `hardened` instead; or let the operator set parameter \
                         AllowAdminEquivalent of the provider's stack to `true`: any role"
                    ),
                "{refused}"
            );
        }
        // Both words that it takes are named at once.
        let refused = refusals(&[], json!({"Preset": "slim"}));
        assert!(
            refused.ends_with("to `true`, and the stack AcknowledgeAdminEquivalent: any role"),
            "{refused}"
        );
    }

    /// Threat 3
    #[test]
    fn another_boundary_than_the_operators_and_what_escapes_it_are_refused() {
        let settings = [("PERMISSIONS_BOUNDARY", BOUNDARY)];
        assert_eq!(refusals(&settings, json!({"Preset": "lithops"})), "");
        let same = json!({"Preset": "lithops", "PermissionsBoundary": BOUNDARY});
        assert_eq!(refusals(&settings, same), "");
        let other = "arn:aws:iam::123456789012:policy/Other";
        let other = json!({"Preset": "lithops", "PermissionsBoundary": other});
        let refused = refusals(&settings, other.clone());
        assert!(
            refused
                .starts_with("PermissionsBoundary: given `arn:aws:iam::123456789012:policy/Other`")
                && refused.contains(&format!("is only `{BOUNDARY}`")),
            "{refused}"
        );
        assert_eq!(refusals(&[], other), "");
        let refused = refusals(&settings, json!({"Preset": "orchestra"}));
        assert!(
            refused.ends_with(
                "cannot live under the boundary of this account: any role; choose Edition \
                 `hardened` instead; parameter PermissionsBoundary of the provider's stack sets \
                 that boundary"
            ),
            "{refused}"
        );
    }

    /// Threat 1
    #[test]
    fn names_that_the_operator_does_not_allow_are_refused_where_they_matter() {
        let prefix = |edition: &str| json!({"Preset": "zappa", "Edition": edition, "Parameters": {"NamePrefix": "acme-"}});
        let refused = refusals(&[], prefix("hardened"));
        assert!(refused.starts_with("Parameters.NamePrefix: given `acme-`"), "{refused}");
        assert_eq!(refusals(&[], prefix("current")), "");
        let cloud = [("ALLOWED_NAMES", "zappa.NamePrefix=cl-* zappa.SharedRoleName=cl-*")];
        let with = |parameters: Value| {
            let own = json!({"NamePrefix": "cl-"}).as_object().unwrap().clone();
            let own: serde_json::Map<String, Value> =
                own.into_iter().chain(parameters.as_object().unwrap().clone()).collect();
            json!({"Preset": "zappa", "Edition": "hardened", "Parameters": own})
        };
        // The default of an unwanted role is in no stack's way.
        assert_eq!(refusals(&cloud, with(json!({}))), "");
        let elsewhere =
            json!({"Preset": "zappa", "Edition": "current", "Parameters": {"SharedRole": true}});
        let refused = refusals(&cloud, elsewhere);
        assert!(refused.starts_with("Parameters.SharedRoleName: given `tr-s"), "{refused}");
    }

    /// Threat 20
    #[test]
    fn a_path_and_tags_that_the_operator_does_not_allow_are_refused() {
        let tags = json!([{"Key": "team", "Value": "payroll"}]);
        let given = json!({"Preset": "lithops", "Path": "/payroll/", "Tags": tags});
        assert_eq!(refusals(&[], given.clone()), "");
        let refused = refusals(&[("ALLOWED_VALUES", "Path=/ Tags=")], given);
        assert!(refused.starts_with("Path: given `/payroll/`"), "{refused}");
        assert!(refused.contains("; Tags: given `team=payroll`"), "{refused}");
        let plain = json!({"Preset": "lithops"});
        assert_eq!(refusals(&[("ALLOWED_VALUES", "Path=/ Tags=")], plain), "");
    }

    #[test]
    fn a_setting_that_is_none_forbids_everything() {
        for (name, value) in [
            ("ALLOWED_PRESETS", "slimm"),
            ("ALLOWED_PRESETS", ""),
            ("ALLOWED_EDITIONS", " , "),
            ("ALLOWED_EDITIONS", "latest"),
            ("ALLOW_ADMIN_EQUIVALENT", "yes"),
            ("ALLOWED_NAMES", "lithops.Prefix=x"),
            ("ALLOWED_VALUES", "payroll"),
        ] {
            let refused = refusals(&[(name, value)], json!({"Preset": "lithops"}));
            assert!(refused.contains("is not set up well") && refused.contains(name), "{refused}");
            // The refusal cannot say more about allowed values.
            assert!(refused.ends_with("; tell the operator of the provider"), "{refused}");
        }
    }
}
