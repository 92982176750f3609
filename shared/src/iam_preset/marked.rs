//! A preset's disclosures that apply to a wish, and the changes that avoid them.

use super::idle;
use crate::plan::conflict::joined;
use crate::preset::parameters::{Value, default};
use crate::preset::schema::{Mark, Parameter};
use crate::preset::{Edition, Preset, Wish};

/// Marks of one sort that apply to a wish.
#[derive(Debug, Default)]
pub(super) struct Marked {
    /// A sentence for each mark that applies.
    pub reasons: Vec<String>,
    /// The changes with which none applies, if there is a way.
    pub instead: Option<String>,
    /// The properties by which they apply, with their values; empty where all have their defaults.
    pub chosen: Vec<(String, String)>,
}

impl Marked {
    /// Those of these marks that apply, where a consumer may have these editions.
    pub fn new(
        preset: &Preset,
        wish: &Wish,
        marks: &[Mark],
        may_have: impl Fn(Edition) -> bool,
    ) -> Self {
        let here: Vec<&Mark> = marks.iter().filter(|mark| wish.holds(preset, mark)).collect();
        let mut chosen: Vec<(String, String)> = Vec::new();
        for name in here.iter().flat_map(|mark| mark.when.0.keys()) {
            let of_it = chosen_by(preset, wish, name);
            chosen.extend(of_it.filter(|of_it| !chosen.contains(of_it)));
        }
        Marked {
            reasons: here.into_iter().map(|mark| mark.reason.clone()).collect(),
            instead: way_out(preset, wish, marks, may_have),
            chosen,
        }
    }

    /// The properties and their values, as in "Edition: given `current`, which amounts to".
    pub fn which(&self, does: &str) -> String {
        let (names, values): (Vec<_>, Vec<_>) =
            self.chosen.iter().map(|(name, value)| (name.clone(), format!("`{value}`"))).unzip();
        match names.as_slice() {
            [] => format!("Preset: what it gives {does}"),
            names => format!("{}: given {}, which {does}", joined(names), joined(&values)),
        }
    }

    /// The same behind something else, as in " (Edition `current`)".
    pub fn in_brackets(&self) -> String {
        let chosen = self.chosen.iter().map(|(name, value)| format!("{name} `{value}`"));
        match chosen.collect::<Vec<_>>().as_slice() {
            [] => String::new(),
            chosen => format!(" ({})", joined(chosen)),
        }
    }
}

/// The property of a mark's condition and its value, unless it has its default.
fn chosen_by(preset: &Preset, wish: &Wish, name: &str) -> Option<(String, String)> {
    if name == "Edition" {
        let is_chosen = preset.editions.first() != Some(&wish.edition);
        return is_chosen.then(|| (name.to_owned(), wish.edition.as_str().to_owned()));
    }
    let (value, parameter) = (wish.parameters.get(name)?, preset.parameters.get(name)?);
    (*value != default(parameter)).then(|| (format!("Parameters.{name}"), value.to_string()))
}

/// The fewest changes to a wish with which none of these marks applies any more: the edition
/// `hardened`, where the operator allows it, and turned switches. `None` if no mark applies, or if
/// there is no way.
fn way_out(
    preset: &Preset,
    wish: &Wish,
    marks: &[Mark],
    may_have: impl Fn(Edition) -> bool,
) -> Option<String> {
    let hardened = Edition::Hardened;
    let goes = wish.edition != hardened && preset.editions.contains(&hardened);
    let harden = (goes && may_have(hardened)).then(|| {
        let step = format!("choose Edition `{}`", hardened.as_str());
        turned(preset, wish, Wish { edition: hardened, ..wish.clone() }, marks, vec![step])
    });
    let stay = turned(preset, wish, wish.clone(), marks, Vec::new());
    // Of two ways that are as short, the edition gives less.
    let ways = [harden.flatten(), stay].into_iter().flatten();
    ways.min_by_key(Vec::len).filter(|steps| !steps.is_empty()).map(|steps| steps.join(" and "))
}

/// The steps, with those that turn one switch of each mark that applies.
fn turned(
    preset: &Preset,
    original: &Wish,
    mut wish: Wish,
    marks: &[Mark],
    mut steps: Vec<String>,
) -> Option<Vec<String>> {
    for mark in marks {
        if wish.holds(preset, mark) {
            let (step, turned) = alternatives(preset, &wish, mark)
                .into_iter()
                .find(|(_, turned)| !turned.holds(preset, mark))?;
            steps.push(step);
            wish = turned;
        }
    }
    if steps.is_empty() {
        return Some(steps);
    }
    // People who get nothing any more have to be left out as well.
    let named = idle::people(preset, original);
    let idle = idle::people(preset, &wish).into_iter().filter(|name| !named.contains(name));
    steps.extend(idle.map(|name| format!("leave out Parameters.{name}")));
    // A switch that ends one mark may bring another.
    (!marks.iter().any(|mark| wish.holds(preset, mark))).then_some(steps)
}

/// The wish with each switch that the mark names at each of its values, the default first.
fn alternatives(preset: &Preset, wish: &Wish, mark: &Mark) -> Vec<(String, Wish)> {
    let named = mark.when.0.keys().filter_map(|name| Some((name, preset.parameters.get(name)?)));
    let turned = named.flat_map(|(name, parameter)| {
        let usual = default(parameter);
        let values = match parameter {
            Parameter::Boolean { .. } => vec!["false".to_owned(), "true".to_owned()],
            Parameter::Enum { values, .. } => values.clone(),
            Parameter::String { .. } | Parameter::Integer { .. } | Parameter::List { .. } => {
                Vec::new()
            }
        };
        let others = values.into_iter().map(move |value| {
            let step = format!("set Parameters.{name} to `{value}`");
            (step, Value::One(value))
        });
        let left_out = (format!("leave out Parameters.{name}"), usual);
        [left_out].into_iter().chain(others).map(move |(step, value)| {
            let mut less = wish.clone();
            less.parameters.insert(name.clone(), value);
            (step, less)
        })
    });
    turned.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value as Json, json};

    use super::*;
    use crate::preset::parameters;
    use crate::state::{Account, Owner};

    /// A preset with these marks, and the way out of a wish.
    fn way(marks: Json, edition: Edition, given: Json, may_have: &[Edition]) -> String {
        let preset: Preset = serde_json::from_value(json!({
            "title": "t", "description": "d", "source": {"url": "u", "date": "2026-01-31"},
            "editions": ["hardened", "current"],
            "parameters": {
                "Loud": {"type": "boolean", "description": "d", "default": false},
                "Quiet": {"type": "boolean", "description": "d", "default": false},
                "Kind": {
                    "type": "enum", "description": "d", "default": "one", "values": ["one", "two"],
                },
                "Users": {"type": "list", "description": "d"},
            },
            "admin_equivalent": marks,
            "outputs": {},
        }))
        .unwrap();
        let (parameters, problems) = parameters::read(&preset, given.as_object().unwrap());
        assert_eq!(problems, Vec::<String>::new());
        let wish = Wish {
            account: Account::from_arn("arn:aws:lambda:eu-west-1:123456789012:function:f").unwrap(),
            provider: String::new(),
            owner: Owner::new("stack", "Preset"),
            edition,
            parameters,
            path: "/".to_owned(),
            permissions_boundary: None,
            tags: BTreeMap::new(),
            max_session_duration: 3600,
        };
        let may_have = |edition| may_have.contains(&edition);
        let marked = Marked::new(&preset, &wish, &preset.admin_equivalent, may_have);
        assert_eq!(marked.reasons, wish.admin_equivalent(&preset));
        marked.instead.unwrap_or_default()
    }

    fn mark(when: Json) -> Json {
        json!({"when": when, "reason": "it can"})
    }

    /// Threat 2
    #[test]
    fn the_way_out_is_the_shortest_and_of_two_the_one_that_gives_less() {
        use Edition::{Current, Hardened};
        let all = &[Current, Hardened][..];
        let current = || mark(json!({"Edition": "current"}));
        let loud = || mark(json!({"Loud": true}));
        let louder = || mark(json!({"Edition": "hardened", "Loud": true}));
        let loud_in_current = || mark(json!({"Edition": "current", "Loud": true}));
        let switch = || json!({"Loud": "true"});
        let none = || json!({});
        for (marks, edition, given, may_have, expected) in [
            (json!([current()]), Current, none(), all, "choose Edition `hardened`"),
            (json!([current()]), Current, none(), &[Current], ""),
            (json!([current()]), Hardened, none(), all, ""),
            (json!([loud_in_current()]), Current, switch(), all, "choose Edition `hardened`"),
            (
                json!([loud_in_current()]),
                Current,
                switch(),
                &[Current],
                "leave out Parameters.Loud",
            ),
            (json!([loud()]), Current, switch(), all, "leave out Parameters.Loud"),
            (json!([louder()]), Hardened, switch(), all, "leave out Parameters.Loud"),
            (
                json!([current(), louder()]),
                Current,
                switch(),
                all,
                "choose Edition `hardened` and leave out Parameters.Loud",
            ),
            // A default cannot be left out.
            (
                json!([mark(json!({"Loud": false}))]),
                Hardened,
                none(),
                all,
                "set Parameters.Loud to `true`",
            ),
            (
                json!([mark(json!({"Kind": "one"}))]),
                Hardened,
                none(),
                all,
                "set Parameters.Kind to `two`",
            ),
            // Each mark takes its own step, and one that brings another is no way out.
            (
                json!([loud(), mark(json!({"Quiet": true}))]),
                Hardened,
                json!({"Loud": "true", "Quiet": "true"}),
                all,
                "leave out Parameters.Loud and leave out Parameters.Quiet",
            ),
            (json!([mark(json!({"Loud": false})), loud()]), Hardened, none(), all, ""),
            (json!([mark(json!({}))]), Hardened, none(), all, ""),
            (
                json!([mark(json!({"Users": "ana"}))]),
                Hardened,
                json!({"Users": ["ana"]}),
                all,
                "leave out Parameters.Users",
            ),
        ] {
            assert_eq!(way(marks.clone(), edition, given, may_have), expected, "{marks}");
        }
    }
}
