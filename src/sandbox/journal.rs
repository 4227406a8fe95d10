//! The journal: the latest requests with their answers, as they went over the wire.
//!
//! It is what somebody looks at whose client does not do what it should: what was sent, what came back, which parameters nobody
//! took notice of, and which fault had its hand in it. It lives in memory and is bounded; what is long is cut. What a request brings is
//! kept as it came, and becomes text only when somebody looks: most of it nobody ever does.

use std::collections::VecDeque;
use std::sync::{Mutex, OnceLock, PoisonError};

use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Uri};

use crate::clock::Timestamp;
use crate::ids::{AccountId, UserId};
use crate::sandbox::pattern;

/// Bytes that are kept of a body.
pub const KEPT_OF_BODY: usize = 64 * 1_024;

/// A request and its answer.
#[derive(Clone)]
pub struct Exchange {
    /// Its number, counted from 1.
    pub number: u64,
    /// When it came, by the sandbox's clock.
    pub at: Timestamp,
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub uri: Uri,
    /// Its headers.
    pub request_headers: HeaderMap,
    /// As much of its body as the server has read.
    pub request_body: Bytes,
    /// The status of the answer; `None` where the connection ended without one.
    pub status: Option<u16>,
    /// The headers of the answer.
    pub response_headers: HeaderMap,
    /// The body of the answer.
    pub response_body: Bytes,
    /// How long it took, in microseconds.
    pub microseconds: u64,
    /// The operation's id in the API description, or the page.
    pub operation: &'static str,
    /// The caller's account and user.
    pub caller: Option<(AccountId, UserId)>,
    /// The fault that had its hand in it.
    pub fault: Option<u64>,
    /// What of it nobody took notice of, as strict mode says it.
    pub ignored: Option<String>,
}

impl Exchange {
    /// Path and query.
    pub fn target(&self) -> &str {
        self.uri.path_and_query().map_or("", |target| target.as_str())
    }
}

/// Headers as text; what is none is shown as well as it goes.
pub fn texts(headers: &HeaderMap) -> impl Iterator<Item = (&str, String)> {
    headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
}

/// Which requests somebody wants to see; what is not said counts for all.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Those after this number.
    pub after: u64,
    /// Of this method.
    pub method: Option<String>,
    /// Of paths that fit this pattern.
    pub path: Option<String>,
    /// With this status.
    pub status: Option<u16>,
    /// Of this account.
    pub account_id: Option<AccountId>,
}

impl Wanted {
    fn has(&self, exchange: &Exchange) -> bool {
        exchange.number > self.after
            && self.method.as_deref().is_none_or(|method| exchange.method.as_str().eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|path| pattern::fits(path, exchange.uri.path()))
            && self.status.is_none_or(|status| exchange.status == Some(status))
            && self.account_id.is_none_or(|id| exchange.caller.is_some_and(|(account, _)| account == id))
    }
}

/// The latest requests.
pub struct Journal {
    /// How many; none where nothing is written down.
    kept: usize,
    pages: Mutex<Pages>,
    listener: OnceLock<Listener>,
}

/// Who is told of each request.
type Listener = fn(&Exchange);

#[derive(Default)]
struct Pages {
    last_number: u64,
    exchanges: VecDeque<Exchange>,
}

impl Journal {
    /// One that keeps so many requests, of which the oldest make room.
    pub fn of(kept: usize) -> Self {
        Self { kept, pages: Mutex::default(), listener: OnceLock::new() }
    }

    /// Whether anything is written down.
    pub fn is_on(&self) -> bool {
        self.kept > 0 || self.listener.get().is_some()
    }

    /// Has somebody told of each request; the first who asks.
    pub fn tell(&self, listener: Listener) {
        let _ = self.listener.set(listener);
    }

    /// Writes a request down; its number is given here.
    pub fn write(&self, exchange: Exchange) {
        if let Some(tell) = self.listener.get() {
            tell(&exchange);
        }
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.last_number += 1;
        let number = pages.last_number;
        pages.exchanges.push_back(Exchange { number, ..exchange });
        if pages.exchanges.len() > self.kept {
            pages.exchanges.pop_front();
        }
    }

    /// The requests that are wanted, oldest first.
    pub fn read(&self, wanted: &Wanted) -> Vec<Exchange> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.exchanges.iter().filter(|exchange| wanted.has(exchange)).cloned().collect()
    }

    /// Forgets everything; numbers go on.
    pub fn clear(&self) {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).exchanges.clear();
    }
}
