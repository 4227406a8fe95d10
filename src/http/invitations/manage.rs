//! What administrators need beyond the vendor's API: links to hand over, and the delivery of mail.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::engine::access::{self, Caller, Level};
use crate::engine::error::Error;
use crate::engine::records;
use crate::engine::tokens::Turn;
use crate::http::api::operations;
use crate::http::extract::Visit;
use crate::http::json::{Json, Ordered};
use crate::http::request;
use crate::ids::RecordId;
use crate::mail::outbox::{self, QueuedMail};
use crate::resources::invitations::{self, RESOURCE, links};
use crate::wire::kind;
use crate::wire::projection::Projection;
use crate::wire::query::digits;

pub async fn link(visit: Visit) -> Result<Json<Ordered<Value>>, Error> {
    let (caller, id) = permitted(&visit, Level::Administrator).await?;
    let permit = |caller: &Caller| access::permit_from(Level::Administrator.rung(), caller);
    request::write_as(&visit.app, &visit.head, caller, permit, |caller| hand_over(&visit, caller, id)).await
}

async fn hand_over(visit: &Visit, caller: Arc<Caller>, id: Option<RecordId>) -> Result<Json<Ordered<Value>>, Error> {
    let context = visit.app.context(&caller, Some(&visit.call.request_id));
    let work = visit.app.write_for(&caller, Turn::Shared, move |db| {
        let account = context.caller.account_id;
        let record = records::find(db, &RESOURCE, account, id)?;
        let token = invitations::hand_over(db, &context, &record)?;
        let renewed = records::find(db, &RESOURCE, account, id)?;
        Ok((renewed.id, renewed.int("expiration_date").unwrap_or_default(), token))
    });
    let (id, last_day, token) = work.await?;
    Ok(Json(Ordered(vec![
        ("invitation_id", json!(id)),
        ("link", json!(links::address(&visit.app.base_url(), &token).expose_secret())),
        ("token", json!(token.expose_secret())),
        ("expiration_date", json!(kind::date(last_day))),
    ])))
}

pub async fn mails(visit: Visit) -> Result<Json<Ordered<Vec<QueuedMail>>>, Error> {
    let (caller, id) = permitted(&visit, Level::ProjectLead).await?;
    let work = visit.app.store.read(move |db| {
        let id = id.ok_or(Error::NotFound)?;
        records::show(db, &Projection::plain(&RESOURCE, caller.rung()), &caller, Some(id), &[])?;
        Ok::<_, Error>(outbox::of_invitation(db, caller.account_id, id.typed())?)
    });
    Ok(Json(Ordered(vec![("mails", work.await?)])))
}

/// The caller, if its level is high enough, and the id in the path.
async fn permitted(visit: &Visit, level: Level) -> Result<(Arc<Caller>, Option<RecordId>), Error> {
    let app = &visit.app;
    let caller = request::caller(app, &visit.head.uri, &visit.head.headers).await?;
    visit.call.set_caller(&caller);
    operations::limit_rate(app, &caller, None)?;
    access::permit_from(level.rung(), &caller)?;
    let path = visit.head.uri.path().strip_prefix(links::PATH).unwrap_or_default();
    let id = path.split('/').next().and_then(digits).filter(|id| *id > 0).map(RecordId::new);
    Ok((caller, id))
}
