//! Files that requests send for a record.
//!
//! Only a multipart form can carry one. Its body may be larger than others, so it waits for a place among the uploads
//! before it is read ([`crate::server::uploads`]), and gives it back when the file is prepared: what is stored is
//! small. A bad file is reported once the record was found and the caller may write to it (docs/WIRE.md, O1).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::body::Bytes;
use hyper::header;
use hyper::http::request::Parts;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::engine::access::Caller;
use crate::engine::error::Error;
use crate::engine::tokens;
use crate::http::call::Call;
use crate::http::request;
use crate::resources::entry::{FileRule, NewFile};
use crate::server::app::App;
use crate::server::listen::RequestBody;
use crate::server::uploads::Place;
use crate::wire::changes::Violation;
use crate::wire::describe::FileInput;
use crate::wire::kind::label;
use crate::wire::params::{self, Params, Tree};

/// Room in a body for what is not the file: names, headers of parts, other parameters.
const ROOM: usize = 64 * 1_024;

/// A file that is ready to be stored, or why it is refused.
pub type Judged = Arc<Result<NewFile, Vec<Violation>>>;

/// Query and body, and the file in it.
pub struct Upload {
    pub params: Params,
    file: Option<Bytes>,
    place: Place,
}

/// Reads query and body.
pub async fn receive(
    call: &Call,
    caller: &Caller,
    head: &Parts,
    body: RequestBody,
    part: &str,
    input: &FileInput,
) -> Result<Upload, Error> {
    let query = request::query_params(&head.uri)?;
    let header = |name| head.headers.get(name).map(header::HeaderValue::as_bytes);
    let (kind, coding) = (header(header::CONTENT_TYPE), header(header::CONTENT_ENCODING));
    let limit = call.app.config.body_limit;
    let is_multipart = kind.is_some_and(params::is_multipart);
    let limit = if is_multipart { limit.max(input.most_bytes + ROOM) } else { limit };
    let place = call.app.uploads.place(caller.account_id, request::patience(call)).await?;
    let bytes = request::collect_up_to(call, limit, body).await?;
    request::note_type(call, kind, &bytes);
    let (body, file) = params::body_with_file(kind, coding, &bytes, Some(part))?;
    Ok(Upload { params: params::merge(query, body), file: file.map(|range| bytes.slice(range)), place })
}

/// Judges the file in an upload. Its attribute under the root of the body becomes a hash of the file, so the parameters
/// identify the request.
pub async fn judge(
    app: &App,
    upload: Upload,
    root: &mut Tree,
    rule: FileRule,
    input: &FileInput,
    is_strict: bool,
) -> Result<Judged, Error> {
    let refuse = |name: &str, rest: &str| Violation::of(name.to_owned(), 0, &format!("{} {rest}", label(name)));
    let mut violations = Vec::new();
    let file = match (root.get(input.field), upload.file) {
        (None | Some(serde_json::Value::Null), Some(file)) if file.len() <= input.most_bytes => {
            let work = move || (Sha256::digest(&file), (rule.prepare)(&file));
            let (hash, prepared) = app.uploads.prepare(upload.place, work).await?;
            root.insert(input.field.to_owned(), URL_SAFE_NO_PAD.encode(hash).into());
            prepared.map_err(|rest| violations.push(refuse(input.field, &rest))).ok()
        }
        (None | Some(serde_json::Value::Null), Some(_)) => {
            violations.push(refuse(input.field, &format!("must have at most {} bytes.", input.most_bytes)));
            None
        }
        (value, _) => {
            let is_given = value.is_some_and(|value| !value.is_null() && value.as_str() != Some(""));
            let rest = if is_given { "must be a file" } else { "is required" };
            let rest = format!("{rest}: send it as a part with a file name, in multipart/form-data.");
            violations.push(refuse(input.field, &rest));
            None
        }
    };
    if is_strict {
        let others = root.keys().filter(|name| *name != input.field);
        violations.extend(others.map(|name| refuse(name, "is ignored: it cannot be set here.")));
    }
    Ok(Arc::new(match file {
        Some(content) if violations.is_empty() => {
            let name = tokens::generate(&app.entropy, "")?.expose_secret().to_owned();
            Ok(NewFile { name, content })
        }
        _ => Err(violations),
    }))
}
