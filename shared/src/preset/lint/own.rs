//! Finds documents that reach the provider's own resources.
//!
//! A text that a consumer chooses may stand in front of a wildcard. Whether it can make the pattern
//! reach the provider's own function is tried with the shortest beginning, the shortest end and the
//! whole of each name of the provider's own resources, as far as the parameter's pattern allows
//! them.

use std::collections::BTreeSet;

use serde_json::json;

use super::account::Thing;
use super::cases::Case;
use super::escalation::allows;
use super::finding::Problem;
use super::reference::{Reference, Service};
use super::statement::{Request, Statement, statements};
use crate::preset::PROVIDER;
use crate::state::State;
use grammar::schema::{Edition, Parameter, Preset};

/// One of the provider's own resources.
struct Own {
    what: &'static str,
    /// The service whose actions are tried.
    service: &'static str,
    /// Its ARNs, as in `takeovers.rs`; `NAME` is the `ProviderName`.
    arns: &'static [&'static str],
    /// A key of a request by which a grant can be about it besides its ARN.
    key: Option<&'static str>,
}

/// As `template.yaml` names them. SAM names the bucket.
const OWN: &[Own] = &[
    Own {
        what: "function",
        service: "lambda",
        arns: &["arn:P:lambda:R:A:function:NAME-IamPreset"],
        key: Some("lambda:functionarn"),
    },
    Own { what: "role", service: "iam", arns: ROLE, key: None },
    Own { what: "role", service: "sts", arns: ROLE, key: None },
    Own {
        what: "policy",
        service: "iam",
        arns: &["arn:P:iam::A:policy/NAME-PresetBoundary-eu-west-1"],
        key: None,
    },
    Own {
        what: "log group",
        service: "logs",
        arns: &[
            "arn:P:logs:R:A:log-group:/aws/lambda/NAME-IamPreset",
            "arn:P:logs:R:A:log-group:/aws/lambda/NAME-IamPreset:log-stream:x",
        ],
        key: None,
    },
    Own {
        what: "stack",
        service: "cloudformation",
        arns: &["arn:P:cloudformation:R:A:stack/NAME/x"],
        key: None,
    },
    Own {
        what: "bucket of code",
        service: "s3",
        arns: &[
            "arn:P:s3:::aws-sam-cli-managed-default-samclisourcebucket-1a2b3c4d5e6f",
            "arn:P:s3:::aws-sam-cli-managed-default-samclisourcebucket-1a2b3c4d5e6f/NAME",
        ],
        key: None,
    },
];

const ROLE: &[&str] = &["arn:P:iam::A:role/NAME-IamPreset-eu-west-1"];

/// `ProviderName`s, and the path of the provider's roles and policies: as its page says, and as
/// short as can be.
pub const PROVIDERS: [(&str, &str); 4] =
    [(PROVIDER, "/"), (PROVIDER, "/ops/"), ("a", "/"), ("ac", "/")];

/// The value of `${aws:username}`.
const USER: &str = "somebody";

/// Prefixes of actions that change nothing.
const READS: [&str; 7] = ["BatchGet", "Describe", "Generate", "Get", "Head", "List", "Simulate"];

/// Reads of a log, which is for its operator.
const READS_A_LOG: [&str; 2] = ["GetLogEvents", "GetLogRecord"];

/// Actions on roles below a path of AWS's own only.
const ABOUT_LINKED_ROLES: [&str; 2] = ["CreateServiceLinkedRole", "DeleteServiceLinkedRole"];

/// The problems that were reported before.
#[derive(Default)]
pub struct Said {
    /// Independent of the tried text: an edition, an action, and the resource that it reaches.
    always: BTreeSet<(Edition, String, &'static str)>,
    /// An edition, the object without the tried text, and the resource that is reached.
    objects: BTreeSet<(Edition, String, &'static str)>,
}

/// Returns a problem for each document of this state that reaches the provider's own resources.
pub fn problems(
    state: &State,
    case: &Case,
    tried: Option<&str>,
    reference: &Reference,
    said: &mut Said,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, object) in state.iter() {
        let Some(document) = object.resource.document() else { continue };
        let statements = statements(document.as_value());
        for own in OWN {
            let Some(service) = reference.services.get(own.service) else { continue };
            let mut found = own.arns.iter().filter_map(|of| {
                let arn = own_arn(case, of);
                // One of that name is made here, and refused where the provider's own is in the way.
                let reached = !is_made(state, case, &arn);
                reached.then(|| reaches(&statements, own, &arn, service))?
            });
            let Some(action) = found.next() else { continue };
            let edition = case.wish.edition;
            let always = (edition, action.clone(), own.what);
            let new = match tried {
                None => said.always.insert(always),
                Some(_) => !said.always.contains(&always),
            };
            let without = id.to_string().replace(tried.unwrap_or_default(), "");
            if new && said.objects.insert((edition, without, own.what)) {
                let (object, what) = (id.to_string(), own.what.to_owned());
                problems.push(Problem::ReachesProvider { object, action, what });
            }
        }
    }
    problems
}

fn own_arn(case: &Case, of: &str) -> String {
    let account = &case.wish.account;
    let arn = Thing::new(account, &case.wish.provider).arn(account, of);
    // The path is that of the consumer's objects too.
    ["role", "policy"].iter().fold(arn, |arn, kind| {
        arn.replace(&format!(":{kind}/"), &format!(":{kind}{}", case.wish.path))
    })
}

fn is_made(state: &State, case: &Case, arn: &str) -> bool {
    state.iter().any(|(_, object)| case.wish.account.arn(&object.resource).as_deref() == Some(arn))
}

/// The first action that these statements allow on it and that is no mere look.
fn reaches(statements: &[Statement], own: &Own, arn: &str, service: &Service) -> Option<String> {
    let request: Request = own.key.iter().map(|key| (*key, Some(arn))).collect();
    let on_it = |one: &&Statement| one.allow && one.has_resource(arn, USER);
    let about: Vec<&Statement> = statements.iter().filter(on_it).collect();
    // Named by a condition only, where the action has no resources.
    let named: Vec<&Statement> = statements
        .iter()
        .filter(|one| one.allow && one.conditions.iter().any(|of| Some(of.key.as_str()) == own.key))
        .collect();
    if about.is_empty() && named.is_empty() {
        return None;
    }
    let mut actions = service.actions.iter().filter(|(name, _)| {
        let reads = READS.iter().any(|read| name.starts_with(read));
        let counts = !reads || READS_A_LOG.contains(&name.as_str());
        counts && !ABOUT_LINKED_ROLES.contains(&name.as_str())
    });
    let action = |name: &str| format!("{}:{name}", own.service);
    let found = actions.find(|(name, types)| {
        let action = action(name);
        let has = |statements: &[&Statement]| statements.iter().any(|one| one.has_action(&action));
        let takes =
            if types.is_empty() { has(&named) } else { has(&about) && service.takes(name, arn) };
        takes && allows(statements, USER, &action, arn, &request)
    });
    found.map(|(name, _)| action(name))
}

/// True if a document has the parameter in it.
pub fn is_in_a_document(preset: &Preset, name: &str) -> bool {
    let placeholder = format!("${{{name}}}");
    let inline = preset.roles.iter().map(|role| &role.inline);
    let inline = inline.chain(preset.groups.iter().map(|group| &group.inline)).flatten();
    let documents = preset.policies.iter().map(|policy| &policy.document);
    let mut documents = documents.chain(inline.map(|policy| &policy.document));
    documents.any(|document| document.to_string().contains(&placeholder))
}

/// Returns values of a parameter that may make a pattern reach the provider's own resources, the
/// shortest first; and the shortest value of all.
pub fn values(preset: &Preset, name: &str, provider: &str) -> Vec<String> {
    let allowed = |text: &str| is_allowed(preset, name, text);
    let names = OWN.iter().flat_map(|own| own.arns).filter_map(|arn| {
        let arn = arn.replace("NAME", provider);
        arn.rsplit([':', '/'])
            .find(|part| part.contains(provider) || part.contains("sam"))
            .map(str::to_owned)
    });
    let mut values: BTreeSet<(usize, String)> = BTreeSet::new();
    let mut add =
        |value: Option<&str>| values.extend(value.map(|text| (text.len(), text.to_owned())));
    for own in names {
        let cuts = || (0..=own.len()).filter(|cut| own.is_char_boundary(*cut));
        add(cuts().filter_map(|cut| own.get(..cut)).find(|text| allowed(text)));
        add(cuts().rev().filter_map(|cut| own.get(cut..)).find(|text| allowed(text)));
        add(Some(own.as_str()).filter(|text| allowed(text)));
    }
    add(Some("*").filter(|text| allowed(text)));
    values.into_iter().map(|(_, value)| value).collect()
}

fn is_allowed(preset: &Preset, name: &str, text: &str) -> bool {
    let value = match preset.parameters.get(name) {
        Some(Parameter::String { .. }) => json!(text),
        Some(Parameter::List { .. }) if !text.is_empty() => json!([text]),
        Some(
            Parameter::List { .. }
            | Parameter::Boolean { .. }
            | Parameter::Integer { .. }
            | Parameter::Enum { .. },
        )
        | None => return false,
    };
    let given = serde_json::Map::from_iter([(name.to_owned(), value)]);
    // An empty text is none.
    given.values().all(|value| *value != "" && *value != serde_json::json!([""]))
        && crate::preset::parameters::read(preset, &given).1.is_empty()
}
