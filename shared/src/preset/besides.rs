//! A preset beside those of the catalogue, for a test and in its thread alone.

use std::cell::RefCell;

use grammar::schema::{Preset, Setting};

type Named = (&'static str, &'static Preset);

thread_local! {
    static PRESETS: RefCell<Vec<Named>> = const { RefCell::new(Vec::new()) };
}

/// Adds a preset. It stays for as long as the process.
pub fn add(name: &str, preset: Preset) {
    let (name, preset) = (Box::leak(name.into()), Box::leak(preset.into()));
    PRESETS.with_borrow_mut(|presets| presets.push((name, preset)));
}

pub(super) fn all() -> Vec<Named> {
    PRESETS.with_borrow(Clone::clone)
}

pub(super) fn settings() -> Vec<(String, Setting)> {
    let of = |(name, preset): Named| {
        let settings = preset.parameters.iter().filter_map(move |(parameter, of)| {
            Some((format!("{name}.{parameter}"), of.setting()?.clone()))
        });
        settings.collect::<Vec<_>>()
    };
    all().into_iter().flat_map(of).collect()
}
