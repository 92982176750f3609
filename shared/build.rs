//! Reads the preset files, so that a mistake in one fails the build and none can fail a run.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use grammar::read::catalogue;
use grammar::schema::Setting;

/// A folder of presets of one's own: docs/own-presets.md.
const OWN: &str = "ACCOUNT_PRESETS_DIR";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=presets");
    println!("cargo::rerun-if-env-changed={OWN}");
    let own = env::var_os(OWN).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    if let Some(own) = &own {
        // Cargo runs a script in its package, so that a relative path would be another one here.
        if !own.is_absolute() {
            println!("cargo::error={OWN} is `{}`; give the whole path", own.display());
            return Ok(());
        }
        println!("cargo::rerun-if-changed={}", own.display());
    }
    let project = Path::new("presets");
    let folders: Vec<&Path> = [project].into_iter().chain(own.as_deref()).collect();
    // The names of the project's are needed to know those of the others.
    let (presets, projects) =
        match catalogue(&folders).and_then(|it| Ok((it, catalogue(&[project])?))) {
            Ok(presets) => presets,
            Err(mistake) => {
                // Without a line for each, Cargo shows the first alone.
                mistake.lines().for_each(|line| println!("cargo::error={line}"));
                return Ok(());
            }
        };
    let settings: BTreeMap<String, &Setting> = presets
        .iter()
        .flat_map(|(name, preset)| preset.parameters.iter().map(move |of| (name, of)))
        .filter_map(|(name, (parameter, of))| Some((format!("{name}.{parameter}"), of.setting()?)))
        .collect();
    let settings = serde_json::to_string(&settings)?;
    let own: Vec<&String> = presets.keys().filter(|name| !projects.contains_key(*name)).collect();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("own.rs"), format!("{own:?}"))?;
    fs::write(out.join("settings.json"), settings)?;
    let presets: Vec<(&String, String)> = presets
        .iter()
        .map(|(name, preset)| Ok((name, serde_json::to_string(preset)?)))
        .collect::<Result<_, serde_json::Error>>()?;
    fs::write(out.join("presets.rs"), format!("{presets:?}"))?;
    Ok(())
}
