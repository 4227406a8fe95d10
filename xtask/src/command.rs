//! One command of a chore, with a heading that can be found again in a long log.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a command, with its heading on standard error: the bench prints JSON on standard output.
pub(crate) fn run(heading: &str, command: &mut Command, on_failure: &str) -> Result<(), String> {
    let line = line(command);
    eprintln!("\n== {heading}: {line}");
    let status = command.status().map_err(|cause| format!("{heading} could not start `{line}`: {cause}"))?;
    if status.success() { Ok(()) } else { Err(format!("{heading} failed ({status}): {on_failure}.")) }
}

/// The command as one would type it, without the folder of the program.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let words = std::iter::once(program.file_name().unwrap_or(program.as_os_str())).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The cargo that runs this program, in the folder of the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(arguments).current_dir(workspace());
    // `cargo run` sets these to the package of this program, and build scripts that watch them (that of ring) would
    // run again whenever a chore follows a plain `cargo build`, and the other way round.
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"))
    {
        command.env_remove(name);
    }
    command
}

/// The folder of the workspace: the parent of this package's.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}
