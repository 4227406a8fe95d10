//! Stories that need a PostgreSQL server of their own: several servers over one database, and the death of that.
//!
//! They run whatever the others run on, and start what they need: a database server in a temporary folder, the real
//! program as often as the story wants it, and a mail server that sees what arrives twice.

mod failover;
mod load;
mod processes;
mod several_servers;
mod workers;
