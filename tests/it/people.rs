//! The people of an account: memberships, users, roles, and their references in other systems.
//!
//! `lists` tests what the engine does for every resource (pages, `only`, ties, spellings of booleans); this tests what
//! is particular to these resources.
//!
//! - `memberships_lists`: filters (H3, H4, G8) and search (H2).
//! - `memberships_seen`: orders (G10), fields and their keys (B9, B15, D3).
//! - `memberships_writes`: what a PUT changes and refuses (G1, G9, H15, H16).
//! - `access`: disabling, enabling and removing, and the effect on tokens (G3, G4, H5).
//! - `users_lists`: filters (G7, H1, H4, H18), `show_disabled` (G6), `users/me`, and the visible fields.
//! - `users_writes`: who changes whom (G2, H6), addresses (G13), names.
//! - `capacity`: the hours that a user can work.
//! - `photos`: setting and removing a picture, who may, and where it is served.
//! - `pictures`: which files are pictures, and what is stored of them.
//! - `addresses`: which addresses are proven, and how a changed one is confirmed (G13).
//! - `login`: who may log in, and what that means for seats. `profiles`: what is known of a person besides name and
//!   address.
//! - `roles`: all five operations, and when a deletion is soft (G5).
//! - `external_references`: references of users and roles in other systems (F6, G11).
//! - `include`: included associations (G12, D1, D6).
//! - `sequence`: the stored counts and activity agree with the memberships after any sequence of changes.

mod access;
mod addresses;
mod capacity;
mod external_references;
mod include;
mod login;
mod memberships_lists;
mod memberships_seen;
mod memberships_writes;
mod photos;
mod pictures;
mod profiles;
mod roles;
mod sequence;
mod users_lists;
mod users_writes;

use serde_json::Value;

use crate::support::{Answer, Server, token};

/// Memberships of the seed's active members, newest first; 210 is disabled.
const ACTIVE_MEMBERS: [&str; 10] = ["214", "209", "208", "207", "206", "205", "204", "203", "202", "201"];

const NONE: [&str; 0] = [];

impl Server {
    /// Reads a path as the administrator.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> Answer {
        self.get(path).bearer(token::ADMINISTRATOR).send().expect(200)
    }

    /// The ids at a path, in order, as the administrator reads them.
    #[track_caller]
    pub(crate) fn ids_at(&self, path: &str) -> Vec<String> {
        self.read(path).ids()
    }

    /// Changes a record as the administrator.
    #[track_caller]
    pub(crate) fn change(&self, path: &str, body: &Value) -> Answer {
        self.put(path).bearer(token::ADMINISTRATOR).json(body).send()
    }
}

/// The fields of a refusal, in order.
#[track_caller]
fn refused(answer: &Answer) -> Vec<String> {
    let answer = answer.clone().expect(422);
    answer.errors().into_iter().filter_map(|(_, field, ..)| field).collect()
}

/// A membership as the administrator sees it, active or not.
#[track_caller]
fn shown(server: &Server, membership: u64) -> Value {
    server.read(&format!("/account_memberships/{membership}?only_active=false")).record()
}
