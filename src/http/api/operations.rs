//! The operations of the API: one pipeline, then one function for each form of operation.
//!
//! A request can be wrong in many ways at once; the first check that fails decides (docs/WIRE.md, O1): token, rate
//! limit, route, level, decoding and shape, record, rule on the record, values. The pipeline below *is* that order.

use std::sync::Arc;

use hyper::body::Body as _;
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response};
use serde_json::{Map, Value as Json};

use crate::engine::access::{self, Caller};
use crate::engine::context::{Context, Remarks, WriteMode};
use crate::engine::error::Error;
use crate::engine::idempotency::{self, IdempotencyKey};
use crate::engine::limits::Limit;
use crate::engine::records::{self, Record};
use crate::http::api::documents;
use crate::http::api::files::{self, Judged};
use crate::http::api::options::{self, RequestOptions};
use crate::http::api::route::{self, Route};
use crate::http::call::Call;
use crate::http::{headers, request};
use crate::ids::{RecordId, UserId};
use crate::resources::writes::Write;
use crate::resources::{elsewhere, registry};
use crate::server::app::App;
use crate::server::listen::{Body, RequestBody};
use crate::store::Db;
use crate::wire::changes::Changes;
use crate::wire::describe::{Operation, Resource, Verb};
use crate::wire::entity_tag::Expected;
use crate::wire::params::{Params, Tree};
use crate::wire::projection::Projection;
use crate::wire::query::{self, ListQuery};
use crate::wire::strict;

/// Text of the vendor's library for a body without its root key.
const MISSING_ROOT: &str =
    "Missing required parameters. Please see our documentation at http://developer.mavenlink.com";

/// Answers a request to these segments below the base path.
pub async fn answer(call: &Call, segments: &[String], request: Request<RequestBody>) -> Result<Response<Body>, Error> {
    let app = &call.app;
    let (head, body) = request.into_parts();
    let caller = request::caller(app, &head.uri, &head.headers).await?;
    call.set_caller(&caller);
    let route = route::find(&head.method, segments);
    limit_rate(app, &caller, route.as_ref().map(|route| route.operation))?;
    let route = route.ok_or_else(|| not_served(app, segments))?;
    call.set_operation(route.operation.id);
    access::permit(&caller, route.operation, app.config.create_level)?;
    let permitted =
        Permitted { call, caller, route, params: Tree::new(), file: None, options: RequestOptions::default() };
    if permitted.verb().is_write() {
        // On the heap: a read must not carry around, and copy, the room that a write needs.
        Box::pin(write_to(permitted, head, body)).await
    } else {
        read_from(permitted, &head, body).await.map(|body| headers::json(200, body))
    }
}

/// The vendor serves more than this server does. A test should not mistake that for a missing record.
fn not_served(app: &App, segments: &[String]) -> Error {
    match segments.first() {
        Some(path) if app.sandbox.is_some() && elsewhere::is_elsewhere(path) => {
            Error::NotServed { path: path.clone(), served: registry::served().collect() }
        }
        _ => Error::NotFound,
    }
}

/// Answers a read.
async fn read_from(mut permitted: Permitted<'_>, head: &Parts, body: RequestBody) -> Result<Vec<u8>, Error> {
    permitted.options = RequestOptions::of_read(&head.headers, &permitted.call.app.tuned.profile())?;
    let params = if permitted.verb().reads_body() && !body.is_end_stream() {
        // On the heap, since hardly any read has a body.
        Box::pin(request::params(permitted.call, head, body)).await?
    } else {
        request::query_params(&head.uri)?
    };
    permitted.take(params)?;
    let (resource, caller) = (permitted.resource(), Arc::clone(&permitted.caller));
    let projection = permitted.projection(&caller);
    let app = &permitted.call.app;
    let (id, conditions) = match permitted.verb() {
        Verb::Index => {
            let (query, now) = (ListQuery::read(resource, &permitted.params, caller.rung())?, app.clock.now());
            let query = query.on_day(now.day()).within_window(resource, now.0);
            let listed = move |db: &mut Db| records::list(db, &projection, &caller, &query);
            return app.read_for(&permitted.caller, listed).await;
        }
        Verb::Show => (permitted.route.id, query::show_conditions(resource, &permitted.params, caller.rung())),
        // Filters do not apply to the caller's own record (docs/WIRE.md, G6).
        Verb::ShowOwn(_) => (caller.user_id().map(UserId::record), Vec::new()),
        Verb::Document(name) => {
            return documents::tell(app, &permitted.caller, &permitted.route, &permitted.params, name).await;
        }
        Verb::Overview(word) => {
            let overview = permitted.route.entry.behaviour.overview(word).ok_or(Error::NotFound)?;
            return app.read_for(&permitted.caller, move |db: &mut Db| overview(db, &caller)).await;
        }
        _ => return Err(Error::NotFound),
    };
    let shown = move |db: &mut Db| records::show(db, &projection, &caller, id, &conditions);
    app.read_for(&permitted.caller, shown).await
}

/// Reads the body, if the operation has one, and writes.
async fn write_to(mut permitted: Permitted<'_>, head: Parts, body: RequestBody) -> Result<Response<Body>, Error> {
    let (call, app) = (permitted.call, &permitted.call.app);
    permitted.options = RequestOptions::of_write(&head.headers, &app.tuned.profile())?;
    if let Verb::Attach(name) = permitted.verb() {
        permitted.receive(name, &head, body).await?;
    } else if permitted.verb().reads_body() {
        permitted.take(request::params(call, &head, body).await?)?;
    } else {
        permitted.take(request::query_params(&head.uri)?)?;
    }
    permitted.count_more()?;
    let (caller, operation) = (Arc::clone(&permitted.caller), permitted.route.operation);
    let permit = |caller: &Caller| access::permit(caller, operation, app.config.create_level);
    let written = request::write_as(app, &head, caller, permit, |caller| permitted.write(caller)).await;
    written.map_err(Error::with_key)
}

/// A request that its caller's level allows.
struct Permitted<'a> {
    call: &'a Call,
    caller: Arc<Caller>,
    route: Route,
    /// Query and body, once they are read.
    params: Tree,
    /// The file that came with them.
    file: Option<Judged>,
    options: RequestOptions,
}

impl Permitted<'_> {
    fn verb(&self) -> Verb {
        self.route.operation.verb
    }

    fn resource(&self) -> &'static Resource {
        self.route.entry.resource
    }

    /// Takes query and body, and refuses what would be ignored in strict mode.
    fn take(&mut self, params: Params) -> Result<(), Error> {
        if self.call.app.sandbox.is_none() && !self.options.is_strict {
            self.params = params.tree;
            return Ok(());
        }
        let ignored = strict::ignored(self.resource(), self.route.operation, &params);
        self.params = params.tree;
        let Some(sentence) = ignored else { return Ok(()) };
        let _ = self.call.ignored.set(sentence.clone());
        if self.options.is_strict { Err(Error::Syntax(sentence)) } else { Ok(()) }
    }

    /// Reads query and body, and judges the file in it.
    async fn receive(&mut self, name: &'static str, head: &Parts, body: RequestBody) -> Result<(), Error> {
        let (call, resource) = (self.call, self.resource());
        let rule = self.route.entry.behaviour.file(name).zip(self.route.operation.file);
        let (rule, input) = rule.ok_or(Error::NotFound)?;
        let mut upload = files::receive(call, &self.caller, head, body, &input.part(resource.singular), input).await?;
        self.take(std::mem::take(&mut upload.params))?;
        elements(resource, &self.params, 1)?;
        if let Some(Json::Object(root)) = self.params.get_mut(resource.singular) {
            self.file = Some(files::judge(&call.app, upload, root, rule, input, self.options.is_strict).await?);
        }
        Ok(())
    }

    /// Counts a bulk for all of its elements but the first, which was counted when the request came. It comes before
    /// the write, which may be judged more than once.
    fn count_more(&self) -> Result<(), Error> {
        let Verb::Create { bulk } = self.verb() else { return Ok(()) };
        let more = elements(self.resource(), &self.params, bulk)?.len().saturating_sub(1);
        if more == 0 {
            return Ok(());
        }
        count(&self.call.app, &self.caller, access::limit(self.route.operation), more)
    }

    fn projection(&self, caller: &Caller) -> Projection {
        let app = &self.call.app;
        let projection = Projection::read(self.resource(), &self.params, caller.rung());
        let projection = projection.with_dates(app.tuned.profile().dates).on_day(app.clock.now().day());
        projection.at_address(app.base_url().into())
    }

    /// The attributes of each element of the body.
    fn changes(&self, bulk: usize, caller: &Caller) -> Result<Vec<Changes>, Error> {
        let (verb, rung) = (self.verb(), caller.rung());
        let elements = elements(self.resource(), &self.params, bulk)?.into_iter().enumerate();
        let read = elements.map(|(index, object)| {
            let mut changes = Changes::read(self.resource(), verb, object, rung, index);
            if self.options.is_strict {
                changes.refuse_ignored(verb, object, rung);
            }
            changes
        });
        Ok(read.collect())
    }

    /// Carries out a write: once per idempotency key, and without effect in a dry run.
    async fn write(&self, caller: Arc<Caller>) -> Result<Response<Body>, Error> {
        let Self { call, route: Route { entry, operation, id }, params, options, .. } = self;
        let (app, entry, operation, id) = (&call.app, *entry, *operation, *id);
        let changes = match operation.verb {
            Verb::Create { bulk } => self.changes(bulk, &caller)?,
            Verb::Update => self.changes(1, &caller)?,
            _ => Vec::new(),
        };
        let ids = match operation.verb {
            Verb::DestroyMany { most } => listed_ids(params, most)?,
            _ => Vec::new(),
        };
        let turn = entry.behaviour.turn(operation.verb, &changes);
        let (projection, expected) = (self.projection(&caller), options.expected.clone());
        let mut context = app.context(&caller, Some(&call.request_id));
        let key = options.idempotency_key.clone().zip(caller.user_id()).map(|(text, user_id)| IdempotencyKey {
            account_id: caller.account_id,
            user_id,
            text,
            fingerprint: idempotency::fingerprint(operation.id, id, params),
            now: context.now,
        });
        context.mode = match key {
            _ if options.is_dry_run => WriteMode::DryRun,
            None => WriteMode::Whole,
            Some(_) => WriteMode::Part,
        };
        let (remarks, file) = (Arc::clone(&context.remarks), self.file.clone());
        let withheld = key.as_ref().map(|_| projection.withheld(caller.rung())).unwrap_or_default();
        let mut work = move |db: &mut Db| {
            let guard =
                |db: &mut Db, record: &Record| permit(db, &context, record, operation, expected.as_ref(), &projection);
            let write = Write { context: &context, entry, id, guard: &guard, projection: &projection };
            match operation.verb {
                Verb::Create { .. } => {
                    permit_new(db, &context.caller, operation, &changes)?;
                    write.create(db, &mut changes.clone()).map(Some)
                }
                Verb::Update => write.update(db, changes[0].clone()).map(Some),
                Verb::Destroy => write.destroy(db).map(|()| None),
                Verb::DestroyMany { .. } => write.destroy_many(db, &ids).map(|()| None),
                Verb::Action(name) => write.act(db, name).map(Some),
                Verb::Attach(name) => match &file {
                    Some(file) => write.attach(db, name, file).map(Some),
                    None => Err(Error::NotFound),
                },
                Verb::Detach(name) => write.detach(db, name).map(|()| None),
                Verb::Index | Verb::Show | Verb::ShowOwn(_) | Verb::Document(_) | Verb::Overview(_) => {
                    Err(Error::NotFound)
                }
            }
        };
        let (body, mark) = match key {
            _ if options.is_dry_run => (app.rehearse_for(&caller, turn, work).await?, Some(options::DRY_RUN)),
            Some(key) => {
                let replayed_to = Arc::clone(&caller);
                let judge = move |db: &mut Db| permit_replay(db, entry.resource, &replayed_to, operation, id);
                let once = move |db: &mut Db| idempotency::once(db, &key, &withheld, &judge, &mut work);
                let (body, is_replay) = app.write_for(&caller, turn, once).await?;
                (body, is_replay.then_some(options::REPLAYED))
            }
            None => (app.write_for(&caller, turn, work).await?, None),
        };
        Ok(written(body, &remarks, mark))
    }
}

/// The limits of user and account. A record's own limit is taken by its rule, once the record is found and may be
/// changed: a refused request must neither use it up nor reveal it.
pub fn limit_rate(app: &App, caller: &Caller, operation: Option<&Operation>) -> Result<(), Error> {
    count(app, caller, Some(Limit::General), 1)?;
    count(app, caller, operation.and_then(access::limit), 1)
}

fn count(app: &App, caller: &Caller, limit: Option<Limit>, count: usize) -> Result<(), Error> {
    match limit.zip(caller.user_id()) {
        Some((limit, user)) => app.limits.take_of_user(limit, user, caller.account_id, count, app.clock.now()),
        None => Ok(()),
    }
}

/// What a record has to meet before a request may write to it: the caller's rule, then `If-Match`. That is met by the
/// tag of a plain show to this caller, or of a show with what this request includes.
fn permit(
    db: &mut Db,
    context: &Context,
    record: &Record,
    operation: &Operation,
    expected: Option<&Expected>,
    asked: &Projection,
) -> Result<(), Error> {
    permit_found(db, &context.caller, record, operation)?;
    let Some(expected) = expected.filter(|_| operation.verb.has_id()) else { return Ok(()) };
    let plain = Projection::plain(record.resource, context.caller.rung()).like(asked);
    for projection in [&plain, asked] {
        if expected.is_met_by(&records::show(db, projection, &context.caller, Some(record.id), &[])?) {
            return Ok(());
        }
    }
    Err(Error::Stale)
}

/// Whether the caller may make these records.
fn permit_new(db: &mut Db, caller: &Caller, operation: &Operation, elements: &[Changes]) -> Result<(), Error> {
    let mut elements = elements.iter();
    elements.try_for_each(|changes| {
        access::permit_record(db, caller, operation, |field| changes.int(field).map(UserId::new))
    })
}

/// Whether a caller may still see what an earlier request did to a record. If the record is gone by now, the caller
/// may: the request took place.
fn permit_replay(
    db: &mut Db,
    resource: &'static Resource,
    caller: &Caller,
    operation: &Operation,
    id: Option<RecordId>,
) -> Result<(), Error> {
    if id.is_none() || matches!(records::find(db, resource, caller.account_id, id), Err(Error::NotFound)) {
        return Ok(());
    }
    let record = records::find_for(db, resource, caller, id)?;
    permit_found(db, caller, &record, operation)
}

/// The caller's rule on a record.
fn permit_found(db: &mut Db, caller: &Caller, record: &Record, operation: &Operation) -> Result<(), Error> {
    access::permit_record(db, caller, operation, |field| record.id_in(field))?;
    match operation.only_if {
        Some((field, refusal)) if record.int(field) != Some(1) => Err(Error::Forbidden(refusal)),
        _ => Ok(()),
    }
}

/// The answer to a write: 200 with its body, or 204 without one.
fn written(body: Option<Vec<u8>>, remarks: &Remarks, mark: Option<HeaderName>) -> Response<Body> {
    let mut response = body.map_or_else(headers::empty, |body| headers::json(200, body));
    if let Some(mark) = mark {
        response.headers_mut().insert(mark, HeaderValue::from_static("true"));
    }
    options::add_remarks(remarks, response.headers_mut());
    response
}

/// The ids in `ids`, in query or body, each with its place; lowest first, so that two writes lock in the same order.
fn listed_ids(params: &Tree, most: usize) -> Result<Vec<(usize, RecordId)>, Error> {
    let mut ids: Vec<(usize, i64)> =
        params.get("ids").and_then(query::listed).unwrap_or_default().into_iter().enumerate().collect();
    if !(1..=most).contains(&ids.len()) {
        return Err(Error::Syntax(format!("ids must be a list of 1 to {most} ids.")));
    }
    ids.sort_by_key(|(place, id)| (*id, *place));
    ids.dedup_by_key(|(_, id)| *id);
    Ok(ids.into_iter().map(|(place, id)| (place, RecordId::new(id))).collect())
}

/// The objects of a body: one under the singular root key, or up to `bulk` under the plural one. A resource that can be
/// made in bulk has two root keys, and a body never has both (docs/WIRE.md, C4).
fn elements<'a>(resource: &Resource, params: &'a Tree, bulk: usize) -> Result<Vec<&'a Map<String, Json>>, Error> {
    let (singular, plural) = (resource.singular, resource.name);
    // Some generated clients send an empty array for the root that they do not use.
    let may_be_unused = bulk > 1 && params.get(singular).is_some_and(Json::is_object);
    let is_unused = |many: &Json| may_be_unused && many.as_array().is_some_and(Vec::is_empty);
    let many = params.get(plural).filter(|many| resource.has_bulk() && !is_unused(many));
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
        _ => match params.get(singular) {
            Some(Json::Object(object)) => Ok(vec![object]),
            None | Some(Json::Null) => Err(Error::Syntax(MISSING_ROOT.to_owned())),
            Some(_) => Err(Error::Syntax(format!("{singular} must be an object."))),
        },
    }
}
