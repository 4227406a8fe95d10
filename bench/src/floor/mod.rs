//! The floor: what the same work costs at least on the same stack.
//!
//! It uses the server's own accept loop and the server's own store with its group commit, and answers byte for byte the
//! same bodies. It leaves out what makes a service of it: no token is checked, no level, no rule, no rate limit, no
//! description is interpreted, nothing is validated, no audit row is written, no request is logged or counted, and an
//! answer carries no header but its type. Each operation is written by hand around as few prepared statements as it
//! needs. The distance to it is therefore the price of everything that `invited` does beyond storing and sending.

mod people;
mod print;
mod statements;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use invited::testing::listen::{self, Body, Bounds, RequestBody};
use invited::testing::store::{Durability, Options, Place, Store};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::{interrupt, process};
use statements::{Change, Person};

const INVITATIONS: &str = "/api/v1/account_invitations";
const MEMBERSHIPS: &str = "/api/v1/account_memberships";
const USERS: &str = "/api/v1/users";

/// Serves a database that the server has made, until a signal ends it.
pub(crate) fn run(database: &Path) -> Result<()> {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    // The same values as the settings' defaults of the server.
    let store = Store::open(&Options {
        place: Place::File(database.to_path_buf()),
        durability: Durability::Full,
        readers: cores,
        queue_length: 1_024,
        batch_length: 256,
        read_timeout: Duration::from_secs(5),
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(Arc::new(store)))
}

async fn serve(store: Arc<Store>) -> Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("a port on loopback")?;
    let address = listener.local_addr()?;
    println!("{{\"base_url\":\"http://{address}\"}}");
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        // Without a way to hear of the signal, ending at once is the safe side.
        let _ = interrupt::stop_signal().await;
        let _ = stop.send(true);
    });
    let bounds = Bounds {
        connections: 1_024,
        header_timeout: Duration::from_secs(10),
        write_timeout: Duration::from_secs(30),
        drain_timeout: Duration::from_secs(10),
    };
    listen::serve(listener, bounds, stopped, move |request, _peer: SocketAddr| {
        let store = Arc::clone(&store);
        async move { answer(&store, request).await }
    })
    .await;
    Ok(())
}

async fn answer(store: &Store, request: Request<RequestBody>) -> Response<Body> {
    match route(store, request).await {
        Ok(Some(body)) => json(StatusCode::OK, body),
        Ok(None) => json(StatusCode::NOT_FOUND, b"{}".to_vec()),
        Err(cause) => json(StatusCode::INTERNAL_SERVER_ERROR, format!("{cause:#}").into_bytes()),
    }
}

async fn route(store: &Store, request: Request<RequestBody>) -> Result<Option<Vec<u8>>> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    match path {
        "/" => return Ok(Some(b"hello, world\n".to_vec())),
        "/metrics" => return Ok(Some(metrics(store))),
        MEMBERSHIPS => {
            let (size, page) = page(&head);
            return Ok(Some(store.read(move |db| people::memberships(db, size, page)).await?));
        }
        USERS => {
            let (size, page) = page(&head);
            return Ok(Some(store.read(move |db| people::users(db, size, page)).await?));
        }
        _ => {}
    }
    let Some(rest) = path.strip_prefix(INVITATIONS) else {
        return Ok(None);
    };
    if rest.is_empty() {
        return if head.method == Method::POST {
            let (people, is_bulk) = people(&collect(body).await?)?;
            Ok(Some(store.write(move |db| statements::create(db, &people, is_bulk)).await?))
        } else {
            let (size, page) = page(&head);
            let with_includes = head.uri.query().unwrap_or_default().contains("include=");
            Ok(Some(store.read(move |db| statements::list(db, size, page, with_includes)).await?))
        };
    }
    let Some(id) = rest.strip_prefix('/').and_then(|id| id.parse::<i64>().ok()) else {
        return Ok(None);
    };
    if head.method == Method::PUT {
        let change: Root = serde_json::from_slice(&collect(body).await?)?;
        let change = change.account_invitation;
        Ok(store.write(move |db| statements::update(db, id, &change)).await?)
    } else {
        Ok(store.read(move |db| statements::show(db, id)).await?)
    }
}

#[derive(serde::Deserialize)]
struct Root {
    account_invitation: Change,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum People {
    One { account_invitation: Person },
    Many { account_invitations: Vec<Person> },
}

/// The people of a body, and whether they came as a bulk.
fn people(body: &Bytes) -> Result<(Vec<Person>, bool)> {
    Ok(match serde_json::from_slice(body)? {
        People::One { account_invitation } => (vec![account_invitation], false),
        People::Many { account_invitations } => (account_invitations, true),
    })
}

async fn collect(body: RequestBody) -> Result<Bytes> {
    Ok(body.collect().await?.to_bytes())
}

/// The size and the number of the page that is asked for.
fn page(head: &Parts) -> (i64, i64) {
    let query = head.uri.query().unwrap_or_default();
    (number(query, "per_page", 20), number(query, "page", 1))
}

/// A number of the query string.
fn number(query: &str, name: &str, default: i64) -> i64 {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(default)
}

/// The counter that the report needs, under the name that the server gives it.
fn metrics(store: &Store) -> Vec<u8> {
    format!("{} {}\n", process::COMMITS, store.statistics().commits()).into_bytes()
}

fn json(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
