//! Starts a server for one story and stops it afterwards.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// A running server with the sandbox's seed.
pub(crate) struct Server {
    address: SocketAddr,
    process: Child,
}

impl Server {
    /// Starts a server with the sandbox's own settings.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with some settings changed, each by its name and as text.
    pub(crate) fn start_with(settings: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_invited"))
            .args(["sandbox", "--json", "--listen", "127.0.0.1:0"])
            .envs(settings.iter().map(|(name, value)| (format!("INVITED_{}", name.to_uppercase()), value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("standard output is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("standard output can be read");
        let greeting: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|cause| panic!("the greeting {line:?} is no JSON: {cause}"));
        let base_url = greeting["base_url"].as_str().expect("the greeting holds base_url");
        let address = base_url.trim_start_matches("http://").parse().expect("base_url ends with an address");
        Self { address, process }
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Moves the server's clock forward.
    pub(crate) fn advance_seconds(&self, seconds: i64) {
        panic!("the clock of process {} cannot be moved by {seconds} s", self.process.id());
    }

    /// Stops the server after it has answered what it was asked.
    pub(crate) fn stop(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that has ended by itself cannot be killed: that is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
