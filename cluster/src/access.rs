//! Who may connect to a server, and encryption of the connections.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;

use crate::{Certificate, Cluster, Owner, USER, because};

impl Cluster {
    /// Requires a password of everyone except the superuser.
    pub fn require_passwords(&self) -> Result<(), String> {
        self.let_in(&[&format!("host all {USER} 127.0.0.1/32 trust"), "host all all 127.0.0.1/32 scram-sha-256"])
    }

    /// Sets who is admitted, and how, as lines of `pg_hba.conf`.
    pub fn let_in(&self, lines: &[&str]) -> Result<(), String> {
        let text = lines.join("\n") + "\n";
        fs::write(self.data().join("pg_hba.conf"), text).map_err(because("pg_hba.conf cannot be written"))?;
        self.run("pg_ctl", &["-D", &self.data().to_string_lossy(), "reload"])
    }

    /// Offers encryption with this certificate on new connections.
    pub fn encrypt(&self, certificate: &Certificate) -> Result<(), String> {
        for (from, name) in [(&certificate.file, "server.crt"), (&certificate.key, "server.key")] {
            self.take(from, &self.data().join(name))?;
        }
        let settings = self.data().join("postgresql.auto.conf");
        let text = fs::read_to_string(&settings).map_err(because("the settings cannot be read"))?;
        fs::write(settings, format!("{text}ssl = on\n")).map_err(because("the settings cannot be written"))?;
        self.run("pg_ctl", &["-D", &self.data().to_string_lossy(), "reload"])
    }

    /// Copies a file so that only the server can read it.
    fn take(&self, from: &Path, to: &Path) -> Result<(), String> {
        fs::copy(from, to).map_err(because("a file for the database server cannot be copied"))?;
        let only_owner = fs::Permissions::from_mode(0o600);
        fs::set_permissions(to, only_owner).map_err(because("a file for the database server cannot be closed"))?;
        match self.owner {
            Some(Owner { user, group }) => chown(to, Some(user), Some(group))
                .map_err(because("a file for the database server cannot be given away")),
            None => Ok(()),
        }
    }
}
