//! A server from its start to its end: listeners, signals, drain.
//!
//! It ends in the order in which a client notices least: no new connections, running requests end, the queue of the
//! database empties, the database closes. Who asks a second time does not want to wait for the clients; then only
//! their requests are left out of this, and the database closes all the same.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::engine::tuning::Tuning;
use crate::http;
use crate::server::app::App;
use crate::server::listen::{self, Bounds};
use crate::server::{delivery, retention};

/// A server that runs in the background.
pub struct Running {
    /// The application that serves.
    pub app: Arc<App>,
    /// The address that is listened on.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Listens on the addresses of the settings and begins to serve.
    pub async fn start(app: App) -> std::io::Result<Self> {
        let listener = TcpListener::bind(app.config.listen).await?;
        let address = listener.local_addr()?;
        if app.config.base_url.is_none() {
            // Only now is the port known that the system has chosen.
            app.tune(Tuning { base_url: format!("http://{address}"), ..(*app.tuned.get()).clone() });
        }
        if let Some(sandbox) = &app.sandbox {
            sandbox.first_tuning.get_or_init(|| (*app.tuned.get()).clone());
        }
        let app = Arc::new(app);
        let (stop, stopped) = watch::channel(false);
        let bounds = Bounds {
            connections: app.config.max_connections,
            header_timeout: app.config.header_timeout,
            write_timeout: app.config.write_timeout,
            drain_timeout: app.config.drain_timeout,
        };
        let mut tasks = Vec::new();
        if let Some(metrics_address) = app.config.metrics_listen {
            let metrics_listener = TcpListener::bind(metrics_address).await?;
            let app = Arc::clone(&app);
            tasks.push(tokio::spawn(listen::serve(metrics_listener, bounds, stopped.clone(), move |request, _| {
                let response = http::metrics_only(&app, request.uri().path());
                std::future::ready(response)
            })));
        }
        // Both write, so that neither runs while writes are switched off.
        let may_write = app.require_writes().is_ok();
        if may_write && app.config.mail_worker && app.mail.is_on() {
            tasks.push(tokio::spawn(delivery::work(Arc::clone(&app), stopped.clone())));
        }
        if may_write && app.config.sweep_interval.is_some() {
            tasks.push(tokio::spawn(retention::work(Arc::clone(&app), stopped.clone())));
        }
        let service = Arc::new(http::Service::of(Arc::clone(&app)));
        tasks.push(tokio::spawn(listen::serve(listener, bounds, stopped, move |request, peer| {
            let service = Arc::clone(&service);
            async move { service.answer(request, peer.ip()).await }
        })));
        Ok(Self { app, address, stop, tasks })
    }

    /// Stops: lets requests end, until `hurry` is ready and they are waited for no longer, then closes the database.
    ///
    /// It takes the reason to hurry instead of being dropped for it, since a stop that is dropped closes nothing.
    pub async fn stop(mut self, hurry: impl Future<Output = ()>) {
        self.stop.send_replace(true);
        let drain = async {
            for task in &mut self.tasks {
                // A task that panicked has ended, which is all that is asked of it here.
                let _ = task.await;
            }
        };
        tokio::select! {
            () = drain => {}
            () = hurry => tracing::warn!("told to stop at once: requests that still run are cut off"),
        }
        let store = self.app.store.clone();
        // Closing waits for the threads of the database, which must not hold up the runtime.
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
    }
}

/// The requests to end that a process gets from outside.
///
/// It is made before anybody can know of the server: a signal that comes while there is nobody to take it would end the
/// process at once, with its temporary files still there.
pub struct StopSignals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl StopSignals {
    /// Begins to take signals.
    pub fn register() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for the next one.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
impl StopSignals {
    /// Begins to take signals.
    pub fn register() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// Waits for the next one.
    pub async fn received(&mut self) {
        // Without a way to be asked, the server runs until it is killed.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
