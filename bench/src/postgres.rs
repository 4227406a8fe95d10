//! The PostgreSQL server of a run, on loopback and in its folder. It ends with its handle.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, anyhow, bail};
use invited_cluster::Cluster;

/// As durable as it comes, memory for the whole database, no checkpoint in the middle of a cell, and a log that begins
/// each line with the session and has whole values.
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

pub(crate) struct Postgres {
    cluster: Cluster,
    programs: PathBuf,
}

impl Postgres {
    pub(crate) fn start(folder: &Path) -> Result<Postgres> {
        let programs = invited_cluster::programs()
            .context("PostgreSQL's programs are missing; Debian and Ubuntu: `apt-get install postgresql`")?;
        let cluster = Cluster::start_in(folder, SETTINGS).map_err(|reason| anyhow!(reason))?;
        Ok(Postgres { cluster, programs })
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.cluster.url())
    }

    pub(crate) fn program(&self, name: &str) -> Command {
        Command::new(self.programs.join(name))
    }

    /// What it has logged so far.
    pub(crate) fn log(&self) -> Result<String> {
        std::fs::read_to_string(self.cluster.log_file()).context("reading the log of the database")
    }

    pub(crate) fn version(&self) -> Result<String> {
        self.psql("postgres", "SHOW server_version")
    }

    /// Makes an empty database and returns its URL.
    pub(crate) fn create(&self, database: &str) -> Result<String> {
        self.psql("postgres", &format!("CREATE DATABASE \"{database}\""))?;
        Ok(self.url(database))
    }

    /// Runs what inserts rows without the checks of foreign keys, and tidies up, so that the database does not do it
    /// during a measurement.
    pub(crate) fn fill(&self, database: &str, rows: &str) -> Result<()> {
        let follow = |table| format!("SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table};");
        let growing = ["users", "account_invitations", "account_memberships", "skills", "skill_memberships"];
        let ids: String = growing.map(follow).concat();
        let script = format!(
            "BEGIN; SET LOCAL session_replication_role = replica; {rows} {ids} COMMIT; \
             VACUUM (ANALYZE, FREEZE); CHECKPOINT;"
        );
        self.psql(database, &script).map(drop)
    }

    /// Runs a script and returns what it finds as text.
    fn psql(&self, database: &str, script: &str) -> Result<String> {
        let mut command = self.program("psql");
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1", "--file=-"]);
        command.arg(self.url(database)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut psql = command.spawn().context("starting psql")?;
        let written = psql.stdin.take().context("psql without standard input")?.write_all(script.as_bytes());
        let output = psql.wait_with_output()?;
        if !output.status.success() {
            bail!("psql failed ({}); its reason is above", output.status);
        }
        written?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}
