//! PostgreSQL in place of SQLite: a server of the run's own, with the same data, and pgbench in place of the floor.
//!
//! A floor on the same stack would say what rules and printing cost, which the one on SQLite does already. What a server
//! adds to the database is told better by the client that the database itself brings: pgbench, in C, which sends the same
//! statements and does nothing else. [`statements`] takes them from the database's own log, so that they are the ones that
//! are really sent, whatever becomes of the program.

pub(crate) mod comparison;
pub(crate) mod pgbench;
mod statements;
mod transfer;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, anyhow, bail};
use invited_cluster::Cluster;

use crate::interrupt::Interrupt;

/// What the database server is set to: as durable as it comes, memory for the whole database, and no checkpoint in the middle
/// of a cell. The prefix of the log tells sessions apart.
const SETTINGS: &[&str] = &[
    "fsync = on",
    "synchronous_commit = on",
    "full_page_writes = on",
    "shared_buffers = 512MB",
    "max_wal_size = 4GB",
    "checkpoint_timeout = 30min",
    "log_line_prefix = '%p '",
    "log_parameter_max_length = -1",
];

/// The database server of a run. It ends with its handle.
pub(crate) struct Postgres {
    cluster: Cluster,
    programs: PathBuf,
}

impl Postgres {
    /// Starts it in the folder of the run.
    pub(crate) fn start(folder: &Path) -> Result<Postgres> {
        let programs = invited_cluster::programs()
            .context("PostgreSQL's programs are not there; Debian and Ubuntu: `apt-get install postgresql`")?;
        for needed in ["psql", "pgbench"] {
            if !programs.join(needed).is_file() {
                bail!("{needed} is not in {}", programs.display());
            }
        }
        let cluster = Cluster::start_in(folder, SETTINGS).map_err(|reason| anyhow!(reason))?;
        Ok(Postgres { cluster, programs })
    }

    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.cluster.url())
    }

    /// Makes a database, empty or as a copy of another one that nobody is connected to.
    pub(crate) fn create(&self, database: &str, original: Option<&str>) -> Result<()> {
        let template = original.map(|original| format!(" TEMPLATE \"{original}\"")).unwrap_or_default();
        self.ask("postgres", &format!("CREATE DATABASE \"{database}\"{template}")).map(drop)
    }

    /// Fills a database, whose schema and seed are there already, with what was generated in a file of SQLite.
    pub(crate) fn fill(&self, file: &Path, database: &str, interrupt: &Interrupt) -> Result<()> {
        transfer::copy(self, file, database, interrupt)
    }

    /// Its version, as it says itself.
    pub(crate) fn version(&self) -> Result<String> {
        let version = self.ask("postgres", "SHOW server_version")?;
        Ok(version.split_whitespace().next().unwrap_or_default().to_owned())
    }

    /// Runs one statement and returns what it finds as text.
    fn ask(&self, database: &str, sql: &str) -> Result<String> {
        let output = self.psql(&self.url(database)).arg("--command").arg(sql).output().context("starting psql")?;
        if !output.status.success() {
            bail!("psql failed with {sql}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// psql without anybody's own settings, that ends with the first error.
    fn psql(&self, url: &str) -> Command {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]);
        command.arg("--dbname").arg(url).stdin(Stdio::null());
        command
    }
}
