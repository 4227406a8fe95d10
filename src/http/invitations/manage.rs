//! What administrators need beyond the vendor's API: links to hand over, and the delivery of mail.

use std::sync::Arc;

use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::engine::access::{self, Caller, Level};
use crate::engine::error::Error;
use crate::engine::limits::Limit;
use crate::engine::{records, tokens};
use crate::http::extract::Visit;
use crate::http::json::{Digits, Json, Time};
use crate::http::request;
use crate::ids::RecordId;
use crate::mail::outbox;
use crate::resources::invitations::{self, RESOURCE, links};
use crate::wire::kind;
use crate::wire::projection::Projection;
use crate::wire::query::digits;

#[derive(Serialize)]
pub struct LinkAnswer {
    invitation_id: Digits<RecordId>,
    link: String,
    token: String,
    expiration_date: String,
}

#[derive(Serialize)]
pub struct MailList {
    mails: Vec<MailState>,
}

#[derive(Serialize)]
struct MailState {
    message_id: String,
    to: String,
    state: String,
    attempts: i64,
    last_reply: Option<String>,
    next_attempt_at: Option<Time>,
    created_at: Time,
    updated_at: Time,
}

/// `POST /invitations/ID/link`.
pub async fn link(visit: Visit) -> Result<Json<LinkAnswer>, Error> {
    let (caller, id) = permitted(&visit, Level::Administrator).await?;
    let context = visit.app.context(&caller, Some(&visit.call.request_id));
    let work = visit.write(move |db| {
        let account = context.caller.account_id;
        let record = records::find(db, &RESOURCE, account, id)?;
        let token = invitations::hand_over(db, &context, &record)?;
        let renewed = records::find(db, &RESOURCE, account, id)?;
        Ok((renewed.id, renewed.int("expiration_date").unwrap_or_default(), token))
    });
    let (id, last_day, token) = work.await?;
    Ok(Json(LinkAnswer {
        invitation_id: Digits(id),
        link: links::address(&visit.app.base_url(), &token).expose_secret().to_owned(),
        token: token.expose_secret().to_owned(),
        expiration_date: kind::date(last_day),
    }))
}

/// `GET /invitations/ID/mails`.
pub async fn mails(visit: Visit) -> Result<Json<MailList>, Error> {
    let (caller, id) = permitted(&visit, Level::ProjectLead).await?;
    let work = visit.app.store.read(move |db| {
        let id = id.ok_or(Error::NotFound)?;
        records::show(db, &Projection::plain(&RESOURCE, caller.rung()), &caller, Some(id), &[])?;
        Ok::<_, Error>(outbox::of_invitation(db, caller.account_id, id.typed())?)
    });
    let mails = work.await?.into_iter().map(|mail| MailState {
        message_id: mail.message_id,
        to: mail.recipient,
        state: mail.state,
        attempts: mail.attempts,
        last_reply: mail.last_reply,
        next_attempt_at: mail.due_at.map(Time::from),
        created_at: mail.created_at.into(),
        updated_at: mail.updated_at.into(),
    });
    Ok(Json(MailList { mails: mails.collect() }))
}

/// The caller, if its level is high enough, and the id in the path.
async fn permitted(visit: &Visit, level: Level) -> Result<(Arc<Caller>, Option<RecordId>), Error> {
    let app = &visit.app;
    let token = tokens::hash(&request::token(app, &visit.head.uri, &visit.head.headers)?);
    let caller = app.callers.find(&app.store, token).await?.ok_or(Error::Unauthenticated)?;
    visit.call.set_caller(&caller);
    if let Some(token) = caller.token_id() {
        app.limits.take(Limit::General, token.get(), app.clock.now())?;
    }
    access::permit_from(level.rung(), &caller)?;
    let path = visit.head.uri.path().strip_prefix(links::PATH).unwrap_or_default();
    let id = path.split('/').next().and_then(digits).filter(|id| *id > 0).map(RecordId::new);
    Ok((caller, id))
}
