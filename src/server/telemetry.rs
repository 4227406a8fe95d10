//! What the server reports about itself: log lines and metrics.
//!
//! Every event is one line: a sentence and named fields. Neither lines nor metrics ever hold a token, a mail address, a
//! query string or a body; a request is named by its operation, not by its path. A separate thread writes the lines, so
//! a slow reader of standard error never slows a request; when it falls far behind, lines are dropped and counted.

use std::io::{self, BufWriter, Write};
use std::sync::OnceLock;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::clock::Timestamp;
use crate::mail::outbox::QueueState;
use crate::server::settings::Config;
use crate::store::Store;

/// Lines that may wait for the writing thread.
const WAITING_LINES: usize = 16_384;

/// Bytes that one system call writes at most, when lines are waiting.
const WRITE_SIZE: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: &'static str,
    status: u16,
}

/// A name and its value.
type Label = [(&'static str, &'static str); 1];

/// Counters and durations of requests and mail attempts.
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<Label, Histogram>,
    mails: Family<Label, Counter>,
    sender_refusals: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram = || Histogram::new(exponential_buckets(0.000_1, 2.5, 14));
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            mails: Family::default(),
            sender_refusals: Counter::default(),
        }
    }
}

impl Metrics {
    /// Counts a request.
    pub fn count(&self, operation: &'static str, status: u16, seconds: f64) {
        self.seconds.get_or_create(&[("operation", operation)]).observe(seconds);
        self.requests.get_or_create(&RequestLabels { operation, status }).inc();
    }

    /// Counts an attempt to send a mail, by the state it left the mail in, and whether it failed because of the sender.
    pub fn count_mail(&self, state: &'static str, is_sender_refused: bool) {
        self.mails.get_or_create(&[("state", state)]).inc();
        if is_sender_refused {
            self.sender_refusals.inc();
        }
    }

    /// These numbers, the store's, and the outbox's if it could be read, in the OpenMetrics text format.
    pub fn text(
        &self,
        store: &Store,
        password_checks: u64,
        mails: Option<QueueState>,
        now: Timestamp,
        is_clock_doubted: bool,
    ) -> String {
        let mut registry = Registry::with_prefix("invited");
        registry.register("http_requests", "Requests by operation and status", self.requests.clone());
        registry.register("http_request_seconds", "Response time by operation", self.seconds.clone());
        registry.register("mail_attempts", "Attempts to send a mail, by resulting state", self.mails.clone());
        let help = "Attempts that the mail server or the settings prevented for any recipient";
        registry.register("mail_sender_refusals", help, self.sender_refusals.clone());
        let work = store.statistics();
        let dropped_lines = DROPPED_LINES.get().map_or(0, ErrorCounter::dropped_lines);
        for (name, help, value) in [
            ("store_commits", "Commits of at least one write", work.commits()),
            ("store_jobs", "Write jobs run", work.writes()),
            ("store_reads", "Read jobs run", work.reads()),
            ("password_checks", "Passwords hashed for sign-ins", password_checks),
            ("log_lines_dropped", "Log lines dropped because standard error was too slow", dropped_lines as u64),
        ] {
            registry.register(name, help, ConstCounter::new(value));
        }
        let waiting = store.waiting_writes();
        registry.register("store_waiting_writes", "Write jobs waiting in the queue", ConstGauge::new(waiting));
        let help = "1 while the clock is so far ahead that nothing expires or is deleted";
        registry.register("clock_doubted", help, ConstGauge::new(i64::from(is_clock_doubted)));
        if let Some(QueueState { waiting, oldest, failed }) = mails {
            let age = oldest.map_or(0, |since| now.0.saturating_sub(since.0).max(0) / 1_000_000);
            for (name, help, value) in [
                ("mails_waiting", "Mails in the outbox that are still to be sent", waiting),
                ("mails_oldest_waiting_seconds", "How long the oldest of them has been waiting", age),
                ("mails_failed", "Mails in the outbox that were refused or given up", failed),
            ] {
                registry.register(name, help, ConstGauge::new(value));
            }
        }
        let mut text = String::new();
        match encode(&mut text, &registry) {
            Ok(()) => text,
            Err(std::fmt::Error) => String::new(),
        }
    }
}

/// Counts the lines that the log of this process has dropped.
static DROPPED_LINES: OnceLock<ErrorCounter> = OnceLock::new();

/// Standard error. A line for a closed pipe counts as written: after an error, the writing thread would miss its
/// shutdown message, and the process would wait for it.
struct StandardError;

impl Write for StandardError {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        match io::stderr().write(lines) {
            Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => Ok(lines.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the waiting lines when it is dropped, for about a second at most: if nothing reads standard error, the
/// writing thread is stuck, and the process must end anyway.
pub struct LogGuard {
    worker: Option<WorkerGuard>,
    writer: NonBlocking,
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let lines = self.writer.error_counter();
        let dropped = lines.dropped_lines();
        let is_full = self.writer.write(b"").is_err() || lines.dropped_lines() > dropped;
        // With a full queue the worker's own guard would complain on standard output, which belongs to the command.
        if let Some(worker) = self.worker.take_if(|_| is_full) {
            std::mem::forget(worker);
        }
    }
}

/// Starts the process's log on standard error.
pub fn start_log(config: &Config) -> LogGuard {
    let stderr = BufWriter::with_capacity(WRITE_SIZE, StandardError);
    let log = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING_LINES).thread_name("log");
    let (writer, worker) = log.finish(stderr);
    let guard = LogGuard { worker: Some(worker), writer: writer.clone() };
    // The message of a panic may quote part of a request, so only its location is logged.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a thread panicked");
    }));
    let filter = tracing_subscriber::filter::Targets::new()
        .with_default(tracing::Level::WARN)
        .with_target("invited", config.log_level);
    let registry = tracing_subscriber::registry().with(filter);
    let dropped_lines = writer.error_counter();
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_target(false).with_ansi(false);
    let started = if config.log_json {
        registry.with(layer.json().flatten_event(true).with_current_span(false).with_span_list(false)).try_init()
    } else {
        registry.with(layer.compact()).try_init()
    };
    // A second start in one process, as in tests, keeps the first log; that is not a failure.
    if started.is_ok() {
        let _ = DROPPED_LINES.set(dropped_lines);
    }
    guard
}
