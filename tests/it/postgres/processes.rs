//! Real servers over one PostgreSQL database, which a test kills and restarts in place.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::Value;

use crate::process::{Program, command, run};

/// A server and its address.
pub(crate) struct ServerProcess {
    arguments: Vec<String>,
    address: SocketAddr,
    log: PathBuf,
    program: Option<Program>,
}

impl ServerProcess {
    /// Starts a server with settings as flags; its log file spans restarts.
    pub(crate) fn start(settings: &[(&str, &str)], log: PathBuf) -> Self {
        // The system chooses the port; later starts are at the same address.
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut arguments = vec!["serve".to_owned()];
        for (name, value) in settings {
            arguments.extend([format!("--{name}"), (*value).to_owned()]);
        }
        let mut server = Self { arguments, address, log, program: None };
        server.start_again();
        server
    }

    /// Restarts it at the same address, and waits until it listens.
    pub(crate) fn start_again(&mut self) {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let mut command = command(&arguments);
        command.args(["--listen", &self.address.to_string()]);
        let (program, address) = Program::serve_logging(command, &self.log);
        (self.program, self.address) = (Some(program), address);
    }

    /// Kills it.
    pub(crate) fn kill(&mut self) {
        if let Some(program) = self.program.take() {
            program.kill();
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Log lines that must never occur: an answer of 500, or a panicked thread.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let is_bad = |line: &&str| line.contains("\"status\":500") || line.contains("panicked");
        self.log().lines().filter(is_bad).map(str::to_owned).collect()
    }
}

/// Creates an account in an empty database and returns its owner's token.
pub(crate) fn account(database: &str) -> String {
    let names = ["account", "create", "Team", "--owner-email", "owner@team.test", "--owner-name", "Owner", "--json"];
    let output = run(&[&names[..], &["--database", database]].concat());
    let line = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let made: Value = serde_json::from_str(&line).unwrap_or_else(|cause| panic!("{cause}: {line:?} {said}"));
    made["token"].as_str().unwrap().to_owned()
}
