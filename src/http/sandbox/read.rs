//! What requests to the control plane say, read strictly: a test that sets something that there is not would prove nothing.

use serde::de::DeserializeOwned;

use crate::engine::error::Error;
use crate::http::request;
use crate::http::sandbox::Asked;
use crate::server::listen::RequestBody;
use crate::wire::params::Tree;

impl Asked<'_> {
    /// The body, which is JSON whatever its type is said to be; an empty one is as good as `{}`.
    pub(super) async fn body<T: DeserializeOwned>(&self, body: RequestBody) -> Result<T, Error> {
        let bytes = request::collect(self.visit.app, body, self.visit.since).await?;
        let text: &[u8] = if bytes.trim_ascii().is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text).map_err(|cause| Error::Syntax(format!("The body cannot be read: {cause}.")))
    }

    /// The parameters of the query string, of which there are only these.
    pub(super) fn query(&self, known: &[&str]) -> Result<Tree, Error> {
        let params = request::query(&self.visit.head.uri)?;
        match params.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) if known.is_empty() => Err(Error::Syntax(format!("There is no parameter {name} here."))),
            Some(name) => Err(Error::Syntax(format!("There is no parameter {name}; there is {}.", known.join(", ")))),
            None => Ok(params),
        }
    }
}
