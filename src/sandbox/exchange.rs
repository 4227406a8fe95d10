//! A request with its answer, as they went over the wire.

use hyper::body::Bytes;
use hyper::{HeaderMap, Method, Uri};

use crate::clock::Timestamp;
use crate::ids::{AccountId, ExchangeId, FaultId, UserId};

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
    pub request_body: RecordedBody,
    /// `None` if the connection ended without an answer.
    pub status: Option<u16>,
    pub response_headers: HeaderMap,
    pub response_body: RecordedBody,
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

/// The kept part of a body, which is its start.
#[derive(Clone, Default)]
pub struct RecordedBody {
    pub kept: Bytes,
    /// Bytes of it that were read or sent.
    pub length: usize,
    /// Whether those were all.
    pub is_whole: bool,
}

impl RecordedBody {
    /// Whether all of the body is here.
    pub fn is_all_kept(&self) -> bool {
        self.is_whole && self.kept.len() == self.length
    }
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
