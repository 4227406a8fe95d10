//! The proxies in front of this server, which are trusted to name their clients.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

/// Networks of proxies. What a client outside them says about its own address is only a claim.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Reads a comma-separated list of addresses and networks. The error is the end of a sentence.
    pub fn read(text: &str) -> Result<Self, String> {
        let network = |piece: &str| {
            let piece = piece.trim();
            let address = piece.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            address.or_else(|_| piece.parse()).map_err(|_| {
                format!("{piece:?} is not an address or a network, such as 127.0.0.1, 10.0.0.0/8 or fd00::/8")
            })
        };
        if text.is_empty() {
            Ok(Self::default())
        } else {
            text.split(',').map(network).collect::<Result<_, _>>().map(Self)
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a connection from this address comes from a proxy.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }
}
