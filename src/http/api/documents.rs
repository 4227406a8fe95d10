//! Documents: answers about one record that have a shape of their own.
//!
//! A document is found as its record is shown: who may not see the record gets the same 404. Its parameters are judged
//! after that, as values of a body are (docs/WIRE.md, O1).

use std::sync::Arc;

use crate::engine::access::Caller;
use crate::engine::error::Error;
use crate::engine::records;
use crate::http::api::route::Route;
use crate::server::app::App;
use crate::store::Db;
use crate::wire::document;
use crate::wire::params::Tree;
use crate::wire::projection::Projection;
use crate::wire::query;

pub async fn tell(app: &App, caller: &Arc<Caller>, route: &Route, params: &Tree, name: &str) -> Result<Vec<u8>, Error> {
    let (resource, id) = (route.entry.resource, route.id.ok_or(Error::NotFound)?);
    let described = route.operation.document.zip(route.entry.behaviour.document(name));
    let (document, tell) = described.ok_or(Error::NotFound)?;
    let given = document::read(document, params);
    let conditions = query::show_conditions(resource, params, caller.rung());
    let (projection, asker) = (Projection::plain(resource, caller.rung()), Arc::clone(caller));
    let told = move |db: &mut Db| {
        records::show(db, &projection, &asker, Some(id), &conditions)?;
        let given = given.as_ref().map_err(|violations| Error::Invalid(violations.clone()))?;
        tell(db, &asker, id, given)
    };
    app.read_for(caller, told).await
}
