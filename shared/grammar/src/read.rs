//! Presets from files. A mistake is told with the file, the line and the allowed words.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::mistakes;
use super::schema::Preset;

/// The presets of all folders by name, which is that of the file: `slim.yaml`. Other files are no
/// presets.
///
/// # Errors
///
/// A mistake in a file, its name, or a second preset of a name.
pub fn catalogue(folders: &[&Path]) -> Result<BTreeMap<String, Preset>, String> {
    let mut presets = BTreeMap::new();
    for folder in folders {
        for path in files(folder)? {
            let name = name(&path)?;
            if presets.contains_key(&name) {
                return Err(taken(&path, &name));
            }
            presets.insert(name, preset(&path)?);
        }
    }
    Ok(presets)
}

/// The files of a folder's presets, in the order of their names.
///
/// # Errors
///
/// The folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unread = |error| format!("{}: {error}", folder.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        paths.push(entry.map_err(unread)?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    paths.sort();
    Ok(paths)
}

/// The mistake of a file whose preset another one has the name of.
pub fn taken(file: &Path, name: &str) -> String {
    format!(
        "{}: the catalogue has a preset `{name}` already; give the file another name",
        file.display()
    )
}

/// The name of a file's preset.
///
/// # Errors
///
/// It is no name that a stack, a condition of the template and the id of a statement can have.
pub fn name(path: &Path) -> Result<String, String> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let is_word = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if name.len() <= LONGEST_NAME && name.split('-').all(is_word) {
        return Ok(name);
    }
    Err(format!(
        "{}: `{name}` is no name of a preset; allowed are words of small letters and digits with \
         hyphens between them, each beginning with a letter, {LONGEST_NAME} characters at most",
        path.display()
    ))
}

/// As long as the presets' names leave room for the stack's in a physical id.
const LONGEST_NAME: usize = 32;

/// The preset of a file.
///
/// # Errors
///
/// The file cannot be read or has a mistake.
pub fn preset(path: &Path) -> Result<Preset, String> {
    let file = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{file}: {error}"))?;
    self::text(&text).map_err(|mistakes| format!("{file}: {mistakes}"))
}

/// The preset of a text.
///
/// # Errors
///
/// A mistake, with its line.
pub fn text(text: &str) -> Result<Preset, String> {
    let preset: Preset = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
    let mistakes = mistakes(&preset).into_iter().map(|mistake| {
        let on: Vec<&str> = mistake.on.iter().map(String::as_str).collect();
        match lines(text, &on) {
            Some(lines) => format!("{lines}: {}", mistake.said),
            None => mistake.said,
        }
    });
    let mistakes: Vec<String> = mistakes.collect();
    if mistakes.is_empty() { Ok(preset) } else { Err(mistakes.join("; ")) }
}

/// The lines on which all these texts stand: `line 7` or `lines 7, 9`.
pub fn lines(text: &str, on: &[&str]) -> Option<String> {
    let has = |line: &str| on.iter().all(|word| stands(line, word));
    let found = (1..).zip(text.lines()).filter(|(_, line)| !on.is_empty() && has(line));
    let found: Vec<String> = found.map(|(number, _): (usize, _)| number.to_string()).collect();
    match found.as_slice() {
        [] => None,
        [one] => Some(format!("line {one}")),
        several => Some(format!("lines {}", several.join(", "))),
    }
}

/// Whether the word is on the line, and not as a part of a longer one.
fn stands(line: &str, word: &str) -> bool {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let behind = line.get(at + word.len()..).and_then(|text| text.chars().next());
        let begins = word.chars().next().is_some_and(is_inside);
        let ends = word.chars().next_back().is_some_and(is_inside);
        !(begins && before.is_some_and(is_inside) || ends && behind.is_some_and(is_inside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_word_is_found_where_it_stands_by_itself() {
        let text = "a: tool\nb: ${tool}-x\nc: tools\nd: x-tool\n";
        assert_eq!(lines(text, &["tool"]).as_deref(), Some("lines 1, 2"));
        assert_eq!(lines(text, &["tool", "a:"]).as_deref(), Some("line 1"));
        assert_eq!(lines(text, &["${tool}"]).as_deref(), Some("line 2"));
        assert_eq!(lines(text, &["spoon"]), None);
        assert_eq!(lines(text, &[]), None);
    }

    #[test]
    fn the_name_of_a_file_is_words_with_hyphens() {
        for good in ["slim", "night-owl", "k8s-tools"] {
            assert_eq!(name(Path::new(&format!("a/{good}.yaml"))).as_deref(), Ok(good));
        }
        for bad in ["Slim", "night_owl", "a,b", "a--b", "a-1", "1a", "", "-a", &"a".repeat(33)] {
            let problem = name(Path::new(&format!("a/{bad}.yaml"))).unwrap_err();
            assert!(problem.contains("is no name of a preset"), "{problem}");
        }
    }
}
