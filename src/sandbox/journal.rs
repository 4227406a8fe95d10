//! The journal: the latest requests with their answers, as they went over the wire.
//!
//! It helps to debug a client: what was sent, what came back, which parameters were ignored, and which injected fault
//! was applied. It lives in memory and is bounded; long bodies are cut. Headers and bodies become text only when they
//! are read, which is rare.

use std::collections::VecDeque;
use std::sync::OnceLock;

use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Uri};
use parking_lot::Mutex;

use crate::clock::Timestamp;
use crate::ids::{AccountId, ExchangeId, FaultId, UserId};
use crate::sandbox::pattern;

/// Bytes of a body that are kept.
pub const KEPT_OF_BODY: usize = 64 * 1_024;

#[derive(Clone)]
pub struct RecordedExchange {
    /// Counted from 1.
    pub id: ExchangeId,
    /// By the sandbox's clock.
    pub at: Timestamp,
    pub method: Method,
    pub uri: Uri,
    pub request_headers: HeaderMap,
    /// As much of the body as the server has read.
    pub request_body: Bytes,
    /// `None` if the connection ended without an answer.
    pub status: Option<u16>,
    pub response_headers: HeaderMap,
    pub response_body: Bytes,
    pub microseconds: u64,
    /// The operation's id in the API description, or the name of the page.
    pub operation: &'static str,
    /// Account and user.
    pub caller: Option<(AccountId, UserId)>,
    /// The injected fault.
    pub fault: Option<FaultId>,
    /// What strict mode would complain about.
    pub ignored: Option<String>,
}

impl RecordedExchange {
    /// Path and query.
    pub fn target(&self) -> &str {
        self.uri.path_and_query().map_or("", |target| target.as_str())
    }
}

/// Headers as text; invalid UTF-8 is replaced.
pub fn texts(headers: &HeaderMap) -> impl Iterator<Item = (&str, String)> {
    headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
}

/// Which requests to read; `None` means all.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Only those after this number.
    pub after: u64,
    pub method: Option<String>,
    /// A pattern, in which `*` stands for any text.
    pub path: Option<String>,
    pub status: Option<u16>,
    /// The account of the caller.
    pub account_id: Option<AccountId>,
}

impl Wanted {
    fn has(&self, exchange: &RecordedExchange) -> bool {
        exchange.id.get().unsigned_abs() > self.after
            && self.method.as_deref().is_none_or(|method| exchange.method.as_str().eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|path| pattern::fits(path, exchange.uri.path()))
            && self.status.is_none_or(|status| exchange.status == Some(status))
            && self.account_id.is_none_or(|id| exchange.caller.is_some_and(|(account, _)| account == id))
    }
}

pub struct Journal {
    /// How many are kept.
    kept: usize,
    pages: Mutex<Pages>,
    listener: OnceLock<Listener>,
}

/// Called with each exchange.
type Listener = fn(&RecordedExchange);

#[derive(Default)]
struct Pages {
    last_number: i64,
    exchanges: VecDeque<RecordedExchange>,
}

impl Journal {
    pub fn of(kept: usize) -> Self {
        Self { kept, pages: Mutex::default(), listener: OnceLock::new() }
    }

    /// Whether exchanges are needed at all.
    pub fn is_on(&self) -> bool {
        self.kept > 0 || self.listener.get().is_some()
    }

    /// Sets the listener; the first one stays.
    pub fn tell(&self, listener: Listener) {
        let _ = self.listener.set(listener);
    }

    /// Assigns the id.
    pub fn write(&self, exchange: RecordedExchange) {
        if let Some(tell) = self.listener.get() {
            tell(&exchange);
        }
        let mut pages = self.pages.lock();
        pages.last_number += 1;
        let id = ExchangeId::new(pages.last_number);
        pages.exchanges.push_back(RecordedExchange { id, ..exchange });
        if pages.exchanges.len() > self.kept {
            pages.exchanges.pop_front();
        }
    }

    /// Oldest first.
    pub fn read(&self, wanted: &Wanted) -> Vec<RecordedExchange> {
        let pages = self.pages.lock();
        pages.exchanges.iter().filter(|exchange| wanted.has(exchange)).cloned().collect()
    }

    /// Numbers continue.
    pub fn clear(&self) {
        self.pages.lock().exchanges.clear();
    }
}
