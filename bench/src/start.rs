//! What a test suite waits for: a sandbox from the start of its process to its first answer, its return to the seed, and a fresh
//! account. And what it holds when idle.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::client;
use crate::figures::Figures;
use crate::interrupt::Interrupt;
use crate::operation::TOKEN;
use crate::process::{RequestLines, Server};

/// Starts that are measured.
const STARTS: usize = 10;

/// Fresh accounts, each followed by a return to the seed.
const RESETS: usize = 50;

/// Rest before the memory is read.
const REST: Duration = Duration::from_millis(300);

/// Starts the sandbox as a developer does, over its own temporary database.
pub(crate) fn measure(program: &Path, folder: &Path, interrupt: &Interrupt, figures: &mut Figures) -> Result<()> {
    let request =
        format!("GET /api/v1/account_invitations/1 HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    for _ in 0..STARTS {
        interrupt.check()?;
        let server = Server::sandbox(program, folder, None, RequestLines::Off)?;
        let (status, body) = client::exchange(server.address, request.as_bytes())?;
        figures.starts.push(server.spawned_at.elapsed().as_secs_f64() * 1e3);
        if status != 200 {
            bail!("the first answer of the sandbox is {status}: {body}");
        }
        std::thread::sleep(REST);
        figures.idle_memory.push(server.memory()?);
    }
    let server = Server::sandbox(program, folder, None, RequestLines::Off)?;
    for _ in 0..RESETS {
        interrupt.check()?;
        figures.accounts.push(ask(&server, "POST /sandbox/accounts", 200)?);
        figures.resets.push(ask(&server, "POST /sandbox/reset", 204)?);
    }
    Ok(())
}

/// Asks the control plane for something; the milliseconds until it is done, with a connection of its own.
fn ask(server: &Server, line: &str, expected: u16) -> Result<f64> {
    let request = format!("{line} HTTP/1.1\r\nHost: bench\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let since = Instant::now();
    let (status, body) = client::exchange(server.address, request.as_bytes())?;
    let milliseconds = since.elapsed().as_secs_f64() * 1e3;
    if status != expected {
        bail!("{line} answered {status}: {body}");
    }
    Ok(milliseconds)
}
