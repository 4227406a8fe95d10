//! A second server that follows the first, and takes its place.

use super::{Cluster, USER};

impl Cluster {
    /// Starts a server that follows this one, with a copy of all that is there. The first waits for it only after
    /// [`Cluster::require_standby`].
    pub fn standby(&self) -> Result<Self, String> {
        let standby = Self::in_new_folder(&std::env::temp_dir())?;
        let (port, data) = (self.port.to_string(), standby.data());
        let place = ["-h", "127.0.0.1", "-p", &port, "-U", USER, "-D", &data.to_string_lossy()];
        let manner = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"];
        standby.run("pg_basebackup", &[&place[..], &manner[..]].concat())?;
        // Nobody follows it, so that it must not wait for anybody when it has taken the place of the first.
        standby.set(&["synchronous_standby_names = ''"])?;
        standby.begin()?;
        Ok(standby)
    }

    /// Has every commit from now on wait for a server that follows, until that has it on its disk.
    pub fn require_standby(&self) -> Result<(), String> {
        self.set(&["synchronous_standby_names = '*'"])?;
        self.run("pg_ctl", &["-D", &self.data().to_string_lossy(), "reload"])
    }

    /// Makes a server that follows one that is written to, and waits until it is.
    pub fn promote(&self) -> Result<(), String> {
        self.run("pg_ctl", &["-D", &self.data().to_string_lossy(), "-w", "promote"])
    }
}
