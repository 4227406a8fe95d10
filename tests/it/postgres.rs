//! PostgreSQL: stories about this engine in particular, and about what it has in common with the other one. They make a
//! server of their own where the run was not given one.

mod copy;
mod differential;
mod plans;
mod round_trips;
mod transactions;
