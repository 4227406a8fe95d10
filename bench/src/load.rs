//! The load: wrk with `load.lua`, which makes the requests.
//!
//! wrk needs little of the processor that it shares with the server, and its percentiles take into account that a
//! slow answer keeps its connection from asking again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::database::FIRST_ID;
use crate::figures::Sample;
use crate::operation::Operation;
use crate::server::Server;

/// What wrk calls an error rather than a late answer.
const TIMEOUT: &str = "10s";

/// One operation at a number of connections. Contestants get the same seed, and so the same requests.
pub(crate) struct Cell {
    pub(crate) operation: Operation,
    pub(crate) connections: usize,
    pub(crate) seed: usize,
}

/// How servers are loaded in a run.
pub(crate) struct Load {
    script: PathBuf,
    sample: PathBuf,
    seconds: u64,
    /// Generated invitations, whose ids are drawn from.
    invitations: u32,
}

/// What `load.lua` reports; times in microseconds.
#[derive(Deserialize)]
struct Measured {
    answers: u64,
    seconds: f64,
    bytes: f64,
    mean: f64,
    p50: f64,
    p99: f64,
    errors: u64,
}

impl Load {
    pub(crate) fn new(folder: &Path, seconds: u64, invitations: u32) -> Result<Load> {
        let script = folder.join("load.lua");
        std::fs::write(&script, include_str!("load.lua"))?;
        Ok(Load { script, sample: folder.join("sample"), seconds, invitations })
    }

    /// Loads a server for the time of a cell.
    pub(crate) fn drive(&self, server: &Server, cell: &Cell) -> Result<Sample> {
        let commits = || if cell.operation.writes() { server.commits() } else { Ok(None) };
        let (commits_before, time_before) = (commits()?, server.processor_time()?);
        let measured = self.wrk(server, cell, self.seconds, None)?;
        let (time_after, commits_after) = (server.processor_time()?, commits()?);
        let answers = measured.answers.max(1) as f64;
        Ok(Sample {
            per_second: measured.answers as f64 / measured.seconds,
            mean_in_ms: measured.mean / 1e3,
            p50_in_ms: Some(measured.p50 / 1e3),
            p99_in_ms: Some(measured.p99 / 1e3),
            errors: measured.errors,
            bytes: Some(measured.bytes / answers),
            processor_in_us: Some((time_after - time_before) / answers),
            commits: commits_after.zip(commits_before).map(|(after, before)| (after - before) / answers),
        })
    }

    /// The first answers to an operation, each with its status.
    pub(crate) fn sample(&self, server: &Server, cell: &Cell) -> Result<String> {
        self.wrk(server, cell, 1, Some(&self.sample))?;
        let answers = std::fs::read_to_string(&self.sample).context("reading the first answers")?;
        std::fs::remove_file(&self.sample)?;
        Ok(answers)
    }

    fn wrk(&self, server: &Server, cell: &Cell, seconds: u64, sample: Option<&Path>) -> Result<Measured> {
        let mut command = Command::new("wrk");
        command.args(["--threads", "1", "--timeout", TIMEOUT]);
        command.args(["--connections", &cell.connections.to_string(), "--duration", &format!("{seconds}s")]);
        command.arg("--script").arg(&self.script).arg(format!("http://{}", server.address)).arg("--");
        command.arg(cell.operation.name());
        command.args([&cell.seed.to_string(), &FIRST_ID.to_string(), &self.invitations.to_string()]);
        command.args(sample).stdin(Stdio::null());
        let output = command.output().context("starting wrk; Debian and Ubuntu: `apt-get install wrk`")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let line = said.lines().rev().find(|line| line.starts_with('{')).filter(|_| output.status.success());
        let line = line.with_context(|| format!("wrk failed: {said}{}", String::from_utf8_lossy(&output.stderr)))?;
        serde_json::from_str(line).with_context(|| format!("wrk said {line}"))
    }
}
