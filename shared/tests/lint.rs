//! The linter: its findings in the catalogue, and a small preset for each finding.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod boundary;
mod catalogue;
mod escalation;
mod judge;
mod mistakes;
mod own;
mod takeovers;

use account_presets::preset::Preset;
use account_presets::preset::lint::{Reference, lint};

fn reference() -> Reference {
    Reference::from_json(include_str!("../data/aws-reference.json")).unwrap()
}

/// The findings in a preset.
fn lines(text: &str) -> Vec<String> {
    let preset: Preset = serde_saphyr::from_str(text).unwrap();
    lint(&preset, &reference()).iter().map(ToString::to_string).collect()
}
