//! Reads the preset files, so that a mistake in one fails the build and none can fail a run.

#[path = "src/preset/check.rs"]
mod check;
#[path = "src/preset/lint/glob.rs"]
#[allow(dead_code)]
mod glob;
#[path = "src/preset/placeholders.rs"]
#[allow(dead_code)]
mod placeholders;
#[path = "src/preset/lint/references.rs"]
mod references;
#[path = "src/preset/schema.rs"]
#[allow(dead_code, missing_docs)]
mod schema;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=presets");
    let presets = catalogue(Path::new("presets"))?.into_iter();
    let presets: Vec<(String, String)> = presets
        .map(|(name, preset)| Ok((name, serde_json::to_string(&preset)?)))
        .collect::<Result<_, serde_json::Error>>()?;
    let out = Path::new(&env::var("OUT_DIR")?).join("presets.rs");
    fs::write(out, format!("{presets:?}"))?;
    Ok(())
}

/// Every YAML file of the folder, by its name. A test reads other folders with it.
pub fn catalogue(folder: &Path) -> Result<BTreeMap<String, schema::Preset>, Box<dyn Error>> {
    let mut presets = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path)?;
        let preset: schema::Preset = serde_saphyr::from_str(&text)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let mistakes = [check::mistakes(&preset), references::dangling(&preset)].concat();
        if !mistakes.is_empty() {
            return Err(format!("{}: {}", path.display(), mistakes.join("; ")).into());
        }
        presets.insert(name, preset);
    }
    Ok(presets)
}
