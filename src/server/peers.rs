//! How many connections each peer has, so that one machine cannot take all of them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::server::proxies::TrustedProxies;

pub struct Peers {
    most: usize,
    /// Each serves many clients, so their connections are not counted.
    proxies: TrustedProxies,
    open: Mutex<HashMap<IpAddr, Open>>,
}

#[derive(Default)]
struct Open {
    connections: usize,
    /// Whether a refusal was logged.
    is_logged: bool,
}

/// A counted connection; dropping it ends the count.
pub struct Place {
    peers: Arc<Peers>,
    peer: IpAddr,
}

impl Peers {
    /// `most` is 0 for no bound.
    pub fn of(most: usize, proxies: TrustedProxies) -> Arc<Self> {
        Arc::new(Self { most, proxies, open: Mutex::default() })
    }

    /// A place for a connection of this peer, `None` if it is not counted. Fails if the peer has too many.
    pub fn place(self: &Arc<Self>, peer: IpAddr) -> Result<Option<Place>, ()> {
        if self.most == 0 || self.proxies.trusts(peer) {
            return Ok(None);
        }
        let peer = network(peer);
        let mut peers = self.open.lock();
        let open = peers.entry(peer).or_default();
        if open.connections < self.most {
            open.connections += 1;
            return Ok(Some(Place { peers: Arc::clone(self), peer }));
        }
        if !std::mem::replace(&mut open.is_logged, true) {
            tracing::warn!(
                %peer,
                connections = open.connections,
                "a peer has max_connections_per_peer connections, further ones are closed; list it in trusted_proxies \
                 if it is a proxy"
            );
        }
        Err(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut peers = self.peers.open.lock();
        if let Some(open) = peers.get_mut(&self.peer) {
            open.connections -= 1;
            if open.connections == 0 {
                peers.remove(&self.peer);
            }
        }
    }
}

/// The part of an address that identifies one customer: all of an IPv4 address, the first half of an IPv6 one.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & u128::MAX << 64)),
        address => address,
    }
}
