//! One request on a connection of its own, for everything that is not load: readiness, metrics, comparisons.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::driver::response;

/// Sends the bytes of a request and returns the status and the body.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(request)?;
    let mut bytes = Vec::new();
    let mut piece = vec![0u8; 64 * 1024];
    loop {
        if let Some(head) = response::head(&bytes)?
            && bytes.len() >= head.length
        {
            let body = bytes.get(head.length - head.body..head.length).unwrap_or_default();
            return Ok((head.status, String::from_utf8_lossy(body).into_owned()));
        }
        let count = stream.read(&mut piece)?;
        if count == 0 {
            anyhow::bail!("the server closed the connection before it had answered");
        }
        bytes.extend_from_slice(&piece[..count]);
    }
}

/// Gets a path that needs no token.
pub(crate) fn get(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    exchange(address, format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").as_bytes())
}
