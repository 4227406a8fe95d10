//! The ways in which servers that invite people have been broken, each tried on this one.
//!
//! Each story says in one line what is tried. Numbers that are missing here stand where their subject is: the bytes that a mail
//! server gets, and exports.

mod authority;
mod links;
mod mails;
mod secrets;
mod telling;
mod tenants;
