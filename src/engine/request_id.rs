//! Which request a change came from, for the audit trail.

use std::net::IpAddr;
use std::ops::Deref;

/// The id of a request, and the address of the client that sent it.
#[derive(Clone, Debug)]
pub struct RequestId {
    pub text: String,
    pub client: IpAddr,
}

impl Deref for RequestId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}
