//! PostgreSQL: stories about this engine in particular, and about what it has in common with the other one. They make a
//! server of their own where the run was not given one, or where they are about its death.

mod copy;
mod differential;
mod failover;
mod load;
mod plans;
mod processes;
mod replica;
mod round_trips;
mod several_servers;
mod transactions;
mod workers;
