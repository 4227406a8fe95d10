//! The rooms of the code and their direction, read from the source itself.
//!
//! An arrow that runs the wrong way is how a clear structure begins to rot, and a review of one file does not show it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use invited::testing::REGISTRY;

/// The rooms from the bottom up: each may use those before it, and itself.
const ORDER: &[&str] = &[
    "wire",
    "clock",
    "entropy",
    "files",
    "language",
    "trust",
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

/// Rooms that know no resource by name.
const KNOW_NO_RESOURCE: &[&str] = &["wire", "store"];

/// Files of these names make up the crate, and are in no room.
const OUTSIDE: &[&str] = &["lib", "main"];

/// A source file: its module path, such as `resources::seats`, and its code without comments and unit tests.
struct Module {
    path: Vec<String>,
    code: String,
}

impl Module {
    fn room(&self) -> &str {
        &self.path[0]
    }

    fn name(&self) -> String {
        self.path.join("::")
    }
}

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

fn modules() -> Vec<Module> {
    let mut found = Vec::new();
    files(&source(), &mut found);
    let module = |file: PathBuf| {
        let relative = file.strip_prefix(source()).unwrap().with_extension("");
        let mut path: Vec<String> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        path.pop_if(|last| last == "mod");
        let text = fs::read_to_string(&file).unwrap();
        let product = text.split("#[cfg(test)]").next().unwrap();
        let code = product.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        Module { path, code }
    };
    let all = found.into_iter().map(module);
    all.filter(|module| !OUTSIDE.contains(&module.room())).collect()
}

/// The paths that code names after `crate::`, with each name inside braces.
fn named(code: &str) -> BTreeSet<String> {
    let is_path = |character: char| character.is_ascii_alphanumeric() || "_:".contains(character);
    let mut named = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let stem: String = rest.chars().take_while(|character| is_path(*character)).collect();
        let group = rest[stem.len()..].strip_prefix('{').and_then(|group| group.split('}').next());
        let names = group.unwrap_or_default().split(',').map(str::trim);
        named.extend(names.map(|name| format!("{stem}{}", name.split(' ').next().unwrap_or_default())));
    }
    named
}

/// Which modules each module uses: the longest part of a named path that is a module.
fn arrows(modules: &[Module]) -> BTreeMap<String, BTreeSet<String>> {
    let known: BTreeSet<String> = modules.iter().map(Module::name).collect();
    let used = |module: &Module| {
        let of_path = |path: &String| {
            let parts: Vec<&str> = path.split("::").collect();
            let longest = (1..=parts.len()).rev().map(|length| parts[..length].join("::"));
            longest.into_iter().find(|name| known.contains(name) && *name != module.name())
        };
        named(&module.code).iter().filter_map(of_path).collect()
    };
    modules.iter().map(|module| (module.name(), used(module))).collect()
}

fn room_of(module: &str) -> &str {
    module.split("::").next().unwrap()
}

fn height(room: &str) -> usize {
    ORDER.iter().position(|known| *known == room).unwrap_or_else(|| panic!("the room {room} has no place in ORDER"))
}

#[test]
fn every_room_uses_only_rooms_below_it() {
    let mut wrong = Vec::new();
    for (module, used) in arrows(&modules()) {
        let above = used.iter().filter(|other| height(room_of(other)) > height(room_of(&module)));
        wrong.extend(above.map(|other| format!("{module} uses {other}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let arrows = arrows(&modules());
    // What a module reaches, by any number of arrows.
    let reach = |start: &str| {
        let (mut reached, mut next) = (BTreeSet::new(), vec![start.to_owned()]);
        while let Some(module) = next.pop() {
            next.extend(arrows[&module].iter().filter(|other| reached.insert((*other).clone())).cloned());
        }
        reached
    };
    let circles: Vec<&String> = arrows.keys().filter(|module| reach(module).contains(*module)).collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn the_wire_and_the_store_know_no_resource() {
    let tables: Vec<&str> = REGISTRY.iter().map(|entry| entry.resource.table).collect();
    let mut wrong = Vec::new();
    for module in modules() {
        // The laws of the decoders need an example, which has to name something.
        if KNOW_NO_RESOURCE.contains(&module.room()) && !module.name().ends_with("laws") {
            let lines = module.code.lines().filter(|line| tables.iter().any(|table| line.contains(table)));
            wrong.extend(lines.map(|line| format!("{}: {}", module.name(), line.trim())));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The rooms as a diagram: an arrow for each use that is not implied by others.
fn picture() -> String {
    let mut uses: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (module, used) in arrows(&modules()) {
        let room = *ORDER.iter().find(|room| **room == room_of(&module)).unwrap();
        let others = used.iter().map(|other| room_of(other).to_owned()).filter(|other| other != room);
        uses.entry(room).or_default().extend(others);
    }
    let mut reached: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut picture = String::from("```mermaid\nflowchart TD\n");
    let mut drawn = Vec::new();
    for room in ORDER {
        let direct = uses.remove(room).unwrap_or_default();
        let implied: BTreeSet<String> = direct.iter().flat_map(|other| reached[other.as_str()].clone()).collect();
        for other in direct.difference(&implied) {
            drawn.push(format!("    {room} --> {other}\n"));
        }
        reached.insert(room, direct.union(&implied).cloned().collect());
    }
    for line in drawn.iter().rev() {
        let _ = write!(picture, "{line}");
    }
    picture + "```\n"
}

#[test]
fn the_architecture_shows_the_rooms_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ARCHITECTURE.md");
    let document = fs::read_to_string(&path).unwrap();
    let start = document.find("```mermaid").expect("ARCHITECTURE.md has a diagram");
    let end = start + document[start..].find("```\n\n").expect("the diagram ends") + 4;
    let picture = picture();
    if std::env::var("UPDATE_SNAPSHOTS").is_ok_and(|value| value == "1") {
        fs::write(path, format!("{}{picture}{}", &document[..start], &document[end..])).unwrap();
        return;
    }
    assert_eq!(&document[start..end], picture, "UPDATE_SNAPSHOTS=1 redraws the rooms in ARCHITECTURE.md");
}

#[test]
fn the_reader_of_arrows_sees_names_in_braces_and_in_paths() {
    let code = "use crate::{wire, store::Db};\nfn f() -> crate::error::Error {}";
    let expected = ["wire", "store::Db", "error::Error"].map(str::to_owned);
    assert_eq!(named(code), BTreeSet::from(expected));
}
