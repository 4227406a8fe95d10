//! The outside of an answer (protocol section 3): its bytes, its headers, and the paths under which it is found.
//!
//! - `bytes`: whole bodies, byte for byte, as each reader gets them.
//! - `headers`: what comes with every answer; who is let in at all (C18).
//! - `paths`: spellings of paths, ids and methods (C15 to C17), and that everything else is one and the same 404.

mod bytes;
mod headers;
mod paths;

/// The whole body of a 401.
const UNAUTHENTICATED: &str = r#"{"errors":[{"type":"oauth","message":"Invalid OAuth 2 Request"}]}"#;
/// The whole body of a 404.
const NOT_FOUND: &str = r#"{"errors":[{"type":"system","message":"Record not found"}]}"#;
/// The whole body of a 403 by level.
const NOT_PERMITTED: &str = r#"{"errors":[{"type":"system","message":"You do not have permission to do this."}]}"#;
