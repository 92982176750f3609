//! The page of a preset.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use account_presets::iam_preset;
use account_presets::preset::schema::{Parameter, Setting};
use account_presets::preset::{Branches, Edition, Preset, Wish, parameters, render};
use account_presets::state::{Id, Kind, State, limits};
use serde_json::{Map, Value, json};

use super::{camel, choices};

/// The page of a preset. `from` is its file; `permission_set` names the project's example of one.
pub fn page(name: &str, preset: &Preset, from: &str, permission_set: &str) -> String {
    let mut page = format!("<!-- Made from {from}. -->\n\n# {}\n\n", preset.title);
    let source = &preset.source;
    writeln!(page, "{}\n", preset.description).unwrap();
    writeln!(page, "Source: <{}>, read as of {}.\n", source.url, source.date).unwrap();
    let checked = [Edition::Current, Edition::Hardened];
    let checked = checked.iter().filter(|edition| preset.editions.contains(edition));
    let checked: Vec<String> = checked.map(|edition| format!("`{}`", edition.as_str())).collect();
    if let Some(tool) = source.checked_with.as_ref().filter(|_| !checked.is_empty()) {
        let are = if checked.len() == 1 { "is" } else { "are" };
        writeln!(page, "{} {are} checked with {tool}.\n", checked.join(" and ")).unwrap();
    }
    writeln!(page, "{}", snippet(name)).unwrap();
    powers(&mut page, preset);
    boundary(&mut page, preset);
    writeln!(page, "{}", seen(name)).unwrap();
    objects(&mut page, preset);
    attachments(&mut page, preset);
    people(&mut page, preset, permission_set);
    parameter_table(&mut page, preset);
    attribute_table(&mut page, preset);
    differences(&mut page, preset);
    if !preset.usage.is_empty() {
        writeln!(page, "## In the tool's configuration\n\n{}\n", preset.usage.trim()).unwrap();
    }
    page.trim_end().to_owned() + "\n"
}

/// The preset as a resource, which is deployed as it stands by `tests/e2e/test_snippets.py`.
fn snippet(name: &str) -> String {
    let logical_id = camel(name);
    format!(
        "Below `Resources` of a template:\n\n```yaml\n{logical_id}:\n  Type: Custom::IamPreset\n  \
         Properties:\n    ServiceToken: !ImportValue account-presets-IamPreset\n    \
         ServiceTimeout: 300\n    Preset: {name}\n```\n"
    )
}

/// The picture, and where to read the same.
fn seen(name: &str) -> String {
    format!(
        "## Who gets what\n\n![Who gets which policies in which edition, and who becomes \
         administrator by them; the table below says it in words]({name}.svg)\n"
    )
}

/// The preset with its defaults, but for the given parameters. A parameter that a switch requires is in
/// no name, so any value does for a page.
pub(super) fn wish(preset: &Preset, edition: Edition, given: &Map<String, Value>) -> Wish {
    super::wish(preset, edition, parameters::read(preset, given).0)
}

pub(super) fn chosen(preset: &Preset, edition: Edition, given: &Map<String, Value>) -> State {
    let given = choices::elements(preset).into_iter().chain(given.clone()).collect();
    render(preset, &wish(preset, edition, &given), Branches::Chosen)
}

pub(super) fn any(preset: &Preset) -> State {
    render(preset, &wish(preset, preset.editions[0], &choices::elements(preset)), Branches::Any)
}

fn powers(page: &mut String, preset: &Preset) {
    if preset.admin_equivalent.is_empty() {
        writeln!(page, "Does not amount to administrator's rights.\n").unwrap();
        return;
    }
    writeln!(page, "**May amount to administrator's rights.** With its defaults:\n").unwrap();
    for edition in &preset.editions {
        let usual = wish(preset, *edition, &Map::new()).admin_equivalent(preset);
        let verdict =
            if usual.is_empty() { "no".to_owned() } else { format!("yes: {}", usual.join("; ")) };
        let default = if *edition == preset.editions[0] { ", the default" } else { "" };
        writeln!(page, "- `{}`{default}: {verdict}", edition.as_str()).unwrap();
        for mark in &preset.admin_equivalent {
            let mut with = mark.when.clone();
            let editions = with.0.remove("Edition").map(|values| values.texts());
            let here = editions.is_none_or(|them| them.contains(&edition.as_str().to_owned()));
            if here && !usual.contains(&mark.reason) {
                writeln!(page, "  - yes with `{with}`: {}", mark.reason).unwrap();
            }
        }
    }
    writeln!(
        page,
        "\nThe attribute `AdminEquivalent` says it for the parameters that were chosen.\n"
    )
    .unwrap();
}

/// Where a permissions boundary of the operator of the provider excludes the preset.
fn boundary(page: &mut String, preset: &Preset) {
    if preset.unbounded.is_empty() {
        return;
    }
    writeln!(page, "Refused where the operator of the provider sets a permissions boundary:\n")
        .unwrap();
    for mark in &preset.unbounded {
        writeln!(page, "- with {}: {}", mark.when, mark.reason).unwrap();
    }
    writeln!(page).unwrap();
}

/// The rules for a second stack.
const SHARED: &str = "*Shared* objects have one name for all stacks of the account. A second stack that asks for \
                      the same (`Edition`, `Path`, `PermissionsBoundary` and the parameters that shape the \
                      object) becomes an owner beside the first, and the last one to go deletes the object. A \
                      stack that asks for another form is refused, and so is an Update that changes the \
                      object, as long as there is another owner. All other roles, policies, groups and \
                      instance profiles belong to one stack.";

/// The objects of each edition, and the parameters that decide on them.
fn objects(page: &mut String, preset: &Preset) {
    let editions: Vec<&str> = preset.editions.iter().map(|edition| edition.as_str()).collect();
    writeln!(page, "## Objects\n\nWith the defaults, in each edition:\n").unwrap();
    writeln!(page, "| | {} | decided by |", editions.join(" | ")).unwrap();
    writeln!(page, "| --- | {} --- |", "--- | ".repeat(editions.len())).unwrap();
    let usual: Vec<State> =
        preset.editions.iter().map(|edition| chosen(preset, *edition, &Map::new())).collect();
    let switched = switched(preset);
    let all = any(preset);
    let is_shared = |id: &Id| {
        let is_made = matches!(id.kind, Kind::Policy | Kind::Role | Kind::InstanceProfile);
        is_made && all.get(id).is_some_and(|object| object.shared)
    };
    for id in all.ids().filter(|id| id.kind != Kind::User) {
        let marks: Vec<&str> =
            usual.iter().map(|state| if state.contains(id) { "yes" } else { "" }).collect();
        let by = switched.get(id).map(|names| names.iter().cloned().collect::<Vec<_>>().join(", "));
        let shared = if is_shared(id) { " (shared)" } else { "" };
        let by = by.unwrap_or_default();
        writeln!(page, "| {id}{shared} | {} | {by} |", marks.join(" | ")).unwrap();
    }
    writeln!(page).unwrap();
    if all.ids().any(is_shared) {
        writeln!(page, "{SHARED}\n").unwrap();
    }
}

/// How many managed policies existing users, groups and roles get, for IAM attaches ten to one.
fn attachments(page: &mut String, preset: &Preset) {
    let mut counts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for edition in &preset.editions {
        let state = chosen(preset, *edition, &Map::new());
        for parameter in preset.parameters.keys() {
            let name = parameter.to_lowercase();
            let is_given = |id: &&Id| {
                let holder = id.parent().filter(|_| id.kind.is_attachment());
                holder.is_some_and(|it| {
                    it.name == name && (it.kind == Kind::User || !state.contains(&it))
                })
            };
            let count = state.ids().filter(is_given).count();
            if count > 0 {
                let here = format!("{count} in `{}`", edition.as_str());
                counts.entry(parameter.clone()).or_default().push(here);
            }
        }
    }
    if counts.is_empty() {
        return;
    }
    writeln!(
        page,
        "IAM attaches {} managed policies to one user, group or role, unless the account's quota \
         was raised, and attached ones count. A user, group or role that would hold more is \
         refused before the first write. The defaults attach to:\n",
        limits::ATTACHMENTS
    )
    .unwrap();
    for (parameter, counts) in counts {
        writeln!(page, "- each of `{parameter}`: {}", counts.join(", ")).unwrap();
    }
    writeln!(page).unwrap();
}

/// The words for the parameter that has to be `false` so that the preset makes no group, or none if
/// no parameter has to be; `None` if it makes one anyway.
fn without_groups(preset: &Preset) -> Option<String> {
    let has_none = |given: &Map<String, Value>| {
        let mut states = preset.editions.iter().map(|edition| chosen(preset, *edition, given));
        states.all(|state| state.ids().all(|id| id.kind != Kind::Group))
    };
    if has_none(&Map::new()) {
        return Some(String::new());
    }
    let is_boolean = |it: &Parameter| matches!(it, Parameter::Boolean { .. });
    let booleans = preset.parameters.iter().filter(|(_, it)| is_boolean(it));
    let mut names = booleans.map(|(name, _)| name);
    let name = names.find(|name| has_none(&Map::from_iter([((*name).clone(), json!(false))])))?;
    Some(format!(" and with `{name}: false`"))
}

/// The policies that a permission set of IAM Identity Center has to name instead of users and
/// groups.
fn people(page: &mut String, preset: &Preset, permission_set: &str) {
    let of_users = |state: &State| -> BTreeSet<Id> {
        let user = Id::node(Kind::User, "usernames");
        let groups = state
            .ids()
            .filter(|id| id.kind == Kind::GroupMember && id.target().as_ref() == Some(&user));
        let holders: BTreeSet<Id> = groups.filter_map(Id::parent).chain([user.clone()]).collect();
        let given = state.ids().filter(|id| {
            (id.kind.is_attachment() || id.kind == Kind::GroupInline)
                && id.parent().is_some_and(|holder| holders.contains(&holder))
        });
        given.cloned().collect()
    };
    let (switch, makes) = match without_groups(preset) {
        Some(switch) => (switch, "no user and no group"),
        None => (String::new(), "no user, its groups have no members"),
    };
    writeln!(
        page,
        "## People without IAM users\n\nFor people of IAM Identity Center deploy the preset without \
         `UserNames`{switch}, in each account: it makes {makes}, and the policies are \
         there under the same names. A permission set names them, with their path: the `Path` of the \
         stack, `/` by default. {permission_set} is \
         one in CloudFormation. With the defaults it names:\n\n\
         | edition | `CustomerManagedPolicyReferences` | `ManagedPolicies` | `InlinePolicy` |\n\
         | --- | --- | --- | --- |"
    )
    .unwrap();
    for edition in &preset.editions {
        let given = of_users(&chosen(preset, *edition, &Map::new()));
        let listed = |names: Vec<String>| names.join(", ");
        let own = given.iter().filter_map(Id::target).map(|policy| format!("`{}`", policy.name));
        let aws = given.iter().filter(|id| id.kind.is_attachment() && id.target().is_none());
        let aws = aws.filter_map(|id| Some(format!("`{}`", id.part.as_ref()?.rsplit('/').next()?)));
        let inline = given.iter().filter(|id| id.kind == Kind::GroupInline);
        let inline = inline.filter_map(|id| Some(format!("that of `{}`", id.part.as_ref()?)));
        writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            edition.as_str(),
            listed(own.collect()),
            listed(aws.collect()),
            listed(inline.collect())
        )
        .unwrap();
    }
    writeln!(
        page,
        "\nThe policies have to be in an account before the permission set is assigned there. Identity \
         Center attaches them to a role of its own, so take the assignment away before the stack: \
         until then a Delete names that role and leaves the policies.\n"
    )
    .unwrap();
}

/// The parameters that bring or take each object, found by turning each of them.
fn switched(preset: &Preset) -> BTreeMap<Id, BTreeSet<String>> {
    let mut switched: BTreeMap<Id, BTreeSet<String>> = BTreeMap::new();
    for edition in &preset.editions {
        let usual = chosen(preset, *edition, &Map::new());
        for (name, parameter) in &preset.parameters {
            let values: Vec<Value> = match parameter {
                Parameter::Boolean { .. } => vec![json!(true), json!(false)],
                Parameter::Enum { values, .. } => values.iter().map(|value| json!(value)).collect(),
                Parameter::List { .. } => vec![json!([])],
                Parameter::String { .. } | Parameter::Integer { .. } => Vec::new(),
            };
            for value in values {
                let turned = chosen(preset, *edition, &Map::from_iter([(name.clone(), value)]));
                let differs = |id: &&Id| turned.contains(id) != usual.contains(id);
                for id in usual.ids().chain(turned.ids()).filter(differs) {
                    switched.entry(id.clone()).or_default().insert(format!("`{name}`"));
                }
            }
        }
    }
    switched
}

fn parameter_table(page: &mut String, preset: &Preset) {
    writeln!(page, "## Parameters\n\n| name | type | default | |\n| --- | --- | --- | --- |")
        .unwrap();
    for (name, parameter) in &preset.parameters {
        let (kind, default, description) = match parameter {
            Parameter::String { required: Some(when), description, .. } => {
                ("string".to_owned(), format!("required with {when}"), description)
            }
            Parameter::String { default, description, .. } => {
                ("string".to_owned(), format!("`{default}`"), description)
            }
            Parameter::Boolean { default, description } => {
                ("boolean".to_owned(), format!("`{default}`"), description)
            }
            Parameter::Integer { default, min, max, description } => {
                (format!("integer, {min} to {max}"), format!("`{default}`"), description)
            }
            Parameter::Enum { default, values, description } => {
                (format!("`{}`", values.join("`, `")), format!("`{default}`"), description)
            }
            Parameter::List { default, description, .. } => {
                ("list of strings".to_owned(), format!("`[{}]`", default.join(", ")), description)
            }
        };
        let default = default.replace("``", "");
        let begins = parameter.beginning().map_or_else(String::new, |begins| {
            format!(" With {} it begins with `{}`.", begins.when, begins.parameter)
        });
        let allowed = parameter.setting().map(allowed).unwrap_or_default();
        let is_people =
            matches!(parameter, Parameter::List { setting: None, begins_with: None, .. });
        let people = if is_people { PEOPLE } else { "" };
        let description = description.trim();
        writeln!(
            page,
            "| `{name}` | {kind} | {default} | {description}{begins}{people}{allowed} |"
        )
        .unwrap();
    }
    writeln!(page).unwrap();
}

/// The rules for named people.
const PEOPLE: &str = " A newly named one has to exist. One that is deleted later gets nothing any more: an Update \
                      that still names it succeeds, and says so in the log only.";

/// The values that the operator of the provider allows, with the parameter of the template.
fn allowed(Setting { parameter, allows }: &Setting) -> String {
    let phrase = |text: &String| match text.strip_suffix('*') {
        _ if text.is_empty() => "only the empty text".to_owned(),
        Some("") => "any".to_owned(),
        Some(start) => format!("only values that begin with `{start}`"),
        None => format!("only `{text}`"),
    };
    let usual: Vec<String> = allows.iter().map(phrase).collect();
    let usual = if usual.is_empty() { "none".to_owned() } else { usual.join(", ") };
    format!(" Parameter `{parameter}` of the provider's stack limits it: by default {usual}.")
}

fn attribute_table(page: &mut String, preset: &Preset) {
    writeln!(page, "## Attributes for `Fn::GetAtt`\n\n| name | |\n| --- | --- |").unwrap();
    for (name, output) in &preset.outputs {
        writeln!(page, "| `{name}` | {} |", output.description.trim()).unwrap();
    }
    for name in iam_preset::ATTRIBUTES {
        writeln!(page, "| `{name}` | {} |", of_every_preset(name)).unwrap();
    }
    writeln!(page).unwrap();
}

/// The words about an attribute that every preset has.
fn of_every_preset(name: &str) -> &'static str {
    let said = [
        ("AdminEquivalent", "`true` if the grants amount to administrator's rights, else `false`"),
        ("ProviderVersion", "the release that served the last request"),
        ("ForeignPolicies", "policies that others attached to the preset's roles and groups"),
        (
            "LackingPolicies",
            "the preset's policies that roles and groups lack which are used as they are",
        ),
        (
            "ChangedByRelease",
            "what a newer release made otherwise, as in `0.1.0: policy p, role r`",
        ),
    ];
    let said = said.into_iter().find(|(attribute, _)| *attribute == name);
    said.map_or("", |(_, says)| says)
}

fn differences(page: &mut String, preset: &Preset) {
    if !preset.differences.is_empty() {
        writeln!(
            page,
            "## Differences from the page\n\n| editions | difference | why |\n| --- | --- | --- |"
        )
        .unwrap();
        for difference in &preset.differences {
            let editions: Vec<&str> =
                difference.editions.iter().map(|edition| edition.as_str()).collect();
            let (what, why) = (difference.what.trim(), difference.why.trim());
            writeln!(page, "| {} | {what} | {why} |", editions.join(", ")).unwrap();
        }
        writeln!(page).unwrap();
    }
    if !preset.omitted.is_empty() {
        writeln!(page, "## Omitted\n").unwrap();
        for omitted in &preset.omitted {
            writeln!(page, "- {}", omitted.trim()).unwrap();
        }
        writeln!(page).unwrap();
    }
}
