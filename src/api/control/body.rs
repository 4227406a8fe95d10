//! The bodies of requests to the control plane: JSON, read strictly, since a test that sets something that there is not proves nothing.

use serde::de::DeserializeOwned;

use super::Asked;
use crate::api::request;
use crate::error::Error;

impl Asked<'_> {
    /// The body as what it has to be. An empty one is as good as `{}`.
    pub(super) async fn read<T: DeserializeOwned>(self) -> Result<(T, Self2), Error> {
        unimplemented!()
    }
}
