//! What the server tells of itself: log lines and metrics.
//!
//! Every event is one line, a sentence and named fields. Neither lines nor metrics ever hold a token, a mail address, a
//! query string or a body: a request is named by its operation, not by its path. Lines are written by a thread of their
//! own, so that a slow reader of standard error never slows a request; when it falls far behind, lines are dropped and
//! counted.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::server::app::App;
use crate::server::settings::Config;

/// Lines that may wait for the writing thread.
const WAITING_LINES: usize = 16_384;

/// Labels of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: &'static str,
    status: u16,
}

/// Labels of a duration.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

/// Labels of a mail.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MailLabels {
    state: &'static str,
}

/// Counters and durations of requests, and what became of mails.
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<OperationLabels, Histogram>,
    mails: Family<MailLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram = || Histogram::new(exponential_buckets(0.000_1, 2.5, 14));
        Self { requests: Family::default(), seconds: Family::new_with_constructor(histogram), mails: Family::default() }
    }
}

impl Metrics {
    /// Counts a request.
    pub fn count(&self, operation: &'static str, status: u16, seconds: f64) {
        self.seconds.get_or_create(&OperationLabels { operation }).observe(seconds);
        self.requests.get_or_create(&RequestLabels { operation, status }).inc();
    }

    /// Counts an attempt to send a mail, by the state that it left.
    pub fn count_mail(&self, state: &'static str) {
        self.mails.get_or_create(&MailLabels { state }).inc();
    }
}

/// All metrics as Prometheus reads them.
pub fn metrics_text(app: &App) -> String {
    let mut registry = Registry::with_prefix("invited");
    registry.register("http_requests", "Requests by operation and status", app.metrics.requests.clone());
    registry.register("http_request_seconds", "Time to answer by operation", app.metrics.seconds.clone());
    registry.register("mail_attempts", "Attempts to send a mail, by the state after it", app.metrics.mails.clone());
    let work = app.store.statistics();
    for (name, text, value) in [
        ("store_commits", "Commits of at least one write", work.commits()),
        ("store_jobs", "Writes that the database was asked for", work.writes()),
        ("store_reads", "Reads that the database was asked for", work.reads()),
        ("password_checks", "Passwords that were computed for somebody who signs in", app.password_checks.made()),
        ("log_lines_dropped", "Log lines that nobody was there to take", DROPPED_LINES.load(Ordering::Relaxed)),
    ] {
        registry.register(name, text, ConstCounter::new(value));
    }
    let waiting = i64::try_from(app.store.waiting_writes()).unwrap_or(i64::MAX);
    registry.register("store_waiting_writes", "Writes that wait for the database", ConstGauge::new(waiting));
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => text,
        Err(std::fmt::Error) => String::new(),
    }
}

/// Lines that were dropped since the start of the process.
static DROPPED_LINES: AtomicU64 = AtomicU64::new(0);

/// What the writing thread is told: a line, or `None` to end.
type Message = Option<Vec<u8>>;

/// Keeps the log going; when it is dropped, the lines that still wait are written.
pub struct LogGuard {
    lines: flume::Sender<Message>,
    ended: flume::Receiver<()>,
}

/// How long the end of the process waits for somebody to take the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

impl Drop for LogGuard {
    fn drop(&mut self) {
        // Nobody may be reading standard error, and then the thread is stuck in a full pipe. It is left behind: a
        // process that was asked to end must not wait for its log.
        if self.lines.send_timeout(None, LAST_LINES).is_ok() {
            let _ = self.ended.recv_timeout(LAST_LINES);
        }
    }
}

/// Starts the log of the process on standard error.
pub fn start_log(config: &Config) -> io::Result<LogGuard> {
    let (lines, waiting) = flume::bounded(WAITING_LINES);
    let (end, ended) = flume::bounded(1);
    thread::Builder::new().name("log".to_owned()).spawn(move || {
        write_lines(&waiting);
        let _ = end.send(());
    })?;
    // The text of a panic may quote what a request held, so the log only says where it happened.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a thread panicked");
    }));
    let writer = Lines(lines.clone());
    let filter = tracing_subscriber::filter::Targets::new()
        .with_default(tracing::Level::WARN)
        .with_target("invited", config.log_level);
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_target(false).with_ansi(false);
    // A second start in one process, as in tests, keeps the first log; that is no reason to fail.
    let _ = if config.log_json {
        registry.with(layer.json().flatten_event(true).with_current_span(false).with_span_list(false)).try_init()
    } else {
        registry.with(layer.compact()).try_init()
    };
    Ok(LogGuard { lines, ended })
}

/// Lines that one system call writes at most.
const LINES_TOGETHER: usize = 256;

/// Writes lines, those that wait together, until it is told to end.
fn write_lines(waiting: &flume::Receiver<Message>) {
    let mut text = Vec::new();
    while let Ok(first) = waiting.recv() {
        let mut is_last = first.is_none();
        text.extend(first.into_iter().flatten());
        for message in waiting.try_iter().take(LINES_TOGETHER) {
            is_last |= message.is_none();
            text.extend(message.into_iter().flatten());
        }
        // Standard error may be closed; then there is nobody left to tell.
        let _ = io::stderr().write_all(&text);
        text.clear();
        if is_last {
            return;
        }
    }
}

/// Hands whole lines to the writing thread.
struct Lines(flume::Sender<Message>);

/// One line that is being put together.
struct Line {
    text: Vec<u8>,
    lines: flume::Sender<Message>,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line { text: Vec::with_capacity(320), lines: self.0.clone() }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.lines.try_send(Some(std::mem::take(&mut self.text))).is_err() {
            DROPPED_LINES.fetch_add(1, Ordering::Relaxed);
        }
    }
}
