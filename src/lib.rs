//! `invited`: a self-hosted account-invitation server that speaks the Kantata OX API.
//!
//! Data flows one way: `http` → `resources`, the descriptions and rules → `engine` → `store`. `wire` is the protocol
//! below all of them; it and `store` know no particular resource. `docs/ARCHITECTURE.md` shows every room and follows
//! four requests through them.

mod cli;
mod clock;
mod engine;
mod entropy;
mod files;
mod http;
mod ids;
mod language;
mod mail;
mod oauth;
mod resources;
mod run;
mod sandbox;
mod server;
mod store;
mod transfer;
mod trust;
mod wire;

pub use cli::run as main;

/// The parts that the stories in `tests/` and the fuzz targets reach into. Everything else is private, which is how the
/// compiler finds dead code.
#[doc(hidden)]
pub mod testing {
    pub use crate::clock::{Clock, Stopwatch, Timestamp};
    pub use crate::engine::access::{Caller, INVITABLE, Level, Permission};
    pub use crate::engine::audit::Actor;
    pub use crate::engine::error::Error;
    pub use crate::engine::schema::MIGRATIONS;
    pub use crate::entropy::Entropy;
    pub use crate::mail::Transport;
    pub use crate::mail::message::plain;
    pub use crate::resources::erasure::erase;
    pub use crate::resources::registry::REGISTRY;
    pub use crate::run::Running;
    pub use crate::sandbox::TemporaryFolder;
    pub use crate::sandbox::seed::{STANDARD, Seed};
    pub use crate::server::app::{App, open_store};
    pub use crate::server::delivery::{send_due, work as send_until};
    pub use crate::server::retention::{For, RULES, sweep, sweep_if_believed};
    pub use crate::server::settings::{Config, Values};
    pub use crate::transfer::tables::TABLES;
    pub use crate::wire::describe::{Operation, Resource, Rung, Shown, Target, Test, Verb};
    pub use crate::wire::kind::{Kind, Value};
    pub use crate::wire::projection::Projection;

    pub mod accounts {
        pub use crate::resources::accounts::{create, revoke_token};
    }
    pub mod applications {
        pub use crate::oauth::applications::{NewApplication, create, delete, insert};
    }
    pub mod invitations {
        pub use crate::resources::invitations::{PENDING_ADDRESS, RESOURCE, accept};
    }
    pub mod memberships {
        pub use crate::resources::memberships::RESOURCE;
    }
    pub mod migrate {
        pub use crate::store::migrate::apply;
    }
    pub mod outbox {
        pub use crate::mail::outbox::{BRING_BACK, WAITING, claiming};
    }
    pub mod params {
        pub use crate::wire::params::{Tree, body, body_with_file, query};
    }
    pub mod passwords {
        pub use crate::oauth::passwords::{Grants, HashedPassword, set};
    }
    pub mod query {
        pub use crate::wire::query::{ListQuery, show_conditions};
    }
    pub mod roles {
        pub use crate::resources::roles::RESOURCE;
    }
    pub mod seats {
        pub use crate::resources::seats::{Ledger, contract, ledger};
    }
    pub mod sign_in_links {
        pub use crate::oauth::sign_in_links::create;
    }
    pub mod sql {
        pub use crate::store::sql::{Key, Statement, count, list, record, record_to_write, records};
    }
    pub mod store {
        pub use crate::store::{Db, Dialect, Error, Param, Store};
        pub use crate::wire::describe::UniqueIndex;
    }
    pub mod tokens {
        pub use crate::engine::tokens::{hash, insert};
    }
    pub mod users {
        pub use crate::resources::users::RESOURCE;
    }
}
