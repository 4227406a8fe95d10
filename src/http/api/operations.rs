//! The operations of the API: one pipeline, then one function for each form of operation.
//!
//! A request can be wrong in many ways at once; the first of these checks that fails decides (protocol-corners B1):
//! token, rate limit, route, level, decoding and shape, record, rule on the record, values. The pipeline below *is*
//! that order.

use std::sync::Arc;

use hyper::Request;
use hyper::http::request::Parts;
use serde_json::{Map, Value as Json};

use crate::clock::Stopwatch;
use crate::engine::access::{self, Caller};
use crate::engine::context::Context;
use crate::engine::error::Error;
use crate::engine::idempotency::{self, IdempotencyKey};
use crate::engine::limits;
use crate::engine::records::{self, Record};
use crate::engine::tokens::{self, TokenHash};
use crate::http::api::additions::{self, Additions};
use crate::http::api::route::{self, Route};
use crate::http::{Answer, Trace, request};
use crate::ids::UserId;
use crate::resources::writes;
use crate::server::app::App;
use crate::server::listen::RequestBody;
use crate::store::Db;
use crate::wire::changes::{Changes, Write};
use crate::wire::describe::{Operation, Resource, Verb};
use crate::wire::entity_tag::Expected;
use crate::wire::params::Tree;
use crate::wire::projection::Projection;
use crate::wire::query::{self, ListQuery};
use crate::wire::strict;

/// Text of the vendor's library for a body without its root key.
const MISSING_ROOT: &str =
    "Missing required parameters. Please see our documentation at http://developer.mavenlink.com";

/// Answers a request that is for none of the pages.
pub async fn answer(
    app: &Arc<App>,
    request: Request<RequestBody>,
    request_id: &str,
    trace: &mut Trace,
) -> Result<Answer, Error> {
    let since = Stopwatch::start();
    let segments = route::place(request.uri().path()).ok_or(Error::NotFound)?;
    let (head, body) = request.into_parts();

    let token = tokens::hash(&request::token(app, &head.uri, &head.headers)?);
    let caller = app.callers.find(&app.store, token).await?.ok_or(Error::Unauthenticated)?;
    trace.caller = caller.user_id().map(|user_id| (caller.account_id, user_id));
    let route = route::find(&head.method, &segments);
    limit_rate(app, &caller, route.as_ref().map(|route| route.operation))?;
    let route = route.ok_or(Error::NotFound)?;
    trace.operation = Some(route.operation.id);
    app.policy.permit(&caller, route.operation)?;
    let permitted = Permitted { app, caller, route, request_id };
    if permitted.verb().is_write() {
        // On the heap: a read must not carry around, and copy, the room that a write needs.
        Box::pin(write_to(permitted, token, head, body, since, trace)).await
    } else {
        read_from(permitted, &head, trace).await
    }
}

/// Reads what was asked for; the body is not looked at.
async fn read_from(permitted: Permitted<'_>, head: &Parts, trace: &mut Trace) -> Result<Answer, Error> {
    let additions = Additions::of_read(&head.headers, &permitted.app.tuned.profile())?;
    let params = request::query(&head.uri)?;
    trace.ignored = permitted.ignores(&params);
    let asked = permitted.asks(params, additions)?;
    match asked.verb() {
        Verb::Index => index(asked).await,
        Verb::Show => show(asked).await,
        Verb::ShowOwn(_) => show_own(asked).await,
        Verb::Create { .. } | Verb::Update | Verb::Destroy | Verb::Action(_) => Err(Error::NotFound),
    }
}

/// Reads the body, where the operation has one, and writes.
async fn write_to(
    mut permitted: Permitted<'_>,
    token: TokenHash,
    head: Parts,
    body: RequestBody,
    since: Stopwatch,
    trace: &mut Trace,
) -> Result<Answer, Error> {
    let additions = Additions::of_write(&head.headers, &permitted.app.tuned.profile())?;
    let app = permitted.app;
    let params = if permitted.verb().reads_body() {
        let params = request::query_and_body(app, &head.uri, &head.headers, body, since).await?;
        // A body may take its time, in which a member can be disabled or demoted: what counts is who it is now.
        permitted.caller = app.callers.find(&app.store, token).await?.ok_or(Error::Unauthenticated)?;
        app.policy.permit(&permitted.caller, permitted.route.operation)?;
        params
    } else {
        request::query(&head.uri)?
    };
    trace.ignored = permitted.ignores(&params);
    let asked = permitted.asks(params, additions)?;
    match asked.verb() {
        Verb::Create { bulk } => create(asked, bulk).await,
        Verb::Update => update(asked).await,
        Verb::Destroy => destroy(asked).await,
        Verb::Action(name) => act(asked, name).await,
        Verb::Index | Verb::Show | Verb::ShowOwn(_) => Err(Error::NotFound),
    }
}

/// A request that may be carried out as far as its level goes.
struct Permitted<'a> {
    app: &'a Arc<App>,
    caller: Arc<Caller>,
    route: Route,
    request_id: &'a str,
}

impl<'a> Permitted<'a> {
    fn verb(&self) -> Verb {
        self.route.operation.verb
    }

    /// What of a request nobody takes notice of; looked for where somebody wants to know, which is in the sandbox.
    fn ignores(&self, params: &Tree) -> Option<String> {
        let is_wanted = self.app.sandbox.is_some();
        is_wanted.then(|| strict::ignored(self.route.entry.resource, self.verb(), params)).flatten()
    }

    /// The request with what it says, of which strict mode wants everything to count.
    fn asks(self, params: Tree, additions: Additions) -> Result<Asked<'a>, Error> {
        let strictly = additions.is_strict.then(|| strict::ignored(self.route.entry.resource, self.verb(), &params));
        if let Some(sentence) = strictly.flatten() {
            return Err(Error::Syntax(sentence));
        }
        let Self { app, caller, route, request_id } = self;
        Ok(Asked { app, caller, route, params, additions, request_id })
    }
}

/// A request that may be carried out as far as its level and its syntax go.
struct Asked<'a> {
    app: &'a Arc<App>,
    caller: Arc<Caller>,
    route: Route,
    params: Tree,
    additions: Additions,
    request_id: &'a str,
}

impl Asked<'_> {
    fn verb(&self) -> Verb {
        self.route.operation.verb
    }

    fn resource(&self) -> &'static Resource {
        self.route.entry.resource
    }

    fn projection(&self) -> Projection {
        let dates = self.app.tuned.profile().dates;
        Projection::read(self.resource(), &self.params, self.caller.rung()).with_dates(dates)
    }

    /// The attributes of one element of the body.
    fn changes(&self, write: Write, object: &Map<String, Json>, index: usize) -> Changes {
        let rung = self.caller.rung();
        let mut changes = Changes::read(self.resource(), write, object, rung, index);
        if self.additions.is_strict {
            changes.refuse_ignored(write, object, rung);
        }
        changes
    }
}

/// The limits of the token. That of a record is taken by its rule, once the record was found and may be touched: a
/// refused request must neither use it up nor tell of it.
fn limit_rate(app: &App, caller: &Caller, operation: Option<&Operation>) -> Result<(), Error> {
    let Some(token) = caller.token_id() else {
        return Ok(());
    };
    let now = app.clock.now();
    app.limits.take(limits::Kind::General, token.get(), now)?;
    match operation.and_then(access::limit) {
        Some(limit) => app.limits.take(limit, token.get(), now),
        None => Ok(()),
    }
}

async fn index(asked: Asked<'_>) -> Result<Answer, Error> {
    let projection = asked.projection();
    let query = ListQuery::read(asked.resource(), &asked.params, asked.caller.rung())?;
    let caller = Arc::clone(&asked.caller);
    let listed = move |db: &mut Db| records::list(db, &projection, &caller, &query);
    asked.app.read_for(&asked.caller, listed).await.map(Answer::json)
}

async fn show(asked: Asked<'_>) -> Result<Answer, Error> {
    let (projection, id) = (asked.projection(), asked.route.id);
    let conditions = query::show_conditions(asked.resource(), &asked.params);
    let caller = Arc::clone(&asked.caller);
    let shown = move |db: &mut Db| records::show(db, &projection, &caller, id, &conditions);
    asked.app.read_for(&asked.caller, shown).await.map(Answer::json)
}

/// The record that is the caller's own is there whatever filters say (protocol-corners G6).
async fn show_own(asked: Asked<'_>) -> Result<Answer, Error> {
    let (projection, caller) = (asked.projection(), Arc::clone(&asked.caller));
    let shown = move |db: &mut Db| records::show(db, &projection, &caller, caller.user_id().map(UserId::record), &[]);
    asked.app.read_for(&asked.caller, shown).await.map(Answer::json)
}

async fn create(asked: Asked<'_>, bulk: usize) -> Result<Answer, Error> {
    let entry = asked.route.entry;
    let elements = elements(entry.resource, &asked.params, bulk)?.into_iter().enumerate();
    let changes: Vec<Changes> = elements.map(|(index, object)| asked.changes(Write::Create, object, index)).collect();
    let projection = asked.projection();
    write(asked, move |db, context, _| writes::create(db, context, entry, &mut changes.clone(), &projection).map(Some))
        .await
}

async fn update(asked: Asked<'_>) -> Result<Answer, Error> {
    let (entry, id) = (asked.route.entry, asked.route.id);
    let changes = asked.changes(Write::Update, elements(entry.resource, &asked.params, 1)?[0], 0);
    let projection = asked.projection();
    write(asked, move |db, context, guard| {
        let guard = |db: &mut Db, record: &Record| guard.permit(db, context, record, &projection);
        writes::update(db, context, entry, id, changes.clone(), &guard, &projection).map(Some)
    })
    .await
}

async fn destroy(asked: Asked<'_>) -> Result<Answer, Error> {
    let (entry, id, projection) = (asked.route.entry, asked.route.id, asked.projection());
    write(asked, move |db, context, guard| {
        let guard = |db: &mut Db, record: &Record| guard.permit(db, context, record, &projection);
        writes::destroy(db, context, entry, id, &guard).map(|()| None)
    })
    .await
}

async fn act(asked: Asked<'_>, name: &'static str) -> Result<Answer, Error> {
    let (entry, id, projection) = (asked.route.entry, asked.route.id, asked.projection());
    write(asked, move |db, context, guard| {
        let guard = |db: &mut Db, record: &Record| guard.permit(db, context, record, &projection);
        writes::act(db, context, entry, id, name, &guard, &projection).map(Some)
    })
    .await
}

/// What a record has to meet before a request may write to it.
struct Conditions {
    operation: &'static Operation,
    expected: Option<Expected>,
}

impl Conditions {
    /// The caller's rule on the record, then what the client expects it to be: the tag of what a plain show tells this caller,
    /// or of a show with what this request includes.
    fn permit(&self, db: &mut Db, context: &Context, record: &Record, asked: &Projection) -> Result<(), Error> {
        access::permit_record(&context.caller, self.operation, |field| record.id_in(field))?;
        let Some(expected) = &self.expected else {
            return Ok(());
        };
        let plain = Projection::plain(record.resource, context.caller.rung()).with_dates(asked.dates());
        for projection in [&plain, asked] {
            if expected.is_met_by(&records::show(db, projection, &context.caller, Some(record.id), &[])?) {
                return Ok(());
            }
        }
        Err(Error::Stale)
    }
}

/// Carries out a write, unless writes are switched off for maintenance: once for each idempotency key, and without an effect
/// when it is a dry run.
async fn write<F>(asked: Asked<'_>, work: F) -> Result<Answer, Error>
where
    F: Fn(&mut Db, &Context, &Conditions) -> Result<Option<Vec<u8>>, Error> + Send + 'static,
{
    let (app, additions) = (asked.app, asked.additions);
    app.require_writes()?;
    let writer = asked.caller.user_id();
    let mut context = app.context(&asked.caller, Some(asked.request_id));
    context.is_rehearsal = additions.is_dry_run;
    let remarks = Arc::clone(&context.remarks);
    let conditions = Conditions { operation: asked.route.operation, expected: additions.expected };
    if additions.is_dry_run {
        let body = app.store.rehearse(move |db| work(db, &context, &conditions)).await?;
        return Ok(Answer::written(body).with(additions::DRY_RUN).remarking(remarks));
    }
    let key = additions.idempotency_key.zip(asked.caller.user_id()).map(|(text, user_id)| IdempotencyKey {
        account_id: asked.caller.account_id,
        user_id,
        text,
        fingerprint: idempotency::fingerprint(asked.route.operation.id, asked.route.id, &asked.params),
        now: context.now,
    });
    let Some(key) = key else {
        context.is_whole_job = true;
        let body = app.store.write(move |db| work(db, &context, &conditions)).await?;
        app.note_write(writer);
        return Ok(Answer::written(body).remarking(remarks));
    };
    let once = move |db: &mut Db| idempotency::once(db, &key, |db| work(db, &context, &conditions));
    let answered = app.store.write(once).await?;
    app.note_write(writer);
    let answer = Answer::written(answered.body).remarking(remarks);
    Ok(if answered.is_replay { answer.with(additions::REPLAYED) } else { answer })
}

/// The object under the singular root key.
fn root<'a>(resource: &Resource, params: &'a Tree) -> Result<&'a Map<String, Json>, Error> {
    match params.get(resource.singular) {
        Some(Json::Object(object)) => Ok(object),
        None | Some(Json::Null) => Err(Error::Syntax(MISSING_ROOT.to_owned())),
        Some(_) => Err(Error::Syntax(format!("{} must be an object.", resource.singular))),
    }
}

/// The objects of a body: one under the singular root key, or up to `bulk` under the plural one. A resource that can be
/// made in bulk has two root keys, and a body never has both (protocol-corners C4).
fn elements<'a>(resource: &Resource, params: &'a Tree, bulk: usize) -> Result<Vec<&'a Map<String, Json>>, Error> {
    let (singular, plural) = (resource.singular, resource.name);
    let many = params.get(plural).filter(|_| resource.most_in_bulk() > 1);
    match many {
        Some(_) if params.contains_key(singular) => {
            Err(Error::Syntax(format!("Send either {singular} or {plural}, not both.")))
        }
        Some(many) if bulk > 1 => {
            let objects = many.as_array().and_then(|many| many.iter().map(Json::as_object).collect::<Option<Vec<_>>>());
            objects
                .filter(|objects| (1..=bulk).contains(&objects.len()))
                .ok_or_else(|| Error::Syntax(format!("{plural} must be an array of 1 to {bulk} objects.")))
        }
        _ => Ok(vec![root(resource, params)?]),
    }
}
