//! What mail costs a request: creates while mail is off, while a mail server answers, and while one hangs.
//!
//! The mail servers are threads of this program. One takes every mail; the other accepts connections and says nothing, until
//! it is told to recover. Then the queue has to drain, and every mail has to have arrived.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::figures::Column;
use crate::operation::{Operation, Requests};
use crate::plan::{Bench, progress};
use crate::process::Server;

/// Connections of the API at a time.
const CONNECTIONS: usize = 16;

/// How long the queue may take to drain.
const PATIENCE: Duration = Duration::from_secs(300);

/// How often a mail server that hangs looks whether it has recovered.
const LOOKS_EVERY: Duration = Duration::from_millis(10);

/// What was measured.
#[derive(Clone, Debug, Default)]
pub(crate) struct MailFigures {
    /// Creates while mail is off.
    pub(crate) off: Column,
    /// Creates while a mail server takes each mail.
    pub(crate) answering: Column,
    /// Creates while the mail server hangs.
    pub(crate) hanging: Column,
    /// Mails that waited when the mail server recovered.
    pub(crate) waiting: f64,
    /// How long they took to arrive, in seconds.
    pub(crate) drained_in: f64,
    /// Mails that never arrived.
    pub(crate) lost: f64,
}

/// Compares creates with the three kinds of mail, then lets the one that hangs recover.
pub(crate) fn measure(bench: &Bench<'_>) -> Result<MailFigures> {
    let (quick, slow) = (MailServer::start(false)?, MailServer::start(true)?);
    let start = |mail: Option<SocketAddr>| -> Result<Server> {
        let mail = mail.map_or_else(|| "none".to_owned(), |address| format!("smtp://{address}"));
        Server::with_mail(&bench.program, bench.folder.path(), &mail)
    };
    let (off, answering, hanging) = (start(None)?, start(Some(quick.address))?, start(Some(slow.address))?);
    let mut requests = Requests::new(0);
    let mut figures = MailFigures::default();
    for round in 1..=bench.options.rounds {
        progress(&format!("round {round} of {}: create with three kinds of mail", bench.options.rounds));
        let mut cells =
            [(&off, &mut figures.off), (&answering, &mut figures.answering), (&hanging, &mut figures.hanging)];
        // Who comes first changes from round to round.
        cells.rotate_left(round % 3);
        for (server, column) in cells {
            column.0.push(bench.cell(server, Operation::Create, CONNECTIONS, &mut requests)?);
            // What is still to be sent must not weigh on the next cell, which may be another server's.
            quick.wait_for(created(&answering)?);
        }
    }
    let made = created(&hanging)?;
    figures.waiting = made - slow.arrived();
    progress(&format!("the mail server recovers, {:.0} mails wait", figures.waiting));
    let since = Instant::now();
    slow.recover();
    slow.wait_for(made);
    figures.drained_in = since.elapsed().as_secs_f64();
    figures.lost = made - slow.arrived();
    Ok(figures)
}

/// Invitations that a server has made since its start, beside those of the seed.
fn created(server: &Server) -> Result<f64> {
    let operation = r#"invited_http_requests_total{operation="CreateAccountInvitation",status="200"}"#;
    // What was never asked for is not counted at all.
    Ok(server.metric(operation)?.unwrap_or_default())
}

/// A mail server of one's own.
struct MailServer {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    hangs: AtomicBool,
    /// The Message-IDs of the mails that arrived: a mail may come twice, and is one all the same.
    arrived: Mutex<HashSet<String>>,
}

impl MailServer {
    fn start(hangs: bool) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::new(State { hangs: AtomicBool::new(hangs), arrived: Mutex::default() });
        let shared = Arc::clone(&state);
        // The thread ends with the process; nobody waits for it.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // A connection that breaks is the other side's affair.
                thread::spawn(move || state.serve(&stream).ok());
            }
        });
        Ok(Self { address, state })
    }

    fn recover(&self) {
        self.state.hangs.store(false, Ordering::Relaxed);
    }

    /// Waits until so many mails have arrived, or for as long as there is patience.
    fn wait_for(&self, mails: f64) {
        let since = Instant::now();
        while self.arrived() < mails && since.elapsed() < PATIENCE {
            thread::sleep(LOOKS_EVERY);
        }
    }

    fn arrived(&self) -> f64 {
        self.state.arrived.lock().unwrap_or_else(PoisonError::into_inner).len() as f64
    }
}

impl State {
    /// As much of SMTP as a mail needs.
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        while self.hangs.load(Ordering::Relaxed) {
            thread::sleep(LOOKS_EVERY);
        }
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let mut out = stream;
        let mut answer = |text: &str| out.write_all(format!("{text}\r\n").as_bytes());
        answer("220 bench")?;
        while let Some(line) = lines.next().transpose()? {
            match line.split(' ').next().unwrap_or_default() {
                "DATA" => {
                    answer("354 go on")?;
                    for line in lines.by_ref() {
                        let line = line?;
                        if let Some(id) = line.strip_prefix("Message-ID: ") {
                            self.arrived.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
                        }
                        if line == "." {
                            break;
                        }
                    }
                    answer("250 taken")?;
                }
                "QUIT" => return answer("221 bye"),
                _ => answer("250 fine")?,
            }
        }
        Ok(())
    }
}
