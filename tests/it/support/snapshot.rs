//! Reviewed files: a computed table must match the one in `tests/it/snapshots`, line by line.
//!
//! `UPDATE_SNAPSHOTS=1` writes the file instead, and the review reads the difference.

use std::path::{Path, PathBuf};

fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots").join(name)
}

/// Compares a table with the reviewed file, or writes it.
#[track_caller]
pub(crate) fn compare(name: &str, computed: &str) {
    let path = path_of(name);
    if std::env::var("UPDATE_SNAPSHOTS").is_ok_and(|value| value == "1") {
        std::fs::write(&path, computed).expect("the snapshot is written");
        return;
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    if reviewed == computed {
        return;
    }
    let (old, new): (Vec<&str>, Vec<&str>) = (reviewed.lines().collect(), computed.lines().collect());
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}"));
    let come = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}"));
    let difference: Vec<String> = gone.chain(come).collect();
    panic!(
        "{name} differs from the reviewed one; UPDATE_SNAPSHOTS=1 rewrites it for the review\n{}",
        difference.join("\n")
    );
}
