//! How fast the disk makes a small append durable.
//!
//! Every durable write has to wait for the disk at least once, so this rate is the yardstick for writes: a server that
//! commits each request on its own cannot pass it, one that commits many together can.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::statistics;

/// What one measurement gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk {
    /// Appends of 4 KiB with `fdatasync` each.
    pub(crate) per_second: f64,
    /// Median of one append with its `fdatasync`, in milliseconds.
    pub(crate) milliseconds: f64,
}

/// Appends and syncs for `duration` in the folder of the databases.
pub(crate) fn measure(folder: &Path, duration: Duration) -> Result<Disk> {
    let path = folder.join("fdatasync");
    let mut file = File::create(&path).context("the file for the disk's measurement")?;
    let block = [0x5au8; 4096];
    let mut waits = Vec::new();
    let start = Instant::now();
    while start.elapsed() < duration {
        let before = Instant::now();
        file.write_all(&block)?;
        // `sync_data` is fdatasync.
        file.sync_data()?;
        waits.push(before.elapsed().as_secs_f64());
    }
    let seconds = start.elapsed().as_secs_f64();
    drop(file);
    std::fs::remove_file(&path)?;
    let count = waits.len() as f64;
    Ok(Disk { per_second: count / seconds, milliseconds: statistics::median(waits) * 1e3 })
}
