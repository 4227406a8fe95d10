//! The steps of a run, each of which says what it does and is the place to end an interrupted run.
//!
//! Ctrl-C and SIGTERM only raise a flag: the run owns processes and a folder of some hundred megabytes, which ordinary
//! destructors give back.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

static RAISED: AtomicBool = AtomicBool::new(false);

/// Listens on a thread of its own until the process ends.
pub(crate) fn listen_for_interrupts() -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _entered = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    std::thread::spawn(move || {
        runtime.block_on(async { tokio::select!(_ = interrupt.recv() => {}, _ = terminate.recv() => {}) });
        RAISED.store(true, Ordering::Relaxed);
    });
    Ok(())
}

pub(crate) fn step(text: &str) -> Result<()> {
    if RAISED.load(Ordering::Relaxed) {
        bail!("interrupted");
    }
    eprintln!("bench: {text}");
    Ok(())
}
