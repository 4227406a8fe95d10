//! PostgreSQL: stories about this engine in particular, and about what it has in common with the other one. They make a
//! server of their own where the run was not given one, or where they are about its death.

mod collisions;
mod copy;
mod differential;
mod encryption;
mod failover;
mod load;
mod migrations;
mod neighbours;
mod outage;
mod own_cluster;
mod plans;
mod pooler;
mod processes;
mod replica;
mod round_trips;
mod several_servers;
mod startup;
mod transactions;
mod workers;
