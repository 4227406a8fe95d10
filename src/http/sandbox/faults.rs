//! `/sandbox/faults`: what goes wrong on purpose.

use axum::extract::State;
use hyper::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::error::Error;
use crate::http::api::route::BASE_PATH;
use crate::http::json::{Digits, Json};
use crate::http::sandbox::extract::{Body, Control, Name};
use crate::http::{invitations, oauth};
use crate::resources::registry::REGISTRY;
use crate::sandbox::faults::{Fault, Ordered};
use crate::wire::query::digits;

#[derive(Serialize, JsonSchema)]
pub struct FaultList {
    faults: Vec<OrderedFault>,
}

/// A fault and how often it has happened.
#[derive(Serialize, JsonSchema)]
pub struct OrderedFault {
    id: Digits<u64>,
    fault: Fault,
    happened: u64,
}

impl From<Ordered> for OrderedFault {
    fn from(Ordered { number, fault, happened }: Ordered) -> Self {
        Self { id: Digits(number), fault, happened }
    }
}

pub async fn list(State(control): State<Control>) -> Json<FaultList> {
    Json(FaultList { faults: control.sandbox.faults.all().into_iter().map(OrderedFault::from).collect() })
}

pub async fn order(State(control): State<Control>, Body(fault): Body<Fault>) -> Result<Json<OrderedFault>, Error> {
    let number = control.sandbox.faults.order(fault.clone(), &known_paths()).map_err(Error::Syntax)?;
    Ok(Json(OrderedFault { id: Digits(number), fault, happened: 0 }))
}

/// Every path that a fault can be for, with the names of parameters in braces.
fn known_paths() -> Vec<String> {
    let operations = REGISTRY.iter().flat_map(|entry| {
        entry.resource.operations.iter().map(|operation| format!("{BASE_PATH}{}", entry.resource.path(operation.verb)))
    });
    let routes = oauth::ROUTES.list.iter().chain(&invitations::ROUTES.list);
    operations.chain(routes.map(|route| route.path.to_owned())).collect()
}

pub async fn clear(State(control): State<Control>) -> StatusCode {
    control.sandbox.faults.clear();
    StatusCode::NO_CONTENT
}

pub async fn remove(State(control): State<Control>, Name(id): Name) -> Result<StatusCode, Error> {
    let number = digits(&id).and_then(|number| u64::try_from(number).ok());
    match number.is_some_and(|number| control.sandbox.faults.remove(number)) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Error::NotFound),
    }
}
