//! A request on its way through the server: what its handlers need besides head and body, and what the log gets to know
//! of it.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use hyper::header::{HeaderMap, HeaderValue};

use crate::clock::Stopwatch;
use crate::engine::access::Caller;
use crate::engine::request_id::RequestId;
use crate::http::{client_address, headers};
use crate::ids::{AccountId, UserId};
use crate::server::app::App;

pub struct Call {
    pub app: Arc<App>,
    /// Includes the address of the client, which may be behind proxies.
    pub request_id: Arc<RequestId>,
    pub since: Stopwatch,
    operation: OnceLock<&'static str>,
    caller: OnceLock<(AccountId, UserId)>,
    /// The parameters that had no effect, in the words of strict mode; only looked for in the sandbox.
    pub ignored: OnceLock<String>,
    /// Set if a body came without a content type.
    pub is_read_as_form: OnceLock<()>,
    /// The origin that may read the answer.
    pub shared_with: Option<HeaderValue>,
}

impl Call {
    pub fn begin(app: Arc<App>, headers: &HeaderMap, peer: IpAddr, shared_with: Option<HeaderValue>) -> Self {
        let client = client_address::of(&app.config.trusted_proxies, peer, headers);
        let request_id = Arc::new(RequestId { text: headers::request_id(&app, headers), client });
        let (since, operation, caller) = (Stopwatch::start(), OnceLock::new(), OnceLock::new());
        let (ignored, is_read_as_form) = (OnceLock::new(), OnceLock::new());
        Self { app, request_id, since, operation, caller, ignored, is_read_as_form, shared_with }
    }

    pub fn set_operation(&self, operation: &'static str) {
        let _ = self.operation.set(operation);
    }

    pub fn set_caller(&self, caller: &Caller) {
        let _ = caller.user_id().map(|user_id| self.caller.set((caller.account_id, user_id)));
    }

    /// The id in an API description, or the name of the route.
    pub fn operation(&self) -> &'static str {
        self.operation.get().copied().unwrap_or("none")
    }

    pub fn caller(&self) -> Option<(AccountId, UserId)> {
        self.caller.get().copied()
    }
}
