//! Changes JSON as JSON: a value takes the place of another, a member comes or goes, a text or a
//! list grows. An input that is no JSON, and one input in eight, is changed as bytes.

use std::sync::OnceLock;

use account_presets::preset;
use serde_json::{Value, json};

/// libFuzzer's own change of the first bytes of a buffer: how many there are now.
pub type OfBytes = fn(&mut [u8], usize, usize) -> usize;

/// Words that mean something to a target, besides those of the presets.
const WORDS: &str = "Create Update Delete SUCCESS RequestType ResponseURL StackId RequestId \
    LogicalResourceId PhysicalResourceId ResourceProperties OldResourceProperties Replies Records \
    Sns Message ServiceToken ServiceTimeout Preset Edition Parameters Path PermissionsBoundary Tags \
    Key Value MaxSessionDuration AdoptExisting OnForeignAttachment Keep Detach Fail Succeed \
    AcknowledgeAdminEquivalent DesiredConcurrency WaitSeconds OnPending OnDenied OnNotAdjustable \
    OnSmallerRequest RerequestWhenDenied SupportCaseAllowed documented current hardened alice bob \
    serverless foreign people /team/ arn:aws:iam::123456789012:policy/Boundary 3600 43200 true \
    false 840 10000000000 123456789012 arn:aws:iam::123456789012:root Version 2012-10-17 \
    2008-10-17 Id Statement Sid Effect Allow Deny Action NotAction Resource NotResource Principal \
    NotPrincipal AWS Service Condition StringEquals Bool aws:SourceAccount * ? iam:PassRole when \
    for_each ${Value} ${AWS::AccountId} ${Path} ${Edition} ${Unknown} ${aws:username} ${ } \
    $serde_json::private::RawValue $serde_json::private::Number";

/// One of libFuzzer's mutations: changes the first `size` bytes of `data`, to at most `max`.
pub fn mutate(data: &mut [u8], size: usize, max: usize, seed: u32, of_bytes: OfBytes) -> usize {
    let mut dice = Dice(u64::from(seed));
    let value = serde_json::from_slice::<Value>(&data[..size]);
    let Some(mut value) = value.ok().filter(|_| dice.below(8) > 0) else {
        return of_bytes(data, size, max);
    };
    for _ in 0..=dice.below(3) {
        let original = value.clone();
        edit(&mut value, &original, &mut dice, of_bytes);
    }
    let text = value.to_string();
    if text.len() > max || text.len() > data.len() {
        return of_bytes(data, size, max);
    }
    data[..text.len()].copy_from_slice(text.as_bytes());
    text.len()
}

/// Changes a value somewhere.
fn edit(value: &mut Value, whole: &Value, dice: &mut Dice, of_bytes: OfBytes) {
    let mut place = dice.below(count(value));
    at(value, &mut place, &mut |here| change(here, whole, dice, of_bytes));
}

fn change(here: &mut Value, whole: &Value, dice: &mut Dice, of_bytes: OfBytes) {
    match (dice.below(4), &mut *here) {
        (0, _) => *here = anything(whole, dice),
        (1, _) => *here = wrapped(here.take(), dice),
        (_, Value::String(text)) => *text = changed(text, whole, dice, of_bytes),
        (2, Value::Array(values)) if !values.is_empty() => {
            values.remove(dice.below(values.len()));
        }
        (_, Value::Array(values)) => {
            let new = anything(whole, dice);
            for _ in 0..dice.often() {
                values.insert(dice.below(values.len() + 1), new.clone());
            }
        }
        (2, Value::Object(members)) if !members.is_empty() => {
            let name = members.keys().nth(dice.below(members.len())).cloned();
            members.remove(&name.unwrap_or_default());
        }
        (_, Value::Object(members)) => {
            let new = anything(whole, dice);
            let name = word(dice);
            for n in 1..=dice.often() {
                let name = if n == 1 { name.clone() } else { format!("{name}{n}") };
                members.insert(name, new.clone());
            }
        }
        (_, Value::Null | Value::Bool(_) | Value::Number(_)) => *here = anything(whole, dice),
    }
}

/// A text, and where it is JSON itself, one with a change in that.
fn changed(text: &str, whole: &Value, dice: &mut Dice, of_bytes: OfBytes) -> String {
    if let Ok(mut inner @ Value::Object(_)) = serde_json::from_str(text) {
        edit(&mut inner, whole, dice, of_bytes);
        return inner.to_string();
    }
    match dice.below(4) {
        0 => word(dice),
        1 => text.repeat(dice.often()),
        2 => format!("{text}{}", word(dice)),
        _ => {
            let mut bytes = text.as_bytes().to_vec();
            let (size, max) = (bytes.len(), bytes.len() + 16);
            bytes.resize(max, 0);
            let size = of_bytes(&mut bytes, size, max);
            String::from_utf8_lossy(&bytes[..size]).into_owned()
        }
    }
}

/// A value in a list or map, or the value inside of a list.
fn wrapped(value: Value, dice: &mut Dice) -> Value {
    match (dice.below(4), value) {
        (0, value) => json!({ word(dice): value }),
        (1, value) => json!({ "$serde_json::private::RawValue": value.to_string() }),
        (2, Value::Array(mut values)) if !values.is_empty() => values.swap_remove(0),
        (_, value) => {
            let deeper = |value, _| json!([value]);
            (0..dice.often()).fold(value, deeper)
        }
    }
}

/// A part of the input itself, a word, or one of the values that are seldom expected.
fn anything(whole: &Value, dice: &mut Dice) -> Value {
    let odd = [
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!([]),
        json!({}),
        json!([""]),
        json!("\u{0}\u{1b}\"\\\u{2028}\u{1f600}"),
        json!([{"Key": "team", "Value": "a"}]),
    ];
    match dice.below(3) {
        0 => odd[dice.below(odd.len())].clone(),
        1 => word(dice).into(),
        _ => {
            let mut whole = whole.clone();
            let mut found = Value::Null;
            let mut place = dice.below(count(&whole));
            at(&mut whole, &mut place, &mut |here| found = here.take());
            found
        }
    }
}

fn word(dice: &mut Dice) -> String {
    static ALL: OnceLock<Vec<String>> = OnceLock::new();
    let words = ALL.get_or_init(|| {
        let presets = preset::names().into_iter().filter_map(preset::find);
        let parameters = presets.flat_map(|preset| preset.parameters.keys());
        let names = preset::names().into_iter().chain(WORDS.split_whitespace());
        names.chain(parameters.map(String::as_str)).map(str::to_owned).collect()
    });
    words[dice.below(words.len())].clone()
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(values) => values.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// Does something to the value at a place, counted from the outside.
fn at(value: &mut Value, place: &mut usize, change: &mut dyn FnMut(&mut Value)) {
    let is_here = *place == 0;
    *place = place.wrapping_sub(1);
    if is_here {
        return change(value);
    }
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| at(value, place, change)),
        Value::Object(members) => members.values_mut().for_each(|value| at(value, place, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The same numbers for the same seed: SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap_or_default() % most.max(1)
    }

    /// Mostly once, and seldom very often.
    fn often(&mut self) -> usize {
        [1, 1, 1, 1, 2, 3, 20, 200][self.below(8)]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    /// Takes the last byte away.
    fn shorter(_: &mut [u8], size: usize, _: usize) -> usize {
        size.saturating_sub(1)
    }

    #[test]
    fn json_stays_json_and_no_longer_than_it_may_be() {
        let text = br#"{"Preset":"slim","Parameters":{"UserNames":["alice"]},"Tags":[]}"#;
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..1000 {
            let mut data = [0; 200];
            data[..text.len()].copy_from_slice(text);
            let size = mutate(&mut data, text.len(), 200, seed, shorter);
            let as_bytes = data[..size] == text[..text.len() - 1];
            assert!(as_bytes || serde_json::from_slice::<&RawValue>(&data[..size]).is_ok());
            seen.insert(data[..size].to_vec());
        }
        assert!(seen.len() > 500, "{} of a thousand", seen.len());
    }
}
