//! Ctrl-C and SIGTERM end the run in an orderly way.
//!
//! The run owns child processes and a folder of some hundred megabytes. Both are given back by ordinary
//! destructors, so an interruption is a flag that the loops look at, not an exit in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

/// Says whether the user wants the run to end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    raised: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens for both signals on a thread of its own, until the process ends.
    pub(crate) fn listen() -> Result<Interrupt> {
        let interrupt = Interrupt::default();
        let raised = Arc::clone(&interrupt.raised);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("the thread that listens for signals")?;
        std::thread::spawn(move || {
            if let Err(cause) = runtime.block_on(stop_signal()) {
                eprintln!("signals cannot be received: {cause}");
                return;
            }
            raised.store(true, Ordering::Relaxed);
        });
        Ok(interrupt)
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.raised.load(Ordering::Relaxed)
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.is_raised() {
            bail!("interrupted");
        }
        Ok(())
    }
}

/// Waits for the first of the signals that ask a process to end.
pub(crate) async fn stop_signal() -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}
