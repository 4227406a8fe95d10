//! A server that is away for a while, and comes back at the same place with what it had.

use crate::Cluster;

impl Cluster {
    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection at once and stops, as a crash would.
    pub fn break_down(&self) -> Result<(), String> {
        self.run("pg_ctl", &["-D", &self.data().to_string_lossy(), "-m", "immediate", "-w", "stop"])
    }

    /// Starts anew after it has stopped, and waits until it lets clients in.
    pub fn come_back(&self) -> Result<(), String> {
        let log = self.folder.join("log");
        self.run("pg_ctl", &["-D", &self.data().to_string_lossy(), "-l", &log.to_string_lossy(), "-w", "start"])
    }
}
