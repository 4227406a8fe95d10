//! One run of pgbench, and what it says of it.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Postgres;
use super::statements::Script;
use crate::interrupt::Interrupt;

/// Threads of pgbench: one would have to serve all of its connections alone.
const THREADS: &str = "2";

/// How often is looked whether it has ended.
const LOOKS_EVERY: Duration = Duration::from_millis(20);

/// How long it may take beside its time, to connect, to prepare and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a run of pgbench gave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) per_second: f64,
    /// The mean, in milliseconds; pgbench has no median without a log of every transaction.
    pub(crate) latency: f64,
}

/// Runs a script at this many connections for a whole number of seconds.
pub(crate) fn run(
    postgres: &Postgres,
    database: &str,
    (script, file): (&Script, &Path),
    connections: usize,
    seconds: u64,
    interrupt: &Interrupt,
) -> Result<Told> {
    std::fs::write(file, &script.text).context("writing the script of pgbench")?;
    let mut command = std::process::Command::new(postgres.programs.join("pgbench"));
    command.args(["-M", "prepared", "-n", "-j", THREADS, "-c", &connections.to_string(), "-T", &seconds.to_string()]);
    for (name, value) in &script.variables {
        command.arg("-D").arg(format!("{name}={value}"));
    }
    command.arg("-f").arg(file).arg(postgres.url(database));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut ending = Ending(command.spawn().context("starting pgbench")?);
    let pgbench = &mut ending.0;
    // Both pipes hold what it says, which is little, so that it need not be read before its end.
    let since = Instant::now();
    let status = loop {
        if let Some(status) = pgbench.try_wait()? {
            break status;
        }
        interrupt.check()?;
        if since.elapsed() > Duration::from_secs(seconds) + PATIENCE {
            bail!("pgbench did not end");
        }
        thread::sleep(LOOKS_EVERY);
    };
    let (mut said, mut complained) = (String::new(), String::new());
    pgbench.stdout.take().context("pgbench without standard output")?.read_to_string(&mut said)?;
    pgbench.stderr.take().context("pgbench without standard error")?.read_to_string(&mut complained)?;
    match told(&said) {
        Some(told) if status.success() => Ok(told),
        _ => bail!("pgbench failed ({status}): {complained}{said}"),
    }
}

/// Ends it, by its id, if it has not ended by itself.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // Both fail only if it is gone.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What the last lines say; `None` if they do not say it, or if a transaction has failed.
fn told(said: &str) -> Option<Told> {
    let number = |name: &str| -> Option<f64> {
        let line = said.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim_start_matches([' ', '=', ':']).split_whitespace().next()?.parse().ok()
    };
    // Versions before 15 do not count failures, since there the first one ends the run.
    if number("number of failed transactions").is_some_and(|failed| failed > 0.0) {
        return None;
    }
    Some(Told { per_second: number("tps")?, latency: number("latency average")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
pgbench (15.14 (Debian 15.14-0+deb12u1))
transaction type: update.sql
scaling factor: 1
query mode: prepared
number of clients: 64
number of threads: 2
maximum number of tries: 1
duration: 2 s
number of transactions actually processed: 10519
number of failed transactions: 0 (0.000%)
latency average = 11.956 ms
initial connection time = 93.143 ms
tps = 5353.057894 (without initial connection time)
";

    #[test]
    fn the_rate_is_the_one_without_the_time_to_connect() {
        assert_eq!(told(SAID), Some(Told { per_second: 5_353.057_894, latency: 11.956 }));
    }

    #[test]
    fn a_run_in_which_a_transaction_failed_or_that_says_nothing_is_none() {
        assert_eq!(told(&SAID.replace("transactions: 0 (0.000%)", "transactions: 3 (0.028%)")), None);
        assert_eq!(told("pgbench: error: client 0 aborted"), None);
    }
}
