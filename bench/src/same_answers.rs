//! The floor is only a floor if it does the same work, so both servers must answer the same bytes.
//!
//! This runs before the load, while both databases are still equal.

use std::net::SocketAddr;

use anyhow::{Result, bail};

use crate::client;
use crate::operation::{Operation, Requests};

/// Sends each operation to both and compares statuses and bodies.
pub(crate) fn check(floor: SocketAddr, invited: SocketAddr, requests: &mut Requests) -> Result<()> {
    for operation in [
        Operation::Show,
        Operation::Page,
        Operation::List,
        Operation::Memberships,
        Operation::Users,
        Operation::Update,
        Operation::Create,
        Operation::Bulk,
    ] {
        let mut request = Vec::new();
        requests.write(operation, &mut request);
        let from_floor = client::exchange(floor, &request)?;
        let from_invited = client::exchange(invited, &request)?;
        if from_floor != from_invited || from_floor.0 != 200 {
            bail!(
                "{}: the floor and invited answer differently, so they cannot be compared\nfloor:   {from_floor:?}\n\
                 invited: {from_invited:?}",
                operation.title()
            );
        }
    }
    Ok(())
}
