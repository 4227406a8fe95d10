//! A request on its way through the server: what its handlers need besides head and body, and what the log gets to know of it.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use hyper::header::HeaderMap;

use crate::clock::Stopwatch;
use crate::http::headers;
use crate::server::app::App;

/// A request that is being answered.
pub struct Call {
    pub app: Arc<App>,
    /// The address of the client.
    pub peer: IpAddr,
    pub request_id: String,
    pub since: Stopwatch,
    operation: OnceLock<&'static str>,
    caller: OnceLock<(i64, i64)>,
    ignored: OnceLock<String>,
}

impl Call {
    /// Gives a request its id.
    pub fn begin(app: Arc<App>, headers: &HeaderMap, peer: IpAddr) -> Self {
        Self {
            request_id: headers::request_id(&app, headers),
            app,
            peer,
            since: Stopwatch::start(),
            operation: OnceLock::new(),
            caller: OnceLock::new(),
            ignored: OnceLock::new(),
        }
    }

    pub fn set_operation(&self, operation: &'static str) {
        let _ = self.operation.set(operation);
    }

    pub fn set_caller(&self, account_id: i64, user_id: Option<i64>) {
        let _ = user_id.map(|user_id| self.caller.set((account_id, user_id)));
    }

    pub fn set_ignored(&self, sentence: String) {
        let _ = self.ignored.set(sentence);
    }

    /// The id in an API description, or the name of the route.
    pub fn operation(&self) -> &'static str {
        self.operation.get().copied().unwrap_or("none")
    }

    /// Account and user.
    pub fn caller(&self) -> Option<(i64, i64)> {
        self.caller.get().copied()
    }

    /// The parameters that had no effect, in the words of strict mode; only looked for in the sandbox.
    pub fn ignored(&self) -> Option<&String> {
        self.ignored.get()
    }
}
