//! The API description, and a reference for people that works offline. Neither needs a token.

use axum::response::{IntoResponse as _, Response};
use hyper::header::{HeaderName, HeaderValue};
use minijinja::{Value, context};

use crate::engine::access::Level;
use crate::engine::error::Error;
use crate::http::api::route::BASE_PATH;
use crate::http::extract::Visit;
use crate::http::router::{GET, Routes};
use crate::http::{headers, html};
use crate::resources::registry::REGISTRY;
use crate::server::listen::Body;
use crate::wire::describe::{Field, FileInput, Operation, Resource, Rung, Shown};
use crate::wire::openapi::{self, About};

/// The path of the API description; the only one below the base path that is not an operation.
pub const DESCRIPTION: &str = "/api/v1/openapi.json";

pub fn routes() -> Routes {
    Routes::new().on(GET, DESCRIPTION, "openapi", description).on(GET, "/docs", "docs", reference)
}

async fn description(visit: Visit) -> hyper::Response<Body> {
    headers::json(200, api_description(&visit.app.base_url()).into_bytes())
}

/// The API description as JSON text. Its addresses are below `base_url`, and relative if that is blank.
pub fn api_description(base_url: &str) -> String {
    let resources: Vec<&'static Resource> = REGISTRY.iter().map(|entry| entry.resource).collect();
    openapi::document(&resources, &About { base_url, base_path: BASE_PATH, readers }).to_string()
}

async fn reference() -> Result<Response, Error> {
    let parameters = openapi::LIST_PARAMETERS.iter().map(|&(name, _, text)| context! { name, text });
    let values = context! {
        base_path => BASE_PATH,
        version => env!("CARGO_PKG_VERSION"),
        resources => REGISTRY.iter().map(|entry| resource(entry.resource)).collect::<Vec<_>>(),
        list_parameters => parameters.collect::<Vec<_>>(),
        apply_default_filters => openapi::APPLY_DEFAULT_FILTERS,
        search => openapi::SEARCH,
    };
    let policy = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
    let headers = [(HeaderName::from_static("content-security-policy"), policy)];
    Ok((headers, axum::response::Html(html::render("reference.html", &values)?)).into_response())
}

fn resource(resource: &Resource) -> Value {
    let shown = resource.fields.iter().filter_map(|field| Some((field, shown(field)?)));
    let fields = shown.map(|(field, condition)| context! { condition, ..described(field) });
    context! {
        name => resource.name,
        object => resource.object,
        singular => resource.singular,
        text => resource.text,
        has_search => resource.search.is_some(),
        fields => fields.collect::<Vec<_>>(),
        operations => resource.operations.iter().map(|of| operation(resource, of)).collect::<Vec<_>>(),
        filters => resource.filters().map(|of| context! { name => of.name, text => of.sentence() }).collect::<Vec<_>>(),
        sorts => resource.sorts.iter().map(|sort| sort.name).collect::<Vec<_>>(),
        associations => resource.associations.iter().map(|of| of.name).collect::<Vec<_>>(),
    }
}

fn described(field: &Field) -> Value {
    context! { name => field.name, kind => field.kind.text(), nullable => field.nullable, text => field.text }
}

fn operation(resource: &Resource, operation: &Operation) -> Value {
    let settable = |field| Some((Field::input_for(field, operation.verb)?, field));
    let mut inputs: Vec<_> = resource.fields.iter().filter_map(settable).collect();
    inputs.sort_by_key(|(input, _)| input.position);
    let is_create = operation.verb.name() == "create";
    let inputs = inputs.into_iter().map(|(input, field)| {
        context! {
            required => input.required && is_create,
            writers => readers(input.settable_from),
            ..described(field)
        }
    });
    let parameters = operation.document.iter().flat_map(|document| document.parameters);
    let parameters = parameters.map(|it| context! { name => it.name, kind => it.kind.text(), text => it.text });
    context! {
        id => operation.id,
        method => operation.verb.method(),
        path => resource.path(operation),
        text => operation.text,
        is_list => operation.verb.name() == "list",
        inputs => inputs.chain(operation.file.map(file)).collect::<Vec<_>>(),
        parameters => parameters.collect::<Vec<_>>(),
    }
}

fn file(file: &FileInput) -> Value {
    context! {
        name => file.field,
        kind => format!("file: {}", file.formats),
        nullable => false,
        text => file.text,
        required => true,
        writers => None::<String>,
    }
}

/// When a field is shown, as a sentence after its text; `None` if it never is.
fn shown(field: &Field) -> Option<String> {
    match field.shown {
        Shown::From(rung) => Some(readers(rung).map(|readers| format!(" Only for {readers}.")).unwrap_or_default()),
        Shown::OnRequest => Some(format!(" Only with optional_fields={}.", field.name)),
        Shown::OnRequestBeside(parameter, rung) => {
            let readers = readers(rung).map(|readers| format!(" Only for {readers},")).unwrap_or_default();
            Some(format!("{readers} with optional_fields={} and {parameter}=true.", field.name))
        }
        Shown::Never => None,
    }
}

/// The levels from a rung on, unless it is open to all.
fn readers(rung: Rung) -> Option<String> {
    Level::on_rung(rung).filter(|level| *level > Level::PunchClock).map(|level| match level {
        Level::Administrator => "administrators".to_owned(),
        level => format!("{} and above", level.name()),
    })
}
