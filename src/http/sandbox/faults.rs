//! `/sandbox/faults`: what goes wrong on purpose.

use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::error::Error;
use crate::http::api::route::BASE_PATH;
use crate::http::json::Json;
use crate::http::sandbox::extract::{Control, JsonBody, NameInPath};
use crate::http::{invitations, oauth};
use crate::ids::FaultId;
use crate::resources::registry::REGISTRY;
use crate::sandbox::faults::{Fault, OrderedFault};
use crate::wire::query::digits;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FaultList")]
pub struct ListedFaults {
    faults: Vec<OrderedFault>,
}

pub async fn list(control: Control) -> Json<ListedFaults> {
    Json(ListedFaults { faults: control.sandbox.faults.all() })
}

pub async fn order(control: Control, JsonBody(fault): JsonBody<Fault>) -> Result<Json<OrderedFault>, Error> {
    control.sandbox.faults.order(fault, &known_paths()).map(Json).map_err(Error::Syntax)
}

/// Every path that a fault can be for, with the names of parameters in braces.
fn known_paths() -> Vec<String> {
    let operations = REGISTRY.iter().flat_map(|entry| {
        entry.resource.operations.iter().map(|operation| format!("{BASE_PATH}{}", entry.resource.path(operation)))
    });
    let routes = oauth::ROUTES.list.iter().chain(&invitations::ROUTES.list);
    operations.chain(routes.map(|route| route.path.to_owned())).collect()
}

pub async fn clear(control: Control) -> StatusCode {
    control.sandbox.faults.clear();
    StatusCode::NO_CONTENT
}

pub async fn remove(control: Control, NameInPath(id): NameInPath) -> Result<StatusCode, Error> {
    let is_removed = digits(&id).is_some_and(|id| control.sandbox.faults.remove(FaultId::new(id)));
    is_removed.then_some(StatusCode::NO_CONTENT).ok_or(Error::NotFound)
}
