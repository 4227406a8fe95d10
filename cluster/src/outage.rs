//! A temporary outage: a server that stops and returns at the same address with its data.

use crate::Cluster;

impl Cluster {
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection at once and stops, like a crash.
    pub fn break_down(&self) -> Result<(), String> {
        self.run("pg_ctl", &["-D", &self.data().to_string_lossy(), "-m", "immediate", "-w", "stop"])
    }

    /// Starts again, and waits until clients can connect.
    pub fn come_back(&self) -> Result<(), String> {
        let log = self.folder.join("log");
        self.run("pg_ctl", &["-D", &self.data().to_string_lossy(), "-l", &log.to_string_lossy(), "-w", "start"])
    }
}
