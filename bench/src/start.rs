//! How long a sandbox takes from the start of its process to its first answer, and what it holds when idle.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::client;
use crate::figures::Figures;
use crate::interrupt::Interrupt;
use crate::operation::TOKEN;
use crate::process::{RequestLines, Server};

/// Starts that are measured.
const STARTS: usize = 10;

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
    Ok(())
}
