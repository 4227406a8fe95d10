//! The journal: the latest requests with their answers, as they went over the wire.
//!
//! It helps to debug a client: what was sent, what came back, which parameters were ignored, and which injected fault
//! was applied. It lives in memory. Headers and bodies become text only when they are read, which is rare.
//!
//! Invariants. Everything of variable size is copied into one [`Ring`] of bytes: method, target, headers, bodies. The
//! entries beside it have one size, and their number is bounded. So the journal's memory is bounded whatever the
//! requests are, nothing that belongs to a request outlives it, and forgetting gives all of it back. Of a body no more
//! than its start is kept.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::OnceLock;

use hyper::body::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use parking_lot::Mutex;

use crate::clock::Timestamp;
use crate::ids::{AccountId, ExchangeId, FaultId, UserId};
use crate::sandbox::exchange::{RecordedBody, RecordedExchange};
use crate::sandbox::pattern;
use crate::sandbox::ring::Ring;

/// Bytes that are kept of the sentence about ignored parameters, which can be as long as the request.
const KEPT_OF_IGNORED: usize = 4 * 1_024;

/// The most bytes of exchanges that are read at once.
const PAGE: usize = 8 * 1_024 * 1_024;

/// The share of the journal's memory that entries may take, whose parts are in the rest.
const SHARE_OF_ENTRIES: usize = 4;

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
    /// No more than this many.
    pub limit: Option<usize>,
}

impl Wanted {
    fn has(&self, entry: &Entry, ring: &Ring) -> bool {
        let path = || entry.text(ring, TARGET).split('?').next().unwrap_or_default();
        entry.id.get().unsigned_abs() > self.after
            && self.method.as_deref().is_none_or(|method| entry.text(ring, METHOD).eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(|path_pattern| pattern::fits(path_pattern, path()))
            && self.status.is_none_or(|status| entry.status == Some(status))
            && self.account_id.is_none_or(|id| entry.caller.is_some_and(|(account, _)| account == id))
    }
}

/// Some of the wanted exchanges.
#[derive(Default)]
pub struct Page {
    pub exchanges: Vec<RecordedExchange>,
    /// Whether there are more.
    pub is_cut: bool,
}

impl Page {
    /// The last exchange, if others follow.
    pub fn last_of_cut(&self) -> Option<ExchangeId> {
        self.exchanges.last().filter(|_| self.is_cut).map(|last| last.id)
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

struct Pages {
    last_number: i64,
    /// Oldest first.
    entries: VecDeque<Entry>,
    ring: Ring,
}

/// The parts of an exchange in the ring, in this order.
const PARTS: usize = 7;
const METHOD: usize = 0;
const TARGET: usize = 1;
const REQUEST_HEADERS: usize = 2;
const REQUEST_BODY: usize = 3;
const RESPONSE_HEADERS: usize = 4;
const RESPONSE_BODY: usize = 5;
const IGNORED: usize = 6;

/// An exchange whose parts are in the ring.
struct Entry {
    id: ExchangeId,
    at: Timestamp,
    place: Range<usize>,
    lengths: [usize; PARTS],
    /// Length, and whether that was all.
    request_body: (usize, bool),
    response_body: (usize, bool),
    status: Option<u16>,
    microseconds: u64,
    operation: &'static str,
    caller: Option<(AccountId, UserId)>,
    fault: Option<FaultId>,
    has_ignored: bool,
}

impl Entry {
    fn part<'a>(&self, ring: &'a Ring, part: usize) -> &'a [u8] {
        let start = self.place.start + self.lengths[..part].iter().sum::<usize>();
        ring.read(start..start + self.lengths[part])
    }

    fn text<'a>(&self, ring: &'a Ring, part: usize) -> &'a str {
        str::from_utf8(self.part(ring, part)).unwrap_or_default()
    }

    fn exchange(&self, ring: &Ring) -> RecordedExchange {
        let body = |part, (length, is_whole)| {
            let kept = Bytes::copy_from_slice(self.part(ring, part));
            RecordedBody { kept, length, is_whole }
        };
        RecordedExchange {
            id: self.id,
            at: self.at,
            // Both were printed by these types, so neither fails.
            method: Method::from_bytes(self.part(ring, METHOD)).unwrap_or_default(),
            uri: self.text(ring, TARGET).parse().unwrap_or_default(),
            request_headers: headers_of(self.part(ring, REQUEST_HEADERS)),
            request_body: body(REQUEST_BODY, self.request_body),
            status: self.status,
            response_headers: headers_of(self.part(ring, RESPONSE_HEADERS)),
            response_body: body(RESPONSE_BODY, self.response_body),
            microseconds: self.microseconds,
            operation: self.operation,
            caller: self.caller,
            fault: self.fault,
            ignored: self.has_ignored.then(|| self.text(ring, IGNORED).to_owned()),
        }
    }
}

/// One line for each header. Neither names nor values can hold a line end.
fn lines_of(headers: &HeaderMap) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b":", value.as_bytes(), b"\n"] {
            lines.extend_from_slice(part);
        }
    }
    lines
}

fn headers_of(lines: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(&line[..colon]), HeaderValue::from_bytes(&line[colon + 1..]))
        {
            headers.append(name, value);
        }
    }
    headers
}

impl Journal {
    /// Keeps up to `kept` exchanges, in up to `bytes` bytes.
    pub fn of(kept: usize, bytes: usize) -> Self {
        let kept = kept.min(bytes / SHARE_OF_ENTRIES / size_of::<Entry>());
        let ring = Ring::of(bytes - kept * size_of::<Entry>());
        let pages = Pages { last_number: 0, entries: VecDeque::new(), ring };
        Self { kept, pages: Mutex::new(pages), listener: OnceLock::new() }
    }

    /// Whether exchanges are needed at all.
    pub fn is_on(&self) -> bool {
        self.kept > 0 || self.listener.get().is_some()
    }

    /// Sets the listener; the first one stays.
    pub fn tell(&self, listener: Listener) {
        let _ = self.listener.set(listener);
    }

    /// Assigns the id, and copies what is kept.
    pub fn write(&self, exchange: &RecordedExchange) {
        if let Some(tell) = self.listener.get() {
            tell(exchange);
        }
        if self.kept > 0 {
            self.pages.lock().write(exchange, self.kept);
        }
    }

    /// Oldest first.
    pub fn read(&self, wanted: &Wanted) -> Page {
        let pages = self.pages.lock();
        pages.page(pages.entries.iter().filter(|entry| wanted.has(entry, &pages.ring)), wanted.limit)
    }

    /// Newest first.
    pub fn latest(&self, limit: usize) -> Page {
        let pages = self.pages.lock();
        pages.page(pages.entries.iter().rev(), Some(limit))
    }

    /// Numbers continue.
    pub fn clear(&self) {
        let mut pages = self.pages.lock();
        pages.entries = VecDeque::new();
        pages.ring.clear();
    }
}

impl Pages {
    fn write(&mut self, exchange: &RecordedExchange, kept: usize) {
        self.last_number += 1;
        // Path and query alone, even if the client sent a whole URL: patterns are about paths.
        let target =
            exchange.uri.path_and_query().map_or_else(|| exchange.uri.to_string(), |target| target.as_str().to_owned());
        let (asked, answered) = (lines_of(&exchange.request_headers), lines_of(&exchange.response_headers));
        let ignored = exchange.ignored.as_deref().unwrap_or_default();
        let ignored = &ignored[..ignored.floor_char_boundary(KEPT_OF_IGNORED)];
        let (request_body, response_body) = (&exchange.request_body, &exchange.response_body);
        let parts: [&[u8]; PARTS] = [
            exchange.method.as_str().as_bytes(),
            target.as_bytes(),
            &asked,
            &request_body.kept,
            &answered,
            &response_body.kept,
            ignored.as_bytes(),
        ];
        let lengths = parts.map(<[u8]>::len);
        let Some([place, given_up]) = self.ring.room(lengths.iter().sum()) else { return };
        let is_in =
            |entry: &Entry, range: &Range<usize>| entry.place.start < range.end && range.start < entry.place.end;
        while self.entries.front().is_some_and(|oldest| is_in(oldest, &given_up) || is_in(oldest, &place))
            || self.entries.len() >= kept
        {
            self.entries.pop_front();
        }
        self.ring.write(&place, &parts);
        if self.entries.is_empty() {
            // It never grows: growing would double it.
            self.entries.reserve_exact(kept);
        }
        self.entries.push_back(Entry {
            id: ExchangeId::new(self.last_number),
            at: exchange.at,
            place,
            lengths,
            request_body: (request_body.length, request_body.is_whole),
            response_body: (response_body.length, response_body.is_whole),
            status: exchange.status,
            microseconds: exchange.microseconds,
            operation: exchange.operation,
            caller: exchange.caller,
            fault: exchange.fault,
            has_ignored: exchange.ignored.is_some(),
        });
    }

    /// As many entries as fit on a page, but one at least.
    fn page<'a>(&self, wanted: impl Iterator<Item = &'a Entry>, limit: Option<usize>) -> Page {
        let (mut page, mut bytes) = (Page::default(), 0);
        for entry in wanted {
            bytes += entry.place.len();
            let is_full = limit.is_some_and(|limit| page.exchanges.len() >= limit) || bytes > PAGE;
            if is_full && !page.exchanges.is_empty() {
                page.is_cut = true;
                break;
            }
            page.exchanges.push(entry.exchange(&self.ring));
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_part_of_the_memory() {
        const BYTES: usize = 1_024 * 1_024;
        let exchange = RecordedExchange {
            id: ExchangeId::new(0),
            at: Timestamp(0),
            method: Method::GET,
            uri: hyper::Uri::from_static("/"),
            request_headers: HeaderMap::new(),
            request_body: RecordedBody::default(),
            status: Some(200),
            response_headers: HeaderMap::new(),
            response_body: RecordedBody::default(),
            microseconds: 1,
            operation: "",
            caller: None,
            fault: None,
            ignored: None,
        };
        let journal = Journal::of(usize::MAX, BYTES);
        for _ in 0..10_000 {
            journal.write(&exchange);
        }
        let pages = journal.pages.lock();
        assert!((500..10_000).contains(&pages.entries.len()), "{}", pages.entries.len());
        assert!(pages.entries.capacity() * size_of::<Entry>() <= BYTES / SHARE_OF_ENTRIES);
        assert_eq!(pages.entries.back().map(|newest| newest.id), Some(ExchangeId::new(10_000)));
    }
}
