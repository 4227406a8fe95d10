//! What administrators need beyond the vendor's API: a link to hand over, and what became of the mails.

use std::sync::Arc;

use hyper::{Response, StatusCode};
use secrecy::ExposeSecret as _;

use crate::engine::access::{self, Caller, Level};
use crate::engine::error::Error;
use crate::engine::limits::Kind;
use crate::engine::{records, tokens};
use crate::http::object::{Object, array};
use crate::http::visit::Visit;
use crate::http::{Trace, request};
use crate::ids::RecordId;
use crate::mail::outbox::{self, MailFilter};
use crate::resources::invitations::{self, RESOURCE, links};
use crate::server::listen::Body;
use crate::wire::kind;
use crate::wire::query::digits;

/// `POST /invitations/ID/link`.
pub async fn link(visit: &Visit<'_>, trace: &mut Trace) -> Result<Response<Body>, Error> {
    let (caller, id) = permitted(visit, trace, Level::Administrator).await?;
    let context = visit.app.context(&caller, Some(visit.request_id));
    let work = visit.write(move |db| {
        let account = context.caller.account_id;
        let record = records::find(db, &RESOURCE, account, id)?;
        let token = invitations::hand_over(db, &context, &record)?;
        let renewed = records::find_to_read(db, &RESOURCE, account, id)?;
        Ok((renewed.id, renewed.int("expiration_date").unwrap_or_default(), token))
    });
    let (id, last_day, token) = work.await?;
    Ok(Object::new()
        .text("invitation_id", &id.to_string())
        .text("link", links::address(&visit.app.base_url(), &token).expose_secret())
        .text("token", token.expose_secret())
        .text("expiration_date", &kind::date(last_day))
        .answer(StatusCode::OK))
}

/// `GET /invitations/ID/mails`.
pub async fn mails(visit: &Visit<'_>, trace: &mut Trace) -> Result<Response<Body>, Error> {
    let (caller, id) = permitted(visit, trace, Level::ProjectLead).await?;
    let work = visit.app.store.read(move |db| {
        let record = records::find_to_read(db, &RESOURCE, caller.account_id, id)?;
        Ok::<_, Error>(outbox::list(db, MailFilter::Invitation(caller.account_id, record.id.typed()))?)
    });
    let mails = work.await?.into_iter().map(|mail| {
        Object::new()
            .text("message_id", &mail.message_id)
            .text("to", &mail.recipient)
            .text("state", &mail.state)
            .int("attempts", mail.attempts)
            .text_or_null("last_reply", mail.last_reply.as_deref())
            .text_or_null("next_attempt_at", mail.due_at.map(|moment| kind::time(moment.0)).as_deref())
            .text("created_at", &kind::time(mail.created_at.0))
            .text("updated_at", &kind::time(mail.updated_at.0))
    });
    Ok(Object::new().raw("mails", &array(mails)).answer(StatusCode::OK))
}

/// Who asks, if that caller's level is high enough, and the id in the path.
async fn permitted(
    visit: &Visit<'_>,
    trace: &mut Trace,
    level: Level,
) -> Result<(Arc<Caller>, Option<RecordId>), Error> {
    let app = visit.app;
    let token = tokens::hash(&request::token(app, &visit.head.uri, &visit.head.headers)?);
    let caller = app.callers.find(&app.store, token).await?.ok_or(Error::Unauthenticated)?;
    trace.caller = caller.user_id().map(|user_id| (caller.account_id, user_id));
    if let Some(token) = caller.token_id() {
        app.limits.take(Kind::General, token.get(), app.clock.now())?;
    }
    access::permit_from(level.rung(), &caller)?;
    let path = visit.head.uri.path().strip_prefix(links::PATH).unwrap_or_default();
    let id = path.split('/').next().and_then(digits).filter(|id| *id > 0).map(RecordId::new);
    Ok((caller, id))
}
