//! One command of a chore, with a heading that can be found again in a long log.

use std::process::Command;

/// A cargo command, its heading, and what to tell a reader when it fails.
pub(crate) struct Step<'a> {
    heading: &'a str,
    arguments: &'a [&'a str],
    on_failure: &'a str,
    variable: Option<(&'a str, &'a str)>,
    quiet: bool,
}

impl<'a> Step<'a> {
    pub(crate) fn cargo(heading: &'a str, arguments: &'a [&'a str], on_failure: &'a str) -> Step<'a> {
        Step { heading, arguments, on_failure, variable: None, quiet: false }
    }

    /// Sets one environment variable for this command only.
    pub(crate) fn with_variable(mut self, name: &'a str, value: &'a str) -> Step<'a> {
        self.variable = Some((name, value));
        self
    }

    /// Leaves the heading out of standard output, for chores whose output is read by a program.
    pub(crate) fn quiet(mut self) -> Step<'a> {
        self.quiet = true;
        self
    }

    /// Runs the command in the workspace's folder and turns any exit status but 0 into an error.
    pub(crate) fn run(&self) -> Result<(), String> {
        let line = format!("cargo {}", self.arguments.join(" "));
        if self.quiet {
            eprintln!("== {}: {line}", self.heading);
        } else {
            println!("\n== {}: {line}", self.heading);
        }
        let mut command = Command::new(cargo());
        command.args(self.arguments).current_dir(workspace_folder()?);
        if let Some((name, value)) = self.variable {
            command.env(name, value);
        }
        let status = command.status().map_err(|cause| format!("{} could not start `{line}`: {cause}", self.heading))?;
        if status.success() { Ok(()) } else { Err(format!("{} failed ({status}): {}.", self.heading, self.on_failure)) }
    }
}

/// The cargo that runs this program, so that every step uses the same toolchain.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// `cargo run` names the folder of this package; the workspace is its parent.
fn workspace_folder() -> Result<std::path::PathBuf, String> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("start this with `cargo xtask`")?;
    std::path::Path::new(&package)
        .parent()
        .map(std::path::Path::to_path_buf)
        .ok_or_else(|| "the folder of xtask has no parent".to_owned())
}
