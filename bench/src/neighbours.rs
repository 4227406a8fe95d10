//! How long an account waits while another one keeps the database busy.
//!
//! A client of the other account reads its own user again and again on one connection, alone and then beside 24 clients
//! of the first account, which search a long list for what is not there and so read every row. The two take turns.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};

use crate::progress;
use crate::report::Report;
use crate::server::Server;

const OTHER_TOKEN: &str = "sandbox-other_administrator";
const QUESTIONS: usize = 3_000;

const SLOW_CLIENTS: usize = 24;
const SLOW: &str = "GET /api/v1/users?search=no-such-person&show_disabled=true&per_page=200";

pub(crate) fn measure(server: &Server, rounds: usize, report: &mut Report) -> Result<()> {
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        progress::step(&format!("neighbours, round {round} of {rounds}"))?;
        alone.push(median(server)?);
        beside.push(beside_slow_readers(server)?);
    }
    report.figure("another account's answer, median", "ms", alone);
    report.figure(&format!("the same beside {SLOW_CLIENTS} slow readers of one account"), "ms", beside);
    Ok(())
}

fn beside_slow_readers(server: &Server) -> Result<f64> {
    let is_over = AtomicBool::new(false);
    let (to_begin, has_begun) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let (server, is_over) = (server, &is_over);
        let slow: Vec<_> = (0..SLOW_CLIENTS)
            .map(|_| {
                let to_begin = to_begin.clone();
                scope.spawn(move || -> Result<()> {
                    server.ask(SLOW, "")?;
                    drop(to_begin);
                    while !is_over.load(Ordering::Relaxed) {
                        server.ask(SLOW, "")?;
                    }
                    Ok(())
                })
            })
            .collect();
        drop(to_begin);
        // The channel closes once each client has its first answer, or has failed.
        let _ = has_begun.recv();
        let measured = median(server);
        is_over.store(true, Ordering::Relaxed);
        for client in slow {
            client.join().ok().context("a slow client panicked")??;
        }
        measured
    })
}

/// The median time of an answer in milliseconds.
fn median(server: &Server) -> Result<f64> {
    let stream = TcpStream::connect(server.address)?;
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let request =
        format!("GET /api/v1/users/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {OTHER_TOKEN}\r\n\r\n");
    let mut times = Vec::with_capacity(QUESTIONS);
    for _ in 0..QUESTIONS {
        let since = Instant::now();
        stream.get_mut().write_all(request.as_bytes())?;
        read_answer(&mut stream)?;
        times.push(since.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[QUESTIONS / 2])
}

fn read_answer(stream: &mut BufReader<TcpStream>) -> Result<()> {
    let (mut line, mut length) = (String::new(), 0);
    stream.read_line(&mut line)?;
    if !line.starts_with("HTTP/1.1 200") {
        bail!("the other account was answered {line}");
    }
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse()?,
            Some(_) => {}
            None => break,
        }
    }
    stream.read_exact(&mut vec![0; length])?;
    Ok(())
}
