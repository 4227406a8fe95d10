//! The direction of the modules: what each may use of the others, read from the source itself.
//!
//! An arrow that runs the wrong way is how a clear structure begins to rot, and nobody sees it in a review of one file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the bottom up: each may use those before it, and itself.
const ORDER: &[&str] = &[
    "wire",
    "clock",
    "entropy",
    "language",
    "store",
    "ids",
    "mail",
    "engine",
    "oauth",
    "resources",
    "transfer",
    "sandbox",
    "server",
    "http",
    "run",
    "cli",
];

/// Modules below which nothing may know a resource.
const KNOW_NO_RESOURCE: &[&str] = &["wire", "store"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(place: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every file with the top-level module that it belongs to.
fn modules() -> Vec<(String, PathBuf, String)> {
    let mut found = Vec::new();
    files(&source(), &mut found);
    found
        .into_iter()
        .filter_map(|path| {
            let relative = path.strip_prefix(source()).unwrap().to_path_buf();
            let first = relative.components().next()?.as_os_str().to_string_lossy().into_owned();
            let module = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            (!["lib", "main"].contains(&module.as_str())).then_some((module, relative, text))
        })
        .collect()
}

/// The modules that a file names after `crate::`, also inside braces.
fn used(text: &str) -> BTreeSet<String> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut used = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        let pieces: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap().split(',').collect(),
            None => vec![rest],
        };
        let name = |piece: &str| piece.trim().chars().take_while(|character| is_name(*character)).collect::<String>();
        used.extend(pieces.into_iter().map(name).filter(|name| !name.is_empty()));
    }
    used
}

fn height(module: &str) -> usize {
    ORDER.iter().position(|room| *room == module).unwrap_or_else(|| panic!("module {module} has no place in ORDER"))
}

#[test]
fn every_module_uses_only_what_lies_below_it() {
    let mut wrong = Vec::new();
    for (module, path, text) in modules() {
        for other in used(&text) {
            if other != module && height(&other) > height(&module) {
                wrong.push(format!("{} uses {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_engine_and_the_store_know_no_resource() {
    let names: Vec<String> =
        invited::resources::registry::REGISTRY.iter().map(|entry| entry.resource.table.to_owned()).collect();
    let mut wrong = Vec::new();
    for (module, path, text) in modules() {
        // What stands below is a test's example, which has to name something.
        let code = text.split("#[cfg(test)]").next().unwrap();
        if KNOW_NO_RESOURCE.contains(&module.as_str()) && !path.ends_with("laws.rs") {
            let code_lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            let found = code_lines.filter(|line| names.iter().any(|name| line.contains(name.as_str())));
            wrong.extend(found.map(|line| format!("{}: {}", path.display(), line.trim())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_reader_of_arrows_sees_names_in_braces_and_in_paths() {
    let text = "use crate::{wire, store::Db};\nfn f() -> crate::error::Error {}";
    assert_eq!(used(text), BTreeSet::from(["wire".to_owned(), "store".to_owned(), "error".to_owned()]));
}
