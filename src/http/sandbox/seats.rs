//! `GET /sandbox/seats`: what the real account would have been billed.

use hyper::{Response, StatusCode};

use crate::engine::error::Error;
use crate::http::object::{Object, array};
use crate::http::sandbox::Asked;
use crate::ids::AccountId;
use crate::resources::seats::{self, Ledger};
use crate::server::listen::Body;

/// The ledgers of all accounts.
pub(super) async fn show(asked: &Asked<'_>) -> Result<Response<Body>, Error> {
    asked.query(&[])?;
    let ledgers = asked.visit.app.store.read(|db| {
        let accounts: Vec<AccountId> = db.all("SELECT id FROM accounts ORDER BY id", &[], |row| row.id(0))?;
        accounts.into_iter().map(|id| Ok((id, seats::ledger(db, id)?))).collect::<Result<Vec<_>, crate::store::Error>>()
    });
    let accounts = array(ledgers.await?.iter().map(|(id, ledger)| account(*id, ledger)));
    Ok(Object::new().raw("accounts", &accounts).answer(StatusCode::OK))
}

fn account(id: AccountId, ledger: &Ledger) -> Object {
    let object = Object::new().text("account_id", &id.to_string());
    let object = match ledger.contracted {
        Some(seats) => object.int("contracted", seats),
        None => object.raw("contracted", b"null"),
    };
    object
        .int("taken", ledger.taken())
        .int("members", ledger.members)
        .int("pending", ledger.pending)
        .int("over", ledger.over())
        .int("billed", ledger.billed)
}
