//! What a request must be before anything else looks at it (RFC 9112, section 3.2; RFC 6585, section 5).

use hyper::header;
use hyper::{Request, Version};

use crate::engine::error::Error;
use crate::http::sandbox::gate;
use crate::server::app::App;
use crate::server::listen::LONGEST_HEAD;

const NO_HOST: &str = "A request of HTTP/1.1 has exactly one Host header.";

/// Bytes of a request line and of a header line besides their parts: blanks, colon, line end, version.
const AROUND_LINE: usize = 12;
const AROUND_HEADER: usize = 4;

/// Refuses a malformed request and, in a sandbox, one that its gate does not let in.
pub fn admit<B>(app: &App, request: &Request<B>) -> Result<(), Error> {
    check(request)?;
    if app.sandbox.is_some() { gate::admit(app, request) } else { Ok(()) }
}

/// Refuses a request without a host, with two, or with too large a head.
fn check<B>(request: &Request<B>) -> Result<(), Error> {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    if hosts > 1 || hosts == 0 && request.version() == Version::HTTP_11 {
        return Err(Error::Syntax(NO_HOST.to_owned()));
    }
    // Hyper refuses what does not fit into its buffer; but the last piece of a head may arrive together with the rest.
    let uri = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let lines = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + AROUND_HEADER);
    if request.method().as_str().len() + uri + AROUND_LINE + lines.sum::<usize>() > LONGEST_HEAD {
        return Err(Error::HeadTooLarge);
    }
    Ok(())
}
