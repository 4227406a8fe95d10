//! Server processes. Each is killed, by its id, with its handle: their databases are thrown away.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::machine;

/// The token of the sandbox that may do everything.
const TOKEN: &str = "sandbox-administrator";

const READY_WITHIN: Duration = Duration::from_secs(30);

/// Linux counts processor time in hundredths of a second, whatever its clock is.
const MICROSECONDS_PER_TICK: f64 = 10_000.0;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) started: Instant,
    child: Child,
}

impl Server {
    /// Starts `invited sandbox` with further arguments, close to what `serve` does: no requests kept to look at, and no
    /// mail unless the arguments name a mail server.
    pub(crate) fn sandbox(program: &Path, folder: &Path, arguments: &[&str]) -> Result<Server> {
        let mut command = Command::new(program);
        command.args(["sandbox", "--listen", "127.0.0.1:0", "--json", "--log-level", "error"]).args(arguments);
        // Its temporary database outlives a sandbox that is killed, so it belongs into the folder of the run.
        command.env("INVITED_MAIL", "none").env("INVITED_KEEP_REQUESTS", "0").env("TMPDIR", folder);
        Server::start(command)
    }

    /// Starts the floor, which is this program.
    pub(crate) fn floor(database: &Path) -> Result<Server> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("floor").arg("--database").arg(database);
        Server::start(command)
    }

    fn start(mut command: Command) -> Result<Server> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().with_context(|| format!("starting {command:?}"))?;
        let output = child.stdout.take();
        // From here on the handle ends the process, whatever fails.
        let mut server = Server { address: SocketAddr::from(([127, 0, 0, 1], 0)), started, child };
        let output = output.context("a server without standard output")?;
        let (sender, first_line) = mpsc::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            let read = BufReader::new(output).read_line(&mut line);
            let _ = sender.send(read.map(|_| line));
        });
        let line = first_line.recv_timeout(READY_WITHIN).with_context(|| format!("{command:?} is not ready"))??;
        server.address = address(&line).with_context(|| format!("{command:?} began with {line:?}"))?;
        Ok(server)
    }

    /// Resident memory in MiB.
    pub(crate) fn memory(&self) -> Result<f64> {
        let kibibytes = machine::kibibytes(&format!("/proc/{}/status", self.child.id()), "VmRSS");
        Ok(kibibytes.context("a server without VmRSS")? as f64 / 1024.0)
    }

    /// Processor time of all threads since the start, in microseconds.
    pub(crate) fn processor_time(&self) -> Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        Ok(ticks(&text).context("a server without processor time")? * MICROSECONDS_PER_TICK)
    }

    /// Commits since the start, which the floor does not count.
    pub(crate) fn commits(&self) -> Result<Option<f64>> {
        let metrics = self.ask("GET /metrics", "")?;
        let commits = metrics.lines().find_map(|line| line.strip_prefix("invited_store_commits_total "));
        Ok(commits.map(str::parse).transpose()?)
    }

    /// Sends one request on a connection of its own and returns the body of the answer.
    pub(crate) fn ask(&self, line: &str, body: &str) -> Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(READY_WITHIN))?;
        let request = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").with_context(|| format!("{line} was not answered"))?;
        if !head.starts_with("HTTP/1.1 2") {
            bail!("{line} was answered {answer}");
        }
        Ok(body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it is gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn address(line: &str) -> Option<SocketAddr> {
    let ready: serde_json::Value = serde_json::from_str(line).ok()?;
    ready.get("base_url")?.as_str()?.strip_prefix("http://")?.parse().ok()
}

/// User and system time of a line of `/proc/PID/stat`. The name of the program, in parentheses, may hold blanks.
fn ticks(text: &str) -> Option<f64> {
    let (_, after_name) = text.rsplit_once(") ")?;
    let times = after_name.split(' ').skip(11).take(2).map(|word| word.parse::<f64>().ok());
    times.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_user_and_system_time_together() {
        let line = "7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 12 34 0 0 20 0 5 0 1 2 3";
        assert_eq!(ticks(line), Some(46.0));
    }
}
