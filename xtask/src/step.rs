//! One command of a chore, with a heading that can be found again in a long log.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A command, its heading, and what to tell a reader when it fails.
pub(crate) struct Step<'a> {
    heading: &'a str,
    program: PathBuf,
    arguments: &'a [&'a str],
    on_failure: &'a str,
    folder: Option<&'a Path>,
    variable: Option<(&'a str, &'a str)>,
    quiet: bool,
}

impl<'a> Step<'a> {
    pub(crate) fn cargo(heading: &'a str, arguments: &'a [&'a str], on_failure: &'a str) -> Step<'a> {
        Step::program(heading, cargo(), arguments, on_failure)
    }

    pub(crate) fn program(
        heading: &'a str,
        program: impl Into<PathBuf>,
        arguments: &'a [&'a str],
        on_failure: &'a str,
    ) -> Step<'a> {
        Step { heading, program: program.into(), arguments, on_failure, folder: None, variable: None, quiet: false }
    }

    /// Runs the command in another folder than the workspace's.
    pub(crate) fn in_folder(mut self, folder: &'a Path) -> Step<'a> {
        self.folder = Some(folder);
        self
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

    /// Runs the command, in the workspace's folder unless another was given.
    ///
    /// Any exit status but 0 is an error.
    pub(crate) fn run(&self) -> Result<(), String> {
        let line = self.line();
        if self.quiet {
            eprintln!("== {}: {line}", self.heading);
        } else {
            println!("\n== {}: {line}", self.heading);
        }
        let folder = self.folder.map_or_else(workspace_folder, |folder| Ok(folder.to_path_buf()))?;
        let mut command = Command::new(&self.program);
        command.args(self.arguments).current_dir(folder);
        if let Some((name, value)) = self.variable {
            command.env(name, value);
        }
        let status = command.status().map_err(|cause| format!("{} could not start `{line}`: {cause}", self.heading))?;
        if status.success() { Ok(()) } else { Err(format!("{} failed ({status}): {}.", self.heading, self.on_failure)) }
    }

    /// The command as one would type it, without the folder of the program.
    fn line(&self) -> String {
        let name = self.program.file_name().unwrap_or(self.program.as_os_str());
        format!("{} {}", name.display(), self.arguments.join(" "))
    }
}

/// The cargo that runs this program, so that every step uses the same toolchain.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// `cargo run` names the folder of this package; the workspace is its parent.
pub(crate) fn workspace_folder() -> Result<PathBuf, String> {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("start this with `cargo xtask`")?;
    Path::new(&package).parent().map(Path::to_path_buf).ok_or_else(|| "the folder of xtask has no parent".to_owned())
}
