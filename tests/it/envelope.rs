//! The outside of an answer: its bytes, its headers, and its paths.
//!
//! - `bytes`: whole bodies, byte for byte, as each reader gets them.
//! - `headers`: the headers of every answer, and authentication (C18).
//! - `paths`: spellings of paths, ids and methods (C15 to C17); everything else is the same 404.

mod bytes;
mod headers;
mod paths;

const UNAUTHENTICATED: &str = r#"{"errors":[{"type":"oauth","message":"Invalid OAuth 2 Request"}]}"#;
const NOT_FOUND: &str = r#"{"errors":[{"type":"system","message":"Not found"}]}"#;
/// A 403 by level.
const NOT_PERMITTED: &str = r#"{"errors":[{"type":"system","message":"You do not have permission to do this."}]}"#;
