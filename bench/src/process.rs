//! Server processes under test. Each is ended, by its id, when its handle goes away, whatever the reason.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client;
use crate::database::Database;
use crate::machine;

/// How long a server may take until it says where it listens.
const READY: Duration = Duration::from_secs(30);

/// The counter of commits in the metrics of both servers.
pub(crate) const COMMITS: &str = "invited_store_commits_total";

/// Linux tells processor times in hundredths of a second, whatever the clock of the kernel is.
const MICROSECONDS_PER_TICK: f64 = 10_000.0;

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// When the process was asked for.
    pub(crate) spawned_at: Instant,
    child: Child,
}

/// What happens to the log lines of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestLines {
    /// Only warnings and errors, on standard error.
    Off,
    /// One line per request, which nobody reads.
    On,
}

impl Server {
    /// Starts `invited sandbox`, over the database if one is given and over its own temporary one otherwise.
    pub(crate) fn sandbox(
        program: &Path,
        folder: &Path,
        database: Option<&Database>,
        request_lines: RequestLines,
    ) -> Result<Server> {
        let mut command = Command::new(program);
        command.args(["sandbox", "--listen", "127.0.0.1:0", "--json"]);
        // Mail is measured by itself. As a variable, since an older build does not know the flag.
        command.env("INVITED_MAIL", "none");
        // What `serve` does is measured, which keeps no requests to look at.
        command.env("INVITED_KEEP_REQUESTS", "0");
        if let Some(database) = database {
            command.arg("--database").arg(database.setting());
            if let Some(connections) = database.writing_connections() {
                command.arg("--connections").arg(connections.to_string());
            }
        }
        match request_lines {
            RequestLines::Off => command.args(["--log-level", "warn"]),
            RequestLines::On => command.args(["--log-level", "info"]).stderr(Stdio::null()),
        };
        // The temporary database of a sandbox that is killed stays behind, so it belongs into our own folder.
        command.env("TMPDIR", folder);
        Server::start(command)
    }

    /// Starts `invited sandbox` over its own temporary database, made durable, with a way for its mails.
    pub(crate) fn with_mail(program: &Path, folder: &Path, mail: &str) -> Result<Server> {
        let mut command = Command::new(program);
        command.args(["sandbox", "--listen", "127.0.0.1:0", "--json", "--log-level", "error", "--durability", "full"]);
        command.args(["--mail", mail, "--mail-starttls", "none"]).env("TMPDIR", folder);
        Server::start(command)
    }

    /// Starts the floor over a database. It is this program in another mode.
    pub(crate) fn floor(database: &Path) -> Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("floor").arg("--database").arg(database);
        Server::start(command)
    }

    fn start(mut command: Command) -> Result<Server> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let spawned_at = Instant::now();
        let mut child = command.spawn().with_context(|| format!("starting {command:?}"))?;
        let output = child.stdout.take();
        // From here on the handle ends the process if anything fails.
        let mut server = Server { address: SocketAddr::from(([127, 0, 0, 1], 0)), spawned_at, child };
        let output = output.context("a server without standard output")?;
        let (sender, line) = mpsc::channel();
        std::thread::spawn(move || {
            let mut first = String::new();
            let read = BufReader::new(output).read_line(&mut first);
            // If nobody waits any more, the server is being ended.
            let _ = sender.send(read.map(|_| first));
        });
        let line = line
            .recv_timeout(READY)
            .with_context(|| format!("{command:?} did not say within {READY:?} where it listens"))??;
        server.address = address_of(&line).with_context(|| format!("the first line of {command:?}: {line:?}"))?;
        Ok(server)
    }

    /// Resident memory in MiB.
    pub(crate) fn memory(&self) -> Result<f64> {
        let file = format!("/proc/{}/status", self.child.id());
        let kibibytes = machine::kibibytes(&file, "VmRSS").with_context(|| format!("no VmRSS in {file}"))?;
        Ok(kibibytes as f64 / 1024.0)
    }

    /// Processor time that all threads have used since the start, in microseconds.
    pub(crate) fn processor_time(&self) -> Result<f64> {
        let file = format!("/proc/{}/stat", self.child.id());
        let text = std::fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
        Ok(ticks(&text).with_context(|| format!("no processor time in {file}"))? * MICROSECONDS_PER_TICK)
    }

    /// Commits since the start, each of which has waited for the disk once.
    pub(crate) fn commits(&self) -> Result<f64> {
        self.metric(COMMITS)?.with_context(|| format!("/metrics has no {COMMITS}"))
    }

    /// A counter by its name and labels; `None` while there is nothing to count.
    pub(crate) fn metric(&self, name: &str) -> Result<Option<f64>> {
        let (status, text) = client::get(self.address, "/metrics")?;
        if status != 200 {
            bail!("/metrics answered {status}");
        }
        Ok(counter(&text, name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The databases are thrown away, so nothing is lost by not letting it drain. Both fail only if it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address_of(line: &str) -> Option<SocketAddr> {
    let ready: serde_json::Value = serde_json::from_str(line).ok()?;
    ready.get("base_url")?.as_str()?.strip_prefix("http://")?.parse().ok()
}

/// User and system time of a line of `/proc/PID/stat`. The name of the program, in parentheses, may hold blanks.
fn ticks(text: &str) -> Option<f64> {
    let (_, after_name) = text.rsplit_once(") ")?;
    let mut words = after_name.split(' ').skip(11);
    let user: f64 = words.next()?.parse().ok()?;
    let system: f64 = words.next()?.parse().ok()?;
    Some(user + system)
}

fn counter(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))?;
    line.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_line_says_where_the_server_listens() {
        let line = r#"{"base_url":"http://127.0.0.1:4711","api_url":"http://127.0.0.1:4711/api/v1","tokens":{}}"#;
        assert_eq!(address_of(line).unwrap().port(), 4711);
        assert!(address_of("").is_none());
    }

    #[test]
    fn processor_time_is_user_and_system_time_together() {
        let line = "7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 12 34 0 0 20 0 5 0 1 2 3";
        assert_eq!(ticks(line), Some(46.0));
    }

    #[test]
    fn a_counter_is_found_by_its_whole_name() {
        let text = "# TYPE a_total counter\na_total_more 3\na_total 12\n";
        assert_eq!(counter(text, "a_total"), Some(12.0));
        assert_eq!(counter(text, "b_total"), None);
    }
}
