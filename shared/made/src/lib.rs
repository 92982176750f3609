//! What follows from presets: pages, golden files, examples, and the parts of `template.yaml` about
//! them. `make bless` writes it of the catalogue, and `account-presets bless` of presets of one's
//! own. None of it is in a function.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a text takes all that is written into it, and an edition is there"
)]

pub mod choices;
mod every_change;
pub mod example;
pub mod golden;
pub mod names;
pub mod packing;
pub mod page;
pub mod picture;
pub mod rights;
pub mod template;

use std::collections::BTreeMap;

use account_presets::preset::{self, Edition, PROVIDER, Preset, Wish, parameters};
use account_presets::state::{Account, Owner};

pub use every_change::every_change;

/// Presets by name.
pub type Catalogue = BTreeMap<String, Preset>;

/// The presets that this program was built with.
pub fn catalogue() -> Catalogue {
    let known = preset::names().into_iter();
    known.filter_map(|name| Some((name.to_owned(), preset::find(name)?.clone()))).collect()
}

/// A resource that asks for this edition with these parameters, in an account of the examples.
fn wish(preset: &Preset, edition: Edition, parameters: parameters::Values) -> Wish {
    debug_assert!(preset.editions.contains(&edition));
    Wish {
        account: account(),
        owner: Owner::new("stack", "Preset"),
        provider: PROVIDER.to_owned(),
        edition,
        parameters,
        path: "/".to_owned(),
        permissions_boundary: None,
        tags: BTreeMap::new(),
        max_session_duration: 3600,
    }
}

fn account() -> Account {
    Account {
        id: "123456789012".to_owned(),
        partition: "aws".to_owned(),
        region: "eu-west-1".to_owned(),
    }
}

/// Words of a name as one: `GithubActions` for `github-actions`.
pub fn camel(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}
