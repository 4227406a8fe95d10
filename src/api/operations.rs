//! The operations of the API: one pipeline, then one function for each form of operation.
//!
//! A request can be wrong in many ways at once; the first of these checks that fails decides (protocol-corners B1):
//! token, rate limit, route, level, decoding and shape, record, rule on the record, values. The pipeline below *is*
//! that order.

use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use serde_json::{Map, Value as Json};

use super::route::{self, Route};
use super::{Answer, Trace, request};
use crate::access::{self, Caller, Rule};
use crate::app::App;
use crate::clock::Stopwatch;
use crate::error::Error;
use crate::limits;
use crate::records;
use crate::wire::changes::{Changes, Write};
use crate::wire::describe::{Resource, Verb};
use crate::wire::params::Tree;
use crate::wire::query::{self, ListQuery};

/// Text of the vendor's library for a body without its root key.
const MISSING_ROOT: &str =
    "Missing required parameters. Please see our documentation at http://developer.mavenlink.com";

/// Answers a request that is for none of the pages.
pub async fn answer(
    app: &Arc<App>,
    request: Request<Incoming>,
    request_id: &str,
    trace: &mut Trace,
) -> Result<Answer, Error> {
    let since = Stopwatch::start();
    let segments = route::place(request.uri().path()).ok_or(Error::NotFound)?;
    let (head, body) = request.into_parts();

    let token = request::token(app, &head.uri, &head.headers)?;
    let caller = app.callers.find(&app.store, &token).await?.ok_or(Error::Unauthenticated)?;
    trace.caller = Some((caller.account_id, caller.user_id));
    let route = route::find(&head.method, &segments);
    let rule = route.as_ref().and_then(|route| app.policy.rule(route.entry.resource.name, route.operation.verb));
    limit_rate(app, &caller, rule)?;
    let route = route.ok_or(Error::NotFound)?;
    let verb = route.operation.verb;
    trace.operation = Some(route.operation.id);
    let rule = access::permit_level(&caller, rule)?;
    let params = if verb.reads_body() {
        request::query_and_body(app, &head.uri, &head.headers, body, since).await?
    } else {
        request::query(&head.uri)?
    };

    let asked = Asked { app, caller, rule, route, params, request_id };
    match verb {
        Verb::Index => index(asked).await.map(Answer::Json),
        Verb::Show => show(asked).await.map(Answer::Json),
        Verb::Create { bulk } => create(asked, bulk).await.map(Answer::Json),
        Verb::Update => update(asked).await.map(Answer::Json),
        Verb::Destroy => destroy(asked).await.map(|()| Answer::Empty),
        Verb::Action(name) => act(asked, name).await.map(Answer::Json),
    }
}

/// A request that may be carried out as far as its level and its syntax go.
struct Asked<'a> {
    app: &'a Arc<App>,
    caller: Arc<Caller>,
    rule: Rule,
    route: Route,
    params: Tree,
    request_id: &'a str,
}

/// The limits of the token. That of a record is taken by its rule, once the record was found and may be touched: a
/// refused request must neither use it up nor tell of it.
fn limit_rate(app: &App, caller: &Caller, rule: Option<&Rule>) -> Result<(), Error> {
    let now = app.clock.now();
    app.limits.take(limits::Kind::General, caller.token_id, now)?;
    match rule.and_then(|rule| rule.limit) {
        Some(limit) => app.limits.take(limit, caller.token_id, now),
        None => Ok(()),
    }
}

async fn index(asked: Asked<'_>) -> Result<Vec<u8>, Error> {
    let (resource, caller) = (asked.route.entry.resource, asked.caller);
    let query = ListQuery::read(resource, &asked.params, caller.rung());
    let includes = query::includes(resource, &asked.params);
    asked.app.store.read(move |db| records::list(db, resource, &caller, &query, &includes)).await
}

async fn show(asked: Asked<'_>) -> Result<Vec<u8>, Error> {
    let (resource, caller, id) = (asked.route.entry.resource, asked.caller, asked.route.id);
    let conditions = query::show_conditions(resource, &asked.params);
    let includes = query::includes(resource, &asked.params);
    asked.app.store.read(move |db| records::show(db, resource, &caller, id, &conditions, &includes)).await
}

async fn create(asked: Asked<'_>, bulk: usize) -> Result<Vec<u8>, Error> {
    let resource = asked.route.entry.resource;
    let create = asked.route.entry.behaviour.create.ok_or(Error::NotFound)?;
    let elements = elements(resource, &asked.params, bulk)?.into_iter().enumerate();
    let rung = asked.caller.rung();
    let mut changes: Vec<Changes> =
        elements.map(|(index, object)| Changes::read(resource, Write::Create, object, rung, index)).collect();
    let includes = query::includes(resource, &asked.params);
    let context = asked.app.context(&asked.caller, asked.request_id);
    write(asked.app, move |db| {
        let ids = create(db, resource, &context, &mut changes)?;
        records::show_written(db, resource, &context.caller, &ids, &includes)
    })
    .await
}

async fn update(asked: Asked<'_>) -> Result<Vec<u8>, Error> {
    let (resource, id, rule) = (asked.route.entry.resource, asked.route.id, asked.rule);
    let before_update = asked.route.entry.behaviour.before_update.ok_or(Error::NotFound)?;
    let object = elements(resource, &asked.params, 1)?[0];
    let mut changes = Changes::read(resource, Write::Update, object, asked.caller.rung(), 0);
    let includes = query::includes(resource, &asked.params);
    let context = asked.app.context(&asked.caller, asked.request_id);
    write(asked.app, move |db| {
        let record = records::find(db, resource, context.caller.account_id, id)?;
        access::permit_record(&context.caller, &rule, |field| record.int(field))?;
        changes.drop_unchanged(|name| record.get(name));
        before_update(db, &context, &record, &mut changes)?;
        Error::unless_valid(Changes::finish(std::slice::from_mut(&mut changes)))?;
        records::update(db, &context, &record, &changes, &includes)
    })
    .await
}

async fn destroy(asked: Asked<'_>) -> Result<(), Error> {
    let (resource, id, rule) = (asked.route.entry.resource, asked.route.id, asked.rule);
    let destroy = asked.route.entry.behaviour.destroy.ok_or(Error::NotFound)?;
    let context = asked.app.context(&asked.caller, asked.request_id);
    write(asked.app, move |db| {
        let record = records::find(db, resource, context.caller.account_id, id)?;
        access::permit_record(&context.caller, &rule, |field| record.int(field))?;
        destroy(db, &context, &record)
    })
    .await
}

async fn act(asked: Asked<'_>, name: &str) -> Result<Vec<u8>, Error> {
    let (resource, id, rule) = (asked.route.entry.resource, asked.route.id, asked.rule);
    let act = asked.route.entry.behaviour.action(name).ok_or(Error::NotFound)?;
    let includes = query::includes(resource, &asked.params);
    let context = asked.app.context(&asked.caller, asked.request_id);
    write(asked.app, move |db| {
        let record = records::find(db, resource, context.caller.account_id, id)?;
        access::permit_record(&context.caller, &rule, |field| record.int(field))?;
        act(db, &context, &record)?;
        records::show_written(db, resource, &context.caller, &[record.id], &includes)
    })
    .await
}

/// Carries out a write, unless writes are switched off for maintenance.
async fn write<T: Send + 'static>(
    app: &App,
    work: impl FnOnce(&mut crate::store::Db) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    if app.config.queue_length == 0 {
        return Err(Error::Unavailable("writes are switched off (queue_length is 0)".to_owned()));
    }
    app.store.write(work).await
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
