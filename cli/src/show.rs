//! `list` and `show`: the catalogue, without any account.

use std::fmt::Write;

use account_presets::input::unknown;
use account_presets::preset::parameters::{Value as Chosen, read};
use account_presets::preset::schema::{Mark, Parameter};
use account_presets::preset::{self, Branches, Edition, Preset, Wish, render};
use account_presets::state::{Id, Kind, Owner, Tags};
use serde_json::{Map, Value, json};

use crate::Found;
use crate::arguments::{Place, Show};
use crate::output::Output;
use crate::properties::account;

/// Whether an edition amounts to administrator's rights.
struct Power {
    edition: Edition,
    /// Why it amounts to administrator's rights with all defaults; empty if it does not.
    by_default: Vec<String>,
    /// With which parameters it does besides, and why.
    with: Vec<(String, String)>,
}

impl Power {
    fn word(&self) -> String {
        if !self.by_default.is_empty() {
            return "administrator".to_owned();
        }
        match self.with.as_slice() {
            [] => "no".to_owned(),
            with => {
                let mut words: Vec<&str> = with.iter().map(|(when, _)| when.as_str()).collect();
                words.dedup();
                format!("with {}", words.join(", or "))
            }
        }
    }

    fn json(&self) -> Value {
        let with = self.with.iter().map(|(when, why)| json!({"with": when, "reason": why}));
        json!({
            "edition": self.edition.as_str(),
            "administrator": !self.by_default.is_empty(),
            "reasons": self.by_default,
            "administratorWith": with.collect::<Vec<_>>(),
        })
    }
}

/// Prints every preset in a line.
///
/// # Errors
///
/// Standard output takes nothing.
pub(crate) fn list(output: &Output) -> Result<Found, String> {
    let presets = preset::names().into_iter().filter_map(|name| Some((name, preset::find(name)?)));
    let all: Vec<(&str, &Preset, Vec<Power>)> =
        presets.map(|(name, preset)| (name, preset, powers(preset))).collect();
    let json = || {
        let preset = |(name, preset, powers): &(&str, &Preset, Vec<Power>)| {
            let editions: Vec<Value> = powers.iter().map(Power::json).collect();
            json!({"preset": name, "title": preset.title, "editions": editions})
        };
        json!({"form": 1, "presets": all.iter().map(preset).collect::<Vec<_>>()})
    };
    let text = || {
        let width = all.iter().map(|(name, ..)| name.len()).max().unwrap_or_default();
        let mut text = String::new();
        for (name, preset, powers) in &all {
            let _ = writeln!(text, "{name:width$}  {}", preset.title);
            for power in powers {
                let edition = power.edition.as_str();
                let _ = writeln!(text, "{:width$}  {edition:10}  {}", "", power.word());
            }
        }
        let _ = writeln!(
            text,
            "\nBehind an edition: whether what it gives amounts to administrator's rights. The first \
             edition is the default."
        );
        text
    };
    output.tell(json, text)
}

/// The preset of that name.
///
/// # Errors
///
/// There is none, and which was probably meant.
pub(crate) fn find(name: &str) -> Result<&'static Preset, String> {
    preset::find(name).ok_or_else(|| unknown("preset", name, &preset::names()))
}

/// The edition of that name.
///
/// # Errors
///
/// The preset has none, and which was probably meant.
pub(crate) fn edition(preset: &Preset, name: &str) -> Result<Edition, String> {
    let words: Vec<&str> = preset.editions.iter().map(|edition| edition.as_str()).collect();
    let found = preset.editions.iter().find(|edition| edition.as_str() == name);
    found.copied().ok_or_else(|| unknown("edition", name, &words))
}

/// A wish with all defaults, but that each list has one element, which is its own name in brackets.
fn example(preset: &Preset, edition: Edition, is_filled: bool) -> Result<Wish, String> {
    let account = account(&Place { partition: "aws".to_owned(), ..Place::default() }, None)?;
    let (mut parameters, _) = read(preset, &Map::new());
    for (name, value) in parameters.iter_mut().filter(|_| is_filled) {
        if matches!(value, Chosen::List(texts) if texts.is_empty()) {
            *value = Chosen::List(vec![format!("<{name}>")]);
        }
    }
    Ok(Wish {
        account,
        owner: Owner::new("", ""),
        provider: preset::PROVIDER.to_owned(),
        edition,
        parameters,
        path: "/".to_owned(),
        permissions_boundary: None,
        tags: Tags::new(),
        max_session_duration: 3600,
    })
}

fn powers(preset: &Preset) -> Vec<Power> {
    let power = |edition: &Edition| {
        let wish = example(preset, *edition, false).ok()?;
        let is_here = |mark: &&Mark| {
            let editions = mark.when.0.get("Edition").map(|values| values.texts());
            editions.is_none_or(|them| them.contains(&edition.as_str().to_owned()))
        };
        let further = preset.admin_equivalent.iter().filter(is_here);
        let further = further.filter(|mark| !wish.holds(preset, mark)).map(|mark| {
            let mut when = mark.when.clone();
            when.0.remove("Edition");
            (when.to_string(), mark.reason.clone())
        });
        let by_default = wish.admin_equivalent(preset);
        Some(Power { edition: *edition, by_default, with: further.collect() })
    };
    preset.editions.iter().filter_map(power).collect()
}

/// Returns the objects of an edition, each with whether its defaults make it.
fn objects(preset: &Preset, edition: Edition) -> Result<Vec<(Id, bool)>, String> {
    let wish = example(preset, edition, true)?;
    let chosen = render(preset, &wish, Branches::Chosen);
    let possible = render(preset, &wish, Branches::OfEdition);
    let possible = possible.ids().filter(|id| id.kind != Kind::User);
    Ok(possible.map(|id| (id.clone(), chosen.contains(id))).collect())
}

/// Prints a preset.
///
/// # Errors
///
/// An unknown preset or edition.
pub(crate) fn show(asked: &Show, output: &Output) -> Result<Found, String> {
    let preset = find(&asked.preset)?;
    let only = asked.edition.as_deref().map(|name| edition(preset, name)).transpose()?;
    let mut editions = Vec::new();
    for power in powers(preset) {
        if only.is_none_or(|only| only == power.edition) {
            let objects = objects(preset, power.edition)?;
            editions.push((power, objects));
        }
    }
    output.tell(
        || as_json(&asked.preset, preset, &editions),
        || as_text(&asked.preset, preset, &editions),
    )
}

type Editions = Vec<(Power, Vec<(Id, bool)>)>;

fn as_json(name: &str, preset: &Preset, editions: &Editions) -> Value {
    let parameters = preset.parameters.iter().map(|(name, parameter)| {
        let of = serde_json::to_value(parameter).unwrap_or_default();
        (name.clone(), of)
    });
    let attributes = preset.outputs.iter();
    let attributes = attributes.map(|(name, of)| (name.clone(), json!(of.description)));
    let editions = editions.iter().map(|(power, objects)| {
        let mut of = power.json();
        let objects = objects
            .iter()
            .map(|(id, is_default)| json!({"object": id.to_string(), "byDefault": is_default}));
        if let Value::Object(members) = &mut of {
            members.insert("objects".to_owned(), objects.collect());
        }
        of
    });
    json!({
        "form": 1,
        "preset": name,
        "title": preset.title,
        "description": preset.description,
        "source": preset.source,
        "parameters": parameters.collect::<Map<_, _>>(),
        "attributes": attributes.collect::<Map<_, _>>(),
        "editions": editions.collect::<Vec<_>>(),
        "differences": preset.differences,
        "omitted": preset.omitted,
    })
}

fn as_text(name: &str, preset: &Preset, editions: &Editions) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{name}: {}\n{}", preset.title, preset.description);
    let _ = writeln!(text, "Source: {}, read as of {}", preset.source.url, preset.source.date);
    let _ = writeln!(text, "\nParameters:");
    for (name, parameter) in &preset.parameters {
        let _ = writeln!(text, "  {name}: {}", of_parameter(parameter));
        let _ = writeln!(text, "      {}", description(parameter));
    }
    for (power, objects) in editions {
        let _ = writeln!(text, "\nEdition {} makes:", power.edition.as_str());
        for (id, is_default) in objects {
            let sign = if *is_default { "+" } else { "o" };
            let _ = writeln!(text, "  {sign} {id}");
        }
        if power.by_default.is_empty() && power.with.is_empty() {
            let _ = writeln!(text, "It does not amount to administrator's rights.");
        }
        for reason in &power.by_default {
            let _ = writeln!(text, "! It amounts to administrator's rights: {reason}");
        }
        for (when, reason) in &power.with {
            let _ = writeln!(text, "! With {when} it amounts to administrator's rights: {reason}");
        }
    }
    let _ = writeln!(
        text,
        "\n+ comes with the defaults, o with other parameters; <Name> is each of a list."
    );
    let _ = writeln!(text, "\nAttributes:");
    for (name, of) in &preset.outputs {
        let _ = writeln!(text, "  {name}: {}", of.description);
    }
    text
}

/// Type, default and allowed values.
fn of_parameter(parameter: &Parameter) -> String {
    let quoted =
        |text: &str| if text.is_empty() { "empty".to_owned() } else { format!("`{text}`") };
    let of = |pattern: &Option<String>| {
        pattern.as_ref().map_or_else(String::new, |pattern| format!(", matches {pattern}"))
    };
    match parameter {
        Parameter::String { default, pattern, required, .. } => match required {
            Some(when) if when.0.is_empty() => format!("text, required{}", of(pattern)),
            Some(when) => format!("text, required with {when}{}", of(pattern)),
            None => format!("text, default {}{}", quoted(default), of(pattern)),
        },
        Parameter::Boolean { default, .. } => format!("true or false, default {default}"),
        Parameter::Integer { default, min, max, .. } => {
            format!("whole number from {min} to {max}, default {default}")
        }
        Parameter::Enum { default, values, .. } => {
            format!("one of {}, default {}", values.join(", "), quoted(default))
        }
        Parameter::List { default, pattern, .. } => {
            format!("list, default {}{}", quoted(&default.join(",")), of(pattern))
        }
    }
}

/// Returns the parameter's purpose.
pub(crate) fn description(parameter: &Parameter) -> &str {
    match parameter {
        Parameter::String { description, .. }
        | Parameter::Boolean { description, .. }
        | Parameter::Integer { description, .. }
        | Parameter::Enum { description, .. }
        | Parameter::List { description, .. } => description,
    }
}
