//! A second server that follows the first and can replace it.

use super::{Cluster, USER};

impl Cluster {
    /// Starts a server that follows this one, with a copy of its data. The first waits for it only after
    /// [`Cluster::require_standby`].
    pub fn standby(&self) -> Result<Self, String> {
        let standby = Self::in_new_folder(self.folder.parent().unwrap_or(&self.folder))?;
        let (port, data) = (self.port.to_string(), standby.data());
        let place = ["-h", "127.0.0.1", "-p", &port, "-U", USER, "-D", &data.to_string_lossy()];
        let manner = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"];
        standby.run("pg_basebackup", &[&place[..], &manner[..]].concat())?;
        // Nothing follows the standby, so once promoted it must not wait for a follower.
        standby.set(&["synchronous_standby_names = ''"])?;
        standby.begin()?;
        Ok(standby)
    }

    /// From now on every commit waits until a follower has it on disk.
    pub fn require_standby(&self) -> Result<(), String> {
        self.set(&["synchronous_standby_names = '*'"])?;
        self.run("pg_ctl", &["-D", &self.data().to_string_lossy(), "reload"])
    }

    /// Makes a standby the primary, and waits until it is.
    pub fn promote(&self) -> Result<(), String> {
        self.run("pg_ctl", &["-D", &self.data().to_string_lossy(), "-w", "promote"])
    }
}
