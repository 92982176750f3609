//! A picture of a preset: who gets which policies in which edition, and who becomes administrator
//! by them. It is SVG without a script, so that a forge and the site show the same, in light and in
//! dark.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use account_presets::preset::lint::{Judge, Reference, acts_for_others};
use account_presets::preset::schema::{Edition, Parameter};
use account_presets::preset::{PROVIDER, Preset};
use account_presets::state::{Id, Kind, Resource, State};
use serde_json::{Map, Value};

use super::page::{any, chosen, wish};

const WIDTH: usize = 860;
const GAP: usize = 16;
const CARD: usize = (WIDTH - 3 * GAP) / 2;
const ROW: usize = 21;
/// The square of an edition.
const MARK: usize = 15;

/// It brings its own paper: a page in dark is also looked at on a machine in light.
const STYLE: &str = "\
text { font: 12px -apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif; fill: #1f2328; }
.paper { fill: #ffffff; }
.card { fill: #f6f8fa; stroke: #d1d9e0; }
.name { font-weight: 600; font-size: 13px; }
.soft { fill: #59636e; }
.power { fill: #c21c2c; font-weight: 600; }
.mark { fill: #0969da; }
.none { fill: none; stroke: #b6bfc9; }
.letter { fill: #ffffff; font-size: 10px; font-weight: 600; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.paper { fill: #0d1117; }
.card { fill: #161b22; stroke: #3d444d; }
.soft { fill: #9198a1; }
.power { fill: #ff7b72; }
.mark { fill: #1f6feb; }
.none { stroke: #59636e; }
.letter { fill: #ffffff; }
}";

/// Who gets policies: a user, a group, a role; or nobody yet.
struct Card {
    title: String,
    below: String,
    /// The editions by whose defaults it becomes administrator.
    power: BTreeSet<Edition>,
    rows: Vec<Row>,
}

struct Row {
    text: String,
    /// The editions whose defaults have it.
    editions: BTreeSet<Edition>,
}

impl Card {
    fn height(&self) -> usize {
        56 + ROW * self.rows.len() + if self.power.is_empty() { 0 } else { 18 }
    }
}

/// The picture of a preset, as SVG. `reference` has the documents of AWS managed policies, by which
/// a holder becomes administrator.
pub fn picture(preset: &Preset, reference: &Reference) -> String {
    let mut body = String::new();
    let top = legend(&mut body, preset);
    let mut columns = [top, top];
    for card in cards(preset, reference) {
        let column = usize::from(columns[1] < columns[0]);
        draw(&mut body, preset, &card, (GAP + column * (CARD + GAP), columns[column]));
        columns[column] += card.height() + GAP;
    }
    let all = any(preset);
    let linked = all.ids().filter(|id| id.kind == Kind::ServiceLinkedRole);
    let linked: Vec<&str> = linked.map(|id| id.name.as_str()).collect();
    let mut height = columns[0].max(columns[1]);
    if !linked.is_empty() {
        let said = "Service-linked roles, which the whole account shares:";
        line(&mut body, (GAP, height + 6), "soft", said, WIDTH);
        for names in linked.chunks(3) {
            height += 18;
            line(&mut body, (GAP, height + 6), "", &names.join(", "), WIDTH - 2 * GAP);
        }
        height += GAP + 6;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<style>\n{STYLE}\n</style>\n\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\" rx=\"8\"/>\n{body}</svg>\n"
    )
}

/// What the squares mean, and the verdict on each edition. Returns where the cards begin.
fn legend(body: &mut String, preset: &Preset) -> usize {
    let room = (WIDTH - 2 * GAP) / preset.editions.len();
    for (index, edition) in preset.editions.iter().enumerate() {
        let x = GAP + index * room;
        square(body, (x, 14), *edition, true);
        let is_power = !wish(preset, *edition, &Map::new()).admin_equivalent(preset).is_empty();
        let (class, said) =
            if is_power { ("power", "administrator's rights") } else { ("", "no administrator") };
        line(body, (x + 24, 26), class, &format!("{}: {said}", edition.as_str()), room);
    }
    let said = "By the defaults. What has empty squares only comes with other parameters.";
    line(body, (GAP, 50), "soft", said, WIDTH);
    66
}

fn draw(body: &mut String, preset: &Preset, card: &Card, (x, mut y): (usize, usize)) {
    let (height, inner) = (card.height(), CARD - 24);
    writeln!(
        body,
        "<rect class=\"card\" x=\"{x}\" y=\"{y}\" width=\"{CARD}\" height=\"{height}\" rx=\"6\"/>"
    )
    .unwrap();
    line(body, (x + 12, y + 22), "name", &card.title, inner);
    line(body, (x + 12, y + 40), "soft", &card.below, inner);
    y += 50;
    if !card.power.is_empty() {
        let editions = preset.editions.iter().filter(|it| card.power.contains(it));
        let editions: Vec<&str> = editions.map(|edition| edition.as_str()).collect();
        let said = format!("becomes administrator in {}", editions.join(", "));
        line(body, (x + 12, y + 8), "power", &said, inner);
        y += 18;
    }
    for row in &card.rows {
        for (index, edition) in preset.editions.iter().enumerate() {
            let place = (x + 12 + index * (MARK + 3), y);
            square(body, place, *edition, row.editions.contains(edition));
        }
        let beside = 20 + preset.editions.len() * (MARK + 3);
        let class = if row.editions.is_empty() { "soft" } else { "" };
        line(body, (x + beside, y + 12), class, &row.text, CARD - beside - 12);
        y += ROW;
    }
}

/// The square of an edition, with its first letter where the edition has it.
fn square(body: &mut String, (x, y): (usize, usize), edition: Edition, is_there: bool) {
    let class = if is_there { "mark" } else { "none" };
    writeln!(
        body,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{MARK}\" height=\"{MARK}\" rx=\"3\"/>"
    )
    .unwrap();
    if is_there {
        let letter = edition.as_str().get(..1).unwrap().to_uppercase();
        let (x, y) = (x + MARK / 2, y + 11);
        writeln!(
            body,
            "<text class=\"letter\" x=\"{x}.5\" y=\"{y}\" text-anchor=\"middle\">{letter}</text>"
        )
        .unwrap();
    }
}

/// A line of text, squeezed where it might be wider than its room: a font's widths are unknown here.
fn line(body: &mut String, (x, y): (usize, usize), class: &str, text: &str, room: usize) {
    let is_wide = text.chars().count() * 13 / 2 > room;
    let squeezed = format!(" textLength=\"{room}\" lengthAdjust=\"spacingAndGlyphs\"");
    let squeezed = if is_wide { squeezed.as_str() } else { "" };
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    writeln!(body, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\"{squeezed}>{text}</text>").unwrap();
}

fn cards(preset: &Preset, reference: &Reference) -> Vec<Card> {
    let all = any(preset);
    let usual: Vec<(Edition, State)> = (preset.editions.iter())
        .map(|edition| (*edition, chosen(preset, *edition, &Map::new())))
        .collect();
    let row = |id: &Id, text: String| {
        let there = usual.iter().filter(|(_, state)| state.contains(id));
        Row { text, editions: there.map(|(edition, _)| *edition).collect() }
    };
    let mut held: BTreeMap<Id, Vec<Row>> = BTreeMap::new();
    for id in all.ids() {
        // Who is given nothing by itself is in the picture, too: the users of a group, for example.
        if matches!(id.kind, Kind::User | Kind::Role | Kind::Group) {
            held.entry(id.clone()).or_default();
        }
        if id.kind.is_attachment() || id.kind.is_inline() {
            held.entry(id.parent().unwrap()).or_default().push(row(id, policy(preset, id)));
        }
    }
    let power = |holder: &Id| {
        let there = usual.iter().filter(|(_, state)| is_administrator(state, holder, reference));
        there.map(|(edition, _)| *edition).collect()
    };
    let mut held: Vec<(Id, Vec<Row>)> = held.into_iter().collect();
    // Users, groups, roles: people first.
    held.sort_by_key(|(id, _)| (id.kind != Kind::User, id.kind == Kind::Role));
    let mut cards: Vec<Card> = held
        .into_iter()
        .map(|(holder, rows)| Card {
            title: format!("{} {}", holder.kind, named(preset, &holder.name)),
            below: below(preset, &all, &holder),
            power: power(&holder),
            rows,
        })
        .collect();
    let is_held = |policy: &Id| all.ids().any(|id| id.target().as_ref() == Some(policy));
    let free = all.ids().filter(|id| id.kind == Kind::Policy && !is_held(id));
    let rows: Vec<Row> = free.map(|id| row(id, named(preset, &id.name))).collect();
    if !rows.is_empty() {
        cards.push(Card {
            title: "policies on nobody".to_owned(),
            below: "for you to attach".to_owned(),
            power: BTreeSet::new(),
            rows,
        });
    }
    cards
}

/// A policy by its name, and which kind it is.
fn policy(preset: &Preset, id: &Id) -> String {
    let name = id.part.as_deref().unwrap().rsplit('/').next().unwrap();
    match id.target() {
        Some(policy) => named(preset, &policy.name),
        None if id.kind.is_attachment() => format!("{name} (AWS's)"),
        None => format!("{name} (inline)"),
    }
}

/// Who acts as a role, and who is in a group.
fn below(preset: &Preset, all: &State, holder: &Id) -> String {
    let joined = |names: Vec<String>| names.join(", ");
    let members = |of: &dyn Fn(&Id) -> bool| -> Vec<Id> {
        all.ids().filter(|id| id.kind == Kind::GroupMember && of(id)).cloned().collect()
    };
    match (holder.kind, all.get(holder).map(|object| &object.resource)) {
        (_, Some(Resource::Role(role))) => {
            let profile = Id::link(Kind::ProfileRole, holder.name.as_str(), holder.name.as_str());
            let profile = if all.contains(&profile) { ", with an instance profile" } else { "" };
            let services = trusted(role.trust.as_value()).into_iter();
            let services = services.map(|name| name.replace(".amazonaws.com", ""));
            format!("for {}{profile}", joined(services.collect()))
        }
        (_, Some(Resource::Group { .. })) => {
            let users = members(&|id| id.parent().as_ref() == Some(holder)).into_iter();
            format!("with {}", joined(users.map(|id| named(preset, &id.part.unwrap())).collect()))
        }
        (Kind::User, _) => {
            let groups = members(&|id| id.part.as_ref() == Some(&holder.name)).into_iter();
            let groups = joined(groups.map(|id| id.name).collect());
            if groups.is_empty() { "existing".to_owned() } else { format!("existing, in {groups}") }
        }
        _ => "existing".to_owned(),
    }
}

/// The services and accounts that a trust policy names.
fn trusted(document: &Value) -> BTreeSet<String> {
    fn texts(value: &Value) -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(them) => them.iter().flat_map(texts).collect(),
            Value::Object(them) => them.values().flat_map(texts).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
        }
    }
    // One statement need not be in a list.
    let statements = &document["Statement"];
    let statements = statements.as_array().map_or(std::slice::from_ref(statements), Vec::as_slice);
    statements.iter().flat_map(|statement| texts(&statement["Principal"])).collect()
}

/// Whether a user, a group or a role becomes administrator by what an edition gives it, as the linter
/// judges those of an account.
fn is_administrator(state: &State, holder: &Id, reference: &Reference) -> bool {
    let account = super::account();
    let documents = reference.documents.iter();
    let documents = documents
        .map(|(name, document)| (account.aws_managed_policy_arn(name), document.clone()))
        .collect();
    // Nobody can act as a role that only AWS's own services use.
    let role = state.get(holder).map(|object| &object.resource);
    let is_used = match role {
        Some(Resource::Role(role)) => trusted(role.trust.as_value())
            .iter()
            .any(|name| !name.ends_with(".amazonaws.com") || acts_for_others(name)),
        _ => true,
    };
    let judge = Judge::new(&account, PROVIDER, &documents);
    is_used && judge.path_to_administrator(state, holder).is_some()
}

/// A name, with a parameter in the place of the value that stands for it.
fn named(preset: &Preset, name: &str) -> String {
    let lists = preset.parameters.iter().filter(|(_, it)| matches!(it, Parameter::List { .. }));
    lists.fold(name.to_owned(), |name, (parameter, _)| {
        name.replace(&parameter.to_lowercase(), &format!("<{parameter}>"))
    })
}
