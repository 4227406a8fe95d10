//! `/sandbox/faults`: what is to go wrong.

use hyper::{Response, StatusCode};

use crate::engine::error::Error;
use crate::http::endpoints::segment;
use crate::http::object::{Object, array};
use crate::http::sandbox::Asked;
use crate::http::{headers, known_paths};
use crate::sandbox::faults::{Fault, Ordered};
use crate::server::listen::{Body, RequestBody};
use crate::wire::query::digits;

/// Every fault, and how often it has happened.
pub(super) fn list(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    let faults: Vec<Object> = asked.sandbox.faults.all().iter().map(object).collect::<Result<_, _>>()?;
    Ok(Object::new().raw("faults", &array(faults.into_iter())).answer(StatusCode::OK))
}

/// Orders one, which is there for the next request.
pub(super) async fn order(asked: &Asked<'_>, body: RequestBody) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    let fault: Fault = asked.body(body).await?;
    let number = asked.sandbox.faults.order(fault.clone(), &known_paths()).map_err(Error::Syntax)?;
    Ok(object(&Ordered { number, fault, happened: 0 })?.answer(StatusCode::OK))
}

/// Takes all away.
pub(super) fn clear(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    asked.sandbox.faults.clear();
    Ok(headers::empty())
}

/// Takes one away.
pub(super) fn remove(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    let number = digits(segment(asked.visit.head.uri.path(), 3)).and_then(|number| u64::try_from(number).ok());
    match number.is_some_and(|number| asked.sandbox.faults.remove(number)) {
        true => Ok(headers::empty()),
        false => Err(Error::NotFound),
    }
}

fn object(ordered: &Ordered) -> Result<Object, Error> {
    let fault = serde_json::to_vec(&ordered.fault).map_err(|cause| Error::Internal(cause.to_string()))?;
    let happened = i64::try_from(ordered.happened).unwrap_or(i64::MAX);
    Ok(Object::new().text("id", &ordered.number.to_string()).raw("fault", &fault).int("happened", happened))
}
