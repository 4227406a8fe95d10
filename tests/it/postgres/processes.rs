//! Real servers over one PostgreSQL database, which a test kills and restarts in place.

use std::fs::{self, OpenOptions};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::process::{Program, command, run};
use crate::support::within;

/// How long a server may take to listen on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

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
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut arguments = vec!["serve".to_owned(), "--listen".to_owned(), address.to_string()];
        for (name, value) in settings {
            arguments.extend([format!("--{name}"), (*value).to_owned()]);
        }
        let mut server = Self { arguments, address, log, program: None };
        server.start_again();
        server
    }

    /// Restarts it at the same address, and waits until it listens.
    pub(crate) fn start_again(&mut self) {
        let log = OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let mut command = command(&arguments);
        command.stderr(Stdio::from(log));
        self.program = Some(Program::start(command));
        let listens = || TcpStream::connect(self.address).is_ok();
        assert!(within(PATIENCE, listens), "the server does not listen: {}", self.log());
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
