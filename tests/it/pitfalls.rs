//! Known weaknesses of servers that invite people, each tried on this one.
//!
//! Each test says in one line what it tries. Numbers missing here are tested with their subject: the bytes of mails,
//! and exports.

mod authority;
mod hidden;
mod links;
mod mails;
mod secrets;
mod telling;
mod tenants;
