//! The life of a server: listeners, signals, drain.
//!
//! It stops in the order that clients notice least: no new connections, running requests end, the database's queue
//! empties, the database closes. A second signal skips the wait for running requests; the database still closes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::Stopwatch;
use crate::engine::tuning::Tuning;
use crate::http;
use crate::server::app::App;
use crate::server::{delivery, listen, retention};
use crate::store::Place;

/// Time for the database to close, after the time for requests to end.
const TIME_TO_CLOSE: Duration = Duration::from_millis(800);

/// How often the database is asked for the time.
const CLOCK_EVERY: Duration = Duration::from_secs(5);

/// A server that runs in the background.
pub struct Running {
    pub app: Arc<App>,
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Listens on the configured addresses and starts to serve.
    pub async fn start(app: App) -> std::io::Result<Self> {
        let listener = TcpListener::bind(app.config.address.listen).await?;
        let address = listener.local_addr()?;
        if app.config.address.base_url.is_none() {
            // The port may have been chosen by the system just now.
            app.tuned.set(Tuning { base_url: format!("http://{address}"), ..(*app.tuned.get()).clone() });
        }
        if let Some(sandbox) = &app.sandbox {
            sandbox.first_tuning.get_or_init(|| (*app.tuned.get()).clone());
        }
        let app = Arc::new(app);
        let (stop, stopped) = watch::channel(false);
        let (bounds, proxies) = (app.config.bounds, app.config.trusted_proxies.clone());
        let mut tasks = Vec::new();
        if let Some(metrics_address) = app.config.metrics_listen {
            let metrics_listener = TcpListener::bind(metrics_address).await?;
            let app = Arc::clone(&app);
            tasks.push(tokio::spawn(listen::serve(
                metrics_listener,
                bounds,
                proxies.clone(),
                stopped.clone(),
                move |request, _| {
                    let app = Arc::clone(&app);
                    async move { http::metrics_only(&app, &request).await }
                },
            )));
        }
        if let Err(cause) = app.follow_database_clock().await {
            tracing::warn!(%cause, "cannot ask the database for the time; using this machine's clock for now");
        }
        if app.sandbox.is_none() && matches!(app.config.place(), Place::Server(_)) {
            tasks.push(tokio::spawn(follow_database_clock(Arc::clone(&app), stopped.clone())));
        }
        // All of these write, so none runs while writes are switched off.
        let may_write = app.require_writes().is_ok();
        if may_write && app.config.mail_worker && app.mail.is_on() {
            tasks.push(tokio::spawn(delivery::work(Arc::clone(&app), stopped.clone())));
        }
        if may_write && app.sandbox.is_none() {
            tasks.push(tokio::spawn(retention::keep_time(Arc::clone(&app), stopped.clone())));
        }
        if may_write && app.config.sweep_interval.is_some() {
            tasks.push(tokio::spawn(retention::work(Arc::clone(&app), stopped.clone())));
        }
        let service = Arc::new(http::Service::of(Arc::clone(&app)));
        tasks.push(tokio::spawn(listen::serve(listener, bounds, proxies, stopped, move |request, peer| {
            let service = Arc::clone(&service);
            async move { service.answer(request, peer.ip()).await }
        })));
        Ok(Self { app, address, stop, tasks })
    }

    /// Lets requests end, but no longer than for `drain_timeout` or until `hurry` is ready, then closes the database.
    ///
    /// `hurry` is a parameter because dropping this future instead would leave the database open.
    pub async fn stop(mut self, hurry: impl Future<Output = ()>) {
        let (since, drain_timeout) = (Stopwatch::start(), self.app.config.bounds.drain_timeout);
        self.stop.send_replace(true);
        let drain = async {
            for task in &mut self.tasks {
                // A task that panicked has ended, too.
                let _ = task.await;
            }
        };
        tokio::select! {
            () = drain => {}
            () = tokio::time::sleep(drain_timeout + TIME_TO_CLOSE / 2) => {
                tracing::warn!("some work did not end in time and is aborted");
            }
            () = hurry => tracing::warn!("second signal: running requests are aborted"),
        }
        let store = self.app.store.clone();
        // Closing blocks until the database threads end.
        let patience = (drain_timeout + TIME_TO_CLOSE).saturating_sub(since.elapsed()).max(TIME_TO_CLOSE / 2);
        let closed = tokio::task::spawn_blocking(move || store.close_within(patience)).await;
        if !matches!(closed, Ok(true)) {
            tracing::warn!("the database is stuck and was left open");
        }
    }
}

/// Follows the database's clock until `stop` becomes true.
async fn follow_database_clock(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(CLOCK_EVERY) => {}
            _ = stop.wait_for(|stopped| *stopped) => return,
        }
        // While the database cannot be reached, there is nothing to decide.
        let _ = app.follow_database_clock().await;
    }
}

/// Signals that ask the process to stop.
///
/// Register them before the server is reachable: an unhandled signal would leave the process's temporary files behind.
pub struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    /// The terminal was closed. `None` under `nohup`, which keeps the process running then.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
}

/// Whether this process was started with SIGHUP ignored, where the system says so. Listening for it would undo that.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The lowest bit stands for signal 1, which is SIGHUP.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

#[cfg(unix)]
impl StopSignals {
    pub fn register() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let hangup = if ignores_hangup() { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())?, hangup })
    }

    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            true = hung_up(&mut self.hangup) => {}
        }
    }

    /// Waits for a signal that asks to hurry. SIGHUP does not: for one closed terminal, kernel and shell may both send
    /// it, and some supervisors send it right after SIGTERM.
    pub async fn received_again(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(unix)]
async fn hung_up(signal: &mut Option<tokio::signal::unix::Signal>) -> bool {
    match signal {
        Some(signal) => signal.recv().await.is_some(),
        None => false,
    }
}

#[cfg(not(unix))]
impl StopSignals {
    pub fn register() -> std::io::Result<Self> {
        Ok(Self {})
    }

    pub async fn received_again(&mut self) {
        self.received().await;
    }

    pub async fn received(&mut self) {
        // Without signal handling, the server runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
