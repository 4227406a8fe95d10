//! A mail server as a thread, which either takes every mail or hangs until it recovers: it accepts connections and says
//! nothing.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;

/// Time for the mails to arrive, before those that are missing are counted as lost.
const PATIENCE: Duration = Duration::from_secs(300);

const POLL: Duration = Duration::from_millis(10);

pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

struct State {
    hangs: AtomicBool,
    /// Message-IDs: a mail may come twice.
    arrived: Mutex<HashSet<String>>,
}

impl MailServer {
    pub(crate) fn start(hangs: bool) -> Result<MailServer> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::new(State { hangs: AtomicBool::new(hangs), arrived: Mutex::default() });
        let shared = Arc::clone(&state);
        // Both threads end with the process, and a broken connection is for the client to repeat.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || state.serve(&stream).ok());
            }
        });
        Ok(MailServer { address, state })
    }

    pub(crate) fn recover(&self) {
        self.state.hangs.store(false, Ordering::Relaxed);
    }

    pub(crate) fn arrived(&self) -> usize {
        self.state.arrived.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Waits for this many mails, as long as there is patience.
    pub(crate) fn wait_for(&self, mails: usize) {
        let since = Instant::now();
        while self.arrived() < mails && since.elapsed() < PATIENCE {
            thread::sleep(POLL);
        }
    }
}

impl State {
    fn serve(&self, stream: &TcpStream) -> std::io::Result<()> {
        while self.hangs.load(Ordering::Relaxed) {
            thread::sleep(POLL);
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
                    while let Some(line) = lines.next().transpose()?.filter(|line| line != ".") {
                        if let Some(id) = line.strip_prefix("Message-ID: ") {
                            self.arrived.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
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
