//! PostgreSQL: stories about this engine in particular, and about what it has in common with the other one. They make a
//! server of their own where the run was not given one.

mod collisions;
mod copy;
mod differential;
mod encryption;
mod migrations;
mod neighbours;
mod outage;
mod own_cluster;
mod plans;
mod pooler;
mod round_trips;
mod startup;
mod transactions;
